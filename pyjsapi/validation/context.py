"""Contexts (core specification, "Validation: Contexts"): what a module makes known to its instructions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from pyjsapi.syntax.deftypes import DefType, map_val
from pyjsapi.syntax.types import (
    ExternType,
    FuncExtern,
    GlobalType,
    HeapType,
    MemType,
    RefType,
    TableType,
    TagType,
    ValType,
)


@dataclass(slots=True)
class Context:
    """The specification's C, with closed types; every list but the last is an index space, imports first."""

    types: tuple[DefType, ...] = ()
    funcs: list[DefType] = field(default_factory=list)
    tables: list[TableType] = field(default_factory=list)
    mems: list[MemType] = field(default_factory=list)
    globals: list[GlobalType] = field(default_factory=list)
    tags: list[TagType] = field(default_factory=list)
    elems: list[RefType] = field(default_factory=list)
    datas: int = 0
    """Number of data segments."""
    refs: frozenset[int] = frozenset()
    """Functions that ``ref.func`` may name: those that the module mentions outside of function bodies."""
    imports: list[ExternType] = field(default_factory=list)
    """The types of the imports, in the order of the module's import section."""

    inexact: frozenset[int] = frozenset()
    """Imported functions that may be of a subtype of their type."""

    def is_exact(self, funcidx: int) -> bool:
        """Whether a function is of its type and of no subtype (custom descriptors proposal)."""
        return funcidx not in self.inexact

    def close(self, type_: ValType) -> ValType:
        """The value type with type indices replaced by the defined types they name."""
        return map_val(type_, self._close_heap)

    def _close_heap(self, heap: HeapType) -> HeapType:
        return self.types[heap] if isinstance(heap, int) else heap


def inexact_imports(imports: Iterable[ExternType]) -> frozenset[int]:
    """Which of the imported functions may be of a subtype of their type."""
    funcs = [type_ for type_ in imports if isinstance(type_, FuncExtern)]
    return frozenset(index for index, type_ in enumerate(funcs) if not type_.exact)
