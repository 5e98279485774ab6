// Table.

import { func, same, thrown, throws, throwsValue, wasm } from "../static/patterns.mjs";

export const group = "JavaScript: Table";

export const modules = {
  functions: `(module (func (export "one") (result i32) (i32.const 1)) (func (export "two") (param i32) (result i32)
    (local.get 0)))`,
  table: `(module (table (export "table") 3 6 funcref) (elem (i32.const 0) $a $b) (type $r (func (result i32)))
    (func $a (result i32) (i32.const 10)) (func $b (result i32) (i32.const 11)) (export "b" (func $b))
    (func (export "call") (param i32) (result i32) (call_indirect (type $r) (local.get 0)))
    (func (export "size") (result i32) (table.size 0))
    (func (export "grow") (param i32) (result i32) (table.grow 0 (ref.null func) (local.get 0)))
    (func (export "clear") (param i32) (table.set 0 (local.get 0) (ref.null func))))`,
  any: `(module (table (export "table") 2 externref)
    (func (export "get") (param i32) (result externref) (table.get 0 (local.get 0)))
    (func (export "set") (param i32 externref) (table.set 0 (local.get 0) (local.get 1))))`,
};

const elements = (table) => Array.from({ length: table.length }, (_, k) => table.get(k));

export const cases = [
  {
    id: "js-table-constructor",
    title: "A table of functions begins with null, one of any values with undefined",
    covers: ["JS API: Table constructor"],
    expect: {
      table: wasm("Table"),
      functions: [null, null],
      values: [undefined, undefined],
      length: 2,
      empty: 0,
      text: "[object WebAssembly.Table]",
    },
    run: (WebAssembly) => {
      const table = new WebAssembly.Table({ element: "anyfunc", initial: 2 });
      return {
        table,
        functions: elements(table),
        values: elements(new WebAssembly.Table({ element: "externref", initial: 2 })),
        length: table.length,
        empty: new WebAssembly.Table({ element: "anyfunc", initial: 0 }).length,
        text: String(table),
      };
    },
  },
  {
    id: "js-table-initial-value",
    title: "A given initial value fills the table; undefined is as good as none",
    covers: ["JS API: Table constructor"],
    expect: {
      func: [true, true],
      value: ["v", "v"],
      null: [null],
      undefinedValue: [undefined],
      undefinedFunction: [null],
      hostFunction: throws("TypeError"),
      object: throws("TypeError"),
      empty: throws("TypeError"),
    },
    run: (WebAssembly, tools) => {
      const { one } = tools.exports("functions");
      const make = (element, initial, ...value) =>
        tools.attempt(() => elements(new WebAssembly.Table({ element, initial }, ...value)));
      const [first, second] = make("anyfunc", 2, one);
      return {
        func: [first === one, second === one],
        value: make("externref", 2, "v"),
        null: make("externref", 1, null),
        undefinedValue: make("externref", 1, undefined),
        undefinedFunction: make("anyfunc", 1, undefined),
        hostFunction: make("anyfunc", 1, () => 0),
        object: make("anyfunc", 1, {}),
        empty: make("anyfunc", 0, {}),
      };
    },
  },
  {
    id: "js-table-descriptor",
    title: "The descriptor of Table is read element first, as all engines do; element is an enumeration",
    covers: ["Web IDL: dictionaries", "JS API: TableDescriptor"],
    expect: {
      log: [
        "get element",
        "element to string",
        "get address",
        "get initial",
        "initial to number",
        "get maximum",
        "maximum to number",
      ],
      noElement: throws("TypeError"),
      badElement: throws("TypeError"),
      noInitial: throws("TypeError"),
      funcref: throws("TypeError"),
      i32: throws("TypeError"),
      null: throws("TypeError"),
    },
    run: (WebAssembly, tools) => {
      const make = (descriptor) => tools.attempt(() => new WebAssembly.Table(descriptor));
      make(
        tools.spy({
          maximum: tools.primitive("maximum", 3),
          initial: tools.primitive("initial", 1),
          element: tools.primitive("element", "anyfunc"),
        }),
      );
      return {
        log: tools.log,
        noElement: make({ initial: 1 }),
        badElement: make({ element: "any function", initial: 1 }),
        noInitial: make({ element: "anyfunc" }),
        funcref: make({ element: "funcref", initial: 1 }),
        i32: make({ element: "i32", initial: 1 }),
        null: make(null),
      };
    },
  },
  {
    id: "js-table-range",
    title: "A maximum below the initial size is a RangeError, numbers beyond 32 bits TypeErrors",
    covers: ["JS API: Table constructor", "Web IDL: EnforceRange"],
    expect: {
      reversed: throws("RangeError"),
      wide: throws("TypeError"),
      negative: throws("TypeError"),
      nan: throws("TypeError"),
      huge: throws("RangeError"),
      widest: 0,
    },
    run: (WebAssembly, tools) => {
      const make = (limits) => tools.attempt(() => new WebAssembly.Table({ element: "anyfunc", ...limits }).length);
      return {
        reversed: make({ initial: 2, maximum: 1 }),
        wide: make({ initial: 2 ** 32 }),
        negative: make({ initial: -1 }),
        nan: make({ initial: NaN }),
        huge: make({ initial: 2 ** 32 - 1 }),
        widest: make({ initial: 0, maximum: 2 ** 32 - 1 }),
      };
    },
  },
  {
    id: "js-table-get-set",
    title: "get and set keep functions as they are, and take null",
    covers: ["JS API: Table.get", "JS API: Table.set"],
    expect: {
      returned: undefined,
      one: func("0", 0),
      same: true,
      null: null,
      called: 5,
      host: throws("TypeError"),
      bound: throws("TypeError"),
      proxy: throws("TypeError"),
    },
    run: (WebAssembly, tools) => {
      const { one, two } = tools.exports("functions");
      const table = new WebAssembly.Table({ element: "anyfunc", initial: 3 });
      const returned = table.set(0, one);
      table.set(1, two);
      const set = { returned, one: table.get(0), same: table.get(0) === one && table.get(1) === two };
      table.set(0, null);
      return {
        ...set,
        null: table.get(0),
        called: table.get(1)(5),
        host: tools.attempt(() => table.set(0, () => 0)),
        bound: tools.attempt(() => table.set(0, one.bind(null))),
        proxy: tools.attempt(() => table.set(0, new Proxy(one, {}))),
      };
    },
  },
  {
    id: "js-table-set-without-value",
    title: "set without a value clears the element; undefined is no function but a value",
    covers: ["JS API: Table.set"],
    expect: { cleared: null, undefined: throws("TypeError"), value: undefined, explicit: undefined },
    run: (WebAssembly, tools) => {
      const { one } = tools.exports("functions");
      const functions = new WebAssembly.Table({ element: "anyfunc", initial: 1 }, one);
      const values = new WebAssembly.Table({ element: "externref", initial: 1 }, 7);
      functions.set(0);
      values.set(0);
      const value = values.get(0);
      values.set(0, 7);
      values.set(0, undefined);
      return {
        cleared: functions.get(0),
        undefined: tools.attempt(() => functions.set(0, undefined)),
        value,
        explicit: values.get(0),
      };
    },
  },
  {
    id: "js-table-index",
    title: "Indices are converted with EnforceRange; beyond the end is a RangeError",
    covers: ["JS API: Table.get", "JS API: Table.set", "Web IDL: EnforceRange"],
    expect: {
      text: "b",
      fraction: "b",
      null: "a",
      end: throws("RangeError"),
      setEnd: throws("RangeError"),
      negative: throws("TypeError"),
      nan: throws("TypeError"),
      wide: throws("TypeError"),
      bigint: throws("TypeError"),
      symbol: throws("TypeError"),
      throwing: throwsValue("mine"),
    },
    run: (WebAssembly, tools) => {
      const table = new WebAssembly.Table({ element: "externref", initial: 2 });
      table.set(0, "a");
      table.set(1, "b");
      const get = (index) => tools.attempt(() => table.get(index));
      const throwing = {
        valueOf: () => {
          throw "mine";
        },
      };
      return {
        text: get("1"),
        fraction: get(1.9),
        null: get(null),
        end: get(2),
        setEnd: tools.attempt(() => table.set(2, 0)),
        negative: get(-1),
        nan: get(NaN),
        wide: get(2 ** 32),
        bigint: get(1n),
        symbol: get(Symbol("s")),
        throwing: get(throwing),
      };
    },
  },
  {
    id: "js-table-values-identity",
    title: "A table of any values keeps every value and every identity",
    covers: ["JS API: Table.get", "JS API: ToWebAssemblyValue"],
    expect: { kept: true, count: 12 },
    run: (WebAssembly) => {
      const values = [
        undefined,
        null,
        true,
        -0,
        NaN,
        2 ** 40,
        "text",
        Symbol("s"),
        2n ** 70n,
        {},
        () => 0,
        new WebAssembly.Global({ value: "i32" }),
      ];
      const table = new WebAssembly.Table({ element: "externref", initial: values.length });
      for (const [k, value] of values.entries()) table.set(k, value);
      return { kept: values.every((value, k) => Object.is(table.get(k), value)), count: table.length };
    },
  },
  {
    id: "js-table-grow",
    title: "grow returns the old length and fills the new elements",
    covers: ["JS API: Table.grow"],
    expect: {
      first: 1,
      second: 2,
      values: ["a", undefined, "b", "b"],
      zero: 4,
      limit: throws("RangeError"),
      length: 4,
      functions: [null, func("0", 0)],
    },
    run: (WebAssembly, tools) => {
      const table = new WebAssembly.Table({ element: "externref", initial: 1, maximum: 4 }, "a");
      const { one } = tools.exports("functions");
      const functions = new WebAssembly.Table({ element: "anyfunc", initial: 0 });
      functions.grow(1);
      functions.grow(1, one);
      return {
        first: table.grow(1),
        second: table.grow(2, "b"),
        values: elements(table),
        zero: table.grow(0, "c"),
        limit: tools.attempt(() => table.grow(1)),
        length: table.length,
        functions: elements(functions),
      };
    },
  },
  {
    id: "js-table-grow-errors",
    title: "A delta or a value that is wrong leaves the table as it is",
    covers: ["JS API: Table.grow", "Web IDL: EnforceRange"],
    expect: {
      value: throws("TypeError"),
      negative: throws("TypeError"),
      nan: throws("TypeError"),
      bigint: throws("TypeError"),
      wide: throws("TypeError"),
      deltaFirst: throwsValue("delta"),
      huge: throws("RangeError"),
      length: 1,
    },
    run: (WebAssembly, tools) => {
      const table = new WebAssembly.Table({ element: "anyfunc", initial: 1 });
      const grow = (...args) => tools.attempt(() => table.grow(...args));
      const throwing = {
        valueOf: () => {
          throw "delta";
        },
      };
      return {
        value: grow(1, {}),
        negative: grow(-1),
        nan: grow(NaN),
        bigint: grow(1n),
        wide: grow(2 ** 32),
        deltaFirst: grow(throwing, {}),
        huge: grow(2 ** 32 - 1),
        length: table.length,
      };
    },
  },
  {
    id: "js-table-and-wasm",
    title: "JavaScript and wasm code see one table: elements, lengths, growth",
    covers: ["JS API: Table", "core: tables"],
    expect: {
      initial: [func("0", 0), func("1", 0), null],
      b: true,
      calls: [10, 11],
      null: throws("WebAssembly.RuntimeError"),
      replaced: 11,
      wrong: throws("WebAssembly.RuntimeError"),
      size: 5,
      length: 6,
      cleared: null,
      beyond: throws("WebAssembly.RuntimeError"),
    },
    run: (_WebAssembly, tools) => {
      const { table, b, call, size, grow, clear } = tools.exports("table");
      const { two } = tools.exports("functions");
      const initial = elements(table);
      const result = {
        initial,
        b: table.get(1) === b,
        calls: [call(0), call(1)],
        null: tools.attempt(() => call(2)),
      };
      table.set(2, b);
      const replaced = call(2);
      table.set(2, two);
      const wrong = tools.attempt(() => call(2));
      table.grow(2);
      const sizeNow = size();
      grow(1);
      clear(0);
      return {
        ...result,
        replaced,
        wrong,
        size: sizeNow,
        length: table.length,
        cleared: table.get(0),
        beyond: tools.attempt(() => call(6)),
      };
    },
  },
  {
    id: "js-table-function-identity",
    title: "A function that was never exported gets its object when it is read, and always the same one",
    covers: ["JS API: a new Exported Function"],
    expect: { a: func("0", 0), again: same("a"), through: true, called: 10 },
    run: (WebAssembly, tools) => {
      const { table } = tools.exports("table");
      const other = new WebAssembly.Table({ element: "anyfunc", initial: 1 });
      other.set(0, table.get(0));
      return { a: table.get(0), again: table.get(0), through: other.get(0) === table.get(0), called: other.get(0)() };
    },
  },
  {
    id: "js-table-of-values-and-wasm",
    title: "wasm code moves any values through a table without changing them",
    covers: ["JS API: ToJSValue", "core: reference types"],
    expect: { default: null, kept: true, seen: true },
    run: (_WebAssembly, tools) => {
      const { table, get, set } = tools.exports("any");
      const mine = { a: 1 };
      const initial = table.get(0);
      table.set(0, mine);
      set(1, mine);
      return { default: initial, kept: get(0) === mine, seen: table.get(1) === mine };
    },
  },
  {
    id: "js-table-shared-by-instances",
    title: "Two instances and JavaScript share one imported table",
    covers: ["core: tables", "JS API: Table"],
    expect: { filled: [func("1", 0), func("1", 0)], calls: [1, 2], own: false },
    modules: {
      put: `(module (import "m" "table" (table 2 funcref)) (import "m" "at" (global $at i32))
        (func $value (export "value") (result i32) (i32.add (global.get $at) (i32.const 1)))
        (func $other (result i32) (call $value))
        (elem (global.get $at) $other))`,
    },
    run: (WebAssembly, tools) => {
      const table = new WebAssembly.Table({ element: "anyfunc", initial: 2 });
      tools.instance("put", { m: { table, at: 0 } });
      tools.instance("put", { m: { table, at: 1 } });
      return { filled: elements(table), calls: elements(table).map((f) => f()), own: table.get(0) === table.get(1) };
    },
  },
  {
    id: "js-table64",
    title: "A table of 64-bit indices takes and gives BigInts",
    covers: ["JS API: AddressValueToU64", "memory64"],
    expect: {
      length: 2n,
      value: "v",
      grown: 2n,
      number: throws("TypeError"),
      beyond: throws("RangeError"),
      numberInitial: throws("TypeError"),
      mixed: throws("TypeError"),
    },
    run: (WebAssembly, tools) => {
      const table = new WebAssembly.Table({ address: "i64", element: "externref", initial: 2n, maximum: 4n }, "v");
      return {
        length: table.length,
        value: table.get(1n),
        grown: table.grow(1n),
        number: tools.attempt(() => table.get(1)),
        beyond: tools.attempt(() => table.get(3n)),
        numberInitial: tools.attempt(() => new WebAssembly.Table({ address: "i64", element: "externref", initial: 2 })),
        mixed: tools.attempt(
          () => new WebAssembly.Table({ address: "i64", element: "externref", initial: 2n, maximum: 4 }),
        ),
      };
    },
  },
  {
    id: "js-table-link",
    title: "A table can be larger than an import asks for, never smaller",
    covers: ["core: import matching"],
    expect: { errors: [thrown("WebAssembly.LinkError"), thrown("WebAssembly.LinkError")], fine: wasm("Instance") },
    modules: { wants: '(module (import "m" "t" (table 2 4 externref)))' },
    run: (WebAssembly, tools) => {
      const link = (descriptor) =>
        tools.attempt(() =>
          tools.instance("wants", { m: { t: new WebAssembly.Table({ element: "externref", ...descriptor }) } }),
        );
      return {
        errors: [link({ initial: 1, maximum: 4 }), link({ initial: 2, maximum: 5 })],
        fine: link({ initial: 3, maximum: 4 }),
      };
    },
  },
];
