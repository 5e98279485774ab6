"""What type checkers know of the API's arguments. It is imported for them only.

Descriptors may be any mapping or object, as in JavaScript, and are not checked; keywords are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from os import PathLike
from typing import TYPE_CHECKING, Any, Literal, NotRequired, Protocol, TypeAlias, TypedDict

from pyjsapi.ecmascript import ArrayBuffer, SharedArrayBuffer
from pyjsapi.ecmascript.arraybuffer import ArrayBufferView
from pyjsapi.ecmascript.values import Null

ValueType: TypeAlias = Literal[
    "i32", "i64", "f32", "f64", "v128", "externref", "anyfunc", "funcref"
]
"""The types of parameters and globals."""
AddressType: TypeAlias = Literal["i32", "i64"]

Function: TypeAlias = Callable[..., Any]
"""A function that a module exports, or a table holds."""
FunctionOrNull: TypeAlias = Function | Null


class JsBuffer(Protocol):
    """A buffer of JavaScript, in Pyodide."""

    def to_memoryview(self) -> memoryview:
        """Its bytes."""


class BinaryFile(Protocol):
    """A file that was opened in binary mode, or what is read like one."""

    def read(self) -> bytes:
        """What it has left."""


if TYPE_CHECKING:
    # Type checkers know it by themselves.
    from typing_extensions import Buffer, TypeVar

    BufferSource: TypeAlias = Buffer | ArrayBuffer | SharedArrayBuffer | ArrayBufferView | JsBuffer
    """The bytes of a module."""
    ModuleSource: TypeAlias = BufferSource | PathLike[str] | BinaryFile
    """What modules are read from."""
    Value = TypeVar("Value", default=Any)
    """What a global holds."""
    Element = TypeVar("Element", default=Any)
    """What a table holds."""


MemoryOverrides: TypeAlias = Mapping[Any, Mapping[str, Any]]
"""What memories are made with: members by the memory's index, or by the name that it is exported under."""


class MemoryMembers(TypedDict, total=False):
    """The keywords of `Memory`; sizes in pages."""

    initial: int | None
    maximum: int | None
    minimum: int | None
    shared: bool | None
    address: AddressType | None
    pageSize: Literal[1, 65536] | None
    noAccess: int | None
    readOnly: int | None
    maplength: int | None
    virtual: bool | None
    backing: Any
    storage: Literal["auto", "heap", "reserve", "guarded"] | None


class SizeMembers(TypedDict, total=False):
    """The keywords of `Table` but for its element; sizes in elements."""

    initial: int | None
    maximum: int | None
    minimum: int | None
    address: AddressType | None


class TagMembers(TypedDict, total=False):
    """The keywords of `Tag`."""

    parameters: Iterable[ValueType]


class IntegerGlobal(TypedDict):
    """A descriptor that says that a global holds an int."""

    value: Literal["i32", "i64"]
    mutable: NotRequired[bool]


class FloatGlobal(TypedDict):
    """One that says that it holds a float."""

    value: Literal["f32", "f64"]
    mutable: NotRequired[bool]


class FunctionTable(TypedDict):
    """A descriptor that says that a table holds functions."""

    element: Literal["anyfunc", "funcref"]
    initial: NotRequired[int]
    maximum: NotRequired[int]
    minimum: NotRequired[int]
    address: NotRequired[AddressType]
