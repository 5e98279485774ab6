// Validates modules with several memories by an engine where a module has one at most.
//
// Whether an instruction is valid depends on its memory only through the address type. So where all memories have the
// same, and one that the engine knows, the module is valid if and only if every memory's type is valid, every memory index is in range, and the module
// is valid that has the first memory alone and index 0 everywhere.

import { END } from "./instructions.gen.mjs";
import * as native from "../common/engine.mjs";
import { concatenate, unsignedLeb } from "./encoding.mjs";
import { isLacking } from "./probe.mjs";
import { HAS_64_BITS, IMPORT_SECTION, MEMORY_SECTION, Reader, Unreadable } from "./sections.mjs";
import { Stepper } from "./stepper.mjs";

const MAXIMUM_MEMORIES = 100; // JS API, "Implementation-defined Limits"
const PREAMBLE_SIZE = 8;
const EXPORT_SECTION = 7;
const CODE_SECTION = 10;
const DATA_SECTION = 11;
const MEMORY_KIND = 2;
const HAS_MEMORY_INDEX = 0x40; // in the flags of a memarg
const ACTIVE_WITH_INDEX = 2; // the flags of a data segment
const LONGEST_U32 = 5;

/** The module is not valid, whatever the engine says about the rest. */
class Invalid extends Error {}

/**
 * Overwrites an LEB128 number of `size` bytes with another one of the same size.
 * @param {Uint8Array} bytes
 * @param {number} start
 * @param {number} size
 * @param {number} value
 */
function overwrite(bytes, start, size, value) {
  for (let k = 0; k < size; k++) {
    bytes[start + k] = (value & 0x7f) | (k < size - 1 ? 0x80 : 0);
    value >>>= 7;
  }
}

/** Steps over instructions and makes every memory index 0. */
class Rewriter extends Stepper {
  /**
   * @param {Uint8Array} bytes
   * @param {number} memories how many there are
   */
  constructor(bytes, memories) {
    super(bytes);
    this.memories = memories;
  }

  /** Reads a memory index that must be in range. */
  checkedIndex() {
    const start = this.position;
    const index = this.unsigned();
    if (index >= this.memories) {
      throw new Invalid(`memory index ${index} out of range: the module has ${this.memories} memories @+${start}`);
    }
  }

  memoryIndex() {
    const start = this.position;
    this.checkedIndex();
    // Where engines have one memory, some take this for a reserved byte and not for a number.
    if (this.position > start + 1) throw new Unreadable();
    this.bytes[start] = 0;
  }

  memarg() {
    const start = this.position;
    const flags = this.unsigned();
    if (flags & HAS_MEMORY_INDEX) {
      this.checkedIndex();
      const size = this.position - start;
      if (size > LONGEST_U32) throw new Unreadable();
      overwrite(this.bytes, start, size, flags & ~HAS_MEMORY_INDEX);
    }
    this.unsigned();
  }

  exports() {
    this.many(() => {
      this.skip(this.unsigned());
      if (this.byte() === MEMORY_KIND) this.memoryIndex();
      else this.unsigned();
    });
  }

  code() {
    this.many(() => {
      const size = this.unsigned();
      const end = this.position + size;
      this.many(() => {
        this.unsigned();
        this.skipValueType();
      });
      while (this.position < end) this.instruction();
      if (this.position > end) throw new Unreadable();
    });
  }

  data() {
    this.many(() => {
      const flags = this.unsigned();
      if (flags === ACTIVE_WITH_INDEX) this.memoryIndex();
      if (flags !== 1) while (this.instruction() !== END);
      this.skip(this.unsigned());
    });
  }
}

/**
 * The sections of a module: {id, start, body, end}.
 * @param {Uint8Array} bytes
 */
function sectionsOf(bytes) {
  const reader = new Reader(bytes);
  reader.skip(PREAMBLE_SIZE);
  const sections = [];
  while (reader.position < bytes.length) {
    const start = reader.position;
    const id = reader.byte();
    const size = reader.unsigned();
    const body = reader.position;
    reader.skip(size);
    sections.push({ id, start, body, end: reader.position });
  }
  return sections;
}

