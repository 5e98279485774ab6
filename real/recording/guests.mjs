// What interpreters that are built as a library need of their host beside WASI: texts in memory, and jumps.

/** Text with a zero at its end, by the allocator of the module; its address and length. */
export function putText(exports, text) {
  const bytes = Buffer.from(text);
  const at = exports.malloc(bytes.length + 1);
  const memory = new Uint8Array(exports.memory.buffer);
  memory.set(bytes, at);
  memory[at + bytes.length] = 0;
  return [at, bytes.length];
}

/** The bytes at an address as text; without a length up to the zero behind it. */
export function takeText(exports, at, length) {
  const memory = Buffer.from(exports.memory.buffer);
  return memory.toString("utf8", at, length === undefined ? memory.indexOf(0, at) : at + length);
}

/**
 * Emscripten's jumps out of functions: the imports, for a module whose exports come later. Nested deeper than `limit`,
 * the export `overflow` is called in place of the function.
 */
export function longJumps(module, getExports, overflow, limit = 60) {
  const jump = { jump: "longjmp" };
  let depth = 0;
  const invoke = (index, ...args) => {
    const exports = getExports();
    const stack = exports.__stack_pointer?.value ?? exports.stackSave();
    depth++;
    try {
      if (depth > limit && overflow !== undefined) return exports[overflow]();
      return exports.__indirect_function_table.get(index)(...args);
    } catch (error) {
      if (error !== jump) throw error;
      if (exports.__stack_pointer) exports.__stack_pointer.value = stack;
      else exports.stackRestore(stack);
      exports.setThrew(1, 0);
    } finally {
      depth--;
    }
  };
  const functions = {};
  for (const { name } of WebAssembly.Module.imports(module)) {
    // one function each: every import is another function for a player
    if (name.startsWith("invoke_")) functions[name] = (...args) => invoke(...args);
  }
  functions._emscripten_throw_longjmp = () => {
    throw jump;
  };
  return functions;
}
