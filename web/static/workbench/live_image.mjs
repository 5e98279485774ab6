// A shared memory while workers change it: bytes are read where they are, what changed since the last look is marked.

import { count } from "./binary.mjs";
import { MemoryImage, Ranges } from "./image.mjs";
import { PAGE } from "./runner.mjs";

/** What can be looked at of a memory. */
const MOST_BYTES = 256 * 1024 * 1024;
/** Of larger memories a part is compared at each look, one after the other. */
const COMPARED = 2 * 1024 * 1024;
const MOST_RANGES = 1000;

export class LiveImage extends MemoryImage {
  #known = new Uint8Array();
  #next = 0;
  /** @type {Set<number>} */ #used = new Set();
  /** Addresses at which somebody waits. */ waited = new Ranges([]);

  /** @param {number} index @param {WebAssembly.Memory} memory */
  constructor(index, memory) {
    super({
      index,
      byteLength: memory.buffer.byteLength,
      seen: 0,
      pages: {},
      changed: [],
    });
    this.memory = memory;
    this.first = memory.buffer.byteLength;
    this.live = true;
    this.look([]);
    this.changed = new Ranges([]);
  }

  /** Looks again. @param {[number, number][]} waited */
  look(waited) {
    const { buffer } = this.memory;
    this.image.byteLength = buffer.byteLength;
    this.length = Math.min(buffer.byteLength, MOST_BYTES);
    this.waited = new Ranges(waited);
    if (this.#known.length !== this.length) {
      const known = new Uint8Array(this.length);
      known.set(this.#known);
      this.#known = known;
    }
    if (this.#next >= this.length) this.#next = 0;
    this.changed = new Ranges(this.#compare(this.#next, Math.min(this.length, this.#next + COMPARED)));
    this.#next += COMPARED;
  }

  /** @param {number} start @param {number} end */
  #compare(start, end) {
    /** @type {[number, number][]} */
    const changed = [];
    const now = new Uint8Array(this.memory.buffer, 0, this.length);
    for (let at = start; at < end; at += PAGE) {
      const page = now.slice(at, Math.min(end, at + PAGE));
      const old = this.#known.subarray(at, at + page.length);
      if (same(page, old)) continue;
      this.#used.add(at / PAGE);
      for (let k = 0; k < page.length && changed.length < MOST_RANGES; k++) {
        if (page[k] === old[k]) continue;
        const last = changed.at(-1);
        if (last && last[0] + last[1] === at + k) last[1] += 1;
        else changed.push([at + k, 1]);
      }
      old.set(page);
    }
    return changed;
  }

  /** How it grew, in words. */
  get growth() {
    const pages = (/** @type {number} */ bytes) => count(bytes / PAGE, "page");
    const { byteLength } = this.image;
    return byteLength === this.first
      ? `It has ${pages(byteLength)}.`
      : `It had ${pages(this.first)} at first, and has ${pages(byteLength)} now: the buffers of before are still there.`;
  }

  get used() {
    return this.#used.size;
  }

  /** @param {number} index @returns {Uint8Array} */
  page(index) {
    const start = index * PAGE;
    return new Uint8Array(this.memory.buffer, start, Math.min(PAGE, this.length - start));
  }

  has() {
    return true;
  }
}

/** @param {Uint8Array} a @param {Uint8Array} b of the same length, both pages or parts that end with the memory */
function same(a, b) {
  const words = a.length >> 2;
  const x = new Uint32Array(a.buffer, a.byteOffset, words);
  const y = new Uint32Array(b.buffer, b.byteOffset, words);
  for (let k = 0; k < words; k++) if (x[k] !== y[k]) return false;
  return true;
}
