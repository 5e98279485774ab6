// The engine's own WebAssembly as it was when this module was loaded: what replaces it leaves this reachable.

export const namespace = globalThis.WebAssembly;

const { Module, Instance, Memory, CompileError } = namespace;

/**
 * They take options of compilation at the end, which TypeScript does not know.
 * @type {{
 *   validate: (bytes: BufferSource, ...options: any[]) => boolean,
 *   compile: (bytes: BufferSource, ...options: any[]) => Promise<WebAssembly.Module>,
 *   instantiate: (source: BufferSource | WebAssembly.Module, imports: unknown, ...options: any[]) => Promise<any>,
 *   compileStreaming: (source: Response | PromiseLike<Response>, ...options: any[]) => Promise<WebAssembly.Module>,
 *   instantiateStreaming: (source: Response | PromiseLike<Response>, ...rest: any[]) => Promise<any>,
 * }}
 */
const { validate, compile, instantiate, compileStreaming, instantiateStreaming } = /** @type {any} */ (namespace);

export {
  CompileError,
  compile,
  compileStreaming,
  Instance,
  instantiate,
  instantiateStreaming,
  Memory,
  Module,
  validate,
};

export const moduleExports = Module.exports;
export const moduleImports = Module.imports;
export const customSections = Module.customSections;

/**
 * The descriptor of an attribute of the engine's own.
 * @param {object} prototype
 * @param {PropertyKey} name
 */
export function attribute(prototype, name) {
  return /** @type {{ get: () => any } & PropertyDescriptor} */ (Object.getOwnPropertyDescriptor(prototype, name));
}

export const exportsAttribute = attribute(Instance.prototype, "exports");

/**
 * Whether a value is a compiled module, of any realm.
 * @param {unknown} value
 * @returns {value is WebAssembly.Module}
 */
export function isModule(value) {
  try {
    moduleExports(/** @type {WebAssembly.Module} */ (value));
    return true;
  } catch {
    return false;
  }
}

/**
 * Whether a value is an instance, of any realm.
 * @param {unknown} value
 * @returns {value is WebAssembly.Instance}
 */
export function isInstance(value) {
  try {
    Reflect.apply(exportsAttribute.get, value, []);
    return true;
  } catch {
    return false;
  }
}
