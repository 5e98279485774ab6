"""Memory references (option 6): the builtin set ``memory-ref``, and the host's side of it."""

from __future__ import annotations

import gc
import struct
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from pyjsapi import DataCloneError, RangeError, WebAssembly, null, structuredClone, wat2wasm
from pyjsapi.blocks.block import Block
from pyjsapi.jsapi.memory import memory_object
from pyjsapi.runtime import pieces
from pyjsapi.runtime.memory import MemInst
from pyjsapi.sharing.builtins.memory_ref import BUILTINS
from pyjsapi.sharing.memory_refs import MemoryRef, memory_of
from pyjsapi.syntax.types import I32, MemType
from tests.runtime.test_guarded_block import Window

PAGE = 65536


def _traps(message: str, *calls: Callable[[], object]) -> None:
    for call in calls:
        with pytest.raises(WebAssembly.RuntimeError, match=message):
            call()


ENABLED = {"builtins": ["memory-ref"]}


def _import(name: str) -> str:
    type_ = BUILTINS[name].type.func
    params = " ".join(map(str, type_.params))
    results = " ".join(map(str, type_.results))
    return (
        f'(import "pyjsapi:memory-ref" "{name}" (func ${name} (param {params}) (result {results})))'
    )


def _instance(text: str, imports: Any = None) -> Any:
    return WebAssembly.Instance(WebAssembly.Module(wat2wasm(text), ENABLED), imports)


def _all(memories: str = "") -> Any:
    """The exports of an instance that hands out every function of the set."""
    names = list(BUILTINS)
    imports = " ".join(map(_import, names))
    exports = " ".join(f'(export "{name}" (func ${name}))' for name in names)
    return _instance(f"(module {imports} {memories} {exports})").exports


SUM = f"""(module {_import("load8_u")}
  (func (export "sum") (param $m externref) (param $at i64) (param $n i64) (result i64) (local $sum i64)
    (loop $more
      (if (i64.eqz (local.get $n)) (then (return (local.get $sum))))
      (local.set $n (i64.sub (local.get $n) (i64.const 1)))
      (local.set $sum (i64.add (local.get $sum) (i64.extend_i32_u
        (call $load8_u (local.get $m) (i64.add (local.get $at) (local.get $n))))))
      (br $more))
    (unreachable)))"""


def _filled(seed: int, **members: Any) -> tuple[Any, Any]:
    memory = WebAssembly.Memory(initial=1, **members)
    data = np.random.default_rng(seed).integers(0, 256, PAGE, dtype=np.uint8)
    memory._memory.data[:PAGE] = data.tobytes()
    return memory, data


def test_o6_1_uc_15_the_same_code_on_different_memories() -> None:
    sum_ = _instance(SUM).exports.sum
    kinds: list[dict[str, Any]] = [
        {},
        {"shared": True, "maximum": 2},
        {"address": "i64", "maximum": 1},
    ]
    for seed, members in enumerate(kinds):
        memory, data = _filled(seed, **members)
        assert sum_(memory, 1000, 500) == int(data[1000:1500].sum())
        with pytest.raises(WebAssembly.RuntimeError, match="out of bounds"):
            sum_(memory, PAGE - 4, 5)
    with pytest.raises(WebAssembly.RuntimeError, match="null memory reference"):
        sum_(null, 0, 1)


@pytest.mark.parametrize("foreign", [None, 7, "memory", b"bytes", WebAssembly.Memory, object()])
def test_a_reference_to_no_memory_traps(foreign: object) -> None:
    exports = _all()
    _traps(
        "the reference is not a memory",
        lambda: exports.size(foreign),
        lambda: exports.load32(foreign, 0),
        lambda: exports.store8(foreign, 0, 1),
        lambda: exports.eq(foreign, WebAssembly.Memory(initial=0)),
    )


