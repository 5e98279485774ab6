// Calls in both directions: numbers, function identity, several results, the imports object.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { loadEngines, thrownBy } from "./engine.mjs";

for (const { WebAssembly, wat, link } of await loadEngines()) {
  const instantiate = (text, imports) => new WebAssembly.Instance(new WebAssembly.Module(wat(text)), imports).exports;

  describe(`calls (${link.kind} link)`, () => {
    const identity = instantiate(`(module
      (func (export "i32") (param i32) (result i32) (local.get 0))
      (func (export "i64") (param i64) (result i64) (local.get 0))
      (func (export "f32") (param f32) (result f32) (local.get 0))
      (func (export "f64") (param f64) (result f64) (local.get 0))
      (func (export "four") (param i32 i64 f32 f64) (result f64 f32 i64 i32)
        (local.get 3) (local.get 2) (local.get 1) (local.get 0))
      (func (export "none")))`);

    test("numbers are converted as the types say", () => {
      for (const value of [0, -1, 2 ** 31 - 1, -(2 ** 31)]) assert.equal(identity.i32(value), value);
      assert.equal(identity.i32(2 ** 32 + 5), 5);
      assert.equal(identity.i32(-0), 0);
      assert.equal(identity.i32("12"), 12);
      assert.equal(identity.i32(), 0);
      for (const value of [0n, -1n, 2n ** 63n - 1n, -(2n ** 63n)]) assert.equal(identity.i64(value), value);
      assert.equal(identity.i64(2n ** 64n + 5n), 5n);
      assert.equal(identity.f32(0.1), Math.fround(0.1));
      for (const value of [-0, 0, NaN, Infinity, -Infinity, 0.1, Number.MAX_VALUE]) {
        assert.ok(Object.is(identity.f64(value), value), `${value}`);
      }
      assert.equal(identity.none(1, 2), undefined);
    });

    test("values that do not convert are refused", () => {
      assert.throws(() => identity.i64(1), TypeError);
      assert.throws(() => identity.i64(), TypeError);
      assert.throws(() => identity.i32(1n), TypeError);
      assert.throws(() => identity.f64(Symbol("s")), TypeError);
    });

    test("arguments are converted in order, and what that throws comes out", () => {
      const order = [];
      const log = (name, value) => ({ valueOf: () => order.push(name) && value });
      assert.deepEqual(identity.four(log("a", 1), log("b", 2n), log("c", 3.5), log("d", 4.5)), [4.5, 3.5, 2n, 1]);
      assert.deepEqual(order, ["a", "b", "c", "d"]);
      const error = new Error("mine");
      const failing = {
        valueOf() {
          throw error;
        },
      };
      assert.equal(
        thrownBy(() => identity.four(log("e", 1), failing, log("f", 1), 1)),
        error,
      );
      assert.deepEqual(order.slice(4), ["e"]);
    });

    test("exported functions are built-in functions of their own kind", () => {
      const { four } = identity;
      assert.equal(four.name, "4");
      assert.equal(four.length, 4);
      assert.equal(Object.hasOwn(four, "prototype"), false);
      assert.throws(() => new four(1, 2n, 3, 4), TypeError);
      assert.deepEqual(Object.getOwnPropertyDescriptor(four, "name"), {
        value: "4",
        writable: false,
        enumerable: false,
        configurable: true,
      });
    });

    test("host functions get converted arguments and no receiver", () => {
      const seen = [];
      const { run } = instantiate(
        `(module
        (import "m" "f" (func $f (param i32 i64 f32 f64) (result i64 i32)))
        (func (export "run") (result i64 i32)
          (call $f (i32.const -1) (i64.const -2) (f32.const 1.5) (f64.const -0))))`,
        {
          m: {
            f: function f(...values) {
              seen.push(this, ...values);
              return new Set([7n, 8]);
            },
          },
        },
      );
      assert.deepEqual(run(), [7n, 8]);
      assert.equal(seen[0], undefined);
      assert.deepEqual(seen.slice(1, 4), [-1, -2n, 1.5]);
      assert.ok(Object.is(seen[4], -0));
    });

    test("several results come from an iterable of as many", () => {
      let result;
      const { run } = instantiate(
        `(module (import "m" "f" (func $f (result i32 i32))) (func (export "run") (result i32 i32) (call $f)))`,
        { m: { f: () => result } },
      );
      for (result of [undefined, null, 1, {}, [1], [1, 2, 3], [1, 2n]]) assert.throws(run, TypeError);
      result = [1, 2];
      assert.deepEqual(run(), [1, 2]);
    });

    test("an exported function that another module imports stays the same, and is called directly", () => {
      const first = instantiate(`(module
        (func (export "f") (param i32) (result i32) (i32.mul (local.get 0) (i32.const 3))))`);
      const second = instantiate(
        `(module
        (import "m" "f" (func $f (param i32) (result i32))) (export "g" (func $f))
        (func (export "h") (result i32) (call $f (i32.const 5))))`,
        { m: first },
      );
      assert.equal(second.g, first.f);
      assert.equal(second.h(), 15);
    });

    test("a host function that is exported again is a new function, named by its index", () => {
      const f = (x) => x + 1;
      const { g, h } = instantiate(
        `(module
        (import "m" "f" (func $e)) (import "m" "f" (func $f (param i32) (result i32)))
        (export "g" (func $f)) (export "h" (func $f)))`,
        { m: { f } },
      );
      assert.notEqual(g, f);
      assert.equal(g, h);
      assert.equal(g.name, "1");
      assert.equal(g(4), 5);
    });

    test("functions with types that JavaScript cannot have refuse every call", () => {
      let called = 0;
      const { f, g, h } = instantiate(
        `(module
        (import "m" "f" (func $f (param v128)))
        (func (export "f") (param i32) (result v128) (v128.const i64x2 0 0))
        (func (export "g") (param exnref))
        (func (export "h") (call $f (v128.const i64x2 0 0))))`,
        {
          m: {
            f: () => {
              called += 1;
            },
          },
        },
      );
      const probe = {
        valueOf() {
          called += 1;
          return 0;
        },
      };
      assert.throws(() => f(probe), TypeError);
      assert.throws(() => g(null), TypeError);
      assert.throws(h, TypeError);
      assert.equal(called, 0);
    });

    test("errors of linking name the import", () => {
      const module = new WebAssembly.Module(
        wat(`(module
        (import "m" "f" (func)) (import "m" "g" (global i32)) (import "n" "mem" (memory 2 3)))`),
      );
      const memory = new WebAssembly.Memory({ initial: 1, maximum: 3 });
      const message = (imports) => {
        const error = thrownBy(() => new WebAssembly.Instance(module, imports));
        return `${error.name} ${error.message}`;
      };
      const f = () => {};
      assert.match(message(), /^TypeError WebAssembly.Instance\(\): Imports argument must be present/);
      assert.match(message({}), /^TypeError .*Import #0 "m": module is not an object/);
      assert.match(message({ m: { f: 1 } }), /^LinkError .*Import #0 "m" "f": function import requires a callable/);
      assert.match(message({ m: { f, g: 1n } }), /^LinkError .*Import #1 "m" "g": global import must be a number/);
      assert.match(message({ m: { f, g: 1 }, n: { mem: {} } }), /^LinkError .*Import #2 "n" "mem": memory import must/);
      const small = { m: { f, g: 1 }, n: { mem: memory } };
      assert.match(message(small), /^LinkError .*Import #2 "n" "mem": .*expected type/);
    });

    test("a missing import and one of another kind read alike, and all that is missing is listed", () => {
      const module = new WebAssembly.Module(
        wat(`(module (import "m" "f" (func (param i32))) (import "m" "g" (global (mut i64)))
        (import "n" "mem" (memory 2 3)) (import "m" "t" (table 1 funcref)) (import "m" "toString" (func)))`),
      );
      const message = (imports) => thrownBy(() => new WebAssembly.Instance(module, imports)).message;
      const start = "WebAssembly.Instance(): Import #";
      const function0 = `${start}0 "m" "f": function import requires a callable: func ([i32] -> []) is needed, `;
      const rest = '\n  Import #2 "n" "mem": (memory 2 3)\n  Import #3 "m" "t": (table 1 funcref)';
      const all = `; missing too:\n  Import #1 "m" "g": (global (mut i64))${rest}`;
      assert.equal(message({ m: {} }), `${function0}nothing was given${all}`);
      assert.equal(message({ m: { f: 3 } }), `${function0}3 was given`);
      const inherited = '\n  Import #4 "m" "toString": func ([] -> [])';
      assert.equal(message({}), `${start}0 "m": module is not an object or function${all}${inherited}`);
      const getters = {
        get g() {
          return assert.fail("it was read");
        },
        get t() {
          return assert.fail("it was read");
        },
      };
      assert.equal(
        message({ m: getters }),
        `${function0}nothing was given; missing too:\n  Import #2 "n" "mem": (memory 2 3)`,
      );
      const f = () => {};
      const global1 = `${start}1 "m" "g": imported mutable global must be a WebAssembly.Global object: `;
      assert.equal(message({ m: { f, g: 1n } }), `${global1}(global (mut i64)) is needed, a BigInt was given`);
      assert.equal(
        message({ m: { f } }),
        `${global1}(global (mut i64)) is needed, nothing was given; missing too:${rest}`,
      );
    });

    test("bytes of another kind are told from modules", () => {
      const message = (bytes) => thrownBy(() => new WebAssembly.Module(Uint8Array.from(bytes))).message;
      assert.match(message([]), /; the bytes are empty$/);
      assert.match(message([0, 97, 115, 109, 13, 0, 1, 0]), /; this is a component, not a module: `jco transpile` /);
    });

    test("a long list of what is missing is cut", () => {
      const imports = Array.from({ length: 60 }, (_, index) => `(import "e" "f${index}" (func))`);
      const module = new WebAssembly.Module(wat(`(module ${imports.join(" ")})`));
      const { message } = thrownBy(() => new WebAssembly.Instance(module, { e: {} }));
      assert.ok(message.endsWith('"f50": func ([] -> [])\n  and 9 more'), message);
    });

    test("exported functions show no source, and are no constructors", () => {
      const module = new WebAssembly.Module(wat('(module (func (export "f") (param i64 i32)))'));
      const { f } = new WebAssembly.Instance(module).exports;
      assert.match(Function.prototype.toString.call(f), /\[native code\]/);
      assert.deepEqual([f.name, f.length, Object.getOwnPropertyNames(f)], ["0", 2, ["length", "name"]]);
      assert.throws(() => new f(), TypeError);
    });

    test("a mutable global is wanted as such, whatever was given", () => {
      for (const type of ["i32", "i64", "externref"]) {
        const module = new WebAssembly.Module(wat(`(module (import "m" "g" (global (mut ${type}))))`));
        for (const g of [undefined, 7, 7n]) {
          const { message } = thrownBy(() => new WebAssembly.Instance(module, { m: { g } }));
          assert.match(message, /Import #0 "m" "g": imported mutable global must be a WebAssembly.Global object: /);
        }
      }
      const module = new WebAssembly.Module(wat('(module (import "m" "g" (global i64)))'));
      const { message } = thrownBy(() => new WebAssembly.Instance(module, { m: { g: 7 } }));
      assert.match(message, /Import #0 "m" "g": global import must be a BigInt or a WebAssembly.Global object: /);
    });

    test("what an instance did before it failed stays done", () => {
      const table = new WebAssembly.Table({ element: "anyfunc", initial: 2 });
      const module = new WebAssembly.Module(
        wat(`(module
        (import "m" "t" (table 2 funcref))
        (func $f (export "f") (result i32) (i32.const 9))
        (elem (i32.const 0) $f) (elem (i32.const 2) $f))`),
      );
      assert.throws(() => new WebAssembly.Instance(module, { m: { t: table } }), WebAssembly.RuntimeError);
      assert.equal(table.get(0)(), 9);
      assert.equal(table.get(1), null);
    });

    test("the exports object is frozen, without a prototype, in order", () => {
      const exports = instantiate(`(module
        (func (export "b")) (memory (export "a") 1) (global (export "") i32 (i32.const 1)))`);
      assert.deepEqual(Object.keys(exports), ["b", "a", ""]);
      assert.ok(Object.isFrozen(exports));
      assert.equal(Object.getPrototypeOf(exports), null);
    });

    test("instantiate() copies the bytes when it is called, and rejects instead of throwing", async () => {
      const bytes = wat('(module (func (export "f") (result i32) (i32.const 6)))');
      const promise = WebAssembly.instantiate(bytes);
      bytes.fill(0);
      const { module, instance } = await promise;
      assert.equal(instance.exports.f(), 6);
      assert.ok(module instanceof WebAssembly.Module);
      await assert.rejects(WebAssembly.instantiate(bytes), WebAssembly.CompileError);
      await assert.rejects(WebAssembly.instantiate(), TypeError);
      await assert.rejects(WebAssembly.compile(new Uint8Array(3)), WebAssembly.CompileError);
      assert.equal(WebAssembly.validate(bytes), false);
    });

    test("the streaming functions take successful responses of the right type", async () => {
      const bytes = wat('(module (func (export "f") (result i32) (i32.const 8)))');
      const response = (init = {}, type = "application/wasm") =>
        new Response(bytes, { ...init, headers: type === null ? {} : { "Content-Type": type } });
      const { instance } = await WebAssembly.instantiateStreaming(Promise.resolve(response()));
      assert.equal(instance.exports.f(), 8);
      assert.ok((await WebAssembly.compileStreaming(response({}, "Application/WASM"))) instanceof WebAssembly.Module);
      const otherType = response({}, "application/wasm;x=y");
      for (const source of [{}, bytes, null, response({}, null), otherType, response({ status: 404 })]) {
        await assert.rejects(WebAssembly.compileStreaming(source), TypeError);
      }
      const used = response();
      await used.text();
      await assert.rejects(WebAssembly.instantiateStreaming(used), TypeError);
      const failure = new Error("mine");
      await assert.rejects(WebAssembly.compileStreaming(Promise.reject(failure)), failure);
    });
  });
}
