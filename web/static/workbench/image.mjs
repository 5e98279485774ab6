// The bytes of a memory as a run left them: pages that are zero are not kept.

import { PAGE } from "./runner.mjs";

/** @typedef {import("./runner.mjs").Image} Image */

/** Kinds of elements a memory can be read as: how many bytes one has, and its value at a place. */
export const VIEWS = {
  bytes: { size: 1, read: (/** @type {DataView} */ view, /** @type {number} */ at) => view.getUint8(at) },
  i8: { size: 1, read: (/** @type {DataView} */ view, /** @type {number} */ at) => view.getInt8(at) },
  u16: { size: 2, read: (/** @type {DataView} */ view, /** @type {number} */ at) => view.getUint16(at, true) },
  i16: { size: 2, read: (/** @type {DataView} */ view, /** @type {number} */ at) => view.getInt16(at, true) },
  u32: { size: 4, read: (/** @type {DataView} */ view, /** @type {number} */ at) => view.getUint32(at, true) },
  i32: { size: 4, read: (/** @type {DataView} */ view, /** @type {number} */ at) => view.getInt32(at, true) },
  u64: { size: 8, read: (/** @type {DataView} */ view, /** @type {number} */ at) => view.getBigUint64(at, true) },
  i64: { size: 8, read: (/** @type {DataView} */ view, /** @type {number} */ at) => view.getBigInt64(at, true) },
  f32: { size: 4, read: (/** @type {DataView} */ view, /** @type {number} */ at) => view.getFloat32(at, true) },
  f64: { size: 8, read: (/** @type {DataView} */ view, /** @type {number} */ at) => view.getFloat64(at, true) },
  ptr32: { size: 4, read: (/** @type {DataView} */ view, /** @type {number} */ at) => view.getUint32(at, true) },
  ptr64: { size: 8, read: (/** @type {DataView} */ view, /** @type {number} */ at) => view.getBigUint64(at, true) },
};

/** @typedef {keyof typeof VIEWS} ViewName */

export const ZEROS = new Uint8Array(PAGE);

/** Addresses, as ranges in their order that do not meet. */
export class Ranges {
  /** @param {[at: number, count: number][]} list */
  constructor(list) {
    this.list = list;
  }

  get length() {
    return this.list.length;
  }

  /** How many addresses there are. */
  get total() {
    return this.list.reduce((sum, [, count]) => sum + count, 0);
  }

  /** How many ranges begin at an address or before it. @param {number} at */
  #before(at) {
    let [low, high] = [0, this.list.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.list[middle][0] <= at) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Whether an address, or one of some, is in them. @param {number} at @param {number} [count] */
  has(at, count = 1) {
    const last = this.list[this.#before(at + count - 1) - 1];
    return last !== undefined && last[0] + last[1] > at;
  }

  /** The first that begins behind an address, else the first of all. @param {number} at */
  behind(at) {
    return this.list[this.#before(at)] ?? this.list[0];
  }
}

export class MemoryImage {
  /** Whether it changes while it is shown. */ live = false;
  /** How it grew, in words, if it is known without steps. */
  get growth() {
    return "";
  }

  /** Addresses at which somebody waits. */ waited = new Ranges([]);

  /** @param {Image} image */
  constructor(image) {
    this.image = image;
    this.length = image.seen;
    this.changed = new Ranges(image.changed);
    this.read = new Ranges(image.read ?? []);
    /** By pages, for each word the number of the call that changed it last. @type {Record<number, Uint16Array>} */
    this.when = Object.fromEntries(
      Object.entries(image.when ?? {}).map(([page, bytes]) => [page, new Uint16Array(bytes.slice().buffer)]),
    );
  }

  /** @param {number} index */
  page(index) {
    return this.image.pages[index] ?? ZEROS;
  }

  /** How many pages hold something. */
  get used() {
    return Object.keys(this.image.pages).length;
  }

  /** Whether a page may hold something. @param {number} index */
  has(index) {
    return index in this.image.pages;
  }

  /** A copy of bytes; beyond the end there are none. @param {number} at @param {number} count */
  bytes(at, count) {
    const end = Math.min(at + count, this.length);
    const found = new Uint8Array(Math.max(0, end - at));
    for (let from = at; from < end; ) {
      const offset = from % PAGE;
      const part = this.page((from - offset) / PAGE).subarray(offset, Math.min(PAGE, offset + end - from));
      found.set(part, from - at);
      from += part.length;
    }
    return found;
  }

  /**
   * Where bytes are found first, from an address on, and from the start on if they are not behind it; -1 if nowhere.
   * @param {Uint8Array} wanted
   * @param {number} from
   */
  find(wanted, from) {
    const behind = this.#search(wanted, from, this.length);
    return behind >= 0 ? behind : this.#search(wanted, 0, Math.min(this.length, from + wanted.length));
  }

  /** @param {Uint8Array} wanted @param {number} from @param {number} to */
  #search(wanted, from, to) {
    if (wanted.length === 0) return -1;
    const zeros = wanted.every((byte) => byte === 0);
    for (let index = Math.floor(from / PAGE); index * PAGE < to; index++) {
      // What is wanted may go on into the next page.
      const start = Math.max(from, index * PAGE);
      const absent = !this.has(index) && !this.has(index + 1);
      if (absent && !zeros) continue;
      const bytes = this.bytes(start, Math.min((index + 1) * PAGE, to) - start + wanted.length - 1);
      const at = indexOf(bytes, wanted);
      if (at >= 0 && start + at + wanted.length <= to) return start + at;
    }
    return -1;
  }
}

/** @param {Uint8Array} bytes @param {Uint8Array} wanted */
function indexOf(bytes, wanted) {
  for (let at = bytes.indexOf(wanted[0]); at >= 0; at = bytes.indexOf(wanted[0], at + 1)) {
    if (at + wanted.length > bytes.length) return -1;
    if (wanted.every((byte, k) => bytes[at + k] === byte)) return at;
  }
  return -1;
}

/**
 * The bytes that somebody looks for: text in quotes, bytes in hexadecimal ("de ad be ef"), or a number as four bytes.
 * Raises an Error that says what can be given.
 * @param {string} typed
 */
export function wantedBytes(typed) {
  const text = typed.trim();
  const quoted = /^"(.*)"?$/s.exec(text);
  if (quoted) return new TextEncoder().encode(quoted[1].replace(/"$/, ""));
  if (/^(?:[\da-f]{2}\s+)+[\da-f]{2}$|^[\da-f]{2}$/i.test(text)) {
    return Uint8Array.from(text.split(/\s+/), (byte) => Number.parseInt(byte, 16));
  }
  if (/^-?(?:0x[\da-f]+|\d+)$/i.test(text)) {
    const value = text.startsWith("-") ? -BigInt(text.slice(1)) : BigInt(text);
    const size = value >= -(1n << 31n) && value < 1n << 32n ? 4 : 8;
    const bytes = new DataView(new ArrayBuffer(8));
    bytes.setBigInt64(0, BigInt.asIntN(64, value), true);
    return new Uint8Array(bytes.buffer, 0, size);
  }
  if (text === "") throw new Error('Look for "text", for bytes as de ad be ef, or for a number.');
  return new TextEncoder().encode(text);
}

/** An address that somebody typed, or -1. @param {string} typed */
export function typedAddress(typed) {
  const text = typed.trim().toLowerCase();
  return /^(?:0x[\da-f]+|\d+)$/.test(text) ? Number(text) : -1;
}
