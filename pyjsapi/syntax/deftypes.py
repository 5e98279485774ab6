"""Defined types, rolled and closed, so that type equivalence is identity (core: "Types", "Defined Types").

Recursion groups are interned for the whole process by their structure: two groups that are equal up to the
renaming that iso-recursive types allow give the same `DefType` objects, in one module or in two.
"""

from __future__ import annotations

import weakref
from _thread import RLock
from collections.abc import Callable, Sequence
from typing import Final

from pyjsapi.syntax.types import (
    AbsHeapType,
    ArrayType,
    CompType,
    ContType,
    FieldType,
    FuncType,
    HeapType,
    RecRef,
    RecType,
    RefType,
    StructType,
    SubType,
    ValType,
    ref_type,
)

_Substitution = Callable[[HeapType], HeapType]


class DefType:
    """The ``index``-th type of a closed recursion group. Compare with ``is``."""

    __slots__ = ("__weakref__", "_comp", "_supers", "group", "index")

    def __init__(self, group: _Group, index: int) -> None:
        self.group = group
        self.index = index
        self._comp: CompType | None = None
        self._supers: tuple[DefType, ...] | None = None

    @property
    def final(self) -> bool:
        """Whether the type may have no subtypes."""
        return self.group.rec.subtypes[self.index].final

    @property
    def comp(self) -> CompType:
        """The composite type, unrolled: its references name defined types."""
        if self._comp is None:
            rolled = self.group.rec.subtypes[self.index].comp
            self._comp = map_comp(rolled, self._unroll)
        return self._comp

    @property
    def func(self) -> FuncType:
        """The function type; only for types that are one."""
        comp = self.comp
        if not isinstance(comp, FuncType):
            raise TypeError(f"{self} is not a function type")
        return comp

    @property
    def cont(self) -> FuncType:
        """The type of the functions that a continuation type is of; only for types that are one."""
        comp = self.comp
        if not isinstance(comp, ContType) or not isinstance(comp.type, DefType):
            raise TypeError(f"{self} is not a continuation type")
        return comp.type.func

    @property
    def supers(self) -> tuple[DefType, ...]:
        """The declared supertypes."""
        if self._supers is None:
            found = []
            for heap in self.group.rec.subtypes[self.index].supers:
                unrolled = self._unroll(heap)
                if isinstance(unrolled, DefType):
                    found.append(unrolled)
            self._supers = tuple(found)
        return self._supers

    def is_subtype_of(self, other: DefType) -> bool:
        """Whether this is ``other`` or declares it as a supertype, directly or not."""
        type_: DefType | None = self
        while type_ is not None:
            if type_ is other:
                return True
            type_ = type_.supers[0] if type_.supers else None
        return False

    def _unroll(self, heap: HeapType) -> HeapType:
        return self.group.members[heap.index] if isinstance(heap, RecRef) else heap

    def __repr__(self) -> str:
        comp = self.group.rec.subtypes[self.index].comp
        return f"({comp})" if isinstance(comp, FuncType) else f"({comp!r})"


class _Group:
    """A closed recursion group with its members; shared by all modules that define it."""

    __slots__ = ("__weakref__", "members", "rec")

    def __init__(self, rec: RecType) -> None:
        self.rec = rec
        self.members: tuple[DefType, ...] = tuple(
            DefType(self, i) for i in range(len(rec.subtypes))
        )


_groups: Final[weakref.WeakValueDictionary[RecType, _Group]] = weakref.WeakValueDictionary()
_groups_lock: Final = RLock()
"""Types of modules that are validated in different threads are the same objects too."""


def map_val(type_: ValType, substitute: _Substitution) -> ValType:
    """The value type with its heap type substituted."""
    if not isinstance(type_, RefType) or isinstance(type_.heap, AbsHeapType):
        return type_
    heap = substitute(type_.heap)
    return type_ if heap is type_.heap else ref_type(type_.nullable, heap)


def _map_field(field: FieldType, substitute: _Substitution) -> FieldType:
    storage = field.storage
    if isinstance(storage, RefType):
        return FieldType(map_val(storage, substitute), field.mutable)
    return field


def map_comp(comp: CompType, substitute: _Substitution) -> CompType:
    """The composite type with every heap type substituted."""
    if isinstance(comp, FuncType):
        return FuncType(
            tuple(map_val(t, substitute) for t in comp.params),
            tuple(map_val(t, substitute) for t in comp.results),
        )
    if isinstance(comp, StructType):
        return StructType(tuple(_map_field(f, substitute) for f in comp.fields))
    if isinstance(comp, ContType):
        return ContType(substitute(comp.type))
    return ArrayType(_map_field(comp.field, substitute))


def close_group(rec: RecType, before: Sequence[DefType]) -> tuple[DefType, ...]:
    """Roll and close a recursion group.

    ``before`` holds the defined types of the type indices below the group's first one. Indices of the group
    itself and after ``before`` must lie inside the group; the caller has checked that.
    """
    start = len(before)

    def roll(heap: HeapType) -> HeapType:
        if isinstance(heap, int):
            return before[heap] if heap < start else RecRef(heap - start)
        return heap

    rolled = RecType(
        tuple(
            SubType(sub.final, tuple(roll(s) for s in sub.supers), map_comp(sub.comp, roll))
            for sub in rec.subtypes
        )
    )
    with _groups_lock:
        group = _groups.get(rolled)
        if group is None:
            group = _Group(rolled)
            _groups[rolled] = group
    return group.members


def func_def_type(type_: FuncType) -> DefType:
    """The defined type of a closed function type that stands alone and is final, as hosts make them."""
    return close_group(RecType((SubType(True, (), type_),)), ())[0]
