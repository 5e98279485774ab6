"""Types (core specification, "Text Format: Types" and "Type Uses")."""

from __future__ import annotations

from typing import Final

from pyjsapi.syntax.types import (
    ABS_HEAP_TYPES,
    F32,
    F64,
    I8,
    I16,
    I32,
    I64,
    PAGE_SIZE_LOG2,
    V128,
    AddrType,
    ArrayType,
    CompType,
    ContType,
    Exact,
    FieldType,
    FuncType,
    GlobalType,
    HeapType,
    MemType,
    PackType,
    RefType,
    StorageType,
    StructType,
    SubType,
    TableType,
    ValType,
    ref_type,
)
from pyjsapi.text.cursor import Cursor
from pyjsapi.text.identifiers import Identifier, IndexSpace, TypeTable
from pyjsapi.text.lexer import Source

_ABSTRACT_REFS: Final[dict[str, RefType]] = {
    type_.name: type_ for type_ in (ref_type(True, heap) for heap in ABS_HEAP_TYPES)
}
_VALTYPES: Final[dict[str, ValType]] = {
    **{type_.name: type_ for type_ in (I32, I64, F32, F64, V128)},
    **_ABSTRACT_REFS,
}
_HEAP_TYPES: Final = {heap.name: heap for heap in ABS_HEAP_TYPES}
_PACK_TYPES: Final[dict[str, PackType]] = {"i8": I8, "i16": I16}

_NOWHERE: Final = -1

Params = list[tuple[Identifier | None, int]]
"""Identifiers of parameters, each with the position of its token."""


