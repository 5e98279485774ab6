// Builtin sets of the engine on JavaScript's memories: memory-ref, far and memory-control.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { loadEngines } from "./engine.mjs";

const PAGE = 65536;

const FUNCTIONS = {
  "memory-ref": {
    of: "(param i32) (result externref)",
    new: "(param i64 i64 i32) (result externref)",
    size: "(param externref) (result i64)",
    grow: "(param externref i64) (result i64)",
    load8_u: "(param externref i64) (result i32)",
    load32: "(param externref i64) (result i32)",
    loadf64: "(param externref i64) (result f64)",
    store32: "(param externref i64 i32)",
    storef64: "(param externref i64 f64)",
    copy: "(param externref i64 externref i64 i64)",
    fill: "(param externref i64 i32 i64)",
    eq: "(param externref externref) (result i32)",
    atomic_add32: "(param externref i64 i32) (result i32)",
  },
  far: {
    handle: "(param externref) (result i32)",
    ref: "(param i32) (result externref)",
    load8_u: "(param i64) (result i32)",
    store32: "(param i64 i32)",
  },
  "memory-control": { discard: "(param i32 i32 i32)", protect: "(param i32 i32 i32 i32)" },
};

/** A module that exports all functions of a set. */
function handingOut(set, fields = "") {
  const lines = Object.entries(FUNCTIONS[set]).map(
    ([name, type]) => `(import "pyjsapi:${set}" "${name}" (func $${name} ${type}))`,
  );
  const exports = Object.keys(FUNCTIONS[set]).map((name) => `(export "${name}" (func $${name}))`);
  return `(module ${lines.join("\n")} ${fields} ${exports.join("\n")})`;
}

