// Carries out plans on one engine, beside the page. In: {engine, plan}. Out: {stage}, {step, index}, {images}, {broken}.

import { rowOf } from "./engine_table.mjs";
import { call, startPyodide } from "./pyodide.mjs";
import { addReads } from "./recording.mjs";
import { Run } from "./runner.mjs";

// V8 keeps ten frames otherwise.
Error.stackTraceLimit = 100;

/** @type {ReturnType<typeof startPyodide> | null} */
let started = null;

const tell = (/** @type {string} */ stage) => postMessage({ stage });
const report = (/** @type {any} */ step, /** @type {number} */ index) => postMessage({ step, index });

function start() {
  started ??= startPyodide(tell);
  return started;
}

/** @param {import("./engine_table.mjs").Row} row @param {import("./plan.mjs").Plan} plan */
async function carryOut(row, plan) {
  if (row.namespace) {
    const namespace = await row.namespace(start);
    tell("");
    const run = new Run(namespace, plan);
    if (plan.script) return run.script(plan.script.text, report);
    const images = run.all(report);
    addReads(namespace, plan, images);
    return images;
  }
  return call(
    await start(),
    "run",
    [{ ...plan, engine: row.python }],
    (/** @type {string} */ step, /** @type {number} */ k) => report(JSON.parse(step), k),
  );
}

addEventListener("message", async ({ data: { engine, plan } }) => {
  try {
    postMessage({ images: await carryOut(rowOf(engine), plan) });
  } catch (error) {
    // The last line of Python's traceback, without the module of the class.
    const message = String(error.message ?? error).trim();
    postMessage({
      broken: message
        .split("\n")
        .at(-1)
        ?.replace(/^[\w.]*ImportsError: /, ""),
    });
  }
});
