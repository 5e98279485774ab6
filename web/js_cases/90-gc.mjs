// Garbage collected objects and typed references at the boundary.

import { func, object, same, throws, wasm } from "../static/patterns.mjs";

export const group = "JavaScript: GC references";

export const modules = {
  gc: `(module (type $p (struct (field (mut i32)) (field (mut externref)))) (type $a (array (mut i8)))
    (type $f (func (result i32)))
    (func (export "struct") (param i32) (result (ref $p)) (struct.new $p (local.get 0) (ref.null extern)))
    (func (export "array") (param i32) (result (ref $a)) (array.new $a (i32.const 7) (local.get 0)))
    (func (export "i31") (param i32) (result i31ref) (ref.i31 (local.get 0)))
    (func (export "getP") (param (ref null $p)) (result i32) (struct.get $p 0 (local.get 0)))
    (func (export "setP") (param (ref $p) i32) (struct.set $p 0 (local.get 0) (local.get 1)))
    (func (export "hold") (param (ref $p) externref) (struct.set $p 1 (local.get 0) (local.get 1)))
    (func (export "held") (param (ref $p)) (result externref) (struct.get $p 1 (local.get 0)))
    (func (export "length") (param arrayref) (result i32) (array.len (local.get 0)))
    (func (export "any") (param anyref) (result anyref) (local.get 0)) (func (export "eq") (param eqref eqref)
    (result i32) (ref.eq (local.get 0) (local.get 1)))
    (func (export "takeI31") (param i31ref) (result i31ref) (local.get 0)) (func (export "takeStruct")
    (param structref) (result structref) (local.get 0))
    (func (export "takeNone") (param nullref) (result nullref) (local.get 0)) (func (export "extern")
    (param externref) (result externref) (local.get 0))
    (func (export "nonNull") (param (ref extern)) (result (ref extern)) (local.get 0))
    (func (export "toAny") (param externref) (result anyref) (any.convert_extern (local.get 0)))
    (func (export "kind") (param anyref) (result i32)
      (if (result i32) (ref.test i31ref (local.get 0)) (then (i32.const 31)) (else (if (result i32)
      (ref.test (ref $p) (local.get 0)) (then (i32.const 1))
        (else (if (result i32) (ref.test arrayref (local.get 0)) (then (i32.const 2)) (else (i32.const 0))))))))
    (func (export "cast") (param anyref) (result (ref $p)) (ref.cast (ref $p) (local.get 0)))
    (func $five (export "five") (result i32) (i32.const 5)) (func (export "callRef") (param (ref null $f))
    (result i32) (call_ref $f (local.get 0)))
    (func (export "other") (param i32) (result i32) (local.get 0))
    (global (export "global") (mut (ref null $p)) (ref.null $p)) (table (export "table") 2 anyref))`,
  other: `(module (type $p (struct (field (mut i32)))) (func (export "make") (result (ref $p))
      (struct.new $p (i32.const 3))))`,
};

