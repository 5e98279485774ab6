"""What a message says of a name that is none: the known ones, or the one that was probably meant."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def advice(name: object, known: Iterable[str]) -> str:
    """``did you mean 'x'?``, or, where nothing is near, ``there are x, y and z``."""
    names = list(known)
    near = get_close_matches(str(name), names, 1)
    if near:
        return f"did you mean {near[0]!r}?"
    if len(names) < 2:
        return f"there is {''.join(names) or 'none'}"
    return f"there are {', '.join(names[:-1])} and {names[-1]}"
