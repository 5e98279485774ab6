// Pyodide with pyjsapi and the functions of web/workbench/tools.py and its neighbours; for workers.

const PYODIDE = new URL("../../pyodide/", import.meta.url).href;

/** Where the files of web/workbench are in Pyodide: by the names that they have for each other. */
const FOLDER = "/home/pyodide/web/workbench";
/** What the others import. */
const SHARED = ["hand", "programs"];

/**
 * Loads them. `tell` is told what is being done.
 * @param {(stage: string) => void} tell
 * @param {string[]} [names] of the files
 * @returns {Promise<{ pyodide: any, modules: any[] }>}
 */
export async function startPyodide(tell, names = ["tools", "runs"]) {
  tell("Loading Pyodide …");
  const { loadPyodide } = await import(`${PYODIDE}pyodide.mjs`);
  const pyodide = await loadPyodide({ indexURL: PYODIDE });
  tell("Loading pyjsapi …");
  await pyodide.loadPackage("pyjsapi", { messageCallback: () => {} });
  pyodide.FS.mkdirTree(FOLDER);
  for (const name of [...SHARED, ...names]) {
    const answer = await fetch(new URL(`../../workbench/${name}.py`, import.meta.url));
    if (!answer.ok) throw new Error(`workbench/${name}.py: the server answers ${answer.status}`);
    pyodide.FS.writeFile(`${FOLDER}/${name}.py`, await answer.text());
  }
  const modules = names.map((name) => pyodide.pyimport(`web.workbench.${name}`));
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
  const proxies = given.map((value) => pyodide.toPy(withoutNull(value)));
  const module = modules.find((one) => verb in one);
  const answer = module[verb](...proxies, ...callbacks);
  try {
    return answer?.toJs ? answer.toJs({ dict_converter: Object.fromEntries, create_pyproxies: false }) : answer;
  } finally {
    answer?.destroy?.();
    for (const proxy of proxies) proxy?.destroy?.();
  }
}

/** Python's None is undefined; null would be an object of JavaScript's. @param {any} value @returns {any} */
function withoutNull(value) {
  if (value === null) return undefined;
  if (Array.isArray(value)) return value.map(withoutNull);
  if (value === undefined || Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, withoutNull(one)]));
}
