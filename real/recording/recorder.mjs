// Records everything that passes between WebAssembly and the JavaScript around it.
//
// `install` replaces the constructors and functions of the namespace and the methods of its prototypes.
// A recording is a list of events, each an array: what the host does to WebAssembly, with its outcome, and the calls
// that WebAssembly makes to the host, nested in it. README.md lists them.

import { createHash } from "node:crypto";

import { WatchedMemory } from "./memories.mjs";
import { Identities } from "./values.mjs";

// Digests after returns to the host: all of the first ones, then ever fewer.
const DIGESTS = 48;

export class Recorder {
  /** The events so far. */
  events = [];
  /** The binaries of modules by their digest. */
  modules = new Map();
  /** Calls of exports and of imports. */
  crossings = 0;
  #every;
  #quiet;
  // of the imports that are being called: whether they write nothing
  #callers = [false];
  #identities = new Identities();
  #memories = new Map();
  #wrappers = new Map();
  #originals = new Map();
  #real = {};
  #depth = 0;
  #returns = 0;
  #digests = 0;
  #stride = 1;

  /**
   * With `every`, digests are taken at each return to the host. Imports whose names match `quiet` write nothing into
   * memories themselves, which is then not looked for; a digest tells if they do.
   */
  constructor({ every = false, quiet = undefined } = {}) {
    this.#every = every;
    this.#quiet = quiet;
  }

  // ---- values

  #wrap(value) {
    if (typeof value !== "function" || this.#originals.has(value)) return value;
    let wrapper = this.#wrappers.get(value);
    if (wrapper === undefined) {
      if (!this.#isExported(value)) return value;
      wrapper = (...args) => this.#call(value, args);
      Object.defineProperty(wrapper, "length", { value: value.length });
      Object.defineProperty(wrapper, "name", { value: value.name });
      this.#wrappers.set(value, wrapper);
      this.#originals.set(wrapper, value);
    }
    return wrapper;
  }

  /** Whether a function is WebAssembly's own, and not one of the host that it had been given as a reference. */
  #isExported(value) {
    try {
      return Boolean(new this.#real.Global({ value: "anyfunc" }, value));
    } catch {
      return false;
    }
  }

  #unwrap(value) {
    return this.#originals.get(value) ?? value;
  }

