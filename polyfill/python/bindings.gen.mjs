// Made by `make generate` from polyfill/python/webassembly.idl: not edited by hand.
// The classes and the namespace of the WebAssembly JavaScript API as Web IDL defines their surface: every operation
// checks its receiver (by a private field), the number of its arguments, converts them in order, and calls the
// implementation.

import * as C from "./webidl.mjs";

/** The first argument of a constructor that wraps a state; nobody else has it. */
const INTERNAL = {};

const AddressType = new Set(["i32", "i64"]);
const TableKind = new Set(["anyfunc", "externref"]);
const ValueType = new Set(["i32", "i64", "f32", "f64", "v128", "anyfunc", "externref"]);
const MemoryAccess = new Set(["none", "r", "rw"]);
const MapMode = new Set(["rw", "r"]);

/**
 * Makes a namespace over an implementation.
 *
 * `impl.X.create(...arguments, count)` makes the state of a new X, `impl.X.created?.(state, object)` learns which
 * object has it; `impl.X.operation(state, ...arguments, count)`, `impl.X.get_attribute(state, object)` and
 * `impl.X.set_attribute(state, value)` are the members; `count` says how many arguments were passed. Static operations
 * and the namespace's get the arguments alone; a further overload of an operation is `impl.operation_interface`.
 *
 * `impl.init?.(interfaces, namespace)` is called at the end: `interfaces.X` has the `name`, `wrap(state)`, which makes
 * an object, and `state(value)`, which is undefined if the value is not an X. The error classes are `impl.errors` where
 * that is given, else the engine's own but SuspendError. What needs a feature is there if `impl.features` has it.
 */
