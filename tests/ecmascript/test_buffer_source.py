"""Buffer sources: everything of which a function of the JS API takes the bytes."""

from __future__ import annotations

from array import array
from typing import Any

import pytest

from pyjsapi.ecmascript import (
    ArrayBuffer,
    DataView,
    SharedArrayBuffer,
    Uint8Array,
    Uint16Array,
    bytes_of_buffer_source,
    is_buffer_source,
)


def filled(buffer: Any) -> Any:
    buffer.mv[:] = b"abcdef"
    return buffer


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (b"abc", b"abc"),
        (bytearray(b"abc"), b"abc"),
        (memoryview(b"abcdef")[::2], b"ace"),
        (array("H", [1, 2]), array("H", [1, 2]).tobytes()),
        (filled(ArrayBuffer(6)), b"abcdef"),
        (filled(ArrayBuffer(6, 8)), b"abcdef"),
        (Uint8Array(filled(ArrayBuffer(6)), 1, 3), b"bcd"),
        (Uint16Array(filled(ArrayBuffer(6)), 2), b"cdef"),
        (DataView(filled(ArrayBuffer(6)), 4), b"ef"),
    ],
)
def test_bytes_of_buffer_sources(source: Any, expected: bytes) -> None:
    assert is_buffer_source(source)
    assert bytes_of_buffer_source(source) == expected
    assert type(bytes_of_buffer_source(source)) is bytes


@pytest.mark.parametrize("value", [None, 5, "text", [1, 2], {}, Uint8Array, bytes])
def test_other_values_are_type_errors_that_name_the_argument(value: Any) -> None:
    assert not is_buffer_source(value)
    with pytest.raises(TypeError, match="argument 0 must be an ArrayBuffer"):
        bytes_of_buffer_source(value, what="argument 0")


def test_shared_and_resizable_buffers_only_where_allowed() -> None:
    shared = filled(SharedArrayBuffer(6))
    for source in (shared, Uint8Array(shared)):
        with pytest.raises(TypeError, match="SharedArrayBuffer"):
            bytes_of_buffer_source(source)
        assert bytes_of_buffer_source(source, allow_shared=True) == b"abcdef"
    resizable = filled(ArrayBuffer(6, 8))
    for source in (resizable, Uint8Array(resizable)):
        with pytest.raises(TypeError, match="resizable"):
            bytes_of_buffer_source(source, allow_resizable=False)


def test_detached_buffers_and_views_out_of_bounds_hold_no_bytes() -> None:
    buffer = ArrayBuffer(6, 8)
    view, data_view = Uint8Array(buffer, 4, 2), DataView(buffer, 4)
    buffer.resize(2)
    assert bytes_of_buffer_source(view) == bytes_of_buffer_source(data_view) == b""
    buffer.transfer()
    assert bytes_of_buffer_source(buffer) == bytes_of_buffer_source(view) == b""
