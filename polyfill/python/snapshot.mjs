// Starting Pyodide with pyjsapi from a memory snapshot: what a worker needs is made once, sent to it, and copied into
// its memory, instead of starting Python again. A start takes some 0.2 s then instead of 1.5.
//
//   const snapshot = await makeSnapshot({ indexURL });                 // once, in a page, a worker or Node
//   worker.postMessage(snapshot);
//   const pyodide = await loadFromSnapshot(snapshot);                  // in the worker
//   const { WebAssembly } = await loadPythonWebAssembly({ pyodide });
//
// Pyodide's snapshots are not part of its public interface. Where it makes none, or does not take the one that it made,
// `loadFromSnapshot` starts Python plainly: slower, with the same result.

import { absoluteURL, folderURL, isNode, readBytes } from "../common/host.mjs";
import { importPyodide, indexURL as indexOf } from "../common/pyodide.mjs";

/** Where the package lies in Pyodide's file system: a wheel is a zip, from which Python imports. */
const PACKAGE_PATH = "/lib/pyjsapi.zip";

/** What the snapshot has imported already: the engine, and the Python side of the link. */
const IMPORTS = `
def start():
    import importlib, pkgutil, random, sys
    if ${JSON.stringify(PACKAGE_PATH)} not in sys.path:
        sys.path.append(${JSON.stringify(PACKAGE_PATH)})
    import pyjsapi, pyjsapi.bridge
    for module in pkgutil.walk_packages(pyjsapi.bridge.__path__, "pyjsapi.bridge."):
        importlib.import_module(module.name)
    "".encode("utf-16-le")
    pyjsapi.WebAssembly.Instance(pyjsapi.WebAssembly.Module(b"\\0asm\\1\\0\\0\\0"))
start()
del start
`;

/** The state of random numbers is in the snapshot, too: two workers would draw the same. */
const RESEED = '__import__("random").seed()';

async function bytesOf(url) {
  try {
    return await readBytes(url);
  } catch (error) {
    throw new Error(`${url} could not be loaded: ${error?.message ?? error}`, { cause: error });
  }
}

/**
 * The same bytes where all workers can read them, if there is shared memory. A buffer and no view: in Deno a message
 * with a view of 30 MB takes twenty seconds to arrive.
 */
function shared(bytes) {
  const canShare = typeof SharedArrayBuffer !== "undefined" && globalThis.crossOriginIsolated !== false;
  const buffer = canShare ? new SharedArrayBuffer(bytes.length) : new ArrayBuffer(bytes.length);
  new Uint8Array(buffer).set(bytes);
  return buffer;
}

/** The bytes in memory of one's own: decoders of text and `Response` refuse shared memory. */
function own(buffer) {
  const bytes = new Uint8Array(buffer);
  return buffer instanceof ArrayBuffer ? bytes : bytes.slice();
}

/** The lock file without packages but ours: a long one takes long to read. */
function shortLock(text) {
  const lock = JSON.parse(text);
  const { pyjsapi } = lock.packages;
  return { text: JSON.stringify({ ...lock, packages: {} }), wheel: pyjsapi?.file_name };
}

/** Runs `start` while Pyodide's requests for its wasm file and its library are answered from `parts`. */
async function supplied({ folder, module, wasmLength, library }, start) {
  const { fetch: givenFetch, WebAssembly: engine } = globalThis;
  const { instantiate, instantiateStreaming } = engine;
  /** Stands for the response with the code, which nobody reads. */
  const code = new Response();
  const instance = async (imports) => ({ module, instance: await instantiate.call(engine, module, imports) });
  /** @type {(source: any, imports: any) => Promise<any>} what it answers depends on the source */
  const instantiateOurs = (source, imports) => {
    const isOurs = !(source instanceof engine.Module) && source?.byteLength === wasmLength;
    return isOurs ? instance(imports) : instantiate.call(engine, source, imports);
  };
  engine.instantiate = instantiateOurs;
  if (!isNode) {
    engine.instantiateStreaming = async (source, imports) => {
      const response = await source;
      return response === code ? instance(imports) : instantiateStreaming.call(engine, response, imports);
    };
    globalThis.fetch = (resource, options) => {
      const url = resource instanceof Request ? resource.url : String(resource);
      if (url === `${folder}pyodide.asm.wasm`) return Promise.resolve(code);
      if (url === `${folder}python_stdlib.zip`) return Promise.resolve(new Response(own(library)));
      return givenFetch(resource, options);
    };
  }
  try {
    return await start();
  } finally {
    engine.instantiate = instantiate;
    if (!isNode) {
      engine.instantiateStreaming = instantiateStreaming;
      globalThis.fetch = givenFetch;
    }
  }
}

