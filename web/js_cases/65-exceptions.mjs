// Tag, Exception and JSTag; exceptions through host frames.

import { same, thrown, throws, throwsValue, wasm } from "../static/patterns.mjs";

export const group = "JavaScript: Tag, Exception and host frames";

export const modules = {
  thrower: `(module (tag $t (export "t") (param i32 i64 f32 f64 externref)) (tag $n (export "n"))
    (func (export "throw") (param i32 i64 f32 f64 externref)
      (throw $t (local.get 0) (local.get 1) (local.get 2) (local.get 3) (local.get 4)))
    (func (export "plain") (throw $n)))`,
  catcher: `(module (import "m" "tag" (tag $t (param i32))) (import "m" "f" (func $f))
    (func (export "run") (result i32)
      (block $h (result i32) (try_table (catch $t $h) (call $f)) (i32.const -1)))
    (func (export "all") (result i32)
      (block $h (try_table (catch_all $h) (call $f)) (return (i32.const -1))) (i32.const 1))
    (func (export "pass") (call $f)))`,
  rethrow: `(module (import "m" "f" (func $f))
    (func (export "run") (block $h (result exnref) (try_table (catch_all_ref $h) (call $f)) (return)) (throw_ref)))`,
  js: `(module (import "m" "JSTag" (tag $js (param externref))) (import "m" "f" (func $f))
    (func (export "run") (result externref) (block $h (result externref) (try_table (catch $js $h) (call $f))
    (ref.null extern)))
    (func (export "throw") (param externref) (throw $js (local.get 0)))
    (export "tag" (tag $js)))`,
};

