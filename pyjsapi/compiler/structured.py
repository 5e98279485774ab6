"""Structured control as Python control flow.

A ``loop`` is ``while True:`` with ``continue``, or ``for`` where it is counted. A block is its body, or a loop that
runs once where a branch to its end has no other way. See `labels` for what is decided before, `branches` for branches.
"""

from __future__ import annotations

from typing import Final

from pyjsapi.compiler.branches import MOST_LOOPS, Branches, PyLoop, StructureLimit
from pyjsapi.compiler.emit_compare import conditional
from pyjsapi.compiler.emit_exception import clause_values
from pyjsapi.compiler.expression import (
    EFFECT,
    GLOBAL,
    MEMORY,
    TRAPS,
    Entry,
    negation,
)
from pyjsapi.compiler.facts import Facts, without
from pyjsapi.compiler.induction import Induction, Pointer, Range
from pyjsapi.compiler.labels import falls_like, inner_fall
from pyjsapi.compiler.registry import EMITTERS
from pyjsapi.compiler.tree import (
    IF,
    LOCAL_SET,
    LOCAL_TEE,
    LOOP,
    Item,
    Node,
    sequence_diverges,
)

_MOVES: Final = MEMORY | GLOBAL | TRAPS | EFFECT
_LONGEST_ARM: Final = 12
_HANDLER_BLOCKS: Final = 2
"""What CPython counts as nested blocks in a handler that names the exception."""
_NOT_PURE: Final = frozenset(
    op
    for op in EMITTERS
    if op in (LOCAL_SET, LOCAL_TEE)
    or op.mnemonic
    in ("global.set", "call_indirect", "call_ref", "drop", "memory.grow", "table.grow")
    or op.family.startswith("store")
    or op.results == ()
    or op.family in ("set", "fill", "copy", "init", "init_data", "init_elem")
)
"""Instructions that write a statement of their own."""


