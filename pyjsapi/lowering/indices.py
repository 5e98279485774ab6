"""Function indices outside of function bodies, when imports that are added move the functions of a module."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from pyjsapi.binary.names import decode_names, encode_names
from pyjsapi.binary.scan import Stop
from pyjsapi.syntax.errors import DecodeError
from pyjsapi.syntax.instructions import BY_MNEMONIC
from pyjsapi.syntax.module import MEMORY_MAP, Custom, Elem, Expr, Global, Module, Table
from pyjsapi.syntax.types import (
    FuncExtern,
    FuncType,
    GlobalType,
    RefType,
    TableType,
    TagType,
    ValType,
)

_REF_FUNC: Final = BY_MNEMONIC["ref.func"]


class Numbering:
    """The new indices of functions: imports keep theirs, definitions follow more imports or have become such.

    ``outlined`` are the definitions that are imports now, by position: their indices.
    """

    def __init__(
        self, imported: int, import_count: int, defined: int, outlined: Mapping[int, int]
    ) -> None:
        self.changes = bool(import_count - imported or outlined)
        """Whether any function has another index than in the original."""
        self._imported = imported
        self._shift = import_count - imported
        self._outlined = outlined
        self._new = list(range(imported)) if outlined else []
        if outlined:
            following = iter(range(import_count, import_count + defined))
            for position in range(defined):
                outline = outlined.get(position)
                self._new.append(next(following) if outline is None else outline)

    def __call__(self, index: int) -> int:
        """The index of the function that has the given one in the original."""
        if self._new:
            return self._new[index]
        return index if index < self._imported else index + self._shift

    def shows(self, index: int) -> bool:
        """Whether a function's ``name`` in JavaScript is the index that it has in the original."""
        return self(index) == index and index - self._imported not in self._outlined


def map_functions(module: Module, function: Callable[[int], int]) -> None:
    """Map the function indices in constant expressions."""

    def expr(original: Expr) -> Expr:
        if not any(instr[0] is _REF_FUNC for instr in original):
            return original
        return [(_REF_FUNC, function(i[1])) if i[0] is _REF_FUNC else i for i in original]

    # Elements that are equal are one object; see the decoder.
    mapped: dict[int, Expr] = {}

    def element(original: Expr) -> Expr:
        known = mapped.get(id(original))
        if known is None:
            known = mapped[id(original)] = expr(original)
        return known

    module.elems = [
        Elem(elem.type, [element(item) for item in elem.init], elem.mode) for elem in module.elems
    ]
    module.globals = [Global(item.type, expr(item.init)) for item in module.globals]
    module.tables = [
        Table(item.type, None if item.init is None else expr(item.init)) for item in module.tables
    ]


def map_names(
    customs: list[Custom], function: Callable[[int], int], mems: dict[int, int]
) -> list[Custom]:
    """Custom sections with the indices in the name section mapped; memories without a new index lose their names.

    What maps resources into memories is left out: it would be applied to other ones.
    """
    return [
        _map_names(custom, function, mems) if custom.name == "name" else custom
        for custom in customs
        if custom.name != MEMORY_MAP
    ]


def _map_names(custom: Custom, function: Callable[[int], int], mems: dict[int, int]) -> Custom:
    try:
        names = decode_names(custom.data)
    except DecodeError:
        return custom
    names.funcs = {function(index): name for index, name in names.funcs.items()}
    names.locals = {function(index): inner for index, inner in names.locals.items()}
    names.labels = {function(index): inner for index, inner in names.labels.items()}
    names.mems = {mems[index]: name for index, name in names.mems.items() if index in mems}
    return Custom(custom.name, encode_names(names), custom.after)


def exposed_functions(module: Module, stops: Iterable[Iterable[Stop]]) -> list[int]:
    """The functions that JavaScript may meet otherwise than as exports: through tables, globals or as results."""
    if not _exposes_references(module):
        return []
    imported = len(module.imported(FuncExtern))
    exprs = [item for elem in module.elems for item in elem.init]
    exprs += [item.init for item in module.globals]
    exprs += [item.init for item in module.tables if item.init is not None]
    found = {i[1] for e in {id(e): e for e in exprs}.values() for i in e if i[0] is _REF_FUNC}
    found |= {
        stop.instr[1] for function in stops for stop in function if stop.instr[0] is _REF_FUNC
    }
    found -= {export.index for export in module.exports if export.kind == "func"}
    return sorted(index for index in found if index >= imported)


def _exposes_references(module: Module) -> bool:
    """Whether a table, a global, a function or a tag of references is imported or exported."""
    comps = [sub.comp for rec in module.types for sub in rec.subtypes]

    def of_function(typeidx: object) -> bool:
        comp = comps[typeidx] if isinstance(typeidx, int) else None
        return isinstance(comp, FuncType) and _any_reference((*comp.params, *comp.results))

    func_types, global_types = module.func_typeidxs, module.global_types
    tags = module.imported(TagType) + module.tags
    for item in module.imports:
        match item.type:
            case TableType():
                return True
            case GlobalType(valtype=valtype) if isinstance(valtype, RefType):
                return True
            case FuncExtern(type=typeidx) | TagType(type=typeidx) if of_function(typeidx):
                return True
            case _:
                pass
    for export in module.exports:
        if export.kind == "table":
            return True
        if export.kind == "global" and _any_reference((global_types[export.index].valtype,)):
            return True
        if export.kind == "func" and of_function(func_types[export.index]):
            return True
        if export.kind == "tag" and of_function(tags[export.index].type):
            return True
    return False


def _any_reference(types: tuple[ValType, ...]) -> bool:
    return any(isinstance(type_, RefType) for type_ in types)
