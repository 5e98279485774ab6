"""The typing rules of exception handling (core specification, "Validation: Control Instructions").

The first form is validated as its proposal says: the parts of a ``try`` are blocks of their own with the same label.
"""

from __future__ import annotations

from typing import Final

from pyjsapi.syntax.errors import ValidationError
from pyjsapi.syntax.instructions import BY_MNEMONIC
from pyjsapi.syntax.instructions_exceptions import WITH_REF
from pyjsapi.syntax.module import Instr
from pyjsapi.syntax.types import EXN, ref_type
from pyjsapi.validation.matching import match_result
from pyjsapi.validation.rules import RULES
from pyjsapi.validation.stack_rules import exception_type
from pyjsapi.validation.state import State, show

_EXNREF: Final = ref_type(True, EXN)
_EXN: Final = ref_type(False, EXN)
_TRY: Final = BY_MNEMONIC["try"]
_CATCH: Final = BY_MNEMONIC["catch"]
_CATCH_ALL: Final = BY_MNEMONIC["catch_all"]


def _throw(state: State, instr: Instr) -> None:
    state.pop_types(exception_type(state, instr[1]))
    state.unreachable()


def _throw_ref(state: State, instr: Instr) -> None:
    state.pop_types((_EXNREF,))
    state.unreachable()


def _try_table(state: State, instr: Instr) -> None:
    op, type_, catches = instr
    start, end = state.checker.block(type_)
    if start:
        state.pop_types(start)
    for kind, tagidx, index in catches:
        given = [] if tagidx is None else exception_type(state, tagidx)
        if kind in WITH_REF:
            given.append(_EXN)
        label = state.label(index)
        if not match_result(given, label):
            raise ValidationError(
                f"type mismatch: the clause {kind} gives {show(given)} but label {index} has {show(label)}"
            )
    state.push_frame(op, start, end)


def _try(state: State, instr: Instr) -> None:
    op, type_ = instr
    start, end = state.checker.block(type_)
    if start:
        state.pop_types(start)
    state.push_frame(op, start, end)


def _catch(state: State, instr: Instr) -> None:
    op = instr[0]
    if state.frames[-1][0] not in (_TRY, _CATCH):
        raise ValidationError(f"{op} without an open try")
    params = exception_type(state, instr[1]) if op is _CATCH else []
    _, _, end, _, _, _ = state.pop_frame()
    state.push_frame(op, params, end)


def _delegate(state: State, instr: Instr) -> None:
    if state.frames[-1][0] is not _TRY:
        raise ValidationError("delegate without an open try")
    _, _, end, _, _, _ = state.pop_frame()
    state.label(instr[1])
    if end:
        state.push_types(end)


def _rethrow(state: State, instr: Instr) -> None:
    state.label(instr[1])
    if state.frames[-1 - instr[1]][0] not in (_CATCH, _CATCH_ALL):
        raise ValidationError(f"invalid rethrow label {instr[1]}: it is not that of a catch")
    state.unreachable()


RULES.update(
    {
        BY_MNEMONIC["throw"]: _throw,
        BY_MNEMONIC["throw_ref"]: _throw_ref,
        BY_MNEMONIC["try_table"]: _try_table,
        _TRY: _try,
        _CATCH: _catch,
        _CATCH_ALL: _catch,
        BY_MNEMONIC["delegate"]: _delegate,
        BY_MNEMONIC["rethrow"]: _rethrow,
    }
)
