// pyjsapi beside the page. In: {id, verb, given}. Out: {stage}, {id, answer}, {id, error}, {fatal}.

import { call, startPyodide } from "./pyodide.mjs";

/** @type {ReturnType<typeof startPyodide> | null} */
let started = null;

addEventListener("message", async ({ data: { id, verb, given } }) => {
  let ready;
  try {
    started ??= startPyodide((stage) => postMessage({ stage }));
    ready = await started;
  } catch (error) {
    postMessage({ fatal: `Pyodide could not be started: ${error.message ?? error}` });
    return;
  }
  try {
    postMessage({ id, answer: call(ready, verb, given) });
  } catch (error) {
    postMessage({ id, error: lastLine(error) });
  }
});

/** The line that says what happened: a traceback is of no use to who uses the page. @param {any} error */
function lastLine(error) {
  const lines = String(error.message ?? error)
    .trim()
    .split("\n");
  return lines.at(-1) ?? "";
}
