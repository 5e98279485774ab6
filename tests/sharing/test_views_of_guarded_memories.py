"""What a host does with the buffer of a memory that is reached by calls: the same as with any other."""

from __future__ import annotations

import hashlib
import io
import struct
import sys
from collections.abc import Callable
from typing import Any

import pytest

from pyjsapi import (
    Atomics,
    DataView,
    Float16Array,
    Float64Array,
    Int32Array,
    Uint8Array,
    WebAssembly,
)

START = 70_001
STEPS: dict[str, Callable[[Any], Any]] = {
    "getUint32": lambda b: DataView(b).getUint32(START - 2),
    "getFloat64": lambda b: DataView(b, START - 1).getFloat64(0, True),
    "setBigInt64": lambda b: DataView(b).setBigInt64(START + 60, -5),
    "setUint16": lambda b: DataView(b).setUint16(START + 99, 0x1234),
    "elements": lambda b: Float64Array(b, 70_000, 4).tolist(),
    "halves": lambda b: Float16Array(b, 70_000, 4).tolist(),
    "slice": lambda b: b.slice(START - 3, START + 3).tobytes(),
    "of an array": lambda b: Uint8Array(b)[START - 3 : START + 3].tobytes(),
    "tobytes": lambda b: b.tobytes()[START - 3 : START + 3],
    "set": lambda b: Uint8Array(b).set(b"abcdef", START - 2),
    "fill": lambda b: Uint8Array(b).subarray(START - 2, START + 110).fill(7),
    "copyWithin": lambda b: Uint8Array(b).copyWithin(START - 4, START + 8, START + 40),
    "sort": lambda b: Uint8Array(b).subarray(START - 4, START + 30).sort().tolist(),
    "of another kind": lambda b: Int32Array(Uint8Array(b).subarray(START, START + 5)).tolist(),
    "add": lambda b: Atomics.add(Int32Array(b), (START + 3) // 4, 5),
    "find": lambda b: Uint8Array(b).subarray(START - 4).indexOf(9),
}


def _buffers() -> tuple[Any, Any]:
    """Of a plain memory and of one with a segment, with the same bytes."""
    plain, guarded = WebAssembly.Memory(initial=4), WebAssembly.Memory(initial=4)
    data = bytearray(range(1, 101))
    plain.view()[START : START + 100] = data
    guarded.map(data, at=START)
    return plain.buffer, guarded.buffer


@pytest.mark.parametrize("step", STEPS)
def test_views_do_the_same_as_on_a_plain_memory(step: str) -> None:
    plain, guarded = _buffers()
    assert repr(STEPS[step](guarded)) == repr(STEPS[step](plain))
    assert guarded.tobytes() == plain.tobytes()


def test_a_data_view_does_not_reach_what_is_protected() -> None:
    memory = WebAssembly.Memory(initial=2)
    memory.protect(65536, 1, "r")
    view = DataView(memory.buffer)
    assert view.getInt8(65536) == 0
    with pytest.raises(TypeError, match="write to read-only memory"):
        view.setInt8(65536, 1)


def test_numpy_has_a_copy_that_cannot_be_written() -> None:
    numpy = pytest.importorskip("numpy")
    _, buffer = _buffers()
    array = Uint8Array(buffer)
    for source, code in ((buffer, "u1"), (array, "u1"), (Int32Array(buffer), "<i4")):
        copy = numpy.asarray(source)
        assert copy.dtype == code and not copy.flags.writeable
        assert copy.tobytes() == buffer.tobytes()
    copy = numpy.asarray(array)
    array[START] = 77
    assert copy[START] == 1


@pytest.mark.skipif(sys.version_info < (3, 12), reason="Python knows no bytes-like classes before")
def test_what_takes_bytes_has_a_copy_and_what_writes_is_refused() -> None:
    _, buffer = _buffers()
    for view in (buffer, DataView(buffer), Uint8Array(buffer)):
        assert bytes(memoryview(view)[START : START + 3]) == b"\1\2\3"
        assert hashlib.sha256(view).digest() == hashlib.sha256(buffer.tobytes()).digest()
        with pytest.raises(TypeError, match="read-write bytes-like"):
            io.BytesIO(b"123").readinto(view)
    assert memoryview(Int32Array(buffer)).tolist() == Int32Array(buffer).tolist()


def test_a_part_that_is_in_one_place_has_a_view() -> None:
    memory = WebAssembly.Memory(initial=4)
    data = bytearray(100)
    memory.map(data, at=START)
    memory.view("B", START, 4)[:] = struct.pack("<I", 4711)
    assert int.from_bytes(data[:4], "little") == 4711
