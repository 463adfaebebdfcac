/**
 * Witnesses: an image of each class, re-evaluated with its long runs shortened (FORMAT.md, "Witnesses").
 *
 * @typedef {import("./rational.js").Rational} Rational
 * @typedef {import("./statement.js").Statement} Statement
 * @typedef {import("./lines.js").Lines} Lines
 *
 * @typedef {object} WitnessText as the certificate writes it
 * @property {number} label
 * @property {number[]} core its height and width
 * @property {number[]} size of the image
 * @property {number[]} place the row and the column that are repeated
 * @property {Rational[][]} rows of the core, channel by channel
 */

import { imageOf, mapOf } from "./exact.js";
import { count, exactNumber, need } from "./lines.js";
import { applied } from "./network.js";
import { compare, formatRational, largest, rational } from "./rational.js";
import { decide } from "./task.js";

/**
 * Reads a witness of class y and refuses it unless it is in the statement's range.
 * @param {Statement} statement
 * @param {Lines} lines
 * @param {number} y
 * @returns {WitnessText}
 */
export function readWitness(statement, lines, y) {
  const { task, least, most } = statement;
  const numbers = lines.match("witness", `witness ${y} ? ? ? ? ? ?`).map((token) => count(token));
  const [core, size, place] = [numbers.slice(0, 2), numbers.slice(2, 4), numbers.slice(4)];
  const fits = core.every((c, i) => {
    const limit = most[i];
    return place[i] < c && c <= size[i] && least[i] <= size[i] && (limit === null || size[i] <= limit);
  });
  need(fits, "a core in an image of the range", lines.text);
  const rows = [];
  for (let i = 0; i < task.channels * core[0]; i += 1) {
    const row = lines.several("witness", core[1]).map(exactNumber);
    const inside = row.every((x) => compare(task.low, x) <= 0 && compare(x, task.high) <= 0);
    need(inside, "numbers in the pixel range", lines.text);
    rows.push(row);
  }
  return { label: y, core, size, place, rows };
}

/**
 * The rows (or columns) of the core that make up the image: its run is written out, but for `more` steps.
 * @param {number} core
 * @param {number} length
 * @param {number} place
 */
function spreadPlaces(core, length, place) {
  return Array.from({ length }, (_, i) => (i < place ? i : Math.max(place, i - (length - core))));
}

/**
 * The image of a witness at a size, which is the witness's own or shortened by whole steps.
 * @param {number} channels
 * @param {WitnessText} witness
 * @param {number[]} [size]
 */
export function witnessImage(channels, witness, size = witness.size) {
  const { core, place, rows } = witness;
  const [down, across] = core.map((c, i) => spreadPlaces(c, size[i], place[i]));
  const values = [];
  for (let k = 0; k < channels; k += 1) {
    for (const i of down) for (const j of across) values.push(rows[k * core[0] + i][j]);
  }
  return imageOf(channels, size[0], size[1], values);
}

/**
 * By how many steps each axis is shortened.
 * @param {Statement} statement
 * @param {WitnessText} witness
 */
function shortening(statement, { core, size }) {
  const { axes, task } = statement;
  const reach = [Math.max(...task.features.map((f) => f.rows)), Math.max(...task.features.map((f) => f.columns))];
  return axes.map((axis, i) => {
    const excess = size[i] - core[i] + 2 - Math.max(reach[i], axis.field) - 2 * axis.stride;
    return Math.max(0, Math.floor(excess / axis.stride) + 1);
  });
}

/**
 * The logits of a witness.
 * @param {Statement} statement
 * @param {WitnessText} witness
 * @param {import("./exact.js").ExactMap} image the shortened one
 * @param {number[]} more
 */
function witnessLogits(statement, witness, image, more) {
  const { network, task, axes } = statement;
  let map = image;
  if (network.input === "byte") {
    const range = rational(task.high.p * task.low.q - task.low.p * task.high.q, task.high.q * task.low.q);
    const values = image.values().map((x) => {
      const above = rational(x.p * task.low.q - task.low.p * x.q, x.q * task.low.q);
      return rational(255n * above.p * range.q, above.q * range.p);
    });
    map = imageOf(image.channels, image.rows, image.columns, values);
  }
  for (const layer of network.stem) map = applied(layer, map);
  // Positions in the run that was shortened are alike; the first of them stands for those left out.
  const times = [map.rows, map.columns].map((length, a) => {
    const first = -Math.floor((axes[a].origin - witness.place[a]) / axes[a].stride);
    return Array.from({ length }, (_, i) => (i === first ? 1n + BigInt(more[a]) : 1n));
  });
  const data = map.big();
  const pooled = [];
  for (let k = 0; k < map.channels; k += 1) {
    let total = network.pool === "max" ? data[map.place(k, 0, 0)] : 0n;
    for (let i = 0; i < map.rows; i += 1) {
      for (let j = 0; j < map.columns; j += 1) {
        const x = data[map.place(k, i, j)];
        if (network.pool !== "max") total += times[0][i] * times[1][j] * x;
        else if (x > total) total = x;
      }
    }
    pooled.push(total);
  }
  const [n, m] = times.map((listed) => listed.reduce((a, b) => a + b, 0n));
  map = mapOf(map.channels, 1, 1, pooled, network.pool === "mean" ? map.scale * n * m : map.scale);
  for (const layer of network.head) map = applied(layer, map);
  return map.values();
}

/**
 * Refuses unless the image is admissible, of its class, and that class's logit leads by what the statement needs.
 * @param {Statement} statement
 * @param {WitnessText} witness
 */
export function checkWitness(statement, witness) {
  const { task, axes, lead } = statement;
  const y = witness.label;
  const more = shortening(statement, witness);
  const size = witness.size.map((n, i) => n - more[i] * axes[i].stride);
  const image = witnessImage(task.channels, witness, size);
  const { statuses, satisfied } = decide(task, image);
  const unclear = statuses.findIndex((s) => s.state === "neither");
  need(unclear < 0, "each feature contained or avoided", `feature ${unclear} neither`);
  need(satisfied.length === 1 && satisfied[0] === y, `an admissible image of class ${y}`, `of classes ${satisfied}`);
  const logits = witnessLogits(statement, witness, image, more);
  const other = largest(logits.filter((_, z) => z !== y));
  const found = rational(logits[y].p * other.q - other.p * logits[y].q, logits[y].q * other.q);
  need(compare(lead, found) <= 0, "a lead of the margin", formatRational(found));
}
