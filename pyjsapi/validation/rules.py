"""The typing rules of single instructions (core specification, "Validation: Instructions").

Instructions whose row in the table states operands and results, and the few that :mod:`.function` checks on its
own for speed, need no rule here.
"""

from __future__ import annotations

from collections.abc import Callable
from operator import length_hint
from typing import Final, TypeAlias

from pyjsapi.syntax.deftypes import DefType
from pyjsapi.syntax.errors import ValidationError
from pyjsapi.syntax.instructions import AT, BY_MNEMONIC, OPS, SELECT_TYPED, Imm, Op
from pyjsapi.syntax.module import Instr
from pyjsapi.syntax.types import (
    BOT,
    FUNCREF,
    I32,
    I64,
    NumType,
    RefType,
    TableType,
    ValType,
    ref_type,
)
from pyjsapi.validation.matching import match_ref, match_result
from pyjsapi.validation.state import IF, State, Types, show

Rule: TypeAlias = Callable[[State, Instr], None]

RULES: Final[dict[Op, Rule]] = {}
"""The rule of each instruction that has one."""

_ELSE: Final = BY_MNEMONIC["else"]


def rule(*mnemonics: str) -> Callable[[Rule], Rule]:
    """Register the rule of these instructions."""

    def register(function: Rule) -> Rule:
        for mnemonic in mnemonics:
            RULES[BY_MNEMONIC[mnemonic]] = function
        return function

    return register


# --- looking up indices ---


def _addrtype(state: State, index: int) -> NumType:
    try:
        return state.addrtypes[index]
    except IndexError:
        raise ValidationError(f"unknown memory {index}") from None


def _table(state: State, index: int) -> TableType:
    try:
        return state.context.tables[index]
    except IndexError:
        raise ValidationError(f"unknown table {index}") from None


def elem_type(state: State, index: int) -> RefType:
    try:
        return state.context.elems[index]
    except IndexError:
        raise ValidationError(f"unknown elem segment {index}") from None


def check_data(state: State, index: int) -> None:
    if index >= state.context.datas:
        raise ValidationError(f"unknown data segment {index}")


def _smaller(a: NumType, b: NumType) -> NumType:
    return I64 if a is I64 and b is I64 else I32


# --- control ---


@rule("unreachable")
def _unreachable(state: State, instr: Instr) -> None:
    state.unreachable()


@rule("block", "loop", "if")
def _block(state: State, instr: Instr) -> None:
    op, type_ = instr
    start, end = state.checker.block(type_)
    if op is IF:
        state.pop_types((I32,))
    if start:
        state.pop_types(start)
    state.push_frame(op, start, end)


@rule("else")
def _else(state: State, instr: Instr) -> None:
    if state.frames[-1][0] is not IF:
        raise ValidationError("else without an open if")
    _, start, end, _, _, _ = state.pop_frame()
    state.push_frame(_ELSE, start, end)


@rule("end")
def _end(state: State, instr: Instr) -> None:
    outermost = len(state.frames) == 1
    op, start, end, _, _, _ = state.pop_frame()
    if op is IF and not match_result(start, end):
        raise ValidationError(
            f"type mismatch: if without else requires [] or equal parameters and results, "
            f"not {show(start)} -> {show(end)}"
        )
    if outermost:
        if length_hint(state.iterator):
            raise ValidationError("instructions after the end of the body")
    elif end:
        state.push_types(end)


@rule("br")
def _br(state: State, instr: Instr) -> None:
    state.pop_types(state.label(instr[1]))
    state.unreachable()


@rule("br_if")
def _br_if(state: State, instr: Instr) -> None:
    label = state.label(instr[1])
    state.pop_types((I32,))
    if label:
        state.pop_types(label)
        state.vals += label


@rule("br_table")
def _br_table(state: State, instr: Instr) -> None:
    _, labels, default = instr
    expected = state.label(default)
    state.pop_types((I32,))
    # Thousands of targets name few labels, and most labels share their types.
    checked = {id(expected)}
    for index in dict.fromkeys(labels):
        label = state.label(index)
        if id(label) in checked:
            continue
        checked.add(id(label))
        if len(label) != len(expected):
            raise ValidationError(
                f"type mismatch: label {index} has {show(label)} "
                f"but label {default} has {show(expected)}"
            )
        state.check_types(label)
    state.pop_types(expected)
    state.unreachable()


@rule("br_on_null")
def _br_on_null(state: State, instr: Instr) -> None:
    label = state.label(instr[1])
    ref = state.pop_ref()
    if label:
        state.pop_types(label)
        state.vals += label
    state.vals.append(ref_type(False, ref.heap))


