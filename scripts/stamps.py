"""Stamp files: a step is done again only when the hash of its inputs changed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from common import ROOT


class Stamp:
    """The record that a step was done, in `.cache/stamps/NAME`.

    `files` and `values` are what the result depends on; `outputs` must exist for it to count as done.
    """

    def __init__(
        self,
        name: str,
        *,
        files: Iterable[Path] = (),
        values: Iterable[str] = (),
        outputs: Iterable[Path] = (),
    ) -> None:
        self._path = ROOT / ".cache" / "stamps" / name
        self._outputs = list(outputs)
        self._digest = _digest(files, values)

    def current(self) -> bool:
        """Whether the step was done with these very inputs and its outputs are still there."""
        return (
            self._path.is_file()
            and self._path.read_text(encoding="utf-8") == self._digest
            and all(output.exists() for output in self._outputs)
        )

    def write(self) -> None:
        """Record that the step was done with the inputs seen when the stamp was made."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._path.write_text(self._digest, encoding="utf-8")


def _digest(files: Iterable[Path], values: Iterable[str]) -> str:
    state = hashlib.sha256()
    for path in files:
        content = path.read_bytes() if path.is_file() else b""
        name = path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else path.as_posix()
        state.update(f"{name}\0{len(content)}\0".encode())
        state.update(content)
    for value in values:
        state.update(f"{value}\0".encode())
    return state.hexdigest()
