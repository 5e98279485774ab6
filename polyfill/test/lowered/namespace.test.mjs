// The namespace with several memories per module, used as the engine's own would be.

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { implementation as W, configure } from "../../implementation.mjs";
import { planOf } from "../../lowered/linker.mjs";
import { assemble, lower } from "./modules.mjs";

const native = globalThis.WebAssembly;
const nativeBefore = Object.getOwnPropertyDescriptors(native);

configure({ lower });

const [two, importing, single, trapping, named, starting, mixed] = assemble(
  `(module (memory (export "first") 1 2) (memory (export "second") 2 5) (memory 1)
    (func (export "store") (param i32 i32) (i32.store8 1 (local.get 0) (local.get 1)))
    (func (export "load") (param i32) (result i32) (i32.load8_u 1 (local.get 0)))
    (func (export "grow") (param i32) (result i32) (memory.grow 1 (local.get 0)))
    (func (export "copy") (param i32 i32 i32) (memory.copy 0 1 (local.get 0) (local.get 1) (local.get 2)))
    (func (export "private") (param i32) (result i32)
      (i32.store 2 (i32.const 8) (local.get 0)) (i32.load 2 (i32.const 8))))`,
  `(module (import "m" "a" (memory 1 2)) (import "m" "f" (func (param i32) (result i32))) (import "m" "b" (memory 1))
    (export "b" (memory 1)) (export "a" (memory 0)) (export "f" (func 0))
    (func (export "sum") (result i32) (i32.add (i32.load 0 (i32.const 0)) (i32.load 1 (i32.const 0)))))`,
  `(module (memory (export "memory") 1) (func (export "load") (param i32) (result i32) (i32.load (local.get 0))))`,
  `(module (memory (export "a") 1) (memory (export "b") 1)
    (func $inner (export "inner") (param i32) (result i32) (i32.load8_u 1 (local.get 0)))
    (func $outer (export "outer") (param i32) (result i32) (call $inner (local.get 0))))`,
  `(module (memory (export "a") 1) (memory (export "b") 1) (@custom "mine" (after data) "abc"))`,
  `(module (import "m" "see" (func $see (param i32)))
    (memory (export "a") 1) (memory (export "b") 1) (data (memory 1) (i32.const 4) "\\2a")
    (func $start (call $see (i32.load8_u 1 (i32.const 4)))) (start $start))`,
  `(module (import "x" (item "f" (func)) (item "m" (memory 1))) (import "x" "g" (global i32)) (import "x" (item "n") (memory 1 3))
    (import "x" "t" (table 1 funcref)) (func (export "h")))`,
);

const make = (bytes, imports) => new W.Instance(new W.Module(bytes), imports);

describe("memories", () => {
  test("are the engine's own objects, each with its own bytes and growth", () => {
    const { first, second, store, load, grow, copy } = make(two).exports;
    assert.ok(first instanceof native.Memory && second instanceof native.Memory);
    assert.equal(W.Memory, native.Memory);
    store(7, 99);
    assert.equal(new Uint8Array(second.buffer)[7], 99);
    assert.equal(new Uint8Array(first.buffer)[7], 0);
    copy(1, 7, 1);
    assert.equal(new Uint8Array(first.buffer)[1], 99);
    assert.equal(grow(2), 2);
    assert.equal(second.buffer.byteLength, 4 * 65536);
    assert.equal(second.grow(1), 4);
    assert.equal(grow(1), -1);
    store(5 * 65536 - 1, 5);
    assert.equal(load(5 * 65536 - 1), 5);
    assert.throws(() => load(5 * 65536), native.RuntimeError);
    assert.equal(first.buffer.byteLength, 65536);
  });

  test("copy nothing after their buffers were detached", () => {
    const [bytes] = assemble(`(module (memory (export "a") 1) (memory i64 1 3)
      (func (export "store") (param i64 i32) (i32.store8 1 (local.get 0) (local.get 1)))
      (func (export "grow") (result i64) (memory.grow 1 (i64.const 1)))
      (func (export "copy") (param i32 i64 i32) (memory.copy 0 1 (local.get 0) (local.get 1) (local.get 2))))`);
    const { a, store, grow, copy } = make(bytes).exports;
    store(7n, 99);
    copy(1, 7n, 1);
    assert.equal(grow(), 1n);
    copy(0, 0n, 0);
    copy(65536, 131072n, 0);
    assert.throws(() => copy(0, 131072n, 1), native.RuntimeError);
    copy(2, 7n, 1);
    assert.deepEqual([...new Uint8Array(a.buffer, 0, 3)], [0, 99, 99]);
  });

  test("that nobody sees belong to one instance", () => {
    const [a, b] = [make(two).exports, make(two).exports];
    assert.equal(a.private(5), 5);
    assert.equal(b.private(6), 6);
  });

  test("that are imported stay the same objects where they are exported", () => {
    const [a, b] = [new W.Memory({ initial: 1, maximum: 2 }), new W.Memory({ initial: 1 })];
    const f = make(single).exports.load;
    const { exports } = make(importing, { m: { a, b, f: (x) => x } });
    assert.equal(exports.a, a);
    assert.equal(exports.b, b);
    new Uint32Array(a.buffer)[0] = 3;
    new Uint32Array(b.buffer)[0] = 4;
    assert.equal(exports.sum(), 7);
    assert.equal(make(importing, { m: { a, b: a, f } }).exports.sum(), 6);
  });

  test("can be shared", () => {
    const [bytes] = assemble(`(module (import "m" "a" (memory 1 2 shared)) (memory (export "b") 1 2 shared)
      (func (export "add") (param i32) (result i32) (i32.atomic.rmw.add 1 (i32.const 0) (local.get 0))))`);
    const { b, add } = make(bytes, { m: { a: new W.Memory({ initial: 1, maximum: 2, shared: true }) } }).exports;
    assert.ok(b.buffer instanceof SharedArrayBuffer);
    assert.equal(add(5), 0);
    assert.equal(add(5), 5);
    assert.equal(Atomics.load(new Int32Array(b.buffer), 0), 10);
  });
});

