"""Types (core specification, "Structure: Types").

Number, vector and reference types are compared by identity first: the constants below are the only instances
of the types they name. Reference types to defined types are values, compared by ``==``.

A type as it stands in a module names defined types by type index (`int`). A *closed* type names them by
`DefType` (see :mod:`pyjsapi.syntax.deftypes`); validation turns the first kind into the second.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol, TypeAlias, TypeVar

if TYPE_CHECKING:
    from pyjsapi.syntax.deftypes import DefType

PAGE_SIZE: Final = 65536
"""Bytes in a page of a memory (without custom page sizes)."""
PAGE_SIZE_LOG2: Final = 16
"""The same as a power of two."""


class ValType:
    """A value type; see the module's constants."""

    __slots__ = ("bits", "code", "name")

    def __init__(self, name: str, code: int, bits: int) -> None:
        self.name = name
        self.code = code
        """Byte that stands for the type in the binary format."""
        self.bits = bits
        """Width in bits, 0 for a reference."""

    def __repr__(self) -> str:
        return self.name


class NumType(ValType):
    """i32, i64, f32 or f64."""

    __slots__ = ()


class VecType(ValType):
    """v128."""

    __slots__ = ()


class BotType(ValType):
    """The bottom type of the validation algorithm: what unreachable code leaves on the stack."""

    __slots__ = ()


I32: Final = NumType("i32", 0x7F, 32)
I64: Final = NumType("i64", 0x7E, 64)
F32: Final = NumType("f32", 0x7D, 32)
F64: Final = NumType("f64", 0x7C, 64)
V128: Final = VecType("v128", 0x7B, 128)
BOT: Final = BotType("bot", 0, 0)

AddrType: TypeAlias = NumType
"""I32 or I64: the type of an address in a memory or table."""


class AbsHeapType:
    """An abstract heap type; see the module's constants."""

    __slots__ = ("code", "name")

    def __init__(self, name: str, code: int) -> None:
        self.name = name
        self.code = code

    def __repr__(self) -> str:
        return self.name


NOCONT: Final = AbsHeapType("nocont", 0x75)
NOEXN: Final = AbsHeapType("noexn", 0x74)
NOFUNC: Final = AbsHeapType("nofunc", 0x73)
NOEXTERN: Final = AbsHeapType("noextern", 0x72)
NONE: Final = AbsHeapType("none", 0x71)
FUNC: Final = AbsHeapType("func", 0x70)
EXTERN: Final = AbsHeapType("extern", 0x6F)
ANY: Final = AbsHeapType("any", 0x6E)
EQ: Final = AbsHeapType("eq", 0x6D)
I31: Final = AbsHeapType("i31", 0x6C)
STRUCT: Final = AbsHeapType("struct", 0x6B)
ARRAY: Final = AbsHeapType("array", 0x6A)
EXN: Final = AbsHeapType("exn", 0x69)
CONT: Final = AbsHeapType("cont", 0x68)
BOT_HEAP: Final = AbsHeapType("bot", 0)
"""Heap type below every other, only made by validation."""

