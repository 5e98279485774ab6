"""Every fault of `broken_emitters` is found on random programs, of which none is flagged with whole emitters."""

from __future__ import annotations

from functools import cache

import pytest

from pyjsapi.compiler.cache import CodeCache
from pyjsapi.compiler.options import Options
from pyjsapi.compiler.proving import prove_compiled
from pyjsapi.engines.python import CompiledModule, compile_module
from pyjsapi.text import wat2wasm
from tests.compiler.proof.broken_emitters import FAULTS, Fault, break_it
from tests.compiler.proof.control_programs import program

PROGRAMS = 220
"""Seeds from 0 on. Each fault is looked for until it is found."""

MODES = {
    "structured": Options(),
    "flags": Options(max_loops=1),
    "machine": Options(state_machine=True),
    "assertions": Options(assertions=True),
    "asserting machine": Options(assertions=True, state_machine=True),
}
WHERE = {
    "structured": [("structured", "new"), ("flags", "new"), ("structured", "legacy")],
    "machine": [("machine", "new"), ("machine", "legacy")],
    "legacy": [("structured", "legacy")],
    "references": [("structured", "references"), ("flags", "references")],
    "reference machines": [("machine", "references")],
}
"""Modes and kinds of programs in which the faults of a kind may show: (mode, kind of `KINDS`)."""
KINDS = ("new", "legacy", "references")
"""Programs with the one or the other form of exception handling, and those with branches on references."""


@cache
def compiled(seed: int, kind: str) -> CompiledModule:
    text = program(seed, legacy=kind == "legacy", references=kind == "references")
    return compile_module(wat2wasm(text), cache=CodeCache())


def is_found(fault: Fault) -> bool:
    """Whether some program is flagged, or cannot even be translated."""
    for seed in range(PROGRAMS):
        for mode, kind in WHERE[fault.programs]:
            try:
                report = prove_compiled(compiled(seed, kind), MODES[mode])
            except (LookupError, ValueError):
                return True
            if report.findings:
                return True
    return False


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_fault_is_found(fault: Fault, monkeypatch: pytest.MonkeyPatch) -> None:
    break_it(fault, monkeypatch)
    assert is_found(fault)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("first", range(0, PROGRAMS, 55))
def test_whole_emitters_are_proved(mode: str, kind: str, first: int) -> None:
    for seed in range(first, first + 55):
        report = prove_compiled(compiled(seed, kind), MODES[mode])
        assert not report.findings, f"program {seed}: {report.findings[0]}"
