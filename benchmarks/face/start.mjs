// A worker that starts Python from a snapshot, and answers with the first result of wasm code.

import { loadPythonWebAssembly } from "../../polyfill/python.mjs";
import { loadFromSnapshot } from "../../polyfill/python/snapshot.mjs";

async function first({ snapshot, bytes }) {
  try {
    const { WebAssembly } = await loadPythonWebAssembly({ pyodide: await loadFromSnapshot(snapshot) });
    return new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports.first();
  } catch (error) {
    return String(error?.stack ?? error);
  }
}

if (typeof process === "object" && typeof process.versions?.node === "string") {
  const { parentPort } = await import("node:worker_threads");
  parentPort?.once("message", async (message) => parentPort.postMessage(await first(message)));
} else {
  addEventListener("message", async ({ data }) => postMessage(await first(data)));
}
