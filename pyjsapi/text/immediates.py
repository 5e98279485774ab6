"""Immediates of instructions (core specification, "Text Format: Instructions"), by kind of immediate."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from pyjsapi.syntax.instructions import NULLABLE, SELECT_TYPED, Imm, Op
from pyjsapi.syntax.instructions_atomic import ACQREL, ORDERABLE, SEQCST
from pyjsapi.syntax.instructions_exceptions import CATCH_KINDS, WITH_TAG
from pyjsapi.syntax.instructions_stack import Clause
from pyjsapi.syntax.module import Instr
from pyjsapi.syntax.types import ValType
from pyjsapi.text.identifiers import IndexSpace, Labels
from pyjsapi.text.lexer import Source
from pyjsapi.text.numbers import ConstantOutOfRange, is_nat, is_number, nat, shown
from pyjsapi.text.types import TypeParser


class ImmediateParser(TypeParser):
    """Parser of immediates; knows the module's index spaces and the function's locals and labels."""

    def __init__(self, source: Source, position: int = 0) -> None:
        super().__init__(source, position)
        self.funcs: Final = IndexSpace("function")
        self.tables: Final = IndexSpace("table")
        self.mems: Final = IndexSpace("memory")
        self.globals: Final = IndexSpace("global")
        self.tags: Final = IndexSpace("tag")
        self.elems: Final = IndexSpace("elem segment")
        self.datas: Final = IndexSpace("data segment")
        self.locals = IndexSpace("local")
        self.labels = Labels()
        self.uses_data_count = False
        self._constants: dict[tuple[Op, str], Instr] = {}

    def _label(self) -> int:
        token = self.tokens[self.i]
        if token[:1] != "$":
            return self.nat(32)
        at = self.i
        identifier = self.identifier()
        found = None if identifier is None else self.labels.find(identifier)
        if found is None:
            raise self.error(f"unknown label {identifier}", at)
        return found

    def _optional_index(self, space: IndexSpace) -> int:
        return self.index(space) if self.at_index() else 0

    def _imm_none(self, op: Op) -> Instr:
        return op.instr

    def _imm_label(self, op: Op) -> Instr:
        return (op, self._label())

    def _imm_labels(self, op: Op) -> Instr:
        labels = [self._label()]
        while self.at_index():
            labels.append(self._label())
        default = labels.pop()
        return (op, tuple(labels), default)

    def _imm_func(self, op: Op) -> Instr:
        return (op, self.index(self.funcs))

    def _imm_type(self, op: Op) -> Instr:
        return (op, self.index(self.type_space))

    def _imm_type_table(self, op: Op) -> Instr:
        tableidx = self._optional_index(self.tables)
        return (op, self.type_use()[0], tableidx)

    def _imm_select(self, op: Op) -> Instr:
        if not self.at_form("result"):
            return op.instr
        types: list[ValType] = self.results()
        return (SELECT_TYPED, tuple(types))

    def _imm_local(self, op: Op) -> Instr:
        return (op, self.index(self.locals))

    def _imm_global(self, op: Op) -> Instr:
        return (op, self.index(self.globals))

    def _imm_table(self, op: Op) -> Instr:
        return (op, self._optional_index(self.tables))

    def _both_or_neither(self, op: Op, space: IndexSpace) -> Instr:
        if not self.at_index():
            return (op, 0, 0)
        destination = self.index(space)
        return (op, destination, self.index(space))

    def _imm_table_table(self, op: Op) -> Instr:
        return self._both_or_neither(op, self.tables)

    def _imm_mem_mem(self, op: Op) -> Instr:
        return self._both_or_neither(op, self.mems)

    def _segment(self, op: Op, segments: IndexSpace, target: IndexSpace) -> Instr:
        """``target segment`` or ``segment`` alone; which one the first index is, the second one tells."""
        start = self.i
        if not self.at_index():
            raise self.unexpected(wanted="an index")
        self.i += 1
        targetidx = 0
        if self.at_index():
            self.i = start
            targetidx = self.index(target)
        else:
            self.i = start
        return (op, self.index(segments), targetidx)

    def _imm_elem(self, op: Op) -> Instr:
        return (op, self.index(self.elems))

    def _imm_elem_table(self, op: Op) -> Instr:
        return self._segment(op, self.elems, self.tables)

    def _imm_mem(self, op: Op) -> Instr:
        return (op, self._optional_index(self.mems))

    def _imm_data(self, op: Op) -> Instr:
        self.uses_data_count = True
        return (op, self.index(self.datas))

    def _imm_data_mem(self, op: Op) -> Instr:
        self.uses_data_count = True
        return self._segment(op, self.datas, self.mems)

    def _imm_memarg(self, op: Op) -> Instr:
        memidx = self._optional_index(self.mems)
        align, offset = self._align_offset(op)
        if op in ORDERABLE:
            op = self._ordered(op)
        return (op, memidx, align, offset)

    def _imm_zero(self, op: Op) -> Instr:
        return (self._ordered(op) if op in ORDERABLE else op).instr

    def _ordered(self, op: Op) -> Op:
        """The row of an atomic access with the ordering that follows, if one does."""
        token = self.tokens[self.i]
        if token not in ("acqrel", "seqcst"):
            return op
        self.i += 1
        return ACQREL[op] if token == "acqrel" else SEQCST.get(op, op)

    def _align_offset(self, op: Op) -> tuple[int, int]:
        """Log2 of the alignment, and the offset."""
        token = self.tokens[self.i]
        offset = 0
        if token.startswith("offset="):
            offset = self._equals_nat(token)
            token = self.tokens[self.i]
        align_log2 = op.width.bit_length() - 4
        if token.startswith("align="):
            align = self._equals_nat(token)
            if align == 0 or align & (align - 1):
                raise self.error(f"alignment must be a power of two, not {align}", self.i - 1)
            align_log2 = align.bit_length() - 1
        return align_log2, offset

    def _equals_nat(self, token: str) -> int:
        digits = token.partition("=")[2]
        if not is_nat(digits):
            raise self.unexpected()
        try:
            value = nat(digits, 64)
        except ConstantOutOfRange as error:
            raise self.error(str(error)) from None
        self.i += 1
        return value

    def _imm_memarg_lane(self, op: Op) -> Instr:
        # One number is the lane. With more to come, be it ``offset=`` or another number, it is the memory.
        following = self.tokens[self.i + 1]
        is_memory = self.tokens[self.i][:1] == "$" or (
            self.at_nat() and (is_nat(following) or following.startswith(("offset=", "align=")))
        )
        memidx = self.index(self.mems) if is_memory else 0
        return (op, memidx, *self._align_offset(op), self.nat(8))

    def _imm_lane(self, op: Op) -> Instr:
        return (op, self.nat(8))

    def _imm_lanes16(self, op: Op) -> Instr:
        start = self.i
        lanes = []
        while is_number(self.tokens[self.i]):
            if not self.at_nat():
                raise self.error(
                    f"i8 constant out of range: {shown(self.tokens[self.i])} is no lane index"
                )
            lanes.append(self.nat(8))
        if len(lanes) != 16:
            self.check_token()
            raise self.error(f"invalid lane length: {len(lanes)} lane indices instead of 16", start)
        return (op, tuple(lanes))

    def _imm_v128(self, op: Op) -> Instr:
        return (op, self.vector_literal())

    def _imm_tag(self, op: Op) -> Instr:
        return (op, self.index(self.tags))

    def catch_clauses(self) -> tuple[tuple[str, int | None, int], ...]:
        """The clauses of ``try_table``; their labels are those around it."""
        clauses = []
        while self.tokens[self.i] == "(" and self.tokens[self.i + 1] in CATCH_KINDS:
            kind = self.tokens[self.i + 1]
            self.i += 2
            tagidx = self.index(self.tags) if kind in WITH_TAG else None
            clauses.append((kind, tagidx, self._label()))
            self.expect(")")
        return tuple(clauses)

    def _imm_type_tag(self, op: Op) -> Instr:
        return (op, self.index(self.type_space), self.index(self.tags))

    def _imm_type_on(self, op: Op) -> Instr:
        return (op, self.index(self.type_space), self._on_clauses())

    def _imm_type_tag_on(self, op: Op) -> Instr:
        return (op, self.index(self.type_space), self.index(self.tags), self._on_clauses())

    def _on_clauses(self) -> tuple[Clause, ...]:
        clauses: list[Clause] = []
        while self.accept_form("on"):
            tagidx = self.index(self.tags)
            clauses.append((tagidx, None if self.accept("switch") else self._label()))
            self.expect(")")
        return tuple(clauses)

    def _imm_heap(self, op: Op) -> Instr:
        return (op, self.heap_type())

    def _imm_type_field(self, op: Op) -> Instr:
        typeidx = self.index(self.type_space)
        fields = self.field_spaces.get(typeidx)
        return (op, typeidx, self.index(IndexSpace("field") if fields is None else fields))

    def _imm_type_count(self, op: Op) -> Instr:
        return (op, self.index(self.type_space), self.nat(32))

    def _imm_type_data(self, op: Op) -> Instr:
        self.uses_data_count = True
        return (op, self.index(self.type_space), self.index(self.datas))

    def _imm_type_elem(self, op: Op) -> Instr:
        return (op, self.index(self.type_space), self.index(self.elems))

    def _imm_type_type(self, op: Op) -> Instr:
        return (op, self.index(self.type_space), self.index(self.type_space))

    def _imm_ref(self, op: Op) -> Instr:
        type_ = self.ref_type()
        return (NULLABLE[op.mnemonic] if type_.nullable else op, type_.heap)

    def _imm_cast(self, op: Op) -> Instr:
        return (op, self._label(), self.ref_type(), self.ref_type())

    def _imm_constant(self, op: Op) -> Instr:
        token = self.tokens[self.i]
        key = (op, token)
        instr = self._constants.get(key)
        if instr is None:
            instr = self._constants[key] = (op, self.literal_bits(op.imm))
        else:
            self.i += 1
        return instr


_P = ImmediateParser
_BY_KIND: Final[dict[Imm, Callable[[ImmediateParser, Op], Instr]]] = {
    Imm.NONE: _P._imm_none,
    Imm.LABEL: _P._imm_label,
    Imm.LABELS: _P._imm_labels,
    Imm.FUNC: _P._imm_func,
    Imm.TYPE: _P._imm_type,
    Imm.TYPE_TABLE: _P._imm_type_table,
    Imm.LOCAL: _P._imm_local,
    Imm.GLOBAL: _P._imm_global,
    Imm.TABLE: _P._imm_table,
    Imm.TABLE_TABLE: _P._imm_table_table,
    Imm.ELEM: _P._imm_elem,
    Imm.ELEM_TABLE: _P._imm_elem_table,
    Imm.MEM: _P._imm_mem,
    Imm.MEM_MEM: _P._imm_mem_mem,
    Imm.MEMARG: _P._imm_memarg,
    Imm.DATA: _P._imm_data,
    Imm.DATA_MEM: _P._imm_data_mem,
    Imm.TAG: _P._imm_tag,
    Imm.HEAP: _P._imm_heap,
    Imm.I32: _P._imm_constant,
    Imm.I64: _P._imm_constant,
    Imm.F32: _P._imm_constant,
    Imm.F64: _P._imm_constant,
    Imm.V128: _P._imm_v128,
    Imm.LANE: _P._imm_lane,
    Imm.LANES16: _P._imm_lanes16,
    Imm.MEMARG_LANE: _P._imm_memarg_lane,
    Imm.ZERO: _P._imm_zero,
    Imm.TYPE_FIELD: _P._imm_type_field,
    Imm.TYPE_COUNT: _P._imm_type_count,
    Imm.TYPE_DATA: _P._imm_type_data,
    Imm.TYPE_ELEM: _P._imm_type_elem,
    Imm.TYPE_TYPE: _P._imm_type_type,
    Imm.REF: _P._imm_ref,
    Imm.CAST: _P._imm_cast,
    Imm.TYPE_TAG: _P._imm_type_tag,
    Imm.TYPE_ON: _P._imm_type_on,
    Imm.TYPE_TAG_ON: _P._imm_type_tag_on,
}

Reader = Callable[[ImmediateParser, Op], Instr]


def reader_of(op: Op) -> Reader:
    """The production of the op's immediates; not for those that open a block."""
    return _P._imm_select if op.mnemonic == SELECT_TYPED.mnemonic else _BY_KIND[op.imm]
