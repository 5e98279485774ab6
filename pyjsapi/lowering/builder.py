"""Modules under construction, and the plan that tells a linker how to put them together."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Final, TypeAlias

from pyjsapi.rewriting import builder
from pyjsapi.syntax.module import Export, Import, Instr, Module
from pyjsapi.syntax.types import ExternType, FuncExtern, FuncType, MemType, ValType

Source: TypeAlias = "int | list[object]"
"""What fills an import of a lowered module, as it stands in the plan: see docs/lowering.md."""

MEMORY: Final = "memory"
"""Name under which a helper exports its memory."""


def helper_export(helper: int, name: str) -> Source:
    """An export of a helper module."""
    return [helper, name]


class Builder(builder.Builder):
    """A module whose imports come with what fills them."""

    def __init__(self, module: Module) -> None:
        super().__init__(module)
        self.sources: list[Source] = list(range(len(module.imports)))
        """For each import what fills it; those that the original module has are numbered by it."""
        self._imported: dict[Hashable, int] = {}

    def import_(self, source: Source, type_: ExternType, names: tuple[str, str] = ("", "")) -> None:
        """Add an import of anything."""
        if isinstance(type_, FuncExtern):
            self.import_count += 1
        self.module.imports.append(Import(*names, type_))
        self.sources.append(source)

    def import_function(self, source: Source, type_: FuncType) -> int:
        """The index of an imported function, which is imported once."""
        return self.import_function_as(source, self.type(type_))

    def import_function_as(self, source: Source, typeidx: int) -> int:
        """Likewise, with a type that the module has."""
        key = repr(source)
        index = self._imported.get(key)
        if index is None:
            index = self._imported[key] = self.import_count
            self.import_(source, FuncExtern(typeidx))
        return index


class Helper(Builder):
    """A module that holds one memory, and functions that work on it."""

    def __init__(self, number: int, type_: MemType, import_: tuple[int, Import] | None) -> None:
        super().__init__(Module())
        self.number = number
        if import_ is None:
            self.module.mems.append(type_)
        else:
            position, item = import_
            self.import_(position, type_, (item.module, item.name))
        self.module.exports.append(Export(MEMORY, "memory", 0))

    def export_function(
        self, key: Hashable, type_: FuncType, locals_: Sequence[ValType], body: list[Instr]
    ) -> Source:
        """The source for an import of a function that the helper supplies, known by ``key``."""
        known = self.has(key)
        position = self.add(key, type_, locals_, body)
        return self.export(position) if known is None else helper_export(self.number, str(position))

    def export(self, position: int) -> Source:
        """Export an added function; a helper imports none, so its position is its index."""
        self.module.exports.append(Export(str(position), "func", position))
        return helper_export(self.number, str(position))
