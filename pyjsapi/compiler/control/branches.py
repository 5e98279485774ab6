"""Jumps in structured code, and the instructions that branch.

`Branches.go` is the only writer of jumps: it moves operands to where the place has them and writes the way that
`places` names. `Branches.branch` does the same under a test.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, TypeVar

from pyjsapi.compiler.control.places import (
    BREAK,
    CONTINUE,
    FALL,
    FLAG,
    LEAVE,
    RETURN,
    STATE,
    Place,
    StructureLimit,
    Suite,
)
from pyjsapi.compiler.control.tree import (
    BR,
    BR_IF,
    BR_ON_CAST,
    BR_ON_CAST_DESC_EQ,
    BR_ON_CAST_DESC_EQ_FAIL,
    BR_ON_CAST_FAIL,
    BR_ON_NON_NULL,
    BR_ON_NULL,
    BR_TABLE,
    OP,
    RETURN_CALL,
    Node,
)
from pyjsapi.compiler.control.tree import RETURN as RETURN_OP
from pyjsapi.compiler.emit.call import tail_call
from pyjsapi.compiler.emit.casts import branch_test, descriptor_test, null_test, pop_descriptor
from pyjsapi.compiler.emit.exception import THROWS, throw
from pyjsapi.compiler.expression import EFFECT, P_CONDITIONAL, Entry
from pyjsapi.compiler.facts import join
from pyjsapi.compiler.frame import Frame
from pyjsapi.compiler.notes import GLUE, Condition
from pyjsapi.syntax.module import Instr
from pyjsapi.syntax.types import ValType

MOST_LOOPS: Final = 19
"""Nested Python loops that every supported CPython accepts."""

_DEEPEST_INDENT: Final = 95
"""Python allows 100 levels."""

_ORDER: Final = {FALL: 1, FLAG: 2}
"""Ways that lead to the end of the suite come last."""

_UNREACHABLE: Final = OP["unreachable"]
_T = TypeVar("_T")


class Branches(Frame):
    """Writes jumps and branches, among the suites that are open."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.out = Place(self.type.results, 0, returns=True)
        """The function's end."""
        self.out.stated = self.hands_on or bool(self.type.results)
        self.suite = Suite(self.out)
        self.loops = 0
        """Python loops that are open."""
        self.tries = 0
        """Python ``try`` statements that are open; CPython counts them with the loops."""
        self.flags = False
        """Whether ``_b`` is needed."""
        self._places = 0
        self._header = 0
        """Number of lines when the last header of a suite was written."""
        self._inside = 0
        """Indentation of that suite."""

    def new_place(self, types: tuple[ValType, ...], height: int) -> Place:
        """A place inside those that there are."""
        self._places += 1
        return Place(types, height, self._places)

    # Suites of Python

    def open(self, header: str) -> None:
        """Write a header; what follows is inside."""
        if self.indent >= _DEEPEST_INDENT:
            raise StructureLimit("too many levels of indentation")
        self.write(header)
        self.indent += 1
        self._header = len(self.lines)
        self._inside = self.indent

    def shut(self, indent: int) -> None:
        """Go back to an indentation; a suite without a statement gets one."""
        if len(self.lines) == self._header and indent < self._inside:
            self.mark, self.indent = GLUE, self._inside
            self.write("pass")
        self.indent = indent

    def open_loop(self, header: str, suite: Suite) -> None:
        """Open a Python loop."""
        if self.loops + self.tries >= MOST_LOOPS:
            raise StructureLimit("too many nested loops")
        self.open(header)
        self.loops += 1
        self.suite = suite

    def close_suite(self, suite: Suite, around: Suite, *, reached: bool) -> None:
        """Behind a suite, or several of one meaning: go on to the places that it was left for.

        If control goes on to what comes next otherwise, ``reached``, that is skipped on the way to places that have
        no way of their own from here.
        """
        self.suite = around
        if not suite.pending:
            return
        self.mark = GLUE
        ways = {place: around.way(place) for place in suite.pending}
        flagged = [place for place, way in ways.items() if way is FLAG]
        around.pending += flagged
        if reached and len(flagged) == len(ways):
            self.open("if _b is None:")
            return
        indent = self.indent
        if reached:
            self.open("if _b is not None:")
        self._go_on(ways)
        self.shut(indent)
        if reached and (flagged or FALL in ways.values()):
            self.open("else:")

    def _go_on(self, ways: dict[Place, str]) -> None:
        """Go on to the place that ``_b`` stands for, one of these."""
        cases: list[tuple[list[Place], str]] = []
        for place in sorted(ways, key=lambda place: (_ORDER.get(ways[place], 0), place.number)):
            way = ways[place]
            if cases and cases[-1][1] is way and way in (LEAVE, FLAG):
                cases[-1][0].append(place)
            else:
                cases.append(([place], way))
        indent = self.indent
        while cases and cases[0][1] is not FLAG:
            places, way = cases.pop(0)
            others = [place.number for later, _ in cases for place in later]
            if others:
                # Whatever is not inside this suite's Python loop was there before what is.
                test = f"=={places[0].number}" if way is FALL else f"<{min(others)}"
                self.open(f"if _b{test}:")
            self._lead(places, way)
            self.shut(indent)

    def _lead(self, places: list[Place], way: str) -> None:
        """Jump to the one of some places on the way to which control is, its operands moved."""
        if way is LEAVE:
            self.write("break")
            if self.suite.loop is not None:
                self.suite.loop.pending += places
            return
        # Never a return: what returns has a way of its own everywhere, and no flag.
        self.write("_b=None")
        self._statement(places[0], way, self._operands(places[0]))

    def _operands(self, place: Place) -> list[Entry]:
        return [self.temp(t, place.height + i) for i, t in enumerate(place.types)]

    # Jumps

    def go(self, place: Place, values: list[Entry]) -> None:
        """Go to a place with its operands. Nothing can follow in the suite."""
        self._join(place)
        self.note_moves(values)
        way = self.suite.way(place)
        if way is not RETURN:
            self.move(values, place.height)
        self._statement(place, way, values)

    def _statement(self, place: Place, way: str, values: list[Entry]) -> None:
        """Write a way."""
        suite = self.suite
        if way is RETURN:
            self.write_return(values)
            return
        mark, self.mark = self.mark, GLUE
        if way is STATE and suite.loop is not None:
            self.write(f"_s={suite.loop.states[place]}")
            self.write("continue")
        elif way is CONTINUE:
            self.write("continue")
        elif way is not FALL:
            if way is LEAVE or way is FLAG:
                self.write(f"_b={place.number}")
                self.flags = True
            if way is not FLAG:
                self.write("break")
            if way is FLAG:
                suite.pending.append(place)
            elif suite.loop is not None:
                if way is BREAK:
                    suite.loop.broken = True
                else:
                    suite.loop.pending.append(place)
        self.mark = mark

    def _join(self, place: Place) -> None:
        place.arrived = True
        if place.facts is None:
            place.facts = dict(self.facts)
        elif place.facts:
            join(place.facts, self.facts)

    def branch(self, place: Place, values: list[Entry], condition: Condition) -> None:
        """Go to a place where a condition is true, else on. The operands are variables."""
        self.note_condition(condition)
        way = self.suite.way(place)
        if way is FALL:
            loop = self.suite.loop
            if loop is not None and place is loop.continues:
                way = CONTINUE
            elif place.returns:
                way = RETURN
        if way is not FALL and way is not FLAG:
            indent = self.indent
            self.open(f"if {condition.holds}:")
            self.note_moves(values)
            if way is not RETURN:
                self.move(values, place.height)
            self._statement(place, way, values)
            self.shut(indent)
            self._join(place)
            return
        self._join(place)
        self.note_moves(values)
        if way is FALL and not self.moves(values, place.height):
            self.open(f"if {condition.fails}:")
            return
        indent = self.indent
        self.open(f"if {condition.holds}:")
        self.move(values, place.height)
        self._statement(place, way, values)
        self.shut(indent)
        self.open("else:")

    # Branch instructions

    def control(self, item: Instr) -> bool:
        """A control instruction; whether control goes on to the next item."""
        op = item[0]
        if op is BR_IF:
            self._br_if(item[1], self.stack.pop())
            return True
        if op is BR:
            self._br(item[1])
        elif op is BR_TABLE:
            self._br_table(item[1])
        elif op is RETURN_OP:
            values = self.pop_values(len(self.type.results))
            self.settle(0, True, True)
            self.note_moves(values)
            self.write_return(values)
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
        elif op is BR_ON_CAST_DESC_EQ or op is BR_ON_CAST_DESC_EQ_FAIL:
            self._br_on_cast_desc_eq(item)
            return True
        elif op is RETURN_CALL and len(item) == 3:
            self._call_self(item[2])
        elif op in THROWS:
            throw(self, item)
        else:
            tail_call(self, item)
        return False

    def place_of(self, label: Node) -> Place:
        """Where a branch to a label goes."""
        if label.place is None:
            raise ValueError("a branch to a label that is not open")
        return label.place

    def _br(self, label: Node) -> None:
        values = self.pop_values(len(label.label_types))
        self.settle(0, True, True)
        self.go(self.place_of(label), values)

    def _call_self(self, loop: Node) -> None:
        """A tail call of the function to itself: assign the parameters, reset the locals, start again."""
        values = self.pop_values(len(self.type.params))
        self.settle(0, True, True)
        self.note_moves(values)
        changed = [(f"l{i}", v) for i, v in enumerate(values) if v.local != i]
        if changed:
            targets = ",".join(name for name, _ in changed)
            self.write(f"{targets}={','.join(v.at(P_CONDITIONAL) for _, v in changed)}")
        self.write_zeros()
        place = self.place_of(loop)
        self._statement(place, self.suite.way(place), [])

    def _br_if(self, label: Node, condition: Entry) -> None:
        test = self.condition(condition)
        # What may trap may not be left out by the branch.
        self.settle(0, bool(condition.flags & EFFECT), True)
        values = self._label_operands(label)
        before = self.facts
        self.facts = dict(before)
        self.refine(condition, True)
        self.branch(self.place_of(label), values, test)
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

    def _br_on_null(self, label: Node) -> None:
        reference = self.materialise(self.pop(), len(self.stack))
        self.settle(0, False, True)
        values = self._label_operands(label)
        self.branch(self.place_of(label), values, null_test(reference.text))
        self.stack.append(reference)

    def _br_on_non_null(self, label: Node) -> None:
        reference = self.materialise(self.pop(), len(self.stack))
        self.stack.append(reference)
        self.settle(0, False, True)
        values = self._label_operands(label)
        self.branch(self.place_of(label), values, null_test(values[-1].text).opposite)
        self.stack.pop()

    def _br_on_cast(self, item: Instr) -> None:
        op, label, _, target = item
        self.stack.append(self.materialise(self.pop(), len(self.stack)))
        self.settle(0, False, True)
        values = self._label_operands(label)
        test = branch_test(self.scope, values[-1].text, target, op is BR_ON_CAST_FAIL)
        self.branch(self.place_of(label), values, test)

    def _br_on_cast_desc_eq(self, item: Instr) -> None:
        op, label, _, target = item
        descriptor = pop_descriptor(self)
        values = self._label_operands(label)
        fails = op is BR_ON_CAST_DESC_EQ_FAIL
        test = descriptor_test(values[-1].text, descriptor.text, target, fails)
        self.branch(self.place_of(label), values, test)

    def _br_table(self, targets: list[Node]) -> None:
        selector = self.materialise(self.pop(), len(self.stack)).text
        count = len(targets[0].label_types)
        start = len(self.stack) - count
        for i in range(start, len(self.stack)):
            self.spill(i)
        values = self.stack[start:]
        self.settle(0, True, True)
        places = [self.place_of(target) for target in targets]
        self.decide(selector, places, values)

    # Decisions

    def decide(self, selector: str, places: Sequence[Place], values: list[Entry]) -> None:
        """Go to the place that a selector stands for; the last is the default."""
        self.divide(selector, runs_of(places), lambda place: self.go(place, values))

    def divide(self, selector: str, runs: list[tuple[int, _T]], leaf: Callable[[_T], None]) -> None:
        """Balanced ifs over runs of equal targets, each with its first selector."""
        if len(runs) == 1:
            leaf(runs[0][1])
            return
        mark, indent = self.mark, self.indent
        middle = len(runs) // 2
        for header, part in (
            (f"if {selector}<{runs[middle][0]}:", runs[:middle]),
            ("else:", runs[middle:]),
        ):
            self.mark = mark
            self.open(header)
            self.divide(selector, part, leaf)
            self.shut(indent)


def runs_of(targets: Sequence[_T]) -> list[tuple[int, _T]]:
    """The runs of equal targets, each with the index where it begins."""
    runs: list[tuple[int, _T]] = []
    for i, target in enumerate(targets):
        if not runs or runs[-1][1] is not target:
            runs.append((i, target))
    return runs
