// References: values of JavaScript in wasm code, functions, structures and arrays in JavaScript.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { loadEngines, thrownBy } from "./engine.mjs";

const VALUES = [
  undefined,
  null,
  true,
  0,
  -0,
  1,
  -5,
  1.5,
  NaN,
  2 ** 30,
  -(2 ** 30) - 1,
  2 ** 53,
  Infinity,
  5n,
  "",
  "text",
  "\ud800",
  Symbol("s"),
  {},
  [],
  () => {},
  new Proxy({}, {}),
  globalThis,
];

for (const { WebAssembly, wat, link } of await loadEngines()) {
  const instantiate = (text, imports) => new WebAssembly.Instance(new WebAssembly.Module(wat(text)), imports).exports;

  describe(`references (${link.kind} link)`, () => {
    test("externref carries every value as it is, through calls, globals, tables and imports", () => {
      const { echo, round, table, global } = instantiate(
        `(module
        (import "m" "f" (func $f (param externref) (result externref)))
        (table (export "table") 1 externref) (global (export "global") (mut externref) (ref.null extern))
        (func (export "echo") (param externref) (result externref) (local.get 0))
        (func (export "round") (param externref) (result externref) (call $f (local.get 0))))`,
        { m: { f: (x) => x } },
      );
      for (const value of VALUES) {
        const same = (got) => assert.ok(Object.is(got, value), typeof value);
        same(echo(value));
        same(round(value));
        table.set(0, value);
        same(table.get(0));
        global.value = value;
        same(global.value);
        same(new WebAssembly.Global({ value: "externref" }, value).value);
      }
      assert.equal(echo(), undefined);
    });

    test("functions keep their identity in tables, globals and results", () => {
      const { f, self, table, get } = instantiate(`(module
        (func $f (export "f") (result i32) (i32.const 3)) (elem declare func $f)
        (table (export "table") 3 funcref) (elem (i32.const 1) $f)
        (func (export "self") (result funcref) (ref.func $f))
        (func (export "get") (param i32) (result funcref) (table.get (local.get 0))))`);
      assert.equal(self(), f);
      assert.equal(table.get(1), f);
      assert.equal(table.get(0), null);
      table.set(2, f);
      assert.equal(get(2), f);
      assert.throws(() => table.set(0, () => {}), TypeError);
      assert.throws(() => table.set(3, f), RangeError);
      assert.throws(() => table.get(3), RangeError);
      const global = new WebAssembly.Global({ value: "anyfunc", mutable: true }, f);
      assert.equal(global.value, f);
      assert.throws(() => {
        global.value = {};
      }, TypeError);
    });

    test("parameters of reference types take what is of the type", () => {
      const { func, concrete, extern, other, f } = instantiate(`(module (type $i (func (result i32)))
        (func (export "f") (type $i) (i32.const 1))
        (func (export "other"))
        (func (export "func") (param (ref func)))
        (func (export "concrete") (param (ref null $i)) (result i32) (if (result i32) (ref.is_null (local.get 0))
          (then (i32.const -1)) (else (call_ref $i (local.get 0)))))
        (func (export "extern") (param (ref extern))))`);
      func(other);
      for (const value of [null, undefined, {}, () => 1, 5]) assert.throws(() => func(value), TypeError);
      assert.equal(concrete(null), -1);
      assert.equal(concrete(f), 1);
      for (const value of [other, undefined, () => 1]) assert.throws(() => concrete(value), TypeError);
      extern(undefined);
      assert.throws(() => extern(null), TypeError);
    });

    test("structures and arrays are opaque objects with identity", () => {
      const exports = instantiate(`(module
        (type $s (struct (field (mut i32)))) (type $a (array (mut i32)))
        (func (export "struct") (result (ref $s)) (struct.new $s (i32.const 4)))
        (func (export "array") (result anyref) (array.new $a (i32.const 4) (i32.const 2)))
        (func (export "field") (param (ref null $s)) (result i32) (struct.get $s 0 (local.get 0)))
        (func (export "echo") (param anyref) (result anyref) (local.get 0))
        (func (export "eq") (param eqref eqref) (result i32) (ref.eq (local.get 0) (local.get 1)))
        (func (export "outside") (param externref) (result externref) (local.get 0))
        (func (export "in") (param externref) (result anyref) (any.convert_extern (local.get 0)))
        (func (export "out") (param anyref) (result externref) (extern.convert_any (local.get 0)))
        (func (export "isStruct") (param anyref) (result i32) (ref.test (ref $s) (local.get 0))))`);
      const struct = exports.struct();
      const array = exports.array();
      assert.notEqual(struct, exports.struct());
      for (const object of [struct, array]) {
        assert.equal(exports.echo(object), object);
        assert.equal(exports.outside(object), object);
        assert.equal(exports.in(object), object);
        assert.equal(exports.out(object), object);
        assert.equal(exports.eq(object, object), 1);
        assert.equal(Object.getPrototypeOf(object), null);
        assert.ok(Object.isFrozen(object));
        assert.deepEqual(Reflect.ownKeys(object), []);
        assert.equal(object.x, undefined);
        assert.throws(() => {
          object.x = 1;
        }, TypeError);
        assert.throws(() => Object.defineProperty(object, "x", { value: 1 }), TypeError);
      }
      assert.equal(exports.field(struct), 4);
      assert.throws(() => exports.field(null), WebAssembly.RuntimeError);
      assert.throws(() => exports.field(array), TypeError);
      assert.throws(() => exports.field({}), TypeError);
      assert.equal(exports.isStruct(struct), 1);
      assert.equal(exports.isStruct(array), 0);
      assert.equal(exports.eq(struct, array), 0);
      assert.throws(() => exports.eq(struct, {}), TypeError);
    });

    test("small integers are i31 references, other values of the host pass through any", () => {
      const { get, echo, isI31, from } = instantiate(`(module
        (func (export "get") (param i31ref) (result i32) (i31.get_s (local.get 0)))
        (func (export "echo") (param anyref) (result anyref) (local.get 0))
        (func (export "isI31") (param externref) (result i32) (ref.test (ref i31) (any.convert_extern (local.get 0))))
        (func (export "from") (param i32) (result anyref) (ref.i31 (local.get 0))))`);
      for (const value of [0, 1, -1, 2 ** 30 - 1, -(2 ** 30)]) {
        assert.equal(get(value), value);
        assert.equal(echo(value), value);
        assert.equal(isI31(value), 1);
        assert.equal(from(value), value);
      }
      for (const value of [2 ** 30, -(2 ** 30) - 1, 1.5, NaN, "1", undefined, 1n]) {
        assert.throws(() => get(value), TypeError);
        assert.equal(isI31(value), 0);
      }
      for (const value of VALUES.filter((value) => !Object.is(value, -0))) assert.ok(Object.is(echo(value), value));
      assert.throws(() => get(null), WebAssembly.RuntimeError);
    });

    test("globals and tables of other reference types convert in both directions", () => {
      const { global, table, f } = instantiate(`(module (type $i (func))
        (func $f (export "f") (type $i))
        (global (export "global") (mut (ref null $i)) (ref.null $i))
        (table (export "table") 2 (ref null $i)))`);
      global.value = f;
      assert.equal(global.value, f);
      global.value = null;
      assert.throws(() => {
        global.value = undefined;
      }, TypeError);
      table.set(0, f);
      assert.equal(table.get(0), f);
      assert.equal(table.grow(1, f), 2);
      assert.equal(table.get(2), f);
    });

    test("tables of exceptions grow, but give and take nothing", () => {
      const { table } = instantiate('(module (table (export "table") 1 3 exnref))');
      assert.equal(table.grow(1), 1);
      assert.equal(table.length, 2);
      assert.throws(() => table.grow(1, null), TypeError);
      assert.throws(() => table.get(0), TypeError);
      assert.throws(() => table.set(0, null), TypeError);
      assert.throws(() => table.grow(2), RangeError);
    });

    test("JavaScript strings have builtins", () => {
      const options = { builtins: ["js-string"], importedStringConstants: "texts" };
      const module = new WebAssembly.Module(
        wat(`(module
        (import "wasm:js-string" "concat" (func $concat (param externref externref) (result (ref extern))))
        (import "wasm:js-string" "length" (func $length (param externref) (result i32)))
        (import "wasm:js-string" "charCodeAt" (func $at (param externref i32) (result i32)))
        (export "charCodeAt" (func $at))
        (import "texts" "hello \\f0\\9f\\98\\80" (global $hello (ref extern)))
        (func (export "greet") (param externref) (result externref) (call $concat (global.get $hello) (local.get 0)))
        (func (export "length") (param externref) (result i32) (call $length (local.get 0))))`),
        options,
      );
      assert.deepEqual(WebAssembly.Module.imports(module), []);
      const { greet, length, charCodeAt } = new WebAssembly.Instance(module).exports;
      assert.equal(greet(" you"), "hello \u{1f600} you");
      assert.equal(length("\u{1f600}"), 2);
      assert.equal(charCodeAt("\ud83d", 0), 0xd83d);
      for (const f of [() => greet(1), () => length(null), () => charCodeAt("a", 1)]) {
        assert.ok(thrownBy(f) instanceof WebAssembly.RuntimeError);
      }
      const wrong = wat('(module (import "wasm:js-string" "length" (func (param i32) (result i32))))');
      assert.throws(() => new WebAssembly.Module(wrong, options), WebAssembly.CompileError);
      assert.equal(WebAssembly.validate(wrong), true);
      assert.equal(WebAssembly.validate(wrong, options), false);
    });

    test("-0 is itself as any reference, and no i31 reference", () => {
      const { any, i31, eq } = new WebAssembly.Instance(
        new WebAssembly.Module(
          wat(`(module
        (func (export "any") (param anyref) (result anyref) (local.get 0))
        (func (export "i31") (param i31ref) (result i31ref) (local.get 0))
        (func (export "eq") (param eqref) (result eqref) (local.get 0)))`),
        ),
      ).exports;
      assert.equal(any(-0), -0);
      for (const f of [i31, eq]) {
        assert.equal(f(0), 0);
        assert.ok(thrownBy(() => f(-0)) instanceof TypeError);
      }
    });
  });
}
