/** Light and dark: what the reader's system prefers, until a button says otherwise. */

import { el } from "./dom.js";

/** @typedef {[number, number, number]} Rgb red, green and blue from 0 to 255 */

/** @type {Set<() => void>} */
const listeners = new Set();
/** @type {Map<string, Rgb>} */
const known = new Map();
const system = window.matchMedia("(prefers-color-scheme: dark)");

/** Colours changed. */
function changed() {
  known.clear();
  for (const listener of listeners) listener();
}

system.addEventListener("change", changed);

/**
 * Calls back whenever colours change.
 * @param {() => void} listener
 */
export function onTheme(listener) {
  listeners.add(listener);
}

/**
 * A colour of the present theme.
 * @param {string} name such as `ink`
 * @returns {Rgb}
 */
export function rgb(name) {
  let value = known.get(name);
  if (value === undefined) {
    const text = getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
    value = [parseInt(text.slice(1, 3), 16), parseInt(text.slice(3, 5), 16), parseInt(text.slice(5, 7), 16)];
    known.set(name, value);
  }
  return value;
}

/**
 * The same for canvases and styles.
 * @param {Rgb} colour
 */
export function css([red, green, blue]) {
  return `rgb(${red},${green},${blue})`;
}

/**
 * A colour between two.
 * @param {Rgb} from
 * @param {Rgb} to
 * @param {number} share from 0 to 1
 * @returns {Rgb}
 */
export function mixed(from, to, share) {
  const [r, g, b] = from.map((x, i) => Math.round(x + (to[i] - x) * share));
  return [r, g, b];
}

/** Whether the page is dark now. */
export function isDark() {
  const chosen = document.documentElement.dataset.theme;
  return chosen ? chosen === "dark" : system.matches;
}

/** The button that switches. */
export function themeSwitch() {
  const button = el("button", { type: "button", class: "quiet", click: turn });
  /** Its label says what it does. */
  function label() {
    button.textContent = isDark() ? "Light" : "Dark";
    button.setAttribute("aria-label", isDark() ? "Show the page on a light ground" : "Show the page on a dark ground");
  }
  /** The other theme. */
  function turn() {
    document.documentElement.dataset.theme = isDark() ? "light" : "dark";
    changed();
  }
  label();
  onTheme(label);
  return button;
}
