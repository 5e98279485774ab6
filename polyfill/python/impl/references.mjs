// References between JavaScript and the engine ("ToJSValue" and "ToWebAssemblyValue").
//
// A JavaScript value as an external reference is a Python ExternRef that holds a slot here; null is None, and a number
// of 31 bits is what the engine has for an i31 reference. So every value comes back as itself: undefined, symbols, -0.
// A WebAssembly.Memory is the memory itself, so that the engine's builtins can use it.

const I31 = 2 ** 30;
const STRUCT = 2 ** 40;
const MEMORY = 2 ** 42;

/** Whether a value is a number that is an i31 reference; -0 is not, it would come back as 0. */
export const isI31 = (value) =>
  typeof value === "number" && (value | 0) === value && value < I31 && value >= -I31 && (value !== 0 || 1 / value > 0);

/** Sets the link's hooks for references. */
export function makeReferences(context) {
  const { link, api, objects } = context;
  const module = "pyjsapi.bridge.face.values";
  const makeExternRef = api("ExternRef", "i", "O", module);
  const externKind = api("extern_kind", "O", "d", module);
  const anyKind = api("any_kind", "O", "d", module);
  const makeI31 = api("i31", "i", "O", module);
  const makeNumber = api("int", "d", "O", "builtins");

  const values = [];
  const ptrs = [];
  const free = [];
  const slotOf = new Map();

  const release = link.import(
    (slot) => {
      slotOf.delete(ptrs[slot]);
      values[slot] = undefined;
      free.push(slot);
    },
    "i",
    "",
  );
  api("set_release", "O", "", module)(release);
  link.decref(release);

  function hold(value) {
    const slot = free.pop() ?? values.length;
    values[slot] = value;
    const ptr = makeExternRef(slot);
    ptrs[slot] = ptr;
    slotOf.set(ptr, slot);
    return ptr;
  }

  const undefinedPtr = hold(undefined);

  function none() {
    link.incref(link.none);
    return link.none;
  }

  /** The ptr of what stands for itself in both hierarchies, 0 for every other value. */
  function common(value) {
    if (value === null) return none();
    if (value === undefined) {
      link.incref(undefinedPtr);
      return undefinedPtr;
    }
    const state = objects.state(value);
    if (state !== undefined) {
      link.incref(state.ptr);
      return state.ptr;
    }
    const memory = context.interfaces.Memory.state(value);
    return memory === undefined ? 0 : context.implementation.Memory.linked(memory, value);
  }

  function fromPython(ptr, kindOf) {
    if (ptr === link.none) return null;
    const slot = slotOf.get(ptr);
    if (slot !== undefined) return values[slot];
    const kind = kindOf(ptr);
    if (kind < STRUCT) return kind;
    if (kind === MEMORY) {
      link.incref(ptr);
      return context.implementation.Memory.adopt(ptr);
    }
    return objects.wrap(ptr, kind === STRUCT ? "struct" : "array");
  }

  link.references.r = {
    toPython: (value) => (isI31(value) ? makeNumber(value) : common(value) || hold(value)),
    fromPython: (ptr) => fromPython(ptr, externKind),
  };
  link.references.A = {
    toPython: (value) => (isI31(value) ? makeI31(value) : common(value) || hold(value)),
    fromPython: (ptr) => fromPython(ptr, anyKind),
  };
  link.references.F = {
    toPython(value) {
      if (value === null) return none();
      const state = context.functions.state(value);
      if (state === undefined) throw new TypeError("WebAssembly: the value is not null or an exported function");
      context.records.pin(state.record);
      link.incref(state.ptr);
      return state.ptr;
    },
    fromPython: (ptr) => (ptr === link.none ? null : context.functions.wrap(ptr)),
  };

  return { live: () => slotOf.size };
}