async function load(parts, options = {}) {
  const { loadPyodide } = await importPyodide(parts.folder);
  const indexURL = indexOf(parts.folder);
  const given = { indexURL, lockFileContents: parts.lock, packageBaseUrl: indexURL, ...options };
  return supplied(parts, () => loadPyodide(given));
}

function addPackage(pyodide, wheel) {
  pyodide.FS.writeFile(PACKAGE_PATH, own(wheel));
}

/** The memory of a Python that has imported the package; null where Pyodide makes no snapshots. */
async function memoryOf(parts) {
  try {
    const pyodide = await load(parts, { _makeSnapshot: true });
    addPackage(pyodide, parts.wheel);
    pyodide.runPython(IMPORTS);
    return shared(pyodide.makeMemorySnapshot());
  } catch (error) {
    if (/Python|pyjsapi/.test(error?.constructor?.name ?? "")) throw error;
    return null;
  }
}

/**
 * Makes what workers start from. The result can be sent to any number of workers of the same origin (or threads of the
 * same process) with `postMessage`; where there is shared memory, they share it.
 *
 * @param {object} options
 * @param {string} options.indexURL the folder of Pyodide
 * @param {string} [options.packageURL] the wheel of pyjsapi; by default the one that Pyodide's lock file names
 * @returns {Promise<{ folder: string, module: WebAssembly.Module, wasmLength: number, library: ArrayBufferLike,
 *   lock: string, wheel: ArrayBufferLike, memory: ArrayBufferLike | null }>} `memory` is null where Pyodide makes no snapshots. The promise
 *   rejects with an error that names the URL if a file cannot be loaded
 */
export async function makeSnapshot({ indexURL, packageURL }) {
  const folder = folderURL(indexURL);
  const { text: lock, wheel: name } = shortLock(new TextDecoder().decode(await bytesOf(`${folder}pyodide-lock.json`)));
  if (packageURL === undefined && name === undefined) {
    throw new Error(`${folder}pyodide-lock.json names no pyjsapi: give its wheel as packageURL`);
  }
  const wheelURL = packageURL === undefined ? folder + name : absoluteURL(packageURL);
  const [code, library, wheel] = await Promise.all(
    [`${folder}pyodide.asm.wasm`, `${folder}python_stdlib.zip`, wheelURL].map(bytesOf),
  );
  const module = await globalThis.WebAssembly.compile(code);
  const parts = { folder, module, wasmLength: code.length, library: shared(library), lock, wheel: shared(wheel) };
  return { ...parts, memory: await memoryOf(parts) };
}

/**
 * Starts Pyodide from a snapshot; pyjsapi can be imported, and has been.
 *
 * @param {Awaited<ReturnType<typeof makeSnapshot>>} snapshot what `makeSnapshot` gave, here or in another thread
 * @returns {Promise<object>} a loaded Pyodide
 */
export async function loadFromSnapshot(snapshot) {
  let pyodide = null;
  if (snapshot.memory !== null) {
    try {
      pyodide = await load(snapshot, { _loadSnapshot: own(snapshot.memory) });
    } catch {
      // Another version of Pyodide, or one whose snapshots changed: Python starts plainly.
    }
  }
  const isRestored = pyodide !== null;
  pyodide ??= await load(snapshot);
  addPackage(pyodide, snapshot.wheel);
  pyodide.runPython(isRestored ? RESEED : IMPORTS);
  return pyodide;
}
