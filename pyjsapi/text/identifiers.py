"""Symbolic identifiers (core specification, "Text Format: Conventions", "Contexts")."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from pyjsapi.syntax.types import FuncType, RecType, SubType

Identifier = str
"""An identifier with its dollar sign, without the quotation marks and escapes of the quoted form."""


class Duplicate(ValueError):
    """An identifier that is bound twice in an index space."""


class IndexSpace:
    """An index space: how many indices are taken, and which identifiers stand for them."""

    __slots__ = ("annotated", "count", "indices", "kind")

    def __init__(self, kind: str) -> None:
        self.kind: Final = kind
        """What the space holds, as error messages call it."""
        self.count = 0
        self.indices: dict[Identifier, int] = {}
        self.annotated: dict[int, str] = {}
        """Names given by annotation, which go before identifiers."""

    def add(self, identifier: Identifier | None) -> int:
        """Take the next index. Raises `Duplicate` when the identifier is taken."""
        index = self.count
        if identifier is not None:
            if identifier in self.indices:
                raise Duplicate(f"duplicate {self.kind} {identifier}")
            self.indices[identifier] = index
        self.count = index + 1
        return index

    def names(self) -> dict[int, str]:
        """Names by index: annotations, and identifiers without the dollar sign."""
        names = {index: identifier[1:] for identifier, index in self.indices.items()}
        return {**names, **self.annotated} if self.annotated else names


class Labels:
    """The labels in scope, relative indices with shadowing. Depth 0 is the function itself."""

    __slots__ = ("_blocks", "_depths", "depth", "names")

    def __init__(self) -> None:
        self.depth = 0
        self.names: dict[int, str] = {}
        """Identifiers without the dollar sign, by the position of the block among the function's blocks."""
        self._blocks = 0
        self._depths: dict[Identifier, list[int]] = {}

    def enter(self, identifier: Identifier | None) -> None:
        """Begin a block."""
        self.depth += 1
        if identifier is not None:
            self._depths.setdefault(identifier, []).append(self.depth)
            self.names[self._blocks] = identifier[1:]
        self._blocks += 1

    def reenter(self, identifier: Identifier | None) -> None:
        """Begin the next part of the block that was left last."""
        self.depth += 1
        if identifier is not None:
            self._depths[identifier].append(self.depth)

    def leave(self, identifier: Identifier | None) -> None:
        """End the innermost block, which has this label."""
        self.depth -= 1
        if identifier is not None:
            self._depths[identifier].pop()

    def find(self, identifier: Identifier) -> int | None:
        """The relative label index, ``None`` for an unknown label."""
        depths = self._depths.get(identifier)
        return self.depth - depths[-1] if depths else None


class TypeTable:
    """The types of a module by index, with those that type uses without an index add at the end."""

    __slots__ = ("_functypes", "groups", "subtypes")

    def __init__(self) -> None:
        self.groups: list[RecType] = []
        self.subtypes: list[SubType] = []
        self._functypes: dict[FuncType, int] = {}

    def define(self, subtypes: Iterable[SubType]) -> None:
        """Add a recursion group."""
        group = RecType(tuple(subtypes))
        if len(group.subtypes) == 1:
            only = group.subtypes[0]
            if only.final and not only.supers and isinstance(only.comp, FuncType):
                self._functypes.setdefault(only.comp, len(self.subtypes))
        self.groups.append(group)
        self.subtypes.extend(group.subtypes)

    def index_of(self, functype: FuncType) -> int:
        """Index of the first plain definition of the function type, which is added if there is none."""
        index = self._functypes.get(functype)
        if index is None:
            index = len(self.subtypes)
            self.define((SubType(True, (), functype),))
        return index
