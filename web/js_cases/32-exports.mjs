// Instance: reading the imports, linking, the start function, the exports object, continued.

import { any, error, func, same, throws, throwsValue } from "../static/patterns.mjs";
import { group, modules } from "./30-instance.mjs";

export { group, modules };

export const cases = [
  {
    id: "js-exports-object",
    title: "exports is frozen, without prototype, and keeps names as properties in their own order",
    covers: ["JS API: create an exports object"],
    expect: {
      keys: ["1", "2", "z", "a", "t", "__proto__"],
      prototype: null,
      frozen: true,
      extensible: false,
      descriptor: { value: 5, writable: false, enumerable: true, configurable: false },
      noTag: false,
      proto: true,
      missing: undefined,
    },
    run: (_WebAssembly, tools) => {
      const exports = tools.exports("exports");
      const { value, ...attributes } = Object.getOwnPropertyDescriptor(exports, "1");
      return {
        keys: Reflect.ownKeys(exports),
        prototype: Object.getPrototypeOf(exports),
        frozen: Object.isFrozen(exports),
        extensible: Object.isExtensible(exports),
        descriptor: { value: value.value, ...attributes },
        noTag: Symbol.toStringTag in exports,
        // biome-ignore lint/suspicious/noProto: an export of this name
        proto: exports.__proto__ === exports.a,
        missing: exports.toString,
      };
    },
  },
  {
    id: "js-exports-cannot-change",
    title: "Assigning, adding and deleting exports throws in strict code and changes nothing",
    covers: ["JS API: create an exports object"],
    expect: {
      assigned: throws("TypeError"),
      added: throws("TypeError"),
      deleted: throws("TypeError"),
      reflect: [false, false, false],
      prototype: throws("TypeError"),
      still: true,
    },
    run: (_WebAssembly, tools) => {
      const exports = tools.exports("exports");
      const { a } = exports;
      const strictly = (body) => tools.attempt(() => new Function("exports", `"use strict"; ${body}`)(exports));
      return {
        assigned: strictly("exports.a = 1"),
        added: strictly("exports.b = 1"),
        deleted: strictly("delete exports.a"),
        reflect: [
          Reflect.set(exports, "a", 1),
          Reflect.defineProperty(exports, "b", { value: 1 }),
          Reflect.deleteProperty(exports, "a"),
        ],
        prototype: tools.attempt(() => Object.setPrototypeOf(exports, {})),
        still: exports.a === a,
      };
    },
  },
  {
    id: "js-exports-identity",
    title: "One function under several names is one object; two instances have different ones",
    covers: ["JS API: a new Exported Function"],
    expect: { z: func("0", 2), a: same("z"), proto: same("z"), other: false, otherKind: func("0", 2) },
    run: (_WebAssembly, tools) => {
      const first = tools.exports("exports");
      const second = tools.exports("exports");
      // biome-ignore lint/suspicious/noProto: an export of this name
      return { z: first.z, a: first.a, proto: first.__proto__, other: first.z === second.z, otherKind: second.z };
    },
  },
  {
    id: "js-exported-function-object",
    title: "An exported function is a built-in: no constructor, no prototype, name and length fixed but configurable",
    covers: ["JS API: exported functions", "ECMAScript: CreateBuiltinFunction"],
    expect: {
      keys: ["length", "name"],
      length: { value: 2, writable: false, enumerable: false, configurable: true },
      name: { value: "0", writable: false, enumerable: false, configurable: true },
      isFunction: true,
      constructed: throws("TypeError"),
      own: 5,
      receiver: [0, 0],
    },
    run: (_WebAssembly, tools) => {
      const { z } = tools.exports("exports");
      const keys = Reflect.ownKeys(z).sort();
      const result = {
        keys,
        length: Object.getOwnPropertyDescriptor(z, "length"),
        name: Object.getOwnPropertyDescriptor(z, "name"),
        isFunction: Object.getPrototypeOf(z) === Function.prototype,
        constructed: tools.attempt(() => new z(1, 1n)),
      };
      z.own = 5;
      return { ...result, own: z.own, receiver: [z.call(null, 1, 1n), Reflect.apply(z, {}, [1, 1n])] };
    },
  },
  {
    id: "js-exported-function-source",
    title: "The source text of an exported function says that there is none",
    covers: ["ECMAScript: Function.prototype.toString"],
    expect: { native: any, text: "string" },
    run: (_WebAssembly, tools) => {
      const text = Function.prototype.toString.call(tools.exports("exports").z);
      return { native: /^function 0\(\)\s*\{\s*\[native code\]\s*\}$/.test(text), text: typeof text };
    },
  },
  {
    id: "js-start-runs-once",
    title: "The start function runs at instantiation, before exports can be seen, and may call imports",
    covers: ["JS API: instantiate the core of a module", "core: start function"],
    expect: { log: [42], memory: [7, 0], second: [42, 42] },
    modules: {
      start: `(module (import "m" "log" (func $log (param i32))) (import "m" "memory" (memory 1))
        (start $s) (func $s (i32.store8 (i32.const 0) (i32.const 7)) (call $log (i32.const 42))))`,
    },
    run: (WebAssembly, tools) => {
      const memory = new WebAssembly.Memory({ initial: 1 });
      const imports = { m: { log: (x) => tools.log.push(x), memory } };
      const module = tools.module("start");
      new WebAssembly.Instance(module, imports);
      const log = [...tools.log];
      const bytes = tools.read(memory, 0, 2);
      new WebAssembly.Instance(module, imports);
      return { log, memory: bytes, second: tools.log };
    },
  },
  {
    id: "js-start-traps",
    title: "What a trapping start function has done stays done",
    covers: ["JS API: instantiate the core of a module", "core: start function"],
    expect: {
      error: throws("WebAssembly.RuntimeError"),
      memory: [1, 2, 3],
      global: 9,
      table: func("0", 0),
      called: 11,
    },
    modules: {
      start: `(module (import "m" "memory" (memory 1)) (import "m" "global" (global $g (mut i32)))
        (import "m" "table" (table 1 funcref))
        (data (i32.const 0) "\\01\\02") (elem (i32.const 0) $f) (start $s)
        (func $f (result i32) (i32.const 11))
        (func $s (i32.store8 (i32.const 2) (i32.const 3)) (global.set $g (i32.const 9)) unreachable))`,
    },
    run: (WebAssembly, tools) => {
      const memory = new WebAssembly.Memory({ initial: 1 });
      const global = new WebAssembly.Global({ value: "i32", mutable: true }, 0);
      const table = new WebAssembly.Table({ element: "anyfunc", initial: 1 });
      const failed = tools.attempt(() => tools.instance("start", { m: { memory, global, table } }));
      return {
        error: failed,
        memory: tools.read(memory, 0, 3),
        global: global.value,
        table: table.get(0),
        called: table.get(0)(),
      };
    },
  },
  {
    id: "js-start-import-throws",
    title: "What an import called by the start function throws comes out as the same value",
    covers: ["JS API: instantiate the core of a module"],
    expect: { error: true, undefined: throwsValue(undefined), number: throwsValue(-0), after: 3 },
    modules: { start: '(module (import "m" "f" (func $f)) (start $f))' },
    run: (WebAssembly, tools) => {
      const module = tools.module("start");
      const mine = new TypeError("mine");
      let calls = 0;
      const start = (value) =>
        tools.attempt(
          () =>
            new WebAssembly.Instance(module, {
              m: {
                f: () => {
                  calls += 1;
                  throw value;
                },
              },
            }),
        );
      return { error: start(mine).error === mine, undefined: start(undefined), number: start(-0), after: calls };
    },
  },
  {
    id: "js-active-segments-partial",
    title:
      "An active segment out of bounds traps; the segments before it have been written, the start function not run",
    covers: ["core: instantiation", "JS API: instantiate the core of a module"],
    expect: {
      data: throws("WebAssembly.RuntimeError"),
      memory: [97, 98, 0],
      elements: throws("WebAssembly.RuntimeError"),
      table: func("1", 0),
      started: [],
    },
    modules: {
      data: `(module (import "m" "memory" (memory 1)) (import "m" "log" (func $log))
        (data (i32.const 0) "ab") (data (i32.const 65535) "cd") (data (i32.const 2) "e") (start $log))`,
      elements: `(module (import "m" "table" (table 2 funcref)) (import "m" "log" (func $log)) (elem (i32.const 0) $f)
        (elem (i32.const 1) $f $f) (func $f) (start $log))`,
    },
    run: (WebAssembly, tools) => {
      const memory = new WebAssembly.Memory({ initial: 1 });
      const table = new WebAssembly.Table({ element: "anyfunc", initial: 2 });
      const log = () => tools.log.push("started");
      return {
        data: tools.attempt(() => tools.instance("data", { m: { memory, log } })),
        memory: tools.read(memory, 0, 3),
        elements: tools.attempt(() => tools.instance("elements", { m: { table, log } })),
        table: table.get(0),
        started: tools.log,
      };
    },
  },
  {
    id: "js-instances-independent",
    title: "Instances of one module share nothing of what the module defines",
    covers: ["JS API: Instance constructor"],
    expect: { counts: [1, 2, 1], memories: false, tables: false, globals: false, bytes: [5, 0] },
    modules: {
      counter: `(module (memory (export "memory") 1) (table (export "table") 1 funcref) (global $n (export "n")
        (mut i32) (i32.const 0))
        (func (export "next") (result i32) (global.set $n (i32.add (global.get $n) (i32.const 1))) (global.get $n)))`,
    },
    run: (WebAssembly, tools) => {
      const module = tools.module("counter");
      const a = new WebAssembly.Instance(module).exports;
      const b = new WebAssembly.Instance(module).exports;
      const counts = [a.next(), a.next(), b.next()];
      tools.write(a.memory, 0, [5]);
      return {
        counts,
        memories: a.memory === b.memory,
        tables: a.table === b.table,
        globals: a.n === b.n,
        bytes: [...tools.read(a.memory, 0, 1), ...tools.read(b.memory, 0, 1)],
      };
    },
  },
  {
    id: "js-link-error-object",
    title: "A LinkError leaves the imported objects as they were and is an error of this realm",
    covers: ["JS API: error objects", "core: instantiation"],
    expect: { error: error("WebAssembly.LinkError"), isError: true, memory: [0, 0] },
    modules: { late: '(module (import "m" "memory" (memory 1)) (import "m" "x" (func)) (data (i32.const 0) "ab"))' },
    run: (WebAssembly, tools) => {
      const memory = new WebAssembly.Memory({ initial: 1 });
      const { error: caught } = tools.attempt(() => tools.instance("late", { m: { memory, x: 5 } }));
      return { error: caught, isError: caught instanceof Error, memory: tools.read(memory, 0, 2) };
    },
  },
  {
    id: "js-instantiate-during-call",
    title: "An import may compile and instantiate modules while wasm code runs",
    covers: ["JS API: Instance constructor", "re-entrance"],
    expect: { result: 21, depth: [0, 1, 2, 3, 4] },
    run: (WebAssembly, tools) => {
      const module = tools.module("func");
      let depth = 0;
      const nested = (x) => {
        tools.log.push(depth);
        depth += 1;
        if (depth === 5) return x;
        return 4 + new WebAssembly.Instance(module, { m: { f: nested } }).exports.call(x);
      };
      return { result: new WebAssembly.Instance(module, { m: { f: nested } }).exports.call(5), depth: tools.log };
    },
  },
];
