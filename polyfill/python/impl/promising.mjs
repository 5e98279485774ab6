// Promise integration: WebAssembly.Suspending and WebAssembly.promising (js-promise-integration, index.bs).
//
// What `promising` gives calls an Exported Function on a stack of its own in Python. Where it calls an imported
// Suspending function, that is called here, and what it returns is awaited here; Python suspends the stack meanwhile.
// Python knows the calls and the waits by numbers.

import { namespace } from "../../common/engine.mjs";

const { defineProperty } = Object;
const MODULE = "pyjsapi.bridge.face.promising";

/** What a SuspendError says, by Python's number of the reason, in the words of V8. */
const REASONS = ["trying to suspend without WebAssembly.promising", "trying to suspend JS frames"];

/** Numbers of 31 bits, which are used again when all have been. */
const MOST = 0x7fffffff;

/** What is kept under numbers until somebody takes it. */
function makeNumbered() {
  const kept = new Map();
  let last = 0;
  return {
    put(value) {
      do last = last === MOST ? 1 : last + 1;
      while (kept.has(last));
      kept.set(last, value);
      return last;
    },
    get: (number) => kept.get(number),
    take(number) {
      const value = kept.get(number);
      kept.delete(number);
      return value;
    },
  };
}

/** Why calls cannot be suspended here; empty if they can. */
export function whyNoIntegration(context) {
  const reason = context.api("why_not", "", "s", MODULE)();
  if (reason !== "" || "SuspendError" in namespace) return reason;
  return "this engine of JavaScript has no WebAssembly.SuspendError";
}

/** The members of WebAssembly.Suspending, `promising`, and what an imported Suspending function is linked to. */
export function makePromising(context) {
  const { link, api, errors, functions } = context;
  const newFunction = api("suspending_function", "OiOOii", "O", MODULE);
  const goOn = api("go_on", "i", "", MODULE);

  /** { begun, ended, finish } of calls that have not ended. */
  const calls = makeNumbered();
  /** { value, failed } of what is awaited, and what it became. */
  const waits = makeNumbered();

  const hooks = [
    link.import((number) => ended(calls.get(number)), "i", ""),
    link.import(
      (reason) => {
        throw errors.suspendError(REASONS[reason]);
      },
      "i",
      "",
    ),
  ];
  api("set_hooks", "OO", "", MODULE)(...hooks);
  for (const hook of hooks) link.decref(hook);

  // ---- calls

  function ended(call) {
    if (call.begun) queueMicrotask(call.finish);
    else call.ended = true;
  }

  /** The functions of Python that begin a call of a signature, and that give its result. */
  const ofSignature = new WeakMap();

  function callsOf(signature) {
    let found = ofSignature.get(signature);
    if (found === undefined) {
      found = {
        begin: api("begin", `Oi${signature.letters}`, "", MODULE),
        resultOf: api("result_of", "i", signature.resultLetters, MODULE),
      };
      ofSignature.set(signature, found);
    }
    return found;
  }

  /** Begin a call, whose promise is settled when it has ended; the record of the function is held until then. */
  function run({ ptr, signature, record }, values, resolve, reject) {
    const { begin, resultOf } = callsOf(signature);
    const converted = signature.params.map((type, i) => (type.plain ? values[i] : type.convert(values[i])));
    const call = {
      record,
      begun: false,
      ended: false,
      finish() {
        calls.take(number);
        let result;
        try {
          result = resultOf(number);
        } catch (error) {
          reject(error);
          return;
        }
        resolve(result);
      },
    };
    const number = calls.put(call);
    try {
      begin(ptr, number, ...converted);
    } catch (error) {
      calls.take(number);
      throw error;
    }
    call.begun = true;
    if (call.ended) call.finish();
  }

  function promising(function_) {
    const state = functions.state(function_);
    if (state === undefined) {
      throw new TypeError("WebAssembly.promising(): wasmFunc must be a WebAssembly exported function");
    }
    const { ptr } = state;
    const promised = ((...values) =>
      new Promise((resolve, reject) => {
        if (state.signature.opaque) functions.refuse();
        run(state, values, resolve, reject);
      })).bind(undefined); // so that it shows no source
    defineProperty(promised, "name", { value: "", configurable: true });
    defineProperty(promised, "length", { value: 1, configurable: true });
    link.incref(ptr);
    context.identity.own(ptr, promised);
    return promised;
  }

  // ---- imports

  /** Await the value of a wait; then let the stack go on that waits for it. */
  async function settle(wait, number) {
    try {
      wait.value = await wait.value;
    } catch (error) {
      wait.value = error;
      wait.failed = true;
    }
    goOn(number);
  }

  function take(number) {
    const { value, failed } = waits.take(number);
    if (failed) throw value;
    return value;
  }

  /** "Create a suspending function" for an import: a new reference; `function_` is what Python may hold. */
  function imported(module, index, function_, signature, position, record) {
    const start = (...values) => {
      const wait = { value: function_(...values), failed: false };
      const number = waits.put(wait);
      void settle(wait, number);
      return number;
    };
    const given = signature.opaque
      ? [link.import(functions.refuse, "", ""), link.import(take, "i", "")]
      : [
          link.import(start, signature.letters, "i"),
          link.import(functions.checked(take, signature.results), "i", signature.resultLetters),
        ];
    try {
      return newFunction(module, index, ...given, position, record.number);
    } finally {
      for (const each of given) link.decref(each);
    }
  }

  return {
    Suspending: { create: (function_) => ({ function: function_ }) },
    promising,
    imported,
  };
}
