"""Functions that work on nothing but one helper's memory move into that helper.

They may compute, branch, and call functions that move to the same helper; everything else that names something of
the module keeps a function where it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from pyjsapi.binary.body import BinaryCode
from pyjsapi.binary.names import names_of
from pyjsapi.binary.scan import Stop, local_groups, uses_only
from pyjsapi.lowering import sequences
from pyjsapi.lowering.accesses import near_access
from pyjsapi.lowering.builder import Helper
from pyjsapi.lowering.layout import Layout
from pyjsapi.lowering.parts import Parts
from pyjsapi.lowering.signatures import signature
from pyjsapi.rewriting.instrs import instr
from pyjsapi.rewriting.units import Body, Edit, Locals, assemble, encode_all
from pyjsapi.syntax.instructions import BY_MNEMONIC, OPS, Imm
from pyjsapi.syntax.module import CodeSource, Instr, Module, op_of
from pyjsapi.syntax.types import FuncType, RefType, SubType, ValType

_CALL: Final = BY_MNEMONIC["call"]
_PLAIN: Final = frozenset(
    (
        Imm.NONE, Imm.I32, Imm.I64, Imm.F32, Imm.F64, Imm.V128, Imm.LANE, Imm.LANES16, Imm.LOCAL, Imm.LABEL,
        Imm.LABELS, Imm.BLOCK, Imm.ZERO, Imm.MEMARG, Imm.MEMARG_LANE, Imm.MEM, Imm.MEM_MEM,
    )
)  # fmt: skip
_OTHERS: Final = frozenset(
    ("exceptions", "legacy_exceptions", "gc", "function_references", "reference_types")
)
"""Features whose instructions work on what cannot be moved."""
MOVABLE: Final = frozenset(
    op for op in OPS if op is _CALL or (op.imm in _PLAIN and op.feature not in _OTHERS)
)
"""Instructions that name nothing of a module but functions that they call and memories."""
_MEMORY: Final = (Imm.MEMARG, Imm.MEMARG_LANE, Imm.MEM)


def outline(parts: Parts) -> dict[int, int]:
    """Move functions to helpers: their positions among the definitions, with the indices of their imports."""
    layout = parts.layout
    original = layout.original
    types = _plain_types(original)
    chosen = _choose(layout, types)
    names = names_of(original).funcs if chosen else {}
    positions: dict[int, int] = {}
    outlined: dict[int, int] = {}
    for function, number in chosen.items():
        helper, typeidx = parts.helpers[number], original.funcs[function].typeidx
        index = function + layout.imported_functions
        position = positions[index] = helper.reserve(("function", index), types[typeidx])
        source = helper.export(position)
        outlined[function] = parts.main.import_function_as(source, typeidx)
        if index in names:
            helper.names[position] = names[index]
    for function, number in chosen.items():
        func = original.funcs[function]
        if isinstance(func.code, BinaryCode):
            helper = parts.helpers[number]
            mover = _Mover(layout, helper, positions)
            code = mover.code(func.code, types[func.typeidx], func.typeidx, layout.stops[function])
            helper.fill(positions[function + layout.imported_functions], code)
    return outlined


def _plain_types(module: Module) -> dict[int, FuncType]:
    """Types by index that mean the same in any module: final ones of functions on numbers, alone in their group."""
    found: dict[int, FuncType] = {}
    index = 0
    for rec in module.types:
        if len(rec.subtypes) == 1:
            match rec.subtypes[0]:
                case SubType(final=True, supers=(), comp=FuncType() as comp):
                    if not any(isinstance(t, RefType) for t in (*comp.params, *comp.results)):
                        found[index] = comp
                case _:
                    pass
        index += len(rec.subtypes)
    return found


def _choose(layout: Layout, types: Mapping[int, FuncType]) -> dict[int, int]:
    """The functions that move, by their position among the definitions, and the helpers that they move to."""
    imported = layout.imported_functions
    chosen: dict[int, int] = {}
    calls: dict[int, set[int]] = {}
    for position, function in enumerate(layout.stops):
        helper = _helper(function, layout)
        func = layout.original.funcs[position]
        if helper is None or func.typeidx not in types or not isinstance(func.code, BinaryCode):
            continue
        if _has_plain_locals(func.code) and uses_only(func.code, MOVABLE):
            chosen[position] = helper
            calls[position] = {
                stop.instr[1] - imported for stop in function if stop.instr[0] is _CALL
            }
    while True:
        staying = [
            position
            for position, helper in chosen.items()
            if any(chosen.get(called) != helper for called in calls[position])
        ]
        if not staying:
            return chosen
        for position in staying:
            del chosen[position]


def _helper(function: Sequence[Stop], layout: Layout) -> int | None:
    """The one helper whose memory a function works on."""
    host = layout.helper_of.get
    helpers: set[int | None] = set()
    for stop in function:
        imm = op_of(stop.instr).imm
        if imm in _MEMORY:
            helpers.add(host(stop.instr[1]))
        elif imm is Imm.MEM_MEM:
            helpers |= {host(stop.instr[1]), host(stop.instr[2])}
        elif stop.instr[0] is not _CALL:
            return None
    return helpers.pop() if len(helpers) == 1 else None


def _has_plain_locals(code: BinaryCode) -> bool:
    return not any(isinstance(type_, RefType) for _, type_ in local_groups(code)[0])


class _Mover:
    """Rewrites functions for the helper that they move to."""

    def __init__(self, layout: Layout, helper: Helper, positions: dict[int, int]) -> None:
        self.layout = layout
        self.helper = helper
        self.positions = positions
        """Of functions that move, by their index in the original: their index in the helper."""

    def code(
        self, code: BinaryCode, type_: FuncType, typeidx: int, stops: Sequence[Stop]
    ) -> CodeSource:
        """The function's code in the helper."""
        body = Body(code, typeidx)
        locals_ = Locals(code, type_)
        for stop in stops:
            replacement = self._moved(stop.instr, locals_)
            body.edits.append(Edit(stop.pos, stop.end, [encode_all(replacement)]))
        body.locals = locals_
        return assemble(body, self.positions.__getitem__, int)

    def _moved(self, original: Instr, locals_: Locals) -> list[Instr]:
        op, *rest = original
        match op.imm:
            case Imm.FUNC:
                return [instr("call", self.positions[original[1]])]
            case Imm.MEM:
                return self._memory_op(original)
            case Imm.MEM_MEM:
                to, from_ = self.layout.place(rest[0]), self.layout.place(rest[1])
                if to.whole:
                    return [(op, 0, 0)]
                count = sequences.count_type(to.addrtype, from_.addrtype)
                type_ = FuncType((to.addrtype, from_.addrtype, count), ())
                return self._call(original, type_, (), sequences.copy(to, from_))
            case _:
                return near_access(self.layout, original, locals_)

    def _memory_op(self, original: Instr) -> list[Instr]:
        op, memory = original
        place = self.layout.place(memory)
        if place.whole and op.family != "discard":
            return [(op, 0)]
        if op.family == "size":
            return sequences.size(place)
        make = sequences.OF_ONE_MEMORY[op.family]
        free = sequences.free_locals(op.family, place)
        return self._call(original, signature(original, place), free, make(place))

    def _call(
        self, key: Instr, type_: FuncType, free: tuple[ValType, ...], body: list[Instr]
    ) -> list[Instr]:
        return [instr("call", self.helper.add(("moved", *key), type_, free, body))]
