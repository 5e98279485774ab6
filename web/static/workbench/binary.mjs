// What is in a binary module, read at once, before any engine has looked at it. Code is not read here: see features.mjs.
// Nothing is validated; of a file that is cut off or malformed there is what comes before that place.

import { END } from "../../polyfill/lowered/instructions.gen.mjs";
import { IMPORTS_OF_ONE_TYPE, IMPORTS_TYPED, Unreadable } from "../../polyfill/lowered/sections.mjs";
import { readNames } from "./names.mjs";
import { KINDS, TypeReader } from "./types.mjs";

/** The kind of an import of a function whose type is exact. */
const EXACT_FUNCTION = 0x20;
const PREAMBLE_SIZE = 8;
const SECTIONS = [
  "custom",
  "type",
  "import",
  "func",
  "table",
  "memory",
  "global",
  "export",
  "start",
  "elem",
  "code",
  "data",
  "datacount",
  "tag",
];
const REF_FUNC = 0xd2;
const TABLE_WITH_INITIAL_VALUE = 0x40;

/**
 * @typedef {{ id: number, name: string, title: string, start: number, offset: number, size: number }} Section
 *   `start` is where its id stands, `offset` where its contents begin
 * @typedef {{ module: string, name: string, kind: string, index: number, text: string, type?: number, of?: any }} Import
 * @typedef {{ name: string, kind: string, index: number }} Export
 * @typedef {{ mode: string, memory: number, address: bigint | null, start: number, size: number }} Data
 */

/** What was found in a module. */
export class Contents {
  /** @type {Section[]} */ sections = [];
  /** @type {import("./types.mjs").Type[]} */ types = [];
  /** @type {Import[]} */ imports = [];
  /** @type {Export[]} */ exports = [];
  /** The type index of every function, those that are imported first. @type {number[]} */ functions = [];
  /** Where the bodies begin, behind their sizes; of functions that are not imported. @type {number[]} */ bodies = [];
  /** @type {number[]} */ bodySizes = [];
  /** @type {ReturnType<TypeReader["memoryType"]>[]} */ memories = [];
  /** @type {ReturnType<TypeReader["tableType"]>[]} */ tables = [];
  /** @type {ReturnType<TypeReader["globalType"]>[]} */ globals = [];
  /** The type indices of tags. @type {number[]} */ tags = [];
  /** @type {Data[]} */ datas = [];
  elements = 0;
  importedFunctions = 0;
  importedGlobals = 0;
  /** @type {number | null} */ start = null;
  /** Features that declarations need; instructions may need more. @type {Set<string>} */ features = new Set();
  /** @type {import("./names.mjs").Names} */ names = { module: "", functions: new Map(), memories: new Map() };
  /** What is wrong, where the reading ended; empty if nothing is. */ problem = "";
  size = 0;

  /** @param {number} index */
  functionType(index) {
    return this.types[this.functions[index]];
  }

  /** The name of a function for people: its own, else one that it is exported by, else its number. @param {number} index */
  functionName(index) {
    return this.names.functions.get(index) ?? this.exportNames.get(index) ?? `#${index}`;
  }

  /** The name of a memory for people: its own, else one that it is exported by, else none. @param {number} index */
  memoryName(index) {
    const exported = this.exports.find((one) => one.kind === "memory" && one.index === index);
    return this.names.memories.get(index) ?? exported?.name ?? "";
  }

  get exportNames() {
    this.#exportNames ??= new Map(
      this.exports.filter(({ kind }) => kind === "func").map(({ index, name }) => [index, name]),
    );
    return this.#exportNames;
  }

  /** @type {Map<number, string> | undefined} */
  #exportNames;
}

/** Reads one section after the other into `Contents`. */
class ModuleReader extends TypeReader {
  contents = new Contents();

  /** A constant expression. @returns {bigint | null} its value, if it is one integer */
  constant() {
    const start = this.position;
    let value = null;
    let count = 0;
    while (this.instruction() !== END) {
      count += 1;
      const code = this.opcode;
      if (this.prefix) this.need(this.prefix === 0xfd ? "simd" : "gc");
      else if (code >= 0x6a && code <= 0x7e) this.need("extended_const");
      else if (code === 0xd0 || code === 0xd2) this.need("reference_types");
      else if (code === 0x23) this.#globalOfConstant(start);
    }
    const end = this.position;
    if (count === 1 && [0x41, 0x42].includes(this.bytes[start])) {
      this.position = start + 1;
      value = this.signed64();
    }
    this.position = end;
    return value;
  }

