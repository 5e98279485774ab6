"""Code that reaches memories through accessors, and accessors in Python, compared with the plain ones."""

from __future__ import annotations

import gc
import math
import random
import struct
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from pyjsapi.bridge.memory.linked import LinkedBlock, make_memory
from pyjsapi.bridge.memory.proxies import ProxyMemories
from pyjsapi.compiler.cache import CodeCache, FileCache
from pyjsapi.compiler.extents import Extent, MemoryKind
from pyjsapi.compiler.variants import Assumptions
from pyjsapi.engines.python import compile_module, instantiate, invoke
from pyjsapi.runtime.accessors import ATOMIC_NAMES, NAMES
from pyjsapi.runtime.memory import MemInst, new_memory
from pyjsapi.syntax.errors import Trap
from pyjsapi.syntax.types import I32, I64, MemType
from pyjsapi.text import wat2wasm
from pyjsapi.validation.limits import Limits

pytestmark = pytest.mark.usefixtures("memories")


def small(*by_calls: bool) -> Assumptions:
    """Memories that never grow far, those marked reached by calls."""
    return Assumptions(tuple(MemoryKind(Extent.SMALL, calls) for calls in by_calls))


def source(text: str, by_calls: tuple[bool, ...]) -> str:
    compiled = compile_module(wat2wasm(text), cache=CodeCache())
    return compiled.variant(small(*by_calls)).source(0)


def test_accesses_are_calls_without_masks() -> None:
    text = """(module (memory 1) (memory 1) (func (param i32 i64)
      (i32.store8 offset=3 (i32.add (local.get 0) (i32.const 1)) (i32.mul (local.get 0) (local.get 0)))
      (i64.store 1 (local.get 0) (i64.load32_s (i32.sub (local.get 0) (i32.const 1))))
      (f32.store (local.get 0) (f32.load offset=9 (i32.eqz (local.get 0))))))"""
    assert source(text, (True, False)) == dedent("""\
        def f0(l0,l1):
         i32_store8_0(l0+1,l0*l0,3)
         if l0&7: pQ(ba1,l0,i64_load32_s_0(l0-1))
         else: u64_1[l0//8]=i64_load32_s_0(l0-1)
         f32_store_0(l0,f32_load_0(1 if not l0 else 0,9))""")


def test_vectors_are_loaded_whole_or_as_bytes() -> None:
    text = """(module (memory 1) (func (param i32) (result v128)
      (v128.store offset=16 (local.get 0) (f32x4.add (v128.load (local.get 0)) (v128.load offset=32 (local.get 0))))
      (v128.load32_lane 2 (local.get 0) (v128.load (local.get 0)))))"""
    code = source(text, (True,))
    assert "uVF(v128_bytes_0(l0,32))" in code
    assert "v128_store_0(l0,V.f32x4_pack(" in code
    assert "i32_load_0(l0)" in code
    assert "ba0" not in code


def test_sizes_and_atomics_are_calls() -> None:
    text = """(module (memory 1 2 shared) (func (param i32) (result i32)
      (i32.atomic.store8 offset=1 (local.get 0) (i32.const 5))
      (i32.add (i32.atomic.rmw16.cmpxchg_u offset=2 (local.get 0) (i32.const 1) (i32.const 2)) (memory.size))))"""
    code = source(text, (True,))
    assert "i32_atomic_store8_0(l0,5,1)" in code
    assert "i32_atomic_rmw16_cmpxchg_u_0(l0,1,2,2)+memory_size_0()" in code


