// WebAssembly.Global

/** The members of WebAssembly.Global. */
export function makeGlobal(context) {
  const { link, api, typed, types, identity } = context;
  const globalInfo = api("global_info", "O", "s");
  const newGlobal = typed("new_global", (letter) => [`si${letter}`, "O"]);
  const get = typed("global_get", (letter) => ["O", letter]);
  const set = typed("global_set", (letter) => [`O${letter}`, ""]);

  /** A new reference to a global with a JavaScript value. */
  function allocate(type, mutable, value) {
    return newGlobal(type.letter)(type.code, mutable ? 1 : 0, type.convert(value));
  }

  function opaque(what) {
    return new TypeError(`${what}: a value of type v128 or exnref cannot be passed to or from JavaScript`);
  }

  function value(state, what) {
    if (state.type.opaque) throw opaque(what);
    return get(state.type.letter)(state.ptr);
  }

  return {
    allocate,

    create({ value: name, mutable }, given) {
      const type = types.named(name);
      if (type.opaque) throw opaque("WebAssembly.Global()");
      const init = given === undefined ? types.defaultOf(type) : given;
      return { type, mutable, ptr: allocate(type, mutable, init) };
    },
    created: (state, global) => identity.own(state.ptr, global),

    linked(state, global) {
      context.records.pin(state.record);
      identity.note(state.ptr, global);
      link.incref(state.ptr);
      return state.ptr;
    },

    adopt: (given, record) =>
      identity.adopted(given, (ptr) => {
        const [mutability, code] = globalInfo(ptr).split(" ");
        const mutable = mutability === "var";
        return context.interfaces.Global.wrap({ type: types.valueType(code), mutable, ptr, record });
      }),

    get_value: (state) => value(state, "WebAssembly.Global.value"),
    valueOf: (state) => value(state, "WebAssembly.Global.valueOf()"),

    set_value(state, given) {
      const what = "WebAssembly.Global.value";
      if (state.type.opaque) throw opaque(what);
      if (!state.mutable) throw new TypeError(`${what}: the global is immutable`);
      set(state.type.letter)(state.ptr, state.type.convert(given));
    },
  };
}
