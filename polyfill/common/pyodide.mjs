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
 * A Pyodide from a folder.
 * @param {string} folder
 * @param {object} options
 */
export async function loadPyodide(folder, options = {}) {
  const module = await importPyodide(folder);
  return module.loadPyodide({ indexURL: indexURL(folder), ...options });
}
