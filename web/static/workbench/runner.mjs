// Carries out a plan on a `WebAssembly` namespace: the browser's own, that of lowered modules, or pyjsapi's.
// web/workbench/runs.py does the same in Python; both must say the same of the same behaviour.

import { described } from "./failures.mjs";
import { writtenImports } from "./hand.mjs";
import { History } from "./history.mjs";
import { printed } from "./printing.mjs";
import { failureOf, runScript } from "./script_run.mjs";
import { read, written } from "./values.mjs";

/**
 * @typedef {import("./plan.mjs").Plan} Plan
 * @typedef {import("./plan.mjs").Stub} Stub
 * @typedef {import("./values.mjs").Value} Value
 * @typedef {import("./failures.mjs").Failure} Failure
 * @typedef {{ name: string, arguments?: Value[], said?: string, same?: string }} Logged  a call of an import, or what was said: `print`,
 *   a stream; `same` is what is compared of it where that is less
 * @typedef {{ values?: Value[], error?: Failure, log: Logged[], logged: number, ms: number }} Step
 * @typedef {{ index: number, byteLength: number, seen: number, pages: Record<number, Uint8Array>, changed: [number, number][],
 *   read?: [number, number][], unread?: string, sizes?: number[], detached?: boolean[], when?: Record<number, Uint8Array> }} Image
 *   `pages` are those that are not zero; `changed` and `read` the ranges that the last call changed and read, addresses and lengths;
 *   `unread` is why it is not known what was read; `sizes` in bytes after each step, which of them `detached` the buffer of before,
 *   and by pages `when` each word was changed last: see history.mjs
 * @typedef {(step: Step, index: number) => void} Tell
 */

export const PAGE = 65536;
/** What is looked at of a memory. */
const MOST_BYTES = 256 * 1024 * 1024;
/** Calls of imports that are remembered. */
const MOST_LOGGED = 1000;
export const MOST_RANGES = 4096;

/** @param {string} type */
function zeroOf(type) {
  return type === "i64" ? 0n : /^[if](?:32|64)$/.test(type) ? 0 : null;
}

/** One instance of the plan's module on one namespace. */
export class Run {
  /** @type {Logged[]} */ log = [];
  logged = 0;
  /** @type {any} */ instance = null;
  /** @type {any} */ module = null;
  /** @type {Map<number, any>} */ before = new Map();
  /** What was written by hand, by module and name. @type {Map<string, Record<string, any>>} */ written = new Map();

  /** @param {any} WebAssembly @param {Plan} plan */
  constructor(WebAssembly, plan) {
    this.WebAssembly = WebAssembly;
    this.plan = plan;
  }

  /**
   * Makes the instance, then makes the calls; `tell` is told each step when it is done.
   * @param {Tell} tell
   * @param {{ beforeLast?: () => void }} [also] what is done before the last call
   * @returns {Image[]} the memories as they are in the end
   */
  all(tell, { beforeLast } = {}) {
    const histories = this.#begin(tell);
    if (!histories) return [];
    const { length } = this.plan.calls;
    for (const [k, call] of this.plan.calls.entries()) {
      for (const history of histories) history.before(k === length - 1);
      if (k === length - 1) {
        this.#remember();
        beforeLast?.();
      }
      tell(
        this.#step(() => this.#call(call)),
        k + 1,
      );
      for (const history of histories) history.after(k + 1, k === length - 1);
    }
    return this.#images(histories);
  }

  /**
   * Makes the instance, then runs a script as the only step.
   * @param {string} text
   * @param {Tell} tell
   * @returns {Promise<Image[]>}
   */
  async script(text, tell) {
    const histories = this.#begin(tell);
    if (!histories) return [];
    for (const history of histories) history.before(true);
    this.#remember();
    this.log = [];
    this.logged = 0;
    const start = performance.now();
    /** @type {Partial<Step>} */
    let outcome;
    try {
      const value = await runScript(text, this.scope());
      outcome = { values: value === undefined ? [] : [["script", printed(value, false)]] };
    } catch (error) {
      outcome = { error: await failureOf(error) };
    }
    tell({ ...outcome, log: this.log, logged: this.logged, ms: performance.now() - start }, 1);
    for (const history of histories) history.after(1, true);
    return this.#images(histories);
  }

