// WebAssembly.Module

import { copyBytes } from "../webidl.mjs";

/** The members of WebAssembly.Module. */
export function makeModule(context) {
  const { api } = context;
  const newModule = api("new_module", "ObJJs", "O");
  const moduleInfo = api("module_info", "O", "J");
  const customSection = api("custom_section", "Oi", "b");

  /** The state of a module from bytes that nobody else has. */
  function compile(bytes, { builtins = [], importedStringConstants = null }, what) {
    const strings = importedStringConstants === null ? [] : [importedStringConstants];
    const ptr = newModule(context.settings, bytes, builtins, strings, what);
    const { imports, exports, customs, closed } = moduleInfo(ptr);
    return {
      ptr,
      closed,
      imports: imports.map(([module, name, kind, type, provided]) => ({ module, name, kind, type, provided })),
      exports: exports.map(([name, kind]) => ({ name, kind })),
      customs,
    };
  }

  const stateOf = (module) => context.interfaces.Module.state(module);

  return {
    compile,

    create: (bytes, options) => compile(copyBytes(bytes), options, "WebAssembly.Module()"),
    created: (state, module) => context.identity.own(state.ptr, module),

    /** "Construct a WebAssembly module object". */
    wrap(state) {
      const module = context.interfaces.Module.wrap(state);
      context.identity.own(state.ptr, module);
      return module;
    },

    exports: (module) => stateOf(module).exports.map(({ name, kind }) => ({ name, kind })),

    imports: (module) =>
      stateOf(module)
        .imports.filter(({ provided }) => provided === null)
        .map(({ module: from, name, kind }) => ({ module: from, name, kind })),

    customSections(module, name) {
      const { ptr, customs } = stateOf(module);
      const found = [];
      customs.forEach((custom, index) => {
        if (custom === name) found.push(customSection(ptr, index).slice().buffer);
      });
      return found;
    },
  };
}
