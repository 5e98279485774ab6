"""Modules to which functions are added."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from pyjsapi.binary.names import Names, set_names
from pyjsapi.rewriting.instrs import END
from pyjsapi.syntax.module import Code, CodeSource, Func, Global, Instr, Module
from pyjsapi.syntax.types import FuncExtern, FuncType, GlobalType, RecType, SubType, ValType


@dataclass(slots=True)
class _Function:
    type: FuncType
    locals: tuple[ValType, ...]
    body: list[Instr]
    code: CodeSource | None = None
    """In place of the two before."""


class Builder:
    """A module to which types and functions are added; indices are final when they are given out.

    Functions that are added come after those that the module defines already.
    """

    def __init__(self, module: Module) -> None:
        self.module = module
        self.import_count = len(module.imported(FuncExtern))
        """Number of imported functions."""
        self._types: dict[FuncType, int] = {}
        self._type_count = sum([len(rec.subtypes) for rec in module.types])
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
            first = self.import_count
            funcs = {first + position: name for position, name in self.names.items()}
            set_names(self.module, Names(funcs=funcs))
        return self.module
