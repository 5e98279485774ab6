// validate, Module and its static operations.

import { buffer, error, thrown, throws, wasm } from "../static/patterns.mjs";

export const group = "JavaScript: Module";

export const modules = {
  empty: "(module)",
  all: `(module
    (import "a" "f" (func $f (param i32) (result i64)))
    (import "a" "g" (global i32))
    (import "" "" (memory 1))
    (import "b" "t" (table 1 funcref))
    (import "b" "e" (tag (param i32)))
    (func (export "own"))
    (memory (export "memory") 1)
    (table (export "table") 1 externref)
    (global (export "global") (mut f64) (f64.const 1))
    (tag (export "tag"))
    (export "f again" (func $f))
    (export "" (memory 0)))`,
  sections: `(module
    (@custom "one" "first")
    (@custom "two" "\\ff\\00")
    (@custom "one" "")
    (@custom "nàme" "accent")
    (@custom "one" "third"))`,
};

const bytes = (...values) => Uint8Array.from(values);
const EMPTY = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];

export const cases = [
  {
    id: "js-validate-sources",
    title: "validate takes every kind of buffer source, and looks at the part that a view shows",
    covers: ["JS API: validate", "Web IDL: BufferSource"],
    expect: { buffer: true, int8: true, float64: true, part: true, partOfBad: true, whole: false, empty: false },
    run: (WebAssembly) => {
      const framed = bytes(9, 9, 9, ...EMPTY, 9);
      return {
        buffer: WebAssembly.validate(bytes(...EMPTY).buffer),
        int8: WebAssembly.validate(Int8Array.from(EMPTY)),
        float64: WebAssembly.validate(new Float64Array(bytes(...EMPTY).buffer)),
        part: WebAssembly.validate(framed.subarray(3, 11)),
        partOfBad: WebAssembly.validate(new Uint8Array(framed.buffer, 3, 8)),
        whole: WebAssembly.validate(framed),
        empty: WebAssembly.validate(new ArrayBuffer(0)),
      };
    },
  },
  {
    id: "js-validate-data-view",
    title: "A DataView is a buffer source",
    covers: ["JS API: validate", "Web IDL: BufferSource"],
    expect: { valid: true, module: wasm("Module") },
    run: (WebAssembly, tools) => {
      const view = new DataView(bytes(0, ...EMPTY).buffer, 1);
      return {
        valid: tools.attempt(() => WebAssembly.validate(view)),
        module: tools.attempt(() => new WebAssembly.Module(view)),
      };
    },
  },
  {
    id: "js-validate-not-bytes",
    title: "What is no buffer source is a TypeError, also for validate",
    covers: ["JS API: validate", "Web IDL: BufferSource"],
    expect: {
      validate: Array.from({ length: 9 }, () => thrown("TypeError")),
      module: Array.from({ length: 9 }, () => thrown("TypeError")),
    },
    run: (WebAssembly, tools) => {
      const values = [undefined, null, true, 5, 5n, "bytes", Symbol("s"), EMPTY, { byteLength: 8 }];
      return {
        validate: values.map((value) => tools.attempt(() => WebAssembly.validate(value))),
        module: values.map((value) => tools.attempt(() => new WebAssembly.Module(value))),
      };
    },
  },
  {
    id: "js-validate-shared-bytes",
    title: "Bytes in shared memory are taken too",
    covers: ["JS API: validate", "Web IDL: AllowSharedBufferSource"],
    expect: { buffer: true, view: true, module: wasm("Module"), later: true },
    run: (WebAssembly, tools) => {
      const shared = new SharedArrayBuffer(8);
      const view = new Uint8Array(shared);
      view.set(EMPTY);
      return {
        buffer: tools.attempt(() => WebAssembly.validate(shared)),
        view: tools.attempt(() => WebAssembly.validate(view)),
        module: new WebAssembly.Module(view),
        later: WebAssembly.validate(view.fill(0)) === false,
      };
    },
  },
  {
    id: "js-validate-detached-bytes",
    title: "A detached buffer has no bytes: it is invalid, not a TypeError",
    covers: ["JS API: validate", "Web IDL: get a copy of the bytes"],
    expect: { before: true, after: false, view: false, module: throws("WebAssembly.CompileError") },
    run: (WebAssembly, tools) => {
      const view = bytes(...EMPTY);
      const { buffer: source } = view;
      const before = WebAssembly.validate(source);
      structuredClone(source, { transfer: [source] });
      return {
        before,
        after: tools.attempt(() => WebAssembly.validate(source)),
        view: tools.attempt(() => WebAssembly.validate(view)),
        module: tools.attempt(() => new WebAssembly.Module(source)),
      };
    },
  },
  {
    id: "js-module-own-copy",
    title: "A module keeps no tie to the bytes that it was made of",
    covers: ["JS API: Module constructor", "Web IDL: get a copy of the bytes"],
    expect: { exports: [{ name: "own", kind: "function" }], called: 7, sections: [] },
    modules: { seven: '(module (func (export "own") (result i32) (i32.const 7)))' },
    run: (WebAssembly, tools) => {
      const source = tools.wasm("seven");
      const module = new WebAssembly.Module(source);
      source.fill(0xff);
      return {
        exports: WebAssembly.Module.exports(module).map(({ name, kind }) => ({ name, kind })),
        called: new WebAssembly.Instance(module).exports.own(),
        sections: WebAssembly.Module.customSections(module, "name"),
      };
    },
  },
  {
    id: "js-module-exports-kinds",
    title: "Module.exports lists names and kinds in the order of the module",
    covers: ["JS API: Module.exports"],
    expect: {
      list: [
        ["own", "function"],
        ["memory", "memory"],
        ["table", "table"],
        ["global", "global"],
        ["tag", "tag"],
        ["f again", "function"],
        ["", "memory"],
      ],
      keys: [["name", "kind"]],
      plain: true,
      fresh: false,
      freshItems: false,
    },
    run: ({ Module }, tools) => {
      const module = tools.module("all");
      const list = Module.exports(module);
      return {
        list: list.map(({ name, kind }) => [name, kind]),
        keys: [Object.keys(list[0]).filter((key) => key !== "type")],
        plain: Array.isArray(list) && Object.getPrototypeOf(list[0]) === Object.prototype,
        fresh: list === Module.exports(module),
        freshItems: list[0] === Module.exports(module)[0],
      };
    },
  },
  {
    id: "js-module-imports-kinds",
    title: "Module.imports lists modules, names and kinds in the order of the module",
    covers: ["JS API: Module.imports"],
    expect: {
      list: [
        ["a", "f", "function"],
        ["a", "g", "global"],
        ["", "", "memory"],
        ["b", "t", "table"],
        ["b", "e", "tag"],
      ],
      keys: ["module", "name", "kind"],
      attributes: { value: "a", writable: true, enumerable: true, configurable: true },
      extensible: true,
    },
    run: ({ Module }, tools) => {
      const list = Module.imports(tools.module("all"));
      return {
        list: list.map(({ module, name, kind }) => [module, name, kind]),
        keys: Object.keys(list[0]).filter((key) => key !== "type"),
        attributes: Object.getOwnPropertyDescriptor(list[0], "module"),
        extensible: Object.isExtensible(list) && Object.isExtensible(list[0]),
      };
    },
  },
  {
    id: "js-module-lists-of-nothing",
    title: "A module without imports and exports gives empty arrays",
    covers: ["JS API: Module.exports", "JS API: Module.imports"],
    expect: { exports: [], imports: [], sections: [] },
    run: ({ Module }, tools) => {
      const module = tools.module("empty");
      return {
        exports: Module.exports(module),
        imports: Module.imports(module),
        sections: Module.customSections(module, ""),
      };
    },
  },
  {
    id: "js-module-statics-need-a-module",
    title: "The static operations take Module objects only",
    covers: ["JS API: Module", "Web IDL: interface types"],
    expect: {
      exports: Array.from({ length: 5 }, () => thrown("TypeError")),
      imports: Array.from({ length: 5 }, () => thrown("TypeError")),
      sections: Array.from({ length: 5 }, () => thrown("TypeError")),
    },
    run: ({ Module }, tools) => {
      const values = [undefined, null, {}, Module, Object.create(Module.prototype)];
      return {
        exports: values.map((value) => tools.attempt(() => Module.exports(value))),
        imports: values.map((value) => tools.attempt(() => Module.imports(value))),
        sections: values.map((value) => tools.attempt(() => Module.customSections(value, "name"))),
      };
    },
  },
  {
    id: "js-module-statics-ignore-this",
    title: "Static operations do not look at their receiver",
    covers: ["Web IDL: static operations"],
    expect: { undefined: 0, number: 0, other: 0 },
    run: ({ Module, Memory }, tools) => {
      const module = tools.module("empty");
      return {
        undefined: Module.exports.call(undefined, module).length,
        number: Module.imports.call(5, module).length,
        other: Module.exports.call(Memory, module).length,
      };
    },
  },
  {
    id: "js-custom-sections",
    title: "customSections gives a buffer for every section of that name, in order",
    covers: ["JS API: Module.customSections"],
    expect: {
      one: [buffer(5), buffer(0), buffer(5)],
      texts: ["first", "", "third"],
      two: [255, 0],
      accent: "accent",
      part: [],
      none: [],
    },
    run: ({ Module }, tools) => {
      const module = tools.module("sections");
      const text = (part) => new TextDecoder().decode(part);
      const one = Module.customSections(module, "one");
      return {
        one,
        texts: one.map(text),
        two: [...new Uint8Array(Module.customSections(module, "two")[0])],
        accent: text(Module.customSections(module, "nàme")[0]),
        part: Module.customSections(module, "on"),
        none: Module.customSections(module, "three"),
      };
    },
  },
  {
    id: "js-custom-sections-fresh",
    title: "Every call of customSections gives new buffers; writing to one changes nothing",
    covers: ["JS API: Module.customSections"],
    expect: { same: [false, false], again: "first", transferable: buffer(5), left: 0 },
    run: ({ Module }, tools) => {
      const module = tools.module("sections");
      const first = Module.customSections(module, "one");
      new Uint8Array(first[0]).fill(0);
      const second = Module.customSections(module, "one");
      const again = new TextDecoder().decode(second[0]);
      const moved = structuredClone(second[0], { transfer: [second[0]] });
      return {
        same: [first === second, first[0] === second[0]],
        again,
        transferable: moved,
        left: second[0].byteLength,
      };
    },
  },
  {
    id: "js-custom-sections-name",
    title: "The name of customSections is converted to a string, also undefined",
    covers: ["JS API: Module.customSections", "Web IDL: DOMString"],
    expect: {
      undefined: [],
      symbol: throws("TypeError"),
      null: 1,
      object: 3,
      number: 1,
      throwing: throws("RangeError"),
      log: ["name to string"],
    },
    modules: { named: '(module (@custom "null" "") (@custom "5" ""))' },
    run: ({ Module }, tools) => {
      const named = tools.module("named");
      const throwing = {
        toString: () => {
          throw new RangeError("mine");
        },
      };
      return {
        undefined: tools.attempt(() => Module.customSections(named, undefined)),
        symbol: tools.attempt(() => Module.customSections(named, Symbol("s"))),
        null: Module.customSections(named, null).length,
        object: Module.customSections(tools.module("sections"), tools.primitive("name", "one")).length,
        number: Module.customSections(named, 5).length,
        throwing: tools.attempt(() => Module.customSections(named, throwing)),
        log: tools.log,
      };
    },
  },
  {
    id: "js-custom-sections-surrogate",
    title: "A name with a lone surrogate names no section",
    covers: ["JS API: Module.customSections", "core: names"],
    expect: { lone: [], pair: 1 },
    modules: { named: '(module (@custom "\\f0\\9f\\90\\a2" "turtle") (@custom "\\ef\\bf\\bd" "replacement"))' },
    run: ({ Module }, tools) => {
      const module = tools.module("named");
      return { lone: Module.customSections(module, "\ud83d"), pair: Module.customSections(module, "\u{1f422}").length };
    },
  },
  {
    id: "js-module-bad-bytes",
    title: "Bytes that are no module: validate says false, the constructor throws a CompileError",
    covers: ["JS API: Module constructor", "JS API: validate"],
    expect: {
      valid: Array.from({ length: 8 }, () => false),
      errors: Array.from({ length: 8 }, () => thrown("WebAssembly.CompileError")),
    },
    run: (WebAssembly, tools) => {
      const sources = [
        [],
        [0, 0x61, 0x73],
        [0, 0x61, 0x73, 0x6e, 1, 0, 0, 0],
        [0, 0x61, 0x73, 0x6d, 9, 0, 0, 0],
        [...EMPTY, 1],
        [...EMPTY, 1, 4, 1, 0x60, 0, 1, 0x7f],
        [...EMPTY, 0x7f, 0],
        [...EMPTY, 0, 3, 2, 0xff, 0xfe],
      ];
      return {
        valid: sources.map((source) => WebAssembly.validate(bytes(...source))),
        errors: sources.map((source) => tools.attempt(() => new WebAssembly.Module(bytes(...source)))),
      };
    },
  },
  {
    id: "js-module-invalid",
    title: "Well-formed bytes that do not validate are a CompileError too",
    covers: ["JS API: Module constructor", "core: validation"],
    expect: {
      valid: false,
      error: throws("WebAssembly.CompileError"),
      duplicate: throws("WebAssembly.CompileError"),
      noMemory: false,
    },
    run: (WebAssembly, tools) => {
      const noResult = bytes(...EMPTY, 1, 5, 1, 0x60, 0, 1, 0x7f, 3, 2, 1, 0, 10, 4, 1, 2, 0, 0x0b);
      const duplicate = bytes(...EMPTY, 5, 3, 1, 0, 1, 7, 9, 2, 1, 0x6d, 2, 0, 1, 0x6d, 2, 0);
      const noMemory = bytes(...EMPTY, 7, 5, 1, 1, 0x6d, 2, 0);
      return {
        valid: WebAssembly.validate(noResult),
        error: tools.attempt(() => new WebAssembly.Module(noResult)),
        duplicate: tools.attempt(() => new WebAssembly.Module(duplicate)),
        noMemory: WebAssembly.validate(noMemory),
      };
    },
  },
  {
    id: "js-compile-error-object",
    title: "A CompileError is an error object with a message and a stack of this realm",
    covers: ["JS API: error objects"],
    expect: {
      error: error("WebAssembly.CompileError"),
      isError: true,
      own: [true, true],
      hasMessage: true,
      name: "CompileError",
      text: true,
    },
    run: (WebAssembly, tools) => {
      const { error: caught } = tools.attempt(() => new WebAssembly.Module(bytes(1)));
      const { value, ...attributes } = Object.getOwnPropertyDescriptor(caught, "message");
      return {
        error: caught,
        isError: caught instanceof Error && caught instanceof WebAssembly.CompileError,
        own: [attributes.writable, attributes.configurable],
        hasMessage: typeof value === "string" && value.length > 0,
        name: caught.name,
        text: String(caught) === `CompileError: ${value}`,
      };
    },
  },
  {
    id: "js-module-object",
    title: "A module shows nothing of itself, and two modules of the same bytes are two",
    covers: ["JS API: Module"],
    expect: {
      first: wasm("Module"),
      second: wasm("Module"),
      keys: [],
      text: "[object WebAssembly.Module]",
      json: "{}",
    },
    run: (_WebAssembly, tools) => {
      const [first, second] = [tools.module("all"), tools.module("all")];
      return { first, second, keys: Reflect.ownKeys(first), text: String(first), json: JSON.stringify(first) };
    },
  },
  {
    id: "js-module-from-resizable",
    title: "Bytes in a resizable buffer are taken as they are now",
    covers: ["Web IDL: AllowResizable"],
    needs: ["resizable"],
    expect: { module: wasm("Module"), view: true, longer: false },
    run: (WebAssembly) => {
      const source = new ArrayBuffer(8, { maxByteLength: 16 });
      new Uint8Array(source).set(EMPTY);
      const module = new WebAssembly.Module(source);
      const view = WebAssembly.validate(new Uint8Array(source));
      source.resize(9);
      return { module, view, longer: WebAssembly.validate(source) };
    },
  },
  {
    id: "js-module-options",
    title: "The options of Module are a dictionary: objects, undefined and null, no primitives",
    covers: ["JS API: WebAssemblyCompileOptions", "Web IDL: dictionaries"],
    expect: {
      none: wasm("Module"),
      null: wasm("Module"),
      empty: wasm("Module"),
      func: wasm("Module"),
      number: throws("TypeError"),
      text: throws("TypeError"),
    },
    run: (WebAssembly, tools) => {
      const make = (options) => tools.attempt(() => new WebAssembly.Module(bytes(...EMPTY), options));
      return {
        none: make(undefined),
        null: make(null),
        empty: make({}),
        func: make(() => 0),
        number: make(5),
        text: make("js-string"),
      };
    },
  },
  {
    id: "js-module-name-section",
    title: "Custom sections between all others are allowed, also a broken name section",
    covers: ["core: custom sections", "JS API: Module.customSections"],
    expect: { valid: true, names: [3, 1] },
    run: (WebAssembly) => {
      const custom = (name, ...content) => [
        0,
        content.length + 1 + name.length,
        name.length,
        ...[...name].map((c) => c.charCodeAt(0)),
        ...content,
      ];
      const source = bytes(
        ...EMPTY,
        ...custom("x", 1),
        ...custom("name", 0xff, 0xff),
        1,
        4,
        1,
        0x60,
        0,
        0,
        ...custom("x", 2),
        3,
        2,
        1,
        0,
        ...custom("x", 3),
        10,
        4,
        1,
        2,
        0,
        0x0b,
      );
      const module = new WebAssembly.Module(source);
      return {
        valid: WebAssembly.validate(source),
        names: ["x", "name"].map((name) => WebAssembly.Module.customSections(module, name).length),
      };
    },
  },
];
