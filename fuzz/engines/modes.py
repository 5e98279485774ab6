"""The ways in which pyjsapi translates a function, by name. Needs pyjsapi only."""

from __future__ import annotations

from typing import Final

from pyjsapi.compiler.options import Options

MODES: Final[dict[str, Options]] = {
    "default": Options(),
    "states": Options(state_machine=True),
    "loops1": Options(max_loops=1),
    "loops4": Options(max_loops=4),
    "loops0": Options(max_loops=0),
    "plain": Options(
        facts=False, views=False, patterns=False, reuse=False, induction=False, ranges=False,
        lanes=False,
    ),
    "no-facts": Options(facts=False),
    "no-views": Options(views=False),
    "no-patterns": Options(patterns=False),
    "no-reuse": Options(reuse=False),
    "no-induction": Options(induction=False),
    "no-ranges": Options(ranges=False),
    "no-lanes": Options(lanes=False),
}  # fmt: skip
"""All of them must agree."""

FLOW: Final = ("states", "loops1", "loops4", "loops0")
"""Those that differ in control flow."""

OTHERS: Final = tuple(name for name in MODES if name != "default" and name not in FLOW)
"""Those that leave out a part."""


def modes_of(seed: int) -> tuple[str, ...]:
    """The modes that the program of a seed is run in: the default one, and others in turn."""
    return "default", FLOW[seed % len(FLOW)], OTHERS[seed % len(OTHERS)]
