// The worker that lowers: a Web Worker of a page, or a thread of Node.
//
// Out, first: {ready}. In, first: {place, features}, of Pyodide and of the engine. Then: {id, bytes}, answered by
// {id, bytes | refusal | failure}. A request may bring {reply, signal}: then the answer goes to this port, and the
// waiting thread is woken.

import { listen, ownPort } from "../common/threads.mjs";
import { loadPyjsapi, lowererIn } from "./pyodide.mjs";

const port = ownPort();

/** @type {Promise<ReturnType<typeof lowererIn>>} */
let starting;

/** @param {Uint8Array} bytes */
async function answer(bytes) {
  try {
    return (await starting)(bytes);
  } catch (error) {
    // Node quotes the whole text of a worker that has no file.
    return { failure: String(error?.message ?? error).replace(/ imported from data:.*$/s, "") };
  }
}

listen(port, "message", async (request) => {
  if (request.place !== undefined) {
    starting = loadPyjsapi(request.place).then((pyodide) => lowererIn(pyodide, request.features));
    starting.catch(() => {}); // every request reports it
    return;
  }
  const result = { id: request.id, ...(await answer(request.bytes)) };
  if (request.reply === undefined) return port.postMessage(result);
  request.reply.postMessage(result);
  Atomics.store(request.signal, 0, 1);
  Atomics.notify(request.signal, 0);
});
port.postMessage({ ready: true });
