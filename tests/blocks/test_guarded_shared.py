"""Guarded blocks over shared ones: integers whose bytes are in several places, and in others' bytes."""

from __future__ import annotations

import pytest

from pyjsapi.blocks.guarded import Guarded, guarded
from pyjsapi.blocks.shared import SharedBlock
from pyjsapi.syntax.errors import Trap

SIZE = 64


@pytest.fixture(name="bytes_of")
def _bytes_of() -> tuple[Guarded, memoryview, bytearray]:
    own = memoryview(bytearray(range(SIZE)))
    block = guarded(SharedBlock(own, SIZE), SIZE)
    data = bytearray(b"\xa0\xa1\xa2\xa3\xa4\xa5")
    block.put(10, memoryview(data))
    return block, own, data


def test_integers_across_an_edge(bytes_of: tuple[Guarded, memoryview, bytearray]) -> None:
    block, own, data = bytes_of
    assert block.load(8, 4) == 0xA1A00908
    assert block.load(12, 8) == 0x13121110A5A4A3A2
    block.store(8, 4, 0x04030201)
    assert (bytes(own[8:12]), bytes(data[:2])) == (b"\1\2\x0a\x0b", b"\3\4")
    assert block.update("add", 8, 4, 0x0100) == 0x04030201
    assert block.load(8, 4) == 0x04030301
    assert block.compare_exchange(8, 4, 5, 0) == 0x04030301
    assert block.compare_exchange(8, 4, 0x04030301, 0xFFFFFFFF) == 0x04030301
    assert (bytes(own[8:12]), bytes(data[:2])) == (b"\xff\xff\x0a\x0b", b"\xff\xff")


def test_integers_of_one_place(bytes_of: tuple[Guarded, memoryview, bytearray]) -> None:
    block, own, data = bytes_of
    assert block.update("xchg", 12, 2, 7) == 0xA3A2
    assert data[2:4] == b"\7\0"
    assert block.update("or", 4, 4, 0x80) == 0x07060504
    assert bytes(own[4:8]) == b"\x84\5\6\7"
    block.store(14, 2, 0x0102)
    assert data[4:] == b"\2\1"


def test_an_edge_between_protections_of_the_same_bytes_is_none(
    bytes_of: tuple[Guarded, memoryview, bytearray],
) -> None:
    block, own, _ = bytes_of
    block.protect(32, 40, readable=True, writable=False)
    assert block.load(30, 4) == 0x21201F1E
    for address in (30, 36, 38):
        with pytest.raises(Trap, match="read-only"):
            block.store(address, 4, 0)
    assert bytes(own) == bytes(range(SIZE))
