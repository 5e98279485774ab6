// Several memories: identity, growth, segments, copies and accesses across them.

import { buffer, detached, same, throws, wasm } from "../static/patterns.mjs";

export const group = "JavaScript: several memories";

export const many = (count, item) => Array.from({ length: count }, (_, k) => item(k)).join(" ");

export const modules = {
  three: `(module (memory (export "a") 1 4) (memory (export "b") 1) (memory (export "c") 0)
    (func (export "load") (param i32 i32) (result i32)
      (if (result i32) (i32.eqz (local.get 0)) (then (i32.load8_u 0 (local.get 1)))
        (else (if (result i32) (i32.eq (local.get 0) (i32.const 1)) (then (i32.load8_u 1 (local.get 1)))
        (else (i32.load8_u 2 (local.get 1)))))))
    (func (export "store") (param i32 i32)
      (i32.store8 0 (local.get 0) (local.get 1)) (i32.store8 1 (local.get 0) (i32.add (local.get 1) (i32.const 1))))
    (func (export "growA") (param i32) (result i32) (memory.grow 0 (local.get 0)))
    (func (export "growB") (param i32) (result i32) (memory.grow 1 (local.get 0)))
    (func (export "growC") (param i32) (result i32) (memory.grow 2 (local.get 0)))
    (func (export "sizes") (result i32 i32 i32) (memory.size 0) (memory.size 1) (memory.size 2)))`,
  copies: `(module (memory (export "a") 1) (memory (export "b") 2)
    (func (export "ab") (param i32 i32 i32) (memory.copy 1 0 (local.get 0) (local.get 1) (local.get 2)))
    (func (export "ba") (param i32 i32 i32) (memory.copy 0 1 (local.get 0) (local.get 1) (local.get 2)))
    (func (export "aa") (param i32 i32 i32) (memory.copy 0 0 (local.get 0) (local.get 1) (local.get 2)))
    (func (export "fillB") (param i32 i32 i32) (memory.fill 1 (local.get 0) (local.get 1) (local.get 2))))`,
  twice: `(module (import "m" "x" (memory $x 1)) (import "m" "y" (memory $y 1))
    (func (export "copy") (param i32 i32 i32) (memory.copy $y $x (local.get 0) (local.get 1) (local.get 2)))
    (func (export "putX") (param i32 i32) (i32.store $x (local.get 0) (local.get 1)))
    (func (export "getY") (param i32) (result i32) (i32.load $y (local.get 0)))
    (func (export "growX") (param i32) (result i32) (memory.grow $x (local.get 0)))
    (func (export "sizes") (result i32 i32) (memory.size $x) (memory.size $y))
    (export "x" (memory $x)) (export "y" (memory $y)))`,
};

export const page = 65536;
export const byteLengths = (...memories) => memories.map((memory) => memory.buffer.byteLength);

