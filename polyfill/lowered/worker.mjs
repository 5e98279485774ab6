// The worker that lowers: a Web Worker of a page, or a thread of Node.
//
// In, first: {indexURL, moduleURL}. Then: {id, bytes}, answered by {id, bytes | refusal | failure}. A request may bring
// {reply, signal}: then the answer goes to this port, and the waiting thread is woken.

import { loadPyjsapi, lowererIn } from "./pyodide.mjs";

const threads = globalThis.process?.getBuiltinModule?.("node:worker_threads");
const port = threads?.parentPort ?? globalThis;
const receive = (listener) => {
  if (threads) port.on("message", listener);
  else port.addEventListener("message", ({ data }) => listener(data));
};

let starting;

async function answer(bytes) {
  try {
    return (await starting)(bytes);
  } catch (error) {
    return { failure: String(error?.message ?? error) };
  }
}

receive(async (request) => {
  if (request.indexURL !== undefined) {
    starting = loadPyjsapi(request.indexURL, request.moduleURL).then(lowererIn);
    starting.catch(() => {}); // every request reports it
    return;
  }
  const result = { id: request.id, ...(await answer(request.bytes)) };
  if (request.reply === undefined) return port.postMessage(result);
  request.reply.postMessage(result);
  Atomics.store(request.signal, 0, 1);
  Atomics.notify(request.signal, 0);
});
