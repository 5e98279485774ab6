"""Elements: addresses divided by the size of what they point at.

Memory is read and written through typed views, which are indexed by elements. The index of an aligned address is worked
out term by term (`element_index`). A local that is mostly used as the address of one kind of element is kept as the
index itself (`element_locals`): the variable ``e<i>`` holds the local divided by the size, so that stepping it is a
step of one, and wraps with a mask of one digit.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple, Protocol

from pyjsapi.compiler.expression import (
    ATOM,
    CONST,
    MASK,
    P_PRODUCT,
    P_SHIFT,
    P_SUM,
    TRUTH,
    Entry,
    Scaled,
    linear_form,
)
from pyjsapi.compiler.facts import MAX_ALIGNMENT, alignment_of
from pyjsapi.compiler.options import Options
from pyjsapi.compiler.scope import MemoryScope
from pyjsapi.syntax.instructions import BY_MNEMONIC, OPS, Imm, Op
from pyjsapi.syntax.module import Instr
from pyjsapi.syntax.types import I32, ValType


class Writer(Protocol):
    """What writes the code: a frame."""

    options: Options

    def reused(self, local: int, kind: str, parameter: int, text: str, /) -> tuple[str, int]:
        """Text and dependency bit for a part of a local."""

    def element(self, index: str, address: Entry, size: int, offset: int, /) -> str:
        """Text of the index of an element, which is ``index``."""


class Index(NamedTuple):
    """Index of an aligned element in a typed view."""

    text: str
    deps: int
    """Dependencies beside those of the address."""


def element_index(frame: Writer, address: Entry, size: int, offset: int) -> Index | None:
    """The index of the element at ``address + offset``, if its alignment is proven.

    The address may be unwrapped: a sum of aligned terms is divided term by term and wrapped after the division,
    where the mask has one digit.
    """
    if offset % size or not frame.options.views or address.flags & TRUTH:
        return None
    if address.form is CONST:
        if address.low % size:
            return None
        return Index(str((address.low + offset) // size), 0)
    if 1 << address.align < size:
        return None
    terms, start = linear_form(address)
    if start % size:
        return None
    wrap = MASK[address.type] + 1
    if not terms:
        return Index(str((start % wrap + offset) // size), 0)
    return _divide_terms(frame, address, size, offset, start, wrap)


def _divide_terms(
    frame: Writer, address: Entry, size: int, offset: int, start: int, wrap: int
) -> Index | None:
    needed = size.bit_length() - 1
    parts: list[tuple[str, int]] = []
    deps = 0
    for text, prec, factor, align, local in linear_form(address)[0]:
        if factor <= 0 or align + alignment_of(factor) < needed:
            return None
        operand = text if prec >= P_PRODUCT else f"({text})"
        if factor % size == 0:
            times = factor // size
            parts.append((text, prec) if times == 1 else (f"{operand}*{times}", P_PRODUCT))
            continue
        if size % factor:
            return None
        divisor = size // factor
        quotient = f"{operand}//{divisor}"
        if local >= 0 and frame.options.reuse:
            name, bit = frame.reused(local, "q", divisor, quotient)
            if bit:
                deps |= bit
                parts.append((name, ATOM))
                continue
        parts.append((quotient, P_PRODUCT))
    text = "+".join(part if prec >= P_SUM else f"({part})" for part, prec in parts)
    prec = parts[0][1] if len(parts) == 1 else P_SUM
    inside, outside = start // size, offset // size
    if address.low < 0 or address.high >= wrap:
        if inside:
            text = f"{text}{inside:+d}"
        elif prec < P_SHIFT:
            text = f"({text})"
        text = f"({text}&{wrap // size - 1})"
    else:
        if prec < P_SUM:
            text = f"({text})"
        outside += inside
    if outside:
        text = f"{text}{outside:+d}"
    return Index(frame.element(text, address, size, offset), deps)


def scaled_operands(a: Entry, b: Entry) -> tuple[str, str] | None:
    """Two canonical values as texts that compare alike: element indices, and constants divided by their size."""
    if not isinstance(a.form, Scaled):
        return None
    if isinstance(b.form, Scaled):
        return (a.form.name, b.form.name) if a.form.size == b.form.size else None
    if b.form is CONST and b.low % a.form.size == 0:
        return a.form.name, str(b.low // a.form.size)
    return None


# Which locals are kept so


class _Value(NamedTuple):
    """What is known of an operand before anything is translated: its alignment is the least of these."""

    align: int
    terms: tuple[tuple[int, int], ...] = ()
    """Locals and how far each is shifted left: the alignment of the local and that."""
    constant: int | None = None


_UNKNOWN: Final = _Value(0)
_MAX_TERMS: Final = 4
_DEEPEST: Final = 4
_ROUNDS: Final = 24

_GET, _SET, _CONST, _SUM, _PRODUCT, _SHIFT, _MASKED, _COMPARED, _ACCESS = range(9)
_LOOP, _OPENING, _END, _CONTROL = range(9, 13)


def _kinds() -> dict[Op, int]:
    found: dict[Op, int] = {}
    for op in OPS:
        if op.imm is Imm.MEMARG and op.prefix == 0 and op.width > 8:
            found[op] = _ACCESS
        elif op.params is None or op.results is None:
            found[op] = _CONTROL
    named = {
        "local.get": _GET, "local.set": _SET, "local.tee": _SET, "i32.const": _CONST, "i32.add": _SUM,
        "i32.sub": _SUM, "i32.mul": _PRODUCT, "i32.shl": _SHIFT, "i32.and": _MASKED,
        "block": _OPENING, "if": _OPENING, "try_table": _OPENING, "loop": _LOOP, "end": _END,
        **{f"i32.{name}": _COMPARED for name in ("eq", "ne", "lt_u", "gt_u", "le_u", "ge_u")},
    }  # fmt: skip
    found.update({BY_MNEMONIC[name]: kind for name, kind in named.items()})
    return found


_KIND: Final = _kinds()
_TEE: Final = BY_MNEMONIC["local.tee"]
_LOOP_OP: Final = BY_MNEMONIC["loop"]


class _Survey:
    """Goes over a body once and notes how each local of type i32 is set and used, innermost loops counting most."""

    def __init__(self, locals_: Sequence[ValType], memories: Sequence[MemoryScope]) -> None:
        self._locals = locals_
        self._memories = memories
        self._stack: list[_Value] = []
        self._weight = 1
        self.assigned: dict[int, list[_Value]] = {}
        self.gains: dict[int, dict[int, int]] = {}
        """By local and size of the element: how much is saved."""
        self.costs: dict[int, int] = {}
        self.flows: dict[tuple[int, int], int] = {}
        """From a local to another one that a value is made for with it: how often."""

    def run(self, body: Sequence[Instr]) -> None:
        """Survey a body."""
        loops: list[bool] = []
        stack = self._stack
        for instr in body:
            op = instr[0]
            kind = _KIND.get(op)
            if kind is None:
                for _ in op.params or ():
                    self._consume(self._pop())
                stack.extend([_UNKNOWN] * len(op.results or ()))
            elif kind == _GET:
                known = self._locals[instr[1]] is I32
                stack.append(_Value(MAX_ALIGNMENT, ((instr[1], 0),)) if known else _UNKNOWN)
            elif kind == _CONST:
                stack.append(_Value(alignment_of(instr[1]), (), instr[1]))
            elif kind == _SET:
                self._set(instr)
            elif kind == _ACCESS:
                self._access(instr)
            elif kind < _ACCESS:
                right = self._pop()
                stack.append(self._binary(kind, self._pop(), right))
            else:
                while stack:
                    self._consume(stack.pop())
                if kind in (_LOOP, _OPENING):
                    loops.append(kind == _LOOP)
                elif kind == _END and loops:
                    loops.pop()
                if kind != _CONTROL:
                    self._weight = 8 ** min(sum(loops), _DEEPEST)

    def _pop(self) -> _Value:
        return self._stack.pop() if self._stack else _UNKNOWN

    def _consume(self, value: _Value) -> None:
        """The value is needed as a number."""
        for local, _ in value.terms:
            self.costs[local] = self.costs.get(local, 0) + self._weight

    def _set(self, instr: Instr) -> None:
        value, local = self._pop(), instr[1]
        self.assigned.setdefault(local, []).append(value)
        for source, shift in value.terms:
            if source != local and shift == 0:
                key = source, local
                self.flows[key] = self.flows.get(key, 0) + self._weight
        if instr[0] is _TEE:
            self._stack.append(_Value(MAX_ALIGNMENT, ((local, 0),)))

    def _access(self, instr: Instr) -> None:
        op, k, _, offset = instr
        size = op.width // 8
        if not op.results:
            self._consume(self._pop())
        address = self._pop()
        memory = self._memories[k]
        if memory.by_calls or memory.addrtype is not I32 or offset % size:
            self._consume(address)
        else:
            for local, shift in address.terms:
                if shift == 0:
                    gains = self.gains.setdefault(local, {})
                    gains[size] = gains.get(size, 0) + self._weight
        if op.results:
            self._stack.append(_UNKNOWN)

    def _binary(self, kind: int, a: _Value, b: _Value) -> _Value:
        if kind == _SUM:
            terms = a.terms + b.terms
            if len(terms) <= _MAX_TERMS:
                return _Value(min(a.align, b.align), terms)
        elif kind in (_PRODUCT, _SHIFT):
            if kind == _PRODUCT and a.constant is not None:
                a, b = b, a
            if b.constant is not None:
                by = b.constant & 31 if kind == _SHIFT else alignment_of(b.constant)
                shifted = tuple((local, shift + by) for local, shift in a.terms)
                return _Value(min(a.align + by, MAX_ALIGNMENT), shifted)
            if kind == _PRODUCT:
                # A product is aligned as either factor is; that one is taken that may be a local kept as elements.
                self._consume(a)
                self._consume(b)
                return _Value(a.align, a.terms) if a.terms else _Value(b.align, b.terms)
        elif kind == _COMPARED and b.constant is not None:
            return _UNKNOWN
        self._consume(a)
        self._consume(b)
        if kind == _MASKED and (a.constant or b.constant):
            return _Value(alignment_of(a.constant or b.constant or 1))
        return _UNKNOWN

    def alignments(self, parameters: int) -> dict[int, int]:
        """The alignment that each local has all the time."""
        found = {
            local: MAX_ALIGNMENT
            for local in self.assigned
            if local >= parameters and self._locals[local] is I32
        }
        for _ in range(_ROUNDS):
            changed = False
            for local, values in self.assigned.items():
                if local not in found:
                    continue
                align = found[local]
                for value in values:
                    align = min(align, value.align)
                    for source, shift in value.terms:
                        unset = (
                            MAX_ALIGNMENT
                            if source >= parameters and source not in self.assigned
                            else 0
                        )
                        align = min(align, found.get(source, unset) + shift)
                if align < found[local]:
                    found[local] = align
                    changed = True
            if not changed:
                return found
        return {}


def element_locals(
    body: Sequence[Instr],
    locals_: Sequence[ValType],
    parameters: int,
    memories: Sequence[MemoryScope],
) -> dict[int, int]:
    """The declared locals that are kept as element indices, with log2 of the size of their elements."""
    if not memories or not any(instr[0] is _LOOP_OP for instr in body):
        return {}
    survey = _Survey(locals_, memories)
    survey.run(body)
    if not survey.gains:
        return {}
    return _Choice(survey, survey.alignments(parameters)).run()


class _Choice:
    """Which locals are worth it: addresses, and what addresses are made of."""

    def __init__(self, survey: _Survey, alignments: dict[int, int]) -> None:
        self._survey = survey
        self._alignments = alignments
        self._targets: dict[int, list[tuple[int, int]]] = {}
        for (source, target), weight in survey.flows.items():
            self._targets.setdefault(source, []).append((target, weight))
        self._chosen: dict[int, int] = {}

    def run(self) -> dict[int, int]:
        """The locals with log2 of their sizes."""
        chosen = self._chosen
        for local, by_size in self._survey.gains.items():
            size = max(by_size, key=lambda size: (by_size[size], size))
            log2 = size.bit_length() - 1
            if self._alignments.get(local, 0) >= log2 and self._gain(local, log2, hopeful=True) > 0:
                chosen[local] = log2
        for _ in range(_ROUNDS):
            added = self._add()
            dropped = [k for k, log2 in chosen.items() if self._gain(k, log2) <= 0]
            for local in dropped:
                del chosen[local]
            if dropped:
                self._alignments = {k: v for k, v in self._alignments.items() if k not in dropped}
            elif not added:
                return chosen
        return {}

    def _add(self) -> bool:
        """Choose what chosen locals are made of, where that saves more than it costs."""
        found = {}
        for local, targets in self._targets.items():
            if local not in self._chosen:
                for log2 in {self._chosen[t] for t, _ in targets if t in self._chosen}:
                    if self._alignments.get(local, 0) >= log2 and self._gain(local, log2) > 0:
                        found[local] = log2
        self._chosen.update(found)
        return bool(found)

    def _gain(self, local: int, log2: int, *, hopeful: bool = False) -> int:
        """What is saved; ``hopeful`` if all that is made of it were chosen too."""
        gain = self._survey.gains.get(local, {}).get(1 << log2, 0)
        gain -= self._survey.costs.get(local, 0)
        for target, weight in self._targets.get(local, ()):
            fits = self._chosen.get(target) == log2
            if hopeful:
                fits = self._alignments.get(target, 0) >= log2
            gain += weight if fits else -weight
        return gain