describe("instances", () => {
  test("have a frozen object of exports in the order of the module", () => {
    const instance = make(two);
    assert.deepEqual(Object.keys(instance.exports), ["first", "second", "store", "load", "grow", "copy", "private"]);
    assert.equal(Object.getPrototypeOf(instance.exports), null);
    assert.ok(Object.isFrozen(instance.exports));
    assert.equal(instance.exports, instance.exports);
    assert.equal(instance.exports.store, instance.exports.store);
  });

  test("have functions named by their index", () => {
    const { exports } = make(two);
    assert.equal(exports.store.name, "0");
    assert.equal(exports.private.name, "4");
    assert.equal(exports.store.length, 2);
    assert.equal(
      make(importing, {
        m: { a: new W.Memory({ initial: 1, maximum: 2 }), b: new W.Memory({ initial: 1 }), f: () => 1 },
      }).exports.sum.name,
      "1",
    );
  });

  test("are instances of the namespace's class and of the engine's", () => {
    for (const instance of [make(two), make(single)]) {
      assert.ok(instance instanceof W.Instance);
      assert.ok(instance instanceof native.Instance);
      assert.equal(Object.getPrototypeOf(instance), W.Instance.prototype);
      assert.equal(Object.prototype.toString.call(instance), "[object WebAssembly.Instance]");
      assert.deepEqual(Object.keys(instance), []);
    }
    assert.throws(() => W.Instance.prototype.exports, TypeError);
  });

  test("run their start function when the segments are in place", () => {
    const seen = [];
    make(starting, { m: { see: (value) => seen.push(value) } });
    assert.deepEqual(seen, [42]);
  });

  test("trap with the engine's error, and stack traces name functions as the module does", () => {
    const { outer } = make(trapping).exports;
    assert.throws(
      () => outer(65536),
      (error) => {
        assert.ok(error instanceof native.RuntimeError);
        assert.match(error.stack, /\binner\b/);
        assert.match(error.stack, /\bouter\b/);
        return true;
      },
    );
  });
});

