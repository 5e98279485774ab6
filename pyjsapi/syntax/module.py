"""Modules (core specification, "Structure: Modules").

Index spaces hold imports first, then definitions; the lists below hold definitions only, and
`Module.imported` gives the types of the imports of a kind.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol, TypeAlias, TypeVar

from pyjsapi.syntax.instructions import Op
from pyjsapi.syntax.types import (
    ExternType,
    FuncExtern,
    GlobalType,
    MemType,
    RecType,
    RefType,
    TableType,
    TagType,
    ValType,
)

Instr: TypeAlias = tuple[Any, ...]
"""An instruction: its `Op`, then its immediates in the order that the op's `Imm` states."""

Expr: TypeAlias = Sequence[Instr]
"""A flat instruction sequence; ``block``, ``loop``, ``if`` are closed by ``end``, and so is the whole."""

_E = TypeVar("_E", bound=ExternType)

SECTIONS: Final = (
    "type", "import", "func", "table", "memory", "tag", "global", "export", "start", "elem", "datacount",
    "code", "data",
)  # fmt: skip
"""Names of the sections other than custom ones, in the order that they have in a module."""
MEMORY_MAP: Final = "pyjsapi.memory-map"
"""The custom section by which a module has resources mapped into its memories: see `sharing.memory_map`."""


def op_of(instr: Instr) -> Op:
    """The table row of an instruction, typed."""
    op: Op = instr[0]
    return op


@dataclass(slots=True)
class Code:
    """Locals and body of a function."""

    locals: tuple[tuple[int, ValType], ...]
    """Groups of (count, type), as in the binary format: a hostile count costs nothing until expanded."""
    body: list[Instr]
    """Ends with ``end``."""

    def load(self) -> Code:
        """The code itself; see `CodeSource`."""
        return self

    def offset_of(self, instruction: int) -> int | None:
        """Code made in memory has no byte offsets."""
        return None


class CodeSource(Protocol):
    """Where a function's code comes from: a `Code`, or the bytes of a module, decoded on demand."""

    def load(self) -> Code:
        """Decode (or just return) the code. Nothing is kept."""

    def offset_of(self, instruction: int) -> int | None:
        """Byte offset in the module of the body's instruction at this position, where there is one."""


@dataclass(frozen=True, slots=True)
class ImportGroup:
    """An entry of the import section that has several imports from one module."""

    number: int
    """Which one it is: entries that follow each other stay apart."""
    one_type: bool
    """Whether the type stands once for all, instead of beside each."""


@dataclass(slots=True)
class Import:
    """An import: module name, item name, type; and its entry, unless that is its own."""

    module: str
    name: str
    type: ExternType
    group: ImportGroup | None = None


def import_entries(imports: Sequence[Import]) -> Iterator[Sequence[Import]]:
    """The entries of the import section: imports that follow each other, of one group."""
    start = 0
    for i, item in enumerate(imports):
        last = i + 1 == len(imports)
        if last or item.group is None or not _goes_on(item, imports[i + 1]):
            yield imports[start : i + 1]
            start = i + 1


def _goes_on(item: Import, following: Import) -> bool:
    group = item.group
    same_entry = group == following.group and item.module == following.module
    return same_entry and (group is None or not group.one_type or item.type == following.type)


@dataclass(slots=True)
class Func:
    """A function definition."""

    typeidx: int
    code: CodeSource


@dataclass(slots=True)
class Table:
    """A table definition with its initial value (``None``: ref.null of the table's type)."""

    type: TableType
    init: Expr | None


@dataclass(slots=True)
class Global:
    """A global definition."""

    type: GlobalType
    init: Expr


@dataclass(slots=True)
class Export:
    """An export: ``kind`` is one of `EXTERN_KINDS`."""

    name: str
    kind: str
    index: int


@dataclass(slots=True)
class Active:
    """Mode of a segment that is copied at instantiation into memory or table ``index`` at ``offset``."""

    index: int
    offset: Expr


@dataclass(slots=True)
class Elem:
    """An element segment; ``mode`` is active, or "passive", or "declarative"."""

    type: RefType
    init: list[Expr]
    mode: Active | str


@dataclass(slots=True)
class Data:
    """A data segment; ``mode`` is active, or "passive"."""

    init: bytes
    mode: Active | str


@dataclass(slots=True)
class Custom:
    """A custom section; ``after`` is the name in `SECTIONS` of the section that it follows ("" at the start)."""

    name: str
    data: bytes
    after: str


@dataclass(slots=True)
class Module:
    """A module as decoded or parsed: types by index, not yet validated."""

    types: list[RecType] = field(default_factory=list)
    imports: list[Import] = field(default_factory=list)
    funcs: list[Func] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    mems: list[MemType] = field(default_factory=list)
    tags: list[TagType] = field(default_factory=list)
    globals: list[Global] = field(default_factory=list)
    exports: list[Export] = field(default_factory=list)
    start: int | None = None
    elems: list[Elem] = field(default_factory=list)
    datas: list[Data] = field(default_factory=list)
    data_count: int | None = None
    """Contents of the data count section, ``None`` without one."""
    customs: list[Custom] = field(default_factory=list)

    def imported(self, kind: type[_E]) -> list[_E]:
        """The types of the imports of one kind, in order: e.g. ``module.imported(MemType)``."""
        return [i.type for i in self.imports if isinstance(i.type, kind)]

    @property
    def mem_types(self) -> list[MemType]:
        """The memory index space."""
        return self.imported(MemType) + self.mems

    @property
    def table_types(self) -> list[TableType]:
        """The table index space."""
        return self.imported(TableType) + [t.type for t in self.tables]

    @property
    def global_types(self) -> list[GlobalType]:
        """The global index space."""
        return self.imported(GlobalType) + [g.type for g in self.globals]

    @property
    def func_typeidxs(self) -> list[int]:
        """The function index space, as type indices."""
        imported = [t.type for t in self.imported(FuncExtern) if isinstance(t.type, int)]
        return imported + [f.typeidx for f in self.funcs]
