// What print writes is the same on every engine.

import assert from "node:assert/strict";
import test from "node:test";

const { printed } = await import(`${process.env.STATIC}/workbench/printing.mjs`);
const { mistakeIn } = await import(`${process.env.STATIC}/workbench/hand.mjs`);

test("values are written as JavaScript writes them", () => {
  for (const [value, text] of [
    ["text", "text"],
    [["text", 5n, -0, null, undefined, true], '["text", 5n, -0, null, undefined, true]'],
    [{ a: 1, b: [2] }, "{ a: 1, b: [2] }"],
    [new Uint8Array([1, 2]), "Uint8Array [1, 2]"],
    [new BigInt64Array([1n]), "BigInt64Array [1n]"],
    [function f() {}, "function f"],
    [new ArrayBuffer(8), "ArrayBuffer"],
    [new Array(70).fill(0), `[${"0, ".repeat(64)}…]`],
  ]) {
    assert.equal(printed(value, true), text);
  }
});

test("messages of errors are shown, and not compared", () => {
  const error = new WebAssembly.RuntimeError("unreachable");
  assert.equal(printed(error, true), "RuntimeError: unreachable");
  assert.equal(printed([error], false), "[RuntimeError]");
});

test("what contains itself ends", () => {
  const object = {};
  object.self = object;
  assert.match(printed(object, true), /…/);
});

test("the grammar of imports is looked at without executing them", () => {
  assert.equal(mistakeIn("{ f() { return memory; } }"), "");
  assert.equal(mistakeIn("(() => { throw new Error() })()"), "");
  assert.notEqual(mistakeIn("{ f() { "), "");
});
