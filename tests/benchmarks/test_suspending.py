"""The benchmark of promise integration gives figures for each mechanism."""

from __future__ import annotations

from benchmarks.suspending import generator_costs, many_at_once, mechanisms, suspension_costs


def test_each_mechanism_has_a_figure() -> None:
    costs = suspension_costs(rounds=1)
    assert [cost.name.split()[4].rstrip(",") for cost in costs] == mechanisms()
    assert "thread" in mechanisms()


def test_a_generator_has_a_figure_for_each_mechanism() -> None:
    costs = generator_costs(rounds=1)
    assert [cost.name.split()[-1] for cost in costs] == mechanisms()


def test_many_calls_at_once() -> None:
    assert many_at_once(count=20, rounds=1).value > 0
