// Values through calls: arguments, results, imports, references, re-entrance, stacks, continued.

import { func, object, same, thrown, throws } from "../static/patterns.mjs";
import { group, imports, modules } from "./70-calls.mjs";

export { group, modules };

export const cases = [
  {
    id: "js-nan-bits-memory",
    title: "Bits of NaN that JavaScript writes to memory stay as they are when wasm code moves them",
    covers: ["core: NaN propagation", "JS API: Memory.buffer"],
    expect: {
      quiet32: [0x7fc00001],
      signalling32: [0x7fa00000],
      negative64: [0xfff4000000000001n],
      payload64: [0x7ff8dead0000beefn],
    },
    run: (_WebAssembly, tools) => {
      const { memory, move32, move64 } = tools.exports("bits");
      const through32 = (bits) => {
        tools.write(memory, 0, [bits], Uint32Array);
        move32();
        return tools.read(memory, 16, 1, Uint32Array);
      };
      const through64 = (bits) => {
        tools.write(memory, 8, [bits], BigUint64Array);
        move64();
        return tools.read(memory, 24, 1, BigUint64Array);
      };
      return {
        quiet32: through32(0x7fc00001),
        signalling32: through32(0x7fa00000),
        negative64: through64(0xfff4000000000001n),
        payload64: through64(0x7ff8dead0000beefn),
      };
    },
  },
  {
    id: "js-nan-through-calls",
    title: "NaN as an argument is a NaN in memory; numbers have exactly their bits",
    covers: ["JS API: ToWebAssemblyValue", "core: NaN"],
    expect: {
      nan32: true,
      nan64: true,
      reinterpret: true,
      tenth: [0x3dcccccd],
      minusZero: [0x8000000000000000n],
      loaded: [NaN, NaN],
      one: 0x3ff0000000000000n,
    },
    run: (_WebAssembly, tools) => {
      const { memory, putf32, putf64, getf32, getf64, reinterpret } = tools.exports("bits");
      putf32(NaN);
      putf64(NaN);
      const loaded = [getf32(), getf64()];
      const isNaN32 = ([bits]) => (bits & 0x7fc00000) === 0x7fc00000;
      const isNaN64 = (bits) => (bits & 0x7ff8000000000000n) === 0x7ff8000000000000n;
      const result = {
        nan32: isNaN32(tools.read(memory, 0, 1, Uint32Array)),
        nan64: isNaN64(tools.read(memory, 8, 1, BigUint64Array)[0]),
        reinterpret: isNaN64(BigInt.asUintN(64, reinterpret(NaN))),
      };
      putf32(0.1);
      putf64(-0);
      return {
        ...result,
        tenth: tools.read(memory, 0, 1, Uint32Array),
        minusZero: tools.read(memory, 8, 1, BigUint64Array),
        loaded,
        one: reinterpret(1),
      };
    },
  },
  {
    id: "js-traps",
    title: "Every trap is a RuntimeError of this realm, and the instance goes on working",
    covers: ["JS API: error objects", "core: traps"],
    expect: {
      unreachable: throws("WebAssembly.RuntimeError"),
      zero: throws("WebAssembly.RuntimeError"),
      overflow: throws("WebAssembly.RuntimeError"),
      convert: throws("WebAssembly.RuntimeError"),
      nan: throws("WebAssembly.RuntimeError"),
      bounds: throws("WebAssembly.RuntimeError"),
      null: throws("WebAssembly.RuntimeError"),
      beyond: throws("WebAssembly.RuntimeError"),
      still: 3,
    },
    run: (_WebAssembly, tools) => {
      const { unreachable, divide, convert, load, indirect } = tools.exports("traps");
      return {
        unreachable: tools.attempt(() => unreachable()),
        zero: tools.attempt(() => divide(1, 0)),
        overflow: tools.attempt(() => divide(-(2 ** 31), -1)),
        convert: tools.attempt(() => convert(2 ** 31)),
        nan: tools.attempt(() => convert(NaN)),
        bounds: tools.attempt(() => load(65533)),
        null: tools.attempt(() => indirect(0)),
        beyond: tools.attempt(() => indirect(2)),
        still: divide(7, 2),
      };
    },
  },
  {
    id: "js-trap-object",
    title: "A trap is an ordinary error object: new each time, with message and stack",
    covers: ["JS API: error objects"],
    expect: { classes: [true, true], name: "RuntimeError", message: true, stack: true, fresh: false, caught: 1 },
    run: (WebAssembly, tools) => {
      const { unreachable } = tools.exports("traps");
      const { error } = tools.attempt(() => unreachable());
      let caught = 0;
      try {
        unreachable();
      } catch {
        caught += 1;
      }
      return {
        classes: [error instanceof WebAssembly.RuntimeError, error instanceof Error],
        name: error.name,
        message: error.message.length > 0,
        stack: typeof error.stack === "string",
        fresh: error === tools.attempt(() => unreachable()).error,
        caught,
      };
    },
  },
  {
    id: "js-stack-exhaustion",
    title: "Endless recursion in wasm code is a RangeError, and everything works afterwards",
    covers: ["JS API: stack overflow"],
    expect: { first: throws("RangeError"), second: throws("RangeError"), deep: 500, after: 1 },
    run: (_WebAssembly, tools) => {
      const { endless, depth } = tools.exports(
        "recurse",
        imports(() => {}),
      );
      return {
        first: tools.attempt(() => endless()),
        second: tools.attempt(() => endless()),
        deep: depth(500),
        after: depth(1),
      };
    },
  },
  {
    id: "js-stack-exhaustion-through-host",
    title: "Endless recursion of JavaScript and wasm code in turn ends with the engine's stack error, harmlessly",
    covers: ["JS API: stack overflow", "re-entrance"],
    expect: { isError: true, deep: true, after: 3 },
    run: (_WebAssembly, tools) => {
      let depth = 0;
      const { through, depth: count } = tools.exports(
        "recurse",
        imports(() => {
          depth += 1;
          through();
        }),
      );
      const { error } = tools.attempt(() => through());
      return {
        isError: error instanceof RangeError || error?.constructor?.name === "InternalError",
        deep: depth > 50,
        after: count(3),
      };
    },
  },
  {
    id: "js-reentrance",
    title: "Wasm code calls JavaScript, which calls wasm code, a hundred times deep, with all states kept apart",
    covers: ["re-entrance"],
    expect: { result: 4950, order: [1, 2, 3] },
    modules: {
      sum: `(module (import "m" "f" (func $f (param i32) (result i32)))
        (func (export "sum") (param $n i32) (result i32) (local $own i32) (local.set $own (local.get $n))
          (if (result i32) (local.get $n) (then (i32.add (call $f (i32.sub (local.get $n) (i32.const 1)))
          (local.get $own))) (else (i32.const 0)))))`,
    },
    run: (_WebAssembly, tools) => {
      const exports = {};
      const { sum } = tools.exports(
        "sum",
        imports((n) => {
          if (n < 3) tools.log.unshift(n + 1);
          return exports.sum(n);
        }),
      );
      exports.sum = sum;
      return { result: sum(99), order: tools.log };
    },
  },
  {
    id: "js-call-as-callback",
    title: "Exported functions work wherever JavaScript takes functions",
    covers: ["JS API: exported functions"],
    expect: { map: [1, 2, 3], sort: [3, 2, 1], bound: 7, apply: 5, promise: 9, property: 4, tag: object("Map") },
    modules: {
      compare: '(module (func (export "reverse") (param i32 i32) (result i32) (i32.sub (local.get 1) (local.get 0))))',
    },
    run: async (_WebAssembly, tools) => {
      const { i32 } = tools.exports("id");
      const { reverse } = tools.exports("compare");
      return {
        map: ["1", 2.5, 3].map(i32),
        sort: [2, 3, 1].sort(reverse),
        bound: i32.bind(null, 7)(),
        apply: i32.apply({}, [5]),
        promise: await Promise.resolve(9).then(i32),
        property: { f: i32 }.f(4),
        tag: new Map([[i32, 1]]),
      };
    },
  },
  {
    id: "js-funcref-results",
    title: "A function that wasm code returns is the exported one, the same each time, with its own name and length",
    covers: ["JS API: ToJSValue", "JS API: a new Exported Function"],
    expect: { inner: func("0", 2), again: same("inner"), called: 5, exported: true, throughHost: true },
    modules: {
      refs: `(module (func $inner (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
        (elem declare func $inner $get)
        (func $get (export "get") (result funcref) (ref.func $inner)) (func (export "self") (result funcref)
        (ref.func $get)))`,
      take: `(module (import "m" "f" (func $f (param funcref) (result funcref))) (func (export "run")
        (param funcref) (result funcref) (call $f (local.get 0))))`,
    },
    run: (_WebAssembly, tools) => {
      const { get, self } = tools.exports("refs");
      const inner = get();
      let seen;
      const { run } = tools.exports(
        "take",
        imports((given) => {
          seen = given;
          return given;
        }),
      );
      return {
        inner,
        again: get(),
        called: inner(2, 3),
        exported: self() === get,
        throughHost: run(inner) === inner && seen === inner,
      };
    },
  },
  {
    id: "js-tail-calls",
    title: "Twenty thousand tail calls, direct, indirect and through references, need no stack",
    covers: ["core: return_call"],
    expect: { direct: 0, indirect: 1, reference: 0, host: 7, trap: throws("WebAssembly.RuntimeError") },
    modules: {
      tail: `(module (import "m" "f" (func $host (param i32) (result i32))) (type $t (func (param i32)
        (result i32))) (table funcref (elem $odd $trap))
        (elem declare func $even)
        (func $even (export "even") (param i32) (result i32) (if (result i32) (i32.eqz (local.get 0))
        (then (i32.const 0))
          (else (return_call $odd (i32.sub (local.get 0) (i32.const 1))))))
        (func $odd (param i32) (result i32) (if (result i32) (i32.eqz (local.get 0)) (then (i32.const 1))
        (else (return_call $even (i32.sub (local.get 0) (i32.const 1))))))
        (func $trap (param i32) (result i32) unreachable)
        (func (export "indirect") (param i32 i32) (result i32) (return_call_indirect (type $t) (local.get 0)
        (local.get 1)))
        (func (export "reference") (param i32) (result i32) (return_call_ref $t (local.get 0) (ref.func $even)))
        (func (export "host") (param i32) (result i32) (return_call $host (local.get 0))))`,
    },
    run: (_WebAssembly, tools) => {
      const { even, indirect, reference, host } = tools.exports(
        "tail",
        imports((x) => x + 1),
      );
      return {
        direct: even(20000),
        indirect: indirect(20000, 0),
        reference: reference(10000),
        host: host(6),
        trap: tools.attempt(() => indirect(0, 1)),
      };
    },
  },
  {
    id: "js-conversions-reentrant",
    title: "The conversion of an argument may call the same function; the outer call is not disturbed",
    covers: ["JS API: call an Exported Function", "re-entrance"],
    expect: { outer: 1, inner: [2, 3], thrown: [thrown("TypeError")] },
    run: (_WebAssembly, tools) => {
      const { five } = tools.exports("id");
      const nested = (value) => ({
        valueOf: () => {
          tools.log.push(five(value, 0n, 0, 0, null));
          return 0;
        },
      });
      const outer = five(1, { valueOf: () => BigInt(nested(2).valueOf()) }, nested(3), 0, null);
      return { outer, inner: [...tools.log], thrown: [tools.attempt(() => five(1, nested(4)))] };
    },
  },
];
