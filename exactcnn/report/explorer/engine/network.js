/**
 * Exact evaluation of a statement's network.
 *
 * @typedef {import("./rational.js").Rational} Rational
 * @typedef {import("./statement.js").Layer} Layer
 * @typedef {import("./statement.js").Network} Network
 * @typedef {import("./statement.js").Task} Task
 *
 * @typedef {object} Evaluation
 * @property {ExactMap} input what the network reads: the image, or bytes
 * @property {ExactMap[]} stem each layer's output, in the order of `network.stem`
 * @property {ExactMap} pooled the pooled channels (channels x 1 x 1)
 * @property {Int32Array[]} reached of each pooled channel, the positions at which a maximum is reached, as row *
 *   columns + column of the stem's output; none for sums and means
 * @property {ExactMap[]} head each layer's output, in the order of `network.head`
 * @property {Rational[]} logits
 */

import { addRuns, ExactMap, isSafe, mapOf } from "./exact.js";
import { magnitude } from "./rational.js";

/**
 * Whether an image of this size goes through the network.
 * @param {Network} network
 * @param {number} rows
 * @param {number} columns
 */
export function isDefined(network, rows, columns) {
  for (const layer of network.stem) [rows, columns] = outputSize(layer, rows, columns);
  return rows > 0 && columns > 0;
}

/**
 * The size of a layer's output; 0 where no window fits.
 * @param {Layer} layer
 * @param {number} rows
 * @param {number} columns
 */
function outputSize(layer, rows, columns) {
  const down = Math.floor((rows + layer.top + layer.bottom - layer.rows) / layer.down) + 1;
  const right = Math.floor((columns + layer.left + layer.end - layer.columns) / layer.right) + 1;
  return rows && columns ? [Math.max(0, down), Math.max(0, right)] : [0, 0];
}

/**
 * Everything that the network computes on an image of the task.
 * @param {Network} network
 * @param {Task} task
 * @param {ExactMap} image
 * @returns {Evaluation}
 * @throws {RangeError} the image has other channels, or the network is not defined at its size
 */
export function evaluate(network, task, image) {
  if (image.channels !== network.channels) throw new RangeError(`an image of ${image.channels} channels`);
  if (!isDefined(network, image.rows, image.columns)) {
    throw new RangeError(`the network is not defined on images of ${image.rows}x${image.columns}`);
  }
  const input = network.input === "byte" ? bytes(task, image) : image;
  const stem = through(network.stem, input);
  const last = stem.length ? stem[stem.length - 1] : input;
  const { pooled, reached } = pool(network.pool, last);
  const head = through(network.head, pooled);
  return { input, stem, pooled, reached, head, logits: (head.length ? head[head.length - 1] : pooled).values() };
}

/**
 * @param {Layer[]} layers
 * @param {ExactMap} map
 */
function through(layers, map) {
  const found = [];
  for (const layer of layers) {
    map = applied(layer, map);
    found.push(map);
  }
  return found;
}

/**
 * 255 * (x - low) / (high - low).
 * @param {Task} task
 * @param {ExactMap} image
 */
function bytes(task, image) {
  const { low, high } = task;
  // Over q: x = n/q, low = a/b and high - low = c/(b*d), so that the byte is 255 * d * (n*b - a*q) / (q * c).
  const range = high.p * low.q - low.p * high.q;
  const { scale } = image;
  const numerators = image.big().map((n) => 255n * high.q * (n * low.q - low.p * scale));
  return mapOf(image.channels, image.rows, image.columns, numerators, scale * range);
}

/**
 * A layer's output.
 * @param {Layer} layer
 * @param {ExactMap} map
 * @returns {ExactMap}
 */
export function applied(layer, map) {
  switch (layer.word) {
    case "relu":
      return rectified(map);
    case "maxpool":
      return pooledLocally(layer, map);
    case "avgpool":
      return averaged(layer, map);
    default:
      return convolved(layer, map);
  }
}

