"""What functions of the host do, recorded, so that they need not do it again when a program is taken back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

from pyjsapi.debugging.conditions import Watch
from pyjsapi.debugging.world import Image, World
from pyjsapi.runtime import FuncInst

Event: TypeAlias = tuple[str, Any]
"""``changes``: `Changes`; ``call``: a function of WebAssembly and its arguments; ``return`` and ``raise``: the end."""


class HostCall:
    """A call of a function of the host. It is an activation of its own, because it may call back."""

    __slots__ = (
        "arguments",
        "enters",
        "events",
        "func",
        "grew",
        "is_replayed",
        "seen",
        "tells",
        "_at",
    )

    def __init__(
        self, func: FuncInst, arguments: Sequence[Any], enters: bool, tells: dict[str, Any] | None
    ) -> None:
        self.func = func
        self.arguments = tuple(arguments)
        self.enters = enters
        """Whether its results go to the host: that of a tail call, in a function that the host called."""
        self.tells = tells
        """What to stop for when it has returned."""
        self.events: list[Event] = []
        self.grew = False
        """Whether it made a memory grow."""
        self.is_replayed = False
        self.seen: list[tuple[Watch, bytes]] = []
        """What was in watched ranges when it began, or went on."""
        self._at = 0

    def next_event(self) -> Event:
        """What it did next."""
        self._at += 1
        return self.events[self._at - 1]


class Recorder:
    """The recordings of a program's calls of the host, in order, and how many of them have been met."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._calls: list[list[Event]] = []
        self._met = 0
        self._before: Image | None = None

    def forget(self) -> None:
        """A new start."""
        self._calls.clear()
        self._met = 0

    def rewind(self) -> None:
        """The program is at its start again: its calls are known, as far as they were made."""
        self._met = 0

    def begin(self, made: HostCall) -> bool:
        """A call begins; whether it is known what it does."""
        if self._met < len(self._calls):
            made.events = self._calls[self._met]
            made.is_replayed = True
        else:
            self._calls.append(made.events)
            self._before = self._world.image()
        self._met += 1
        return made.is_replayed

    def called(self, made: HostCall, func: FuncInst, arguments: Sequence[Any]) -> None:
        """A function of the host calls one of WebAssembly."""
        self._note_changes(made)
        made.events.append(("call", (func, tuple(arguments))))

    def returned(self, made: HostCall) -> None:
        """That call has returned."""
        self._before = self._world.image()

    def end(self, made: HostCall, result: Any, failure: BaseException | None) -> None:
        """A call ends."""
        self._note_changes(made)
        made.events.append(("return", result) if failure is None else ("raise", failure))

    def _note_changes(self, made: HostCall) -> None:
        if self._before is None:
            return
        changes = self._world.changes(self._before)
        self._before = None
        if any(changes):
            made.grew = made.grew or bool(changes.lengths)
            made.events.append(("changes", changes))
