"""The ways in which pyjsapi translates a function, by name. Needs pyjsapi only."""

from __future__ import annotations

from collections.abc import Sequence
from inspect import signature
from typing import Any, Final

from pyjsapi.compiler.options import Options

_PARTS: Final = ("facts", "views", "patterns", "reuse", "induction", "ranges", "lanes", "elements")
"""Parts of the translator that can be switched off."""

_NAMES: Final = set(signature(Options).parameters)


def _options(**chosen: Any) -> Options:
    """Options of those that this pyjsapi has: another checkout may have others."""
    return Options(**{name: value for name, value in chosen.items() if name in _NAMES})


MODES: Final[dict[str, Options]] = {
    "default": Options(),
    "states": _options(state_machine=True),
    "loops1": _options(max_loops=1),
    "loops4": _options(max_loops=4),
    "loops0": _options(max_loops=0),
    "asserted": _options(assertions=True),
    "asserted-states": _options(assertions=True, state_machine=True),
    "plain": _options(**dict.fromkeys(_PARTS, False)),
    **{f"no-{part}": _options(**{part: False}) for part in _PARTS},
    "guarded": Options(),
}
"""All of them must agree."""

FLOW: Final = ("states", "loops1", "loops4", "loops0")
"""Those that differ in control flow."""

ASSERTED: Final = ("asserted", "asserted", "asserted-states")
"""Those that check at run time what code relies on."""

OTHERS: Final = ("plain", "guarded", *(f"no-{part}" for part in _PARTS))
"""Those that leave out a part, and the one whose memories are made of pieces and reached by calls."""


def modes_of(seed: int) -> tuple[str, ...]:
    """The modes that the program of a seed is run in: the default one, and others in turn."""
    turns = (FLOW, ASSERTED, OTHERS)
    return "default", *(modes[seed % len(modes)] for modes in turns)


def proved_in(modes: Sequence[str]) -> tuple[str, ...]:
    """Those of the modes in which the control flow of every function is proved."""
    return tuple(mode for mode in modes if mode == "default" or mode in FLOW or mode in ASSERTED)
