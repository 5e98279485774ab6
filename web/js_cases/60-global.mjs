// Global.

import { func, same, throws, throwsValue, wasm } from "../static/patterns.mjs";

export const group = "JavaScript: Global";

export const modules = {
  globals: `(module
    (global $i (export "i") (mut i32) (i32.const -1)) (global $l (export "l") (mut i64) (i64.const -1))
    (global $f (export "f") (mut f32) (f32.const 0.1)) (global $d (export "d") (mut f64) (f64.const -0))
    (global $c (export "c") i32 (i32.const 5)) (global $r (export "r") (mut externref) (ref.null extern))
    (func (export "geti") (result i32) (global.get $i)) (func (export "seti") (param i32) (global.set $i (local.get 0)))
    (func (export "getl") (result i64) (global.get $l)) (func (export "setr") (param externref)
    (global.set $r (local.get 0)))
    (func (export "getr") (result externref) (global.get $r)))`,
};

export const cases = [
  {
    id: "js-global-defaults",
    title: "A global without a value is zero, null or undefined by its type",
    covers: ["JS API: Global constructor", "JS API: DefaultValue"],
    expect: {
      i32: 0,
      i64: 0n,
      f32: 0,
      f64: 0,
      externref: undefined,
      anyfunc: null,
      global: wasm("Global"),
      text: "[object WebAssembly.Global]",
    },
    run: ({ Global }) => ({
      ...Object.fromEntries(
        ["i32", "i64", "f32", "f64", "externref", "anyfunc"].map((value) => [value, new Global({ value }).value]),
      ),
      global: new Global({ value: "i32" }),
      text: Object.prototype.toString.call(new Global({ value: "i32" })),
    }),
  },
  {
    id: "js-global-explicit-undefined",
    title: "undefined given for a number is converted like any value, for references it is itself",
    covers: ["JS API: Global constructor", "JS API: ToWebAssemblyValue"],
    expect: { i32: 0, f64: NaN, externref: undefined, null: null },
    run: ({ Global }, tools) => {
      const make = (value, v) => tools.attempt(() => new Global({ value }, v).value);
      return {
        i32: make("i32", undefined),
        f64: tools.attempt(() => {
          const global = new Global({ value: "f64", mutable: true });
          global.value = undefined;
          return global.value;
        }),
        externref: make("externref", undefined),
        null: make("externref", null),
      };
    },
  },
  {
    id: "js-global-i32-values",
    title: "i32 values are converted with ToInt32",
    covers: ["JS API: ToWebAssemblyValue", "ECMAScript: ToInt32"],
    expect: {
      values: [2147483647, -2147483648, -1, 0, 5, -3, 0, 1, 0, 7, 0],
      bigint: throws("TypeError"),
      symbol: throws("TypeError"),
      object: 9,
      throwing: throwsValue("mine"),
    },
    run: ({ Global }, tools) => {
      const get = (v) => tools.attempt(() => new Global({ value: "i32" }, v).value);
      const throwing = {
        valueOf: () => {
          throw "mine";
        },
      };
      return {
        values: [2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, "5", -3.9, NaN, true, null, [7], Infinity].map(get),
        bigint: get(1n),
        symbol: get(Symbol("s")),
        object: get({ valueOf: () => 9 }),
        throwing: get(throwing),
      };
    },
  },
  {
    id: "js-global-i64-values",
    title: "i64 values are BigInts modulo 2^64; Numbers are refused, texts and booleans are not",
    covers: ["JS API: ToWebAssemblyValue", "ECMAScript: ToBigInt64"],
    expect: {
      values: [5n, -1n, 9223372036854775807n, -9223372036854775808n, 0n, -1n, 1n, 7n, 0n],
      number: throws("TypeError"),
      undefined: throws("TypeError"),
      null: throws("TypeError"),
      symbol: throws("TypeError"),
      text: throws("SyntaxError"),
    },
    run: ({ Global }, tools) => {
      const get = (v) =>
        tools.attempt(() => {
          const global = new Global({ value: "i64", mutable: true });
          global.value = v;
          return global.value;
        });
      return {
        values: [5n, -1n, 2n ** 63n - 1n, 2n ** 63n, 2n ** 64n, 2n ** 64n - 1n, true, "7", false].map(get),
        number: get(5),
        undefined: get(undefined),
        null: get(null),
        symbol: get(Symbol("s")),
        text: get("five"),
      };
    },
  },
  {
    id: "js-global-f32-values",
    title: "f32 values are rounded to the nearest, ties to even; -0, infinities and NaN are kept",
    covers: ["JS API: ToWebAssemblyValue", "IEEE 754: roundTiesToEven"],
    expect: {
      values: [
        0.10000000149011612,
        -0,
        Infinity,
        -Infinity,
        NaN,
        16777216,
        16777220,
        3.4028234663852886e38,
        Infinity,
        1.401298464324817e-45,
        0,
        1.5,
      ],
      bigint: throws("TypeError"),
    },
    run: ({ Global }, tools) => {
      const get = (v) => tools.attempt(() => new Global({ value: "f32" }, v).value);
      return {
        values: [
          0.1,
          -0,
          Infinity,
          -Infinity,
          NaN,
          16777217,
          16777219,
          3.4028235677973362e38,
          3.4028235677973366e38,
          7.006492321624087e-46,
          7.006492321624085e-46,
          "1.5",
        ].map(get),
        bigint: get(1n),
      };
    },
  },
  {
    id: "js-global-f64-values",
    title: "f64 values are Numbers unchanged",
    covers: ["JS API: ToWebAssemblyValue"],
    expect: {
      // biome-ignore lint/correctness/noPrecisionLoss: it is rounded as the value was
      values: [0.1, -0, 5e-324, 1.7976931348623157e308, NaN, 9007199254740993, 0, 1],
      bigint: throws("TypeError"),
    },
    run: ({ Global }, tools) => {
      const get = (v) => tools.attempt(() => new Global({ value: "f64" }, v).value);
      return { values: [0.1, -0, 5e-324, Number.MAX_VALUE, NaN, 2 ** 53 + 1, null, true].map(get), bigint: get(1n) };
    },
  },
  {
    id: "js-global-externref-values",
    title: "externref values keep type and identity",
    covers: ["JS API: ToWebAssemblyValue", "JS API: ToJSValue"],
    expect: { kept: true, minusZero: -0, fraction: 0.5, small: 5, large: 1073741824, negative: -1073741825, nan: NaN },
    run: ({ Global }) => {
      const global = new Global({ value: "externref", mutable: true });
      const pass = (value) => {
        global.value = value;
        return global.value;
      };
      const values = [
        undefined,
        null,
        true,
        "text",
        "",
        Symbol("s"),
        Symbol.iterator,
        2n ** 70n,
        {},
        [],
        () => 0,
        new Date(0),
        global,
        Global,
        "\ud800",
      ];
      return {
        kept: values.every((value) => Object.is(pass(value), value)),
        minusZero: pass(-0),
        fraction: pass(0.5),
        small: pass(5),
        large: pass(2 ** 30),
        negative: pass(-(2 ** 30) - 1),
        nan: pass(NaN),
      };
    },
  },
  {
    id: "js-global-anyfunc-values",
    title: "anyfunc globals take exported functions and null, nothing else",
    covers: ["JS API: ToWebAssemblyValue"],
    expect: {
      function: func("0", 0),
      same: true,
      null: null,
      host: throws("TypeError"),
      undefined: throws("TypeError"),
      number: throws("TypeError"),
      still: null,
    },
    run: ({ Global }, tools) => {
      const { geti } = tools.exports("globals");
      const global = new Global({ value: "anyfunc", mutable: true }, geti);
      const set = (value) =>
        tools.attempt(() => {
          global.value = value;
        });
      const result = { function: global.value, same: global.value === geti };
      set(null);
      return {
        ...result,
        null: global.value,
        host: set(() => 0),
        undefined: set(undefined),
        number: set(0),
        still: global.value,
      };
    },
  },
  {
    id: "js-global-descriptor",
    title: "The descriptor of Global is read mutable first; mutable is converted to a boolean",
    covers: ["Web IDL: dictionaries", "JS API: GlobalDescriptor"],
    expect: {
      log: ["get mutable", "get value", "value to string"],
      truthy: 6,
      falsy: throws("TypeError"),
      missing: throws("TypeError"),
      empty: throws("TypeError"),
    },
    run: ({ Global }, tools) => {
      tools.attempt(() => new Global(tools.spy({ value: tools.primitive("value", "i32"), mutable: true })));
      const set = (descriptor) =>
        tools.attempt(() => {
          const global = new Global(descriptor, 5);
          global.value = 6;
          return global.value;
        });
      return {
        log: tools.log,
        truthy: set({ value: "i32", mutable: "false" }),
        falsy: set({ value: "i32", mutable: "" }),
        missing: set({ value: "i32" }),
        empty: tools.attempt(() => new Global({})),
      };
    },
  },
  {
    id: "js-global-descriptor-types",
    title: "Only the value types of the API have globals; v128 has a name but no JavaScript values",
    covers: ["JS API: Global constructor", "Web IDL: enumerations"],
    expect: {
      I32: throws("TypeError"),
      any: throws("TypeError"),
      "": throws("TypeError"),
      null: throws("TypeError"),
      v128: throws("TypeError"),
      exnref: throws("TypeError"),
      notObject: throws("TypeError"),
    },
    run: ({ Global }, tools) => {
      const make = (value) => tools.attempt(() => new Global({ value }));
      return {
        I32: make("I32"),
        any: make("any"),
        "": make(""),
        null: make(null),
        v128: make("v128"),
        exnref: make("exnref"),
        notObject: tools.attempt(() => new Global("i32")),
      };
    },
  },
  {
    id: "js-global-order",
    title: "The descriptor is converted before the value, and a wrong type is found before the value is looked at",
    covers: ["Web IDL: overload resolution", "JS API: Global constructor"],
    expect: {
      log: ["get mutable", "get value", "v to number"],
      badType: throws("TypeError"),
      after: ["get mutable", "get value", "v to number"],
    },
    run: ({ Global }, tools) => {
      const v = tools.primitive("v", 1);
      new Global(tools.spy({ value: "f64" }), v);
      const log = [...tools.log];
      return { log, badType: tools.attempt(() => new Global({ value: "i16" }, v)), after: tools.log };
    },
  },
  {
    id: "js-global-constant",
    title: "A constant global cannot be set, and the value is not converted",
    covers: ["JS API: Global.value"],
    expect: { set: throws("TypeError"), log: [], still: 5, exported: throws("TypeError") },
    run: ({ Global }, tools) => {
      const global = new Global({ value: "i32" }, 5);
      const { c } = tools.exports("globals");
      const set = (target) =>
        tools.attempt(() => {
          target.value = tools.primitive("value", 6);
        });
      return { set: set(global), log: tools.log, still: global.value, exported: set(c) };
    },
  },
  {
    id: "js-global-value-of",
    title: "valueOf gives the value, so that globals work in arithmetic",
    covers: ["JS API: Global.valueOf"],
    expect: { valueOf: 5, sum: 7, big: 12n, text: "5", compare: true, setterWithout: 0 },
    run: ({ Global }) => {
      const five = new Global({ value: "i32", mutable: true }, 5);
      const big = new Global({ value: "i64" }, 5n);
      const result = {
        valueOf: five.valueOf(),
        sum: five + 2,
        big: big + 7n,
        text: `${five.value}`,
        compare: five < 6,
      };
      Object.getOwnPropertyDescriptor(Global.prototype, "value").set.call(five, undefined);
      return { ...result, setterWithout: five.value };
    },
  },
  {
    id: "js-global-exported",
    title: "An exported global is one object whose value wasm code and JavaScript share",
    covers: ["JS API: create a global object", "core: globals"],
    expect: {
      i: -1,
      l: -1n,
      f: 0.10000000149011612,
      d: -0,
      r: null,
      set: 7,
      read: 8,
      big: -9223372036854775808n,
      reference: true,
      undefinedReference: undefined,
    },
    run: (_WebAssembly, tools) => {
      const { i, l, f, d, r, geti, seti, getl, setr, getr } = tools.exports("globals");
      const result = { i: i.value, l: l.value, f: f.value, d: d.value, r: r.value };
      i.value = 7;
      const set = geti();
      seti(8);
      l.value = 2n ** 63n;
      const mine = {};
      setr(mine);
      const reference = r.value === mine;
      r.value = undefined;
      return { ...result, set, read: i.value, big: getl(), reference, undefinedReference: getr() };
    },
  },
  {
    id: "js-global-identity",
    title: "A global that is imported and exported again is the same object; exported twice, too",
    covers: ["JS API: create a global object"],
    expect: { global: wasm("Global"), first: same("global"), second: same("global"), shared: 9 },
    modules: {
      pass: `(module (import "m" "g" (global $g (mut i32))) (export "first" (global $g)) (export "second" (global $g))
        (func (export "set") (param i32) (global.set $g (local.get 0))))`,
    },
    run: ({ Global }, tools) => {
      const global = new Global({ value: "i32", mutable: true });
      const { first, second, set } = tools.exports("pass", { m: { g: global } });
      set(9);
      return { global, first, second, shared: global.value };
    },
  },
  {
    id: "js-global-v128",
    title: "A v128 global can be exported and imported, but not read",
    covers: ["JS API: GetGlobalValue"],
    expect: {
      global: wasm("Global"),
      get: throws("TypeError"),
      set: throws("TypeError"),
      valueOf: throws("TypeError"),
      linked: wasm("Instance"),
    },
    modules: {
      vector: '(module (global (export "v") (mut v128) (v128.const i32x4 1 2 3 4)))',
      wants: '(module (import "m" "v" (global (mut v128))))',
    },
    run: (_WebAssembly, tools) => {
      const { v } = tools.exports("vector");
      return {
        global: v,
        get: tools.attempt(() => v.value),
        set: tools.attempt(() => {
          v.value = 0;
        }),
        valueOf: tools.attempt(() => v.valueOf()),
        linked: tools.instance("wants", { m: { v } }),
      };
    },
  },
];
