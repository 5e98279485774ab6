"""Other packages' interfaces over this one: `compat.wasmtime` is that of PyPI's ``wasmtime``.

``install()`` lets programs that say ``import wasmtime`` have it.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import Final

NAMES: Final = {
    "wasmtime": "pyjsapi.compat.wasmtime",
    "wasmtime.component": "pyjsapi.compat.wasmtime.component",
}
"""What programs import, and what they get."""


class Installation:
    """What `install` did. In a ``with`` statement it is undone at the end."""

    def __init__(self, before: dict[str, ModuleType]) -> None:
        self._before: dict[str, ModuleType] | None = before

    def undo(self) -> None:
        """Have the names stand for what they stood for before; done once, however often it is called.

        Programs that have imported a name keep what they got.
        """
        before, self._before = self._before, None
        if before is not None:
            _remove()
            sys.modules.update(before)

    def __enter__(self) -> Installation:
        return self

    def __exit__(self, *_: object) -> None:
        self.undo()


def install() -> Installation:
    """Let ``import wasmtime`` give `pyjsapi.compat.wasmtime` from now on, wherever it is said.

    It must come before the programs import it. Whatever was imported by that name before, PyPI's ``wasmtime`` for
    instance, is put aside until `Installation.undo`.
    """
    ours = {name: import_module(target) for name, target in NAMES.items()}
    before = _remove()
    sys.modules.update(ours)
    return Installation(before)


def _remove() -> dict[str, ModuleType]:
    """Forget ``wasmtime`` and all its modules; those that there were."""
    found = [name for name in sys.modules if name.partition(".")[0] == "wasmtime"]
    return {name: sys.modules.pop(name) for name in found}
