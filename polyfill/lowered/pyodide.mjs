// The lowerer in this thread: Pyodide with pyjsapi. Loaded where it is needed, never before.

const PYTHON = `
from pyjsapi.lowering import LoweringError, lower
from pyjsapi.syntax.errors import WasmError

def lower_bytes(data):
    try:
        return True, lower(data.to_bytes())
    except LoweringError as error:
        return False, f"it cannot be lowered: {error}"
    except WasmError as error:
        return False, str(error)

lower_bytes
`;

/**
 * Loads Pyodide with pyjsapi.
 * @param {string} indexURL the folder of a Pyodide distribution with pyjsapi: a URL in pages, a path in Node
 * @param {string} moduleURL the URL of its `pyodide.mjs`
 * @returns {Promise<(bytes: Uint8Array) => {bytes: Uint8Array} | {refusal: string}>} the lowerer
 */
export async function loadLowerer(indexURL, moduleURL) {
  const { loadPyodide } = await import(/* @vite-ignore */ /* webpackIgnore: true */ moduleURL);
  const pyodide = await loadPyodide({ indexURL });
  await pyodide.loadPackage("pyjsapi", { messageCallback() {} });
  const lowerBytes = pyodide.runPython(PYTHON);
  return (bytes) => {
    const answer = lowerBytes(bytes);
    try {
      const [lowered, result] = answer.toJs();
      return lowered ? { bytes: result } : { refusal: result };
    } finally {
      answer.destroy();
    }
  };
}
