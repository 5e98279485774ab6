// WebAssembly.Table

import { addressValue } from "../webidl.mjs";

/** Above every index and size that a table can have; larger numbers need not be told apart. */
const BEYOND = 0xffffffff;

/** The members of WebAssembly.Table. */
export function makeTable(context) {
  const { link, api, typed, types, identity } = context;
  const tableInfo = api("table_info", "O", "J");
  const size = api("table_size", "O", "i");
  const newTable = typed("new_table_of", (letter) => [`OsiiJ${letter}`, "O"]);
  const get = typed("table_get", (letter) => ["Oi", letter]);
  const set = typed("table_set", (letter) => [`Oi${letter}`, ""]);
  const grow = typed("table_grow", (letter) => [`Oi${letter}`, "i"]);

  const clamp = (number) => Math.min(Number(number), BEYOND);
  const toAddress = (number, address) => (address === "i64" ? BigInt(number) : number);

  function noException(state, what) {
    if (state.type.opaque) throw new TypeError(`${what}: references to exceptions cannot be passed to JavaScript`);
  }

  /** What a value given to the table becomes; a missing one is the default value. */
  function element(state, value, missing, what) {
    if (!missing) return state.type.convert(value);
    if (state.type.code[1] === "!") throw new TypeError(`${what}: the element type has no default value`);
    return types.defaultOf(state.type);
  }

  return {
    create({ element: kind, address = "i32", initial, maximum }, value, count) {
      const what = "WebAssembly.Table()";
      const type = types.named(kind);
      if (maximum !== undefined && maximum < initial) {
        throw new RangeError(`${what}: property 'maximum': value ${maximum} is below the lower bound ${initial}`);
      }
      const init = element({ type }, value, count < 2 || value === undefined, what);
      const most = maximum === undefined ? [] : [String(maximum)];
      const wide = address === "i64" ? 1 : 0;
      const ptr = newTable(type.letter)(context.settings, type.code, wide, clamp(initial), most, init);
      return { type, address, ptr };
    },
    created: (state, table) => identity.own(state.ptr, table),

    linked(state, table) {
      context.records.pin(state.record);
      identity.note(state.ptr, table);
      link.incref(state.ptr);
      return state.ptr;
    },

    adopt: (given, record) =>
      identity.adopted(given, (ptr) => {
        const { element: code, address } = tableInfo(ptr);
        return context.interfaces.Table.wrap({ type: types.valueType(code), address, ptr, record });
      }),

    get_length: (state) => toAddress(size(state.ptr), state.address),

    get(state, index) {
      const what = "WebAssembly.Table.get()";
      noException(state, what);
      const at = clamp(addressValue(index, state.address, `${what}: index`));
      return get(state.type.letter)(state.ptr, at);
    },

    set(state, index, value, count) {
      const what = "WebAssembly.Table.set()";
      noException(state, what);
      const at = clamp(addressValue(index, state.address, `${what}: index`));
      set(state.type.letter)(state.ptr, at, element(state, value, count < 2, what));
    },

    grow(state, delta, value, count) {
      const what = "WebAssembly.Table.grow()";
      const added = clamp(addressValue(delta, state.address, `${what}: delta`));
      const missing = count < 2;
      if (!missing) noException(state, what);
      const { opaque, letter } = state.type;
      // A null reference is the same whatever its type.
      const before = grow(opaque ? "F" : letter)(state.ptr, added, element(state, value, missing, what));
      if (before < 0) throw new RangeError(`${what}: failed to grow table by ${added}`);
      return toAddress(before, state.address);
    },
  };
}
