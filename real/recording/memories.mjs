// What the host writes into memories: found by comparing with a copy made when wasm code stopped.

import { createHash } from "node:crypto";

const CHUNK = 1 << 16;
// Equal bytes between two changes that are cheaper to write again than to leave out.
const GAP = 16;
const ZEROS = Buffer.alloc(CHUNK);

/** A memory, and what was in it when control last went to the host. */
export class WatchedMemory {
  #memory;
  #copy = Buffer.alloc(0);

  constructor(memory) {
    this.#memory = memory;
    this.keep();
  }

  #bytes() {
    const buffer = this.#memory.buffer;
    return Buffer.from(buffer, 0, buffer.byteLength);
  }

  /** Remember the bytes as they are. */
  keep() {
    const bytes = this.#bytes();
    if (this.#copy.length !== bytes.length) this.#copy = Buffer.allocUnsafe(bytes.length);
    bytes.copy(this.#copy);
  }

  /** What changed since: [offset, bytes in base64, offset, …]. */
  changes() {
    const bytes = this.#bytes();
    const copy = this.#copy;
    const found = [];
    for (let start = 0; start < bytes.length; start += CHUNK) {
      const end = Math.min(start + CHUNK, bytes.length);
      if (bytes.compare(copy, start, end, start, end) !== 0) {
        changesWithin(bytes, copy, start, end, found);
      }
    }
    return found;
  }

  /** Its size and the digest of its bytes, without the chunks at its end that are all zeros. */
  digest() {
    const bytes = this.#bytes();
    let end = bytes.length;
    while (end > 0 && bytes.compare(ZEROS, 0, CHUNK, end - CHUNK, end) === 0) end -= CHUNK;
    const digest = createHash("sha256").update(bytes.subarray(0, end)).digest("hex");
    return [bytes.length, digest.slice(0, 16)];
  }
}

function changesWithin(bytes, copy, start, end, found) {
  let at = start;
  while (at < end) {
    while (at < end && bytes[at] === copy[at]) at++;
    if (at === end) return;
    const first = at;
    let last = at;
    while (at < end && at - last <= GAP) {
      if (bytes[at] !== copy[at]) last = at;
      at++;
    }
    found.push(first, bytes.toString("base64", first, last + 1));
    at = last + 1;
  }
}
