"""The table of emitters: one per row of the instruction table that is not structured control."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

from pyjsapi.compiler.expression import Entry
from pyjsapi.compiler.frame import Frame
from pyjsapi.syntax.instructions import BY_MNEMONIC, OPS, Op
from pyjsapi.syntax.module import Instr
from pyjsapi.syntax.types import ValType

Emitter: TypeAlias = Callable[[Frame, Instr], None]
Unary: TypeAlias = Callable[[Frame, ValType, Entry], Entry]
"""From frame, type in the mnemonic and operand to result."""
Binary: TypeAlias = Callable[[Frame, ValType, Entry, Entry], Entry]

EMITTERS: Final[dict[Op, Emitter]] = {}
"""Emitter of each straight-line instruction."""

CONTROL: Final = frozenset(
    BY_MNEMONIC[name]
    for name in (
        "nop", "block", "loop", "if", "else", "end", "br", "br_if", "br_table", "return",
        "br_on_null", "br_on_non_null", "br_on_cast", "br_on_cast_fail",
        "br_on_cast_desc_eq", "br_on_cast_desc_eq_fail", "unreachable",
        "return_call", "return_call_indirect", "return_call_ref",
        "throw", "throw_ref", "try_table", "try", "catch", "catch_all", "delegate", "rethrow",
    )
)  # fmt: skip
"""Instructions that the structured emitter and the state machine handle themselves."""

_ROWS: Final[dict[str, list[Op]]] = {}
_FAMILIES: Final[dict[str, list[Op]]] = {}
for _op in OPS:
    _ROWS.setdefault(_op.mnemonic, []).append(_op)
    if "." in _op.mnemonic:
        _FAMILIES.setdefault(_op.family, []).append(_op)


def _register(op: Op, emitter: Emitter) -> None:
    if op in EMITTERS or op in CONTROL:
        raise ValueError(f"{op} has an emitter already")
    EMITTERS[op] = emitter


def emits(*mnemonics: str) -> Callable[[Emitter], Emitter]:
    """Register a function as the emitter of these instructions."""

    def register(emitter: Emitter) -> Emitter:
        for mnemonic in mnemonics:
            for op in _ROWS[mnemonic]:
                _register(op, emitter)
        return emitter

    return register


def _typed(family: str, types: tuple[ValType, ...]) -> list[tuple[Op, ValType]]:
    found = []
    for op in _FAMILIES[family]:
        for type_ in types:
            if op.mnemonic.startswith(f"{type_}."):
                found.append((op, type_))
    if len(found) != len(types):
        raise ValueError(f"no instruction of family {family} for every type of {types}")
    return found


def emit_unary(family: str, *types: ValType) -> Callable[[Unary], Unary]:
    """Register ``function(frame, type, operand)`` for ``<type>.<family>``."""

    def register(function: Unary) -> Unary:
        for op, type_ in _typed(family, types):

            def emitter(frame: Frame, instr: Instr, type_: ValType = type_) -> None:
                frame.push(function(frame, type_, frame.stack.pop()))

            _register(op, emitter)
        return function

    return register


def emit_binary(family: str, *types: ValType) -> Callable[[Binary], Binary]:
    """Register ``function(frame, type, left, right)`` for ``<type>.<family>``."""

    def register(function: Binary) -> Binary:
        for op, type_ in _typed(family, types):

            def emitter(frame: Frame, instr: Instr, type_: ValType = type_) -> None:
                right = frame.stack.pop()
                frame.push(function(frame, type_, frame.stack.pop(), right))

            _register(op, emitter)
        return function

    return register
