// Loading Pyodide from a folder.

import { builtin, isNode } from "./host.mjs";

/**
 * The URL of Pyodide's module in a folder, an absolute URL with a slash at its end.
 * @param {string} folder
 */
export const scriptIn = (folder) => `${folder}pyodide.mjs`;

/**
 * The module there.
 * @param {string} folder
 * @returns {Promise<{ loadPyodide: (options: object) => Promise<any> }>} Pyodide has no types here
 */
export function importPyodide(folder) {
  return import(/* @vite-ignore */ /* webpackIgnore: true */ scriptIn(folder));
}

/**
 * A folder as Pyodide itself wants it: a path in Node.
 * @param {string} folder
 */
export function indexURL(folder) {
  return isNode && folder.startsWith("file:") ? builtin("node:url").fileURLToPath(folder) : folder;
}

/**
 * Lets Pyodide start in classic workers, such as webpack makes of modules. It needs import(), which they have as well, but
 * refuses them; by an empty script it asks which kind it is in. Returns what undoes this.
 */
function answerAsModulesDo() {
  const { importScripts } = /** @type {any} */ (globalThis);
  if (importScripts === undefined) return () => {};
  const value = (/** @type {string[]} */ ...urls) => {
    if (urls.length === 1 && urls[0].startsWith("data:")) throw new TypeError("as in a module");
    return importScripts(...urls);
  };
  const own = Object.getOwnPropertyDescriptor(globalThis, "importScripts");
  Object.defineProperty(globalThis, "importScripts", { value, configurable: true, writable: true });
  return () => {
    if (own) Object.defineProperty(globalThis, "importScripts", own);
    else Reflect.deleteProperty(globalThis, "importScripts");
  };
}

/**
 * A Pyodide from a folder.
 * @param {string} folder
 * @param {object} options
 */
export async function loadPyodide(folder, options = {}) {
  const undo = answerAsModulesDo();
  try {
    const module = await importPyodide(folder);
    return await module.loadPyodide({ indexURL: indexURL(folder), ...options });
  } finally {
    undo();
  }
}
