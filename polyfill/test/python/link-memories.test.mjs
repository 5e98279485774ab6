// Memories that Python and JavaScript share, through both links.

import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { KINDS, startLink } from "./linked.mjs";

const PAGE = 65536;
const PYTHON = `
from pyjsapi.bridge.memory.linked import make_memory, move_to_javascript
from pyjsapi.engines.python import compile_module, instantiate
from pyjsapi.runtime.memory import new_memory
from pyjsapi.syntax.errors import Trap
from pyjsapi.syntax.types import I32, I64, MemType
from pyjsapi.text.convert import wat2wasm
from pyjsapi.validation.limits import Limits

def memory(initial, maximum=None, shared=False, addrtype=I32, log2=16):
    return make_memory(MemType(addrtype, initial, maximum, shared, log2), Limits())

def trap_of(f, *args):
    try:
        return f(*args)
    except Trap as trap:
        return trap.message

def module(text):
    return compile_module(wat2wasm(text))

def instance(text, *imports):
    return instantiate(module(text), imports, make_memory=make_memory)

COUNTER = '''(module
  (import "" "ask" (func $ask))
  (memory (export "m") 1)
  (func (export "run") (param $n i32) (result i32)
    (local $i i32)
    (loop $next
      (i32.store offset=8 (i32.const 400) (i32.add (i32.load offset=8 (i32.const 400)) (i32.const 1)))
      (if (i32.eq (local.get $i) (i32.const 5000)) (then (call $ask)))
      (br_if $next (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n))))
    (i32.load offset=8 (i32.const 400))))'''
`;

