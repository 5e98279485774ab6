// The operations of the namespace.

import { copyBytes } from "../webidl.mjs";
import { responseBytes } from "./streaming.mjs";

/** The operations; `context.implementation` has the interfaces. */
export function makeNamespaceOperations(context) {
  const { errors } = context;
  const { Module, Instance, Exception } = context.implementation;
  const { CompileError } = errors;

  const stateOf = (module) => context.interfaces.Module.state(module);

  const compile = (bytes, options, what) => Module.wrap(Module.compile(bytes, options, what));

  function instantiated(module, imports, what) {
    return context.interfaces.Instance.wrap(Instance.instantiateCore(stateOf(module), imports, what));
  }

  function instantiateSource(bytes, importObject, options, what) {
    const module = compile(bytes, options, what);
    const imports = Instance.readImports(stateOf(module), importObject, what);
    return { module, instance: instantiated(module, imports, what) };
  }

  /** What the specification does in parallel and in a task that it queues. */
  const later = (step) => Promise.resolve().then(step);

  return {
    validate(bytes, options) {
      const copy = copyBytes(bytes);
      try {
        const { ptr } = Module.compile(copy, options, "WebAssembly.validate()");
        context.link.decref(ptr);
        return true;
      } catch (error) {
        if (error instanceof CompileError) return false;
        throw error;
      }
    },

    compile(bytes, options) {
      const copy = copyBytes(bytes);
      return later(() => compile(copy, options, "WebAssembly.compile()"));
    },

    instantiate(bytes, importObject, options) {
      const copy = copyBytes(bytes);
      return later(() => instantiateSource(copy, importObject, options, "WebAssembly.instantiate()"));
    },

    instantiate_module(module, importObject) {
      const what = "WebAssembly.instantiate()";
      const imports = Instance.readImports(stateOf(module), importObject, what);
      return later(() => instantiated(module, imports, what));
    },

    async compileStreaming(source, options) {
      const what = "WebAssembly.compileStreaming()";
      return compile(await responseBytes(source, what), options, what);
    },

    async instantiateStreaming(source, importObject, options) {
      const what = "WebAssembly.instantiateStreaming()";
      return instantiateSource(await responseBytes(source, what), importObject, options, what);
    },

    get_JSTag: () => Exception.jsTag,
  };
}
