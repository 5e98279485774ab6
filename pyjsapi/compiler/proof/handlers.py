"""Exceptions: every statement that may throw has the handlers around it that its instruction has, clauses in order."""

from __future__ import annotations

from pyjsapi.compiler.frame import Frame
from pyjsapi.compiler.notes import CLAUSES
from pyjsapi.compiler.proof import graph as python
from pyjsapi.compiler.proof.body import Clause
from pyjsapi.compiler.proof.edges import Edges, Way
from pyjsapi.compiler.proof.graph import Landing
from pyjsapi.compiler.proof.report import Differs, Step
from pyjsapi.compiler.proof.steps import State


class Handlers(Edges):
    """Adds the ways of exceptions."""

    def __init__(self, frame: Frame) -> None:
        super().__init__(frame)
        self._thrown: set[tuple[State, int]] = set()
        """States of handlers that were met, with the try_table that the exception comes from."""

    def _throw(self, node: int, b: int | None, s: int | None, position: int) -> None:
        """A statement may throw: on to the handler around it."""
        handler = self._graph.throws[node]
        if handler == python.CANNOT_THROW:
            return
        region = self._body.region(position)
        if handler >= 0:
            way = (self._way, Step(position, "thrown"))
            self._catch(handler, b, s, region, way)
        elif region >= 0:
            raise Differs(f"`{self._graph.texts[node][:60]}` is outside of its handler")

    def _catch(self, node: int, b: int | None, s: int | None, region: int, way: Way) -> None:
        """An exception comes to a handler, thrown where a try_table, or -1, is the innermost around."""
        graph, body = self._graph, self._body
        node, b, s = self._ahead(node, b, s)
        state = ((node, b, s), region)
        if state in self._thrown:
            return
        self._thrown.add(state)
        self._at, self._node = max(region, 0), max(node, 0)
        for kind in (python.CAUGHT, python.UNCAUGHT):
            if node < 0 or graph.kinds[node] != kind or graph.payloads[node] != self._exn:
                raise Differs(self._says(node, "a handler"))
            node, b, s = self._ahead(graph.nexts[node], b, s)
        landing = graph.payloads[node] if node >= 0 else None
        if isinstance(landing, Landing):
            following, _, _ = self._ahead(graph.nexts[node], b, s)
            if following < 0 or graph.kinds[following] != python.UNLANDED:
                raise Differs(self._says(following, "what no clause catches"))
            self._land(landing, graph.nexts[following], b, s, region, way)
            return
        for clause in body.clauses[region] if region >= 0 else ():
            if clause.tag is None:
                self._caught((node, b, s), region, clause, way)
                return
            if (
                node < 0
                or graph.kinds[node] != python.TAG_TEST
                or graph.payloads[node] != clause.tag
            ):
                raise Differs(self._says(node, f"the clause for tag {clause.tag}"))
            self._caught((graph.nexts[node], b, s), region, clause, way)
            node, b, s = self._ahead(graph.others[node], b, s)
        if node < 0 or graph.kinds[node] != python.RAISE or not graph.payloads[node]:
            raise Differs(self._says(node, "a handler further out"))
        outer = body.region(region) if region >= 0 else -1
        handler = graph.throws[node]
        if handler >= 0:
            self._catch(handler, b, s, outer, way)
        elif outer >= 0:
            raise Differs("an exception does not go on to the handler around")

    def _land(
        self, landing: Landing, node: int, b: int | None, s: int | None, region: int, way: Way
    ) -> None:
        """A state machine's handler: regions inside out, as the body has them."""
        body = self._body
        regions, handlers = landing.regions, landing.handlers
        if s is None or s >= len(regions):
            raise Differs("a handler reads a state that is none")
        handler = regions[s]
        while region >= 0 and 0 <= handler < len(handlers):
            handler, clauses = handlers[handler]
            wanted = body.clauses[region]
            if [tag for tag, _ in clauses] != [-1 if c.tag is None else c.tag for c in wanted]:
                raise Differs(f"the clauses of {body.say(region)} differ")
            for (_, state), clause in zip(clauses, wanted, strict=True):
                self._caught((node, b, state), region, clause, way)
                if clause.tag is None:
                    return
            region = body.region(region)
        if region >= 0 or handler >= 0:
            raise Differs("a state is in another region")

    def _caught(self, state: State, region: int, clause: Clause, way: Way) -> None:
        """A clause takes an exception to its label."""
        graph, body = self._graph, self._body
        count = 0 if clause.tag is None else len(self._frame.scope.tags[clause.tag])
        values = [f"{self._exn}.payload[{i}]" for i in range(count)]
        if clause.with_ref:
            values.append(self._exn)
        code, place = region * 4 | CLAUSES, body.place[clause.label]
        node, b, s = self._ahead(*state)
        lines: list[str] = []
        while node >= 0 and self._moving[node] and graph.marks[node] == code:
            self._node = node
            if graph.kinds[node] == python.RETURN and not lines:
                if not body.leads_out(place):
                    raise Differs(self._says(node, body.say(place)))
                self._moves.returned_values(graph.texts[node], values)
                return
            if graph.kinds[node] != python.STATEMENT or lines:
                raise Differs(self._says(node, body.say(place)))
            lines.append(graph.texts[node])
            node, b, s = self._ahead(graph.nexts[node], b, s)
        self._moves.caught(clause.label, values, lines)
        self._work.append((node, b, s, place, way))
