"""What messages say of names that are none, and of numbers of things."""

from __future__ import annotations

from collections.abc import Iterable


def counted(count: int, noun: str) -> str:
    """``1 page``, ``2 pages``"""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def advice(name: object, known: Iterable[str]) -> str:
    """``did you mean 'x'?``, or, where nothing is near, ``there are x, y and z``."""
    from difflib import get_close_matches

    names = list(known)
    near = get_close_matches(str(name), names, 1)
    if near:
        return f"did you mean {near[0]!r}?"
    if len(names) < 2:
        return f"there is {''.join(names) or 'none'}"
    return f"there are {', '.join(names[:-1])} and {names[-1]}"


def on_one_line(name: str) -> str:
    """A name from a module, which may be anything, so that it can be printed."""
    return name if name.isprintable() else repr(name)[1:-1]