  /** @param {number} start */
  #globalOfConstant(start) {
    const end = this.position;
    this.position = start + 1;
    // Only the first instruction's index is looked at: behind others there is arithmetic, which needs the feature anyway.
    if (this.bytes[start] === 0x23) this.need("extended_const", this.unsigned() >= this.contents.importedGlobals);
    this.position = end;
  }

  signed64() {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.byte();
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asIntN(64, byte & 0x40 ? value - (1n << (shift + 7n)) : value);
    }
    throw new Unreadable();
  }

  type() {
    this.many(() => this.contents.types.push(...this.recursionGroup()));
  }

  import() {
    const { contents } = this;
    this.many(() => {
      const module = this.name();
      const name = this.name();
      const form = name === "" ? this.bytes[this.position] : undefined;
      if (form === IMPORTS_TYPED || form === IMPORTS_OF_ONE_TYPE) this.#importEntry(module);
      else contents.imports.push({ module, name, ...this.#externType() });
    });
    contents.importedFunctions = contents.functions.length;
    contents.importedGlobals = contents.globals.length;
  }

  /** Several imports from one module. @param {string} module */
  #importEntry(module) {
    const { contents } = this;
    this.need("compact_imports");
    const oneType = this.byte() === IMPORTS_OF_ONE_TYPE;
    const typeAt = this.position;
    if (oneType) this.skipExternType();
    this.many(() => {
      const name = this.name();
      const behind = this.position;
      if (oneType) this.position = typeAt;
      contents.imports.push({ module, name, ...this.#externType() });
      if (oneType) this.position = behind;
    });
  }

  /** A kind and a type, added to its index space. */
  #externType() {
    const code = this.byte();
    const exact = code === EXACT_FUNCTION;
    this.need("custom_descriptors", exact);
    const kind = exact ? "func" : KINDS[code];
    if (kind === undefined) throw new Unreadable();
    return { kind, ...this.#typeOf(kind) };
  }

  /** @param {string} kind */
  #typeOf(kind) {
    const { contents } = this;
    if (kind === "func") {
      const type = this.unsigned();
      const index = contents.functions.push(type) - 1;
      return { index, type, text: `func ${contents.types[type]?.text ?? "?"}` };
    }
    if (kind === "tag") {
      const index = this.tagType();
      return { index, type: contents.tags[index], text: this.tagText(index) };
    }
    if (kind === "table") return this.#added(contents.tables, this.tableType());
    if (kind === "memory") return this.#added(contents.memories, this.memoryType());
    return this.#added(contents.globals, this.globalType());
  }

  /** @param {any[]} list @param {{ text: string }} of */
  #added(list, of) {
    return { index: list.push(of) - 1, text: of.text, of };
  }

  tagType() {
    this.need("exceptions");
    this.byte();
    return this.contents.tags.push(this.unsigned()) - 1;
  }

  /** @param {number} index */
  tagText(index) {
    return `tag ${this.contents.types[this.contents.tags[index]]?.text ?? "?"}`;
  }

  func() {
    this.many(() => this.contents.functions.push(this.unsigned()));
  }

  table() {
    this.many(() => {
      const initialised = this.bytes[this.position] === TABLE_WITH_INITIAL_VALUE;
      if (initialised) this.skip(2);
      this.need("function_references", initialised);
      this.contents.tables.push(this.tableType());
      if (initialised) this.constant();
    });
  }

  memory() {
    this.many(() => this.contents.memories.push(this.memoryType()));
  }

  tag() {
    this.many(() => this.tagType());
  }

  global() {
    this.many(() => {
      this.contents.globals.push(this.globalType());
      this.constant();
    });
  }

  export() {
    this.many(() => {
      const name = this.name();
      const kind = KINDS[this.byte()];
      if (kind === undefined) throw new Unreadable();
      this.contents.exports.push({ name, kind, index: this.unsigned() });
    });
  }

  start() {
    this.contents.start = this.unsigned();
  }

  elem() {
    this.many(() => this.#element());
  }

  #element() {
    const flags = this.unsigned();
    const passive = Boolean(flags & 1);
    const expressions = Boolean(flags & 4);
    this.need(flags & 2 ? "reference_types" : "bulk_memory", passive);
    if (!passive) {
      if (flags & 2) this.unsigned();
      this.constant();
    }
    if (flags & 3) {
      if (expressions) this.value();
      else this.byte();
    }
    this.many(() => {
      if (expressions) this.#elementExpression();
      else this.unsigned();
    });
    this.contents.elements += 1;
  }

  #elementExpression() {
    const start = this.position;
    const known = new Set(this.features);
    this.constant();
    // An element that names a function needs nothing, however it is written.
    if (this.bytes[start] === REF_FUNC) this.features = known;
  }

  datacount() {
    this.need("bulk_memory");
    this.unsigned();
  }

  code() {
    const { bodies, bodySizes } = this.contents;
    this.many(() => {
      const size = this.unsigned();
      bodies.push(this.position);
      bodySizes.push(size);
      this.skip(size);
    });
  }

  data() {
    this.many(() => {
      const flags = this.unsigned();
      if (flags > 2) throw new Unreadable();
      const memory = flags === 2 ? this.unsigned() : 0;
      this.need("bulk_memory", flags === 1);
      const address = flags === 1 ? null : this.constant();
      const size = this.unsigned();
      const start = this.position;
      this.skip(size);
      this.contents.datas.push({ mode: flags === 1 ? "passive" : "active", memory, address, start, size });
    });
  }

  /** @param {Section} section */
  custom(section) {
    section.title = this.name();
    if (section.title !== "name") return;
    this.contents.names = readNames(this.bytes.subarray(this.position, section.offset + section.size));
  }

  /** Reads the section at the position; raises `Unreadable` at what it cannot read. */
  section() {
    const start = this.position;
    const id = this.byte();
    const name = SECTIONS[id];
    if (name === undefined) throw new Malformed(`there is no section with the id ${id}`, start);
    const size = this.unsigned();
    const section = { id, name, title: "", start, offset: this.position, size };
    this.contents.sections.push(section);
    const end = section.offset + size;
    if (end > this.bytes.length) {
      const there = this.bytes.length - section.offset;
      this.#tryContents(section);
      throw new Malformed(
        `the file is cut off: the ${name} section should have ${count(size, "byte")} and has ${there}`,
        section.offset,
      );
    }
    try {
      /** @type {(section: Section) => void} */ (this[/** @type {"custom"} */ (name)]).call(this, section);
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error;
      throw new Malformed(`what the ${name} section says here is not known`, this.position);
    }
    if (name !== "custom" && this.position !== end) {
      throw new Malformed(`the ${name} section says that it ends elsewhere than its contents`, this.position);
    }
    this.position = end;
  }

  /** What there is of a section that is cut off. @param {Section} section */
  #tryContents(section) {
    try {
      /** @type {(section: Section) => void} */ (this[/** @type {"custom"} */ (section.name)]).call(this, section);
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error;
    }
  }
}

class Malformed extends Unreadable {
  /** @param {string} what @param {number} offset */
  constructor(what, offset) {
    super();
    this.message = `${what} (at offset 0x${offset.toString(16)})`;
  }
}

/** @param {number} number @param {string} noun */
export const count = (number, noun) => `${number.toLocaleString("en")} ${noun}${number === 1 ? "" : "s"}`;

/**
 * What is in the bytes of a module, which begin as a module does.
 * @param {Uint8Array} bytes
 */
export function readModule(bytes) {
  const reader = new ModuleReader(bytes);
  const { contents } = reader;
  contents.size = bytes.length;
  try {
    reader.skip(PREAMBLE_SIZE);
    while (reader.position < bytes.length) reader.section();
    const [declared, defined] = [contents.functions.length - contents.importedFunctions, contents.bodies.length];
    if (declared !== defined) {
      contents.problem = `the module declares ${count(declared, "function")} and has code for ${defined}`;
    }
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    contents.problem = error.message || "the file is cut off in the head of a section";
  }
  reader.need("multi_memory", contents.memories.length > 1);
  reader.need("reference_types", contents.tables.length > 1);
  contents.features = reader.features;
  return contents;
}
