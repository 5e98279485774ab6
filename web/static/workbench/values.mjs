// Values as text that every engine writes alike: a type, and decimal digits, or the bits of a float in hexadecimal.

/** @typedef {[type: string, text: string]} Value */

const BITS = new DataView(new ArrayBuffer(8));

/** The bits of a float, which is exact for both widths. @param {number} value */
function bitsOf(value) {
  if (Number.isNaN(value)) return "nan";
  BITS.setFloat64(0, value);
  return BITS.getBigUint64(0).toString(16).padStart(16, "0");
}

/** @param {string} text */
function floatOf(text) {
  if (text === "nan") return NaN;
  BITS.setBigUint64(0, BigInt(`0x${text}`));
  return BITS.getFloat64(0);
}

/** What an engine gave or took, as text. @param {string} type @param {any} value @returns {Value} */
export function written(type, value) {
  if (type === "f32" || type === "f64") return [type, typeof value === "number" ? bitsOf(value) : String(value)];
  if (value === null) return [type, "null"];
  if (typeof value === "string") return [type, JSON.stringify(value)];
  if (["number", "bigint", "undefined"].includes(typeof value)) return [type, String(value)];
  return [type, typeof value === "function" ? "function" : "object"];
}

/** The value for an engine with the JavaScript interface. @param {Value} value */
export function read([type, text]) {
  if (type === "i32") return Number(BigInt.asIntN(32, BigInt(text)));
  if (type === "i64") return BigInt(text);
  if (type === "f32" || type === "f64") return floatOf(text);
  return text === "null" ? null : JSON.parse(text);
}

/** A value for people. @param {Value} value */
export function spelt([type, text]) {
  if (type !== "f32" && type !== "f64") return text;
  const value = /^[\da-f]{16}$|^nan$/.test(text) ? floatOf(text) : text;
  return Object.is(value, -0) ? "-0" : String(value);
}

const FLOATS = { inf: Infinity, "+inf": Infinity, "-inf": -Infinity, infinity: Infinity, nan: NaN };

/**
 * What somebody typed for a parameter. Raises an Error that says what is wanted.
 * @param {string} type
 * @param {string} typed
 * @returns {Value}
 */
export function typedValue(type, typed) {
  const text = typed.trim().replaceAll("_", "").toLowerCase();
  if (type === "i32" || type === "i64") return [type, integerOf(text, type === "i32" ? 32 : 64)];
  if (type === "f32" || type === "f64") {
    const value = text in FLOATS ? FLOATS[/** @type {"inf"} */ (text)] : text === "" ? NaN : Number(text);
    if (Number.isNaN(value) && text !== "nan") throw new Error(`a number is wanted, not “${typed}”`);
    return [type, bitsOf(type === "f32" ? Math.fround(value) : value)];
  }
  if (text === "null" || text === "") return [type, "null"];
  if (type === "externref" || type === "(ref extern)") return [type, JSON.stringify(typed)];
  throw new Error(`only null can be given for ${type}`);
}

/** @param {string} text @param {number} bits */
function integerOf(text, bits) {
  const [, sign, digits] = /^([+-]?)(\d+|0x[\da-f]+|0b[01]+)$/.exec(text) ?? [];
  if (digits === undefined) throw new Error(`an integer is wanted, as 42, -1 or 0xff, not “${text}”`);
  const value = sign === "-" ? -BigInt(digits) : BigInt(digits);
  if (value < -(1n << BigInt(bits - 1)) || value >= 1n << BigInt(bits))
    throw new Error(`${text} has more than ${bits} bits`);
  return String(BigInt.asIntN(bits, value));
}
