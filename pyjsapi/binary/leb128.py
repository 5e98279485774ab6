"""LEB128 integers (core: "Binary Format: Values: Integers").

The reading functions take the buffer and a position and give the value and the position after it. They report
too long and too large encodings as `DecodeError`; the end of the buffer is an `IndexError`, which whoever owns
the buffer turns into the message that fits there.
"""

from __future__ import annotations

from pyjsapi.syntax.errors import DecodeError


def read_unsigned(data: bytes, pos: int, bits: int) -> tuple[int, int]:
    """Read an unsigned integer of at most ``bits`` bits."""
    result = shift = 0
    last_whole = bits - 7
    while shift <= last_whole:
        byte = data[pos]
        pos += 1
        if byte < 0x80:
            return result | byte << shift, pos
        result |= (byte & 0x7F) << shift
        shift += 7
    left = bits - shift
    if left:
        byte = data[pos]
        if (byte & 0x7F) >> left:
            raise DecodeError("integer too large", pos)
        pos += 1
        if byte < 0x80:
            return result | byte << shift, pos
    raise DecodeError("integer representation too long", pos)


def read_signed(data: bytes, pos: int, bits: int) -> tuple[int, int]:
    """Read a signed integer of at most ``bits`` bits; unused bits must repeat the sign."""
    result = shift = 0
    last_whole = bits - 7
    while shift <= last_whole:
        byte = data[pos]
        pos += 1
        if byte < 0x40:
            return result | byte << shift, pos
        if byte < 0x80:
            return result | (byte - 0x80) << shift, pos
        result |= (byte & 0x7F) << shift
        shift += 7
    left = bits - shift
    if left:
        byte = data[pos]
        sign = (-1 << (left - 1)) & 0x7F
        if byte & sign not in (0, sign):
            raise DecodeError("integer too large", pos)
        pos += 1
        if byte < 0x80:
            return result | (byte - 0x80 if byte & 0x40 else byte) << shift, pos
    raise DecodeError("integer representation too long", pos)


def read_u32(data: bytes, pos: int) -> tuple[int, int]:
    """Read a u32."""
    byte = data[pos]
    if byte < 0x80:
        return byte, pos + 1
    return read_unsigned(data, pos, 32)


def unsigned(value: int) -> bytes:
    """The shortest encoding of an integer that is not negative. Raises `ValueError` for one that is."""
    if 0 <= value < 0x80:
        return _ONE_BYTE[value]
    if value < 0:
        raise ValueError(f"{value} is negative; only an unsigned integer can be encoded here")
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def signed(value: int) -> bytes:
    """The shortest encoding of a signed integer."""
    out = bytearray()
    while not -0x40 <= value < 0x40:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value & 0x7F)
    return bytes(out)


_ONE_BYTE = [bytes((byte,)) for byte in range(0x80)]
