// What a worker runs that pyjsapi starts in Pyodide. Its first message says where Pyodide is, or has a snapshot of it,
// and carries the package and the program; pyjsapi/bridge/workers/inside.py does the rest.

import { folderURL } from "../../common/host.mjs";
import { loadPyodide } from "../../common/pyodide.mjs";
import { listen, ownPort } from "../../common/threads.mjs";
import { loadFromSnapshot } from "../snapshot.mjs";

const PACKAGE_FOLDER = "/lib/pyjsapi_package";

async function loadPlainly(indexURL, archive) {
  const pyodide = await loadPyodide(folderURL(indexURL));
  pyodide.unpackArchive(archive, "zip", { extractDir: PACKAGE_FOLDER });
  return pyodide;
}

/** A Pyodide with the package and the program. */
async function prepare({ indexURL, archive, snapshot, files }) {
  const pyodide = snapshot ? await loadFromSnapshot(snapshot) : await loadPlainly(indexURL, archive);
  // Threads of Node have no file descriptors to print to: lines go the way of the console's.
  pyodide.setStdin({ stdin: () => null });
  pyodide.setStdout({ batched: (line) => console.log(line) });
  pyodide.setStderr({ batched: (line) => console.error(line) });
  for (const [path, bytes] of files) {
    pyodide.FS.mkdirTree(path.slice(0, path.lastIndexOf("/")) || "/");
    pyodide.FS.writeFile(path, new Uint8Array(bytes));
  }
  pyodide.runPython(`import sys; sys.path.insert(0, "${PACKAGE_FOLDER}")`);
  return pyodide;
}

/** Makes this thread a worker of pyjsapi. */
export function runWorker() {
  const port = ownPort();
  const post = (message) => port.postMessage(message);
  /** Takes messages, which may come before Python is ready. */
  let receive;
  const early = [];

  function arrived(message) {
    if (receive) receive(message.data, message.memories ?? []);
    else early.push(message);
  }

  async function start(first) {
    const pyodide = await prepare(first);
    const worker = pyodide.pyimport("pyjsapi.bridge.workers.inside");
    await worker.run(
      first.job,
      (data, memories) => post({ data, memories }),
      (handler) => {
        receive = handler;
        for (const message of early.splice(0)) arrived(message);
      },
      first.snapshot,
    );
    post({ end: true });
  }

  let started = false;
  listen(port, "message", (message) => {
    if (started) {
      arrived(message);
    } else {
      started = true;
      start(message).catch((error) => post({ end: true, reason: String(error?.message ?? error) }));
    }
  });
}
