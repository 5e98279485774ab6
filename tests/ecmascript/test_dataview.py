"""DataView: every kind at every offset, byte orders, and its errors in the specified order."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable
from typing import Any

import pytest

from pyjsapi.ecmascript import ArrayBuffer, DataView, RangeError, SharedArrayBuffer

KINDS = [
    ("Int8", "b", -100),
    ("Uint8", "B", 200),
    ("Int16", "h", -30000),
    ("Uint16", "H", 60000),
    ("Int32", "i", -2000000000),
    ("Uint32", "I", 4000000000),
    ("BigInt64", "q", -(2**62) - 3),
    ("BigUint64", "Q", 2**63 + 5),
    ("Float16", "e", 0.333251953125),
    ("Float32", "f", 0.25),
    ("Float64", "d", 1 / 3),
]


@pytest.mark.parametrize(("kind", "code", "value"), KINDS)
def test_get_and_set_in_both_byte_orders(kind: str, code: str, value: Any) -> None:
    view = DataView(ArrayBuffer(16), 1)
    get, put = getattr(view, "get" + kind), getattr(view, "set" + kind)
    size = struct.calcsize("<" + code)
    put(3, value)
    assert get(3) == value
    assert bytes(view.buffer.mv[4 : 4 + size]) == struct.pack(">" + code, value)
    if size > 1:
        put(3, value, True)
        assert get(3, True) == value
        assert bytes(view.buffer.mv[4 : 4 + size]) == struct.pack("<" + code, value)
        view.buffer.mv[4 : 4 + size] = struct.pack("<" + code, value)
        assert get(3, True) == value
    assert type(get(3)) is type(value)


@pytest.mark.parametrize(("kind", "code", "value"), KINDS)
def test_the_last_place_is_in_the_view_and_the_next_is_not(
    kind: str, code: str, value: Any
) -> None:
    size = struct.calcsize("<" + code)
    view = DataView(ArrayBuffer(32), 8, 10)
    get, put = getattr(view, "get" + kind), getattr(view, "set" + kind)
    put(10 - size, value)
    assert get(10 - size) == value
    for index in (11 - size, -1, 2**53, math.inf, 10**30):
        with pytest.raises(RangeError):
            get(index)
        with pytest.raises(RangeError):
            put(index, value)


@pytest.mark.parametrize(
    ("method", "value", "stored"),
    [
        ("Int8", 200, -56),
        ("Uint8", -1, 255),
        ("Int16", 0x18000, -0x8000),
        ("Uint16", -1.9, 0xFFFF),
        ("Int32", "0xffffffff", -1),
        ("Uint32", None, 0),
        ("BigInt64", 2**63, -(2**63)),
        ("BigUint64", -1, 2**64 - 1),
        ("Float16", 1e9, math.inf),
        ("Float32", -1e300, -math.inf),
        ("Float64", 10**400, math.inf),
        ("Float64", "1.5", 1.5),
    ],
)
def test_stored_values_convert(method: str, value: Any, stored: Any) -> None:
    view = DataView(ArrayBuffer(8))
    getattr(view, "set" + method)(0, value)
    assert getattr(view, "get" + method)(0) == stored


def test_a_value_left_out_is_undefined() -> None:
    view = DataView(ArrayBuffer(8))
    view.setFloat64(0)
    assert math.isnan(view.getFloat64())
    with pytest.raises(TypeError, match="BigInt"):
        view.setBigInt64(0)
    with pytest.raises(TypeError, match="BigInt"):
        view.setBigInt64(0, 1.0)


def test_a_double_keeps_the_payload_of_a_nan() -> None:
    view = DataView(ArrayBuffer(16))
    view.setBigUint64(0, 0x7FF8_0000_DEAD_BEEF)
    view.setFloat64(8, view.getFloat64(0))
    assert view.getBigUint64(8) == 0x7FF8_0000_DEAD_BEEF


def test_geometry() -> None:
    buffer = ArrayBuffer(10)
    view = DataView(buffer, 3)
    assert (view.buffer, view.byteOffset, view.byteLength) == (buffer, 3, 7)
    assert DataView(buffer, 10).byteLength == 0
    assert DataView(buffer, byteOffset=2, byteLength=4).byteLength == 4
    assert repr(view) == "DataView(byteLength=7, byteOffset=3)"


def test_construction_errors() -> None:
    buffer = ArrayBuffer(10)
    for offset, length in ((11, None), (-1, None), (5, 6), (0, -1), (0, 2**53)):
        with pytest.raises(RangeError):
            DataView(buffer, offset, length)
    for source in (b"bytes", bytearray(4), None, 5):
        with pytest.raises(TypeError, match="ArrayBuffer"):
            DataView(source)  # type: ignore[arg-type]


def test_a_view_without_length_tracks_a_resizable_buffer() -> None:
    buffer = ArrayBuffer(8, 16)
    tracking, fixed = DataView(buffer, 2), DataView(buffer, 2, 6)
    buffer.resize(12)
    assert (tracking.byteLength, fixed.byteLength) == (10, 6)
    tracking.setInt8(9, 5)
    buffer.resize(4)
    assert tracking.byteLength == 2
    uses: tuple[Callable[[], int], ...] = (
        lambda: fixed.byteLength,
        lambda: fixed.byteOffset,
        lambda: fixed.getInt8(0),
    )
    for use in uses:
        with pytest.raises(TypeError, match="out of bounds"):
            use()
    buffer.resize(1)
    with pytest.raises(TypeError):
        tracking.getInt8(0)
    assert repr(tracking) == "DataView(out of bounds)"
    buffer.resize(16)
    assert (tracking.byteLength, fixed.byteLength) == (14, 6)
    assert fixed.getInt8(0) == 0


def test_a_detached_view_is_a_type_error_after_the_conversions() -> None:
    buffer = ArrayBuffer(8)
    view = DataView(buffer)
    buffer.transfer()
    with pytest.raises(TypeError, match="detached"):
        view.getInt8(0)
    with pytest.raises(TypeError, match="detached"):
        view.setInt8(0, 1)
    with pytest.raises(TypeError, match="detached"):
        _ = view.byteLength
    with pytest.raises(RangeError):
        view.getInt8(-1)


def test_a_value_that_detaches_the_buffer_while_it_converts() -> None:
    buffer = ArrayBuffer(8)
    view = DataView(buffer)

    class Detaching:
        def __index__(self) -> int:
            buffer.transfer()
            return 1

    with pytest.raises(TypeError, match="detached"):
        view.setInt32(0, Detaching())


def test_shared_buffers_and_host_bytes() -> None:
    view = DataView(SharedArrayBuffer(4, 8))
    view.setUint32(0, 0x01020304)
    assert view.buffer.tobytes() == b"\1\2\3\4"
    data = bytearray(8)
    DataView(ArrayBuffer._host(data), 4).setUint16(0, 0x0102)
    assert data == b"\0\0\0\0\1\2\0\0"
