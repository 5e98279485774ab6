// A namespace of the Python engine of this working tree, for the tests.

import { fileURLToPath } from "node:url";
import { loadPyodide } from "pyodide";
import { loadPythonWebAssembly } from "../../python.mjs";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));

/**
 * Loads Pyodide with the package of this tree.
 * @returns {Promise<object>} what `loadPythonWebAssembly` gives, and `wat(text)`, which assembles a module
 */
export async function loadEngine(options = {}) {
  const pyodide = await loadSource();
  return { ...(await loadPythonWebAssembly({ pyodide, ...options })), wat: assembler(pyodide) };
}

/** The namespaces over both kinds of link: what holds for one holds for the other. */
export async function loadEngines() {
  const engines = [];
  for (const link of ["native", "proxy"]) engines.push(await loadEngine({ link }));
  return engines;
}

/** What a function throws; an error if it does not. */
export function thrownBy(f) {
  try {
    f();
  } catch (error) {
    return error;
  }
  throw new Error("nothing was thrown");
}

/** A Pyodide that imports pyjsapi from this tree. */
export async function loadSource() {
  const pyodide = await loadPyodide();
  pyodide.mountNodeFS("/source", ROOT);
  pyodide.runPython('import sys; sys.path.insert(0, "/source"); sys.dont_write_bytecode = True');
  return pyodide;
}

function assembler(pyodide) {
  const wat2wasm = pyodide.runPython("from pyjsapi import wat2wasm; wat2wasm");
  return (text) => {
    const bytes = wat2wasm(text);
    try {
      return bytes.toJs();
    } finally {
      bytes.destroy();
    }
  };
}
