// compile, instantiate and their streaming forms: promises that reject, never throw.

import { buffer, error, func, object, throws, throwsValue, wasm } from "../static/patterns.mjs";

export const group = "JavaScript: compile and instantiate";

export const modules = {
  five: '(module (@custom "c" "x") (func (export "five") (result i32) (i32.const 5)))',
  imports: '(module (import "m" "f" (func $f (result i32))) (func (export "run") (result i32) (call $f)))',
  start: '(module (import "m" "f" (func $f)) (start $f))',
};

const response = (bytes, { type = "application/wasm", status = 200 } = {}) =>
  new Response(bytes, { status, headers: type === null ? {} : { "Content-Type": type } });

export const cases = [
  {
    id: "js-compile",
    title: "compile resolves with a Module; the bytes are copied before it returns",
    covers: ["JS API: compile"],
    expect: { promise: object("Promise"), module: wasm("Module"), exports: ["five"], called: 5, section: buffer(1) },
    run: async (WebAssembly, tools) => {
      const bytes = tools.wasm("five");
      const promise = WebAssembly.compile(bytes);
      bytes.fill(0);
      const module = await promise;
      return {
        promise,
        module,
        exports: WebAssembly.Module.exports(module).map(({ name }) => name),
        called: new WebAssembly.Instance(module).exports.five(),
        section: WebAssembly.Module.customSections(module, "c")[0],
      };
    },
  },
  {
    id: "js-compile-rejects",
    title: "compile rejects for every wrong argument; it never throws",
    covers: ["JS API: compile", "Web IDL: promise types"],
    expect: {
      missing: throws("TypeError"),
      number: throws("TypeError"),
      text: throws("TypeError"),
      empty: throws("WebAssembly.CompileError"),
      bad: throws("WebAssembly.CompileError"),
      options: throws("TypeError"),
    },
    run: async (WebAssembly, tools) => ({
      missing: await tools.settle(() => WebAssembly.compile()),
      number: await tools.settle(() => WebAssembly.compile(5)),
      text: await tools.settle(() => WebAssembly.compile("bytes")),
      empty: await tools.settle(() => WebAssembly.compile(new Uint8Array())),
      bad: await tools.settle(() => WebAssembly.compile(Uint8Array.of(1, 2, 3))),
      options: await tools.settle(() => WebAssembly.compile(tools.wasm("five"), { builtins: 5 })),
    }),
  },
  {
    id: "js-instantiate-bytes",
    title: "instantiate of bytes resolves with a plain object of module and instance",
    covers: ["JS API: instantiate"],
    expect: {
      result: { module: wasm("Module"), instance: wasm("Instance") },
      keys: ["module", "instance"],
      attributes: { writable: true, enumerable: true, configurable: true },
      called: 5,
      another: wasm("Instance"),
    },
    run: async (WebAssembly, tools) => {
      const result = await WebAssembly.instantiate(tools.wasm("five"));
      const { value: _value, ...attributes } = Object.getOwnPropertyDescriptor(result, "instance");
      return {
        result,
        keys: Object.keys(result),
        attributes,
        called: result.instance.exports.five(),
        another: new WebAssembly.Instance(result.module),
      };
    },
  },
  {
    id: "js-instantiate-module",
    title: "instantiate of a Module resolves with the instance alone",
    covers: ["JS API: instantiate"],
    expect: { instance: wasm("Instance"), called: 7, function: func("1", 0) },
    run: async (WebAssembly, tools) => {
      const instance = await WebAssembly.instantiate(tools.module("imports"), { m: { f: () => 7 } });
      return { instance, called: instance.exports.run(), function: instance.exports.run };
    },
  },
  {
    id: "js-instantiate-rejects",
    title: "instantiate rejects with the classes that the constructors throw",
    covers: ["JS API: instantiate", "Web IDL: promise types"],
    expect: {
      missing: throws("TypeError"),
      kind: throws("TypeError"),
      bad: throws("WebAssembly.CompileError"),
      noImports: throws("TypeError"),
      null: throws("TypeError"),
      primitive: throws("TypeError"),
      link: throws("WebAssembly.LinkError"),
      moduleLink: throws("WebAssembly.LinkError"),
      moduleNoImports: throws("TypeError"),
    },
    run: async (WebAssembly, tools) => {
      const bytes = tools.wasm("imports");
      const module = tools.module("imports");
      const settle = (...args) => tools.settle(() => WebAssembly.instantiate(...args));
      return {
        missing: await settle(),
        kind: await settle({}),
        bad: await settle(Uint8Array.of(0)),
        noImports: await settle(bytes),
        null: await settle(bytes, null),
        primitive: await settle(bytes, 5),
        link: await settle(bytes, { m: { f: 5 } }),
        moduleLink: await settle(module, { m: {} }),
        moduleNoImports: await settle(module),
      };
    },
  },
  {
    id: "js-instantiate-start",
    title: "What the start function throws is what the promise rejects with",
    covers: ["JS API: instantiate"],
    expect: { value: throwsValue("mine"), identity: true, trap: throws("WebAssembly.RuntimeError") },
    modules: { trap: "(module (start $f) (func $f unreachable))" },
    run: async (WebAssembly, tools) => {
      const mine = new Error("mine");
      const throwing = (value) => ({
        m: {
          f: () => {
            throw value;
          },
        },
      });
      return {
        value: await tools.settle(WebAssembly.instantiate(tools.wasm("start"), throwing("mine"))),
        identity: (await tools.settle(WebAssembly.instantiate(tools.module("start"), throwing(mine)))).error === mine,
        trap: await tools.settle(WebAssembly.instantiate(tools.wasm("trap"))),
      };
    },
  },
  {
    id: "js-instantiate-order",
    title: "The bytes are copied at once; the imports are read after compilation for bytes, at once for modules",
    covers: ["JS API: instantiate"],
    expect: { called: 7, log: ["returned for bytes", "get m", "get f", "get m", "get f", "returned for module"] },
    run: async (WebAssembly, tools) => {
      const bytes = tools.wasm("imports");
      const module = tools.module("imports");
      const imports = () => tools.spy({ m: tools.spy({ f: () => 7 }) });
      const fromBytes = WebAssembly.instantiate(bytes, imports());
      bytes.fill(0);
      tools.log.push("returned for bytes");
      const { instance } = await fromBytes;
      const fromModule = WebAssembly.instantiate(module, imports());
      tools.log.push("returned for module");
      await fromModule;
      return { called: instance.exports.run(), log: tools.log };
    },
  },
  {
    id: "js-instantiate-asynchronous",
    title: "Nothing resolves before the caller's own job is over",
    covers: ["JS API: asynchronously compile a WebAssembly module"],
    expect: { log: ["after the calls", "compiled", "instantiated"] },
    run: async (WebAssembly, tools) => {
      const compiled = WebAssembly.compile(tools.wasm("five")).then(() => tools.log.push("compiled"));
      const instantiated = compiled
        .then(() => WebAssembly.instantiate(tools.wasm("five")))
        .then(() => tools.log.push("instantiated"));
      tools.log.push("after the calls");
      await instantiated;
      return { log: tools.log };
    },
  },
  {
    id: "js-instantiate-bad-imports-early",
    title: "An import object that is no object is refused before the bytes are looked at",
    covers: ["Web IDL: object", "JS API: instantiate"],
    expect: { text: throws("TypeError"), symbol: throws("TypeError"), badBytes: throws("TypeError") },
    run: async (WebAssembly, tools) => ({
      text: await tools.settle(() => WebAssembly.instantiate(tools.wasm("five"), "imports")),
      symbol: await tools.settle(() => WebAssembly.instantiate(tools.wasm("five"), Symbol("s"))),
      badBytes: await tools.settle(() => WebAssembly.instantiate(Uint8Array.of(1), 5)),
    }),
  },
  {
    id: "js-compile-streaming",
    title: "compileStreaming takes a Response or a promise of one",
    covers: ["Web API: compileStreaming"],
    expect: {
      response: wasm("Module"),
      promise: wasm("Module"),
      thenable: wasm("Module"),
      used: true,
      upperCase: wasm("Module"),
    },
    run: async (WebAssembly, tools) => {
      const direct = response(tools.wasm("five"));
      return {
        response: await WebAssembly.compileStreaming(direct),
        promise: await WebAssembly.compileStreaming(Promise.resolve(response(tools.wasm("five")))),
        // biome-ignore lint/suspicious/noThenProperty: a thenable is what is tested
        thenable: await WebAssembly.compileStreaming({ then: (resolve) => resolve(response(tools.wasm("five"))) }),
        used: direct.bodyUsed,
        upperCase: await tools.settle(
          WebAssembly.compileStreaming(response(tools.wasm("five"), { type: "Application/WASM" })),
        ),
      };
    },
  },
  {
    id: "js-compile-streaming-rejects",
    title: "compileStreaming rejects what is no fresh, good response of the right type",
    covers: ["Web API: compile a potential WebAssembly response"],
    expect: {
      missing: throws("TypeError"),
      notResponse: throws("TypeError"),
      type: throws("TypeError"),
      noType: throws("TypeError"),
      parameter: throws("TypeError"),
      status: throws("TypeError"),
      used: throws("TypeError"),
      bad: throws("WebAssembly.CompileError"),
      rejected: throwsValue("mine"),
    },
    run: async (WebAssembly, tools) => {
      const settle = (...args) => tools.settle(() => WebAssembly.compileStreaming(...args));
      const bytes = tools.wasm("five");
      const used = response(bytes);
      await used.arrayBuffer();
      return {
        missing: await settle(),
        notResponse: await settle(bytes),
        type: await settle(response(bytes, { type: "text/plain" })),
        noType: await settle(response(bytes, { type: null })),
        parameter: await settle(response(bytes, { type: "application/wasm; a=b" })),
        status: await settle(response(bytes, { status: 404 })),
        used: await settle(used),
        bad: await settle(response(Uint8Array.of(1))),
        rejected: await settle(Promise.reject("mine")),
      };
    },
  },
  {
    id: "js-instantiate-streaming",
    title: "instantiateStreaming gives module and instance, and rejects like instantiate",
    covers: ["Web API: instantiateStreaming"],
    expect: {
      result: { module: wasm("Module"), instance: wasm("Instance") },
      called: 7,
      link: throws("WebAssembly.LinkError"),
      noImports: throws("TypeError"),
      type: throws("TypeError"),
    },
    run: async (WebAssembly, tools) => {
      const stream = (...args) => WebAssembly.instantiateStreaming(response(tools.wasm("imports")), ...args);
      const result = await stream({ m: { f: () => 7 } });
      return {
        result,
        called: result.instance.exports.run(),
        link: await tools.settle(() => stream({ m: { f: 5 } })),
        noImports: await tools.settle(() => stream()),
        type: await tools.settle(() =>
          WebAssembly.instantiateStreaming(response(tools.wasm("five"), { type: "text/html" })),
        ),
      };
    },
  },
  {
    id: "js-promises-realm",
    title: "The promises and what they reject with are of this realm",
    covers: ["Web IDL: promise types"],
    expect: { promises: [true, true, true], error: error("WebAssembly.CompileError"), isError: true },
    run: async (WebAssembly, tools) => {
      const promises = [
        WebAssembly.compile(tools.wasm("five")),
        WebAssembly.instantiate(tools.wasm("five")),
        WebAssembly.compile(5),
      ];
      // At once: what rejects before anybody listens is an uncaught error of the page.
      const settled = Promise.allSettled(promises);
      const { error: caught } = await tools.settle(WebAssembly.compile(new Uint8Array(8)));
      await settled;
      return {
        promises: promises.map((promise) => Object.getPrototypeOf(promise) === Promise.prototype),
        error: caught,
        isError: caught instanceof Error,
      };
    },
  },
  {
    id: "js-instantiate-many",
    title: "Twenty instantiations at once all resolve, each with its own instance",
    covers: ["JS API: instantiate"],
    expect: { values: Array.from({ length: 20 }, (_, k) => k), distinct: 20 },
    run: async (WebAssembly, tools) => {
      const bytes = tools.wasm("imports");
      const results = await Promise.all(
        Array.from({ length: 20 }, (_, k) => WebAssembly.instantiate(bytes, { m: { f: () => k } })),
      );
      return {
        values: results.map(({ instance }) => instance.exports.run()),
        distinct: new Set(results.map(({ instance }) => instance)).size,
      };
    },
  },
];
