// A WebAssembly namespace whose modules may have several memories, on an engine where a module has one at most.
//
// A module with one memory (of a kind that the engine has), or none, goes to the engine untouched. Another is lowered; what it becomes is an ordinary
// native Module that carries what the linker needs, so that it can be posted, stored and revived like any other.

import * as native from "../common/engine.mjs";
import { disguised, withoutSource } from "../common/native.mjs";
import { isObject } from "../common/values.mjs";
import * as linker from "./linker.mjs";
import { lower, lowerNow, validateNow } from "./lowerer.mjs";
import { isLacking } from "./probe.mjs";
import { hasCustomSection, memoriesOf } from "./sections.mjs";

const EMPTY_MODULE = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);

/** The export objects of the instances that the linker made. */
const exportsOf = new WeakMap();

/** @type {(module: unknown) => module is WebAssembly.Module} */
const isLowered = (module) => native.isModule(module) && linker.planOf(module) !== null;

/**
 * The bytes of a BufferSource, not copied; undefined for anything else.
 * @param {any} source
 */
function viewOf(source) {
  try {
    if (ArrayBuffer.isView(source)) return new Uint8Array(source.buffer, source.byteOffset, source.byteLength);
    const tag = Object.prototype.toString.call(source);
    if (tag === "[object ArrayBuffer]" || tag === "[object SharedArrayBuffer]") return new Uint8Array(source);
  } catch {
    // Detached: for the engine to refuse.
  }
  return undefined;
}

/**
 * A copy of the bytes of a module that must be lowered; undefined for all that the engine shall see itself.
 * @param {unknown} source
 */
function bytesToLower(source) {
  const view = viewOf(source);
  if (view === undefined) return undefined;
  const memories = memoriesOf(view);
  return memories.length > 1 || memories.some(isLacking) ? Uint8Array.from(view) : undefined;
}

/**
 * Gives an instance that the engine made the prototype of this namespace.
 * @param {WebAssembly.Instance} instance
 * @param {object} [prototype]
 */
function adopt(instance, prototype = Instance.prototype) {
  if (Object.getPrototypeOf(instance) !== prototype) Object.setPrototypeOf(instance, prototype);
  return instance;
}

/**
 * @param {WebAssembly.Module} module
 * @param {any} importObject
 * @param {string} context
 * @param {object} [prototype]
 */
function link(module, importObject, context, prototype = undefined) {
  const { instance, exports } = linker.instantiate(module, importObject, context);
  exportsOf.set(instance, exports);
  return adopt(instance, isObject(prototype) ? prototype : Instance.prototype);
}

/**
 * An error as it reads when another function is called.
 * @param {any} error of the engine
 * @param {string} before a part of its message
 * @param {string} after what stands there then
 */
function told(error, before, after) {
  if (!(error instanceof Error) || !error.message.includes(before)) return error;
  error.message = error.message.replace(before, after);
  error.stack = error.stack?.replace(before, after);
  return error;
}

/**
 * Calls or constructs something of the engine's. WebKit ends messages with the expression that has called it, which is one
 * of this function then; what it looks like is learnt from an error that is certain: without arguments.
 * @param {Function} f
 * @param {any[]} given
 * @param {Function} [target] of the constructor
 */
function asEngine(f, given, target = undefined) {
  const run = (/** @type {any[]} */ given) => {
    try {
      return { value: target ? Reflect.construct(f, given, target) : Reflect.apply(f, undefined, given) };
    } catch (error) {
      return { error };
    }
  };
  const plain = (/** @type {any} */ error, /** @type {any} */ certain) => {
    const [expression] = / \(evaluating '.*'\)$/s.exec(certain?.message) ?? [];
    return expression ? told(error, expression, "") : error;
  };
  const result = run(given);
  if ("error" in result) throw plain(result.error, run([]).error);
  if (target) return result.value;
  return result.value.catch(async (/** @type {any} */ error) => {
    throw plain(error, await run([]).value.catch((/** @type {any} */ certain) => certain));
  });
}

// Parameters after the first are taken by `...`, so that `length` is 1 as it should be; behind the ones that are known
// here engines take options of compilation.

/**
 * @param {any} bytes
 * @param {any[]} options of compilation, the engine's
 */
function newModule(bytes, ...options) {
  if (new.target === undefined) return Reflect.apply(native.Module, undefined, [bytes]); // throws the engine's own TypeError
  const target = new.target === Module ? native.Module : new.target;
  const original = bytesToLower(bytes);
  const compiled = original === undefined ? bytes : lowerNow(original, "WebAssembly.Module()");
  return asEngine(native.Module, [compiled, ...options], target);
}

