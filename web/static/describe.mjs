// Describes what a JavaScript case observed as plain JSON that two engines can be compared by.
//
// Numbers keep NaN and -0, BigInts, undefined and symbols are told apart, errors and interface objects are named with
// the namespace their prototype belongs to, and an object that appears again is written as the path where it was first.

/** What an expression threw, in place of its value; `Tools.attempt` makes it. */
export class Thrown {
  constructor(error) {
    this.error = error;
  }
}

/** A description written by hand, for `expect`; `patterns.mjs` makes them. */
export class Pattern {
  constructor(description, isThrown = false) {
    this.description = description;
    this.isThrown = isThrown;
  }
}

const ERRORS = [
  "Error",
  "TypeError",
  "RangeError",
  "SyntaxError",
  "ReferenceError",
  "EvalError",
  "URIError",
  "AggregateError",
  "InternalError",
];
const INTERFACES = [
  "Module",
  "Instance",
  "Memory",
  "Table",
  "Global",
  "Tag",
  "Exception",
  "CompileError",
  "LinkError",
  "RuntimeError",
];
const WELL_KNOWN = new Map(
  Object.getOwnPropertyNames(Symbol)
    .filter((name) => typeof Symbol[name] === "symbol")
    .map((name) => [Symbol[name], `Symbol.${name}`]),
);
const SHOWN_ELEMENTS = 64;
const TypedArray = Object.getPrototypeOf(Uint8Array);

function isConstructor(value) {
  try {
    Reflect.construct(Object, [], value);
    return true;
  } catch {
    return false;
  }
}

function isDetached(buffer) {
  if ("detached" in buffer) return buffer.detached;
  try {
    new Uint8Array(buffer);
    return false;
  } catch {
    return true;
  }
}

/** JSON with lone surrogates does not survive every way out of a page. */
const LONE_SURROGATE = /\p{Surrogate}/u;

function escapeSurrogates(text) {
  return text.replace(/\p{Surrogate}/gu, (unit) => `\\u${unit.charCodeAt(0).toString(16)}`);
}

/** `Object.is`-faithful form of a primitive that is not a symbol. */
function describePrimitive(value) {
  if (value === undefined) return { undefined: true };
  if (typeof value === "bigint") return { bigint: String(value) };
  if (typeof value === "string" && LONE_SURROGATE.test(value)) return { utf16: escapeSurrogates(value) };
  if (typeof value === "number" && (!Number.isFinite(value) || Object.is(value, -0))) {
    return { number: Object.is(value, -0) ? "-0" : String(value) };
  }
  return value;
}

/** One description of one run: it remembers where every object was first seen. */
export class Description {
  /** `identity: false` describes an object that appears again as if it were another one: for `expect`. */
  constructor(WebAssembly, { identity = true } = {}) {
    this.identity = identity;
    this.seen = new Map();
    this.classes = new Map();
    for (const name of ERRORS) if (name in globalThis) this.classes.set(globalThis[name].prototype, name);
    for (const name of INTERFACES) {
      if (WebAssembly && name in WebAssembly) this.classes.set(WebAssembly[name].prototype, `WebAssembly.${name}`);
    }
  }

  /** The JSON form of `value`; `path` names the place for objects that appear again. */
  describe(value, path) {
    if (value instanceof Pattern) return value.description;
    if (value instanceof Thrown) return { throws: this.describe(value.error, path) };
    if (WELL_KNOWN.has(value)) return { symbol: WELL_KNOWN.get(value) };
    if (value === null || !["object", "function", "symbol"].includes(typeof value)) return describePrimitive(value);
    if (this.identity && this.seen.has(value)) return { same: this.seen.get(value) };
    this.seen.set(value, path);
    if (typeof value === "symbol") return { symbol: value.description ?? null };
    return typeof value === "function" ? this.#function(value) : this.#object(value, path);
  }

  /** The entry of a transcript for one observation: `{value}`, or `{error, message}` when it threw. */
  entry(value, path) {
    if (value instanceof Pattern && value.isThrown) return { ...value.description };
    if (!(value instanceof Thrown)) return { value: this.describe(value, path) };
    const { error } = value;
    const description = this.describe(error, path);
    if (!(error instanceof Error)) return { error: description?.object ?? "thrown", thrown: description };
    const name = description.error ?? this.#className(error);
    return {
      error: name,
      ...("same" in description ? { same: description.same } : {}),
      message: String(error.message),
    };
  }

  #className(value) {
    const prototype = Object.getPrototypeOf(value);
    if (this.classes.has(prototype)) return this.classes.get(prototype);
    const tag = Object.prototype.toString.call(value).slice(8, -1);
    if (tag.startsWith("WebAssembly.")) return `foreign ${tag}`;
    const name = prototype?.constructor?.name || tag;
    return ERRORS.includes(name) || INTERFACES.includes(name) ? `foreign ${name}` : name;
  }

  #function(value) {
    return { function: value.name, length: value.length, constructor: isConstructor(value) };
  }

  #object(value, path) {
    if (Array.isArray(value)) return value.map((item, k) => this.describe(item, `${path}[${k}]`));
    const prototype = Object.getPrototypeOf(value);
    if (prototype === Object.prototype || prototype === null) return this.#fields(value, prototype, path);
    const name = this.#className(value);
    if (value instanceof Error && name !== "WebAssembly.Exception") return { error: name };
    if (value instanceof ArrayBuffer) return this.#buffer(value);
    if (typeof SharedArrayBuffer === "function" && value instanceof SharedArrayBuffer) return this.#sharedBuffer(value);
    if (ArrayBuffer.isView(value)) return this.#view(value, name, path);
    return { object: name };
  }

  #fields(value, prototype, path) {
    const keys = Reflect.ownKeys(value).filter((key) => Object.prototype.propertyIsEnumerable.call(value, key));
    const fields = keys.map((key) => {
      const shown = typeof key === "symbol" ? `[${WELL_KNOWN.get(key) ?? key.description}]` : key;
      return [shown, this.describe(value[key], `${path}.${shown}`)];
    });
    return prototype === null ? { fields, prototype: null, frozen: Object.isFrozen(value) } : { fields };
  }

  #buffer(value) {
    const result = {
      object: "ArrayBuffer",
      byteLength: value.byteLength,
      detached: isDetached(value),
      resizable: Boolean(value.resizable),
    };
    return value.resizable ? { ...result, maxByteLength: value.maxByteLength } : result;
  }

  #sharedBuffer(value) {
    const result = { object: "SharedArrayBuffer", byteLength: value.byteLength, growable: Boolean(value.growable) };
    return value.growable ? { ...result, maxByteLength: value.maxByteLength } : result;
  }

  #view(value, name, path) {
    const result = { object: name, byteOffset: isDetached(value.buffer) ? 0 : value.byteOffset };
    if (value instanceof TypedArray) {
      result.length = value.length;
      if (value.length <= SHOWN_ELEMENTS) result.elements = Array.from(value, describePrimitive);
    }
    result.buffer = this.describe(value.buffer, `${path}.buffer`);
    return result;
  }
}
