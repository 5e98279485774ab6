"""Memories with pages of one byte at the JS API, which does not know them yet: an extension."""

from __future__ import annotations

import pytest

from pyjsapi import ArrayBuffer, RangeError, Uint8Array, WebAssembly
from pyjsapi.syntax.features import Features
from pyjsapi.text import wat2wasm

BYTES = {"minimum": 10, "maximum": 20, "shared": False, "address": "i32", "pageSize": 1}
MODULE = '(module (memory (export "m") 10 20 (pagesize 1)))'


def instance(text: str, imports: object = None) -> WebAssembly.Instance:
    return WebAssembly.Instance(WebAssembly.Module(wat2wasm(text)), imports)


def test_the_buffer_has_the_bytes_and_the_type_says_so() -> None:
    module = WebAssembly.Module(wat2wasm(MODULE))
    assert WebAssembly.Module.exports(module)[0]["type"] == BYTES
    memory = WebAssembly.Instance(module).exports.m
    assert memory.buffer.byteLength == 10
    assert memory.type() == BYTES
    assert "pageSize" not in WebAssembly.Memory(initial=0, pageSize=65536).type()


def test_growth_counts_bytes() -> None:
    memory = WebAssembly.Memory(BYTES)
    Uint8Array(memory.buffer)[9] = 7
    old = memory.buffer
    assert memory.grow(3) == 10
    assert (old.detached, memory.buffer.byteLength) == (True, 13)
    assert bytes(memory.buffer) == bytes(9) + b"\7" + bytes(3)
    with pytest.raises(RangeError):
        memory.grow(8)
    assert memory.grow(7) == 13
    assert memory.type()["minimum"] == 20


def test_a_resizable_buffer_is_resized_by_bytes() -> None:
    memory = WebAssembly.Memory(BYTES)
    buffer = memory.toResizableBuffer()
    assert isinstance(buffer, ArrayBuffer)
    assert (buffer.byteLength, buffer.maxByteLength) == (10, 20)
    buffer.resize(11)
    assert memory.type()["minimum"] == 11
    with pytest.raises(RangeError):
        buffer.resize(21)


def test_imports_need_the_same_page_size() -> None:
    text = '(module (import "" "m" (memory 1 {})) (func (export "size") (result i32) memory.size))'
    small, usual = WebAssembly.Memory(BYTES), WebAssembly.Memory(initial=1)
    assert instance(text.format("(pagesize 1)"), {"": {"m": small}}).exports.size() == 10
    assert instance(text.format(""), {"": {"m": usual}}).exports.size() == 1
    for memory, size in ((small, ""), (usual, "(pagesize 1)")):
        with pytest.raises(WebAssembly.LinkError):
            instance(text.format(size), {"": {"m": memory}})


@pytest.mark.parametrize("size", [0, 2, 8, 4096, 131_072])
def test_other_page_sizes_are_out_of_range(size: int) -> None:
    with pytest.raises(RangeError, match="must be 1 or 65536"):
        WebAssembly.Memory({"initial": 1, "pageSize": size})


def test_sizes_are_bounded_by_the_addresses() -> None:
    with pytest.raises(RangeError, match="above the upper bound 65536"):
        WebAssembly.Memory(initial=0, maximum=65_537, pageSize=65_536)
    wide = WebAssembly.Memory(initial=0, maximum=2**64 - 1, address="i64", pageSize=1)
    assert wide.type()["maximum"] == 2**64 - 1
    assert WebAssembly.Memory(initial=0, maximum=2**32 - 1, pageSize=1).grow(0) == 0
    with pytest.raises(RangeError, match="could not allocate"):
        WebAssembly.Memory(initial=2**63, address="i64", pageSize=1)


def test_the_feature_is_named_where_it_is_off() -> None:
    with pytest.raises(WebAssembly.CompileError, match="custom_page_sizes, which is switched off"):
        WebAssembly.Module(wat2wasm(MODULE), features=Features(custom_page_sizes=False))
