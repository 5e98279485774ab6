// Several memories: identity, growth, segments, copies and accesses across them, continued.

import { buffer, same, throws, wasm } from "../static/patterns.mjs";
import { byteLengths, group, many, modules, page } from "./80-multi-memory.mjs";

export { group, modules };

export const cases = [
  {
    id: "js-memories-export-names",
    title: "One memory under several names is one object, also when it was imported",
    covers: ["JS API: create an exports object"],
    expect: { first: wasm("Memory"), second: same("first"), imported: true, keys: ["own", "again", "in", "in again"] },
    modules: {
      names: `(module (import "m" "x" (memory $in 1)) (memory $own 1) (export "own" (memory $own))
        (export "again" (memory $own))
        (export "in" (memory $in)) (export "in again" (memory $in)))`,
    },
    run: (WebAssembly, tools) => {
      const x = new WebAssembly.Memory({ initial: 1 });
      const exports = tools.exports("names", { m: { x } });
      return {
        first: exports.own,
        second: exports.again,
        imported: exports.in === x && exports["in again"] === x,
        keys: Object.keys(exports),
      };
    },
  },
  {
    id: "js-memories-swap",
    title: "Two instances import two memories in opposite order and work on each other's bytes",
    covers: ["JS API: Instance constructor", "core: multiple memories"],
    expect: {
      seen: [77, 78],
      sizes: [
        [1, 3],
        [3, 1],
      ],
    },
    run: (WebAssembly, tools) => {
      const a = new WebAssembly.Memory({ initial: 1 });
      const b = new WebAssembly.Memory({ initial: 1 });
      const forward = tools.exports("twice", { m: { x: a, y: b } });
      const backward = tools.exports("twice", { m: { x: b, y: a } });
      forward.putX(8, 77);
      backward.putX(8, 78);
      const seen = [backward.getY(8), forward.getY(8)];
      backward.growX(2);
      return { seen, sizes: [forward.sizes(), backward.sizes()] };
    },
  },
  {
    id: "js-memories-host-grows-other",
    title: "An import grows memory 1 while code works on memory 0: both stay right",
    covers: ["re-entrance", "JS API: Memory.grow"],
    expect: { result: [5, 6], a: true, b: 131072, bounds: throws("WebAssembly.RuntimeError") },
    modules: {
      work: `(module (import "m" "f" (func $f)) (memory (export "a") 1) (memory (export "b") 1)
        (func (export "run") (param i32) (result i32 i32) (i32.store8 0 (i32.const 3) (i32.const 5)) (call $f)
          (i32.store8 1 (local.get 0) (i32.const 6)) (i32.load8_u 0 (i32.const 3)) (i32.load8_u 1 (local.get 0))))`,
    },
    run: (_WebAssembly, tools) => {
      const exports = {};
      const grower = tools.exports("work", { m: { f: () => exports.b.grow(1) } });
      Object.assign(exports, grower);
      const before = exports.a.buffer;
      const result = exports.run(100000);
      const a = exports.a.buffer === before;
      const b = exports.b.buffer.byteLength;
      return { result, a, b, bounds: tools.attempt(() => exports.run(4 * page)) };
    },
  },
  {
    id: "js-memories-resizable",
    title: "One memory may have a resizable buffer while its neighbour has a fixed one",
    covers: ["JS API: Memory.toResizableBuffer"],
    needs: ["resizable"],
    expect: {
      a: buffer(3 * page, { resizable: true, maxByteLength: 4 * page }),
      b: buffer(2 * page),
      same: true,
      sizes: [3, 2, 0],
    },
    run: (_WebAssembly, tools) => {
      const { a, b, growA, growB, sizes } = tools.exports("three");
      const resizable = a.toResizableBuffer();
      growA(1);
      resizable.resize(3 * page);
      growB(1);
      return { a: a.buffer, b: b.buffer, same: a.buffer === resizable, sizes: sizes() };
    },
  },
  {
    id: "js-memories-address-types",
    title: "A memory of 64-bit addresses beside one of 32 bits: accesses, sizes and copies across",
    covers: ["memory64", "core: memory.copy"],
    expect: {
      copied: [1, 2, 3],
      back: [3, 2],
      sizes: [1, 2n],
      wide: throws("WebAssembly.RuntimeError"),
      lengths: [page, 2 * page],
      grown: 2n,
      grow: throws("TypeError"),
    },
    modules: {
      mixed: `(module (memory $n (export "n") 1) (memory $w (export "w") i64 2 9)
        (func (export "nw") (param i64 i32 i32) (memory.copy $w $n (local.get 0) (local.get 1) (local.get 2)))
        (func (export "wn") (param i32 i64 i32) (memory.copy $n $w (local.get 0) (local.get 1) (local.get 2)))
        (func (export "sizes") (result i32 i64) (memory.size $n) (memory.size $w)))`,
    },
    run: (_WebAssembly, tools) => {
      const { n, w, nw, wn, sizes } = tools.exports("mixed");
      tools.write(n, 0, [1, 2, 3]);
      nw(100000n, 0, 3);
      const copied = tools.read(w, 100000, 3);
      tools.write(w, 4, [3, 2]);
      wn(50, 4n, 2);
      return {
        copied,
        back: tools.read(n, 50, 2),
        sizes: sizes(),
        wide: tools.attempt(() => nw(2n ** 40n, 0, 1)),
        lengths: byteLengths(n, w),
        grown: w.grow(1n),
        grow: tools.attempt(() => w.grow(1)),
      };
    },
  },
  {
    id: "js-memories-hundred",
    title: "A module with 100 memories: each is exported, and each holds its own number",
    covers: ["JS API: limits", "core: multiple memories"],
    expect: {
      count: 100,
      distinct: 100,
      sum: 4950,
      own: [0, 10, 20, 30, 40, 50, 60, 70, 80, 90],
      last: 99,
      copied: 99,
    },
    modules: {
      hundred: `(module ${many(100, (k) => `(memory (export "m${k}") 1)`)}
        (func (export "put") ${many(100, (k) => `(i32.store8 ${k} (i32.const 5) (i32.const ${k}))`)})
        (func (export "sum") (result i32)
        (i32.const 0) ${many(100, (k) => `(i32.add (i32.load8_u ${k} (i32.const 5)))`)})
        (func (export "last") (result i32) (i32.load8_u 99 (i32.const 5)))
        (func (export "copy") (memory.copy 0 99 (i32.const 5) (i32.const 5) (i32.const 1))))`,
    },
    run: (WebAssembly, tools) => {
      const exports = tools.exports("hundred");
      exports.put();
      const memories = Object.values(exports).filter((each) => each instanceof WebAssembly.Memory);
      const own = memories.filter((_memory, k) => k % 10 === 0).map((memory) => tools.read(memory, 5, 1)[0]);
      const sum = exports.sum();
      exports.copy();
      return {
        count: memories.length,
        distinct: new Set(memories).size,
        sum,
        own,
        last: exports.last(),
        copied: tools.read(exports.m0, 5, 1)[0],
      };
    },
  },
  {
    id: "js-memories-widths",
    title: "Loads and stores of every width work on a memory that is not the first",
    covers: ["core: loads and stores"],
    expect: {
      i32: [-128, 128, -32768, 32768, -2147483648],
      i64: [-1n, 4294967295n, -9223372036854775808n],
      floats: [0.10000000149011612, 0.1],
      first: 0,
    },
    modules: {
      widths: `(module (memory (export "a") 1) (memory (export "b") 1)
        (func (export "i32") (result i32 i32 i32 i32 i32) (i32.store8 1 offset=1 (i32.const 0) (i32.const 128))
        (i32.store16 1 (i32.const 2) (i32.const 32768))
          (i32.store 1 offset=4 (i32.const 0) (i32.const 0x80000000))
          (i32.load8_s 1 (i32.const 1)) (i32.load8_u 1 (i32.const 1)) (i32.load16_s 1 (i32.const 2))
          (i32.load16_u 1 offset=2 (i32.const 0)) (i32.load 1 (i32.const 4)))
        (func (export "i64") (result i64 i64 i64) (i64.store32 1 (i32.const 9) (i64.const -1))
        (i64.store 1 (i32.const 17) (i64.const 0x8000000000000000))
          (i64.load32_s 1 (i32.const 9)) (i64.load32_u 1 (i32.const 9)) (i64.load 1 (i32.const 17)))
        (func (export "floats") (result f32 f64) (f32.store 1 (i32.const 33) (f32.const 0.1))
        (f64.store 1 (i32.const 41) (f64.const 0.1))
          (f32.load 1 (i32.const 33)) (f64.load 1 (i32.const 41))))`,
    },
    run: (_WebAssembly, tools) => {
      const { a, i32, i64, floats } = tools.exports("widths");
      return {
        i32: i32(),
        i64: i64(),
        floats: floats(),
        first: tools.read(a, 0, 64).reduce((total, byte) => total + byte, 0),
      };
    },
  },
  {
    id: "js-memories-link-each",
    title: "Each imported memory is matched against its own limits",
    covers: ["core: import matching"],
    expect: {
      fine: wasm("Instance"),
      firstSmall: throws("WebAssembly.LinkError"),
      secondUnbounded: throws("WebAssembly.LinkError"),
      notMemory: throws("WebAssembly.LinkError"),
    },
    modules: { wants: '(module (import "m" "x" (memory 2)) (import "m" "y" (memory 0 3)))' },
    run: (WebAssembly, tools) => {
      const memory = (initial, maximum) => new WebAssembly.Memory({ initial, maximum });
      const link = (x, y) => tools.attempt(() => tools.instance("wants", { m: { x, y } }));
      return {
        fine: link(memory(2), memory(0, 3)),
        firstSmall: link(memory(1), memory(0, 3)),
        secondUnbounded: link(memory(2), memory(0)),
        notMemory: link(memory(2), memory(0, 3).buffer),
      };
    },
  },
  {
    id: "js-memories-function-owner",
    title: "A function works on the memory of the module that defines it, wherever it is called",
    covers: ["MM-7", "core: frames"],
    expect: { through: 11, own: 22, table: 11 },
    modules: {
      owner: `(module (memory (export "m") 1) (data (i32.const 0) "\\0b") (func (export "get") (result i32)
          (i32.load8_u (i32.const 0))))`,
      user: `(module (import "m" "get" (func $get (result i32))) (memory 1) (memory 1) (data (memory 1)
        (i32.const 0) "\\16") (type $t (func (result i32)))
        (table (export "table") 1 funcref) (elem (i32.const 0) $get)
        (func (export "through") (result i32) (call $get)) (func (export "own") (result i32)
        (i32.load8_u 1 (i32.const 0)))
        (func (export "indirect") (result i32) (call_indirect (type $t) (i32.const 0))))`,
    },
    run: (_WebAssembly, tools) => {
      const { get } = tools.exports("owner");
      const { through, own, indirect } = tools.exports("user", { m: { get } });
      return { through: through(), own: own(), table: indirect() };
    },
  },
  {
    id: "js-memories-three-modules",
    title: "Three modules hand bytes on: each copies from the memory of the one before into its own",
    covers: ["JS API: Instance constructor", "core: memory.copy"],
    expect: {
      bytes: [
        [1, 2, 3],
        [1, 2, 3],
        [1, 2, 3],
      ],
      distinct: 3,
    },
    modules: {
      link: `(module (import "m" "in" (memory $in 1)) (memory $own (export "out") 1)
        (func (export "take") (param i32 i32) (memory.copy $own $in (local.get 0) (local.get 0) (local.get 1))))`,
    },
    run: (WebAssembly, tools) => {
      const first = new WebAssembly.Memory({ initial: 1 });
      tools.write(first, 40, [1, 2, 3]);
      const second = tools.exports("link", { m: { in: first } });
      const third = tools.exports("link", { m: { in: second.out } });
      second.take(40, 3);
      third.take(40, 3);
      const memories = [first, second.out, third.out];
      return { bytes: memories.map((memory) => tools.read(memory, 40, 3)), distinct: new Set(memories).size };
    },
  },
  {
    id: "js-memories-traps-leave-others",
    title: "A trap in an access to one memory leaves what was stored to the others",
    covers: ["core: traps"],
    expect: { error: throws("WebAssembly.RuntimeError"), a: [1], b: [0], c: [0] },
    modules: {
      partly: `(module (memory (export "a") 1) (memory (export "b") 1) (memory (export "c") 1)
        (func (export "run") (i32.store8 0 (i32.const 0) (i32.const 1)) (i32.store 1 (i32.const 65533)
        (i32.const -1)) (i32.store8 2 (i32.const 0) (i32.const 1))))`,
    },
    run: (_WebAssembly, tools) => {
      const { a, b, c, run } = tools.exports("partly");
      return {
        error: tools.attempt(() => run()),
        a: tools.read(a, 0, 1),
        b: tools.read(b, 65535, 1),
        c: tools.read(c, 0, 1),
      };
    },
  },
  {
    id: "js-memories-vectors",
    title: "Vectors move between memories and lanes are stored to the one that is named",
    covers: ["core: vector loads and stores"],
    expect: { b: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16], lane: [0, 5, 6, 0], splat: [7, 7, 7, 7] },
    modules: {
      vectors: `(module (memory (export "a") 1) (memory (export "b") 1)
        (func (export "move") (v128.store 1 (i32.const 3) (v128.load 0 (i32.const 1))))
        (func (export "lane") (v128.store16_lane 1 2 (i32.const 101) (v128.load 0 (i32.const 1))))
        (func (export "splat") (v128.store 1 (i32.const 200) (v128.load8_splat 0 (i32.const 7)))))`,
    },
    run: (_WebAssembly, tools) => {
      const { a, b, move, lane, splat } = tools.exports("vectors");
      tools.write(
        a,
        1,
        Array.from({ length: 16 }, (_, k) => k + 1),
      );
      move();
      lane();
      splat();
      return { b: tools.read(b, 3, 16), lane: tools.read(b, 100, 4), splat: tools.read(b, 200, 4) };
    },
  },
  {
    id: "js-memories-instances-share-one",
    title: "Ten instances share one imported memory and keep one of their own",
    covers: ["JS API: Instance constructor"],
    expect: { shared: 10, own: [1, 1, 1, 1, 1, 1, 1, 1, 1, 1] },
    modules: {
      both: `(module (import "m" "shared" (memory $s 1)) (memory $o (export "own") 1)
        (func $inc (export "run") (i32.store8 $s (i32.const 0) (i32.add (i32.load8_u $s (i32.const 0)) (i32.const 1)))
          (i32.store8 $o (i32.const 0) (i32.add (i32.load8_u $o (i32.const 0)) (i32.const 1)))))`,
    },
    run: (WebAssembly, tools) => {
      const memory = new WebAssembly.Memory({ initial: 1 });
      const instances = Array.from({ length: 10 }, () => tools.exports("both", { m: { shared: memory } }));
      for (const { run } of instances) run();
      return { shared: tools.read(memory, 0, 1)[0], own: instances.map(({ own }) => tools.read(own, 0, 1)[0]) };
    },
  },
  {
    id: "js-memories-large-copy",
    title: "A copy of a megabyte between memories is exact to the last byte",
    covers: ["core: memory.copy"],
    expect: { sum: 133693440, last: [254, 255], before: 0 },
    modules: {
      big: `(module (memory (export "a") 16) (memory (export "b") 17)
        (func (export "copy") (memory.copy 1 0 (i32.const 65536) (i32.const 0) (i32.const 1048576))))`,
    },
    run: (_WebAssembly, tools) => {
      const { a, b, copy } = tools.exports("big");
      new Uint8Array(a.buffer).forEach((_byte, k, view) => {
        view[k] = k;
      });
      copy();
      const target = new Uint8Array(b.buffer);
      return {
        sum: target.reduce((total, byte) => total + byte, 0),
        last: [...target.slice(-2)],
        before: target[65535],
      };
    },
  },
];
