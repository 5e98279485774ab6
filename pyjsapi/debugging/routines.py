"""Functions of instances as the debugger executes them: operations made into callables, and what is to be looked at."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator, Sequence
from types import CodeType, FunctionType
from typing import Any, Final, NamedTuple

from pyjsapi.compiler.emit.call import TAIL_CALLS
from pyjsapi.compiler.environment import Environment
from pyjsapi.compiler.frame import default_text
from pyjsapi.compiler.variants import Assumptions
from pyjsapi.debugging.operations import CALL_OPS, Operations
from pyjsapi.runtime.depth import call_deep
from pyjsapi.syntax.instructions import Imm
from pyjsapi.syntax.module import Instr
from pyjsapi.syntax.types import ValType

FILENAME: Final = "<wasm operation>"
"""File name of operations: what goes wrong in them is WebAssembly's, as in compiled code."""

BREAK: Final = 1
"""Mark of a position that has a breakpoint."""
ACCESS: Final = 2
"""Mark of an instruction that reads or writes memory."""
GROW: Final = 4
"""Mark of ``memory.grow``."""
HIDDEN: Final = 8
"""Mark of a position that is no instruction of the module: a part of the one before."""

_DEFAULTS: Final = {"0": 0, "0.0": 0.0, "None": None}


class Access(NamedTuple):
    """Bytes that an instruction reads or writes. Operands are given by their places in the list."""

    memidx: int
    writes: bool
    reads: bool
    address: int
    """The operand that is the address."""
    offset: int
    size: int
    """Bytes, unless an operand says how many."""
    operand: int = -1
    """The operand that does, or -1."""


class Call(NamedTuple):
    """What a call instruction calls, and where its operands are."""

    kind: str
    """``call``, ``call_indirect`` or ``call_ref``."""
    callee: int
    """Index of the function, or of the type."""
    table: int
    parameters: int
    base: int
    """The first argument, and where the first result comes to."""
    tail: bool


class Plan:
    """What is the same for a function in all instances of its module, under the same assumptions."""

    def __init__(self, environment: Environment, index: int) -> None:
        variant, module = environment.variant, environment.compiled
        code = module.module.funcs[index - module.imported_funcs].code.load()
        scope = variant.scope
        operations = call_deep(variant.call_depth, Operations, scope, index, code)
        self.operations = operations
        self.code = code
        self.codes = _compiled(operations.texts)
        self.calls: dict[int, Call] = {}
        self.accesses: dict[int, tuple[Access, ...]] = {}
        self.marks = bytearray(len(operations.body))
        for position, instr in enumerate(operations.body):
            types = operations.operands[position]
            if types is None:
                continue
            if operations.own[position] < 0:
                self.marks[position] = HIDDEN
            op = instr[0]
            if op in CALL_OPS:
                called = (
                    scope.func_type(instr[1]) if op.imm is Imm.FUNC else scope.types[instr[1]].func
                )
                self.calls[position] = _call(instr, len(types), len(called.params))
            elif op.mnemonic == "memory.grow":
                self.marks[position] |= GROW
            else:
                found = tuple(_accesses(instr, len(types)))
                if found:
                    self.accesses[position] = found
                    self.marks[position] |= ACCESS
        parameters = len(scope.func_type(index).params)
        added = operations.variables - len(operations.locals)
        self.zeros: list[Any] = [
            *(_DEFAULTS[default_text(type_)] for type_ in operations.locals[parameters:]),
            *[None] * added,
        ]
        """Initial values of the declared locals."""
        self.parameters = parameters
        self.results = len(scope.func_type(index).results)


def _call(instr: Instr, height: int, parameters: int) -> Call:
    op = instr[0]
    kind = op.mnemonic.removeprefix("return_")
    table = instr[2] if op.imm is Imm.TYPE_TABLE else 0
    base = height - parameters - (kind != "call")
    return Call(kind, instr[1], table, parameters, base, op in TAIL_CALLS)


