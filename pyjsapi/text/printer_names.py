"""Identifiers for what a module defines, taken from its name section."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Final

from pyjsapi.text.printer_values import identifier, name_literal


def unique_identifiers(names: Mapping[int, str]) -> dict[int, str]:
    """The identifiers for those names that are not empty and not given twice."""
    times = Counter(names.values())
    return {i: identifier(name) for i, name in names.items() if name and times[name] == 1}


class References:
    """How the members of an index space are referred to and how they are bound."""

    __slots__ = ("count", "identifiers", "names")

    def __init__(self, count: int, names: Mapping[int, str]) -> None:
        self.count: Final = count
        """How many members there are."""
        self.names: Final = {i: name for i, name in names.items() if i < count}
        self.identifiers: Final = unique_identifiers(self.names)

    def use(self, index: int) -> str:
        """The member's identifier if it has one, else its index."""
        return self.identifiers.get(index) or str(index)

    def binding(self, index: int) -> str:
        """What stands where the member is defined, from the space before it on."""
        return f"{self.bare_binding(index)} (;{index};)"

    def bare_binding(self, index: int) -> str:
        """The same without the index as a comment."""
        bound = self.identifiers.get(index)
        if bound is not None:
            return f" {bound}"
        return name_annotation(self.names.get(index))


def name_annotation(name: str | None) -> str:
    """A name that cannot be an identifier, as an annotation; with the space before it."""
    return "" if name is None else f" (@name {name_literal(name)})"
