"""Shared memories in the JS API (threads proposal, index.bs, "Memories")."""

from __future__ import annotations

import gc
from typing import Any

import pytest

from pyjsapi import ArrayBuffer, RangeError, SharedArrayBuffer, Uint8Array, WebAssembly, wat2wasm

PAGE = 65536


def module(text: str) -> WebAssembly.Module:
    return WebAssembly.Module(wat2wasm(text))


def exports(text: str, **env: Any) -> Any:
    return WebAssembly.Instance(module(text), {"env": env}).exports


def shared(initial: int, maximum: int) -> WebAssembly.Memory:
    return WebAssembly.Memory({"initial": initial, "maximum": maximum, "shared": True})


@pytest.mark.parametrize(
    "data", [wat2wasm("(memory 1 shared)"), b"\0asm\1\0\0\0" + bytes.fromhex("05 03 01 02 01")]
)
def test_sm_1_a_shared_memory_must_have_a_maximum(data: bytes) -> None:
    with pytest.raises(WebAssembly.CompileError, match="shared memory must have maximum"):
        WebAssembly.Module(data)


def test_sm_1_limits_with_both_flags_are_valid() -> None:
    data = b"\0asm\1\0\0\0" + bytes.fromhex("05 04 01 03 01 02")
    assert WebAssembly.validate(data)
    with_export = data + bytes.fromhex("07 05 01 01 6d 02 00")
    assert WebAssembly.Module.exports(WebAssembly.Module(with_export))[0]["type"] == {
        "minimum": 1,
        "maximum": 2,
        "shared": True,
        "address": "i32",
    }


@pytest.mark.parametrize(
    ("wanted", "given"),
    [
        ("1 2 shared", WebAssembly.Memory(initial=1, maximum=2)),
        ("1 2", shared(1, 2)),
        ("1 1 shared", shared(1, 2)),
        ("2 2 shared", shared(1, 2)),
        ("i64 1 2 shared", shared(1, 2)),
    ],
)
def test_sm_2_sharedness_and_limits_must_match(wanted: str, given: WebAssembly.Memory) -> None:
    with pytest.raises(WebAssembly.LinkError, match="incompatible import type"):
        exports(f'(import "env" "m" (memory {wanted}))', m=given)


def test_sm_2_a_smaller_maximum_matches() -> None:
    memory = shared(1, 2)
    text = '(import "env" "m" (memory 1 10 shared)) (export "m" (memory 0))'
    assert exports(text, m=memory).m is memory


def test_sm_3_construction() -> None:
    with pytest.raises(TypeError, match="must have a maximum"):
        WebAssembly.Memory(initial=10, shared=True)
    with pytest.raises(RangeError):
        WebAssembly.Memory(initial=10, maximum=9, shared=True)
    memory = WebAssembly.Memory(initial=4, maximum=10, shared=True)
    buffer = memory.buffer
    assert isinstance(buffer, SharedArrayBuffer)
    assert (buffer.byteLength, buffer.growable, buffer.frozen) == (262144, False, True)
    assert memory.buffer is buffer
    assert memory.type() == {"minimum": 4, "maximum": 10, "shared": True, "address": "i32"}


def test_sm_4_growth_keeps_the_old_buffer_on_the_same_bytes() -> None:
    memory = shared(1, 2)
    old = memory.buffer
    array = Uint8Array(old)
    assert memory.grow(1) == 1
    new = memory.buffer
    assert new is not old
    assert (old.byteLength, new.byteLength, old.detached) == (PAGE, 2 * PAGE, False)
    array[0] = 1
    assert Uint8Array(new)[0] == 1
    assert (len(array), len(Uint8Array(new))) == (PAGE, 2 * PAGE)
    with pytest.raises(RangeError):
        memory.grow(1)
    assert memory.buffer is new


def test_sm_4_a_memoryview_of_the_bytes_does_not_hinder_growth() -> None:
    memory = shared(1, 2)
    view = memory.buffer.mv
    assert memory.grow(1) == 1
    view[3] = 9
    assert Uint8Array(memory.buffer)[3] == 9


def test_sm_5_growth_by_nothing_keeps_a_shared_buffer() -> None:
    memory = shared(1, 2)
    buffer = memory.buffer
    assert memory.grow(0) == 1
    assert memory.buffer is buffer
    unshared = WebAssembly.Memory(initial=1)
    buffer = unshared.buffer
    assert unshared.grow(0) == 1
    assert unshared.buffer is not buffer
    assert (buffer.byteLength, buffer.detached) == (0, True)


