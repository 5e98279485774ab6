// The behaviour behind the generated bindings: what the specification's algorithms do, over the Python engine.
//
// A context holds what the parts share. The link layer names a Python object by a number, its "ptr"; whoever gets one
// as the result of a call owns a reference, and gives it to an object (`identity`) or drops it.

import { makeErrors } from "./errors.mjs";
import { makeException } from "./exception.mjs";
import { makeFunctions } from "./functions.mjs";
import { makeGlobal } from "./global.mjs";
import { makeIdentity } from "./identity.mjs";
import { makeInstance } from "./instance.mjs";
import { makeJsString } from "./js-string.mjs";
import { makeMemory } from "./memory.mjs";
import { makeModule } from "./module.mjs";
import { makeNamespaceOperations } from "./namespace.mjs";
import { makeObjects } from "./objects.mjs";
import { makePromising, whyNoIntegration } from "./promising.mjs";
import { makeRecords } from "./records.mjs";
import { makeReferences } from "./references.mjs";
import { makeTable } from "./table.mjs";
import { makeTag } from "./tag.mjs";
import { makeTypes } from "./types.mjs";

/**
 * The implementation for `makeNamespace`.
 * @param {object} link what `createLink` gives
 * @param {{ features?: object, limits?: object }} settings restrictions of what modules may use
 */
export function makeImplementation(link, settings = {}) {
  const context = { link, interfaces: undefined };

  /** A function of `pyjsapi.bridge.face.api` with a signature of the link layer. */
  context.api = (name, params, results, module = "pyjsapi.bridge.face.api") => {
    const ptr = link.lookup(module, name);
    try {
      return link.export(ptr, params, results);
    } finally {
      link.decref(ptr);
    }
  };

  /**
   * A function of the API for values of all types: from the letter of a type to the function with the signature
   * `signatureOf(letter)`, a pair of parameters and results.
   */
  context.typed = (name, signatureOf) => {
    const made = new Map();
    const ptr = link.lookup("pyjsapi.bridge.face.api", name);
    return (letter) => {
      let found = made.get(letter);
      if (found === undefined) {
        found = link.export(ptr, ...signatureOf(letter));
        made.set(letter, found);
      }
      return found;
    };
  };

  const { memoryControl, memory_control: snake } = settings.features ?? {};
  const noIntegration = whyNoIntegration(context);
  /** What is there of the members that need a feature. */
  context.features = { memoryControl: Boolean(memoryControl ?? snake), promiseIntegration: noIntegration === "" };

  context.errors = makeErrors(context);
  const newSettings = context.api("new_settings", "J", "O");
  context.settings = newSettings({ features: settings.features ?? {}, limits: settings.limits ?? {} });
  context.identity = makeIdentity(context);
  context.records = makeRecords();
  context.objects = makeObjects(context);
  context.references = makeReferences(context);
  context.types = makeTypes(context);
  context.functions = makeFunctions(context);
  context.jsString = makeJsString(context);
  context.promising = context.features.promiseIntegration ? makePromising(context) : undefined;

  const { memories, MemoryMapDescriptor } = makeMemory(context);
  const implementation = {
    features: context.features,
    errors: context.errors.classes,
    Module: makeModule(context),
    Instance: makeInstance(context),
    Memory: memories,
    MemoryMapDescriptor,
    Table: makeTable(context),
    Global: makeGlobal(context),
    Tag: makeTag(context),
    Exception: makeException(context),
    Suspending: context.promising?.Suspending,
    promising: context.promising?.promising,
    init(interfaces) {
      context.interfaces = interfaces;
    },
  };
  context.implementation = implementation;
  Object.assign(implementation, makeNamespaceOperations(context));
  const absent = noIntegration && { Suspending: noIntegration, promising: noIntegration, SuspendError: noIntegration };
  return { implementation, context, absent: { ...absent } };
}
