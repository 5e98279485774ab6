// Lowers modules on demand: pyjsapi in Pyodide, in a worker, loaded when the first module needs it. Results are kept.

import * as native from "../common/engine.mjs";
import { absoluteURL, folderURL, isNode, readBytes } from "../common/host.mjs";
import * as host from "./host.mjs";
import { memoryFeatures } from "./probe.mjs";
import { loadPyjsapi, lowererIn } from "./pyodide.mjs";
import { startService } from "./service.mjs";
import { oneMemoryForm } from "./validate.mjs";

/** @typedef {import("./host.mjs").Answer} Answer */

const { CompileError } = native;

/** A service worker has neither workers nor import(). */
const isServiceWorker = "ServiceWorkerGlobalScope" in globalThis;

/** @type {import("../types/lowerer.js").LoweringOptions} */
const settings = {
  indexURL: undefined,
  packageURL: undefined,
  workerURL: undefined,
  cache: undefined,
  lower: undefined,
};

/**
 * The worker, once it is started.
 * @type {ReturnType<typeof startService> | undefined}
 */
let service;
/**
 * The lowerer in this thread, once it is loaded: by `prepare`, or where no worker can be had.
 * @type {ReturnType<typeof lowererIn> | undefined}
 */
let here;
/**
 * The same while it is being loaded.
 * @type {Promise<ReturnType<typeof lowererIn>> | undefined}
 */
let loading;
/** Whether it is in a Pyodide that was given, whose pyjsapi need not be that of the distribution: nothing is kept. */
let given = false;
/**
 * The modules that are being lowered, by key, so that none is lowered twice at the same time.
 * @type {Map<string, Promise<Answer>>}
 */
const underway = new Map();

/**
 * Says where things are, before the first module is lowered.
 * @param {object} options
 * @param {string | URL} [options.indexURL] the folder of a Pyodide distribution with pyjsapi (default: `pyodide/` beside
 *   this package's folder, in a bundle beside the page; in Node also what the variable PYJSAPI_PYODIDE names, and the npm
 *   package `pyodide`)
 * @param {string | URL} [options.packageURL] pyjsapi's wheel, for a Pyodide whose distribution does not have it
 * @param {string | URL} [options.workerURL] in pages, the address of the script of the worker that lowers: what a bundler
 *   made of `@pyjsapi/polyfill/worker`. Only policies need it that allow no worker from a blob
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
  if (pyodide !== undefined) {
    here = lowererIn(pyodide, memoryFeatures());
    given = true;
  }
  if (settings.lower === undefined) await lowererHere();
}

/** The lowerer in this thread. */
async function lowererHere() {
  if (here) return here;
  loading ??= loadPyjsapi(place()).then((pyodide) => lowererIn(pyodide, memoryFeatures()));
  try {
    here ??= await loading;
    return here;
  } finally {
    loading = undefined;
  }
}

/** Where Pyodide with pyjsapi is. */
function place() {
  const { indexURL, packageURL } = settings;
  const chosen = indexURL === undefined ? host.defaultPlace() : { folder: folderURL(String(indexURL)) };
  return packageURL === undefined ? chosen : { ...chosen, wheel: absoluteURL(String(packageURL)) };
}

/**
 * The file that names the pyjsapi which lowers, and its digest of what is in that file.
 * @returns {[string, (bytes: Uint8Array<ArrayBuffer>, digest: string) => string]}
 */
function namer() {
  const { folder, wheel } = place();
  if (wheel !== undefined) return [wheel, (_, digest) => digest];
  return [`${folder}pyodide-lock.json`, (bytes) => JSON.parse(new TextDecoder().decode(bytes)).packages.pyjsapi.sha256];
}

/**
 * Names the result of lowering: by the pyjsapi that does it, by the engine it is for, and by the bytes.
 * @param {string} package_
 * @param {string} digest
 */
function keyOf(package_, digest) {
  const { memory64, customPageSizes } = memoryFeatures();
  return `${package_.slice(0, 16)}${memory64 ? "w" : ""}${customPageSizes ? "p" : ""}-${digest}`;
}

/** @param {Uint8Array<ArrayBuffer>} bytes */
async function cacheKey(bytes) {
  if (settings.cache === false || given) return undefined;
  try {
    const [url, name] = namer();
    const file = await readBytes(url);
    const [digest, own] = [await host.digest(bytes), await host.digest(file)];
    return digest && own && keyOf(name(file, own), digest);
  } catch {
    return undefined; // no distribution to read: the worker will say so
  }
}

/** @param {Uint8Array} bytes */
function cacheKeyNow(bytes) {
  if (settings.cache === false || given) return undefined;
  try {
    const [url, name] = namer();
    const file = host.readBytesNow(url);
    return keyOf(name(file, host.digestNow(file)), host.digestNow(bytes));
  } catch {
    return undefined;
  }
}

/** The worker that lowers, which in pages may turn out not to be had. */
function serviceOf() {
  const { workerURL } = settings;
  const address = workerURL === undefined ? undefined : absoluteURL(String(workerURL));
  service ??= startService({ place: place(), features: memoryFeatures() }, address, () => {
    service = undefined;
  });
  return service;
}

/**
 * Lowers in the best place: where it was prepared, in a worker, or else in this thread.
 * @param {Uint8Array<ArrayBuffer>} bytes
 * @returns {Promise<Answer>}
 */
async function lowerSomewhere(bytes) {
  if (here) return here(bytes);
  if (isServiceWorker) return { failure: "a service worker cannot load modules at run time" };
  const answer = await serviceOf().request(bytes);
  if (answer) return answer;
  try {
    return (await lowererHere())(bytes);
  } catch (error) {
    return { failure: String(error?.message ?? error) };
  }
}

/**
 * The lowered bytes of an answer.
 * @param {Answer} answer
 * @param {string} context
 */
function unwrap(answer, context) {
  if (answer.bytes) return answer.bytes;
  if (answer.refusal !== undefined) throw new CompileError(`${context}: ${answer.refusal}`);
  const other = isServiceWorker
    ? "let a page lower it before, which keeps the result for service workers, too"
    : `${isNode ? "install the npm package pyodide, or " : ""}name the folder of Pyodide with pyjsapi: configure({ indexURL })`;
  throw new CompileError(
    `${context}: the module has several memories, this engine has one per module, and pyjsapi, which would lower it, `
      + `could not be loaded from ${place().folder}: ${answer.failure}. Lower the module ahead of time with `
      + `\`pyjsapi lower\`, or ${other}`,
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
  const answer = await lowerSomewhere(bytes);
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
  const answer = /** @type {(bytes: Uint8Array) => Answer} */ (serviceOf().requestNow)(bytes);
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
