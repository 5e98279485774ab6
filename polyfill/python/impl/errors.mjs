// Errors in both directions: what an exception of the engine is to JavaScript, and the other way round.

import { namespace } from "../../common/engine.mjs";
import { makeStacks } from "./stacks.mjs";

/** @type {any} TypeScript does not know SuspendError, nor does every engine */
const { CompileError, LinkError, RuntimeError, SuspendError } = namespace;

/** What an exhausted call stack says, in the words of V8. */
const EXHAUSTED = "Maximum call stack size exceeded";

/** What errors.Kind in Python stands for. */
const VALUE = 0;
const EXCEPTION = 1;
const CLASSES = { 2: CompileError, 3: LinkError, 4: RuntimeError, 5: RangeError, 6: TypeError };
const EXHAUSTION = 7;
const KEPT = 9;

/** Bits of a kind; above them is the number of a message. */
const KIND_BITS = 4;

/** Sets the link's hooks for exceptions. */
export function makeErrors(context) {
  const { link, api } = context;
  const module = "pyjsapi.bridge.face.errors";
  const kindOf = api("error_kind", "O", "i", module);
  const messageOf = api("error_message", "", "s", module);
  const numberedMessage = api("numbered_message", "i", "s", module);
  const thrownValue = api("thrown_value", "O", "r", module);
  const makeThrown = api("thrown", "ri", "O", module);

  const stacks = makeStacks(context);

  /** Errors that stand for traps: no clause of wasm code catches them, whichever way they come back. */
  const traps = new WeakSet();
  const messages = [];
  let explaining = false;

  function trap(message) {
    const error = new RuntimeError(message);
    traps.add(error);
    return error;
  }

  function exhausted() {
    const error = new RangeError(EXHAUSTED);
    traps.add(error);
    return error;
  }

  /** The JavaScript value to throw for a Python exception, whose stack tells what it passed. */
  function explain(ptr) {
    const value = stacks.withRoom(() => valueFor(ptr));
    try {
      stacks.tell(value, traps.has(value));
    } catch {
      // Where the stack is nearly full, the error says no more than that.
    }
    return value;
  }

  function valueFor(ptr) {
    const code = kindOf(ptr);
    const kind = code & ((1 << KIND_BITS) - 1);
    const number = code >> KIND_BITS;
    if (number > 0) {
      messages[number] ??= numberedMessage(number);
      return trap(messages[number]);
    }
    if (kind === VALUE) return thrownValue(ptr);
    if (kind === EXCEPTION) return context.implementation.Exception.wrap(ptr);
    if (kind === EXHAUSTION) return exhausted();
    if (kind === KEPT) return link.thrown(ptr)?.value;
    const message = messageOf();
    const Class = CLASSES[kind];
    if (Class === RuntimeError) return trap(message);
    return Class === undefined ? new Error(`The engine failed: ${message}`) : new Class(message);
  }

  link.onError = (ptr) => {
    // What fails while an error is explained can only be the stack, which is nearly full.
    if (explaining) {
      link.decref(ptr);
      throw exhausted();
    }
    explaining = true;
    let value;
    try {
      value = explain(ptr);
    } finally {
      explaining = false;
      link.decref(ptr);
    }
    throw value;
  };

  link.onThrow = (value) => {
    const exception = context.implementation?.Exception.ptrOf(value);
    if (exception !== undefined) return exception;
    const isTrap = typeof value === "object" && value !== null && traps.has(value);
    return makeThrown(value, isTrap ? 1 : 0);
  };

  /** Those of the namespace. */
  const classes = { CompileError, LinkError, RuntimeError };
  const suspendError = (message) => stacks.withRoom(() => new SuspendError(message));
  return {
    trap,
    suspendError,
    ...classes,
    classes: context.features.promiseIntegration ? { ...classes, SuspendError } : classes,
  };
}
