// What lowering on demand takes from pages and from Node: digests, where Pyodide is, and where results are kept.

import { builtin, folderURL, isNode, packageFrom } from "../common/host.mjs";

/** @typedef {{ bytes?: Uint8Array<ArrayBuffer>, refusal?: string, failure?: string }} Answer what a lowerer says: one of these */
/** @typedef {string | false | undefined} Cache its place, as it is configured */
/**
 * @typedef {{ folder: string, wheel?: string }} Place of Pyodide, a URL with a slash at its end, and of pyjsapi where it is
 *   not in Pyodide's distribution
 */

const CACHE = "pyjsapi-lowered";

/** @param {ArrayBuffer} buffer */
const hex = (buffer) => Array.from(new Uint8Array(buffer), (byte) => byte.toString(16).padStart(2, "0")).join("");

/** The folder of this package as it was installed, as a URL; undefined in a bundle. */
export const packageFolder = () =>
  packageFrom(() => new URL(/* webpackIgnore: true */ /* @vite-ignore */ "./", import.meta.url), "/lowered/");

/**
 * Where Pyodide with pyjsapi is when nothing is configured: beside this package; in a bundle beside the page, or where the
 * process runs. In Node it may also be the npm package, with the wheel that this package carries.
 * @returns {Place}
 */
export function defaultPlace() {
  const own = packageFolder();
  const beside = own === undefined ? folderURL("./pyodide/") : new URL("../pyodide/", own).href;
  if (!isNode) return { folder: beside };
  const { PYJSAPI_PYODIDE } = process.env;
  const { pathToFileURL } = builtin("node:url");
  if (PYJSAPI_PYODIDE) return { folder: pathToFileURL(`${PYJSAPI_PYODIDE}/`).href };
  const { existsSync } = builtin("node:fs");
  const places = own === undefined ? [beside] : [beside, new URL("../build/pyodide/", own).href];
  const folder = places.find((url) => existsSync(new URL("pyodide.mjs", url)));
  if (folder !== undefined || own === undefined) return { folder: folder ?? beside };
  const wheel = new URL("pyjsapi.whl", own);
  try {
    const found = builtin("node:module").createRequire(own).resolve("pyodide/package.json");
    return { folder: new URL("./", pathToFileURL(found)).href, wheel: wheel.href };
  } catch {
    return { folder: beside };
  }
}

/**
 * The SHA-256 of bytes in hexadecimal digits; undefined where a page is not allowed to make one.
 * @param {Uint8Array<ArrayBuffer>} bytes
 * @returns {Promise<string | undefined>}
 */
export async function digest(bytes) {
  if (isNode) return digestNow(bytes);
  return globalThis.crypto?.subtle && hex(await crypto.subtle.digest("SHA-256", bytes));
}

/**
 * The same at once, in Node.
 * @param {Uint8Array} bytes
 * @returns {string}
 */
export function digestNow(bytes) {
  return builtin("node:crypto").createHash("sha256").update(bytes).digest("hex");
}

/**
 * The bytes of a file at once, in Node.
 * @param {string} url
 * @returns {Uint8Array<ArrayBuffer>}
 */
export function readBytesNow(url) {
  return builtin("node:fs").readFileSync(new URL(url));
}

/**
 * The folder that keeps results in Node when none is configured.
 * @param {Cache} configured
 * @returns {string}
 */
function cacheFolder(configured) {
  if (typeof configured === "string") return configured;
  const { join } = builtin("node:path");
  const { env, platform } = process;
  const home = builtin("node:os").homedir();
  /** @type {Record<string, string>} */
  const bases = { win32: env.LOCALAPPDATA ?? join(home, "AppData", "Local"), darwin: join(home, "Library", "Caches") };
  return env.PYJSAPI_LOWERED_CACHE || join(env.XDG_CACHE_HOME || (bases[platform] ?? join(home, ".cache")), CACHE);
}

/**
 * A kept result in Node, or undefined.
 * @param {string} key
 * @param {Cache} configured
 * @returns {Uint8Array<ArrayBuffer> | undefined}
 */
export function loadNow(key, configured) {
  try {
    const { join } = builtin("node:path");
    return new Uint8Array(builtin("node:fs").readFileSync(join(cacheFolder(configured), `${key}.wasm`)));
  } catch {
    return undefined;
  }
}

/**
 * Keeps a result in Node: whole or not at all, and nobody is told when it cannot be kept.
 * @param {string} key
 * @param {Uint8Array<ArrayBuffer>} bytes
 * @param {Cache} configured
 */
export function storeNow(key, bytes, configured) {
  const { mkdirSync, renameSync, writeFileSync } = builtin("node:fs");
  const { join } = builtin("node:path");
  try {
    const folder = cacheFolder(configured);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const unfinished = join(folder, `${key}.${process.pid}.${Math.random().toString(36).slice(2)}`);
    writeFileSync(unfinished, bytes);
    renameSync(unfinished, join(folder, `${key}.wasm`));
  } catch {
    // A read-only or full disk: it is lowered again next time.
  }
}

/** @param {string} key */
const cacheURL = (key) => new URL(`/${CACHE}/${key}.wasm`, globalThis.location.origin).href;

/**
 * A kept result, or undefined.
 * @param {string} key
 * @param {Cache} configured
 * @returns {Promise<Uint8Array<ArrayBuffer> | undefined>}
 */
export async function load(key, configured) {
  if (isNode) return loadNow(key, configured);
  try {
    const kept = await (await caches.open(configured || CACHE)).match(cacheURL(key));
    return kept && new Uint8Array(await kept.arrayBuffer());
  } catch {
    return undefined; // no Cache API: an insecure context, or a private window
  }
}

/**
 * Keeps a result.
 * @param {string} key
 * @param {Uint8Array<ArrayBuffer>} bytes
 * @param {Cache} configured
 */
export async function store(key, bytes, configured) {
  if (isNode) return storeNow(key, bytes, configured);
  try {
    const response = new Response(bytes, { headers: { "Content-Type": "application/wasm" } });
    await (await caches.open(configured || CACHE)).put(cacheURL(key), response);
  } catch {
    // As above, or the quota is used up.
  }
}
