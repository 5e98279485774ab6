// Exceptions, both ways. What Python raises and code may catch is thrown as an object that stands for it, an exception of
// a tag as one of the engine's own. What no code may catch is thrown as a genuine trap, made by an instruction.
// Whatever comes back is the object that Python raised.

import { namespace as Native } from "../../common/engine.mjs";
import { PythonObject } from "./references.mjs";

/** Kinds of what the engine throws by itself, as `callbacks.explained` has them. */
const [OTHER, TRAP, EXHAUSTED, LINK] = [0, 1, 2, 3];

/** Whether the engine lets its stack traces be switched off, which cost more than all else about a trap. */
const hasLimit = Object.getOwnPropertyDescriptor(Error, "stackTraceLimit")?.writable === true;

export class Failures {
  #python;
  #references;
  #handles;
  #carried = new WeakMap();
  #exhausted = new WeakSet();
  #standing = new Map();
  #dropped;
  #exceptionType;
  #callbacks;
  /** The engine's exception that Python has just made: see the hook `new_exception`. */
  made = undefined;

  constructor(link, python, references, handles) {
    this.#python = python;
    this.#references = references;
    this.#handles = handles;
    this.#dropped = new FinalizationRegistry((ptr) => {
      if (this.#standing.get(ptr)?.deref() === undefined) this.#standing.delete(ptr);
      python.decref(ptr);
    });
    this.#exceptionType = link.lookup("pyjsapi.runtime.exception", "ExnInst");
    this.#callbacks = Object.fromEntries(
      ["standing_for", "make_exception", "exception_of", "explained", "thrown"].map((name) => [
        name,
        python.callback(name),
      ]),
    );
    references.thrown = () => this.thrown();
  }

  /** What to throw for the exception that is set, which is taken. */
  thrown() {
    const ptr = this.#python.takeError();
    const known = this.#standing.get(ptr)?.deref();
    if (known !== undefined) {
      this.#python.decref(ptr);
      return known;
    }
    const standing = this.#python.call(this.#callbacks.standing_for, ptr);
    if (standing === 0) {
      // Not even that could be asked: there is no room.
      this.#python.decref(this.#python.takeError());
      this.#python.decref(ptr);
      const trap = this.#trap();
      this.#exhausted.add(trap);
      return trap;
    }
    if (standing === this.#python.none) {
      this.#python.decref(standing);
      return this.#carry(this.#trap(), ptr);
    }
    if (this.#python.typeOf(standing) === this.#exceptionType) return this.#tagged(ptr, standing);
    try {
      return this.#references.fromPython(this.#python.firstOf(standing));
    } finally {
      this.#python.decref(standing);
      this.#python.decref(ptr);
    }
  }

  /** The engine's exception for one of a tag. Both references are used up. */
  #tagged(ptr, exn) {
    let exception = this.#standing.get(exn)?.deref();
    if (exception === undefined) {
      const done = this.#python.call(this.#callbacks.make_exception, exn);
      if (done === 0) {
        this.#python.decref(ptr);
        this.#python.decref(exn);
        return this.thrown();
      }
      this.#python.decref(done);
      exception = this.made;
      this.made = undefined;
      this.#carry(exception, this.#python.incref(exn));
    }
    // What Python raised comes back, which may be the embedder's object for the exception.
    this.#carried.set(exception, ptr);
    this.#dropped.register(exception, ptr);
    this.#python.decref(exn);
    return exception;
  }

  #trap() {
    const restore = withoutTraces();
    try {
      return this.#python.trap();
    } catch (error) {
      return error;
    } finally {
      restore();
    }
  }

  /** Let an object of the engine stand for an exception, whose reference is used up. */
  #carry(object, ptr) {
    this.#carried.set(object, ptr);
    this.#standing.set(ptr, new WeakRef(object));
    this.#dropped.register(object, ptr);
    return object;
  }

  /** Set the exception for what was thrown; 0, which is what builtins return then. */
  failed(error) {
    try {
      const ptr = this.#exception(error);
      if (ptr !== 0) this.#python.raise(ptr);
    } catch {
      this.#python.raiseExhausted();
    }
    return 0;
  }

  /** A new reference to the exception for what was thrown; 0 where one is set already. */
  #exception(error) {
    const python = this.#python;
    const isObject = (typeof error === "object" || typeof error === "function") && error !== null;
    const known = isObject ? this.#carried.get(error) : undefined;
    if (known !== undefined) return python.incref(known);
    if (error instanceof PythonObject) return python.call(this.#callbacks.thrown, error.ptr);
    if (Native.Exception !== undefined && error instanceof Native.Exception) {
      const ptr = python.callWith(this.#callbacks.exception_of, [this.#handles.put(error)]);
      if (ptr !== 0) this.#carry(error, python.incref(ptr));
      return ptr;
    }
    if (isObject && this.#exhausted.has(error)) {
      return python.callWith(this.#callbacks.explained, [EXHAUSTED, "call stack"]);
    }
    const kind = kindOf(error);
    if (kind === OTHER && !(error instanceof Error)) {
      const reference = this.#references.toPython(error);
      try {
        return python.call(this.#callbacks.thrown, reference);
      } finally {
        python.decref(reference);
      }
    }
    const ptr = python.callWith(this.#callbacks.explained, [kind, String(error?.message ?? error)]);
    if (ptr !== 0 && isObject) this.#carry(error, python.incref(ptr));
    return ptr;
  }
}

function kindOf(error) {
  if (error instanceof Native.RuntimeError) return TRAP;
  if (error instanceof RangeError || error?.name === "InternalError") return EXHAUSTED;
  return error instanceof Native.LinkError ? LINK : OTHER;
}

/** The limit of the host's own, while native code runs; undefined where none does. */
let hostLimit;

/** Switch stack traces off; gives what switches them on again. */
export function withoutTraces() {
  if (!hasLimit) return () => {};
  const before = hostLimit;
  hostLimit = Error.stackTraceLimit;
  Error.stackTraceLimit = 0;
  return () => {
    Error.stackTraceLimit = hostLimit;
    hostLimit = before;
  };
}

/** Run native code without stack traces, which is to throw nothing that is worth more than the call. */
export function native(run) {
  if (!hasLimit) return run();
  const before = hostLimit;
  hostLimit = Error.stackTraceLimit;
  Error.stackTraceLimit = 0;
  try {
    return run();
  } finally {
    Error.stackTraceLimit = hostLimit;
    hostLimit = before;
  }
}

/** Native code calls the host: give it its stack traces. */
export function leaveNative() {
  if (hasLimit) Error.stackTraceLimit = hostLimit;
}

/** The host has returned to native code. */
export function enterNative() {
  if (!hasLimit) return;
  hostLimit = Error.stackTraceLimit;
  Error.stackTraceLimit = 0;
}
