"""One operation of Python for each instruction of a function: what the debugger executes.

The emitters are the compiler's own, so that an instruction does here what it does in compiled code. But nothing is left
pending between two of them: each begins with its operands in place and ends with its results there. So the state of a
call is plain data at every instruction: locals, operands, and where it is.

Locals and operands are lists, ``L`` and ``S``; what the compiler writes as the variables ``l3`` and ``s2`` are their
elements. Heights are known in advance, so that nothing is pushed or popped.

Functions with exception handling of the first form are rewritten, as in the compiler. What a rewritten instruction
becomes is executed at once: only its first operation is a place to stop at.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import chain, repeat
from typing import Final, NamedTuple

from pyjsapi.compiler.control.legacy import EXNREF, is_legacy, lower_legacy
from pyjsapi.compiler.control.metering import FREE
from pyjsapi.compiler.control.statemachine import Label, StateMachine, reached
from pyjsapi.compiler.control.tree import OP
from pyjsapi.compiler.emit.call import TAIL_CALLS
from pyjsapi.compiler.emit.exception import THROWS, throw
from pyjsapi.compiler.expression import Entry
from pyjsapi.compiler.options import Options
from pyjsapi.compiler.scope import ModuleScope
from pyjsapi.syntax.instructions import Imm
from pyjsapi.syntax.instructions_exceptions import WITH_REF
from pyjsapi.syntax.module import Code, Instr
from pyjsapi.syntax.types import ValType

OPTIONS: Final = Options(
    facts=False, reuse=False, induction=False, ranges=False, lanes=False, elements=False
)
"""How operations are translated: nothing is known of what came before."""
RETURN: Final = -1
"""What an operation gives in place of the next position where the function is left."""
CALL: Final = -2
"""What it gives where a function is to be called."""

_VARIABLE: Final = re.compile(r"\b([ls])(\d+)\b")
_BLOCK: Final = OP["block"]
_LOOP: Final = OP["loop"]
_IF: Final = OP["if"]
_ELSE: Final = OP["else"]
_END: Final = OP["end"]
_NOP: Final = OP["nop"]
_TRY_TABLE: Final = OP["try_table"]
_OPENING: Final = frozenset((_BLOCK, _LOOP, _IF, _TRY_TABLE))
CALL_OPS: Final = frozenset((OP["call"], OP["call_indirect"], OP["call_ref"])) | TAIL_CALLS


class Clause(NamedTuple):
    """A catch clause: where it leads, and what it takes there."""

    tag: int | None
    target: int
    height: int
    """Of the operands below what the clause gives."""
    values: int
    """How many values of the exception it gives."""
    with_ref: bool
    """Whether it gives a reference to the exception too."""


class Handler(NamedTuple):
    """A ``try_table``: the positions inside of it, and its clauses."""

    start: int
    end: int
    clauses: tuple[Clause, ...]


class Operations:
    """The operations of a function, by positions in `body`, which is the module's own unless it was rewritten."""

    def __init__(self, scope: ModuleScope, funcidx: int, code: Code) -> None:
        type_ = scope.func_type(funcidx)
        declared = chain.from_iterable(repeat(valtype, count) for count, valtype in code.locals)
        self.locals: list[ValType] = [*type_.params, *declared]
        """Types of the function's parameters and locals."""
        locals_ = self.locals
        self.body: Sequence[Instr] = code.body
        starts: Sequence[int] = range(len(code.body))
        if is_legacy(code.body):
            lowered = lower_legacy(
                code.body, type_.results, len(locals_), scope.block_types, scope.tags
            )
            self.body, starts = lowered.body, lowered.starts
            locals_ = [*locals_, *[EXNREF] * lowered.locals]
        self.variables = len(locals_)
        """How many locals there are, with those that were added."""
        self.own = _own(code.body, self.body, starts)
        """For each position the instruction of the module that begins there, or -1."""
        writer = _Writer(scope, funcidx, locals_)
        writer.write_operations(self.body)
        self.texts = writer.texts
        """For each position the lines of its operation; ``None`` where control never comes, or nothing is done."""
        self.operands = writer.operands
        """For each position the types of the operands there; ``None`` where control never comes."""
        self.next = writer.next
        """For each position the one that follows, or `RETURN`."""
        self.first = writer.resolve(0)
        """Where the function begins."""
        self.handlers = writer.handlers
        """The inner ones first."""
        self.height = max((len(o) for o in self.operands if o is not None), default=0)
        self.height = max(self.height, writer.highest, len(type_.results)) + 1
        """How many operands there can be."""
        self.signatures = tuple(sorted(writer.signatures))
        self.accessors = tuple(sorted(writer.accessors))

    def position_of(self, instruction: int) -> int | None:
        """The position to stop at before an instruction of the module: the next that does anything from there on, in
        the order of the text; ``None`` if control comes to none."""
        for position, own in enumerate(self.own):
            if own >= instruction and self.operands[position] is not None:
                return position
        return None


