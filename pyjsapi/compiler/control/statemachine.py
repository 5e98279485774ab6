"""Control flow of any depth: the function as a machine over basic blocks.

Python limits nested loops to 20 and indentation to 100 levels; WebAssembly has no such limit. A function beyond it is
written as one loop with a balanced decision on the state ``_s``. The body is read once, without recursion.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from pyjsapi.compiler.control.switch import table_text
from pyjsapi.compiler.control.tree import (
    BR,
    BR_IF,
    BR_ON_CAST,
    BR_ON_CAST_DESC_EQ,
    BR_ON_CAST_DESC_EQ_FAIL,
    BR_ON_CAST_FAIL,
    BR_ON_NON_NULL,
    BR_ON_NULL,
    BR_TABLE,
    OP,
    RETURN,
    RETURN_CALL,
    SIMPLE_BRANCHES,
    Types,
)
from pyjsapi.compiler.emit.call import tail_call
from pyjsapi.compiler.emit.casts import branch_test, descriptor_test, null_test, pop_descriptor
from pyjsapi.compiler.emit.exception import THROWS, clause_values, throw
from pyjsapi.compiler.emit.table import EMITTERS
from pyjsapi.compiler.expression import (
    CONST,
    EFFECT,
    P_CONDITIONAL,
    Entry,
)
from pyjsapi.compiler.frame import Frame
from pyjsapi.compiler.notes import CLAUSES, GLUE, Condition
from pyjsapi.syntax.module import Instr

_BLOCK: Final = OP["block"]
_LOOP: Final = OP["loop"]
_IF: Final = OP["if"]
_ELSE: Final = OP["else"]
_END: Final = OP["end"]
_NOP: Final = OP["nop"]
_UNREACHABLE: Final = OP["unreachable"]
_TRY_TABLE: Final = OP["try_table"]
_OPENING: Final = frozenset((_BLOCK, _LOOP, _IF, _TRY_TABLE))


class Label:
    """A structured instruction that is open."""

    __slots__ = (
        "height", "is_loop", "otherwise", "params", "region", "results", "stack", "state",
    )  # fmt: skip

    def __init__(self, params: Types, results: Types, stack: list[Entry], *, is_loop: bool) -> None:
        self.params = params
        self.results = results
        self.is_loop = is_loop
        self.height = len(stack)
        self.stack = stack
        """The entries below the label."""
        self.state: int | None = None
        """State that a branch goes to; ``None`` while no branch does."""
        self.otherwise = -1
        """State of the ``else`` arm; negative if there is none."""
        self.region: int | None = None
        """Of a try_table with clauses: the region around it, which goes on after it."""

    @property
    def types(self) -> Types:
        """Types of a branch's operands."""
        return self.params if self.is_loop else self.results


def branch_targets(body: Sequence[Instr]) -> tuple[set[int], set[int]]:
    """Positions of the structured instructions whose labels are branched to, and of those with ``else``."""
    found: set[int] = set()
    with_else: set[int] = set()
    open_: list[int] = [-1]
    for position, instr in enumerate(body):
        op = instr[0]
        if op in _OPENING:
            if op is _TRY_TABLE:
                found.update(open_[-1 - label] for _, _, label in instr[2])
                if instr[2]:
                    found.add(position)
            open_.append(position)
        elif op is _END:
            open_.pop()
        elif op is _ELSE:
            with_else.add(open_[-1])
        elif op in SIMPLE_BRANCHES:
            found.add(open_[-1 - instr[1]])
        elif op is BR_TABLE:
            found.update(open_[-1 - label] for label in (*instr[1], instr[2]))
    return found, with_else


def reached(body: Sequence[Instr], is_live: Callable[[], bool]) -> Iterator[tuple[int, Instr]]:
    """The instructions that are not dead, with their positions; of dead code only what ends it.

    ``is_live`` tells, after each, whether control comes to the next.
    """
    dead = 0
    for position, instr in enumerate(body):
        op = instr[0]
        if not is_live():
            if op in _OPENING:
                dead += 1
                continue
            if dead or op not in (_ELSE, _END):
                dead -= op is _END
                continue
        yield position, instr


class _State:
    """The code of a state."""

    __slots__ = ("goes_to", "lines", "marks", "region")

    def __init__(self, region: int) -> None:
        self.lines: list[str] = []
        self.marks: list[int] = []
        self.region = region
        """The innermost try_table around it."""
        self.goes_to: int | None = None
        """The state that it goes on to, if it does nothing else."""


