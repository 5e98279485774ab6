"""What was typed at a prompt, kept for the next time, where Python has `readline`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

_KEPT: Final = 1000
"""Lines of history."""


def file_at_home(name: str) -> Path | None:
    """A file in the user's home, if there is one."""
    try:
        return Path.home() / name
    except RuntimeError:
        return None


@contextmanager
def history(path: Path | None) -> Iterator[None]:
    """Have the lines of a file at hand, and keep there those of now as well; with ``None`` for no longer than this."""
    try:
        import readline
    except ImportError:  # not on every system
        yield
        return
    readline.set_history_length(_KEPT)
    if path is not None:
        with suppress(OSError):
            readline.read_history_file(path)
    try:
        yield
    finally:
        if path is not None:
            with suppress(OSError):
                readline.write_history_file(path)