def _own(own: Sequence[Instr], body: Sequence[Instr], starts: Sequence[int]) -> list[int]:
    found = [-1] * len(body)
    for index, (instr, start) in enumerate(zip(own, starts, strict=True)):
        if instr[0] in FREE:
            continue
        while body[start][0] in FREE:
            start += 1
        found[start] = index
    return found


class _Writer(StateMachine):
    """Writes operations."""

    def __init__(self, scope: ModuleScope, funcidx: int, locals_: list[ValType]) -> None:
        super().__init__(scope, funcidx, locals_)
        self.options = OPTIONS
        self.texts: list[tuple[str, ...] | None] = []
        self.operands: list[tuple[ValType, ...] | None] = []
        self.next: list[int] = []
        self.handlers: list[Handler] = []
        self.highest = 0
        self._body: Sequence[Instr] = ()
        self._position = 0
        self._ends: dict[int, int] = {}
        self._elses: dict[int, int] = {}
        self._end_of_else: dict[int, int] = {}

    def write_operations(self, body: Sequence[Instr]) -> None:
        """Write the operations of a body."""
        self._body = body
        self.texts = [None] * len(body)
        self.operands = [None] * len(body)
        self._match()
        self.next = [self.resolve(position + 1) for position in range(len(body))]
        root = Label((), self.type.results, [], is_loop=False)
        root.state = RETURN
        self._labels = [root]
        for position, instr in reached(body, lambda: self._reachable):
            self._position = position
            self.operands[position] = tuple(entry.type for entry in self.stack)
            self.lines, self.marks, self.indent = [], [], 1
            self.facts, self.reuse = {}, {}
            self._write(instr)
            self._settle_in_place()
            if self.lines:
                self.texts[position] = tuple(_VARIABLE.sub(_element, line) for line in self.lines)

    def _write(self, instr: Instr) -> None:
        op = instr[0]
        if op in CALL_OPS:
            self._write_call(instr)
        elif op in self.emitters:
            self.emitters[op](self, instr)
        elif op in _OPENING:
            self._begin(instr)
        elif op is _ELSE:
            self._else()
        elif op is _END:
            self._end()
        elif op in THROWS:
            throw(self, instr)
            self._reachable = False
        elif op is not _NOP:
            self._control(instr)

    def _settle_in_place(self) -> None:
        """Leave what the instruction pushed in place, and nothing known of it."""
        if not self._reachable:
            return
        for i, entry in enumerate(self.stack):
            if not self.in_place(entry, i):
                self.spill(i)
        self.stack = self._temps_of([entry.type for entry in self.stack], 0)
        self.highest = max(self.highest, len(self.stack))

    def _temps_of(self, types: Sequence[ValType], height: int) -> list[Entry]:
        return [self.temp(type_, height + i) for i, type_ in enumerate(types)]

    # Where control goes

    def _match(self) -> None:
        """Find the ends of structured instructions."""
        open_: list[int] = []
        for position, instr in enumerate(self._body):
            op = instr[0]
            if op in _OPENING:
                open_.append(position)
            elif op is _ELSE:
                self._elses[open_[-1]] = position
            elif op is _END and open_:
                start = open_.pop()
                self._ends[start] = position
                if start in self._elses:
                    self._end_of_else[self._elses[start]] = position

    def resolve(self, position: int) -> int:
        """The first position from here on, in the order of execution, that does anything."""
        body = self._body
        while position < len(body):
            op = body[position][0]
            if op is _ELSE:
                position = self._end_of_else[position] + 1
            elif op in FREE:
                position += 1
            else:
                return position
        return RETURN

    def _begin(self, instr: Instr) -> None:
        op, position = instr[0], self._position
        params, results = self.scope.block_types(instr[1])
        end = self._ends[position]
        if op is _IF:
            test = self.condition(self.pop())
            otherwise = self._elses.get(position, end)
            self.write(f"if {test.fails}: return {self.resolve(otherwise + 1)}")
        height = len(self.stack) - len(params)
        label = Label(params, results, self.stack[:height], is_loop=op is _LOOP)
        label.height = height
        label.state = self.resolve(position + 1 if label.is_loop else end + 1)
        if op is _TRY_TABLE and instr[2]:
            clauses = tuple(self._clause(*clause) for clause in instr[2])
            # The try_tables around it stand before it.
            self.handlers.insert(0, Handler(position, end, clauses))
        self._labels.append(label)

    def _clause(self, kind: str, tagidx: int | None, index: int) -> Clause:
        target = self._label(index)
        values = 0 if tagidx is None else len(self.scope.tags[tagidx])
        with_ref = kind in WITH_REF
        self.highest = max(self.highest, target.height + values + 1)
        return Clause(tagidx, self._state_of(target), target.height, values, with_ref)

    def _else(self) -> None:
        label = self._labels[-1]
        self.stack = [*label.stack, *self._temps_of(label.params, label.height)]
        self._reachable = True

    def _end(self) -> None:
        label = self._labels.pop()
        self.stack = [*label.stack, *self._temps_of(label.results, label.height)]
        self._reachable = True

    def _state_of(self, label: Label) -> int:
        return RETURN if label.state is None else label.state

    def _go(self, state: int, deeper: int) -> None:
        self.indent += deeper
        self.write(f"return {state}")
        self.indent -= deeper

    def write_return(self, values: list[Entry]) -> None:
        """Leave the function: results are the lowest operands."""
        self.move(values, 0)
        self.write(f"return {RETURN}")

    def _br_table(self, labels: list[Label]) -> None:
        selector = self.pop().text
        arity, last = len(labels[0].types), len(labels) - 1
        states = tuple(map(self._state_of, labels))
        if not arity:
            self.write(f"return {states!r}[{selector} if {selector}<{last} else {last}]")
            return
        base = len(self.stack) - arity
        ways = tuple((label.height, state) for label, state in zip(labels, states, strict=True))
        self.write(f"h,t={ways!r}[{selector} if {selector}<{last} else {last}]")
        self.write(f"S[h:h+{arity}]=S[{base}:{base + arity}]")
        self.write("return t")

    def _write_call(self, instr: Instr) -> None:
        """A call is the machine's business."""
        op = instr[0]
        if op.imm is Imm.FUNC:
            type_ = self.scope.func_type(instr[1])
        else:
            type_ = self.scope.types[instr[1]].func
            self.stack.pop()
        del self.stack[len(self.stack) - len(type_.params) :]
        self.write(f"return {CALL}")
        if op in TAIL_CALLS:
            self._reachable = False
            return
        self.stack += self._temps_of(type_.results, len(self.stack))


def _element(found: re.Match[str]) -> str:
    return f"{found[1].upper()}[{found[2]}]"