def test_o6_2_a_table_of_references_and_one_function_for_each() -> None:
    text = SUM.replace("(func (export", '(table (export "refs") 3 externref) (func $sum (export')
    text = (
        text.removesuffix(")")
        + """(func (export "nth") (param i32) (result i64)
      (call $sum (table.get 0 (local.get 0)) (i64.const 0) (i64.const 300))))"""
    )
    exports = _instance(text).exports
    data = []
    for n in range(3):
        memory, each = _filled(n)
        exports.refs.set(n, memory)
        data.append(each)
    assert [exports.nth(n) for n in range(3)] == [int(each[:300].sum()) for each in data]


def test_o6_3_a_memory_that_the_guest_made_is_an_import_of_a_new_instance() -> None:
    host: dict[str, Any] = {}
    child = WebAssembly.Module(
        wat2wasm("""(module (import "m" "mem" (memory 1 3))
          (func (export "add") (i32.store (i32.const 8) (i32.add (i32.load (i32.const 8)) (i32.const 1)))))""")
    )

    def spawn(memory: Any) -> None:
        host["child"] = WebAssembly.Instance(child, {"m": {"mem": memory}})

    parent = _instance(
        f"""(module {_import("new")} {_import("load32")} {_import("store32")}
          (import "host" "spawn" (func $spawn (param externref)))
          (global $mem (mut externref) (ref.null extern))
          (func (export "start") (global.set $mem (call $new (i64.const 1) (i64.const 3) (i32.const 0)))
            (call $store32 (global.get $mem) (i64.const 8) (i32.const 41))
            (call $spawn (global.get $mem)))
          (func (export "look") (result i32) (call $load32 (global.get $mem) (i64.const 8))))""",
        {"host": {"spawn": spawn}},
    )
    parent.exports.start()
    host["child"].exports.add()
    assert parent.exports.look() == 42


def test_o6_4_a_reference_is_cloned_if_and_only_if_its_memory_is_shared() -> None:
    exports = _all("(memory 1) (memory 1 2 shared)")
    clone = structuredClone({"memory": exports.of(1)})["memory"]
    exports.store32(clone, 12, 77)
    assert exports.load32(exports.of(1), 12) == 77
    for alone in (exports.of(0), MemoryRef(exports.of(1))):
        with pytest.raises(DataCloneError):
            structuredClone(alone)


def test_o6_5_loads_and_stores_obey_a_block_that_is_reached_by_calls() -> None:
    data = bytearray(3 * PAGE)
    block: Block = Window(data, 100, PAGE, first=64)
    memory = memory_object(MemInst(MemType(I32, 1, 3), page_limit=3, block=block))
    exports = _all()
    exports.store32(memory, 64, -2)
    exports.storef64(memory, 72, 1.5)
    assert data[164:168] == b"\xfe\xff\xff\xff"
    assert (exports.load8_s(memory, 64), exports.load8_u(memory, 64)) == (-2, 254)
    assert (exports.load32(memory, 64), exports.loadf64(memory, 72)) == (-2, 1.5)
    _traps(
        "protected memory access",
        lambda: exports.load8_u(memory, 63),
        lambda: exports.store64(memory, 56, 1),
        lambda: exports.fill(memory, 0, 1, 4),
        lambda: exports.copy(memory, 0, memory, 100, 4),
        lambda: exports.atomic_add32(memory, 60, 1),
    )
    with pytest.raises(WebAssembly.RuntimeError, match="out of bounds"):
        exports.load32(memory, PAGE - 3)
    with pytest.raises(WebAssembly.RuntimeError, match="out of bounds"):
        exports.load32(memory, 1 << 32 | 64)
    assert exports.grow(memory, 1) == 1 and exports.load32(memory, PAGE) == 0


