// Runs a JavaScript case on a `WebAssembly` namespace: the browser's own or pyjsapi's.

import { Description, Thrown } from "./describe.mjs";

const FEATURES = {
  resizable: () => "toResizableBuffer" in globalThis.WebAssembly.Memory.prototype,
  untransferable() {
    const { buffer } = new globalThis.WebAssembly.Memory({ initial: 0 });
    try {
      structuredClone(buffer, { transfer: [buffer] });
      return false;
    } catch {
      return true;
    }
  },
  shared: () => typeof SharedArrayBuffer === "function",
};

/** Does this JavaScript engine have what the case needs besides `WebAssembly`? */
export const isSupported = (case_) => (case_.needs ?? []).every((feature) => FEATURES[feature]());

const shownKey = (key) => (typeof key === "symbol" ? `[${key.description}]` : key);

/** What a case gets besides the namespace. */
export class Tools {
  #modules;

  constructor(WebAssembly, modules) {
    this.WebAssembly = WebAssembly;
    this.#modules = modules;
    /** What the case's own functions and getters write down. */
    this.log = [];
  }

  /** The bytes of a module of the case, a new Uint8Array each time. */
  wasm(name) {
    if (!(name in this.#modules)) throw new SyntaxError(`the case has no module ${name}`);
    return this.#modules[name].slice();
  }

  /** A compiled module of the case. */
  module(name) {
    return new this.WebAssembly.Module(this.wasm(name));
  }

  /** An instance of a module of the case. */
  instance(name, ...imports) {
    return new this.WebAssembly.Instance(this.module(name), ...imports);
  }

  /** The exports of a new instance of a module of the case. */
  exports(name, ...imports) {
    return this.instance(name, ...imports).exports;
  }

  /** The value of `f()`, or what it threw. */
  attempt(f) {
    try {
      return f();
    } catch (error) {
      return new Thrown(error);
    }
  }

  /** What a promise or an async function comes to: a value or a rejection; a synchronous throw is told apart. */
  async settle(subject) {
    let promise = subject;
    if (typeof subject === "function") {
      try {
        promise = subject();
      } catch (error) {
        return { synchronously: new Thrown(error) };
      }
    }
    try {
      return await promise;
    } catch (error) {
      return new Thrown(error);
    }
  }

  /** A proxy of `target` that writes every read of a property into `log`, after `prefix`. */
  spy(target, prefix = "") {
    const { log } = this;
    return new Proxy(target, {
      get(owner, key, receiver) {
        log.push(`get ${prefix}${shownKey(key)}`);
        return Reflect.get(owner, key, receiver);
      },
      has(owner, key) {
        log.push(`has ${prefix}${shownKey(key)}`);
        return Reflect.has(owner, key);
      },
      ownKeys(owner) {
        log.push(`keys ${prefix}`);
        return Reflect.ownKeys(owner);
      },
    });
  }

  /** An object that writes `valueOf name` into `log` when it is converted to a primitive, which is `value`. */
  primitive(name, value) {
    return {
      [Symbol.toPrimitive]: (hint) => {
        this.log.push(`${name} to ${hint}`);
        if (value instanceof Thrown) throw value.error;
        return value;
      },
    };
  }

  /** The own property descriptors of `object` by key, in the order of its keys. */
  descriptors(object) {
    return Object.fromEntries(
      Reflect.ownKeys(object).map((key) => [shownKey(key), Reflect.getOwnPropertyDescriptor(object, key)]),
    );
  }

  /** The 64 bits of a Number, as a BigInt. */
  bits(number) {
    return new BigUint64Array(Float64Array.of(number).buffer)[0];
  }

  /** The elements of a view of `count` elements at `at` bytes. */
  read(memory, at, count, View = Uint8Array) {
    return Array.from(new View(memory.buffer, at, count));
  }

  /** Writes `values` as a view at `at` bytes. */
  write(memory, at, values, View = Uint8Array) {
    new View(memory.buffer, at, values.length).set(values);
  }
}

/** The transcript of a case: one entry for each name in `expect`, whether the case came to it or not. */
function transcriptOf(case_, observations, WebAssembly) {
  const names = case_.steps.map((step) => step.name);
  const strangers = Object.keys(observations).filter((name) => !names.includes(name));
  if (strangers.length) throw new SyntaxError(`${case_.id} observes ${strangers.join(", ")}, which it does not expect`);
  const description = new Description(WebAssembly);
  const entries = new Map();
  for (const [name, value] of Object.entries(observations)) entries.set(name, description.entry(value, name));
  return names.map((name) => entries.get(name) ?? { missing: true });
}

/**
 * Runs `run` (the function of a case's definition) on the namespace `WebAssembly` and returns the transcript.
 * `case_` is the entry of cases.json, `modules` the bytes of its modules by name.
 */
export async function runJsCase(case_, run, WebAssembly, modules) {
  try {
    return transcriptOf(case_, await run(WebAssembly, new Tools(WebAssembly, modules)), WebAssembly);
  } catch (error) {
    const entry = new Description(WebAssembly).entry(new Thrown(error), "run");
    return case_.steps.map(() => ({ ...entry, unfinished: true }));
  }
}

/** The bytes of the modules of an entry of cases.json. */
export function modulesOf(case_) {
  const decode = (base64) => Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  return Object.fromEntries(Object.entries(case_.modules).map(([name, base64]) => [name, decode(base64)]));
}
