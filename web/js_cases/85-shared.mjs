// Shared memories, with the Atomics of JavaScript on one side and atomic instructions on the other.

import { shared, throws, wasm } from "../static/patterns.mjs";

export const group = "JavaScript: shared memories";

export const modules = {
  atomics: `(module (import "m" "memory" (memory 1 4 shared))
    (func (export "load") (param i32) (result i32) (i32.atomic.load (local.get 0))) (func (export "store")
    (param i32 i32) (i32.atomic.store (local.get 0) (local.get 1)))
    (func (export "add") (param i32 i32) (result i32) (i32.atomic.rmw.add (local.get 0) (local.get 1)))
    (func (export "add64") (param i32 i64) (result i64) (i64.atomic.rmw.add (local.get 0) (local.get 1)))
    (func (export "cas") (param i32 i32 i32) (result i32) (i32.atomic.rmw.cmpxchg (local.get 0) (local.get 1)
    (local.get 2)))
    (func (export "notify") (param i32 i32) (result i32) (memory.atomic.notify (local.get 0) (local.get 1)))
    (func (export "wait") (param i32 i32 i64) (result i32) (memory.atomic.wait32 (local.get 0) (local.get 1)
    (local.get 2)))
    (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0))) (func (export "fence") atomic.fence))`,
  plain: '(module (import "m" "memory" (memory 1 4)))',
  waiting: `(module (memory (export "memory") 1) (func (export "wait") (result i32) (memory.atomic.wait32 (i32.const 0)
      (i32.const 0) (i64.const 0))) (func (export "notify") (result i32) (memory.atomic.notify (i32.const 0)
      (i32.const 1))))`,
};

const make = (WebAssembly, initial = 1, maximum = 4) => new WebAssembly.Memory({ initial, maximum, shared: true });