  #encode(value) {
    return this.#identities.encode(this.#unwrap(value));
  }

  #number(object) {
    return this.#identities.number(this.#unwrap(object));
  }

  #write(...event) {
    this.events.push(JSON.stringify(event));
  }

  // ---- control passing between the two sides

  /** Before wasm code goes on: what the host wrote meanwhile. */
  #toWasm() {
    if (this.#callers.at(-1)) return;
    for (const [number, memory] of this.#memories) {
      const changes = memory.changes();
      if (changes.length > 0) this.#write("write", number, changes);
    }
  }

  /** When the host goes on. */
  #toHost() {
    if (this.#callers.at(-1)) return;
    for (const memory of this.#memories.values()) memory.keep();
  }

  #digest(always = false) {
    if (this.#depth > 0 && !this.#every) return;
    if (!always && this.#returns++ % this.#stride !== 0) return;
    if (!this.#every && ++this.#digests % DIGESTS === 0) this.#stride *= 4;
    for (const [number, memory] of this.#memories) {
      this.#write("digest", number, ...memory.digest());
    }
  }

  /** Run wasm code by `run`; its outcome is described by `describe`. */
  #enter(run, describe) {
    this.crossings++;
    this.#depth++;
    let outcome;
    try {
      outcome = run();
    } catch (error) {
      this.#depth--;
      this.#toHost();
      this.#write("throw", this.#encode(error), ...kindOf(error, this.#real));
      this.#digest();
      throw error;
    }
    this.#depth--;
    this.#write("return", describe(outcome));
    this.#toHost();
    this.#digest();
    return outcome;
  }

  /** An argument of an export: a global stands for its value. */
  #argument(value) {
    return value instanceof this.#real.Global ? value.value : this.#unwrap(value);
  }

  #call(raw, args) {
    this.#toWasm();
    const given = args.map((value) => this.#argument(value));
    this.#write(
      "call",
      this.#number(raw),
      given.map((value) => this.#encode(value)),
    );
    return this.#wrap(
      this.#enter(
        () => raw(...given),
        (value) => this.#encode(value),
      ),
    );
  }

  /** The function that stands for the host's function `target` among the imports, there called `name`. */
  #hostFunction(target, name) {
    const quiet = this.#quiet?.test(name) ?? false;
    return (...args) => {
      this.#callers.push(quiet);
      this.#toHost();
      this.crossings++;
      this.#write(
        "import",
        this.#number(target),
        args.map((value) => this.#encode(value)),
      );
      let result;
      try {
        result = target(...args.map((value) => this.#wrap(value)));
      } catch (error) {
        this.#toWasm();
        this.#callers.pop();
        this.#write("raise", this.#encode(error));
        throw error;
      }
      this.#toWasm();
      this.#callers.pop();
      this.#write("result", this.#encode(result));
      return this.#unwrap(result);
    };
  }

  // ---- objects

  #watch(memory) {
    const number = this.#number(memory);
    if (!this.#memories.has(number)) this.#memories.set(number, new WatchedMemory(memory));
    return number;
  }

  #module(source, options) {
    const bytes = Buffer.from(
      ArrayBuffer.isView(source)
        ? source.buffer.slice(source.byteOffset, source.byteOffset + source.byteLength)
        : source.slice(0),
    );
    const module = new this.#real.Module(bytes, options);
    const digest = createHash("sha256").update(bytes).digest("hex");
    this.modules.set(digest, bytes);
    this.#write("module", this.#number(module), digest, options ?? {});
    return module;
  }

  #instance(module, imports) {
    this.#toWasm();
    const given = {};
    const described = [];
    for (const { module: from, name, kind } of this.#real.Module.imports(module)) {
      const value = imports[from][name];
      given[from] ??= {};
      const own = given[from];
      if (kind === "function" && !this.#originals.has(value)) {
        described.push({ h: this.#number(value) });
        own[name] = this.#hostFunction(value, name);
      } else {
        described.push(this.#encode(value));
        own[name] = this.#unwrap(value);
      }
    }
    this.#write("instance", this.#number(module), described);
    const instance = this.#enter(
      () => new this.#real.Instance(module, given),
      (made) => {
        const exports = Object.entries(made.exports);
        for (const [, value] of exports) {
          if (value instanceof this.#real.Memory) this.#watch(value);
        }
        return exports.map(([name, value]) => [name, this.#number(value)]);
      },
    );
    const exports = Object.create(null);
    for (const [name, value] of Object.entries(instance.exports)) exports[name] = this.#wrap(value);
    Object.freeze(exports);
    return Object.create(this.#real.Instance.prototype, { exports: { value: exports } });
  }

  // ---- the namespace

  #construct(name, make) {
    this.#real[name] = WebAssembly[name];
    WebAssembly[name] = new Proxy(WebAssembly[name], { construct: (_, args) => make(...args) });
  }

  /** A constructor whose arguments are recorded. */
  #constructRecorded(name, done = (_object) => {}) {
    this.#construct(name, (...args) => {
      const Real = this.#real[name];
      const object = new Real(...args.map((value) => this.#unwrap(value)));
      const [descriptor, ...rest] = args;
      const described = descriptor instanceof this.#real.Tag ? this.#encode(descriptor) : plain(descriptor);
      const values = rest.map((value) =>
        Array.isArray(value) ? value.map((item) => this.#encode(item)) : this.#encode(value),
      );
      this.#write(name, this.#number(object), described, ...values);
      done(object);
      return object;
    });
  }

  /** A method whose arguments and result are recorded. */
  #method(interfaceName, name, before = (_object) => {}, after = (_object) => {}) {
    const { prototype } = this.#real[interfaceName];
    const real = prototype[name];
    const recorder = this;
    prototype[name] = function (...args) {
      before(this);
      const result = real.apply(
        this,
        args.map((value) => recorder.#unwrap(value)),
      );
      const described = args.map((value) => recorder.#encode(value));
      const number = recorder.#number(this);
      recorder.#write(`${interfaceName}.${name}`, number, described, recorder.#encode(result));
      after(this);
      return recorder.#wrap(result);
    };
  }

  #globalValue() {
    const { prototype } = this.#real.Global;
    const { get, set } = Object(Object.getOwnPropertyDescriptor(prototype, "value"));
    const recorder = this;
    /** @this {WebAssembly.Global} */
    const read = function () {
      const value = get.call(this);
      recorder.#write("get", recorder.#number(this), recorder.#encode(value));
      return recorder.#wrap(value);
    };
    /** @this {WebAssembly.Global} */
    const write = function (value) {
      set.call(this, recorder.#unwrap(value));
      recorder.#write("set", recorder.#number(this), recorder.#encode(value));
    };
    Object.defineProperty(prototype, "value", { get: read, set: write });
    prototype.valueOf = read;
  }

  /** Replace the namespace's members; there is no way back. */
  install() {
    this.#real.Module = WebAssembly.Module;
    this.#construct("Module", (bytes, options) => this.#module(bytes, options));
    this.#construct("Instance", (module, imports) => this.#instance(module, imports));
    if (WebAssembly.Tag) {
      this.#constructRecorded("Tag");
      this.#constructRecorded("Exception");
      this.#method("Exception", "getArg");
      this.#method("Exception", "is");
    } else {
      this.#real.Tag = class {};
      this.#real.Exception = class {};
    }
    this.#constructRecorded("Memory", (memory) => this.#watch(memory));
    this.#constructRecorded("Table");
    this.#constructRecorded("Global");
    const flush = () => this.#toWasm();
    const keep = () => this.#toHost();
    this.#method("Memory", "grow", flush, keep);
    for (const name of ["get", "set", "grow"]) this.#method("Table", name);
    this.#globalValue();
    this.#promises();
  }

  #promises() {
    const both = (source, imports, options) => {
      if (source instanceof this.#real.Module) return this.#instance(source, imports);
      const module = this.#module(source, options);
      return { module, instance: this.#instance(module, imports) };
    };
    const received = async (source) => new Uint8Array(await (await source).arrayBuffer());
    WebAssembly.compile = async (source, options) => this.#module(source, options);
    WebAssembly.compileStreaming = async (source, options) => this.#module(await received(source), options);
    WebAssembly.instantiate = async (source, imports, options) => both(source, imports, options);
    WebAssembly.instantiateStreaming = async (source, imports, options) =>
      both(await received(source), imports, options);
  }

  /** The digests at the end. */
  finish() {
    this.#toWasm();
    this.#digest(true);
    this.#write("end");
  }
}

function plain(descriptor) {
  return Object.fromEntries(
    Object.entries(descriptor).map(([key, value]) => [key, Array.isArray(value) ? [...value] : value]),
  );
}

/** What is known of an exception that came out of wasm code: its class and message. */
function kindOf(error, real) {
  if (real.Exception && error instanceof real.Exception) return ["Exception"];
  if (error instanceof WebAssembly.RuntimeError) return ["RuntimeError", error.message];
  if (error instanceof RangeError) return ["RangeError", error.message];
  return ["host"];
}
