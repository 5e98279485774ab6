"""How values, strings and identifiers are written, and how long lines are laid out.

Everything here reads back to exactly what it was written from.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal
from functools import lru_cache
from math import frexp
from typing import Final

from pyjsapi.text.lexer import IDCHAR
from pyjsapi.text.numbers import ConstantOutOfRange, float_bits

WIDTH: Final = 100
"""Columns that a line should keep to; a word that is longer stands alone."""

_BARE_IDENTIFIER: Final = re.compile(rf"{IDCHAR}+\Z")

_STRING_PIECE: Final = 64
"""Bytes in one of the strings that long contents are divided into."""

_FRACTION_BITS: Final = {32: 23, 64: 52}
_EXPONENT_BITS: Final = {32: 8, 64: 11}
_SIMPLE_ESCAPES: Final = {
    '"': '\\"',
    "\\": "\\\\",
    "\t": "\\t",
    "\n": "\\n",
    "\r": "\\r",
}
_BYTES: Final = {
    byte: _SIMPLE_ESCAPES.get(chr(byte), f"\\{byte:02x}")
    for byte in range(256)
    if not 0x20 <= byte < 0x7F or chr(byte) in _SIMPLE_ESCAPES
}


def signed(value: int, bits: int) -> str:
    """An integer given modulo 2**bits, as a signed literal."""
    return str(value - (1 << bits) if value >> (bits - 1) else value)


def vector_literal(value: int) -> str:
    """The shape i32x4 and the lanes of a v128."""
    lanes = (f"0x{value >> at & 0xFFFF_FFFF:08x}" for at in (0, 32, 64, 96))
    return f"i32x4 {' '.join(lanes)}"


def float_literal(value: int, bits: int) -> str:
    """The shortest decimal literal of the f32 or f64 with these bits; NaNs with their payload."""
    fraction_bits = _FRACTION_BITS[bits]
    fraction = value & ((1 << fraction_bits) - 1)
    exponent = value >> fraction_bits & ((1 << _EXPONENT_BITS[bits]) - 1)
    sign = "-" if value >> (bits - 1) else ""
    if exponent + 1 >> _EXPONENT_BITS[bits]:
        if not fraction:
            return f"{sign}inf"
        canonical = fraction == 1 << (fraction_bits - 1)
        return f"{sign}nan" if canonical else f"{sign}nan:{fraction:#x}"
    magnitude = value & ((1 << (bits - 1)) - 1)
    return sign + (_shortest_f64(magnitude) if bits == 64 else _shortest_f32(magnitude))


def _plain(value: float) -> str:
    text = repr(value)
    return text.removesuffix(".0")


def _shortest_f64(bits: int) -> str:
    return _plain(float(struct.unpack("<d", bits.to_bytes(8, "little"))[0]))


@lru_cache(maxsize=4096)
def _shortest_f32(bits: int) -> str:
    value: float = struct.unpack("<f", bits.to_bytes(4, "little"))[0]
    power_of_two = frexp(value)[0] == 0.5
    for digits in range(1, 9):
        candidates = [float(f"{value:.{digits}g}")]
        if power_of_two:
            # The values that round to it reach farther up than down, so the nearest decimal may be too low.
            exact = Decimal(value)
            candidates += [
                float(Context(prec=digits, rounding=rounding).plus(exact))
                for rounding in (ROUND_FLOOR, ROUND_CEILING)
            ]
        for candidate in candidates:
            text = _plain(candidate)
            if _reads_as(text, bits):
                return text
    return _plain(float(f"{value:.9g}"))


def _reads_as(text: str, bits: int) -> bool:
    try:
        return float_bits(text, 32) == bits
    except ConstantOutOfRange:
        return False


def bytes_literal(data: bytes) -> str:
    """A string literal of any bytes."""
    return f'"{data.decode("latin-1").translate(_BYTES)}"'


def bytes_literals(data: bytes) -> Iterator[str]:
    """The string literals that stand for the bytes together; none for no bytes."""
    for start in range(0, len(data), _STRING_PIECE):
        yield bytes_literal(data[start : start + _STRING_PIECE])


def name_literal(name: str) -> str:
    """A string literal of a name: what can be shown stands as it is."""
    if name.isascii() and name.isprintable():
        return f'"{name.translate(_ESCAPED_IN_NAMES)}"'
    return f'"{"".join(map(_escape, name))}"'


_ESCAPED_IN_NAMES: Final = str.maketrans(_SIMPLE_ESCAPES)


def _escape(character: str) -> str:
    if character in _SIMPLE_ESCAPES:
        return _SIMPLE_ESCAPES[character]
    if character.isprintable():
        return character
    return f"\\u{{{ord(character):x}}}"


def identifier(name: str) -> str:
    """The identifier for a name that is not empty, quoted where it must be."""
    return f"${name}" if _BARE_IDENTIFIER.match(name) else f"${name_literal(name)}"


_WORD: Final = re.compile(r'(?:"(?:[^"\\]|\\.)*"|[^ "])+')
"""Whatever has no space outside of a string."""
_FORM: Final = re.compile(r'\((?:[^()"]|\([^()"]*\))*\)\)*(?= |\Z)')
"""A form with at most one level of others in it, and parentheses that it closes."""
_SHORT_FORM: Final = 60
"""Characters of a form that is kept on one line."""


def _words(text: str) -> Iterator[str]:
    """What is not broken over two lines."""
    at = 0
    while at < len(text):
        match = _FORM.match(text, at)
        if match is None or match.end() - at > _SHORT_FORM:
            match = _WORD.match(text, at)
        if match is not None:
            yield match[0]
            at = match.end()
        at += 1


def laid_out(text: str, indent: str) -> str:
    """A line, or if it is too long lines, of which all but the first are indented deeper."""
    if len(indent) + len(text) <= WIDTH:
        return indent + text
    lines = []
    line = indent
    deeper = indent + "    "
    for word in _words(text):
        if len(line) + 1 + len(word) > WIDTH and not line.isspace():
            lines.append(line)
            line = deeper + word
        else:
            line = f"{line} {word}" if line and not line.isspace() else line + word
    lines.append(line)
    return "\n".join(lines)
