"""Every function of the specification's scripts is proved: structured, with few loops, and as a state machine."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from pyjsapi.compiler.cache import CodeCache
from pyjsapi.compiler.options import Options
from pyjsapi.compiler.proving import prove_compiled
from pyjsapi.embedding.settings import Settings
from pyjsapi.engines.python import CompiledModule, compile_module
from pyjsapi.wast.runner import CORE_LIMITS
from pyjsapi.wast.script import DefineModule, read_script

_FOLDER = Path(
    os.environ.get("PYJSAPI_SPEC_TESTS")
    or Path(__file__).resolve().parents[4] / "shared" / "spec-tests"
)
SCRIPTS = sorted(path.relative_to(_FOLDER).as_posix() for path in _FOLDER.rglob("*.wast"))

SETTINGS = Settings(limits=CORE_LIMITS)
MODES = [
    Options(),
    Options(max_loops=1),
    Options(max_loops=4),
    Options(state_machine=True),
    Options(assertions=True),
]


def modules(script: Path) -> Iterator[tuple[int, CompiledModule]]:
    """The valid modules that a script defines, with their lines."""
    for form in read_script(script.read_bytes().decode("utf-8", "surrogateescape")):
        command = form.parse()
        if isinstance(command, DefineModule):
            data = command.module.encode()
            yield form.line, compile_module(data, SETTINGS, cache=CodeCache())


@pytest.mark.parametrize("script", SCRIPTS or ["absent"])
def test_functions_are_proved(script: str) -> None:
    if not SCRIPTS:
        if os.environ.get("CI") == "true":
            pytest.fail("no scripts of the specification: set PYJSAPI_SPEC_TESTS")
        pytest.skip("no scripts of the specification: see tests/wast/test_spec_scripts.py")
    for line, module in modules(_FOLDER / script):
        for options in MODES:
            report = prove_compiled(module, options)
            assert not report.findings, f"line {line}, {options}: {report.findings[0]}"
