// Runs programs on a WebAssembly namespace and tells what could be observed; harness.py does the same for pyjsapi.
// Works in pages too.

const { crc32 } = await import("node:zlib").catch(() => import("./crc32.mjs"));

const MOST_LOGGED = 300;
const MOST_ELEMENTS = 1000;
const MOST_BYTES = 1 << 24;

/** Calls of WebAssembly functions that a trap passed and that are told. */
const MOST_PASSED = 12;
Error.stackTraceLimit = 60;

/** The calls in an error's stack, innermost first, as [function index, byte offset in the module]; where engines tell. */
const passed = (error) =>
  Array.from(String(error.stack).matchAll(/wasm-function\[(\d+)\]:0x([0-9a-f]+)/g), ([, index, offset]) => [
    Number(index),
    Number.parseInt(offset, 16),
  ]).slice(0, MOST_PASSED);

const bits = new DataView(new ArrayBuffer(8));

/** A value as text: integers, and floats that are integers, in decimal, other floats as their bits. */
function shown(value) {
  if (value === null || value === undefined) return "null";
  if (typeof value === "bigint") return String(value);
  if (typeof value !== "number") return "ref";
  if (Number.isNaN(value)) return "nan";
  if (Number.isSafeInteger(value) && !Object.is(value, -0)) return String(value);
  bits.setFloat64(0, value);
  return bits.getBigUint64(0).toString(16).padStart(16, "0");
}

/** The JavaScript value of a typed argument. */
function argument([type, text]) {
  if (type === "i32") return Number(text);
  if (type === "i64") return BigInt(text);
  if (type === "ref") return null;
  bits.setBigUint64(0, BigInt(`0x${text}`));
  return bits.getFloat64(0);
}

const bytesOf = (memory) => new Uint8Array(memory.buffer);

const decoded = (base64) => Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));

const hexadecimal = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

function digest(memory, detail) {
  const bytes = bytesOf(memory);
  if (bytes.length > MOST_BYTES) return [bytes.length];
  const data = memory.buffer instanceof ArrayBuffer ? bytes : bytes.slice();
  const found = [data.length, crc32(data)];
  return detail ? [...found, rows(data)] : found;
}

function rows(data) {
  const found = [];
  for (let start = 0; start < data.length && found.length < 64; start += 16) {
    const row = data.subarray(start, start + 16);
    if (row.some((byte) => byte !== 0)) found.push([start, hexadecimal(row)]);
  }
  return found;
}

function resultOf(type, hashed) {
  if (type === "i32") return hashed | 0;
  if (type === "i64") return BigInt(hashed);
  return type[0] === "f" ? hashed & 0xffff : null;
}

/** 64-bit memories and tables take their limits as BigInts. */
function withLimits(type) {
  if (type.address !== "i64") return type;
  const limits = { ...type, initial: BigInt(type.initial) };
  if (type.maximum !== undefined) limits.maximum = BigInt(type.maximum);
  return limits;
}

class Run {
  #program;
  #WebAssembly;
  #log = [];
  #exports = {};
  /** Everything that is seen from outside, by name; imports as `module.name`. */
  #named = {};
  #imported = {};

  constructor(program, WebAssembly) {
    this.#program = program;
    this.#WebAssembly = WebAssembly;
  }

