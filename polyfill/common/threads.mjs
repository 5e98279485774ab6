// Workers of both kinds: Web Workers in pages, threads in Node.

import { builtin, isNode } from "./host.mjs";

/**
 * A worker that runs a module; options are Node's.
 * @param {URL | string} url
 * @param {object} [options]
 * @returns {any} two kinds, of which this module hides what it needs
 */
export function newWorker(url, options) {
  return isNode ? new (builtin("node:worker_threads").Worker)(url, options) : new Worker(url, { type: "module" });
}

/**
 * Calls `handler` with what a worker, or the thread that started this one, sends: a message's data, or an error.
 * @param {any} port of either kind
 * @param {string} event
 * @param {(data: any) => unknown} handler
 */
export function listen(port, event, handler) {
  if (isNode) port.on(event, handler);
  else
    port.addEventListener(event, (/** @type {any} */ { data, message }) =>
      handler(event === "error" ? { message } : data),
    );
}

/**
 * Where a worker reaches the thread that started it.
 * @returns {any} of either kind
 */
export function ownPort() {
  return isNode ? builtin("node:worker_threads").parentPort : globalThis;
}
