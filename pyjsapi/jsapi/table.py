"""``WebAssembly.Table`` (index.bs, "Tables")."""

from __future__ import annotations

import weakref
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, Generic, Literal, NoReturn, TypeVar, Unpack, overload

from pyjsapi.ecmascript import RangeError
from pyjsapi.ecmascript.errors import DataCloneError
from pyjsapi.embedding.settings import settings_of
from pyjsapi.jsapi.descriptors import ADDRESS_TYPES, Descriptor, address_value, limits_of
from pyjsapi.jsapi.functions import default_value, from_js, is_hidden, to_js
from pyjsapi.jsapi.identity import object_of
from pyjsapi.runtime import FuncInst, TableInst
from pyjsapi.runtime.table import new_table
from pyjsapi.syntax.errors import Trap
from pyjsapi.syntax.types import EXTERNREF, FUNCREF, TableType
from pyjsapi.validation.limits import Limits

if TYPE_CHECKING:
    from pyjsapi.jsapi.signatures import Element, FunctionOrNull, FunctionTable, SizeMembers
else:
    Element = TypeVar("Element")

_ELEMENT_TYPES: Final = {"anyfunc": FUNCREF, "externref": EXTERNREF}
_MEMBERS: Final = ("address", "element", "initial", "maximum", "minimum")


class Table(Generic[Element]):
    """A table, as the host sees it: one object per table.

    ``Table({"element": "anyfunc", "initial": 2, "maximum": 8}, value)``; sizes in elements. ``limits`` bound how
    many it may have. Raises `TypeError` for a wrong descriptor or value, `RangeError` for sizes that are not valid
    or cannot be allocated.
    """

    __slots__ = ("__weakref__", "_table")

    _table: TableInst

    @overload
    def __init__(
        self: Table[FunctionOrNull],
        descriptor: FunctionTable,
        value: object = None,
        /,
        *,
        limits: Limits | Mapping[str, float | None] | None = None,
    ) -> None: ...

    @overload
    def __init__(
        self: Table[FunctionOrNull],
        descriptor: None = None,
        value: object = None,
        /,
        *,
        element: Literal["anyfunc", "funcref"],
        limits: Limits | Mapping[str, float | None] | None = None,
        **members: Unpack[SizeMembers],
    ) -> None: ...

    @overload
    def __init__(
        self,
        descriptor: Any = None,
        value: object = None,
        /,
        *,
        element: Literal["anyfunc", "funcref", "externref"] | None = None,
        limits: Limits | Mapping[str, float | None] | None = None,
        **members: Unpack[SizeMembers],
    ) -> None: ...

    def __init__(
        self,
        descriptor: Any = None,
        value: Any = None,
        /,
        *,
        limits: Limits | Mapping[str, float | None] | None = None,
        **members: Any,
    ) -> None:
        settings = settings_of({"limits": limits}, "WebAssembly.Table()")
        read = Descriptor(descriptor, members, "WebAssembly.Table()", _MEMBERS)
        # The dictionary converter reads `element` and `address` first, then the limits that depend on it.
        addrtype = read.enum("address", ADDRESS_TYPES, "i32")
        reftype = read.enum("element", _ELEMENT_TYPES)
        initial, maximum = limits_of(read, addrtype)
        if maximum is not None and maximum < initial:
            raise RangeError(
                f"WebAssembly.Table(): property 'maximum': value {maximum} is below the lower bound {initial}"
            )
        init = default_value(reftype) if value is None else from_js(value, reftype)
        try:
            type_ = TableType(addrtype, initial, maximum, reftype)
            table = new_table(type_, init, settings.limits)
        except (MemoryError, OverflowError) as error:
            raise RangeError(
                f"WebAssembly.Table(): could not allocate the table: {error}"
            ) from error
        table.held_by = None
        self._attach(table)

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        """StructuredSerialize: a table belongs to its agent."""
        raise DataCloneError("a WebAssembly.Table cannot be stored or copied")

    def _attach(self, table: TableInst) -> None:
        self._table = table
        table.wrapper = weakref.ref(self)

    @property
    def length(self) -> int:
        """Number of elements."""
        return self._table.size()

    def __len__(self) -> int:
        return self._table.size()

    def get(self, index: Any = None, /) -> Element:
        """An element: a function, a value, or `null`. Raises `RangeError` out of bounds."""
        elements = self._table.elems
        if index.__class__ is int and 0 <= index < len(elements):
            found = elements[index]
            # What glue code does at each of its calls.
            if found.__class__ is FuncInst and found.wrapper is not None:
                return found.wrapper  # type: ignore[no-any-return]
        at = self._index(index, "get")
        try:
            return to_js(self._table.get(at), self._table.reftype)  # type: ignore[no-any-return]
        except Trap:
            raise self._out_of_bounds(at, "get") from None

    def set(self, index: Any = None, value: Any = None, /) -> None:
        """Replace an element; without a value by `null` (functions) or undefined (external references).

        Raises `TypeError` for a value of another type, `RangeError` out of bounds.
        """
        at = self._index(index, "set")
        hidden = is_hidden(self._table.reftype)
        if hidden:
            raise TypeError(f"WebAssembly.Table.set(): a reference to {hidden} cannot be given")
        element = self._element(value)
        try:
            self._table.set(at, element)
        except Trap:
            raise self._out_of_bounds(at, "set") from None

    def grow(self, delta: Any = None, value: Any = None, /) -> int:
        """Add ``delta`` elements; the length before. Raises `RangeError` when the table cannot grow so far."""
        count = address_value(delta, self._table.addrtype, "WebAssembly.Table.grow(): delta")
        before = self._table.grow(self._element(value), count)
        if before < 0:
            from pyjsapi.syntax.spelling import counted

            raise RangeError(
                f"WebAssembly.Table.grow(): cannot grow by {count}: the table has {counted(self.length, 'element')} "
                f"and may have {self._table.limit()}"
            )
        return before

    def type(self) -> dict[str, Any]:
        """Type reflection: ``minimum`` (the current length), ``maximum``, ``element``, ``address``."""
        return table_type(self._table.type)

    def _index(self, value: Any, method: str) -> int:
        return address_value(value, self._table.addrtype, f"WebAssembly.Table.{method}(): index")

    def _element(self, value: Any) -> Any:
        reftype = self._table.reftype
        return default_value(reftype) if value is None else from_js(value, reftype)

    def _out_of_bounds(self, index: int, method: str) -> RangeError:
        from pyjsapi.syntax.spelling import counted

        size = counted(self.length, "element")
        return RangeError(
            f"WebAssembly.Table.{method}(): invalid index {index} into a table of {size}"
        )

    def __repr__(self) -> str:
        from pyjsapi.syntax.spelling import counted

        return f"<WebAssembly.Table of {counted(self.length, 'element')}>"


def table_object(table: TableInst) -> Table:
    """ "Create a table object": the one `Table` of a table instance."""
    return object_of(table, Table)


def table_type(type_: TableType) -> dict[str, Any]:
    """A table type as an object of the type reflection proposal."""
    found: dict[str, Any] = {"minimum": type_.minimum}
    if type_.maximum is not None:
        found["maximum"] = type_.maximum
    return {**found, "element": repr(type_.reftype), "address": type_.addrtype.name}
