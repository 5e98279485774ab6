"""The specification's scripts about several memories, with every module lowered."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pyjsapi.lowering import Options
from pyjsapi.text.lexer import decode_source
from pyjsapi.wast.runner import run_text

SCRIPTS = (
    "core/multi-memory/*.wast",
    "core/simd/*multi*.wast",
    "core/memory64/*.wast",
    "threads/*.wast",
    "custom-page-sizes/custom-page-sizes.wast",
)
WAYS: dict[str, dict[str, Any]] = {
    "all means": {},
    "accessors only": {"options": Options(merge=False, outline=False, windows=False)},
    "no memory64": {"memory64": False},
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("pattern", SCRIPTS)
def test_scripts_pass_lowered_as_they_pass_unchanged(
    spec_scripts: Path, run_lowered: Callable[..., Any], pattern: str, way: str
) -> None:
    differences = []
    lowered = 0
    for path in sorted(spec_scripts.glob(pattern)):
        text = decode_source(path.read_bytes())
        if "(memory" not in text or path.stem.startswith(("memory_copy64", "memory_fill64")):
            continue
        expected = {failure.line for failure in run_text(text).failures}
        result, count = run_lowered(text, **WAYS[way])
        lowered += count
        refused = {f.line for f in result.failures if "LoweringError" in f.reason}
        if refused:
            # Only what others can see cannot be lowered, and what follows from it is not judged.
            assert way == "no memory64" or "custom-page-sizes" in pattern, result.failures
            continue
        differences += [f"{path.name}: {f}" for f in result.failures if f.line not in expected]
    assert not differences, "\n".join(differences)
    if way == "no memory64" or "memory64" not in pattern:
        assert lowered or "threads" in pattern
