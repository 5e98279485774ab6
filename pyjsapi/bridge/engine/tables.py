"""Tables and globals of the engine of JavaScript."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

from pyjsapi.bridge.engine.hooks import NATIVE, Handle
from pyjsapi.bridge.engine.letters import OPAQUE, descriptor_name, letter
from pyjsapi.bridge.engine.memories import retried
from pyjsapi.engines.errors import Refusal
from pyjsapi.runtime.function import FuncInst
from pyjsapi.runtime.global_ import GlobalInst
from pyjsapi.runtime.table import TableInst
from pyjsapi.syntax.deftypes import DefType
from pyjsapi.syntax.errors import Trap
from pyjsapi.syntax.types import GlobalType, TableType
from pyjsapi.validation.limits import Limits

if TYPE_CHECKING:
    from pyjsapi.runtime.instance import ModuleInstance


class NativeElements(Sequence[Any]):
    """The elements of a table, which are looked up each time, as far as `TableInst` needs a list."""

    __slots__ = ("_letter", "_number", "handle")

    def __init__(self, handle: Handle, code: str) -> None:
        self.handle = handle
        self._number = int(handle)
        self._letter = code

    def __len__(self) -> int:
        return int(NATIVE.table_size(self._number))

    def __getitem__(self, index: Any, /) -> Any:
        if self._letter == OPAQUE:
            raise TypeError("references to exceptions cannot be read from Python")
        if isinstance(index, slice):
            return [self[each] for each in range(*index.indices(len(self)))]
        if not 0 <= index < len(self):
            raise IndexError("list index out of range")
        return NATIVE.get_element(self._number, index, self._letter)

    def __setitem__(self, place: slice, values: Sequence[Any]) -> None:
        for index, value in enumerate(values, place.start):
            NATIVE.set_element(self._number, index, self._letter, value)

    def extend(self, values: Sequence[Any]) -> None:
        """Grow by some elements, all of which are the same. Raises `MemoryError`."""
        value = values[0] if values else None
        if NATIVE.grow_table(self._number, len(values), self._letter, value) < 0:
            raise MemoryError("the engine could not grow the table")


class _Calls(Sequence[Callable[..., Any]]):
    """What indirect calls of a type call in code of the Python engine: looked up at each call."""

    def __init__(self, elements: NativeElements, type_: DefType) -> None:
        self._elements = elements
        self._type = type_

    def __len__(self) -> int:
        return len(self._elements)

    def __getitem__(self, index: Any, /) -> Any:
        if not 0 <= index < len(self._elements):
            raise Trap("undefined element")
        found = self._elements[index]
        if found is None:
            raise Trap(f"uninitialized element {index}")
        if not isinstance(found, FuncInst) or not found.type.is_subtype_of(self._type):
            raise Trap("indirect call type mismatch")
        return found.call


class NativeTable(TableInst):
    """A table of the engine's. ``ceiling`` is the number of elements that the host may let it grow to."""

    __slots__ = ("_elements",)

    def __init__(self, type_: TableType, handle: Handle, *, ceiling: int) -> None:
        super().__init__(_empty(type_), None, ceiling=ceiling)
        self._type = type_
        self._elements = NativeElements(handle, letter(type_.reftype))

    @property
    def elems(self) -> Any:
        """The elements."""
        return self._elements

    @elems.setter
    def elems(self, _: list[Any]) -> None:
        """They are the engine's."""

    @property
    def handle(self) -> Handle:
        """The engine's table."""
        return self._elements.handle

    def signature_list(self, type_: DefType, instance: ModuleInstance | None = None) -> Any:
        """See `TableInst`."""
        return _Calls(self._elements, type_)


def _empty(type_: TableType) -> TableType:
    return TableType(type_.addrtype, 0, type_.maximum, type_.reftype)


def new_table(type_: TableType, limits: Limits, init: Any) -> NativeTable:
    """A table of the host's, which the engine makes. Raises `MemoryError`."""
    check_elements(type_, limits)
    maximum = -1 if type_.maximum is None else type_.maximum
    element, address = descriptor_name(type_.reftype), type_.addrtype.name
    number = retried(lambda: NATIVE.new_table(element, type_.minimum, maximum, address))
    table = NativeTable(type_, Handle(number), ceiling=limits.max_table_elements)
    if init is not None and type_.minimum:
        table.fill(0, init, type_.minimum)
    return table


def check_elements(type_: TableType, limits: Limits) -> None:
    """Raise `MemoryError` for a table that is larger than it may be."""
    most, name = limits.max_table_elements, "max_table_elements"
    if type_.minimum > most:
        raise MemoryError(
            f"cannot allocate a table of {type_.minimum} elements: the limit is {most} (Limits.{name})"
        )


class NativeCell:
    """The value of a global, as item 0."""

    __slots__ = ("_letter", "_number", "handle")

    def __init__(self, handle: Handle, code: str) -> None:
        self.handle = handle
        self._number = int(handle)
        self._letter = code

    def __getitem__(self, _: int) -> Any:
        self._check()
        return NATIVE.get_global(self._number, self._letter)

    def __setitem__(self, _: int, value: Any) -> None:
        self._check()
        NATIVE.set_global(self._number, self._letter, value)

    def _check(self) -> None:
        if self._letter == OPAQUE:
            _refuse_opaque()


def _refuse_opaque() -> NoReturn:
    raise TypeError("values of this type cannot be read or given outside of native code")


def global_of(type_: GlobalType, handle: Handle) -> GlobalInst:
    """The global instance for a global of the engine's."""
    made = GlobalInst(type_, None)
    made.cell = NativeCell(handle, letter(type_.valtype))  # type: ignore[assignment]
    return made


def new_global(type_: GlobalType, value: Any) -> GlobalInst:
    """A global of the host's, which the engine makes. Raises `Refusal` for a type that it does not have."""
    code = letter(type_.valtype)
    if code == OPAQUE:
        raise Refusal(f"the engine of JavaScript makes no globals of type {type_.valtype}")
    name = descriptor_name(type_.valtype)
    return global_of(type_, Handle(NATIVE.new_global(name, type_.mutable, code, value)))