  observe() {
    const { Module, Instance, CompileError, LinkError } = this.#WebAssembly;
    let module;
    try {
      module = new Module(decoded(this.#program.binary));
    } catch (error) {
      if (error instanceof CompileError) return { end: "refused", detail: error.message };
      return { end: "refused", detail: `${error.name}: ${error.message}` };
    }
    const calls = [];
    const seen = { end: "ran", calls, log: this.#log };
    try {
      this.#exports = new Instance(module, this.#imports()).exports;
    } catch (error) {
      if (error instanceof LinkError || error instanceof TypeError) {
        return { end: "unlinkable", detail: error.message };
      }
      calls.push(this.#failure(error));
      return seen;
    }
    calls.push(["returns"]);
    this.#imported = { ...this.#named };
    Object.assign(this.#named, this.#exports);
    for (const [name, values] of this.#program.calls) calls.push(this.#call(name, values));
    this.#look(seen);
    return seen;
  }

  #call(name, values) {
    if (typeof this.#exports[name] !== "function") return ["missing"];
    let result;
    try {
      result = this.#exports[name](...values.map(argument));
    } catch (error) {
      return this.#failure(error);
    }
    if (Array.isArray(result)) return ["returns", ...result.map(shown)];
    return result === undefined ? ["returns"] : ["returns", shown(result)];
  }

  #failure(error) {
    const { RuntimeError, Exception, Tag } = this.#WebAssembly;
    if (error instanceof RuntimeError) return ["traps", error.message, passed(error)];
    if (Exception !== undefined && error instanceof Exception) {
      for (const [name, tag] of Object.entries(this.#exports)) {
        if (!(tag instanceof Tag) || !error.is(tag)) continue;
        const values = [];
        for (let k = 0; ; k++) {
          try {
            values.push(shown(error.getArg(tag, k)));
          } catch {
            return ["throws", name, ...values];
          }
        }
      }
      return ["throws", "?"];
    }
    if (error instanceof RangeError) return ["exhausts", error.message];
    return ["raises", `${error?.name}: ${error?.message}`];
  }

  #look(seen) {
    const { Memory, Global, Table } = this.#WebAssembly;
    // In their order; and which of them are imports, the same objects.
    Object.assign(seen, { exports: Object.keys(this.#exports), same: {}, memories: {}, globals: {}, tables: {} });
    for (const [name, value] of Object.entries(this.#exports)) {
      for (const [other, imported] of Object.entries(this.#imported)) {
        if (value === imported) seen.same[name] = other;
      }
    }
    for (const [name, value] of Object.entries(this.#named)) {
      if (value instanceof Memory) {
        seen.memories[name] = digest(value, this.#program.detail);
      } else if (value instanceof Global) {
        try {
          seen.globals[name] = shown(value.value);
        } catch {
          seen.globals[name] = "hidden";
        }
      } else if (value instanceof Table) {
        seen.tables[name] = [Number(value.length), elements(value)];
      }
    }
  }

  // Imports

  #imports() {
    const found = {};
    const made = [];
    for (const entry of this.#program.imports) {
      const value = entry.sameAs === null ? this.#import(entry) : made[entry.sameAs];
      made.push(value);
      found[entry.module] ??= {};
      found[entry.module][entry.name] = value;
      this.#named[`${entry.module}.${entry.name}`] = value;
    }
    return found;
  }

  #import(entry) {
    const { Memory, Table, Global, Tag } = this.#WebAssembly;
    const { type } = entry;
    if (entry.kind === "function") return this.#host(entry);
    if (entry.kind === "memory") return new Memory(withLimits(type));
    if (entry.kind === "table") return new Table(withLimits(type));
    if (entry.kind === "global") {
      return new Global({ value: type.value, mutable: type.mutable }, argument(type.init));
    }
    return new Tag(type);
  }

  #host({ name, effects, type }) {
    let calls = 0;
    return (...values) => {
      calls += 1;
      // JavaScriptCore hands some f32 on unrounded.
      const rounded = values.map((value, k) => (type.parameters[k] === "f32" ? Math.fround(value) : value));
      if (this.#log.length < MOST_LOGGED) this.#log.push([name, ...rounded.map(shown)]);
      let hashed = BigInt(calls);
      type.parameters.forEach((parameter, k) => {
        if (parameter[0] === "i") hashed = BigInt.asUintN(32, hashed * 31n + BigInt(values[k]));
      });
      const now = effects.length > 0 ? effects[(calls - 1) % effects.length] : [];
      for (const effect of now) this.#effect(effect);
      const results = type.results.map((result, k) => resultOf(result, (Number(hashed) + k) % 2 ** 32));
      return results.length === 1 ? results[0] : results.length === 0 ? undefined : results;
    };
  }

  #effect([kind, name, ...rest]) {
    const target = this.#named[name];
    if (target === undefined) return;
    if (kind === "look") {
      this.#log.push([kind, ...digest(target)]);
    } else if (kind === "grow" || kind === "enlarge") {
      // What is 64-bit wants a BigInt.
      try {
        let before;
        try {
          before = target.grow(rest[0]);
        } catch (error) {
          if (!(error instanceof TypeError)) throw error;
          before = target.grow(BigInt(rest[0]));
        }
        this.#log.push([kind, Number(before)]);
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
        this.#log.push([kind, "fails"]);
      }
    } else if (kind === "write") {
      const bytes = bytesOf(target);
      if (rest[0] < bytes.length) bytes[rest[0]] = rest[1];
    } else if (kind === "set") {
      target.value = argument(rest[0]);
    } else if (kind === "put") {
      if (rest[0] < Number(target.length)) at(target, "set", rest[0], rest[1] === null ? null : this.#named[rest[1]]);
    } else if (kind === "call") {
      target(...rest.map(argument));
    } else {
      throw new this.#WebAssembly.Exception(target, rest.map(argument));
    }
  }
}

/** Calls `get` or `set` of a table with 32-bit or 64-bit indices. */
function at(table, method, index, ...values) {
  return table[method](typeof table.length === "bigint" ? BigInt(index) : index, ...values);
}

function elements(table) {
  const count = Math.min(Number(table.length), MOST_ELEMENTS);
  let found = "";
  try {
    for (let k = 0; k < count; k++) found += at(table, "get", k) === null ? "0" : "1";
  } catch {
    return "hidden";
  }
  return found;
}

/** What is observed of a program: plain JSON. */
export const runProgram = (program, WebAssembly) => new Run(program, WebAssembly).observe();

/** The lowered forms that programs bring, as the option `lower` of the polyfill's `configure`. */
export function lowererOf(programs) {
  const known = new Map(programs.map(({ binary, lowered }) => [binary, lowered]));
  return (bytes) => decoded(known.get(btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""))));
}
