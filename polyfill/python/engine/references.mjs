// What references are on either side. Null is None, an i31 reference is a small `int` and a number, a function is its
// `FuncInst` by identity, a structure or an array is an opaque object of Python's; any other object of Python's is one
// `PythonObject` here, as long as that lives.

/** An object of Python's as an external reference; the same one while it lives. */
export class PythonObject {
  constructor(ptr) {
    this.ptr = ptr;
  }
}

const LEAST = -0x40000000;
const MOST = 0x3fffffff;
const isI31 = (value) =>
  typeof value === "number" && (value | 0) === value && value >= LEAST && value <= MOST && !Object.is(value, -0);

export class References {
  #python;
  #handles;
  #objects = new Map();
  #dropped;
  #functions = new WeakMap();
  #hostFunctions = new Map();
  #hostDropped;
  #aggregates = new WeakMap();
  #functionType;
  #aggregateTypes;
  #callbacks;
  /** What Python gives when it is asked for a function. */
  given = undefined;

  constructor(link, python, handles) {
    this.#python = python;
    this.#handles = handles;
    const forget = (known) => (ptr) => {
      if (known.get(ptr)?.deref() === undefined) known.delete(ptr);
      python.decref(ptr);
    };
    this.#dropped = new FinalizationRegistry(forget(this.#objects));
    this.#hostDropped = new FinalizationRegistry(forget(this.#hostFunctions));
    this.#functionType = link.lookup("pyjsapi.runtime.function", "FuncInst");
    this.#aggregateTypes = ["NativeStruct", "NativeArray"].map((name) =>
      link.lookup("pyjsapi.bridge.engine.aggregates", name),
    );
    this.#callbacks = Object.fromEntries(
      ["function_of", "revived", "give", "aggregate_of", "internal", "external"].map((name) => [
        name,
        python.callback(name),
      ]),
    );
  }

  /** A new reference to the object for an external or a function reference. Throws where Python raises. */
  toPython(value) {
    const python = this.#python;
    if (value === null || value === undefined) return python.incref(python.none);
    if (value instanceof PythonObject) return python.incref(value.ptr);
    if (isI31(value)) return python.integer(value);
    if (typeof value === "function") {
      const known = this.#functions.get(value);
      if (known !== undefined) return this.#function(known);
    }
    return this.#aggregate(value);
  }

  /** The reference for an object, which is borrowed. */
  fromPython(ptr) {
    const python = this.#python;
    if (ptr === python.none) return null;
    const type = python.typeOf(ptr);
    if (type === this.#functionType) return this.#functionFor(ptr);
    if (this.#aggregateTypes.includes(type)) return this.#handles.get(python.number(ptr, "handle"));
    const integer = python.smallInteger(ptr);
    return integer !== undefined && integer >= LEAST && integer <= MOST ? integer : this.objectFor(ptr);
  }

  /** The same for the hierarchy of `any`, whose i31 references are unsigned in Python. */
  anyToPython(value) {
    const ptr = this.toPython(value);
    if (!isI31(value) && !(value instanceof PythonObject)) return ptr;
    return this.#converted("internal", ptr);
  }

  anyFromPython(ptr) {
    const external = this.#converted("external", this.#python.incref(ptr));
    try {
      return this.fromPython(external);
    } finally {
      this.#python.decref(external);
    }
  }

  #converted(callback, ptr) {
    try {
      return this.#made(this.#python.call(this.#callbacks[callback], ptr));
    } finally {
      this.#python.decref(ptr);
    }
  }

  /** The one `PythonObject` of an object. */
  objectFor(ptr) {
    const found = this.#objects.get(ptr)?.deref();
    if (found !== undefined) return found;
    this.#python.incref(ptr);
    const made = new PythonObject(ptr);
    this.#objects.set(ptr, new WeakRef(made));
    this.#dropped.register(made, ptr);
    return made;
  }

  /** Know an exported function of an instance: `record` is `{ number, shape }`, of which the number may become 0. */
  know(f, record, index) {
    if (!this.#functions.has(f)) this.#functions.set(f, { record, index });
  }

  /** The native function that calls a function of Python's, if there is one. */
  hostFunction(ptr) {
    return this.#hostFunctions.get(ptr)?.deref();
  }

  /** Let a native function stand for a function of Python's, which it keeps alive. */
  knowHostFunction(f, ptr) {
    this.#python.incref(ptr);
    this.#hostFunctions.set(ptr, new WeakRef(f));
    this.#hostDropped.register(f, ptr);
    this.#functions.set(f, { ptr });
  }

  #function({ ptr, record, index }) {
    const python = this.#python;
    if (ptr !== undefined) return python.incref(ptr);
    if (record.number !== 0) return this.#made(python.callWith(this.#callbacks.function_of, [record.number, index]));
    record.number = this.#handles.put(record);
    return this.#made(python.callWith(this.#callbacks.revived, [record.number, index], record.shape));
  }

  #functionFor(ptr) {
    const known = this.hostFunction(ptr);
    if (known !== undefined) return known;
    this.#python.decref(this.#made(this.#python.call(this.#callbacks.give, ptr)));
    const { given } = this;
    this.given = undefined;
    return given;
  }

  #aggregate(value) {
    let number = this.#aggregates.get(value);
    if (number === undefined || this.#handles.get(number) !== value) {
      number = this.#handles.put(value);
      this.#aggregates.set(value, number);
    }
    return this.#made(this.#python.callWith(this.#callbacks.aggregate_of, [number]));
  }

  /** What a callback gave, which must not have failed. */
  #made(ptr) {
    if (ptr === 0) throw this.thrown();
    return ptr;
  }

  /** What to throw for the exception that is set; failures.mjs says. */
  thrown = () => new Error("an exception is set");
}
