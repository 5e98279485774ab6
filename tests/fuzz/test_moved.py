"""Programs whose instances move to machine code behave as those of instances that do not (EN-53)."""

from __future__ import annotations

import pytest

from fuzz.engines.moved import GENERATORS, compared
from fuzz.generators import make
from pyjsapi import engines
from tests.engines.auto.conftest import as_in_a_new_process

SEEDS = range(1, 7)


@pytest.mark.parametrize("generator", GENERATORS)
def test_programs_that_move_do_the_same(generator: str, monkeypatch: pytest.MonkeyPatch) -> None:
    as_in_a_new_process(monkeypatch)
    try:
        engines.engine("wasmtime")
    except engines.EngineUnavailable as error:
        pytest.skip(str(error))
    reasons = []
    for seed in SEEDS:
        texts, why = compared(make(generator, seed).program, seed % 4)
        assert texts == []
        reasons.append(why)
    assert any(why.startswith("wasmtime") for why in reasons)
