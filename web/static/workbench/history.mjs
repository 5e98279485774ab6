// What becomes of a plan's memories from step to step: how large they are, whether their buffers are detached, and in which
// call each word changed last. web/workbench/runs.py finds the same in Python.

const PAGE = 65536;
const WORDS = PAGE / 4;
/** Bytes that are compared in all calls together; the last call is always among them. */
const MOST_COMPARED = 512 * 1024 * 1024;
/** Pages of a memory of which it is known when their words changed. */
export const MOST_PAGES = 1024;
/** What `when` has in place of a call's number: some call, but not the last. */
export const SOME_CALL = 0xffff;
export const MOST_CALLS = 0xfffe;

export class History {
  /** After each step, the making of the instance is the first. @type {number[]} */ sizes = [];
  /** Whether the step detached the buffer that was there before. @type {boolean[]} */ detached = [];
  /** By pages, for each word the number of the call that changed it last, 0 for none. @type {Record<number, Uint16Array>} */ when =
    {};
  /** @type {ArrayBufferLike | null} */ #buffer = null;
  /** The bytes when they were last compared. */ #known = new Uint8Array();
  #compared = 0;
  /** Calls were made without comparing. */ #missed = false;

  /** @param {() => Uint8Array} bytes what is looked at of the memory now */
  constructor(bytes) {
    this.bytes = bytes;
  }

  /** The instance is made. */
  start() {
    this.#known = this.bytes().slice();
    this.#end();
  }

  /** @param {boolean} last whether it is the last call that is about to be made */
  before(last) {
    const bytes = this.bytes();
    this.#buffer = bytes.buffer;
    if (last && this.#missed) this.#compare(bytes, SOME_CALL);
  }

  /** @param {number} call its number, from 1 @param {boolean} last */
  after(call, last) {
    const bytes = this.bytes();
    if (last || this.#compared + bytes.length <= MOST_COMPARED) {
      this.#compare(bytes, this.#missed && !last ? SOME_CALL : Math.min(call, MOST_CALLS));
      this.#missed = false;
    } else this.#missed = true;
    this.#end();
  }

  #end() {
    this.sizes.push(this.bytes().buffer.byteLength);
    this.detached.push(this.#buffer !== null && isDetached(this.#buffer));
    this.#buffer = null;
  }

  /** @param {Uint8Array} bytes @param {number} call */
  #compare(bytes, call) {
    this.#compared += bytes.length;
    const known = this.#known.length === bytes.length ? this.#known : new Uint8Array(bytes.length);
    if (known !== this.#known) known.set(this.#known);
    for (let start = 0; start < bytes.length; start += PAGE) {
      const old = known.subarray(start, start + PAGE);
      const page = bytes.subarray(start, start + PAGE);
      const words = changedWords(old, page);
      if (words.length === 0) continue;
      old.set(page);
      const index = start / PAGE;
      if (!(index in this.when) && Object.keys(this.when).length >= MOST_PAGES) continue;
      this.when[index] ??= new Uint16Array(WORDS);
      for (const word of words) this.when[index][word] = call;
    }
    this.#known = known;
  }

  /** `when` as bytes, little endian. @returns {Record<number, Uint8Array>} */
  get whenBytes() {
    return Object.fromEntries(Object.entries(this.when).map(([page, words]) => [page, new Uint8Array(words.buffer)]));
  }
}

/** @param {Uint8Array} a @param {Uint8Array} b of the same length */
function changedWords(a, b) {
  const found = [];
  const whole = a.length >> 2;
  const [x, y] = [new Uint32Array(a.buffer, a.byteOffset, whole), new Uint32Array(b.buffer, b.byteOffset, whole)];
  for (let k = 0; k < whole; k++) if (x[k] !== y[k]) found.push(k);
  if (a.subarray(whole * 4).some((byte, k) => byte !== b[whole * 4 + k])) found.push(whole);
  return found;
}

/** @param {ArrayBufferLike} buffer */
function isDetached(buffer) {
  try {
    new Uint8Array(buffer);
    return false;
  } catch {
    return true;
  }
}
