// The WebAssembly JavaScript API of the Python engine, inside Pyodide.

import { makeNamespace } from "./python/bindings.gen.mjs";
import { makeImplementation } from "./python/impl/index.mjs";
import { createLink } from "./python/link.mjs";
import { findPyodide } from "./python/pyodide.mjs";

/**
 * Makes a `WebAssembly` namespace whose modules the Python engine runs.
 *
 * No global is touched unless `install()` is called. A Pyodide has one namespace: asked for again, it is the same one.
 * @param {object} options
 * @param {object} [options.pyodide] a loaded Pyodide; without it, one is loaded
 * @param {string} [options.indexURL] where Pyodide is loaded from: a folder with pyodide.mjs. By default the npm package
 *   `pyodide` in Node, `./pyodide/` beside the page otherwise
 * @param {string} [options.packageURL] a wheel, or another archive, with pyjsapi, for a Pyodide that does not have it
 * @param {Record<string, boolean>} [options.features] language features by name; those that are false are refused. With
 *   `memoryControl`, which is false by default, the namespace has experimental members more
 * @param {Record<string, number>} [options.limits] limits of modules and of what they use, by name
 * @param {'auto' | 'native' | 'proxy'} [options.link] how JavaScript reaches Python; 'proxy' is slower, and chosen by
 *   'auto' only where the other way is closed
 * @returns {Promise<{ WebAssembly: object, install: () => () => void, pyodide: object, link: object,
 *   absent: Record<string, string> }>} `install()` makes the namespace the global one and returns a function that undoes
 *   it; `absent` says why the namespace lacks a name here, for each that it lacks. The promise rejects with an error that
 *   names the URL if something cannot be loaded, with a TypeError for a feature or limit that does not exist, and with an
 *   Error if the Pyodide has a namespace with other features, limits or link.
 */
export async function loadPythonWebAssembly(options = {}) {
  const { features = {}, limits = {}, link = "auto" } = options;
  const key = JSON.stringify([features, limits, link]);
  const pyodide = await findPyodide(options);
  const found = made.get(pyodide);
  if (found === undefined) {
    const promise = make(pyodide, features, limits, link);
    made.set(pyodide, { key, promise });
    promise.catch(() => made.delete(pyodide));
    return promise;
  }
  if (found.key !== key) {
    throw new Error("This Pyodide has a WebAssembly namespace with other features, limits or link: load another one");
  }
  return found.promise;
}

/** The namespace of each Pyodide; two would mix up what Python keeps for them. */
const made = new WeakMap();

async function make(pyodide, features, limits, kind) {
  const link = await createLink(pyodide, { link: kind });
  const { implementation, absent } = makeImplementation(link, { features, limits });
  const WebAssembly = makeNamespace(implementation);

  function install() {
    const before = Object.getOwnPropertyDescriptor(globalThis, "WebAssembly");
    const value = WebAssembly;
    Object.defineProperty(globalThis, "WebAssembly", { value, writable: true, enumerable: false, configurable: true });
    return () => {
      if (!Object.is(globalThis.WebAssembly, value)) return;
      if (before === undefined) Reflect.deleteProperty(globalThis, "WebAssembly");
      else Object.defineProperty(globalThis, "WebAssembly", before);
    };
  }

  return { WebAssembly, install, pyodide, link, absent };
}
