// The link through Pyodide's proxies, for a Pyodide that lacks what a NativeLink needs: slower, with the same results.
// The interface is described in ../link.mjs, the encoding of values in pyjsapi/bridge/link/proxy.py.

import { ArrayBufferMemory } from "./array-buffer-memory.mjs";
import { atomic } from "./atomic.mjs";
import { newMemory } from "./new-memory.mjs";
import { canWait, Depth } from "./stack.mjs";
import { listOfResults } from "./values.mjs";

const MODULE = "pyjsapi.bridge.link.proxy";
const MASKS = { i32: "4294967295", i64: "18446744073709551615" };

const f64 = new Float64Array(1);
const bits = new BigUint64Array(f64.buffer);

function bitsOf(value) {
  f64[0] = value;
  return bits[0];
}

function floatOf(text) {
  bits[0] = BigInt(text);
  return f64[0];
}

function makeArrayBuffer(pages, maximum, pageLog2, shared) {
  try {
    return new ArrayBufferMemory(pages, maximum, pageLog2, shared);
  } catch {
    return undefined;
  }
}

function growNative(memory, delta) {
  try {
    return memory.grow(delta);
  } catch {
    return -1;
  }
}

/** See ../link.mjs. */
export class ProxyLink {
  #python;
  #functions = [];
  #freeFunctions = [];
  #thrown = new Map();
  #nextThrown = 1;
  #failed = false;
  #raised = 0;
  #callables;
  #adopt;
  #moved;
  #grow;

  constructor(pyodide) {
    this.kind = "proxy";
    this.pyodide = pyodide;
    this.depth = new Depth();
    this.references = {};
    this.onThrow = (_value) => 0;
    this.onError = (ptr) => this.#unexpected(ptr);
    const module = pyodide.pyimport(MODULE);
    // biome-ignore format: a list of names
    const names = ['hold', 'incref', 'decref', 'count', 'call', 'failure', 'lookup', 'text_of', 'handle_of', 'throw',
      'function', 'set_hook', 'install', 'memory_count', 'add_memory', 'memory_of'];
    this.#python = Object.fromEntries(names.map((name) => [name, module[name]]));
    this.#callables = new FinalizationRegistry((ptr) => this.decref(ptr));
    const hooks = {
      failed: () => {
        this.#failed = true;
      },
      invoke: (index, ...values) => this.#functions[index](values),
      take_thrown: () => this.#takeRaised(),
      free_import: (index) => this.#freeFunction(index),
      free_thrown: (handle) => {
        this.#thrown.delete(handle);
      },
      make_native: newMemory,
      make_array_buffer: makeArrayBuffer,
      grow_native: growNative,
      can_wait: canWait,
      atomic,
    };
    for (const [name, hook] of Object.entries(hooks)) this.#python.set_hook(name, hook);
    this.#python.install();
    this.none = this.lookup("pyjsapi.bridge.link.proxy", "NONE");
    const linked = (name) => this.lookup("pyjsapi.bridge.memory.linked", name);
    this.#adopt = this.export(linked("adopt"), "iddss", "O");
    this.#moved = this.export(linked("moved_to_javascript"), "O", "i");
    this.#grow = this.export(linked("grow"), "Od", "d");
  }

  get live() {
    return {
      memories: this.#python.memory_count(),
      imports: this.#functions.length - this.#freeFunctions.length,
      slots: this.#python.count(),
      thrown: this.#thrown.size,
    };
  }

  // Objects

  incref(ptr) {
    this.#python.incref(ptr);
  }

  decref(ptr) {
    this.#python.decref(ptr);
  }

  lookup(moduleName, name) {
    return this.#python.lookup(moduleName, name);
  }

  // Calls

