"""The benchmark of snapshots: a MicroPython that goes on has what it had."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.guests import WrongOutput
from benchmarks.snapshots import KIND, LINE, PWASM, checked, first_lines, warm
from pyjsapi import WebAssembly


def test_o15_a_restored_micropython_runs_its_first_line(tmp_path: Path) -> None:
    path = tmp_path / "warm.snap"
    warm(WebAssembly.Module(KIND.wasm())).save(path)
    ways = first_lines(path)
    ways.pop(PWASM)
    assert len(ways) == 3
    for way in ways.values():
        way()


def test_another_answer_is_found() -> None:
    with pytest.raises(WrongOutput, match=r"new: '41\\n'"):
        checked("41\n", "new")
    assert LINE == "print(x + 2)"
