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
from typing import TYPE_CHECKING, Any, Final, NoReturn, Protocol, TypeAlias

from pyjsapi.runtime.function import FuncInst
from pyjsapi.runtime.global_ import PYTHON
from pyjsapi.syntax.deftypes import DefType
from pyjsapi.syntax.errors import Trap
from pyjsapi.syntax.types import AddrType, RefType, TableType
from pyjsapi.validation.limits import Limits

if TYPE_CHECKING:
    from pyjsapi.runtime.host_calls import HostCalls
    from pyjsapi.runtime.instance import ModuleInstance

_OUT_OF_BOUNDS: Final = "out of bounds table access"
_MOST_PARTED: Final = 1 << 16
"""Elements of a table for which it is remembered how they part: that is as large as two lists of a signature."""
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


_Parted: TypeAlias = "tuple[list[Callable[..., Any]], list[DefType | None]]"


class _Fits(dict["DefType | None", bool]):
    """Whether functions of a type may be called by another one: tables have many elements of few types."""

    __slots__ = ("_called",)

    def __init__(self, called: DefType) -> None:
        self._called = called

    def __missing__(self, own: DefType | None) -> bool:
        fit = self[own] = own is None or own.is_subtype_of(self._called)
        return fit


def _parted(elements: Iterable[Any], start: int, counts: HostCalls | None = None) -> _Parted:
    """For elements, the first of which is number ``start``, what to call and of which type that is; no type, where any
    call traps. With ``counts`` it is for an instance whose calls of host functions are counted."""
    calls: list[Callable[..., Any]] = []
    types: list[DefType | None] = []
    for index, element in enumerate(elements, start):
        if element.__class__ is FuncInst:
            calls.append(element.call if counts is None else counts.counted(element))
            types.append(element.type)
        else:
            calls.append(_not_callable(element, index))
            types.append(None)
    return calls, types


def callable_for(
    element: Any, index: int, type_: DefType, counts: HostCalls | None = None
) -> Callable[..., Any]:
    """What an indirect call of a type calls for an element, which is number ``index``."""
    (call,) = _callables(_parted((element,), index, counts), type_)
    return call


def _callables(parted: _Parted, type_: DefType) -> list[Callable[..., Any]]:
    """What indirect calls of a type call for elements."""
    fits = _Fits(type_)
    return [call if fits[own] else _type_mismatch for call, own in zip(*parted, strict=True)]


def _not_callable(element: Any, index: int) -> Callable[..., NoReturn]:
    if element is not None:
        return _type_mismatch
    return _UNINITIALIZED[index] if index < len(_UNINITIALIZED) else _UNINITIALIZED_FAR


def _repeated(value: Any, count: int, start: int, counts: HostCalls | None) -> _Parted:
    """`_parted` for so many times the same element."""
    if value is not None:
        calls, types = _parted((value,), start, counts)
        return calls * count, types * count
    near = min(count, max(len(_UNINITIALIZED) - start, 0))
    calls, _ = _parted(repeat(None, near), start)
    return calls + [_UNINITIALIZED_FAR] * (count - near), [None] * count


class Elements(Protocol):
    """What stands for the list of a table's elements where an engine has them in a way of its own.

    Indices are in bounds, but for `extend`, which raises `MemoryError` where there cannot be so many more.
    """

    def __len__(self) -> int: ...
    def __getitem__(self, index: Any, /) -> Any: ...
    def __setitem__(self, index: Any, value: Any, /) -> None: ...
    def extend(self, values: Any, /) -> None: ...
    def calls(self, type_: DefType, instance: ModuleInstance | None, /) -> Any:
        """What has, by the index of an element, the callable for indirect calls of a type: see
        `TableInst.signature_list`. Elements may change after it is given."""


