"""The benchmark of interruptible code runs both kinds of process."""

from __future__ import annotations

import pytest

from benchmarks import interruptible
from benchmarks.native import LARGER
from pyjsapi import engines


def test_en_27_the_price_of_looking_is_measured() -> None:
    if engines.available()["wasmtime"] is not None:
        pytest.skip("needs wasmtime")
    costs = interruptible.looking_costs(1)
    assert len(costs) == len(LARGER) + 1
    assert all(cost.value > 0 for cost in costs)
