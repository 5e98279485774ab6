"""Every fault of `broken_emitters` is found on random programs, of which none is flagged with whole emitters."""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path

import pytest

from pyjsapi.compiler.cache import CodeCache
from pyjsapi.compiler.engine import CompiledModule, compile_module
from pyjsapi.compiler.options import Options
from pyjsapi.compiler.proof.modules import prove_compiled
from pyjsapi.text import wat2wasm

sys.path.insert(0, str(Path(__file__).parent))
from broken_emitters import FAULTS, Fault, break_it
from control_programs import program

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
    "structured": [("structured", False), ("flags", False), ("structured", True)],
    "machine": [("machine", False), ("machine", True)],
    "legacy": [("structured", True)],
}
"""Modes and kinds of programs in which the faults of a kind may show: (mode, whether exception handling is legacy)."""


@cache
def compiled(seed: int, legacy: bool) -> CompiledModule:
    return compile_module(wat2wasm(program(seed, legacy=legacy)), cache=CodeCache())


def is_found(fault: Fault) -> bool:
    """Whether some program is flagged, or cannot even be translated."""
    for seed in range(PROGRAMS):
        for mode, legacy in WHERE[fault.programs]:
            try:
                report = prove_compiled(compiled(seed, legacy), MODES[mode])
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
@pytest.mark.parametrize("legacy", [False, True])
@pytest.mark.parametrize("first", range(0, PROGRAMS, 55))
def test_whole_emitters_are_proved(mode: str, legacy: bool, first: int) -> None:
    for seed in range(first, first + 55):
        report = prove_compiled(compiled(seed, legacy), MODES[mode])
        assert not report.findings, f"program {seed}: {report.findings[0]}"
