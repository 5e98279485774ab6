// What a JavaScript case may write in `expect` besides plain values.

import { Description, Pattern } from "./describe.mjs";

/** The expression throws (or rejects with) an error of this class: "TypeError", "WebAssembly.LinkError" … */
export const throws = (name) => new Pattern({ error: name }, true);

/** The expression throws something that is no Error, described like any value. */
export const throwsValue = (value) => new Pattern({ thrown: new Description().describe(value, "thrown") }, true);

/** As `throws`, inside an array or an object. */
export const thrown = (name) => new Pattern({ throws: { error: name } });

/** An error that was not thrown but read or returned. */
export const error = (name) => new Pattern({ error: name });

/** An object of a class; `more` are further members of its description. */
export const object = (name, more = {}) => new Pattern({ object: name, ...more });

/** An interface object of the namespace under test. */
export const wasm = (name) => new Pattern({ object: `WebAssembly.${name}` });

/** A function with this name and length; exported functions are no constructors. */
export const func = (name, length, isConstructor = false) =>
  new Pattern({ function: name, length, constructor: isConstructor });

/** The same object as the one first seen at `path`. */
export const same = (path) => new Pattern({ same: path });

/** An ArrayBuffer of `byteLength` bytes; `more` may say detached, resizable, maxByteLength. */
export const buffer = (byteLength, more = {}) =>
  new Pattern({ object: "ArrayBuffer", byteLength, detached: false, resizable: false, ...more });

/** A detached ArrayBuffer. */
export const detached = new Pattern({ object: "ArrayBuffer", byteLength: 0, detached: true });

/** A SharedArrayBuffer of `byteLength` bytes. */
export const shared = (byteLength, more = {}) => new Pattern({ object: "SharedArrayBuffer", byteLength, ...more });

/** A symbol with this description. */
export const symbol = (description) => new Pattern({ symbol: description });

/** A null-prototype, frozen object with these members: `exports`. */
export const exportsOf = (members) => Object.freeze(Object.assign(Object.create(null), members));

/** Anything that did not throw. */
export const any = new Pattern({ any: true });