/**
 * The memories that the sections declare, each as its type's bytes, and the entries of the import section.
 * @param {Uint8Array} bytes
 * @param {ReturnType<typeof sectionsOf>} sections
 */
function declarations(bytes, sections) {
  const memories = [];
  const imports = [];
  const reader = new Reader(bytes);
  const take = (/** @type {number} */ start) => bytes.subarray(start, reader.position);
  for (const { id, body } of sections) {
    if (id !== IMPORT_SECTION && id !== MEMORY_SECTION) continue;
    reader.position = body;
    for (let left = reader.unsigned(); left > 0; left--) {
      let isMemory = id === MEMORY_SECTION;
      const entry = reader.position;
      let type = entry;
      if (isMemory) {
        reader.skipLimits();
      } else {
        reader.skip(reader.unsigned());
        reader.skip(reader.unsigned());
        type = reader.position + 1;
        isMemory = reader.skipExternType() !== undefined;
      }
      if (isMemory) memories.push(take(type));
      if (id === IMPORT_SECTION && !(isMemory && memories.length > 1)) imports.push(take(entry));
    }
  }
  return { memories, imports };
}

/**
 * A section that is a vector of these entries.
 * @param {number} id
 * @param {ArrayLike<number>[]} entries
 */
function vectorSection(id, entries) {
  const count = unsignedLeb(entries.length);
  const size = entries.reduce((sum, entry) => sum + entry.length, count.length);
  return [[id, ...unsignedLeb(size), ...count], ...entries];
}

/**
 * @param {Uint8Array} preamble
 * @param {Uint8Array[]} memories
 */
function checkMemories(preamble, memories) {
  if (memories.length > MAXIMUM_MEMORIES) {
    throw new Invalid(`${memories.length} memories exceed the maximum of ${MAXIMUM_MEMORIES}`);
  }
  for (const type of memories) {
    if (isLacking(type[0]) || (type[0] ^ memories[0][0]) & HAS_64_BITS) throw new Unreadable();
    if (!native.validate(concatenate([preamble, ...vectorSection(MEMORY_SECTION, [type])]))) {
      throw new Invalid("the limits of a memory are not valid");
    }
  }
}

/** @param {Uint8Array} bytes */
function withOneMemory(bytes) {
  const sections = sectionsOf(bytes);
  const { memories, imports } = declarations(bytes, sections);
  const preamble = bytes.subarray(0, PREAMBLE_SIZE);
  checkMemories(preamble, memories);
  const copy = bytes.slice();
  const rewriter = new Rewriter(copy, memories.length);
  /** @type {ArrayLike<number>[]} */
  const parts = [preamble];
  let defined = 0;
  for (const { id, start, body, end } of sections) {
    rewriter.position = body;
    if (id === EXPORT_SECTION) rewriter.exports();
    if (id === CODE_SECTION) rewriter.code();
    if (id === DATA_SECTION) rewriter.data();
    if (id === IMPORT_SECTION) {
      parts.push(...vectorSection(id, imports));
    } else if (id === MEMORY_SECTION) {
      const importsMemory = memories.length > new Reader(bytes.subarray(body)).unsigned();
      parts.push(...vectorSection(id, importsMemory || defined++ ? [] : [memories[0]]));
    } else {
      parts.push(copy.subarray(start, end));
    }
  }
  return concatenate(parts);
}

/**
 * A module with one memory that is valid if and only if this one with several is; or what is wrong with this one; or
 * undefined where there is no such module.
 * @param {Uint8Array} bytes
 * @returns {{bytes: Uint8Array<ArrayBuffer>} | {problem: string} | undefined}
 */
export function oneMemoryForm(bytes) {
  try {
    return { bytes: withOneMemory(bytes) };
  } catch (error) {
    if (error instanceof Invalid) return { problem: error.message };
    if (error instanceof Unreadable) return undefined;
    throw error;
  }
}