describe("imports", () => {
  const good = () => ({
    f() {},
    m: new W.Memory({ initial: 1 }),
    g: 5,
    n: new W.Memory({ initial: 1, maximum: 3 }),
    t: new W.Table({ element: "anyfunc", initial: 1 }),
  });

  test("are read once, in the order of the module", () => {
    const read = [];
    const values = good();
    const x = new Proxy(values, { get: (target, name) => read.push(name) && target[name] });
    make(mixed, {
      get x() {
        read.push("x");
        return x;
      },
    });
    assert.deepEqual(read, ["x", "f", "x", "m", "x", "g", "x", "n", "x", "t"]);
  });

  test("of a wrong kind are LinkErrors", () => {
    for (const [name, value] of [
      ["f", 1],
      ["m", {}],
      ["g", "no"],
      ["n", 5],
      ["t", new W.Memory({ initial: 1 })],
    ]) {
      assert.throws(() => make(mixed, { x: { ...good(), [name]: value } }), native.LinkError, name);
    }
    assert.throws(() => make(mixed, { x: { ...good(), m: undefined } }), native.LinkError);
  });

  test("of a wrong size are LinkErrors", () => {
    for (const limits of [{ initial: 1 }, { initial: 1, maximum: 4 }, { initial: 0, maximum: 3 }]) {
      assert.throws(() => make(mixed, { x: { ...good(), n: new W.Memory(limits) } }), native.LinkError);
    }
  });

  test("that cannot be read are TypeErrors, as the engine's own", async () => {
    assert.throws(() => make(mixed), TypeError);
    assert.throws(() => make(mixed, 5), TypeError);
    assert.throws(() => make(mixed, null), TypeError);
    assert.throws(() => make(mixed, {}), TypeError);
    await assert.rejects(W.instantiate(mixed, 5), TypeError);
    await assert.rejects(W.instantiate(two, 5), TypeError);
    await assert.rejects(W.instantiate(new W.Module(mixed), 5), TypeError);
    await assert.rejects(W.instantiate(mixed, {}), TypeError);
  });
});

describe("modules", () => {
  test("tell what the original imports and exports", () => {
    assert.deepEqual(W.Module.imports(new W.Module(mixed)), [
      { module: "x", name: "f", kind: "function" },
      { module: "x", name: "m", kind: "memory" },
      { module: "x", name: "g", kind: "global" },
      { module: "x", name: "n", kind: "memory" },
      { module: "x", name: "t", kind: "table" },
    ]);
    assert.deepEqual(
      W.Module.exports(new W.Module(two)).map(({ name, kind }) => `${name} ${kind}`),
      [
        "first memory",
        "second memory",
        "store function",
        "load function",
        "grow function",
        "copy function",
        "private function",
      ],
    );
  });

  test("show their own custom sections and not what the linker needs", () => {
    const module = new W.Module(named);
    assert.equal(Buffer.from(W.Module.customSections(module, "mine")[0]).toString(), "abc");
    assert.deepEqual(W.Module.customSections(module, "pyjsapi.lowered"), []);
    assert.throws(() => W.Module.customSections(module), TypeError);
    assert.throws(() => W.Module.customSections({}, "mine"), TypeError);
    assert.throws(() => W.Module.exports({}), TypeError);
  });

  test("are the engine's own objects, which structured clones keep", () => {
    const module = new W.Module(two);
    assert.ok(module instanceof W.Module);
    assert.ok(module instanceof native.Module);
    const { port1, port2 } = new MessageChannel();
    return new Promise((resolve) => {
      port2.onmessage = ({ data }) => {
        const { store, second } = new W.Instance(data).exports;
        store(1, 2);
        assert.equal(new Uint8Array(second.buffer)[1], 2);
        port1.close();
        resolve();
      };
      port1.postMessage(module);
    });
  });

  test("that were lowered ahead of time need no lowerer", async () => {
    const bytes = lower(two);
    assert.equal(new W.Instance(new W.Module(bytes)).exports.second.buffer.byteLength, 2 * 65536);
    const { instance } = await W.instantiate(bytes);
    assert.ok(instance instanceof W.Instance);
    assert.ok(instance.exports.second instanceof W.Memory);
  });

  test("with one memory go to the engine untouched", async () => {
    configure({
      lower() {
        throw new Error("must not be lowered");
      },
    });
    try {
      assert.equal(make(single).exports.load(), 0);
      assert.equal((await W.instantiate(single)).instance.exports.load(), 0);
      assert.equal((await W.instantiate(await W.compile(single))).exports.load(), 0);
      assert.equal(W.validate(single), true);
    } finally {
      configure({ lower });
    }
  });

  test("can be compiled by classes that extend the namespace's", () => {
    class Mine extends W.Module {}
    class MyInstance extends W.Instance {}
    const module = new Mine(two);
    assert.ok(module instanceof Mine && module instanceof W.Module);
    const instance = new MyInstance(module);
    assert.ok(instance instanceof MyInstance);
    assert.equal(instance.exports.load(0), 0);
  });
});