/** @param {ExactMap} map */
function rectified(map) {
  let { data } = map;
  if (data instanceof Float64Array) {
    data = data.slice();
    for (let i = 0; i < data.length; i += 1) if (data[i] < 0) data[i] = 0;
  } else {
    data = data.map((x) => (x > 0n ? x : 0n));
  }
  return new ExactMap(map.channels, map.rows, map.columns, data, map.scale, map.largest);
}

/**
 * A convolution or dense layer (a convolution of 1x1 maps).
 *
 * With inputs n/q and weights w/s the output is (sum w*n + q*bias) / (q*s). The magnitude of every partial sum, in any
 * order, is at most norm * largest + q * |bias|, where norm is the greatest sum of an output's |w|; no weight exceeds
 * norm and no input exceeds largest (which is 1 at least here, so that weights that meet only zeros fit as well).
 * Where that bound is at most 2^53 all of them are integers that floating point holds, so that no operation rounds.
 * @param {Layer} layer
 * @param {ExactMap} map
 */
function convolved(layer, map) {
  const most = layer.bias.reduce((m, b) => (magnitude(b) > m ? magnitude(b) : m), 0n);
  const bound = layer.norm * (map.largest || 1n) + map.scale * most;
  const [rows, columns] = outputSize(layer, map.rows, map.columns);
  const scale = map.scale * layer.scale;
  const data =
    map.data instanceof Float64Array && isSafe(bound)
      ? convolvedFast(layer, map, map.data, rows, columns)
      : convolvedBig(layer, map, rows, columns);
  return new ExactMap(layer.outputs, rows, columns, data, scale, bound);
}

/**
 * Which outputs along an axis see an input: from the first up to before the second.
 * @param {number} shift the place in the window less the padding
 * @param {number} step
 * @param {number} inputs
 * @param {number} outputs
 */
function seeing(shift, step, inputs, outputs) {
  const first = Math.max(0, Math.ceil(-shift / step));
  return [first, Math.min(outputs, Math.floor((inputs - 1 - shift) / step) + 1)];
}

/**
 * How a layer's weights are used in floating point. At each place of its window an output takes a mixture of the
 * input's channels; the same mixtures occur again and again where many templates have few different intervals, so each
 * is mixed once and then added wherever it is needed.
 *
 * @typedef {object} Plan
 * @property {{channels: number[], weights: number[]}[]} mixtures
 * @property {{mixture: number, row: number, column: number}[][]} uses of each output
 */

/** @type {WeakMap<Layer, Plan>} */
const PLANS = new WeakMap();

/**
 * @param {Layer} layer whose weights are all at most 2^53
 * @returns {Plan}
 */
function planOf(layer) {
  const known = PLANS.get(layer);
  if (known) return known;
  /** @type {Map<string, number>} */
  const numbers = new Map();
  /** @type {Plan} */
  const plan = { mixtures: [], uses: [] };
  for (const taps of layer.taps) {
    /** @type {Map<number, {channels: number[], weights: number[]}>} */
    const places = new Map();
    for (const { channel, row, column, weight } of taps) {
      const place = row * layer.columns + column;
      const mixture = places.get(place) ?? { channels: [], weights: [] };
      mixture.channels.push(channel);
      mixture.weights.push(Number(weight));
      places.set(place, mixture);
    }
    const uses = [];
    for (const [place, mixture] of places) {
      const key = `${mixture.channels} ${mixture.weights}`;
      const number = numbers.get(key) ?? plan.mixtures.push(mixture) - 1;
      numbers.set(key, number);
      uses.push({ mixture: number, row: Math.floor(place / layer.columns), column: place % layer.columns });
    }
    plan.uses.push(uses);
  }
  PLANS.set(layer, plan);
  return plan;
}

/**
 * @param {{channels: number[], weights: number[]}} mixture
 * @param {Float64Array} data
 * @param {number} size of a channel
 */
function mixed({ channels, weights }, data, size) {
  const result = new Float64Array(size);
  for (let k = 0; k < channels.length; k += 1) {
    const [weight, from] = [weights[k], channels[k] * size];
    for (let i = 0; i < size; i += 1) result[i] += weight * data[from + i];
  }
  return result;
}

