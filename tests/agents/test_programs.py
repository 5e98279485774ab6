"""The programs of ``programs/``, which are the same for every kind of worker."""

from __future__ import annotations

import asyncio
import importlib.util
import threading
import time
from pathlib import Path
from typing import Any

import pytest

PROGRAMS = Path(__file__).resolve().parent / "programs"
KINDS = ["thread", pytest.param("process", marks=pytest.mark.timeout(120))]


def run(name: str, kind: str, **arguments: Any) -> Any:
    path = PROGRAMS / f"{name}.py"
    spec = importlib.util.spec_from_file_location(f"program_{name}", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    before = threading.active_count()
    result = asyncio.run(asyncio.wait_for(module.run(kind, **arguments), 100))
    while kind == "thread" and threading.active_count() > before:
        time.sleep(0)  # its workers are ending
    return result


@pytest.mark.usefixtures("busy_switching")
@pytest.mark.parametrize("kind", KINDS)
def test_sm_15_no_addition_to_a_counter_is_lost(kind: str) -> None:
    assert run("counter", kind, workers=4, times=2000) == 8000


@pytest.mark.usefixtures("busy_switching")
@pytest.mark.parametrize("kind", KINDS)
def test_sm_15_a_mutex_lets_one_in_at_a_time_and_nobody_starve(kind: str) -> None:
    assert run("mutex", kind, workers=3, times=300) == 900


@pytest.mark.usefixtures("busy_switching")
@pytest.mark.parametrize("kind", KINDS)
def test_a_ring_buffer_hands_on_everything_in_order(kind: str) -> None:
    assert run("ring_buffer", kind, count=500) == list(range(500))


@pytest.mark.usefixtures("busy_switching")
@pytest.mark.parametrize("kind", KINDS)
def test_wt_6_of_concurrent_growths_each_gets_another_size(kind: str) -> None:
    sizes, words, final = run("grow_race", kind)
    assert final == 1000
    assert words == 0
    assert [len(found) for found in sizes] == [250] * 4
    assert sorted(size for found in sizes for size in found) == [-1, *range(1, 1000)]
    for found in sizes:
        grown = [size for size in found if size >= 0]
        assert grown == sorted(grown)