def test_variants_differ_in_their_keys(tmp_path: Path) -> None:
    text = '(module (memory 1) (func (export "f") (result i32) (i32.load (i32.const 8))))'
    path = tmp_path / "code"
    first = compile_module(wat2wasm(text), cache=FileCache(path))
    kinds = [MemoryKind(extent, calls) for extent in Extent for calls in (False, True)]
    assert len({Assumptions((kind,)).key for kind in kinds}) == len(kinds) == 6
    plain, calls = first.variant(small(False)), first.variant(small(True))
    plain.compile_all()
    calls.compile_all()
    again = compile_module(wat2wasm(text), cache=FileCache(path))
    assert again.variant(small(True)).function(0).accessors == ((0, "i32_load"),)
    assert again.variant(small(False)).function(0).accessors == ()
    found = instantiate(again, (), make_memory=make_memory)
    assert invoke(found.exports["f"], ()) == (0,)  # type: ignore[arg-type]


def fresh(addrtype: Any = I32, shared: bool = False, log2: int = 16) -> tuple[MemInst, MemInst]:
    type_ = MemType(addrtype, 1 << 16 - log2, 4 << 16 - log2, shared, log2)
    linked = make_memory(type_, Limits())
    assert isinstance(linked.block, LinkedBlock)
    return new_memory(type_, Limits()), linked


SCALARS = [name for name in NAMES if name[:4] != "v128" and name != "memory_size"]


@pytest.mark.parametrize("name", SCALARS)
def test_an_accessor_does_what_plain_code_does(name: str) -> None:
    mnemonic = name.replace("_", ".", 1)
    store = "store" in name
    type_ = name[:3]
    signature = f"(param i32 {type_})" if store else f"(param i32) (result {type_})"
    operands = "(local.get 0) (local.get 1)" if store else "(local.get 0)"
    text = f"""(module (memory (export "m") 1)
      (func (export "f") {signature} ({mnemonic} offset=5 {operands})))"""
    compiled = compile_module(wat2wasm(text), cache=CodeCache())
    plain = instantiate(compiled, ())
    linked = instantiate(compiled, (), make_memory=make_memory)
    assert "_0(" in compiled.variant(Assumptions.for_memories(linked.mems)).source(0)
    chance = random.Random(name)
    for _ in range(60):
        content = chance.randbytes(32)
        value: int | float = chance.getrandbits(64 if type_ == "i64" else 32)
        if type_ == "f32":
            value = struct.unpack("<f", chance.randbytes(4))[0]
        elif type_ == "f64":
            value = struct.unpack("<d", chance.randbytes(8))[0]
        address = chance.choice([chance.randrange(16), 65523 + chance.randrange(16), 2**32 - 5])
        results = []
        for one in (plain, linked):
            one.mems[0].data[0:32] = one.mems[0].data[65504:65536] = content
            try:
                result: Any = invoke(one.exports["f"], (address, value) if store else (address,))  # type: ignore[arg-type]
                result = [repr(r) if r != r or r == 0 else r for r in result]
                bits = [struct.pack("<d", r) for r in result if isinstance(r, float)]
            except Trap as trap:
                result, bits = trap.message, []
            data = one.mems[0].data
            results.append((result, bits, bytes(data[:32]), bytes(data[65504:])))
        assert results[0] == results[1]


def test_floats_keep_every_bit() -> None:
    _, linked = fresh()
    for bits in (0x7FA0_0001, 0x7F80_0001, 0xFFFF_FFFF, 0x8000_0000):
        linked.accessor("i32_store")(0, bits)
        linked.accessor("f32_store")(4, linked.accessor("f32_load")(0))
        assert linked.accessor("i32_load")(4) == bits
    assert math.isnan(linked.accessor("f32_load")(0)) or linked.accessor("f32_load")(0) == 0


def test_addresses_have_all_their_bits() -> None:
    _, narrow = fresh(I32)
    _, wide = fresh(I64)
    assert narrow.accessor("i32_load")(2**32 + 4) == 0
    for address, offset in ((2**32, 0), (2**64 - 4, 4), (0, 2**64 - 1), (2**64 - 1, 2**64 - 1)):
        with pytest.raises(Trap, match="out of bounds memory access"):
            wide.accessor("i32_load")(address, offset)