export const cases = [
  {
    id: "js-gc-opaque",
    title: "A struct or an array is an opaque, frozen object without prototype and properties",
    covers: ["JS API: Exported GC Objects"],
    expect: {
      type: ["object", "object"],
      prototype: [null, null],
      keys: [0, 0],
      extensible: [false, false],
      missing: undefined,
      has: false,
      tag: "[object Object]",
      set: throws("TypeError"),
      define: throws("TypeError"),
      delete: throws("TypeError"),
      setPrototype: throws("TypeError"),
      samePrototype: true,
    },
    run: (_WebAssembly, tools) => {
      const { struct, array } = tools.exports("gc");
      const both = [struct(1), array(2)];
      const [first] = both;
      const strictly = (body) => tools.attempt(() => new Function("first", `"use strict"; ${body}`)(first));
      return {
        type: both.map((each) => typeof each),
        prototype: both.map((each) => Object.getPrototypeOf(each)),
        keys: both.map((each) => Reflect.ownKeys(each).length),
        extensible: both.map((each) => Object.isExtensible(each)),
        missing: first.x,
        has: "x" in first,
        tag: Object.prototype.toString.call(first),
        set: strictly("first.x = 1"),
        define: tools.attempt(() => Object.defineProperty(first, "x", { value: 1 })),
        delete: strictly("delete first.x"),
        setPrototype: tools.attempt(() => Object.setPrototypeOf(first, {})),
        samePrototype: Reflect.setPrototypeOf(first, {}) === false,
      };
    },
  },
  {
    id: "js-gc-identity",
    title: "An object keeps its identity and its fields through JavaScript",
    covers: ["JS API: Exported GC Objects"],
    expect: { same: true, eq: [1, 0], value: [5, 9], key: "kept", weak: true, viaExtern: true, viaHost: true },
    modules: {
      pass: `(module (import "m" "f" (func $f (param anyref) (result anyref))) (func (export "run") (param anyref)
        (result anyref) (call $f (local.get 0))))`,
    },
    run: (_WebAssembly, tools) => {
      const { struct, any, eq, getP, setP, extern } = tools.exports("gc");
      const [first, second] = [struct(5), struct(5)];
      const before = getP(first);
      setP(first, 9);
      const { run } = tools.exports("pass", { m: { f: (given) => given } });
      return {
        same: any(first) === first,
        eq: [eq(first, first), eq(first, second)],
        value: [before, getP(first)],
        key: new Map([[first, "kept"]]).get(any(first)),
        weak: new WeakSet([first]).has(any(first)),
        viaExtern: extern(first) === first,
        viaHost: run(first) === first,
      };
    },
  },
  {
    id: "js-gc-types",
    title: "A reference of a wrong type is a TypeError; null goes where the type allows it",
    covers: ["JS API: ToWebAssemblyValue"],
    expect: {
      object: throws("TypeError"),
      number: throws("TypeError"),
      array: throws("TypeError"),
      null: throws("WebAssembly.RuntimeError"),
      nonNull: throws("TypeError"),
      undefined: throws("TypeError"),
      otherModule: throws("TypeError"),
      struct: 4,
      none: null,
      noneStruct: throws("TypeError"),
    },
    run: (_WebAssembly, tools) => {
      const { struct, array, getP, setP, takeNone } = tools.exports("gc");
      const { make } = tools.exports("other");
      const get = (value) => tools.attempt(() => getP(value));
      return {
        object: get({}),
        number: get(5),
        array: get(array(1)),
        null: get(null),
        nonNull: tools.attempt(() => setP(null, 1)),
        undefined: get(undefined),
        otherModule: get(make()),
        struct: get(struct(4)),
        none: takeNone(null),
        noneStruct: tools.attempt(() => takeNone(struct(1))),
      };
    },
  },
  {
    id: "js-gc-i31",
    title: "i31 references are Numbers in JavaScript: 31 bits, integral, never -0",
    covers: ["JS API: ToJSValue", "JS API: ToWebAssemblyValue"],
    expect: {
      results: [5, -1, 1073741823, -1073741824, 0],
      taken: [5, -1, 1073741823, -1073741824, 0],
      null: null,
      large: throws("TypeError"),
      small: throws("TypeError"),
      fraction: throws("TypeError"),
      text: throws("TypeError"),
      big: throws("TypeError"),
    },
    run: (_WebAssembly, tools) => {
      const { i31, takeI31 } = tools.exports("gc");
      const take = (value) => tools.attempt(() => takeI31(value));
      return {
        results: [5, -1, 0x3fffffff, 0x40000000, 2 ** 31].map((value) => i31(value)),
        taken: [5, -1, 2 ** 30 - 1, -(2 ** 30), 0].map(take),
        null: take(null),
        large: take(2 ** 30),
        small: take(-(2 ** 30) - 1),
        fraction: take(0.5),
        text: take("5"),
        big: take(5n),
      };
    },
  },
  {
    id: "js-gc-any",
    title: "anyref takes every value of JavaScript; only small integers become i31",
    covers: ["JS API: ToWebAssemblyValue", "core: ref.test"],
    expect: {
      kept: true,
      kinds: [31, 31, 0, 0, 0, 0, 1, 2, 31, 0],
      undefined,
      eqHost: throws("TypeError"),
      eqNumbers: [1, 0],
    },
    run: (_WebAssembly, tools) => {
      const { any, kind, struct, array, eq } = tools.exports("gc");
      const values = [undefined, null, true, "text", 0.5, -0, NaN, 2 ** 40, 5n, Symbol("s"), {}, () => 0];
      return {
        kept: values.every((value) => Object.is(any(value), Object.is(value, -0) ? any(-0) : value)),
        kinds: [0, -5, 0.5, 2 ** 30, "5", {}, struct(1), array(1), null, undefined].map((value) => kind(value)),
        undefined: any(undefined),
        eqHost: tools.attempt(() => eq({}, {})),
        eqNumbers: [eq(7, 7), eq(7, 8)],
      };
    },
  },
  {
    id: "js-gc-extern-conversion",
    title: "extern and any are two sides of one value: conversions change neither identity nor kind",
    covers: ["core: any.convert_extern", "JS API: ToWebAssemblyValue"],
    expect: {
      struct: true,
      number: 5,
      object: true,
      null: null,
      nonNull: throws("TypeError"),
      undefinedNonNull: undefined,
      kindOfExtern: 31,
    },
    run: (_WebAssembly, tools) => {
      const { struct, toAny, nonNull, kind } = tools.exports("gc");
      const [mine, theirs] = [{}, struct(1)];
      return {
        struct: toAny(theirs) === theirs,
        number: toAny(5),
        object: toAny(mine) === mine,
        null: toAny(null),
        nonNull: tools.attempt(() => nonNull(null)),
        undefinedNonNull: nonNull(undefined),
        kindOfExtern: kind(toAny(5)),
      };
    },
  },
  {
    id: "js-gc-casts",
    title: "A cast that fails is a trap; what JavaScript hands in is tested like any reference",
    covers: ["core: ref.cast"],
    expect: {
      fine: true,
      host: throws("WebAssembly.RuntimeError"),
      array: throws("WebAssembly.RuntimeError"),
      null: throws("WebAssembly.RuntimeError"),
    },
    run: (_WebAssembly, tools) => {
      const { struct, array, cast } = tools.exports("gc");
      const mine = struct(1);
      return {
        fine: cast(mine) === mine,
        host: tools.attempt(() => cast({})),
        array: tools.attempt(() => cast(array(0))),
        null: tools.attempt(() => cast(null)),
      };
    },
  },
  {
    id: "js-gc-function-references",
    title: "A typed function reference takes only functions of that type",
    covers: ["JS API: ToWebAssemblyValue", "core: call_ref"],
    expect: {
      five: 5,
      other: throws("TypeError"),
      host: throws("TypeError"),
      null: throws("WebAssembly.RuntimeError"),
      name: func("18", 0),
    },
    run: (_WebAssembly, tools) => {
      const { five, other, callRef } = tools.exports("gc");
      return {
        five: callRef(five),
        other: tools.attempt(() => callRef(other)),
        host: tools.attempt(() => callRef(() => 5)),
        null: tools.attempt(() => callRef(null)),
        name: five,
      };
    },
  },
  {
    id: "js-gc-fields-hold-values",
    title: "A field of a struct holds a JavaScript object, also the struct itself",
    covers: ["JS API: ToWebAssemblyValue"],
    expect: { held: true, itself: true, null: null },
    run: (_WebAssembly, tools) => {
      const { struct, hold, held } = tools.exports("gc");
      const [mine, box, empty] = [{}, struct(1), struct(2)];
      hold(box, mine);
      const first = held(box) === mine;
      hold(box, box);
      return { held: first, itself: held(box) === box, null: held(empty) };
    },
  },
  {
    id: "js-gc-globals-and-tables",
    title: "Exported globals and tables of typed references check what JavaScript writes",
    covers: ["JS API: Global.value", "JS API: Table.set"],
    expect: {
      global: wasm("Global"),
      value: true,
      wrong: throws("TypeError"),
      null: null,
      table: [5, true, "text"],
      array: object("Map"),
      first: { a: 1 },
      again: same("first"),
    },
    run: (_WebAssembly, tools) => {
      const { global, table, struct, array } = tools.exports("gc");
      const mine = struct(1);
      const set = (value) =>
        tools.attempt(() => {
          global.value = value;
        });
      set(mine);
      const result = { global, value: global.value === mine, wrong: set(array(1)) };
      set(null);
      table.set(0, 5);
      table.set(1, mine);
      const first = { a: 1 };
      const cells = [table.get(0), table.get(1) === mine];
      table.set(0, "text");
      cells.push(table.get(0));
      table.set(1, first);
      return { ...result, null: global.value, table: cells, array: new Map(), first, again: table.get(1) };
    },
  },
];
