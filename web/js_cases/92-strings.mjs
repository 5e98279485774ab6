// JavaScript string builtins and imported string constants.

import { func, throws, wasm } from "../static/patterns.mjs";

export const group = "JavaScript: string builtins";

const signatures = {
  cast: "(param externref) (result (ref extern))",
  test: "(param externref) (result i32)",
  fromCharCode: "(param i32) (result (ref extern))",
  fromCodePoint: "(param i32) (result (ref extern))",
  charCodeAt: "(param externref i32) (result i32)",
  codePointAt: "(param externref i32) (result i32)",
  length: "(param externref) (result i32)",
  concat: "(param externref externref) (result (ref extern))",
  substring: "(param externref i32 i32) (result (ref extern))",
  equals: "(param externref externref) (result i32)",
  compare: "(param externref externref) (result i32)",
};
const all = Object.entries(signatures)
  .map(([name, type]) => `(import "wasm:js-string" "${name}" (func $${name} ${type}))`)
  .join(" ");
const wrapped = Object.entries(signatures)
  .map(([name, type]) => {
    const count = type.match(/\(param ([^)]*)\)/)[1].split(" ").length;
    const operands = Array.from({ length: count }, (_, k) => `(local.get ${k})`).join(" ");
    return `(func (export "${name}") ${type} (call $${name} ${operands}))`;
  })
  .join(" ");

export const modules = {
  strings: `(module ${all} ${wrapped} (export "direct" (func $length)))`,
  arrays: `(module (type $a (array (mut i16)))
    (import "wasm:js-string" "fromCharCodeArray" (func $from (param (ref null $a) i32 i32) (result (ref extern))))
    (import "wasm:js-string" "intoCharCodeArray" (func $into (param externref (ref null $a) i32) (result i32)))
    (func (export "make") (param i32) (result (ref $a)) (array.new $a (i32.const 120) (local.get 0)))
    (func (export "from") (param (ref null $a) i32 i32) (result externref) (call $from (local.get 0) (local.get 1)
    (local.get 2)))
    (func (export "into") (param externref (ref null $a) i32) (result i32) (call $into (local.get 0) (local.get 1)
    (local.get 2)))
    (func (export "get") (param (ref $a) i32) (result i32) (array.get_u $a (local.get 0) (local.get 1))))`,
  constants: `(module (import "'" "hello" (global $h (ref extern))) (import "'" "" (global $e externref))
    (import "'" "\\f0\\9f\\90\\a2" (global $t externref))
    (func (export "hello") (result externref) (global.get $h)) (func (export "empty") (result externref)
    (global.get $e))
    (func (export "turtle") (result externref) (global.get $t)) (export "global" (global $h)))`,
  wrong: '(module (import "wasm:js-string" "length" (func (param i32) (result i32))))',
  unknown: `(module (import "wasm:js-string" "reverse" (func (param externref) (result externref)))
      (export "reverse" (func 0)))`,
};

const options = { builtins: ["js-string"] };
const make = (WebAssembly, tools, name, ...imports) =>
  new WebAssembly.Instance(new WebAssembly.Module(tools.wasm(name), options), ...imports).exports;

