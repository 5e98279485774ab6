// The engine's own WebAssembly as it was when this module was loaded: what replaces it leaves this reachable.

export const namespace = globalThis.WebAssembly;

const { Module, Instance, Memory, CompileError } = namespace;
const { validate, compile, instantiate, compileStreaming, instantiateStreaming } = namespace;

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

/** The descriptor of the attribute `exports` of instances. */
export const exportsAttribute = Object.getOwnPropertyDescriptor(Instance.prototype, "exports");

/** Whether a value is a compiled module, of any realm. */
export function isModule(value) {
  try {
    moduleExports(value);
    return true;
  } catch {
    return false;
  }
}

/** Whether a value is an instance, of any realm. */
export function isInstance(value) {
  try {
    Reflect.apply(exportsAttribute.get, value, []);
    return true;
  } catch {
    return false;
  }
}
