// Carries out plans on one engine, beside the page. In: {engine, plan}. Out: {stage}, {step, index}, {images}, {broken}.

import { call, startPyodide } from "./pyodide.mjs";
import { Run } from "./runner.mjs";

/** @type {ReturnType<typeof startPyodide> | null} */
let started = null;

const tell = (/** @type {string} */ stage) => postMessage({ stage });

/** @type {Record<string, () => Promise<any>>} */
const NAMESPACES = {
  native: async () => globalThis.WebAssembly,
  async face() {
    started ??= startPyodide(tell);
    const { pyodide } = await started;
    const { loadPythonWebAssembly } = await import("../../polyfill/python.mjs");
    return (await loadPythonWebAssembly({ pyodide })).WebAssembly;
  },
  async lowered() {
    started ??= startPyodide(tell);
    const { pyodide } = await started;
    const { implementation, prepare } = await import("../../polyfill/implementation.mjs");
    await prepare({ pyodide });
    return implementation;
  },
};

addEventListener("message", async ({ data: { engine, plan } }) => {
  const report = (/** @type {any} */ step, /** @type {number} */ index) => postMessage({ step, index });
  try {
    let images;
    if (engine === "python") {
      started ??= startPyodide(tell);
      images = call(await started, "run", [plan], (/** @type {string} */ step, /** @type {number} */ index) =>
        report(JSON.parse(step), index),
      );
    } else {
      const namespace = await NAMESPACES[engine]();
      tell("");
      images = new Run(namespace, plan).all(report);
    }
    postMessage({ images });
  } catch (error) {
    const message = String(error.message ?? error).trim();
    postMessage({ broken: message.split("\n").at(-1) });
  }
});