  export(ptr, params, results) {
    const takes = [...params].map((letter) => this.#encoder(letter));
    const numeric = /^[iIfd]*$/.test(params);
    const read = this.#reader(results, (letter) => this.#decoder(letter));
    const { depth } = this;
    const { call } = this.#python;
    const f = (...values) => {
      values.length = takes.length;
      if (numeric) this.#encode(takes, values);
      depth.enter();
      try {
        if (!numeric) this.#encode(takes, values);
        const result = call(ptr, params, results, ...values);
        if (this.#failed) this.raise();
        return read(result);
      } finally {
        depth.now--;
      }
    };
    this.incref(ptr);
    this.#callables.register(f, ptr);
    return f;
  }

  import(f, params, results) {
    const takes = [...params].map((letter) => this.#decoder(letter));
    const write = this.#writer(results);
    const index = this.#freeFunctions.pop() ?? this.#functions.length;
    this.#functions[index] = (values) => {
      const borrowed = [...params].flatMap((letter, i) => (letter === "O" ? [values[i]] : []));
      try {
        return write(f(...takes.map((take, i) => take(values[i]))));
      } catch (error) {
        this.#raise(error);
        return undefined;
      } finally {
        // Passed as new references, but borrowed for the function.
        for (const ptr of borrowed) this.decref(ptr);
      }
    };
    return this.#python.function(index, params, results);
  }

  #encode(takes, values) {
    let made = 0;
    try {
      for (; made < takes.length; made++) values[made] = takes[made].encode(values[made]);
    } catch (error) {
      for (let i = 0; i < made; i++) {
        if (takes[i].reference) this.decref(values[i]);
      }
      throw error;
    }
  }

  /** From a JavaScript value to what Python decodes. */
  #encoder(letter) {
    const of = (encode, reference = false) => ({ encode, reference });
    switch (letter) {
      case "i":
        return of((value) => value >>> 0);
      case "I":
        return of((value) => BigInt.asUintN(64, value));
      case "f":
        return of((value) => bitsOf(Math.fround(value)));
      case "d":
        return of((value) => bitsOf(+value));
      case "O":
        return of((ptr) => {
          this.incref(ptr);
          return ptr;
        }, true);
      case "r":
      case "F":
      case "A":
        return of((value) => this.references[letter].toPython(value), true);
      case "s":
        return of(String);
      case "b":
        return of((value) =>
          ArrayBuffer.isView(value)
            ? new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
            : new Uint8Array(value),
        );
      case "J":
        return of((value) => JSON.stringify(value) ?? "null");
      default:
        throw new TypeError(`no values have the letter '${letter}'`);
    }
  }

  /** From what Python encodes to a JavaScript value; references come as new ones. */
  #decoder(letter) {
    switch (letter) {
      case "i":
        return (value) => value | 0;
      case "I":
        return (text) => BigInt.asIntN(64, BigInt(text));
      case "f":
      case "d":
        return floatOf;
      case "O":
      case "s":
        return (value) => value;
      case "r":
      case "F":
      case "A":
        return (ptr) => {
          try {
            return this.references[letter].fromPython(ptr);
          } finally {
            this.decref(ptr);
          }
        };
      case "b":
        return (bytes) => bytes;
      case "J":
        return JSON.parse;
      default:
        throw new TypeError(`no values have the letter '${letter}'`);
    }
  }

  #reader(letters, decoderOf) {
    if (!letters) return () => undefined;
    const decoders = [...letters].map(decoderOf);
    if (decoders.length === 1) return decoders[0];
    return (list) => decoders.map((decode, i) => decode(list[i]));
  }

  #writer(letters) {
    if (!letters) return () => undefined;
    // What a JavaScript function returns for 'O' is a new reference already.
    const takes = [...letters].map((letter) =>
      letter === "O" ? { encode: (ptr) => ptr, reference: true } : this.#encoder(letter),
    );
    if (takes.length === 1) return takes[0].encode;
    return (value) => {
      const list = listOfResults(value, takes.length);
      this.#encode(takes, list);
      return list;
    };
  }

  #freeFunction(index) {
    this.#functions[index] = undefined;
    this.#freeFunctions.push(index);
  }

  // Exceptions

  raise() {
    this.#failed = false;
    this.onError(this.#python.failure());
    throw new Error("onError returned");
  }

  /** Keep what is to be raised in Python when the JavaScript function has returned. */
  #raise(value) {
    let ptr = 0;
    try {
      ptr = this.onThrow(value);
    } catch (error) {
      value = error;
    }
    if (!ptr) {
      const handle = this.#nextThrown;
      this.#nextThrown = (handle + 1) & 0x3fffffff || 1;
      this.#thrown.set(handle, value);
      ptr = this.#python.throw(handle);
    }
    this.#raised = ptr;
  }

  #takeRaised() {
    const ptr = this.#raised;
    this.#raised = 0;
    return ptr;
  }

  thrown(ptr) {
    const handle = this.#python.handle_of(ptr);
    return handle ? { value: this.#thrown.get(handle) } : undefined;
  }

  #unexpected(ptr) {
    const thrown = this.thrown(ptr);
    const message = this.#python.text_of(ptr);
    this.decref(ptr);
    if (thrown) throw thrown.value;
    throw new Error(message);
  }

  // Memories

  recordOf(memory, address) {
    return this.#python.add_memory(memory, MASKS[address]);
  }

  memoryOf(record) {
    return this.#python.memory_of(record);
  }

  memoryFor(memory, { initial, maximum, shared = false, address = "i32" }) {
    const most = maximum === undefined || maximum === null ? -1 : Number(maximum);
    const made = memory ?? newMemory(Number(initial), most, shared);
    if (!made) throw new RangeError("the engine allows no more memories");
    const record = this.#python.add_memory(made, MASKS[address]);
    return this.#adopt(record, Number(initial), most, shared ? "shared" : "", address);
  }

  nativeOf(ptr) {
    return this.#python.memory_of(this.#moved(ptr));
  }

  grow(ptr, delta) {
    return this.#grow(ptr, Number(delta));
  }
}
