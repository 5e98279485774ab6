// How observations are described, and what the runner makes of a case.

import assert from "node:assert/strict";
import test from "node:test";
import vm from "node:vm";

import { matches, unmetExpectations } from "../../web/static/compare.mjs";
import { Description, Thrown } from "../../web/static/describe.mjs";
import { runJsCase, Tools } from "../../web/static/js_runner.mjs";
import * as patterns from "../../web/static/patterns.mjs";

const describe = (value, namespace = WebAssembly) => new Description(namespace).describe(value, "value");
const case_ = (...names) => ({ id: "js-case", steps: names.map((name) => ({ name, expect: { any: true } })) });
const run = (body, ...names) => runJsCase(case_(...names), body, WebAssembly, {});

test("primitives that JSON confuses are told apart", () => {
  const values = [
    0,
    -0,
    NaN,
    Infinity,
    -Infinity,
    "0",
    0n,
    null,
    undefined,
    false,
    "",
    Symbol("s"),
    Symbol.iterator,
    Symbol("Symbol.iterator"),
    2 ** 53,
  ];
  const texts = values.map((value) => JSON.stringify(describe(value)));
  assert.equal(
    new Set(texts).size,
    values.length - 1,
    "only a symbol with a well-known description is like the well-known one",
  );
});

test("texts with lone surrogates are written in escapes", () => {
  assert.deepEqual(describe("a\ud83db"), { utf16: "a\\ud83db" });
  assert.equal(describe("🐢"), "🐢");
});

test("an object that appears again is the path of its first place", () => {
  const mine = { a: 1 };
  const cyclic = { mine, list: [mine, {}] };
  cyclic.self = cyclic;
  assert.deepEqual(describe(cyclic), {
    fields: [
      ["mine", { fields: [["a", 1]] }],
      ["list", [{ same: "value.mine" }, { fields: [] }]],
      ["self", { same: "value" }],
    ],
  });
});

test("classes are those of the namespace under test, or foreign", () => {
  const other = vm.runInNewContext("WebAssembly");
  assert.deepEqual(describe(new WebAssembly.Memory({ initial: 0 })), { object: "WebAssembly.Memory" });
  assert.deepEqual(describe(new other.Memory({ initial: 0 })), { object: "foreign WebAssembly.Memory" });
  assert.deepEqual(describe(new WebAssembly.LinkError()), { error: "WebAssembly.LinkError" });
  assert.deepEqual(describe(new TypeError()), { error: "TypeError" });
  const { error } = new Tools(WebAssembly, {}).attempt(() => vm.runInNewContext("null.x"));
  assert.equal(describe(new Thrown(error)).throws.object, "foreign TypeError");
});

test("functions tell whether they can be constructed", () => {
  assert.deepEqual(describe(class A {}), { function: "A", length: 0, constructor: true });
  assert.deepEqual(describe(Math.max), { function: "max", length: 2, constructor: false });
});

test("buffers tell length, growth and detachment; views their elements", () => {
  const memory = new WebAssembly.Memory({ initial: 1 });
  const { buffer } = memory;
  assert.deepEqual(describe(buffer), { object: "ArrayBuffer", byteLength: 65536, detached: false, resizable: false });
  memory.grow(1);
  assert.deepEqual(describe(buffer), { object: "ArrayBuffer", byteLength: 0, detached: true, resizable: false });
  assert.deepEqual(describe(new ArrayBuffer(2, { maxByteLength: 4 })), {
    object: "ArrayBuffer",
    byteLength: 2,
    detached: false,
    resizable: true,
    maxByteLength: 4,
  });
  assert.deepEqual(describe(Float64Array.of(-0, NaN)).elements, [{ number: "-0" }, { number: "NaN" }]);
  assert.equal(describe(new SharedArrayBuffer(8)).object, "SharedArrayBuffer");
});

test("exports objects tell their prototype and that they are frozen", () => {
  assert.deepEqual(describe(Object.freeze(Object.create(null))), { fields: [], prototype: null, frozen: true });
});

test("what threw is an entry with its class and message, or its value", async () => {
  const transcript = await run(
    (_WebAssembly, tools) => ({
      error: tools.attempt(() => null.x),
      value: tools.attempt(() => {
        throw undefined;
      }),
      inside: [
        tools.attempt(() => {
          throw new RangeError("r");
        }),
      ],
    }),
    "error",
    "value",
    "inside",
  );
  assert.equal(transcript[0].error, "TypeError");
  assert.ok(transcript[0].message);
  assert.deepEqual(transcript[1], { error: "thrown", thrown: { undefined: true } });
  assert.deepEqual(transcript[2], { value: [{ throws: { error: "RangeError" } }] });
});

test("a case that throws is unfinished in every observation", async () => {
  const transcript = await run(
    () => {
      throw new SyntaxError("broken");
    },
    "a",
    "b",
  );
  assert.deepEqual(
    transcript.map(({ error, unfinished }) => [error, unfinished]),
    [
      ["SyntaxError", true],
      ["SyntaxError", true],
    ],
  );
});

test("an observation that is not expected is an error, one that is missing is told", async () => {
  assert.match((await run(() => ({ a: 1, b: 2 }), "a"))[0].message, /observes b/);
  assert.deepEqual(await run(() => ({}), "a"), [{ missing: true }]);
});

test("settle tells a rejection from a synchronous throw", async () => {
  const tools = new Tools(WebAssembly, {});
  const throwing = () => {
    throw "now";
  };
  assert.equal((await tools.settle(async () => throwing())).error, "now");
  assert.equal((await tools.settle(throwing)).synchronously.error, "now");
  assert.equal(await tools.settle(Promise.resolve(5)), 5);
});

test("patterns match what they say and nothing else", () => {
  const entry = (value) => new Description(WebAssembly).entry(value, "a");
  const step = (pattern) => {
    const described = new Description(undefined, { identity: false }).entry(pattern, "a");
    return "value" in described ? { name: "a", expect: described.value } : { name: "a", outcome: described };
  };
  const isMet = (pattern, value) => unmetExpectations({ steps: [step(pattern)] }, [entry(value)]).length === 0;
  assert.ok(isMet(patterns.throws("TypeError"), new Thrown(new TypeError())));
  assert.ok(!isMet(patterns.throws("TypeError"), new TypeError()));
  assert.ok(isMet(patterns.error("TypeError"), new TypeError()));
  assert.ok(isMet(patterns.throwsValue(-0), new Thrown(-0)));
  assert.ok(!isMet(patterns.throwsValue(0), new Thrown(-0)));
  assert.ok(isMet(patterns.wasm("Memory"), new WebAssembly.Memory({ initial: 0 })));
  assert.ok(isMet(patterns.buffer(0), new ArrayBuffer(0)));
  assert.ok(!isMet(patterns.buffer(1), new ArrayBuffer(0)));
  assert.ok(isMet(patterns.any, 5) && isMet(patterns.any, undefined));
  assert.ok(!isMet(patterns.any, new Thrown(5)));
  assert.ok(isMet([patterns.thrown("RangeError"), 1n], [new Thrown(new RangeError()), 1n]));
  assert.ok(isMet(patterns.exportsOf({ a: 1 }), Object.freeze(Object.assign(Object.create(null), { a: 1 }))));
  assert.ok(!isMet(patterns.exportsOf({ a: 1 }), { a: 1 }));
  assert.ok(matches({ any: true }, 0));
});
