"""The plan: what a linker must know to put a lowered module together (docs/lowering.md)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from pyjsapi.lowering.indices import Numbering
from pyjsapi.lowering.parts import Parts
from pyjsapi.syntax.module import Export, Import
from pyjsapi.syntax.types import (
    CompType,
    ExternType,
    FuncExtern,
    FuncType,
    GlobalType,
    MemType,
    TableType,
    TagType,
    extern_kind,
    index_spaces,
)

SECTION: Final = "pyjsapi.lowered"
"""Name of the custom section."""
VERSION: Final = 1

_KINDS: Final = {"func": "function"}
"""Kinds as the JS API calls them, where they differ."""


class _Types(NamedTuple):
    """The types in the index spaces of a module."""

    funcs: list[FuncExtern]
    tables: list[TableType]
    mems: list[MemType]
    globals: list[GlobalType]
    tags: list[TagType]


def plan_of(parts: Parts, numbering: Numbering, hidden: list[tuple[str, int]]) -> dict[str, Any]:
    """The plan for a lowered module, without the sizes of the parts.

    ``hidden`` are the names of exports for the linker alone, with the indices that the functions have in the original.
    """
    layout = parts.layout
    module, comps = layout.original, layout.comps

    spaces: Mapping[str, list[Any]] = index_spaces(
        _Types(
            funcs=[FuncExtern(index) for index in module.func_typeidxs],
            tables=module.table_types,
            mems=module.mem_types,
            globals=module.global_types,
            tags=module.imported(TagType) + module.tags,
        )
    )

    def import_(item: Import) -> list[Any]:
        return [item.module, item.name, _kind(extern_kind(item.type)), _type(item.type, comps)]

    def export(item: Export) -> list[Any]:
        entry = [item.name, _kind(item.kind), _type(spaces[item.kind][item.index], comps)]
        if item.kind == "memory" and item.index in layout.helper_of:
            return [*entry, parts.memory_source(item.index)]
        if item.kind == "func" and not numbering.shows(item.index):
            return [*entry, None, item.index]
        return entry

    return {
        "version": VERSION,
        "imports": [import_(item) for item in module.imports],
        "exports": [export(item) for item in module.exports],
        "sources": parts.main.sources,
        "reader": {"size": 0},
        "helpers": [{"size": 0, "sources": helper.sources} for helper in parts.helpers],
        "functions": hidden,
    }


def _type(extern: ExternType, comps: Sequence[CompType]) -> dict[str, Any]:
    match extern:
        case FuncExtern(type=index) | TagType(type=index):
            comp = comps[index] if isinstance(index, int) else None
            if not isinstance(comp, FuncType):
                raise TypeError("a function or tag has the type of a function")
            parameters = [str(t) for t in comp.params]
            if isinstance(extern, TagType):
                return {"parameters": parameters}
            return {"parameters": parameters, "results": [str(t) for t in comp.results]}
        case GlobalType():
            return {"value": str(extern.valtype), "mutable": extern.mutable}
        case MemType() | TableType():
            limits = _limits(extern)
            if isinstance(extern, TableType):
                return {**limits, "element": str(extern.reftype)}
            return {**limits, "shared": extern.shared}


def _kind(kind: str) -> str:
    return _KINDS.get(kind, kind)


def _limits(type_: MemType | TableType) -> dict[str, Any]:
    limits: dict[str, Any] = {"address": str(type_.addrtype), "minimum": type_.minimum}
    if type_.maximum is not None:
        limits["maximum"] = type_.maximum
    return limits