ABS_HEAP_TYPES: Final = (
    NOEXN, NOFUNC, NOEXTERN, NONE, FUNC, EXTERN, ANY, EQ, I31, STRUCT, ARRAY, EXN, NOCONT, CONT,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class RecRef:
    """The i-th type of the recursion group that the reference stands in (closed types only)."""

    index: int


@dataclass(frozen=True, slots=True)
class Exact:
    """``(exact x)``: the type itself, without its subtypes (custom descriptors proposal)."""

    type: int | DefType | RecRef
    """A type index, or closed."""


HeapType: TypeAlias = "AbsHeapType | int | DefType | RecRef | Exact"


class RefType(ValType):
    """``(ref null? heap)``. Equal when nullability and heap type are equal."""

    __slots__ = ("heap", "nullable")

    def __init__(self, nullable: bool, heap: HeapType) -> None:
        short = nullable and isinstance(heap, AbsHeapType) and heap is not BOT_HEAP
        if short and isinstance(heap, AbsHeapType):
            super().__init__(_SHORT_NAMES.get(heap.name, heap.name + "ref"), heap.code, 0)
        else:
            # Defined types refer to each other: written out, a few of them would fill the memory.
            shown = _shown(heap)
            name = f"(ref {'null ' if nullable else ''}{shown})"
            super().__init__(name, 0x63 if nullable else 0x64, 0)
        self.nullable = nullable
        self.heap = heap

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        return (
            isinstance(other, RefType)
            and self.nullable == other.nullable
            and (self.heap is other.heap or self.heap == other.heap)
        )

    def __hash__(self) -> int:
        return hash((self.nullable, self.heap))


def _shown(heap: HeapType) -> str:
    if isinstance(heap, Exact):
        return f"(exact {_shown(heap.type)})"
    return f"{heap}" if isinstance(heap, (AbsHeapType, int, RecRef)) else "(type)"


_SHORT_NAMES: Final = {
    "none": "nullref",
    "nofunc": "nullfuncref",
    "noextern": "nullexternref",
    "noexn": "nullexnref",
    "nocont": "nullcontref",
}

FUNCREF: Final = RefType(True, FUNC)
EXTERNREF: Final = RefType(True, EXTERN)
_ABSTRACT: Final = {
    (nullable, heap): FUNCREF
    if nullable and heap is FUNC
    else EXTERNREF
    if nullable and heap is EXTERN
    else RefType(nullable, heap)
    for nullable in (True, False)
    for heap in ABS_HEAP_TYPES
}


def ref_type(nullable: bool, heap: HeapType) -> RefType:
    """The reference type; for an abstract heap type always the same object."""
    if isinstance(heap, AbsHeapType) and heap is not BOT_HEAP:
        return _ABSTRACT[nullable, heap]
    return RefType(nullable, heap)


class PackType:
    """A packed storage type of a field: i8 or i16."""

    __slots__ = ("bits", "code", "name")

    def __init__(self, name: str, code: int, bits: int) -> None:
        self.name = name
        self.code = code
        self.bits = bits

    def __repr__(self) -> str:
        return self.name


I8: Final = PackType("i8", 0x78, 8)
I16: Final = PackType("i16", 0x77, 16)

StorageType: TypeAlias = "ValType | PackType"


@dataclass(frozen=True, slots=True)
class FieldType:
    """A field of a structure or the element of an array."""

    storage: StorageType
    mutable: bool


@dataclass(frozen=True, slots=True)
class FuncType:
    """Parameters to results."""

    params: tuple[ValType, ...]
    results: tuple[ValType, ...]

    def __str__(self) -> str:
        return f"[{' '.join(map(repr, self.params))}] -> [{' '.join(map(repr, self.results))}]"


@dataclass(frozen=True, slots=True)
class StructType:
    """Fields in order."""

    fields: tuple[FieldType, ...]


@dataclass(frozen=True, slots=True)
class ArrayType:
    """One field type for every element."""

    field: FieldType


@dataclass(frozen=True, slots=True)
class ContType:
    """Continuations of functions of a type."""

    type: HeapType
    """A type index, or closed."""

    def __str__(self) -> str:
        return f"cont {self.type}"


CompType: TypeAlias = "FuncType | StructType | ArrayType | ContType"


@dataclass(frozen=True, slots=True)
class SubType:
    """A composite type with its declared supertypes (at most one is valid)."""

    final: bool
    supers: tuple[HeapType, ...]
    comp: CompType
    describes: HeapType | None = None
    """The type that structures of this one are descriptors of (custom descriptors proposal)."""
    descriptor: HeapType | None = None
    """The type of the descriptors that structures of this one have."""


@dataclass(frozen=True, slots=True)
class RecType:
    """A recursion group: each member takes one type index."""

    subtypes: tuple[SubType, ...]


@dataclass(frozen=True, slots=True)
class MemType:
    """Type of a memory; minimum and maximum in pages of ``2**page_size_log2`` bytes."""

    addrtype: AddrType
    minimum: int
    maximum: int | None
    shared: bool = False
    page_size_log2: int = PAGE_SIZE_LOG2

    @property
    def page_size(self) -> int:
        """Bytes in a page."""
        return 1 << self.page_size_log2


@dataclass(frozen=True, slots=True)
class TableType:
    """Type of a table; minimum and maximum in elements."""

    addrtype: AddrType
    minimum: int
    maximum: int | None
    reftype: RefType


@dataclass(frozen=True, slots=True)
class GlobalType:
    """Type of a global."""

    valtype: ValType
    mutable: bool


@dataclass(frozen=True, slots=True)
class TagType:
    """Type of a tag: the function type at ``typeidx``, or closed."""

    type: int | DefType


@dataclass(frozen=True, slots=True)
class FuncExtern:
    """Type of an imported function: a type index, or closed."""

    type: int | DefType
    exact: bool = False
    """Whether it may be of no subtype (custom descriptors proposal)."""


ExternType: TypeAlias = "FuncExtern | TableType | MemType | GlobalType | TagType"

EXTERN_KINDS: Final = ("func", "table", "memory", "global", "tag")
"""Kinds of imports and exports, in the order of their codes in the binary format."""


def extern_kind(type_: ExternType) -> str:
    """The kind in `EXTERN_KINDS` that a type belongs to."""
    return _KIND_OF[type(type_)]


_KIND_OF: Final[dict[type, str]] = {
    FuncExtern: "func",
    TableType: "table",
    MemType: "memory",
    GlobalType: "global",
    TagType: "tag",
}


if TYPE_CHECKING:
    _Funcs = TypeVar("_Funcs", covariant=True)
    _Tables = TypeVar("_Tables", covariant=True)
    _Mems = TypeVar("_Mems", covariant=True)
    _Globals = TypeVar("_Globals", covariant=True)
    _Tags = TypeVar("_Tags", covariant=True)

    class IndexSpaces(Protocol[_Funcs, _Tables, _Mems, _Globals, _Tags]):
        """Whatever has something for each kind: types, instances, identifiers."""

        @property
        def funcs(self) -> _Funcs: ...
        @property
        def tables(self) -> _Tables: ...
        @property
        def mems(self) -> _Mems: ...
        @property
        def globals(self) -> _Globals: ...
        @property
        def tags(self) -> _Tags: ...


def index_spaces(
    holder: IndexSpaces[_Funcs, _Tables, _Mems, _Globals, _Tags],
) -> dict[str, _Funcs | _Tables | _Mems | _Globals | _Tags]:
    """The index spaces of something, by the kinds in `EXTERN_KINDS`."""
    return {
        "func": holder.funcs,
        "table": holder.tables,
        "memory": holder.mems,
        "global": holder.globals,
        "tag": holder.tags,
    }
