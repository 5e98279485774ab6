"""The typing rules of instructions with descriptors (custom descriptors proposal, "New Instructions")."""

from __future__ import annotations

from pyjsapi.syntax.deftypes import DefType, inexact
from pyjsapi.syntax.errors import ValidationError
from pyjsapi.syntax.instructions import BY_MNEMONIC, NULLABLE, Imm
from pyjsapi.syntax.module import Instr, op_of
from pyjsapi.syntax.types import Exact, HeapType, RefType, StructType, ref_type
from pyjsapi.validation.aggregate_rules import check_default, unpacked
from pyjsapi.validation.cast_rules import branch_on_cast, cast_types, difference, top_of
from pyjsapi.validation.matching import match_heap
from pyjsapi.validation.rules import RULES, rule
from pyjsapi.validation.state import State


def _described(state: State, index: int) -> tuple[DefType, DefType]:
    """The type at an index and that of its descriptors."""
    type_ = state.checker.type(index)
    descriptor = type_.descriptor
    if descriptor is None:
        raise ValidationError(
            f"type without descriptor requires non-descriptor allocation: type {index} has none"
        )
    return type_, descriptor


def _exact(type_: DefType, *, nullable: bool) -> RefType:
    return ref_type(nullable, Exact(type_))


def _struct_new(state: State, instr: Instr, *, default: bool) -> None:
    comp = state.checker.type(instr[1]).comp
    if not isinstance(comp, StructType):
        raise ValidationError(f"type mismatch: non-structure type {instr[1]}")
    type_, descriptor = _described(state, instr[1])
    operands = []
    for field in comp.fields:
        if default:
            check_default(field.storage)
        else:
            operands.append(unpacked(field.storage))
    state.pop_types([*operands, _exact(descriptor, nullable=True)])
    state.vals.append(_exact(type_, nullable=False))


@rule("struct.new_desc")
def _struct_new_desc(state: State, instr: Instr) -> None:
    _struct_new(state, instr, default=False)


@rule("struct.new_default_desc")
def _struct_new_default_desc(state: State, instr: Instr) -> None:
    _struct_new(state, instr, default=True)


@rule("ref.get_desc")
def _ref_get_desc(state: State, instr: Instr) -> None:
    type_ = state.checker.type(instr[1])
    descriptor = type_.descriptor
    if descriptor is None:
        raise ValidationError(f"type without descriptor: type {instr[1]}")
    operand = state.pop_ref()
    exact = match_heap(operand.heap, Exact(type_))
    state.vals.append(operand)
    state.pop_types((ref_type(True, Exact(type_) if exact else type_),))
    state.vals.append(ref_type(False, Exact(descriptor) if exact else descriptor))


def _descriptor_of(target: RefType, written: HeapType) -> RefType:
    """The type of the descriptor that a cast to a type takes: exact where the type is."""
    type_ = inexact(target.heap)
    descriptor = type_.descriptor if isinstance(type_, DefType) else None
    if descriptor is None:
        raise ValidationError(f"type {inexact(written)} does not have a descriptor")
    return ref_type(True, Exact(descriptor) if isinstance(target.heap, Exact) else descriptor)


def _ref_cast_desc_eq(state: State, instr: Instr) -> None:
    target = state.checker.ref(ref_type(op_of(instr).imm is Imm.REF_NULL, instr[1]))
    descriptor = _descriptor_of(target, instr[1])
    state.pop_types((ref_type(True, top_of(target.heap)), descriptor))
    state.vals.append(target)


for _op in (BY_MNEMONIC["ref.cast_desc_eq"], NULLABLE["ref.cast_desc_eq"]):
    RULES[_op] = _ref_cast_desc_eq


def _branch(state: State, instr: Instr, *, on_fail: bool) -> None:
    label, source, target = cast_types(state, instr)
    operands = source, _descriptor_of(target, instr[3].heap)
    rest = difference(source, target)
    sent, left = (rest, target) if on_fail else (target, rest)
    branch_on_cast(state, label, sent, operands, left)


@rule("br_on_cast_desc_eq")
def _br_on_cast_desc_eq(state: State, instr: Instr) -> None:
    _branch(state, instr, on_fail=False)


@rule("br_on_cast_desc_eq_fail")
def _br_on_cast_desc_eq_fail(state: State, instr: Instr) -> None:
    _branch(state, instr, on_fail=True)