def test_pages_of_one_byte() -> None:
    _, linked = fresh(log2=0)
    assert linked.accessor("memory_size")() == 65536
    assert linked.grow(3) == 65536
    assert linked.accessor("i32_load8_u")(65538) == 0
    with pytest.raises(Trap):
        linked.accessor("i32_load8_u")(65539)


def test_growth_keeps_bytes_and_accessors_even_under_a_view_from_outside() -> None:
    _, linked = fresh()
    load = linked.accessor("i32_load")
    linked.accessor("i32_store")(65532, 7)
    with memoryview(linked.data):
        assert linked.grow(1) == 1
    assert load(65532) == 7
    assert load(65536 * 2 - 4) == 0
    assert linked.grow(3) == -1


def test_records_go_with_their_accessors(memories: ProxyMemories) -> None:
    gc.collect()
    before = set(memories.records)
    _, linked = fresh()
    assert len(set(memories.records) - before) == 1
    load = linked.accessor("i32_load")
    del linked
    gc.collect()
    assert load(0) == 0
    del load
    gc.collect()
    assert set(memories.records) <= before


def test_atomics_of_unshared_memories() -> None:
    _, linked = fresh()
    linked.accessor("i32_store")(0, 0x12F4)
    assert linked.accessor("i32_atomic_rmw8_cmpxchg_u")(0, 0xAAF4, 0x1BB) == 0xF4
    assert linked.accessor("i32_atomic_rmw16_add_u")(0, 0x1FFFF) == 0x12BB
    assert linked.accessor("i64_atomic_load")(0) == 0x12BA
    assert linked.accessor("memory_atomic_notify")(0, 1) == 0
    with pytest.raises(Trap, match="expected shared memory"):
        linked.accessor("memory_atomic_wait32")(0, 0, 0)
    for name in ATOMIC_NAMES:
        if name.endswith(("load", "notify")):
            with pytest.raises(Trap, match="unaligned atomic"):
                linked.accessor(name)(1, *[0] * name.endswith("notify"))


def test_no_accessor_has_another_name() -> None:
    _, linked = fresh()
    with pytest.raises(KeyError, match="i32_lode"):
        linked.accessor("i32_lode")


def test_any_memory_has_accessors() -> None:
    memory = new_memory(MemType(I32, 1, 1), Limits())
    memory.accessor("i64_store32")(65532, 0x1_8000_0001)
    assert memory.accessor("i64_load32_s")(65532) == 0xFFFF_FFFF_8000_0001
    assert memory.accessor("i32_load8_u") is memory.accessor("i32_load8_u")
    with pytest.raises(Trap, match="out of bounds"):
        memory.accessor("i32_load8_u")(65536)


def test_code_with_accessors_is_made_anew_before_a_memory_is_big() -> None:
    text = """(module (memory {}) (func (export "f") (param i32) (result i32)
      (drop (i32.load8_u (local.get 0))) (i32.add (local.get 0) (i32.const 1))))"""
    keys = []
    for declared in ("1", "1 65536", "1 9"):
        compiled = compile_module(wat2wasm(text.format(declared)), cache=CodeCache())
        made = instantiate(compiled, (), make_memory=make_memory)
        keys.append(compiled.variant(Assumptions.for_memories(made.mems)).assumptions.key)
        assert invoke(made.exports["f"], (3,)) == (4,)  # type: ignore[arg-type]
    # A resizable buffer of a memory with a maximum grows it without a question.
    assert keys == ["G", "B", "P"]
    compiled = compile_module(wat2wasm(text.format("1")), cache=CodeCache())
    made = instantiate(compiled, (), make_memory=make_memory)
    function = made.exports["f"].call  # type: ignore[union-attr]
    assert function(3) == 4
    before = function.__code__.co_code
    assert made.mems[0].may_become(1 << 31)
    assert function(3) == 4
    assert function.__code__.co_code != before