  /** Makes the instance; null if that fails, else a history for each memory. @param {Tell} tell */
  #begin(tell) {
    const { imports, stubs } = this.plan;
    if (imports?.way === "hand") this.written = writtenImports(imports.texts, this.scope(), stubs, this.WebAssembly);
    tell(
      this.#step(() => {
        this.module = new this.WebAssembly.Module(this.plan.bytes);
        this.instance = new this.WebAssembly.Instance(this.module, this.imports());
        return [];
      }),
      0,
    );
    if (this.instance === null) return null;
    const histories = this.plan.memories.map((seen) => new History(() => this.#bytes(seen)));
    for (const history of histories) history.start();
    return histories;
  }

  /** @param {History[]} histories */
  #images(histories) {
    return this.plan.memories.map((seen, k) => {
      const { sizes, detached, whenBytes: when } = histories[k];
      return { ...this.#image(seen), sizes, detached, when };
    });
  }

  /** Makes one call of the instance. @param {import("./plan.mjs").Call} call */
  once(call) {
    return this.#step(() => this.#call(call));
  }

  /** Writes into the log. @param {Logged} entry */
  #write(entry) {
    this.logged += 1;
    if (this.log.length < MOST_LOGGED) this.log.push(entry);
  }

  /** The names that texts can use which somebody wrote; what is there only with the instance is looked up then. */
  scope() {
    const run = this;
    const print = (/** @type {any[]} */ ...values) => {
      const [said, same] = [true, false].map((messages) => values.map((value) => printed(value, messages)).join(" "));
      run.#write({ name: "print", said, ...(said === same ? {} : { same }) });
    };
    return {
      __proto__: null,
      WebAssembly: run.WebAssembly,
      print,
      console: { log: print, info: print, warn: print, error: print, debug: print },
      get module() {
        return run.module;
      },
      get instance() {
        return run.instance;
      },
      get exports() {
        return run.instance?.exports;
      },
      get memories() {
        return run.plan.memories.map((seen) => run.instance?.exports[seen.export]);
      },
      get memory() {
        return this.memories[0];
      },
    };
  }

  /** @param {() => Value[]} act @returns {Step} */
  #step(act) {
    this.log = [];
    this.logged = 0;
    const start = performance.now();
    let outcome;
    try {
      outcome = { values: act() };
    } catch (error) {
      outcome = { error: described(error) };
    }
    return { ...outcome, log: this.log, logged: this.logged, ms: performance.now() - start };
  }

  /** @param {import("./plan.mjs").Call} call @returns {Value[]} */
  #call(call) {
    const result = this.instance.exports[call.export](...call.arguments.map(read));
    const { results } = call;
    if (results.length === 0) return [];
    const values = results.length === 1 ? [result] : [...result];
    return values.map((value, k) => written(results[k], value));
  }

  /** What stands for each import: modules, and names in them. */
  imports() {
    /** @type {Record<string, Record<string, any>>} */
    const imports = Object.create(null);
    for (const stub of this.plan.stubs) {
      imports[stub.module] ??= Object.create(null);
      imports[stub.module][stub.name] ??= this.#given(stub);
    }
    return imports;
  }

  /** What stands for an import: what was written by hand, else a stub of its type. @param {Stub} stub */
  #given(stub) {
    const object = this.written.get(stub.module);
    if (!object || !(stub.name in object)) return this.#stub(stub);
    const value = object[stub.name];
    return stub.kind === "func" ? this.#function(stub, (given) => object[stub.name](...given)) : value;
  }

  /** @param {Stub} stub */
  #stub(stub) {
    const { WebAssembly } = this;
    switch (stub.kind) {
      case "func":
        return this.#function(stub);
      case "memory":
        return new WebAssembly.Memory({ ...limitsFor(stub), ...(stub.limits?.shared ? { shared: true } : {}) });
      case "table":
        return new WebAssembly.Table({
          element: stub.element === "funcref" ? "anyfunc" : stub.element,
          ...limitsFor(stub),
        });
      case "global":
        return new WebAssembly.Global(
          { value: stub.value === "funcref" ? "anyfunc" : stub.value, mutable: stub.mutable },
          zeroOf(stub.value),
        );
      default:
        return new WebAssembly.Tag({ parameters: stub.params });
    }
  }

  /**
   * A function that writes down its calls. Without `answer` it gives zeros.
   * @param {Stub} stub @param {(given: any[]) => any} [answer]
   */
  #function({ module, name, params, results }, answer = undefined) {
    const zeros = () => {
      const values = results.map(zeroOf);
      return values.length > 1 ? values : values[0];
    };
    return (/** @type {any[]} */ ...given) => {
      this.#write({ name: `${module}.${name}`, arguments: given.map((value, k) => written(params[k], value)) });
      return answer ? answer(given) : zeros();
    };
  }

  /** @param {import("./plan.mjs").Seen} seen @returns {Uint8Array} */
  #bytes(seen) {
    const { buffer } = this.instance.exports[seen.export];
    return new Uint8Array(buffer, 0, Math.min(buffer.byteLength, MOST_BYTES));
  }

  #remember() {
    for (const seen of this.plan.memories) this.before.set(seen.index, this.#bytes(seen).slice());
  }

  /** @param {import("./plan.mjs").Seen} seen @returns {Image} */
  #image(seen) {
    const bytes = this.#bytes(seen);
    const before = this.before.get(seen.index);
    /** @type {Record<number, Uint8Array>} */
    const pages = {};
    /** @type {[number, number][]} */
    const changed = [];
    for (let start = 0; start < bytes.length; start += PAGE) {
      // A copy: the memory may be shared.
      const page = bytes.slice(start, start + PAGE);
      if (page.some((byte) => byte !== 0)) pages[start / PAGE] = page;
      if (before) addChanges(changed, page, before.subarray(start, start + PAGE), start);
    }
    const { byteLength } = this.instance.exports[seen.export].buffer;
    return { index: seen.index, byteLength, seen: bytes.length, pages, changed };
  }
}

/**
 * Adds what differs from before; of very many ranges the first are kept, as web/workbench/runs.py keeps them.
 * @param {[number, number][]} changed @param {Uint8Array} page @param {Uint8Array} before @param {number} start
 */
function addChanges(changed, page, before, start) {
  for (const [k, byte] of page.entries()) {
    if (byte === (before[k] ?? 0)) continue;
    const last = changed.at(-1);
    if (last && last[0] + last[1] === start + k) last[1] += 1;
    else if (changed.length < MOST_RANGES) changed.push([start + k, 1]);
    else return;
  }
}

/** @param {Stub} stub */
function limitsFor({ limits }) {
  const { address, minimum, maximum } = /** @type {import("./plan.mjs").Limits} */ (limits);
  const number = address === "i64" ? BigInt : Number;
  return {
    ...(address === "i64" ? { address } : {}),
    initial: number(minimum),
    ...(maximum === null ? {} : { maximum: number(maximum) }),
  };
}