class Structured(Branches):
    """Writes a tree as structured Python."""

    def write_function(self, root: Node) -> None:
        """Write the body of the function."""
        root.returns = True
        self.fall = frozenset((root,))
        if self.sequence(root.body):
            self.return_values()
        if self.lines[-1].endswith(":"):
            self.write("pass")

    # Sequences

    def sequence(self, items: list[Item]) -> bool:
        """Write items; whether control reaches the end."""
        emitters = EMITTERS
        count = len(items)
        for i, item in enumerate(items):
            if not isinstance(item, Node):
                emitter = emitters.get(item[0])
                if emitter is not None:
                    emitter(self, item)
                elif not self._control(item):
                    return False
                continue
            last = i == count - 1
            outer, self.flagged = self.flagged, set()
            if item.kind is IF:
                reached = self._if(item, last)
            elif item.kind is LOOP:
                reached = self._loop(item, last)
            elif item.catches:
                reached = self._try(item, last)
            else:
                reached = self._block(item, last)
            new = self.flagged
            new.discard(item)
            self.flagged = outer | new
            if not reached:
                return False
            if new and not last:
                self._guard(new)
        return True

    def _body(self, items: list[Item], fall: frozenset[Node], node: Node, *, block: bool) -> bool:
        """Write a body at the current indentation and move its results; ``block``: a Python block must not be empty."""
        outer_fall, outer_indent = self.fall, self.indent
        self.fall = fall
        start = len(self.lines)
        falls = self.sequence(items)
        self._finish(node, falls)
        if self.lines[-1].endswith(":") or (block and len(self.lines) == start):
            self.write("pass")
        self.indent, self.fall = outer_indent, outer_fall
        return falls

    def _finish(self, node: Node, falls: bool) -> None:
        """Fall through the end of a node's body with its results."""
        if not falls:
            return
        values = self.pop_values(len(node.results))
        self.settle(0, True, True)
        if node.kind is not LOOP:
            self._join(node)
        if node.returns:
            self._write_return(values)
        else:
            self._assign_results(values, node.height)

    def _enter(self, node: Node, last: bool) -> None:
        """Put parameters into temporaries, and everything that the node could disturb."""
        self.spill_around(node.assigned)
        node.height = len(self.stack) - len(node.params)
        for i in range(node.height, len(self.stack)):
            if self.stack[i].text != f"s{i}":
                self.spill(i)
        node.returns = last and any(x.returns and x.results == node.results for x in self.fall)
        node.facts = None

    def _leave(self, node: Node) -> None:
        del self.stack[node.height :]
        for i, type_ in enumerate(node.results):
            self.stack.append(self.temp(type_, node.height + i))

    # Exceptions

    def _try(self, node: Node, last: bool) -> bool:
        """A try_table with clauses: they are branches, written in the handler of a Python ``try``."""
        self._enter(node, last)
        fall = inner_fall(node, self.fall, last)
        reuse = self.reuse_without(node.assigned)
        thrown = without(self.facts, node.assigned)
        in_loop = node.needs_loop and not node.returns
        if in_loop and len(self.loops) + self.tries >= self.options.max_loops:
            self._use_flags(node)
            in_loop = False
        start = len(self.lines)
        if in_loop:
            self._open_loop(PyLoop(fall))
        if len(self.loops) + self.tries + _HANDLER_BLOCKS > MOST_LOOPS:
            raise StructureLimit("too many nested try statements")
        self.write("try:")
        self.indent += 1
        self.tries += 1
        falls = self._body(node.body, fall, node, block=True)
        self.tries -= 1
        self.indent -= 1
        self._handler(node, fall, thrown)
        if in_loop:
            if falls:
                self.write("break")
            self._guard(self._close_loop(start))
        self._leave(node)
        self.reuse = reuse
        self.facts = thrown if node.facts is None else node.facts
        return (falls or node.branches > 0) and not node.returns

    def _handler(self, node: Node, fall: frozenset[Node], facts: Facts) -> None:
        outer_fall, self.fall = self.fall, fall
        self.write("except Exception as _x:")
        self.indent += 1
        self.write("_x=caught(_x)")
        self.write("if _x is None: raise")
        everything = False
        for written, (kind, tagidx, target) in enumerate(node.catches):
            everything = tagidx is None
            if not everything:
                self.write(f"{'elif' if written else 'if'} _x.tag is X[{tagidx}]:")
                self.indent += 1
            elif written:
                self.write("else:")
                self.indent += 1
            self.facts = dict(facts)
            self._join(target)
            values = clause_values(self, kind, tagidx, "_x")
            self._jump(target, values, self._jump_kind(target))
            if not everything or written:
                self.indent -= 1
            if everything:
                break
        if not everything:
            self.write("else: raise")
        self.indent -= 1
        self.fall = outer_fall

    # Blocks, loops, ifs

    def _block(self, node: Node, last: bool) -> bool:
        self._enter(node, last)
        fall = inner_fall(node, self.fall, last)
        reuse = self.reuse_without(node.assigned)
        if node.chain is not None:
            falls = self._switch(node, fall)
        elif not node.needs_loop or node.returns:
            falls = self._body(node.body, fall, node, block=False)
        elif len(self.loops) + self.tries >= self.options.max_loops:
            self._use_flags(node)
            falls = self._body(node.body, fall, node, block=False)
        else:
            start = len(self.lines)
            self._open_loop(PyLoop(fall))
            falls = self._body(node.body, fall, node, block=True)
            if falls:
                self.write("break")
            self._guard(self._close_loop(start))
        self._leave(node)
        if node.branches or not falls:
            self.reuse = reuse
        if node.facts is not None:
            self.facts = node.facts
        return (falls or node.branches > 0) and not node.returns

    def _use_flags(self, node: Node) -> None:
        node.uses_flags = True
        node.level = len(self.loops)
        self.write("_b=0")

    def _loop(self, node: Node, last: bool) -> bool:
        self._enter(node, last)
        after = self.fall if last and falls_like(node, self.fall) else frozenset[Node]()
        before = self.facts
        self.facts = without(before, node.assigned)
        counted = None
        if self.options.facts and self.options.induction:
            counted = Induction(node, self.locals, before, self.facts).run()
        self.reuse = self.reuse_without(node.assigned)
        reuse = dict(self.reuse)
        for i, type_ in enumerate(node.params):
            self.stack[node.height + i] = self.temp(type_, node.height + i)
        if not node.branches:
            falls = self._body(node.body, after, node, block=False)
            self._leave(node)
            return falls and not node.returns
        start = len(self.lines)
        if counted is not None and self.tries:
            # An exception may leave the loop, and whoever catches it may read the counter.
            counted = None if counted.from_zero else counted._replace(pointer=None)
        if counted is not None and self.options.ranges and not node.params and not node.results:
            return self._for(node, counted, after, without(before, node.assigned), reuse)
        self._open_loop(PyLoop(after, node))
        falls = self._body(node.body, after, node, block=True)
        if falls and not node.returns:
            self.write("break")
        self._guard(self._close_loop(start))
        self._leave(node)
        self.reuse = reuse
        return falls and not node.returns

    def _for(
        self, node: Node, counted: Range, after: frozenset[Node], facts: Facts,
        reuse: dict[tuple[int, str, int], str | None],
    ) -> bool:  # fmt: skip
        """A counted loop: the counter's step and test are left to ``range``."""
        start = len(self.lines)
        counter = counted.counter
        header = len(self.lines)
        self._open_loop(PyLoop(after, node), f"for l{counter} in range({counted.start_stop_step}):")
        outer_fall, outer_indent = self.fall, self.indent
        self.fall = frozenset((node,))
        body_start = len(self.lines)
        pointer = self._for_body(node.body, counted)
        if self.lines[-1].endswith(":") or len(self.lines) == body_start:
            self.write("pass")
        self.indent, self.fall = outer_indent, outer_fall
        left = any(line.lstrip() == "break" for line in self.lines[body_start:])
        self.indent -= 1
        self.write(f"{'else: ' if left else ''}l{counter}={counted.last}")
        if pointer is not None:
            line = self.lines[header]
            start_of_text = line.index("for")
            self.lines[header] = (
                f"{line[:start_of_text]}for l{pointer.local} in range({pointer.range}):"
            )
            self.write(f"l{pointer.local}=l{pointer.local}+{pointer.step}")
        self.indent += 1
        passing = self._close_loop(start)
        self.facts = facts
        if node.returns and not left:
            self.write("return")
        self._guard(passing)
        self._leave(node)
        self.reuse = reuse
        return not node.returns or left

    def _for_body(self, body: list[Item], counted: Range) -> Pointer | None:
        """Write the body of a counted loop; the pointer whose step was left out, for ``range`` to do it."""
        pointer = counted.pointer
        if pointer is None:
            self.sequence(body[: counted.length + 1])
            return None
        falls = self.sequence(body[: pointer.length + 1])
        if falls and pointer.never_wraps(self.facts):
            return pointer
        if falls:
            self.sequence(body[pointer.length + 1 : counted.length + 1])
        return None

    def _if(self, node: Node, last: bool) -> bool:
        condition = self.pop()
        if condition.flags & _MOVES and (node.params or any(e.flags for e in self.stack)):
            condition = self.materialise(condition, len(self.stack))
        self._enter(node, last)
        if self._as_expression(node, condition):
            return True
        text, prec = self.condition(condition)
        fall = inner_fall(node, self.fall, last)
        start = len(self.lines)
        in_loop = node.needs_loop and not node.returns
        sinks = node.sinks and not last and not node.needs_loop
        if in_loop and len(self.loops) + self.tries >= self.options.max_loops:
            self._use_flags(node)
            in_loop = False
        if in_loop:
            self._open_loop(PyLoop(fall))
        reuse = self.reuse
        arms = _Arms(self, node, condition)
        if sinks:
            return self._sink_rest(node, arms, text, prec)
        if node.orelse is None:
            falls = self._if_without_else(node, arms, fall, text)
        elif not node.body and not node.branches and not node.results:
            self.write(f"if {negation(text, prec)}:")
            arms.write(node.orelse, fall, False)
            arms.assume(True)
            self._join(node)
            falls = True
        else:
            self.write(f"if {text}:")
            then_falls = arms.write(node.body, fall, True)
            self.write("else:")
            falls = arms.write(node.orelse, fall, False) or then_falls
        self.stack = list(arms.stack)
        if in_loop:
            if falls:
                self.write("break")
            self._guard(self._close_loop(start))
        if node.facts is not None:
            self.facts = node.facts
        self._leave(node)
        self.reuse = {k: v for k, v in reuse.items() if not node.assigned >> k[0] & 1}
        return (falls or node.branches > 0) and not node.returns

    def _if_without_else(self, node: Node, arms: _Arms, fall: frozenset[Node], text: str) -> bool:
        self.write(f"if {text}:")
        arms.write(node.body, fall, True)
        arms.assume(False)
        if node.returns or node.params:
            self.stack = list(arms.stack)
            self.write("else:")
            self.indent += 1
            self._finish(node, True)
            self.write("pass")
            self.indent -= 1
        else:
            self._join(node)
        return True

    def _sink_rest(self, node: Node, arms: _Arms, text: str, prec: int) -> bool:
        """Write the diverging arm, then the other one, with the rest of the sequence to follow inside it."""
        rest = self.fall
        reuse = self.reuse
        only = frozenset((node,))
        then_diverges = sequence_diverges(node.body)
        if then_diverges:
            self.write(f"if {text}:")
            arms.write(node.body, rest, True)
        else:
            self.write(f"if {negation(text, prec)}:")
            arms.write(node.orelse or [], rest, False)
        self.write("else:")
        self.indent += 1
        arms.assume(not then_diverges)
        node.facts = None
        other = node.orelse if then_diverges else node.body
        falls = True
        if other is not None:
            falls = self._body(other, only, node, block=False)
        if node.facts is not None:
            self.facts = node.facts
        self._leave(node)
        self.reuse = {k: v for k, v in reuse.items() if not node.assigned >> k[0] & 1}
        return falls or node.branches > 0

    def _as_expression(self, node: Node, condition: Entry) -> bool:
        """Write an ``if`` with two pure arms as a conditional expression; whether that was possible."""
        if (
            len(node.results) != 1
            or node.params
            or node.branches
            or node.orelse is None
            or node.returns
            or not (_is_pure(node.body) and _is_pure(node.orelse))
        ):
            return False
        written, stack, facts, reuse = len(self.lines), list(self.stack), self.facts, self.reuse
        arms = []
        for body, truth in ((node.body, True), (node.orelse, False)):
            self.facts, self.reuse = dict(facts), dict(reuse)
            self.refine(condition, truth)
            self.sequence(body)
            arms.append(self.pop_canonical())
        self.facts = facts
        if len(self.lines) == written and len(self.stack) == len(stack):
            self.push(conditional(self, condition, arms[0], arms[1]))
            return True
        del self.lines[written:]
        self.stack, self.reuse = stack, reuse
        return False

    # Switches: see `switch`

    def _switch(self, node: Node, fall: frozenset[Node]) -> bool:
        raise NotImplementedError


class _Arms:
    """The two arms of an ``if``: each starts from the state before it."""

    __slots__ = ("_condition", "_facts", "_frame", "_node", "_reuse", "stack")

    def __init__(self, frame: Structured, node: Node, condition: Entry) -> None:
        self._frame = frame
        self._node = node
        self._condition = condition
        self._facts = frame.facts
        self._reuse = frame.reuse
        self.stack = list(frame.stack)

    def assume(self, truth: bool) -> None:
        """Go back to the state before the arms, with the condition's outcome known."""
        frame = self._frame
        frame.stack = list(self.stack)
        frame.reuse = dict(self._reuse)
        frame.facts = dict(self._facts)
        frame.refine(self._condition, truth)

    def write(self, body: list[Item], fall: frozenset[Node], truth: bool) -> bool:
        """Write an arm as a Python block; whether it falls through."""
        frame = self._frame
        self.assume(truth)
        frame.indent += 1
        falls = frame._body(body, fall, self._node, block=True)
        frame.indent -= 1
        return falls


def _is_pure(sequence: list[Item]) -> bool:
    return len(sequence) <= _LONGEST_ARM and not any(
        isinstance(item, Node) or item[0] in _NOT_PURE or item[0] not in EMITTERS
        for item in sequence
    )
