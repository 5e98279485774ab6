"""What buffers, typed arrays, DataView and Atomics of a guarded memory show and refuse."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from pyjsapi import (
    Atomics,
    DataView,
    Float64Array,
    Int32Array,
    RangeError,
    Uint8Array,
    WebAssembly,
    structuredClone,
)
from pyjsapi.sharing import HostResource

READ_ONLY = bytes(range(32))


@pytest.fixture(params=[False, True], ids=["unshared", "shared"])
def memory(request: pytest.FixtureRequest) -> Any:
    return WebAssembly.Memory(initial=1, maximum=4, shared=request.param)


def guard(memory: Any) -> bytearray:
    """Map read-only bytes to address 96, and some that can be written to 1001."""
    memory.map(bytearray(READ_ONLY), at=96, mode="r")
    window = bytearray(32)
    memory.map(window, at=1001)
    return window


def test_buffers_from_before_show_what_is_mapped_later(memory: Any) -> None:
    buffer = memory.buffer
    before = Uint8Array(buffer), Int32Array(buffer), DataView(buffer)
    assert [before[0][97], before[1][24], before[2].getUint8(97)] == [0, 0, 0]
    window = guard(memory)
    assert memory.buffer is buffer
    assert [before[0][97], before[2].getUint8(97)] == [1, 1]
    assert before[1][24] == Atomics.load(before[1], 24) == 0x03020100
    before[0][1001] = 7
    assert window[0] == 7


def test_buffers_of_a_shared_memory_that_has_grown_are_guarded_too() -> None:
    memory: Any = WebAssembly.Memory(initial=1, maximum=4, shared=True)
    fixed, growable = memory.buffer, memory.toResizableBuffer()
    memory.grow(1)
    guard(memory)
    for buffer in (fixed, growable, memory.buffer):
        assert Uint8Array(buffer)[97] == 1
        with pytest.raises(TypeError, match="read-only memory at address 96"):
            Uint8Array(buffer)[96] = 1
    growable.grow(3 * 65536)
    assert memory.type()["minimum"] == 3
    assert (fixed.byteLength, growable.byteLength) == (65536, 3 * 65536)


def test_everything_that_reads_does(memory: Any) -> None:
    guard(memory)
    data, view = Uint8Array(memory.buffer), DataView(memory.buffer)
    assert view.getUint32(96, True) == 0x03020100
    assert view.getFloat64(92, True) == Float64Array(memory.buffer.slice(92, 100))[0]
    assert data.slice(95, 99).tolist() == data[95:99].tolist() == [0, 0, 1, 2]
    assert data[96:104:2].tolist() == [0, 2, 4, 6]
    assert Uint8Array(data.subarray(96, 100)).tolist() == [0, 1, 2, 3]
    other = Uint8Array(4)
    other.set(data.subarray(97, 101))
    assert other.tolist() == [1, 2, 3, 4]
    data.set(data.subarray(96, 100), 1001)
    assert bytes(data.subarray(1001, 1005)) == b"\0\1\2\3"


@pytest.mark.parametrize(
    "write",
    [
        lambda buffer: Uint8Array(buffer).__setitem__(96, 1),
        lambda buffer: Uint8Array(buffer).set([1, 2, 3], 94),
        lambda buffer: Uint8Array(buffer).fill(1),
        lambda buffer: DataView(buffer).setUint32(94, 1),
        lambda buffer: Atomics.store(Int32Array(buffer), 24, 1),
        lambda buffer: Atomics.add(Int32Array(buffer), 24, 1),
        lambda buffer: Atomics.compareExchange(Int32Array(buffer), 24, 0x03020100, 1),
    ],
)
def test_hr_6_read_only_is_checked_on_every_path_of_the_host(
    memory: Any, write: Callable[[Any], object]
) -> None:
    guard(memory)
    with pytest.raises(TypeError, match="write to read-only memory"):
        write(memory.buffer)
    assert bytes(memory.buffer.slice(94, 130)) == b"\0\0" + READ_ONLY + b"\0\0"


@pytest.mark.parametrize(
    "read",
    [
        lambda buffer: Uint8Array(buffer)[5],
        bytes,
        lambda buffer: DataView(buffer).getInt8(5),
        lambda buffer: Atomics.load(Int32Array(buffer), 1),
    ],
)
def test_protected_bytes_are_not_read_by_the_host(
    memory: Any, read: Callable[[Any], object]
) -> None:
    memory.protect(0, 1, "none")
    with pytest.raises(TypeError, match="access to memory that is protected"):
        read(memory.buffer)


@pytest.mark.parametrize("strategy", ["segment", "mmap", "copy"])
def test_agents_of_a_shared_memory_know_of_each_others_mappings(strategy: str) -> None:
    memory = WebAssembly.Memory(initial=2, maximum=4, shared=True, storage="guarded")
    other: Any = structuredClone(memory)
    with HostResource.memfd(65536) as one, HostResource.memfd(65536) as two:
        mapping = memory.map(one, at=0, strategy=strategy)
        assert other.mappings == memory.mappings == (mapping,)
        with pytest.raises(RangeError, match="overlap the mapping at 0 to 65536"):
            other.map(two, at=0, strategy=strategy)
        assert other.map(two, strategy=strategy).addr == 65536
        other.unmap(0)
        assert len(memory.mappings) == 1
        memory.map(two, at=0, strategy=strategy)
        assert other.stats == memory.stats and other.stats.maps == 3