@rule("br_on_non_null")
def _br_on_non_null(state: State, instr: Instr) -> None:
    label = state.label(instr[1])
    if not label or not isinstance(label[-1], RefType):
        raise ValidationError(
            f"type mismatch: instruction requires reference type but label has {show(label)}"
        )
    state.pop_types((*label[:-1], ref_type(True, label[-1].heap)))
    state.vals += label[:-1]


@rule("return")
def _return(state: State, instr: Instr) -> None:
    state.pop_types(state.results)
    state.unreachable()


def _check_tail(state: State, results: Types) -> None:
    if not match_result(results, state.results):
        raise ValidationError(
            f"type mismatch: current function requires result type {show(state.results)} "
            f"but callee returns {show(results)}"
        )


def _callee(state: State, typeidx: int, tableidx: int) -> DefType:
    reftype = _table(state, tableidx).reftype
    deftype = state.checker.func(typeidx)
    if not match_ref(reftype, FUNCREF):
        raise ValidationError(
            "type mismatch: instruction requires table of function type "
            f"but table has element type {reftype}"
        )
    return deftype


@rule("call_indirect")
def _call_indirect(state: State, instr: Instr) -> None:
    _, typeidx, tableidx = instr
    func = _callee(state, typeidx, tableidx).func
    state.pop_types((*func.params, _table(state, tableidx).addrtype))
    state.push_types(func.results)


@rule("return_call")
def _return_call(state: State, instr: Instr) -> None:
    try:
        _, params, results = state.signatures[instr[1]]
    except IndexError:
        raise ValidationError(f"unknown function {instr[1]}") from None
    _check_tail(state, results)
    state.pop_types(params)
    state.unreachable()


@rule("return_call_indirect")
def _return_call_indirect(state: State, instr: Instr) -> None:
    _, typeidx, tableidx = instr
    func = _callee(state, typeidx, tableidx).func
    _check_tail(state, list(func.results))
    state.pop_types((*func.params, _table(state, tableidx).addrtype))
    state.unreachable()


@rule("call_ref")
def _call_ref(state: State, instr: Instr) -> None:
    deftype = state.checker.func(instr[1])
    state.pop_types((*deftype.func.params, ref_type(True, deftype)))
    state.push_types(deftype.func.results)


@rule("return_call_ref")
def _return_call_ref(state: State, instr: Instr) -> None:
    deftype = state.checker.func(instr[1])
    _check_tail(state, list(deftype.func.results))
    state.pop_types((*deftype.func.params, ref_type(True, deftype)))
    state.unreachable()


# --- parametric ---


@rule("drop")
def _drop(state: State, instr: Instr) -> None:
    state.pop_any()


@rule("select")
def _select(state: State, instr: Instr) -> None:
    state.pop_types((I32,))
    second = state.pop_any()
    first = state.pop_any()
    for type_ in (second, first):
        if isinstance(type_, RefType):
            raise ValidationError(
                "type mismatch: instruction requires numeric or vector type "
                f"but stack has {type_}; select with a result type is for references"
            )
    if first is not second and first is not BOT and second is not BOT:
        raise ValidationError(
            f"type mismatch: instruction requires two equal types but stack has {show((first, second))}"
        )
    state.vals.append(second if first is BOT else first)


def _select_typed(state: State, instr: Instr) -> None:
    types = instr[1]
    if len(types) != 1:
        raise ValidationError(
            f"invalid result arity {len(types)}, other than 1 is not (yet) allowed"
        )
    type_ = state.checker.val(types[0])
    state.pop_types((type_, type_, I32))
    state.vals.append(type_)


RULES[SELECT_TYPED] = _select_typed


# --- variables ---


@rule("global.get")
def _global_get(state: State, instr: Instr) -> None:
    try:
        state.vals.append(state.context.globals[instr[1]].valtype)
    except IndexError:
        raise ValidationError(f"unknown global {instr[1]}") from None


@rule("global.set")
def _global_set(state: State, instr: Instr) -> None:
    try:
        type_ = state.context.globals[instr[1]]
    except IndexError:
        raise ValidationError(f"unknown global {instr[1]}") from None
    if not type_.mutable:
        raise ValidationError(f"immutable global: global {instr[1]} cannot be set")
    state.pop_types((type_.valtype,))


# --- tables ---


@rule("table.get")
def _table_get(state: State, instr: Instr) -> None:
    table = _table(state, instr[1])
    state.pop_types((table.addrtype,))
    state.vals.append(table.reftype)


