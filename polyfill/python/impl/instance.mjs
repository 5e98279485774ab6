// WebAssembly.Instance

import { isObject } from "../../common/values.mjs";
import { show } from "../webidl.mjs";

const { getOwnPropertyDescriptor, getPrototypeOf } = Object;
const NUMBERS = new Set(["i", "f", "d"]);
/** So many missing imports are listed in a message, and no more. */
const MOST_MISSING = 50;

/** Whether a plain object has no property of a name; of other objects nobody knows without running their code. */
function lacks(object, name) {
  if (!isObject(object) || ![Object.prototype, null].includes(getPrototypeOf(object))) return false;
  return getOwnPropertyDescriptor(object, name) === undefined && !(name in Object.prototype);
}

/** The members of WebAssembly.Instance, and how modules are linked. */
export function makeInstance(context) {
  const { link, api, errors, functions, types, records } = context;
  const newList = api("new_list", "", "O");
  const append = api("append", "OO", "");
  const item = api("item", "Oi", "O");
  const instantiate = api("instantiate", "OOsiO", "O");
  const instantiation = api("instantiation", "Os", "O");
  const engineFunction = api("engine_function", "Oii", "O");
  const hostFunction = api("host_function", "OiOii", "O");
  const builtinFunction = api("builtin_function", "OiOi", "O");
  const importText = api("import_text", "Oi", "s");

  /** The imports after one that are missing too, to follow a message. */
  function othersMissing(state, importObject, from) {
    const missing = [];
    state.imports.forEach(({ module, name, provided }, index) => {
      if (index <= from || provided !== null) return;
      const namespace = getOwnPropertyDescriptor(importObject, module)?.value;
      if (lacks(importObject, module) || lacks(namespace, name)) {
        missing.push(`\n  Import #${index} "${module}" "${name}": ${importText(state.ptr, index)}`);
      }
    });
    const more = missing.length - MOST_MISSING;
    if (more > 0) missing.splice(MOST_MISSING, more, `\n  and ${more} more`);
    return missing.length === 0 ? "" : `; missing too:${missing.join("")}`;
  }

  /** The functions of a module that its options provide, one for each name and instantiation. */
  function builtin(state, index, position, made) {
    const { module, name, type } = state.imports[index];
    const key = `${module}.${name}`;
    let ptr = made.get(key);
    if (ptr === undefined) {
      const call = functions.callable(context.jsString[name], types.signature(type));
      ptr = builtinFunction(state.ptr, index, call, position);
      link.decref(call);
      made.set(key, ptr);
    }
    link.incref(ptr);
    return ptr;
  }

  function functionImport(state, index, value, position, record, fail) {
    if (typeof value !== "function") {
      const suspending = context.interfaces.Suspending.state(value);
      if (suspending === undefined) throw fail("function import requires a callable");
      const signature = types.signature(state.imports[index].type);
      const weak = records.imported(record, suspending.function, signature.params.length);
      return context.promising.imported(state.ptr, index, weak, signature, position, record);
    }
    const exported = functions.state(value);
    if (exported !== undefined) {
      records.pin(exported.record);
      // The instance can give functions of its own away.
      if (exported.signature.params.some((type) => type.reference)) records.pin(record);
      link.incref(exported.ptr);
      return exported.ptr;
    }
    const signature = types.signature(state.imports[index].type);
    const weak = records.imported(record, value, signature.params.length);
    const call = functions.callable(weak, signature);
    try {
      return hostFunction(state.ptr, index, call, position, record.number);
    } finally {
      link.decref(call);
    }
  }

  function globalImport([code, mutable], value, fail) {
    const { Global } = context.implementation;
    const given = context.interfaces.Global.state(value);
    if (given !== undefined) return Global.linked(given, value);
    const type = types.valueType(code);
    if (mutable) throw fail("imported mutable global must be a WebAssembly.Global object");
    if (type.letter === "I" && typeof value !== "bigint") {
      throw fail("global import must be a BigInt or a WebAssembly.Global object");
    }
    if (type.opaque || (NUMBERS.has(type.letter) && typeof value !== "number")) {
      throw fail("global import must be a number, valid Wasm reference, or WebAssembly.Global object");
    }
    try {
      return Global.allocate(type, false, value);
    } catch (error) {
      throw error instanceof TypeError ? fail(error.message) : error;
    }
  }

  /** A new reference to what an import is linked to. */
  function linkValue(state, index, value, position, record, fail) {
    const { kind, type } = state.imports[index];
    if (kind === "function") return functionImport(state, index, value, position, record, fail);
    if (kind === "global") return globalImport(type, value, fail);
    const name = kind === "memory" ? "Memory" : kind === "table" ? "Table" : "Tag";
    const given = context.interfaces[name].state(value);
    if (given === undefined) throw fail(`${kind} import must be a WebAssembly.${name} object`);
    return context.implementation[name].linked(given, value);
  }

  /**
   * "Read the imports": `list`, ptr of a list of what they are linked to, in order, the record of the functions, and
   * `setup`, ptr of what the engine's builtins know of the instance, or of None.
   * Options that provide every import make the imports object needless; so say the official tests and browsers.
   */
  function readImports(state, importObject, what) {
    if (importObject === undefined && state.imports.some(({ provided }) => provided === null)) {
      throw new TypeError(`${what}: Imports argument must be present and must be an object`);
    }
    const list = newList();
    const record = records.create(!state.closed);
    const needed = state.imports.some(({ provided }) => provided === "engine");
    const setup = needed ? instantiation(state.ptr, what) : link.none;
    if (!needed) link.incref(setup);
    const made = new Map();
    try {
      let position = 0;
      state.imports.forEach(({ module, name, kind, type, provided }, index) => {
        const place = `${what}: Import #${index} "${module}"`;
        let value;
        const fail = (message) => {
          const given = value === undefined ? "nothing" : show(value);
          const others = value === undefined ? othersMissing(state, importObject, index) : "";
          const needed = importText(state.ptr, index);
          return new errors.LinkError(
            `${place} "${name}": ${message}: ${needed} is needed, ${given} was given${others}`,
          );
        };
        let ptr;
        if (provided === "builtin") {
          ptr = builtin(state, index, position, made);
        } else if (provided === "engine") {
          ptr = engineFunction(setup, index, position);
        } else if (provided === "string") {
          value = name;
          ptr = globalImport(type, name, fail);
        } else {
          const namespace = importObject[module];
          if (!isObject(namespace)) {
            const others = othersMissing(state, importObject, index);
            throw new TypeError(`${place}: module is not an object or function${others}`);
          }
          value = namespace[name];
          ptr = linkValue(state, index, value, position, record, fail);
        }
        if (kind === "function") position += 1;
        append(list, ptr);
        link.decref(ptr);
      });
    } catch (error) {
      link.decref(list);
      link.decref(setup);
      throw error;
    } finally {
      for (const ptr of made.values()) link.decref(ptr);
    }
    return { list, record, setup };
  }

  const adopt = {
    function: (ptr) => functions.adopt(ptr),
    memory: (ptr) => context.implementation.Memory.adopt(ptr),
    table: (ptr, record) => context.implementation.Table.adopt(ptr, record),
    global: (ptr, record) => context.implementation.Global.adopt(ptr, record),
    tag: (ptr) => context.implementation.Tag.adopt(ptr),
  };

  /** "Instantiate the core of a WebAssembly module" and "create an exports object"; takes over the list. */
  function instantiateCore(state, { list, record, setup }, what) {
    let values;
    try {
      values = records.run(record, () => instantiate(state.ptr, list, what, record.number, setup));
    } finally {
      link.decref(list);
      link.decref(setup);
    }
    const exports = { __proto__: null };
    try {
      state.exports.forEach(({ name, kind }, index) => {
        Object.defineProperty(exports, name, { value: adopt[kind](item(values, index), record), enumerable: true });
      });
    } finally {
      link.decref(values);
    }
    return { exports: Object.freeze(exports) };
  }

  return {
    readImports,
    instantiateCore,

    create(module, importObject) {
      const what = "WebAssembly.Instance()";
      const state = context.interfaces.Module.state(module);
      return instantiateCore(state, readImports(state, importObject, what), what);
    },

    get_exports: (state) => state.exports,
  };
}
