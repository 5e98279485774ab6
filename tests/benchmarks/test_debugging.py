"""The benchmark of the debugger does what it measures, and prints a row for each kernel."""

from __future__ import annotations

import pytest

from benchmarks import debugging


def test_it_prints_a_row_and_the_mean(capsys: pytest.CaptureFixture[str]) -> None:
    debugging.main(["fib"])
    heading, fib, mean = capsys.readouterr().out.splitlines()
    assert heading.split() == ["steps/s", "watched"]
    assert fib.split()[0] == "fib"
    assert mean.split()[:2] == ["geometric", "mean"]
