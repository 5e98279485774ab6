"""The specification's scripts on Wasmtime (EN-32): what fails is what ``expected_failures_of_scripts.toml`` lists.

What fails on the Python engine as well is in ``tests/wast/scripts.toml``.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from pyjsapi import engines
from pyjsapi.runtime.memory import MemInst, new_memory
from pyjsapi.syntax.types import MemType
from pyjsapi.validation.limits import Limits
from pyjsapi.wast import run_script
from tests.wast.test_spec_scripts import EXPECTATIONS, FOLDER, covered_scripts

LIST = Path(__file__).with_name("expected_failures_of_scripts.toml")
ABSENT = "no scripts of the specification: set PYJSAPI_SPEC_TESTS"
SCRIPTS = () if FOLDER is None else covered_scripts(FOLDER)
SHARE = 12
"""One script of so many is run each time, and those with waiting."""


def expected_failures() -> dict[str, dict[int, str]]:
    """Reasons by path and line of the command."""
    found = {script: dict(lines) for script, lines in EXPECTATIONS.failures.items()}
    for group in tomllib.loads(LIST.read_text())["group"]:
        found.setdefault(group["script"], {}).update(dict.fromkeys(group["lines"], group["reason"]))
    return found


def memory(type_: MemType, limits: Limits) -> MemInst:
    """A memory of ``spectest``: shared ones are the engine's from the start, others it takes over."""
    if not type_.shared:
        return new_memory(type_, limits)
    made: MemInst = engines.engine("wasmtime").new_memory(type_, limits)
    return made


def surprises(scripts: Sequence[str]) -> Iterator[str]:
    """What fails and is not listed, and what is listed and does not."""
    assert FOLDER is not None
    expected = expected_failures()
    for script in scripts:
        result = run_script(FOLDER / script, engine=engines.engine("wasmtime"), make_memory=memory)
        listed = expected.get(script, {})
        failed = {failure.line for failure in result.failures}
        for failure in result.failures:
            if failure.line not in listed:
                yield f"{script}: {failure}"
        for line, reason in listed.items():
            if line not in failed:
                yield f"{script}: line {line} passes, but is listed: {reason}"


@pytest.mark.skipif(FOLDER is None, reason=ABSENT)
def test_en_32_a_share_of_the_scripts() -> None:
    known = (script for script in SCRIPTS if Path(script).stem in ("wait_notify", "bulk", "throw"))
    assert list(surprises(sorted({*SCRIPTS[::SHARE], *known}))) == []


@pytest.mark.long
@pytest.mark.skipif(FOLDER is None, reason=ABSENT)
def test_en_32_all_scripts() -> None:
    assert list(surprises(SCRIPTS)) == []


@pytest.mark.skipif(FOLDER is None, reason=ABSENT)
def test_what_is_expected_to_fail_is_there() -> None:
    assert set(expected_failures()) <= set(SCRIPTS)
