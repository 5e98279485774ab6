// What takes the place of a WebAssembly.Memory where the engine can have none: where it allows no more of them, and for
// pages of one byte. The bytes are in an ArrayBuffer that is exchanged when it grows, or, of a shared memory, in a
// SharedArrayBuffer that grows itself: no two of those can have the same bytes. Only proxies can reach them.

import { MOST_PAGES } from "./new-memory.mjs";

const PAGE_LOG2 = 16;

export class ArrayBufferMemory {
  #pageSize;
  #maximum;

  /** Sizes are in pages; a negative maximum is none. Throws a RangeError where there is no room. */
  constructor(pages, maximum, pageLog2 = PAGE_LOG2, shared = false) {
    this.#pageSize = 2 ** pageLog2;
    const most = MOST_PAGES * 2 ** (PAGE_LOG2 - pageLog2);
    this.#maximum = maximum < 0 ? most : Math.min(maximum, most);
    const length = pages * this.#pageSize;
    /** @type {any} TypeScript does not know all engines' buffers */
    this.buffer = shared ? new SharedArrayBuffer(length, this.#most()) : new ArrayBuffer(length);
  }

  /** Grow by pages; the size before. A buffer of fixed length is detached, as a memory's is. */
  grow(delta) {
    const { buffer } = this;
    const pages = buffer.byteLength / this.#pageSize;
    if (pages + delta > this.#maximum) throw new RangeError(`the memory cannot have ${pages + delta} pages`);
    const length = (pages + delta) * this.#pageSize;
    if (isShared(buffer)) buffer.grow(length);
    else if (buffer.resizable) buffer.resize(length);
    else this.#exchange(length);
    return pages;
  }

  /** As of a WebAssembly.Memory; a shared buffer grows already. */
  toResizableBuffer() {
    const { buffer } = this;
    if (!isShared(buffer) && !buffer.resizable) this.#exchange(buffer.byteLength, this.#most());
    return this.buffer;
  }

  /** Likewise; a shared buffer cannot have another length than its memory, and stays as it is. */
  toFixedLengthBuffer() {
    if (!isShared(this.buffer) && this.buffer.resizable) this.#exchange(this.buffer.byteLength);
    return this.buffer;
  }

  #most() {
    return { maxByteLength: this.#maximum * this.#pageSize };
  }

  /**
   * @param {number} length
   * @param {{ maxByteLength: number }} [options]
   */
  #exchange(length, options) {
    const { buffer } = this;
    const other = new ArrayBuffer(length, options);
    new Uint8Array(other).set(new Uint8Array(buffer));
    structuredClone(buffer, { transfer: [buffer] });
    if (options !== undefined) onlyGrows(other, this.#pageSize);
    this.buffer = other;
  }
}

/** Let a resizable buffer grow by whole pages, and never shrink: it is a memory's. */
function onlyGrows(buffer, pageSize) {
  const { resize } = buffer;
  Object.defineProperty(buffer, "resize", {
    value(length) {
      const bytes = Math.trunc(Number(length)) || 0;
      if (bytes < buffer.byteLength || bytes % pageSize !== 0) {
        throw new RangeError(`ArrayBuffer.resize(): a memory of ${buffer.byteLength} bytes cannot have ${bytes}`);
      }
      Reflect.apply(resize, buffer, [bytes]);
    },
    writable: true,
    configurable: true,
    enumerable: false,
  });
}

function isShared(buffer) {
  return typeof SharedArrayBuffer !== "undefined" && buffer instanceof SharedArrayBuffer;
}
