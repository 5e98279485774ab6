"""Table instances (core: "Runtime Structure: Table Instances").

Beside its elements a table keeps, for every function type that an indirect call of some module asks for, a
parallel list of callables: the function where the types match, a function that traps where they do not. Generated
code calls through that list without any check.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import repeat
from typing import TYPE_CHECKING, Any, Final, NoReturn, TypeAlias

from pyjsapi.runtime.function import FuncInst
from pyjsapi.syntax.deftypes import DefType
from pyjsapi.syntax.errors import Trap
from pyjsapi.syntax.types import AddrType, RefType, TableType
from pyjsapi.validation.limits import Limits

if TYPE_CHECKING:
    from pyjsapi.runtime.host_calls import HostCalls
    from pyjsapi.runtime.instance import ModuleInstance

_OUT_OF_BOUNDS: Final = "out of bounds table access"
_Lists: TypeAlias = "dict[DefType, list[Callable[..., Any]]]"


def _make_uninitialized(index: int | None) -> Callable[..., NoReturn]:
    message = "uninitialized element" if index is None else f"uninitialized element {index}"

    def uninitialized(*_: Any) -> NoReturn:
        raise Trap(message)

    return uninitialized


_UNINITIALIZED: Final = tuple(_make_uninitialized(i) for i in range(256))
"""Traps that name the element; elements further up share one that does not."""
_UNINITIALIZED_FAR: Final = _make_uninitialized(None)


def _type_mismatch(*_: Any) -> NoReturn:
    raise Trap("indirect call type mismatch")


class _Fits(dict[DefType, bool]):
    """Whether functions of a type may be called by another one: tables have many elements of few types."""

    __slots__ = ("_called",)

    def __init__(self, called: DefType) -> None:
        self._called = called

    def __missing__(self, own: DefType) -> bool:
        fit = self[own] = own.is_subtype_of(self._called)
        return fit


def _callables(
    elements: Iterable[Any], type_: DefType, start: int, counts: HostCalls | None = None
) -> list[Callable[..., Any]]:
    """What indirect calls of a type call for elements, the first of which is number ``start``.

    With ``counts`` it is for an instance whose calls of host functions are counted.
    """
    fits = _Fits(type_)
    if counts is not None:
        return [
            (counts.counted(element) if fits[element.type] else _type_mismatch)
            if element.__class__ is FuncInst
            else _not_callable(element, index)
            for index, element in enumerate(elements, start)
        ]
    return [
        (element.call if fits[element.type] else _type_mismatch)
        if element.__class__ is FuncInst
        else _not_callable(element, index)
        for index, element in enumerate(elements, start)
    ]


def _not_callable(element: Any, index: int) -> Callable[..., NoReturn]:
    if element is not None:
        return _type_mismatch
    return _UNINITIALIZED[index] if index < len(_UNINITIALIZED) else _UNINITIALIZED_FAR


def _repeated(
    value: Any, count: int, type_: DefType, start: int, counts: HostCalls | None
) -> list[Callable[..., Any]]:
    """`_callables` for so many times the same element."""
    if value is not None:
        return _callables((value,), type_, start, counts) * count
    near = min(count, max(len(_UNINITIALIZED) - start, 0))
    return _callables(repeat(None, near), type_, start) + [_UNINITIALIZED_FAR] * (count - near)


class TableInst:
    """A table in the store.

    ``ceiling`` is the number of elements that the table may grow to: its own maximum or the engine's limit.
    """

    __slots__ = (
        "__weakref__",
        "_counted",
        "_signatures",
        "_type",
        "budget",
        "ceiling",
        "elems",
        "wrapper",
    )

    def __init__(self, type_: TableType, init: Any, *, ceiling: int) -> None:
        self._type = type_
        self.ceiling = ceiling if type_.maximum is None else min(type_.maximum, ceiling)
        self.elems: list[Any] = [init] * type_.minimum
        """Elements: `FuncInst`, a host value, or ``None`` for null. Change them through the methods only."""
        self._signatures: _Lists = {}
        self._counted: weakref.WeakKeyDictionary[ModuleInstance, _Lists] | None = None
        """Those of instances whose calls of host functions are counted."""
        self.budget: TableBudget | None = None
        """What it shares with other tables of its instance."""
        self.wrapper: weakref.ref[Any] | None = None
        """The embedder's object for this table."""

    def limit(self) -> int:
        """Elements that it may have now, beside what others have."""
        if self.budget is None:
            return self.ceiling
        return min(self.ceiling, len(self.elems) + self.budget.left())

    @property
    def type(self) -> TableType:
        """The type with the current size as minimum, as matching an import sees it."""
        return replace(self._type, minimum=len(self.elems))

    @property
    def reftype(self) -> RefType:
        """Type of the elements."""
        return self._type.reftype

    @property
    def addrtype(self) -> AddrType:
        """Type of an index."""
        return self._type.addrtype

    def signature_list(
        self, type_: DefType, instance: ModuleInstance | None = None
    ) -> list[Callable[..., Any]]:
        """The list of callables for indirect calls of a type; always the same object for the same type.

        An ``instance`` whose calls of host functions are counted has lists of its own.
        """
        counts = None if instance is None else instance.host_calls
        if instance is None or counts is None:
            lists = self._signatures
        else:
            if self._counted is None:
                self._counted = weakref.WeakKeyDictionary()
            lists = self._counted.setdefault(instance, {})
        calls = lists.get(type_)
        if calls is None:
            calls = lists[type_] = _callables(self.elems, type_, 0, counts)
        return calls

    def _lists(self) -> Iterator[tuple[DefType, list[Callable[..., Any]], HostCalls | None]]:
        """All lists, with the types that they are for and what counts the calls."""
        for type_, calls in self._signatures.items():
            yield type_, calls, None
        for instance, lists in self._counted.items() if self._counted is not None else ():
            for type_, calls in lists.items():
                yield type_, calls, instance.host_calls

    def get(self, index: int) -> Any:
        """The element; traps out of bounds."""
        if index >= len(self.elems):
            raise Trap(_OUT_OF_BOUNDS)
        return self.elems[index]

    def set(self, index: int, value: Any) -> None:
        """Replace an element; traps out of bounds."""
        if index >= len(self.elems):
            raise Trap(_OUT_OF_BOUNDS)
        self.elems[index] = value
        for type_, calls, counts in self._lists():
            calls[index : index + 1] = _callables((value,), type_, index, counts)

    def size(self) -> int:
        """Number of elements."""
        return len(self.elems)

    def grow(self, value: Any, count: int) -> int:
        """Add ``count`` elements; the size before, or -1 when the table may not grow so far."""
        size = len(self.elems)
        if size + count > self.ceiling:
            return -1
        if self.budget is not None and count > self.budget.left():
            return -1
        try:
            self.elems.extend([value] * count)
        except MemoryError:
            return -1
        for type_, calls, counts in self._lists():
            calls += _repeated(value, count, type_, size, counts)
        return size

    def fill(self, index: int, value: Any, count: int) -> None:
        """``table.fill``; traps before anything is written."""
        if index + count > len(self.elems):
            raise Trap(_OUT_OF_BOUNDS)
        end = index + count
        self.elems[index:end] = [value] * count
        for type_, calls, counts in self._lists():
            calls[index:end] = _repeated(value, count, type_, index, counts)

    def copy(self, source: TableInst, index: int, source_index: int, count: int) -> None:
        """``table.copy`` from ``source`` into this table; traps before anything is written."""
        if index + count > len(self.elems) or source_index + count > len(source.elems):
            raise Trap(_OUT_OF_BOUNDS)
        self._write(index, source.elems[source_index : source_index + count])

    def init(self, index: int, source_index: int, count: int, segment: list[Any]) -> None:
        """``table.init`` from an element segment; traps before anything is written. See `MemInst.init`."""
        if index + count > len(self.elems) or source_index + count > len(segment):
            raise Trap(_OUT_OF_BOUNDS)
        self._write(index, segment[source_index : source_index + count])

    def rewind(self, elements: list[Any]) -> None:
        """Have exactly these elements, which the table had before, when it may have been smaller."""
        self.elems[:] = elements
        for type_, calls in self._signatures.items():
            calls[:] = _callables(elements, type_, 0)

    def _write(self, index: int, values: list[Any]) -> None:
        end = index + len(values)
        self.elems[index:end] = values
        for type_, calls, counts in self._lists():
            calls[index:end] = _callables(values, type_, index, counts)