export const cases = [
  {
    id: "js-tag-constructor",
    title: "A tag is made from a sequence of value types, and shows nothing",
    covers: ["JS API: Tag constructor"],
    expect: { empty: wasm("Tag"), all: wasm("Tag"), iterable: wasm("Tag"), keys: [], text: "[object WebAssembly.Tag]" },
    run: ({ Tag }, tools) => ({
      empty: new Tag({ parameters: [] }),
      all: new Tag({ parameters: ["i32", "i64", "f32", "f64", "externref", "anyfunc"] }),
      iterable: tools.attempt(() => new Tag({ parameters: new Set(["i32", "f64"]) })),
      keys: Reflect.ownKeys(new Tag({ parameters: [] })),
      text: String(new Tag({ parameters: [] })),
    }),
  },
  {
    id: "js-tag-descriptor",
    title: "The parameters of a tag are a sequence; what its iterator does decides",
    covers: ["Web IDL: sequences", "JS API: TagType"],
    expect: {
      missing: throws("TypeError"),
      null: throws("TypeError"),
      number: throws("TypeError"),
      arrayLike: throws("TypeError"),
      badType: throws("TypeError"),
      text: throws("TypeError"),
      throwing: throwsValue("next"),
      log: ["get parameters"],
    },
    run: ({ Tag }, tools) => {
      const make = (parameters) => tools.attempt(() => new Tag({ parameters }));
      const throwing = {
        [Symbol.iterator]: () => ({
          next: () => {
            throw "next";
          },
        }),
      };
      const result = {
        missing: tools.attempt(() => new Tag({})),
        null: make(null),
        number: make(5),
        arrayLike: make({ length: 0 }),
        badType: make(["i33"]),
        text: make("i32"),
        throwing: make(throwing),
      };
      new Tag(tools.spy({ parameters: [] }));
      return { ...result, log: tools.log };
    },
  },
  {
    id: "js-exception-constructor",
    title: "An exception holds converted values that only its own tag can read",
    covers: ["JS API: Exception constructor", "JS API: Exception.getArg"],
    expect: {
      exception: wasm("Exception"),
      values: [-1, -1n, 0.10000000149011612, -0, "any"],
      is: [true, false],
      otherTag: throws("TypeError"),
      beyond: throws("RangeError"),
      sameTypes: throws("TypeError"),
    },
    run: ({ Tag, Exception }, tools) => {
      const parameters = ["i32", "i64", "f32", "f64", "externref"];
      const tag = new Tag({ parameters });
      const twin = new Tag({ parameters });
      const exception = new Exception(tag, [2 ** 32 - 1, 2n ** 64n - 1n, 0.1, -0, "any"]);
      return {
        exception,
        values: parameters.map((_, k) => exception.getArg(tag, k)),
        is: [exception.is(tag), exception.is(twin)],
        otherTag: tools.attempt(() => exception.getArg(new Tag({ parameters: [] }), 0)),
        beyond: tools.attempt(() => exception.getArg(tag, 5)),
        sameTypes: tools.attempt(() => exception.getArg(twin, 0)),
      };
    },
  },
  {
    id: "js-exception-payload",
    title: "The payload must have as many values as the tag, of convertible kinds",
    covers: ["JS API: Exception constructor", "Web IDL: sequences"],
    expect: {
      few: throws("TypeError"),
      many: throws("TypeError"),
      kind: throws("TypeError"),
      notSequence: throws("TypeError"),
      missing: throws("TypeError"),
      notTag: throws("TypeError"),
      throwing: throwsValue("mine"),
      set: 7,
      fraction: 1,
    },
    run: ({ Tag, Exception }, tools) => {
      const tag = new Tag({ parameters: ["i32"] });
      const big = new Tag({ parameters: ["i64"] });
      const make = (...args) => tools.attempt(() => new Exception(...args).getArg(args[0], 0));
      const throwing = {
        valueOf: () => {
          throw "mine";
        },
      };
      return {
        few: make(tag, []),
        many: make(tag, [1, 2]),
        kind: make(big, [1]),
        notSequence: make(tag, 1),
        missing: make(tag),
        notTag: make({}, [1]),
        throwing: make(tag, [throwing]),
        set: make(tag, new Set([7])),
        fraction: make(tag, [1.9]),
      };
    },
  },
  {
    id: "js-exception-index",
    title: "The index of getArg is converted with EnforceRange, after the tag's kind is checked",
    covers: ["JS API: Exception.getArg", "Web IDL: EnforceRange"],
    expect: {
      text: 8,
      fraction: 7,
      null: 7,
      negative: throws("TypeError"),
      nan: throws("TypeError"),
      wide: throws("TypeError"),
      notTag: throws("TypeError"),
      log: [],
    },
    run: ({ Tag, Exception }, tools) => {
      const tag = new Tag({ parameters: ["i32", "i32"] });
      const exception = new Exception(tag, [7, 8]);
      const get = (index) => tools.attempt(() => exception.getArg(tag, index));
      return {
        text: get("1"),
        fraction: get(0.9),
        null: get(null),
        negative: get(-1),
        nan: get(NaN),
        wide: get(2 ** 32),
        notTag: tools.attempt(() => exception.getArg({}, tools.primitive("index", 0))),
        log: tools.log,
      };
    },
  },
  {
    id: "js-exception-of-jstag",
    title: "No Exception can be made with JSTag",
    covers: ["JS API: Exception constructor", "JS API: JSTag"],
    expect: { error: throws("TypeError"), exported: true },
    run: ({ Exception, JSTag }, tools) => ({
      error: tools.attempt(() => new Exception(JSTag, [{}])),
      exported: tools.exports("js", { m: { JSTag, f: () => {} } }).tag === JSTag,
    }),
  },
  {
    id: "js-exception-stack",
    title: "An exception has a stack only when traceStack asks for one",
    covers: ["JS API: ExceptionOptions", "JS API: Exception.stack"],
    expect: { without: "undefined", with: true, notObject: throws("TypeError"), null: "undefined" },
    run: ({ Tag, Exception }, tools) => {
      const tag = new Tag({ parameters: [] });
      const { stack } = new Exception(tag, [], { traceStack: true });
      return {
        without: typeof new Exception(tag, []).stack,
        with: stack === undefined || typeof stack === "string",
        notObject: tools.attempt(() => new Exception(tag, [], 5)),
        null: typeof new Exception(tag, [], null).stack,
      };
    },
  },
  {
    id: "js-exception-from-wasm",
    title: "An exception thrown by wasm code reaches JavaScript as an Exception with the values",
    covers: ["JS API: call an Exported Function", "JS API: Exception"],
    expect: {
      thrown: throws("WebAssembly.Exception"),
      values: [-5, 2n, 0.5, -0, true],
      is: [true, false],
      plain: true,
    },
    run: (_WebAssembly, tools) => {
      const { t, n, throw: throwIt, plain } = tools.exports("thrower");
      const mine = {};
      const caught = tools.attempt(() => throwIt(-5, 2n, 0.5, -0, mine));
      const { error } = caught;
      return {
        thrown: caught,
        values: [
          error.getArg(t, 0),
          error.getArg(t, 1),
          error.getArg(t, 2),
          error.getArg(t, 3),
          error.getArg(t, 4) === mine,
        ],
        is: [error.is(t), error.is(n)],
        plain: tools.attempt(() => plain()).error.is(n),
      };
    },
  },
  {
    id: "js-exception-into-wasm",
    title: "wasm code catches an Exception that JavaScript throws, by its tag",
    covers: ["JS API: create a host function", "core: try_table"],
    expect: { caught: 41, otherTag: true, all: 1, none: -1 },
    run: ({ Tag, Exception }, tools) => {
      const tag = new Tag({ parameters: ["i32"] });
      const other = new Tag({ parameters: ["i32"] });
      const make = (f) => tools.exports("catcher", { m: { tag, f } });
      const stranger = new Exception(other, [1]);
      const throwing = (value) => () => {
        throw value;
      };
      return {
        caught: make(throwing(new Exception(tag, [41]))).run(),
        otherTag: tools.attempt(() => make(throwing(stranger)).run()).error === stranger,
        all: make(throwing(stranger)).all(),
        none: make(() => {}).run(),
      };
    },
  },
  {
    id: "js-exception-through-frames",
    title: "A thrown value of any kind passes through wasm frames and stays the same value",
    covers: ["JS API: create a host function"],
    expect: {
      errors: [true, true, true, true],
      undefined: throwsValue(undefined),
      minusZero: throwsValue(-0),
      all: 1,
      rethrown: true,
    },
    run: ({ Tag }, tools) => {
      const tag = new Tag({ parameters: ["i32"] });
      let value;
      const f = () => {
        throw value;
      };
      const { pass, all } = tools.exports("catcher", { m: { tag, f } });
      const { run } = tools.exports("rethrow", { m: { f } });
      const through = (g, v) => {
        value = v;
        return tools.attempt(g);
      };
      const objects = [new TypeError("mine"), {}, Symbol("s"), () => 0];
      return {
        errors: objects.map((each) => Object.is(through(pass, each).error, each)),
        undefined: through(pass, undefined),
        minusZero: through(pass, -0),
        all: through(all, objects[0]),
        rethrown: objects.every((each) => through(run, each).error === each),
      };
    },
  },
  {
    id: "js-exception-identity-through-frames",
    title: "An Exception that crosses wasm, JavaScript and wasm again is one object all the way",
    covers: ["JS API: create an Exception object"],
    expect: { inner: wasm("Exception"), outer: same("inner"), rethrown: true, is: true, mine: 3 },
    modules: { chain: '(module (import "m" "f" (func $f)) (func (export "run") (call $f)))' },
    run: (_WebAssembly, tools) => {
      const { n, plain } = tools.exports("thrower");
      let inner;
      const middle = () => {
        try {
          plain();
        } catch (error) {
          inner = error;
          error.mine = 3;
          throw error;
        }
      };
      const { run } = tools.exports("chain", { m: { f: middle } });
      const outer = tools.attempt(() => run()).error;
      const first = inner;
      const { run: rethrow } = tools.exports("rethrow", { m: { f: run } });
      const again = tools.attempt(() => rethrow()).error;
      return { inner: first, outer, rethrown: again === inner && again !== first, is: again.is(n), mine: outer.mine };
    },
  },
  {
    id: "js-jstag-catches",
    title: "JSTag catches what JavaScript throws, as the value itself",
    covers: ["JS API: JSTag"],
    expect: { kept: true, notExceptions: throws("WebAssembly.Exception"), none: null },
    run: ({ JSTag, Tag, Exception }, tools) => {
      let value;
      const { run } = tools.exports("js", {
        m: {
          JSTag,
          f: () => {
            throw value;
          },
        },
      });
      const caught = (v) => {
        value = v;
        return run();
      };
      const values = [new Error("mine"), undefined, null, -0, "text", Symbol("s"), {}];
      return {
        kept: values.every((each) => Object.is(caught(each), each)),
        notExceptions: tools.attempt(() => caught(new Exception(new Tag({ parameters: [] }), []))),
        none: tools.exports("js", { m: { JSTag, f: () => {} } }).run(),
      };
    },
  },
  {
    id: "js-jstag-throws",
    title: "An exception that wasm code throws with JSTag is the bare value in JavaScript",
    covers: ["JS API: JSTag", "JS API: call an Exported Function"],
    expect: {
      object: true,
      undefined: throwsValue(undefined),
      null: throwsValue(null),
      text: throwsValue("text"),
      error: true,
    },
    run: ({ JSTag }, tools) => {
      const { throw: throwIt } = tools.exports("js", { m: { JSTag, f: () => {} } });
      const mine = {};
      const error = new RangeError("mine");
      const thrownBy = (value) => tools.attempt(() => throwIt(value));
      return {
        object: thrownBy(mine).error === mine,
        undefined: thrownBy(undefined),
        null: thrownBy(null),
        text: thrownBy("text"),
        error: thrownBy(error).error === error,
      };
    },
  },
  {
    id: "js-traps-are-not-caught",
    title: "catch_all catches exceptions, not traps, also not those that pass through JavaScript",
    covers: ["core: try_table", "JS API: error objects"],
    expect: { direct: throws("WebAssembly.RuntimeError"), made: 1 },
    modules: { trap: '(module (func (export "trap") unreachable))' },
    run: ({ Tag, RuntimeError }, tools) => {
      const tag = new Tag({ parameters: ["i32"] });
      const { trap } = tools.exports("trap");
      const made = () => {
        throw new RuntimeError("made by JavaScript");
      };
      return {
        direct: tools.attempt(() => tools.exports("catcher", { m: { tag, f: trap } }).all()),
        made: tools.exports("catcher", { m: { tag, f: made } }).all(),
      };
    },
  },
  {
    id: "js-tag-identity",
    title: "An imported tag is exported again as the same object; tags of other types do not link",
    covers: ["JS API: create a Tag object", "core: import matching"],
    expect: {
      tag: wasm("Tag"),
      again: same("tag"),
      wrong: throws("WebAssembly.LinkError"),
      errors: [thrown("WebAssembly.LinkError"), thrown("WebAssembly.LinkError")],
    },
    modules: { pass: '(module (import "m" "t" (tag $t (param i32))) (export "again" (tag $t)))' },
    run: ({ Tag }, tools) => {
      const tag = new Tag({ parameters: ["i32"] });
      const link = (t) => tools.attempt(() => tools.exports("pass", { m: { t } }));
      return {
        tag,
        again: link(tag).again,
        wrong: link(new Tag({ parameters: ["i64"] })),
        errors: [link(new Tag({ parameters: [] })), link({})],
      };
    },
  },
  {
    id: "js-finally-runs",
    title: "finally blocks of JavaScript frames between wasm frames run when wasm code throws or traps",
    covers: ["JS API: call an Exported Function", "re-entrance"],
    expect: {
      thrown: throws("WebAssembly.Exception"),
      trapped: throws("WebAssembly.RuntimeError"),
      log: ["finally", "finally"],
    },
    modules: {
      chain: '(module (import "m" "f" (func $f)) (func (export "run") (call $f)))',
      trap: '(module (func (export "trap") unreachable))',
    },
    run: (_WebAssembly, tools) => {
      const run = (g) =>
        tools.attempt(() =>
          tools
            .exports("chain", {
              m: {
                f: () => {
                  try {
                    g();
                  } finally {
                    tools.log.push("finally");
                  }
                },
              },
            })
            .run(),
        );
      return { thrown: run(tools.exports("thrower").plain), trapped: run(tools.exports("trap").trap), log: tools.log };
    },
  },
];
