"""Modules under construction, and the plan that tells a linker how to put them together."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from pyjsapi.binary.names import Names, set_names
from pyjsapi.lowering.sequences import END
from pyjsapi.syntax.module import Code, CodeSource, Export, Func, Global, Import, Instr, Module
from pyjsapi.syntax.types import (
    ExternType,
    FuncExtern,
    FuncType,
    GlobalType,
    MemType,
    RecType,
    SubType,
    ValType,
)

Source: TypeAlias = "int | list[object]"
"""What fills an import of a lowered module, as it stands in the plan: see docs/lowering.md."""

MEMORY: Final = "memory"
"""Name under which a helper exports its memory."""


def helper_export(helper: int, name: str) -> Source:
    """An export of a helper module."""
    return [helper, name]


@dataclass(slots=True)
class _Function:
    type: FuncType
    locals: tuple[ValType, ...]
    body: list[Instr]
    code: CodeSource | None = None
    """In place of the two before."""


class Builder:
    """A module to which types, imports and functions are added; indices are final when they are given out.

    Functions that are added come after those that the module defines already.
    """

    def __init__(self, module: Module) -> None:
        self.module = module
        self.sources: list[Source] = list(range(len(module.imports)))
        """For each import what fills it; those that the original module has are numbered by it."""
        self._types: dict[FuncType, int] = {}
        self._type_count = sum([len(rec.subtypes) for rec in module.types])
        self._imported: dict[Hashable, int] = {}
        self._import_count = len(module.imported(FuncExtern))
        self._added: dict[Hashable, int] = {}
        self._functions: list[_Function] = []
        self.names: dict[int, str] = {}
        """Names of added functions, by position, in a module that has no others."""

    def type(self, type_: FuncType) -> int:
        """The index of a type of its own for such functions."""
        index = self._types.get(type_)
        if index is None:
            index = self._types[type_] = self._type_count
            self._type_count += 1
            self.module.types.append(RecType((SubType(True, (), type_),)))
        return index

    def import_(self, source: Source, type_: ExternType, names: tuple[str, str] = ("", "")) -> None:
        """Add an import of anything."""
        if isinstance(type_, FuncExtern):
            self._import_count += 1
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
            index = self._imported[key] = self._import_count
            self.import_(source, FuncExtern(typeidx))
        return index

    @property
    def import_count(self) -> int:
        """Number of imported functions."""
        return self._import_count

    def add(
        self, key: Hashable, type_: FuncType, locals_: Sequence[ValType], body: list[Instr]
    ) -> int:
        """The position among the added functions of one known by ``key``; a body lacks its ``end``."""
        position = self._added.get(key)
        if position is None:
            position = self._added[key] = len(self._functions)
            self._functions.append(_Function(type_, tuple(locals_), [*body, END]))
        return position

    def reserve(self, key: Hashable, type_: FuncType) -> int:
        """The position of a function whose body comes later, by `fill`."""
        return self.add(key, type_, (), [])

    def fill(self, position: int, code: CodeSource) -> None:
        """Give a reserved function its code."""
        self._functions[position].code = code

    def has(self, key: Hashable) -> int | None:
        """The position of an added function, if it is there."""
        return self._added.get(key)

    def add_global(self, type_: GlobalType, value: Instr) -> None:
        """Add a global; those of the module keep their indices."""
        self.module.globals.append(Global(type_, [value, END]))

    def finish(self) -> Module:
        """The module with all that was added. To be called once."""
        for function in self._functions:
            groups = tuple([(1, type_) for type_ in function.locals])
            code = function.code or Code(groups, function.body)
            self.module.funcs.append(Func(self.type(function.type), code))
        if self.names:
            first = self._import_count
            funcs = {first + position: name for position, name in self.names.items()}
            set_names(self.module, Names(funcs=funcs))
        return self.module


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
