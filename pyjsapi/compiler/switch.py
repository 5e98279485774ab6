"""br_table: binary decisions, and the nested blocks around one as a switch.

Blocks nested around a br_table are a switch of the source language: what follows each block is a case. When no case
is entered from another one, the decisions have the cases as leaves. Else the cases are states of a loop.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from pyjsapi.compiler.branches import PyLoop
from pyjsapi.compiler.facts import without
from pyjsapi.compiler.registry import EMITTERS
from pyjsapi.compiler.structured import Structured
from pyjsapi.compiler.tree import LOCAL_SET, LOCAL_TEE, Item, Node

_T = TypeVar("_T")


def table_text(table: Sequence[int], selector: str) -> str:
    """Subscript of a constant table by a selector that is in range."""
    literal = repr(bytes(table)) if max(table) < 256 else repr(tuple(table))
    return f"{literal}[{selector}]"


class StructuredEmitter(Structured):
    """`Structured` with br_table."""

    def _br_table(self, targets: list[Node]) -> None:
        selector = self.materialise(self.pop(), len(self.stack)).text
        count = len(targets[0].label_types)
        start = len(self.stack) - count
        for i in range(start, len(self.stack)):
            self.spill(i)
        values = self.stack[start:]
        self.settle(0, True, True)
        for target in dict.fromkeys(targets):
            self._join(target)

        def leaf(target: Node) -> None:
            self._jump(target, values, self._jump_kind(target))

        self.decide(selector, targets, leaf)

    def decide(self, selector: str, targets: Sequence[_T], leaf: Callable[[_T], None]) -> None:
        """Balanced ifs over the runs of equal targets; the last target is the default."""
        runs: list[tuple[int, _T]] = []
        for i, target in enumerate(targets):
            if not runs or runs[-1][1] is not target:
                runs.append((i, target))
        self._divide(selector, runs, leaf, 0, len(runs) - 1)

    def _divide(
        self,
        selector: str,
        runs: list[tuple[int, _T]],
        leaf: Callable[[_T], None],
        first: int,
        last: int,
    ) -> None:
        if first == last:
            leaf(runs[first][1])
            return
        middle = (first + last + 1) // 2
        for header, low, high in (
            (f"if {selector}<{runs[middle][0]}:", first, middle - 1),
            ("else:", middle, last),
        ):
            self.write(header)
            self.indent += 1
            self._divide(selector, runs, leaf, low, high)
            self.indent -= 1

    def _switch(self, node: Node, fall: frozenset[Node]) -> bool:
        chain = node.chain or []
        for block in chain[:-1]:
            block.height = node.height
            block.facts = None
            block.returns = False
        start = len(self.lines)
        in_loop = node.needs_loop and node.switch_is_tree and not node.returns
        if in_loop and len(self.loops) + self.tries >= self.options.max_loops:
            self._use_flags(node)
            in_loop = False
        if in_loop:
            self._open_loop(PyLoop(fall))
        *prefix, branch = chain[0].body
        for item in prefix:
            EMITTERS[item[0]](self, item)  # type: ignore[index, arg-type]
        targets: list[Node] = branch[1]  # type: ignore[index]
        selector = self.materialise(self.pop(), len(self.stack)).text
        self.settle(0, True, True)
        switch = _Switch(self, node, chain, fall)
        if not node.switch_is_tree:
            switch.write_states(selector, targets)
            return True
        switch.write_tree(selector, targets)
        self.stack = list(switch.stack)
        if in_loop:
            if switch.falls:
                self.write("break")
            self._guard(self._close_loop(start))
        self.facts = dict(switch.facts)
        return switch.falls or node.branches > 0


class _Switch:
    """Writes one switch. Case ``i`` is entered by branches to block ``i`` of the chain."""

    def __init__(
        self, frame: StructuredEmitter, node: Node, chain: list[Node], fall: frozenset[Node]
    ) -> None:
        self._frame = frame
        self._node = node
        self._segments = node.segments
        self._fall = fall
        self._case_of = {block: i for i, block in enumerate(chain[:-1])}
        self.stack = list(frame.stack)
        self.facts = frame.facts
        self.falls = False

    def _start_case(self) -> None:
        frame = self._frame
        frame.facts = dict(self.facts)
        frame.stack = list(self.stack)
        frame.reuse = {}

    def _case(self, items: list[Item], fall: frozenset[Node], end: Callable[[], None]) -> None:
        """A case's code; ``end`` writes what follows when control falls out of it."""
        frame = self._frame
        outer_fall, outer_indent = frame.fall, frame.indent
        frame.fall = fall
        start = len(frame.lines)
        if frame.sequence(items):
            end()
        if len(frame.lines) == start or frame.lines[-1].endswith(":"):
            frame.write("pass")
        frame.indent, frame.fall = outer_indent, outer_fall

    def write_tree(self, selector: str, targets: list[Node]) -> None:
        """Cases that are entered once each, as leaves of decisions."""
        frame = self._frame
        number = {target: i for i, target in enumerate(dict.fromkeys(targets))}
        order = list(number)
        runs = sum(1 for i, t in enumerate(targets) if i == 0 or targets[i - 1] is not t)
        if runs == len(order):
            frame.decide(selector, targets, self._leaf)
            return
        # A case with several runs of selectors is written once.
        table = [number[target] for target in targets]
        default = table.pop()
        count = len(table)
        looked_up = selector if table == list(range(count)) else table_text(table, selector)
        frame.write(f"_s={looked_up} if {selector}<{count} else {default}")
        frame.decide("_s", order, self._leaf)

    def _leaf(self, target: Node) -> None:
        frame = self._frame
        self._start_case()
        case = self._case_of.get(target)
        if case is not None:
            self._case(self._segments[case], self._fall, self._end)
            return
        frame._join(target)
        leaves_loop = bool(frame.loops) and target in frame.loops[-1].exits
        falls = target in self._fall and not target.returns and not leaves_loop
        kind = "fall" if falls else frame._jump_kind(target)
        if kind == "fall":
            self.falls = True
            frame.write("pass")
        else:
            frame._jump(target, [], kind)

    def _end(self) -> None:
        self._frame._join(self._node)
        self.falls = True
        if self._node.returns:
            self._frame.write("return")

    def write_states(self, selector: str, targets: list[Node]) -> None:
        """Cases that run into each other, as states of a loop."""
        frame = self._frame
        node = self._node
        cases = len(self._segments)
        others = [t for t in dict.fromkeys(targets) if t not in self._case_of and t is not node]
        leaves: list[Any] = [*range(cases), node, *others]
        number: dict[Node, int] = {target: i for i, target in enumerate(leaves) if i >= cases}
        number.update(self._case_of)
        table = [number[target] for target in targets]
        default = table.pop()
        if table:
            looked_up = table_text(table, selector)
            frame.write(f"_s={looked_up} if {selector}<{len(table)} else {default}")
        else:
            frame.write(f"_s={default}")
        start = len(frame.lines)
        frame._open_loop(PyLoop(self._fall, None, dict(self._case_of)))
        self.facts = without(self.facts, _assigned(self._segments))

        def leaf(target: Node | int) -> None:
            self._start_case()
            if isinstance(target, Node):
                frame._join(target)
                frame._jump(target, [], frame._jump_kind(target))
                return

            def end() -> None:
                if target == cases - 1:
                    frame._join(node)
                    frame._jump(node, [], frame._jump_kind(node))
                else:
                    frame.write(f"_s={target + 1}")
                    frame.write("continue")

            self._case(self._segments[target], frozenset(), end)

        frame.decide("_s", leaves, leaf)
        frame.stack = list(self.stack)
        frame._guard(frame._close_loop(start))
        frame.facts = dict(self.facts)


def _assigned(segments: list[list[Item]]) -> int:
    mask = 0
    for segment in segments:
        for item in segment:
            if isinstance(item, Node):
                mask |= item.assigned
            elif item[0] is LOCAL_SET or item[0] is LOCAL_TEE:
                mask |= 1 << item[1]
    return mask
