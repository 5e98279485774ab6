// The name section: what the makers of a module called its functions and memories. Names that cannot be read are left out.

import { Reader, Unreadable } from "../../polyfill/lowered/sections.mjs";

/** @typedef {{ module: string, functions: Map<number, string>, memories: Map<number, string> }} Names */

const MODULE = 0;
const FUNCTIONS = 1;
const MEMORIES = 6;
const DECODER = new TextDecoder();

class NameReader extends Reader {
  name() {
    const size = this.unsigned();
    const start = this.position;
    this.skip(size);
    return DECODER.decode(this.bytes.subarray(start, this.position));
  }

  /** @param {Map<number, string>} into */
  map(into) {
    for (let left = this.unsigned(); left > 0; left--) into.set(this.unsigned(), this.name());
  }
}

/**
 * What a name section says, its title aside.
 * @param {Uint8Array} bytes
 * @returns {Names}
 */
export function readNames(bytes) {
  const names = { module: "", functions: new Map(), memories: new Map() };
  const reader = new NameReader(bytes);
  try {
    while (reader.position < bytes.length) {
      const id = reader.byte();
      const size = reader.unsigned();
      const end = reader.position + size;
      if (id === MODULE) names.module = reader.name();
      else if (id === FUNCTIONS) reader.map(names.functions);
      else if (id === MEMORIES) reader.map(names.memories);
      reader.position = end;
    }
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
  }
  return names;
}
