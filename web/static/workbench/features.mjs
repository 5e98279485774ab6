// Which features a module uses, and which engines have them.

import { Unreadable } from "../../polyfill/lowered/sections.mjs";
import { ATOMIC } from "../../polyfill/lowered/stepper.mjs";
import { TypeReader } from "./types.mjs";

const REF_NULL = 0xd0;
const EMPTY = 0x40;
const FENCE = 3;
const SLICE_MS = 8;

/** @typedef {import("./binary.mjs").Contents} Contents */

/** Steps over the code of functions and notes what it needs. */
class CodeReader extends TypeReader {
  /**
   * @param {Uint8Array} bytes
   * @param {Record<number, string>} ofCodes the feature that an instruction needs, by 0x10000 × prefix + opcode
   */
  constructor(bytes, ofCodes) {
    super(bytes);
    this.ofCodes = ofCodes;
  }

  blockType() {
    const byte = this.bytes[this.position];
    if (byte === EMPTY) this.position += 1;
    else if (byte >= EMPTY && byte < 0x80) this.value();
    else {
      this.unsigned();
      this.need("multi_value");
    }
  }

  /** @param {number} start @param {number} size */
  body(start, size) {
    this.position = start;
    const end = start + size;
    this.many(() => {
      this.unsigned();
      this.value();
    });
    while (this.position < end) {
      const at = this.position;
      this.instruction();
      const feature = this.ofCodes[this.prefix * 0x10000 + this.opcode];
      if (feature) this.features.add(feature);
      if (this.opcode === REF_NULL && !this.prefix) this.#heapBehind(at);
      if (this.prefix === ATOMIC && this.opcode === FENCE && this.bytes[this.position - 1])
        this.need("acquire_release");
    }
  }

  ordering() {
    super.ordering();
    this.need("acquire_release");
  }

  /** @param {number} at */
  #heapBehind(at) {
    const end = this.position;
    this.position = at + 1;
    this.heap();
    this.position = end;
  }
}

/**
 * The feature that each instruction belongs to, by its code. @param {{ code: number, feature: string }[]} instructions
 * @returns {Record<number, string>}
 */
export const featuresByCode = (instructions) =>
  Object.fromEntries(instructions.filter(({ feature }) => feature).map(({ code, feature }) => [code, feature]));

/** Lets the page work: input and painting come first. */
const pause = () => new Promise((resolve) => setTimeout(resolve));

/**
 * The features that a module uses, by their names. It takes turns with the page.
 * @param {Uint8Array} bytes
 * @param {Contents} contents
 * @param {Record<number, string>} ofCodes
 * @param {(done: number) => void} [progress] told the number of functions that were looked at
 * @returns {Promise<Set<string>>}
 */
export async function featuresOf(bytes, contents, ofCodes, progress = () => {}) {
  const reader = new CodeReader(bytes, ofCodes);
  let until = performance.now() + SLICE_MS;
  for (const [index, start] of contents.bodies.entries()) {
    try {
      reader.body(start, contents.bodySizes[index]);
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error;
    }
    if (performance.now() > until) {
      progress(index + 1);
      await pause();
      until = performance.now() + SLICE_MS;
    }
  }
  return new Set([...contents.features, ...reader.features]);
}

/** @typedef {{ name: string, title: string, first: Record<string, string>, probe: string }} Feature */

export const ENGINES = { chrome: "Chrome", firefox: "Firefox", safari: "Safari", node: "Node.js" };

/**
 * Whether this browser's own engine has a feature: it is asked to validate a module that needs it.
 * @param {Feature} feature
 */
export const isHere = ({ probe }) => WebAssembly.validate(Uint8Array.from(atob(probe), (c) => c.charCodeAt(0)));
