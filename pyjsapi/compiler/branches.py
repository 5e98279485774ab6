"""Branches in structured code: which Python statement each of them is.

A branch is nothing where it goes to the next statement anyway, else ``return``, ``break``, ``continue``, or a nested
rest. A branch across Python loops sets ``_b`` to the label and leaves them one by one.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from pyjsapi.compiler.casts import branch_test
from pyjsapi.compiler.emit_call import tail_call
from pyjsapi.compiler.emit_exception import THROWS, throw
from pyjsapi.compiler.expression import EFFECT, P_CONDITIONAL, Entry, negation
from pyjsapi.compiler.facts import join
from pyjsapi.compiler.frame import Frame
from pyjsapi.compiler.tree import (
    BR,
    BR_IF,
    BR_ON_CAST,
    BR_ON_CAST_FAIL,
    BR_ON_NON_NULL,
    BR_ON_NULL,
    BR_TABLE,
    FUNCTION,
    LOOP,
    OP,
    RETURN,
    RETURN_CALL,
    Node,
)
from pyjsapi.syntax.module import Instr

MOST_LOOPS: Final = 19
"""Nested Python loops that every supported CPython accepts."""

_UNREACHABLE: Final = OP["unreachable"]


class StructureLimit(Exception):
    """The function needs more nesting than Python has."""


class PyLoop:
    """A Python loop that is open where code is being written."""

    __slots__ = ("exits", "head", "pending", "states")

    def __init__(
        self,
        exits: frozenset[Node],
        head: Node | None = None,
        states: dict[Node, int] | None = None,
    ) -> None:
        self.exits = exits
        """Labels that are right after the loop: ``break``."""
        self.head = head
        """Label at the start of the loop: ``continue``."""
        self.states = states
        """Labels that are states of a dispatching loop: ``_s=…`` and ``continue``."""
        self.pending: dict[int, Node] = {}
        """Labels further out that are left for with ``_b``."""


class Branches(Frame):
    """Writes branches, among the Python loops that are open."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.loops: list[PyLoop] = []
        self.tries = 0
        """Python ``try`` statements that are open; CPython counts them with the loops."""
        self.fall: frozenset[Node] = frozenset()
        """Labels that are where the current sequence ends."""
        self.flagged: set[Node] = set()
        """Labels that were left for with ``_b`` without a Python loop around."""

    def return_values(self) -> None:
        """Return the results on the stack."""
        values = self.pop_values(len(self.type.results))
        self.settle(0, True, True)
        self._write_return(values)

    def _write_return(self, values: list[Entry]) -> None:
        self.write(f"return {', '.join(v.at(P_CONDITIONAL) for v in values)}".rstrip())

    def _guard(self, labels: Collection[Node]) -> None:
        """Skip the rest of the sequence when it was left for one of the labels."""
        if not labels:
            return
        tests = " and ".join(f"_b!={x.ident}" for x in sorted(labels, key=lambda x: x.ident))
        line = f"if {tests}:"
        if self.lines[-1].strip() != line:
            self.write(line)
            self.indent += 1

    def _assign_results(self, values: list[Entry], height: int) -> None:
        names = [f"s{height + i}" for i in range(len(values))]
        if len(values) == 1:
            if values[0].text != names[0]:
                self.write(f"{names[0]}={values[0].text}")
        elif values and [v.text for v in values] != names:
            self.write(f"{','.join(names)}={','.join(v.at(P_CONDITIONAL) for v in values)}")

    def _join(self, label: Node) -> None:
        if label.kind is LOOP or label.kind is FUNCTION:
            return
        if label.facts is None:
            label.facts = dict(self.facts)
        elif label.facts:
            join(label.facts, self.facts)

    def _jump_kind(self, label: Node) -> str:
        if label.returns and label.kind is not LOOP:
            return "return"
        if self.loops:
            loop = self.loops[-1]
            if label in loop.exits:
                return "break"
            if label is loop.head:
                return "continue"
            if loop.states and label in loop.states:
                return "state"
        if label in self.fall:
            return "fall"
        if label.uses_flags and len(self.loops) == label.level:
            return "flag"
        if not self.loops:
            raise StructureLimit("a label is out of reach")
        return "leave"

    def _jump(self, label: Node, values: list[Entry], kind: str) -> None:
        """Write a jump, with values for the label's operands."""
        if kind == "return":
            self._write_return(values)
            return
        self._assign_results(values, label.height)
        if kind == "break" or kind == "continue":
            self.write(kind)
        elif kind == "state":
            self.write(f"_s={self._states()[label]}")
            self.write("continue")
        elif kind == "leave":
            self.write(f"_b={label.ident}")
            self.write("break")
            self.loops[-1].pending[label.ident] = label
        elif kind == "flag":
            self.write(f"_b={label.ident}")
            self.flagged.add(label)
        elif not values or self.lines[-1].endswith(":"):
            self.write("pass")

    def _states(self) -> dict[Node, int]:
        return self.loops[-1].states or {}

    def _open_loop(self, loop: PyLoop, header: str = "while True:") -> None:
        if len(self.loops) + self.tries >= MOST_LOOPS:
            raise StructureLimit("too many nested loops")
        self.write(header)
        self.indent += 1
        self.loops.append(loop)

    def _close_loop(self, start: int) -> list[Node]:
        """After a Python loop: go on to the labels that it was left for.

        The labels returned are where the current sequence ends, or on the way there: its rest must be skipped.
        """
        loop = self.loops.pop()
        self.indent -= 1
        passing = []
        for label in loop.pending.values():
            kind = self._jump_kind(label)
            if kind == "fall" or kind == "flag":
                passing.append(label)
                if kind == "flag":
                    self.flagged.add(label)
                continue
            self.write(f"if _b=={label.ident}:")
            self.indent += 1
            if kind == "return":
                values = [self.temp(t, label.height + i) for i, t in enumerate(label.results)]
                self._write_return(values)
            else:
                self._jump(label, [], kind)
            self.indent -= 1
        if loop.pending:
            self.lines.insert(start, " " * self.indent + "_b=0")
        return passing

    def _control(self, item: Instr) -> bool:
        """A control instruction; whether control goes on to the next item."""
        op = item[0]
        if op is BR_IF:
            self._br_if(item[1], self.stack.pop())
            return True
        if op is BR:
            self._br(item[1])
        elif op is BR_TABLE:
            self._br_table(item[1])
        elif op is RETURN:
            self.return_values()
        elif op is _UNREACHABLE:
            self.emit("unreachable()", 0, True, True)
        elif op is BR_ON_NULL:
            self._br_on_null(item[1])
            return True
        elif op is BR_ON_NON_NULL:
            self._br_on_non_null(item[1])
            return True
        elif op is BR_ON_CAST or op is BR_ON_CAST_FAIL:
            self._br_on_cast(item)
            return True
        elif op is RETURN_CALL and len(item) == 3:
            self._call_self(item[2])
        elif op in THROWS:
            throw(self, item)
        else:
            tail_call(self, item)
        return False

    def _br(self, label: Node) -> None:
        values = self.pop_values(len(label.label_types))
        self.settle(0, True, True)
        self._join(label)
        self._jump(label, values, self._jump_kind(label))

    def _call_self(self, loop: Node) -> None:
        """A tail call of the function to itself: assign the parameters, reset the locals, start again."""
        values = self.pop_values(len(self.type.params))
        self.settle(0, True, True)
        changed = [(f"l{i}", v) for i, v in enumerate(values) if v.local != i]
        if changed:
            targets = ",".join(name for name, _ in changed)
            self.write(f"{targets}={','.join(v.at(P_CONDITIONAL) for _, v in changed)}")
        self.write_zeros()
        self._jump(loop, [], self._jump_kind(loop))

    def _br_if(self, label: Node, condition: Entry) -> None:
        text, prec = self.condition(condition)
        # What may trap may not be left out by the branch.
        self.settle(0, bool(condition.flags & EFFECT), True)
        values = self._label_operands(label)
        before = self.facts
        self.facts = dict(before)
        self.refine(condition, True)
        self._join(label)
        self._write_branch(label, values, text, prec)
        self.facts = before
        self.refine(condition, False)

    def _label_operands(self, label: Node) -> list[Entry]:
        """The operands of a conditional branch, left on the stack as variables."""
        count = len(label.label_types)
        if not count:
            return []
        start = len(self.stack) - count
        self.spill_from(start)
        return self.stack[start:]

    def _write_branch(self, label: Node, values: list[Entry], text: str, prec: int) -> None:
        kind = self._jump_kind(label)
        if kind == "fall" or kind == "flag":
            if values or kind == "flag":
                self.write(f"if {text}:")
                self.indent += 1
                self._jump(label, values, kind)
                self.indent -= 1
                self.write("else:")
            else:
                self.write(f"if {negation(text, prec)}:")
            self.indent += 1
        else:
            self.write(f"if {text}:")
            self.indent += 1
            self._jump(label, values, kind)
            self.indent -= 1

    def _br_on_null(self, label: Node) -> None:
        reference = self.materialise(self.pop(), len(self.stack))
        self.settle(0, False, True)
        values = self._label_operands(label)
        self._join(label)
        self._write_branch(label, values, f"{reference.text} is None", 6)
        self.stack.append(reference)

    def _br_on_non_null(self, label: Node) -> None:
        reference = self.materialise(self.pop(), len(self.stack))
        self.stack.append(reference)
        self.settle(0, False, True)
        values = self._label_operands(label)
        self._join(label)
        self._write_branch(label, values, f"{values[-1].text} is not None", 6)
        self.stack.pop()

    def _br_on_cast(self, item: Instr) -> None:
        op, label, _, target = item
        self.stack.append(self.materialise(self.pop(), len(self.stack)))
        self.settle(0, False, True)
        values = self._label_operands(label)
        self._join(label)
        text, prec = branch_test(self.scope, values[-1].text, target, op is BR_ON_CAST_FAIL)
        self._write_branch(label, values, text, prec)

    def _br_table(self, targets: list[Node]) -> None:
        raise NotImplementedError
