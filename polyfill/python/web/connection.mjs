// What pyjsapi in Pyodide needs of JavaScript by itself, when no page has loaded the JavaScript face: the link layer for
// its memories, and workers. It reaches Python as text (scripts/generate_bridge.py); pyjsapi/bridge/link/connection.py calls it.

import { createLinkNow } from "../link.mjs";
import { makeSnapshot } from "../snapshot.mjs";
import { startWorker } from "./workers.mjs";

const VIEWS = { 4: Int32Array, 8: BigInt64Array };

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
  const value = size === 8 ? BigInt.asIntN(64, BigInt(expected)) : Number(expected) | 0;
  const waiting = Atomics.waitAsync(new VIEWS[size](memory.buffer), address / size, value, timeout);
  if (!waiting.async) return false;
  waiting.value.then((result) => settled(result === "ok"));
  return true;
}

/**
 * What workers start from faster.
 *
 * @param {string} indexURL the folder of Pyodide
 * @param {Uint8Array} archive the package
 */
async function snapshotOf(indexURL, archive) {
  const packageURL = URL.createObjectURL(new Blob([archive], { type: "application/zip" }));
  try {
    return await makeSnapshot({ indexURL, packageURL });
  } finally {
    URL.revokeObjectURL(packageURL);
  }
}

export { createLinkNow, snapshotOf, startWorker, waitAsync };
