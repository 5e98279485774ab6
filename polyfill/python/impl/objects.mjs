// Structures and arrays as JavaScript sees them ("Exported GC Objects").

const refuse = () => {
  throw new TypeError("WebAssembly objects are opaque");
};

/** The internal methods of the specification; all others are those of a frozen empty object without a prototype. */
const OPAQUE = {
  __proto__: null,
  setPrototypeOf: () => false,
  preventExtensions: () => false,
  defineProperty: () => false,
  set: refuse,
  deleteProperty: refuse,
};

const nothing = Object.freeze({ __proto__: null });

/** Exported GC Objects and the Python objects behind them. */
export function makeObjects(context) {
  /** { ptr, kind } by object. */
  const states = new WeakMap();

  return {
    /** The state of a value, undefined if it is no Exported GC Object. */
    state: (value) => (typeof value === "object" && value !== null ? states.get(value) : undefined),

    /** The object for a structure or array; the ptr is borrowed. */
    wrap(ptr, kind) {
      return context.identity.borrowed(ptr, () => {
        const object = new Proxy(nothing, OPAQUE);
        states.set(object, { ptr, kind });
        return object;
      });
    },
  };
}
