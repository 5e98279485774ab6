// Instance: reading the imports, linking, the start function, the exports object.

import { exportsOf, func, same, thrown, throws, throwsValue, wasm } from "../static/patterns.mjs";

export const group = "JavaScript: Instance and imports";

export const modules = {
  empty: "(module)",
  imports: `(module
    (import "b" "f" (func))
    (import "a" "g" (global i32))
    (import "b" "f" (func))
    (import "a" "m" (memory 1))
    (func (export "run")))`,
  func: `(module (import "m" "f" (func $f (param i32) (result i32))) (export "again" (func $f))
    (func (export "call") (param i32) (result i32) (call $f (local.get 0))))`,
  memory: '(module (import "m" "x" (memory 1 3)))',
  table: '(module (import "m" "x" (table 1 3 funcref)))',
  tag: '(module (import "m" "x" (tag (param i32))))',
  i32: '(module (import "m" "x" (global $x i32)) (func (export "get") (result i32) (global.get $x)))',
  i64: '(module (import "m" "x" (global $x i64)) (func (export "get") (result i64) (global.get $x)))',
  f32: '(module (import "m" "x" (global $x f32)) (func (export "get") (result f32) (global.get $x)))',
  mutable: '(module (import "m" "x" (global (mut i32))))',
  anything: '(module (import "m" "x" (global $x externref)) (func (export "get") (result externref) (global.get $x)))',
  exports: `(module
    (func $f (export "z") (param i32 i64) (result f32) (f32.const 0))
    (memory (export "2") 1)
    (export "a" (func $f))
    (global (export "1") i32 (i32.const 5))
    (table (export "t") 0 funcref)
    (export "__proto__" (func $f)))`,
};

const kinds = (WebAssembly) => ({
  undefined,
  null: null,
  number: 5,
  text: "f",
  object: {},
  func: () => 1,
  memory: new WebAssembly.Memory({ initial: 1, maximum: 3 }),
  table: new WebAssembly.Table({ element: "anyfunc", initial: 1, maximum: 3 }),
  global: new WebAssembly.Global({ value: "i32" }),
  tag: new WebAssembly.Tag({ parameters: ["i32"] }),
});

/** A case that imports every kind of value where `module` wants one kind; `accepted` are the ones that link. */
const kindCase = (module, name, accepted) => ({
  id: `js-import-kind-${module}`,
  title: `An imported ${module} takes ${accepted.join(" or ")}; everything else is a LinkError`,
  covers: ["JS API: read the imports"],
  expect: Object.fromEntries(
    ["undefined", "null", "number", "text", "object", "func", "memory", "table", "global", "tag"].map((kind) => [
      kind,
      accepted.includes(kind) ? wasm("Instance") : throws("WebAssembly.LinkError"),
    ]),
  ),
  modules: { [module]: modules[module] },
  run: (WebAssembly, tools) =>
    Object.fromEntries(
      Object.entries(kinds(WebAssembly)).map(([kind, value]) => [
        kind,
        tools.attempt(() => tools.instance(module, { m: { [name]: value } })),
      ]),
    ),
});

