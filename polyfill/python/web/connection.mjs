// What pyjsapi in Pyodide needs of JavaScript by itself, when no page has loaded the JavaScript face: the link layer for
// its memories, and workers. It reaches Python as text (scripts/generate_bridge.py); pyjsapi/bridge/connection.py calls it.

import { createLinkNow } from '../link.mjs';
import { startWorker } from './workers.mjs';

const VIEWS = { 4: Int32Array, 8: BigInt64Array };

/** Waits without blocking: false where the integer is another one, else `wake` is called when it is notified. */
function waitAsync(memory, address, size, expected, wake) {
  const value = size === 8 ? BigInt.asIntN(64, BigInt(expected)) : Number(expected) | 0;
  const waiting = Atomics.waitAsync(new VIEWS[size](memory.buffer), address / size, value);
  if (!waiting.async) return false;
  waiting.value.then(() => wake());
  return true;
}

export { createLinkNow, startWorker, waitAsync };
