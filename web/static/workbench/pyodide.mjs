// Pyodide with pyjsapi and the functions of web/workbench/tools.py and runs.py; for workers.

const PYODIDE = new URL("../../pyodide/", import.meta.url).href;

/**
 * Loads them. `tell` is told what is being done.
 * @param {(stage: string) => void} tell
 * @returns {Promise<{ pyodide: any, modules: any[] }>}
 */
export async function startPyodide(tell) {
  tell("Loading Pyodide …");
  const { loadPyodide } = await import(`${PYODIDE}pyodide.mjs`);
  const pyodide = await loadPyodide({ indexURL: PYODIDE });
  tell("Loading pyjsapi …");
  await pyodide.loadPackage("pyjsapi", { messageCallback: () => {} });
  const modules = [];
  for (const name of ["tools", "runs"]) {
    const answer = await fetch(new URL(`../../workbench/${name}.py`, import.meta.url));
    if (!answer.ok) throw new Error(`workbench/${name}.py: the server answers ${answer.status}`);
    pyodide.FS.writeFile(`/home/pyodide/${name}.py`, await answer.text());
    modules.push(pyodide.pyimport(name));
  }
  tell("");
  return { pyodide, modules };
}

/**
 * Calls a function of the tools; what it takes and gives are plain values and bytes.
 * @param {{ pyodide: any, modules: any[] }} started
 * @param {string} verb
 * @param {any[]} given
 * @param {...Function} callbacks what it calls
 */
export function call({ pyodide, modules }, verb, given, ...callbacks) {
  const proxies = given.map((value) => pyodide.toPy(value));
  const module = modules.find((one) => verb in one);
  const answer = module[verb](...proxies, ...callbacks);
  try {
    return answer?.toJs ? answer.toJs({ dict_converter: Object.fromEntries, create_pyproxies: false }) : answer;
  } finally {
    answer?.destroy?.();
    for (const proxy of proxies) proxy?.destroy?.();
  }
}
