"""Both graphs walked together from the entry: what comes next in the one must come next in the other.

A state is a node of the Python with what the flags are there, and a position of the body. An instruction that is
written has statements, then perhaps a decision; statements of its code behind the decision are moves on an edge. No
state is walked from twice.
"""

from __future__ import annotations

import ast

from pyjsapi.compiler.frame import Frame
from pyjsapi.compiler.notes import GLUE, START
from pyjsapi.compiler.proof import body as wasm
from pyjsapi.compiler.proof import graph as python
from pyjsapi.compiler.proof.calls import check_calls
from pyjsapi.compiler.proof.handlers import Handlers
from pyjsapi.compiler.proof.report import Differs, Finding
from pyjsapi.compiler.proof.steps import ENDLESS


class Walk(Handlers):
    """Compares one function's Python with its body."""

    def __init__(self, frame: Frame) -> None:
        super().__init__(frame)
        self._seen: set[tuple[int, int | None, int | None, int]] = set()

    def run(self) -> Finding | None:
        """The first difference."""
        try:
            self._zeros = [*self._moves.zeros(self._zeros)]
            start = self._graph.entry
            while self._graph.marks[start] == START:
                start = self._graph.nexts[start]
            self._work.append((start, None, None, 0, None))
            while self._work:
                node, b, s, position, self._way = self._work.pop()
                self._follow(node, b, s, position)
            self._check_calls()
        except Differs as difference:
            return self._finding(str(difference))
        return None

    @property
    def states(self) -> int:
        """How many states were walked from."""
        return len(self._seen)

    def _finding(self, text: str) -> Finding:
        way, steps = self._way, []
        while way is not None:
            way, step = way
            steps.append(step)
        at = min(self._at, self._body.count - 1)
        line = self._graph.where[self._node] + 1
        return Finding(at, self._body.say(at), text, line, tuple(reversed(steps)))

    def _follow(self, node: int, b: int | None, s: int | None, position: int) -> None:
        """Go on from a state to the next decision."""
        graph, before, seen, busy = self._graph, self._before, self._seen, self._busy
        kinds, nexts, reached = graph.kinds, graph.nexts, self._reached
        straight = -1
        while True:
            self._at = position
            if kinds[node] <= python.FLAG_TEST or graph.flags:
                node, b, s = self._ahead(node, b, s)
            if node < 0:
                if self._stop(position) != ENDLESS:
                    raise Differs("Python runs round for ever and does nothing")
                return
            self._node = node
            kind = kinds[node]
            if kind == python.FELL_OUT or (kind == python.RETURN and graph.marks[node] == GLUE):
                self._leave(node, position)
                return
            stop = self._stop(position)
            if stop == ENDLESS:
                raise Differs(self._says(node, "nothing, for ever"))
            # On a straight way only where it begins has to be remembered.
            if stop != straight:
                state = (node, b, s, stop)
                if state in seen:
                    return
                seen.add(state)
            self._at = stop
            statements = before.get(stop * 4)
            if statements is not None:
                for statement in statements:
                    if node != statement:
                        node, b, s = self._ahead(node, b, s)
                        if node != statement:
                            raise Differs(self._says(node, self._line(statement)))
                    reached[node] = 1
                    if self._throwing:
                        self._throw(node, b, s, stop)
                    if kinds[node] >= python.RETURN:
                        self._node = node
                        self._exit(node, stop)
                        return
                    node = nexts[node]
                position = self._after(stop)
                if position >= 0:
                    straight = busy.find(1, position) if position == stop + 1 else -1
                    continue
                node, b, s = self._somewhere(node, b, s)
            self._decide(node, b, s, stop)
            return

    def _line(self, statement: int) -> str:
        return f"line {statement + 1} `{self._graph.texts[statement][:60]}`"

    def _somewhere(
        self, node: int, b: int | None, s: int | None
    ) -> tuple[int, int | None, int | None]:
        """`_ahead`, where something must come."""
        node, b, s = self._ahead(node, b, s)
        if node < 0:
            raise Differs("Python runs round for ever")
        return node, b, s

    def _decide(self, node: int, b: int | None, s: int | None, position: int) -> None:
        """An instruction that decides, its statements done."""
        self._node = node
        self._reached[node] = 1
        count = self._body.count
        kind = wasm.EXIT if position >= count else self._body.kinds[position]
        if position >= count and self._graph.marks[node] == (count - 1) * 4:
            self._leave(node, position)
        elif kind in (wasm.IF, wasm.TEST):
            self._test(node, b, s, position)
        elif kind == wasm.TABLE:
            self._table(node, b, s, position)
        else:
            raise Differs(self._says(node, f"{self._body.say(position)}, which has no statement"))

    # Exits

    def _leave(self, node: int, position: int) -> None:
        """Python returns without an instruction that says so."""
        graph, body = self._graph, self._body
        stop = self._stop(position)
        if stop == ENDLESS or not body.leads_out(stop):
            raise Differs(self._says(node, body.say(max(stop, 0))))
        if self._moves.results and stop < body.count:
            # Results that came to the end of a block are in their temporaries; others may not be.
            if any(k * 4 in self._before for k in range(stop, body.count - 1)):
                raise Differs(self._says(node, body.say(stop)))
            self._moves.end_of_function()
        if graph.kinds[node] == python.RETURN:
            self._moves.returned(None, graph.texts[node])
        elif graph.kinds[node] != python.FELL_OUT:
            raise Differs(self._says(node, "the end of the function"))
        elif self._moves.results or self._moves.hands_on:
            raise Differs("Python's function ends without a result")

    def _exit(self, node: int, position: int) -> None:
        """An instruction's statement that ends the function."""
        graph, body = self._graph, self._body
        kind, text = graph.kinds[node], graph.texts[node]
        name = body.instrs[position][0].mnemonic
        if kind == python.STOP and name == "unreachable":
            return
        if kind == python.RAISE and name in ("throw", "throw_ref"):
            self._check_throw(text, position)
            return
        if kind == python.RETURN and name in (
            "return_call",
            "return_call_indirect",
            "return_call_ref",
        ):
            if name == "return_call_indirect":
                self._called.add(position)
            self._moves.handed_on(text, body.instrs[position])
            return
        if kind == python.RETURN and name != "unreachable":
            if name != "return":
                position = self._leads(position)
            self._moves.returned(graph.marks[node], text)
            return
        raise Differs(self._says(node, f"{body.say(position)} and on"))

    def _leads(self, position: int) -> int:
        """Where an instruction leads whose statement is a return: out of the function."""
        body = self._body
        kind = body.kinds[position]
        places = []
        if kind in (wasm.BR, wasm.TABLE):
            places = [body.place[label] for label in body.labels[position]]
        elif kind == wasm.ELSE:
            places = [body.end[body.opening[position]] + 1]
        elif kind == wasm.END:
            places = [position + 1]
        if not places or not all(map(body.leads_out, places)):
            raise Differs(f"Python returns, the body goes on from {body.say(position)}")
        return places[0]

    def _check_throw(self, text: str, position: int) -> None:
        """A throw names its tag, and throw_ref its operand."""
        instr = self._body.instrs[position]
        tree = ast.parse(text).body[0]
        if not isinstance(tree, ast.Raise) or tree.exc is None:
            raise Differs(f"`{text}` throws nothing")
        if instr[0].mnemonic == "throw":
            start = f"raise Exn(X[{instr[1]}],("
            payload = (
                tree.exc.args[1] if isinstance(tree.exc, ast.Call) and tree.exc.args[1:] else None
            )
            count = len(self._frame.scope.tags[instr[1]])
            if (
                not text.startswith(start)
                or not isinstance(payload, ast.Tuple)
                or len(payload.elts) != count
            ):
                raise Differs(f"`{text[:60]}` is not the exception")
        elif not text.endswith(" or null_exception()"):
            raise Differs(f"`{text[:60]}` throws what may be null")

    # Calls

    def _check_calls(self) -> None:
        graph = self._graph
        statements: list[list[str]] = []
        last = len(self._frame.lines)
        for node in range(1, last):
            if self._reached[node]:
                text = graph.texts[node]
                if text.startswith("else:") and statements:
                    statements[-1].append(text)
                else:
                    statements.append([text])
        self._at = self._node = 0
        self._way = None
        instrs = self._body.instrs
        check_calls([instrs[k] for k in self._called], statements, self._frame.scope)
