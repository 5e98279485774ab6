"""The benchmark of second memories runs, and its ways come to the same."""

from __future__ import annotations

import os

import pytest

from benchmarks.second_memory import second_memory_costs


@pytest.mark.skipif(not hasattr(os, "memfd_create"), reason="files in memory are Linux's")
def test_o2_4_calls_and_instructions_come_to_the_same() -> None:
    costs = second_memory_costs(1)
    assert [cost.name[:5] for cost in costs] == ["O2-4:"] * 2
    assert all(cost.value > 0 for cost in costs)
    assert costs[0].note.startswith("by mmap, ")
