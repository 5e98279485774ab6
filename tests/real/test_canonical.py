"""The host's part of the canonical ABI: what is lowered is lifted again."""

from __future__ import annotations

from typing import Any

import pytest

from real import canonical as abi


class Bytes:
    """A memory, and an allocator that only goes up."""

    def __init__(self) -> None:
        self.data = bytearray(1 << 12)
        self.top = 0

    def read(self, at: int, count: int) -> bytes:
        return bytes(self.data[at : at + count])

    def write(self, at: int, data: bytes) -> None:
        self.data[at : at + len(data)] = data

    def realloc(self, old: int, old_size: int, align: int, size: int) -> int:
        at = (self.top + align - 1) & -align
        self.top = at + size
        return at


SHAPE = abi.Variant(
    {"circle": abi.F64, "box": abi.Tuple(abi.F32, abi.S8), "named": abi.STRING, "empty": None}
)


@pytest.mark.parametrize(
    ("type_", "value"),
    [
        (abi.S16, -5),
        (abi.S64, -(1 << 63)),
        (abi.BOOL, True),
        (abi.CHAR, "語"),
        (abi.F32, 0.5),
        (abi.STRING, "naïve"),
        (abi.List(abi.Tuple(abi.U8, abi.STRING)), [(1, "a"), (255, "")]),
        (abi.Record(x=abi.S32, flags=abi.Flags("a", "b"), color=abi.Enum("red", "blue")), {
            "x": -1, "flags": {"b"}, "color": "blue",
        }),
        (SHAPE, ("circle", -0.25)),
        (SHAPE, ("box", (1.5, -7))),
        (SHAPE, ("named", "it")),
        (SHAPE, ("empty", None)),
        (abi.Option(abi.U64), None),
        (abi.result(abi.F32, abi.STRING), ("error", "no")),
    ],
)  # fmt: skip
def test_what_is_lowered_is_lifted_again(type_: abi.ValueType, value: Any) -> None:
    memory = Bytes()
    context = abi.Context(memory, memory.realloc)
    cores = type_.lower(context, value)
    assert len(cores) == len(type_.flat)
    assert type_.lift(context, iter(cores)) == value
    at = context.allocate(type_.align, type_.size)
    type_.store(context, value, at)
    assert type_.load(context, at) == value


def test_of_a_narrow_integer_the_low_bits_count() -> None:
    memory = Bytes()
    context = abi.Context(memory, memory.realloc)
    assert abi.U8.lift(context, iter([0x1FF])) == 0xFF
    assert abi.S8.lift(context, iter([-1])) == -1
    assert abi.U32.lift(context, iter([-1])) == 0xFFFF_FFFF
