// Memories: the engine's own buffers over the bytes that wasm code in Python reads and writes.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { loadEngines } from "./engine.mjs";

for (const { WebAssembly, wat, link } of await loadEngines()) {
  const instantiate = (text, imports) => new WebAssembly.Instance(new WebAssembly.Module(wat(text)), imports).exports;
  const ACCESS = `
    (func (export "load") (param i32) (result i32) (i32.load (local.get 0)))
    (func (export "store") (param i32 i32) (i32.store (local.get 0) (local.get 1)))
    (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
    (func (export "size") (result i32) (memory.size))`;

  describe(`memories (${link.kind} link)`, () => {
    test("the buffer of a memory of either side is its bytes, and the same object until it grows", () => {
      const own = instantiate(`(module (memory (export "memory") 1 3) ${ACCESS})`);
      const memory = new WebAssembly.Memory({ initial: 1, maximum: 3 });
      const functions = instantiate(`(module (import "m" "memory" (memory 1 3)) ${ACCESS})`, { m: { memory } });
      const given = { memory, ...functions };
      for (const { memory: it, load, store, grow, size } of [own, given]) {
        store(8, 42);
        const { buffer } = it;
        assert.ok(buffer instanceof ArrayBuffer);
        assert.equal(buffer.byteLength, 65536);
        assert.equal(it.buffer, buffer);
        const view = new DataView(buffer);
        assert.equal(view.getInt32(8, true), 42);
        view.setInt32(12, -5, true);
        assert.equal(load(12), -5);
        store(12, 6);
        assert.equal(view.getInt32(12, true), 6);

        assert.equal(grow(1), 1);
        assert.equal(buffer.byteLength, 0);
        assert.equal(it.buffer.byteLength, 2 * 65536);
        assert.equal(new DataView(it.buffer).getInt32(12, true), 6);
        const second = it.buffer;
        assert.equal(it.grow(1), 2);
        assert.equal(second.byteLength, 0);
        assert.equal(size(), 3);
        store(3 * 65536 - 4, 77);
        assert.equal(new DataView(it.buffer).getInt32(3 * 65536 - 4, true), 77);
        assert.throws(() => it.grow(1), RangeError);
        assert.equal(grow(1), -1);
        assert.equal(it.buffer.byteLength, 3 * 65536);
        assert.equal(it.grow(0), 3);
        assert.throws(() => load(3 * 65536), WebAssembly.RuntimeError);
      }
    });

    test("both sides see what the other wrote inside of imports, and after an exception", () => {
      let inside;
      const { memory, run } = instantiate(
        `(module
        (import "m" "f" (func $f)) (memory (export "memory") 1)
        (func (export "run") (param i32) (result i32)
          (i32.store (i32.const 0) (local.get 0))
          (call $f)
          (i32.load (i32.const 4))))`,
        { m: { f: () => inside() } },
      );
      inside = () => {
        const view = new DataView(memory.buffer); // The first time, while generated code runs.
        view.setInt32(4, view.getInt32(0, true) + 1, true);
      };
      assert.equal(run(10), 11);
      assert.equal(run(20), 21);
      inside = () => {
        memory.grow(1);
        new DataView(memory.buffer).setInt32(4, 99, true);
      };
      assert.equal(run(30), 99);
      inside = () => {
        throw new Error("after the store");
      };
      assert.throws(() => run(40), /after the store/);
      assert.equal(new DataView(memory.buffer).getInt32(0, true), 40);
    });

    test("a module has several memories, and they are told apart", () => {
      const third = new WebAssembly.Memory({ initial: 1 });
      const { a, b, copy, fill, sum, growB } = instantiate(
        `(module
        (import "m" "third" (memory $c 1))
        (memory $a (export "a") 1) (memory $b (export "b") 1 4)
        (data (memory $b) (i32.const 0) "\\01\\02\\03\\04")
        (func (export "copy") (memory.copy $a $b (i32.const 16) (i32.const 0) (i32.const 4)))
        (func (export "fill") (memory.fill $c (i32.const 1) (i32.const 7) (i32.const 3)))
        (func (export "growB") (result i32) (memory.grow $b (i32.const 1)))
        (func (export "sum") (result i32)
          (i32.load8_u $a (i32.const 17)) (i32.load8_u $b (i32.const 1)) (i32.load8_u $c (i32.const 1))
          (i32.add) (i32.add)))`,
        { m: { third } },
      );
      copy();
      fill();
      assert.deepEqual([...new Uint8Array(a.buffer, 16, 4)], [1, 2, 3, 4]);
      assert.deepEqual([...new Uint8Array(third.buffer, 0, 5)], [0, 7, 7, 7, 0]);
      assert.equal(sum(), 2 + 2 + 7);
      new Uint8Array(b.buffer)[1] = 50;
      new Uint8Array(third.buffer)[1] = 100;
      assert.equal(sum(), 2 + 50 + 100);
      const { buffer } = a;
      assert.equal(growB(), 1);
      assert.equal(a.buffer, buffer);
      assert.equal(b.buffer.byteLength, 2 * 65536);
      copy();
      assert.equal(new Uint8Array(a.buffer)[17], 50);
    });

    test("one memory in two instances is one object", () => {
      const first = instantiate(`(module (memory (export "memory") 1) ${ACCESS})`);
      const second = instantiate(`(module (import "m" "memory" (memory 1)) (export "again" (memory 0)) ${ACCESS})`, {
        m: first,
      });
      assert.equal(second.again, first.memory);
      second.store(0, 5);
      assert.equal(first.load(0), 5);
      assert.equal(new Int32Array(first.memory.buffer)[0], 5);
      second.grow(1);
      assert.equal(first.size(), 2);
      first.store(65536, 8);
      assert.equal(second.load(65536), 8);
    });

    test("shared memories have frozen shared buffers", () => {
      const shared = new WebAssembly.Memory({ initial: 1, maximum: 2, shared: true });
      const { add } = instantiate(
        `(module (import "m" "memory" (memory 1 2 shared))
        (func (export "add") (param i32) (result i32) (i32.atomic.rmw.add (i32.const 0) (local.get 0))))`,
        { m: { memory: shared } },
      );
      const { buffer } = shared;
      assert.ok(buffer instanceof SharedArrayBuffer);
      assert.ok(Object.isFrozen(buffer));
      assert.equal(add(5), 0);
      assert.equal(Atomics.add(new Int32Array(buffer), 0, 6), 5);
      assert.equal(add(1), 11);
      shared.grow(1);
      assert.equal(buffer.byteLength, 65536);
      assert.equal(shared.buffer.byteLength, 2 * 65536);
      assert.throws(() => new WebAssembly.Memory({ initial: 1, shared: true }), TypeError);
    });

    test("memories with 64-bit addresses have sizes that are BigInts", () => {
      const memory = new WebAssembly.Memory({ address: "i64", initial: 1n, maximum: 3n });
      const { load, size } = instantiate(
        `(module (import "m" "memory" (memory i64 1 3))
        (func (export "load") (param i64) (result i32) (i32.load (local.get 0)))
        (func (export "size") (result i64) (memory.size)))`,
        { m: { memory } },
      );
      new Int32Array(memory.buffer)[2] = 9;
      assert.equal(load(8n), 9);
      assert.throws(() => load(2n ** 32n + 8n), WebAssembly.RuntimeError);
      assert.equal(memory.grow(1n), 1n);
      assert.equal(size(), 2n);
      assert.throws(() => memory.grow(1), TypeError);
      assert.throws(() => memory.grow(2n ** 64n - 1n), RangeError);
    });

    const BYTES = `(func (export "load") (param i32) (result i32) (i32.load8_u (local.get 0)))
      (func (export "store") (param i32 i32) (i32.store8 (local.get 0) (local.get 1)))
      (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
      (func (export "size") (result i32) (memory.size))`;

    test("the buffer of a memory with pages of one byte has its bytes, until it grows", () => {
      const { memory, load, store, grow, size } = instantiate(
        `(module (memory (export "memory") 4 8 (pagesize 1)) (data (i32.const 0) "\\05") ${BYTES})`,
      );
      const { buffer } = memory;
      assert.equal(memory.buffer, buffer);
      new Uint8Array(buffer)[3] = 9;
      store(2, 7);
      assert.deepEqual([...new Uint8Array(buffer)], [5, 0, 7, 9]);
      assert.equal(load(3), 9);
      assert.equal(memory.grow(2), 4);
      assert.deepEqual([buffer.byteLength, memory.buffer.byteLength, size()], [0, 6, 6]);
      assert.equal(grow(1), 6);
      assert.equal(memory.buffer.byteLength, 7);
      assert.deepEqual([load(2), load(6)], [7, 0]);
      assert.throws(() => load(7), WebAssembly.RuntimeError);
      assert.equal(grow(2), -1);
      assert.throws(() => memory.grow(2), RangeError);
    });

    test("it can be resizable: then it grows by itself, and never shrinks", () => {
      const { memory, load, grow, size } = instantiate(
        `(module (memory (export "memory") 4 8 (pagesize 1)) (data (i32.const 3) "\\05") ${BYTES})`,
      );
      const fixed = memory.buffer;
      const buffer = memory.toResizableBuffer();
      assert.deepEqual([fixed.byteLength, buffer.resizable, buffer.maxByteLength], [0, true, 8]);
      assert.equal(memory.toResizableBuffer(), buffer);
      buffer.resize(6);
      assert.deepEqual([size(), load(3), load(5)], [6, 5, 0]);
      assert.equal(grow(1), 6);
      assert.deepEqual([memory.buffer, buffer.byteLength], [buffer, 7]);
      for (const length of [0, 6, 9]) assert.throws(() => buffer.resize(length), RangeError);
      const again = memory.toFixedLengthBuffer();
      assert.deepEqual([again.resizable, again.byteLength, buffer.byteLength], [false, 7, 0]);
      assert.equal(memory.toFixedLengthBuffer(), again);
      assert.equal(memory.buffer, again);
      const unbounded = instantiate('(module (memory (export "memory") 4 (pagesize 1)))').memory;
      assert.equal(unbounded.buffer.byteLength, 4);
      assert.throws(() => unbounded.toResizableBuffer(), TypeError);
    });

    test("a shared memory with pages of one byte has one buffer, which grows with it", () => {
      const { memory, add, wait, notify, load, grow } = instantiate(`(module
        (memory (export "memory") 7 16 shared (pagesize 1))
        (func (export "add") (param i32) (result i64) (i64.atomic.rmw32.add_u (i32.const 0) (i64.extend_i32_u (local.get 0))))
        (func (export "wait") (result i32) (memory.atomic.wait32 (i32.const 0) (i32.const 5) (i64.const 0)))
        (func (export "notify") (result i32) (memory.atomic.notify (i32.const 0) (i32.const 1))) ${BYTES})`);
      const { buffer } = memory;
      assert.ok(buffer instanceof SharedArrayBuffer && Object.isFrozen(buffer));
      assert.equal(buffer.byteLength, 7);
      assert.deepEqual([add(3), add(4), new Uint8Array(buffer)[0]], [0n, 3n, 7]);
      assert.deepEqual([wait(), notify()], [1, 0]);
      assert.equal(grow(2), 7);
      assert.equal(memory.grow(1), 9);
      assert.deepEqual([memory.buffer, buffer.byteLength, load(9)], [buffer, 10, 0]);
      assert.equal(memory.toResizableBuffer(), buffer);
      assert.throws(() => memory.grow(7), RangeError);
    });

    test("descriptors that are not valid are refused", () => {
      assert.throws(() => new WebAssembly.Memory({ initial: 2, maximum: 1 }), RangeError);
      assert.throws(() => new WebAssembly.Memory({ initial: 65537 }), RangeError);
      assert.throws(() => new WebAssembly.Memory({ initial: -1 }), TypeError);
      assert.throws(() => new WebAssembly.Memory({ address: "i64", initial: 2n ** 40n }), RangeError);
    });

    test("a number of pages or elements that is refused was asked for once", () => {
      const asked = [];
      const delta = {
        [Symbol.toPrimitive]: (hint) => {
          asked.push(hint);
          return 9;
        },
      };
      const memory = new WebAssembly.Memory({ initial: 1, maximum: 2 });
      const table = new WebAssembly.Table({ element: "externref", initial: 1, maximum: 2 });
      const refused = { name: "RangeError", message: /\b9\b/ };
      assert.throws(() => memory.grow(delta), refused);
      assert.throws(() => table.grow(delta), refused);
      assert.deepEqual(asked, ["number", "number"]);
    });
  });
}
