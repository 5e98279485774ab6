"""What came of proofs, a line of JSON for each module and way, and the table of it for docs/testing.md."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from wasm_files import Found

from pyjsapi.compiler.proving import ModuleReport


class Log:
    """Rows in a file, or in none."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self.rows: list[dict[str, Any]] = []
        if path is not None and path.exists():
            self.rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
        self._known = {(row["digest"], row["way"]) for row in self.rows}

    def has(self, digest: str, way: str) -> bool:
        """Whether a module was proved this way."""
        return (digest, way) in self._known

    def add(self, found: Found, way: str, answer: ModuleReport | str) -> None:
        """Keep what came of a module."""
        row: dict[str, Any] = {
            "name": found.name, "package": found.package, "digest": found.digest, "size": found.size, "way": way,
        }  # fmt: skip
        if isinstance(answer, str):
            row["error"] = answer
        else:
            row.update(
                functions=answer.functions, instructions=answer.instructions, machines=answer.machines,
                flagged=len(answer.findings), seconds=round(answer.translating + answer.proving, 2),
                findings=[f"function {i} {finding}" for i, finding in answer.findings],
            )  # fmt: skip
        self.rows.append(row)
        self._known.add((found.digest, way))
        if self._path is not None:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(row) + "\n")


def table(log: Log) -> Iterator[str]:
    """Markdown: a row for each package, and one for all."""
    yield "| from | modules | KB | functions | instructions | ways | flagged | s |"
    yield "|---|---:|---:|---:|---:|---:|---:|---:|"
    rows = [row for row in log.rows if "error" not in row]
    for package in sorted({row["package"] for row in rows}):
        yield _row(package, [row for row in rows if row["package"] == package])
    yield _row("all", rows)


def _row(name: str, rows: list[dict[str, Any]]) -> str:
    modules = {row["digest"]: row for row in rows}.values()
    size, functions, instructions = (
        sum(row[key] for row in modules) for key in ("size", "functions", "instructions")
    )
    ways = len({row["way"] for row in rows})
    flagged = sum(row["flagged"] for row in rows)
    seconds = sum(row["seconds"] for row in rows)
    return (
        f"| {name} | {len(modules)} | {size // 1000:,} | {functions:,} | {instructions:,} | {ways} | {flagged} "
        f"| {seconds:,.0f} |"
    )
