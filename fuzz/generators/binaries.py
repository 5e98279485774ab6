"""Valid binaries with a few wrong bytes, sections or numbers: is it valid, and if so, does it do the same?"""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import Final

from fuzz.program import Program

BASES: Final = (
    "aliasing", "blocks", "counters", "gc", "gc", "handlers", "memories", "numerics", "segments", "segments",
    "tables", "tables", "tails", "vectors",
)  # fmt: skip
_BYTES: Final = (
    0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x0B, 0x10, 0x1F, 0x20, 0x23, 0x40, 0x41, 0x5F, 0x60, 0x63, 0x64, 0x6E, 0x6F,
    0x70, 0x7B, 0x7F, 0x80, 0x8F, 0xD0, 0xD2, 0xFB, 0xFC, 0xFD, 0xFE, 0xFF,
)  # fmt: skip
_INSTRUCTIONS: Final = (
    *range(0x20),
    *range(0x20, 0xC5),
    0xD0,
    0xD1,
    0xD2,
    0xD3,
    0xD4,
    0xD5,
    0xD6,
)


def sections(data: bytes) -> list[tuple[int, bytes]]:
    """Numbers and contents of the sections of a valid binary."""
    found = []
    at = 8
    while at < len(data):
        number, at = data[at], at + 1
        size = shift = 0
        while True:
            byte, at = data[at], at + 1
            size |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                break
        found.append((number, data[at : at + size]))
        at += size
    return found


def leb(value: int, padding: int = 0) -> bytes:
    """An unsigned number, with some bytes more than it needs."""
    out = bytearray()
    while True:
        byte, value = value & 0x7F, value >> 7
        if value or padding > 0:
            out.append(byte | 0x80)
            padding -= not value
            continue
        out.append(byte)
        return bytes(out)


class Mutator:
    """Changes one binary."""

    def __init__(self, random: Random, data: bytes) -> None:
        self.random = random
        self.sections = sections(data)

    def data(self) -> bytes:
        """The whole, sizes of sections put right."""
        padding = self.random.choice((0, 0, 0, 0, 1, 4))
        parts = [
            bytes((number,)) + leb(len(content), padding) + content
            for number, content in self.sections
        ]
        return b"\0asm\1\0\0\0" + b"".join(parts)

    def change(self) -> None:
        """One change of one section, or of their order."""
        if not self.sections:
            return
        form = self.random.random()
        k = self.random.randrange(len(self.sections))
        # Code is the largest part and has the most to say.
        code = [j for j, (number, _) in enumerate(self.sections) if number == 10]
        if code and form < 0.5:
            k = code[0]
        number, content = self.sections[k]
        if form < 0.9:
            self.sections[k] = number, self.content(content)
        elif form < 0.92:
            del self.sections[k]
        elif form < 0.94:
            self.sections.insert(self.random.randrange(len(self.sections) + 1), (number, content))
        elif form < 0.97:
            other = self.random.randrange(len(self.sections))
            self.sections[k], self.sections[other] = self.sections[other], self.sections[k]
        else:
            self.sections[k] = self.random.choice((number, 0, 13, 12, 14, number + 1)), content

    def content(self, content: bytes) -> bytes:
        """The content of a section with a few bytes changed."""
        if not content:
            return bytes((self.random.choice(_BYTES),))
        data = bytearray(content)
        at = self.random.randrange(len(data))
        form = self.random.randrange(9)
        if form <= 1:
            data[at] = self.random.choice(_BYTES)
        elif form == 2:
            data[at] ^= 1 << self.random.randrange(8)
        elif form == 3:
            data[at] = self.random.choice(_INSTRUCTIONS)
        elif form == 4:
            data[at] = (data[at] + self.random.choice((1, -1))) & 0xFF
        elif form == 5:
            data.insert(at, self.random.choice(_BYTES))
        elif form == 6:
            del data[at]
        elif form == 7:
            end = min(len(data), at + self.random.randrange(1, 6))
            other = self.random.randrange(len(data))
            data[at:end] = data[other : other + end - at]
        else:
            # A number of one byte, written in more.
            data[at : at + 1] = bytes(
                (data[at] & 0x7F | 0x80, *[0x80] * self.random.choice((0, 3, 9)), 0)
            )
        return bytes(data)


def generate(random: Random) -> Program:
    """A binary of another generator with changes."""
    from fuzz.generators import generator

    base = generator(random.choice(BASES))(random)
    mutator = Mutator(random, base.binary)
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        mutator.change()
    data = mutator.data()
    if random.random() < 0.05:
        data = data[: random.randrange(len(data))]
    return replace(base, source=data, kind="mutant", ends=False, lowered=False, nans_fixed=False)