/**
 * Where steps are 1, the mixtures are padded, so that what an output needs of one is a single run of its data, whatever
 * the place in the window: the run goes on over the ends of rows, and what it gives there is left out.
 *
 * Every number that is computed is a partial sum of an output's terms, in some order.
 * @param {Layer} layer
 * @param {ExactMap} map
 * @param {Float64Array} data
 * @param {number} rows
 * @param {number} columns
 */
function convolvedFast(layer, map, data, rows, columns) {
  if (layer.down !== 1 || layer.right !== 1) return convolvedStepwise(layer, map, data, rows, columns);
  const [size, width] = [rows * columns, layer.left + map.columns + layer.end];
  const result = new Float64Array(layer.outputs * size);
  const { mixtures, uses } = planOf(layer);
  const ready = mixtures.map((mixture) => padded(layer, map, mixed(mixture, data, map.rows * map.columns), width));
  const sums = new Float64Array((rows - 1) * width + columns);
  for (let o = 0; o < layer.outputs; o += 1) {
    sums.fill(Number(layer.bias[o] * map.scale));
    const sources = uses[o].map(({ mixture }) => ready[mixture]);
    addRuns(sums, sources, uses[o].map(({ row, column }) => row * width + column));
    for (let i = 0; i < rows; i += 1) {
      result.set(sums.subarray(i * width, i * width + columns), o * size + i * columns);
    }
  }
  return result;
}

/**
 * A channel with the layer's padding around it.
 * @param {Layer} layer
 * @param {ExactMap} map
 * @param {Float64Array} channel
 * @param {number} width
 */
function padded(layer, map, channel, width) {
  if (width === map.columns && !layer.top && !layer.bottom) return channel;
  const result = new Float64Array((layer.top + map.rows + layer.bottom) * width);
  for (let i = 0; i < map.rows; i += 1) {
    result.set(channel.subarray(i * map.columns, (i + 1) * map.columns), (i + layer.top) * width + layer.left);
  }
  return result;
}

/**
 * @param {Layer} layer
 * @param {ExactMap} map
 * @param {Float64Array} data
 * @param {number} rows
 * @param {number} columns
 */
function convolvedStepwise(layer, map, data, rows, columns) {
  const size = rows * columns;
  const result = new Float64Array(layer.outputs * size);
  const { mixtures, uses } = planOf(layer);
  const ready = mixtures.map((mixture) => mixed(mixture, data, map.rows * map.columns));
  for (let o = 0; o < layer.outputs; o += 1) {
    result.fill(Number(layer.bias[o] * map.scale), o * size, (o + 1) * size);
    for (const { mixture, row, column } of uses[o]) {
      const [down, across] = [row - layer.top, column - layer.left];
      const [i0, i1] = seeing(down, layer.down, map.rows, rows);
      const [j0, j1] = seeing(across, layer.right, map.columns, columns);
      const source = ready[mixture];
      for (let i = i0; i < i1; i += 1) {
        const [to, from] = [o * size + i * columns, (i * layer.down + down) * map.columns + across];
        for (let j = j0; j < j1; j += 1) result[to + j] += source[from + j * layer.right];
      }
    }
  }
  return result;
}

/**
 * @param {Layer} layer
 * @param {ExactMap} map
 * @param {number} rows
 * @param {number} columns
 */
function convolvedBig(layer, map, rows, columns) {
  const [size, data] = [rows * columns, map.big()];
  const result = new Array(layer.outputs * size).fill(0n);
  for (let o = 0; o < layer.outputs; o += 1) {
    result.fill(layer.bias[o] * map.scale, o * size, (o + 1) * size);
    for (const tap of layer.taps[o]) {
      const [down, across] = [tap.row - layer.top, tap.column - layer.left];
      const [i0, i1] = seeing(down, layer.down, map.rows, rows);
      const [j0, j1] = seeing(across, layer.right, map.columns, columns);
      for (let i = i0; i < i1; i += 1) {
        for (let j = j0; j < j1; j += 1) {
          const x = data[map.place(tap.channel, i * layer.down + down, j * layer.right + across)];
          result[o * size + i * columns + j] += tap.weight * x;
        }
      }
    }
  }
  return result;
}

