"""The first form of exception handling: what `compiler.legacy` made of a body has the control flow of the body.

Both bodies are WebAssembly. They are walked together: the same instructions, decisions that lead to the same, and
wherever an exception of any tag may be thrown the same catch, or the caller. The one has ``try`` with ``catch``,
``delegate`` and ``rethrow``; the other has ``try_table``, locals that hold exceptions, and ``throw_ref``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple, TypeAlias

from pyjsapi.compiler.frame import Frame
from pyjsapi.compiler.proof import body as wasm
from pyjsapi.compiler.proof.body import FUNCTION, KIND_OF, Body
from pyjsapi.compiler.proof.operands import Labels
from pyjsapi.compiler.proof.report import Differs, Finding
from pyjsapi.compiler.scope import ModuleScope
from pyjsapi.syntax.instructions import BY_MNEMONIC, Imm
from pyjsapi.syntax.instructions_exceptions import WITH_REF
from pyjsapi.syntax.module import Instr

_OP: Final = BY_MNEMONIC
_TRY: Final = _OP["try"]
_CATCHES: Final = frozenset((_OP["catch"], _OP["catch_all"]))
_DELEGATE: Final = _OP["delegate"]
_RETHROW: Final = _OP["rethrow"]
_END: Final = _OP["end"]
_THROW_REF: Final = _OP["throw_ref"]
_LOCAL_GET: Final = _OP["local.get"]
_LOCAL_SET: Final = _OP["local.set"]

_ENDLESS: Final = -1
"""In place of a position, where a body runs round for ever and does nothing."""

_OTHER: Final = -1
"""Stands for every tag that no clause names."""

Bindings: TypeAlias = tuple[tuple[int, int], ...]
"""For catches that are open, by the position of their ``try``: the local that holds the exception."""


class _Clause(NamedTuple):
    tag: int | None
    label: int
    """Of a clause of a try_table the label; of a ``catch`` the ``try``."""
    position: int
    """Where a ``catch`` begins; -1 for a clause of a try_table."""
    with_ref: bool


class _Context:
    """Where exceptions go that are thrown in a part of the body."""

    __slots__ = ("clauses", "outer")

    def __init__(self, outer: _Context | None) -> None:
        self.clauses: list[_Clause] = []
        self.outer = outer
        """Where they go on; ``None`` for the caller."""

    def route(self, tag: int) -> _Clause | None:
        """The clause that catches exceptions of a tag."""
        context: _Context | None = self
        while context is not None:
            for clause in context.clauses:
                if clause.tag is None or clause.tag == tag:
                    return clause
            context = context.outer
        return None


class _Open:
    """A structured instruction that is being read."""

    __slots__ = ("catching", "context", "label", "tried")

    def __init__(self, label: int, context: _Context | None, catching: tuple[int, ...]) -> None:
        self.label = label
        self.context = context
        """In the part that is being read."""
        self.tried: _Context | None = None
        """Of a ``try``: in the part that it protects."""
        self.catching = catching
        """The ``try`` instructions of the catches around."""


class Original:
    """A body with instructions of the first form, as validation reads it."""

    def __init__(self, instrs: Sequence[Instr], scope: ModuleScope, results: int) -> None:
        self.instrs = instrs
        self.count = len(instrs)
        self.kinds = [KIND_OF[instr[0]] for instr in instrs]
        self.place: dict[int, int] = {FUNCTION: self.count}
        """Where a branch to a label goes on."""
        self.arity: dict[int, int] = {FUNCTION: results}
        self.labels: dict[int, tuple[int, ...]] = {}
        """Labels of each branch and of each ``rethrow``."""
        self.otherwise: dict[int, int] = {}
        self.leaves: dict[int, int] = {}
        """For each ``else`` and ``catch`` that control runs into: the structured instruction that it leaves."""
        self.contexts: list[_Context | None] = []
        self.catching: list[tuple[int, ...]] = []
        """For each position the ``try`` instructions of the catches around, the innermost last."""
        self.tags: set[int] = set()
        self._scope = scope
        self._read()

    def _read(self) -> None:
        open_ = [_Open(FUNCTION, None, ())]
        for position, instr in enumerate(self.instrs):
            op = instr[0]
            inner = open_[-1]
            self.contexts.append(inner.context)
            self.catching.append(inner.catching)
            kind = self.kinds[position]
            if op is _TRY or wasm.BLOCK <= kind <= wasm.IF:
                self._open(position, instr, open_)
            elif op in _CATCHES:
                tag = instr[1] if op.imm is Imm.TAG else None
                self._catch(position, tag, inner)
            elif op is _DELEGATE:
                open_.pop()
                if inner.tried is not None:
                    inner.tried.outer = open_[-1 - instr[1]].context
                self.place[inner.label] = position + 1
            elif kind == wasm.END:
                open_.pop()
                if inner.label >= 0 and self.kinds[inner.label] != wasm.LOOP:
                    self.place[inner.label] = position + 1
            elif kind == wasm.ELSE:
                self.otherwise[inner.label] = position
                self.leaves[position] = inner.label
            elif kind in (wasm.BR, wasm.TEST) or op is _RETHROW:
                self.labels[position] = (open_[-1 - instr[1]].label,)
            elif kind == wasm.TABLE:
                depths = (*instr[1], instr[2])
                self.labels[position] = tuple(open_[-1 - depth].label for depth in depths)

    def _open(self, position: int, instr: Instr, open_: list[_Open]) -> None:
        inner = open_[-1]
        made = _Open(position, inner.context, inner.catching)
        params, results = self._scope.block_types(instr[1])
        loop = self.kinds[position] == wasm.LOOP
        self.arity[position] = len(params) if loop else len(results)
        if loop:
            self.place[position] = position + 1
        if instr[0] is _TRY:
            made.context = made.tried = _Context(inner.context)
        elif self.kinds[position] == wasm.TRY:
            made.context = _Context(inner.context)
            for kind, tag, depth in instr[2]:
                clause = _Clause(tag, open_[-1 - depth].label, -1, kind in WITH_REF)
                made.context.clauses.append(clause)
                self.tags.update(() if tag is None else (tag,))
        open_.append(made)

    def _catch(self, position: int, tag: int | None, inner: _Open) -> None:
        tried = inner.tried
        if tried is None:
            raise Differs("a catch of no try")
        tried.clauses.append(_Clause(tag, inner.label, position + 1, False))
        inner.context = tried.outer
        self.leaves[position] = inner.label
        if inner.catching[-1:] != (inner.label,):
            inner.catching = (*inner.catching, inner.label)
        self.tags.update(() if tag is None else (tag,))


class _Landing(NamedTuple):
    """Where the other body catches an exception."""

    position: int
    tag: int | None
    with_ref: bool
    local: int
    """That holds the exception, -1 for a clause that was a try_table's before."""


