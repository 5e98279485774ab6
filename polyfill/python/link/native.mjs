// The link through the C API of Pyodide's interpreter; the interface is described in ../link.mjs.

import { namespace as Native } from "../../common/engine.mjs";
import { canCompile } from "./compile.mjs";
import { makeExport } from "./exports.mjs";
import { makeImport } from "./imports.mjs";
import { Memories } from "./memories.mjs";
import { canWait, Depth } from "./stack.mjs";
import { boxString, cString, makeConversions, unboxString } from "./values.mjs";

/** Functions of Pyodide's module that the link calls. */
export const REQUIRED = `
  _PyLong_AsLong _PyLong_AsUnsignedLongMask _PyLong_AsUnsignedLongLongMask _PyLong_AsNativeBytes
  _PyLong_FromLong _PyLong_FromUnsignedLong _PyLong_FromUnsignedLongLong _PyLong_FromUnsignedNativeBytes
  _PyFloat_AsDouble _PyFloat_FromDouble _PyUnicode_DecodeUTF16 _PyUnicode_AsEncodedString
  _PyBytes_FromStringAndSize _PyBytes_FromObject _PyBytes_AsString _PyBytes_Size _PyByteArray_AsString
  _PyTuple_New _PyTuple_GetItem _PyTuple_SetItem _PyDict_SetItemString
  _PyErr_SetNone _PyErr_Clear _PyErr_GetRaisedException _PyErr_SetRaisedException
  _PyObject_Vectorcall _PyObject_CallOneArg _PyObject_GetAttrString _PyObject_Type _PyObject_Str
  _PyImport_ImportModule _PyCFunction_NewEx _Py_IncRef _Py_DecRef _malloc _free`
  .trim()
  .split(/\s+/);

const METH_FASTCALL = 0x80;
const STACK_WORDS = 1 << 14;
const SLOTS_AT_ONCE = 64;

/** Words in Pyodide's memory for the arguments of calls that are under way. */
class ArgumentStack {
  constructor(module) {
    this.top = module._malloc(4 * STACK_WORDS) >>> 2;
    this.end = this.top + STACK_WORDS;
  }

  /** Take `count` words; the index of the first. The caller sets `top` back. */
  push(count) {
    const top = this.top;
    if (top + count > this.end) throw new RangeError("Maximum call stack size exceeded");
    this.top = top + count;
    return top;
  }
}

/** Entries of Pyodide's function table. `addFunction` would compile a module for every JavaScript function. */
class Slots {
  constructor(table) {
    this.table = table;
    this.free = [];
    this.used = new Map();
  }

  /** The slot of an exported function of a WebAssembly instance; each `take` needs its `release`. */
  take(f) {
    const known = this.used.get(f);
    if (known) {
      known.count++;
      return known.index;
    }
    if (!this.free.length) {
      const start = this.table.grow(SLOTS_AT_ONCE);
      for (let i = SLOTS_AT_ONCE - 1; i >= 0; i--) this.free.push(start + i);
    }
    const index = this.free.pop();
    this.table.set(index, f);
    this.used.set(f, { index, count: 1 });
    return index;
  }

  release(f) {
    const known = this.used.get(f);
    if (--known.count) return;
    this.used.delete(f);
    this.table.set(known.index, null);
    this.free.push(known.index);
  }
}

/** See ../link.mjs. */
export class NativeLink {
  #conversions;
  #calls = [];
  #freeCalls = [];
  #dispatch;
  #importDefinition = 0;
  #thrown = new Map();
  #nextThrown = 1;
  #callables;

