"""The typing rules of tests, casts and conversions of references (core specification, "Validation: Reference
Instructions" and "Control Instructions")."""

from __future__ import annotations

from pyjsapi.syntax.deftypes import DefType, inexact
from pyjsapi.syntax.errors import ValidationError
from pyjsapi.syntax.instructions import BY_MNEMONIC, NULLABLE, Imm, Op
from pyjsapi.syntax.module import Instr, op_of
from pyjsapi.syntax.types import (
    ANY,
    CONT,
    EQ,
    EXN,
    EXTERN,
    FUNC,
    I32,
    NOCONT,
    NOEXN,
    NOEXTERN,
    NOFUNC,
    AbsHeapType,
    ContType,
    FuncType,
    HeapType,
    RefType,
    ref_type,
)
from pyjsapi.validation.matching import match_ref
from pyjsapi.validation.rules import RULES, Rule, rule
from pyjsapi.validation.state import State, Types, show

_TOPS = {
    NOFUNC: FUNC,
    NOEXTERN: EXTERN,
    NOEXN: EXN,
    FUNC: FUNC,
    EXTERN: EXTERN,
    EXN: EXN,
    NOCONT: CONT,
    CONT: CONT,
}


def top_of(heap: HeapType) -> AbsHeapType:
    """The heap type above all others of the hierarchy that a closed heap type belongs to."""
    heap = inexact(heap)
    if isinstance(heap, DefType):
        if isinstance(heap.comp, ContType):
            return CONT
        return FUNC if isinstance(heap.comp, FuncType) else ANY
    return _TOPS.get(heap, ANY) if isinstance(heap, AbsHeapType) else ANY


def difference(from_: RefType, to: RefType) -> RefType:
    """The type of what is left of ``from_`` when a cast to ``to`` fails."""
    return ref_type(False, from_.heap) if to.nullable else from_


def _target(state: State, instr: Instr) -> RefType:
    type_ = state.checker.ref(ref_type(op_of(instr).imm is Imm.REF_NULL, instr[1]))
    _check_castable(type_)
    return type_


def _check_castable(type_: RefType) -> None:
    """Refuse casts to references of continuations, which nothing need tell apart at run time."""
    if top_of(type_.heap) is CONT:
        raise ValidationError(f"invalid cast to the continuation type {show([type_])}")


def _ref_test(state: State, instr: Instr) -> None:
    type_ = _target(state, instr)
    state.pop_types((ref_type(True, top_of(type_.heap)),))
    state.vals.append(I32)


def _ref_cast(state: State, instr: Instr) -> None:
    type_ = _target(state, instr)
    state.pop_types((ref_type(True, top_of(type_.heap)),))
    state.vals.append(type_)


def _both(mnemonic: str) -> tuple[Op, Op]:
    return BY_MNEMONIC[mnemonic], NULLABLE[mnemonic]


_CASTS: dict[str, Rule] = {"ref.test": _ref_test, "ref.cast": _ref_cast}
RULES.update({op: function for name, function in _CASTS.items() for op in _both(name)})


def cast_types(state: State, instr: Instr) -> tuple[Types, RefType, RefType]:
    """Label, operand type and target type of a cast that branches, the types checked against each other.

    With custom descriptors the two need no more than be of one hierarchy.
    """
    label = state.label(instr[1])
    source = state.checker.ref(instr[2])
    target = state.checker.ref(instr[3])
    _check_castable(target)
    if state.checker.features.custom_descriptors:
        matches = top_of(target.heap) is top_of(source.heap)
    else:
        matches = match_ref(target, source)
    if not matches:
        raise ValidationError(
            f"type mismatch on cast: type {show([target])} does not match {show([source])}"
        )
    return label, source, target


def branch_on_cast(
    state: State, label: Types, sent: RefType, operands: tuple[RefType, ...], left: RefType
) -> None:
    """What a cast that branches sends to its label, takes and leaves."""
    last = label[-1] if label else None
    if not isinstance(last, RefType) or not match_ref(sent, last):
        raise ValidationError(
            f"type mismatch: instruction requires type {show([sent])} but label has {show(label)}"
        )
    state.pop_types((*label[:-1], *operands))
    state.vals += label[:-1]
    state.vals.append(left)


@rule("br_on_cast")
def _br_on_cast(state: State, instr: Instr) -> None:
    label, source, target = cast_types(state, instr)
    branch_on_cast(state, label, target, (source,), difference(source, target))


@rule("br_on_cast_fail")
def _br_on_cast_fail(state: State, instr: Instr) -> None:
    label, source, target = cast_types(state, instr)
    branch_on_cast(state, label, difference(source, target), (source,), target)


@rule("ref.eq")
def _ref_eq(state: State, instr: Instr) -> None:
    state.pop_types((ref_type(True, EQ), ref_type(True, EQ)))
    state.vals.append(I32)


@rule("any.convert_extern")
def _any_convert_extern(state: State, instr: Instr) -> None:
    _convert(state, EXTERN, ANY)


@rule("extern.convert_any")
def _extern_convert_any(state: State, instr: Instr) -> None:
    _convert(state, ANY, EXTERN)


def _convert(state: State, from_: AbsHeapType, to: AbsHeapType) -> None:
    vals = state.vals
    nullable = isinstance(vals[-1], RefType) and vals[-1].nullable
    state.pop_types((ref_type(True, from_),))
    vals.append(ref_type(nullable, to))
