// Promise integration: with an engine that can switch stacks, and without, where its names are absent.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { loadEngine, thrownBy } from "./engine.mjs";

/** @type {any} TypeScript does not know promise integration */
const native = WebAssembly;
const features = { stackSwitching: true };
const NAMES = ["SuspendError", "Suspending", "promising"];

for (const link of ["native", "proxy"]) {
  const engine = await loadEngine({ link, features });
  if ("Suspending" in native) describe(`promise integration (${link} link)`, () => integration(engine));
  else describe(`without promise integration (${link} link)`, () => absence(engine));
}

function absence({ WebAssembly, absent }) {
  test("the names are absent, and why is told", () => {
    assert.deepEqual(Object.keys(absent).sort(), NAMES);
    for (const name of NAMES) {
      assert.equal(name in WebAssembly, false, name);
      assert.match(absent[name], /no promise integration/);
    }
  });
}

function integration({ WebAssembly, absent, wat, pyodide }) {
  const { Suspending, promising, SuspendError } = WebAssembly;
  const instantiate = (text, imports) => new WebAssembly.Instance(new WebAssembly.Module(wat(text)), imports).exports;
  const later = async (value) => value + 1;
  const CALLS = `(module (import "m" "f" (func $f (param i32) (result i32)))
    (func (export "run") (param i32) (result i32) (i32.add (call $f (local.get 0)) (i32.const 1))))`;
  const calls = (f) => instantiate(CALLS, { m: { f } }).run;

  test("the surface is that of the specification", () => {
    assert.deepEqual(absent, {});
    assert.deepEqual(Object.getOwnPropertyNames(WebAssembly).slice(-3), ["Suspending", "promising", "SuspendError"]);
    for (const name of NAMES) {
      const { enumerable, writable, configurable } = Object.getOwnPropertyDescriptor(WebAssembly, name) ?? {};
      assert.deepEqual([enumerable, writable, configurable], [name === "promising", true, true], name);
      assert.equal(WebAssembly[name].length, 1);
    }
    assert.equal(String(new Suspending(later)), "[object WebAssembly.Suspending]");
    assert.ok(new SuspendError("x") instanceof Error);
    assert.equal(Object.getPrototypeOf(SuspendError), Error);
    assert.equal(SuspendError.prototype.name, "SuspendError");
    const promised = promising(calls(new Suspending(later)));
    assert.deepEqual([promised.name, promised.length, "prototype" in promised], ["", 1, false]);
    for (const wrong of [{}, undefined, null, 1, later, promised]) assert.throws(() => promising(wrong), TypeError);
    for (const wrong of [{}, undefined, null, 1]) assert.throws(() => new Suspending(wrong), TypeError);
    assert.throws(() => Suspending(later), TypeError);
    assert.throws(() => calls(Object.create(Suspending.prototype)), WebAssembly.LinkError);
  });

  test("calls are suspended, and go on in the order of what they wait for", async () => {
    const opened = [];
    const told = [];
    const run = promising(calls(new Suspending((i) => new Promise((open) => opened.push(() => open(10 * i))))));
    const promises = [1, 2, 3].map((i) => run(i).then((value) => told.push(value)));
    assert.ok(promises[0] instanceof Promise);
    for (const i of [2, 0, 1]) {
      opened[i]();
      await promises[i];
    }
    assert.deepEqual(told, [31, 11, 21]);
  });

  test("a call that suspends nothing has ended when it returns, and is a promise all the same", async () => {
    const { run, global } = instantiate(`(module (global $g (export "global") (mut i32) (i32.const 0))
      (func (export "run") (global.set $g (i32.const 5))))`);
    const promise = promising(run)();
    assert.equal(global.value, 5);
    assert.equal(await promise, undefined);
  });

  test("values of all types pass, and what is no promise is awaited too", async () => {
    const seen = [];
    const { run, several } = instantiate(
      `(module
        (import "m" "f" (func $f (param i64 f32 f64 externref funcref) (result externref)))
        (import "m" "g" (func $g (result i64 f64)))
        (func $self (export "self"))
        (func (export "run") (param externref) (result externref)
          (call $f (i64.const -1) (f32.const 0.5) (f64.const -0) (local.get 0) (ref.func $self)))
        (func (export "several") (result i64 f64) (call $g)))`,
      {
        m: {
          f: new Suspending((...values) => {
            seen.push(...values);
            return values[3];
          }),
          g: new Suspending(() => Promise.resolve(new Set([-5n, 1.5]))),
        },
      },
    );
    const symbol = Symbol("s");
    assert.equal(await promising(run)(symbol), symbol);
    assert.deepEqual(seen.slice(0, 4), [-1n, 0.5, -0, symbol]);
    assert.equal(seen[4].name, "2");
    assert.equal(await promising(run)(), undefined);
    assert.deepEqual(await promising(several)(), [-5n, 1.5]);
  });

  test("what a promise is rejected with is thrown in wasm code as it is", async () => {
    const tag = new WebAssembly.Tag({ parameters: ["i32"] });
    let value;
    const imports = { f: new Suspending(() => Promise.reject(value)), tag, js: WebAssembly.JSTag };
    const { run, caught, host } = instantiate(
      `(module (import "m" "f" (func $f)) (import "m" "tag" (tag $t (param i32)))
        (import "m" "js" (tag $js (param externref)))
        (func (export "run") (call $f))
        (func (export "caught") (result i32)
          (block $h (result i32) (try_table (catch $t $h) (call $f)) (i32.const -1)))
        (func (export "host") (result externref)
          (block $h (result externref) (try_table (catch $js $h) (call $f)) (ref.null extern))))`,
      { m: imports },
    );
    for (value of [new Error("e"), undefined, 5n]) {
      await assert.rejects(promising(run)(), (error) => Object.is(error, value));
      assert.equal(await promising(host)(), value);
    }
    value = new WebAssembly.Exception(tag, [42]);
    assert.equal(await promising(caught)(), 42);
    await assert.rejects(promising(run)(), (error) => error === value);
  });

  test("traps, exhaustion and conversions reject the promise", async () => {
    const { trap, burrow, one, vector } = instantiate(`(module (func (export "trap") unreachable)
      (func $b (export "burrow") (result i32) (i32.add (i32.const 1) (call $b)))
      (func (export "one") (param i32 i64)) (func (export "vector") (param v128)))`);
    await assert.rejects(promising(trap)(), WebAssembly.RuntimeError);
    await assert.rejects(promising(burrow)(), RangeError);
    await assert.rejects(promising(one)(1, 1), TypeError);
    await assert.rejects(promising(vector)(1), TypeError);
    const big = promising(calls(new Suspending(async () => 1n)));
    await assert.rejects(big(0), TypeError);
    const thrown = promising(
      calls(
        new Suspending(() => {
          throw thrown;
        }),
      ),
    );
    await assert.rejects(thrown(0), (error) => error === thrown);
  });

  test("what cannot be suspended is a SuspendError, which wasm code catches with JSTag", async () => {
    const suspending = new Suspending(later);
    const run = calls(suspending);
    assert.match(thrownBy(() => run(1)).message, /without WebAssembly\.promising/);
    assert.ok(thrownBy(() => run(1)) instanceof SuspendError);
    const between = promising(calls((value) => run(value)))(1);
    await assert.rejects(between, (error) => error instanceof SuspendError && /JS frames/.test(error.message));
    const { caught } = instantiate(
      `(module (import "m" "f" (func $f (param i32) (result i32))) (import "m" "js" (tag $js (param externref)))
        (func (export "caught") (result i32) (block $h (result externref)
          (return (try_table (result i32) (catch $js $h) (call $f (i32.const 1))))) drop (i32.const 43)))`,
      { m: { f: suspending, js: WebAssembly.JSTag } },
    );
    assert.equal(caught(), 43);
    assert.equal(await promising(caught)(), 2);
    const starting = `(module (import "m" "f" (func $f)) (start $f))`;
    assert.throws(() => instantiate(starting, { m: { f: new Suspending(later) } }), SuspendError);
    // Nothing of that keeps the next call from being suspended.
    assert.equal(await promising(run)(1), 3);
  });

  test("promising calls nest, and pass through other instances", async () => {
    const inner = promising(calls(new Suspending(later)));
    const outer = promising(calls(new Suspending((value) => inner(value))));
    assert.deepEqual(await Promise.all([1, 2, 3].map((value) => outer(value))), [4, 5, 6]);
    const through = promising(calls(calls(new Suspending(later))));
    assert.equal(await through(1), 4);
    // JavaScript may begin a call in the middle of another.
    const begun = [];
    const beginning = promising(calls((value) => begun.push(inner(value))));
    assert.equal(await beginning(1), 2);
    assert.deepEqual(await Promise.all(begun), [3]);
    // A Suspending function that is exported again, one of wasm code, and one of a subclass.
    const again = `(module (import "m" "f" (func $f (param i32) (result i32))) (export "f" (func $f)))`;
    const { f } = instantiate(again, { m: { f: new Suspending(later) } });
    assert.equal(await promising(f)(1), 2);
    class Own extends Suspending {}
    assert.equal(await promising(calls(new Own(calls((value) => value))))(1), 3);
  });

  test("continuations are resumed within promising, and suspend the call around them", async () => {
    const { next, plain } = instantiate(
      `(module (type $of (func (param i32) (result i32))) (type $k (cont $of)) (type $task (func)) (type $t (cont $task))
        (import "m" "f" (func $f (param i32) (result i32))) (tag $yield (param i32))
        (func $fetches (param i32) (result i32) (i32.mul (call $f (local.get 0)) (i32.const 2)))
        (func $yields (suspend $yield (i32.const 5)))
        (elem declare func $fetches $yields)
        (func (export "next") (result i32) (resume $k (i32.const 20) (cont.new $k (ref.func $fetches))))
        (func (export "plain") (result i32)
          (block $on (result i32 (ref $t))
            (resume $t (on $yield $on) (cont.new $t (ref.func $yields))) (return (i32.const -1)))
          (drop)))`,
      { m: { f: new Suspending(later) } },
    );
    assert.equal(await promising(next)(), 42);
    assert.equal(await promising(plain)(), 5);
    assert.throws(next, /promising/);
    const through = calls(() => next());
    await assert.rejects(promising(through)(0), /promising/);
  });

  test("suspended calls survive the collector and a stack that overflows", async () => {
    const { burrow } = instantiate(
      '(module (func $b (export "burrow") (result i32) (i32.add (i32.const 1) (call $b))))',
    );
    const nested = () => {
      const inner = promising(calls(new Suspending(later)));
      return promising(calls(new Suspending((value) => inner(value))))(40);
    };
    const promises = [nested(), nested(), nested()];
    await assert.rejects(promising(burrow)(), RangeError);
    pyodide.runPython("[[[]] for _ in range(20_000)]; None");
    assert.deepEqual(await Promise.all(promises), [43, 43, 43]);
  });

  test("nothing is kept of calls that have ended", async () => {
    const run = promising(calls(new Suspending(later)));
    const fails = promising(calls(new Suspending(() => Promise.reject(new Error("e")))));
    await Promise.all([run(1), run(2), fails(3).catch(() => {})]);
    assert.equal(pyodide.runPython("from pyjsapi.bridge.face.promising import under_way; under_way()"), 0);
  });
}
