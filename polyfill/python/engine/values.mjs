// Values of JavaScript from and to objects, by the letters of ../link.mjs. An object that is given is borrowed, one that is
// made a new reference.

export class Values {
  #module;
  #python;

  constructor(link, python, references) {
    this.#module = link.module;
    this.#python = python;
    const { asU32, asU64, asF64, fromU32, fromU64, fromF64 } = link.python;
    this.fromPython = {
      i: (ptr) => asU32(ptr) | 0,
      I: (ptr) => BigInt.asIntN(64, asU64(ptr)),
      f: asF64,
      d: asF64,
      r: (ptr) => references.fromPython(ptr),
      F: (ptr) => references.fromPython(ptr),
      A: (ptr) => references.anyFromPython(ptr),
    };
    this.toPython = {
      i: (value) => fromU32(value >>> 0),
      I: (value) => fromU64(BigInt.asUintN(64, value)),
      f: fromF64,
      d: fromF64,
      r: (value) => references.toPython(value),
      F: (value) => references.toPython(value),
      A: (value) => references.anyToPython(value),
    };
  }

  /** From what a function of the engine returns to an object: None, the result, or a tuple. */
  results(letters) {
    if (letters.length === 0) return () => this.#python.incref(this.#python.none);
    if (letters.length === 1) return this.toPython[letters];
    return (values) => this.tuple(letters, values);
  }

  /** A tuple of values. */
  tuple(letters, values) {
    const tuple = this.#module._PyTuple_New(letters.length);
    try {
      for (const [k, letter] of [...letters].entries()) {
        this.#module._PyTuple_SetItem(tuple, k, this.toPython[letter](values[k]));
      }
    } catch (error) {
      this.#python.decref(tuple);
      throw error;
    }
    return tuple;
  }

  /** From what Python returns to what a function of JavaScript returns to the engine. */
  resultOf(ptr, letters) {
    if (letters.length === 0) return undefined;
    return letters.length === 1 ? this.fromPython[letters](ptr) : this.list(letters, ptr);
  }

  /** The values in a tuple. */
  list(letters, ptr) {
    return [...letters].map((letter, k) => this.fromPython[letter](this.#module._PyTuple_GetItem(ptr, k)));
  }
}
