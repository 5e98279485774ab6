"""Structured control as Python control flow.

A ``loop`` is ``while True:``, or ``for`` where it is counted. A block is its body, or a loop that runs once where
`loops` found that worth it. Where control goes is decided in `places`; jumps are written by `branches`.
"""

from __future__ import annotations

from typing import Final

from pyjsapi.compiler.control.branches import MOST_LOOPS, Branches
from pyjsapi.compiler.control.induction import Induction
from pyjsapi.compiler.control.places import FALL, Place, StructureLimit, Suite, loop_suite
from pyjsapi.compiler.control.tree import (
    IF,
    LOCAL_SET,
    LOCAL_TEE,
    LOOP,
    Body,
    Item,
    Node,
    sequence_diverges,
)
from pyjsapi.compiler.counted import Range
from pyjsapi.compiler.emit.compare import conditional
from pyjsapi.compiler.emit.exception import clause_values
from pyjsapi.compiler.emit.table import EMITTERS
from pyjsapi.compiler.expression import EFFECT, GLOBAL, MEMORY, TRAPS, Entry
from pyjsapi.compiler.facts import Facts, without
from pyjsapi.compiler.notes import CLAUSES, GLUE, MISSING_ELSE, Condition
from pyjsapi.syntax.instructions import OPS
from pyjsapi.syntax.instructions_stack import FEATURE

_MOVES: Final = MEMORY | GLOBAL | TRAPS | EFFECT
_LONGEST_ARM: Final = 12
_HANDLER_BLOCKS: Final = 2
"""What CPython counts as nested blocks in a handler that names the exception."""
_NOT_PURE: Final = frozenset(
    op
    for op in OPS
    if op in (LOCAL_SET, LOCAL_TEE)
    or op.mnemonic
    in ("global.set", "call_indirect", "call_ref", "drop", "memory.grow", "table.grow")
    or op.family.startswith("store")
    or op.results == ()
    or op.feature == FEATURE
    or op.family in ("set", "fill", "copy", "init", "init_data", "init_elem")
)
"""Instructions that write a statement of their own."""


