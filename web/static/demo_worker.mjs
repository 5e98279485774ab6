// Runs demonstrations of shared memories beside the page, in a Pyodide of their own.
// In: {name}. Out: {started: name}, {name, line}, {name, status}, {broken, name}.

const PYODIDE = new URL("../pyodide/", import.meta.url).href;

async function start() {
  const { loadPyodide } = await import(`${PYODIDE}pyodide.mjs`);
  const pyodide = await loadPyodide({ indexURL: PYODIDE });
  await pyodide.loadPackage("pyjsapi", { messageCallback: () => {} });
  return pyodide.runPython(`
import json
from pyjsapi.demos.catalogue import find

async def run(name, say):
    return await find(name).run(lambda line: say(json.dumps(line.data())))

run`);
}

/** @type {Promise<any> | null} */
let ready = null;

addEventListener("message", async ({ data: { name } }) => {
  try {
    ready ??= start();
    const run = await ready;
    postMessage({ started: name });
    const status = await run(name, (/** @type {string} */ text) => postMessage({ name, line: JSON.parse(text) }));
    postMessage({ name, status });
  } catch (error) {
    postMessage({ broken: String(error), name });
  }
});
