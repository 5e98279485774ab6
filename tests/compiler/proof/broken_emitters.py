"""Emitters with one fault each: what the proof must find.

A fault replaces a piece of a function's source. When the source changes so that the piece is no longer there, the
fault must be written anew: the tests say which.
"""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Callable
from types import FunctionType
from typing import Any, Final, NamedTuple

import pytest

import pyjsapi.compiler.proving as modules
from pyjsapi.compiler import convention, frame, function
from pyjsapi.compiler.control import (
    branches,
    legacy,
    places,
    statemachine,
    structured,
    switch,
    tree,
)
from pyjsapi.compiler.emit import call as emit_call


class Fault(NamedTuple):
    """A piece of source and what it is replaced by."""

    name: str
    owner: Any
    """The class or the module that has the function."""
    function: str
    old: str
    new: str
    programs: str = "structured"
    """Where it shows: in ``structured`` code, in a ``machine``, in ``legacy`` programs, or in programs with
    ``references``, structured ones or ``reference machines``."""


_B: Final = branches.Branches
_S: Final = structured.Structured
_C: Final = switch._Cases
_M: Final = statemachine.StateMachine
_L: Final = legacy._Lowering

FAULTS: Final = (
    # Jumps: what the ways mean, and whether they are written.
    Fault(
        "a loop's end is taken for the end of what it is in",
        places.Suite,
        "direct",
        "return BREAK",
        "return FALL",
    ),
    Fault(
        "the end of a loop is its start", places.Suite, "direct", "return BREAK", "return CONTINUE"
    ),
    Fault(
        "the start of a loop is its end", places.Suite, "direct", "return CONTINUE", "return BREAK"
    ),
    Fault(
        "the function is not returned from", places.Suite, "direct", "return RETURN", "return FALL"
    ),
    Fault(
        "a loop is left by writing nothing",
        places.Suite,
        "way",
        "return FLAG if suite.loop is self.loop else LEAVE",
        "return FLAG",
    ),
    Fault(
        "a loop is left where there is none",
        places.Suite,
        "way",
        "return FLAG if suite.loop is self.loop else LEAVE",
        "return LEAVE",
    ),
    Fault(
        "nothing leads on behind a loop",
        _S,
        "_pass_on",
        "self._statement(place, way, self._operands(place))",
        "pass",
    ),
    Fault("a flag is not reset", _B, "_lead", 'self.write("_b=None")', "pass"),
    Fault(
        "a flag is not set at first", _S, "write_function", 'self.insert(first, "_b=None")', "pass"
    ),
    Fault(
        "behind a loop only one flag is looked at",
        _B,
        "_go_on",
        "self._lead(places, way)",
        "self._lead(places, way); cases.clear()",
    ),
    Fault(
        "numbers that come later are taken as well",
        _B,
        "_go_on",
        "others = [place.number for later, _ in cases for place in later]",
        "others = [place.number + 1 for later, _ in cases for place in later]",
    ),
    Fault(
        "what is passed on is not skipped",
        _B,
        "close_suite",
        "if reached and (flagged or FALL in ways.values()):",
        "if False:",
    ),
    Fault(
        "what was left for is not passed on",
        _B,
        "close_suite",
        "around.pending += flagged",
        "pass",
    ),
    Fault(
        "what a loop is left for is not passed on",
        _B,
        "_lead",
        "self.suite.loop.pending += places",
        "pass",
    ),
    Fault(
        "two places have the same number", _B, "new_place", "self._places += 1", "self._places = 1"
    ),
    Fault(
        "a state runs on into the next but one",
        _B,
        "_statement",
        "{suite.loop.states[place]}",
        "{suite.loop.states[place] + 1}",
    ),
    Fault(
        "a jump is for writing nothing",
        _B,
        "_statement",
        'self.write("break")',
        'self.write("pass")',
    ),
    # Tests and tables.
    Fault(
        "a branch to the end of a suite has the wrong polarity",
        _B,
        "branch",
        "if {condition.fails}:",
        "if {condition.holds}:",
    ),
    Fault(
        "a branch that jumps has the wrong polarity",
        _B,
        "branch",
        "if {condition.holds}:",
        "if {condition.fails}:",
    ),
    Fault(
        "arms are exchanged",
        _S,
        "_if",
        'arms.write(f"if {test.holds}:", node.body',
        'arms.write(f"if {test.fails}:", node.body',
    ),
    Fault(
        "an if without then has the wrong polarity",
        _S,
        "_if",
        "if {test.fails}:",
        "if {test.holds}:",
    ),
    Fault(
        "the sunk rest has the wrong polarity", _S, "_sink", "if {test.holds}:", "if {test.fails}:"
    ),
    Fault(
        "decisions of a table are moved by one",
        _B,
        "divide",
        "{runs[middle][0]}",
        "{runs[middle][0] + 1}",
    ),
    Fault(
        "halves of a table are exchanged", _B, "divide", "runs[:middle]),\n", "runs[middle:]),\n"
    ),
    Fault(
        "two cases of a switch are exchanged",
        _C,
        "write_tree",
        "frame.sequence(self._segments[case], nowhere, 1)",
        "frame.sequence(self._segments[case - 1], nowhere, 1)",
    ),
    Fault(
        "a case falls into the next but one",
        _C,
        "write_states",
        "self._starts[case + 1 : case + 2]",
        "self._starts[case + 2 : case + 3]",
    ),
    Fault(
        "entries of a table are shifted",
        _C,
        "_look_up",
        "table_text(entries, selector)",
        "table_text(entries[1:] + entries[:1], selector)",
    ),
    Fault(
        "a table's default is another one", _C, "_look_up", "else {default}", "else {default ^ 1}"
    ),
    Fault(
        "a table's default is one label too near",
        tree,
        "build_tree",
        "stack[-1 - instr[2]]",
        "stack[-max(1, instr[2])]",
    ),
    Fault(
        "a list of instructions is written without its first one",
        _S,
        "_items",
        "for k in range(first, stop):",
        "for k in range(first + (stop - first > 3), stop):",
    ),
    # Operands.
    Fault("operands are not moved", _B, "go", "self.move(values, place.height)", "pass"),
    Fault("operands are moved to the wrong height", _B, "go", "place.height", "place.height + 1"),
    Fault(
        "a conditional branch does not move its operands",
        _B,
        "branch",
        "self.move(values, place.height)",
        "pass",
    ),
    Fault(
        "operands are moved in the wrong order",
        frame.Frame,
        "move",
        'i}" for i in range(len(values))',
        'i}" for i in reversed(range(len(values)))',
    ),
    Fault("parameters stay pending", _S, "_enter", "self.spill(i)", "pass"),
    Fault(
        "results are returned in the wrong order",
        frame.Frame,
        "write_return",
        "for value in values]",
        "for value in reversed(values)]",
    ),
    Fault(
        "a place has the height of another one",
        _S,
        "_node",
        "self.new_place(node.results, node.height)",
        "self.new_place(node.results, node.height + 1)",
    ),
    Fault(
        "what br_on_null keeps is taken from where it is not",
        _B,
        "_br_on_null",
        "self.stack.append(reference)",
        "self.stack.append(self.temp(reference.type, len(self.stack)))",
        "references",
    ),
    Fault(
        "a state machine takes what br_on_null keeps from where it is not",
        _M,
        "_control",
        "self.stack.append(reference)",
        "self.stack.append(self.temp(reference.type, len(self.stack)))",
        "reference machines",
    ),
    Fault(
        "what a branch on a cast keeps is taken from where it is not",
        _B,
        "_br_on_cast",
        "values = self._label_operands(label)\n",
        "values = self.stack[-len(label.label_types) :]\n"
        "    self.stack[-1] = self.temp(values[-1].type, len(self.stack) - 1)\n",
        "references",
    ),
    Fault(
        "branches on null and on what is not are exchanged",
        _B,
        "_br_on_non_null",
        "null_test(values[-1].text).opposite",
        "null_test(values[-1].text)",
        "references",
    ),
    # Counted loops.
    Fault(
        "a counter's last value is set after a break as well",
        _S,
        "_for",
        "{'else: ' if left else ''}",
        "",
    ),
    Fault(
        "a counter has no last value",
        _S,
        "_for",
        "self.write(f\"{'else: ' if left else ''}l{counter}={counted.last}\")",
        'self.write("pass")',
    ),
    # Exceptions.
    Fault("a clause is for another tag", _S, "_handler", "X[{tagidx}]", "X[{tagidx ^ 1}]"),
    Fault(
        "what no clause catches is swallowed",
        _S,
        "_handler",
        'self.write("else: raise")',
        'self.write("else: pass")',
    ),
    Fault("traps are caught", _S, "_handler", 'self.write("if _x is None: raise")', "pass"),
    Fault(
        "clauses are tried in the wrong order",
        _S,
        "_handler",
        "enumerate(node.catches)",
        "enumerate(reversed(node.catches))",
    ),
    Fault(
        "values of an exception are exchanged",
        _S,
        "_handler",
        "self.go(self.place_of(target), values)",
        "self.go(self.place_of(target), values[::-1] or values)",
        "legacy",
    ),
    Fault(
        "the body of a try is outside of it",
        _S,
        "_try",
        "self.sequence(node.body, meeting)\n    self.shut(indent)",
        "self.shut(indent)\n    self.sequence(node.body, meeting)",
    ),
    # Tail calls.
    Fault(
        "a tail call of the function to itself keeps its locals",
        _B,
        "_call_self",
        "self.write_zeros()",
        "pass",
    ),
    Fault(
        "a tail call of the function to itself keeps its parameters",
        _B,
        "_call_self",
        "if changed:",
        "if False:",
    ),
    Fault(
        "a tail call of the function to itself returns",
        _B,
        "_call_self",
        "self._statement(place, self.suite.way(place), [])",
        'self.write("return")',
    ),
    Fault(
        "a tail call calls another function",
        emit_call,
        "tail_call",
        "handing_on(callee.text,",
        'handing_on("f0",',
    ),
    Fault(
        "a tail call loses an argument",
        emit_call,
        "tail_call",
        "for a in arguments]",
        "for a in arguments[1:]]",
    ),
    Fault(
        "results of a function that hands on are no pair",
        convention,
        "returning",
        "if not hands_on:",
        "if True:",
    ),
    Fault(
        "a function that hands on is taken for one that does not",
        function,
        "translate_once",
        "hands_on(body, funcidx)",
        "False",
    ),
    # State machines.
    Fault(
        "then runs on into else",
        _M,
        "_else",
        "self._go(label.state, 0)",
        "self._go(label.state if label.otherwise is None else label.otherwise, 0)",
        "machine",
    ),
    Fault(
        "a state machine branches where the condition does not hold",
        _M,
        "_branch_if",
        "if {test.holds}:",
        "if {test.fails}:",
        "machine",
    ),
    Fault(
        "an if of a state machine has the wrong polarity",
        _M,
        "_open",
        "if {test.fails}:",
        "if {test.holds}:",
        "machine",
    ),
    Fault(
        "states of a table are shifted",
        _M,
        "_br_table",
        "table_text(states, selector)",
        "table_text(states[1:] + states[:1], selector)",
        "machine",
    ),
    Fault(
        "a try_table's states stay in it",
        _M,
        "_end",
        "self._region = label.region",
        "pass",
        "machine",
    ),
    Fault(
        "a state machine does not move operands",
        _M,
        "_move",
        "self.move(values, height)",
        "pass",
        "machine",
    ),
    Fault(
        "states begin one too late",
        _M,
        "_write_states",
        "if _s<{runs[middle][0]}:",
        "if _s<={runs[middle][0]}:",
        "machine",
    ),
    Fault(
        "a state machine keeps its locals in a tail call to itself",
        _M,
        "_call_self",
        "self.write_zeros()",
        "pass",
        "machine",
    ),
    Fault(
        "handlers of a state machine are in the wrong order",
        _M,
        "_write_states",
        "handlers = tuple(self._handlers)",
        "handlers = tuple(reversed(self._handlers))",
        "machine",
    ),
    # Legacy exception handling.
    Fault(
        "catches are tried in the wrong order",
        _L,
        "_enter_try",
        "for i, tag in enumerate(block.catches)",
        "for i, tag in reversed([*enumerate(block.catches)])",
        "legacy",
    ),
    Fault(
        "a catch goes on into the next one",
        _L,
        "_catch",
        "self.out.append((_BR, self.depth - block.depth))",
        "self.out.append((_BR, 0))",
        "legacy",
    ),
    Fault(
        "catches share a local",
        _L,
        "_catch",
        "self.first_local + self.catching",
        "self.first_local",
        "legacy",
    ),
    Fault(
        "an exception is delegated one block too near",
        _L,
        "_enter",
        "self.depth - block.delegate.wrapped",
        "max(self.depth - block.delegate.wrapped - 1, 0)",
        "legacy",
    ),
    Fault(
        "what is delegated to a catch is caught by its try",
        legacy,
        "_scan",
        "target.delegated.add(target.part)",
        "target.delegated.add(0)",
        "legacy",
    ),
    Fault(
        "a branch goes one block too far",
        _L,
        "_label",
        "self.depth - self.open[-1 - index].depth",
        "self.depth - self.open[-1 - index].depth + (self.depth > 2)",
        "legacy",
    ),
    Fault(
        "the exception of an inner catch is thrown again",
        _L,
        "run",
        "self.open[-1 - instr[1]].exn",
        "max(block.exn for block in self.open)",
        "legacy",
    ),
)
"""Each must be found."""


def break_it(fault: Fault, patch: pytest.MonkeyPatch) -> None:
    """Put a fault in place. Fails if its piece of source is not there once."""
    original = vars(fault.owner)[fault.function]
    source = textwrap.dedent(inspect.getsource(original))
    old = fault.old
    if source.count(old) == 0:
        pytest.fail(f"{fault.name}: `{old}` is no longer in {fault.function}: write the fault anew")
    space: dict[str, Any] = {}
    module = inspect.getmodule(original)
    assert module is not None
    exec(compile(source.replace(old, fault.new), f"<{fault.name}>", "exec"), vars(module), space)
    broken: Callable[..., Any] = space[fault.function]
    assert isinstance(broken, FunctionType)
    patch.setattr(fault.owner, fault.function, broken)
    if inspect.ismodule(fault.owner):
        # Others have imported the function by its name.
        for other in (branches, emit_call, frame, function, legacy, modules, statemachine, switch):
            if getattr(other, fault.function, None) is original:
                patch.setattr(other, fault.function, broken)
