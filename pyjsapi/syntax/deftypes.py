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
    Exact,
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

    @property
    def describes(self) -> DefType | None:
        """The type that structures of this one describe."""
        return self._clause(self.group.rec.subtypes[self.index].describes)

    @property
    def descriptor(self) -> DefType | None:
        """The type of the descriptors of structures of this one."""
        return self._clause(self.group.rec.subtypes[self.index].descriptor)

    def _clause(self, heap: HeapType | None) -> DefType | None:
        unrolled = None if heap is None else self._unroll(heap)
        return unrolled if isinstance(unrolled, DefType) else None

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


def inexact(heap: HeapType) -> HeapType:
    """The heap type without exactness."""
    return heap.type if isinstance(heap, Exact) else heap


def map_heap(heap: HeapType, substitute: _Substitution) -> HeapType:
    """The heap type with what it names substituted."""
    if not isinstance(heap, Exact):
        return heap if isinstance(heap, AbsHeapType) else substitute(heap)
    found = substitute(heap.type)
    if found is heap.type:
        return heap
    if isinstance(found, (AbsHeapType, Exact)):
        raise TypeError(f"{found} has no exact form")
    return Exact(found)


def map_sub(sub: SubType, substitute: _Substitution) -> SubType:
    """The type with every heap type substituted, those of its clauses included."""
    supers = tuple(substitute(heap) for heap in sub.supers)
    comp = map_comp(sub.comp, substitute)
    if sub.describes is None and sub.descriptor is None:
        return SubType(sub.final, supers, comp)
    describes = None if sub.describes is None else substitute(sub.describes)
    descriptor = None if sub.descriptor is None else substitute(sub.descriptor)
    return SubType(sub.final, supers, comp, describes, descriptor)


def map_val(type_: ValType, substitute: _Substitution) -> ValType:
    """The value type with its heap type substituted."""
    if not isinstance(type_, RefType) or isinstance(type_.heap, AbsHeapType):
        return type_
    heap = map_heap(type_.heap, substitute)
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

    rolled = RecType(tuple(map_sub(sub, roll) for sub in rec.subtypes))
    with _groups_lock:
        group = _groups.get(rolled)
        if group is None:
            group = _Group(rolled)
            _groups[rolled] = group
    return group.members


def func_def_type(type_: FuncType) -> DefType:
    """The defined type of a closed function type that stands alone and is final, as hosts make them."""
    return close_group(RecType((SubType(True, (), type_),)), ())[0]