describe("functions", () => {
  const response = (bytes, type = "application/wasm") => new Response(bytes, { headers: { "Content-Type": type } });

  test("that answer promises give what the specification says", async () => {
    const module = await W.compile(two);
    assert.ok(module instanceof W.Module);
    assert.ok((await W.instantiate(module)) instanceof W.Instance);
    assert.deepEqual(Object.keys(await W.instantiate(two)), ["module", "instance"]);
    assert.ok((await W.compileStreaming(response(two))) instanceof W.Module);
    assert.deepEqual(Object.keys(await W.instantiateStreaming(Promise.resolve(response(two)))), ["module", "instance"]);
    assert.equal((await W.instantiateStreaming(response(single))).instance.exports.load(), 0);
  });

  test("that stream refuse what is no response of wasm", async () => {
    await assert.rejects(W.compileStreaming(response(two, "text/plain")), TypeError);
    await assert.rejects(W.instantiateStreaming(two), TypeError);
    await assert.rejects(W.compileStreaming(response(Uint8Array.of(1, 2, 3))), native.CompileError);
    await assert.rejects(W.instantiateStreaming(response(two), 7), TypeError);
    const used = response(two);
    await used.arrayBuffer();
    await assert.rejects(W.compileStreaming(used), TypeError);
  });

  test("copy the bytes before they answer", async () => {
    const bytes = two.slice();
    const compiling = W.compile(bytes);
    bytes.fill(0);
    assert.ok((await compiling) instanceof W.Module);
  });

  test("take every kind of buffer source and nothing else", async () => {
    const padded = new Uint8Array(two.length + 6);
    padded.set(two, 3);
    assert.ok(W.validate(padded.subarray(3, two.length + 3)));
    assert.ok(W.validate(two.slice().buffer));
    assert.ok(W.validate(new DataView(two.slice().buffer)));
    for (const source of [undefined, null, 5, "bytes", [...two], {}]) {
      assert.throws(() => W.validate(source), TypeError);
      assert.throws(() => new W.Module(source), TypeError);
      await assert.rejects(W.compile(source), TypeError);
      await assert.rejects(W.instantiate(source), TypeError);
    }
  });

  test("cannot be told from the engine's by order, name, length and text", () => {
    assert.deepEqual(Reflect.ownKeys(W), Reflect.ownKeys(native));
    for (const name of Object.getOwnPropertyNames(native)) {
      const [theirs, ours] = [nativeBefore[name], Object.getOwnPropertyDescriptor(W, name)];
      assert.deepEqual({ ...ours, value: 0 }, { ...theirs, value: 0 }, name);
      if (typeof theirs.value !== "function") continue;
      assert.equal(ours.value.name, theirs.value.name);
      assert.equal(ours.value.length, theirs.value.length, name);
      assert.equal("prototype" in ours.value, "prototype" in theirs.value, name);
      assert.match(String(ours.value), /^function \w*\(\) \{ \[native code\] \}$/, name);
    }
    for (const name of ["exports", "imports", "customSections"]) {
      assert.equal(W.Module[name].length, native.Module[name].length);
      assert.match(String(W.Module[name]), /\[native code\]/);
    }
    const common = (/** @type {PropertyKey} */ key) => Object.hasOwn(W.Module, key);
    assert.deepEqual(Reflect.ownKeys(W.Module), Reflect.ownKeys(native.Module).filter(common));
    assert.equal(Object.getPrototypeOf(W.Module), Object.getPrototypeOf(native.Module));
    assert.throws(() => W.Module(two), TypeError);
    assert.throws(() => W.Instance(new W.Module(two)), TypeError);
    assert.equal(Object.prototype.toString.call(W), "[object WebAssembly]");
  });

  test("leave everything global as it was", () => {
    assert.deepEqual(Object.getOwnPropertyDescriptors(globalThis.WebAssembly), nativeBefore);
    assert.equal(native.Instance.prototype.constructor, native.Instance);
    assert.equal(native.Module.prototype.constructor, native.Module);
  });
});

test("a module that was lowered for another linker is refused by its version", () => {
  const bytes = lower(two).slice();
  const text = Buffer.from(bytes).toString("latin1");
  const at = text.indexOf('"version":1');
  assert.ok(at > 0);
  bytes[at + '"version":'.length] = "7".charCodeAt(0);
  const wrong = { name: "CompileError", message: /linker of version 7, and this one has version 1.*lower it again/ };
  assert.throws(() => planOf(new native.Module(bytes)), wrong);
  assert.throws(() => new W.Instance(new W.Module(bytes)), wrong);
});
