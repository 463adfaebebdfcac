/**
 * Grids of squares: images, templates and maps. They are drawn on a canvas, whatever their size; one real cell lies
 * over the square that has the focus and moves with the arrow keys, so that a grid is a single stop for the tab key.
 */

import { el } from "./dom.js";
import { css, onTheme } from "./theme.js";

/**
 * @callback Drawer
 * @param {CanvasRenderingContext2D} pen
 * @param {number} row
 * @param {number} column
 * @param {number} x where the square begins on the canvas
 * @param {number} y
 * @param {number} side
 *
 * @typedef {object} GridOptions
 * @property {string} label what the grid shows
 * @property {number} rows
 * @property {number} columns
 * @property {number} [side] the side of a square in CSS pixels, where there is room
 * @property {(row: number, column: number) => import("./theme.js").Rgb} colour of a square
 * @property {Drawer} [over] draws more into a square
 * @property {(row: number, column: number) => string} describe a square in words
 * @property {(row: number, column: number) => void} [enter] the pointer or the focus is on a square
 * @property {() => void} [leave] and no longer on any
 * @property {(row: number, column: number, first: boolean) => void} [press] a square is pressed, `first` or on the way
 * @property {() => void} [release] the pointer is up again
 */

/** Squares of fewer CSS pixels have no lines between them. */
const LINED = 7;
const SIDE = 22;
/** Seen on black and on white. */
const SEAM = "rgba(128, 128, 128, 0.4)";

/** A grid; `element` is what goes into the page. */
export class Grid {
  /** @param {GridOptions} options */
  constructor(options) {
    this.options = options;
    this.row = 0;
    this.column = 0;
    this.side = 1;
    this.canvas = el("canvas", { "aria-hidden": "true" });
    this.cell = el("div", { role: "gridcell", class: "cursor", tabindex: "0" });
    this.line = el("div", { role: "row" }, this.cell);
    this.marks = el("div", { class: "marks", "aria-hidden": "true" });
    const label = { role: "grid", class: "grid", "aria-label": options.label };
    this.element = el("div", label, this.canvas, this.marks, this.line);
    this.cell.addEventListener("focus", () => this.entered());
    this.cell.addEventListener("blur", () => options.leave?.());
    this.cell.addEventListener("keydown", (event) => this.key(event));
    this.pointers();
    this.size();
    onTheme(() => {
      if (this.element.isConnected) this.draw();
    });
  }

  /** The side of a square in CSS pixels, where there is room. */
  get wanted() {
    return this.options.side ?? SIDE;
  }

  /** Takes over the numbers of rows and columns, and draws. */
  size() {
    const { rows, columns } = this.options;
    this.element.setAttribute("aria-rowcount", String(rows));
    this.element.setAttribute("aria-colcount", String(columns));
    this.row = Math.max(0, Math.min(this.row, rows - 1));
    this.column = Math.max(0, Math.min(this.column, columns - 1));
    const sharp = Math.max(2, Math.round(this.wanted * Math.min(3, window.devicePixelRatio || 1)));
    this.side = this.wanted < LINED ? 1 : sharp;
    this.canvas.width = columns * this.side;
    this.canvas.height = rows * this.side;
    this.element.style.width = `${columns * this.wanted}px`;
    this.element.style.aspectRatio = `${columns} / ${rows}`;
    this.moved();
    this.draw();
  }

  /** Draws all squares. */
  draw() {
    const { rows, columns } = this.options;
    const pen = this.canvas.getContext("2d");
    if (!pen || !rows || !columns) return;
    if (this.side === 1) {
      this.raster(pen);
      return;
    }
    for (let row = 0; row < rows; row += 1) {
      for (let column = 0; column < columns; column += 1) this.square(pen, row, column);
    }
  }

  /**
   * Draws one square again.
   * @param {number} row
   * @param {number} column
   */
  redraw(row, column) {
    const pen = this.canvas.getContext("2d");
    if (pen) this.square(pen, row, column);
  }

  /** @param {CanvasRenderingContext2D} pen */
  raster(pen) {
    const { rows, columns, colour } = this.options;
    const picture = pen.createImageData(columns, rows);
    for (let row = 0, at = 0; row < rows; row += 1) {
      for (let column = 0; column < columns; column += 1, at += 4) {
        picture.data.set(colour(row, column), at);
        picture.data[at + 3] = 255;
      }
    }
    pen.putImageData(picture, 0, 0);
  }

  /**
   * @param {CanvasRenderingContext2D} pen
   * @param {number} row
   * @param {number} column
   */
  square(pen, row, column) {
    const { side } = this;
    const [x, y] = [column * side, row * side];
    pen.fillStyle = css(this.options.colour(row, column));
    pen.fillRect(x, y, side, side);
    this.options.over?.(pen, row, column, x, y, side);
    if (side === 1) return;
    pen.strokeStyle = SEAM;
    pen.lineWidth = 1;
    pen.strokeRect(x + 0.5, y + 0.5, side - 1, side - 1);
  }

