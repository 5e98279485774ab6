// Value types and signatures, as pyjsapi.bridge.face.values writes them.

import { isI31 } from "./references.mjs";

/** The letters of ValueType in the bindings. */
const CODES = {
  i32: "i",
  i64: "I",
  f32: "f",
  f64: "d",
  v128: "v",
  externref: "r?extern",
  anyfunc: "F?func",
};

/** References that any value of the link's hook is good for. */
const UNCHECKED = new Set(["r?extern", "F?func", "A?any"]);

/** What numbers and objects are subtypes of. */
const ABOVE_I31 = new Set(["any", "eq", "i31"]);
const ABOVE = { struct: new Set(["any", "eq", "struct"]), array: new Set(["any", "eq", "array"]) };

/** ToWebAssemblyValue of numbers; the link layer does the same. */
const NUMBERS = {
  i: (value) => value | 0,
  I: (value) => BigInt.asIntN(64, value),
  f: (value) => Math.fround(value),
  d: (value) => +value,
};

/** Value types and function types, each made once. */
export function makeTypes(context) {
  const { api, objects } = context;
  const module = "pyjsapi.bridge.face.values";
  const funcMatches = api("func_matches", "Oi", "i", module);
  const objectMatches = api("object_matches", "Oi", "i", module);
  const types = new Map();
  const signatures = new Map();

  /** Whether a value that is not null is of the heap type. */
  function matches(value, letter, heap) {
    if (letter === "r") return heap === "extern";
    const defined = Number(heap);
    if (letter === "F") {
      const state = context.functions.state(value);
      if (state === undefined || heap === "nofunc") return false;
      return heap === "func" || funcMatches(state.ptr, defined) === 1;
    }
    if (heap === "none") return false;
    // -0 is no i31 reference, in every engine.
    if (isI31(value)) return ABOVE_I31.has(heap);
    const state = objects.state(value);
    if (state === undefined) return heap === "any";
    return Number.isNaN(defined) ? ABOVE[state.kind].has(heap) : objectMatches(state.ptr, defined) === 1;
  }

  function referenceConverter(code) {
    const letter = code[0];
    const nullable = code[1] === "?";
    const heap = code.slice(2);
    return (value) => {
      if (value === null ? nullable : matches(value, letter, heap)) return value;
      throw new TypeError(
        `WebAssembly: the value is not of the reference type (ref ${nullable ? "null " : ""}${
          Number.isNaN(Number(heap)) ? heap : "type"
        })`,
      );
    };
  }

  /**
   * A value type: its `letter` for the link layer, `opaque` if JavaScript cannot have its values, and `convert`,
   * ToWebAssemblyValue as far as the link layer does not do it; `plain` if that is nothing.
   */
  function valueType(code) {
    let type = types.get(code);
    if (type === undefined) {
      const letter = code[0];
      const opaque = letter === "v" || letter === "x";
      const plain = letter in NUMBERS || UNCHECKED.has(code);
      const convert = NUMBERS[letter] ?? (plain ? (value) => value : referenceConverter(code));
      const reference = !(letter in NUMBERS) && letter !== "v";
      type = { code, letter, opaque, reference, plain: plain && !opaque, convert };
      types.set(code, type);
    }
    return type;
  }

  const listOf = (text) => (text === "" ? [] : text.split(",").map(valueType));

  /** A function type, from text as in `i,I>F?func`. */
  function signature(text) {
    let found = signatures.get(text);
    if (found === undefined) {
      const [params, results] = text.split(">").map(listOf);
      const all = [...params, ...results];
      found = {
        params,
        results,
        letters: params.map((type) => type.letter).join(""),
        resultLetters: results.map((type) => type.letter).join(""),
        opaque: all.some((type) => type.opaque),
      };
      signatures.set(text, found);
    }
    return found;
  }

  return {
    signature,
    valueType,
    /** The type for a ValueType of the bindings. */
    named: (name) => valueType(CODES[name]),
    /** DefaultValue. */
    defaultOf: (type) =>
      type.letter === "r" ? undefined : type.letter === "I" ? 0n : type.letter in NUMBERS ? 0 : null,
  };
}
