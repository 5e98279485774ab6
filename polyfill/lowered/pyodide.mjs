// The lowerer in this thread: Pyodide with pyjsapi. Loaded where it is needed, never before.

import { readBytes } from "../common/host.mjs";
import { loadPyodide } from "../common/pyodide.mjs";

const PYTHON = `
from pyjsapi.lowering import LoweringError, lower
from pyjsapi.syntax.errors import WasmError

def lower_bytes(data, memory64, custom_page_sizes):
    try:
        return True, lower(data.to_bytes(), memory64=memory64, custom_page_sizes=custom_page_sizes)
    except LoweringError as error:
        return False, f"it cannot be lowered: {error}"
    except WasmError as error:
        return False, str(error)

lower_bytes
`;

/**
 * Loads Pyodide with pyjsapi.
 * @param {import("./host.mjs").Place} place
 */
export async function loadPyjsapi({ folder, wheel }) {
  const pyodide = await loadPyodide(folder);
  if (wheel === undefined) await pyodide.loadPackage("pyjsapi", { messageCallback() {} });
  else pyodide.unpackArchive(await readBytes(wheel), "wheel");
  return pyodide;
}

/**
 * The lowerer of a Pyodide that has pyjsapi.
 * @param {any} pyodide Pyodide has no types here
 * @param {ReturnType<typeof import("./probe.mjs").memoryFeatures>} features the kinds of memories that the engine has
 * @returns {(bytes: Uint8Array) => import("./host.mjs").Answer}
 */
export function lowererIn(pyodide, { memory64, customPageSizes }) {
  const lowerBytes = pyodide.runPython(PYTHON, { globals: pyodide.toPy({}) });
  return (bytes) => {
    const answer = lowerBytes(bytes, memory64, customPageSizes);
    try {
      const [lowered, result] = answer.toJs();
      return lowered ? { bytes: result } : { refusal: result };
    } finally {
      answer.destroy();
    }
  };
}