  constructor(pyodide, helpers, compiles = canCompile()) {
    const module = pyodide._module;
    this.kind = "native";
    this.compiles = compiles;
    this.pyodide = pyodide;
    this.module = module;
    this.none = module.__Py_NoneStruct;
    this.depth = new Depth();
    this.suspender = module.validSuspender ?? { value: false };
    this.stack = new ArgumentStack(module);
    this.slots = new Slots(module.wasmTable);
    this.references = {};
    this.onThrow = (_value) => 0;
    this.onError = (ptr) => this.#unexpected(ptr);
    this.python = {
      fromU32: module._PyLong_FromUnsignedLong,
      fromU64: module._PyLong_FromUnsignedLongLong,
      fromF64: module._PyFloat_FromDouble,
      asU32: module._PyLong_AsUnsignedLongMask,
      asU64: module._PyLong_AsUnsignedLongLongMask,
      asF64: module._PyFloat_AsDouble,
    };
    // PyImport_ImportModule itself needs a caller whose globals have builtins: generated code has none.
    const importlib = module._PyImport_ImportModule(cString(module, "importlib"));
    this.objects = { importModule: this.#attribute(importlib, "import_module") };
    Object.assign(this.objects, {
      loads: this.lookup("json", "loads"),
      dumps: this.lookup("json", "dumps"),
      ImportAnchor: this.lookup("pyjsapi.bridge.link.hooks", "ImportAnchor"),
      RecursionError: this.lookup("builtins", "RecursionError"),
      JavaScriptThrow: this.lookup("pyjsapi.bridge.link.errors", "JavaScriptThrow"),
    });
    this.#conversions = makeConversions(this);
    this.#callables = new FinalizationRegistry((ptr) => this.decref(ptr));
    this.#dispatch = helpers.dispatch;
    const dispatcher = this.newDispatcher((index, args, count) => this.#calls[index](args, count));
    this.#importDefinition = this.newDefinition("javascript_function", this.slots.take(dispatcher));
    this.hook("free_import", (index) => this.#freeImport(index), "i", "");
    this.hook("free_thrown", (handle) => this.#thrown.delete(handle), "i", "");
    this.memories = new Memories(this, helpers, canWait());
  }

  /** What is held for Python now. */
  get live() {
    return {
      memories: this.memories.count,
      imports: this.#calls.length - this.#freeCalls.length,
      slots: this.slots.used.size,
      thrown: this.#thrown.size,
    };
  }

  // Objects

  incref(ptr) {
    this.module._Py_IncRef(ptr);
  }

  decref(ptr) {
    this.module._Py_DecRef(ptr);
  }

  lookup(moduleName, name) {
    const { module } = this;
    const text = boxString(module, moduleName);
    const owner = module._PyObject_CallOneArg(this.objects.importModule, text);
    this.decref(text);
    if (owner === 0) this.raise();
    return this.#attribute(owner, name);
  }

  /** An attribute of an object whose reference is used up. */
  #attribute(owner, name) {
    const found = this.module._PyObject_GetAttrString(owner, cString(this.module, name));
    this.decref(owner);
    if (found === 0) this.raise();
    return found;
  }

  conversion(letter) {
    const found = this.#conversions[letter];
    if (!found) throw new TypeError(`no values have the letter '${letter}'`);
    return found;
  }

  // Calls

  export(ptr, params, results) {
    const f = makeExport(this, ptr, params, results);
    this.incref(ptr);
    this.#callables.register(f, ptr);
    return f;
  }

  import(f, params, results) {
    return this.#newImport(makeImport(this, f, params, results), this.objects.ImportAnchor);
  }

  /** Give Python's side of the link a function; see hooks.py. */
  hook(name, f, params, results) {
    const { module } = this;
    const builtin = this.#newImport(makeImport(this, f, params, results), 0);
    const hooks = this.lookup("pyjsapi.bridge.link.hooks", "HOOKS");
    module._PyDict_SetItemString(hooks, cString(module, name), builtin);
    this.decref(hooks);
    this.decref(builtin);
  }

  /** A builtin for a definition and a `self`. */
  newBuiltin(definition, self) {
    const builtin = this.module._PyCFunction_NewEx(definition, self, 0);
    if (builtin === 0) this.raise();
    return builtin;
  }

  /** A PyMethodDef for the function in a slot. It is never freed: see `Memories`. */
  newDefinition(name, slot) {
    const { module } = this;
    const definition = module._malloc(16);
    const at = definition >>> 2;
    module.HEAPU32.set([cString(module, name), slot, METH_FASTCALL, 0], at);
    return definition;
  }

  /** Call a Python class with an integer: a new reference. */
  newInteger(value, class_ = 0) {
    const integer = this.module._PyLong_FromLong(value);
    if (class_ === 0) return integer;
    const made = this.module._PyObject_CallOneArg(class_, integer);
    this.decref(integer);
    if (made === 0) this.raise();
    return made;
  }

  /** A function for the table that calls `call(self, args, nargs)`, `self` being the integer that it is. */
  newDispatcher(call) {
    const imports = { python: { PyLong_AsLong: this.module._PyLong_AsLong }, link: { call } };
    return new Native.Instance(this.#dispatch, imports).exports.dispatch;
  }

  #newImport(f, anchorClass) {
    const index = this.#freeCalls.pop() ?? this.#calls.length;
    this.#calls[index] = f;
    const self = this.newInteger(index, anchorClass);
    const builtin = this.newBuiltin(this.#importDefinition, self);
    this.decref(self);
    return builtin;
  }

  #freeImport(index) {
    this.#calls[index] = undefined;
    this.#freeCalls.push(index);
  }

  // Exceptions

  /** Hand the Python exception that is set over to `onError`. */
  raise() {
    const ptr = this.module._PyErr_GetRaisedException();
    this.onError(ptr);
    throw new Error("onError returned");
  }

  /** Set the Python exception for a value that JavaScript has thrown; 0, which is what builtins return then. */
  throwIntoPython(value) {
    let ptr = 0;
    try {
      ptr = this.onThrow(value);
    } catch (error) {
      value = error;
    }
    try {
      this.module._PyErr_SetRaisedException(ptr || this.#wrapThrown(value));
    } catch {
      this.module._PyErr_SetNone(this.objects.RecursionError);
    }
    return 0;
  }

  thrown(ptr) {
    const { module } = this;
    const class_ = module._PyObject_Type(ptr);
    this.decref(class_);
    if (class_ !== this.objects.JavaScriptThrow) return undefined;
    const args = module._PyObject_GetAttrString(ptr, cString(module, "args"));
    const index = module._PyLong_AsLong(module._PyTuple_GetItem(args, 0));
    this.decref(args);
    return { value: this.#thrown.get(index) };
  }

  #wrapThrown(value) {
    const handle = this.#nextThrown;
    this.#nextThrown = (handle + 1) & 0x3fffffff || 1;
    this.#thrown.set(handle, value);
    return this.newInteger(handle, this.objects.JavaScriptThrow);
  }

  /** What `onError` does until somebody sets it. */
  #unexpected(ptr) {
    const thrown = this.thrown(ptr);
    const text = this.module._PyObject_Str(ptr);
    const message = text === 0 ? "a Python exception" : unboxString(this.module, text);
    if (text !== 0) this.decref(text);
    this.decref(ptr);
    if (thrown) throw thrown.value;
    throw new Error(message);
  }

  // Memories

  memoryFor(memory, type) {
    return this.memories.memoryFor(memory, type);
  }

  nativeOf(ptr) {
    return this.memories.nativeOf(ptr);
  }

  recordOf(memory, address) {
    return this.memories.recordOf(memory, address);
  }

  memoryOf(record) {
    return this.memories.memoryOf(record);
  }

  grow(ptr, delta) {
    return this.memories.grow(ptr, delta);
  }
}
