"""Printing of instructions, flat and one to a line (core specification, "Text Format: Instructions").

What an instruction looks like follows from its kind of immediate. Lines are kept by instruction: many
instructions of a module are equal.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from pyjsapi.binary.names import Names
from pyjsapi.syntax.instructions import BY_MNEMONIC, Imm
from pyjsapi.syntax.instructions_atomic import ORDERINGS
from pyjsapi.syntax.instructions_stack import Clause
from pyjsapi.syntax.module import Expr, Instr, Module, op_of
from pyjsapi.syntax.types import ref_type
from pyjsapi.text.printer_names import References
from pyjsapi.text.printer_types import TypePrinter
from pyjsapi.text.printer_values import float_literal, identifier, laid_out, signed, vector_literal

_ELSE: Final = BY_MNEMONIC["else"]
_END: Final = BY_MNEMONIC["end"]
_CATCHES: Final = (BY_MNEMONIC["catch"], BY_MNEMONIC["catch_all"])
_DELEGATE: Final = BY_MNEMONIC["delegate"]
_DIVIDING: Final = frozenset((_ELSE, *_CATCHES))
"""Instructions that begin the next part of a block."""

_DEEPEST: Final = 30
"""Nesting that still adds to the indentation."""
_BODY: Final = "    "
_INDENTS: Final = [_BODY + "  " * depth for depth in range(_DEEPEST + 1)]


class InstructionPrinter(TypePrinter):
    """Printer of instruction sequences; knows the locals and labels of one function at a time."""

    def __init__(self, module: Module, names: Names) -> None:
        super().__init__(module, names)
        self.locals: References = References(0, {})
        self.all_names_stand = True
        """Whether everything that has a name has turned up so far, and so its name has been printed."""
        self._lines: dict[Instr, str] = {}
        """Instructions that look the same wherever they stand, as they look."""
        self._labels: list[str | None] = []
        """Identifiers of the open blocks."""
        self._depths: dict[str, list[int]] = {}
        """Where in ``_labels`` an identifier stands, outermost first."""

    # Sequences

    def instr(self, instr: Instr) -> str:
        """An instruction without context, as it may stand in a constant expression."""
        op = op_of(instr)
        return op.mnemonic + _RULES[op.imm](self, instr)

    def folded(self, expr: Expr, keyword: str) -> str:
        """A constant expression: one instruction in parentheses, or several after a keyword in parentheses."""
        if len(expr) == 2:
            return f"({self.instr(expr[0])})"
        return f"({' '.join([keyword, *map(self.instr, expr[:-1])])})"

    def initializer(self, expr: Expr) -> str:
        """A constant expression that stands at the end of a field, with a space before it."""
        if len(expr) == 2:
            return f" ({self.instr(expr[0])})"
        return "".join(f" {self.instr(instr)}" for instr in expr[:-1])

    def body(self, body: Expr, locals_: References, label_names: Mapping[int, str]) -> list[str]:
        """The lines of a function's body. The ``end`` that closes it is left out."""
        lines: list[str] = []
        append = lines.append
        known = self._lines
        seen_locals: list[Instr] = []
        self.locals = locals_
        self._labels = []
        self._depths = {}
        blocks = 0
        indent = _BODY
        for instr in body:
            line = known.get(instr)
            if line is not None:
                append(indent + line)
                continue
            op = instr[0]
            imm = op.imm
            if imm in _OPENING:
                name = label_names.get(blocks)
                blocks += 1
                opening = laid_out(self._opening(instr, name), indent)
                append(f"{opening} ;; label = @{len(self._labels)}")
                indent = _INDENTS[min(len(self._labels), _DEEPEST)]
            elif op is _END:
                if not self._labels:
                    break
                self._close()
                indent = _INDENTS[min(len(self._labels), _DEEPEST)]
                append(f"{indent}end")
            elif op in _DIVIDING:
                outer = _INDENTS[min(max(len(self._labels) - 1, 0), _DEEPEST)]
                append(laid_out(self.instr(instr), outer))
            elif op is _DELEGATE and self._labels:
                self._close()
                indent = _INDENTS[min(len(self._labels), _DEEPEST)]
                append(indent + self.instr(instr))
            elif imm in _LABELLED:
                append(laid_out(self.instr(instr), indent))
            else:
                line = known[instr] = laid_out(self.instr(instr), "")
                if imm is Imm.LOCAL and locals_.identifiers:
                    seen_locals.append(instr)
                append(indent + line)
        for instr in seen_locals:
            del known[instr]
        if label_names and max(label_names) >= blocks:
            self.all_names_stand = False
        return lines

    def _opening(self, instr: Instr, name: str | None) -> str:
        label = identifier(name) if name else None
        bound = "" if label is None else f" {label}"
        op = op_of(instr)
        # The labels of catch clauses are those around the instruction.
        opening = f"{op.mnemonic}{bound}{_RULES[op.imm](self, instr)}"
        if label is not None:
            self._depths.setdefault(label, []).append(len(self._labels))
        self._labels.append(label)
        if label is None and name is not None:
            self.all_names_stand = False
        return opening

    def _close(self) -> None:
        label = self._labels.pop()
        if label is not None:
            self._depths[label].pop()

    # Immediates

    def _label(self, index: int) -> str:
        depth = len(self._labels) - index
        if depth < 0:
            return f" {index}"
        label = self._labels[depth - 1] if depth else None
        if label is not None and self._depths[label][-1] == depth - 1:
            return f" {label}"
        return f" {index} (;@{depth};)"

    def _optional(self, space: References, index: int) -> str:
        """An index that may be left out when it is 0; it is where there is nothing else."""
        return f" {space.use(index)}" if index or space.count > 1 else ""

    def _both(self, space: References, instr: Instr) -> str:
        _, destination, source = instr
        if destination or source or space.count > 1:
            return f" {space.use(destination)} {space.use(source)}"
        return ""

    def _imm_labels(self, instr: Instr) -> str:
        return "".join(map(self._label, instr[1])) + self._label(instr[2])

    def _imm_try_table(self, instr: Instr) -> str:
        text = self.block_type(instr[1])
        for kind, tagidx, label in instr[2]:
            tag = "" if tagidx is None else f" {self.tags.use(tagidx)}"
            text += f" ({kind}{tag}{self._label(label)})"
        return text

    def _clauses(self, clauses: Sequence[Clause]) -> str:
        text = ""
        for tagidx, label in clauses:
            target = " switch" if label is None else self._label(label)
            text += f" (on {self.tags.use(tagidx)}{target})"
        return text

    def _imm_type_on(self, instr: Instr) -> str:
        return f" {self.types.use(instr[1])}{self._clauses(instr[2])}"

    def _imm_type_tag_on(self, instr: Instr) -> str:
        _, typeidx, tagidx, clauses = instr
        return f" {self.types.use(typeidx)} {self.tags.use(tagidx)}{self._clauses(clauses)}"

    def _imm_type_table(self, instr: Instr) -> str:
        table = self._optional(self.tables, instr[2])
        return f"{table} (type {self.types.use(instr[1])})"

    def _imm_type_field(self, instr: Instr) -> str:
        _, typeidx, fieldidx = instr
        field = self.fields(typeidx).use(fieldidx)
        return f" {self.types.use(typeidx)} {field}"

    def _imm_cast(self, instr: Instr) -> str:
        _, label, source, target = instr
        return f"{self._label(label)} {self.val(source)} {self.val(target)}"

    def _imm_memarg(self, instr: Instr) -> str:
        op, memidx, align_log2, offset, *lane = instr
        text = self._optional(self.mems, memidx)
        if offset:
            text += f" offset={offset}"
        if align_log2 != op.width.bit_length() - 4:
            text += f" align={1 << align_log2}"
        text += self._ordering(instr)
        return f"{text} {lane[0]}" if lane else text

    def _ordering(self, instr: Instr) -> str:
        return f" {ORDERINGS[instr[0]]}" if instr[0] in ORDERINGS else ""