class TypeParser(Cursor):
    """Parser of types; knows the module's type index space."""

    def __init__(self, source: Source, position: int = 0) -> None:
        super().__init__(source, position)
        self.type_space: Final = IndexSpace("type")
        self.types: Final = TypeTable()
        self.field_spaces: dict[int, IndexSpace] = {}

    # Value types

    def heap_type(self) -> HeapType:
        """heaptype"""
        abstract = _HEAP_TYPES.get(self.tokens[self.i])
        if abstract is not None:
            self.i += 1
            return abstract
        if self.accept_form("exact"):
            exact = Exact(self.index(self.type_space))
            self.expect(")")
            return exact
        return self.index(self.type_space)

    def _long_ref_type(self) -> RefType:
        """The reference type after ``(ref``."""
        nullable = self.accept("null")
        type_ = ref_type(nullable, self.heap_type())
        self.expect(")")
        return type_

    def at_ref_type(self) -> bool:
        """Whether a reference type comes next."""
        return self.tokens[self.i] in _ABSTRACT_REFS or self.at_form("ref")

    def ref_type(self) -> RefType:
        """reftype"""
        short = _ABSTRACT_REFS.get(self.tokens[self.i])
        if short is not None:
            self.i += 1
            return short
        if self.accept_form("ref"):
            return self._long_ref_type()
        raise self.unexpected(wanted="a reference type")

    def val_type(self) -> ValType:
        """valtype"""
        short = _VALTYPES.get(self.tokens[self.i])
        if short is not None:
            self.i += 1
            return short
        if self.accept_form("ref"):
            return self._long_ref_type()
        raise self.unexpected(wanted="a value type")

    def val_types(self) -> list[ValType]:
        """Value types up to the closing parenthesis, which is consumed."""
        types = []
        while self.tokens[self.i] != ")":
            types.append(self.val_type())
        self.i += 1
        return types

    # Composite types

    def _storage_type(self) -> StorageType:
        packed = _PACK_TYPES.get(self.tokens[self.i])
        if packed is not None:
            self.i += 1
            return packed
        return self.val_type()

    def _field_type(self) -> FieldType:
        if self.accept_form("mut"):
            storage = self._storage_type()
            self.expect(")")
            return FieldType(storage, True)
        return FieldType(self._storage_type(), False)

    def _struct_type(self, typeidx: int) -> StructType:
        fields: list[FieldType] = []
        space = IndexSpace("field")
        while self.accept_form("field"):
            at = self.i
            identifier = self.identifier()
            before = len(fields)
            if identifier is not None:
                fields.append(self._field_type())
                self.expect(")")
            else:
                while not self.accept(")"):
                    fields.append(self._field_type())
            self.bind_group(space, identifier, at, len(fields) - before)
        if space.names():
            self.field_spaces[typeidx] = space
        return StructType(tuple(fields))

    def params(self, *, named: bool) -> tuple[list[ValType], Params]:
        """``(param …)*``; identifiers are allowed if ``named``."""
        types: list[ValType] = []
        identifiers: Params = []
        while self.accept_form("param"):
            at = self.i
            identifier = self.identifier() if named else None
            if identifier is not None:
                more = [self.val_type()]
                self.expect(")")
            else:
                more = self.val_types()
            types += more
            # Only a parameter declared alone may have a name.
            alone = len(more) == 1
            identifiers += [(identifier, at if alone else _NOWHERE)] * len(more)
            if alone and named and self.annotations:
                # Where parameters are not bound a name means nothing, but may stand.
                self.annotations.name_before(at + (identifier is not None), "parameter")
        return types, identifiers

    def results(self) -> list[ValType]:
        """``(result …)*``"""
        types: list[ValType] = []
        while self.accept_form("result"):
            types += self.val_types()
        return types

    def func_type(self, *, named: bool) -> tuple[FuncType, Params]:
        """Parameters and results, with the identifiers of the parameters."""
        params, identifiers = self.params(named=named)
        functype = FuncType(tuple(params), tuple(self.results()))
        if self.at_form("param"):
            raise self.error("unexpected token param: parameters come before results", self.i + 1)
        return functype, identifiers

    def _comp_type(self, typeidx: int) -> CompType:
        comp: CompType
        if self.accept_form("func"):
            comp, _ = self.func_type(named=True)
        elif self.accept_form("struct"):
            comp = self._struct_type(typeidx)
        elif self.accept_form("array"):
            comp = ArrayType(self._field_type())
        elif self.accept_form("cont"):
            comp = ContType(self.index(self.type_space))
        else:
            raise self.unexpected(
                self.i + 1 if self.tokens[self.i] == "(" else None, "a composite type"
            )
        self.expect(")")
        return comp

    def sub_type(self, typeidx: int) -> SubType:
        """subtype, the one that becomes type ``typeidx``"""
        if not self.accept_form("sub"):
            return self._described(True, (), typeidx)
        final = self.accept("final")
        supers = []
        while self.at_index():
            supers.append(self.index(self.type_space))
        sub = self._described(final, tuple(supers), typeidx)
        self.expect(")")
        return sub

    def _described(self, final: bool, supers: tuple[int, ...], typeidx: int) -> SubType:
        """A composite type after its clauses."""
        describes = self._clause("describes")
        descriptor = self._clause("descriptor")
        return SubType(final, supers, self._comp_type(typeidx), describes, descriptor)

    def _clause(self, keyword: str) -> int | None:
        if not self.accept_form(keyword):
            return None
        index = self.index(self.type_space)
        self.expect(")")
        return index

    # Type uses

    def expand_func_type(self, typeidx: int, at: int) -> FuncType:
        """The function type at an index; an error at ``at`` if there is none."""
        if typeidx >= len(self.types.subtypes):
            raise self.error(f"unknown type {typeidx}", at)
        comp = self.types.subtypes[typeidx].comp
        if not isinstance(comp, FuncType):
            raise self.error(f"non-function type {typeidx}", at)
        return comp

    def type_use(self, *, named: bool = False) -> tuple[int, Params | None]:
        """``(type x)``, or parameters and results, or both: a type index.

        The second result tells the identifiers of the parameters if they are written out, else ``None``.
        """
        if not self.accept_form("type"):
            functype, identifiers = self.func_type(named=named)
            return self.types.index_of(functype), identifiers
        at = self.i
        typeidx = self.index(self.type_space)
        self.expect(")")
        functype, identifiers = self.func_type(named=named)
        if not functype.params and not functype.results:
            return typeidx, None
        if functype != self.expand_func_type(typeidx, at):
            raise self.error(f"inline function type does not match explicit type {typeidx}", at)
        return typeidx, identifiers

    def block_type(self) -> ValType | int | None:
        """blocktype: ``None``, a value type, or a type index"""
        tokens = self.tokens
        i = self.i
        if tokens[i] != "(":
            return None
        keyword = tokens[i + 1]
        if keyword not in ("result", "param", "type"):
            return None
        if keyword == "result" and tokens[i + 3] == ")" and tokens[i + 5] != "result":
            short = _VALTYPES.get(tokens[i + 2])
            if short is not None:
                self.i = i + 4
                return short
        if keyword == "type":
            return self.type_use()[0]
        functype, _ = self.func_type(named=False)
        if not functype.params and len(functype.results) <= 1:
            return functype.results[0] if functype.results else None
        return self.types.index_of(functype)

    # External types

    def _limits(self) -> tuple[int, int | None]:
        minimum = self.nat(64)
        return minimum, self.nat(64) if self.at_nat() else None

    def addr_type(self) -> AddrType:
        """addrtype, by default i32"""
        token = self.tokens[self.i]
        if token in ("i32", "i64"):
            self.i += 1
            return I64 if token == "i64" else I32
        if token in ("f32", "f64"):
            raise self.error("malformed address type: i32 or i64 expected")
        return I32

    def mem_type(self) -> MemType:
        """memtype"""
        addrtype = self.addr_type()
        minimum, maximum = self._limits()
        shared = self.accept("shared")
        return MemType(addrtype, minimum, maximum, shared, self.page_size_log2())

    def page_size_log2(self) -> int:
        """Log2 of a page size, by default that of 64 KiB"""
        if not self.accept_form("pagesize"):
            return PAGE_SIZE_LOG2
        at = self.i
        size = self.nat(64)
        if size == 0 or size & size - 1:
            raise self.error(f"invalid custom page size: {size} is no power of two", at)
        self.expect(")")
        return size.bit_length() - 1

    def table_type(self) -> TableType:
        """tabletype"""
        addrtype = self.addr_type()
        minimum, maximum = self._limits()
        return TableType(addrtype, minimum, maximum, self.ref_type())

    def global_type(self) -> GlobalType:
        """globaltype"""
        if self.accept_form("mut"):
            valtype = self.val_type()
            self.expect(")")
            return GlobalType(valtype, True)
        return GlobalType(self.val_type(), False)