/**
 * @param {any} module
 * @param {any[]} rest the import object
 */
function newInstance(module, ...[importObject]) {
  if (new.target === undefined) return Reflect.apply(native.Instance, undefined, [module]); // throws the engine's own TypeError
  if (!isLowered(module)) return asEngine(native.Instance, [module, importObject], new.target);
  return link(module, importObject, "WebAssembly.Instance()", new.target.prototype);
}

Object.defineProperty(newModule, "name", { value: "Module" });
Object.defineProperty(newInstance, "name", { value: "Instance" });
/** The classes that programs see. */
const Module = disguised(newModule);
const Instance = disguised(newInstance);

/**
 * The promise that the engine makes of an import object that is no object; undefined when it is one.
 * @param {any} importObject
 * @param {(importObject: any) => Promise<unknown>} [instantiate] an empty module
 */
function refuseImportObject(
  importObject,
  instantiate = (imports) => asEngine(native.instantiate, [EMPTY_MODULE, imports]),
) {
  return importObject === undefined || isObject(importObject) ? undefined : instantiate(importObject);
}

/**
 * The same of the streaming function.
 * @param {any} importObject
 */
const refuseStreamed = (importObject) =>
  refuseImportObject(importObject, (imports) =>
    native.instantiateStreaming(
      new Response(EMPTY_MODULE, { headers: { "Content-Type": "application/wasm" } }),
      imports,
    ),
  );

/**
 * @param {Uint8Array<ArrayBuffer>} bytes
 * @param {string} context
 * @param {any[]} options of compilation, the engine's
 */
async function compileLowered(bytes, context, options = []) {
  return native.compile(await lower(bytes, context), ...options);
}

/**
 * @param {Promise<WebAssembly.Module>} compiling
 * @param {any} importObject
 */
async function instantiateCompiled(compiling, importObject) {
  const module = await compiling;
  if (isLowered(module)) return { module, instance: link(module, importObject, "WebAssembly.instantiate()") };
  return { module, instance: adopt(await asEngine(native.instantiate, [module, importObject])) };
}

/**
 * Compiles a response: the engine does it while the bytes arrive, and only what it refuses, or what has several
 * memories, is looked at afterwards.
 * @param {Response | PromiseLike<Response>} source
 * @param {string} context
 * @param {any[]} options of compilation, the engine's
 */
async function compileResponse(source, context, options) {
  const response = await source;
  let copy;
  try {
    copy = response.clone();
  } catch {
    return native.compileStreaming(response, ...options); // no Response, or read already: the engine's own TypeError
  }
  const reading = copy.arrayBuffer();
  const [compiled, read] = await Promise.allSettled([native.compileStreaming(response, ...options), reading]);
  const bytes = read.status === "fulfilled" ? bytesToLower(read.value) : undefined;
  if (bytes === undefined || (compiled.status === "rejected" && !(compiled.reason instanceof native.CompileError))) {
    if (compiled.status === "rejected") throw told(compiled.reason, "WebAssembly.compileStreaming()", context);
    return compiled.value;
  }
  return compileLowered(bytes, context, options);
}

/**
 * What the engine can instantiate by itself; the bytes may also be those of a module that was lowered ahead of time.
 * @param {any} source
 * @param {any} importObject
 * @param {any[]} options of compilation, the engine's
 */
async function instantiateNatively(source, importObject, options) {
  const view = viewOf(source);
  if (view === undefined || !hasCustomSection(view, linker.SECTION)) {
    const result = await asEngine(native.instantiate, [source, importObject, ...options]);
    adopt(native.isInstance(result) ? result : result.instance);
    return result;
  }
  return refuseImportObject(importObject) ?? instantiateCompiled(native.compile(source, ...options), importObject);
}

const moduleStatics = {
  /** @param {any} module */
  exports(module) {
    return isLowered(module) ? linker.moduleExports(module) : native.moduleExports(module);
  },
  /** @param {any} module */
  imports(module) {
    return isLowered(module) ? linker.moduleImports(module) : native.moduleImports(module);
  },
  /**
   * @param {any} module
   * @param {any} sectionName
   */
  customSections(module, sectionName) {
    // biome-ignore lint/complexity/noArguments: its `length` is 2, and an argument that is undefined counts
    // biome-ignore lint/correctness/noUndeclaredVariables: a method has it
    if (arguments.length < 2 || !isLowered(module)) return Reflect.apply(native.customSections, undefined, arguments);
    return linker.moduleCustomSections(module, sectionName);
  },
};

