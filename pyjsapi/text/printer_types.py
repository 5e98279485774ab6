"""Printing of types (core specification, "Text Format: Types")."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from pyjsapi.binary.names import Names
from pyjsapi.syntax.module import Module
from pyjsapi.syntax.types import (
    I64,
    PAGE_SIZE_LOG2,
    AbsHeapType,
    ArrayType,
    CompType,
    ContType,
    Exact,
    FieldType,
    FuncExtern,
    FuncType,
    GlobalType,
    HeapType,
    MemType,
    RecType,
    RefType,
    StructType,
    SubType,
    TableType,
    TagType,
    ValType,
    index_spaces,
)
from pyjsapi.text.printer_names import References
from pyjsapi.text.printer_values import laid_out

"""log2 of the size of a page that need not be told."""

_SHORT_SIGNATURE: Final = 60
"""Characters that a signature repeated at a block may take."""


class TypePrinter:
    """Printer of types; knows the module's index spaces."""

    def __init__(self, module: Module, names: Names) -> None:
        self.module: Final = module
        self.names: Final = names
        self.subtypes: Final = [sub for rec in module.types for sub in rec.subtypes]
        self.types: Final = References(len(self.subtypes), names.types)
        self.func_typeidxs: Final = module.func_typeidxs
        self.funcs: Final = References(len(self.func_typeidxs), names.funcs)
        self.tables: Final = References(len(module.table_types), names.tables)
        self.mems: Final = References(len(module.mem_types), names.mems)
        self.globals: Final = References(len(module.global_types), names.globals)
        self.tags: Final = References(len(module.imported(TagType)) + len(module.tags), names.tags)
        self.elems: Final = References(len(module.elems), names.elems)
        self.datas: Final = References(len(module.datas), names.datas)
        self.spaces: Final = index_spaces(self)
        self._vals: dict[ValType, str] = {}
        self._block_types: dict[int, str] = {}
        self._field_spaces: dict[int, References] = {}

    # Value types

    def heap(self, heap: HeapType) -> str:
        """A heap type. Raises `ValueError` for a closed one, which no module contains."""
        if isinstance(heap, AbsHeapType):
            return heap.name
        if isinstance(heap, int):
            return self.types.use(heap)
        if isinstance(heap, Exact):
            return f"(exact {self.heap(heap.type)})"
        raise ValueError(f"{heap!r} is a closed type; only a type index can be printed")

    def val(self, type_: ValType) -> str:
        """A value type."""
        text = self._vals.get(type_)
        if text is None:
            text = self._vals[type_] = self._val(type_)
        return text

    def _val(self, type_: ValType) -> str:
        if not isinstance(type_, RefType):
            return type_.name
        if type_.nullable and isinstance(type_.heap, AbsHeapType):
            return type_.name
        return f"(ref {'null ' if type_.nullable else ''}{self.heap(type_.heap)})"

    def vals(self, keyword: str, types: Sequence[ValType]) -> str:
        """`` (keyword type*)``, or nothing without types."""
        return f" ({keyword} {' '.join(map(self.val, types))})" if types else ""

    def signature(self, functype: FuncType) -> str:
        """Parameters and results, with a space before them."""
        return self.vals("param", functype.params) + self.vals("result", functype.results)

    def func_type_at(self, typeidx: int) -> FuncType | None:
        """The function type at an index if there is one."""
        comp = self.subtypes[typeidx].comp if typeidx < len(self.subtypes) else None
        return comp if isinstance(comp, FuncType) else None

    def type_use(self, typeidx: int) -> str:
        """``(type x)``, and what the type is."""
        functype = self.func_type_at(typeidx)
        signature = "" if functype is None else self.signature(functype)
        return f"(type {self.types.use(typeidx)}){signature}"

    def block_type(self, type_: ValType | int | None) -> str:
        """A block type, with a space before it."""
        if type_ is None:
            return ""
        if not isinstance(type_, int):
            return f" (result {self.val(type_)})"
        text = self._block_types.get(type_)
        if text is None:
            text = self.type_use(type_)
            if len(text) > _SHORT_SIGNATURE:
                text = f"(type {self.types.use(type_)})"
            text = self._block_types[type_] = f" {text}"
        return text

    # Defined types

    def fields(self, typeidx: int) -> References:
        """How the fields of the structure type at an index are referred to; of another type there are none."""
        found = self._field_spaces.get(typeidx)
        if found is None:
            comp = self.subtypes[typeidx].comp if typeidx < len(self.subtypes) else None
            count = len(comp.fields) if isinstance(comp, StructType) else 0
            names = self.names.fields.get(typeidx, {})
            found = self._field_spaces[typeidx] = References(count, names)
        return found

    def _field(self, field: FieldType) -> str:
        storage = field.storage
        text = self.val(storage) if isinstance(storage, ValType) else storage.name
        return f"(mut {text})" if field.mutable else text

    def _comp(self, comp: CompType, typeidx: int) -> str:
        if isinstance(comp, FuncType):
            return f"(func{self.signature(comp)})"
        if isinstance(comp, ArrayType):
            return f"(array {self._field(comp.field)})"
        if isinstance(comp, ContType):
            return f"(cont {self.heap(comp.type)})"
        fields = self.fields(typeidx)
        printed = "".join(
            f" (field{fields.bare_binding(i)} {self._field(field)})"
            for i, field in enumerate(comp.fields)
        )
        return f"(struct{printed})"

    def _sub(self, sub: SubType, typeidx: int) -> str:
        comp = self._clause("describes", sub.describes)
        comp += self._clause("descriptor", sub.descriptor) + self._comp(sub.comp, typeidx)
        if sub.final and not sub.supers:
            return comp
        supers = "".join(f" {self.heap(heap)}" for heap in sub.supers)
        return f"(sub{' final' if sub.final else ''}{supers} {comp})"

    def _clause(self, keyword: str, heap: HeapType | None) -> str:
        return "" if heap is None else f"({keyword} {self.heap(heap)}) "

    def type_definition(self, sub: SubType, typeidx: int, indent: str) -> str:
        """``(type …)``"""
        return laid_out(f"(type{self.types.binding(typeidx)} {self._sub(sub, typeidx)})", indent)

    def rec_type(self, rec: RecType, typeidx: int, indent: str) -> str:
        """A recursion group, the first of whose types has the index; a group of one is just its type."""
        if len(rec.subtypes) == 1:
            return self.type_definition(rec.subtypes[0], typeidx, indent)
        members = [
            self.type_definition(sub, typeidx + i, indent + "  ")
            for i, sub in enumerate(rec.subtypes)
        ]
        return "\n".join([f"{indent}(rec", *members, f"{indent})"])

    # External types

    def mem_type(self, type_: MemType) -> str:
        """memtype"""
        text = self._limits(type_)
        if type_.shared:
            text += " shared"
        if type_.page_size_log2 != PAGE_SIZE_LOG2:
            text += f" (pagesize {type_.page_size})"
        return text

    def table_type(self, type_: TableType) -> str:
        """tabletype"""
        return f"{self._limits(type_)} {self.val(type_.reftype)}"

    def _limits(self, type_: MemType | TableType) -> str:
        addrtype = "i64 " if type_.addrtype is I64 else ""
        maximum = "" if type_.maximum is None else f" {type_.maximum}"
        return f"{addrtype}{type_.minimum}{maximum}"

    def global_type(self, type_: GlobalType) -> str:
        """globaltype"""
        valtype = self.val(type_.valtype)
        return f"(mut {valtype})" if type_.mutable else valtype

    def defined_type_use(self, type_: TagType | FuncExtern) -> str:
        """The type use of a tag or of an imported function. Raises `ValueError` for a closed type."""
        if not isinstance(type_.type, int):
            raise ValueError(f"{type_} is a closed type; only a type index can be printed")
        use = self.type_use(type_.type)
        return f"(exact {use})" if isinstance(type_, FuncExtern) and type_.exact else use
