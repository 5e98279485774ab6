"""One step in the one graph, or in the other: on to what shows next.

Instructions that a translation may leave out are stepped over, and so are the jumps and flags of Python.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypeAlias

from pyjsapi.compiler.frame import Frame
from pyjsapi.compiler.notes import START
from pyjsapi.compiler.proof import body as wasm
from pyjsapi.compiler.proof import graph as python
from pyjsapi.compiler.proof.body import Body
from pyjsapi.compiler.proof.graph import Flag, FlagTest, Graph, Unknown
from pyjsapi.compiler.proof.moves import Moves
from pyjsapi.compiler.proof.report import Differs

State: TypeAlias = tuple[int, "int | None", "int | None"]
"""A node of the Python, ``_b`` and ``_s``; node -1 where it runs round for ever, without doing anything."""

ENDLESS: Final = -1
"""In place of a position, where the body runs round for ever and does nothing."""

_UNSEEN: Final = -2
_OPEN: Final = -3
_MANY_STEPS: Final = 200
"""Steps without an event from which on states are remembered: there may be no end."""


class Steps:
    """The two graphs of a function, and what each line is to its instruction."""

    def __init__(self, frame: Frame) -> None:
        self._frame = frame
        if frame.notes is None:
            raise ValueError("the function was translated without notes: see Options.proof")
        self._notes = frame.notes
        self._body = body = Body(frame.flat)
        asks = {
            position * 4: python.SWITCH if body.kinds[position] == wasm.TABLE else python.BRANCH
            for position in body.deciding
        }
        self._graph = Graph(frame.lines, frame.marks, asks, throwing=bool(body.clauses))
        self._moves = Moves(frame, body, self._texts)
        self._exn = "_x"
        self._before: dict[int, list[int]] = {}
        """For each code its statements ahead of the decision, or all."""
        self._decisions: dict[int, int] = {}
        """For each code the node that decides first."""
        self._deciding: dict[int, list[int]] = {}
        """For each table all nodes that decide."""
        self._moving = bytearray(len(self._graph.kinds))
        """Nodes that are statements on an edge of their code."""
        self._zeros: list[str] = []
        self._busy = bytearray(map(bool, body.kinds))
        """Positions that are more than a value: the others are passed at once."""
        self._busy.append(1)
        self._sort()
        self._throwing = bool(body.clauses) or self._graph.handlers
        self._stops = [_UNSEEN] * body.count + [body.count]
        self._afters: dict[int, int] = {}
        self._called: set[int] = set()
        self._reached = bytearray(len(self._graph.kinds))
        self._at = 0
        self._node = 0

    def _sort(self) -> None:
        """What each node is to its instruction."""
        graph, marks, before, decisions = (
            self._graph,
            self._graph.marks,
            self._before,
            self._decisions,
        )
        last = len(self._frame.lines)
        for node in range(last + 1, len(graph.kinds)):
            loop = marks[node]
            if loop not in self._notes.counted:
                raise Unknown(f"`{graph.texts[graph.where[node]]}` counts no loop")
            decisions[self._notes.counted[loop]] = node
        most = self._body.count * 4
        for node, kind in enumerate(graph.kinds[:last]):
            if kind < python.STATEMENT:
                continue
            code = marks[node]
            if code < 0:
                self._belongs_to_none(node)
            elif code >= most:
                raise Unknown(f"`{graph.texts[node]}` is for no instruction of the body")
            elif code & 3:
                self._moving[node] = 1
            elif python.TEST <= kind <= python.LOOK_UP:
                decisions.setdefault(code, node)
                if kind != python.TEST:
                    self._deciding.setdefault(code, []).append(node)
            elif code in decisions:
                self._moving[node] = 1
            elif code in before:
                before[code].append(node)
            else:
                before[code] = [node]
        for code in before:
            self._busy[code >> 2] = 1

    def _belongs_to_none(self, node: int) -> None:
        """A line that shows something and is for no instruction."""
        graph = self._graph
        kind = graph.kinds[node]
        if kind == python.LANDING:
            self._exn = "_e"
        elif kind == python.STATEMENT and graph.marks[node] == START:
            self._zeros.append(graph.texts[node])
        elif kind != python.RETURN and not python.CAUGHT <= kind <= python.UNLANDED:
            raise Unknown(f"`{graph.texts[node]}` belongs to no instruction")

    def _texts(self, code: int) -> Sequence[str]:
        """The statements of a code that run whenever its instruction does."""
        texts = self._graph.texts
        return [texts[node] for node in self._before.get(code, ())]

    def _says(self, node: int, expected: str) -> str:
        """The body goes on to what is expected, the Python to a node."""
        graph = self._graph
        if node < 0:
            return f"the body goes on to {expected}, Python runs round for ever"
        if graph.kinds[node] == python.FELL_OUT:
            return f"the body goes on to {expected}, Python to the end of the function"
        code, line = graph.marks[node], graph.where[node]
        whose = f" ({self._body.say(code >> 2)})" if code >= 0 else ""
        text = f"line {line + 1} `{graph.texts[line][:60]}`{whose}"
        return f"the body goes on to {expected}, Python to {text}"

    # Python: on to the next event

    def _ahead(self, node: int, b: int | None, s: int | None) -> State:
        graph = self._graph
        kinds, nexts = graph.kinds, graph.nexts
        steps = 0
        visited: set[State] = set()
        while node >= 0 and kinds[node] <= python.FLAG_TEST:
            payload = graph.payloads[node]
            following = nexts[node]
            if isinstance(payload, Flag):
                if payload.name == "_b":
                    b = payload.value
                else:
                    s = payload.value
            elif isinstance(payload, FlagTest):
                holds = payload.holds(b, s)
                if holds is None:
                    self._node = node
                    raise Differs(f"`{graph.texts[node]}` reads a flag that was not set")
                if not holds:
                    following = graph.others[node]
            node = following
            steps += 1
            if steps > _MANY_STEPS:
                if (node, b, s) in visited:
                    return -1, None, None
                visited.add((node, b, s))
        if node < 0:
            if steps:
                raise Differs("`break` or `continue` outside of a loop")
            return -1, None, None
        live = graph.live[node]
        return node, b if live & 1 else None, s if live & 2 else None

    # The body: on to the next position that has something to show

    def _stop(self, position: int) -> int:
        """The first position from this one on that has statements or decides; `ENDLESS` if there is none."""
        stops, busy, before = self._stops, self._busy, self._before
        position = busy.find(1, position)
        stop = stops[position]
        if stop >= 0:
            return stop
        passed = []
        while stop == _UNSEEN:
            if position * 4 in before:
                stop = stops[position] = position
                break
            stops[position] = _OPEN
            passed.append(position)
            following = self._pass(position)
            if following < 0:
                stop = position
                break
            position = busy.find(1, following)
            stop = stops[position]
        if stop == _OPEN:
            stop = ENDLESS
        for position in passed:
            stops[position] = stop
        return stop

    def _after(self, position: int) -> int:
        """Where the body goes on once the statements of an instruction are done; -1 if it decides."""
        found = self._afters.get(position)
        if found is None:
            found = self._afters[position] = self._pass(position)
        return found

    def _pass(self, position: int) -> int:
        """Step over an instruction; -1 if it decides."""
        body = self._body
        kind = body.kinds[position]
        code = position * 4
        if kind <= wasm.CALL:
            if kind:
                self._speak(position, kind)
            return position + 1
        if kind == wasm.BR:
            label = body.labels[position][0]
            if self._moves.labels.arity(label):
                self._moves.arrive(code, label, self._texts(code), spills=True)
            return body.place[label]
        if kind == wasm.TABLE and code not in self._decisions:
            return self._undecided(position)
        if kind in (wasm.TEST, wasm.TABLE, wasm.EXIT):
            if kind == wasm.EXIT and self._calls_itself(position):
                self._moves.start_again(code, self._texts(code), self._zeros)
                return 0
            return -1
        if kind == wasm.IF:
            return -1 if code in self._decisions else self._folded(position)
        if kind == wasm.LOOP:
            self._moves.enter(position)
        elif kind == wasm.ELSE:
            label = body.opening[position]
            self._moves.end(code, label, self._texts(code))
            return body.end[label] + 1
        elif kind == wasm.END:
            label = body.opening[position]
            if label >= 0 and self._moves.labels.counts[label][1]:
                meets = label in body.targeted and body.kinds[label] != wasm.LOOP
                if meets or code in self._notes.moves or body.kinds[label] == wasm.IF:
                    self._moves.end(code, label, self._texts(code))
        return position + 1

    def _speak(self, position: int, kind: int) -> None:
        """An instruction that has an effect and is reached."""
        code = position * 4
        silent = code not in self._before
        if kind == wasm.CALL:
            self._called.add(position)
            silent = silent and not self._results(position)
        elif silent:
            silent = code not in self._notes.silent and position not in self._notes.skipped
        if silent:
            self._at = position
            raise Differs("it is reached and has no statement")

    def _results(self, position: int) -> int:
        """How many results a call has."""
        op, index, *_ = self._body.instrs[position]
        scope = self._frame.scope
        if op.mnemonic == "call":
            return len(scope.func_type(index).results)
        return len(scope.types[index].func.results)

    def _calls_itself(self, position: int) -> bool:
        """Whether an instruction is a tail call of the function to itself that is no call in Python."""
        instr = self._body.instrs[position]
        if instr[0].mnemonic != "return_call" or instr[1] != self._frame.funcidx:
            return False
        kinds = self._graph.kinds
        return all(kinds[node] == python.STATEMENT for node in self._before.get(position * 4, ()))

    def _undecided(self, position: int) -> int:
        """A table without a decision in Python: all its labels are the same place."""
        body = self._body
        labels = dict.fromkeys(body.labels[position])
        places = {body.silent(body.place[label], self._before) for label in labels}
        if len(places) > 1:
            raise Differs("nothing is decided")
        for label in labels:
            self._moves.arrive(position * 4, label, self._texts(position * 4), spills=True)
        return places.pop()

    def _folded(self, position: int) -> int:
        """An ``if`` without a test in Python is an expression: its arms have values and nothing else."""
        body = self._body
        end = body.end[position]
        for inner in range(position + 1, end):
            kind = body.kinds[inner]
            if inner == body.otherwise.get(position):
                continue
            if kind not in (wasm.QUIET, wasm.CALL, wasm.NOP) or inner * 4 in self._before:
                raise Differs(
                    f"it is no test in Python, and {body.say(inner)} is more than a value"
                )
            if kind == wasm.CALL:
                self._speak(inner, kind)
        return end + 1
