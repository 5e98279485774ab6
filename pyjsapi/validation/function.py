"""Validation of functions (core specification, appendix "Validation Algorithm").

One pass over the flat instruction sequence, with explicit stacks.
"""

from __future__ import annotations

from functools import lru_cache
from operator import length_hint
from typing import Any, Final, TypeAlias

import pyjsapi.validation.aggregate_rules
import pyjsapi.validation.atomic_rules
import pyjsapi.validation.cast_rules
import pyjsapi.validation.descriptor_rules
import pyjsapi.validation.exception_rules
import pyjsapi.validation.stack_rules
import pyjsapi.validation.vector_rules  # noqa: F401 (these modules fill the table of rules)
from pyjsapi.binary.body import BinaryCode
from pyjsapi.syntax.deftypes import DefType
from pyjsapi.syntax.errors import ValidationError
from pyjsapi.syntax.features import Features
from pyjsapi.syntax.instructions import AT, BY_MNEMONIC, OPS, Imm, Op
from pyjsapi.syntax.module import Code, CodeSource, Instr
from pyjsapi.syntax.spelling import counted
from pyjsapi.syntax.types import RefType
from pyjsapi.validation.limits import check_limit
from pyjsapi.validation.requirements import has_feature, missing_feature
from pyjsapi.validation.rules import RULES, Rule, check_memarg, memory_rule
from pyjsapi.validation.state import UNSET, State

# How the loop below treats an instruction, in the order of its tests.
_LOCAL_GET: Final = 0
_PUSH: Final = 1
_BINARY: Final = 2
_LOCAL_SET: Final = 3
_LOCAL_TEE: Final = 4
_LOAD: Final = 5
_RULE: Final = 6
_STORE: Final = 7
_CALL: Final = 8
_UNARY: Final = 9
_SIGNATURE: Final = 10

_Shape: TypeAlias = tuple[int, Any, Any, Any]
"""One of the kinds above, with what it needs: (kind, operand, operand, result) or (_RULE, rule, -, -) or
(_LOAD or _STORE, log2 of the natural alignment, operand, result) or (_SIGNATURE, operands, -, results)."""

_OWN: Final = {
    BY_MNEMONIC["local.get"]: _LOCAL_GET,
    BY_MNEMONIC["local.set"]: _LOCAL_SET,
    BY_MNEMONIC["local.tee"]: _LOCAL_TEE,
    BY_MNEMONIC["call"]: _CALL,
}


def _shape(op: Op) -> _Shape:
    if op in RULES:
        return (_RULE, RULES[op], None, None)
    if op in _OWN:
        return (_OWN[op], None, None, None)
    params, results = op.params, op.results
    if params is None or results is None:
        raise NotImplementedError(f"validation has no rule for {op}")
    if op.imm is Imm.MEMARG:
        natural = (op.width >> 3).bit_length() - 1
        if params == (AT,) and len(results) == 1:
            return (_LOAD, natural, None, results[0])
        if len(params) == 2 and params[0] is AT and not results:
            return (_STORE, natural, params[1], None)
    if op.imm in (Imm.MEM, Imm.DATA_MEM, Imm.MEMARG):
        return (_RULE, memory_rule, None, None)
    if len(results) == 1:
        if not params:
            return (_PUSH, None, None, results[0])
        if len(params) == 1:
            return (_UNARY, params[0], None, results[0])
        if len(params) == 2:
            return (_BINARY, params[0], params[1], results[0])
    return (_SIGNATURE, params, None, results)


def _refusal(features: Features, op: Op) -> Rule:
    def refuse(state: State, instr: Instr) -> None:
        raise missing_feature(features, op.feature, f"the instruction {op}")

    return refuse


@lru_cache(maxsize=64)
def _shapes(features: Features) -> dict[Op, _Shape]:
    """How every instruction is treated; those whose feature is off are refused."""
    return {
        op: _shape(op)
        if not op.feature or has_feature(features, op.feature)
        else (_RULE, _refusal(features, op), None, None)
        for op in OPS
    }


def validate_function(state: State, funcidx: int, deftype: DefType, source: CodeSource) -> None:
    """Validate one function definition ("Functions"). Its code is loaded once and not kept.

    ``funcidx`` lies in the function index space, ``deftype`` is the function's type. Raises `ValidationError`
    with the place, and `DecodeError` when the code turns out to be malformed.
    """
    try:
        _check_size(state, source)
        code = source.load()
        _enter(state, code, deftype)
    except ValidationError as error:
        error.funcidx = funcidx
        error.offset = source.start if isinstance(source, BinaryCode) else None
        raise
    body = code.body
    iterator = iter(body)
    state.iterator = iterator
    try:
        _run(state, iterator)
        if state.frames:
            raise ValidationError(
                f"end expected: {counted(len(state.frames), 'block')} open where the body ends"
            )
    except ValidationError as error:
        # Asked only now: counting on the way would cost every instruction.
        position = len(body) - length_hint(iterator) - 1
        error.funcidx = funcidx
        if position >= 0:
            error.instruction = position
            error.mnemonic = body[position][0].mnemonic
            error.offset = source.offset_of(position)
        raise


