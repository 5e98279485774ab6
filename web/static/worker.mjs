// Runs cases beside the page: each on the browser's own WebAssembly, then each on pyjsapi in Pyodide.
// In: {cases, engines}. Out: {stage}, {engine, id, transcript, ms}, {versions}, {broken, id, message}, {done}.

import { runCase } from "./driver.mjs";

const PYODIDE = new URL("../pyodide/", import.meta.url).href;

async function startPyjsapi() {
  const { loadPyodide, version } = await import(`${PYODIDE}pyodide.mjs`);
  const pyodide = await loadPyodide({ indexURL: PYODIDE });
  await pyodide.loadPackage("pyjsapi", { messageCallback: () => {} });
  const driver = await (await fetch(new URL("../driver.py", import.meta.url))).text();
  pyodide.FS.writeFile("/home/pyodide/driver.py", driver);
  const versions = JSON.parse(pyodide.runPython(`
import json, platform, importlib.metadata
import driver
json.dumps({"python": platform.python_version(), "pyjsapi": importlib.metadata.version("pyjsapi")})`));
  const runJson = pyodide.pyimport("driver").run_case_json;
  postMessage({ versions: { pyodide: version, ...versions } });
  return async (case_) => JSON.parse(await runJson(JSON.stringify(case_)));
}

async function runNative(case_) {
  const start = performance.now();
  const transcript = await runCase(case_);
  return { transcript, ms: performance.now() - start };
}

async function runAll(cases, engine, run) {
  for (const case_ of cases) {
    postMessage({ engine, id: case_.id, started: true });
    try {
      postMessage({ engine, id: case_.id, ...await run(case_) });
    } catch (error) {
      postMessage({ broken: true, engine, id: case_.id, message: String(error) });
      return false;
    }
  }
  return true;
}

addEventListener("message", async ({ data: { cases, engines } }) => {
  try {
    if (engines.includes("native")) {
      postMessage({ stage: "native" });
      if (!await runAll(cases, "native", runNative)) return;
    }
    if (engines.includes("pyjsapi")) {
      postMessage({ stage: "pyodide" });
      const run = await startPyjsapi();
      postMessage({ stage: "pyjsapi" });
      if (!await runAll(cases, "pyjsapi", run)) return;
    }
    postMessage({ done: true });
  } catch (error) {
    postMessage({ broken: true, message: String(error) });
  }
});
