// Types as the binary format has them, spelt as pyjsapi's messages spell them.

import { HAS_64_BITS, HAS_PAGE_SIZE, Unreadable } from "../../polyfill/lowered/sections.mjs";
import { Stepper } from "../../polyfill/lowered/stepper.mjs";

const HAS_MAXIMUM = 0x01;
const SHARED = 0x02;
const FUNCREF = 0x70;
const REF = 0x64;
const REF_NULL = 0x63;
const EXACT = 0x62;
/** Clauses before a composite type, in their order. @type {[number, string][]} */
const CLAUSES = [
  [0x4c, "describes"],
  [0x4d, "descriptor"],
];
const PAGE_SIZE_LOG2 = 16;
/** @type {Record<number, string>} */
const HEAPS = {
  117: "nocont",
  116: "noexn",
  115: "nofunc",
  114: "noextern",
  113: "none",
  112: "func",
  111: "extern",
  110: "any",
  109: "eq",
  108: "i31",
  107: "struct",
  106: "array",
  105: "exn",
  104: "cont",
};
/** @type {Record<string, string>} */
const SHORT = {
  none: "nullref",
  nofunc: "nullfuncref",
  noextern: "nullexternref",
  noexn: "nullexnref",
  nocont: "nullcontref",
};
/** @type {Record<number, string>} */
const PLAIN = { 127: "i32", 126: "i64", 125: "f32", 124: "f64", 123: "v128", 120: "i8", 119: "i16" };
export const KINDS = ["func", "table", "memory", "global", "tag"];

/**
 * @typedef {{ address: "i32" | "i64", minimum: bigint, maximum: bigint | null, shared: boolean, pageSizeLog2: number }} Limits
 * @typedef {{ kind: "func" | "struct" | "array" | "cont", text: string, params: string[], results: string[] }} Type
 */

/** Reads types, and notes the features that they need. */
export class TypeReader extends Stepper {
  /** @type {Set<string>} */
  features = new Set();

  /** @param {string} feature @param {boolean} [condition] */
  need(feature, condition = true) {
    if (condition) this.features.add(feature);
  }

  /** A signed LEB128 number of 33 bits. */
  signed33() {
    let value = 0;
    let factor = 1;
    for (let count = 0; count < 5; count++) {
      const byte = this.byte();
      value += (byte & 0x7f) * factor;
      factor *= 128;
      if (byte < 0x80) return byte & 0x40 ? value - factor : value;
    }
    throw new Unreadable();
  }

  /** An unsigned LEB128 number of 64 bits. */
  unsigned64() {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.byte();
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    throw new Unreadable();
  }

  /** @returns {string} a name of the heap type, or its index */
  heap() {
    const byte = this.bytes[this.position];
    if (byte === EXACT) {
      this.position += 1;
      this.need("custom_descriptors");
      return `(exact ${this.unsigned()})`;
    }
    if (!(byte in HEAPS)) {
      const index = this.signed33();
      if (index < 0) throw new Unreadable();
      this.need("function_references");
      return String(index);
    }
    this.position += 1;
    const name = HEAPS[byte];
    if (name === "exn" || name === "noexn") this.need("exceptions");
    else if (name === "cont" || name === "nocont") this.need("stack_switching");
    else if (name !== "func" && name !== "extern") this.need("gc");
    return name;
  }

  value() {
    const byte = this.byte();
    if (byte === REF || byte === REF_NULL) {
      this.need("reference_types");
      this.need("function_references", byte === REF);
      const heap = this.heap();
      if (byte === REF) return `(ref ${heap})`;
      return SHORT[heap] ?? (/^[\d(]/.test(heap) ? `(ref null ${heap})` : `${heap}ref`);
    }
    if (byte in HEAPS) {
      this.position -= 1;
      this.need("reference_types");
      const heap = this.heap();
      return SHORT[heap] ?? `${heap}ref`;
    }
    if (!(byte in PLAIN)) throw new Unreadable();
    this.need("simd", byte === 123);
    return PLAIN[byte];
  }

  skipValueType() {
    this.value();
  }

  name() {
    const size = this.unsigned();
    const start = this.position;
    this.skip(size);
    return DECODER.decode(this.bytes.subarray(start, this.position));
  }

  /** @returns {Limits} */
  limits() {
    const flags = this.byte();
    const minimum = this.unsigned64();
    const maximum = flags & HAS_MAXIMUM ? this.unsigned64() : null;
    const pageSizeLog2 = flags & HAS_PAGE_SIZE ? this.unsigned() : PAGE_SIZE_LOG2;
    this.need("memory64", Boolean(flags & HAS_64_BITS));
    this.need("threads", Boolean(flags & SHARED));
    this.need("custom_page_sizes", Boolean(flags & HAS_PAGE_SIZE));
    return {
      address: flags & HAS_64_BITS ? "i64" : "i32",
      minimum,
      maximum,
      shared: Boolean(flags & SHARED),
      pageSizeLog2,
    };
  }

  #elementType() {
    if (this.bytes[this.position] !== FUNCREF) return this.value();
    this.position += 1;
    return "funcref";
  }

