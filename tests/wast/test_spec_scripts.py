"""The specification's scripts: everything passes but what ``scripts.toml`` lists, and that fails.

They are no part of this project: check out https://github.com/WebAssembly/spec and set PYJSAPI_SPEC_TESTS to its
folder ``test``; https://github.com/WebAssembly/testsuite has the proposals' scripts. With CI=true they must be there.
"""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path

import pytest

from pyjsapi.compiler.options import DEFAULT_OPTIONS, Options
from pyjsapi.wast import run_script

_HERE = Path(__file__).resolve().parent
_ABSENT = (
    "no scripts of the specification: set PYJSAPI_SPEC_TESTS to the folder test of a checkout of "
    "https://github.com/WebAssembly/spec (proposals: https://github.com/WebAssembly/testsuite)"
)


@dataclass
class Expectations:
    """The contents of ``scripts.toml``."""

    out_of_scope: dict[str, str]
    """Reasons by pattern of a script's path."""
    failures: dict[str, dict[int, str]] = field(default_factory=dict)
    """Reasons by path and line of the command."""

    def covers(self, script: str) -> bool:
        return not any(fnmatch(script, pattern) for pattern in self.out_of_scope)


def _read_expectations() -> Expectations:
    data = tomllib.loads((_HERE / "scripts.toml").read_text())
    expectations = Expectations(data["out_of_scope"])
    for entry in data["expected_failures"]:
        lines = expectations.failures.setdefault(entry["script"], {})
        for line in entry["lines"]:
            if line in lines:
                raise ValueError(f"{entry['script']}:{line} is listed twice in scripts.toml")
            lines[line] = f"{entry['reason']} ({entry['link']})"
    return expectations


def _spec_tests() -> Path | None:
    configured = os.environ.get("PYJSAPI_SPEC_TESTS")
    folder = Path(configured) if configured else _HERE.parents[2] / "shared" / "spec-tests"
    return folder if (folder / "core").is_dir() else None


def covered_scripts(folder: Path) -> list[str]:
    """The paths of the scripts that are run."""
    found = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.wast"))
    return [script for script in found if EXPECTATIONS.covers(script)]


EXPECTATIONS = _read_expectations()
FOLDER = _spec_tests()


_SHARE = 5
_SCRIPTS = ["absent"] if FOLDER is None else covered_scripts(FOLDER)


@pytest.mark.parametrize("script", _SCRIPTS)
def test_script(script: str, request: pytest.FixtureRequest) -> None:
    if FOLDER is None:
        if os.environ.get("CI") == "true":
            pytest.fail(_ABSENT)
        pytest.skip(_ABSENT)
    _check(FOLDER, script, DEFAULT_OPTIONS, request)


@pytest.mark.skipif(FOLDER is None, reason=_ABSENT)
@pytest.mark.parametrize("script", _SCRIPTS[::_SHARE])
def test_code_finds_nothing_wrong_with_itself(script: str, request: pytest.FixtureRequest) -> None:
    """A share of the scripts, with assertions. All of them: ``PYJSAPI_ASSERT=1 pytest tests/wast``."""
    assert FOLDER is not None
    _check(FOLDER, script, Options(assertions=True), request)


def _check(folder: Path, script: str, options: Options, request: pytest.FixtureRequest) -> None:
    if b"assert_exhaustion" in (folder / script).read_bytes():
        request.getfixturevalue("deep_stack")
    result = run_script(folder / script, options=options)
    expected = EXPECTATIONS.failures.get(script, {})
    failed = {failure.line for failure in result.failures}
    unexpected = [str(failure) for failure in result.failures if failure.line not in expected]
    passing = [
        f"line {line} passes, but is listed: {expected[line]}"
        for line in expected
        if line not in failed
    ]
    assert not unexpected + passing, "\n".join(unexpected + passing)


_OF_THREADS = (
    *("LB", "MP", "MP_atomic", "SB", "SB_atomic", "atomic", "deeply_nested", "nested", "simple"),
    *("thread", "unlinkable", "wait_notify"),
)


@pytest.mark.skipif(FOLDER is None, reason=_ABSENT)
def test_sm_9_the_scripts_of_the_threads_proposal_pass_whole_with_real_threads() -> None:
    assert FOLDER is not None
    results = [run_script(FOLDER / "threads" / f"{name}.wast") for name in _OF_THREADS]
    assert [str(failure) for result in results for failure in result.failures] == []
    assert sum(result.assertions for result in results) > 300


def test_every_exception_has_a_reason() -> None:
    assert all(EXPECTATIONS.out_of_scope.values())
    assert all(reason for lines in EXPECTATIONS.failures.values() for reason in lines.values())


def test_no_script_is_both_left_out_and_run_with_exceptions() -> None:
    assert all(EXPECTATIONS.covers(script) for script in EXPECTATIONS.failures)