export const cases = [
  {
    id: "js-instance-object",
    title: "An instance has one exports object and nothing of its own",
    covers: ["JS API: Instance"],
    expect: {
      instance: wasm("Instance"),
      keys: [],
      exports: exportsOf({}),
      again: same("exports"),
      assigned: throws("TypeError"),
    },
    run: (_WebAssembly, tools) => {
      const instance = tools.instance("empty");
      return {
        instance,
        keys: Reflect.ownKeys(instance),
        exports: instance.exports,
        again: instance.exports,
        assigned: tools.attempt(() => {
          instance.exports = {};
        }),
      };
    },
  },
  {
    id: "js-instance-arguments",
    title: "Instance takes a Module and an object or undefined",
    covers: ["JS API: Instance constructor", "Web IDL: object"],
    expect: {
      notModule: [thrown("TypeError"), thrown("TypeError"), thrown("TypeError")],
      notObject: [thrown("TypeError"), thrown("TypeError"), thrown("TypeError"), thrown("TypeError")],
      fine: [wasm("Instance"), wasm("Instance"), wasm("Instance"), wasm("Instance")],
    },
    run: (WebAssembly, tools) => {
      const module = tools.module("empty");
      const make = (...args) => tools.attempt(() => new WebAssembly.Instance(...args));
      return {
        notModule: [make({}), make(tools.wasm("empty")), make(null)],
        notObject: [make(module, null), make(module, 5), make(module, "text"), make(module, Symbol("s"))],
        fine: [make(module), make(module, undefined), make(module, {}), make(module, () => 0)],
      };
    },
  },
  {
    id: "js-imports-needed",
    title: "A module with imports needs an import object, and its modules must be objects",
    covers: ["JS API: read the imports"],
    expect: {
      missing: throws("TypeError"),
      undefined: throws("TypeError"),
      noModule: throws("TypeError"),
      number: throws("TypeError"),
      null: throws("TypeError"),
      func: throws("WebAssembly.LinkError"),
    },
    run: (_WebAssembly, tools) => ({
      missing: tools.attempt(() => tools.instance("func")),
      undefined: tools.attempt(() => tools.instance("func", undefined)),
      noModule: tools.attempt(() => tools.instance("func", {})),
      number: tools.attempt(() => tools.instance("func", { m: 5 })),
      null: tools.attempt(() => tools.instance("func", { m: null })),
      func: tools.attempt(() => tools.instance("func", { m: () => 0 })),
    }),
  },
  {
    id: "js-imports-order",
    title: "Imports are read one after another in the order of the module, repeated ones again",
    covers: ["JS API: read the imports"],
    expect: {
      log: ["get b", "get b.f", "get a", "get a.g", "get b", "get b.f", "get a", "get a.m"],
      instance: wasm("Instance"),
    },
    run: (WebAssembly, tools) => {
      const b = tools.spy({ f: () => {} }, "b.");
      const a = tools.spy({ g: 1, m: new WebAssembly.Memory({ initial: 1 }) }, "a.");
      const instance = tools.instance("imports", tools.spy({ a, b }));
      return { log: tools.log, instance };
    },
  },
  {
    id: "js-imports-first-error",
    title: "The first import that is wrong decides, and later ones are not read",
    covers: ["JS API: read the imports"],
    expect: {
      link: throws("WebAssembly.LinkError"),
      type: throws("TypeError"),
      log: ["get b", "get b.f", "get b", "get b.f", "get a"],
    },
    run: (_WebAssembly, tools) => ({
      link: tools.attempt(() => tools.instance("imports", tools.spy({ a: 5, b: tools.spy({ f: 5 }, "b.") }))),
      type: tools.attempt(() => tools.instance("imports", tools.spy({ a: 5, b: tools.spy({ f: () => {} }, "b.") }))),
      log: tools.log,
    }),
  },
  {
    id: "js-imports-getter-throws",
    title: "What a getter of the imports throws comes out as it is",
    covers: ["JS API: read the imports"],
    expect: { module: throwsValue("module getter"), field: throwsValue(undefined), identity: true },
    run: (_WebAssembly, tools) => {
      const mine = new Error("mine");
      const throwing = (value) => ({
        get f() {
          throw value;
        },
      });
      const outer = {
        get m() {
          throw "module getter";
        },
      };
      return {
        module: tools.attempt(() => tools.instance("func", outer)),
        field: tools.attempt(() => tools.instance("func", { m: throwing(undefined) })),
        identity: tools.attempt(() => tools.instance("func", { m: throwing(mine) })).error === mine,
      };
    },
  },
  {
    id: "js-imports-inherited",
    title: "Imports may be inherited, belong to functions and arrays, and come from getters",
    covers: ["JS API: read the imports"],
    expect: { inherited: 8, getter: 9, onFunction: 10 },
    run: (_WebAssembly, tools) => {
      const module = Object.create({ f: (x) => x + 1 });
      const getter = {
        get f() {
          return (x) => x + 2;
        },
      };
      const callable = Object.assign(() => {}, { m: Object.assign([], { f: (x) => x + 3 }) });
      return {
        inherited: tools.exports("func", { m: module }).call(7),
        getter: tools.exports("func", { m: getter }).call(7),
        onFunction: tools.exports("func", callable).call(7),
      };
    },
  },
  {
    id: "js-imports-callables",
    title: "Everything callable can be an imported function: bound functions, proxies, methods",
    covers: ["JS API: read the imports", "JS API: create a host function"],
    expect: { bound: 12, proxy: 14, class: throws("TypeError"), builtin: 7, async: 0, thisValue: undefined },
    run: (_WebAssembly, tools) => {
      const call = (f) => tools.attempt(() => tools.exports("func", { m: { f } }).call(7));
      let thisValue = "unset";
      function strict() {
        thisValue = this;
        return 0;
      }
      const result = {
        bound: call(
          function add(x) {
            return this.base + x;
          }.bind({ base: 5 }),
        ),
        proxy: call(new Proxy((x) => x, { apply: (_target, _this, [x]) => 2 * x })),
        class: call(class {}),
        builtin: call(Math.abs),
        async: call(async (x) => x),
      };
      call(strict);
      return { ...result, thisValue };
    },
  },
  {
    id: "js-imports-exported-functions",
    title: "An exported function that is imported and exported again is the same function",
    covers: ["JS API: read the imports", "JS API: a new Exported Function"],
    expect: { original: func("0", 1), again: same("original"), wrong: throws("WebAssembly.LinkError"), wrapped: 5 },
    modules: {
      id: '(module (func (export "f") (param i32) (result i32) (local.get 0)))',
      other: '(module (func (export "f") (param i64) (result i32) (i32.const 5)))',
    },
    run: (_WebAssembly, tools) => {
      const { f } = tools.exports("id");
      const { f: other } = tools.exports("other");
      return {
        original: f,
        again: tools.exports("func", { m: { f } }).again,
        wrong: tools.attempt(() => tools.exports("func", { m: { f: other } })),
        wrapped: tools.exports("func", { m: { f: (x) => other(BigInt(x)) } }).call(1),
      };
    },
  },
  {
    id: "js-imports-host-wrapped",
    title: "A JavaScript function that is imported and exported again is a new function; two imports make two",
    covers: ["JS API: create a host function", "JS API: a new Exported Function"],
    expect: { isSame: false, exported: func("0", 1), called: 8, twice: false },
    run: (_WebAssembly, tools) => {
      const f = (a) => a + 1;
      const { again } = tools.exports("func", { m: { f } });
      const { again: second } = tools.exports("func", { m: { f } });
      return { isSame: again === f, exported: again, called: again(7), twice: again === second };
    },
  },
  kindCase("func", "f", ["func"]),
  kindCase("memory", "x", ["memory"]),
  kindCase("table", "x", ["table"]),
  kindCase("tag", "x", ["tag"]),
  kindCase("i32", "x", ["number", "global"]),
  kindCase("mutable", "x", []),
  {
    id: "js-import-anything",
    title: "An imported externref global takes every value; the value keeps its identity",
    covers: ["JS API: read the imports"],
    expect: { undefined, null: null, number: -0, text: "f", object: {}, same: true, symbol: true, big: 5n },
    run: (_WebAssembly, tools) => {
      const pass = (x) => tools.exports("anything", { m: { x } }).get();
      const mine = {};
      const symbol = Symbol("s");
      return {
        undefined: pass(undefined),
        null: pass(null),
        number: pass(-0),
        text: pass("f"),
        object: pass(mine),
        same: pass(mine) === mine,
        symbol: pass(symbol) === symbol,
        big: pass(5n),
      };
    },
  },
  {
    id: "js-import-global-values",
    title: "Numbers and BigInts make constant globals, each only for its types",
    covers: ["JS API: read the imports"],
    expect: {
      i32: [5, -1, 0, 2],
      i64: [5n, -1n],
      f32: [0.5, NaN, -0],
      bigForI32: throws("WebAssembly.LinkError"),
      numberForI64: throws("WebAssembly.LinkError"),
      textForI32: throws("WebAssembly.LinkError"),
      objectForI64: throws("WebAssembly.LinkError"),
      booleanForF32: throws("WebAssembly.LinkError"),
    },
    run: (_WebAssembly, tools) => {
      const get = (module, x) => tools.exports(module, { m: { x } }).get();
      return {
        i32: [5, 2 ** 32 - 1, NaN, 2.9].map((x) => get("i32", x)),
        i64: [5n, 2n ** 64n - 1n].map((x) => get("i64", x)),
        f32: [0.5, NaN, -0].map((x) => get("f32", x)),
        bigForI32: tools.attempt(() => get("i32", 5n)),
        numberForI64: tools.attempt(() => get("i64", 5)),
        textForI32: tools.attempt(() => get("i32", "5")),
        objectForI64: tools.attempt(() => get("i64", { valueOf: () => 5n })),
        booleanForF32: tools.attempt(() => get("f32", true)),
      };
    },
  },
  {
    id: "js-import-global-objects",
    title: "A Global object must have the type and the mutability of the import",
    covers: ["JS API: read the imports", "core: import matching"],
    expect: {
      constant: 7,
      mutable: wasm("Instance"),
      mutableForConstant: throws("WebAssembly.LinkError"),
      constantForMutable: throws("WebAssembly.LinkError"),
      otherType: throws("WebAssembly.LinkError"),
    },
    run: (WebAssembly, tools) => {
      const global = (value, mutable) => new WebAssembly.Global({ value, mutable }, value === "i64" ? 7n : 7);
      return {
        constant: tools.exports("i32", { m: { x: global("i32", false) } }).get(),
        mutable: tools.instance("mutable", { m: { x: global("i32", true) } }),
        mutableForConstant: tools.attempt(() => tools.instance("i32", { m: { x: global("i32", true) } })),
        constantForMutable: tools.attempt(() => tools.instance("mutable", { m: { x: global("i32", false) } })),
        otherType: tools.attempt(() => tools.instance("i32", { m: { x: global("i64", false) } })),
      };
    },
  },
  {
    id: "js-import-limits",
    title: "Memories and tables must be large enough now and bounded tightly enough",
    covers: ["core: import matching"],
    expect: {
      small: throws("WebAssembly.LinkError"),
      noMaximum: throws("WebAssembly.LinkError"),
      wideMaximum: throws("WebAssembly.LinkError"),
      tight: wasm("Instance"),
      grown: wasm("Instance"),
      smallTable: throws("WebAssembly.LinkError"),
      otherElement: throws("WebAssembly.LinkError"),
      address: throws("WebAssembly.LinkError"),
    },
    run: (WebAssembly, tools) => {
      const memory = (descriptor) =>
        tools.attempt(() => tools.instance("memory", { m: { x: new WebAssembly.Memory(descriptor) } }));
      const table = (descriptor) =>
        tools.attempt(() => tools.instance("table", { m: { x: new WebAssembly.Table(descriptor) } }));
      const grown = new WebAssembly.Memory({ initial: 0, maximum: 2 });
      grown.grow(1);
      return {
        small: memory({ initial: 0, maximum: 3 }),
        noMaximum: memory({ initial: 1 }),
        wideMaximum: memory({ initial: 1, maximum: 4 }),
        tight: memory({ initial: 2, maximum: 2 }),
        grown: tools.attempt(() => tools.instance("memory", { m: { x: grown } })),
        smallTable: table({ element: "anyfunc", initial: 0, maximum: 3 }),
        otherElement: table({ element: "externref", initial: 1, maximum: 3 }),
        address: memory({ initial: 1n, maximum: 3n, address: "i64" }),
      };
    },
  },
];
