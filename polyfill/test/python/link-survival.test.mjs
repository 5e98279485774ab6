// Nothing kills the interpreter: no trap, no exception, no recursion; and nothing is left behind.

import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { collectGarbage, KINDS, startLink } from "./linked.mjs";

const PYTHON = `
from pyjsapi.bridge.face.api import function_call
from pyjsapi.bridge.link.hooks import HOOKS
from pyjsapi.bridge.memory.linked import make_memory, move_to_javascript
from pyjsapi.compiler.support.traps import raised_from_wasm
from pyjsapi.engines.python import compile_module, instantiate
from pyjsapi.runtime.function import FuncInst
from pyjsapi.syntax.deftypes import func_def_type
from pyjsapi.syntax.errors import Trap
from pyjsapi.syntax.types import I32, FuncType, MemType
from pyjsapi.text.convert import wat2wasm
from pyjsapi.validation.limits import Limits

def memory(initial, maximum=None, shared=False):
    return make_memory(MemType(I32, initial, maximum, shared), Limits())

def entered(f):
    "f, entered as an exported function is: what comes out of wasm code is a small exception."
    def enter(*args):
        try:
            return f(*args)
        except BaseException as exception:
            error = raised_from_wasm(exception)
        raise error
    return enter

def exported(text, call):
    imports = [FuncInst(func_def_type(FuncType((I32,), (I32,))), call, host=call)]
    found = instantiate(compile_module(wat2wasm(text)), imports, make_memory=make_memory)
    return entered(function_call(found.exports["f"]))

BACK = '''(module (import "" "back" (func $back (param i32) (result i32)))
  (func (export "f") (param $n i32) (result i32)
    (if (result i32) (i32.eqz (local.get $n)) (then (i32.const 0))
      (else (i32.add (i32.const 1) (call $back (local.get $n)))))))'''
OWN = '''(module (import "" "back" (func $back (param i32) (result i32)))
  (func $f (export "f") (param $n i32) (result i32)
    (if (result i32) (i32.eqz (local.get $n)) (then (call $back (i32.const 3)))
      (else (i32.add (i32.const 1) (call $f (i32.sub (local.get $n) (i32.const 1))))))))'''
`;

for (const kind of [...KINDS, "closures"]) {
  describe(`Pyodide under a ${kind} link`, () => {
    let t;
    before(async () => {
      t = await startLink(kind);
      t.define(PYTHON);
    });

    it("survives traps of every accessor", () => {
      t.define(`
from pyjsapi.runtime.accessors import ATOMIC_NAMES, NAMES
def operands(name):
    if "cmpxchg" in name or "wait" in name:
        return 1, 1
    if "store" in name or "rmw" in name or "notify" in name:
        return (1.0 if name[0] == "f" else 1,)
    return ()
def traps(move, shared, rounds):
    m = memory(1, 2, shared)
    if move: move_to_javascript(m)
    names = [name for name in NAMES + ATOMIC_NAMES if name != "memory_size"]
    count = 0
    for name in names * rounds:
        try:
            m.accessor(name)(65536, *operands(name))
        except Trap:
            count += 1
    return count, len(names)
`);
      for (const [move, shared] of [
        ["False", "False"],
        ["True", "False"],
        ["True", "True"],
      ]) {
        const rounds = kind === "proxy" ? 5 : 100;
        const [count, each] = t.evaluate(`traps(${move}, ${shared}, ${rounds})`);
        assert.equal(count, each * rounds);
      }
      assert.ok(t.alive());
    });

    it("ends recursion of wasm code that calls JavaScript that calls wasm code", () => {
      let f;
      t.imported("back", (n) => f(n - 1), "i", "i");
      t.define("between = exported(BACK, back)");
      f = t.exported("between", "i", "i");
      assert.equal(f(40), 40);
      for (let round = 0; round < 3; round++) {
        assert.throws(() => f(1e6), RangeError);
        assert.equal(t.link.depth.now, 0);
      }
      assert.equal(f(40), 40);
      assert.ok(t.alive());
    });

    it("ends the same with wide frames of JavaScript and work of the interpreter at the bottom", () => {
      let f;
      const wide = (n, frames) => (frames ? wide(n, frames - 1) + 0 : f(n - 1));
      t.imported("back", (n) => wide(n, 50), "i", "i");
      t.define(`
import json, re
def work(n):
    json.loads(json.dumps([[[[[1]]]]])); re.sub("(a|b)+", "x", "abab" * 20)
    sorted(range(20), key=lambda x: -x)
    exec(compile("def g(a, b=1, *c, **d):\\n  return [x for x in range(3)]\\ng(1)", "<g>", "exec"), {})
    return back(n) + 1 if n else 0
worker = entered(work)`);
      f = t.exported("worker", "i", "i");
      assert.equal(f(10), 10);
      assert.throws(() => f(1e6), RangeError);
      assert.equal(f(10), 10);
      assert.ok(t.alive());
    });

    it("ends recursion of wasm code alone, of any depth, and traps far down", () => {
      let thrown = null;
      t.imported(
        "back",
        (n) => {
          if (thrown) throw thrown;
          return n;
        },
        "i",
        "i",
      );
      t.define("own = exported(OWN, back)");
      const f = t.exported("own", "i", "i");
      assert.equal(f(5000), 5003);
      assert.throws(() => f(2 ** 31 - 1), /call stack exhausted/);
      thrown = new Error("from below");
      assert.throws(
        () => f(9000),
        (error) => error === thrown,
      );
      thrown = null;
      assert.equal(f(10), 13);
      assert.ok(t.alive());
    });

    it("ends recursion through conversions and hooks", () => {
      let f;
      const value = { valueOf: () => f(value) };
      t.define("def same(x): return x");
      f = t.exported("same", "i", "i");
      assert.throws(() => f(value), RangeError);
      assert.equal(f(3), 3);
      assert.equal(t.link.depth.now, 0);
      assert.ok(t.alive());
    });

    it("keeps nothing of functions, memories and thrown values", async () => {
      const once = async (count) => {
        t.imported("give", (n) => n + 1, "i", "i");
        t.define("def use(f): return f(1)\ndef raises(f):\n  try: f()\n  except Exception: pass");
        const use = t.exported("use", "O", "i");
        const raises = t.exported("raises", "O", "");
        for (let i = 0; i < count; i++) {
          const f = t.link.import((n) => n + i, "i", "i");
          assert.equal(use(f), 1 + i);
          t.link.decref(f);
          const g = t.link.import(
            () => {
              throw i;
            },
            "",
            "",
          );
          raises(g);
          t.link.decref(g);
          t.exported("use", "O", "i");
        }
        t.define(`
def move_to_array_buffer(m):
    "What is done where the engine allows no more memories."
    hook = HOOKS["move_to_javascript"]
    HOOKS["move_to_javascript"] = lambda *_: 0
    try:
        move_to_javascript(m)
    finally:
        HOOKS["move_to_javascript"] = hook
def memories(count):
    for i in range(count):
        m = memory(1, 2)
        store = m.accessor("i32_store"); load = m.accessor("i32_load")
        store(0, i)
        if i % 10 == 0: move_to_javascript(m)
        if i % 100 == 1: move_to_array_buffer(m)
        assert load(0) == i
memories(${count})`);
        await collectGarbage(t.pyodide);
        return t.link.live;
      };
      const before = await once(10);
      const tableLength = t.pyodide._module.wasmTable.length;
      const after = await once(kind === "proxy" ? 300 : 10000);
      assert.deepEqual(after, before);
      assert.ok(t.pyodide._module.wasmTable.length <= tableLength + 4096);
    });
  });
}
