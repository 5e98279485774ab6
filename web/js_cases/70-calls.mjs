// Values through calls: arguments, results, imports, references, re-entrance, stacks.

import { func, throws, throwsValue } from "../static/patterns.mjs";

export const group = "JavaScript: calls and values";

export const modules = {
  id: `(module
    (func (export "i32") (param i32) (result i32) (local.get 0)) (func (export "i64") (param i64) (result i64)
    (local.get 0))
    (func (export "f32") (param f32) (result f32) (local.get 0)) (func (export "f64") (param f64) (result f64)
    (local.get 0))
    (func (export "any") (param externref) (result externref) (local.get 0)) (func (export "func") (param funcref)
    (result funcref) (local.get 0))
    (func (export "none")) (func (export "five") (param i32 i64 f32 f64 externref) (result i32) (local.get 0))
    (func (export "vector") (param v128)) (func (export "vectorOut") (result v128) (v128.const i32x4 0 0 0 0)))`,
  multi: `(module
    (func (export "two") (result i32 i64) (i32.const 1) (i64.const 2))
    (func (export "five") (result i32 i64 f32 f64 externref) (i32.const -1) (i64.const -1) (f32.const 0.1)
    (f64.const -0) (ref.null extern)))`,
  host: `(module (import "m" "f" (func $f (param i32 i64 f32 f64 externref) (result f64)))
    (func (export "call") (param externref) (result f64)
      (call $f (i32.const -1) (i64.const -9223372036854775808) (f32.const 0.1) (f64.const -0) (local.get 0))))`,
  results: `(module (import "m" "i" (func $i (result i32))) (import "m" "l" (func $l (result i64)))
    (import "m" "s" (func $s (result f32)))
    (import "m" "d" (func $d (result f64))) (import "m" "v" (func $v)) (import "m" "r" (func $r (result funcref)))
    (func (export "i") (result i32) (call $i)) (func (export "l") (result i64) (call $l)) (func (export "s")
    (result f32) (call $s))
    (func (export "d") (result f64) (call $d)) (func (export "v") (call $v)) (func (export "r") (result funcref)
    (call $r)))`,
  pair: `(module (import "m" "f" (func $f (result i32 i64))) (func (export "run") (result i32 i64) (call $f)))`,
  bits: `(module (memory (export "memory") 1)
    (func (export "putf32") (param f32) (f32.store (i32.const 0) (local.get 0))) (func (export "putf64") (param f64)
    (f64.store (i32.const 8) (local.get 0)))
    (func (export "getf32") (result f32) (f32.load (i32.const 0))) (func (export "getf64") (result f64)
    (f64.load (i32.const 8)))
    (func (export "move32") (f32.store (i32.const 16) (f32.load (i32.const 0)))) (func (export "move64")
    (f64.store (i32.const 24) (f64.load (i32.const 8))))
    (func (export "reinterpret") (param f64) (result i64) (i64.reinterpret_f64 (local.get 0))))`,
  recurse: `(module (import "m" "f" (func $f)) (func $r (export "endless") (call $r)) (func (export "through")
    (call $f))
    (func $d (export "depth") (param i32) (result i32) (if (result i32) (local.get 0)
      (then (i32.add (i32.const 1) (call $d (i32.sub (local.get 0) (i32.const 1))))) (else (i32.const 0)))))`,
  traps: `(module (table 2 funcref) (memory 1) (type $v (func))
    (func (export "unreachable") unreachable) (func (export "divide") (param i32 i32) (result i32)
    (i32.div_s (local.get 0) (local.get 1)))
    (func (export "convert") (param f64) (result i32) (i32.trunc_f64_s (local.get 0))) (func (export "load")
    (param i32) (result i32) (i32.load (local.get 0)))
    (func (export "indirect") (param i32) (call_indirect (type $v) (local.get 0))))`,
};

export const imports = (f) => ({ m: { f } });

