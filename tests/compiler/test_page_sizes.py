"""Memories whose size is no multiple of 8 bytes: every access is bounded at the byte, whatever its width."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

import pytest

from pyjsapi.syntax.errors import Trap

ACCESSES = {
    "i64.load8_u": "B",
    "i64.load16_u": "H",
    "i64.load32_u": "I",
    "i64.load": "Q",
    "f32.load": "f",
    "f64.load": "d",
}


def accessors() -> str:
    """Exports ``load <op>``, ``store <op>`` by address, ``element <op>`` by an index that proves alignment."""
    text = ""
    for op, code in ACCESSES.items():
        type_, size = op[:3], struct.calcsize(code)
        store = op.replace("load", "store").replace("_u", "")
        element = f"(i32.mul (local.get 0) (i32.const {size}))"
        text += f"""
          (func (export "load {op}") (param i32) (result {type_}) ({op} (local.get 0)))
          (func (export "element {op}") (param i32) (result {type_}) ({op} {element}))
          (func (export "store {op}") (param i32 {type_}) ({store} (local.get 0) (local.get 1)))
        """
    return text


def value_for(code: str, address: int) -> Any:
    return 1.5 + address if code in "fd" else 1 + address


@pytest.mark.parametrize("size", [0, 1, 2, 3, 6, 7, 8, 10, 12, 13, 15, 20])
def test_accesses_at_every_address_of_small_memories(wasm: Callable[..., Any], size: int) -> None:
    module = wasm(f"(module (memory {size} (pagesize 1)) {accessors()})")
    data = module.instance.mems[0].data
    assert len(data) == size
    for op, code in ACCESSES.items():
        width = struct.calcsize(code)
        for address in range(size + 2):
            value = value_for(code, address)
            if address + width > size:
                before = bytes(data)
                with pytest.raises(Trap, match="out of bounds memory access"):
                    module(f"load {op}", address)
                with pytest.raises(Trap, match="out of bounds memory access"):
                    module(f"store {op}", address, value)
                assert data == before
                continue
            module(f"store {op}", address, value)
            assert struct.unpack_from(f"<{code}", data, address)[0] == value
            assert module(f"load {op}", address) == value
            if address % width == 0:
                assert module(f"element {op}", address // width) == value
        with pytest.raises(Trap, match="out of bounds memory access"):
            module(f"element {op}", size // width)


def test_vectors_at_the_end_of_a_memory(wasm: Callable[..., Any]) -> None:
    module = wasm("""(module (memory 18 (pagesize 1))
      (func (export "store") (param i32)
        (v128.store (local.get 0) (v128.const i64x2 1 0x0200000000000000)))
      (func (export "sum") (param i32) (result i64) (local v128)
        (local.set 1 (v128.load (local.get 0)))
        (i64.add (i64x2.extract_lane 0 (local.get 1)) (i64x2.extract_lane 1 (local.get 1)))))""")
    module("store", 2)
    assert module.instance.mems[0].data[17] == 2
    assert module("sum", 2) == 0x0200000000000001
    for name in ("store", "sum"):
        with pytest.raises(Trap, match="out of bounds memory access"):
            module(name, 3)


def test_the_size_in_bytes_and_growth_by_bytes(wasm: Callable[..., Any]) -> None:
    module = wasm(f"""(module (memory 3 (pagesize 1))
      (func (export "size") (result i32) (memory.size))
      (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
      {accessors()})""")
    module("store i64.load8_u", 2, 77)
    assert module("grow", 5) == 3
    assert module("load i64.load", 0) == 77 << 16
    assert (module("size"), module("grow", 70_000), module("size")) == (8, 8, 70_008)
    module("store i64.load16_u", 70_006, 0x1234)
    assert module("element i64.load16_u", 35_003) == 0x1234
    with pytest.raises(Trap):
        module("store i64.load16_u", 70_007, 1)


def test_a_memory_of_bytes_without_a_maximum_grows_as_far_as_one_of_pages(
    wasm_once: Callable[..., Any],
) -> None:
    text = "(module (memory 0 {}) (func))"
    bytes_, pages = wasm_once(text.format("(pagesize 1)")), wasm_once(text.format(""))
    assert bytes_.instance.mems[0].may_exceed == 0xFFFF_FFFF  # whose number fits into 32 bits
    assert pages.instance.mems[0].may_exceed == 1 << 32


def test_a_memory_of_all_bytes_but_one_counts_them_in_32_bits(
    wasm_once: Callable[..., Any],
) -> None:
    module = wasm_once("""(module (memory 0 0xffffffff (pagesize 1))
      (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0))))""")
    assert module.instance.mems[0].ceiling == 0xFFFF_FFFF
    assert module("grow", 5) == 0
    assert module("grow", 0xFFFF_FFFF) == 0xFFFF_FFFF
    assert module("grow", 0xFFFF_FFFB) == 0xFFFF_FFFF
    assert module("grow", 0) == 5


def test_copies_between_memories_of_different_pages(wasm: Callable[..., Any]) -> None:
    module = wasm("""(module (memory 5000 (pagesize 1)) (memory 1) (memory i64 5001 (pagesize 1))
      (func (export "0 1") (param i32 i32 i32)
        (memory.copy 0 1 (local.get 0) (local.get 1) (local.get 2)))
      (func (export "1 0") (param i32 i32 i32)
        (memory.copy 1 0 (local.get 0) (local.get 1) (local.get 2)))
      (func (export "2 0") (param i64 i32 i32)
        (memory.copy 2 0 (local.get 0) (local.get 1) (local.get 2)))
      (func (export "0 2") (param i32 i64 i32)
        (memory.copy 0 2 (local.get 0) (local.get 1) (local.get 2))))""")
    memories = [m.data for m in module.instance.mems]
    for into, source in ((0, 1), (1, 0), (2, 0), (0, 2)):
        target, from_ = memories[into], memories[source]
        for count in (0, 1, 7, 2047, 4999):
            from_[:] = bytes(i * 7 % 251 for i in range(len(from_)))
            target[:] = bytes(len(target))
            to, at = len(target) - count, len(from_) - count
            module(f"{into} {source}", to, at, count)
            assert target == bytes(to) + from_[at:]
            for beyond in ((to + 1, 0), (0, at + 1)):
                before = bytes(target)
                with pytest.raises(Trap, match="out of bounds memory access"):
                    module(f"{into} {source}", *beyond, count)
                assert target == before
