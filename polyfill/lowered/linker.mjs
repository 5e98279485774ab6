// Puts lowered modules together: see docs/lowering.md for their form. No dependency but the engine itself.

import * as native from "../common/engine.mjs";
import { isObject } from "../common/values.mjs";

/**
 * What a lowered module carries, as pyjsapi/lowering/plan.py writes it.
 * @typedef {number | ["copy", any, any] | [number, string]} Source an import by its position, a function that copies
 *   between two sources, or an export of a helper
 * @typedef {{ size: number, module: WebAssembly.Module, sources: Source[] }} Helper
 * @typedef {{
 *   version: number,
 *   reader: { size: number, module: WebAssembly.Module },
 *   helpers: Helper[],
 *   imports: [string, string, WebAssembly.ImportExportKind, object][],
 *   exports: [string, WebAssembly.ImportExportKind, object, (Source | null)?, number?][],
 *   sources: Source[],
 *   functions: [string, number][],
 * }} Plan
 * @typedef {Record<string, any>} Imports a namespace of imports, or of exports: of any values
 */

/** The custom section that has the plan. */
export const SECTION = "pyjsapi.lowered";
const VERSION = 1; // as in pyjsapi/lowering/plan.py

/**
 * What is known about modules: their plan with compiled helpers, or null for a module that is not lowered.
 * @type {WeakMap<WebAssembly.Module, Plan | null>}
 */
const plans = new WeakMap();

/**
 * Reads an unsigned LEB128 number: [value, position after it].
 * @param {Uint8Array} bytes
 * @param {number} position
 * @returns {[number, number]}
 */
function unsigned(bytes, position) {
  let value = 0;
  for (let factor = 1; ; factor *= 128) {
    const byte = bytes[position++];
    value += (byte & 0x7f) * factor;
    if (byte < 0x80) return [value, position];
  }
}

/**
 * @param {ArrayBuffer} section
 * @returns {Plan}
 */
function read(section) {
  const bytes = new Uint8Array(section);
  const [size, start] = unsigned(bytes, 0);
  let position = start + size;
  const plan = JSON.parse(new TextDecoder().decode(bytes.subarray(start, position)));
  if (plan.version !== VERSION) {
    throw new native.CompileError(
      `the module was lowered for a linker of version ${plan.version}, and this one has version ${VERSION}: lower it `
        + "again, or take the linker that belongs to what lowered it",
    );
  }
  for (const part of [plan.reader, ...plan.helpers]) {
    part.module = new native.Module(bytes.subarray(position, position + part.size));
    position += part.size;
  }
  return plan;
}

/**
 * The plan that a lowered module carries, null for any other module.
 * @param {WebAssembly.Module} module
 * @returns {Plan | null}
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
  return /** @type {Plan} */ (planOf(module)).imports.map(([from, name, kind]) => ({ module: from, name, kind }));
}

/**
 * What `WebAssembly.Module.exports` answers for the original module.
 * @param {WebAssembly.Module} module one that has a plan
 */
