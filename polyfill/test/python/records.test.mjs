// Imported functions live as long as something can call them, wherever the instance's functions have gone.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { loadEngines } from "./engine.mjs";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc");

for (const { WebAssembly, wat, link } of await loadEngines()) {
  const instantiate = (text, imports) => new WebAssembly.Instance(new WebAssembly.Module(wat(text)), imports).exports;

  async function settle() {
    for (let i = 0; i < 10; i++) {
      collect();
      await sleep(2);
    }
  }

  /** The exports of an instance that nothing else holds; `g(x)` gives x + 3 through an import that holds them. */
  function make(fields = "", imports = {}) {
    const exports = instantiate(
      `(module
      (import "m" "f" (func $f (param i32) (result i32))) ${fields}
      (table (export "table") 2 funcref) (elem (table 0) (i32.const 0) func $g $f)
      (global (export "global") (mut funcref) (ref.func $g))
      (func $g (export "g") (param i32) (result i32) (call $f (local.get 0))))`,
      { m: { f: (x) => x + Object.keys(exports).length, ...imports } },
    );
    return exports;
  }

  const TYPE = "(type $s (func (param i32) (result i32)))";

  describe(`records (${link.kind} link)`, () => {
    test("one exported object is enough", async () => {
      const { table } = make();
      const { global } = make();
      const f = make().table.get(0);
      const host = make().table.get(1);
      await settle();
      assert.deepEqual([table.get(0)(1), table.get(1)(2), global.value(3), f(4), host(5)], [4, 5, 6, 7, 8]);
    });

    test("a table of JavaScript, an import, or a global of another instance is enough", async () => {
      const table = new WebAssembly.Table({ element: "anyfunc", initial: 2 });
      table.set(0, make().g);
      const indirect = (from) =>
        instantiate(
          `(module ${TYPE} (import "m" "table" (table 2 funcref))
        (func (export "call") (result i32) (call_indirect (type $s) (i32.const 1) (i32.const 0))))`,
          { m: from },
        );
      const direct = instantiate(
        `(module (import "m" "g" (func $g (param i32) (result i32)))
        (func (export "call") (result i32) (call $g (i32.const 1))))`,
        { m: { g: make().g } },
      );
      const throughGlobal = instantiate(
        `(module ${TYPE} (import "m" "global" (global $x (mut funcref)))
        (func (export "call") (result i32) (call_ref $s (i32.const 1) (ref.cast (ref $s) (global.get $x)))))`,
        { m: { global: make().global } },
      );
      const stored = instantiate(`(module ${TYPE} (global $x (mut (ref null $s)) (ref.null $s))
        (func (export "set") (param (ref $s)) (global.set $x (local.get 0)))
        (func (export "call") (result i32) (call_ref $s (i32.const 1) (global.get $x))))`);
      stored.set(make().g);
      const callers = [indirect({ table }), indirect({ table: make().table }), direct, throughGlobal, stored];
      await settle();
      for (const { call } of callers) assert.equal(call(), 4);
      assert.equal(table.get(0)(1), 4);
    });

    test("what an instance leaves behind goes on", async () => {
      const table = new WebAssembly.Table({ element: "anyfunc", initial: 2 });
      let kept;
      make('(import "m" "other" (table $other 2 funcref)) (elem (table $other) (i32.const 1) func $f)', {
        other: table,
      });
      make(`(import "m" "keep" (func $keep (param funcref))) (start $s) (func $s (call $keep (ref.func $g)))`, {
        keep: (f) => {
          kept = f;
        },
      });
      await settle();
      assert.equal(table.get(1)(1), 4);
      assert.equal(kept(1), 4);
    });

    test("a function that is given away while it runs stays what it is", async () => {
      const table = new WebAssembly.Table({ element: "anyfunc", initial: 1 });
      const exports = instantiate(
        `(module (import "m" "f" (func $f (param i32) (result i32)))
        (func (export "g") (param i32) (result i32) (call $f (local.get 0))))`,
        {
          m: {
            f(x) {
              if (x === 0) table.set(0, exports.g);
              return x > 0 ? exports.g(x - 1) + 1 : 0;
            },
          },
        },
      );
      assert.equal(exports.g(5), 5);
      await settle();
      assert.equal(table.get(0)(3), 3);
    });
  });
}
