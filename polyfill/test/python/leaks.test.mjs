// What is dropped is freed, on both sides.

import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { loadEngines } from "./engine.mjs";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc");

const ROUNDS = 10;

/** 10,000 of everything; fewer where each takes long. */
const EACH = { native: 1000, proxy: 100 };

for (const { WebAssembly, wat, link, pyodide } of await loadEngines()) {
  const objects = pyodide.runPython("import gc; lambda: gc.collect() and 0 or len(gc.get_objects())");

  /** How much there is on both sides, when everything that can go has gone. */
  async function level() {
    let found = { objects: objects(), ...link.live };
    for (let unchanged = 0; unchanged < 8; unchanged++) {
      collect();
      await sleep(2);
      const next = { objects: objects(), ...link.live };
      if (!isDeepStrictEqual(next, found)) unchanged = 0;
      found = next;
    }
    return found;
  }

  async function check(make) {
    for (let i = 0; i < 100; i++) make(i);
    const before = await level();
    for (let round = 0; round < ROUNDS; round++) {
      for (let i = 0; i < EACH[link.kind]; i++) make(i);
      collect();
      await sleep(0); // Finalizers run between tasks.
    }
    const after = await level();
    assert.ok(after.objects <= before.objects + 20, `${before.objects} objects of Python became ${after.objects}`);
    assert.deepEqual({ ...after, objects: 0 }, { ...before, objects: 0 });
  }

  const module = new WebAssembly.Module(
    wat(`(module
    (import "m" "f" (func $f (param externref) (result externref)))
    (type $s (struct (field externref)))
    (global (export "global") (mut externref) (ref.null extern))
    (table (export "table") 2 funcref) (elem (i32.const 0) $f)
    (memory (export "memory") 1) (tag $tag (export "tag") (param externref))
    (func (export "f") (param externref) (result externref) (call $f (local.get 0)))
    (func (export "make") (param externref) (result anyref) (struct.new $s (local.get 0)))
    (func (export "throw") (param externref) (throw $tag (local.get 0))))`),
  );
  const { f, make, throw: throws, tag } = new WebAssembly.Instance(module, { m: { f: (x) => x } }).exports;

  test(`instances and all that they export (${link.kind} link)`, () =>
    check((i) => {
      const { exports } = new WebAssembly.Instance(module, { m: { f: (x) => x } });
      exports.f({ i });
      exports.global.value = { i };
      exports.table.get(0)({ i });
      if (i % 100 === 0) exports.memory.buffer;
    }));

  const circle = new WebAssembly.Module(
    wat(`(module
    (import "m" "f" (func $f (param i32) (result i32)))
    (memory (export "memory") 1) (table (export "table") 1 funcref) (elem (i32.const 0) $g)
    (func $g (export "g") (param i32) (result i32) (call $f (local.get 0))))`),
  );

  test(`instances whose imports hold their exports (${link.kind} link)`, () =>
    check(() => {
      const instance = new WebAssembly.Instance(circle, { m: { f: (x) => x + Object.keys(instance.exports).length } });
      assert.equal(instance.exports.g(1), 4);
      assert.equal(instance.exports.table.get(0), instance.exports.g);
    }));

  test(`references, structures and exceptions (${link.kind} link)`, () =>
    check((i) => {
      f({ i });
      make(Symbol("s"));
      try {
        throws({ i });
      } catch (exception) {
        exception.getArg(tag, 0);
      }
      try {
        f.call(undefined, { i });
        make({ i }).x = 1;
      } catch {
        // A structure is opaque.
      }
    }));

  test(`globals, tables, tags and modules that JavaScript makes (${link.kind} link)`, () =>
    check((i) => {
      new WebAssembly.Global({ value: "externref", mutable: true }, { i }).value = i + 0.5;
      new WebAssembly.Table({ element: "externref", initial: 3 }, { i }).set(0, i);
      const own = new WebAssembly.Tag({ parameters: ["externref"] });
      new WebAssembly.Exception(own, [{ i }]);
      if (i % 20 === 0) new WebAssembly.Module(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]));
    }));
}
