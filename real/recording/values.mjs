// Values as they are written into a recording: JSON, with marks for what JSON lacks.
//
//   5, "text", true, null     themselves
//   {"i": "5"}                a BigInt
//   {"f": "NaN"}              NaN, Infinity, -Infinity, -0
//   {"u": 1}                  undefined
//   {"o": 7}                  an object, function or symbol by its number; an array has its items in "a"

const ITEMS = 64;

/** Numbers for objects, in the order in which they are first seen. */
export class Identities {
  #numbers = new Map();

  /** The number of an object, function or symbol. */
  number(object) {
    let number = this.#numbers.get(object);
    if (number === undefined) {
      number = this.#numbers.size;
      this.#numbers.set(object, number);
    }
    return number;
  }

  /** A value as JSON. */
  encode(value) {
    switch (typeof value) {
      case "number":
        return Number.isFinite(value) && !Object.is(value, -0) ? value : { f: special(value) };
      case "bigint":
        return { i: String(value) };
      case "undefined":
        return { u: 1 };
      case "string":
      case "boolean":
        return value;
    }
    if (value === null) return null;
    const encoded = { o: this.number(value) };
    // several results are an array; an array that is a reference has its number too
    if (Array.isArray(value) && value.length <= ITEMS && value.every(isPlain)) {
      encoded.a = value.map((item) => this.encode(item));
    }
    return encoded;
  }
}

function special(number) {
  return Object.is(number, -0) ? "-0" : String(number);
}

function isPlain(value) {
  return !Array.isArray(value);
}
