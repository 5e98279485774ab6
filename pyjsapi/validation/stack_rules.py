"""The typing rules of stack switching (stack-switching proposal, "Instructions")."""

from __future__ import annotations

from collections.abc import Sequence

from pyjsapi.syntax.deftypes import DefType, inexact
from pyjsapi.syntax.errors import ValidationError
from pyjsapi.syntax.instructions import BY_MNEMONIC
from pyjsapi.syntax.instructions_stack import Clause
from pyjsapi.syntax.module import Instr
from pyjsapi.syntax.types import EXN, ContType, FuncType, RefType, ValType, ref_type
from pyjsapi.validation.matching import match_result
from pyjsapi.validation.rules import RULES
from pyjsapi.validation.state import State, Types, show

_EXNREF = ref_type(True, EXN)


def tag_type(state: State, index: int) -> FuncType:
    """Parameters and results of a tag."""
    try:
        type_ = state.context.tags[index].type
    except IndexError:
        raise ValidationError(f"unknown tag {index}") from None
    if isinstance(type_, int):
        raise ValidationError(f"tag {index} is not closed")
    return type_.func


def exception_type(state: State, index: int) -> Types:
    """The parameters of a tag of exceptions, which have no results."""
    type_ = tag_type(state, index)
    if type_.results:
        raise ValidationError(
            f"type mismatch: tag {index} has the results {show(type_.results)}, an exception has none"
        )
    return list(type_.params)


def _continuation(state: State, types: Sequence[ValType], whose: str) -> DefType:
    """The continuation type that the last of some types refers to."""
    type_ = types[-1] if types else None
    heap = inexact(type_.heap) if isinstance(type_, RefType) else None
    if not isinstance(heap, DefType):
        raise ValidationError(
            "type mismatch: instruction requires concrete continuation reference type but "
            f"{whose} has {show(types)}"
        )
    if not isinstance(heap.comp, ContType):
        known = state.checker.types
        index = next((i for i, each in enumerate(known) if each is heap), "?")
        raise ValidationError(f"non-continuation type {index}")
    return heap


def _mismatch(what: str, sub: Sequence[ValType], super_: Sequence[ValType]) -> ValidationError:
    return ValidationError(f"type mismatch: {what}: {show(sub)} does not match {show(super_)}")


def _cont_new(state: State, instr: Instr) -> None:
    type_ = state.checker.cont(instr[1])
    comp = type_.comp
    if isinstance(comp, ContType):
        state.pop_types((state.checker.ref(ref_type(True, comp.type)),))
    state.vals.append(state.checker.ref(ref_type(False, type_)))


def _cont_bind(state: State, instr: Instr) -> None:
    before, after = state.checker.cont(instr[1]), state.checker.cont(instr[2])
    whole, rest = before.cont, after.cont
    bound = len(whole.params) - len(rest.params)
    if bound < 0 or not match_result(rest.params, whole.params[bound:]):
        raise _mismatch("cont.bind, parameters", rest.params, whole.params[max(bound, 0) :])
    if not match_result(whole.results, rest.results):
        raise _mismatch("cont.bind, results", whole.results, rest.results)
    state.pop_types((*whole.params[:bound], ref_type(True, before)))
    state.vals.append(state.checker.ref(ref_type(False, after)))


def _suspend(state: State, instr: Instr) -> None:
    type_ = tag_type(state, instr[1])
    state.pop_types(type_.params)
    state.push_types(type_.results)


def _check_clauses(state: State, clauses: Sequence[Clause], results: Sequence[ValType]) -> None:
    for tagidx, label in clauses:
        tag = tag_type(state, tagidx)
        if label is not None:
            _check_label(state, tag, label, results)
            continue
        _check_switch_tag(tagidx, tag)
        if not match_result(tag.results, results) or not match_result(results, tag.results):
            raise _mismatch(f"results of tag {tagidx}, of switch", tag.results, results)


def _check_switch_tag(index: int, tag: FuncType) -> None:
    if tag.params:
        raise ValidationError(
            f"type mismatch in switch tag: tag {index} has the parameters {show(tag.params)}, switch gives none"
        )


def _check_label(state: State, tag: FuncType, index: int, results: Sequence[ValType]) -> None:
    label = state.label(index)
    rest = _continuation(state, label, "label").cont
    if not match_result(tag.params, label[:-1]):
        raise _mismatch(f"label {index}", tag.params, label[:-1])
    if not match_result(rest.params, tag.results):
        raise _mismatch(f"parameters of label {index}'s continuation", rest.params, tag.results)
    if not match_result(results, rest.results):
        raise _mismatch(f"results of label {index}'s continuation", results, rest.results)


def _resume(state: State, instr: Instr) -> None:
    _, typeidx, clauses = instr
    type_ = state.checker.cont(typeidx)
    _finish(state, type_, type_.cont.params, clauses)


def _resume_throw(state: State, instr: Instr) -> None:
    _, typeidx, tagidx, clauses = instr
    type_ = state.checker.cont(typeidx)
    _finish(state, type_, exception_type(state, tagidx), clauses)


def _resume_throw_ref(state: State, instr: Instr) -> None:
    _, typeidx, clauses = instr
    _finish(state, state.checker.cont(typeidx), (_EXNREF,), clauses)


def _finish(
    state: State, type_: DefType, operands: Sequence[ValType], clauses: Sequence[Clause]
) -> None:
    results = type_.cont.results
    _check_clauses(state, clauses, results)
    state.pop_types((*operands, ref_type(True, type_)))
    state.push_types(results)


def _switch(state: State, instr: Instr) -> None:
    _, typeidx, tagidx = instr
    type_ = state.checker.cont(typeidx)
    to, tag = type_.cont, tag_type(state, tagidx)
    back = _continuation(state, to.params, f"continuation type {typeidx}")
    _check_switch_tag(tagidx, tag)
    if not match_result(to.results, tag.results):
        raise _mismatch("results of switch's continuation", to.results, tag.results)
    if not match_result(tag.results, back.cont.results):
        raise _mismatch(
            "results of the continuation left by switch", tag.results, back.cont.results
        )
    state.pop_types((*to.params[:-1], ref_type(True, type_)))
    state.push_types(back.cont.params)


RULES.update(
    {
        BY_MNEMONIC["cont.new"]: _cont_new,
        BY_MNEMONIC["cont.bind"]: _cont_bind,
        BY_MNEMONIC["suspend"]: _suspend,
        BY_MNEMONIC["resume"]: _resume,
        BY_MNEMONIC["resume_throw"]: _resume_throw,
        BY_MNEMONIC["resume_throw_ref"]: _resume_throw_ref,
        BY_MNEMONIC["switch"]: _switch,
    }
)