export function moduleExports(module) {
  return /** @type {Plan} */ (planOf(module)).exports.map(([name, kind]) => ({ name, kind }));
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

const bufferOf = native.attribute(native.Memory.prototype, "buffer").get;

/** @param {unknown} value */
function isMemory(value) {
  try {
    bufferOf.call(value);
    return true;
  } catch {
    return false;
  }
}

/** A global that no import of lowered modules accepts. */
const poison = () => new native.namespace.Global({ value: "f32" }, 0);

// (module (import "" "" (memory 1)) (import "" "" (func)))
const TWO_IMPORTS = [0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 2, 10, 2, 0, 0, 2, 0, 1, 0, 0, 0, 0];

/**
 * How many imports the engine reads before it refuses a value for the first one.
 * @param {object} value
 */
function readsBeforeRefusing(value) {
  let count = 0;
  const names = {
    get ""() {
      return count++ ? isMemory : value;
    },
  };
  try {
    new native.Instance(new native.Module(Uint8Array.from(TWO_IMPORTS)), /** @type {Imports} */ ({ "": names }));
  } catch {
    // As it should.
  }
  return count;
}

/** @type {{ kinds: boolean, types: boolean }} */
let order;

/** Whether the engine checks the kinds, and the types, of memories while it reads imports, or afterwards. */
function checkingOrder() {
  order ??= {
    kinds: readsBeforeRefusing({}) < 2,
    types: readsBeforeRefusing(new native.Memory({ initial: 0 })) < 2,
  };
  return order;
}

/**
 * Runs a step of the instantiation; errors about imports get the text that they would have for the original.
 * @template T
 * @param {() => T} step
 * @param {string} context
 * @param {any} [position] of the import that the step is about: a number, if it is one
 */
function attempt(step, context, position) {
  try {
    return step();
  } catch (error) {
    if (error instanceof native.namespace.LinkError || error instanceof TypeError) {
      let message = error.message.replace("WebAssembly.Instance()", context).replace(/ \(evaluating '.*'\)$/s, "");
      if (position !== undefined) message = message.replace("Import #0 ", `Import #${position} `);
      if (message !== error.message) error.message = message;
    }
    throw error;
  }
}

/**
 * The values that a module imports, read and checked by the engine: it instantiates a module that has all the
 * imports, with numbers in place of the memories that helpers import. Errors come in the order that the engine has.
 * @param {Plan} plan
 * @param {any} importObject
 * @param {string} context
 */
function readImports(plan, importObject, context) {
  /** @type {any[]} */
  const values = [];
  /** @type {Map<any, Helper>} */
  const helperAt = new Map(plan.helpers.map((helper) => [helper.sources[0], helper]));
  const check = (/** @type {number} */ position, /** @type {unknown} */ value) => {
    const { module } = /** @type {Helper} */ (helperAt.get(position));
    attempt(() => new native.Instance(module, supply([value])), context, position);
  };
  const modules = !isObject(importObject)
    ? importObject
    : new Proxy(
        {},
        {
          get(_, /** @type {string} */ from) {
            /** @type {any} */
            const module = importObject[from];
            return !isObject(module)
              ? module
              : new Proxy(
                  {},
                  {
                    get(_, /** @type {string} */ name) {
                      const value = module[name];
                      const position = values.push(value) - 1;
                      if (!helperAt.has(position)) return value;
                      const { kinds, types } = checkingOrder();
                      if (types || (kinds && !isMemory(value))) check(position, value);
                      return 0;
                    },
                  },
                );
          },
        },
      );
  const read = (/** @type {Imports} */ imports) =>
    attempt(() => new native.Instance(plan.reader.module, imports), context);
  try {
    read(modules);
  } catch (error) {
    if (values.length < plan.imports.length) throw error;
    // Something does not match. Would a memory have been found wanting before?
    const positions = [...helperAt.keys()].filter(Number.isInteger).sort((a, b) => a - b);
    for (const position of positions) {
      try {
        check(position, values[position]);
      } catch (earlier) {
        throw isBefore(error, position) ? error : earlier;
      }
    }
    throw error;
  }

  /**
   * Whether what the reader was refused for comes before the memory at a position.
   * @param {Error} error
   * @param {number} position
   */
  function isBefore(error, position) {
    if (!checkingOrder().kinds) {
      // V8 looks at all memories first, and says the position.
      const near = plan.imports.findIndex(([, , kind], p) => kind === "memory" && !helperAt.has(p));
      return near >= 0 && near < position && error.message.includes(`Import #${near} `);
    }
    const numbers = values.map((value, p) => (p === position ? poison() : helperAt.has(p) ? 0 : value));
    try {
      read(supply(numbers));
    } catch (second) {
      return second.message === error.message;
    }
    return false;
  }
  return values;
}

/**
 * Gives an instantiation its imports by their position, whatever their names are.
 * @param {unknown[]} values
 */
function supply(values) {
  let position = 0;
  const names = new Proxy({}, { get: () => values[position++] });
  return new Proxy({}, { get: () => names });
}

/** @param {number | bigint} value */
const toNumber = (value) => (typeof value === "bigint" ? Number(BigInt.asUintN(64, value)) : value >>> 0);

/**
 * A function that copies bytes between two memories, which may be the same; both ranges are within their bounds.
 * @param {WebAssembly.Memory} destination
 * @param {WebAssembly.Memory} source
 * @returns {(start: number | bigint, origin: number | bigint, count: number | bigint) => void}
 */
function copier(destination, source) {
  let to = new Uint8Array(0);
  let from = to;
  return (start, origin, count) => {
    const at = toNumber(start);
    const begin = toNumber(origin);
    const length = toNumber(count);
    if (length === 0) return; // of a buffer that is detached there are not even views of nothing
    // A memory that grew has another buffer; the views of the old one have no bytes, or too few.
    if (at + length > to.length) to = new Uint8Array(bufferOf.call(destination));
    if (begin + length > from.length) from = new Uint8Array(bufferOf.call(source));
    to.set(from.subarray(begin, begin + length), at);
  };
}

/** @type {(instance: WebAssembly.Instance) => Imports} */
const exportsOf = (instance) => Reflect.apply(native.exportsAttribute.get, instance, []);

/**
 * @param {Function} exported
 * @param {number} index
 */
function setName(exported, index) {
  const name = `${index}`;
  if (exported.name !== name) Object.defineProperty(exported, "name", { value: name });
}

/**
 * Instantiates a lowered module as `new WebAssembly.Instance` would the original.
 * @param {WebAssembly.Module} module one that has a plan
 * @param {unknown} [importObject]
 * @param {string} [context] what error messages begin with
 * @returns {{instance: WebAssembly.Instance, exports: object}} the engine's instance of the main module, and the
 *   exports of the original one
 */
export function instantiate(module, importObject = undefined, context = "WebAssembly.Instance()") {
  const plan = /** @type {Plan} */ (planOf(module));
  const imported = readImports(plan, importObject, context);
  /** @type {Imports[]} */
  const helpers = [];
  /** @type {(source: any) => any} a `Source`, and what it stands for */
  const find = (source) => {
    if (typeof source === "number") return imported[source];
    if (source[0] === "copy") return copier(find(source[1]), find(source[2]));
    return helpers[source[0]][source[1]];
  };

  for (const helper of plan.helpers) {
    const make = () => new native.Instance(helper.module, supply(helper.sources.map(find)));
    helpers.push(exportsOf(attempt(make, context, helper.sources[0])));
  }
  const instance = new native.Instance(module, supply(plan.sources.map(find)));

  const inner = exportsOf(instance);
  const exports = Object.create(null);
  for (const [name, , , source, index] of plan.exports) {
    const value = source ? find(source) : inner[name];
    if (index !== undefined) setName(value, index);
    exports[name] = value;
  }
  for (const [name, index] of plan.functions) setName(inner[name], index);
  return { instance, exports: Object.freeze(exports) };
}
