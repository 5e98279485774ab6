"""Shared memories under features and limits, and why a memory could not grow."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from pyjsapi import (
    Features,
    Limits,
    RangeError,
    SharedArrayBuffer,
    Uint8Array,
    WebAssembly,
    wat2wasm,
)

PAGE = 65536
NO_THREADS = Features(threads=False)
SHARED = wat2wasm('(memory (export "m") 1 1 shared)')


def module(text: str, **restricted: Any) -> WebAssembly.Module:
    return WebAssembly.Module(wat2wasm(text), **restricted)


def shared(initial: int, maximum: int, **restricted: Any) -> WebAssembly.Memory:
    return WebAssembly.Memory(initial=initial, maximum=maximum, shared=True, **restricted)


def test_wt_1_without_threads_no_shared_memory_is_made() -> None:
    with pytest.raises(TypeError, match=r"Features\.threads"):
        shared(1, 1, features=NO_THREADS)
    assert WebAssembly.Memory(initial=1, maximum=1, shared=False, features=NO_THREADS).grow(0) == 1
    shared(1, 1, features=Features())


def test_wt_1_without_threads_no_module_has_one() -> None:
    for text in (
        "(memory 1 1 shared)",
        '(import "" "" (memory 1 1 shared))',
        "(memory 1) (func (drop (i32.atomic.load (i32.const 0))))",
        "(func atomic.fence)",
    ):
        with pytest.raises(WebAssembly.CompileError):
            module(text, features=NO_THREADS)
        assert not WebAssembly.validate(wat2wasm(text), features=NO_THREADS)
        assert WebAssembly.validate(wat2wasm(text))


def test_wt_1_every_way_to_compile_takes_features() -> None:
    response = {"ok": True, "status": 200, "headers": {"content-type": "application/wasm"}}

    class Response:
        ok = True
        status = 200
        headers = response["headers"]

        async def arrayBuffer(self) -> bytes:
            return SHARED

    async def main() -> None:
        for promise in (
            WebAssembly.compile(SHARED, features=NO_THREADS),
            WebAssembly.instantiate(SHARED, features=NO_THREADS),
            WebAssembly.compileStreaming(Response(), features=NO_THREADS),
            WebAssembly.instantiateStreaming(Response(), features=NO_THREADS),
        ):
            with pytest.raises(WebAssembly.CompileError):
                await promise
        found = await WebAssembly.instantiate(SHARED, features=Features())
        assert found.instance.exports.m.type()["shared"]

    asyncio.run(main())


def test_wt_2_a_module_with_a_shared_memory_is_instantiated() -> None:
    instance = WebAssembly.Instance(module("(memory 1 1 shared)"))
    assert list(instance.exports) == []


def test_wt_3_a_shared_memory_is_imported() -> None:
    imported = module('(memory (import "env" "m") 1 5 shared) (export "m" (memory 0))')
    memory = shared(1, 5)
    exports = WebAssembly.Instance(imported, {"env": {"m": memory}}).exports
    assert exports.m is memory
    assert memory.type() == {"minimum": 1, "maximum": 5, "shared": True, "address": "i32"}


def test_wt_4_a_shared_memory_is_exported() -> None:
    memory = WebAssembly.Instance(module('(memory (export "m") 1 5 shared)')).exports.m
    assert memory.type() == {"minimum": 1, "maximum": 5, "shared": True, "address": "i32"}
    assert memory.buffer.byteLength == PAGE


def test_wt_5_two_instances_share_what_the_host_writes_and_how_it_grows() -> None:
    text = """(memory (import "env" "m") 1 5 shared)
      (func (export "read") (result i32) (i32.load8_u (i32.const 0)))
      (func (export "size") (result i32) memory.size)"""
    memory = shared(1, 5)
    both = [WebAssembly.Instance(module(text), {"env": {"m": memory}}).exports for _ in range(2)]
    Uint8Array(memory.buffer)[0] = 42
    assert [exports.read() for exports in both] == [42, 42]
    assert [exports.size() for exports in both] == [1, 1]
    assert memory.grow(1) == 1
    assert [exports.size() for exports in both] == [2, 2]


def test_limits_apply_to_shared_memories_and_a_failed_growth_tells_why() -> None:
    limits = Limits(max_memory_bytes=2 * PAGE)
    with pytest.raises(RangeError, match="the limit is 2 pages"):
        shared(3, 8, limits=limits)
    memory = shared(1, 8, limits=limits)
    assert memory.grow(1) == 1
    before = memory.buffer
    with pytest.raises(RangeError, match="may have 2") as caught:
        memory.grow(1)
    assert isinstance(caught.value.__cause__, MemoryError)
    assert "Limits.max_memory_bytes" in str(caught.value.__cause__)
    assert memory.buffer is before
    growable = memory.toResizableBuffer()
    assert isinstance(growable, SharedArrayBuffer)
    with pytest.raises(RangeError) as caught:
        growable.grow(3 * PAGE)
    assert isinstance(caught.value.__cause__, MemoryError)


def test_limits_of_a_module_apply_to_the_shared_memories_that_it_defines() -> None:
    text = """(memory (export "m") 1 8 shared)
      (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))"""
    exports = WebAssembly.Instance(module(text, limits=Limits(max_memory_bytes=3 * PAGE))).exports
    assert [exports.grow(1), exports.grow(2), exports.grow(1), exports.grow(0)] == [1, -1, 2, 3]
    with pytest.raises(RangeError):
        WebAssembly.Instance(module(text, limits=Limits(max_memory_bytes=1)))


@pytest.mark.parametrize("is_shared", [False, True])
def test_growth_beyond_the_maximum_names_the_maximum(is_shared: bool) -> None:
    memory = WebAssembly.Memory(initial=1, maximum=2, shared=is_shared)
    with pytest.raises(RangeError) as caught:
        memory.grow(2)
    assert str(caught.value.__cause__) == "the maximum of the memory is 2 pages"
