/** Elements made of names, attributes and texts. Nothing here parses HTML: whatever a task calls itself stays text. */

/** @typedef {Node | string | null | undefined | false} Child */

/**
 * Characters that are not seen, or that turn the direction of the text around them.
 * eslint-disable-next-line no-control-regex
 */
const UNSEEN = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/**
 * A text that shows all of its characters: those that are not seen as their codes.
 * @param {string} text
 */
export function visible(text) {
  return text.replace(UNSEEN, (c) => `<U+${c.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}>`);
}

/**
 * An element.
 *
 * Attributes with a function are listeners (`click`, `input`), `class` and others are attributes, true stands for one
 * without a value, and false, null or undefined for none.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Record<string, unknown>} [attributes]
 * @param {...(Child | Child[])} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) attribute(element, name, value);
  put(element, children);
  return element;
}

/** Names up to this length are set like any word. */
const SHORT = 20;
const SVG = "http://www.w3.org/2000/svg";

/**
 * An SVG element.
 * @param {string} tag
 * @param {Record<string, unknown>} [attributes]
 * @param {...(Child | Child[])} children
 * @returns {SVGElement}
 */
export function svg(tag, attributes = {}, ...children) {
  const element = /** @type {SVGElement} */ (document.createElementNS(SVG, tag));
  for (const [name, value] of Object.entries(attributes)) attribute(element, name, value);
  put(element, children);
  return element;
}

/**
 * @param {Element} element
 * @param {string} name
 * @param {unknown} value
 */
function attribute(element, name, value) {
  if (typeof value === "function") element.addEventListener(name, /** @type {EventListener} */ (value));
  else if (value !== false && value !== null && value !== undefined) {
    element.setAttribute(name, value === true ? "" : String(value));
  }
}

/**
 * @param {Element} element
 * @param {(Child | Child[])[]} children
 */
function put(element, children) {
  for (const child of children.flat()) if (child || child === "") element.append(child);
}

/**
 * Gives an element other children.
 * @param {Element} element
 * @param {...(Child | Child[])} children
 */
export function fill(element, ...children) {
  element.textContent = "";
  put(element, children);
}

/**
 * A name that somebody chose: its direction stays its own, and all of it is shown where it is cut.
 * @param {string} text
 * @param {string} [kind] a class
 */
export function named(text, kind = "") {
  const shown = visible(text) || "(no name)";
  const length = shown.length <= SHORT ? "plain" : "long-name";
  return el("bdi", { class: `name ${length} ${kind}`, title: shown, dir: "auto" }, shown);
}

/**
 * The element with an id.
 * @param {string} id
 * @returns {HTMLElement}
 */
export function place(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no ${id}`);
  return found;
}

let saidLast = 0;

/**
 * Says something to those who listen to the page.
 * @param {string} text
 */
export function say(text) {
  const now = (saidLast += 1);
  // Only what is still true a moment later is said: drawing a line says one thing, not a hundred.
  setTimeout(() => {
    if (now === saidLast) place("said").textContent = text;
  }, 250);
}

/**
 * A number with a noun: "1 row", "2 rows".
 * @param {number} n
 * @param {string} noun
 * @param {string} [plural]
 */
export function counted(n, noun, plural = `${noun}s`) {
  return `${n.toLocaleString("en")} ${n === 1 ? noun : plural}`;
}
