"""Proofs for users: what is not proved is translated as a state machine and reported."""

from __future__ import annotations

import os
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

from pyjsapi.compiler.cache import CodeCache
from pyjsapi.compiler.options import DEFAULT_OPTIONS, Options, options_of
from pyjsapi.compiler.proof import UnprovedWarning
from pyjsapi.embedding.backtrace import backtrace_of
from pyjsapi.engines.python import compile_module, instantiate, invoke
from pyjsapi.runtime import FuncInst
from pyjsapi.syntax.errors import Trap
from pyjsapi.text import wat2wasm
from tests.compiler.proof.broken_emitters import FAULTS, break_it

ROOT = Path(__file__).resolve().parents[3]

SUM = """
(module (func (export "f") (param $n i32) (result i32) (local $sum i32)
  (block $out (loop $again
    (br_if $out (i32.eqz (local.get $n)))
    (local.set $sum (i32.add (local.get $sum) (local.get $n)))
    (local.set $n (i32.sub (local.get $n) (i32.const 1)))
    (br $again)))
  (local.get $sum)))
"""
"""1 + 2 + … + n"""

PROVED = Options(proof=True)


def fault(name: str, patch: pytest.MonkeyPatch) -> None:
    break_it(next(fault for fault in FAULTS if fault.name == name), patch)


def run(options: Options) -> object:
    """``f(4)``, translated by the call."""
    compiled = compile_module(wat2wasm(SUM), options=options, cache=CodeCache())
    function = instantiate(compiled, []).exports["f"]
    assert isinstance(function, FuncInst)
    return invoke(function, (4,))[0]


def test_what_is_proved_runs_without_a_word() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert run(PROVED) == 10


def test_what_is_not_proved_becomes_a_state_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    fault("a branch that jumps has the wrong polarity", monkeypatch)
    assert run(Options()) != 10
    expected = r"not proved, translated as a state machine: function 0, at #\d+ .*\(line \d+\)"
    with pytest.warns(UnprovedWarning, match=expected) as caught:
        assert run(PROVED) == 10
    assert len(caught) == 1


def test_traps_find_their_place_in_what_was_not_proved(monkeypatch: pytest.MonkeyPatch) -> None:
    text = SUM.replace("(br $again)))", "(drop (i32.load (i32.const -1))) (br $again)))")
    text = text.replace("(module", "(module (memory 1)")
    fault("a branch that jumps has the wrong polarity", monkeypatch)
    found = []
    for options in (PROVED, Options(state_machine=True)):
        compiled = compile_module(wat2wasm(text), options=options, cache=CodeCache())
        function = instantiate(compiled, []).exports["f"]
        assert isinstance(function, FuncInst)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UnprovedWarning)
            with pytest.raises(Trap) as trap:
                invoke(function, (4,))
            frames = backtrace_of(trap.value)
            assert frames is not None
            found.append([(frame.line, frame.column) for frame in frames])
    assert found == [[(7, 12)]] * 2


def test_a_state_machine_that_is_not_proved_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    fault("a branch that jumps has the wrong polarity", monkeypatch)
    fault("a state machine branches where the condition does not hold", monkeypatch)
    with pytest.warns(UnprovedWarning) as caught:
        run(PROVED)
    messages = [str(warning.message) for warning in caught]
    assert messages[0].startswith("not proved, translated as a state machine: function 0")
    assert messages[1].startswith("not proved as a state machine: function 0")


def test_a_function_that_is_a_state_machine_is_proved_too(monkeypatch: pytest.MonkeyPatch) -> None:
    fault("a state machine branches where the condition does not hold", monkeypatch)
    with pytest.warns(UnprovedWarning, match="not proved as a state machine") as caught:
        run(Options(proof=True, state_machine=True))
    assert len(caught) == 1


def test_the_warning_can_be_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    fault("a branch that jumps has the wrong polarity", monkeypatch)
    with warnings.catch_warnings():
        warnings.simplefilter("error", UnprovedWarning)
        with pytest.raises(UnprovedWarning):
            run(PROVED)


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, False),
        ({"PYJSAPI_PROOF": ""}, False),
        ({"PYJSAPI_PROOF": "0"}, False),
        ({"PYJSAPI_PROOF": "1"}, True),
    ],
)
def test_a_variable_switches_proofs_on(environment: dict[str, str], expected: bool) -> None:
    assert options_of(environment).proof is expected


def test_code_that_was_not_proved_is_not_taken_from_the_cache() -> None:
    assert Options(proof=True).key != Options(proof=False).key


def imported(value: str) -> str:
    """Whether a process that calls a function imports the proof, with a value of the variable."""
    program = f"""
import sys
from pyjsapi import WebAssembly
instance = WebAssembly.Instance(WebAssembly.Module({wat2wasm(SUM)!r}))
print(instance.exports.f(4), "pyjsapi.compiler.proof" in sys.modules)
"""
    environment = {**os.environ, "PYJSAPI_PROOF": value, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-W", "error::RuntimeWarning", "-c", program]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_the_proof_is_imported_only_where_it_is_asked_for() -> None:
    assert imported("0") == "10 False"
    assert imported("1") == "10 True"


def test_the_default_follows_the_environment() -> None:
    assert options_of(os.environ) == DEFAULT_OPTIONS
