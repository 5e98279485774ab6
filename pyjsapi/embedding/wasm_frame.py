"""A call of a WebAssembly function, as people are told of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from pyjsapi.syntax.spelling import on_one_line

_LONGEST_NAME: Final = 200


@dataclass(frozen=True, slots=True)
class WasmFrame:
    """A call of a WebAssembly function, at the instruction that failed or called on."""

    module: str
    """The module, as developer tools name it: ``wasm://wasm/``, its name if it has one, a hash of its bytes."""
    index: int
    """Index of the function in the module."""
    name: str | None
    """Its name in the name section, else one that it is exported by."""
    offset: int | None
    """Byte offset of the instruction in the module; ``None`` where it cannot be told."""
    line: int | None = None
    """Line of the instruction in the text that the module was made from, from 1, if that is known."""
    column: int | None = None
    """Column of the instruction in its line, from 1."""

    def __str__(self) -> str:
        """As V8 writes it in stacks (Web API: "Conventions")."""
        place = f"{_shown(self.module)}:wasm-function[{self.index}]"
        if self.offset is not None:
            place += f":{self.offset:#x}"
        return f"at {place}" if self.name is None else f"at {_shown(self.name)} ({place})"


def _shown(name: str) -> str:
    """A name from a module, which may be anything, on one line."""
    if len(name) > _LONGEST_NAME:
        name = f"{name[: _LONGEST_NAME - 1]}…"
    return on_one_line(name)