class TableInst:
    """A table in the store.

    ``ceiling`` is the number of elements that the table may grow to: its own maximum or the engine's limit.
    """

    __slots__ = (
        "__weakref__",
        "_counted",
        "_parted",
        "_signatures",
        "_type",
        "budget",
        "ceiling",
        "elems",
        "held_by",
        "wrapper",
    )

    def __init__(self, type_: TableType, init: Any, *, ceiling: int) -> None:
        self._type = type_
        self.ceiling = ceiling if type_.maximum is None else min(type_.maximum, ceiling)
        self.elems: Any = [init] * type_.minimum
        """Elements, a list or `Elements`: `FuncInst`, a host value, or ``None`` for null. Change them through the
        methods only."""
        self.held_by: str | None = PYTHON
        """The name of the engine whose instances have it; ``None`` as long as none has: it floats."""
        self._signatures: _Lists = {}
        self._parted: _Parted | None = None
        """All elements so, until one changes: modules ask for many types when they start."""
        self._counted: weakref.WeakKeyDictionary[ModuleInstance, _Lists] | None = None
        """Those of instances whose calls of host functions are counted."""
        self.budget: TableBudget | None = None
        """What it shares with other tables of its instance."""
        self.wrapper: weakref.ref[Any] | None = None
        """The embedder's object for this table."""

    def take(self, engine: str, elems: Elements) -> None:
        """Have the elements elsewhere from now on, as many and the same; `ValueError` unless the table floats."""
        if self.held_by is not None:
            raise ValueError(f"the table belongs to the engine {self.held_by!r}")
        self.elems, self.held_by = elems, engine
        self._parted = None

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
        if self.elems.__class__ is not list:
            found: list[Callable[..., Any]] = self.elems.calls(type_, instance)
            return found
        counts = None if instance is None else instance.host_calls
        if instance is None or counts is None:
            lists = self._signatures
        else:
            if self._counted is None:
                self._counted = weakref.WeakKeyDictionary()
            lists = self._counted.setdefault(instance, {})
        calls = lists.get(type_)
        if calls is None:
            if counts is not None:
                parted = _parted(self.elems, 0, counts)
            else:
                parted = self._parted or _parted(self.elems, 0)
                self._parted = parted if len(self.elems) <= _MOST_PARTED else None
            calls = lists[type_] = _callables(parted, type_)
        return calls

    def _lists(self) -> Iterator[tuple[HostCalls | None, _Lists]]:
        """All lists that there are, by what counts the calls."""
        if self._signatures:
            yield None, self._signatures
        for instance, lists in self._counted.items() if self._counted is not None else ():
            yield instance.host_calls, lists

    def get(self, index: int) -> Any:
        """The element; traps out of bounds."""
        if index >= len(self.elems):
            raise Trap(_OUT_OF_BOUNDS)
        return self.elems[index]

    def set(self, index: int, value: Any) -> None:
        """Replace an element; traps out of bounds."""
        if index >= len(self.elems):
            raise Trap(_OUT_OF_BOUNDS)
        self._write(index, [value])

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
        self._renew(size, size, lambda counts: _repeated(value, count, size, counts))
        return size

    def fill(self, index: int, value: Any, count: int) -> None:
        """``table.fill``; traps before anything is written."""
        if index + count > len(self.elems):
            raise Trap(_OUT_OF_BOUNDS)
        end = index + count
        self.elems[index:end] = [value] * count
        self._renew(index, end, lambda counts: _repeated(value, count, index, counts))

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
        self._renew(0, None, lambda counts: _parted(elements, 0, counts))

    def _write(self, index: int, values: list[Any]) -> None:
        end = index + len(values)
        self.elems[index:end] = values
        self._renew(index, end, lambda counts: _parted(values, index, counts))

    def _renew(
        self, index: int, end: int | None, parted: Callable[[HostCalls | None], _Parted]
    ) -> None:
        """Have the lists know of the elements from ``index`` on, which were those to ``end``."""
        self._parted = None
        for counts, lists in self._lists():
            made = parted(counts)
            for type_, calls in lists.items():
                calls[index:end] = _callables(made, type_)


def check_table_size(type_: TableType, limits: Limits) -> int:
    """How many elements a table of the type may have; `MemoryError` where its minimum is beyond the limit."""
    most, name = limits.max_table_elements, "max_table_elements"
    total = limits.max_total_table_elements
    if total is not None and total < most:
        most, name = total, "max_total_table_elements"
    if type_.minimum > most:
        raise MemoryError(
            f"cannot allocate a table of {type_.minimum} elements: the limit is {most} (Limits.{name})"
        )
    return most


def new_table(type_: TableType, init: Any, limits: Limits) -> TableInst:
    """A table of the type; `MemoryError` where its minimum is beyond the limit."""
    return TableInst(type_, init, ceiling=check_table_size(type_, limits))


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
