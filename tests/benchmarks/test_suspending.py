"""The benchmark of promise integration gives figures for each mechanism."""

from __future__ import annotations

from benchmarks.suspending import many_at_once, mechanisms, suspension_costs


def test_each_mechanism_has_a_figure() -> None:
    costs = suspension_costs(rounds=1)
    assert [cost.name.split()[4].rstrip(",") for cost in costs] == mechanisms()
    assert "thread" in mechanisms()


def test_many_calls_at_once() -> None:
    assert many_at_once(count=20, rounds=1).value > 0
