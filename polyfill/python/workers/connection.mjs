// What pyjsapi in Pyodide needs of JavaScript by itself, when no page has loaded the JavaScript face: the link layer for
// its memories, and workers. It reaches Python as text (`make generate`); pyjsapi/bridge/link/connection.py calls it, and a
// worker that it starts runs the same text and `runWorker`.

import { createLinkNow } from "../link.mjs";
import { makeSnapshot } from "../snapshot.mjs";
import { runWorker } from "./worker.mjs";
import { startWorker } from "./workers.mjs";

/**
 * Waits without blocking.
 *
 * @param {WebAssembly.Memory} memory a shared one
 * @param {number} address
 * @param {4 | 8} size of the integer there, in bytes
 * @param {string} expected its value, as digits
 * @param {number} timeout in milliseconds
 * @param {(notified: boolean) => void} settled called once, unless the result is false
 * @returns {boolean} whether the integer has that value
 */
function waitAsync(memory, address, size, expected, timeout, settled) {
  const { buffer } = memory;
  const waiting =
    size === 8
      ? Atomics.waitAsync(new BigInt64Array(buffer), address / 8, BigInt.asIntN(64, BigInt(expected)), timeout)
      : Atomics.waitAsync(new Int32Array(buffer), address / 4, Number(expected) | 0, timeout);
  if (!waiting.async) return false;
  waiting.value.then((result) => settled(result === "ok"));
  return true;
}

/**
 * What workers start from faster.
 *
 * @param {string} indexURL the folder of Pyodide
 * @param {ArrayBuffer} archive the package
 */
async function snapshotOf(indexURL, archive) {
  const packageURL = URL.createObjectURL(new Blob([archive], { type: "application/zip" }));
  try {
    return await makeSnapshot({ indexURL, packageURL });
  } finally {
    URL.revokeObjectURL(packageURL);
  }
}

export { createLinkNow, runWorker, snapshotOf, startWorker, waitAsync };
