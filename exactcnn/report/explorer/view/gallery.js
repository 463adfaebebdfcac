/** Configurations with images: one row a class; a click shows an image to paint on. */

import { condition } from "./features.js";
import { counted, el, named, say } from "./dom.js";
import { listed, roving } from "./lists.js";
import { css, mixed } from "./theme.js";
import { pixelColour } from "./look.js";

/**
 * @typedef {import("./model.js").Model} Model
 * @typedef {import("./model.js").Drawn} Drawn
 */

const FIRST = 8;
const THUMBNAIL = 68;

/**
 * The rows of all classes.
 * @param {Model} model
 */
export function gallery(model) {
  const rows = el("div", { class: "gallery" });
  const { classes } = model.task;
  const images = new Map(classes.map(({ name }) => [name, /** @type {Drawn[]} */ ([])]));
  for (const drawn of model.data.images) images.get(drawn.label)?.push(drawn);
  listed(
    rows,
    classes.map((c, y) => ({ name: c.name, y })),
    FIRST,
    ({ name, y }) => classRow(model, y, images.get(name) ?? []),
    "class",
    "classes",
  );
  const { more, missing, imageNote } = model.data;
  const notes = [
    more ? "There are more configurations than these; paint them yourself." : "",
    missing.length
      ? `No image was made of ${counted(missing.length, "configuration")}: no room was found, or they were not apart.`
      : "",
    imageNote ?? "",
  ].filter(Boolean);
  return el(
    "div",
    {},
    rows,
    notes.map((text) => el("p", { class: "dim" }, text)),
  );
}

/**
 * @param {Model} model
 * @param {number} y
 * @param {Drawn[]} images
 */
function classRow(model, y, images) {
  const { name } = model.task.classes[y];
  const strip = el("div", { class: "strip", role: "group", "aria-label": `images of class ${name}` });
  for (const drawn of images) strip.append(thumbnail(model, drawn));
  for (const witness of model.data.witnesses.filter((w) => w.label === name && w.whole)) {
    strip.append(witnessButton(model, witness));
  }
  if (!strip.childElementCount) strip.append(el("span", { class: "dim" }, "no image at hand"));
  roving(strip, "button");
  return el(
    "div",
    { class: "class-row" },
    el("div", { class: "class-name" }, named(name), el("span", { class: "dim" }, condition(model, y))),
    strip,
  );
}

/**
 * @param {Model} model
 * @param {number[]} features
 */
function featureNames(model, features) {
  return features.map((f) => model.task.features[f].name).join(", ") || "no feature";
}

/**
 * A configuration's button; pressed again it shows the next of its images.
 * @param {Model} model
 * @param {Drawn} drawn
 */
function thumbnail(model, drawn) {
  const text = featureNames(model, drawn.features);
  const { height, width } = drawn;
  let next = 0;
  const show = () => {
    const number = next % drawn.bytes.length;
    next += 1;
    model.show(
      model.drawn(drawn.bytes[number]),
      height,
      width,
      `image ${number + 1} of ${drawn.bytes.length} of the configuration: ${text}`,
    );
    say(`image ${number + 1} with ${text}`);
  };
  return el(
    "button",
    {
      type: "button",
      class: "thumbnail",
      title: text,
      "aria-label": `an image with ${text}, ${height} by ${width}`,
      click: show,
    },
    preview(model, drawn.bytes[0], height, width),
    el("span", { class: "caption" }, named(text)),
  );
}

/**
 * @param {Model} model
 * @param {import("./model.js").Example} witness
 */
function witnessButton(model, witness) {
  const { height, width, label } = witness;
  const show = () => {
    model.show(model.written(witness.pixels), height, width, `the witness of class ${label}`);
    say(`the witness of class ${label}`);
  };
  return el(
    "button",
    {
      type: "button",
      class: "thumbnail",
      "aria-label": `the witness of class ${label}, ${height} by ${width}`,
      click: show,
    },
    previewOf(model, model.written(witness.pixels), height, width),
    el("span", { class: "caption" }, "witness"),
  );
}

/**
 * @param {Model} model
 * @param {string} bytes
 * @param {number} height
 * @param {number} width
 */
function preview(model, bytes, height, width) {
  const raw = atob(bytes);
  const size = height * width;
  return raster(height, width, (place) => {
    const values = Array.from({ length: model.task.channels }, (_, c) => raw.charCodeAt(c * size + place));
    return values.length === 3 ? [values[0], values[1], values[2]] : mixed([0, 0, 0], [255, 255, 255], values[0] / 255);
  });
}

/**
 * @param {Model} model
 * @param {import("./model.js").Rational[]} pixels
 * @param {number} height
 * @param {number} width
 * @param {number} [side] of the square that holds it
 */
export function previewOf(model, pixels, height, width, side = THUMBNAIL) {
  const size = height * width;
  const values = (/** @type {number} */ place) =>
    Array.from({ length: model.task.channels }, (_, c) => pixels[c * size + place]);
  return raster(height, width, (place) => pixelColour(model.task, values(place), -1), side);
}

/**
 * A small picture.
 * @param {number} height
 * @param {number} width
 * @param {(place: number) => import("./theme.js").Rgb} colour
 * @param {number} [side] of the square that holds it
 */
function raster(height, width, colour, side = THUMBNAIL) {
  const canvas = el("canvas", { width, height, "aria-hidden": "true" });
  const scale = side / Math.max(height, width);
  canvas.style.width = `${width * scale}px`;
  canvas.style.height = `${height * scale}px`;
  const pen = canvas.getContext("2d");
  if (!pen) return canvas;
  for (let place = 0; place < height * width; place += 1) {
    pen.fillStyle = css(colour(place));
    pen.fillRect(place % width, Math.floor(place / width), 1, 1);
  }
  return canvas;
}
