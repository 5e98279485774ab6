// Calls of the interpreter's C API, as far as the engine needs more of it than the link has.

import { namespace as Native } from "../../common/engine.mjs";
import { fromBase64 } from "../../common/values.mjs";
import { crossing } from "../helpers.gen.mjs";
import { boxString, cString } from "../link/values.mjs";

const OFFSET = 0x80000000 | 0; // PY_VECTORCALL_ARGUMENTS_OFFSET
const CALLBACKS = "pyjsapi.bridge.engine.callbacks";

/** Functions of Pyodide's module beside those of the link. */
export const REQUIRED = ["_PyLong_AsLongAndOverflow"];

export class Python {
  #link;
  #module;
  #overflow;
  #hooks;
  #intType;

  constructor(link) {
    const { module } = link;
    this.#link = link;
    this.#module = module;
    this.#overflow = module._malloc(4);
    this.#hooks = link.lookup("pyjsapi.bridge.engine.hooks", "HOOKS");
    this.#intType = link.lookup("builtins", "int");
    this.none = link.none;
    const names = { PyFloat_AsDouble: module._PyFloat_AsDouble, PyFloat_FromDouble: module._PyFloat_FromDouble };
    const { asF32, fromF32, trap } = new Native.Instance(new Native.Module(fromBase64(crossing)), {
      python: names,
    }).exports;
    this.trap = /** @type {() => never} */ (trap);
    const { asU32, asU64, asF64, fromU32, fromU64, fromF64 } = link.python;
    /** What the modules of thunks.mjs import. */
    this.imports = {
      ...{ asU32, asU64, asF32, asF64, fromU32, fromU64, fromF32, fromF64 },
      memory: module.memory,
      newTuple: module._PyTuple_New,
      setItem: module._PyTuple_SetItem,
      getItem: module._PyTuple_GetItem,
      vectorcall: module._PyObject_Vectorcall,
      decref: module._Py_DecRef,
      none: new Native.Global({ value: "i32" }, link.none),
    };
  }

  incref(ptr) {
    this.#module._Py_IncRef(ptr);
    return ptr;
  }

  decref(ptr) {
    this.#module._Py_DecRef(ptr);
  }

  /** The class of an object, borrowed. */
  typeOf(ptr) {
    const type = this.#module._PyObject_Type(ptr);
    this.#module._Py_DecRef(type);
    return type;
  }

  callback(name) {
    return this.#link.lookup(CALLBACKS, name);
  }

  /** Call an object with borrowed references: a new one, or 0 with the exception set. Throws where the stack is full. */
  call(callable, ...args) {
    const { stack, depth } = this.#link;
    depth.enter();
    const { top } = stack;
    try {
      const at = stack.push(args.length + 1) + 1;
      this.#module.HEAPU32.set(args, at);
      return this.#module._PyObject_Vectorcall(callable, at << 2, args.length | OFFSET, 0);
    } finally {
      stack.top = top;
      depth.now--;
    }
  }

  /** The same with integers and strings, which are boxed, before the references. */
  callWith(callable, values, ...args) {
    const boxed = values.map((value) => (typeof value === "string" ? this.text(value) : this.integer(value)));
    try {
      return this.call(callable, ...boxed, ...args);
    } finally {
      for (const ptr of boxed) this.decref(ptr);
    }
  }

  /** A new reference to a string. */
  text(value) {
    return boxString(this.#module, value);
  }

  integer(value) {
    return this.#module._PyLong_FromLong(value);
  }

  /** The value of an `int` (and no subclass) that 32 bits hold; undefined for any other object. */
  smallInteger(ptr) {
    if (this.typeOf(ptr) !== this.#intType) return undefined;
    const value = this.#module._PyLong_AsLongAndOverflow(ptr, this.#overflow);
    return this.#module.HEAP32[this.#overflow >>> 2] === 0 ? value : undefined;
  }

  /** An attribute that is an integer of 32 bits. */
  number(ptr, attribute) {
    const found = this.#module._PyObject_GetAttrString(ptr, cString(this.#module, attribute));
    const value = this.#module._PyLong_AsLong(found);
    this.decref(found);
    return value;
  }

  /** The first item of a tuple, borrowed. */
  firstOf(tuple) {
    return this.#module._PyTuple_GetItem(tuple, 0);
  }

  takeError() {
    return this.#module._PyErr_GetRaisedException();
  }

  /** Set an exception, whose reference is used up. */
  raise(ptr) {
    this.#module._PyErr_SetRaisedException(ptr);
  }

  /** Set the exception for a stack that is full, without any room. */
  raiseExhausted() {
    this.#module._PyErr_SetNone(this.#link.objects.RecursionError);
  }

  /** Give Python's side a function; one whose result is "O" may give 0 with the exception set. */
  hook(name, f, params, result) {
    const builtin = this.#link.import(f, params, result);
    this.#module._PyDict_SetItemString(this.#hooks, cString(this.#module, name), builtin);
    this.decref(builtin);
  }
}
