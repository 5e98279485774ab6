"""The operand stack of pending expressions, and the lines written so far.

Rules of order, kept here for every emitter:

* assigning a variable first spills the pending entries that read it;
* a statement with an effect first spills pending reads of memory and globals, and whatever may trap;
* a statement that may trap first spills whatever may trap;
* pending entries with an effect are spilled before any statement.

Variables of generated code: ``l<i>`` locals, ``s<height>`` spilled operands, ``q``, ``a``, ``d`` reused parts of
locals, ``x``, ``t``, ``u`` bound and used within one expression.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from pyjsapi.compiler.convention import returning
from pyjsapi.compiler.counted import Pointer, Range
from pyjsapi.compiler.elements import element_index
from pyjsapi.compiler.expression import (
    ATOM,
    CONST,
    EFFECT,
    GLOBAL,
    MASK,
    MEMORY,
    NAME,
    NEGATED,
    P_BIT_AND,
    P_CONDITIONAL,
    P_OR,
    P_PRIMARY,
    P_PRODUCT,
    SUM,
    TOP,
    TRAPS,
    TRUTH,
    AddConst,
    Compare,
    Difference,
    Entry,
    Extended,
    Lanes,
    Loaded,
    Not,
    Scaled,
    negation,
)
from pyjsapi.compiler.facts import MAX_ALIGNMENT, ONE_DIGIT, Facts
from pyjsapi.compiler.notes import START, Condition, Notes
from pyjsapi.compiler.scope import MemoryScope, ModuleScope
from pyjsapi.syntax.module import Instr
from pyjsapi.syntax.op import Op
from pyjsapi.syntax.types import F32, F64, I32, I64, V128, RefType, ValType

MAX_TEXT: Final = 560
"""Characters of a pending expression, about 40 operators: beyond, it is spilled. Compilers recurse into
expressions, and Python refuses 200 nested parentheses."""

_MOVES: Final = MEMORY | GLOBAL | TRAPS | EFFECT
_ZEROS_PER_LINE: Final = 40
_TALL: Final = 48
"""Entries from which on the quiet bottom of the stack is remembered: hostile code has thousands."""

ReuseKey = tuple[int, str, int]
"""(local, kind, parameter): ``q`` quotient, ``a`` remainder by mask, ``d`` doubled word."""


class Frame:
    """State of the translation of one function."""

    max_text = MAX_TEXT
    length: Callable[[str], int] = staticmethod(len)
    """How long a text is; whatever depends on length asks this."""
    emitters: Mapping[Op, Callable[[Frame, Instr], None]] = {}
    """The emitter of each straight-line instruction."""

    def __init__(
        self, scope: ModuleScope, funcidx: int, locals_: list[ValType], *, hands_on: bool = False
    ) -> None:
        self.scope = scope
        self.options = scope.options
        self.funcidx = funcidx
        self.type = scope.func_type(funcidx)
        self.locals = locals_
        self.hands_on = hands_on
        """Whether the function tail-calls others: see `convention`."""
        self.lines: list[str] = []
        self.marks: list[int] = []
        """For each line what it is for: see `notes`."""
        self.mark = START
        """The mark of the lines that are written now."""
        self.flat: Sequence[Instr] = ()
        """The body that is translated; marks speak of it."""
        self.starts: Sequence[int] | None = None
        """Where it was rewritten: for each instruction of the module's own, where in `flat` what it became begins."""
        self.notes: Notes | None = None
        """Where to note what a proof of control flow needs."""
        self.indent = 1
        self.stack: list[Entry] = []
        self.facts: Facts = {}
        self.many_bit_ops = False
        """Whether the function looks like a hash: values are spread over all bits."""
        self.reuse: dict[ReuseKey, str | None] = {}
        """Temporaries that are valid here; ``None`` after the first use, when none exists yet."""
        self.reuse_bits: dict[ReuseKey, int] = {}
        self.reuse_mask = 0
        self.signatures: set[tuple[int, int]] = set()
        """Pairs (table, type index) of the call_indirect lists in use."""
        self.accessors: set[tuple[int, str]] = set()
        """Pairs (memory index, name) of the accessors in use."""
        self._temps = len(locals_)
        self._quiet: list[Entry] = []
        """See `_quiet_entries`."""
        self._unknown: dict[int, Entry] = {}
        """Entries of locals about which nothing is known."""
        self.elements: dict[int, int] = {}
        """Locals that are kept as element indices, with log2 of the size: see `elements`."""
        self.lane_locals: dict[int, Lanes] = {}
        """Locals that are kept as the lanes of a vector of floats."""
        self._lane_temps: dict[tuple[str, int], tuple[Entry, ...]] = {}

    # Writing

    def write(self, line: str) -> None:
        """Append a line at the current indentation."""
        self.lines.append(" " * self.indent + line)
        self.marks.append(self.mark)

    def insert(self, index: int, line: str) -> None:
        """Put a line before others that were written."""
        self.lines.insert(index, " " * self.indent + line)
        self.marks.insert(index, self.mark)

    def emit(self, line: str, assigned: int = 0, effect: bool = False, traps: bool = False) -> None:
        """Append a statement after what must be evaluated before it."""
        if self.stack:
            self.settle(assigned, effect, traps)
        self.lines.append(" " * self.indent + line)
        self.marks.append(self.mark)

    def moves(self, values: list[Entry], height: int) -> bool:
        """Whether operands have to be moved to be in the temporaries from ``s<height>`` on."""
        return not all(self.in_place(value, i) for i, value in enumerate(values, height))

    def move(self, values: list[Entry], height: int) -> None:
        """Assign operands to the temporaries from ``s<height>`` on."""
        if self.moves(values, height):
            names = ",".join(f"s{height + i}" for i in range(len(values)))
            if len(values) == 1:
                self.write(f"{names}={values[0].text}")
            else:
                self.write(f"{names}={','.join(v.at(P_CONDITIONAL) for v in values)}")

    def write_return(self, values: list[Entry]) -> None:
        """Return operands, as the function's convention has it."""
        self.write(returning([value.at(P_CONDITIONAL) for value in values], self.hands_on))

    def note_condition(self, condition: Condition) -> None:
        """For a proof: what the instruction tests."""
        if self.notes is not None:
            self.notes.conditions[self.mark] = condition

    def note_moves(self, values: list[Entry]) -> None:
        """For a proof: the operands that the instruction takes along."""
        if self.notes is not None:
            self.notes.moves[self.mark] = tuple(value.text for value in values)

    def settle(self, assigned: int, effect: bool, traps: bool) -> None:
        """Spill pending entries that may not be overtaken by a statement with these properties."""
        if effect:
            flags = _MOVES
        elif traps:
            flags = EFFECT | TRAPS
        else:
            flags = EFFECT
        if len(self.stack) > _TALL:
            self._settle_tall(assigned, flags)
            return
        for i, entry in enumerate(self.stack):
            if entry.deps & assigned or entry.flags & flags:
                self.spill(i)

    def _settle_tall(self, assigned: int, flags: int) -> None:
        """Spill in time that grows with the entries that were not quiet the last time."""
        stack = self.stack
        start = self._quiet_entries()
        mentioned = 0
        for i in range(start, len(stack)):
            if not self.in_place(stack[i], i):
                mentioned |= stack[i].deps
        waiting = 0
        for i in range(start, len(stack)):
            entry = stack[i]
            if not (entry.deps & assigned or entry.flags & flags):
                waiting |= entry.flags
            elif waiting or mentioned & self.temp_bit(i):
                self.spill(i)
            else:
                self._evaluate(i)

    def _quiet_entries(self) -> int:
        """How many entries at the bottom of the stack are constants or their own temporaries: they stay so."""
        stack, quiet = self.stack, self._quiet
        del quiet[len(stack) :]
        while quiet and quiet[-1] is not stack[len(quiet) - 1]:
            quiet.pop()
        for i in range(len(quiet), len(stack)):
            entry = stack[i]
            if entry.form is not CONST and not self.in_place(entry, i):
                break
            quiet.append(entry)
        return len(quiet)

    def settle_for(self, entry: Entry, assigned: int = 0) -> None:
        """`settle` for a statement that evaluates ``entry``."""
        if self.stack:
            self.settle(assigned, bool(entry.flags & EFFECT), bool(entry.flags & TRAPS))

    # Variables

    def temp_bit(self, height: int) -> int:
        """Dependency bit of the temporary ``s<height>``."""
        return 1 << self._temps + 2 * height

    def in_place(self, entry: Entry, height: int) -> bool:
        """Whether an entry is the variable ``s<height>`` as it is, not that variable yet to be wrapped."""
        return entry.form is NAME and entry.text == f"s{height}"

    def reuse_bit(self, key: ReuseKey) -> int:
        """Dependency bit of a reuse temporary."""
        bit = self.reuse_bits.get(key)
        if bit is None:
            bit = self.reuse_bits[key] = 1 << self._temps + 2 * len(self.reuse_bits) + 1
            self.reuse_mask |= bit
        return bit

    def temp(self, type_: ValType, height: int) -> Entry:
        """The temporary at a stack height, of unknown value."""
        top = TOP.get(type_, 0)
        return Entry(type_, f"s{height}", ATOM, 0, top, self.temp_bit(height), 0, NAME)

    def _named(self, entry: Entry, height: int) -> Entry:
        return Entry(
            entry.type, f"s{height}", ATOM, entry.low, entry.high, self.temp_bit(height), 0, NAME,
            entry.align,
        )  # fmt: skip

    def local(self, index: int) -> Entry:
        """The current value of a local."""
        type_ = self.locals[index]
        if index in self.lane_locals:
            return self.lanes_entry(self.lane_locals[index], 1 << index)
        if index in self.elements:
            return self._element(index)
        fact = self.facts.get(index)
        if fact is None:
            entry = self._unknown.get(index)
            if entry is None:
                top = TOP.get(type_, 0)
                entry = Entry(type_, f"l{index}", ATOM, 0, top, 1 << index, 0, NAME, 0, index)
                self._unknown[index] = entry
            return entry
        low, high, align = fact
        return Entry(type_, f"l{index}", ATOM, low, high, 1 << index, 0, NAME, align, index)

    def variable(self, index: int) -> str:
        """The variable of a local."""
        return f"e{index}" if index in self.elements else f"l{index}"

    def _element(self, index: int) -> Entry:
        """The current value of a local that is kept as the index of elements."""
        log2 = self.elements[index]
        low, high, align = self.facts.get(index, (0, -1 << log2 & MASK[I32], log2))
        form = Scaled(f"e{index}", 1 << log2)
        text = f"{form.name}*{form.size}"
        align = max(align, log2)
        entry = Entry(I32, text, P_PRODUCT, low, high, 1 << index, 0, form, align, index)
        entry.linear = ((form.name, ATOM, form.size, 0, -1),), 0
        return entry

    def _assign_element(self, index: int, entry: Entry) -> None:
        log2 = self.elements[index]
        found = element_index(self, entry, 1 << log2, 0)
        if found is not None:
            text = found.text
        else:
            entry = self.canonical(entry)
            text = self.divided(entry, 1 << log2)
        effect = bool(entry.flags & EFFECT)
        self.emit(f"e{index}={text}", 1 << index, effect, effect or bool(entry.flags & TRAPS))
        if self.options.facts:
            inside = entry.low >= 0 and entry.high <= MASK[I32]
            low, high = (entry.low, entry.high) if inside else (0, MASK[I32])
            self.facts[index] = (low, high, max(entry.align, log2))

    def assign_local(self, index: int, entry: Entry) -> None:
        """local.set"""
        if index in self.elements and entry.local != index:
            self.forget_reuse(index)
            self._assign_element(index, entry)
            return
        entry = self.canonical(entry)
        self.forget_reuse(index)
        if entry.local == index:
            if self.notes is not None:
                self.notes.silent.add(self.mark)
            return
        if index in self.lane_locals:
            target = self.lane_locals[index]
            lanes = self.lanes_of(entry, target.shape, len(self.stack))
            self.emit(f"{target.text}={lanes.text}", 1 << index)
            return
        flags = entry.flags
        effect = bool(flags & EFFECT)
        self.emit(f"l{index}={entry.text}", 1 << index, effect, effect or bool(flags & TRAPS))
        type_ = entry.type
        if self.options.facts and (type_ is I32 or type_ is I64):
            if entry.high < MASK[type_] or entry.low > 0 or entry.align:
                self.facts[index] = (entry.low, entry.high, entry.align)
            else:
                self.facts.pop(index, None)

    def lanes_entry(self, lanes: Lanes, deps: int) -> Entry:
        """A v128 of lanes that are variables."""
        return Entry(V128, f"V.{lanes.shape}_pack({lanes.text})", ATOM, deps=deps, form=lanes)

    def lane_temps(self, shape: str, height: int) -> tuple[Entry, ...]:
        """The temporaries for the lanes of a vector at a stack height: always the same entries."""
        found = self._lane_temps.get((shape, height))
        if found is None:
            type_, count = (F32, 4) if shape == "f32x4" else (F64, 2)
            found = self._lane_temps[shape, height] = tuple(
                Entry(type_, f"s{height}_{i}", ATOM, deps=self.temp_bit(height), form=NAME)
                for i in range(count)
            )
        return found

    def lanes_of(self, entry: Entry, shape: str, height: int) -> Lanes:
        """A popped v128 of this height as lanes, evaluated now. Signalling NaNs may become quiet."""
        form = entry.form
        if isinstance(form, Lanes) and form.shape == shape:
            return form
        lanes = Lanes(shape, self.lane_temps(shape, height), False)
        self.settle_for(entry, self.temp_bit(height))
        if isinstance(form, Loaded):
            loaded = form
        elif entry.form is CONST:
            loaded = Loaded(repr(entry.low.to_bytes(16, "little")))
        else:
            loaded = Loaded(f"{entry.at(P_PRIMARY)}.to_bytes(16,'little')")
        self.write(f"{lanes.text}={loaded.unpacked('uVF' if shape == 'f32x4' else 'uVD')}")
        return lanes

    def reused(self, local: int, kind: str, parameter: int, text: str) -> tuple[str, int]:
        """Text and dependency bit for a part of a local: itself at the first use, a temporary from the second on."""
        key = (local, kind, parameter)
        if key not in self.reuse:
            self.reuse[key] = None
            return text, 0
        name = self.reuse[key]
        bit = self.reuse_bit(key)
        if name is None:
            name = self.reuse[key] = f"{kind}{local}_{parameter}"
            self.emit(f"{name}={text}", bit)
        return name, bit

    def doubled(self, local: int, text: str) -> tuple[str, int]:
        """Name and dependency bit of a temporary that holds the doubled word of a local, given as text."""
        key = (local, "d", 0)
        bit = self.reuse_bit(key)
        name = f"d{local}"
        if key not in self.reuse:
            self.reuse[key] = name
            self.emit(f"{name}={text}", bit)
        return name, bit

    def forget_reuse(self, local: int) -> None:
        """Drop the temporaries that were made from a local."""
        if self.reuse:
            for key in [key for key in self.reuse if key[0] == local]:
                del self.reuse[key]

    def reuse_without(self, assigned: int) -> dict[ReuseKey, str | None]:
        """The temporaries that survive assignments to a bit set of locals."""
        return {key: name for key, name in self.reuse.items() if not assigned >> key[0] & 1}

    # The stack

    def push(self, entry: Entry) -> None:
        """Push, spilling text that has become too long."""
        if self.length(entry.text) > self.max_text:
            entry = self.force(entry, len(self.stack))
        self.stack.append(entry)

    def pop(self) -> Entry:
        """Pop an entry as it is."""
        return self.stack.pop()

    def pop_canonical(self) -> Entry:
        """Pop an entry whose text gives a canonical value."""
        return self.canonical(self.stack.pop())

    def pop_values(self, count: int) -> list[Entry]:
        """Pop canonical entries, in stack order."""
        if not count:
            return []
        start = len(self.stack) - count
        values = [self.canonical(entry) for entry in self.stack[start:]]
        del self.stack[start:]
        return values

    def spill(self, i: int) -> None:
        """Evaluate the pending entry ``i`` into its temporary, after what must come before it."""
        stack = self.stack
        entry = stack[i]
        bit = self.temp_bit(i)
        flags = entry.flags
        before = 0
        if flags & _MOVES:
            before = EFFECT
            if flags & EFFECT:
                before = _MOVES
            elif flags & TRAPS:
                before |= TRAPS
        for j in range(self._quiet_entries() if len(stack) > _TALL else 0, len(stack)):
            if j != i and (stack[j].deps & bit or (j < i and stack[j].flags & before)):
                self.spill(j)
        self._evaluate(i)

    def _evaluate(self, i: int) -> None:
        entry = self.canonical(self.stack[i])
        if not self.in_place(entry, i):
            self.write(f"s{i}={entry.text}")
        self.stack[i] = self._named(entry, i)

    def spill_from(self, start: int) -> None:
        """Evaluate the entries from index ``start`` on, constants excepted."""
        for i in range(start, len(self.stack)):
            if self.stack[i].form is not CONST:
                self.spill(i)

    def spill_around(self, assigned: int) -> None:
        """Before nested code that may assign these locals: leave only entries that it cannot disturb."""
        stack = self.stack
        disturbed = assigned | self.reuse_mask | -1 << self._temps + 2 * len(stack)
        for i in range(self._quiet_entries() if len(stack) > _TALL else 0, len(stack)):
            entry = stack[i]
            if entry.flags & ~TRUTH or entry.deps & disturbed:
                self.spill(i)

    def materialise(self, entry: Entry, height: int) -> Entry:
        """A popped entry of this height as text that can be repeated."""
        entry = self.canonical(entry)
        return entry if entry.atomic else self.force(entry, height)

    def force(self, entry: Entry, height: int) -> Entry:
        """A popped entry, evaluated into the temporary of its height."""
        entry = self.canonical(entry)
        self.settle_for(entry, self.temp_bit(height))
        if not self.in_place(entry, height):
            self.write(f"s{height}={entry.text}")
        return self._named(entry, height)

    def keep(self, entry: Entry, height: int, *later: int) -> Entry:
        """A popped entry that outlives assignments to the temporaries of the later heights."""
        for other in later:
            if entry.deps & self.temp_bit(other):
                return self.force(entry, height)
        return entry

    # Values

    def canonical(self, entry: Entry) -> Entry:
        """The entry with text that gives its canonical value."""
        type_ = entry.type
        flags = entry.flags
        if flags & TRUTH:
            text = f"1 if {entry.at(P_OR)} else 0"
            return Entry(I32, text, P_CONDITIONAL, 0, 1, entry.deps, flags & ~TRUTH)
        if type_ is not I32 and type_ is not I64:
            return entry
        mask = MASK[type_]
        low = entry.low
        if low >= 0 and entry.high <= mask:
            return entry
        wrapped = self._wrapped(entry, mask)
        prec = P_BIT_AND if wrapped is None else P_CONDITIONAL
        text = f"{entry.at(P_BIT_AND)}&{mask}" if wrapped is None else wrapped
        return Entry(type_, text, prec, 0, mask, entry.deps, flags, None, entry.align)

    def _wrapped(self, entry: Entry, mask: int) -> str | None:
        """A conditional expression that wraps to the type's range, where that is faster than a mask."""
        form = entry.form
        if form is None or not self.options.patterns:
            return form.canonical if isinstance(form, Extended) else None
        wrap = mask + 1
        if isinstance(form, AddConst):
            name, c = form
            if c > 0:
                fits = self._fits(name, name, c, mask)
                return f"{name}+{c} if {fits} else {name}-{wrap - c}"
            return f"{name}-{-c} if {name}>={-c} else {name}+{wrap + c}"
        if isinstance(form, Difference):
            left, right = form
            return f"{left}-{right} if {left}>={right} else {left}-{right}+{wrap}"
        if isinstance(form, Extended):
            return form.canonical
        if (
            form is SUM
            and entry.low >= 0
            and entry.high < 2 * wrap
            and not (self.many_bit_ops and entry.type is I64)
        ):
            return f"x if {self._fits(f'(x:={entry.text})', 'x', 0, mask)} else x-{wrap}"
        return None

    def _fits(self, first: str, name: str, c: int, mask: int) -> str:
        """Whether ``name + c`` is in the type's range; ``first`` is the text of its first mention."""
        small = ONE_DIGIT - c
        if small < ONE_DIGIT >> 1 or self.many_bit_ops:
            return f"{first}<={mask - c}"
        return f"{first}<={small} or {name}<={mask - c}"

    def condition(self, entry: Entry) -> Condition:
        """An i32 entry as a Python condition, and its negation."""
        if not entry.flags & TRUTH:
            entry = self.canonical(entry)
        return Condition(entry.text, negation(entry))

    # What a proven fact is used for

    def element(self, index: str, address: Entry, size: int, offset: int) -> str:
        """Text of the index in a typed view of the element of ``size`` bytes at ``address + offset``: ``index``."""
        return index

    def divided(self, entry: Entry, size: int) -> str:
        """Text of the index of the element at an aligned address that is canonical."""
        return f"{entry.at(P_PRODUCT)}//{size}"

    def rounds(self, counted: Range, pointer: Pointer | None) -> str:
        """Text of what a counted loop runs over: the values of its counter, or of a pointer."""
        if pointer is None:
            return f"range({counted.start_stop_step})"
        return f"range({pointer.range(self.variable(pointer.local), self.pointer_step(pointer))})"

    def pointer_step(self, pointer: Pointer) -> int:
        """What a pointer's variable is stepped by, 0 if it is no whole number of elements."""
        size = 1 << self.elements.get(pointer.local, 0)
        return 0 if pointer.step % size else pointer.step // size

    # Facts

    def accessed(self, address: Entry, memory: MemoryScope, offset: int, size: int) -> None:
        """Record that ``size`` bytes at ``address + offset`` were reached without a trap."""
        local = address.local
        if local < 0 or not self.options.facts:
            return
        highest = memory.bound - offset - size
        fact = self.facts.get(local)
        if fact is None:
            if highest < MASK[address.type]:
                self.facts[local] = (0, max(highest, 0), 0)
        elif fact[1] > highest >= fact[0]:
            self.facts[local] = (fact[0], highest, fact[2])

    def refine(self, condition: Entry, truth: bool) -> None:
        """Add what the outcome of a condition says about locals."""
        if not self.options.facts:
            return
        form = condition.form
        while isinstance(form, Not):
            truth = not truth
            form = form.operand.form
        if not isinstance(form, Compare):
            return
        operator, a, b = form
        if not truth:
            operator = NEGATED[operator]
        cap = self._cap
        if operator == "<":
            cap(a, 0, b.high - 1)
            cap(b, a.low + 1, b.high)
        elif operator == "<=":
            cap(a, 0, b.high)
            cap(b, a.low, b.high)
        elif operator == ">":
            cap(b, 0, a.high - 1)
            cap(a, b.low + 1, a.high)
        elif operator == ">=":
            cap(b, 0, a.high)
            cap(a, b.low, a.high)
        elif operator == "==":
            cap(a, b.low, b.high)
            cap(b, a.low, a.high)
        elif operator == "!=":
            if b.low == b.high == a.low:
                cap(a, a.low + 1, a.high)
            elif b.low == b.high == a.high:
                cap(a, 0, a.high - 1)
        else:
            self._refine_signed(operator, a, b)

    def _refine_signed(self, operator: str, a: Entry, b: Entry) -> None:
        positive = MASK[a.type] >> 1
        strict = operator in ("gt_s", "lt_s")
        if operator in ("ge_s", "gt_s"):
            if b.high <= positive:  # b is not negative, so a is not either
                self._cap(a, b.low + strict, min(a.high, positive))
                self._cap(b, 0, min(a.high, positive) - strict)
            elif b.low == b.high == MASK[a.type] and strict:  # a > -1
                self._cap(a, 0, positive)
        elif a.high <= positive:
            self._cap(b, a.low + strict, min(b.high, positive))
            self._cap(a, 0, min(b.high, positive) - strict)

    def _cap(self, entry: Entry, low: int, high: int) -> None:
        local = entry.local
        if local < 0:
            return
        fact = self.facts.get(local) or (entry.low, entry.high, entry.align)
        if high < fact[1] or low > fact[0]:
            low = max(fact[0], low)
            high = min(fact[1], high)
            if low <= high:
                self.facts[local] = (low, high, fact[2])

    # The function as a whole

    def write_header(self, name: str) -> None:
        """``def`` line and the zeros of the declared locals."""
        parameters = len(self.type.params)
        self.lines.append(f"def {name}({','.join(f'l{i}' for i in range(parameters))}):")
        self.marks.append(self.mark)
        self.write_zeros()
        if self.options.facts:
            for i in range(parameters, len(self.locals)):
                if self.locals[i] is I32 or self.locals[i] is I64:
                    self.facts[i] = (0, 0, MAX_ALIGNMENT)

    def write_zeros(self) -> None:
        """Set the declared locals to their initial values."""
        groups: dict[str, list[str]] = {"0": [], "0.0": [], "None": []}
        for i in range(len(self.type.params), len(self.locals)):
            if i in self.lane_locals:
                groups["0.0"] += [lane.text for lane in self.lane_locals[i].lanes]
                continue
            groups[default_text(self.locals[i])].append(self.variable(i))
        for value, names in groups.items():
            for j in range(0, len(names), _ZEROS_PER_LINE):
                self.write("=".join([*names[j : j + _ZEROS_PER_LINE], value]))


def default_text(type_: ValType) -> str:
    """The initial value of a local, as text."""
    if isinstance(type_, RefType):
        return "None"
    return "0.0" if type_ is F32 or type_ is F64 else "0"
