// The worker that lowers, started in the best way that there is: bundlers, other origins and policies close some ways.

import { builtin, isNode } from "../common/host.mjs";
import { listen, newWorker } from "../common/threads.mjs";
import { packageFolder } from "./host.mjs";
import { TEXT } from "./worker-text.gen.mjs";

/** @typedef {import("./host.mjs").Answer} Answer */

// Bundlers look for exactly this form, and put the address of what they make of the file into it.
const fromFile = () => new Worker(new URL("./lowering-worker.mjs", import.meta.url), { type: "module" });

/** Whether that file is there: it is not in a bundle whose maker has left the name as it stands. */
const hasFile = () => packageFolder() !== undefined || !String(fromFile).includes("lowering-worker.mjs");

/** From its text: that needs no file, and is of the page's own origin. */
function fromText() {
  const url = URL.createObjectURL(new Blob([TEXT], { type: "text/javascript" }));
  const worker = newWorker(url);
  worker.addEventListener("message", () => URL.revokeObjectURL(url), { once: true });
  return worker;
}

/**
 * Ways to start a Web Worker, the best first. Each may throw.
 * @param {string | undefined} configured the address of its script
 * @returns {(() => Worker)[]}
 */
function waysOf(configured) {
  if (configured !== undefined) return [() => newWorker(configured)];
  return hasFile() ? [fromFile, fromText] : [fromText];
}

/**
 * A Web Worker that has said that it runs.
 * @param {() => Worker} start
 * @returns {Promise<Worker>}
 */
function running(start) {
  return new Promise((resolve, reject) => {
    const worker = start();
    worker.addEventListener("message", () => resolve(worker), { once: true });
    worker.addEventListener(
      "error",
      (event) => {
        event.preventDefault();
        reject(event);
      },
      { once: true },
    );
  });
}

/**
 * A Web Worker, or undefined where none can be had: such are policies, trusted types, and workers that have no workers.
 * @param {string | undefined} configured
 */
async function webWorker(configured) {
  for (const start of waysOf(configured)) {
    try {
      return await running(start);
    } catch {
      // the next way
    }
  }
  return undefined;
}

/** A thread of Node: from the file, or, in a bundle, from the text. */
function nodeWorker() {
  const own = packageFolder();
  const text = () => `data:text/javascript,${encodeURIComponent(TEXT)}`;
  return newWorker(new URL(own === undefined ? text() : `${own}lowered/lowering-worker.mjs`), { execArgv: [] });
}

/**
 * The requests to a worker that runs. In Node it keeps the process alive only while it is busy.
 * @param {any} worker of either kind
 * @param {object} first what it is told first
 * @param {() => void} ended called when it has failed
 */
function requestsTo(worker, first, ended) {
  /** @type {Map<number, (answer: Answer) => void>} */
  const open = new Map();
  /** @param {boolean} busy */
  const busy = (busy) => {
    if (isNode) worker[busy ? "ref" : "unref"]();
  };
  const settle = (/** @type {number} */ id, /** @type {Answer} */ answer) => {
    const resolve = open.get(id);
    open.delete(id);
    if (open.size === 0) busy(false);
    resolve?.(answer);
  };
  listen(worker, "message", (answer) => settle(answer.id, answer));
  listen(worker, "error", ({ message }) => {
    ended();
    for (const id of [...open.keys()]) settle(id, { failure: message ?? "the worker has ended" });
  });
  busy(false);
  worker.postMessage(first);
  let last = 0;
  return {
    /**
     * @param {Uint8Array} bytes
     * @returns {Promise<Answer>}
     */
    later: (bytes) =>
      new Promise((resolve) => {
        busy(true);
        open.set(++last, resolve);
        worker.postMessage({ id: last, bytes });
      }),
    /**
     * In Node: sleeps until it is answered.
     * @param {Uint8Array} bytes
     * @returns {Answer}
     */
    now(bytes) {
      const { MessageChannel, receiveMessageOnPort } = builtin("node:worker_threads");
      const { port1, port2 } = new MessageChannel();
      const signal = new Int32Array(new SharedArrayBuffer(4));
      worker.postMessage({ id: ++last, bytes, reply: port2, signal }, [port2]);
      Atomics.wait(signal, 0, 0);
      const answer = receiveMessageOnPort(port1);
      port1.close();
      return answer.message;
    },
  };
}

/**
 * Starts a worker that lowers.
 * @param {{ place: import("./host.mjs").Place, features: object }} first where Pyodide is, and what the engine has
 * @param {string | undefined} workerURL the address of the script in pages, where it is configured
 * @param {() => void} ended called when the worker has failed: another one may be started
 */
export function startService(first, workerURL, ended) {
  if (isNode) {
    const { later, now } = requestsTo(nodeWorker(), first, ended);
    return { request: later, requestNow: now };
  }
  const starting = webWorker(workerURL).then((worker) => worker && requestsTo(worker, first, ended));
  return {
    /**
     * The answer, undefined where no worker can be had.
     * @param {Uint8Array} bytes
     */
    request: async (bytes) => (await starting)?.later(bytes),
  };
}
