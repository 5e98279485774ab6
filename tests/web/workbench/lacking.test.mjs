// What an engine lacks is told apart from what the module does.

import assert from "node:assert/strict";
import test from "node:test";

const { lackOf } = await import(`${process.env.STATIC}/workbench/lacking.mjs`);

const failed = (name, message) => ({ error: { name, message }, log: [], logged: 0, ms: 1 });

test("memory that cannot be had is the engine's", () => {
  for (const message of [
    "WebAssembly.Instance(): Out of memory: Cannot allocate Wasm memory for new instance",
    "WebAssembly.Instance(): cannot allocate 4294967296 bytes",
    "could not allocate memory",
  ]) {
    assert.match(lackOf(failed("RangeError", message), []), /cannot allocate/);
  }
});

test("what the module or its start function does is not", () => {
  assert.equal(lackOf({ values: [], log: [], logged: 0, ms: 1 }, ["Tail calls"]), "");
  assert.equal(lackOf(undefined, []), "");
  assert.equal(lackOf(failed("RangeError", "Maximum call stack size exceeded"), []), "");
  assert.equal(lackOf(failed("RuntimeError", "out of bounds memory access"), ["Tail calls"]), "");
  assert.equal(lackOf(failed("CompileError", "cannot allocate"), []), "");
});

test("a feature that the browser lacks is named", () => {
  assert.equal(
    lackOf(failed("CompileError", "invalid"), ["Tail calls", "Threads"]),
    "it does not have: Tail calls, Threads",
  );
});