class Lowering:
    """Compares a body with what was made of it."""

    def __init__(self, original: Sequence[Instr], locals_: int, frame: Frame) -> None:
        self._body = body = Body(frame.flat)
        self._labels = Labels(body, frame.scope, frame.type)
        self._original = Original(original, frame.scope, len(frame.type.results))
        self._first = locals_
        """The first of the locals that were added."""
        self._work: list[tuple[int, int, Bindings]] = [(0, 0, ())]
        self._seen: set[tuple[int, int, Bindings]] = set()
        self._thrown: set[tuple[int, int, Bindings]] = set()
        self._at = 0

    def run(self) -> Finding | None:
        """The first difference, at a position of the original body."""
        try:
            while self._work:
                self._follow(*self._work.pop())
        except Differs as difference:
            op, *immediates = self._original.instrs[self._at]
            shown = " ".join(str(x) for x in immediates if isinstance(x, int))
            where = f"#{self._at} {op} {shown}".rstrip()
            return Finding(self._at, where, f"its exception handling as try_table: {difference}", 1)
        return None

    def _follow(self, position: int, other: int, bindings: Bindings) -> None:
        """Go on from a position of each body to the next decision."""
        original, body = self._original, self._body
        position, other = self._silent(position), self._silent_other(other)
        while True:
            state = (position, other, bindings)
            if state in self._seen:
                return
            self._seen.add(state)
            self._at = max(min(position, original.count - 1), 0)
            ended = position in (original.count, _ENDLESS)
            if ended or other in (body.count, _ENDLESS):
                if (position, other) not in ((original.count, body.count), (_ENDLESS, _ENDLESS)):
                    raise Differs("one of the two ends")
                return
            self._throws(position, other, bindings)
            kind = original.kinds[position]
            if original.instrs[position][0] is _RETHROW:
                self._rethrow(position, other, bindings)
                return
            if kind in (wasm.IF, wasm.TEST, wasm.TABLE):
                self._decide(position, other, bindings)
                return
            if original.instrs[position] != body.instrs[other]:
                raise Differs(f"{body.say(other)} comes in its place")
            if kind == wasm.EXIT:
                return
            position, other = self._silent(position + 1), self._silent_other(other + 1)

    def _silent(self, position: int) -> int:
        """Past what only begins, ends or leads on, in the original body."""
        original = self._original
        seen = 0
        while position < original.count and seen <= original.count:
            kind, op = original.kinds[position], original.instrs[position][0]
            if position in original.leaves:
                position = original.place[original.leaves[position]]
            elif kind == wasm.BR:
                position = original.place[original.labels[position][0]]
            elif op is _TRY or op is _DELEGATE or _leads_on(kind):
                position += 1
            else:
                return position
            seen += 1
        return position if seen <= original.count else _ENDLESS

    def _silent_other(self, position: int) -> int:
        """The same in the body that was made."""
        body = self._body
        seen = 0
        while position < body.count and seen <= body.count:
            kind = body.kinds[position]
            if kind == wasm.BR:
                position = body.place[body.labels[position][0]]
            elif kind == wasm.ELSE:
                position = body.end[body.opening[position]] + 1
            elif _leads_on(kind):
                position += 1
            else:
                return position
            seen += 1
        return position if seen <= body.count else _ENDLESS

    # Decisions

    def _decide(self, position: int, other: int, bindings: Bindings) -> None:
        original, body = self._original, self._body
        mine, made = original.instrs[position], body.instrs[other]
        kind = original.kinds[position]
        if mine[0] is not made[0]:
            raise Differs(f"{body.say(other)} comes in its place")
        if kind == wasm.IF:
            self._push(position + 1, other + 1, bindings)
            if position in original.otherwise and other in body.otherwise:
                self._push(original.otherwise[position] + 1, body.otherwise[other] + 1, bindings)
            elif position not in original.otherwise and other not in body.otherwise:
                self._push(original.place[position], body.place[other], bindings)
            else:
                raise Differs("one of the two has an else")
            return
        labels, places = original.labels[position], body.labels[other]
        if len(labels) != len(places) or (kind == wasm.TEST and mine[2:] != made[2:]):
            raise Differs(f"{body.say(other)} comes in its place")
        for label, place in dict.fromkeys(zip(labels, places, strict=True)):
            if original.arity[label] != self._labels.arity(place):
                raise Differs("its label has other operands")
            self._push(original.place[label], body.place[place], bindings)
        if kind == wasm.TEST:
            self._push(position + 1, other + 1, bindings)

    def _push(self, position: int, other: int, bindings: Bindings) -> None:
        """A state to go on from; only catches that are still open count."""
        inside = position < self._original.count
        around = self._original.catching[position] if inside else ()
        kept = tuple((label, local) for label, local in bindings if label in around)
        self._work.append((position, other, kept))

    # Exceptions

    def _throws(self, position: int, other: int, bindings: Bindings) -> None:
        """What an instruction throws is caught by the same clause, whatever its tag."""
        original, body = self._original, self._body
        context = original.contexts[position]
        state = (id(context), body.region(other), bindings)
        if state in self._thrown:
            return
        self._thrown.add(state)
        for tag in (*sorted(original.tags), _OTHER):
            clause = None if context is None else context.route(tag)
            landing = self._route(body.region(other), tag)
            if clause is None or landing is None:
                if clause is not None or landing is not None:
                    raise Differs(f"{_named(tag)} leaves the function in one of the two")
                continue
            if clause.tag != landing.tag or clause.with_ref != landing.with_ref:
                raise Differs(f"{_named(tag)} is caught by another clause")
            self._land(clause, landing, bindings)

    def _land(self, clause: _Clause, landing: _Landing, bindings: Bindings) -> None:
        if (clause.position < 0) != (landing.local < 0):
            raise Differs("a clause of a try_table is none any more")
        if clause.position < 0:
            self._push(self._original.place[clause.label], landing.position, bindings)
            return
        kept = [(label, local) for label, local in bindings if local != landing.local]
        kept = [(label, local) for label, local in kept if label != clause.label]
        self._push(clause.position, landing.position, (*kept, (clause.label, landing.local)))

    def _route(self, region: int, tag: int) -> _Landing | None:
        """Where the other body catches an exception, thrown on where it was delegated."""
        body = self._body
        while region >= 0:
            for clause in body.clauses[region]:
                if clause.tag is None or clause.tag == tag:
                    break
            else:
                region = body.region(region)
                continue
            place = body.place[clause.label]
            if not isinstance(body.instrs[region][1], tuple):
                # A try_table that was there before: the types of those that were made are written out.
                return _Landing(place, clause.tag, clause.with_ref, -1)
            if not clause.with_ref:
                raise Differs("an exception is not kept")
            place = self._silent_other(place)
            op, *immediates = body.instrs[min(place, body.count - 1)]
            if op is _LOCAL_SET and immediates[0] >= self._first:
                return _Landing(place + 1, clause.tag, False, immediates[0])
            if op is not _THROW_REF:
                raise Differs(f"{body.say(place)} takes an exception")
            region = body.region(place)
        return None

    def _rethrow(self, position: int, other: int, bindings: Bindings) -> None:
        label = self._original.labels[position][0]
        local = dict(bindings).get(label)
        taken, thrown = self._body.instrs[other], self._body.instrs[other + 1]
        if local is None or taken != (_LOCAL_GET, local) or thrown[0] is not _THROW_REF:
            raise Differs(f"{self._body.say(other)} is not the exception of that catch")
        self._throws(position, other + 1, bindings)


def _leads_on(kind: int) -> bool:
    return kind in (wasm.NOP, wasm.BLOCK, wasm.LOOP, wasm.TRY, wasm.END)


def _named(tag: int) -> str:
    return "an exception of another tag" if tag == _OTHER else f"an exception of tag {tag}"