export const cases = [
  {
    id: "js-memories-exports",
    title: "Every memory is an object of its own with a buffer of its own, the same each time",
    covers: ["JS API: create a memory object", "core: multiple memories"],
    expect: {
      a: wasm("Memory"),
      b: wasm("Memory"),
      c: wasm("Memory"),
      buffers: [buffer(page), buffer(page), buffer(0)],
      same: true,
    },
    run: (_WebAssembly, tools) => {
      const instance = tools.instance("three");
      const { a, b, c } = instance.exports;
      return {
        a,
        b,
        c,
        buffers: [a.buffer, b.buffer, c.buffer],
        same: instance.exports.b === b && b.buffer === b.buffer,
      };
    },
  },
  {
    id: "js-memories-accesses",
    title: "Accesses name their memory; what one gets the others do not",
    covers: ["core: memarg"],
    expect: { a: [7, 0], b: [8, 0], fromHost: [7, 50], other: throws("WebAssembly.RuntimeError") },
    run: (_WebAssembly, tools) => {
      const { a, b, load, store } = tools.exports("three");
      store(5, 7);
      const result = { a: tools.read(a, 5, 2), b: tools.read(b, 5, 2) };
      tools.write(b, 5, [50]);
      return { ...result, fromHost: [load(0, 5), load(1, 5)], other: tools.attempt(() => load(2, 0)) };
    },
  },
  {
    id: "js-memories-views-apart",
    title: "Views of different memories are apart, whatever is written through them",
    covers: ["JS API: Memory.buffer"],
    expect: { sums: [510, 0], afterFill: [510, 196605], wasm: [1, 3] },
    run: (_WebAssembly, tools) => {
      const { a, b, load } = tools.exports("three");
      const [first, second] = [new Uint8Array(a.buffer), new Uint8Array(b.buffer)];
      const sum = (view) => view.reduce((total, byte) => total + byte, 0);
      first.fill(1, 0, 510);
      const sums = [sum(first), sum(second)];
      second.fill(3, 0, 65535);
      return { sums, afterFill: [sum(first), sum(second)], wasm: [load(0, 0), load(1, 0)] };
    },
  },
  {
    id: "js-memories-grow-one",
    title: "Growing one memory detaches its buffer alone",
    covers: ["JS API: refresh the Memory buffer", "core: memory.grow"],
    expect: {
      result: 1,
      old: detached,
      otherSame: true,
      sizes: [1, 3, 0],
      lengths: [page, 3 * page, 0],
      third: 0,
      thirdSizes: [1, 3, 2],
    },
    run: (_WebAssembly, tools) => {
      const { a, b, c, growB, growC, sizes } = tools.exports("three");
      const [first, second] = [a.buffer, b.buffer];
      const result = growB(2);
      return {
        result,
        old: second,
        otherSame: a.buffer === first && first.byteLength === page,
        sizes: sizes(),
        lengths: byteLengths(a, b, c),
        third: growC(2),
        thirdSizes: sizes(),
      };
    },
  },
  {
    id: "js-memories-grow-limits",
    title: "Each memory has its own limit, for wasm code and for JavaScript",
    covers: ["core: memory.grow", "JS API: Memory.grow"],
    expect: { wasm: [-1, 1, -1], host: throws("RangeError"), other: 1, sizes: [4, 6, 0] },
    run: (_WebAssembly, tools) => {
      const { a, b, growA, sizes } = tools.exports("three");
      const wasmResults = [growA(4), growA(3), growA(1)];
      return { wasm: wasmResults, host: tools.attempt(() => a.grow(1)), other: b.grow(5), sizes: sizes() };
    },
  },
  {
    id: "js-memories-same-import",
    title: "One memory imported twice is one: stores, growth and exports go together",
    covers: ["JS API: create a memory object", "core: multiple memories"],
    expect: {
      seen: 1234,
      grown: 1,
      sizes: [2, 2],
      x: wasm("Memory"),
      y: same("x"),
      memory: same("x"),
      lengths: 131072,
    },
    run: (WebAssembly, tools) => {
      const memory = new WebAssembly.Memory({ initial: 1 });
      const { putX, getY, growX, sizes, x, y } = tools.exports("twice", { m: { x: memory, y: memory } });
      putX(100, 1234);
      return { seen: getY(100), grown: growX(1), sizes: sizes(), x, y, memory, lengths: memory.buffer.byteLength };
    },
  },
  {
    id: "js-memories-same-import-overlap",
    title: "A copy between two imports of one memory moves overlapping bytes as one",
    covers: ["core: memory.copy", "MM-5"],
    expect: { up: [1, 2, 1, 2, 3, 4, 5, 0], down: [3, 4, 5, 6, 5, 6, 7, 8], nothing: [3, 4] },
    run: (WebAssembly, tools) => {
      const memory = new WebAssembly.Memory({ initial: 1 });
      const { copy } = tools.exports("twice", { m: { x: memory, y: memory } });
      tools.write(memory, 0, [1, 2, 3, 4, 5]);
      copy(2, 0, 5);
      const up = tools.read(memory, 0, 8);
      tools.write(memory, 0, [1, 2, 3, 4, 5, 6, 7, 8]);
      copy(0, 2, 4);
      const down = tools.read(memory, 0, 8);
      copy(0, 4, 0);
      return { up, down, nothing: tools.read(memory, 0, 2) };
    },
  },
  {
    id: "js-memories-copy-across",
    title: "memory.copy names the destination first; only the destination changes",
    covers: ["core: memory.copy"],
    expect: { b: [0, 1, 2, 3, 0], a: [1, 2, 3], back: [9, 1, 2, 3, 0], far: [1, 2, 3] },
    run: (_WebAssembly, tools) => {
      const { a, b, ab, ba } = tools.exports("copies");
      tools.write(a, 0, [1, 2, 3]);
      ab(11, 0, 3);
      const result = { b: tools.read(b, 10, 5), a: tools.read(a, 0, 3) };
      tools.write(b, 10, [9]);
      ba(20, 10, 4);
      ab(2 * page - 3, 0, 3);
      return { ...result, back: tools.read(a, 20, 5), far: tools.read(b, 2 * page - 3, 3) };
    },
  },
  {
    id: "js-memories-copy-bounds",
    title: "The bounds of a copy are those of each memory; nothing is copied when one is passed",
    covers: ["core: memory.copy"],
    expect: {
      source: throws("WebAssembly.RuntimeError"),
      destination: throws("WebAssembly.RuntimeError"),
      length: throws("WebAssembly.RuntimeError"),
      edge: undefined,
      zeroAtEnd: undefined,
      zeroBeyond: throws("WebAssembly.RuntimeError"),
      untouched: [0, 0],
    },
    run: (_WebAssembly, tools) => {
      const { a, b, ab, ba } = tools.exports("copies");
      tools.write(a, page - 2, [5, 6]);
      const result = {
        source: tools.attempt(() => ab(0, page - 2, 3)),
        destination: tools.attempt(() => ba(page - 2, 0, 3)),
        length: tools.attempt(() => ab(0, 1, 2 ** 32 - 1)),
        edge: ab(2 * page - 2, page - 2, 2),
        zeroAtEnd: ba(page, 2 * page, 0),
        zeroBeyond: tools.attempt(() => ba(page + 1, 0, 0)),
      };
      return { ...result, untouched: tools.read(b, 0, 2) };
    },
  },
  {
    id: "js-memories-fill",
    title: "memory.fill fills the memory that it names, with the low byte of the value",
    covers: ["core: memory.fill"],
    expect: { b: [0, 0xfe, 0xfe, 0xfe, 0], a: [0, 0], bounds: throws("WebAssembly.RuntimeError") },
    run: (_WebAssembly, tools) => {
      const { a, b, fillB } = tools.exports("copies");
      fillB(70001, 0x1fe, 3);
      return {
        b: tools.read(b, 70000, 5),
        a: tools.read(a, 100, 2),
        bounds: tools.attempt(() => fillB(2 * page - 1, 1, 2)),
      };
    },
  },
  {
    id: "js-memories-data-segments",
    title: "Active data segments go to the memory that they name, in the order of the module",
    covers: ["core: data segments"],
    expect: { a: [97, 66, 67, 0], b: [120, 121, 122], c: [0, 33] },
    modules: {
      data: `(module (memory (export "a") 1) (memory $b (export "b") 1) (memory $c (export "c") 1)
        (data (memory 0) (i32.const 0) "abc") (data (memory $b) (i32.const 65533) "xyz") (data (i32.const 1) "BC")
        (data (memory 2) (i32.const 1) "!"))`,
    },
    run: (_WebAssembly, tools) => {
      const { a, b, c } = tools.exports("data");
      return { a: tools.read(a, 0, 4), b: tools.read(b, 65533, 3), c: tools.read(c, 0, 2) };
    },
  },
  {
    id: "js-memories-data-bounds",
    title: "A segment out of bounds of its memory traps after those before it were written, in every memory",
    covers: ["core: instantiation"],
    expect: { error: throws("WebAssembly.RuntimeError"), first: [97, 0], second: [98, 0] },
    modules: {
      data: `(module (import "m" "a" (memory 1)) (import "m" "b" (memory 2))
        (data (memory 0) (i32.const 0) "a") (data (memory 1) (i32.const 65536) "b") (data (memory 0)
        (i32.const 65536) "c") (data (memory 1) (i32.const 65537) "d"))`,
    },
    run: (WebAssembly, tools) => {
      const a = new WebAssembly.Memory({ initial: 1 });
      const b = new WebAssembly.Memory({ initial: 2 });
      return {
        error: tools.attempt(() => tools.instance("data", { m: { a, b } })),
        first: tools.read(a, 0, 2),
        second: tools.read(b, 65536, 2),
      };
    },
  },
  {
    id: "js-memories-init-drop",
    title: "One passive segment can initialise several memories, until it is dropped",
    covers: ["core: memory.init", "core: data.drop"],
    expect: { a: [98, 99], b: [97, 98, 99], dropped: throws("WebAssembly.RuntimeError"), empty: undefined },
    modules: {
      init: `(module (memory (export "a") 1) (memory (export "b") 1) (data $d "abcd")
        (func (export "toA") (param i32 i32 i32) (memory.init 0 $d (local.get 0) (local.get 1) (local.get 2)))
        (func (export "toB") (param i32 i32 i32) (memory.init 1 $d (local.get 0) (local.get 1) (local.get 2)))
        (func (export "drop") (data.drop $d)))`,
    },
    run: (_WebAssembly, tools) => {
      const { a, b, toA, toB, drop } = tools.exports("init");
      toA(10, 1, 2);
      toB(20, 0, 3);
      drop();
      return {
        a: tools.read(a, 10, 2),
        b: tools.read(b, 20, 3),
        dropped: tools.attempt(() => toA(0, 0, 1)),
        empty: toB(0, 0, 0),
      };
    },
  },
  {
    id: "js-memories-offset-global",
    title: "The offset of a segment for memory 1 may be an imported global",
    covers: ["core: constant expressions"],
    expect: { b: [0, 104, 105, 0], a: [0, 0] },
    modules: {
      data: `(module (import "m" "at" (global $at i32)) (memory (export "a") 1) (memory (export "b") 1)
        (data (memory 1) (global.get $at) "hi"))`,
    },
    run: (_WebAssembly, tools) => {
      const { a, b } = tools.exports("data", { m: { at: 1001 } });
      return { b: tools.read(b, 1000, 4), a: tools.read(a, 1001, 2) };
    },
  },
  {
    id: "js-memories-import-order",
    title: "Imported memories come first in the index space, then the defined ones",
    covers: ["core: index spaces"],
    expect: {
      values: [1, 2, 3, 4],
      names: [
        ["m", "p", "memory"],
        ["m", "q", "memory"],
      ],
    },
    modules: {
      order: `(module (import "m" "p" (memory 1)) (import "m" "q" (memory 1)) (memory (export "r") 1)
        (memory (export "s") 1)
        (func (export "put") (i32.store8 0 (i32.const 0) (i32.const 1)) (i32.store8 1 (i32.const 0) (i32.const 2))
          (i32.store8 2 (i32.const 0) (i32.const 3)) (i32.store8 3 (i32.const 0) (i32.const 4))))`,
    },
    run: (WebAssembly, tools) => {
      const [p, q] = [new WebAssembly.Memory({ initial: 1 }), new WebAssembly.Memory({ initial: 1 })];
      const { r, s, put } = tools.exports("order", { m: { p, q } });
      put();
      return {
        values: [p, q, r, s].map((memory) => tools.read(memory, 0, 1)[0]),
        names: WebAssembly.Module.imports(tools.module("order")).map(({ module, name, kind }) => [module, name, kind]),
      };
    },
  },
];