class Structured(Branches):
    """Writes a tree as structured Python."""

    emitters = EMITTERS

    def write_function(self, root: Node) -> None:
        """Write the body of the function."""
        root.place = self.out
        first = self._header = len(self.lines)
        self._inside = self.indent
        self.sequence(root.body, self.out)
        if self.flags:
            self.mark = GLUE
            self.insert(first, "_b=None")
        self.shut(0)

    # Sequences

    def sequence(self, body: Body, end: Place, first: int = 0) -> None:
        """Write a list, from item ``first`` on, and the way to where it ends."""
        indent = self.indent
        if self._items(body, first, len(body), end):
            self.mark = body.end * 4
            self._fall(end)
        self.shut(indent)

    def _items(self, body: Body, first: int, stop: int, end: Place | None = None) -> bool:
        """Write items of a list; whether something goes on to what follows them.

        A structured instruction that is the last of them may end at ``end`` itself: then nothing follows.
        """
        emitters = self.emitters
        at = body.at
        for k in range(first, stop):
            item = body[k]
            if isinstance(item, Node):
                self.mark = item.at * 4
                behind = self._node(item, end if k == stop - 1 else None)
                if behind is None:
                    continue
                if behind is end or not behind.arrived:
                    return False
                self._arrive(item, behind)
                continue
            self.mark = at[k] * 4
            emitter = emitters.get(item[0])
            if emitter is not None:
                emitter(self, item)
            elif not self.control(item):
                return False
        return True

    def _fall(self, end: Place) -> None:
        """Go to where a list ends, with its results."""
        values = self.pop_values(len(end.types))
        self.settle(0, True, True)
        self.go(end, values)

    def _node(self, node: Node, end: Place | None) -> Place | None:
        """Write a node; the place behind it, ``end`` if that is the same, ``None`` if it is a pending expression."""
        condition = None
        if node.kind is IF:
            condition = self.pop()
            if condition.flags & _MOVES and (node.params or any(e.flags for e in self.stack)):
                condition = self.materialise(condition, len(self.stack))
        self._enter(node)
        behind = self.new_place(node.results, node.height)
        if end is not None and node.results == end.types:
            behind = end
        node.place = behind
        reuse = self.reuse_without(node.assigned)
        if condition is not None:
            if self._as_expression(node, condition, behind):
                return None
            self._if(node, behind, condition)
        elif node.kind is LOOP:
            self._loop(node, behind)
        else:
            self._block(node, behind)
        if condition is not None or node.branches or node.chain or node.catches:
            self.reuse = reuse
        return behind

    def _enter(self, node: Node) -> None:
        """Put parameters into temporaries, and everything that the node could disturb."""
        self.spill_around(node.assigned)
        node.height = len(self.stack) - len(node.params)
        for i in range(node.height, len(self.stack)):
            if not self.in_place(self.stack[i], i):
                self.spill(i)

    def _arrive(self, node: Node, behind: Place) -> None:
        """Behind a node: its results are in their temporaries."""
        del self.stack[node.height :]
        self.stack.extend(self._operands(behind))
        self.facts = {} if behind.facts is None else behind.facts

    # Blocks: a suite of its own, or a loop that runs once

    def _block(self, node: Node, behind: Place) -> None:
        indent, around = self.indent, self.suite
        looped = self._open_once(node, behind)
        if node.catches:
            self._try(node, behind)
        elif node.chain is not None:
            self._switch(node, behind)
        else:
            self._inline(node.body, behind)
        if looped:
            self._close_loop(indent, around, behind)

    def _open_once(self, node: Node, behind: Place) -> bool:
        """Open the loop that a node's label is left by, if that was chosen and loops are not too many."""
        if not node.needs_loop or self.loops + self.tries >= self.options.max_loops:
            return False
        head = Place((), 0)
        self.open_loop("while True:", loop_suite(self.suite, head, behind))
        return True

    def _close_loop(self, indent: int, around: Suite, behind: Place) -> None:
        """Behind a Python loop, on to ``behind`` if that is not the next statement."""
        suite = self.suite
        self.shut(indent)
        self.loops -= 1
        self.close_suite(suite, around, reached=suite.broken)
        if suite.broken:
            self._pass_on(behind, indent)

    def _pass_on(self, place: Place, indent: int) -> None:
        """Behind a statement: go on to a place whose operands are there, unless what is written next is that place."""
        way = self.suite.direct(place)
        if way is not None and way is not FALL:
            self.mark = GLUE
            self._statement(place, way, self._operands(place))
            self.shut(indent)

    def _inline(self, body: Body, behind: Place) -> None:
        """Write a list between other statements; ``behind`` is the next one unless the suite has a way there."""
        around = self.suite
        if around.direct(behind) is not None:
            self.sequence(body, behind)
            return
        suite = self.suite = Suite(behind, around)
        self.sequence(body, behind)
        self.close_suite(suite, around, reached=behind.arrived)

    def _meeting(self, behind: Place) -> tuple[Suite, Place]:
        """For several suites of one statement: the suite, and the place where they end."""
        around = self.suite
        way = around.direct(behind)
        if way is None:
            return Suite(behind, around), behind
        if way is FALL or behind.stated:
            return around, behind
        meeting = self.new_place(behind.types, behind.height)
        return Suite(meeting, around), meeting

    def _meet(self, around: Suite, behind: Place, meeting: Place) -> None:
        """Behind the suites that `_meeting` was asked for."""
        suite = self.suite
        if suite is around:
            return
        indent = self.indent
        self.close_suite(suite, around, reached=meeting.arrived)
        if meeting is not behind and meeting.arrived:
            self.facts = {} if meeting.facts is None else meeting.facts
            self._join(behind)
            self._pass_on(behind, indent)

    # Exceptions

    def _try(self, node: Node, behind: Place) -> None:
        """A try_table with clauses: they are branches, written in the handler of a Python ``try``."""
        around, mark = self.suite, self.mark
        thrown = without(self.facts, node.assigned)
        stack = self.stack[: node.height]
        if self.loops + self.tries + _HANDLER_BLOCKS > MOST_LOOPS:
            raise StructureLimit("too many nested try statements")
        self.suite, meeting = self._meeting(behind)
        indent = self.indent
        self.open("try:")
        self.tries += 1
        self.sequence(node.body, meeting)
        self.shut(indent)
        self.tries -= 1
        self.mark = mark | CLAUSES
        self.stack = stack
        self._handler(node, thrown)
        self._meet(around, behind, meeting)

    def _handler(self, node: Node, facts: Facts) -> None:
        indent, mark = self.indent, self.mark
        self.open("except Exception as _x:")
        self.write("_x=caught(_x)")
        self.write("if _x is None: raise")
        inner = self.indent
        everything = False
        for written, (kind, tagidx, target) in enumerate(node.catches):
            everything = tagidx is None
            self.mark = mark
            if not everything:
                self.open(f"{'elif' if written else 'if'} _x.tag is X[{tagidx}]:")
            elif written:
                self.open("else:")
            self.facts = dict(facts)
            values = clause_values(self, kind, tagidx, "_x")
            self.go(self.place_of(target), values)
            self.shut(inner)
            if everything:
                break
        self.mark = mark
        if not everything:
            self.write("else: raise")
        self.shut(indent)

    # Loops

    def _loop(self, node: Node, behind: Place) -> None:
        before = self.facts
        self.facts = without(before, node.assigned)
        counted = None
        if self.options.facts and self.options.induction:
            counted = Induction(node, self.locals, before, self.facts).run()
        self.reuse = self.reuse_without(node.assigned)
        for i, type_ in enumerate(node.params):
            self.stack[node.height + i] = self.temp(type_, node.height + i)
        if not node.branches:
            self._inline(node.body, behind)
            return
        if counted is not None and self.tries:
            # An exception may leave the loop, and whoever catches it may read the counter.
            counted = None if counted.from_zero else counted._replace(pointer=None)
        if counted is not None and (node.params or node.results or not self.options.ranges):
            counted = None
        if counted is not None and not self.elements.keys() & counted.locals:
            self._for(node, counted, behind, without(before, node.assigned))
            return
        indent, around = self.indent, self.suite
        head = node.place = self.new_place(node.params, node.height)
        self.open_loop("while True:", loop_suite(around, head, behind, head))
        self.sequence(node.body, behind)
        self._close_loop(indent, around, behind)

    def _for(self, node: Node, counted: Range, behind: Place, facts: Facts) -> None:
        """A counted loop: the counter's step and test are left to ``range``."""
        start, indent, around = len(self.lines), self.indent, self.suite
        body, counter, mark = node.body, counted.counter, self.mark
        head = node.place = self.new_place((), node.height)
        suite = loop_suite(around, head, behind, head)
        self.open_loop(f"for l{counter} in {self.rounds(counted, None)}:", suite)
        stepped = self._counted_body(body, counted, head, start, indent)
        self.shut(indent)
        self.loops -= 1
        self.mark = body.at[-1] * 4
        if self.notes is not None:
            self.notes.counted[mark] = self.mark
            self._note_skipped(body, counted.length, len(body) - 1)
        left = suite.broken or suite.pending
        self.write(f"{'else: ' if left else ''}l{counter}={counted.last}")
        if stepped is not None:
            self.write(stepped)
        self.facts = facts
        self._join(behind)
        self.close_suite(suite, around, reached=True)
        self._pass_on(behind, indent)

    def _counted_body(
        self, body: Body, counted: Range, head: Place, start: int, indent: int
    ) -> str | None:
        """Write what a counted loop does in a round; the last step of a pointer that ``range`` steps."""
        pointer, stop, stepped = counted.pointer, counted.length, None
        first = 0
        reached = True
        if pointer is not None:
            reached = self._items(body, 0, pointer.length)
            first = pointer.length
            name, step = self.variable(pointer.local), self.pointer_step(pointer)
            if reached and step and pointer.never_wraps(self.facts):
                first = pointer.after
                header = f"for {name} in {self.rounds(counted, pointer)}:"
                self.lines[start] = " " * indent + header
                stepped = f"{name}={name}+{step}"
                self._note_skipped(body, pointer.length, pointer.after)
        if reached and self._items(body, first, stop, head):
            self._fall(head)
        return stepped

    def _note_skipped(self, body: Body, first: int, stop: int) -> None:
        """For a proof: items of a counted loop that ``range`` does."""
        if self.notes is not None:
            positions = range(body.at[first], body.at[stop - 1] + 1)
            self.notes.skipped.update(dict.fromkeys(positions, body.at[-1]))

    # Ifs

    def _if(self, node: Node, behind: Place, condition: Entry) -> None:
        test = self.condition(condition)
        self.note_condition(test)
        indent, around = self.indent, self.suite
        looped = self._open_once(node, behind)
        arms = _Arms(self, condition)
        if node.sinks and not looped and around.direct(behind) is None:
            self._sink(node, behind, arms, test)
            return
        outer = self.suite
        self.suite, meeting = self._meeting(behind)
        if node.orelse is None:
            self._if_alone(node, meeting, arms, test.holds)
        elif not node.body and not node.results:
            arms.write(f"if {test.fails}:", node.orelse, meeting, False)
            arms.assume(True)
            self._join(meeting)
        else:
            arms.write(f"if {test.holds}:", node.body, meeting, True)
            arms.write("else:", node.orelse, meeting, False)
        self.stack = list(arms.stack)
        self._meet(outer, behind, meeting)
        if looped:
            self._close_loop(indent, around, behind)

    def _if_alone(self, node: Node, meeting: Place, arms: _Arms, text: str) -> None:
        """An ``if`` without ``else``: its parameters are its results."""
        mark = self.mark
        arms.write(f"if {text}:", node.body, meeting, True)
        self.mark = mark | MISSING_ELSE
        arms.assume(False)
        if self.suite.way(meeting) is FALL:
            self.note_moves(self._operands(meeting))
            self._join(meeting)
        else:
            indent = self.indent
            self.open("else:")
            self._fall(meeting)
            self.shut(indent)

    def _sink(self, node: Node, behind: Place, arms: _Arms, test: Condition) -> None:
        """Write the diverging arm, then the other one, with the rest of the sequence to follow inside it."""
        around, mark = self.suite, self.mark
        then_diverges = sequence_diverges(node.body)
        if then_diverges:
            arms.write(f"if {test.holds}:", node.body, behind, True)
        else:
            arms.write(f"if {test.fails}:", node.orelse or Body(), behind, False)
        self.mark = mark
        self.open("else:")
        arms.assume(not then_diverges)
        other = node.orelse if then_diverges else node.body
        suite = self.suite = Suite(behind, around)
        if other is None:
            self.mark = mark | MISSING_ELSE
            self._fall(behind)
        else:
            self.sequence(other, behind)
        self.close_suite(suite, around, reached=behind.arrived)

    def _as_expression(self, node: Node, condition: Entry, behind: Place) -> bool:
        """Write an ``if`` with two pure arms as a conditional expression; whether that was possible."""
        if (
            len(node.results) != 1
            or node.params
            or node.branches
            or node.orelse is None
            or behind.returns
            or not (_is_pure(node.body) and _is_pure(node.orelse))
        ):
            return False
        mark, header = self.mark, self._header
        written, stack, facts, reuse = len(self.lines), list(self.stack), self.facts, self.reuse
        arms = []
        for body, truth in ((node.body, True), (node.orelse, False)):
            self.facts, self.reuse = dict(facts), dict(reuse)
            self.refine(condition, truth)
            for item, at in zip(body, body.at, strict=True):
                self.mark = at * 4
                self.emitters[item[0]](self, item)  # type: ignore[index, arg-type]
            arms.append(self.pop_canonical())
        self.facts, self.mark = facts, mark
        if len(self.lines) == written and len(self.stack) == len(stack):
            self.push(conditional(self, condition, arms[0], arms[1]))
            return True
        del self.lines[written:], self.marks[written:]
        self.stack, self.reuse, self._header = stack, reuse, header
        return False

    # Switches: see `switch`

    def _switch(self, node: Node, behind: Place) -> None:
        raise NotImplementedError


class _Arms:
    """The two arms of an ``if``: each starts from the state before it."""

    __slots__ = ("_condition", "_facts", "_frame", "_mark", "_reuse", "stack")

    def __init__(self, frame: Structured, condition: Entry) -> None:
        self._frame = frame
        self._condition = condition
        self._facts = frame.facts
        self._reuse = frame.reuse
        self._mark = frame.mark
        self.stack = list(frame.stack)

    def assume(self, truth: bool) -> None:
        """Go back to the state before the arms, with the condition's outcome known."""
        frame = self._frame
        frame.stack = list(self.stack)
        frame.reuse = dict(self._reuse)
        frame.facts = dict(self._facts)
        frame.refine(self._condition, truth)

    def write(self, header: str, body: Body, end: Place, truth: bool) -> None:
        """Write an arm as a Python suite."""
        frame = self._frame
        self.assume(truth)
        indent = frame.indent
        frame.mark = self._mark
        frame.open(header)
        frame.sequence(body, end)
        frame.shut(indent)


def _is_pure(sequence: list[Item]) -> bool:
    return len(sequence) <= _LONGEST_ARM and not any(
        isinstance(item, Node) or item[0] in _NOT_PURE or item[0] not in EMITTERS
        for item in sequence
    )