export function makeNamespace(impl) {
  const interfaces = {};
  const classes = {};

  /** @returns {any} a dictionary, whose members are those of the IDL */
  function toWebAssemblyCompileOptions(given, what) {
    const source = C.dictionary(given, what);
    const result = { __proto__: null };
    let value = source.builtins;
    if (value !== undefined) {
      result.builtins = C.sequence(value, C.usvString, `${what}.builtins`);
    }
    value = source.importedStringConstants;
    if (value !== undefined) {
      result.importedStringConstants = C.nullable(value, C.usvString, `${what}.importedStringConstants`);
    }
    return result;
  }

  /** @returns {any} a dictionary, whose members are those of the IDL */
  function toMemoryDescriptor(given, what) {
    const source = C.dictionary(given, what);
    const result = { __proto__: null };
    let value = source.address;
    if (value !== undefined) {
      result.address = C.enumeration(value, AddressType, `${what}.address`);
    }
    value = source.initial;
    if (value !== undefined) {
      result.initial = C.addressValue(value, result.address, `${what}.initial`);
    } else {
      throw C.missingMember(what, "initial");
    }
    value = impl.features?.memoryControl ? source.maplength : undefined;
    if (value !== undefined) {
      result.maplength = C.addressValue(value, result.address, `${what}.maplength`);
    }
    value = source.maximum;
    if (value !== undefined) {
      result.maximum = C.addressValue(value, result.address, `${what}.maximum`);
    }
    value = impl.features?.memoryControl ? source.noAccess : undefined;
    if (value !== undefined) {
      result.noAccess = C.addressValue(value, result.address, `${what}.noAccess`);
    }
    value = impl.features?.memoryControl ? source.readOnly : undefined;
    if (value !== undefined) {
      result.readOnly = C.addressValue(value, result.address, `${what}.readOnly`);
    }
    value = source.shared;
    if (value !== undefined) {
      result.shared = !!value;
    } else {
      result.shared = false;
    }
    return result;
  }

  /** @returns {any} a dictionary, whose members are those of the IDL */
  function toMapOptions(given, what) {
    const source = C.dictionary(given, what);
    const result = { __proto__: null };
    let value = source.at;
    if (value !== undefined) {
      result.at = value;
    }
    value = source.mode;
    if (value !== undefined) {
      result.mode = C.enumeration(value, MapMode, `${what}.mode`);
    } else {
      result.mode = "rw";
    }
    return result;
  }

  /** @returns {any} a dictionary, whose members are those of the IDL */
  function toTableDescriptor(given, what) {
    const source = C.dictionary(given, what);
    const result = { __proto__: null };
    let value = source.element;
    if (value !== undefined) {
      result.element = C.enumeration(value, TableKind, `${what}.element`);
    } else {
      throw C.missingMember(what, "element");
    }
    value = source.address;
    if (value !== undefined) {
      result.address = C.enumeration(value, AddressType, `${what}.address`);
    }
    value = source.initial;
    if (value !== undefined) {
      result.initial = C.addressValue(value, result.address, `${what}.initial`);
    } else {
      throw C.missingMember(what, "initial");
    }
    value = source.maximum;
    if (value !== undefined) {
      result.maximum = C.addressValue(value, result.address, `${what}.maximum`);
    }
    return result;
  }

  /** @returns {any} a dictionary, whose members are those of the IDL */
  function toGlobalDescriptor(given, what) {
    const source = C.dictionary(given, what);
    const result = { __proto__: null };
    let value = source.mutable;
    if (value !== undefined) {
      result.mutable = !!value;
    } else {
      result.mutable = false;
    }
    value = source.value;
    if (value !== undefined) {
      result.value = C.enumeration(value, ValueType, `${what}.value`);
    } else {
      throw C.missingMember(what, "value");
    }
    return result;
  }

  /** @returns {any} a dictionary, whose members are those of the IDL */
  function toTagType(given, what) {
    const source = C.dictionary(given, what);
    const result = { __proto__: null };
    let value = source.parameters;
    if (value !== undefined) {
      result.parameters = C.sequence(value, (item, at) => C.enumeration(item, ValueType, at), `${what}.parameters`);
    } else {
      throw C.missingMember(what, "parameters");
    }
    return result;
  }

  /** @returns {any} a dictionary, whose members are those of the IDL */
  function toExceptionOptions(given, what) {
    const source = C.dictionary(given, what);
    const result = { __proto__: null };
    let value = source.traceStack;
    if (value !== undefined) {
      result.traceStack = !!value;
    } else {
      result.traceStack = false;
    }
    return result;
  }

  class Module {
    #state;

    static #of(value, where) {
      if (C.isObject(value) && #state in value) return value.#state;
      throw C.illegalReceiver(where, "Module");
    }

    static {
      interfaces.Module = {
        name: "Module",
        wrap: (state) => new Module(INTERNAL, state),
        state: (value) => (C.isObject(value) && #state in value ? value.#state : undefined),
      };
    }

    constructor(bytes, options = undefined) {
      if (bytes === INTERNAL) {
        this.#state = arguments[1];
        return;
      }
      if (new.target !== Module) C.adoptPrototype(this, new.target, Module);
      C.requireArguments(arguments.length, 1, "WebAssembly.Module()");
      bytes = C.bufferSource(bytes, { shared: true, resizable: true }, "WebAssembly.Module(): bytes");
      options = toWebAssemblyCompileOptions(options, "WebAssembly.Module(): options");
      this.#state = impl.Module.create(bytes, options, arguments.length);
      impl.Module.created?.(this.#state, this);
    }

    static exports(module) {
      C.requireArguments(arguments.length, 1, "WebAssembly.Module.exports()");
      module = C.platformObject(module, interfaces.Module, "WebAssembly.Module.exports(): module");
      return impl.Module.exports(module);
    }

    static imports(module) {
      C.requireArguments(arguments.length, 1, "WebAssembly.Module.imports()");
      module = C.platformObject(module, interfaces.Module, "WebAssembly.Module.imports(): module");
      return impl.Module.imports(module);
    }

    static customSections(module, sectionName) {
      C.requireArguments(arguments.length, 2, "WebAssembly.Module.customSections()");
      module = C.platformObject(module, interfaces.Module, "WebAssembly.Module.customSections(): module");
      sectionName = C.domString(sectionName, "WebAssembly.Module.customSections(): sectionName");
      return impl.Module.customSections(module, sectionName);
    }
  }
  classes.Module = C.finishInterface(Module);
  C.inheritModuleSource(Module, (value) => interfaces.Module.state(value) !== undefined);

  class Instance {
    #state;

    static #of(value, where) {
      if (C.isObject(value) && #state in value) return value.#state;
      throw C.illegalReceiver(where, "Instance");
    }

    static {
      interfaces.Instance = {
        name: "Instance",
        wrap: (state) => new Instance(INTERNAL, state),
        state: (value) => (C.isObject(value) && #state in value ? value.#state : undefined),
      };
    }

    constructor(module, importObject = undefined) {
      if (module === INTERNAL) {
        this.#state = arguments[1];
        return;
      }
      if (new.target !== Instance) C.adoptPrototype(this, new.target, Instance);
      C.requireArguments(arguments.length, 1, "WebAssembly.Instance()");
      module = C.platformObject(module, interfaces.Module, "WebAssembly.Instance(): module");
      if (importObject !== undefined) {
        importObject = C.object(importObject, "WebAssembly.Instance(): importObject");
      }
      this.#state = impl.Instance.create(module, importObject, arguments.length);
      impl.Instance.created?.(this.#state, this);
    }

    get exports() {
      const state = Instance.#of(this, "WebAssembly.Instance.exports");
      return impl.Instance.get_exports(state, this);
    }
  }
  classes.Instance = C.finishInterface(Instance);

  class Memory {
    #state;

    static #of(value, where) {
      if (C.isObject(value) && #state in value) return value.#state;
      throw C.illegalReceiver(where, "Memory");
    }

    static {
      interfaces.Memory = {
        name: "Memory",
        wrap: (state) => new Memory(INTERNAL, state),
        state: (value) => (C.isObject(value) && #state in value ? value.#state : undefined),
      };
    }

    constructor(descriptor) {
      if (descriptor === INTERNAL) {
        this.#state = arguments[1];
        return;
      }
      if (new.target !== Memory) C.adoptPrototype(this, new.target, Memory);
      C.requireArguments(arguments.length, 1, "WebAssembly.Memory()");
      descriptor = toMemoryDescriptor(descriptor, "WebAssembly.Memory(): descriptor");
      this.#state = impl.Memory.create(descriptor, arguments.length);
      impl.Memory.created?.(this.#state, this);
    }

    get buffer() {
      const state = Memory.#of(this, "WebAssembly.Memory.buffer");
      return impl.Memory.get_buffer(state, this);
    }

    get bufferOffset() {
      const state = Memory.#of(this, "WebAssembly.Memory.bufferOffset");
      return impl.Memory.get_bufferOffset(state, this);
    }

    get readOnlyBuffer() {
      const state = Memory.#of(this, "WebAssembly.Memory.readOnlyBuffer");
      return impl.Memory.get_readOnlyBuffer(state, this);
    }

    grow(delta) {
      const state = Memory.#of(this, "WebAssembly.Memory.grow()");
      C.requireArguments(arguments.length, 1, "WebAssembly.Memory.grow()");
      return impl.Memory.grow(state, delta, arguments.length);
    }

    toFixedLengthBuffer() {
      const state = Memory.#of(this, "WebAssembly.Memory.toFixedLengthBuffer()");
      return impl.Memory.toFixedLengthBuffer(state, arguments.length);
    }

    toResizableBuffer() {
      const state = Memory.#of(this, "WebAssembly.Memory.toResizableBuffer()");
      return impl.Memory.toResizableBuffer(state, arguments.length);
    }

    map(buffer, length = undefined, options = undefined) {
      const state = Memory.#of(this, "WebAssembly.Memory.map()");
      C.requireArguments(arguments.length, 1, "WebAssembly.Memory.map()");
      buffer = C.bufferSource(buffer, { shared: true, resizable: true }, "WebAssembly.Memory.map(): buffer");
      options = toMapOptions(options, "WebAssembly.Memory.map(): options");
      return impl.Memory.map(state, buffer, length, options, arguments.length);
    }

    unmap(target, length = undefined) {
      const state = Memory.#of(this, "WebAssembly.Memory.unmap()");
      C.requireArguments(arguments.length, 1, "WebAssembly.Memory.unmap()");
      return impl.Memory.unmap(state, target, length, arguments.length);
    }

    flush() {
      const state = Memory.#of(this, "WebAssembly.Memory.flush()");
      return impl.Memory.flush(state, arguments.length);
    }

    protect(byteOffset, byteLength, access) {
      const state = Memory.#of(this, "WebAssembly.Memory.protect()");
      C.requireArguments(arguments.length, 3, "WebAssembly.Memory.protect()");
      access = C.enumeration(access, MemoryAccess, "WebAssembly.Memory.protect(): access");
      return impl.Memory.protect(state, byteOffset, byteLength, access, arguments.length);
    }

    discard(byteOffset, byteLength) {
      const state = Memory.#of(this, "WebAssembly.Memory.discard()");
      C.requireArguments(arguments.length, 2, "WebAssembly.Memory.discard()");
      return impl.Memory.discard(state, byteOffset, byteLength, arguments.length);
    }
  }
  if (!impl.features?.memoryControl)
    C.removeMembers(Memory.prototype, [
      "bufferOffset",
      "readOnlyBuffer",
      "map",
      "unmap",
      "flush",
      "protect",
      "discard",
    ]);
  classes.Memory = C.finishInterface(Memory);

  class MemoryMapDescriptor {
    #state;

    static #of(value, where) {
      if (C.isObject(value) && #state in value) return value.#state;
      throw C.illegalReceiver(where, "MemoryMapDescriptor");
    }

    static {
      interfaces.MemoryMapDescriptor = {
        name: "MemoryMapDescriptor",
        wrap: (state) => new MemoryMapDescriptor(INTERNAL, state),
        state: (value) => (C.isObject(value) && #state in value ? value.#state : undefined),
      };
    }

    constructor(size) {
      if (size === INTERNAL) {
        this.#state = arguments[1];
        return;
      }
      if (new.target !== MemoryMapDescriptor) C.adoptPrototype(this, new.target, MemoryMapDescriptor);
      this.#state = impl.MemoryMapDescriptor.create(size, arguments.length);
      impl.MemoryMapDescriptor.created?.(this.#state, this);
    }

    map(memory, byteOffset) {
      const state = MemoryMapDescriptor.#of(this, "WebAssembly.MemoryMapDescriptor.map()");
      memory = C.platformObject(memory, interfaces.Memory, "WebAssembly.MemoryMapDescriptor.map(): memory");
      return impl.MemoryMapDescriptor.map(state, memory, byteOffset, arguments.length);
    }

    unmap() {
      const state = MemoryMapDescriptor.#of(this, "WebAssembly.MemoryMapDescriptor.unmap()");
      return impl.MemoryMapDescriptor.unmap(state, arguments.length);
    }
  }
  if (impl.features?.memoryControl) classes.MemoryMapDescriptor = C.finishInterface(MemoryMapDescriptor);

  class Table {
    #state;

    static #of(value, where) {
      if (C.isObject(value) && #state in value) return value.#state;
      throw C.illegalReceiver(where, "Table");
    }

    static {
      interfaces.Table = {
        name: "Table",
        wrap: (state) => new Table(INTERNAL, state),
        state: (value) => (C.isObject(value) && #state in value ? value.#state : undefined),
      };
    }

    constructor(descriptor, value = undefined) {
      if (descriptor === INTERNAL) {
        this.#state = arguments[1];
        return;
      }
      if (new.target !== Table) C.adoptPrototype(this, new.target, Table);
      C.requireArguments(arguments.length, 1, "WebAssembly.Table()");
      descriptor = toTableDescriptor(descriptor, "WebAssembly.Table(): descriptor");
      this.#state = impl.Table.create(descriptor, value, arguments.length);
      impl.Table.created?.(this.#state, this);
    }

    get length() {
      const state = Table.#of(this, "WebAssembly.Table.length");
      return impl.Table.get_length(state, this);
    }

    get(index) {
      const state = Table.#of(this, "WebAssembly.Table.get()");
      C.requireArguments(arguments.length, 1, "WebAssembly.Table.get()");
      return impl.Table.get(state, index, arguments.length);
    }

    grow(delta, value = undefined) {
      const state = Table.#of(this, "WebAssembly.Table.grow()");
      C.requireArguments(arguments.length, 1, "WebAssembly.Table.grow()");
      return impl.Table.grow(state, delta, value, arguments.length);
    }

    set(index, value = undefined) {
      const state = Table.#of(this, "WebAssembly.Table.set()");
      C.requireArguments(arguments.length, 1, "WebAssembly.Table.set()");
      return impl.Table.set(state, index, value, arguments.length);
    }
  }
  classes.Table = C.finishInterface(Table);

  class Global {
    #state;

    static #of(value, where) {
      if (C.isObject(value) && #state in value) return value.#state;
      throw C.illegalReceiver(where, "Global");
    }

    static {
      interfaces.Global = {
        name: "Global",
        wrap: (state) => new Global(INTERNAL, state),
        state: (value) => (C.isObject(value) && #state in value ? value.#state : undefined),
      };
    }

    constructor(descriptor, value = undefined) {
      if (descriptor === INTERNAL) {
        this.#state = arguments[1];
        return;
      }
      if (new.target !== Global) C.adoptPrototype(this, new.target, Global);
      C.requireArguments(arguments.length, 1, "WebAssembly.Global()");
      descriptor = toGlobalDescriptor(descriptor, "WebAssembly.Global(): descriptor");
      this.#state = impl.Global.create(descriptor, value, arguments.length);
      impl.Global.created?.(this.#state, this);
    }

    get value() {
      const state = Global.#of(this, "WebAssembly.Global.value");
      return impl.Global.get_value(state, this);
    }

    set value(value) {
      const state = Global.#of(this, "WebAssembly.Global.value");
      impl.Global.set_value(state, value);
    }

    valueOf() {
      const state = Global.#of(this, "WebAssembly.Global.valueOf()");
      return impl.Global.valueOf(state, arguments.length);
    }
  }
  classes.Global = C.finishInterface(Global);

  class Tag {
    #state;

    static #of(value, where) {
      if (C.isObject(value) && #state in value) return value.#state;
      throw C.illegalReceiver(where, "Tag");
    }

    static {
      interfaces.Tag = {
        name: "Tag",
        wrap: (state) => new Tag(INTERNAL, state),
        state: (value) => (C.isObject(value) && #state in value ? value.#state : undefined),
      };
    }

    constructor(type) {
      if (type === INTERNAL) {
        this.#state = arguments[1];
        return;
      }
      if (new.target !== Tag) C.adoptPrototype(this, new.target, Tag);
      C.requireArguments(arguments.length, 1, "WebAssembly.Tag()");
      type = toTagType(type, "WebAssembly.Tag(): type");
      this.#state = impl.Tag.create(type, arguments.length);
      impl.Tag.created?.(this.#state, this);
    }
  }
  classes.Tag = C.finishInterface(Tag);

  class Exception {
    #state;

    static #of(value, where) {
      if (C.isObject(value) && #state in value) return value.#state;
      throw C.illegalReceiver(where, "Exception");
    }

    static {
      interfaces.Exception = {
        name: "Exception",
        wrap: (state) => new Exception(INTERNAL, state),
        state: (value) => (C.isObject(value) && #state in value ? value.#state : undefined),
      };
    }

    constructor(exceptionTag, payload, options = undefined) {
      if (exceptionTag === INTERNAL) {
        this.#state = arguments[1];
        return;
      }
      if (new.target !== Exception) C.adoptPrototype(this, new.target, Exception);
      C.requireArguments(arguments.length, 2, "WebAssembly.Exception()");
      exceptionTag = C.platformObject(exceptionTag, interfaces.Tag, "WebAssembly.Exception(): exceptionTag");
      payload = C.sequence(payload, (item) => item, "WebAssembly.Exception(): payload");
      options = toExceptionOptions(options, "WebAssembly.Exception(): options");
      this.#state = impl.Exception.create(exceptionTag, payload, options, arguments.length);
      impl.Exception.created?.(this.#state, this);
    }

    get stack() {
      const state = Exception.#of(this, "WebAssembly.Exception.stack");
      return impl.Exception.get_stack(state, this);
    }

    getArg(exceptionTag, index) {
      const state = Exception.#of(this, "WebAssembly.Exception.getArg()");
      C.requireArguments(arguments.length, 2, "WebAssembly.Exception.getArg()");
      exceptionTag = C.platformObject(exceptionTag, interfaces.Tag, "WebAssembly.Exception.getArg(): exceptionTag");
      index = C.enforcedUnsignedLong(index, "WebAssembly.Exception.getArg(): index");
      return impl.Exception.getArg(state, exceptionTag, index, arguments.length);
    }

    is(exceptionTag) {
      const state = Exception.#of(this, "WebAssembly.Exception.is()");
      C.requireArguments(arguments.length, 1, "WebAssembly.Exception.is()");
      exceptionTag = C.platformObject(exceptionTag, interfaces.Tag, "WebAssembly.Exception.is(): exceptionTag");
      return impl.Exception.is(state, exceptionTag, arguments.length);
    }
  }
  classes.Exception = C.finishInterface(Exception);

  class Suspending {
    #state;

    static #of(value, where) {
      if (C.isObject(value) && #state in value) return value.#state;
      throw C.illegalReceiver(where, "Suspending");
    }

    static {
      interfaces.Suspending = {
        name: "Suspending",
        wrap: (state) => new Suspending(INTERNAL, state),
        state: (value) => (C.isObject(value) && #state in value ? value.#state : undefined),
      };
    }

    constructor(jsFun) {
      if (jsFun === INTERNAL) {
        this.#state = arguments[1];
        return;
      }
      if (new.target !== Suspending) C.adoptPrototype(this, new.target, Suspending);
      C.requireArguments(arguments.length, 1, "WebAssembly.Suspending()");
      jsFun = C.callback(jsFun, "WebAssembly.Suspending(): jsFun");
      this.#state = impl.Suspending.create(jsFun, arguments.length);
      impl.Suspending.created?.(this.#state, this);
    }
  }
  if (impl.features?.promiseIntegration) classes.Suspending = C.finishInterface(Suspending);

  const members = {
    get JSTag() {
      return impl.get_JSTag();
    },

    validate(bytes, options = undefined) {
      C.requireArguments(arguments.length, 1, "WebAssembly.validate()");
      bytes = C.bufferSource(bytes, { shared: true, resizable: true }, "WebAssembly.validate(): bytes");
      options = toWebAssemblyCompileOptions(options, "WebAssembly.validate(): options");
      return impl.validate(bytes, options);
    },

    compile(bytes, options = undefined) {
      return C.promise(() => {
        C.requireArguments(arguments.length, 1, "WebAssembly.compile()");
        bytes = C.bufferSource(bytes, { shared: true, resizable: true }, "WebAssembly.compile(): bytes");
        options = toWebAssemblyCompileOptions(options, "WebAssembly.compile(): options");
        return impl.compile(bytes, options);
      });
    },

    instantiate(bytes, importObject = undefined, options = undefined) {
      return C.promise(() => {
        C.requireArguments(arguments.length, 1, "WebAssembly.instantiate()");
        if (interfaces.Module.state(bytes) !== undefined) {
          if (importObject !== undefined) {
            importObject = C.object(importObject, "WebAssembly.instantiate(): importObject");
          }
          return impl.instantiate_module(bytes, importObject);
        }
        bytes = C.bufferSource(bytes, { shared: true, resizable: true }, "WebAssembly.instantiate(): bytes");
        if (importObject !== undefined) {
          importObject = C.object(importObject, "WebAssembly.instantiate(): importObject");
        }
        options = toWebAssemblyCompileOptions(options, "WebAssembly.instantiate(): options");
        return impl.instantiate(bytes, importObject, options);
      });
    },

    compileStreaming(source, options = undefined) {
      return C.promise(() => {
        C.requireArguments(arguments.length, 1, "WebAssembly.compileStreaming()");
        source = C.promiseOf(source);
        options = toWebAssemblyCompileOptions(options, "WebAssembly.compileStreaming(): options");
        return impl.compileStreaming(source, options);
      });
    },

    instantiateStreaming(source, importObject = undefined, options = undefined) {
      return C.promise(() => {
        C.requireArguments(arguments.length, 1, "WebAssembly.instantiateStreaming()");
        source = C.promiseOf(source);
        if (importObject !== undefined) {
          importObject = C.object(importObject, "WebAssembly.instantiateStreaming(): importObject");
        }
        options = toWebAssemblyCompileOptions(options, "WebAssembly.instantiateStreaming(): options");
        return impl.instantiateStreaming(source, importObject, options);
      });
    },

    promising(wasmFunc) {
      C.requireArguments(arguments.length, 1, "WebAssembly.promising()");
      wasmFunc = C.callback(wasmFunc, "WebAssembly.promising(): wasmFunc");
      return impl.promising(wasmFunc);
    },
  };
  if (!impl.features?.promiseIntegration) C.removeMembers(members, ["promising"]);
  const namespace = C.makeNamespace(members, classes, impl.errors);
  impl.init?.(interfaces, namespace);
  return namespace;
}
