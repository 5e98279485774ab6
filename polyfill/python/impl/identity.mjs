// One JavaScript object for each Python object: the caches of the specification ("WebAssembly JS Object Caches").

/** Whose references to Python objects JavaScript's objects hold. */
export function makeIdentity({ link }) {
  /** WeakRefs of the objects by ptr: of those only that Python can hand out again. */
  const known = new Map();

  const registry = new FinalizationRegistry((ptr) => {
    const found = known.get(ptr);
    if (found !== undefined && found.deref() === undefined) known.delete(ptr);
    link.decref(ptr);
  });

  /** Give a reference to an object, which drops it when it is collected. */
  function own(ptr, object) {
    registry.register(object, ptr);
  }

  /**
   * Let a ptr be known for an object that owns it. That is done as late as can be: a WeakRef keeps its object alive
   * until the end of the job.
   */
  function note(ptr, object) {
    if (known.get(ptr)?.deref() === undefined) known.set(ptr, new WeakRef(object));
  }

  function make(ptr, create) {
    const object = create(ptr);
    registry.register(object, ptr);
    known.set(ptr, new WeakRef(object));
    return object;
  }

  /** The object for a ptr that is borrowed; `create` makes it where there is none. */
  function borrowed(ptr, create) {
    const found = known.get(ptr)?.deref();
    if (found !== undefined) return found;
    link.incref(ptr);
    return make(ptr, create);
  }

  /** The object for a new reference. */
  function adopted(ptr, create) {
    const found = known.get(ptr)?.deref();
    if (found === undefined) return make(ptr, create);
    link.decref(ptr);
    return found;
  }

  return { own, note, borrowed, adopted, count: () => known.size };
}