def _check_size(state: State, source: CodeSource) -> None:
    if isinstance(source, BinaryCode):
        size = source.end - source.start
        limit = state.checker.limits.body_size
        if size > limit:
            raise ValidationError(
                f"function body too large: {counted(size, 'byte')}, the limit is {limit} (Limits.body_size)"
            )


def _enter(state: State, code: Code, deftype: DefType) -> None:
    """Set up locals and stacks for a body."""
    func = deftype.func
    locals_ = list(func.params)
    gets = None
    if code.locals:
        count = len(locals_) + sum(group[0] for group in code.locals)
        check_limit(count, state.checker.limits.locals, "locals", "locals")
        val = state.checker.val
        unset: list[range] = []
        for count, type_ in code.locals:
            closed = val(type_)
            if isinstance(closed, RefType) and not closed.nullable:
                unset.append(range(len(locals_), len(locals_) + count))
            locals_ += [closed] * count
        if unset:
            gets = [*locals_]
            for indices in unset:
                for index in indices:
                    gets[index] = UNSET
    state.locals = locals_
    # Without locals to initialise the two lists can be one.
    state.gets = locals_ if gets is None else gets
    state.results = list(func.results)
    state.inits = []
    state.frames = []
    state.vals = []
    state.push_frame(_FUNCTION, [], state.results)


_FUNCTION: Final = BY_MNEMONIC["block"]


def _run(state: State, iterator: Any) -> None:
    """Check instruction after instruction.

    The top of the value stack is compared by identity first; below the operands of a block lies its floor, which
    equals no operand type. Everything that is not a plain hit goes to the slow and exact methods of `State`.
    """
    vals = state.vals
    push = vals.append
    pop = vals.pop
    pop_types = state.pop_types
    shapes = _shapes(state.checker.features)
    gets = state.gets
    locals_ = state.locals
    addrtypes = state.addrtypes
    signatures = state.signatures
    most = state.checker.limits.operands
    for instr in iterator:
        kind, a, b, result = shapes[instr[0]]
        if kind == _LOCAL_GET:
            try:
                type_ = gets[instr[1]]
            except IndexError:
                raise ValidationError(f"unknown local {instr[1]}") from None
            if type_ is UNSET:
                raise ValidationError(f"uninitialized local {instr[1]}")
            push(type_)
        elif kind == _PUSH:
            push(result)
        elif kind == _BINARY:
            if vals[-1] is b and vals[-2] is a:
                pop()
                vals[-1] = result
            else:
                pop_types((a, b))
                push(result)
        elif kind in (_LOCAL_SET, _LOCAL_TEE):
            index = instr[1]
            try:
                type_ = locals_[index]
            except IndexError:
                raise ValidationError(f"unknown local {index}") from None
            if vals[-1] is type_:
                pop()
            else:
                pop_types((type_,))
            if gets[index] is UNSET:
                gets[index] = type_
                state.inits.append(index)
            if kind == _LOCAL_TEE:
                push(type_)
        elif kind == _LOAD:
            _, memidx, align, offset = instr
            try:
                at = addrtypes[memidx]
            except IndexError:
                raise ValidationError(f"unknown memory {memidx}") from None
            if align > a or offset > 0xFFFFFFFF:
                check_memarg(instr, at)
            if vals[-1] is at:
                vals[-1] = result
            else:
                pop_types((at,))
                push(result)
        elif kind == _RULE:
            a(state, instr)
        elif kind == _STORE:
            _, memidx, align, offset = instr
            try:
                at = addrtypes[memidx]
            except IndexError:
                raise ValidationError(f"unknown memory {memidx}") from None
            if align > a or offset > 0xFFFFFFFF:
                check_memarg(instr, at)
            if vals[-1] is b and vals[-2] is at:
                del vals[-2:]
            else:
                pop_types((at, b))
        elif kind == _CALL:
            try:
                count, params, results = signatures[instr[1]]
            except IndexError:
                raise ValidationError(f"unknown function {instr[1]}") from None
            if count:
                # Equality is matching; a floor within the slice makes the lists unequal.
                if vals[-count:] == params:
                    del vals[-count:]
                else:
                    pop_types(params)
            if results:
                vals += results
                if len(vals) > most:
                    state.check_height()
        elif kind == _UNARY:
            if vals[-1] is a:
                vals[-1] = result
            else:
                pop_types((a,))
                push(result)
        else:
            pop_types(a)
            vals += result