for (const { WebAssembly, wat, link } of await loadEngines()) {
  const { Memory, Module, Instance, RuntimeError } = WebAssembly;
  const guest = (set, fields) => new Instance(new Module(wat(handingOut(set, fields)), { builtins: [set] })).exports;

  describe(`builtin sets of the engine (${link.kind} link)`, () => {
    test("a module that enables them needs no imports object", () => {
      const module = new Module(wat(handingOut("memory-ref")), { builtins: ["memory-ref"] });
      assert.deepEqual(Module.imports(module), []);
      assert.throws(() => new Instance(new Module(wat(handingOut("memory-ref")))), TypeError);
      const wrong = wat(`(module (import "pyjsapi:memory-ref" "size" (func (param i32))))`);
      assert.throws(() => new Module(wrong, { builtins: ["memory-ref"] }), WebAssembly.CompileError);
      assert.equal(WebAssembly.validate(wrong, { builtins: ["memory-ref"] }), false);
    });

    test("references are memories of JavaScript", () => {
      const { load32, store32, loadf64, storef64, size, grow, copy, fill, eq } = guest("memory-ref");
      const memory = new Memory({ initial: 1, maximum: 3 });
      const bytes = new Uint8Array(memory.buffer);
      bytes.set([1, 2, 3, 4], 100);
      assert.equal(load32(memory, 100n), 0x04030201);
      store32(memory, 200n, -2);
      storef64(memory, 208n, 1.5);
      assert.deepEqual([...bytes.slice(200, 204)], [254, 255, 255, 255]);
      assert.equal(loadf64(memory, 208n), 1.5);
      assert.deepEqual([size(memory), grow(memory, 1n), grow(memory, 9n)], [1n, 1n, -1n]);
      assert.equal(memory.buffer.byteLength, 2 * PAGE);
      const other = new Memory({ initial: 1 });
      copy(other, 5n, memory, 100n, 4n);
      fill(other, 9n, 7, 2n);
      assert.deepEqual([...new Uint8Array(other.buffer, 4, 8)], [0, 1, 2, 3, 4, 7, 7, 0]);
      assert.deepEqual([eq(memory, memory), eq(memory, other), eq(null, null)], [1, 0, 1]);
    });

    test("what is no memory traps, as do bytes out of bounds", () => {
      const { load32, store32 } = guest("memory-ref");
      for (const value of [null, undefined, 5, "memory", {}, Memory]) {
        assert.throws(() => load32(value, 0n), RuntimeError);
      }
      const memory = new Memory({ initial: 1 });
      for (const at of [BigInt(PAGE) - 3n, 1n << 32n, -1n]) {
        assert.throws(() => load32(memory, at), RuntimeError);
        assert.throws(() => store32(memory, at, 0), RuntimeError);
      }
    });

    test("a memory comes back as the same object", () => {
      const { of, memory } = guest("memory-ref", '(memory (export "memory") 1) (memory 2)');
      assert.equal(of(0), memory);
      assert.equal(of(1).buffer.byteLength, 2 * PAGE);
      assert.equal(of(1), of(1));
      assert.throws(() => of(2), RuntimeError);
      const text = `(module (func (export "echo") (param externref) (result externref) (local.get 0))
        (table (export "table") 1 externref))`;
      const { echo, table } = new Instance(new Module(wat(text))).exports;
      const own = new Memory({ initial: 0 });
      assert.equal(echo(own), own);
      table.set(0, own);
      assert.equal(table.get(0), own);
    });

    test("a memory that the guest makes is an import of another instance", () => {
      const { new: make, load32, store32 } = guest("memory-ref");
      const memory = make(1n, 2n, 0);
      assert.ok(memory instanceof Memory);
      store32(memory, 8n, 41);
      const child = new Module(
        wat(`(module (import "m" "memory" (memory 1 2))
          (func (export "add") (i32.store (i32.const 8) (i32.add (i32.load (i32.const 8)) (i32.const 1)))))`),
      );
      new Instance(child, { m: { memory } }).exports.add();
      assert.equal(load32(memory, 8n), 42);
      assert.equal(new Int32Array(memory.buffer)[2], 42);
      assert.throws(() => make(2n, 1n, 0), RuntimeError);
    });

    test("shared memories, atomically", () => {
      const { atomic_add32: add } = guest("memory-ref");
      const memory = new Memory({ initial: 1, maximum: 1, shared: true });
      assert.deepEqual([add(memory, 4n, 5), add(memory, 4n, 5)], [0, 5]);
      assert.equal(Atomics.load(new Int32Array(memory.buffer), 1), 10);
    });

    test("far pointers are good where the handle was given", () => {
      const { handle, ref, load8_u: load, store32: store } = guest("far", "(memory 1)");
      const memory = new Memory({ initial: 1 });
      const pointer = (BigInt(handle(memory)) << 32n) | 16n;
      store(pointer, 0x01020304);
      assert.equal(load(pointer), 4);
      assert.equal(new Uint8Array(memory.buffer)[16], 4);
      assert.equal(ref(handle(memory)), memory);
      assert.equal(load(16n), 0);
      const other = guest("far", "(memory 1)");
      assert.throws(() => other.load8_u(pointer), RuntimeError);
    });

    test("pages are discarded", () => {
      const { discard, memory } = guest("memory-control", '(memory (export "memory") 2)');
      new Uint8Array(memory.buffer).fill(9);
      discard(0, 70_000, 1);
      const bytes = new Uint8Array(memory.buffer);
      assert.deepEqual([bytes[PAGE - 1], bytes[PAGE], bytes[2 * PAGE - 1]], [9, 0, 0]);
    });

    test("pages are protected", () => {
      const { protect, load, store, memory } = guest(
        "memory-control",
        `(memory (export "memory") 2)
        (func (export "load") (param i32) (result i32) (i32.load8_u (local.get 0)))
        (func (export "store") (param i32) (i32.store8 (local.get 0) (i32.const 3)))`,
      );
      new Uint8Array(memory.buffer)[PAGE] = 5;
      protect(0, PAGE, 1, 1);
      assert.equal(load(PAGE), 5);
      assert.throws(() => store(PAGE), RuntimeError);
      store(PAGE - 1);
      assert.equal(new Uint8Array(memory.buffer)[PAGE - 1], 3);
      protect(0, PAGE, 1, 3);
      store(PAGE);
      assert.equal(new Uint8Array(memory.buffer)[PAGE], 3);
    });
  });
}