def test_sm_7_a_growable_buffer_follows_the_memory_and_grows_it() -> None:
    memory = shared(1, 4)
    fixed = memory.buffer
    growable = memory.toResizableBuffer()
    assert isinstance(growable, SharedArrayBuffer)
    assert growable is memory.buffer is memory.toResizableBuffer()
    assert (growable.growable, growable.frozen) == (True, True)
    assert (growable.maxByteLength, growable.byteLength) == (262144, PAGE)
    assert (fixed.byteLength, fixed.detached) == (PAGE, False)
    size = exports(
        '(memory (import "env" "m") 1 4 shared)'
        '(func (export "size") (result i32) memory.size)'
        '(func (export "grow") (result i32) (memory.grow (i32.const 1)))',
        m=memory,
    )
    growable.grow(196608)
    assert size.size() == 3
    assert memory.buffer is growable
    for length in (196609, PAGE, 2**40):
        with pytest.raises(RangeError):
            growable.grow(length)
    tracking = Uint8Array(growable)
    assert size.grow() == 3
    assert (growable.byteLength, len(tracking)) == (262144, 262144)
    assert memory.buffer is growable
    again = memory.toFixedLengthBuffer()
    assert again is memory.buffer is memory.toFixedLengthBuffer()
    assert again is not growable
    assert (again.growable, again.byteLength, growable.byteLength) == (False, 262144, 262144)


def test_sm_7_the_buffer_stays_growable_when_nobody_holds_it() -> None:
    memory = shared(1, 4)
    memory.toResizableBuffer()
    gc.collect()
    buffer = memory.buffer
    assert isinstance(buffer, SharedArrayBuffer)
    assert buffer.growable


def test_sm_8_the_resizable_buffer_of_an_unshared_memory() -> None:
    with pytest.raises(TypeError):
        WebAssembly.Memory(initial=1).toResizableBuffer()
    memory = WebAssembly.Memory(initial=0, maximum=4)
    fixed = memory.buffer
    resizable = memory.toResizableBuffer()
    assert fixed.detached
    assert isinstance(resizable, ArrayBuffer)
    resizable.resize(2 * PAGE)
    for length in (3 * PAGE - 1, PAGE):
        with pytest.raises(RangeError):
            resizable.resize(length)
    with pytest.raises(TypeError):
        resizable.transfer()


def trap(message: str) -> Any:
    return pytest.raises(WebAssembly.RuntimeError, match=message)


def test_sm_16_a_fence_needs_no_memory() -> None:
    assert exports('(func (export "f") (result i32) atomic.fence (i32.const 1))').f() == 1
    data = bytearray(wat2wasm('(func (export "f") atomic.fence)'))
    data[data.index(b"\xfe\x03\x00") + 2] = 2
    with pytest.raises(WebAssembly.CompileError, match="malformed ordering 0x02"):
        WebAssembly.Module(data)


def test_sm_17_only_atomic_accesses_must_be_aligned() -> None:
    with pytest.raises(WebAssembly.CompileError, match="atomic alignment must be natural"):
        module("(memory 1 1 shared) (func (drop (i32.atomic.load align=2 (i32.const 0))))")
    e = exports(
        '(memory 1 1 shared) (data (i32.const 1) "\\01\\02\\03\\04")'
        '(func (export "f") (param i32) (result i32) (i32.load (local.get 0)))'
        '(func (export "a") (param i32) (result i32) (i32.atomic.load (local.get 0)))'
    )
    assert e.f(1) == 0x04030201
    with trap("unaligned atomic"):
        e.a(1)


def test_sm_18_segments_are_written_at_every_instantiation() -> None:
    memory = shared(1, 1)
    array = Uint8Array(memory.buffer)
    compiled = module('(memory (import "env" "m") 1 1 shared) (data (i32.const 3) "abc")')
    for _ in range(2):
        array[3] = 0
        WebAssembly.Instance(compiled, {"env": {"m": memory}})
        assert array[3:6].tobytes() == b"abc"
    broken = module(
        '(memory (import "env" "m") 1 1 shared)'
        '(data (i32.const 8) "first") (data (i32.const 65534) "second")'
    )
    with trap("out of bounds memory access"):
        WebAssembly.Instance(broken, {"env": {"m": memory}})
    assert array[8:13].tobytes() == b"first"
    assert not any(array[65530:65536])


def test_wt_8_memories_owned_imported_and_exported() -> None:
    imported = shared(5, 10)
    e = exports(
        '(memory $i (import "env" "m") 5 10 shared) (memory $o 10 20) (memory $e (export "e") 1 2 shared)'
        '(func (export "sizes") (result i32 i32 i32)'
        "  (memory.size $i) (memory.size $o) (memory.size $e))",
        m=imported,
    )
    assert list(e.sizes()) == [5, 10, 1]
    assert e.e.type() == {"minimum": 1, "maximum": 2, "shared": True, "address": "i32"}
    assert imported.grow(1) == 5
    assert list(e.sizes()) == [6, 10, 1]


def test_a_shared_memory_with_64_bit_addresses() -> None:
    memory = WebAssembly.Memory({"initial": 1, "maximum": 2, "shared": True, "address": "i64"})
    assert memory.grow(1) == 1
    assert memory.buffer.byteLength == 2 * PAGE
    assert memory.type() == {"minimum": 2, "maximum": 2, "shared": True, "address": "i64"}
