"""What one engine says of objects that another one has: imports of a native module that it cannot take over."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pyjsapi.runtime.instantiate import import_place
from pyjsapi.syntax.errors import LinkError

if TYPE_CHECKING:
    from pyjsapi.embedding.valid_module import ValidModule

_TITLES: Final = {
    "python": "the Python engine",
    "wasmtime": "Wasmtime",
    "host": "the engine of JavaScript",
}


def title(engine: str) -> str:
    """What an engine is called in messages."""
    return _TITLES.get(engine, f"the engine {engine!r}")


def refused(
    module: ValidModule, index: int, kind: str, held_by: str | None, engine: str, reason: str = ""
) -> LinkError:
    """The error for import number ``index`` of a module of ``engine``: something of a kind that another engine has.

    ``reason`` says why it cannot be taken over, where that is not the engine that has it; nobody may have it then.
    """
    place = import_place(module.module, index)
    if held_by is None:
        return LinkError(f"{title(engine)} cannot take over the {kind}: {reason}", place)
    why = f": {reason}" if reason else ""
    return LinkError(
        f"the {kind} belongs to {title(held_by)} and is in use there{why}; compile its module with "
        f'engine="{engine}", or this one with engine="{held_by}"',
        place,
    )
