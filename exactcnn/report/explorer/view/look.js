/** How pixels, templates and maps look. */

import { compare } from "../engine/rational.js";
import { share } from "./numbers.js";
import { css, mixed, rgb } from "./theme.js";

/**
 * @typedef {import("../engine/rational.js").Rational} Rational
 * @typedef {import("../engine/statement.js").Task} Task
 * @typedef {import("../engine/statement.js").Template} Template
 * @typedef {import("./theme.js").Rgb} Rgb
 */

/** @type {Rgb} */
const BLACK = [0, 0, 0];
/** @type {Rgb} */
const WHITE = [255, 255, 255];

/**
 * The colour of a pixel: three channels are red, green and blue, any other is a grey of its own.
 * @param {Task} task
 * @param {Rational[]} values one a channel
 * @param {number} channel the one that is shown; -1: all, where there are three
 * @returns {Rgb}
 */
export function pixelColour(task, values, channel) {
  const shares = values.map((x) => share(x, task.low, task.high));
  if (channel < 0 && shares.length === 3) {
    const [r, g, b] = shares.map((x) => Math.round(255 * x));
    return [r, g, b];
  }
  return mixed(BLACK, WHITE, shares[Math.max(0, channel)]);
}

/**
 * Whether a template's pixel may have any value.
 * @param {Task} task
 * @param {Template} template
 * @param {number} place
 */
export function isFree(task, template, place) {
  return compare(template.low[place], task.low) === 0 && compare(template.high[place], task.high) === 0;
}

/**
 * Draws a template's pixel: above the diagonal at its lowest value, below at its highest; hatched where any will do.
 * @param {CanvasRenderingContext2D} pen
 * @param {Rgb} low
 * @param {Rgb} high
 * @param {boolean} free
 * @param {[number, number, number]} square x, y and side
 */
export function drawInterval(pen, low, high, free, [x, y, side]) {
  if (free) {
    pen.fillStyle = css(mixed(rgb("paper"), rgb("free"), 0.25));
    pen.fillRect(x, y, side, side);
    pen.strokeStyle = css(rgb("free"));
    pen.lineWidth = Math.max(1, side / 14);
    pen.beginPath();
    for (const d of [0.5, 1, 1.5]) {
      const [a, b] = [Math.min(1, d), Math.max(0, d - 1)];
      pen.moveTo(x + side * a, y + side * b);
      pen.lineTo(x + side * b, y + side * a);
    }
    pen.stroke();
    return;
  }
  pen.fillStyle = css(high);
  pen.fillRect(x, y, side, side);
  pen.fillStyle = css(low);
  pen.beginPath();
  pen.moveTo(x, y);
  pen.lineTo(x + side, y);
  pen.lineTo(x, y + side);
  pen.fill();
}

/**
 * The colour of a number in a map: from the paper to blue where it is positive, to vermilion where it is negative.
 * @param {number} value
 * @param {number} most the largest magnitude
 */
export function mapColour(value, most) {
  const ratio = most > 0 ? Math.min(1, Math.abs(value) / most) : 0;
  return mixed(rgb("sheet"), rgb(value < 0 ? "second" : "first"), ratio && 0.12 + 0.88 * ratio);
}

/**
 * Draws a sign of a state into a square: a disc exhibits, a hatch is neither; what is clear stays empty.
 * @param {CanvasRenderingContext2D} pen
 * @param {"exhibits" | "clear" | "neither"} state
 * @param {number} x
 * @param {number} y
 * @param {number} side
 */
export function drawState(pen, state, x, y, side) {
  if (state === "clear") return;
  if (state === "exhibits") {
    pen.fillStyle = css(rgb("paper"));
    pen.beginPath();
    pen.arc(x + side / 2, y + side / 2, side / 4, 0, 2 * Math.PI);
    pen.fill();
    return;
  }
  pen.strokeStyle = css(rgb("paper"));
  pen.lineWidth = Math.max(1, side / 10);
  pen.beginPath();
  pen.moveTo(x + side * 0.2, y + side * 0.8);
  pen.lineTo(x + side * 0.8, y + side * 0.2);
  pen.stroke();
}
