// Finding Pyodide, and pyjsapi in it.

import { absoluteURL, builtin, folderURL, isNode, packageFrom, readBytes } from "../common/host.mjs";
import { importPyodide, indexURL as indexOf, scriptIn } from "../common/pyodide.mjs";

/** An error that says what could not be loaded from where. */
function failure(what, url, cause) {
  return new Error(`${what} could not be loaded from ${url}: ${cause?.message ?? cause}`, { cause });
}

/** Not written where it is imported: only Node does, and bundlers would look for it. */
const NPM_PACKAGE = "pyodide";

async function loadPyodide(indexURL) {
  if (indexURL === undefined && isNode) {
    try {
      const pyodide = await import(/* @vite-ignore */ /* webpackIgnore: true */ NPM_PACKAGE);
      return await pyodide.loadPyodide();
    } catch (error) {
      throw failure("Pyodide", "the npm package 'pyodide'", error);
    }
  }
  const folder = folderURL(indexURL ?? "./pyodide/");
  let module;
  try {
    module = await importPyodide(folder);
  } catch (error) {
    throw failure("Pyodide", scriptIn(folder), error);
  }
  try {
    return await module.loadPyodide({ indexURL: indexOf(folder) });
  } catch (error) {
    throw failure("Pyodide", folder, error);
  }
}

/** Whether pyjsapi is there, with what this namespace needs of it. */
const FIND = `
from importlib.util import find_spec
find_spec("pyjsapi") is not None and find_spec("pyjsapi.bridge") is not None
`;

function hasPackage(pyodide) {
  const globals = pyodide.toPy({});
  try {
    return pyodide.runPython(FIND, { globals });
  } finally {
    globals.destroy();
  }
}

/** The wheel that this package carries, in Node; undefined in a checkout and in bundles. */
function carriedWheel() {
  const here = () => new URL(/* webpackIgnore: true */ /* @vite-ignore */ "./", import.meta.url);
  const own = isNode ? packageFrom(here, "/python/") : undefined;
  return own && builtin("node:fs").existsSync(new URL("pyjsapi.whl", own)) ? `${own}pyjsapi.whl` : undefined;
}

async function unpack(pyodide, packageURL) {
  let bytes;
  try {
    bytes = await readBytes(absoluteURL(packageURL));
  } catch (error) {
    throw failure("pyjsapi", packageURL, error);
  }
  const format = /\.(zip|whl)$/.test(packageURL) ? "wheel" : packageURL.split(".").slice(1).join(".");
  pyodide.unpackArchive(bytes, format);
}

/**
 * A Pyodide in which pyjsapi can be imported; see `loadPythonWebAssembly` for the options.
 * @param {{ pyodide?: any, indexURL?: string, packageURL?: string }} options
 */
export async function findPyodide({ pyodide: given, indexURL, packageURL }) {
  if (given !== undefined && typeof given?.runPython !== "function") {
    throw new TypeError("loadPythonWebAssembly(): option 'pyodide' must be a loaded Pyodide");
  }
  const pyodide = given ?? (await loadPyodide(indexURL));
  if (hasPackage(pyodide)) return pyodide;
  if (packageURL !== undefined) {
    await unpack(pyodide, packageURL);
  } else {
    try {
      await pyodide.loadPackage("pyjsapi", { messageCallback: () => {}, errorCallback: () => {} });
    } catch {
      // Told below.
    }
    const carried = carriedWheel();
    if (carried !== undefined && !hasPackage(pyodide)) await unpack(pyodide, carried);
  }
  if (!hasPackage(pyodide)) {
    const where = packageURL ?? "its own distribution; give its wheel as packageURL";
    throw new Error(`Pyodide ${pyodide.version} found no pyjsapi of this version in ${where}`);
  }
  return pyodide;
}
