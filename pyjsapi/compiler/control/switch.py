"""The nested blocks around a br_table as a switch.

Blocks nested around a br_table are a switch of the source language: what follows each block is a case. When no case
is entered from another one, the decisions have the cases as leaves. Else the cases are states of a loop.
"""

from __future__ import annotations

from collections.abc import Sequence

from pyjsapi.compiler.control.branches import runs_of
from pyjsapi.compiler.control.places import Place, StructureLimit, loop_suite
from pyjsapi.compiler.control.structured import Structured
from pyjsapi.compiler.control.tree import Body, Node
from pyjsapi.compiler.facts import without


def table_text(table: Sequence[int], selector: str) -> str:
    """Subscript of a constant table by a selector that is in range."""
    literal = repr(bytes(table)) if max(table) < 256 else repr(tuple(table))
    return f"{literal}[{selector}]"


class StructuredEmitter(Structured):
    """`Structured` with switches."""

    def _switch(self, node: Node, behind: Place) -> None:
        chain = node.chain or []
        starts = [self.new_place((), node.height) for _ in chain[1:]]
        for block, start in zip(chain, starts, strict=False):
            block.place = start
        body = chain[0].body
        for item, at in zip(body[:-1], body.at, strict=False):
            self.mark = at * 4
            self.emitters[item[0]](self, item)  # type: ignore[index, arg-type]
        self.mark = body.at[-1] * 4
        selector = self.materialise(self.pop(), len(self.stack)).text
        self.settle(0, True, True)
        places = [self.place_of(target) for target in body[-1][1]]  # type: ignore[index]
        cases = _Cases(self, [block.body for block in chain[1:]], starts, behind)
        if node.switch_is_tree:
            cases.write_tree(selector, places)
        else:
            cases.write_states(selector, places, node.assigned)


class _Cases:
    """Writes one switch. Case ``i`` is what follows block ``i``, and begins at ``starts[i]``."""

    def __init__(
        self, frame: StructuredEmitter, segments: list[Body], starts: list[Place], behind: Place
    ) -> None:
        self._frame = frame
        self._segments = segments
        self._starts = starts
        self._behind = behind
        self._mark = frame.mark
        self._case_of = {start: i for i, start in enumerate(starts)}
        self._stack = list(frame.stack)
        self._facts = frame.facts

    def _begin(self) -> None:
        """Take the state that every case begins with."""
        frame = self._frame
        frame.facts = dict(self._facts)
        frame.stack = list(self._stack)
        frame.reuse = {}
        frame.mark = self._mark

    def write_tree(self, selector: str, places: list[Place]) -> None:
        """Cases that are entered once each, as leaves of decisions."""
        frame, around = self._frame, self._frame.suite
        frame.suite, meeting = frame._meeting(self._behind)
        order = list(dict.fromkeys(places))
        runs = runs_of(places)
        cases = [place for _, place in runs if place in self._case_of]
        if len(cases) > len(set(cases)) or len(runs) > 2 * len(order):
            # A case with several runs of selectors is written once. Jumps may be repeated.
            selector = self._look_up(selector, [order.index(place) for place in places])
            runs = runs_of(order)

        def leaf(place: Place) -> None:
            self._begin()
            case = self._case_of.get(place)
            if case is None:
                frame.go(meeting if place is self._behind else place, [])
            elif case == len(self._segments) - 1:
                frame.sequence(self._segments[case], meeting, 1)
            else:
                nowhere = Place((), 0)
                frame.sequence(self._segments[case], nowhere, 1)
                if nowhere.arrived:
                    raise StructureLimit("a case goes on to the next one")

        frame.divide(selector, runs, leaf)
        frame.stack = list(self._stack)
        frame._meet(around, self._behind, meeting)

    def write_states(self, selector: str, places: list[Place], assigned: int) -> None:
        """Cases that run into each other, as states of a loop."""
        frame, around = self._frame, self._frame.suite
        others = [place for place in dict.fromkeys(places) if place not in self._case_of]
        order = [*self._starts, *others]
        self._look_up(selector, [order.index(place) for place in places])
        indent = frame.indent
        suite = loop_suite(around, Place((), 0), self._behind)
        suite.states = self._case_of
        frame.open_loop("while True:", suite)
        self._facts = without(self._facts, assigned)

        def leaf(place: Place) -> None:
            self._begin()
            case = self._case_of.get(place)
            if case is None:
                frame.go(place, [])
            else:
                end = [*self._starts[case + 1 : case + 2], self._behind][0]
                frame.sequence(self._segments[case], end, 1)

        frame.divide("_s", runs_of(order), leaf)
        frame.stack = list(self._stack)
        frame._close_loop(indent, around, self._behind)

    def _look_up(self, selector: str, table: list[int]) -> str:
        """Write ``_s``: the element of a table that a selector stands for; the last is the default."""
        *entries, default = table
        if not entries:
            text = str(default)
        elif entries == list(range(len(entries))):
            text = f"{selector} if {selector}<{len(entries)} else {default}"
        else:
            text = f"{table_text(entries, selector)} if {selector}<{len(entries)} else {default}"
        self._frame.write(f"_s={text}")
        return "_s"
