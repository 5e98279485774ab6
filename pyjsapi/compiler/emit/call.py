"""Calls (core: "Control Instructions", "Function Calls").

A function of the instance is the Python global ``f<index>``. An indirect call subscripts the table's list for the
signature, whose slots of other types hold functions that trap. Python evaluates what is called before the
arguments, WebAssembly after them: arguments are evaluated on their own where somebody could tell.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from pyjsapi.compiler.convention import handing_on
from pyjsapi.compiler.emit.registry import emits
from pyjsapi.compiler.expression import (
    ATOM,
    EFFECT,
    P_CONDITIONAL,
    TOP,
    TRAPS,
    TRUTH,
    Entry,
)
from pyjsapi.compiler.frame import Frame
from pyjsapi.syntax.instructions import BY_MNEMONIC
from pyjsapi.syntax.module import Instr
from pyjsapi.syntax.types import FuncType, ValType

_RETURN_CALL: Final = BY_MNEMONIC["return_call"]
TAIL_CALLS: Final = frozenset(
    (_RETURN_CALL, BY_MNEMONIC["return_call_indirect"], BY_MNEMONIC["return_call_ref"])
)


class Callee(NamedTuple):
    """What a call instruction calls."""

    text: str
    type: FuncType
    deps: int = 0
    flags: int = 0


def callee_of(frame: Frame, instr: Instr) -> Callee:
    """The callee of a call or tail call; its dynamic part is popped."""
    family = instr[0].mnemonic.removeprefix("return_")
    if family == "call":
        return Callee(f"f{instr[1]}", frame.scope.func_type(instr[1]))
    type_ = frame.scope.types[instr[1]].func
    target = frame.pop_canonical()
    start = len(frame.stack) - len(type_.params)
    arguments = frame.stack[start:]
    if target.flags & EFFECT or any(a.flags & (EFFECT | TRAPS) for a in arguments):
        for i, argument in enumerate(arguments, start):
            if argument.flags & ~TRUTH:
                frame.spill(i)
    if family == "call_ref":
        reference = f"({target.at(P_CONDITIONAL + 1)} or null_function)"
        text = f"callee{reference}" if frame.scope.counts_calls else f"{reference}.call"
        return Callee(text, type_, target.deps, target.flags)
    signature = frame.scope.signatures[instr[1]]
    frame.signatures.add((instr[2], signature))
    return Callee(f"t{instr[2]}_{signature}[{target.text}]", type_, target.deps, target.flags)


def _call(frame: Frame, instr: Instr) -> None:
    callee = callee_of(frame, instr)
    arguments = frame.pop_values(len(callee.type.params))
    deps, flags = callee.deps, callee.flags
    for argument in arguments:
        deps |= argument.deps
        flags |= argument.flags
    text = f"{callee.text}({','.join(a.at(P_CONDITIONAL) for a in arguments)})"
    push_results(frame, text, callee.type.results, deps, flags)


def push_results(
    frame: Frame, text: str, results: Sequence[ValType], deps: int, flags: int
) -> None:
    """Push what a call gives, of which ``text`` is the expression."""
    if not results:
        frame.emit(text, 0, True, True)
    elif len(results) == 1:
        type_ = results[0]
        frame.push(Entry(type_, text, ATOM, 0, TOP.get(type_, 0), deps, flags | EFFECT | TRAPS))
    else:
        height = len(frame.stack)
        temps = [frame.temp(type_, height + i) for i, type_ in enumerate(results)]
        assigned = 0
        for temp in temps:
            assigned |= temp.deps
        frame.emit(f"{','.join(temp.text for temp in temps)}={text}", assigned, True, True)
        frame.stack.extend(temps)


emits("call", "call_indirect", "call_ref")(_call)


def tail_call(frame: Frame, instr: Instr) -> None:
    """Write a tail call to another function, which the function's wrapper makes."""
    callee = callee_of(frame, instr)
    arguments = frame.pop_values(len(callee.type.params))
    frame.settle(0, True, True)
    frame.write(handing_on(callee.text, [a.at(P_CONDITIONAL) for a in arguments]))


def hands_on(body: Sequence[Instr], funcidx: int) -> bool:
    """Whether a function tail-calls others: see `convention`. A tail call to itself is a loop."""
    return any(
        instr[0] in TAIL_CALLS and not (instr[0] is _RETURN_CALL and instr[1] == funcidx)
        for instr in body
    )
