/** SHA-256 (FIPS 180-4) of ASCII text, at once: a page opened from a file may have no other. */

/** The first 32 bits of the fractional parts of the square (2) or cube (3) roots of the first primes. */
const TABLES = { start: /** @type {number[]} */ ([]), round: /** @type {number[]} */ ([]) };

/** Fills the tables, once. */
function tables() {
  for (let n = 2; TABLES.round.length < 64; n += 1) {
    let prime = true;
    for (let d = 2; d * d <= n; d += 1) prime = prime && n % d !== 0;
    if (!prime) continue;
    if (TABLES.start.length < 8) TABLES.start.push(fraction(BigInt(n), 2));
    TABLES.round.push(fraction(BigInt(n), 3));
  }
  return TABLES;
}

/**
 * The first 32 bits of the fractional part of a root, by bisection in integers.
 * @param {bigint} n
 * @param {number} power
 */
function fraction(n, power) {
  const target = n << BigInt(32 * power);
  let [low, high] = [0n, n << 32n];
  while (high - low > 1n) {
    const middle = (low + high) >> 1n;
    if (middle ** BigInt(power) <= target) low = middle;
    else high = middle;
  }
  return Number(low & 0xffffffffn);
}

/**
 * @param {number} x
 * @param {number} n
 */
function turned(x, n) {
  return (x >>> n) | (x << (32 - n));
}

export class Sha256 {
  constructor() {
    this.state = Int32Array.from((TABLES.round.length ? TABLES : tables()).start);
    this.block = new Uint8Array(64);
    this.length = 0;
    this.words = new Int32Array(64);
  }

  /**
   * Takes in more text.
   * @param {string} text of characters below 256
   */
  add(text) {
    for (let i = 0; i < text.length; i += 1) this.push(text.charCodeAt(i));
    return this;
  }

  /** @param {number} byte */
  push(byte) {
    this.block[this.length % 64] = byte;
    this.length += 1;
    if (this.length % 64 === 0) this.compress();
  }

  /** The digest of all that was taken in, in lower-case hexadecimal digits; afterwards nothing more can be added. */
  hex() {
    const size = this.length;
    this.push(0x80);
    while (this.length % 64 !== 56) this.push(0);
    for (let i = 7; i >= 0; i -= 1) this.push(Math.floor((size * 8) / 2 ** (8 * i)) % 256);
    return Array.from(this.state, (x) => (x >>> 0).toString(16).padStart(8, "0")).join("");
  }

  /** One block. */
  compress() {
    const [w, b, round] = [this.words, this.block, TABLES.round];
    for (let i = 0; i < 16; i += 1) {
      w[i] = (b[4 * i] << 24) | (b[4 * i + 1] << 16) | (b[4 * i + 2] << 8) | b[4 * i + 3];
    }
    for (let i = 16; i < 64; i += 1) {
      const [x, y] = [w[i - 15], w[i - 2]];
      const s = turned(x, 7) ^ turned(x, 18) ^ (x >>> 3);
      w[i] = w[i - 16] + s + w[i - 7] + (turned(y, 17) ^ turned(y, 19) ^ (y >>> 10));
    }
    let [a, c, d, e, f, g, h, k] = this.state;
    for (let i = 0; i < 64; i += 1) {
      const s = turned(f, 6) ^ turned(f, 11) ^ turned(f, 25);
      const t = (k + s + ((f & g) ^ (~f & h)) + round[i] + w[i]) | 0;
      const u = ((turned(a, 2) ^ turned(a, 13) ^ turned(a, 22)) + ((a & c) ^ (a & d) ^ (c & d))) | 0;
      [k, h, g, f, e, d, c, a] = [h, g, f, (e + t) | 0, d, c, a, (t + u) | 0];
    }
    [a, c, d, e, f, g, h, k].forEach((x, i) => {
      this.state[i] += x;
    });
  }
}