  /** The cell lies over its square and says what is there. */
  moved() {
    const { rows, columns } = this.options;
    this.lay(this.cell, this.row, this.column, 1, 1);
    this.line.setAttribute("aria-rowindex", String(this.row + 1));
    this.cell.setAttribute("aria-colindex", String(this.column + 1));
    if (rows && columns) this.cell.setAttribute("aria-label", this.options.describe(this.row, this.column));
  }

  /**
   * Lays an element over a rectangle of squares.
   * @param {HTMLElement} element
   * @param {number} row
   * @param {number} column
   * @param {number} rows
   * @param {number} columns
   */
  lay(element, row, column, rows, columns) {
    const { style } = element;
    style.top = `${(100 * row) / this.options.rows}%`;
    style.left = `${(100 * column) / this.options.columns}%`;
    style.height = `${(100 * rows) / this.options.rows}%`;
    style.width = `${(100 * columns) / this.options.columns}%`;
  }

  /**
   * Outlines rectangles of squares; the earlier outlines go.
   * @param {{row: number, column: number, rows: number, columns: number, kind: string}[]} frames
   */
  outline(frames) {
    this.marks.textContent = "";
    for (const { row, column, rows, columns, kind } of frames) {
      const frame = el("div", { class: `frame ${kind}` });
      this.lay(frame, row, column, rows, columns);
      this.marks.append(frame);
    }
  }

  /** The focus has come to a square. */
  entered() {
    this.moved();
    this.options.enter?.(this.row, this.column);
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const { rows, columns } = this.options;
    /** @type {Record<string, [number, number]>} */
    const steps = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
    const step = event.altKey || event.metaKey ? undefined : steps[event.key];
    if (step) {
      this.row = Math.min(rows - 1, Math.max(0, this.row + step[0]));
      this.column = Math.min(columns - 1, Math.max(0, this.column + step[1]));
    } else if (event.key === "Home") {
      [this.row, this.column] = [event.ctrlKey ? 0 : this.row, 0];
    } else if (event.key === "End") {
      [this.row, this.column] = [event.ctrlKey ? rows - 1 : this.row, columns - 1];
    } else if (!this.options.press || (event.key !== "Enter" && event.key !== " ")) {
      return;
    }
    event.preventDefault();
    // With the shift key held, moving draws.
    if (this.options.press && (!step || event.shiftKey) && event.key !== "Home" && event.key !== "End") {
      this.options.press(this.row, this.column, true);
      this.options.release?.();
    }
    this.entered();
  }

  /** What mouse, pen and touch do. */
  pointers() {
    const { canvas, options } = this;
    let down = false;
    /** @type {[number, number]} */
    let last = [0, 0];
    canvas.addEventListener("pointerdown", (event) => {
      if (event.button) return;
      down = Boolean(options.press);
      if (down) canvas.setPointerCapture(event.pointerId);
      last = this.under(event);
      [this.row, this.column] = last;
      options.press?.(last[0], last[1], true);
      this.entered();
    });
    canvas.addEventListener("pointermove", (event) => {
      const here = this.under(event);
      if (down) for (const [row, column] of between(last, here)) options.press?.(row, column, false);
      options.enter?.(here[0], here[1]);
      last = here;
    });
    const up = () => {
      if (down) options.release?.();
      down = false;
      this.moved();
    };
    canvas.addEventListener("pointerup", up);
    canvas.addEventListener("pointercancel", up);
    canvas.addEventListener("pointerleave", () => {
      if (!down) options.leave?.();
    });
  }

  /**
   * The square under a pointer.
   * @param {PointerEvent} event
   * @returns {[number, number]}
   */
  under(event) {
    const box = this.canvas.getBoundingClientRect();
    const { rows, columns } = this.options;
    return [
      inside(((event.clientY - box.top) / box.height) * rows, rows),
      inside(((event.clientX - box.left) / box.width) * columns, columns),
    ];
  }
}

/**
 * @param {number} x
 * @param {number} n
 */
function inside(x, n) {
  return Math.min(n - 1, Math.max(0, Math.floor(x)));
}

/**
 * The squares of a line, without the first.
 * @param {[number, number]} from
 * @param {[number, number]} to
 * @returns {[number, number][]}
 */
function between(from, to) {
  const steps = Math.max(Math.abs(to[0] - from[0]), Math.abs(to[1] - from[1]));
  /** @type {[number, number][]} */
  const squares = [];
  for (let i = 1; i <= steps; i += 1) {
    const share = i / steps;
    squares.push([Math.round(from[0] + (to[0] - from[0]) * share), Math.round(from[1] + (to[1] - from[1]) * share)]);
  }
  return squares;
}