def test_every_load_and_store_is_what_the_instruction_is() -> None:
    exports = _all("(memory 1)")
    memory = exports.of(0)
    raw = memory._memory.data
    for name, value, packed in (
        ("8", 0x1FF, b"\xff"),
        ("16", -2, b"\xfe\xff"),
        ("32", -3, struct.pack("<i", -3)),
        ("64", -4, struct.pack("<q", -4)),
        ("f32", 1.25, struct.pack("<f", 1.25)),
        ("f64", -0.1, struct.pack("<d", -0.1)),
    ):
        exports[f"store{name}"](memory, 101, value)
        assert raw[101 : 101 + len(packed)] == packed
        assert bytes(raw[101 + len(packed) : 120]) == bytes(19 - len(packed))
        if name in ("8", "16"):
            low = int.from_bytes(packed, "little")
            assert exports[f"load{name}_u"](memory, 101) == low
            assert exports[f"load{name}_s"](memory, 101) == low - (1 << 8 * len(packed))
        else:
            assert exports[f"load{name}"](memory, 101) == value
        raw[101:120] = bytes(19)


def test_a_nan_keeps_its_payload() -> None:
    imports = " ".join(map(_import, ("of", "loadf32", "storef32", "loadf64", "storef64")))
    mem = "(call $of (i32.const 0))"
    exports = _instance(
        f"""(module {imports} (memory 1) (data (i32.const 8) "\\01\\00\\a0\\7f\\03\\00\\f4\\7f")
          (func (export "f")
            (call $storef32 {mem} (i64.const 16) (call $loadf32 {mem} (i64.const 8)))
            (call $storef64 {mem} (i64.const 24) (call $loadf64 {mem} (i64.const 8))))
          (func (export "at") (param i32) (result i64) (i64.load (local.get 0))))"""
    ).exports
    exports.f()
    assert exports.at(16) == 0x7FA00001
    assert exports.at(24) == exports.at(8) == 0x7FF400037FA00001


def test_atomics_on_a_reference() -> None:
    exports = _all("(memory 1 1 shared)")
    memory = exports.of(0)
    exports.atomic_store32(memory, 8, 5)
    assert exports.atomic_add32(memory, 8, 3) == 5
    assert exports.atomic_sub32(memory, 8, 1) == 8
    assert exports.atomic_cmpxchg32(memory, 8, 7, -1) == 7
    assert (exports.atomic_load32(memory, 8), exports.atomic_xchg64(memory, 8, 2)) == (
        -1,
        (1 << 32) - 1,
    )
    assert exports.atomic_wait32(memory, 8, 3, -1) == 1
    assert exports.atomic_wait64(memory, 8, 2, 0) == 2
    assert exports.atomic_notify(memory, 8, 1) == 0
    with pytest.raises(WebAssembly.RuntimeError, match="unaligned atomic"):
        exports.atomic_load64(memory, 4)
    with pytest.raises(WebAssembly.RuntimeError, match="out of bounds"):
        exports.atomic_load32(memory, PAGE)


def test_copies_and_fills_between_memories_trap_before_anything_is_written() -> None:
    exports = _all("(memory 1) (memory 1 1 shared)")
    one, two = exports.of(0), exports.of(1)
    exports.fill(one, 10, 0x1AB, 6)
    exports.copy(two, 100, one, 8, 8)
    assert bytes(two._memory.data[98:110]) == b"\0\0\0\0" + b"\xab" * 6 + b"\0\0"
    _traps(
        "out of bounds",
        lambda: exports.copy(two, PAGE - 2, one, 10, 3),
        lambda: exports.copy(two, 0, one, -4, 8),
        lambda: exports.fill(two, 0, 1, PAGE + 1),
    )
    assert bytes(two._memory.data[:4]) == bytes(4) == bytes(two._memory.data[PAGE - 4 :])


def test_references_are_equal_where_they_are_of_one_memory() -> None:
    exports = _all("(memory 1) (memory 1)")
    one, two = exports.of(0), exports.of(1)
    assert exports.of(0) is one
    found = [exports.eq(*pair) for pair in ((one, one), (one, two), (null, one), (null, null))]
    assert found == [1, 0, 0, 1]
    assert exports.eq(MemoryRef(one), one) == 1
    with pytest.raises(WebAssembly.RuntimeError, match="unknown memory 2"):
        exports.of(2)


