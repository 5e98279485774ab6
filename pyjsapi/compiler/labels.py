"""Label analysis: which labels a branch can reach as plain fall-through, and which need a Python loop.

A branch needs no code when its target is where the sequence ends anyway; it can be ``break`` or ``continue`` when a
Python loop ends or starts there. A block whose label is reached in no such way is written as a loop that runs once.
An ``if`` with a diverging arm may take the rest of its sequence into the other arm, where the ends meet.
"""

from __future__ import annotations

from typing import Final

from pyjsapi.compiler.tree import (
    BLOCK,
    BR,
    BR_TABLE,
    DIVERGING,
    FUNCTION,
    LOOP,
    RETURN_CALL,
    SIMPLE_BRANCHES,
    TRY,
    Item,
    Node,
    sequence_diverges,
)

Labels = frozenset[Node]
Levels = list[tuple[Labels, Labels]]
"""For each open Python loop: labels after it, and labels that are jumps around it."""

_NOTHING: Final[Labels] = frozenset()
MAX_FALL_USES: Final = 30
"""Branches to one fall-through label from which on it gets a loop: each nests the rest one level deeper."""


def falls_like(node: Node, fall: Labels) -> bool:
    """Whether the end of ``node``, last of its sequence, is the same point as that sequence's end."""
    if not node.results:
        return True
    for label in fall:
        if label.kind is LOOP or label.results != node.results:
            return False
    return True


def inner_fall(node: Node, fall: Labels, last: bool) -> Labels:
    """The labels that the end of the body of a block or if is equal to."""
    if last and (not node.results or not (node.kind in (BLOCK, TRY) and node.params)):
        if falls_like(node, fall):
            return fall | {node}
    return frozenset((node,))


class LabelAnalysis:
    """Walks a tree once and fills in `Node.needs_loop`, `Node.sinks` and the switch fields."""

    def __init__(self) -> None:
        self.fall_used = False

    def run(self, root: Node) -> None:
        """Analyse a function."""
        self._walk(root.body, frozenset((root,)), _NOTHING, [])

    def _walk(self, sequence: list[Item], fall: Labels, jump: Labels, levels: Levels) -> None:
        count = len(sequence)
        for i, item in enumerate(sequence):
            last = i == count - 1
            if not isinstance(item, Node):
                op = item[0]
                if op in SIMPLE_BRANCHES:
                    self._use(item[1], fall, jump, levels)
                    if op is BR:
                        return
                elif op is BR_TABLE:
                    for target in set(item[1]):
                        self._use(target, fall, jump, levels)
                    return
                elif op in DIVERGING:
                    if op is RETURN_CALL and len(item) == 3:
                        self._use(item[2], fall, jump, levels)
                    return
                continue
            if item.kind is BLOCK:
                inner = inner_fall(item, fall, last)
                chain = item.find_chain()
                if chain is not None:
                    self._walk_switch(item, chain, inner, jump, levels)
                else:
                    self._walk(item.body, inner, jump, levels)
            elif item.kind is TRY:
                inner = inner_fall(item, fall, last)
                self._walk(item.body, inner, jump, levels)
                for _, _, target in item.catches:
                    self._use(target, inner, jump, levels)
            elif item.kind is LOOP:
                inner = fall if last and falls_like(item, fall) else _NOTHING
                if not item.branches:
                    self._walk(item.body, inner, jump, levels)
                else:
                    around = (fall if last else _NOTHING, jump)
                    self._walk(item.body, inner, inner | {item}, [*levels, around])
            else:
                self._walk_if(item, fall, jump, levels, last)

    def _walk_if(self, node: Node, fall: Labels, jump: Labels, levels: Levels, last: bool) -> None:
        inner = inner_fall(node, fall, last)
        then_diverges = sequence_diverges(node.body)
        else_diverges = node.orelse is not None and sequence_diverges(node.orelse)
        orelse = node.orelse or []
        if last or not (then_diverges or else_diverges) or node.results:
            self._walk(node.body, inner, jump, levels)
            self._walk(orelse, inner, jump, levels)
            return
        before, self.fall_used = self.fall_used, False
        only = frozenset((node,))
        if then_diverges:
            self._walk(node.body, fall, jump, levels)
            self._walk(orelse, only, jump, levels)
        else:
            self._walk(node.body, only, jump, levels)
            self._walk(orelse, fall, jump, levels)
        node.sinks = self.fall_used
        self.fall_used = before or self.fall_used

    def _use(self, label: Node, fall: Labels, jump: Labels, levels: Levels) -> None:
        if label.kind is FUNCTION:
            return
        if label in fall:
            self.fall_used = True
            label.fall_uses += 1
            if label.fall_uses > MAX_FALL_USES and label.kind is not LOOP:
                label.needs_loop = True
            return
        if label in jump:
            return
        for after, around in levels:
            if label in after or label in around:
                return
        if label.kind is not LOOP:
            label.needs_loop = True

    def _walk_switch(
        self, node: Node, chain: list[Node], fall: Labels, jump: Labels, levels: Levels
    ) -> None:
        inner_labels = frozenset(chain[:-1])
        segments = [block.body[1:] for block in chain[1:]]
        # A tree of ifs with the segments as leaves, unless a segment is entered from another one.
        tree = all(sequence_diverges(segment) for segment in segments[:-1])
        tree = tree and not any(_branches_to(segment, inner_labels) for segment in segments)
        for target in set(chain[0].body[-1][1]):  # type: ignore[index]
            if target not in inner_labels and target is not node:
                self._use(target, fall, jump, levels)
        node.chain = chain
        node.segments = segments
        node.switch_is_tree = tree
        if tree:
            for segment in segments:
                self._walk(segment, fall, jump, levels)
        else:
            deeper = [*levels, (fall, jump)]
            states = fall | inner_labels
            for segment in segments:
                self._walk(segment, fall, states, deeper)


def _branches_to(sequence: list[Item], labels: Labels) -> bool:
    for item in sequence:
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
