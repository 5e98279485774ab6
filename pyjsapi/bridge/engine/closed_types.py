"""Closed types as a type section has them: so that a module made for one of them names the same type."""

from __future__ import annotations

from dataclasses import replace

from pyjsapi.syntax.deftypes import DefType, map_comp
from pyjsapi.syntax.types import HeapType, RecRef, RecType


def opened(type_: DefType) -> tuple[list[RecType], int]:
    """The recursion groups that a module needs to have the type, and its index there."""
    groups: list[RecType] = []
    first: dict[int, int] = {}
    _add(type_, groups, first)
    return groups, first[id(type_.group)] + type_.index


def _add(type_: DefType, groups: list[RecType], first: dict[int, int]) -> None:
    group = type_.group
    if id(group) in first:
        return
    outside: list[DefType] = []

    def note(heap: HeapType) -> HeapType:
        if isinstance(heap, DefType):
            outside.append(heap)
        return heap

    for sub in group.rec.subtypes:
        map_comp(sub.comp, note)
        for heap in sub.supers:
            note(heap)
    for other in outside:
        _add(other, groups, first)
    start = first[id(group)] = sum(len(each.subtypes) for each in groups)

    def index(heap: HeapType) -> HeapType:
        if isinstance(heap, RecRef):
            return start + heap.index
        return first[id(heap.group)] + heap.index if isinstance(heap, DefType) else heap

    groups.append(
        RecType(
            tuple(
                replace(sub, supers=tuple(map(index, sub.supers)), comp=map_comp(sub.comp, index))
                for sub in group.rec.subtypes
            )
        )
    )