def new_table(type_: TableType, init: Any, limits: Limits) -> TableInst:
    """A table of the type; `MemoryError` where its minimum is beyond the limit."""
    most, name = limits.max_table_elements, "max_table_elements"
    total = limits.max_total_table_elements
    if total is not None and total < most:
        most, name = total, "max_total_table_elements"
    if type_.minimum > most:
        raise MemoryError(
            f"cannot allocate a table of {type_.minimum} elements: the limit is {most} (Limits.{name})"
        )
    return TableInst(type_, init, ceiling=most)


class TableBudget:
    """How many elements some tables may have together. Each of them holds it, and asks before it grows."""

    __slots__ = ("_most", "_tables")

    def __init__(self, tables: Iterable[TableInst], most: int) -> None:
        self._most = most
        self._tables = [weakref.ref(table) for table in tables]
        for reference in self._tables:
            table = reference()
            if table is not None:
                table.budget = self

    def left(self) -> int:
        """Elements that they may have more; those of a table that is gone come back."""
        tables = [reference() for reference in self._tables]
        return self._most - sum(len(table.elems) for table in tables if table is not None)


def check_total_elements(total: int, most: int | None) -> None:
    """Raise `MemoryError` where the tables of an instance would have more elements than they may."""
    if most is not None and total > most:
        raise MemoryError(
            f"cannot allocate tables of {total} elements: the limit is {most} (Limits.max_total_table_elements)"
        )
