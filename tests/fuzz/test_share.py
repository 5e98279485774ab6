"""A fixed share of the generated programs: pyjsapi does what other engines do. More of them: ``make fuzz``."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from fuzz import generators
from fuzz.bench import Bench
from fuzz.generators import make

pytestmark = pytest.mark.xdist_group("fuzz")  # one process starts the engines

PROGRAMS = 10
SLOW = {"binaryen", "memories", "mixed"}
"""Generators whose programs take long."""


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    bench = Bench()
    yield bench
    bench.close()


@pytest.mark.parametrize("name", [name for name in generators.NAMES if name != "binaryen"])
def test_generated_programs_do_what_they_do_in_other_engines(bench: Bench, name: str) -> None:
    count = PROGRAMS // 3 if name in SLOW else PROGRAMS
    bench.answered.clear()
    found = bench.examine([make(name, seed) for seed in range(count)])
    assert [f"{finding}: {finding.command}" for finding in found] == []
    if name not in ("binaries", "texts"):
        assert bench.answered["wasmtime"] >= count // 4


def test_binaryen_gives_programs(bench: Bench) -> None:
    case = make("binaryen", 3)
    assert len(case.program.binary) > 500
    assert list(map(str, bench.examine([case]))) == []
