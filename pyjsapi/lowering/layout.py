"""What is known before anything is built: the original module, and where each of its memories will be."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from pyjsapi.binary.scan import Stop
from pyjsapi.lowering.sequences import Place
from pyjsapi.lowering.storages import Storage, Use
from pyjsapi.syntax.module import Module
from pyjsapi.syntax.types import CompType, FuncExtern, FuncType


@dataclass(frozen=True, slots=True)
class Layout:
    """The facts that every part of lowering reads and none changes."""

    original: Module
    stops: Sequence[Sequence[Stop]]
    """For each function that the original defines, the instructions that lowering has to look at."""
    uses: Sequence[Use]
    """By memory index."""
    primary: Storage
    """What the main module's memory holds."""
    helpers: Sequence[Storage]
    """What the memory of each helper holds, by the helper's number."""
    helper_of: Mapping[int, int]
    """Numbers of helpers by memory index; a memory without a helper lives in the main module."""
    imported_functions: int
    """How many functions the original imports."""
    comps: Sequence[CompType]
    """What the original's types are, by index."""

    def place(self, memory: int) -> Place:
        """Where a memory of the original is."""
        return self.uses[memory].place

    def function_type(self, typeidx: int) -> FuncType:
        """A function type of the original."""
        comp = self.comps[typeidx]
        if not isinstance(comp, FuncType):
            raise TypeError(f"type {typeidx} is no function type")
        return comp


def lay_out(
    original: Module,
    stops: Sequence[Sequence[Stop]],
    uses: Sequence[Use],
    storages: Sequence[Storage],
) -> Layout:
    """The layout: the storage that is used most lives in the main module, every other one in a helper."""
    primary = max(storages, key=lambda s: (s.weight, -s.places[0].memory))
    helpers = [storage for storage in storages if storage is not primary]
    _number_sizes(primary.places, len(original.global_types))
    for storage in helpers:
        _number_sizes(storage.places, 0)
    return Layout(
        original=original,
        stops=stops,
        uses=uses,
        primary=primary,
        helpers=helpers,
        helper_of={
            place.memory: number
            for number, storage in enumerate(helpers)
            for place in storage.places
        },
        imported_functions=len(original.imported(FuncExtern)),
        comps=[sub.comp for rec in original.types for sub in rec.subtypes],
    )


def _number_sizes(places: Iterable[Place], first: int) -> None:
    """Say in which globals, from an index on, the sizes of regions are that can change."""
    following = first
    for place in places:
        if place.grows and place.reserved is not None:
            place.size_global = following
            following += 1
