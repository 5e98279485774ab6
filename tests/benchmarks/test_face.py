"""The figures of the JavaScript face beside their targets."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks.face import __main__ as face

WHAT = ("an empty function", "a load")
STATES = ("that JavaScript never looked at", "with a buffer")


def result(**changes: Any) -> dict[str, Any]:
    calls = {
        f"{what}, memory of {size} {state}": [100.0, 2.0, 98.0]
        for what in WHAT
        for size in ("64 KiB", "64 MiB")
        for state in STATES
    }
    calls |= {
        "memory.buffer, 64 KiB": [20.0, 1.0, 19.0],
        "memory.buffer, 64 MiB": [20.0, 1.0, 19.0],
    }
    return {
        "calls": calls,
        "loads": {"without a buffer": 25.0, "with a buffer": 26.0},
        "accesses": {"i32.load, heap": [30.0, 80.0, 0.4], "atomic add, shared": [90.0, 80.0, 1.2]},
        "trapUs": 5.0,
        "starts": {"with a snapshot": 200.0, "without one": 1500.0},
        **changes,
    }


def missed(found: dict[str, Any]) -> list[str]:
    return [cost.name for cost in face.costs(found) if cost.met is False]


def test_good_figures_meet_every_target() -> None:
    assert missed(result()) == []
    assert sum(cost.met is True for cost in face.costs(result())) >= 12


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"trapUs": 11.0}, "a trap caught in JavaScript"),
        (
            {"starts": {"with a snapshot": 301.0, "without one": 1500.0}},
            "worker to first result, with a snapshot",
        ),
        ({"accesses": {"i32.load, heap": [51.0, 80.0, 0.9]}}, "the slowest access of a memory"),
        (
            {"accesses": {"i32.load, heap": [40.0, 30.0, 1.3]}},
            "an access ÷ struct on a bytearray, at worst",
        ),
        (
            {"loads": {"with a buffer": 60.0}},
            "i32.load in a loop of generated code, memory with a buffer",
        ),
    ],
)
def test_a_figure_beyond_its_target_is_missed(changes: dict[str, Any], name: str) -> None:
    assert missed(result(**changes)) == [name]


def test_a_cost_that_grows_with_the_memory_is_missed() -> None:
    found = result()
    found["calls"]["an empty function, memory of 64 MiB with a buffer"] = [140.0, 2.0, 138.0]
    assert missed(found) == ["an empty function, memory with a buffer: 64 MiB ÷ 64 KiB"]


def test_without_a_distribution_the_error_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sys, "argv", ["benchmarks.face", "--pyodide", str(tmp_path)])
    with pytest.raises(face.CannotRun, match="make build"):
        face.main()