export const cases = [
  {
    id: "js-string-operations",
    title: "The string builtins do what the methods of String do",
    covers: ["JS API: js-string builtins"],
    expect: {
      test: [1, 1, 0, 0, 0],
      length: [0, 3, 2],
      chars: [97, 55357, 56354],
      points: [97, 128034, 56354],
      concat: "abc",
      substring: ["bc", "", "abc", ""],
      equals: [1, 0, 1, 0],
      compare: [-1, 0, 1],
      codes: ["a", "\ud83d", "\uffff"],
      fromPoints: ["a", "🐢"],
      cast: "kept",
    },
    run: (WebAssembly, tools) => {
      const s = make(WebAssembly, tools, "strings", {});
      return {
        test: ["", "a", 5, null, new String("a")].map((value) => s.test(value)),
        length: ["", "abc", "🐢"].map((value) => s.length(value)),
        chars: [s.charCodeAt("abc", 0), s.charCodeAt("🐢", 0), s.charCodeAt("🐢", 1)],
        points: [s.codePointAt("abc", 0), s.codePointAt("🐢", 0), s.codePointAt("🐢", 1)],
        concat: s.concat("a", "bc"),
        substring: [
          s.substring("abc", 1, 3),
          s.substring("abc", 2, 1),
          s.substring("abc", 0, -1),
          s.substring("abc", 7, 9),
        ],
        equals: [s.equals("a", "a"), s.equals("a", "b"), s.equals(null, null), s.equals("a", null)],
        compare: [s.compare("a", "b"), s.compare("a", "a"), s.compare("b", "a")],
        codes: [s.fromCharCode(97), s.fromCharCode(0xd83d), s.fromCharCode(-1)],
        fromPoints: [s.fromCodePoint(97), s.fromCodePoint(128034)],
        cast: s.cast("kept"),
      };
    },
  },
  {
    id: "js-string-traps",
    title: "A builtin that gets no string, or an index beyond the string, traps",
    covers: ["JS API: js-string builtins"],
    expect: {
      cast: throws("WebAssembly.RuntimeError"),
      object: throws("WebAssembly.RuntimeError"),
      null: throws("WebAssembly.RuntimeError"),
      index: throws("WebAssembly.RuntimeError"),
      negative: throws("WebAssembly.RuntimeError"),
      point: throws("WebAssembly.RuntimeError"),
      concat: throws("WebAssembly.RuntimeError"),
      equals: throws("WebAssembly.RuntimeError"),
      compare: throws("WebAssembly.RuntimeError"),
      noSideEffect: 0,
    },
    run: (WebAssembly, tools) => {
      const s = make(WebAssembly, tools, "strings", {});
      const attempt = (f) => tools.attempt(f);
      const object = {
        toString: () => {
          tools.log.push("converted");
          return "text";
        },
      };
      return {
        cast: attempt(() => s.cast(5)),
        object: attempt(() => s.length(object)),
        null: attempt(() => s.length(null)),
        index: attempt(() => s.charCodeAt("abc", 3)),
        negative: attempt(() => s.codePointAt("abc", -1)),
        point: attempt(() => s.fromCodePoint(0x110000)),
        concat: attempt(() => s.concat("a", 5)),
        equals: attempt(() => s.equals(5, "5")),
        compare: attempt(() => s.compare("a", undefined)),
        noSideEffect: tools.log.length,
      };
    },
  },
  {
    id: "js-string-arrays",
    title: "Arrays of 16 bit units become strings and take them",
    covers: ["JS API: js-string builtins"],
    expect: {
      from: "xx",
      part: "x",
      empty: "",
      into: 2,
      units: [120, 104, 105, 120],
      again: "xhix",
      bounds: throws("WebAssembly.RuntimeError"),
      long: throws("WebAssembly.RuntimeError"),
      null: throws("WebAssembly.RuntimeError"),
    },
    run: (WebAssembly, tools) => {
      const { make: array, from, into, get } = make(WebAssembly, tools, "arrays", {});
      const units = array(4);
      const first = {
        from: from(array(2), 0, 2),
        part: from(units, 3, 4),
        empty: from(units, 4, 4),
        into: into("hi", units, 1),
      };
      return {
        ...first,
        units: [0, 1, 2, 3].map((k) => get(units, k)),
        again: from(units, 0, 4),
        bounds: tools.attempt(() => from(units, 0, 5)),
        long: tools.attempt(() => into("hello", units, 0)),
        null: tools.attempt(() => from(null, 0, 0)),
      };
    },
  },
  {
    id: "js-string-constants",
    title: "importedStringConstants gives each imported global its own name as a string",
    covers: ["JS API: importedStringConstants"],
    expect: {
      hello: "hello",
      empty: "",
      turtle: "🐢",
      global: wasm("Global"),
      value: "hello",
      imports: [],
      without: throws("TypeError"),
    },
    run: (WebAssembly, tools) => {
      const module = new WebAssembly.Module(tools.wasm("constants"), { importedStringConstants: "'" });
      const { hello, empty, turtle, global } = new WebAssembly.Instance(module, {}).exports;
      return {
        hello: hello(),
        empty: empty(),
        turtle: turtle(),
        global,
        value: global.value,
        imports: WebAssembly.Module.imports(module),
        without: tools.attempt(() => tools.instance("constants", {})),
      };
    },
  },
  {
    id: "js-string-without-option",
    title: "Without the option the imports are ordinary ones",
    covers: ["JS API: WebAssemblyCompileOptions"],
    expect: { listed: 11, hidden: 0, needs: throws("TypeError"), own: 42 },
    run: (WebAssembly, tools) => {
      const module = tools.module("strings");
      const own = Object.fromEntries(Object.keys(signatures).map((name) => [name, () => 42]));
      return {
        listed: WebAssembly.Module.imports(module).length,
        hidden: WebAssembly.Module.imports(new WebAssembly.Module(tools.wasm("strings"), options)).length,
        needs: tools.attempt(() => new WebAssembly.Instance(module, {})),
        own: new WebAssembly.Instance(module, { "wasm:js-string": own }).exports.length("x"),
      };
    },
  },
  {
    id: "js-string-wrong-type",
    title: "A builtin imported with another type does not compile; an unknown name is an ordinary import",
    covers: ["JS API: validate an import for builtins"],
    expect: {
      valid: [false, true],
      error: throws("WebAssembly.CompileError"),
      unknown: "cba",
      missing: throws("TypeError"),
    },
    run: (WebAssembly, tools) => {
      const unknown = new WebAssembly.Module(tools.wasm("unknown"), options);
      const reverse = (text) => [...text].reverse().join("");
      return {
        valid: [WebAssembly.validate(tools.wasm("wrong"), options), WebAssembly.validate(tools.wasm("wrong"))],
        error: tools.attempt(() => new WebAssembly.Module(tools.wasm("wrong"), options)),
        unknown: new WebAssembly.Instance(unknown, { "wasm:js-string": { reverse } }).exports.reverse("abc"),
        missing: tools.attempt(() => new WebAssembly.Instance(unknown, {})),
      };
    },
  },
  {
    id: "js-string-options",
    title: "builtins is a sequence of names; unknown ones are ignored, repeated ones refused",
    covers: ["JS API: WebAssemblyCompileOptions", "Web IDL: sequences"],
    expect: {
      unknown: wasm("Module"),
      empty: wasm("Module"),
      repeated: throws("WebAssembly.CompileError"),
      text: throws("TypeError"),
      log: ["get builtins", "get importedStringConstants"],
    },
    run: (WebAssembly, tools) => {
      const compile = (given) => tools.attempt(() => new WebAssembly.Module(tools.wasm("strings"), given));
      const result = {
        unknown: compile({ builtins: ["js-string", "js-numbers"] }),
        empty: compile({ builtins: [] }),
        repeated: compile({ builtins: ["js-string", "js-string"] }),
        text: compile({ builtins: 5 }),
      };
      compile(tools.spy({}));
      return { ...result, log: tools.log };
    },
  },
  {
    id: "js-string-exported",
    title: "A builtin that is exported is an Exported Function",
    covers: ["JS API: create a builtin function"],
    expect: { direct: func("6", 1), called: 3, trap: throws("WebAssembly.RuntimeError") },
    run: (WebAssembly, tools) => {
      const { direct } = make(WebAssembly, tools, "strings", {});
      return { direct: direct, called: direct("abc"), trap: tools.attempt(() => direct(5)) };
    },
  },
];
