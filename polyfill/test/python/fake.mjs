/** An implementation that records its calls and keeps what it was given, to test the bindings alone. */

import { makeNamespace } from "../../python/bindings.gen.mjs";

/**
 * A namespace over a fake implementation: `calls` lists [operation, ...arguments]; `answer` is what each call returns.
 */
export function fakeNamespace() {
  const fake = { calls: [], answer: undefined, interfaces: undefined };

  const record =
    (name) =>
    (...args) => {
      fake.calls.push([name, ...args]);
      if (name.endsWith(".create")) return { madeBy: name, args };
      return typeof fake.answer === "function" ? fake.answer(...args) : fake.answer;
    };
  const member = (prefix, target = {}) =>
    new Proxy(target, {
      get(known, name) {
        if (typeof name === "symbol" || name in known) return known[name];
        if (name === "created") return undefined;
        return record(`${prefix}${name}`);
      },
    });
  const classes = ["Module", "Instance", "Memory", "Table", "Global", "Tag", "Exception"];
  const impl = member("", {
    ...Object.fromEntries(classes.map((name) => [name, member(`${name}.`)])),
    errors: undefined,
    init(interfaces) {
      fake.interfaces = interfaces;
    },
  });
  fake.WebAssembly = makeNamespace(impl);
  fake.impl = impl;
  return fake;
}