def test_new_memories_grow_and_have_the_types_that_flags_say() -> None:
    exports = _all()
    memory = exports.new(1, 3, 0)
    assert memory.type() == {"minimum": 1, "maximum": 3, "shared": False, "address": "i32"}
    assert [exports.grow(memory, n) for n in (2, 1, -1)] == [1, -1, -1]
    assert exports.size(memory) == 3
    small = exports.new(10, -1, 6)
    assert small.type() == {"minimum": 10, "shared": False, "address": "i64", "pageSize": 1}
    exports.store16(small, 8, -1)
    with pytest.raises(WebAssembly.RuntimeError, match="out of bounds"):
        exports.store16(small, 9, -1)
    assert exports.new(0, 1, 1).type()["shared"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((2, 1, 0), "size minimum must not be greater than maximum"),
        ((1, -1, 1), "shared memory must have maximum"),
        ((1, 1, 8), "unknown flags"),
        ((65537, -1, 0), "at most 65536 pages"),
        ((-1, -1, 2), r"at most 2\^48 pages"),
    ],
)
def test_a_memory_of_no_type_traps(arguments: tuple[int, ...], message: str) -> None:
    with pytest.raises(WebAssembly.RuntimeError, match=message):
        _all().new(*arguments)


def test_new_gives_null_where_the_limits_do_not_allow_more() -> None:
    text = f'(module {_import("new")} (export "new" (func $new)))'
    limits = {"max_memory_bytes": 9 * PAGE, "memories": 2}
    module = WebAssembly.Module(wat2wasm(text), ENABLED, limits=limits)
    new = WebAssembly.Instance(module).exports.new
    assert new(10, -1, 0) is null
    kept = [new(4, -1, 0), new(1, -1, 0)]
    assert new(1, -1, 0) is null
    kept.pop()
    assert new(1, -1, 0) is not null


def test_what_a_guest_makes_counts_with_the_memories_of_its_instance() -> None:
    text = f"""(module {_import("new")} {_import("grow")} (memory (export "own") 2)
      (export "new" (func $new)) (export "grow" (func $grow))
      (func (export "grow_own") (param i32) (result i32) (memory.grow (local.get 0))))"""
    module = WebAssembly.Module(wat2wasm(text), ENABLED, limits={"max_memory_bytes": 6 * PAGE})
    exports = WebAssembly.Instance(module).exports
    assert exports.new(5, -1, 0) is null
    made = exports.new(2, -1, 0)
    other = exports.new(1, -1, 0)
    assert exports.new(2, 2, 1) is null
    assert [exports.grow(made, 2), exports.grow(made, 1), exports.grow_own(1)] == [-1, 2, -1]
    assert exports.new(0, -1, 0) is not null
    with pytest.raises(RangeError):
        other.grow(1)
    del other
    gc.collect()
    assert [exports.grow_own(1), exports.grow(made, 1)] == [2, -1]
    assert WebAssembly.Instance(module).exports.new(4, -1, 0) is not null


