"""The benchmark of Wasmtime runs, and both engines come to the same."""

from __future__ import annotations

import pytest

from benchmarks import native
from pyjsapi import engines


def test_en_20_calls_kernels_and_starts_are_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    if engines.available()["wasmtime"] is not None:
        pytest.skip("needs wasmtime")
    monkeypatch.setattr(native, "LARGER", {"fib": (15,), "sieve": (2000,), "matmul": (14,)})
    monkeypatch.setattr(native, "FUNCTIONS", 50)
    costs = native.native_costs(1)
    assert all(cost.value > 0 for cost in costs)
    assert sum(cost.name.startswith("EN-20") for cost in costs) == 2
    assert costs[-1].name == "geometric mean"
