"""Functions that work on nothing but one helper's memory move into that helper.

They may compute, branch, and call functions that move to the same helper; everything else that names something of
the module keeps a function where it is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from pyjsapi.binary.code import BinaryCode
from pyjsapi.binary.scan import Stop
from pyjsapi.syntax.instructions import BY_MNEMONIC, Imm
from pyjsapi.syntax.module import Code, Module, op_of
from pyjsapi.syntax.types import FuncExtern, FuncType, RefType, SubType, ValType

_MOST_LOCALS: Final = 500
_CALL: Final = BY_MNEMONIC["call"]
_PLAIN: Final = frozenset(
    (
        Imm.NONE, Imm.I32, Imm.I64, Imm.F32, Imm.F64, Imm.V128, Imm.LANE, Imm.LANES16, Imm.LOCAL, Imm.LABEL,
        Imm.LABELS, Imm.BLOCK, Imm.TYPES, Imm.ZERO,
    )
)  # fmt: skip
_MEMORY: Final = (Imm.MEMARG, Imm.MEMARG_LANE, Imm.MEM)
_EXCEPTIONS: Final = frozenset(("exceptions", "legacy_exceptions"))


def plain_types(module: Module) -> dict[int, FuncType]:
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


def choose(
    module: Module, stops: Sequence[Sequence[Stop]], host: Callable[[int], int | None]
) -> dict[int, tuple[int, Code]]:
    """The functions that move, by their position among the definitions: helper and decoded code."""
    types = plain_types(module)
    imported = len(module.imported(FuncExtern))
    chosen: dict[int, tuple[int, Code]] = {}
    calls: dict[int, set[int]] = {}
    for position, function in enumerate(stops):
        helper = _helper(function, host)
        func = module.funcs[position]
        if helper is None or func.typeidx not in types or not isinstance(func.code, BinaryCode):
            continue
        code = func.code.load()
        if _is_plain(code, types):
            chosen[position] = helper, code
            calls[position] = {
                stop.instr[1] - imported for stop in function if stop.instr[0] is _CALL
            }
    while True:
        staying = [
            position
            for position, (helper, _) in chosen.items()
            if any(chosen.get(called, (None,))[0] != helper for called in calls[position])
        ]
        if not staying:
            return chosen
        for position in staying:
            del chosen[position]


def _helper(function: Sequence[Stop], host: Callable[[int], int | None]) -> int | None:
    """The one helper whose memory a function works on."""
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


def _is_plain(code: Code, types: dict[int, FuncType]) -> bool:
    """Whether nothing in the code names anything of the module but functions, memories and plain types."""
    if sum([count for count, _ in code.locals]) > _MOST_LOCALS:
        return False
    if any(isinstance(type_, RefType) for _, type_ in code.locals):
        return False
    for decoded in code.body:
        op = op_of(decoded)
        imm = op.imm
        if imm in _MEMORY or imm is Imm.MEM_MEM or op is _CALL:
            continue
        if (
            imm not in _PLAIN
            or op.feature in _EXCEPTIONS
            or op.feature in ("gc", "function_references")
        ):
            return False
        if imm is Imm.BLOCK and not _is_plain_type(decoded[1], types):
            return False
        if imm is Imm.TYPES and any(isinstance(type_, RefType) for type_ in decoded[1]):
            return False
        if op.feature == "reference_types" and imm is Imm.NONE:
            return False
    return True


def _is_plain_type(type_: ValType | int | None, types: dict[int, FuncType]) -> bool:
    if isinstance(type_, int):
        return type_ in types
    return not isinstance(type_, RefType)
