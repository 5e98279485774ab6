"""The operand stack of a body, as validation sees it: how many operands a branch carries, from which slots to which.

The operand at height *h* of the stack has the temporary ``s<h>`` in generated code.
"""

from __future__ import annotations

from typing import Final

from pyjsapi.compiler.proof.body import (
    BR,
    ELSE,
    END,
    EXIT,
    FUNCTION,
    IF,
    LOOP,
    NOP,
    QUIET,
    TABLE,
    TEST,
    Body,
)
from pyjsapi.compiler.scope import ModuleScope
from pyjsapi.syntax.instructions import OPS, Imm, Op
from pyjsapi.syntax.module import Instr
from pyjsapi.syntax.types import FuncType, StructType

_COUNTS: Final = {
    "drop": (1, 0), "select": (3, 1), "local.get": (0, 1), "local.set": (1, 0), "local.tee": (1, 1),
    "global.get": (0, 1), "global.set": (1, 0), "table.get": (1, 1), "table.set": (2, 0), "table.size": (0, 1),
    "table.grow": (2, 1), "table.fill": (3, 0), "table.copy": (3, 0), "table.init": (3, 0), "memory.copy": (3, 0),
    "ref.null": (0, 1), "ref.is_null": (1, 1), "ref.func": (0, 1), "ref.eq": (2, 1), "ref.as_non_null": (1, 1),
    "ref.test": (1, 1), "ref.cast": (1, 1), "any.convert_extern": (1, 1), "extern.convert_any": (1, 1),
    "ref.i31": (1, 1), "i31.get_s": (1, 1), "i31.get_u": (1, 1),
    "struct.new_default": (0, 1), "struct.get": (1, 1), "struct.get_s": (1, 1), "struct.get_u": (1, 1),
    "struct.set": (2, 0), "array.new": (2, 1), "array.new_default": (1, 1), "array.new_data": (2, 1),
    "array.new_elem": (2, 1), "array.get": (2, 1), "array.get_s": (2, 1), "array.get_u": (2, 1),
    "array.set": (3, 0), "array.len": (1, 1), "array.fill": (4, 0), "array.copy": (5, 0),
    "array.init_data": (4, 0), "array.init_elem": (4, 0),
    "struct.new_default_desc": (1, 1), "ref.get_desc": (1, 1), "ref.cast_desc_eq": (2, 1),
}  # fmt: skip
"""How many operands an instruction pops and pushes, where the table does not give their types."""


def _counts(op: Op) -> tuple[int, int] | None:
    if op.mnemonic in _COUNTS:
        return _COUNTS[op.mnemonic]
    if op.params is None or op.results is None:
        return None
    return len(op.params), len(op.results)


_EFFECTS: Final[dict[Op, tuple[int, int] | None]] = {op: _counts(op) for op in OPS}
"""Operands popped and pushed; ``None`` where it depends on the immediates."""


def effect(instr: Instr, scope: ModuleScope) -> tuple[int, int]:
    """How many operands an instruction that is no control instruction pops and pushes."""
    found = _EFFECTS[instr[0]]
    if found is not None:
        return found
    imm = instr[0].imm
    if imm is Imm.FUNC:
        type_ = scope.func_type(instr[1])
        return len(type_.params), len(type_.results)
    if instr[0].mnemonic in ("call_indirect", "call_ref"):
        type_ = scope.types[instr[1]].func
        return len(type_.params) + 1, len(type_.results)
    if imm is Imm.TYPE_COUNT:
        return instr[2], 1
    comp = scope.types[instr[1]].comp
    described = instr[0].mnemonic == "struct.new_desc"
    return len(comp.fields) + described if isinstance(comp, StructType) else 1, 1


class Labels:
    """How many operands the labels of a body have."""

    __slots__ = ("_body", "_scope", "_type", "counts")

    def __init__(self, body: Body, scope: ModuleScope, type_: FuncType) -> None:
        self._body = body
        self._scope = scope
        self._type = type_
        self.counts: dict[int, tuple[int, int]] = {FUNCTION: (0, len(type_.results))}
        """Parameters and results of each structured instruction."""
        for label in body.end:
            if label >= 0:
                params, results = scope.block_types(body.instrs[label][1])
                self.counts[label] = len(params), len(results)

    def arity(self, label: int) -> int:
        """How many operands a branch to a label carries."""
        params, results = self.counts[label]
        return params if label >= 0 and self._body.kinds[label] == LOOP else results

    def stack(self) -> Stack:
        """Where the operands are."""
        return Stack(self._body, self, self._scope)


