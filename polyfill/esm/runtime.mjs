// What modules of JavaScript that stand for modules of WebAssembly call when they are evaluated.

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { implementation } from "../lowered/namespace.mjs";
import { isModule, isReserved, isReservedName } from "./text.mjs";

/** @type {any} */
let namespace = implementation;
/** @type {Map<string, WebAssembly.Module>} */
const sources = new Map();
/** @type {Map<string, WebAssembly.Instance>} */
const instances = new Map();
/** @type {WeakMap<object, WebAssembly.Instance>} */
const namespaces = new WeakMap();

/**
 * Sets the namespace whose Module and Instance are used.
 * @param {any} WebAssembly
 */
export function use(WebAssembly) {
  namespace = WebAssembly;
}

/**
 * The address without what tells the phase.
 * @param {string} url
 */
const plain = (url) => url.replace(/[?#].*$/s, "");

/**
 * The module at an address, always the same one.
 * @param {string} url
 * @returns {WebAssembly.Module}
 */
export function sourceOf(url) {
  const address = plain(url);
  const known = sources.get(address);
  if (known !== undefined) return known;
  const module = compiled(address);
  checkNames(module, address);
  sources.set(address, module);
  return module;
}

/**
 * @param {string} address
 * @returns {WebAssembly.Module}
 */
function compiled(address) {
  try {
    return new namespace.Module(readFileSync(fileURLToPath(address)), { builtins: ["js-string"] });
  } catch (/** @type {any} */ error) {
    if (error instanceof namespace.CompileError) error.message = `${address}: ${error.message}`;
    throw error;
  }
}

/**
 * @param {WebAssembly.Module} module
 * @param {string} address
 */
function checkNames(module, address) {
  const rule = 'names that begin with "wasm:" or "wasm-js:" are reserved';
  for (const one of namespace.Module.imports(module)) {
    // Builtins that the engine knows are no imports any more.
    if (isReserved(one.module, one.name) || one.module.startsWith("wasm:")) {
      throw new namespace.LinkError(
        `${address}: Import "${one.module}" "${one.name}": ${rule}, and no builtin is called so`,
      );
    }
  }
  for (const { name } of namespace.Module.exports(module)) {
    if (isReservedName(name)) throw new namespace.LinkError(`${address}: Export "${name}": ${rule}`);
  }
}

/**
 * Instantiates the module at an address; the values of its exports, in their order.
 * @param {string} url
 * @param {object} own the namespace of the module of JavaScript
 * @param {[module: string, url: string, name: string, get: () => unknown][]} imports
 */
export function instantiate(url, own, imports) {
  const address = plain(url);
  const module = sourceOf(address);
  /** @type {Record<string, Record<string, unknown>>} */
  const object = Object.create(null);
  for (const [from, resolved, name, get] of imports) {
    object[from] ??= Object.create(null);
    object[from][name] = imported(address, from, plain(resolved), name, get);
  }
  const instance = instanceFor(module, object, address);
  instances.set(address, instance);
  namespaces.set(own, instance);
  const exports = /** @type {{ name: string }[]} */ (namespace.Module.exports(module));
  return exports.map(({ name }) => unwrapped(instance.exports[name]));
}

/**
 * @param {string} address
 * @param {string} from
 * @param {string} resolved
 * @param {string} name
 * @param {() => unknown} get
 */
function imported(address, from, resolved, name, get) {
  const instance = instances.get(resolved);
  if (instance !== undefined) return instance.exports[name];
  if (isModule(resolved)) {
    throw new namespace.LinkError(
      `${address}: Import "${from}" "${name}": ${resolved} is not instantiated yet (there is a circle of imports)`,
    );
  }
  return get();
}

/**
 * @param {WebAssembly.Module} module
 * @param {object} object
 * @param {string} address
 */
function instanceFor(module, object, address) {
  try {
    return new namespace.Instance(module, object);
  } catch (/** @type {any} */ error) {
    if (error instanceof namespace.LinkError) error.message = `${address}: ${error.message}`;
    throw error;
  }
}

/**
 * An export as modules of JavaScript see it: the value of a global, undefined where JavaScript has none for it.
 * @param {any} value
 */
function unwrapped(value) {
  if (!(value instanceof namespace.Global)) return value;
  try {
    return value.value;
  } catch {
    return undefined; // v128, or a reference to an exception
  }
}

/**
 * The instance behind the namespace of a module that was imported, as `WebAssembly.namespaceInstance` of the proposal.
 * @param {object} of
 */
export function namespaceInstance(of) {
  const instance = namespaces.get(of);
  if (instance === undefined) throw new TypeError("this is no namespace of an instantiated module of WebAssembly");
  return instance;
}

/** What `import.source(…)` becomes. */
Object.defineProperty(globalThis, Symbol.for("@pyjsapi/polyfill.source"), {
  value: async (/** @type {ImportMeta} */ meta, /** @type {string} */ specifier) =>
    sourceOf(meta.resolve(String(specifier))),
  configurable: true,
});