export const cases = [
  {
    id: "js-call-i32",
    title: "i32 arguments are converted with ToInt32 and come back signed",
    covers: ["JS API: ToWebAssemblyValue", "JS API: ToJSValue"],
    expect: {
      values: [0, -1, -2147483648, 2147483647, -2147483648, 1, -1, 0, 0, 0, 12, 1],
      undefined: 0,
      bigint: throws("TypeError"),
      symbol: throws("TypeError"),
    },
    run: (_WebAssembly, tools) => {
      const { i32 } = tools.exports("id");
      return {
        values: [-0, 2 ** 32 - 1, 2 ** 31, 2 ** 31 - 1, -(2 ** 31), 1.9, -1.9, NaN, Infinity, "x", "0xc", true].map(
          (value) => i32(value),
        ),
        undefined: i32(),
        bigint: tools.attempt(() => i32(1n)),
        symbol: tools.attempt(() => i32(Symbol("s"))),
      };
    },
  },
  {
    id: "js-call-i64",
    title: "i64 arguments are BigInts modulo 2^64 and come back signed",
    covers: ["JS API: ToWebAssemblyValue", "JS API: ToJSValue"],
    expect: {
      values: [0n, -1n, -9223372036854775808n, 9223372036854775807n, 1n, 5n, 1n, 0n],
      number: throws("TypeError"),
      missing: throws("TypeError"),
      null: throws("TypeError"),
      text: throws("SyntaxError"),
      symbol: throws("TypeError"),
    },
    run: (_WebAssembly, tools) => {
      const { i64 } = tools.exports("id");
      return {
        values: [0n, 2n ** 64n - 1n, 2n ** 63n, 2n ** 63n - 1n, 2n ** 64n + 1n, "5", true, ""].map((value) =>
          i64(value),
        ),
        number: tools.attempt(() => i64(1)),
        missing: tools.attempt(() => i64()),
        null: tools.attempt(() => i64(null)),
        text: tools.attempt(() => i64("1.5")),
        symbol: tools.attempt(() => i64(Symbol("s"))),
      };
    },
  },
  {
    id: "js-call-floats",
    title: "f32 arguments are rounded, f64 ones are not; -0, infinities and NaN survive",
    covers: ["JS API: ToWebAssemblyValue", "JS API: ToJSValue"],
    expect: {
      f32: [0.10000000149011612, -0, Infinity, NaN, NaN, 0, 3.5, 1.401298464324817e-45, -0, 16777216],
      f64: [0.1, -0, -Infinity, NaN, NaN, 0, 3.5, 5e-324, -0, 9007199254740992],
      bigint: throws("TypeError"),
      symbol: throws("TypeError"),
    },
    run: (_WebAssembly, tools) => {
      const { f32, f64 } = tools.exports("id");
      return {
        f32: [0.1, -0, Infinity, NaN, undefined, null, "3.5", 1e-45, -1e-46, 2 ** 24 + 1].map((value) => f32(value)),
        f64: [0.1, -0, -Infinity, NaN, undefined, null, "3.5", 5e-324, "-0", 2 ** 53 + 1].map((value) => f64(value)),
        bigint: tools.attempt(() => f64(1n)),
        symbol: tools.attempt(() => f32(Symbol("s"))),
      };
    },
  },
  {
    id: "js-call-externref",
    title: "externref passes every value unchanged; a missing argument is undefined",
    covers: ["JS API: ToWebAssemblyValue", "JS API: ToJSValue"],
    expect: {
      kept: true,
      missing: undefined,
      numbers: [-0, 0, 1, -1, 1073741823, 1073741824, -1073741824, -1073741825, 4294967295, 0.5, NaN, Infinity],
    },
    run: (WebAssembly, tools) => {
      const { any, i32 } = tools.exports("id");
      const values = [
        undefined,
        null,
        true,
        false,
        "",
        "text",
        "\ud800",
        Symbol("s"),
        Symbol.for("s"),
        Symbol.iterator,
        0n,
        -(2n ** 90n),
        {},
        [],
        Object.create(null),
        () => 0,
        class {},
        new Proxy({}, {}),
        globalThis,
        WebAssembly,
        i32,
        new WebAssembly.Memory({ initial: 0 }),
        Promise.resolve(5),
        new Map(),
        new Error("e"),
      ];
      return {
        kept: values.every((value) => Object.is(any(value), value)),
        missing: any(),
        numbers: [-0, 0, 1, -1, 2 ** 30 - 1, 2 ** 30, -(2 ** 30), -(2 ** 30) - 1, 2 ** 32 - 1, 0.5, NaN, Infinity].map(
          (value) => any(value),
        ),
      };
    },
  },
  {
    id: "js-call-funcref",
    title: "funcref takes exported functions and null, and keeps their identity",
    covers: ["JS API: ToWebAssemblyValue"],
    expect: {
      same: true,
      other: true,
      null: null,
      missing: throws("TypeError"),
      host: throws("TypeError"),
      object: throws("TypeError"),
      bound: throws("TypeError"),
    },
    run: (_WebAssembly, tools) => {
      const { func: pass, i32 } = tools.exports("id");
      const { two } = tools.exports("multi");
      return {
        same: pass(i32) === i32,
        other: pass(two) === two,
        null: pass(null),
        missing: tools.attempt(() => pass()),
        host: tools.attempt(() => pass(() => 0)),
        object: tools.attempt(() => pass({})),
        bound: tools.attempt(() => pass(i32.bind(null))),
      };
    },
  },
  {
    id: "js-call-argument-order",
    title: "Arguments are converted from left to right, once each; surplus ones are not looked at",
    covers: ["JS API: call an Exported Function"],
    expect: {
      result: 1,
      log: ["a to number", "b to number", "c to number", "d to number"],
      stopped: throwsValue("mine"),
      after: ["a to number", "b to number", "c to number", "d to number", "a to number", "x to number"],
    },
    run: (_WebAssembly, tools) => {
      const { five } = tools.exports("id");
      const value = (name, v) => tools.primitive(name, v);
      const result = five(value("a", 1), value("b", 2n), value("c", 3), value("d", 4), value("e", 5), value("f", 6));
      const log = [...tools.log];
      const throwing = {
        [Symbol.toPrimitive]: (hint) => {
          tools.log.push(`x to ${hint}`);
          throw "mine";
        },
      };
      return {
        result,
        log,
        stopped: tools.attempt(() => five(value("a", 1), throwing, value("c", 3))),
        after: tools.log,
      };
    },
  },
  {
    id: "js-call-results",
    title: "No result is undefined; several are a new array",
    covers: ["JS API: call an Exported Function"],
    expect: {
      none: undefined,
      two: [1, 2n],
      five: [-1, -1n, 0.10000000149011612, -0, null],
      fresh: false,
      isArray: true,
      lengths: [0, 0, 5],
    },
    run: (_WebAssembly, tools) => {
      const { none, five: identity } = tools.exports("id");
      const { two, five } = tools.exports("multi");
      return {
        none: none(1, 2, 3),
        two: two(),
        five: five(),
        fresh: two() === two(),
        isArray: Array.isArray(two()) && Object.getPrototypeOf(two()) === Array.prototype,
        lengths: [none.length, two.length, identity.length],
      };
    },
  },
  {
    id: "js-call-v128",
    title:
      "A function with v128 in its type can be exported, but every call is a TypeError before arguments are converted",
    covers: ["JS API: call an Exported Function"],
    expect: { in: throws("TypeError"), out: throws("TypeError"), log: [], function: func("8", 1) },
    run: (_WebAssembly, tools) => {
      const { vector, vectorOut } = tools.exports("id");
      return {
        in: tools.attempt(() => vector(tools.primitive("v", 1))),
        out: tools.attempt(() => vectorOut()),
        log: tools.log,
        function: vector,
      };
    },
  },
  {
    id: "js-host-arguments",
    title: "An import gets converted values, undefined as this, and exactly its parameters",
    covers: ["JS API: run a host function"],
    expect: {
      result: 2.5,
      count: 5,
      values: [-1, -9223372036854775808n, 0.10000000149011612, -0],
      same: true,
      self: undefined,
      target: undefined,
    },
    run: (_WebAssembly, tools) => {
      const mine = {};
      let seen;
      function host(...args) {
        seen = { args, self: this, target: new.target };
        return "2.5";
      }
      const result = tools.exports("host", imports(host)).call(mine);
      return {
        result,
        count: seen.args.length,
        values: seen.args.slice(0, 4),
        same: seen.args[4] === mine,
        self: seen.self,
        target: seen.target,
      };
    },
  },
  {
    id: "js-host-results",
    title: "The result of an import is converted to the type that wasm wants; one that cannot be is thrown out",
    covers: ["JS API: run a host function", "JS API: ToWebAssemblyValue"],
    expect: {
      i: [-1, 0, 7, 0],
      l: [-1n, 5n],
      s: [0.10000000149011612, NaN],
      d: [-0, NaN],
      v: undefined,
      r: null,
      bigForI32: throws("TypeError"),
      numberForI64: throws("TypeError"),
      symbol: throws("TypeError"),
      host: throws("TypeError"),
      throwing: throwsValue("mine"),
    },
    run: (_WebAssembly, tools) => {
      let value;
      const give = () => value;
      const { i, l, s, d, v, r } = tools.exports("results", {
        m: { i: give, l: give, s: give, d: give, v: give, r: give },
      });
      const through = (f, given) =>
        tools.attempt(() => {
          value = given;
          return f();
        });
      const throwing = {
        valueOf: () => {
          throw "mine";
        },
      };
      return {
        i: [2 ** 32 - 1, undefined, "7", {}].map((given) => through(i, given)),
        l: [2n ** 64n - 1n, "5"].map((given) => through(l, given)),
        s: [0.1, undefined].map((given) => through(s, given)),
        d: [-0, {}].map((given) => through(d, given)),
        v: through(v, "ignored"),
        r: through(r, null),
        bigForI32: through(i, 5n),
        numberForI64: through(l, 5),
        symbol: through(d, Symbol("s")),
        host: through(r, () => 0),
        throwing: through(i, throwing),
      };
    },
  },
  {
    id: "js-host-results-iterable",
    title: "Several results come from anything iterable, taken wholly before they are converted",
    covers: ["JS API: run a host function", "ECMAScript: IteratorToList"],
    expect: {
      array: [1, 2n],
      set: [3, 4n],
      generator: [5, 6n],
      log: ["next", "next", "done", "a to number", "b to number"],
      few: throws("TypeError"),
      many: throws("TypeError"),
      notIterable: throws("TypeError"),
      undefined: throws("TypeError"),
      text: throws("TypeError"),
      nextThrows: throwsValue("next"),
      kind: throws("TypeError"),
    },
    run: (_WebAssembly, tools) => {
      let value;
      const { run } = tools.exports(
        "pair",
        imports(() => value),
      );
      const through = (given) =>
        tools.attempt(() => {
          value = given;
          return run();
        });
      function* generate() {
        tools.log.push("next");
        yield tools.primitive("a", 5);
        tools.log.push("next");
        yield tools.primitive("b", 6n);
        tools.log.push("done");
      }
      const nextThrows = {
        [Symbol.iterator]: () => ({
          next: () => {
            throw "next";
          },
        }),
      };
      return {
        array: through([1, 2n]),
        set: through(new Set([3, 4n])),
        generator: through(generate()),
        log: tools.log,
        few: through([1]),
        many: through([1, 2n, 3]),
        notIterable: through({ length: 2 }),
        undefined: through(undefined),
        text: through("1"),
        nextThrows: through(nextThrows),
        kind: through([1, 2]),
      };
    },
  },
  {
    id: "js-host-throws",
    title: "What an import throws comes out of the export unchanged, whatever it is",
    covers: ["JS API: create a host function"],
    expect: { kept: true, stack: true },
    run: (_WebAssembly, tools) => {
      let value;
      const { call } = tools.exports(
        "host",
        imports(() => {
          throw value;
        }),
      );
      const values = [
        undefined,
        null,
        0,
        -0,
        NaN,
        "text",
        5n,
        Symbol("s"),
        {},
        () => 0,
        new RangeError("mine"),
        Promise.resolve(),
      ];
      const kept = values.every((each) => {
        value = each;
        return Object.is(tools.attempt(() => call(1)).error, each);
      });
      value = new Error("mine");
      const { stack } = value;
      return { kept, stack: tools.attempt(() => call(1)).error.stack === stack };
    },
  },
];
