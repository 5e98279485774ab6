// Stacks of errors tell the WebAssembly calls that they passed, as Node's own engine tells them.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { loadEngines, thrownBy } from "./engine.mjs";

const TEXT = `(module $demo
  (import "m" "f" (func $f (param i32)))
  (func $leaf (param i32) (result i32) (i32.add (i32.const 1) (i32.div_s (i32.const 7) (local.get 0))))
  (func (export "top") (param i32) (result i32) (i32.add (call $leaf (i32.const 1)) (call $leaf (local.get 0))))
  (func $rec (export "rec") (param i32) (call $rec (local.get 0)))
  (func (export "host") (param i32) (call $f (local.get 0)))
  (func (param i32) (call $f (local.get 0)))
  (func (export "hidden") (param i32) (call 5 (local.get 0))))`;

/** The frames of a stack as far as the calls of this file: WebAssembly's by index and offset, others by name. */
function frames(error) {
  const found = [];
  for (const line of error.stack.split("\n").filter((line) => /^\s+at /.test(line))) {
    const wasm = /wasm-function\[\d+\]:0x[0-9a-f]+/.exec(line)?.[0];
    found.push(wasm ?? /^\s+at (?:new )?([\w.]+)/.exec(line)?.[1]);
    if (found.at(-1) === "thrownBy") break;
  }
  return found;
}

/** What the calls throw, on an engine. */
function thrown({ Module, Instance }, bytes) {
  let exports;
  let value;
  function imported(what) {
    if (what === 2) exports.top(0);
    if (what === 3) throw new Error("first\nsecond");
    throw value;
  }
  ({ exports } = new Instance(new Module(bytes), { m: { f: imported } }));
  return (name, argument, given) => {
    value = given;
    return thrownBy(() => exports[name](argument));
  };
}

for (const { WebAssembly, wat, link } of await loadEngines()) {
  describe(`stacks (${link.kind} link)`, () => {
    const bytes = wat(TEXT);
    const here = thrown(WebAssembly, bytes);
    const there = thrown(globalThis.WebAssembly, bytes);

    test("a trap: functions, byte offsets, then who called", () => {
      const first =
        /^RuntimeError: integer divide by zero\n {4}at leaf \(wasm:\/\/wasm\/demo-[0-9a-f]{8}:wasm-function\[1\]:0x50\)\n/;
      assert.match(here("top", 0).stack, first);
      assert.equal(frames(here("top", 0)).length, 4);
      assert.deepEqual(frames(here("top", 0)), frames(there("top", 0)));
    });

    test("it is a property like the engine's own: to be set, not listed", () => {
      const trap = here("top", 0);
      assert.deepEqual(Object.keys(trap), []);
      trap.stack = "mine";
      assert.equal(trap.stack, "mine");
      assert.deepEqual(Object.keys(trap), []);
    });

    test("what an import throws: its own frames, the WebAssembly calls, then who called", () => {
      for (const name of ["host", "hidden"]) {
        const made = here(name, 3);
        // The engine's own frames have taken the room of the callers': there it was made, and not here.
        const all = frames(there(name, 3));
        assert.deepEqual(frames(made), all.slice(0, frames(made).length));
        assert.equal(frames(made).length, name === "host" ? 2 : 3);
        assert.ok(made.stack.startsWith("Error: first\nsecond\n"), made.stack);
      }
    });

    test("the stack of an error that was made before the call stays as it was", () => {
      const before = new Error("before");
      const own = Object.getOwnPropertyDescriptor(before, "stack");
      assert.equal(here("hidden", 1, before), before);
      assert.deepEqual(Object.getOwnPropertyDescriptor(before, "stack"), own);
    });

    test("other values are thrown as they are", () => {
      for (const value of [undefined, 5, "text", Object.freeze(new Error("frozen"))]) {
        assert.equal(here("hidden", 1, value), value);
      }
    });

    test("a trap in a call inside of a call: each where it was", () => {
      assert.deepEqual(frames(here("host", 2)), frames(there("host", 2)));
      assert.ok(frames(here("host", 2)).includes("imported"));
    });

    test("an exhausted stack: as many frames as the engine gives", () => {
      const exhausted = here("rec", 0);
      assert.ok(exhausted instanceof RangeError);
      // The last of them ends in V8 where the function begins, here where it is called.
      assert.deepEqual(frames(exhausted).slice(1), frames(there("rec", 0)).slice(1));
      assert.equal(frames(exhausted).length, Error.stackTraceLimit);
    });
  });
}