@pytest.mark.parametrize("name", ["copy", "fill"])
def test_a_deadline_ends_long_ones(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    text = f"""(module {_import("copy")} {_import("fill")} {_import("of")} (memory 16)
      (func (export "fill") (call $fill (call $of (i32.const 0)) (i64.const 0) (i32.const 7) (i64.const 1000000)))
      (func (export "copy") (call $copy (call $of (i32.const 0)) (i64.const 9)
        (call $of (i32.const 0)) (i64.const 0) (i64.const 1000000))))"""
    module = WebAssembly.Module(wat2wasm(text), ENABLED, limits={"deadline": 0.05})
    exports = WebAssembly.Instance(module).exports
    monkeypatch.setattr(pieces, "BYTES", 1)
    with pytest.raises(WebAssembly.DeadlineExceeded):
        exports[name]()


def test_the_host_has_every_memory_of_an_instance() -> None:
    instance = _instance('(module (memory 1) (memory (export "m") 2))')
    assert memory_of(instance, 1) is instance.exports.m
    assert memory_of(instance).type()["minimum"] == 1
    with pytest.raises(IndexError, match="the instance has 2 memories"):
        memory_of(instance, 2)
    with pytest.raises(TypeError, match=r"a WebAssembly\.Instance is needed"):
        memory_of(instance.exports)


def test_a_memory_ref_is_the_builtins_for_the_host() -> None:
    ref = MemoryRef(WebAssembly.Memory(initial=1))
    ref.store("16", 100, -2)
    assert (ref.load("16_s", 100), ref.load("16_u", 100), ref.load("8_s", 101)) == (-2, 65534, -1)
    ref.store("f32", 104, 0.5)
    assert ref.load("f32", 104) == 0.5
    assert ref == MemoryRef(ref.memory) and ref != MemoryRef(WebAssembly.Memory(initial=1))
    _traps(
        "out of bounds|is negative", lambda: ref.load("64", PAGE - 7), lambda: ref.store("8", -1, 0)
    )
    with pytest.raises(ValueError, match="there are 8_s, 8_u, 16_s"):
        ref.load("s16", 0)
    with pytest.raises(TypeError, match=r"a WebAssembly\.Memory is needed"):
        MemoryRef(7)  # type: ignore[arg-type]


def test_an_import_of_another_type_is_a_compile_error() -> None:
    text = '(module (import "pyjsapi:memory-ref" "size" (func (param externref) (result i32))))'
    with pytest.raises(WebAssembly.CompileError, match="memory-ref"):
        WebAssembly.Module(wat2wasm(text), ENABLED)
    WebAssembly.Module(wat2wasm(text))


def test_o6_5_a_reference_obeys_protections_and_mappings_of_its_memory() -> None:
    exports = _all()
    memory = WebAssembly.Memory(initial=3, noAccess=1)
    data = bytearray(range(100))
    memory.map(memoryview(data).toreadonly(), at=2 * PAGE, mode="r")
    memory.protect(PAGE, PAGE, "r")
    assert exports.load8_u(memory, 2 * PAGE + 9) == 9
    exports.store8(memory, 3 * PAGE - 1, 1)
    _traps(
        "nothing is mapped|read-only",
        lambda: exports.load32(memory, 0),
        lambda: exports.store32(memory, PAGE, 1),
        lambda: exports.storef64(memory, 2 * PAGE, 1.0),
        lambda: exports.store8(memory, 2 * PAGE + 99, 1),
        lambda: exports.atomic_add32(memory, 2 * PAGE, 1),
        lambda: exports.fill(memory, 2 * PAGE - 1, 0, 2),
        lambda: exports.copy(memory, PAGE, memory, 2 * PAGE, 4),
    )
    assert data == bytearray(range(100)) and exports.load32(memory, PAGE) == 0
    ordinary = WebAssembly.Memory(initial=1)
    exports.store8(ordinary, 5, 3)
    ordinary.protect(0, PAGE, "r")
    assert exports.load8_u(ordinary, 5) == 3
    _traps("read-only", lambda: exports.store8(ordinary, 5, 4))


@pytest.mark.parametrize("members", [{}, {"maximum": 2, "shared": True}, {"storage": "guarded"}])
def test_addresses_beyond_any_number_of_c_trap(members: dict[str, Any]) -> None:
    memory = WebAssembly.Memory(initial=1, **members)
    guest = _all()
    for address in (-1, -(2**63), 2**63 - 1, 2**32, PAGE):
        for name, builtin in BUILTINS.items():
            if name.startswith(("load", "store", "atomic_load", "atomic_store")):
                rest = [1] * (len(builtin.type.func.params) - 2)
                with pytest.raises(WebAssembly.RuntimeError, match=r"out of bounds|unaligned"):
                    guest[name](memory, address, *rest)