@rule("table.set")
def _table_set(state: State, instr: Instr) -> None:
    table = _table(state, instr[1])
    state.pop_types((table.addrtype, table.reftype))


@rule("table.size")
def _table_size(state: State, instr: Instr) -> None:
    state.vals.append(_table(state, instr[1]).addrtype)


@rule("table.grow")
def _table_grow(state: State, instr: Instr) -> None:
    table = _table(state, instr[1])
    state.pop_types((table.reftype, table.addrtype))
    state.vals.append(table.addrtype)


@rule("table.fill")
def _table_fill(state: State, instr: Instr) -> None:
    table = _table(state, instr[1])
    state.pop_types((table.addrtype, table.reftype, table.addrtype))


@rule("table.copy")
def _table_copy(state: State, instr: Instr) -> None:
    destination = _table(state, instr[1])
    source = _table(state, instr[2])
    if not match_ref(source.reftype, destination.reftype):
        raise ValidationError(
            f"type mismatch: source element type {source.reftype} does not match "
            f"destination element type {destination.reftype}"
        )
    length = _smaller(destination.addrtype, source.addrtype)
    state.pop_types((destination.addrtype, source.addrtype, length))


@rule("table.init")
def _table_init(state: State, instr: Instr) -> None:
    _, elemidx, tableidx = instr
    table = _table(state, tableidx)
    reftype = elem_type(state, elemidx)
    if not match_ref(reftype, table.reftype):
        raise ValidationError(
            f"type mismatch: element segment's type {reftype} does not match "
            f"table's element type {table.reftype}"
        )
    state.pop_types((table.addrtype, I32, I32))


@rule("elem.drop")
def _elem_drop(state: State, instr: Instr) -> None:
    elem_type(state, instr[1])


# --- memory ---


@rule("memory.copy")
def _memory_copy(state: State, instr: Instr) -> None:
    destination = _addrtype(state, instr[1])
    source = _addrtype(state, instr[2])
    state.pop_types((destination, source, _smaller(destination, source)))


@rule("data.drop")
def _data_drop(state: State, instr: Instr) -> None:
    check_data(state, instr[1])


def _with_addrtype(types: tuple[ValType, ...] | None, at: NumType) -> tuple[ValType, ...]:
    return tuple(at if type_ is AT else type_ for type_ in types or ())


_MEMORY_SIGNATURES: Final = {
    (op, at): (_with_addrtype(op.params, at), _with_addrtype(op.results, at))
    for op in OPS
    if op.params is not None and op.imm in (Imm.MEM, Imm.DATA_MEM, Imm.MEMARG, Imm.MEMARG_LANE)
    for at in (I32, I64)
}
"""Operands and results of the instructions on one memory, for each address type."""


def memory_rule(state: State, instr: Instr) -> None:
    """The rule of the instructions on one memory whose row states their types in terms of the address type."""
    op = instr[0]
    if op.imm is Imm.DATA_MEM:
        at = _addrtype(state, instr[2])
        check_data(state, instr[1])
    else:
        at = _addrtype(state, instr[1])
        if op.imm in (Imm.MEMARG, Imm.MEMARG_LANE):
            check_memarg(instr, at)
    params, results = _MEMORY_SIGNATURES[op, at]
    state.pop_types(params)
    state.vals += results


def check_memarg(instr: Instr, at: NumType) -> None:
    """Check alignment and offset of an access to a memory with this address type ("Memory Instructions")."""
    op, _, align, offset, *_ = instr
    if 1 << align > op.width >> 3:
        raise ValidationError(
            f"alignment must not be larger than natural: 2**{align}, at most {op.width >> 3} is allowed"
        )
    if offset >= 1 << at.bits:
        raise ValidationError(f"offset out of range: {offset:#x} in a memory with {at} addresses")


# --- references ---


@rule("ref.null")
def _ref_null(state: State, instr: Instr) -> None:
    state.vals.append(ref_type(True, state.checker.close_heap(instr[1])))


@rule("ref.is_null")
def _ref_is_null(state: State, instr: Instr) -> None:
    state.pop_ref()
    state.vals.append(I32)


@rule("ref.as_non_null")
def _ref_as_non_null(state: State, instr: Instr) -> None:
    state.vals.append(ref_type(False, state.pop_ref().heap))


@rule("ref.func")
def _ref_func(state: State, instr: Instr) -> None:
    index = instr[1]
    context = state.context
    if index >= len(context.funcs):
        raise ValidationError(f"unknown function {index}")
    if index not in context.refs:
        raise ValidationError(f"undeclared function reference {index}")
    state.vals.append(state.checker.new_ref(context.funcs[index], context.is_exact(index)))
