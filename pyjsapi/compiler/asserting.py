"""Facts as checks, in translation: frames that write what `assertions` does.

`CHECKED` is the table of emitters with something done before and after each. So no emitter has to know of checks, and
none can rely on something without one: whatever an instruction leaves on the stack has its interval and alignment
checked when it is evaluated, and that it is evaluated in its turn. What is done with entries besides is checked where
the frame does it: values made canonical, parts of locals in temporaries, indices of views, rounds of loops.

**Order.** An activation counts in ``_n`` the operations evaluated that may trap or have an effect, in ``_m`` those
that have an effect. Where an instruction begins, the counts are kept in variables; with the operations added that are
pending there, and those begun since, they are what the counts must be when the instruction is evaluated in its turn. A
pending operation has a dependency bit, so the entries on the stack say how many there are.

**Facts from accesses.** A pending load proves something of its address already (see docs/RATIONALE.md), which
is true only once it was evaluated. Checks that are written meanwhile hold back until the counts say so.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from pyjsapi.compiler.control.places import Place
from pyjsapi.compiler.control.statemachine import StateMachine
from pyjsapi.compiler.control.switch import StructuredEmitter
from pyjsapi.compiler.control.tree import OP, Node
from pyjsapi.compiler.counted import Pointer, Range
from pyjsapi.compiler.emit.registry import Emitter
from pyjsapi.compiler.emit.table import EMITTERS
from pyjsapi.compiler.expression import (
    ATOM,
    EFFECT,
    GLOBAL,
    MASK,
    MEMORY,
    TRAPS,
    TRUTH,
    Entry,
    Loaded,
)
from pyjsapi.compiler.facts import Fact
from pyjsapi.compiler.frame import Frame
from pyjsapi.compiler.support.assertions import FactError
from pyjsapi.syntax.instructions import Imm, Op
from pyjsapi.syntax.instructions_stack import FEATURE
from pyjsapi.syntax.module import Instr
from pyjsapi.syntax.types import F32, F64, I32, I64, V128

_LONGER: Final = 1200
"""Characters of a pending expression with its checks."""
_MOST_PENDING: Final = 60
"""Entries that may be pending at once: more are evaluated, or hostile code takes time that grows as their square."""
_TOP128: Final = (1 << 128) - 1

# What instructions do, by the specification: not by what their emitters say.
_READS: Final = 1
_MAY_TRAP: Final = 2
_ACTS: Final = 3
_CALLS: Final = frozenset(OP[name] for name in ("call", "call_indirect", "call_ref"))
_ACTING: Final = frozenset(
    """global.set table.set table.grow table.fill table.copy table.init elem.drop memory.grow memory.fill memory.copy
    memory.init data.drop struct.set array.set array.fill array.copy array.init_data array.init_elem""".split()
)
_TRAPPING: Final = frozenset(
    """div_s div_u rem_s rem_u trunc_f32_s trunc_f32_u trunc_f64_s trunc_f64_u get_s get_u len as_non_null cast
    new new_default new_data new_elem""".split()
)
_READING: Final = frozenset(("global.get", "memory.size", "table.size"))
_GLOBAL_GETS: Final = frozenset((OP["global.get"],))


def _class_of(op: Op) -> int:
    name = op.mnemonic
    if op in _CALLS or name in _ACTING or op.feature in ("threads", "acquire_release", FEATURE):
        return _ACTS
    if op.imm in (Imm.MEMARG, Imm.MEMARG_LANE):
        return _MAY_TRAP if op.family.startswith("load") else _ACTS
    if name in ("table.get", "struct.get", "array.get") or op.family in _TRAPPING:
        return _MAY_TRAP
    return _READS if name in _READING else 0


_CLASSES: Final = {op: _class_of(op) for op in EMITTERS}


class Checked(Entry):
    """An entry whose text checks what is claimed of its value."""

    __slots__ = ()


def _with_text(entry: Entry, text: str, kind: type[Entry] = Entry) -> Entry:
    """The entry with a call as its text."""
    new = kind(
        entry.type, text, ATOM, entry.low, entry.high, entry.deps, entry.flags, entry.form,
        entry.align, entry.local,
    )  # fmt: skip
    new.linear = entry.linear
    return new


class Asserting(Frame):
    """A frame that writes checks."""

    max_text = _LONGER

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self._bits: list[int] = []
        """Dependency bits of pending operations; a bit is used again when no entry has it."""
        self._pending_mask = self._acting_mask = 0
        self._counted = ""
        """The line that kept the counts, and is the last one unless counts may have changed."""
        self._counted_inside = 0
        """Its indentation."""
        self._name = 0
        self._due = self._effects_due = 0
        """What is to be added to the counts kept."""
        self._in_arm = False
        self._before: list[Entry] = []
        """The stack when the instruction began. Far from its top, entries may have been spilled since."""
        self._consumed = 0
        """The operations pending when the instruction began."""

    # Functions

    def write_header(self, name: str) -> None:
        super().write_header(name)
        self.write("_n=_m=0")
        for i, type_ in enumerate(self.type.params):
            entry = Entry(type_, f"l{i}", ATOM, 0, MASK.get(type_, 0))
            checked = self._claim(entry)
            if checked is not entry:
                self.write(checked.text)

    # Values

    def _pending(self, *held: Entry) -> int:
        """The operations pending on the stack, in entries in hand, and in the operands of the instruction."""
        found = self._consumed
        for entry in (*self.stack[self._quiet_entries() :], *held):
            if entry.flags:
                found |= entry.deps
        return found & self._pending_mask

    def _claim(self, entry: Entry, fact: Fact | None = None) -> Entry:
        """The entry with its claims checked where it is evaluated."""
        type_ = entry.type
        if type_ is F32 or type_ is F64:
            return _with_text(entry, f"float_is({entry.text})", Checked)
        if type_ is V128:
            low, high, align = 0, _TOP128, 0
        elif type_ is I32 or type_ is I64:
            low, high, align = fact or (entry.low, entry.high, entry.align)
        else:
            return entry
        claim = f"{entry.text},{low},{high},{align}"
        pending = self._pending(entry)
        if not pending:
            return _with_text(entry, f"int_in({claim})", Checked)
        due = f"_n{self._name}+{self._due}"
        if not self._is_counted():
            # Some of them may have been evaluated by the same instruction; then the check never comes to bear.
            due = f"_n0+{pending.bit_count()}"
            self.write("_n0=_n")
        return _with_text(entry, f"int_then({claim},_n,{due})", Checked)

    def canonical(self, entry: Entry) -> Entry:
        entry = super().canonical(entry)
        mask = MASK.get(entry.type)
        if mask is not None and (entry.low < 0 or entry.high > mask):
            raise FactError(f"`{entry.text}` is used as a canonical value and is none")
        if entry.atomic or isinstance(entry, Checked):
            return entry
        return self._claim(entry)

    def local(self, index: int) -> Entry:
        entry = super().local(index)
        fact = self.facts.get(index)
        if fact is None or index in self.lane_locals:
            return entry
        return self._claim(entry, fact)

    def move(self, values: list[Entry], height: int) -> None:
        super().move([self.canonical(value) for value in values], height)

    def write_return(self, values: list[Entry]) -> None:
        super().write_return([self.canonical(value) for value in values])

    # Variables. These checks are made in translation, and cost nothing at run time.

    def _overtaken(self, assigned: int, but: int = -1) -> None:
        """Nothing may be pending that reads variables which have been assigned."""
        for i in range(self._quiet_entries(), len(self.stack)):
            if self.stack[i].deps & assigned and i != but:
                text = self.stack[i].text
                raise FactError(f"`{text}` was pending when a variable in it changed")

    def emit(self, line: str, assigned: int = 0, effect: bool = False, traps: bool = False) -> None:
        super().emit(line, assigned, effect, traps)
        if assigned:
            self._overtaken(assigned)

    def spill_around(self, assigned: int) -> None:
        super().spill_around(assigned)
        self._overtaken(assigned | self._pending_mask)

    def _evaluate(self, i: int) -> None:
        super()._evaluate(i)
        self._overtaken(self.temp_bit(i), i)

    # What stands for something else

    def reused(self, local: int, kind: str, parameter: int, text: str) -> tuple[str, int]:
        name, bit = super().reused(local, kind, parameter, text)
        return (f"same({name},{text})", bit) if bit else (name, bit)

    def doubled(self, local: int, text: str) -> tuple[str, int]:
        name, bit = super().doubled(local, text)
        # Now: it goes on to stand for the value that the local has here, also when the local has another one.
        self.write(f"same({name},{text})")
        return name, bit

    def element(self, index: str, address: Entry, size: int, offset: int) -> str:
        last = (MASK[address.type] + offset) // size
        if address.flags & (TRAPS | EFFECT):
            return f"int_in({index},0,{last},0)"
        return f"index_is({index},{self.canonical(address).text},{size},{offset})"

    def divided(self, entry: Entry, size: int) -> str:
        return f"divided({entry.text},{size})"

    def rounds(self, counted: Range, pointer: Pointer | None) -> str:
        values = super().rounds(counted, pointer)
        counter = f"l{counted.counter}"
        if pointer is not None:
            name, step = self.variable(pointer.local), self.pointer_step(pointer)
            return f"pointed({values},{name},{step},{counter},{counted.step})"
        return f"rounds({values},{counter},{counted.step},{counted.test!r},{counted.last})"

    # Order

    def _count(self) -> None:
        """Keep the counts as they are, in variables of their own."""
        pending = self._pending()
        self._name += 1
        self._due = pending.bit_count()
        self._effects_due = (pending & self._acting_mask).bit_count()
        self.write(f"_n{self._name},_m{self._name}=_n,_m")
        self._counted, self._counted_inside = self.lines[-1], self.indent

    def _is_counted(self) -> bool:
        """Whether the counts were kept last, in the suite that is being written."""
        return self.lines[-1:] == [self._counted] and self.indent == self._counted_inside

    def _bit(self, acts: bool) -> int:
        """The dependency bit of a new pending operation."""
        pending = self._pending()
        bit = next((bit for bit in self._bits if not bit & pending), 0)
        if not bit:
            bit = self.reuse_bit((-1, "o", len(self._bits)))
            self._bits.append(bit)
            self._pending_mask |= bit
        self._acting_mask = self._acting_mask | bit if acts else self._acting_mask & ~bit
        return bit

    def begin(self, kind: int) -> None:
        """Before an instruction of a class."""
        quiet = self._quiet_entries()
        if len(self.stack) - quiet > _MOST_PENDING:
            self.spill_from(quiet)
        stack, before = self.stack, self._before
        del before[len(stack) :]
        before += stack[len(before) :]
        i = len(stack)
        while i and before[i - 1] is not stack[i - 1]:
            i -= 1
            before[i] = stack[i]
        if kind and (self._in_arm or not self._is_counted()):
            self._count()
        self._consumed = self._pending()

    def end(self, kind: int, instr: Instr) -> None:
        """After it: check what it left on the stack."""
        stack, before = self.stack, self._before
        new = len(stack)
        while new and (new > len(before) or stack[new - 1] is not before[new - 1]):
            new -= 1
        top = stack[-1] if new < len(stack) else None
        if kind:
            self._in_turn(kind, instr, top)
        for i in range(new, len(stack)):
            entry = stack[i]
            if not entry.atomic and not isinstance(entry, Checked) and not entry.flags & TRUTH:
                stack[i] = self._claim(entry)
            elif instr[0] in _CALLS and entry.atomic:
                claimed = self._claim(entry)
                if claimed is not entry:
                    self.write(claimed.text)
        self._consumed = 0

    def _in_turn(self, kind: int, instr: Instr, top: Entry | None) -> None:
        """Check that the operation of an instruction is evaluated in its turn."""
        if top is None or top.atomic:
            if kind == _ACTS:
                self._due += 1
                self._effects_due += 1
                due = f"_n{self._name}+{self._due},_m,_m{self._name}+{self._effects_due}"
                self.write(f"_n,_m=stated(_n,{due})")
            return
        flags = top.flags
        needed = self._needed(kind, instr)
        if needed and not flags & needed:
            raise FactError(f"{instr[0]} is not marked for what it does")
        if kind == _ACTS or flags & (TRAPS | EFFECT):
            self._wait(top, kind == _ACTS)
        elif flags & (GLOBAL | MEMORY):
            due = f"_m{self._name}+{self._effects_due}"
            self.stack[-1] = _with_text(top, f"read_at({top.text},_m,{due})")

    def _needed(self, kind: int, instr: Instr) -> int:
        """Flags of which the result of an instruction must have one; 0 if it need not."""
        op = instr[0]
        if kind == _ACTS:
            return EFFECT
        if op in _GLOBAL_GETS and not self.scope.globals[instr[1]].mutable:
            return 0
        if kind == _READS:
            return GLOBAL | MEMORY | EFFECT
        return TRAPS if op.imm in (Imm.MEMARG, Imm.MEMARG_LANE) else 0

    def _wait(self, top: Entry, acts: bool) -> None:
        """Make the top of the stack a pending operation."""
        self._due += 1
        text = f"{top.text},(_n:=_n+1),_n{self._name}+{self._due}"
        if acts:
            self._effects_due += 1
            text = f"did({text},(_m:=_m+1),_m{self._name}+{self._effects_due})"
        else:
            text = f"done({text})"
        entry = _with_text(top, text)
        entry.deps |= self._bit(acts)
        if isinstance(top.form, Loaded):
            due = f"(_n:=_n+1),_n{self._name}+{self._due}"
            entry.form = top.form._replace(source=f"*done(({top.form.source},),{due})")
        self.stack[-1] = entry


def _checked(op: Op, emitter: Emitter) -> Callable[[Frame, Instr], None]:
    kind = _CLASSES[op]

    def emit(frame: Frame, instr: Instr) -> None:
        if not isinstance(frame, Asserting):
            raise TypeError("a frame that does not write checks")
        frame.begin(kind)
        emitter(frame, instr)
        frame.end(kind, instr)

    return emit


CHECKED: Final[dict[Op, Emitter]] = {op: _checked(op, emitter) for op, emitter in EMITTERS.items()}
"""The emitters, with checks before and after."""


class AssertingEmitter(Asserting, StructuredEmitter):
    """Structured code with checks."""

    emitters = CHECKED

    def _as_expression(self, node: Node, condition: Entry, behind: Place) -> bool:
        # What counts writes lines: arms with such operations become statements.
        self._in_arm = True
        written = super()._as_expression(node, condition, behind)
        self._in_arm = False
        return written


class AssertingMachine(Asserting, StateMachine):
    """A state machine with checks."""

    emitters = CHECKED


CHECKING: Final[dict[type[Frame], type[Any]]] = {
    StructuredEmitter: AssertingEmitter,
    StateMachine: AssertingMachine,
}
"""For each class of frames the one that writes checks."""
