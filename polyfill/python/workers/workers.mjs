// Starting workers for pyjsapi: Web Workers in pages, threads in Node, each with a Pyodide of its own.

import { isNode } from "../../common/host.mjs";
import { listen, newWorker } from "../../common/threads.mjs";

/** A worker that runs the text of a module. */
function workerOf(source) {
  if (isNode) return newWorker(new URL(`data:text/javascript,${encodeURIComponent(source)}`));
  const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
  const worker = newWorker(url);
  // Once it has answered, it has its source.
  worker.addEventListener("message", () => URL.revokeObjectURL(url), { once: true });
  return worker;
}

/**
 * Start a worker.
 *
 * @param {string} source the worker's own script, a module
 * @param {object} start what it is told first: what Pyodide and the package come from, the program, and the job
 * @param {(data: ArrayBuffer, memories: object[]) => void} received takes what the worker sends
 * @param {(reason: string | undefined) => void} ended called once, when the worker has ended
 */
export function startWorker(source, start, received, ended) {
  const worker = workerOf(source);
  let over = false;
  const end = (reason) => {
    if (over) return;
    over = true;
    worker.terminate();
    ended(reason);
  };
  listen(worker, "message", ({ data, memories, end: isEnd, reason }) => {
    if (over) return;
    if (isEnd) end(reason);
    else received(data, memories);
  });
  listen(worker, "error", (error) => end(`the worker failed: ${error?.message ?? error}`));
  listen(worker, "messageerror", () => end("a message of the worker could not be read"));
  if (isNode) worker.on("exit", (code) => end(code === 0 ? undefined : `the worker ended with code ${code}`));
  worker.postMessage(start);
  return {
    post: (data, memories) => worker.postMessage({ data, memories }),
    terminate: () => end(undefined),
  };
}