  /** A table's type, without what it is filled with. */
  tableType() {
    const element = this.#elementType();
    const limits = this.limits();
    return { element, ...limits, text: `(${["table", ...words(limits), element].join(" ")})` };
  }

  memoryType() {
    const limits = this.limits();
    const size = limits.pageSizeLog2 === PAGE_SIZE_LOG2 ? [] : [`(pagesize ${2 ** limits.pageSizeLog2})`];
    const shared = limits.shared ? ["shared"] : [];
    return { ...limits, text: `(${["memory", ...words(limits), ...shared, ...size].join(" ")})` };
  }

  globalType() {
    const value = this.value();
    const mutable = this.byte() === 1;
    return { value, mutable, text: mutable ? `(global (mut ${value}))` : `(global ${value})` };
  }

  /** @returns {string[]} */
  values() {
    const found = [];
    for (let left = this.unsigned(); left > 0; left--) found.push(this.value());
    return found;
  }

  field() {
    const type = this.value();
    return this.byte() === 1 ? `(mut ${type})` : type;
  }

  /** @returns {Type} */
  composite() {
    const form = this.byte();
    if (form === 0x60) {
      const params = this.values();
      const results = this.values();
      this.need("multi_value", results.length > 1);
      return { kind: "func", text: `[${params.join(" ")}] -> [${results.join(" ")}]`, params, results };
    }
    if (form === 0x5d) {
      this.need("stack_switching");
      return { kind: "cont", text: `(cont ${this.heap()})`, params: [], results: [] };
    }
    this.need("gc");
    if (form === 0x5f) {
      const fields = [];
      for (let left = this.unsigned(); left > 0; left--) fields.push(`(field ${this.field()})`);
      return { kind: "struct", text: `(${["struct", ...fields].join(" ")})`, params: [], results: [] };
    }
    if (form !== 0x5e) throw new Unreadable();
    return { kind: "array", text: `(array ${this.field()})`, params: [], results: [] };
  }

  /** A composite type after the clauses by which it describes another or has a descriptor. */
  described() {
    const clauses = [];
    for (const [code, word] of CLAUSES) {
      if (this.bytes[this.position] !== code) continue;
      this.position += 1;
      this.need("custom_descriptors");
      clauses.push(`(${word} ${this.unsigned()}) `);
    }
    const type = this.composite();
    return { ...type, text: `${clauses.join("")}${type.text}` };
  }

  /** @returns {Type} */
  subtype() {
    const form = this.bytes[this.position];
    if (form !== 0x50 && form !== 0x4f) return this.described();
    this.position += 1;
    const supers = [];
    for (let left = this.unsigned(); left > 0; left--) supers.push(this.unsigned());
    this.need("function_references", form === 0x50 || supers.length > 0);
    const type = this.described();
    const head = ["sub", ...(form === 0x4f ? ["final"] : []), ...supers].join(" ");
    return { ...type, text: `(${head} ${type.text})` };
  }

  /** The types of a recursion group, or one that stands alone. */
  recursionGroup() {
    if (this.bytes[this.position] !== 0x4e) return [this.subtype()];
    this.position += 1;
    const types = [];
    const count = this.unsigned();
    this.need("function_references", count !== 1);
    for (let left = count; left > 0; left--) types.push(this.subtype());
    return types;
  }
}

const DECODER = new TextDecoder();

/** @param {Limits} limits */
function words({ address, minimum, maximum }) {
  return [...(address === "i64" ? ["i64"] : []), String(minimum), ...(maximum === null ? [] : [String(maximum)])];
}
