"""The plan: what a linker must know to put a lowered module together (docs/lowering.md)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pyjsapi.syntax.module import Export, Import, Module
from pyjsapi.syntax.types import (
    ExternType,
    FuncExtern,
    FuncType,
    GlobalType,
    MemType,
    TableType,
    TagType,
    extern_kind,
)

if TYPE_CHECKING:
    from pyjsapi.lowering.main_module import MainModule

SECTION: Final = "pyjsapi.lowered"
"""Name of the custom section."""
VERSION: Final = 1

_KINDS: Final = {"func": "function"}
"""Kinds as the JS API calls them, where they differ."""


def plan_of(module: Module, main: MainModule) -> dict[str, Any]:
    """The plan for a lowered module, without the sizes of the helpers."""
    comps = [sub.comp for rec in module.types for sub in rec.subtypes]

    def type_(extern: ExternType) -> dict[str, Any]:
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

    spaces: dict[str, list[Any]] = {
        "func": [FuncExtern(index) for index in module.func_typeidxs],
        "table": module.table_types,
        "memory": module.mem_types,
        "global": module.global_types,
        "tag": module.imported(TagType) + module.tags,
    }

    def import_(item: Import) -> list[Any]:
        return [item.module, item.name, _kind(extern_kind(item.type)), type_(item.type)]

    def export(item: Export) -> list[Any]:
        entry = [item.name, _kind(item.kind), type_(spaces[item.kind][item.index])]
        if item.kind == "memory" and item.index in main.helper_of:
            return [*entry, main.memory_source(item.index)]
        if item.kind == "func" and not main.shows_index(item.index):
            return [*entry, None, item.index]
        return entry

    return {
        "version": VERSION,
        "imports": [import_(item) for item in module.imports],
        "exports": [export(item) for item in module.exports],
        "sources": main.builder.sources,
        "reader": {"size": 0},
        "helpers": [{"size": 0, "sources": helper.sources} for helper in main.helpers],
        "functions": main.hidden_functions,
    }


def _kind(kind: str) -> str:
    return _KINDS.get(kind, kind)


def _limits(type_: MemType | TableType) -> dict[str, Any]:
    limits: dict[str, Any] = {"address": str(type_.addrtype), "minimum": type_.minimum}
    if type_.maximum is not None:
        limits["maximum"] = type_.maximum
    return limits