def _leads_to(state: int) -> _State:
    made = _State(-1)
    made.lines = [f"_s={state}", "continue"]
    made.marks = [GLUE, GLUE]
    return made


class StateMachine(Frame):
    """Writes a flat body as a loop over states."""

    emitters = EMITTERS

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self._states: list[_State] = []
        self._state = _State(-1)
        """The one whose code is being written."""
        self._labels: list[Label] = []
        self._reachable = True
        self._region = -1
        """The innermost try_table around what is being written, as an index of ``_handlers``."""
        self._handlers: list[tuple[int, tuple[tuple[int, int], ...]]] = []
        """See `exceptions.Handlers`."""

    def write_function(self, body: Sequence[Instr]) -> None:
        """Write the body of the function."""
        header, marks = self.lines, self.marks
        facts = self.facts
        targets, with_else = branch_targets(body)
        self._labels = [Label((), self.type.results, [], is_loop=False)]
        self._start(self._new_state(), [])
        self.facts = facts
        self.indent = 0
        emitters = self.emitters
        for position, instr in reached(body, lambda: self._reachable):
            op = instr[0]
            self.mark = position * 4
            emitter = emitters.get(op)
            if emitter is not None:
                emitter(self, instr)
            elif op in _OPENING:
                self._open(instr, position in targets, position in with_else)
            elif op is _ELSE:
                self._else()
            elif op is _END:
                self._end()
            elif op is not _NOP:
                self._control(instr)
        self.lines, self.marks, self.indent = header, marks, 1
        self._write_states()

    # States

    def _new_state(self) -> int:
        self._states.append(_State(self._region))
        return len(self._states) - 1

    def _into(self, state: _State) -> None:
        self._state, self.lines, self.marks = state, state.lines, state.marks

    def _start(self, state: int, stack: list[Entry]) -> None:
        """Write a state's code from now on."""
        self._into(self._states[state])
        self._state.region = self._region
        self.indent = 0
        self.stack = stack
        self.facts = {}
        self.reuse = {}
        self._reachable = True

    def _write_states(self) -> None:
        self.mark = GLUE
        self.write("_s=0")
        inner = 2
        if self._handlers:
            inner = 4
            self.write("while True:")
            self.write(" try:")
            self.write("  while True:")
        else:
            self.write("while True:")
        runs = self._runs()
        pending: list[tuple[str, int, int, int]] = [("", 0, len(runs) - 1, inner)]
        while pending:
            text, first, last, indent = pending.pop()
            if text:
                self._line(indent - 1, text, GLUE)
            if first == last:
                state = runs[first][1]
                for line, mark in zip(state.lines, state.marks, strict=True):
                    self._line(indent, line, mark)
                continue
            middle = (first + last + 1) // 2
            pending.append(("else:", middle, last, indent + 1))
            pending.append((f"if _s<{runs[middle][0]}:", first, middle - 1, indent + 1))
        if self._handlers:
            self.write(" except Exception as _x:")
            self.write("  _e=caught(_x)")
            self.write("  if _e is None: raise")
            regions = tuple(state.region for state in self._states)
            handlers = tuple(self._handlers)
            self.write(f"  _s=landing_state(_e,{regions!r}[_s],{handlers!r},X)")
            self.write("  if _s<0: raise")

    def _line(self, indent: int, line: str, mark: int) -> None:
        self.lines.append(" " * indent + line)
        self.marks.append(mark)

    def _runs(self) -> list[tuple[int, _State]]:
        """Adjacent states with the same code, as (first of them, code): the ends of nested blocks are one run."""
        does = self._followed()
        starts = [i for i, state in enumerate(does) if i == 0 or does[i - 1] != state]
        runs = []
        for start, end in zip(starts, [*starts[1:], len(does)], strict=True):
            state = does[start]
            if start <= state < end:
                runs.append((start, self._states[state]))
            else:
                runs.append((start, _leads_to(state)))
        return runs

    def _followed(self) -> list[int]:
        """For every state the one that does its work: another one where it only goes on to that."""
        found = [-1] * len(self._states)
        for first in range(len(found)):
            path = []
            state = first
            while found[state] < 0:
                path.append(state)
                found[state] = state
                state = self._goes_on_to(state)
            for passed in path:
                found[passed] = found[state]
        return found

    def _goes_on_to(self, state: int) -> int:
        """The state that a state goes on to without doing anything, or the state itself."""
        target = self._states[state].goes_to
        if target is not None and self._states[target].region == self._states[state].region:
            return target
        return state

    def _settle_all(self) -> None:
        """Leave nothing pending but constants: what follows may run on another way."""
        self.settle(0, True, True)
        for i, entry in enumerate(self.stack):
            if entry.form is not CONST and not self.in_place(entry, i):
                self.spill(i)

    # Structured instructions

    def _open(self, instr: Instr, targeted: bool, with_else: bool) -> None:
        op = instr[0]
        params, results = self.scope.block_types(instr[1])
        condition = self.pop() if op is _IF else None
        test = None
        if condition is not None:
            condition = self.materialise(condition, len(self.stack))
            test = self.condition(condition)
            self.note_condition(test)
        if targeted or condition is not None:
            self._settle_all()
            for i in range(len(self.stack) - len(params), len(self.stack)):
                self.spill(i)
        below = self.stack[: len(self.stack) - len(params)] if targeted or condition else []
        label = Label(params, results, below, is_loop=op is _LOOP)
        label.height = len(self.stack) - len(params)
        self._labels.append(label)
        if test is not None:
            label.state = self._new_state()
            label.otherwise = self._new_state() if with_else else -1
            self.write(f"if {test.fails}:")
            self._go(label.state if label.otherwise < 0 else label.otherwise, 1)
        elif op is _TRY_TABLE and instr[2]:
            self._open_region(label, instr)
        elif targeted:
            label.state = self._new_state()
            if op is _LOOP:
                self._go(label.state, 0)
                self._start(label.state, self._at(label, params))

    def _open_region(self, label: Label, instr: Instr) -> None:
        """Begin the states of a try_table."""
        self.mark |= CLAUSES
        outer = label.region = self._region
        label.state = self._new_state()
        clauses = []
        for kind, tagidx, index in instr[2]:
            # The label itself is open already: those of the clauses are one further out.
            target = self._labels[-2 - index]
            values = clause_values(self, kind, tagidx, "_e")
            if values or target is self._labels[0]:
                state = self._new_state()
                self._elsewhere(state, target, values)
            else:
                state = self._state_of(target)
            clauses.append((-1 if tagidx is None else tagidx, state))
        self._handlers.append((outer, tuple(clauses)))
        self._region = len(self._handlers) - 1
        inner = self._new_state()
        self._go(inner, 0)
        self._start(inner, self._at(label, label.params))

    def _elsewhere(self, state: int, target: Label, values: list[Entry]) -> None:
        """Write a jump as the code of a state of its own."""
        here, indent, stack = self._state, self.indent, self.stack
        self._into(self._states[state])
        self.indent, self.stack = 0, []
        self._jump(target, values, 0)
        self._into(here)
        self.indent, self.stack = indent, stack

    def _at(self, label: Label, types: Types) -> list[Entry]:
        temps = [self.temp(type_, label.height + i) for i, type_ in enumerate(types)]
        return [*label.stack, *temps]

    def _go(self, state: int, deeper: int) -> None:
        if not self.lines:
            self._state.goes_to = state
        self.indent += deeper
        mark, self.mark = self.mark, GLUE
        self.write(f"_s={state}")
        self.write("continue")
        self.mark = mark
        self.indent -= deeper

    def _else(self) -> None:
        label = self._labels[-1]
        if self._reachable and label.state is not None:
            self._move(self.pop_values(len(label.results)), label.height)
            self._go(label.state, 0)
        self._start(label.otherwise, self._at(label, label.params))

    def _end(self) -> None:
        label = self._labels.pop()
        if not self._labels:
            self._end_function(label)
            return
        if label.is_loop or label.state is None:
            return
        if label.region is not None:
            self._region = label.region
        if self._reachable:
            self._move(self.pop_values(len(label.results)), label.height)
            self._go(label.state, 0)
        self._start(label.state, self._at(label, label.results))

    def _end_function(self, label: Label) -> None:
        if self._reachable:
            self._return(self.pop_values(len(label.results)))
        if label.state is not None:
            self._start(label.state, [])
            self.mark = GLUE  # It only leads on: a branch to it is at the function's end already.
            self.write_return(self._at(label, label.results))

    def _return(self, values: list[Entry]) -> None:
        self.settle(0, True, True)
        self.note_moves(values)
        self.write_return(values)
        self._reachable = False

    def _move(self, values: list[Entry], height: int) -> None:
        self.settle(0, True, True)
        self.note_moves(values)
        self.move(values, height)

    # Branches

    def _control(self, instr: Instr) -> None:
        op = instr[0]
        if op is BR_IF:
            condition = self.pop()
            test = self.condition(condition)
            self.settle(0, bool(condition.flags & EFFECT), True)
            self._branch_if(self._label(instr[1]), test)
            return
        if op is BR_ON_NULL:
            reference = self.materialise(self.pop(), len(self.stack))
            self.settle(0, False, True)
            self._branch_if(self._label(instr[1]), null_test(reference.text))
            self.stack.append(reference)
            return
        if op is BR_ON_NON_NULL:
            self.stack.append(self.materialise(self.pop(), len(self.stack)))
            self.settle(0, False, True)
            self._branch_if(self._label(instr[1]), null_test(self.stack[-1].text).opposite)
            self.stack.pop()
            return
        if op is BR_ON_CAST or op is BR_ON_CAST_FAIL:
            self._br_on_cast(instr)
            return
        if op is BR_ON_CAST_DESC_EQ or op is BR_ON_CAST_DESC_EQ_FAIL:
            self._br_on_cast_desc_eq(instr)
            return
        if op is BR:
            label = self._label(instr[1])
            self._jump(label, self.pop_values(len(label.types)), 0)
        elif op is BR_TABLE:
            self._br_table([self._label(i) for i in (*instr[1], instr[2])])
        elif op is RETURN:
            self._return(self.pop_values(len(self.type.results)))
        elif op is _UNREACHABLE:
            self.emit("unreachable()", 0, True, True)
        elif op is RETURN_CALL and instr[1] == self.funcidx:
            self._call_self()
        elif op in THROWS:
            throw(self, instr)
        else:
            tail_call(self, instr)
        self._reachable = False

    def _br_on_cast(self, instr: Instr) -> None:
        op, index, _, target = instr
        self.stack.append(self.materialise(self.pop(), len(self.stack)))
        self.settle(0, False, True)
        label = self._label(index)
        self.spill_from(len(self.stack) - len(label.types))
        name = self.stack[-1].text
        self._branch_if(label, branch_test(self.scope, name, target, op is BR_ON_CAST_FAIL))

    def _br_on_cast_desc_eq(self, instr: Instr) -> None:
        op, index, _, target = instr
        descriptor = pop_descriptor(self)
        label = self._label(index)
        self.spill_from(len(self.stack) - len(label.types))
        fails = op is BR_ON_CAST_DESC_EQ_FAIL
        test = descriptor_test(self.stack[-1].text, descriptor.text, target, fails)
        self._branch_if(label, test)

    def _label(self, index: int) -> Label:
        return self._labels[-1 - index]

    def _jump(self, label: Label, values: list[Entry], deeper: int) -> None:
        self.settle(0, True, True)
        self.indent += deeper
        if label is self._labels[0]:
            self.note_moves(values)
            self.write_return(values)
        else:
            self._move(values, label.height)
            self._go(self._state_of(label), 0)
        self.indent -= deeper

    def _state_of(self, label: Label) -> int:
        if label.state is None:
            label.state = self._new_state()
        return label.state

    def _branch_if(self, label: Label, test: Condition) -> None:
        start = len(self.stack) - len(label.types)
        self.spill_from(start)
        values = self.stack[start:]
        self.settle(0, True, True)
        self.note_condition(test)
        self.write(f"if {test.holds}:")
        self._jump(label, values, 1)

    def _br_table(self, labels: list[Label]) -> None:
        selector = self.materialise(self.pop(), len(self.stack)).text
        values = self.pop_values(len(labels[0].types))
        self.settle(0, True, True)
        if values:
            height = len(self.stack)
            self._move(values, height)
            values = [self.temp(v.type, height + i) for i, v in enumerate(values)]
            states = [self._moving_state(label, values) for label in labels]
        else:
            states = [self._state_of(label) for label in labels]
        default = states.pop()
        if states:
            looked_up = table_text(states, selector)
            self.write(f"_s={looked_up} if {selector}<{len(states)} else {default}")
        else:
            self.write(f"_s={default}")
        self.write("continue")

    def _moving_state(self, label: Label, values: list[Entry]) -> int:
        """A state that moves a branch's operands to where the label has them."""
        state = self._new_state()
        self._elsewhere(state, label, values)
        return state

    def _call_self(self) -> None:
        values = self.pop_values(len(self.type.params))
        self.settle(0, True, True)
        self.note_moves(values)
        if values:
            targets = ",".join(f"l{i}" for i in range(len(values)))
            self.write(f"{targets}={','.join(v.at(P_CONDITIONAL) for v in values)}")
        self.write_zeros()
        self._go(0, 0)
