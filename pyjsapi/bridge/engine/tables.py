"""Tables and globals of the engine of JavaScript."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NoReturn

from pyjsapi.bridge.engine.hooks import NATIVE, Handle
from pyjsapi.bridge.engine.letters import NAME, OPAQUE, descriptor_name, letter
from pyjsapi.bridge.engine.memories import retried
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

    def extend(self, values: Sequence[Any], /) -> None:
        """Grow by some elements, all of which are the same. Raises `MemoryError`."""
        value = values[0] if values else None
        if NATIVE.grow_table(self._number, len(values), self._letter, value) < 0:
            raise MemoryError("the engine could not grow the table")

    def calls(self, type_: DefType, _: ModuleInstance | None, /) -> Any:
        """See `runtime.table.Elements`."""
        return _Calls(self, type_)


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


def table_of(type_: TableType, handle: Handle, limits: Limits) -> TableInst:
    """The table instance for a table of the engine's."""
    table = TableInst(replace(type_, minimum=0), None, ceiling=limits.max_table_elements)
    table.held_by = None
    table.take(NAME, NativeElements(handle, letter(type_.reftype)))
    return table


def take_table(table: TableInst) -> Handle | None:
    """The engine's table for one that floats, which has its elements from now on; ``None`` where it cannot have them.

    Raises `MemoryError`.
    """
    type_, elements = table.type, list(table.elems)
    code = letter(type_.reftype)
    if code == OPAQUE:
        return None
    maximum = -1 if type_.maximum is None else type_.maximum
    element, address = descriptor_name(type_.reftype), type_.addrtype.name
    made = Handle(retried(lambda: NATIVE.new_table(element, len(elements), maximum, address)))
    native = NativeElements(made, code)
    if any(each is not None for each in elements):
        native[0 : len(elements)] = elements
    table.take(NAME, native)
    return made


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
    made.held_by = None
    made.take(NAME, NativeCell(handle, letter(type_.valtype)))
    return made


def take_global(global_: GlobalInst) -> Handle:
    """The engine's global for one that floats, of a type that JavaScript has values of."""
    type_ = global_.type
    code = letter(type_.valtype)
    name = descriptor_name(type_.valtype)
    made = Handle(NATIVE.new_global(name, type_.mutable, code, global_.cell[0]))
    global_.take(NAME, NativeCell(made, code))
    return made