/**
 * What a window of a layer sees of a map, as places of its data.
 * @param {Layer} layer
 * @param {ExactMap} map
 * @param {number} channel
 * @param {number} row of the output
 * @param {number} column
 */
function seen(layer, map, channel, row, column) {
  const [top, left] = [row * layer.down - layer.top, column * layer.right - layer.left];
  const places = [];
  for (let i = Math.max(0, top); i < Math.min(map.rows, top + layer.rows); i += 1) {
    for (let j = Math.max(0, left); j < Math.min(map.columns, left + layer.columns); j += 1) {
      places.push(map.place(channel, i, j));
    }
  }
  return places;
}

/**
 * @template T
 * @param {Layer} layer
 * @param {ExactMap} map
 * @param {(places: number[]) => T} value
 * @returns {T[]}
 */
function windowed(layer, map, value) {
  const [rows, columns] = outputSize(layer, map.rows, map.columns);
  const found = [];
  for (let k = 0; k < map.channels; k += 1) {
    for (let i = 0; i < rows; i += 1) {
      for (let j = 0; j < columns; j += 1) found.push(value(seen(layer, map, k, i, j)));
    }
  }
  return found;
}

/**
 * @param {Layer} layer
 * @param {ExactMap} map
 */
function pooledLocally(layer, map) {
  const [rows, columns] = outputSize(layer, map.rows, map.columns);
  const { data } = map;
  const best = windowed(layer, map, (places) => places.reduce((a, b) => (data[b] > data[a] ? b : a)));
  const result =
    data instanceof Float64Array ? Float64Array.from(best, (place) => data[place]) : best.map((place) => data[place]);
  return new ExactMap(map.channels, rows, columns, result, map.scale, map.largest);
}

/**
 * @param {Layer} layer
 * @param {ExactMap} map
 */
function averaged(layer, map) {
  const [rows, columns] = outputSize(layer, map.rows, map.columns);
  const data = map.big();
  const sums = windowed(layer, map, (places) => places.reduce((sum, place) => sum + data[place], 0n));
  return mapOf(map.channels, rows, columns, sums, map.scale * layer.scale);
}

/**
 * @param {"max" | "sum" | "mean"} kind
 * @param {ExactMap} map
 * @returns {{pooled: ExactMap, reached: Int32Array[]}}
 */
function pool(kind, map) {
  const size = map.rows * map.columns;
  /** @type {bigint[]} */
  const numerators = [];
  const reached = [];
  // Bound first: the sum of `size` entries, in any order, stays within 2^53 if size * largest does.
  const safe = isSafe(BigInt(size) * map.largest);
  for (let k = 0; k < map.channels; k += 1) {
    const part = map.data.slice(k * size, (k + 1) * size);
    if (kind === "max") {
      const { best, places } = maximum(part);
      numerators.push(best);
      reached.push(places);
    } else {
      numerators.push(total(part, safe));
      reached.push(new Int32Array(0));
    }
  }
  const scale = kind === "mean" ? map.scale * BigInt(size) : map.scale;
  return { pooled: mapOf(map.channels, 1, 1, numerators, scale), reached };
}

/**
 * The greatest number and where it stands.
 * @param {Float64Array | bigint[]} part
 */
function maximum(part) {
  let best = part[0];
  let count = 0;
  for (let i = 0; i < part.length; i += 1) {
    if (part[i] > best) [best, count] = [part[i], 1];
    else if (part[i] === best) count += 1;
  }
  const places = new Int32Array(count);
  for (let i = part.length - 1; count; i -= 1) if (part[i] === best) places[(count -= 1)] = i;
  return { best: BigInt(best), places };
}

/**
 * @param {Float64Array | bigint[]} part
 * @param {boolean} safe
 */
function total(part, safe) {
  if (part instanceof Float64Array && safe) return BigInt(part.reduce((a, b) => a + b, 0));
  let sum = 0n;
  for (const x of part) sum += BigInt(x);
  return sum;
}
