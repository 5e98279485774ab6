// What memories have with the feature memoryControl, and that they have nothing of it without.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { loadEngine } from "./engine.mjs";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc");

const PAGE = 65536;
const ACCESS = `
  (func (export "load") (param i32) (result i32) (i32.load (local.get 0)))
  (func (export "store") (param i32 i32) (i32.store (local.get 0) (local.get 1)))
  (func (export "fill") (param i32 i32 i32) (memory.fill (local.get 0) (local.get 1) (local.get 2)))
  (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
  (func (export "size") (result i32) (memory.size))`;

test("without the feature nothing of it is there", async () => {
  const { WebAssembly } = await loadEngine();
  assert.equal("MemoryMapDescriptor" in WebAssembly, false);
  const names = ["constructor", "grow", "buffer", "toFixedLengthBuffer", "toResizableBuffer"];
  assert.deepEqual(Object.getOwnPropertyNames(WebAssembly.Memory.prototype), names);
  assert.equal(new WebAssembly.Memory({ initial: 1, noAccess: 1, maplength: "x" }).buffer.byteLength, PAGE);
});

for (const link of ["native", "proxy"]) {
  const engine = await loadEngine({ link, features: { memory_control: true } });
  const { WebAssembly, wat } = engine;
  const instantiate = (text, imports) => new WebAssembly.Instance(new WebAssembly.Module(wat(text)), imports).exports;
  const onMemory = (memory, pages) =>
    instantiate(`(module (import "" "m" (memory ${pages})) ${ACCESS})`, { "": { m: memory } });
  const trap = { name: "RuntimeError" };

  describe(`memory control (${link} link)`, () => {
    test("MemoryMapDescriptor has the surface that V8 gives it", () => {
      const Descriptor = WebAssembly.MemoryMapDescriptor;
      const { map, unmap } = Descriptor.prototype;
      assert.deepEqual([Descriptor.length, map.length, unmap.length], [1, 2, 0]);
      assert.equal(String(new Descriptor(1)), "[object WebAssembly.MemoryMapDescriptor]");
      assert.deepEqual(Object.getOwnPropertyNames(Descriptor.prototype), ["constructor", "map", "unmap"]);
      assert.throws(() => Descriptor(1), TypeError);
      assert.throws(() => new Descriptor(1n), TypeError);
      assert.throws(() => unmap.call({}), TypeError);
      const { enumerable } = Object.getOwnPropertyDescriptor(WebAssembly, "MemoryMapDescriptor");
      assert.equal(enumerable, false);
    });

    test("an offset that is not aligned is a RangeError, an unmap without a map nothing", () => {
      const memory = new WebAssembly.Memory({ initial: 1 });
      const descriptor = new WebAssembly.MemoryMapDescriptor(1);
      descriptor.unmap();
      assert.throws(() => descriptor.map(memory, 5), RangeError);
      assert.equal(new WebAssembly.MemoryMapDescriptor(0).map(memory, 0), 0);
    });

    test("a buffer shows what was mapped when it was asked for", () => {
      const exports = instantiate(`(module (memory (export "memory") 2) ${ACCESS})`);
      const { memory, load, store } = exports;
      const descriptor = new WebAssembly.MemoryMapDescriptor(PAGE);
      store(PAGE, 5);
      const { buffer } = memory;
      descriptor.map(memory, PAGE);
      assert.equal(load(PAGE), 0);
      store(PAGE, 6);
      assert.equal(new Int32Array(buffer)[PAGE / 4], 5);
      assert.equal(memory.buffer, buffer);
      assert.equal(new Int32Array(buffer)[PAGE / 4], 6);
      descriptor.unmap();
      assert.equal(new Int32Array(memory.buffer)[PAGE / 4], 0);
    });

    test("a buffer of JavaScript is mapped as a copy, which it gets back", () => {
      const memory = new WebAssembly.Memory({ initial: 2, maximum: 3 });
      const { load, store, grow } = onMemory(memory, 2);
      const bytes = new Uint8Array(100).fill(1);
      assert.equal(memory.map(bytes, 8, { at: 1000 }), 1000);
      assert.equal(load(1004), 0x01010101);
      assert.equal(load(1008), 0);
      store(1000, 0x04030201);
      assert.equal(new Uint8Array(memory.buffer)[1001], 2);
      assert.equal(bytes[1], 1);
      memory.flush();
      assert.deepEqual([...bytes.subarray(0, 5)], [1, 2, 3, 4, 1]);
      assert.equal(grow(1), 2);
      store(1004, 0);
      memory.unmap(bytes);
      assert.deepEqual([...bytes.subarray(3, 10)], [4, 0, 0, 0, 0, 1, 1]);
      assert.equal(load(1000), 0);
      memory.unmap(bytes);
      assert.throws(() => memory.map(bytes, 101), RangeError);
      assert.throws(() => memory.map(bytes, 8, { at: 3 * PAGE - 7 }), RangeError);
      memory.map(bytes, 8, { at: 0 });
      assert.throws(() => memory.map(new ArrayBuffer(8), 8, { at: 4 }), RangeError);
      memory.unmap(0, 8);
      assert.equal(memory.map(new SharedArrayBuffer(8), 8, { at: 4 }), 4);
    });

    test("what is mapped to be read only traps when it is written to", () => {
      const memory = new WebAssembly.Memory({ initial: 1 });
      const { load, store, fill } = onMemory(memory, 1);
      const { buffer } = new Uint8Array([1, 2, 3, 4]);
      memory.map(buffer, 4, { at: 8, mode: "r" });
      assert.equal(load(8), 0x04030201);
      assert.throws(() => store(6, -1), trap);
      assert.throws(() => fill(0, 7, 100), trap);
      assert.equal(load(4), 0);
      memory.unmap(buffer);
      store(8, 3);
      assert.equal(load(8), 3);
      assert.throws(() => memory.map(buffer, 4, { mode: "cow" }), TypeError);
    });

    test("pages are protected and discarded", () => {
      const memory = new WebAssembly.Memory({ initial: 2 });
      const { load, store } = onMemory(memory, 2);
      store(0, 1);
      store(PAGE, 2);
      memory.protect(4, 1, "r");
      assert.throws(() => store(PAGE - 2, 1), trap);
      assert.equal(load(0), 1);
      memory.protect(0, PAGE, "none");
      assert.throws(() => load(0), trap);
      assert.equal(load(PAGE), 2);
      memory.protect(0, PAGE, "rw");
      memory.discard(70000, 1);
      assert.deepEqual([load(0), load(PAGE)], [1, 0]);
      assert.throws(() => memory.discard(2 * PAGE - 1, 2), RangeError);
      assert.throws(() => memory.protect(0, 2 * PAGE + 1, "r"), RangeError);
      assert.throws(() => memory.protect(0, 1, "rwx"), TypeError);
    });

    test("addresses of memories with 64-bit addresses are BigInts", () => {
      const memory = new WebAssembly.Memory({ address: "i64", initial: 1n });
      const bytes = new Uint8Array(8).fill(3);
      assert.equal(memory.map(bytes, 8n, { at: 16n }), 16n);
      assert.equal(new Uint8Array(memory.buffer)[23], 3);
      memory.discard(0n, 1n);
      assert.equal(new Uint8Array(memory.buffer)[23], 0);
      assert.equal(memory.bufferOffset, 0n);
      for (const wrong of [() => memory.discard(0, 1n), () => memory.map(bytes, 8), () => memory.protect(0n, 1, "r")]) {
        assert.throws(wrong, TypeError);
      }
    });

    test("shared memories are mapped as copies, and not protected", () => {
      const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
      const bytes = new Uint8Array(4).fill(3);
      assert.equal(memory.map(bytes), 0);
      assert.equal(new Uint8Array(memory.buffer)[3], 3);
      memory.unmap(bytes);
      assert.equal(new Uint8Array(memory.buffer)[3], 0);
    });

    test("P-6: a region for mappings alone comes before the buffer", () => {
      const memory = new WebAssembly.Memory({ initial: 10, maximum: 150, maplength: 15 });
      const { load, store, grow, size } = onMemory(memory, 25);
      assert.deepEqual([size(), memory.buffer.byteLength, memory.bufferOffset], [25, 655360, 983040]);
      new Uint8Array(memory.buffer)[0] = 7;
      assert.equal(load(983040), 7);
      assert.throws(() => load(0), trap);
      const buffers = Array.from({ length: 15 }, (_, i) => new Uint8Array(PAGE).fill(i));
      const addresses = buffers.map((bytes) => memory.map(bytes, PAGE));
      assert.deepEqual(
        addresses,
        buffers.map((_, i) => i * PAGE),
      );
      assert.throws(() => memory.map(new Uint8Array(PAGE), PAGE), RangeError);
      store(3 * PAGE, 1);
      assert.equal(load(14 * PAGE), 0x0e0e0e0e);
      memory.unmap(buffers[3]);
      assert.deepEqual([...buffers[3].subarray(0, 5)], [1, 0, 0, 0, 3]);
      assert.throws(() => load(3 * PAGE), trap);
      assert.equal(grow(1), 25);
      assert.equal(memory.grow(1), 26);
      assert.equal(memory.buffer.byteLength, 12 * PAGE);
      assert.throws(() => memory.grow(124), RangeError);
    });

    test("P-7: a region for mappings needs a maximum, which it fits in", () => {
      const wrong = (descriptor) => () => new WebAssembly.Memory(descriptor);
      assert.throws(wrong({ initial: 1, maplength: 15 }), TypeError);
      assert.throws(wrong({ initial: 1, maximum: 10, maplength: 15 }), RangeError);
      assert.throws(wrong({ initial: 1, maximum: 20, maplength: 15, shared: true }), TypeError);
      assert.throws(wrong({ initial: 2, noAccess: 2, readOnly: 1 }), RangeError);
      assert.throws(wrong({ initial: 9, maximum: 20, noAccess: 2, maplength: 1 }), TypeError);
    });

    test("P-1 to P-5: pages out of reach, then read-only ones, come before the buffer", () => {
      const memory = new WebAssembly.Memory({ initial: 4, maximum: 5, noAccess: 1, readOnly: 2 });
      const { load, store, fill, grow, size } = instantiate(
        `(module (import "" "m" (memory 4)) (data (i32.const 65536) "\\05\\06") (data (i32.const 196606) "abcd") ${ACCESS})`,
        { "": { m: memory } },
      );
      assert.throws(() => load(0), trap);
      assert.throws(() => load(PAGE - 1), trap);
      assert.equal(load(PAGE), 0x0605);
      assert.equal(load(3 * PAGE - 2), 0x64636261);
      for (const address of [PAGE, 3 * PAGE - 1]) assert.throws(() => store(address, 1), trap);
      assert.throws(() => fill(2 * PAGE, 1, 2 * PAGE), trap);
      assert.deepEqual([memory.bufferOffset, memory.buffer.byteLength], [3 * PAGE, PAGE]);
      assert.deepEqual([...new Uint8Array(memory.buffer, 0, 3)], [99, 100, 0]);
      assert.deepEqual([...new Uint8Array(memory.readOnlyBuffer, 0, 2)], [5, 6]);
      assert.equal(memory.readOnlyBuffer.byteLength, 2 * PAGE);
      assert.equal(grow(1), 4);
      store(4 * PAGE, 8);
      assert.deepEqual([size(), load(4 * PAGE)], [5, 8]);
      assert.equal(grow(1), -1);
    });

    test("memory.discard is an instruction", () => {
      const { memory, discard } = instantiate(
        `(module (memory (export "memory") 2) (func (export "discard") (memory.discard (i32.const 70000) (i32.const 1))))`,
      );
      new Uint8Array(memory.buffer).fill(1);
      discard();
      const bytes = new Uint8Array(memory.buffer);
      assert.deepEqual([bytes[PAGE - 1], bytes[PAGE], bytes[2 * PAGE - 1]], [1, 0, 0]);
    });

    test("memories go with what they have mapped when nobody has them any more", async () => {
      const bytes = new Uint8Array(8);
      const descriptor = new WebAssembly.MemoryMapDescriptor(4096);
      const make = () => {
        const memory = new WebAssembly.Memory({ initial: 2 });
        descriptor.map(memory, 0);
        new WebAssembly.MemoryMapDescriptor(4096).map(memory, 4096);
        assert.equal(memory.map(bytes, 8, { at: PAGE }), PAGE);
        new WebAssembly.Memory({ initial: 1, maximum: 3, maplength: 2 }).map(bytes);
      };
      const memories = async () => {
        for (let round = 0; round < 4; round++) {
          collect();
          await sleep(2); // Finalizers run between tasks.
          engine.pyodide.runPython("import gc; gc.collect()");
        }
        return engine.link.live.memories;
      };
      make();
      const before = await memories();
      for (let i = 0; i < 20; i++) make();
      assert.equal(await memories(), before);
    });
  });
}
