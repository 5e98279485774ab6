// The builtin set js-string ("String Builtins"), in JavaScript itself: external references are its own values.
//
// Numbers arrive signed; lengths and indices are unsigned. Arrays arrive as exported objects, whose elements are read
// and written as bytes.

const { apply } = Reflect;
const { fromCharCode, fromCodePoint } = String;
const { charCodeAt, codePointAt, substring } = String.prototype;

/** Code units that are handed to a function at once. */
const CHUNK = 4096;

const LAST_CODE_POINT = 0x10ffff;

/** The functions of the set by name; they run as host functions do. */
export function makeJsString(context) {
  const { api, errors, objects } = context;
  const arrayLength = api("array_length", "O", "i");
  const arraySlice = api("array_slice", "Oii", "b");
  const arrayWrite = api("array_write", "Oib", "");

  function unwrap(value) {
    if (typeof value !== "string") throw errors.trap("illegal cast: the reference is not a string");
    return value;
  }

  function arrayOf(value) {
    if (value === null) throw errors.trap("null array reference");
    return objects.state(value).ptr;
  }

  function inBounds(string, index) {
    if (index >= string.length) throw errors.trap("string index out of bounds");
    return index;
  }

  return {
    cast: unwrap,

    test: (value) => (typeof value === "string" ? 1 : 0),

    fromCharCodeArray(array, start, end) {
      const bytes = arraySlice(arrayOf(array), start, end);
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      let string = "";
      for (let at = 0; at < view.byteLength; at += 2 * CHUNK) {
        const units = [];
        for (let i = at; i < Math.min(at + 2 * CHUNK, view.byteLength); i += 2) units.push(view.getUint16(i, true));
        string += apply(fromCharCode, null, units);
      }
      return string;
    },

    intoCharCodeArray(value, array, start) {
      const ptr = arrayOf(array);
      const string = unwrap(value);
      if ((start >>> 0) + string.length > arrayLength(ptr)) throw errors.trap("out of bounds array access");
      const view = new DataView(new ArrayBuffer(2 * string.length));
      for (let i = 0; i < string.length; i++) view.setUint16(2 * i, apply(charCodeAt, string, [i]), true);
      arrayWrite(ptr, start, new Uint8Array(view.buffer));
      return string.length;
    },

    fromCharCode: (unit) => fromCharCode(unit),

    fromCodePoint(point) {
      if (point >>> 0 > LAST_CODE_POINT) throw errors.trap(`invalid code point 0x${(point >>> 0).toString(16)}`);
      return fromCodePoint(point);
    },

    charCodeAt(value, index) {
      const string = unwrap(value);
      return apply(charCodeAt, string, [inBounds(string, index >>> 0)]);
    },

    codePointAt(value, index) {
      const string = unwrap(value);
      return apply(codePointAt, string, [inBounds(string, index >>> 0)]);
    },

    length: (value) => unwrap(value).length,

    concat: (first, second) => unwrap(first) + unwrap(second),

    substring(value, start, end) {
      const string = unwrap(value);
      const from = start >>> 0;
      const to = end >>> 0;
      return from > to || from > string.length ? "" : apply(substring, string, [from, to]);
    },

    equals(first, second) {
      if (first !== null) unwrap(first);
      if (second !== null) unwrap(second);
      return first === second ? 1 : 0;
    },

    compare(first, second) {
      const left = unwrap(first);
      const right = unwrap(second);
      if (left === right) return 0;
      return left < right ? -1 : 1;
    },
  };
}
