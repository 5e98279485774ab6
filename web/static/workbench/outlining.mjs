// Modules in which instructions on memories are replaced by calls of functions that are added: what a module does with its
// memories can be noted so, on every engine. What is added comes last in its index space: all other indices stay.

import { concatenate, unsignedLeb } from "../../polyfill/lowered/encoding.mjs";
import { Unreadable } from "../../polyfill/lowered/sections.mjs";
import { Stepper } from "../../polyfill/lowered/stepper.mjs";

const TYPE = 1;
const IMPORT = 2;
const FUNC = 3;
const MEMORY = 5;
const GLOBAL = 6;
const EXPORT = 7;
const CODE = 10;
/** Sections in the order in which they stand. Custom ones are left out: they may say where in the code something is. */
const ORDER = [TYPE, IMPORT, FUNC, 4, MEMORY, 13, GLOBAL, EXPORT, 8, 9, 12, CODE, 11];
const FUNCTION_TYPE = 0x60;
const CALL = 0x10;
const END = 0x0b;

export const I32 = 0x7f;
export const I64 = 0x7e;

/**
 * @typedef {{ prefix: number, opcode: number, memories: number[], offset: bigint, bytes: Uint8Array }} Instruction
 *   one that names memories: their indices, and the offset of an access
 */

/** @param {bigint} value */
export function unsignedLeb64(value) {
  const bytes = [];
  do {
    bytes.push(Number(value & 0x7fn) | (value > 0x7fn ? 0x80 : 0));
    value >>= 7n;
  } while (value > 0n);
  return bytes;
}

/** @param {bigint} value */
export function signedLeb64(value) {
  const bytes = [];
  for (;;) {
    const byte = Number(value & 0x7fn);
    value >>= 7n;
    if ((value === 0n && !(byte & 0x40)) || (value === -1n && byte & 0x40)) return [...bytes, byte];
    bytes.push(byte | 0x80);
  }
}

/** @param {string} text */
function nameBytes(text) {
  const bytes = new TextEncoder().encode(text);
  return [...unsignedLeb(bytes.length), ...bytes];
}

/** Steps over instructions and keeps the memories that they name. */
class MemoryStepper extends Stepper {
  /** @type {number[]} */ memories = [];
  offset = 0n;

  memoryIndex() {
    this.memories.push(this.unsigned());
  }

  memarg() {
    if (!this.memargFlags()) this.memories.push(0);
    this.offset = this.#unsigned64();
  }

  #unsigned64() {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.byte();
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    throw new Unreadable();
  }
}

export class Outliner {
  /** @type {number[][]} */ #types = [];
  /** @type {{ type: number, body: number[] }[]} */ #functions = [];
  /** @type {number[][]} */ #memories = [];
  /** @type {number[][]} */ #globals = [];
  /** @type {number[][]} */ #exports = [];
  /** The module that memories are imported from, if they are to be. @type {string | null} */ #imported = null;

  /** @param {Uint8Array} bytes a valid module @param {import("./binary.mjs").Contents} contents */
  constructor(bytes, contents) {
    this.bytes = bytes;
    this.contents = contents;
  }

  /** The index of the function that is added next. */
  get nextFunction() {
    return this.contents.functions.length + this.#functions.length;
  }

  /** The index of the memory that is added next. */
  get nextMemory() {
    return this.contents.memories.length + this.#memories.length;
  }

  /** The index of the global that is added next. */
  get nextGlobal() {
    return this.contents.globals.length + this.#globals.length;
  }

  /** @param {number[]} params @param {number[]} results @returns {number} the index of such a type */
  type(params, results) {
    const type = [FUNCTION_TYPE, params.length, ...params, results.length, ...results];
    let at = this.#types.findIndex((one) => String(one) === String(type));
    if (at < 0) at = this.#types.push(type) - 1;
    return this.contents.types.length + at;
  }

  /** @param {number} type @param {number[]} code without its end; there are no locals but the parameters @returns {number} its index */
  function(type, code) {
    return this.contents.functions.length + this.#functions.push({ type, body: [0, ...code, END] }) - 1;
  }

  /** @param {number[]} type the limits, as the binary format has them @returns {number} its index */
  memory(type) {
    return this.contents.memories.length + this.#memories.push(type) - 1;
  }

  /** @param {number[]} bytes type and initial value @returns {number} its index */
  global(bytes) {
    return this.contents.globals.length + this.#globals.push(bytes) - 1;
  }

  /** @param {string} name @param {number} kind @param {number} index */
  export(name, kind, index) {
    this.#exports.push([...nameBytes(name), kind, ...unsignedLeb(index)]);
  }

