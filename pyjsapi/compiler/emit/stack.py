"""Stack switching (stack-switching proposal, "Instructions"): calls of `suspension.continuations`.

``X`` is the instance's list of tags, with their twins behind them: see `control.resuming`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from pyjsapi.compiler.emit.call import push_results
from pyjsapi.compiler.emit.registry import emits
from pyjsapi.compiler.expression import ATOM, EFFECT, P_CONDITIONAL, TRAPS, Entry
from pyjsapi.compiler.frame import Frame
from pyjsapi.compiler.scope import ModuleScope
from pyjsapi.syntax.instructions import Imm
from pyjsapi.syntax.module import Instr
from pyjsapi.syntax.types import CONT, EXN, ValType, ref_type

_CONT: Final = ref_type(False, CONT)
_EXNREF: Final = ref_type(True, EXN)


def operands_of(scope: ModuleScope, instr: Instr) -> tuple[ValType, ...]:
    """What an instruction with handlers takes below the continuation."""
    if instr[0].imm is Imm.TYPE_TAG_ON:
        return scope.tags[instr[2]]
    if instr[0].mnemonic == "resume_throw_ref":
        return (_EXNREF,)
    return scope.types[instr[1]].cont.params


def _tuple(values: Sequence[Entry]) -> str:
    return f"({''.join(f'{value.at(P_CONDITIONAL)},' for value in values)})"


def _indices(indices: Sequence[int]) -> str:
    return f"({''.join(f'{index},' for index in indices)})"


def _call(
    frame: Frame, name: str, arguments: str, popped: Sequence[Entry], results: Sequence[ValType]
) -> None:
    deps, flags = 0, EFFECT | TRAPS
    for entry in popped:
        deps |= entry.deps
        flags |= entry.flags
    push_results(frame, f"{name}({arguments})", tuple(results), deps, flags)


@emits("cont.new")
def _cont_new(frame: Frame, instr: Instr) -> None:
    function = frame.pop_canonical()
    callee = ",callee" if frame.scope.counts_calls else ""
    text = f"cont_new({function.at(P_CONDITIONAL)}{callee})"
    flags = function.flags | EFFECT | TRAPS
    frame.push(Entry(_CONT, text, ATOM, 0, 0, function.deps, flags))


@emits("cont.bind")
def _cont_bind(frame: Frame, instr: Instr) -> None:
    types = frame.scope.types
    bound = len(types[instr[1]].cont.params) - len(types[instr[2]].cont.params)
    values = frame.pop_values(bound + 1)
    text = f"{_tuple(values[:-1])},{values[-1].at(P_CONDITIONAL)}"
    _call(frame, "cont_bind", text, values, (_CONT,))


@emits("suspend")
def _suspend(frame: Frame, instr: Instr) -> None:
    values = frame.pop_values(len(frame.scope.tags[instr[1]]))
    results = frame.scope.tag_results[instr[1]]
    _call(frame, "suspend", f"X[{instr[1]}],{_tuple(values)}", values, results)


@emits("switch")
def _switch(frame: Frame, instr: Instr) -> None:
    _, typeidx, tagidx = instr
    *params, back = frame.scope.types[typeidx].cont.params
    values = frame.pop_values(len(params) + 1)
    text = f"{_tuple(values[:-1])},{values[-1].at(P_CONDITIONAL)},X[{tagidx}]"
    _call(frame, "switch", text, values, back.heap.cont.params)  # type: ignore[attr-defined]


@emits("resume", "resume_throw", "resume_throw_ref")
def _resume(frame: Frame, instr: Instr) -> None:
    name = instr[0].mnemonic
    clauses = instr[-1]
    values = frame.pop_values(len(operands_of(frame.scope, instr)) + 1)
    if name == "resume_throw":
        given = f"Exn(X[{instr[2]}],{_tuple(values[:-1])})"
    elif name == "resume_throw_ref":
        given = values[0].at(P_CONDITIONAL)
    else:
        given = _tuple(values[:-1])
    on = tuple(dict.fromkeys(tagidx for tagidx, label in clauses if label is not None))
    switches = tuple(dict.fromkeys(tagidx for tagidx, label in clauses if label is None))
    text = f"{given},{values[-1].at(P_CONDITIONAL)},X,{_indices(on)},{_indices(switches)}"
    helper = "resume" if name == "resume" else "resume_throw"
    _call(frame, helper, text, values, frame.scope.types[instr[1]].cont.results)
