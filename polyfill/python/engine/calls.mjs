// Functions: builtins that call the engine's, and functions of the engine that call Python.

import { namespace as Native } from "../../common/engine.mjs";
import { enterNative, leaveNative, native } from "./failures.mjs";
import { callModule, FRAME, hostModule } from "./thunks.mjs";

const STACK_BYTES = 1 << 18;

/** The modules of signatures, each compiled once. */
const compiled = new Map();

function moduleFor(kind, make, params, results) {
  const key = `${kind} ${params}>${results}`;
  let found = compiled.get(key);
  if (found === undefined) {
    found = new Native.Module(make(params, results));
    compiled.set(key, found);
  }
  return found;
}

export class Calls {
  #link;
  #python;
  #failures;
  #values;
  #top;
  #end;
  #suspended = [];
  #calls = new Map();
  #nextCall = 1;
  #spare = [];
  #gone;
  #anchor;

  constructor(link, python, failures, values) {
    this.#link = link;
    this.#python = python;
    this.#failures = failures;
    this.#values = values;
    const start = link.module._malloc(STACK_BYTES);
    this.#top = new Native.Global({ value: "i32", mutable: true }, start);
    this.#end = new Native.Global({ value: "i32" }, start + STACK_BYTES - FRAME);
    this.#anchor = link.lookup("pyjsapi.bridge.engine.hooks", "CallAnchor");
    const gone = () => {
      python.raiseExhausted();
      return 0;
    };
    this.#gone = link.slots.take(link.newDispatcher(gone));
  }

  /** Builtins that there are, for tests. */
  get count() {
    return this.#calls.size;
  }

  // From Python to the engine

  /** A builtin, a new reference, that calls a function of the engine whose parameters and results are numbers. */
  builtin(f, params, results) {
    /** @type {() => void} */
    let inner;
    const enter = () => {
      try {
        native(inner);
        return 1;
      } catch (error) {
        return this.#failures.failed(error);
      }
    };
    const { call, run } = new Native.Instance(moduleFor("call", callModule, params, results), {
      python: { ...this.#python.imports, top: this.#top },
      javascript: { enter },
      native: { function: f },
    }).exports;
    inner = /** @type {() => void} */ (run);
    return this.#newBuiltin(call);
  }

  /** The same for any signature: values of JavaScript are made, so that the payload of a NaN may not be kept. */
  anyBuiltin(f, params, results) {
    const give = this.#values.results(results);
    const takes = [...params].map((letter) => this.#values.fromPython[letter]);
    return this.#link.import(
      (...ptrs) => {
        try {
          const values = takes.map((take, k) => take(ptrs[k]));
          return give(this.run(() => f(...values)));
        } catch (error) {
          return this.#failures.failed(error);
        }
      },
      "O".repeat(params.length),
      "O",
    );
  }

  /** Run native code from JavaScript. What is thrown leaves nothing on the stack of arguments. */
  run(f) {
    const top = this.#top.value;
    try {
      return native(f);
    } catch (error) {
      this.#top.value = top;
      throw error;
    }
  }

  #newBuiltin(call) {
    const link = this.#link;
    const number = this.#nextCall++;
    const slot = link.slots.take(call);
    const definition = this.#spare.pop() ?? link.newDefinition("wasm", slot);
    link.module.HEAPU32[(definition >>> 2) + 1] = slot;
    this.#calls.set(number, { call, definition });
    const self = link.newInteger(number, this.#anchor);
    const builtin = link.newBuiltin(definition, self);
    link.decref(self);
    return builtin;
  }

  /** A builtin is gone, or will be: in a cycle it may still be asked for its definition, which is never freed. */
  free(number) {
    const { call, definition } = this.#calls.get(number);
    this.#calls.delete(number);
    this.#link.module.HEAPU32[(definition >>> 2) + 1] = this.#gone;
    this.#link.slots.release(call);
    this.#spare.push(definition);
  }

  // From the engine to Python

  #before = () => {
    const { depth, suspender } = this.#link;
    depth.enter();
    // A frame of JavaScript is on the stack, which cannot be suspended: whoever asks for it must be told so.
    this.#suspended.push(suspender.value);
    suspender.value = false;
    leaveNative();
  };

  #after = () => {
    enterNative();
    const { depth, suspender } = this.#link;
    suspender.value = this.#suspended.pop();
    depth.now--;
  };

  #overflow = () => {
    throw new RangeError("Maximum call stack size exceeded");
  };

  #raise = () => {
    throw this.#failures.thrown();
  };

  /** A native function of numbers that calls a callable, which whoever holds the function must keep. */
  hostFunction(callee, params, results) {
    return new Native.Instance(moduleFor("host", hostModule, params, results), {
      python: {
        ...this.#python.imports,
        callee: new Native.Global({ value: "i32" }, callee),
        top: this.#top,
        end: this.#end,
      },
      javascript: { before: this.#before, after: this.#after, raise: this.#raise, overflow: this.#overflow },
    }).exports.host;
  }

  /** The same for any signature, by a module that imports a function of it and exports what calls that. */
  anyHostFunction(callee, params, results, forwarder) {
    const takes = [...params].map((letter) => this.#values.toPython[letter]);
    const call = (...values) => {
      this.#before();
      let result = 0;
      try {
        const ptrs = [];
        try {
          for (const [k, value] of values.entries()) ptrs.push(takes[k](value));
          result = this.#python.call(callee, ...ptrs);
        } finally {
          for (const ptr of ptrs) this.#python.decref(ptr);
        }
      } finally {
        this.#after();
      }
      if (result === 0) this.#raise();
      try {
        return this.#values.resultOf(result, results);
      } finally {
        this.#python.decref(result);
      }
    };
    const module = new Native.Module(forwarder);
    return new Native.Instance(module, { "": { "": call } }).exports[""];
  }
}
