"""What code with a deadline alone looks at where functions and loops begin: it pays nothing."""

from __future__ import annotations

from collections.abc import Callable
from types import CellType

from pyjsapi.syntax.errors import Trap


class Bell:
    """It is silent as long as the cell that all functions of an instance share has ``None``.

    Python tests for that with one instruction, which takes a tenth of what a comparison takes.
    """

    __slots__ = ("__weakref__", "_ask", "_stopped", "cell")

    def __init__(self) -> None:
        self._stopped: type[Trap] | None = None
        self._ask: Callable[[], object] | None = None
        self.cell = CellType(None)

    def stop(self, kind: type[Trap]) -> None:
        """Let whoever looks from now on raise a trap of this kind, until `go_on`."""
        self._stopped = kind
        self.cell.cell_contents = True

    def ask_often(self, ask: Callable[[], object]) -> None:
        """Have ``ask`` called by whoever looks, until `go_on`; it may call `stop`."""
        self._ask = ask
        self.cell.cell_contents = True

    def go_on(self) -> None:
        """Undo `stop` and `ask_often`."""
        self.cell.cell_contents = self._stopped = self._ask = None

    def pay(self) -> None:
        """Raise what it was stopped with."""
        ask = self._ask
        if ask is not None:
            ask()
        stopped = self._stopped
        if stopped is not None:
            raise stopped()
