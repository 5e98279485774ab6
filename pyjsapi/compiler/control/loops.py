"""Which blocks are worth a Python loop that runs once, so that branches to their end are ``break``.

`places.Suite.way` is asked for every branch as when code is written. Where the answer is a flag, a loop around the
label's block gives a better one. An ``if`` with a diverging arm takes the rest of its sequence into the other arm,
where the diverging one is left for the end of that sequence. Whatever is chosen here, `way` is right: this is about
speed.
"""

from __future__ import annotations

from typing import Final

from pyjsapi.compiler.control.places import FALL, FLAG, Place, Suite, loop_suite
from pyjsapi.compiler.control.tree import (
    BLOCK,
    BR_TABLE,
    IF,
    LOOP,
    SIMPLE_BRANCHES,
    Body,
    Node,
    sequence_diverges,
)
from pyjsapi.syntax.module import Instr

MAX_FALLS: Final = 30
"""Branches to the end of a suite from which on the label gets a loop: each nests the rest one level deeper."""


class LoopChoice:
    """Walks over a tree once and fills in `Node.needs_loop`, `Node.sinks` and the switch fields."""

    def __init__(self) -> None:
        self._falls: dict[Place, int] = {}
        """How many branches to a place are the end of a suite."""
        self._suites: dict[Node, Suite] = {}
        """Suite of each node that is open."""

    def run(self, root: Node) -> None:
        """Choose for a function."""
        root.place = Place(root.results, 0, returns=True)
        self._walk(root.body, root.place, Suite(root.place))

    def _walk(self, body: Body, end: Place, suite: Suite, first: int = 0) -> None:
        last = len(body) - 1
        for k in range(first, last + 1):
            item = body[k]
            if isinstance(item, Node):
                if k == last and item.results == end.types:
                    behind = end
                else:
                    behind = Place(item.results, 0)
                self._node(item, behind, suite, behind is end)
                if item.diverges:
                    return
            elif self._branches(item, suite):
                return

    def _branches(self, instr: Instr, suite: Suite) -> bool:
        """Look at the branches of an instruction; whether control does not go on."""
        op = instr[0]
        if op in SIMPLE_BRANCHES:
            self._use(instr[1], suite)
        elif op is BR_TABLE:
            for target in dict.fromkeys(instr[1]):
                self._use(target, suite)
        return sequence_diverges((instr,))

    def _node(self, node: Node, behind: Place, suite: Suite, shared: bool) -> None:
        node.place = behind
        inner = Suite(suite.end if shared else behind, suite)
        if node.kind is LOOP and node.branches:
            node.place = Place(node.params, 0)
            inner = loop_suite(suite, node.place, behind, node.place)
        self._suites[node] = inner
        chain = node.find_chain() if node.kind is BLOCK else None
        if node.kind is IF:
            self._if(node, behind, inner, suite, shared)
        elif chain is not None:
            self._switch(node, chain, behind, inner)
        else:
            self._walk(node.body, behind, inner)
            for _, _, target in node.catches:
                self._use(target, inner)
        del self._suites[node]

    def _if(self, node: Node, behind: Place, inner: Suite, suite: Suite, shared: bool) -> None:
        orelse = node.orelse if node.orelse is not None else Body()
        for arm, other in ((node.body, orelse), (orelse, node.body)):
            if shared or node.branches or node.results or not sequence_diverges(arm):
                continue
            before = self._falls.get(suite.end, 0)
            self._walk(arm, behind, suite)
            node.sinks = self._falls.get(suite.end, 0) > before
            self._walk(other, behind, inner)
            return
        self._walk(node.body, behind, inner)
        self._walk(orelse, behind, inner)

    def _use(self, label: Node, suite: Suite) -> None:
        place = label.place
        if place is None or place.returns:
            return
        way = suite.way(place)
        if way is FALL:
            uses = self._falls[place] = self._falls.get(place, 0) + 1
        if way is FLAG or (way is FALL and uses > MAX_FALLS):
            own = self._suites.get(label)
            if own is not None and label.kind is not LOOP:
                label.needs_loop = True
                _make_loop(own, place, suite)

    def _switch(self, node: Node, chain: list[Node], behind: Place, inner: Suite) -> None:
        labels = frozenset(chain[:-1])
        segments = [block.body for block in chain[1:]]
        # A tree of ifs with the segments as leaves, unless a segment is entered from another one.
        node.switch_is_tree = all(
            sequence_diverges(segment[1:]) for segment in segments[:-1]
        ) and not any(_branches_to(segment[1:], labels) for segment in segments)
        node.chain = chain
        starts = [Place((), 0) for _ in labels]
        for block, start in zip(chain, starts, strict=False):
            block.place = start
        for target in dict.fromkeys(chain[0].body[-1][1]):  # type: ignore[index]
            if target not in labels and target is not node:
                self._use(target, inner)
        if not node.switch_is_tree:
            inner = loop_suite(inner, Place((), 0), behind)
            inner.states = {start: i for i, start in enumerate(starts)}
        for segment, end in zip(segments, [*starts[1:], behind], strict=True):
            self._walk(segment, end, inner, 1)


def _make_loop(suite: Suite, breaks: Place, inner: Suite) -> None:
    """Make a suite the body of a loop, after the fact: all that is open up to ``inner`` is in it."""
    outer = suite.loop
    step: Suite | None = inner
    while step is not None and step is not suite.around:
        if step.loop is outer:
            step.loop = suite
        step = step.around
    suite.breaks = breaks
    suite.end = Place((), 0)


def _branches_to(items: list[Node | Instr], labels: frozenset[Node]) -> bool:
    for item in items:
        if isinstance(item, Node):
            if any(target in labels for _, _, target in item.catches):
                return True
            if _branches_to(item.body, labels) or _branches_to(item.orelse or [], labels):
                return True
        elif item[0] in SIMPLE_BRANCHES:
            if item[1] in labels:
                return True
        elif item[0] is BR_TABLE and any(target in labels for target in item[1]):
            return True
    return False
