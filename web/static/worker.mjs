// Runs cases beside the page: each on the browser's own WebAssembly, then each on pyjsapi in Pyodide, then those of steps on
// the engine that pyjsapi has from the browser, then each on the browser's own with modules of several memories lowered.
// In: {cases, engines}; `missing` of a case names the engines that have not run it yet.
// Out: {stage}, {engine, id, transcript, ms}, {versions}, {hostless: why that engine cannot be used}, {broken, id, message},
// {done}.

import { runCase } from "./driver.mjs";
import { modulesOf, runJsCase } from "./js_runner.mjs";

const PYODIDE = new URL("../pyodide/", import.meta.url).href;

const definitions = new Map();

/** The definition of a JavaScript case: its file is a module of cases. */
async function definitionOf({ id, file }) {
  if (!definitions.has(file)) definitions.set(file, (await import(`../js_cases/${file}`)).cases);
  return definitions.get(file).find((definition) => definition.id === id);
}

const isJs = (case_) => "file" in case_;

async function runOn(WebAssembly, case_) {
  const { run } = await definitionOf(case_);
  return runJsCase(case_, run, WebAssembly, modulesOf(case_));
}

async function startPyodide() {
  const { loadPyodide, version } = await import(`${PYODIDE}pyodide.mjs`);
  const pyodide = await loadPyodide({ indexURL: PYODIDE });
  await pyodide.loadPackage("pyjsapi", { messageCallback: () => {} });
  const driver = await (await fetch(new URL("../driver.py", import.meta.url))).text();
  pyodide.FS.writeFile("/home/pyodide/driver.py", driver);
  const versions = JSON.parse(
    pyodide.runPython(`
import json, platform, importlib.metadata
import driver
json.dumps({"python": platform.python_version(), "pyjsapi": importlib.metadata.version("pyjsapi")})`),
  );
  postMessage({ versions: { pyodide: version, ...versions } });
  return pyodide;
}

/** The namespace for JavaScript that Python implements. */
async function loadNamespace(pyodide) {
  const { loadPythonWebAssembly } = await import("../polyfill/python.mjs");
  return (await loadPythonWebAssembly({ pyodide })).WebAssembly;
}

/** pyjsapi's answers: cases of steps run in Python, cases that are JavaScript on the namespace that Python implements. */
async function startPyjsapi(pyodide, cases) {
  const runJson = pyodide.pyimport("driver").run_case_json;
  const namespace = cases.some(isJs) ? await loadNamespace(pyodide) : null;
  return async (case_) => {
    if (!isJs(case_)) return JSON.parse(await runJson(JSON.stringify(case_)));
    const start = performance.now();
    const transcript = await runOn(namespace, case_);
    const ms = performance.now() - start;
    pyodide.runPython("None"); // Throws if the case has broken Pyodide.
    return { transcript, ms };
  };
}

/** pyjsapi's answers on the browser's engine, for cases of steps; null where it cannot be used, which the page is told. */
function startHost(pyodide) {
  const runJson = pyodide.runPython(`
import gc
from pyjsapi import engines

async def run_on_host(case):
    gc.collect()  # An engine reserves much for each memory: those of earlier cases are let go.
    with engines.using("host"):
        return await driver.run_case_json(case)

reason = engines.available()["host"]
run_on_host if reason is None else reason`);
  if (typeof runJson !== "string") return async (case_) => JSON.parse(await runJson(JSON.stringify(case_)));
  postMessage({ hostless: runJson });
  return null;
}

/** From here on the global namespace lowers, whatever the browser has. */
async function startLowered(pyodide) {
  const { install } = await import("../polyfill/lowered/namespace.mjs");
  const { prepare } = await import("../polyfill/implementation.mjs");
  await prepare({ pyodide });
  install();
}

async function runNative(case_) {
  const start = performance.now();
  const transcript = isJs(case_) ? await runOn(globalThis.WebAssembly, case_) : await runCase(case_);
  return { transcript, ms: performance.now() - start };
}

/**
 * Lets a task pass, in which finalizers run: memories of earlier cases are let go.
 * @returns {Promise<void>}
 */
function turn() {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}

async function runAll(cases, engine, run) {
  for (const case_ of cases.filter(({ missing }) => missing.includes(engine))) {
    await turn();
    postMessage({ engine, id: case_.id, started: true });
    try {
      postMessage({ engine, id: case_.id, ...(await run(case_)) });
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
      if (!(await runAll(cases, "native", runNative))) return;
    }
    if (engines.at(-1) !== "native") postMessage({ stage: "pyodide" });
    const pyodide = engines.at(-1) === "native" ? null : await startPyodide();
    if (engines.includes("pyjsapi")) {
      const run = await startPyjsapi(pyodide, cases);
      postMessage({ stage: "pyjsapi" });
      if (!(await runAll(cases, "pyjsapi", run))) return;
    }
    const onHost = engines.includes("host") && startHost(pyodide);
    if (onHost) {
      postMessage({ stage: "host" });
      if (!(await runAll(cases, "host", onHost))) return;
    }
    if (engines.includes("lowered")) {
      await startLowered(pyodide);
      postMessage({ stage: "lowered" });
      if (!(await runAll(cases, "lowered", runNative))) return;
    }
    postMessage({ done: true });
  } catch (error) {
    postMessage({ broken: true, message: String(error) });
  }
});
