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
    while True:
        left = bits - shift
        if left <= 0:
            raise DecodeError("integer representation too long", pos)
        byte = data[pos]
        if left < 7 and (byte & 0x7F) >> left:
            raise DecodeError("integer too large", pos)
        pos += 1
        result |= (byte & 0x7F) << shift
        if byte < 0x80:
            return result, pos
        shift += 7


def read_signed(data: bytes, pos: int, bits: int) -> tuple[int, int]:
    """Read a signed integer of at most ``bits`` bits; unused bits must repeat the sign."""
    result = shift = 0
    while True:
        left = bits - shift
        if left <= 0:
            raise DecodeError("integer representation too long", pos)
        byte = data[pos]
        if left < 7:
            mask = (-1 << (left - 1)) & 0x7F
            if byte & mask not in (0, mask):
                raise DecodeError("integer too large", pos)
        pos += 1
        result |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            if byte & 0x40:
                result -= 1 << shift
            return result, pos


def read_u32(data: bytes, pos: int) -> tuple[int, int]:
    """Read a u32."""
    byte = data[pos]
    if byte < 0x80:
        return byte, pos + 1
    return read_unsigned(data, pos, 32)


def read_s33(data: bytes, pos: int) -> tuple[int, int]:
    """Read an s33, the form in which type indices stand where negative numbers mean something else."""
    return read_signed(data, pos, 33)


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
