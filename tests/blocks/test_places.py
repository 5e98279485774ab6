"""Who makes shared blocks: whoever was told of, or this process."""

from __future__ import annotations

import pytest

from pyjsapi import SharedArrayBuffer, WebAssembly
from pyjsapi.blocks import places
from pyjsapi.blocks.shared import SharedBlock


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int, int]]:
    """What somebody above is asked for, who makes blocks that grow by bytes and no others."""
    asked: list[tuple[int, int, int]] = []

    def make(length: int, most: int, unit: int) -> SharedBlock | None:
        asked.append((length, most, unit))
        if unit != 1:
            return None
        block = SharedBlock(memoryview(bytearray(most)), length)
        block.store(0, 1, 77)
        return block

    monkeypatch.setattr(places, "_makers", [])
    places.ask_first(make)
    return asked


def test_whoever_was_told_of_is_asked_first(told: list[tuple[int, int, int]]) -> None:
    assert places.new_shared_block(8, 16).load(0, 1) == 77
    assert places.new_shared_block(65536, 131072, 65536).load(0, 1) == 0
    assert told == [(8, 16, 1), (65536, 131072, 65536)]


def test_buffers_and_memories_ask(told: list[tuple[int, int, int]]) -> None:
    assert SharedArrayBuffer(5).byteLength == 5
    assert WebAssembly.Memory(initial=1, maximum=3, shared=True).buffer.byteLength == 65536
    assert told == [(5, 5, 1), (65536, 3 * 65536, 65536)]


def test_the_last_who_was_told_of_comes_first(told: list[tuple[int, int, int]]) -> None:
    places.ask_first(lambda length, most, unit: None)
    assert places.new_shared_block(8, 16).load(0, 1) == 77
    mine = SharedBlock(memoryview(bytearray(16)), 8)
    places.ask_first(lambda length, most, unit: mine)
    assert places.new_shared_block(8, 16) is mine
    assert told == [(8, 16, 1)]