def _accesses(instr: Instr, height: int) -> Iterator[Access]:
    op = instr[0]
    name = op.mnemonic
    if op.imm in (Imm.MEMARG, Imm.MEMARG_LANE):
        if "notify" in name:
            return
        action = op.family.rsplit("atomic.", 1)[-1]
        reads = action.startswith(("load", "rmw", "wait"))
        writes = action.startswith(("store", "rmw"))
        address = height - len(op.params or ())
        yield Access(instr[1], writes, reads, address, instr[3], op.width >> 3)
    elif name == "memory.copy":
        yield Access(instr[1], True, False, height - 3, 0, 0, height - 1)
        yield Access(instr[2], False, True, height - 2, 0, 0, height - 1)
    elif name == "memory.init":
        yield Access(instr[2], True, False, height - 3, 0, 0, height - 1)
    elif name == "memory.fill":
        yield Access(instr[1], True, False, height - 3, 0, 0, height - 1)
    elif name == "memory.discard":
        yield Access(instr[1], True, False, height - 2, 0, 0, height - 1)


_known: Final[dict[tuple[str, ...], CodeType]] = {}
"""Code of operations by their lines: most operations of a module look like others."""
_MOST_KNOWN: Final = 50_000


def _compiled(texts: Sequence[tuple[str, ...] | None]) -> list[CodeType | None]:
    new = [text for text in dict.fromkeys(texts) if text is not None and text not in _known]
    if new:
        if len(_known) > _MOST_KNOWN:
            _known.clear()
            new = [text for text in dict.fromkeys(texts) if text is not None]
        lines = []
        for text in new:
            lines += ["def operation(L,S):", *text]
        module = compile("\n".join(lines), FILENAME, "exec", dont_inherit=True, optimize=0)
        codes = [each for each in module.co_consts if isinstance(each, CodeType)]
        _known.update(zip(new, codes, strict=True))
    return [None if text is None else _known[text] for text in texts]


_plans: Final[weakref.WeakKeyDictionary[Any, dict[tuple[Assumptions, int], Plan]]] = (
    weakref.WeakKeyDictionary()
)


def plan_of(environment: Environment, index: int) -> Plan:
    """The plan of a function of an instance, as its memories are reached now."""
    plans = _plans.setdefault(environment.compiled, {})
    key = environment.variant.assumptions, index
    found = plans.get(key)
    if found is None:
        found = plans[key] = Plan(environment, index)
    return found


def _nothing(locals_: list[Any], operands: list[Any]) -> None:
    """The operation of an instruction that changes nothing, as ``drop`` does here."""


class Routine:
    """A function of an instance, ready to be executed."""

    __slots__ = (
        "accesses",
        "breaks",
        "calls",
        "environment",
        "index",
        "marks",
        "next",
        "operations",
        "plan",
        "variant",
    )

    def __init__(self, environment: Environment, index: int) -> None:
        plan = plan_of(environment, index)
        self.environment = environment
        self.variant = environment.variant
        self.index = index
        """Its index in the module."""
        self.plan = plan
        environment.provide(plan.operations.signatures, plan.operations.accessors)
        space = environment.globals
        self.operations: list[Callable[[list[Any], list[Any]], int | None]] = [
            _nothing if code is None else FunctionType(code, space) for code in plan.codes
        ]
        self.next = plan.operations.next
        self.calls = plan.calls
        self.accesses = plan.accesses
        self.marks = bytearray(plan.marks)
        self.breaks: dict[int, list[int]] = {}
        """Numbers of breakpoints, by position."""

    @property
    def first(self) -> int:
        """Where it begins."""
        return self.plan.operations.first

    @property
    def fits(self) -> bool:
        """Whether memories are still reached as they were."""
        return self.environment.variant is self.variant

    def break_at(self, position: int, number: int) -> None:
        """Put a breakpoint there."""
        self.breaks.setdefault(position, []).append(number)
        self.marks[position] |= BREAK

    def clear(self) -> None:
        """Take all breakpoints away."""
        for position in self.breaks:
            self.marks[position] &= ~BREAK
        self.breaks.clear()

    def locals_for(self, arguments: Sequence[Any]) -> list[Any]:
        """The locals of a call."""
        return [*arguments, *self.plan.zeros]

    def operand_types(self, position: int) -> tuple[ValType, ...]:
        """Types of the operands before an instruction; at the end, of the results."""
        if position < 0:
            return self.environment.instance.funcs[self.index].type.func.results
        return self.plan.operations.operands[position] or ()

    def instruction(self, position: int) -> int:
        """The instruction of the module at a position: of a part of one, the one that it belongs to; at the end the
        last ``end``."""
        if position < 0:
            return len(self.plan.code.body) - 1
        own = self.plan.operations.own
        while position > 0 and own[position] < 0:
            position -= 1
        return max(own[position], 0)
