"""Listeners by the name of an event, as Node's ports and workers have them beside ``onmessage``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Self, TypeAlias

Listener: TypeAlias = Callable[..., Any]


class Listeners:
    """What Node's ``EventEmitter`` has of ``on``, ``once`` and ``off``; not part of HTML.

    A listener of ``message`` is called with the value, where ``onmessage`` gets an event.
    """

    events: tuple[str, ...] = ()
    """The events that there are here."""

    def __init__(self) -> None:
        self._listeners: Final[dict[str, list[tuple[Listener, bool]]]] = {}

    def on(self, event: str, listener: Listener, /) -> Self:
        """Call ``listener`` whenever ``event`` happens. Raises `ValueError` for an event that is none here."""
        return self._add(event, listener, False)

    def once(self, event: str, listener: Listener, /) -> Self:
        """Call ``listener`` when ``event`` happens the next time."""
        return self._add(event, listener, True)

    def off(self, event: str, listener: Listener, /) -> Self:
        """Call it no more: the one that was added last, if it was added twice."""
        found = self._listeners.get(event, [])
        for i in reversed(range(len(found))):
            if found[i][0] == listener:
                del found[i]
                self._listeners_changed(event)
                break
        return self

    def listens_to(self, event: str) -> bool:
        """Whether there is a listener of an event."""
        return bool(self._listeners.get(event))

    def emit_to(self, event: str, call: Callable[[Listener], Any]) -> None:
        """Hand each listener of an event to ``call``, after those that are called once were removed."""
        current = list(self._listeners.get(event, ()))
        kept = [entry for entry in current if not entry[1]]
        if len(kept) < len(current):
            self._listeners[event] = kept
            self._listeners_changed(event)
        for listener, _ in current:
            call(listener)

    def _add(self, event: str, listener: Listener, once: bool) -> Self:
        if event not in self.events:
            raise ValueError(
                f"a {type(self).__name__} has the events {', '.join(self.events)}, not {event!r}"
            )
        if not callable(listener):
            raise TypeError(f"a listener must be callable, not {type(listener).__name__}")
        self._listeners.setdefault(event, []).append((listener, once))
        self._listeners_changed(event)
        return self

    def _listeners_changed(self, event: str) -> None:
        """Something was added or removed."""
