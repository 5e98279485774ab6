// Conversions between JavaScript values and Python objects, by the letters of link.mjs, through the C API.

/** Values per letter: `coerce` may run user code and throw; then `box` makes a new reference; `unbox` borrows one. */
export function makeConversions(link) {
  const module = link.module;
  const python = link.python;
  const reference = (letter) => ({
    numeric: false,
    coerce: (value) => value,
    box: (value) => link.references[letter].toPython(value),
    unbox: (ptr) => link.references[letter].fromPython(ptr),
  });
  const numeric = (coerce, box, unbox) => ({ numeric: true, coerce, box, unbox });
  const { fromU32, fromU64, fromF64, asU32, asU64, asF64 } = python;
  return {
    i: numeric(
      (value) => value >>> 0,
      fromU32,
      (ptr) => asU32(ptr) | 0,
    ),
    I: numeric(
      (value) => BigInt.asUintN(64, value),
      fromU64,
      (ptr) => BigInt.asIntN(64, asU64(ptr)),
    ),
    f: numeric(
      (value) => Math.fround(value),
      fromF64,
      (ptr) => asF64(ptr),
    ),
    d: numeric(
      (value) => +value,
      fromF64,
      (ptr) => asF64(ptr),
    ),
    O: {
      numeric: false,
      coerce: (value) => value,
      box: (ptr) => {
        module._Py_IncRef(ptr);
        return ptr;
      },
      unbox: (ptr) => ptr,
    },
    r: reference("r"),
    F: reference("F"),
    A: reference("A"),
    s: {
      numeric: false,
      coerce: String,
      box: (text) => boxString(module, text),
      unbox: (ptr) => unboxString(module, ptr),
    },
    b: {
      numeric: false,
      coerce: bytesOf,
      box: (bytes) => boxBytes(module, bytes),
      unbox: (ptr) => unboxBytes(module, ptr),
    },
    J: {
      numeric: false,
      coerce: JSON.stringify,
      box: (text) => callWithString(link, link.objects.loads, text),
      unbox: (ptr) => JSON.parse(stringFromCall(link, link.objects.dumps, ptr)),
    },
  };
}

/** A `bytes` object, to be filled by the caller at `address`. */
export function newBytes(module, length) {
  const ptr = module._PyBytes_FromStringAndSize(0, length);
  if (ptr === 0) {
    module._PyErr_Clear();
    throw new RangeError(`cannot allocate ${length} bytes in Python`);
  }
  return { ptr, address: module._PyBytes_AsString(ptr) >>> 0 };
}

function bytesOf(value) {
  if (value instanceof Uint8Array) return value;
  if (ArrayBuffer.isView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  return new Uint8Array(value);
}

function boxBytes(module, bytes) {
  const { ptr, address } = newBytes(module, bytes.length);
  module.HEAPU8.set(bytes, address);
  return ptr;
}

function unboxBytes(module, ptr) {
  const bytes = module._PyBytes_FromObject(ptr);
  if (bytes === 0) {
    module._PyErr_Clear();
    throw new TypeError("the Python object has no bytes");
  }
  const address = module._PyBytes_AsString(bytes) >>> 0;
  const copy = module.HEAPU8.slice(address, address + module._PyBytes_Size(bytes));
  module._Py_DecRef(bytes);
  return copy;
}

const UTF16 = "utf-16-le";
const SURROGATES = "surrogatepass";
const CHUNK = 4096;
const LITTLE_ENDIAN = -1;

/** A Python string with the same UTF-16 code units, lone surrogates included. */
export function boxString(module, text) {
  const { length } = text;
  const errors = cString(module, SURROGATES);
  const order = (2 * length + 3) & ~3;
  const place = module._malloc(order + 4);
  if (place === 0) throw new RangeError(`cannot allocate a string of ${length} code units in Python`);
  const units = module.HEAPU16;
  const start = place >>> 1;
  for (let i = 0; i < length; i++) units[start + i] = text.charCodeAt(i);
  module.HEAP32[(place + order) >>> 2] = LITTLE_ENDIAN;
  const ptr = module._PyUnicode_DecodeUTF16(place, 2 * length, errors, place + order);
  module._free(place);
  if (ptr === 0) {
    module._PyErr_Clear();
    throw new RangeError(`cannot allocate a string of ${length} code units in Python`);
  }
  return ptr;
}

/** The JavaScript string of a Python string. */
export function unboxString(module, ptr) {
  const bytes = module._PyUnicode_AsEncodedString(ptr, cString(module, UTF16), cString(module, SURROGATES));
  if (bytes === 0) {
    module._PyErr_Clear();
    throw new TypeError("the Python object is not a string");
  }
  const start = module._PyBytes_AsString(bytes) >>> 1;
  const end = start + (module._PyBytes_Size(bytes) >>> 1);
  let text = "";
  for (let at = start; at < end; at += CHUNK) {
    text += String.fromCharCode(...module.HEAPU16.subarray(at, Math.min(at + CHUNK, end)));
  }
  module._Py_DecRef(bytes);
  return text;
}

const cStrings = new WeakMap();

/** The address of a zero-terminated copy of a short ASCII text, made once. */
export function cString(module, text) {
  let known = cStrings.get(module);
  if (!known) {
    known = new Map();
    cStrings.set(module, known);
  }
  let address = known.get(text);
  if (address === undefined) {
    const bytes = new TextEncoder().encode(`${text}\0`);
    address = module._malloc(bytes.length);
    module.HEAPU8.set(bytes, address);
    known.set(text, address);
  }
  return address;
}

function callWithString(link, callable, text) {
  // What JSON cannot express is `undefined`, and so is its text.
  const argument = boxString(link.module, text === undefined ? "null" : text);
  const result = link.module._PyObject_CallOneArg(callable, argument);
  link.decref(argument);
  if (result === 0) link.raise();
  return result;
}

function stringFromCall(link, callable, ptr) {
  const result = link.module._PyObject_CallOneArg(callable, ptr);
  if (result === 0) link.raise();
  const text = unboxString(link.module, result);
  link.decref(result);
  return text;
}

/** "IteratorToList" of what a function with several results returned, checked for their number. */
export function listOfResults(value, count) {
  const method = value[Symbol.iterator];
  if (typeof method !== "function") throw new TypeError("the function must return an iterable of its results");
  const list = [...{ [Symbol.iterator]: () => method.call(value) }];
  if (list.length !== count) {
    throw new TypeError(`the function must return ${count} results, not ${list.length}`);
  }
  return list;
}
