"""The project's own scripts prove the engine without the specification's."""

from __future__ import annotations

from pathlib import Path

import pytest

from pyjsapi.compiler.options import Options
from pyjsapi.wast import run_script

_SCRIPTS = sorted((Path(__file__).resolve().parent / "own").glob("*.wast"))


@pytest.mark.usefixtures("deep_stack")
@pytest.mark.parametrize("assertions", [False, True], ids=["", "asserting"])
@pytest.mark.parametrize("script", _SCRIPTS, ids=lambda script: str(script.stem))
def test_script(script: Path, assertions: bool) -> None:
    result = run_script(script, options=Options(assertions=assertions))
    assert not result.failures, "\n".join(map(str, result.failures))
    assert result.passed == result.assertions > 0
