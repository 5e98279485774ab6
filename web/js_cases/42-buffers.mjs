// Memory: the constructor, grow, and the life of its buffer, continued.

import { buffer, detached, same, throws, throwsValue } from "../static/patterns.mjs";
import { byteLength, group, modules } from "./40-memory.mjs";

export { group, modules };

export const cases = [
  {
    id: "js-buffer-identity",
    title: "buffer is the same object until the memory grows",
    covers: ["JS API: Memory.buffer"],
    expect: {
      first: detached,
      again: same("first"),
      afterStore: same("first"),
      afterCall: same("first"),
      failed: same("first"),
      length: 65536,
      grown: buffer(131072),
      isOther: true,
    },
    run: (_WebAssembly, tools) => {
      const { memory, store, grow } = tools.exports("memory");
      const first = memory.buffer;
      const result = { first, again: memory.buffer };
      store(0, 1);
      result.afterStore = memory.buffer;
      tools.attempt(() => store(65536, 1));
      result.afterCall = memory.buffer;
      grow(9);
      result.failed = memory.buffer;
      const length = first.byteLength;
      grow(1);
      return { ...result, length, grown: memory.buffer, isOther: memory.buffer !== first };
    },
  },
  {
    id: "js-buffer-detaches",
    title: "Growing detaches the old buffer and its views, also growing by nothing",
    covers: ["JS API: refresh the Memory buffer"],
    expect: {
      old: detached,
      view: [0, 0, undefined],
      write: undefined,
      slice: throws("TypeError"),
      dataView: throws("TypeError"),
      fresh: 131072,
      zero: detached,
      afterZero: buffer(131072),
    },
    run: (WebAssembly, tools) => {
      const memory = new WebAssembly.Memory({ initial: 1 });
      const old = memory.buffer;
      const view = new Uint8Array(old, 8, 8);
      const dataView = new DataView(old);
      memory.grow(1);
      view[0] = 5;
      const second = memory.buffer;
      const fresh = second.byteLength;
      memory.grow(0);
      return {
        old,
        view: [view.length, view.byteOffset, view[0]],
        write: new Uint8Array(memory.buffer)[8] === 0 ? undefined : "written",
        slice: tools.attempt(() => old.slice(0, 1)),
        dataView: tools.attempt(() => dataView.getInt8(0)),
        fresh,
        zero: second,
        afterZero: memory.buffer,
      };
    },
  },
  {
    id: "js-buffer-detaches-in-wasm",
    title: "memory.grow detaches when it succeeds and leaves the buffer when it fails",
    covers: ["JS API: refresh the Memory buffer", "core: memory.grow"],
    expect: { failed: -1, kept: true, zero: 1, afterZero: true, grown: 1, old: detached, now: buffer(196608), size: 3 },
    run: (_WebAssembly, tools) => {
      const { memory, grow, size } = tools.exports("memory");
      const first = memory.buffer;
      const failed = grow(5);
      const kept = memory.buffer === first;
      const zero = grow(0);
      const second = memory.buffer;
      return {
        failed,
        kept,
        zero,
        afterZero: first.byteLength === 0 && second !== first,
        grown: grow(2),
        old: second,
        now: memory.buffer,
        size: size(),
      };
    },
  },
  {
    id: "js-buffer-writes-both-ways",
    title: "What JavaScript writes wasm code reads, and the other way round, at every width",
    covers: ["JS API: Memory.buffer", "core: loads and stores"],
    expect: { read: -2, written: [0xef, 0xbe, 0xad, 0xde], last: 0x01020304, view: [-559038737], float: 1.5 },
    run: (_WebAssembly, tools) => {
      const { memory, load, store } = tools.exports("memory");
      const view = new DataView(memory.buffer);
      view.setInt32(100, -2, true);
      store(4, 0xdeadbeef);
      new Uint8Array(memory.buffer).set([4, 3, 2, 1], 65532);
      store(8, 0x3fc00000);
      return {
        read: load(100),
        written: tools.read(memory, 4, 4),
        last: load(65532),
        view: tools.read(memory, 4, 1, Int32Array),
        float: view.getFloat32(8, true),
      };
    },
  },
  {
    id: "js-buffer-seen-in-import",
    title: "An import called in the middle of wasm code sees its stores, and wasm code sees the import's",
    covers: ["JS API: Memory.buffer", "re-entrance"],
    expect: { seen: 1, result: 99, same: true },
    run: (WebAssembly, tools) => {
      const memory = new WebAssembly.Memory({ initial: 1 });
      const view = new Uint8Array(memory.buffer);
      const { run } = tools.exports("imported", {
        m: {
          memory,
          f: () => {
            tools.log.push(view[77]);
            view[77] = 99;
          },
        },
      });
      const result = run(77);
      return { seen: tools.log[0], result, same: memory.buffer === view.buffer };
    },
  },
  {
    id: "js-buffer-seen-after-exception",
    title: "Stores made before an import throws or code traps are there",
    covers: ["JS API: Memory.buffer"],
    expect: { thrown: throwsValue("mine"), first: 1, trap: throws("WebAssembly.RuntimeError"), second: 1 },
    run: (WebAssembly, tools) => {
      const memory = new WebAssembly.Memory({ initial: 1 });
      const view = new Uint8Array(memory.buffer);
      const { run } = tools.exports("imported", {
        m: {
          memory,
          f: () => {
            throw "mine";
          },
        },
      });
      const { run: trapping } = tools.exports("trapping", { m: { memory } });
      return {
        thrown: tools.attempt(() => run(5)),
        first: view[5],
        trap: tools.attempt(() => trapping(6)),
        second: view[6],
      };
    },
    modules: {
      trapping: `(module (import "m" "memory" (memory 1)) (func (export "run") (param i32) (i32.store8 (local.get 0)
          (i32.const 1)) unreachable))`,
    },
  },
  {
    id: "js-grow-inside-import",
    title: "An import may grow the memory: running wasm code goes on with the longer one",
    covers: ["JS API: Memory.grow", "re-entrance"],
    expect: { result: 1, length: 196608, old: detached, high: 42 },
    modules: {
      high: `(module (import "m" "memory" (memory 1)) (import "m" "f" (func $f))
        (func (export "run") (result i32) (i32.store8 (i32.const 9) (i32.const 1)) (call $f)
          (i32.store8 (i32.const 150000) (i32.const 42)) (i32.load8_u (i32.const 9))))`,
    },
    run: (WebAssembly, tools) => {
      const memory = new WebAssembly.Memory({ initial: 1 });
      const old = memory.buffer;
      const { run } = tools.exports("high", { m: { memory, f: () => memory.grow(2) } });
      return { result: run(), length: byteLength(memory), old, high: tools.read(memory, 150000, 1)[0] };
    },
  },
  {
    id: "js-buffer-cannot-be-taken",
    title: "The buffer of a memory cannot be transferred, detached or resized",
    covers: ["JS API: [[ArrayBufferDetachKey]]"],
    needs: ["untransferable"],
    expect: { transfer: true, structured: true, resize: throws("TypeError"), still: 65536, cloned: 65536 },
    run: (WebAssembly, tools) => {
      const memory = new WebAssembly.Memory({ initial: 1 });
      const { buffer: own } = memory;
      const failed = (f) => Boolean(tools.attempt(f).error);
      return {
        transfer: !own.transfer || failed(() => own.transfer()),
        structured: failed(() => structuredClone(own, { transfer: [own] })),
        resize: tools.attempt(() => own.resize(65536)),
        still: own.byteLength,
        cloned: structuredClone(own).byteLength,
      };
    },
  },
  {
    id: "js-buffer-outlives",
    title: "Views keep working when nothing else holds the memory, and the buffer may hold own properties",
    covers: ["JS API: Memory.buffer"],
    expect: { element: 5, mine: "kept", frozen: throws("TypeError") },
    run: (WebAssembly, tools) => {
      let memory = new WebAssembly.Memory({ initial: 1 });
      const view = new Uint8Array(memory.buffer);
      memory.buffer.mine = "kept";
      const { mine } = memory.buffer;
      view[3] = 5;
      memory = null;
      return { element: view[3], mine, frozen: tools.attempt(() => Object.freeze(view)) };
    },
  },
  {
    id: "js-to-resizable",
    title: "toResizableBuffer detaches and gives a resizable buffer up to the maximum",
    covers: ["JS API: Memory.toResizableBuffer"],
    needs: ["resizable"],
    expect: {
      fixed: true,
      resizable: buffer(65536, { resizable: true, maxByteLength: 262144 }),
      current: same("resizable"),
      again: same("resizable"),
      old: detached,
    },
    run: (WebAssembly) => {
      const memory = new WebAssembly.Memory({ initial: 1, maximum: 4 });
      const old = memory.buffer;
      const fixed = memory.toFixedLengthBuffer() === old;
      const resizable = memory.toResizableBuffer();
      return { fixed, resizable, current: memory.buffer, again: memory.toResizableBuffer(), old };
    },
  },
  {
    id: "js-to-resizable-no-maximum",
    title: "Without a maximum there is no resizable buffer",
    covers: ["JS API: Memory.toResizableBuffer"],
    needs: ["resizable"],
    expect: { error: throws("TypeError"), same: true },
    run: (WebAssembly, tools) => {
      const memory = new WebAssembly.Memory({ initial: 1 });
      const before = memory.buffer;
      return { error: tools.attempt(() => memory.toResizableBuffer()), same: memory.buffer === before };
    },
  },
  {
    id: "js-resize-grows",
    title: "resize grows the memory by whole pages, and never shrinks it",
    covers: ["JS API: HostResizeArrayBuffer"],
    needs: ["resizable"],
    expect: {
      pages: 3,
      part: throws("RangeError"),
      shrink: throws("RangeError"),
      beyond: throws("RangeError"),
      seen: 5,
      sameSize: 196608,
      view: 196608,
      stored: 8,
    },
    run: (_WebAssembly, tools) => {
      const { memory, store, size } = tools.exports("memory");
      const resizable = memory.toResizableBuffer();
      const view = new Uint8Array(resizable);
      resizable.resize(196608);
      const result = {
        pages: size(),
        part: tools.attempt(() => resizable.resize(196609)),
        shrink: tools.attempt(() => resizable.resize(65536)),
        beyond: tools.attempt(() => resizable.resize(6 * 65536)),
      };
      view[190000] = 5;
      store(190004, 8);
      resizable.resize(196608);
      return {
        ...result,
        seen: tools.read(memory, 190000, 1)[0],
        sameSize: resizable.byteLength,
        view: view.length,
        stored: view[190004],
      };
    },
  },
  {
    id: "js-resizable-follows",
    title: "A resizable buffer stays the same object when wasm code or grow lengthens the memory",
    covers: ["JS API: refresh the Memory buffer"],
    needs: ["resizable"],
    expect: {
      byWasm: 131072,
      byGrow: 196608,
      same: true,
      view: 196608,
      fixed: buffer(196608),
      old: detached,
      afterwards: true,
    },
    run: (_WebAssembly, tools) => {
      const { memory, grow } = tools.exports("memory");
      const resizable = memory.toResizableBuffer();
      const view = new Uint8Array(resizable);
      grow(1);
      const byWasm = resizable.byteLength;
      memory.grow(1);
      const byGrow = resizable.byteLength;
      const result = { byWasm, byGrow, same: memory.buffer === resizable, view: view.length };
      const fixed = memory.toFixedLengthBuffer();
      return { ...result, fixed, old: resizable, afterwards: memory.buffer === fixed };
    },
  },
  {
    id: "js-memory-many",
    title: "A thousand memories can be made one after another",
    covers: ["JS API: Memory constructor"],
    expect: { total: 65536000, last: 7 },
    run: (WebAssembly) => {
      let total = 0;
      let last;
      for (let k = 0; k < 1000; k++) {
        const memory = new WebAssembly.Memory({ initial: 1 });
        const view = new Uint8Array(memory.buffer);
        view[k] = 7;
        last = view[k];
        total += view.length;
      }
      return { total, last };
    },
  },
  {
    id: "js-memory64",
    title: "A memory of 64-bit addresses takes and gives BigInts",
    covers: ["JS API: AddressValueToU64", "memory64"],
    expect: {
      length: 65536,
      grown: 1n,
      number: throws("TypeError"),
      negative: throws("TypeError"),
      wide: throws("TypeError"),
      text: 2n,
      limit: throws("RangeError"),
      numberInitial: throws("TypeError"),
      badAddress: throws("TypeError"),
      loaded: [9, 0],
      trap: throws("WebAssembly.RuntimeError"),
    },
    modules: {
      wide: `(module (import "m" "x" (memory i64 1 4)) (func (export "load") (param i64) (result i32)
        (i32.load8_u (local.get 0))))`,
    },
    run: (WebAssembly, tools) => {
      const memory = new WebAssembly.Memory({ address: "i64", initial: 1n, maximum: 4n });
      const attempt = (f) => tools.attempt(f);
      const result = {
        length: byteLength(memory),
        grown: memory.grow(1n),
        number: attempt(() => memory.grow(1)),
        negative: attempt(() => memory.grow(-1n)),
        wide: attempt(() => memory.grow(2n ** 64n)),
        text: attempt(() => memory.grow("1")),
        limit: attempt(() => memory.grow(2n)),
        numberInitial: attempt(() => new WebAssembly.Memory({ address: "i64", initial: 1 })),
        badAddress: attempt(() => new WebAssembly.Memory({ address: "i128", initial: 1n })),
      };
      tools.write(memory, 70000, [9]);
      const { load } = tools.exports("wide", { m: { x: memory } });
      return { ...result, loaded: [load(70000n), load(0n)], trap: attempt(() => load(2n ** 40n)) };
    },
  },
];
