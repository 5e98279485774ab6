// The link layer between JavaScript and the Python engine inside Pyodide.
//
//   const link = await createLink(pyodide, { link: 'auto' | 'native' | 'proxy' });
//
// A `NativeLink` calls the C API of Pyodide's interpreter directly; where one of its functions is missing (`canLink`),
// a `ProxyLink` does the same through proxies, slower. Both have this interface. A "ptr" is a number that names a
// Python object; it means nothing else to the caller.
//
// Calls
//   link.export(ptr, params, results)     a JavaScript function that calls the Python callable, and keeps it alive
//   link.import(f, params, results)       ptr, a new reference, of a Python builtin that calls the JavaScript function
//   Signatures are strings with one letter per value:
//     i  i32, a Number          I  i64, a BigInt        f  f32    d  f64, Numbers
//     r F A                     references: externref, funcref, and any/eq/i31/struct/array; see `references`
//     O  ptr                    borrowed when passed in either direction; a *new* reference as a result of `export`,
//                               and taken from a JavaScript function that returns one
//     s  string                 lone surrogates included
//     b  bytes                  a Uint8Array or ArrayBuffer to `bytes`; any bytes-like object to a new Uint8Array
//     J  a JSON value
//   Python sees i and I in canonical form, from 0. Results '' are undefined; two letters or more are an array in
//   JavaScript (from functions of the user: any iterable of the right length) and a tuple in Python.
//   Arguments are converted in order, before Python is entered; conversions may throw (ToNumber, ToBigInt, hooks).
//
// Exceptions never cross. Both hooks are set by the user of the link:
//   link.onError(ptr)     a Python exception came out of an exported function. The hook owns the reference, and must
//                         throw.
//   link.onThrow(value)   an imported function has thrown `value`. The hook returns ptr (a new reference) of the
//                         Python exception to raise instead, or 0: then that is a
//                         pyjsapi.bridge.link.errors.JavaScriptThrow.
//   link.thrown(ptr)      `{ value }` for a JavaScriptThrow, in `onError`: what was thrown; else undefined
//
// References: link.references.r = { toPython(value) -> ptr (new reference), fromPython(ptr) -> value }; also F and A.
//
// Objects
//   link.incref(ptr), link.decref(ptr), link.none (ptr of None)
//   link.lookup('pyjsapi.bridge.face.api', 'name') -> ptr, a new reference. Throws an Error if there is none.
//
// Memories. An instance is Python's, on a block of `pyjsapi.bridge.memory.linked`; generated code reaches it through accessors.
//   link.memoryFor(memory, type) -> ptr, a new reference. `memory` is a native WebAssembly.Memory (of 32-bit
//                         addresses) whose bytes become the instance's, or null for a new one. type is
//                         { initial, maximum?, shared?, address?: 'i32' | 'i64' } in pages, Numbers or BigInts.
//                         `initial` may be less than the size of `memory` now.
//   link.nativeOf(ptr) -> the native WebAssembly.Memory with the instance's bytes; they move into it at the first call,
//                         even in the middle of running code. Its `buffer` may be handed out. Where the
//                         engine allows no more memories, or pages are of one byte, it is an ArrayBufferMemory, which has
//                         a `buffer` and is slow.
//   link.grow(ptr, delta) -> the size before in pages, or -1. JavaScript must grow memories that have an instance with
//                         this function, so that the engine's limit holds.
//   link.recordOf(memory, address) -> number, the record of a native WebAssembly.Memory, for Python to make a block of
//   link.memoryOf(record) -> the WebAssembly.Memory of a record whose bytes are in one
//   link.live             how much is held for Python: { memories, imports, slots, thrown }, for tests
//
// In Python, `pyjsapi.bridge.memory.linked.make_memory` is what to give to `engines.python.instantiate(make_memory=...)`.

import { dispatch, glue, heap, native, shared } from "./helpers.gen.mjs";
import { namespace as Native } from "../common/engine.mjs";
import { fromBase64 } from "../common/values.mjs";
import { NativeLink, REQUIRED } from "./link/native.mjs";
import { ProxyLink } from "./link/proxy.mjs";

/**
 * What Pyodide lacks for a `NativeLink`.
 * @param {object} pyodide
 * @returns {string[]} names of functions and objects; empty if nothing is missing
 */
export function canLink(pyodide) {
  const module = pyodide?._module;
  const missing = REQUIRED.filter((name) => typeof module?.[name] !== "function");
  if (!(module?.memory instanceof Native.Memory)) missing.push("memory");
  if (!(module?.wasmTable instanceof Native.Table)) missing.push("wasmTable");
  if (typeof module?.__Py_NoneStruct !== "number") missing.push("__Py_NoneStruct");
  return missing;
}

async function compileHelpers() {
  const texts = { dispatch, glue, heap, native, shared };
  const pairs = Object.entries(texts).map(async ([name, text]) => [name, await Native.compile(fromBase64(text))]);
  return Object.fromEntries(await Promise.all(pairs));
}

/**
 * Link JavaScript and the Python of a Pyodide in which `pyjsapi` can be imported.
 * @param {object} pyodide
 * @param {object} options
 * @param {'auto' | 'native' | 'proxy'} [options.link]
 * @param {boolean} [options.compile] false to make no code from text, as where the policy of a page forbids it
 * @returns {Promise<NativeLink | ProxyLink>}
 */
export async function createLink(pyodide, { link = "auto", compile } = {}) {
  if (!["auto", "native", "proxy"].includes(link)) {
    throw new TypeError(`link: '${link}' is none of 'auto', 'native', 'proxy'`);
  }
  const missing = canLink(pyodide);
  if (link === "native" && missing.length) {
    throw new Error(`Pyodide ${pyodide.version} cannot be linked natively: it lacks ${missing.join(", ")}`);
  }
  const isNative = link !== "proxy" && !missing.length;
  const made = isNative ? new NativeLink(pyodide, await compileHelpers(), compile) : new ProxyLink(pyodide);
  const connection = pyodide.pyimport("pyjsapi.bridge.link.connection");
  connection.linked(made);
  connection.destroy();
  return made;
}

/**
 * The same at once: for a page that cannot wait, and allows small modules to be compiled so.
 * @param {object} pyodide
 */
export function createLinkNow(pyodide) {
  if (canLink(pyodide).length) return new ProxyLink(pyodide);
  const texts = Object.entries({ dispatch, glue, heap, native, shared });
  const helpers = Object.fromEntries(texts.map(([name, text]) => [name, new Native.Module(fromBase64(text))]));
  return new NativeLink(pyodide, helpers);
}

export { NativeLink };
