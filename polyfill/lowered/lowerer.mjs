// Lowers modules on demand: pyjsapi in Pyodide, in a worker, loaded when the first module needs it. Results are kept.

import * as native from "../common/engine.mjs";
import { folderURL, isNode, readText } from "../common/host.mjs";
import * as host from "./host.mjs";
import { memoryFeatures } from "./probe.mjs";
import { loadPyjsapi, lowererIn } from "./pyodide.mjs";
import { oneMemoryForm } from "./validate.mjs";

/** @typedef {import("./host.mjs").Answer} Answer */

const { CompileError } = native;

/** @type {import("../types/lowerer.js").LoweringOptions} */
const settings = { indexURL: undefined, cache: undefined, lower: undefined };

/**
 * The worker with its open requests, once it is started.
 * @type {ReturnType<typeof startService> | undefined}
 */
let service;
/**
 * The lowerer in this thread, once `prepare` has loaded it.
 * @type {ReturnType<typeof lowererIn> | undefined}
 */
let here;
/**
 * The modules that are being lowered, by key, so that none is lowered twice at the same time.
 * @type {Map<string, Promise<Answer>>}
 */
const underway = new Map();

/**
 * Says where things are, before the first module is lowered.
 * @param {object} options
 * @param {string | URL} [options.indexURL] the folder of a Pyodide distribution with pyjsapi (default: `pyodide/` beside
 *   this package's folder; in Node also the variable PYJSAPI_PYODIDE)
 * @param {string | false} [options.cache] the folder (Node) or the name (pages) of the cache; `false` keeps nothing
 * @param {(bytes: Uint8Array) => Uint8Array} [options.lower] lowers in place of pyjsapi
 */
export function configure(options) {
  for (const name of Object.keys(options)) {
    if (!(name in settings)) {
      throw new TypeError(`configure(): there is no option ${name}; there are ${Object.keys(settings).join(", ")}`);
    }
  }
  Object.assign(settings, options);
}

/**
 * Loads the lowerer into this thread, so that `new WebAssembly.Module(bytes)` works on modules with several memories
 * that were not lowered ahead of time. Node needs no such call.
 * @param {object} [options]
 * @param {object} [options.pyodide] a loaded Pyodide that has pyjsapi; without it, one is loaded
 * @returns {Promise<void>}
 */
export async function prepare({ pyodide } = {}) {
  if (pyodide !== undefined) here = lowererIn(pyodide);
  if (settings.lower === undefined && here === undefined) here = lowererIn(await loadPyjsapi(distribution()));
}

/** The folder of a Pyodide with pyjsapi, an absolute URL with a slash at its end. */
function distribution() {
  const chosen = settings.indexURL;
  return chosen === undefined ? host.defaultDistribution() : folderURL(String(chosen));
}

/**
 * Names the result of lowering these bytes: by them, by the engine it is for, and by the pyjsapi that does it.
 * @param {string} lock
 * @param {string} digest
 */
function keyOf(lock, digest) {
  const { memory64, customPageSizes } = memoryFeatures();
  const engine = `${memory64 ? "w" : ""}${customPageSizes ? "p" : ""}`;
  return `${JSON.parse(lock).packages.pyjsapi.sha256.slice(0, 16)}${engine}-${digest}`;
}

const lockURL = () => `${distribution()}pyodide-lock.json`;

/** @param {Uint8Array<ArrayBuffer>} bytes */
async function cacheKey(bytes) {
  if (settings.cache === false) return undefined;
  try {
    const digest = await host.digest(bytes);
    return digest && keyOf(await readText(lockURL()), digest);
  } catch {
    return undefined; // no distribution to read: the worker will say so
  }
}

/** @param {Uint8Array} bytes */
function cacheKeyNow(bytes) {
  if (settings.cache === false) return undefined;
  try {
    return keyOf(host.readTextNow(lockURL()), host.digestNow(bytes));
  } catch {
    return undefined;
  }
}

function startService() {
  const worker = host.startWorker();
  /** @type {Map<number, (answer: Answer) => void>} */
  const open = new Map();
  const settle = (/** @type {number} */ id, /** @type {Answer} */ answer) => {
    const resolve = open.get(id);
    open.delete(id);
    if (open.size === 0) worker.busy(false);
    resolve?.(answer);
  };
  worker.onMessage((answer) => settle(answer.id, answer));
  worker.onFailure((failure) => {
    service = undefined;
    for (const id of [...open.keys()]) settle(id, { failure });
  });
  worker.post({ folder: distribution() });
  let last = 0;
  return {
    request: (/** @type {Uint8Array} */ bytes) =>
      new Promise((resolve) => {
        worker.busy(true);
        open.set(++last, resolve);
        worker.post({ id: last, bytes });
      }),
    requestNow: (/** @type {Uint8Array} */ bytes) => host.requestNow(worker, { id: ++last, bytes }),
  };
}

