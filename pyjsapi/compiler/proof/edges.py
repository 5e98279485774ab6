"""Decisions: every outcome leads to the same in both graphs, with the operands moved on the way."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, TypeAlias

from pyjsapi.compiler.frame import Frame
from pyjsapi.compiler.notes import MISSING_ELSE
from pyjsapi.compiler.proof import body as wasm
from pyjsapi.compiler.proof import graph as python
from pyjsapi.compiler.proof.calls import CALLING
from pyjsapi.compiler.proof.conditions import are_opposites
from pyjsapi.compiler.proof.graph import LookUp, Select
from pyjsapi.compiler.proof.report import Differs, Step
from pyjsapi.compiler.proof.steps import State, Steps
from pyjsapi.syntax.instructions import BY_MNEMONIC

Way: TypeAlias = "tuple[Way, Step] | None"
"""The decisions on the way here, the last one outside."""

_FAR: Final = 2**32 - 1
_ON_NULL: Final = {BY_MNEMONIC["br_on_null"]: True, BY_MNEMONIC["br_on_non_null"]: False}
_NULL_TEST: Final = {True: re.compile(r"(.*) is None"), False: re.compile(r"(.*) is not None")}
_VARIABLE: Final = re.compile(r"(?:not )?(?:int_(?:in|then)\()?(s\d+)(?:,[\w,+]*\))?")
"""A temporary; with assertions one that is looked at."""


class Edges(Steps):
    """Adds the states that are still to be walked from."""

    def __init__(self, frame: Frame) -> None:
        super().__init__(frame)
        self._work: list[tuple[int, int | None, int | None, int, Way]] = []
        self._way: Way = None
        """The way to the state that is walked from."""

    def _throw(self, node: int, b: int | None, s: int | None, position: int) -> None:
        """A statement of an instruction may throw."""
        raise NotImplementedError

    def _edge(self, state: State, code: int, label: int, step: Step) -> None:
        """A branch is taken: moves, and on to the label."""
        graph, body = self._graph, self._body
        place = body.place[label]
        node, b, s = self._ahead(*state)
        lines: list[str] = []
        while node >= 0 and self._moving[node] and graph.marks[node] == code:
            text = graph.texts[node]
            self._reached[node] = 1
            self._node = node
            if CALLING.search(text):
                raise Differs(f"`{text[:60]}` calls on the way to {body.say(place)}")
            if graph.kinds[node] == python.RETURN and not lines:
                if not body.leads_out(place):
                    raise Differs(self._says(node, body.say(place)))
                self._moves.returned(code, text)
                return
            if graph.kinds[node] != python.STATEMENT or lines:
                raise Differs(self._says(node, body.say(place)))
            lines.append(text)
            node, b, s = self._ahead(graph.nexts[node], b, s)
        self._moves.arrive(code, label, lines)
        self._work.append((node, b, s, place, (self._way, step)))

    def _test(self, node: int, b: int | None, s: int | None, position: int) -> None:
        graph, body = self._graph, self._body
        code = position * 4
        if self._decisions.get(code) != node:
            raise Differs(self._says(node, f"the test of {body.say(position)}"))
        if graph.kinds[node] == python.FOR_TEST:
            self._count(node, b, s, position)
            return
        if self._throwing:
            self._throw(node, b, s, position)
        true, false = (graph.nexts[node], b, s), (graph.others[node], b, s)
        condition = self._notes.conditions.get(code)
        text = graph.texts[node][3:-1]
        if condition is None or text not in condition:
            raise Differs(f"`{text[:60]}` is not the condition")
        self._asks(position, condition.holds)
        if text != condition.holds:
            if not are_opposites(condition):
                raise Differs(f"`{condition.fails[:60]}` is not the opposite of the condition")
            true, false = false, true
        taken, other = Step(position, "taken"), Step(position, "not taken")
        if body.kinds[position] == wasm.TEST:
            self._edge(true, code, body.labels[position][0], taken)
            self._work.append((*false, position + 1, (self._way, other)))
            return
        self._moves.enter(position)
        self._work.append((*true, position + 1, (self._way, taken)))
        otherwise = body.otherwise.get(position)
        if otherwise is None:
            self._edge(false, code | MISSING_ELSE, position, other)
        else:
            self._work.append((*false, otherwise + 1, (self._way, other)))

    def _asks(self, position: int, holds: str) -> None:
        """A condition tests for null if the instruction does; a variable has what is asked for."""
        null = _ON_NULL.get(self._body.instrs[position][0])
        if null is not None:
            tested = _NULL_TEST[null].fullmatch(holds)
            if tested is None:
                raise Differs(f"`{holds[:60]}` is not the test for null")
            holds = tested[1]
        named = _VARIABLE.fullmatch(holds)
        if named is not None:
            self._moves.asked(position, named[1])

    def _count(self, node: int, b: int | None, s: int | None, position: int) -> None:
        """The end of a ``for``: behind it the variables that it counted are set."""
        graph, body = self._graph, self._body
        loop = body.labels[position][0]
        self._edge((graph.nexts[node], b, s), position * 4, loop, Step(position, "taken"))
        wanted = {
            self._frame.variable(body.instrs[skipped][1])
            for skipped, end in self._notes.skipped.items()
            if end == position and body.kinds[skipped] == wasm.SPEAKS
        }
        header = graph.texts[graph.where[node]]
        if header[4 : header.find(" in ")] not in wanted:
            raise Differs(f"`{header[:60]}` counts another variable")
        found = set()
        following, b, s = self._ahead(graph.others[node], b, s)
        while following >= 0 and self._moving[following] and graph.marks[following] == position * 4:
            name = graph.texts[following].removeprefix("else:").lstrip().partition("=")[0]
            if name not in wanted or name in found:
                self._node = following
                raise Differs(f"`{graph.texts[following][:60]}` behind a counted loop")
            found.add(name)
            following, b, s = self._ahead(graph.nexts[following], b, s)
        if found != wanted:
            raise Differs(f"{','.join(sorted(wanted - found))} is not set behind a counted loop")
        self._work.append((following, b, s, position + 1, (self._way, Step(position, "not taken"))))

    def _table(self, node: int, b: int | None, s: int | None, position: int) -> None:
        body = self._body
        code = position * 4
        labels = body.labels[position]
        if self._decisions[code] != node:
            raise Differs(self._says(node, f"the table of {body.say(position)}"))
        selector = self._selector(node)
        named = _VARIABLE.fullmatch(selector)
        if named is not None:
            self._moves.asked(position, named[1])
        last = len(labels) - 1
        found: dict[tuple[State, int], int] = {}
        for i in self._selectors(code, labels):
            state = self._selected((node, b, s), selector, code, i)
            found.setdefault((state, labels[min(i, last)]), i)
        for (state, label), i in found.items():
            self._edge(state, code, label, Step(position, f"with {i}"))

    def _selectors(self, code: int, labels: Sequence[int]) -> Sequence[int]:
        """Values of a selector of which one stands for any other, in the body and in Python."""
        count = len(labels)
        chosen = {0, count - 1, _FAR}
        chosen.update(i for i in range(1, count) if labels[i] != labels[i - 1])
        decisions = [self._graph.payloads[node] for node in self._deciding[code]]
        for payload in decisions:
            if isinstance(payload, Select | LookUp):
                chosen.update((max(payload.bound - 1, 0), payload.bound))
            if isinstance(payload, LookUp):
                table = payload.table
                if table is None or len(decisions) > 1:
                    return [*range(count), _FAR]
                # Entries that are the same lead to the same.
                first = {(table[i], labels[i]): i for i in reversed(range(min(len(table), count)))}
                chosen.update(first.values())
        return sorted(chosen)

    def _selector(self, node: int) -> str:
        payload = self._graph.payloads[node]
        return payload.selector if isinstance(payload, Select | LookUp) else ""

    def _selected(self, state: State, selector: str, code: int, i: int) -> State:
        """Where Python is after the decisions of a table whose selector is ``i``."""
        graph = self._graph
        node, b, s = state
        visited = set()
        while node >= 0 and graph.marks[node] == code and node not in visited:
            visited.add(node)
            payload = graph.payloads[node]
            if not isinstance(payload, Select | LookUp):
                break
            self._reached[node] = 1
            if payload.selector != selector:
                self._node = node
                raise Differs(f"`{graph.texts[node]}` decides on another selector")
            following = graph.nexts[node]
            if isinstance(payload, Select):
                if i >= payload.bound:
                    following = graph.others[node]
            elif i >= payload.bound:
                s = payload.default
            elif payload.table is None:
                s = i
            elif i < len(payload.table):
                s = payload.table[i]
            else:
                raise Differs(f"the table has no entry {i}")
            node, b, s = self._ahead(following, b, s)
        return node, b, s
