// Pyodide with pyjsapi and the functions of web/workbench/tools.py; for workers.

const PYODIDE = new URL("../../pyodide/", import.meta.url).href;

/**
 * Loads them. `tell` is told what is being done.
 * @param {(stage: string) => void} tell
 * @returns {Promise<{ pyodide: any, tools: any }>}
 */
export async function startPyodide(tell) {
  tell("Loading Pyodide …");
  const { loadPyodide } = await import(`${PYODIDE}pyodide.mjs`);
  const pyodide = await loadPyodide({ indexURL: PYODIDE });
  tell("Loading pyjsapi …");
  await pyodide.loadPackage("pyjsapi", { messageCallback: () => {} });
  const answer = await fetch(new URL("../../workbench/tools.py", import.meta.url));
  if (!answer.ok) throw new Error(`workbench/tools.py: the server answers ${answer.status}`);
  pyodide.FS.writeFile("/home/pyodide/tools.py", await answer.text());
  const tools = pyodide.pyimport("tools");
  tell("");
  return { pyodide, tools };
}

/**
 * Calls a function of the tools; what it takes and gives are plain values and bytes.
 * @param {{ pyodide: any, tools: any }} started
 * @param {string} verb
 * @param {any[]} given
 */
export function call({ pyodide, tools }, verb, given) {
  const proxies = given.map((value) => pyodide.toPy(value));
  const answer = tools[verb](...proxies);
  try {
    return pyodide.isPyProxy?.(answer) || answer?.toJs
      ? answer.toJs({ dict_converter: Object.fromEntries, create_pyproxies: false })
      : answer;
  } finally {
    answer?.destroy?.();
    for (const proxy of proxies) proxy?.destroy?.();
  }
}
