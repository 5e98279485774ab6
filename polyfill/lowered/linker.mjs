// Puts lowered modules together: see docs/lowering.md for their form. No dependency but the engine itself.

import * as native from "./native.mjs";

const SECTION = "pyjsapi.lowered";

/** What is known about modules: their plan with compiled helpers, or null for a module that is not lowered. */
const plans = new WeakMap();

/** Reads an unsigned LEB128 number: [value, position after it]. */
function unsigned(bytes, position) {
  let value = 0;
  for (let factor = 1; ; factor *= 128) {
    const byte = bytes[position++];
    value += (byte & 0x7f) * factor;
    if (byte < 0x80) return [value, position];
  }
}

function read(section) {
  const bytes = new Uint8Array(section);
  const [size, start] = unsigned(bytes, 0);
  let position = start + size;
  const plan = JSON.parse(new TextDecoder().decode(bytes.subarray(start, position)));
  for (const helper of plan.helpers) {
    helper.module = new native.Module(bytes.subarray(position, position += helper.size));
  }
  return plan;
}

/**
 * The plan that a lowered module carries, null for any other module.
 * @param {WebAssembly.Module} module
 */
export function planOf(module) {
  let plan = plans.get(module);
  if (plan === undefined) {
    const [section] = native.customSections(module, SECTION);
    plan = section === undefined ? null : read(section);
    plans.set(module, plan);
  }
  return plan;
}

/**
 * What `WebAssembly.Module.imports` answers for the original module.
 * @param {WebAssembly.Module} module one that has a plan
 */
export function moduleImports(module) {
  return planOf(module).imports.map(([from, name, kind]) => ({ module: from, name, kind }));
}

/**
 * What `WebAssembly.Module.exports` answers for the original module.
 * @param {WebAssembly.Module} module one that has a plan
 */
export function moduleExports(module) {
  return planOf(module).exports.map(([name, kind]) => ({ name, kind }));
}

/**
 * What `WebAssembly.Module.customSections` answers for the original module.
 * @param {WebAssembly.Module} module one that has a plan
 * @param {unknown} name
 */
export function moduleCustomSections(module, name) {
  const wanted = `${name}`;
  return wanted === SECTION ? [] : native.customSections(module, wanted);
}

const isObject = (value) => (typeof value === "object" && value !== null) || typeof value === "function";

function readImports(plan, importObject, context) {
  if (plan.imports.length && !isObject(importObject)) {
    throw new TypeError(`${context}: Imports argument must be present and must be an object`);
  }
  return plan.imports.map(([from, name], position) => {
    const module = importObject[from];
    if (!isObject(module)) {
      throw new TypeError(`${context}: Import #${position} "${from}": module is not an object or function`);
    }
    return module[name];
  });
}

/** Gives an instantiation its imports by their position, whatever their names are. */
function supply(values) {
  let position = 0;
  const names = new Proxy({}, { get: () => values[position++] });
  return new Proxy({}, { get: () => names });
}

/** A function that copies bytes between two memories, which may be the same; both ranges are within their bounds. */
function copier(destination, source) {
  const none = new Uint8Array(0);
  let to = none;
  let from = none;
  return (start, origin, count) => {
    const at = typeof start === "bigint" ? Number(BigInt.asUintN(64, start)) : start >>> 0;
    const begin = typeof origin === "bigint" ? Number(BigInt.asUintN(64, origin)) : origin >>> 0;
    const length = Number(count) >>> 0 === Number(count) ? Number(count) : Number(count) + 2 ** 32;
    // A memory that grew has another buffer; the views of the old one have no bytes, or too few.
    if (at + length > to.length) to = new Uint8Array(destination().buffer);
    if (begin + length > from.length) from = new Uint8Array(source().buffer);
    to.set(from.subarray(begin, begin + length), at);
  };
}

function setName(exported, index) {
  const name = `${index}`;
  if (exported.name !== name) Object.defineProperty(exported, "name", { value: name });
}

/**
 * Instantiates a lowered module as `new WebAssembly.Instance` would the original.
 * @param {WebAssembly.Module} module one that has a plan
 * @param {unknown} importObject
 * @param {string} [context] what error messages begin with
 * @returns {{instance: WebAssembly.Instance, exports: object}} the engine's instance of the main module, and the
 *   exports of the original one
 */
export function instantiate(module, importObject, context = "WebAssembly.Instance()") {
  const plan = planOf(module);
  const imported = readImports(plan, importObject, context);
  const helpers = [];
  let instance;

  const memory = (source) => () => typeof source === "string" ? instance.exports[source] : find(source);
  const find = (source) => {
    if (typeof source === "number") return imported[source];
    if (source[0] === "copy") return copier(memory(source[1]), memory(source[2]));
    return helpers[source[0]][source[1]];
  };

  for (const helper of plan.helpers) {
    helpers.push(new native.Instance(helper.module, supply(helper.sources.map(find))).exports);
  }
  instance = new native.Instance(module, supply(plan.sources.map(find)));

  const inner = instance.exports;
  const exports = Object.create(null);
  for (const [name, , , source, index] of plan.exports) {
    const value = source ? find(source) : inner[name];
    if (index !== undefined) setName(value, index);
    exports[name] = value;
  }
  for (const [name, index] of plan.functions) setName(inner[name], index);
  return { instance, exports: Object.freeze(exports) };
}
