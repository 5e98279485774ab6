"""From which text the bytes of a module were made, so that messages can name lines.

Assembling gives plain bytes, which have nowhere to keep it. What was assembled lately is remembered here, by a hash of
the bytes; whoever uses a text assembles it again and compares, so that it need not be a strong one.
"""

from __future__ import annotations

from collections import deque
from typing import Final, NamedTuple

MOST_TEXTS: Final = 32
MOST_CHARACTERS: Final = 1 << 24
"""Of all texts together. A longer one is not remembered."""


class Origin(NamedTuple):
    """A text, and what its module was encoded with."""

    text: str
    names: bool
    """Whether it has a name section from the text's identifiers."""
    key: int


_origins: Final[deque[Origin]] = deque(maxlen=MOST_TEXTS)


def remember(data: bytes, text: str, *, names: bool) -> None:
    """Note that the module ``data`` was made from ``text``."""
    if len(text) > MOST_CHARACTERS:
        return
    _origins.append(Origin(text, names, hash(data)))
    # Other threads append too, and each step is one of the interpreter's.
    while len(_origins) > 1 and sum(len(one.text) for one in list(_origins)) > MOST_CHARACTERS:
        _origins.popleft()


def origin_of(data: bytes) -> Origin | None:
    """The text that a module was probably made from, if that was lately."""
    key = hash(data)
    return next((one for one in reversed(list(_origins)) if one.key == key), None)
