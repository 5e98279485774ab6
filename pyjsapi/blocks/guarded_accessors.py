"""Loads and stores of numbers of a guarded block: one call each, without another in the usual case.

The usual case is an access within the span of the access before it.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any, Final

from pyjsapi.blocks.floats import f32_bits, f32_from_bits, f64_bits, f64_from_bits
from pyjsapi.blocks.integers import LOAD, STORE
from pyjsapi.blocks.spans import SpanTable

_WIDTHS: Final = {"i32": 32, "i64": 64}


def number_accessor(cell: list[SpanTable], mask: int, name: str) -> Callable[..., Any] | None:
    """The accessor of that name over ``cell``, which has the spans of the moment; ``None`` for other instructions.

    ``mask`` is the greatest address.
    """
    if name in _FLOATS:
        make_float, code, from_bits, to_bits = _FLOATS[name]
        made: Callable[..., Any] = make_float(cell, mask, struct.Struct(code), from_bits, to_bits)
        return made
    type_, _, action = name.partition("_")
    if type_ not in _WIDTHS:
        return None
    kind = "load" if action.startswith("load") else "store"
    if not action.startswith(kind):
        return None
    make = _load if kind == "load" else _store
    rest = action.removeprefix(kind)
    if rest.startswith("_"):  # rmw and others of another family
        return None
    digits = rest.partition("_")[0]
    if digits and not digits.isdigit():
        return None
    size = (int(digits) if digits else _WIDTHS[type_]) >> 3
    extension = (1 << _WIDTHS[type_]) - (1 << 8 * size) if rest.endswith("_s") else 0
    return make(cell, mask, size, extension)


def _load(cell: list[SpanTable], mask: int, size: int, extension: int) -> Callable[..., int]:
    unpack = LOAD[size]

    def apart(where: int) -> int:
        table = cell[0]
        found = table.read_one(where, size)
        if found is None:
            pieces = table.pieces(where, size, write=False)
            parts = [piece.data[piece.place : piece.place + piece.size] for piece in pieces]
            return int.from_bytes(b"".join(parts), "little")
        value: int = unpack(found[2], where - found[3])[0]
        return value

    def load(address: int, offset: int = 0) -> int:
        where = (address & mask) + offset
        start, end, data, shift = cell[0].readable
        if start <= where and where + size <= end:
            value: int = unpack(data, where - shift)[0]
            return value
        return apart(where)

    def load_byte(address: int, offset: int = 0) -> int:
        where = (address & mask) + offset
        start, end, data, shift = cell[0].readable
        if start <= where < end:
            return data[where - shift]
        return apart(where)

    plain = load_byte if size == 1 else load
    if not extension:
        return plain
    sign = 1 << 8 * size - 1

    def load_signed(address: int, offset: int = 0) -> int:
        value = plain(address, offset)
        return value | extension if value & sign else value

    return load_signed


def _store(cell: list[SpanTable], mask: int, size: int, extension: int) -> Callable[..., None]:
    pack = STORE[size]
    wrap = (1 << 8 * size) - 1

    def apart(where: int, value: int) -> None:
        table = cell[0]
        found = table.write_one(where, size)
        if found is not None:
            pack(found[2], where - found[3], value)
            return
        data = value.to_bytes(size, "little")
        place = 0
        for piece in table.pieces(where, size, write=True):
            part = data[place : place + piece.size]
            piece.data[piece.place : piece.place + piece.size] = part
            place += piece.size

    def store(address: int, value: int, offset: int = 0) -> None:
        where = (address & mask) + offset
        start, end, data, shift = cell[0].writable
        if start <= where and where + size <= end:
            pack(data, where - shift, value & wrap)
        else:
            apart(where, value & wrap)

    def store_byte(address: int, value: int, offset: int = 0) -> None:
        where = (address & mask) + offset
        start, end, data, shift = cell[0].writable
        if start <= where < end:
            data[where - shift] = value & 0xFF
        else:
            apart(where, value & wrap)

    return store_byte if size == 1 else store


_FromBits = Callable[[int], float]
_ToBits = Callable[[float], int]


def _load_float(
    cell: list[SpanTable], mask: int, kind: struct.Struct, from_bits: _FromBits, to_bits: _ToBits
) -> Callable[..., float]:
    unpack, size = kind.unpack_from, kind.size
    load_bits = _load(cell, mask, size, 0)

    def load(address: int, offset: int = 0) -> float:
        where = (address & mask) + offset
        start, end, data, shift = cell[0].readable
        if start <= where and where + size <= end:
            value: float = unpack(data, where - shift)[0]
            if value == value:
                return value
        return from_bits(load_bits(address, offset))

    return load


def _store_float(
    cell: list[SpanTable], mask: int, kind: struct.Struct, from_bits: _FromBits, to_bits: _ToBits
) -> Callable[..., None]:
    pack, size = kind.pack_into, kind.size
    store_bits = _store(cell, mask, size, 0)

    def store(address: int, value: float, offset: int = 0) -> None:
        where = (address & mask) + offset
        start, end, data, shift = cell[0].writable
        if start <= where and where + size <= end and value == value:
            pack(data, where - shift, value)
        else:
            store_bits(address, to_bits(value), offset)

    return store


_FLOATS: Final[dict[str, tuple[Callable[..., Any], str, _FromBits, _ToBits]]] = {
    "f32_load": (_load_float, "<f", f32_from_bits, f32_bits),
    "f64_load": (_load_float, "<d", f64_from_bits, f64_bits),
    "f32_store": (_store_float, "<f", f32_from_bits, f32_bits),
    "f64_store": (_store_float, "<d", f64_from_bits, f64_bits),
}
