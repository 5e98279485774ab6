// The script of a worker that pyjsapi starts in Pyodide. Its first message says where Pyodide is and carries the
// package; pyjsapi/bridge/web_worker.py does the rest.

const isNode = typeof process === 'object' && typeof process.versions?.node === 'string';
const port = isNode ? (await import('node:worker_threads')).parentPort : globalThis;
const post = (message) => port.postMessage(message);

/** Takes messages, which may come before Python is ready. */
let receive;
let early = [];

function arrived(message) {
  if (receive) receive(message.data, message.memories ?? []);
  else early.push(message);
}

async function start({ indexURL, archive, files, job }) {
  const { loadPyodide } = await import(`${isNode && indexURL.startsWith('/') ? 'file://' : ''}${indexURL}pyodide.mjs`);
  // Threads of Node have no file descriptors to print to: lines go the way of the console's.
  const pyodide = await loadPyodide({
    indexURL,
    stdin: () => null,
    stdout: (line) => console.log(line),
    stderr: (line) => console.error(line),
  });
  pyodide.unpackArchive(archive, 'zip', { extractDir: '/lib/pyjsapi_package' });
  for (const [path, bytes] of files) {
    pyodide.FS.mkdirTree(path.slice(0, path.lastIndexOf('/')) || '/');
    pyodide.FS.writeFile(path, bytes);
  }
  pyodide.runPython('import sys; sys.path.insert(0, "/lib/pyjsapi_package")');
  const worker = pyodide.pyimport('pyjsapi.bridge.web_worker');
  const running = worker.run(
    job,
    (data, memories) => post({ data, memories }),
    (handler) => {
      receive = handler;
      for (const message of early.splice(0)) arrived(message);
    },
  );
  await running;
  post({ end: true });
}

const failed = (error) => post({ end: true, reason: String(error?.message ?? error) });

let started = false;
const listener = (message) => {
  if (started) {
    arrived(message);
  } else {
    started = true;
    start(message).catch(failed);
  }
};
if (isNode) port.on('message', listener);
else port.addEventListener('message', ({ data }) => listener(data));
