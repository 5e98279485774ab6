"""Results of scripts as text: a table with a row per folder, and the failures."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from pyjsapi.wast.runner import ScriptResult


def find_scripts(paths: Iterable[Path]) -> list[Path]:
    """The files themselves, and the scripts in and below folders, in order of their names."""
    found: list[Path] = []
    for path in paths:
        found.extend(sorted(path.rglob("*.wast")) if path.is_dir() else [path])
    return found


def table(results: Sequence[ScriptResult]) -> str:
    """Scripts, assertions and what passed, by folder."""
    rows: dict[str, list[ScriptResult]] = {}
    for result in results:
        rows.setdefault(str(Path(result.path).parent), []).append(result)
    lines = [_row("folder", ("scripts", "assertions", "passed", "failures"))]
    for folder, members in [*rows.items(), ("total", list(results))]:
        counts = (
            len(members),
            sum(r.assertions for r in members),
            sum(r.passed for r in members),
            sum(len(r.failures) for r in members),
        )
        lines.append(_row(folder, counts))
    width = max(len(folder) for folder in [*rows, "folder", "total"])
    return "\n".join(f"{folder:<{width}}{rest}" for folder, rest in lines)


def _row(folder: str, cells: Sequence[object]) -> tuple[str, str]:
    return folder, "".join(f"{cell:>12}" for cell in map(str, cells))