  /** Lets all memories be imported that are not yet, with those that are added: `module`, and their indices as names. @param {string} module */
  importMemories(module) {
    this.#imported = module;
  }

  /**
   * The module, with a call in the place of each instruction for which `outlined` names a function.
   * @param {(instruction: Instruction) => number | null} outlined
   * @returns {Uint8Array<ArrayBuffer>}
   */
  finish(outlined) {
    const bodies = this.#bodies(outlined);
    const own = this.#ownMemories();
    const added = {
      [TYPE]: this.#types,
      [IMPORT]: this.#imported === null ? [] : this.#memoryImports([...own, ...this.#memories], this.#imported),
      [FUNC]: this.#functions.map(({ type }) => unsignedLeb(type)),
      [MEMORY]: this.#imported === null ? this.#memories : [],
      [GLOBAL]: this.#globals,
      [EXPORT]: this.#exports,
    };
    const parts = [this.bytes.subarray(0, 8)];
    for (const id of ORDER) {
      const section = this.contents.sections.find((one) => one.id === id);
      if (id === CODE) parts.push(...this.#section(id, 0, new Uint8Array(), bodies));
      else if (id === MEMORY && this.#imported !== null) continue;
      else if (id in added) {
        const [count, old] = section ? this.#entries(section) : [0, new Uint8Array()];
        parts.push(...this.#section(id, count, old, added[/** @type {1} */ (id)]));
      } else if (section) parts.push(this.bytes.subarray(section.start, section.offset + section.size));
    }
    return concatenate(parts);
  }

  /** How many entries a section has, and their bytes. @param {import("./binary.mjs").Section} section @returns {[number, Uint8Array]} */
  #entries({ offset, size }) {
    const reader = new Stepper(this.bytes);
    reader.position = offset;
    const count = reader.unsigned();
    return [count, this.bytes.subarray(reader.position, offset + size)];
  }

  /** @param {number} id @param {number} count @param {Uint8Array} old @param {ArrayLike<number>[]} added */
  #section(id, count, old, added) {
    if (count + added.length === 0) return [];
    const contents = concatenate([unsignedLeb(count + added.length), old, ...added]);
    return [Uint8Array.from([id, ...unsignedLeb(contents.length)]), contents];
  }

  /** The limits of the memories that the module defines. @returns {Uint8Array[]} */
  #ownMemories() {
    const section = this.contents.sections.find(({ id }) => id === MEMORY);
    if (!section) return [];
    const reader = new Stepper(this.bytes);
    reader.position = section.offset;
    return Array.from({ length: reader.unsigned() }, () => {
      const start = reader.position;
      reader.skipLimits();
      return this.bytes.slice(start, reader.position);
    });
  }

  /** @param {ArrayLike<number>[]} types @param {string} module */
  #memoryImports(types, module) {
    const first = this.nextMemory - types.length;
    return types.map((type, k) => [...nameBytes(module), ...nameBytes(String(first + k)), 2, ...Array.from(type)]);
  }

  /** @param {(instruction: Instruction) => number | null} outlined @returns {Uint8Array[]} */
  #bodies(outlined) {
    const { bodies, bodySizes } = this.contents;
    const own = bodies.map((start, k) => this.#body(start, start + bodySizes[k], outlined));
    const sized = (/** @type {ArrayLike<number>} */ body) => concatenate([unsignedLeb(body.length), body]);
    // Functions are added while bodies are looked at.
    return [...own, ...this.#functions.map(({ body }) => body)].map(sized);
  }

  /** @param {number} start @param {number} end @param {(instruction: Instruction) => number | null} outlined */
  #body(start, end, outlined) {
    const stepper = new MemoryStepper(this.bytes);
    stepper.position = start;
    stepper.many(() => {
      stepper.unsigned();
      stepper.skipValueType();
    });
    /** @type {ArrayLike<number>[]} */
    const parts = [];
    let copied = start;
    while (stepper.position < end) {
      const at = stepper.position;
      stepper.memories = [];
      stepper.instruction();
      if (stepper.memories.length === 0) continue;
      const { prefix, opcode, memories, offset, position } = stepper;
      const index = outlined({ prefix, opcode, memories, offset, bytes: this.bytes.subarray(at, position) });
      if (index === null) continue;
      parts.push(this.bytes.subarray(copied, at), [CALL, ...unsignedLeb(index)]);
      copied = position;
    }
    return concatenate([...parts, this.bytes.subarray(copied, end)]);
  }
}