/**
 * The lowered bytes of an answer.
 * @param {Answer} answer
 * @param {string} context
 */
function unwrap(answer, context) {
  if (answer.bytes) return answer.bytes;
  if (answer.refusal !== undefined) throw new CompileError(`${context}: ${answer.refusal}`);
  throw new CompileError(
    `${context}: the module has several memories, this engine has one per module, and pyjsapi, which would lower it, `
      + `could not be loaded from ${distribution()}: ${answer.failure}. Lower the module ahead of time with `
      + "`pyjsapi lower`, or name the folder of Pyodide with pyjsapi: configure({ indexURL })",
  );
}

/**
 * Throws the engine's CompileError for a module that is not valid, where the engine can tell, before it is lowered.
 * @param {ReturnType<typeof oneMemoryForm>} form
 * @param {string} context
 */
function refuse(form, context) {
  if (form === undefined) return;
  if ("problem" in form) throw new CompileError(`${context}: ${form.problem}`);
  if (native.validate(form.bytes)) return;
  try {
    new native.Module(form.bytes);
  } catch (error) {
    throw new CompileError(error.message.replace(/^WebAssembly\.Module\(\)/, context));
  }
}

/**
 * @param {Uint8Array<ArrayBuffer>} bytes
 * @param {string | undefined} key
 * @returns {Promise<Answer>}
 */
async function lowerOnce(bytes, key) {
  const kept = key && (await host.load(key, settings.cache));
  if (kept) return { bytes: kept };
  if (here) return here(bytes);
  service ??= startService();
  const answer = await service.request(bytes);
  if (key && answer.bytes) await host.store(key, answer.bytes, settings.cache);
  return answer;
}

/**
 * The lowered form of a module with several memories. Rejects with a CompileError for an invalid module, and for one
 * that cannot be lowered.
 * @param {Uint8Array<ArrayBuffer>} bytes not changed while this runs
 * @param {string} context the function that was called, for the error
 * @returns {Promise<Uint8Array<ArrayBuffer>>}
 */
export async function lower(bytes, context) {
  if (settings.lower) return settings.lower(bytes);
  refuse(oneMemoryForm(bytes), context);
  const key = await cacheKey(bytes);
  let answer = key && underway.get(key);
  if (!answer) {
    answer = lowerOnce(bytes, key);
    if (key) {
      underway.set(key, answer);
      answer.finally(() => underway.delete(key)).catch(() => {});
    }
  }
  return unwrap(await answer, context);
}

/**
 * The same at once: with what `prepare` has loaded, else, in Node, by sleeping until the worker is done.
 * @param {Uint8Array<ArrayBuffer>} bytes
 * @param {string} context
 * @returns {Uint8Array<ArrayBuffer>}
 */
export function lowerNow(bytes, context) {
  if (settings.lower) return settings.lower(bytes);
  refuse(oneMemoryForm(bytes), context);
  if (here) return unwrap(here(bytes), context);
  if (!isNode) {
    throw new CompileError(
      `${context}: the module has several memories, this engine has one per module, and lowering it takes time: use `
        + "WebAssembly.compile() or WebAssembly.instantiate(), or call `await prepare()` of the polyfill before, or lower "
        + "the module ahead of time with `pyjsapi lower`",
    );
  }
  const key = cacheKeyNow(bytes);
  const kept = key && host.loadNow(key, settings.cache);
  if (kept) return kept;
  service ??= startService();
  const answer = service.requestNow(bytes);
  if (key && answer.bytes) host.storeNow(key, answer.bytes, settings.cache);
  return unwrap(answer, context);
}

/**
 * Whether a module with several memories is valid. Where the engine cannot tell, the lowerer does; a page that did not
 * prepare it is told false.
 * @param {Uint8Array<ArrayBuffer>} bytes
 * @returns {boolean}
 */
export function validateNow(bytes) {
  const form = oneMemoryForm(bytes);
  if (form !== undefined) return "bytes" in form && native.validate(form.bytes);
  try {
    lowerNow(bytes, "WebAssembly.validate()");
    return true;
  } catch {
    return false;
  }
}