const functions = {
  /**
   * @param {any} bytes
   * @param {any[]} options of compilation, the engine's
   */
  validate(bytes, ...options) {
    const original = bytesToLower(bytes);
    return original === undefined ? native.validate(bytes, ...options) : validateNow(original);
  },
  /**
   * @param {any} bytes
   * @param {any[]} options of compilation, the engine's
   */
  compile(bytes, ...options) {
    const original = bytesToLower(bytes);
    if (original === undefined) return native.compile(bytes, ...options);
    return compileLowered(original, "WebAssembly.compile()", options);
  },
  /**
   * @param {any} source
   * @param {any[]} rest the import object, and options
   */
  instantiate(source, ...[importObject, ...options]) {
    const context = "WebAssembly.instantiate()";
    const original = bytesToLower(source);
    if (original === undefined && !isLowered(source)) return instantiateNatively(source, importObject, options);
    return (
      refuseImportObject(importObject)
      ?? (original === undefined
        ? new Promise((resolve) => {
            resolve(link(source, importObject, context));
          })
        : instantiateCompiled(compileLowered(original, context, options), importObject))
    );
  },
  /**
   * @param {any} source
   * @param {any[]} options of compilation, the engine's
   */
  compileStreaming(source, ...options) {
    return compileResponse(source, "WebAssembly.compileStreaming()", options);
  },
  /**
   * @param {any} source
   * @param {any[]} rest the import object, and options
   */
  instantiateStreaming(source, ...[importObject, ...options]) {
    return (
      refuseStreamed(importObject)
      ?? instantiateCompiled(compileResponse(source, "WebAssembly.instantiateStreaming()", options), importObject)
    );
  },
};

/**
 * What programs see of a value.
 * @param {any} value
 */
const shown = (value) =>
  typeof value === "function" && value !== Module && value !== Instance ? withoutSource(value) : value;

/**
 * Defines properties with the attributes that the engine gives its own of the same name, in its order.
 * @param {object} model
 * @param {object} target
 * @param {Record<string, unknown>} values
 */
function defineLike(model, target, values) {
  for (const [name, attributes] of Object.entries(Object.getOwnPropertyDescriptors(model))) {
    if (name in values) Object.defineProperty(target, name, { ...attributes, value: shown(values[name]) });
  }
}

defineLike(native.Module, Module, moduleStatics);
Object.defineProperty(Module, "prototype", { value: native.Module.prototype, writable: false });
// AbstractModuleSource, where the engine has it.
Object.setPrototypeOf(Module, Object.getPrototypeOf(native.Module));

// Instances get a prototype of their own below the engine's, because that of the engine is not touched here.
/** @type {PropertyDescriptorMap} */
const members = {
  constructor: { value: Instance, writable: true, configurable: true },
  [Symbol.toStringTag]: native.attribute(native.Instance.prototype, Symbol.toStringTag),
  exports: {
    ...native.exportsAttribute,
    get: native.attribute(
      {
        get exports() {
          return exportsOf.get(this) ?? Reflect.apply(native.exportsAttribute.get, this, []);
        },
      },
      "exports",
    ).get,
  },
};
Instance.prototype = Object.create(native.Instance.prototype, members);

/** The namespace: the engine's own classes, but for those of modules and instances. */
export const implementation = Object.create(
  Object.getPrototypeOf(native.namespace),
  Object.getOwnPropertyDescriptors(native.namespace),
);
defineLike(native.namespace, implementation, { Module, Instance, ...functions });

let installed = false;

/** Puts Module, Instance and the functions of this namespace into the engine's own, for everybody. */
export function install() {
  if (installed) return;
  installed = true;
  const own = Instance.prototype;
  for (const name of ["Module", "Instance", ...Object.keys(functions)]) {
    if (name in native.namespace) {
      Object.defineProperty(native.namespace, name, native.attribute(implementation, name));
    }
  }
  const { prototype } = native.Instance;
  Object.defineProperty(native.Module.prototype, "constructor", { value: Module });
  Object.defineProperty(prototype, "constructor", { value: Instance });
  Object.defineProperty(prototype, "exports", native.attribute(own, "exports"));
  Object.defineProperty(Instance, "prototype", { value: prototype, writable: false });
}
