// Reads as much of a module's sections as is needed to know its memories. Code is never looked at.

export const IMPORT_SECTION = 2;
export const MEMORY_SECTION = 5;
/** After a module name and an empty name: several imports, each with its type. */
export const IMPORTS_TYPED = 0x7f;
/** Likewise, with one type for all. */
export const IMPORTS_OF_ONE_TYPE = 0x7e;
const PREAMBLE = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];
const HAS_MAXIMUM = 0x01;
/** In the flags of a memory's limits: 64-bit addresses. */
export const HAS_64_BITS = 0x04;
/** In the flags of a memory's limits: the size of a page follows. */
export const HAS_PAGE_SIZE = 0x08;
const CONCRETE_REFERENCES = new Set([0x63, 0x64]);

/** The module is cut off or has a form unknown here: the engine decides about it. */
export class Unreadable extends Error {}

/** Reads the binary format from a position on; throws Unreadable behind the end. */
export class Reader {
  /** @param {Uint8Array} bytes */
  constructor(bytes) {
    this.bytes = bytes;
    this.position = 0;
  }

  byte() {
    if (this.position >= this.bytes.length) throw new Unreadable();
    return this.bytes[this.position++];
  }

  /** An unsigned LEB128 number; exact up to 2^53, which is enough for counts and sizes. */
  unsigned() {
    let value = 0;
    let factor = 1;
    for (let count = 0; count < 10; count++) {
      const byte = this.byte();
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
      factor *= 128;
    }
    throw new Unreadable();
  }

  /** @param {number} count */
  skip(count) {
    this.position += count;
    if (this.position > this.bytes.length) throw new Unreadable();
  }

  skipValueType() {
    if (CONCRETE_REFERENCES.has(this.byte())) this.unsigned();
  }

  /** Skips limits; returns their flags. */
  skipLimits() {
    const flags = this.byte();
    this.unsigned();
    if (flags & HAS_MAXIMUM) this.unsigned();
    if (flags & HAS_PAGE_SIZE) this.unsigned();
    return flags;
  }

  /** Skips the type of an import; returns the flags of a memory's limits, undefined for all else. */
  skipExternType() {
    switch (this.byte()) {
      case 0: // a function
        this.unsigned();
        break;
      case 1: // a table
        this.skipValueType();
        this.skipLimits();
        break;
      case 2: // a memory
        return this.skipLimits();
      case 3: // a global
        this.skipValueType();
        this.byte();
        break;
      case 4: // a tag
        this.byte();
        this.unsigned();
        break;
      default:
        throw new Unreadable();
    }
    return undefined;
  }
}

/**
 * Whether the bytes begin as a module does.
 * @param {Uint8Array} bytes
 */
function hasPreamble(bytes) {
  return PREAMBLE.every((byte, k) => bytes[k] === byte);
}

/** @param {Reader} reader */
function* importedMemories(reader) {
  for (let left = reader.unsigned(); left > 0; left--) {
    reader.skip(reader.unsigned());
    const nameLength = reader.unsigned();
    reader.skip(nameLength);
    const form = nameLength === 0 ? reader.bytes[reader.position] : undefined;
    if (form === IMPORTS_TYPED || form === IMPORTS_OF_ONE_TYPE) {
      yield* memoriesOfEntry(reader);
      continue;
    }
    const flags = reader.skipExternType();
    if (flags !== undefined) yield flags;
  }
}

/** An entry of several imports. @param {Reader} reader */
function* memoriesOfEntry(reader) {
  const oneType = reader.byte() === IMPORTS_OF_ONE_TYPE;
  let flags = oneType ? reader.skipExternType() : undefined;
  for (let left = reader.unsigned(); left > 0; left--) {
    reader.skip(reader.unsigned());
    if (!oneType) flags = reader.skipExternType();
    if (flags !== undefined) yield flags;
  }
}

/** @param {Reader} reader */
function* definedMemories(reader) {
  for (let left = reader.unsigned(); left > 0; left--) yield reader.skipLimits();
}

/**
 * The sections of a module, up to where it is cut off: their ids, and a reader that is at their first byte.
 * @param {Uint8Array} bytes
 * @returns {Generator<[number, Reader]>}
 */
export function* sectionsOf(bytes) {
  if (!hasPreamble(bytes)) return;
  const reader = new Reader(bytes);
  reader.skip(PREAMBLE.length);
  while (reader.position < bytes.length) {
    const id = reader.byte();
    const size = reader.unsigned();
    const start = reader.position;
    yield [id, reader];
    reader.position = start;
    reader.skip(size);
  }
}

/**
 * What a function finds in a module; undefined for what is no readable module.
 * @template T
 * @param {() => T} find
 */
export function readable(find) {
  try {
    return find();
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    return undefined;
  }
}

/**
 * The memories that a module imports and defines, each as the flags of its limits; none for what is no readable module.
 * @param {Uint8Array} bytes
 * @returns {number[]}
 */
export function memoriesOf(bytes) {
  /** @type {number[]} */
  const memories = [];
  const found = readable(() => {
    for (const [id, reader] of sectionsOf(bytes)) {
      if (id === IMPORT_SECTION) memories.push(...importedMemories(reader));
      if (id === MEMORY_SECTION) return memories.concat(...definedMemories(reader)); // nothing that follows declares memories
    }
    return memories;
  });
  return found ?? [];
}

/**
 * Whether a module has a custom section of a name, of ASCII characters.
 * @param {Uint8Array} bytes
 * @param {string} name
 */
export function hasCustomSection(bytes, name) {
  const found = readable(() => {
    for (const [id, reader] of sectionsOf(bytes)) {
      if (id === 0 && reader.unsigned() === name.length) {
        const start = reader.position;
        if (String.fromCharCode(...bytes.subarray(start, start + name.length)) === name) return true;
      }
    }
    return false;
  });
  return found ?? false;
}
