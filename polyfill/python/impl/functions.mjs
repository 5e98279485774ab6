// Exported Functions and host functions.

const { defineProperty } = Object;

const refuse = () => {
  throw new TypeError("WebAssembly: a value of type v128 or exnref cannot be passed to or from JavaScript");
};

/** Exported Functions, one for each function, and callables for host functions. */
export function makeFunctions(context) {
  const { link, api, types, records } = context;
  const callOf = api("function_call", "O", "O");
  const infoOf = api("function_info", "O", "s");
  const refusing = api("refusing", "O", "O");

  /** { ptr, signature, record } of every Exported Function: the slot [[FunctionAddress]]. */
  const states = new WeakMap();

  /** A function that converts what the link layer does not, in order. */
  function converting(call, params) {
    const count = params.length;
    const converters = params.map((type) => type.convert);
    return (...values) => {
      const converted = [];
      for (let i = 0; i < count; i++) converted[i] = converters[i](values[i]);
      return call(...converted);
    };
  }

  function make(ptr) {
    const [index, text, owner] = infoOf(ptr).split(" ");
    const number = Number(owner);
    const signature = types.signature(text);
    let exported;
    if (signature.opaque) {
      exported = () => refuse();
    } else {
      const call = callOf(ptr);
      exported = link.export(call, signature.letters, signature.resultLetters);
      link.decref(call);
      if (!signature.params.every((type) => type.plain)) exported = converting(exported, signature.params);
      exported = records.exported(number, exported, signature.params.length);
    }
    exported = exported.bind(); // so that it shows no source
    defineProperty(exported, "name", { value: index, configurable: true });
    defineProperty(exported, "length", { value: signature.params.length, configurable: true });
    states.set(exported, { ptr, signature, record: records.find(number) });
    return exported;
  }

  /** What the host function of a signature calls: `function_` with its results converted. */
  function checked(function_, results) {
    if (results.every((type) => type.plain)) return function_;
    if (results.length === 1) return (...values) => results[0].convert(function_(...values));
    // The link layer reads the iterable, and asks for one value after the other to be converted.
    return (...values) => convertAll(function_(...values), results);
  }

  function convertAll(given, results) {
    if ((typeof given !== "object" && typeof given !== "function") || given === null) {
      throw new TypeError("WebAssembly: a function of several results must return an iterable object");
    }
    const values = [...given];
    if (values.length !== results.length) {
      throw new TypeError(`WebAssembly: a function of ${results.length} results returned ${values.length}`);
    }
    return results.map((type, i) => type.convert(values[i]));
  }

  return {
    /** Throws the TypeError for a function whose values JavaScript cannot have. */
    refuse,

    checked,

    /** The state of a value, undefined if it is no Exported Function. */
    state: (value) => (typeof value === "function" ? states.get(value) : undefined),

    /** "A new Exported Function": the one of a function; the ptr is borrowed. */
    wrap: (ptr) => context.identity.borrowed(ptr, make),

    /** The same for a new reference. */
    adopt: (ptr) => context.identity.adopted(ptr, make),

    /** A Python callable for a JavaScript function, as a new reference. */
    callable(function_, signature) {
      if (!signature.opaque) {
        return link.import(checked(function_, signature.results), signature.letters, signature.resultLetters);
      }
      const thrower = link.import(refuse, "", "");
      try {
        return refusing(thrower);
      } finally {
        link.decref(thrower);
      }
    },
  };
}
