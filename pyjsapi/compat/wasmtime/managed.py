"""Objects that programs may close."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class Managed:
    """Base of what can be closed, and used in a ``with`` statement. A closed object raises `ValueError`."""

    _closed = False

    def close(self) -> None:
        """Close the object; no harm if it is closed."""
        if not self._closed:
            self._closed = True
            self._release()

    def _release(self) -> None:
        """Let go of what the object holds."""

    def _check_open(self) -> None:
        if self._closed:
            raise ValueError("already closed")

    def _consume(self) -> None:
        """Somebody else has what the object held, which cannot be used again."""
        self._check_open()
        self._closed = True

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *exc: Any) -> None:
        self.close()


def setter_property(fset: Callable[..., None]) -> property:
    """A property that can only be set."""
    return property(fset=fset, doc=fset.__doc__)
