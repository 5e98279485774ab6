// Finding Pyodide, and pyjsapi in it.

const isNode = typeof process === 'object' && typeof process.versions?.node === 'string';

/** An error that says what could not be loaded from where. */
function failure(what, url, cause) {
  return new Error(`${what} could not be loaded from ${url}: ${cause?.message ?? cause}`, { cause });
}

/** What relative URLs are relative to; a worker from a blob has nothing but its origin. */
function baseURL() {
  const { document, location, origin } = globalThis;
  return document?.baseURI ?? (location.protocol === 'blob:' ? origin : location.href);
}

/** The folder as an absolute URL that ends with a slash. */
function folderURL(indexURL) {
  const folder = indexURL.endsWith('/') ? indexURL : `${indexURL}/`;
  if (/^[a-z][a-z0-9+.-]+:/i.test(folder)) return folder;
  if (!isNode) return new URL(folder, baseURL()).href;
  return new URL(folder, `file://${process.cwd()}/`).href;
}

async function loadPyodide(indexURL) {
  if (indexURL === undefined && isNode) {
    try {
      const pyodide = await import('pyodide');
      return await pyodide.loadPyodide();
    } catch (error) {
      throw failure('Pyodide', "the npm package 'pyodide'", error);
    }
  }
  const folder = folderURL(indexURL ?? './pyodide/');
  const script = `${folder}pyodide.mjs`;
  let module;
  try {
    module = await import(/* @vite-ignore */ /* webpackIgnore: true */ script);
  } catch (error) {
    throw failure('Pyodide', script, error);
  }
  try {
    const isFile = folder.startsWith('file:');
    return await module.loadPyodide({ indexURL: isFile ? decodeURIComponent(new URL(folder).pathname) : folder });
  } catch (error) {
    throw failure('Pyodide', folder, error);
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

async function unpack(pyodide, packageURL) {
  let bytes;
  try {
    const url = folderURL(packageURL).slice(0, -1);
    if (isNode && url.startsWith('file:')) {
      const { readFile } = await import('node:fs/promises');
      bytes = new Uint8Array(await readFile(new URL(url)));
    } else {
      const response = await fetch(url);
      if (!response.ok) throw new Error(`HTTP status ${response.status}`);
      bytes = new Uint8Array(await response.arrayBuffer());
    }
  } catch (error) {
    throw failure('pyjsapi', packageURL, error);
  }
  const format = /\.(zip|whl)$/.test(packageURL) ? 'wheel' : packageURL.split('.').slice(1).join('.');
  pyodide.unpackArchive(bytes, format);
}

/** A Pyodide in which pyjsapi can be imported; see `loadPythonWebAssembly` for the options. */
export async function findPyodide({ pyodide: given, indexURL, packageURL }) {
  if (given !== undefined && typeof given?.runPython !== 'function') {
    throw new TypeError("loadPythonWebAssembly(): option 'pyodide' must be a loaded Pyodide");
  }
  const pyodide = given ?? await loadPyodide(indexURL);
  if (hasPackage(pyodide)) return pyodide;
  if (packageURL !== undefined) {
    await unpack(pyodide, packageURL);
  } else {
    try {
      await pyodide.loadPackage('pyjsapi', { messageCallback: () => {}, errorCallback: () => {} });
    } catch {
      // Told below.
    }
  }
  if (!hasPackage(pyodide)) {
    const where = packageURL ?? 'its own distribution; give its wheel as packageURL';
    throw new Error(`Pyodide ${pyodide.version} found no pyjsapi of this version in ${where}`);
  }
  return pyodide;
}