export const cases = [
  {
    id: "js-shared-constructor",
    title: "A shared memory needs a maximum and has a frozen SharedArrayBuffer",
    covers: ["JS API: Memory constructor", "threads"],
    needs: ["shared"],
    expect: {
      memory: wasm("Memory"),
      buffer: shared(65536),
      same: true,
      extensible: false,
      noMaximum: throws("TypeError"),
      falsy: "[object ArrayBuffer]",
    },
    run: (WebAssembly, tools) => {
      const memory = make(WebAssembly);
      return {
        memory,
        buffer: memory.buffer,
        same: memory.buffer === memory.buffer,
        extensible: Object.isExtensible(memory.buffer),
        noMaximum: tools.attempt(() => new WebAssembly.Memory({ initial: 1, shared: true })),
        falsy: String(new WebAssembly.Memory({ initial: 1, maximum: 1, shared: 0 }).buffer),
      };
    },
  },
  {
    id: "js-shared-descriptor-order",
    title: "shared is read last, as its name says",
    covers: ["Web IDL: dictionaries", "threads"],
    needs: ["shared"],
    expect: { log: ["get address", "get initial", "get maximum", "get shared"] },
    run: (WebAssembly, tools) => {
      new WebAssembly.Memory(tools.spy({ shared: true, maximum: 1, initial: 1 }));
      return { log: tools.log };
    },
  },
  {
    id: "js-shared-grow",
    title: "Growing a shared memory makes a new buffer and leaves the old one at its length",
    covers: ["JS API: refresh the Memory buffer", "threads"],
    needs: ["shared"],
    expect: { old: shared(65536), grown: 1, now: shared(131072), other: true, alias: 7, inWasm: 2, length: 196608 },
    run: (WebAssembly, tools) => {
      const memory = make(WebAssembly);
      const old = memory.buffer;
      const grown = memory.grow(1);
      const now = memory.buffer;
      new Uint8Array(old)[3] = 7;
      const { grow } = tools.exports("atomics", { m: { memory } });
      return {
        old,
        grown,
        now,
        other: old !== now,
        alias: new Uint8Array(now)[3],
        inWasm: grow(1),
        length: memory.buffer.byteLength,
      };
    },
  },
  {
    id: "js-shared-atomics-both-ways",
    title: "Atomics of JavaScript and atomic instructions work on the same cells",
    covers: ["threads: atomic accesses", "ECMAScript: Atomics"],
    needs: ["shared"],
    expect: { load: 5, add: 5, after: 15, store: -1, exchange: -1, big: 1n, sum: 0n, cas: [7, 7, 9] },
    run: (WebAssembly, tools) => {
      const memory = make(WebAssembly);
      const cells = new Int32Array(memory.buffer);
      const wide = new BigInt64Array(memory.buffer);
      const { load, store, add, add64, cas } = tools.exports("atomics", { m: { memory } });
      Atomics.store(cells, 4, 5);
      const result = { load: load(16), add: add(16, 10), after: Atomics.load(cells, 4) };
      store(20, -1);
      result.store = Atomics.load(cells, 5);
      result.exchange = Atomics.exchange(cells, 5, 7);
      Atomics.store(wide, 8, 1n);
      result.big = add64(64, -1n);
      result.sum = Atomics.load(wide, 8);
      result.cas = [cas(20, 7, 9), 7, Atomics.compareExchange(cells, 5, 9, 1)];
      return result;
    },
  },
  {
    id: "js-shared-atomics-errors",
    title: "Atomic accesses trap when they are not aligned or out of bounds",
    covers: ["threads: atomic accesses"],
    needs: ["shared"],
    expect: {
      unaligned: throws("WebAssembly.RuntimeError"),
      bounds: throws("WebAssembly.RuntimeError"),
      last: 0,
      fence: undefined,
    },
    run: (WebAssembly, tools) => {
      const { load, fence } = tools.exports("atomics", { m: { memory: make(WebAssembly) } });
      return {
        unaligned: tools.attempt(() => load(2)),
        bounds: tools.attempt(() => load(65536)),
        last: load(65532),
        fence: fence(),
      };
    },
  },
  {
    id: "js-shared-wait-notify",
    title: "wait returns at once when the value differs, and notify without waiters wakes none",
    covers: ["threads: wait and notify"],
    needs: ["shared"],
    expect: {
      differs: 1,
      timedOut: 2,
      notify: 0,
      hostNotify: 0,
      unshared: throws("WebAssembly.RuntimeError"),
      unsharedNotify: 0,
    },
    run: (WebAssembly, tools) => {
      const memory = make(WebAssembly);
      const { wait, notify } = tools.exports("atomics", { m: { memory } });
      const { wait: unshared, notify: unsharedNotify } = tools.exports("waiting");
      return {
        differs: wait(0, 5, -1n),
        timedOut: wait(0, 0, 1000n),
        notify: notify(0, 1),
        hostNotify: Atomics.notify(new Int32Array(memory.buffer), 0),
        unshared: tools.attempt(() => unshared()),
        unsharedNotify: unsharedNotify(),
      };
    },
  },
  {
    id: "js-shared-linking",
    title: "Shared and unshared memories do not link in each other's place",
    covers: ["core: import matching", "threads"],
    needs: ["shared"],
    expect: {
      fine: wasm("Instance"),
      unshared: throws("WebAssembly.LinkError"),
      shared: throws("WebAssembly.LinkError"),
      wide: throws("WebAssembly.LinkError"),
    },
    run: (WebAssembly, tools) => {
      const link = (name, memory) => tools.attempt(() => tools.instance(name, { m: { memory } }));
      return {
        fine: link("atomics", make(WebAssembly)),
        unshared: link("atomics", new WebAssembly.Memory({ initial: 1, maximum: 4 })),
        shared: link("plain", make(WebAssembly)),
        wide: link("atomics", make(WebAssembly, 1, 5)),
      };
    },
  },
  {
    id: "js-shared-beside-unshared",
    title: "A shared and an unshared memory in one module keep their kinds, and bytes are copied between them",
    covers: ["threads", "core: multiple memories"],
    needs: ["shared"],
    expect: { kinds: ["SharedArrayBuffer", "ArrayBuffer"], copied: [1, 2, 3], back: [9], atomic: 3, atomicOnPlain: 3 },
    modules: {
      both: `(module (memory $s (export "s") 1 2 shared) (memory $p (export "p") 1)
        (func (export "sp") (memory.copy $p $s (i32.const 0) (i32.const 0) (i32.const 8))) (func (export "ps")
        (memory.copy $s $p (i32.const 100) (i32.const 8) (i32.const 1)))
        (func (export "atomic") (result i32) (i32.atomic.rmw8.add_u $s (i32.const 2) (i32.const 1)))
        (func (export "plain") (result i32) (i32.atomic.rmw8.add_u $p (i32.const 2) (i32.const 1))))`,
    },
    run: (_WebAssembly, tools) => {
      const { s, p, sp, ps, atomic, plain } = tools.exports("both");
      tools.write(s, 0, [1, 2, 3]);
      sp();
      tools.write(p, 8, [9]);
      ps();
      return {
        kinds: [s, p].map(({ buffer }) => Object.prototype.toString.call(buffer).slice(8, -1)),
        copied: tools.read(p, 0, 3),
        back: tools.read(s, 100, 1),
        atomic: atomic(),
        atomicOnPlain: plain(),
      };
    },
  },
  {
    id: "js-shared-resizable",
    title: "toResizableBuffer of a shared memory gives a growable SharedArrayBuffer",
    covers: ["JS API: Memory.toResizableBuffer", "threads"],
    needs: ["shared", "resizable"],
    expect: {
      growable: shared(65536, { growable: true, maxByteLength: 262144 }),
      grown: 131072,
      size: 2,
      fixed: shared(131072, { growable: false }),
    },
    run: (WebAssembly, tools) => {
      const memory = make(WebAssembly);
      const growable = memory.toResizableBuffer();
      const before = { growable };
      const { grow } = tools.exports("atomics", { m: { memory } });
      const fresh = make(WebAssembly).toResizableBuffer();
      growable.grow(131072);
      return { growable: fresh, grown: before.growable.byteLength, size: grow(0), fixed: memory.toFixedLengthBuffer() };
    },
  },
];
