"""The arithmetic of the measurements: ratios within rounds, means, tables."""

from __future__ import annotations

import gc
import math

import pytest

from benchmarks.comparison import Row, Table
from benchmarks.costs import Cost
from benchmarks.report import cost_table, kernel_table
from benchmarks.timing import Timings, geometric_mean, interleaved


def test_a_ratio_is_the_median_of_the_ratios_of_the_rounds() -> None:
    # The machine was ten times slower in the third round, for both alike.
    timings = Timings({"base": [1.0, 1.0, 10.0], "other": [2.0, 3.0, 40.0]})
    assert timings.ratio("other", "base") == 3.0
    assert timings.seconds("other") == 3.0


def test_every_call_is_measured_once_in_each_round_with_the_collector_off() -> None:
    collected: list[bool] = []
    timings = interleaved(
        {"one": lambda: collected.append(gc.isenabled()), "two": lambda: sum(range(100))},
        rounds=3,
        per_sample=0.0001,
    )
    assert {len(taken) for taken in timings.rounds.values()} == {3}
    assert not any(collected)
    assert gc.isenabled()


def test_the_geometric_mean() -> None:
    assert math.isclose(geometric_mean([1.0, 4.0, 16.0]), 4.0)
    with pytest.raises(ValueError):
        geometric_mean([])


def test_a_table_names_what_an_engine_cannot_run() -> None:
    rows = [Row("first", 0.5, {"a": 2.0, "b": 200.0}), Row("second", 1.0, {"a": 8.0})]
    text = kernel_table(Table("Kernels", ["a", "b"], rows))
    assert text.splitlines()[2:] == [
        "| kernel         |  pyjsapi |     a |    b |",
        "| -------------- | -------: | ----: | ---: |",
        "| first          | 0.500 ms | 2.00x | 200x |",
        "| second         | 1.000 ms | 8.00x |    – |",
        "| geometric mean |       1x | 4.00x | 200x |",
    ]


def test_a_cost_says_whether_its_target_is_met() -> None:
    assert Cost("call", 0.2, "µs", 0.3).met is True
    assert Cost("start", 40, "x", 50, at_least=True).met is False
    assert Cost("speed", 4, "MB/s").met is None
    text = cost_table([Cost("start", 40, "x", 50, at_least=True, note="cold ÷ warm")])
    assert text.splitlines()[2] == "| start   | 40.0 x | ≥ 50 x | missed | cold ÷ warm |"
