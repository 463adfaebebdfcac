/** Long lists: a few entries first, more on demand. */

import { counted, el } from "./dom.js";

/**
 * Puts the first entries of a list into an element, and a button for more of them.
 * @template T
 * @param {HTMLElement} parent emptied before
 * @param {readonly T[]} entries
 * @param {number} step how many come at a time
 * @param {(entry: T, number: number) => Node} make
 * @param {string} noun
 * @param {string} [plural]
 */
export function listed(parent, entries, step, make, noun, plural) {
  parent.textContent = "";
  let shown = 0;
  const more = el("button", { type: "button", class: "more", click: () => grow() });
  /** Shows the next entries. */
  function grow() {
    const first = shown;
    shown += step;
    // A button for a few entries more would be longer than they are.
    if (entries.length - shown <= step / 2) shown = entries.length;
    const added = entries.slice(first, shown).map((entry, i) => make(entry, first + i));
    more.remove();
    parent.append(...added);
    if (shown === entries.length) {
      if (first) focusIn(added[0]);
      return;
    }
    more.textContent = `Show more of ${counted(entries.length, noun, plural)} (${shown.toLocaleString("en")} shown)`;
    parent.append(more);
  }
  grow();
}

/** @param {Node | undefined} node */
function focusIn(node) {
  if (!(node instanceof HTMLElement)) return;
  /** @type {HTMLElement | null} */
  const target = node.matches("button") ? node : node.querySelector("button, [tabindex='0']");
  target?.focus();
}

/**
 * Makes the buttons of an element one stop for the tab key; arrow keys go from one to the next.
 * @param {HTMLElement} parent
 * @param {string} selector of the buttons
 */
export function roving(parent, selector) {
  /** @returns {HTMLElement[]} */
  const all = () => Array.from(parent.querySelectorAll(selector));
  all().forEach((button, i) => {
    button.tabIndex = i ? -1 : 0;
  });
  parent.addEventListener("keydown", (event) => {
    const buttons = all();
    const at = buttons.findIndex((button) => button === document.activeElement);
    if (at < 0) return;
    /** @type {Record<string, number>} */
    const targets = {
      ArrowRight: at + 1,
      ArrowDown: at + 1,
      ArrowLeft: at - 1,
      ArrowUp: at - 1,
      Home: 0,
      End: buttons.length - 1,
    };
    const target = targets[event.key];
    if (target === undefined || !buttons[target]) return;
    event.preventDefault();
    for (const button of buttons) button.tabIndex = -1;
    buttons[target].tabIndex = 0;
    buttons[target].focus();
  });
  parent.addEventListener("focusin", (event) => {
    if (!all().includes(/** @type {HTMLElement} */ (event.target))) return;
    for (const button of all()) button.tabIndex = button === event.target ? 0 : -1;
  });
}