_Rule = Callable[[InstructionPrinter, Instr], str]


def _use(space: Callable[[InstructionPrinter], References]) -> _Rule:
    return lambda printer, instr: f" {space(printer).use(instr[1])}"


def _pair(
    first: Callable[[InstructionPrinter], References],
    second: Callable[[InstructionPrinter], References],
) -> _Rule:
    return lambda printer, instr: f" {first(printer).use(instr[1])} {second(printer).use(instr[2])}"


_RULES: Final[dict[Imm, _Rule]] = {
    Imm.NONE: lambda printer, instr: "",
    Imm.BLOCK: lambda printer, instr: printer.block_type(instr[1]),
    Imm.LABEL: lambda printer, instr: printer._label(instr[1]),
    Imm.LABELS: InstructionPrinter._imm_labels,
    Imm.FUNC: _use(lambda printer: printer.funcs),
    Imm.TYPE: _use(lambda printer: printer.types),
    Imm.TYPE_TABLE: InstructionPrinter._imm_type_table,
    Imm.TYPES: lambda printer, instr: printer.vals("result", instr[1]) or " (result)",
    Imm.LOCAL: _use(lambda printer: printer.locals),
    Imm.GLOBAL: _use(lambda printer: printer.globals),
    Imm.TABLE: lambda printer, instr: printer._optional(printer.tables, instr[1]),
    Imm.TABLE_TABLE: lambda printer, instr: printer._both(printer.tables, instr),
    Imm.ELEM: _use(lambda printer: printer.elems),
    Imm.ELEM_TABLE: lambda printer, instr: (
        f"{printer._optional(printer.tables, instr[2])} {printer.elems.use(instr[1])}"
    ),
    Imm.MEM: lambda printer, instr: printer._optional(printer.mems, instr[1]),
    Imm.MEM_MEM: lambda printer, instr: printer._both(printer.mems, instr),
    Imm.MEMARG: InstructionPrinter._imm_memarg,
    Imm.DATA: _use(lambda printer: printer.datas),
    Imm.DATA_MEM: lambda printer, instr: (
        f"{printer._optional(printer.mems, instr[2])} {printer.datas.use(instr[1])}"
    ),
    Imm.TAG: _use(lambda printer: printer.tags),
    Imm.TRY_TABLE: InstructionPrinter._imm_try_table,
    Imm.HEAP: lambda printer, instr: f" {printer.heap(instr[1])}",
    Imm.I32: lambda printer, instr: f" {signed(instr[1], 32)}",
    Imm.I64: lambda printer, instr: f" {signed(instr[1], 64)}",
    Imm.F32: lambda printer, instr: f" {float_literal(instr[1], 32)}",
    Imm.F64: lambda printer, instr: f" {float_literal(instr[1], 64)}",
    Imm.V128: lambda printer, instr: f" {vector_literal(instr[1])}",
    Imm.LANE: lambda printer, instr: f" {instr[1]}",
    Imm.LANES16: lambda printer, instr: "".join(f" {lane}" for lane in instr[1]),
    Imm.MEMARG_LANE: InstructionPrinter._imm_memarg,
    Imm.ZERO: InstructionPrinter._ordering,
    Imm.TYPE_FIELD: InstructionPrinter._imm_type_field,
    Imm.TYPE_COUNT: lambda printer, instr: f" {printer.types.use(instr[1])} {instr[2]}",
    Imm.TYPE_DATA: _pair(lambda printer: printer.types, lambda printer: printer.datas),
    Imm.TYPE_ELEM: _pair(lambda printer: printer.types, lambda printer: printer.elems),
    Imm.TYPE_TYPE: _pair(lambda printer: printer.types, lambda printer: printer.types),
    Imm.REF: lambda printer, instr: f" {printer.val(ref_type(False, instr[1]))}",
    Imm.REF_NULL: lambda printer, instr: f" {printer.val(ref_type(True, instr[1]))}",
    Imm.CAST: InstructionPrinter._imm_cast,
    Imm.TYPE_TAG: _pair(lambda printer: printer.types, lambda printer: printer.tags),
    Imm.TYPE_ON: InstructionPrinter._imm_type_on,
    Imm.TYPE_TAG_ON: InstructionPrinter._imm_type_tag_on,
}
"""How the immediates of each kind are written, with a space before them."""

_OPENING: Final = frozenset({Imm.BLOCK, Imm.TRY_TABLE})
"""Immediates of the instructions that open a block."""

_LABELLED: Final = frozenset({Imm.LABEL, Imm.LABELS, Imm.CAST, Imm.TYPE_ON, Imm.TYPE_TAG_ON})
"""Immediates that look different at different depths."""

PRINTED_IMMEDIATES: Final = frozenset(_RULES)
"""The kinds of immediates that can be printed."""
