// What takes the place of a WebAssembly.Memory where the engine allows no more of them: the bytes in an ArrayBuffer
// that is exchanged when it grows. Only proxies can reach them.

import { MOST_PAGES } from "./new-memory.mjs";

const PAGE = 65536;

export class ArrayBufferMemory {
  #maximum;

  /** Sizes are in pages; a negative maximum is none. Throws a RangeError where there is no room. */
  constructor(pages, maximum) {
    this.buffer = new ArrayBuffer(pages * PAGE);
    this.#maximum = maximum < 0 ? MOST_PAGES : Math.min(maximum, MOST_PAGES);
  }

  /** Grow by pages; the size before. The buffer is detached, as a memory's is. */
  grow(delta) {
    const { buffer } = this;
    const pages = buffer.byteLength / PAGE;
    if (pages + delta > this.#maximum) throw new RangeError(`the memory cannot have ${pages + delta} pages`);
    const larger = new ArrayBuffer((pages + delta) * PAGE);
    new Uint8Array(larger).set(new Uint8Array(buffer));
    structuredClone(buffer, { transfer: [buffer] });
    this.buffer = larger;
    return pages;
  }
}