class Stack:
    """Heights of the stack where branches leave and arrive, and who made the operands there.

    A *maker* is the position of the instruction that pushed an operand, or ``~position`` of the ``end`` or the
    structured instruction where ways meet: there the operand is in its temporary, whichever way was taken.
    """

    __slots__ = (
        "_body",
        "_labels",
        "_live",
        "_nested",
        "_open",
        "_scope",
        "_stack",
        "asked",
        "heights",
        "slots",
        "until",
    )

    def __init__(self, body: Body, labels: Labels, scope: ModuleScope) -> None:
        self._body = body
        self._labels = labels
        self._scope = scope
        self.heights: dict[int, int] = {FUNCTION: 0}
        """For each label the slot of its first operand."""
        self.slots: dict[int, tuple[int, tuple[int, ...]]] = {}
        """For each position where operands go to a label: the slot of the first one, and the makers."""
        self.asked: dict[int, tuple[int, int]] = {}
        """For each instruction that decides: slot and maker of the operand that it decides on."""
        self.until: list[int] = []
        """For each position the end of the code that runs whenever it does, from there on."""
        self._stack: list[int] = []
        self._open: list[tuple[int, int]] = [(FUNCTION, body.count)]
        """Labels, with the end of the innermost arm."""
        self._live: dict[int, bool] = {FUNCTION: False}
        """Whether the first arm of an ``if`` reaches its end."""
        self._walk()

    def _walk(self) -> None:
        body, stack, scope, until = self._body, self._stack, self._scope, self.until
        effects = _EFFECTS
        live, nested = True, 0
        for position, kind in enumerate(body.kinds):
            until.append(self._open[-1][1] if self._open else 0)
            if not live:
                if NOP < kind <= IF:
                    nested += 1
                    continue
                if nested or kind not in (ELSE, END):
                    nested -= kind == END
                    continue
            if kind <= NOP:
                instr = body.instrs[position]
                pops, pushes = effects[instr[0]] or effect(instr, scope)
                if kind == QUIET and pops and pushes == 1:
                    # It may give an operand on, changed in nothing but its type: made when that was made.
                    del stack[len(stack) - pops + 1 :]
                    continue
                if pops:
                    del stack[-pops:]
                if pushes == 1:
                    stack.append(position)
                elif pushes:
                    stack += [position] * pushes
            elif kind <= IF:
                self._enter(position, kind)
            elif kind == ELSE:
                self._else(position, live)
                live = True
            elif kind == END:
                live = self._end(position, live)
            else:
                live = self._branch(position, kind)

    def _note(self, position: int, count: int) -> None:
        """Operands on top of the stack go to a label."""
        if count:
            start = len(self._stack) - count
            self.slots[position] = start, tuple(self._stack[start:])

    def _ask(self, position: int) -> None:
        """The operand on top of the stack is decided on."""
        self.asked[position] = len(self._stack) - 1, self._stack[-1]

    def _enter(self, position: int, kind: int) -> None:
        body, stack = self._body, self._stack
        if kind == IF:
            self._ask(position)
            stack.pop()
        params, _ = self._labels.counts[position]
        height = len(stack) - params
        self.heights[position] = height
        if params and (kind == IF or position in body.targeted):
            self._note(position, params)
            stack[height:] = [~position] * params
        until = self._open[-1][1]
        if kind == IF:
            until = body.otherwise.get(position, body.end[position])
        elif kind != LOOP and position in body.targeted:
            until = body.end[position]
        self._open.append((position, until))
        self._live[position] = False

    def _else(self, position: int, live: bool) -> None:
        label, _ = self._open.pop()
        params, results = self._labels.counts[label]
        if live:
            self._note(position, results)
        self._live[label] = live
        self._stack[self.heights[label] :] = [~label] * params
        self._open.append((label, self._body.end[label]))

    def _end(self, position: int, live: bool) -> bool:
        """Whether control comes out of a structured instruction."""
        label, _ = self._open.pop()
        body, stack = self._body, self._stack
        _, results = self._labels.counts[label]
        if live:
            self._note(position, results)
        if label < 0:
            return False
        conditional = body.kinds[label] == IF
        joined = conditional or (label in body.targeted and body.kinds[label] != LOOP)
        if joined:
            stack[self.heights[label] :] = [~position] * results
            live = live or self._live[label] or label in body.targeted
            live = live or (conditional and label not in body.otherwise)
        return live

    def _branch(self, position: int, kind: int) -> bool:
        """Whether control goes on to the next instruction."""
        stack, body = self._stack, self._body
        name = body.instrs[position][0].mnemonic
        if kind == EXIT:
            count = 0
            if name == "return":
                count = self._labels.counts[FUNCTION][1]
            elif name == "return_call":
                count = len(self._scope.func_type(body.instrs[position][1]).params)
            self._note(position, count)
            return False
        count = self._labels.arity(body.labels[position][0])
        if kind == BR:
            self._note(position, count)
            return False
        self._ask(position)
        if name == "br_on_null":
            # The reference stays where it is on the way on, made when it was made.
            reference = stack.pop()
            self._note(position, count)
            stack.append(reference)
            return True
        if kind == TABLE or name in ("br_if", "br_on_cast_desc_eq", "br_on_cast_desc_eq_fail"):
            stack.pop()
        self._note(position, count)
        if name == "br_on_non_null":
            stack.pop()
        return kind == TEST