for (const kind of KINDS) {
  describe(`memories of a ${kind} link`, () => {
    let t;
    let nativeOf;
    before(async () => {
      t = await startLink(kind);
      t.define(PYTHON);
      nativeOf = (name) => {
        const ptr = t.link.lookup("tested", name);
        const native = t.link.nativeOf(ptr);
        t.link.decref(ptr);
        return native;
      };
    });
    const grow = (name, delta) => {
      const ptr = t.link.lookup("tested", name);
      const before = t.link.grow(ptr, delta);
      t.link.decref(ptr);
      return before;
    };

    it("move the bytes to JavaScript when it asks for them, once", () => {
      t.define('m = memory(2, 5); m.accessor("i32_store")(70000, 0x01020304)');
      assert.equal(t.evaluate("m.block.in_javascript"), false);
      const native = nativeOf("m");
      assert.equal(native.buffer.byteLength, 2 * PAGE);
      assert.equal(new DataView(native.buffer).getInt32(70000, true), 0x01020304);
      assert.equal(nativeOf("m"), native);
      new Uint8Array(native.buffer)[70000] = 9;
      assert.equal(t.evaluate('m.accessor("i32_load8_u")(70000)'), 9);
      assert.equal(t.evaluate("m.data[70000]"), 9);
    });

    it("move them in the middle of a loop that runs", () => {
      const seen = [];
      let native;
      t.imported(
        "ask",
        () => {
          native = nativeOf("counted");
          const view = new Int32Array(native.buffer);
          seen.push(view[102]);
          view[102] += 1000;
        },
        "",
        "",
      );
      t.define(`
from pyjsapi.runtime.function import FuncInst
from pyjsapi.syntax.deftypes import func_def_type
from pyjsapi.syntax.types import FuncType
running = instance(COUNTER, FuncInst(func_def_type(FuncType((), ())), ask, host=ask))
counted = running.mems[0]
run = running.exports["run"].call
`);
      assert.equal(t.exported("run", "i", "i")(10000), 11000);
      assert.deepEqual(seen, [5001]);
      assert.equal(new Int32Array(native.buffer)[102], 11000);
    });

    it("grow from both sides: the buffer is detached, the bytes stay", () => {
      t.define('g = memory(1, 4); g.accessor("i32_store")(8, 77); size = g.accessor("memory_size")');
      const native = nativeOf("g");
      const { buffer } = native;
      assert.equal(t.evaluate("g.grow(1)"), 1);
      assert.equal(buffer.byteLength, 0);
      assert.equal(native.buffer.byteLength, 2 * PAGE);
      assert.equal(new Int32Array(native.buffer)[2], 77);
      assert.equal(grow("g", 1), 2);
      assert.deepEqual(t.evaluate('[size(), g.pages, g.byte_length, g.accessor("i32_load")(8)]'), [3, 3, 3 * PAGE, 77]);
      assert.equal(t.evaluate(`g.accessor("i32_load")(${3 * PAGE - 4})`), 0);
      assert.equal(grow("g", 2), -1);
      assert.equal(t.evaluate("g.grow(1 << 32)"), -1);
      const again = native.buffer;
      assert.equal(t.evaluate("g.grow(0)"), 3);
      assert.equal(again.byteLength, 0);
      assert.notEqual(native.buffer, again);
    });

    it("grow before they move, many times, with accessors that were made before", () => {
      t.define(`
h = memory(1); store = h.accessor("i32_store"); load = h.accessor("i32_load")
for i in range(40):
    store(h.byte_length - 4, i)
    h.grow(1)
`);
      assert.ok(t.evaluate("all(load((i + 1) * 65536 - 4) == i for i in range(40))"));
      nativeOf("h");
      assert.ok(t.evaluate("all(load((i + 1) * 65536 - 4) == i for i in range(40))"));
    });

    it("end before their accessors where the collector takes both, and are out of bounds then", () => {
      t.define(`
import gc
from pyjsapi.bridge.link.errors import OutOfBoundsAccess
told = []

class Holder:
    def __init__(self, m):
        self.m, self.load, self.me = m, m.accessor("i32_load"), self
        m.accessor("i32_store")(8, 77)

    def __del__(self):
        try:
            told.append(self.load(8))
        except OutOfBoundsAccess:
            told.append(None)

def hold_many():
    for _ in range(50):
        Holder(memory(1))
        gc.collect()
        kept = [memory(1).accessor(name) for name in ("i32_load", "i64_load", "i32_store8") * 3]
        assert [load(8) for load in kept[::3]] == [0] * 3
    return len(told), set(told) <= {77, None}
`);
      assert.deepEqual(t.evaluate("hold_many()"), [50, true]);
    });

    it("stay within the growth that the engine allows", () => {
      t.define("small = memory(1, 2); big = memory(1); big.limit_growth(3)");
      nativeOf("small");
      nativeOf("big");
      assert.equal(grow("small", 2), -1);
      assert.equal(grow("big", 3), -1);
      assert.equal(grow("big", 2), 1);
    });

    it("take over a memory that JavaScript has made", () => {
      const native = new WebAssembly.Memory({ initial: 2, maximum: 3 });
      new Uint8Array(native.buffer)[5] = 6;
      const type = { initial: 1, maximum: 3n, shared: false, address: "i32" };
      t.give("mine", t.link.memoryFor(native, type));
      assert.equal(nativeOf("mine"), native);
      const facts = "[mine.pages, mine.declared_type.maximum, mine.type.minimum, mine.data[5]]";
      assert.deepEqual(t.evaluate(facts), [2, 3, 2, 6]);
      t.give("new", t.link.memoryFor(null, { initial: 1 }));
      assert.equal(nativeOf("new").buffer.byteLength, PAGE);
      assert.equal(t.evaluate("new.declared_type.maximum"), null);
    });

    it("check every bit of addresses and offsets", () => {
      const last = PAGE - 4;
      for (const move of [false, true]) {
        t.define("a = memory(1); w = memory(1, None, False, I64)");
        t.define('load = a.accessor("i32_load"); wide = w.accessor("i32_load")');
        if (move) ["a", "w"].forEach(nativeOf);
        const outside = "out of bounds memory access";
        const cases = [
          [`load, ${last}`, 0],
          [`load, ${last + 1}`, outside],
          [`load, 0, ${last}`, 0],
          [`load, 1, ${last}`, outside],
          ["load, -1", outside],
          [`load, ${2 ** 32 + last}`, 0],
          ["load, 2**32 - 1, 2**32 - 1", outside],
          ["load, 4, 2**32 - 4", outside],
          [`wide, ${last}`, 0],
          [`wide, ${last + 1}`, outside],
          ["wide, 2**32", outside],
          ["wide, 2**63", outside],
          ["wide, 2**64 - 4, 4", outside],
          ["wide, 2**64 - 1, 2**64 - 1", outside],
          ["wide, 0, 2**64 - 1", outside],
          ["wide, 2**32, 0", outside],
          ["wide, 4, 2**32 - 4", outside],
        ];
        for (const [call, expected] of cases) assert.equal(t.evaluate(`trap_of(${call})`), expected, call);
      }
    });

    it("trap in an empty memory and write nothing beyond the end", () => {
      for (const move of [false, true]) {
        t.define("e = memory(0); p = memory(1)");
        if (move) ["e", "p"].forEach(nativeOf);
        assert.equal(t.evaluate('trap_of(e.accessor("i32_load8_u"), 0)'), "out of bounds memory access");
        assert.equal(t.evaluate('trap_of(p.accessor("i64_store"), 65529, -1)'), "out of bounds memory access");
        assert.equal(t.evaluate("p.data[65529:65536].hex()"), "00".repeat(7));
        assert.equal(t.evaluate('e.accessor("memory_size")()'), 0);
      }
    });

    it("keep the bits of every NaN", () => {
      for (const move of [false, true]) {
        t.define("n = memory(1); f = n.accessor");
        if (move) nativeOf("n");
        for (const bits of [0x7fa00001, 0x7fc00000, 0xffffffff, 0x7f800001, 0xff800000, 0x3f800000, 0x80000000, 1]) {
          t.evaluate(`[f("i32_store")(0, ${bits}), f("f32_store")(4, f("f32_load")(0))]`);
          assert.equal(t.evaluate('f("i32_load")(4)'), bits);
        }
        for (const bits of ["0x7ff4000000000123", "0xfff8000000000001", "0x8000000000000000", "0x7ff0000000000001"]) {
          t.evaluate(`[f("i64_store")(8, ${bits}), f("f64_store")(16, f("f64_load")(8))]`);
          assert.equal(t.evaluate('hex(f("i64_load")(16))'), bits);
        }
      }
    });

    it("copy, fill and initialise between memories of every kind", () => {
      t.define(`
import itertools
def kinds():
    plain = new_memory(MemType(I32, 1, 2), Limits())
    heap = memory(1, 2)
    moved = memory(1, 2); move_to_javascript(moved)
    shared = memory(1, 2, True)
    return [plain, heap, moved, shared]
def checked():
    for target, source in itertools.product(kinds(), kinds()):
        source.init(100, 2, 5, b"0123456789")
        target.fill(0, 7, 300)
        target.copy(source, 50, 99, 7)
        assert bytes(target.data[48:59]) == b"\\7\\7\\0" + b"23456" + b"\\0\\7\\7", (target, source)
        target.copy(source, 65536, 65536, 0)
        for bad in ((65530, 0, 7), (0, 65530, 7), (65537, 0, 0), (0, 65537, 0)):
            assert trap_of(target.copy, source, *bad) == "out of bounds memory access", (target, source, bad)
    for one in kinds():
        one.init(10, 0, 6, b"abcdef")
        one.copy(one, 12, 10, 6)
        assert bytes(one.data[10:18]) == b"ababcdef"
        one.copy(one, 10, 12, 6)
        assert bytes(one.data[10:18]) == b"abcdefef"
        assert trap_of(one.fill, 65530, 1, 7) == "out of bounds memory access"
        assert trap_of(one.init, 0, 1, 3, b"abc") == "out of bounds memory access"
        assert trap_of(one.init, 65535, 0, 2, b"abc") == "out of bounds memory access"
        one.fill(0, 511, 65536)
        assert one.data[65535] == 255
    return True
`);
      assert.equal(t.evaluate("checked()"), true);
    });

    it("run modules that mix memories of every kind", () => {
      t.define(`
MIXED = '''(module
  (import "" "plain" (memory $plain 1))
  (import "" "shared" (memory $shared 1 2 shared))
  (import "" "moved" (memory $moved 1))
  (memory $own 1)
  (data $d "\\\\01\\\\02\\\\03\\\\04")
  (func (export "go") (result i32)
    (memory.init $own $d (i32.const 0) (i32.const 0) (i32.const 4))
    (memory.copy $moved $own (i32.const 8) (i32.const 0) (i32.const 4))
    (memory.copy $shared $moved (i32.const 16) (i32.const 8) (i32.const 4))
    (memory.copy $plain $shared (i32.const 32) (i32.const 16) (i32.const 4))
    (i32.store $plain offset=1 (i32.const 35) (i32.atomic.rmw.add $shared (i32.const 16) (i32.const 1)))
    (v128.store $moved (i32.const 64) (v128.load32_splat $shared (i32.const 16)))
    (i32.add (i32.load $plain (i32.const 36))
             (i32x4.extract_lane 3 (v128.load $moved (i32.const 64))))))'''
def mixed():
    plain, _, moved, shared = kinds()
    found = instance(MIXED, plain, shared, moved)
    return found.exports["go"].call()
`);
      assert.equal(t.evaluate("hex(mixed())"), "0x8060403");
    });

    it("are exact in narrow atomics", () => {
      t.define(`
def narrow(shared):
    m = memory(1, 2, shared); f = m.accessor; out = []
    f("i32_store")(0, 0x12F4)
    out.append(f("i32_atomic_rmw8_add_u")(0, 0x1FF))
    out.append(f("i32_atomic_rmw8_cmpxchg_u")(0, 0xAAF3, 0x1BB))
    out.append(f("i32_atomic_rmw16_cmpxchg_u")(0, 0x712BB, 0x2FFFE))
    out.append(f("i64_atomic_rmw32_sub_u")(0, (1 << 40) + 0xFFFF))
    out.append(f("i64_atomic_load")(0))
    f("i64_atomic_store32")(8, (7 << 32) + 9)
    out.append(f("i64_atomic_rmw_xchg")(8, -1))
    out.append(f("i64_atomic_rmw_and")(8, 0xF0F0))
    out.append(f("i64_atomic_load16_u")(8))
    for name in ("or", "xor"):
        out.append(f(f"i64_atomic_rmw_{name}")(8, 0xFF00000000))
    for name, address in (("i32_atomic_load", 2), ("i64_atomic_rmw_add", 4), ("i32_atomic_rmw16_or_u", 1)):
        out.append(trap_of(f(name), address, *([1] if "rmw" in name else [])))
    out.append(trap_of(f("i64_atomic_load"), 65536))
    out.append(trap_of(f("i64_atomic_load"), 65529))
    out.append(f("memory_atomic_notify")(0, 1))
    out.append(trap_of(f("memory_atomic_wait32"), 0, 123456, -1))
    out.append(trap_of(f("memory_atomic_wait64"), 4, 1, 0))
    return out
`);
      const unaligned = "unaligned atomic";
      const expected = [
        0xf4,
        0xf3,
        0x12bb,
        0xfffe,
        0xffffffff,
        9,
        2 ** 64,
        0xf0f0,
        0xf0f0,
        0xff0000f0f0,
        unaligned,
        unaligned,
        unaligned,
        "out of bounds memory access",
        unaligned,
        0,
      ];
      assert.deepEqual(t.evaluate("narrow(False)"), [...expected, "expected shared memory", unaligned]);
      assert.deepEqual(t.evaluate("narrow(True)"), [...expected, 1, unaligned]);
    });

    it("wait until a time is over, where the thread may", () => {
      t.define("s = memory(1, 2, True)");
      assert.equal(t.evaluate('s.accessor("memory_atomic_wait32")(8, 0, 1000)'), 2);
      assert.equal(t.evaluate('s.accessor("memory_atomic_wait64")(8, 0, 1000)'), 2);
      assert.equal(t.evaluate('s.accessor("memory_atomic_wait64")(8, 1, -1)'), 1);
    });

    it("do without a WebAssembly.Memory where the engine allows no more", () => {
      const { Memory } = WebAssembly;
      t.define('late = memory(2, 4); f = late.accessor; store = f("i32_store"); load = f("i32_load"); store(8, 77)');
      WebAssembly.Memory = function Memory() {
        throw new RangeError("could not allocate memory");
      };
      let native;
      try {
        native = nativeOf("late");
        assert.throws(() => t.define("memory(1, 2, True)"), /no more memories/);
      } finally {
        WebAssembly.Memory = Memory;
      }
      const { buffer } = native;
      assert.equal(buffer.byteLength, 2 * PAGE);
      assert.equal(new Int32Array(buffer)[2], 77);
      new Int32Array(buffer)[2] = -5;
      assert.deepEqual(t.evaluate('[load(8), load(4, 4), f("i64_load32_s")(8), f("memory_size")(), late.data[8]]'), [
        2 ** 32 - 5,
        2 ** 32 - 5,
        2 ** 64 - 5,
        2,
        251,
      ]);
      assert.equal(t.evaluate(`trap_of(load, ${2 * PAGE - 3})`), "out of bounds memory access");
      t.define('late.fill(0, 1, 4); late.copy(late, 100, 0, 4); late.init(200, 1, 2, b"xyz")');
      t.define("late.copy(m, 300, 70000, 1); m.copy(late, 0, 200, 2)");
      const found = "[late.data[100:104].hex(), m.data[0:2].hex(), late.data[300]]";
      assert.deepEqual(t.evaluate(found), ["01010101", "797a", 9]);
      assert.equal(grow("late", 1), 2);
      assert.equal(buffer.byteLength, 0);
      const grown = `[late.pages, load(${3 * PAGE - 4}), load(100), late.grow(2)]`;
      assert.deepEqual(t.evaluate(grown), [3, 0, 0x01010101, -1]);
      assert.equal(native.buffer.byteLength, 3 * PAGE);
    });

    it("have pages of one byte, in Python and in an ArrayBuffer", () => {
      t.define('odd = memory(3, 10, False, I32, 0); odd_load = odd.accessor("i32_load8_u")');
      assert.deepEqual(t.evaluate('[odd_load(2), trap_of(odd_load, 3), odd.accessor("memory_size")(), odd.grow(2)]'), [
        0,
        "out of bounds memory access",
        3,
        3,
      ]);
      assert.deepEqual(t.evaluate("[odd_load(4), odd.pages]"), [0, 5]);
      const native = nativeOf("odd");
      new Uint8Array(native.buffer)[4] = 8;
      const found = '[odd_load(4), trap_of(odd_load, 5), odd.accessor("memory_size")(), odd.grow(2), odd.pages]';
      assert.deepEqual(t.evaluate(found), [8, "out of bounds memory access", 5, 5, 7]);
      assert.equal(native.buffer.byteLength, 7);
      assert.ok(t.alive());
    });

    it("know no accessor that is no instruction", () => {
      t.define("x = memory(1)");
      assert.throws(() => t.evaluate('x.accessor("i32_lode")'));
      assert.ok(t.alive());
    });
  });
}
