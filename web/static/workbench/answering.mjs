// A worker that answers questions to pyjsapi. In: {id, verb, given}. Out: {stage}, {id, answer}, {id, error}, {fatal}.

import { startPyodide } from "./pyodide.mjs";

/** @typedef {Awaited<ReturnType<typeof startPyodide>>} Started */

/**
 * Answers the messages that have an id; Pyodide is loaded for the first.
 * @param {string[]} names files of web/workbench
 * @param {(ready: Started, verb: string, given: any[]) => any} act
 */
export function answering(names, act) {
  /** @type {Promise<Started> | null} */
  let started = null;
  addEventListener("message", async ({ data: { id, verb, given } }) => {
    if (id === undefined) return;
    let ready;
    try {
      started ??= startPyodide((stage) => postMessage({ stage }), names);
      ready = await started;
    } catch (error) {
      postMessage({ fatal: `Pyodide could not be started: ${error.message ?? error}` });
      return;
    }
    try {
      postMessage({ id, answer: await act(ready, verb, given) });
    } catch (error) {
      postMessage({ id, error: lastLine(error) });
    }
  });
}

/** The line that says what happened: a traceback is of no use to who uses the page. @param {any} error */
function lastLine(error) {
  const lines = String(error.message ?? error)
    .trim()
    .split("\n");
  return lines.at(-1) ?? "";
}
