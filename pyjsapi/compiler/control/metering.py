"""Fuel, as pseudo-instructions in a body: `metered` puts them in, `charge` writes them.

A body is cut into *segments*: instructions that are executed one after the other, unless one of them traps or a call
does not return. One begins where control may come from elsewhere, and behind a branch. It is paid before it begins; if
there is not enough for it, nothing of it is executed.

The cut is made in the flat body, before anything is known of how it will be translated. So the count is the module's
own, whatever becomes of loops and blocks.

A segment that nobody could tell whether it was executed, because it only computes, may be paid later: together with
whatever comes after it, if that comes after nothing else. Which of them there was fuel for is found out when there is
not enough for all.

Code that has a deadline alone pays nothing: it looks, where functions and loops begin, whether it is to end.

Code has its fuel in ``_u``, a variable that all functions of the instance share as they would share one of a function
around them; code that only looks has ``None`` there, until it is to end.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from pyjsapi.compiler.control.statemachine import branch_targets, reached
from pyjsapi.compiler.control.tree import (
    BR,
    BR_TABLE,
    CONDITIONAL_BRANCHES,
    DIVERGING,
    LOCAL_GET,
    LOCAL_SET,
    LOCAL_TEE,
    OP,
)
from pyjsapi.compiler.frame import Frame
from pyjsapi.syntax.instructions import Imm, Op
from pyjsapi.syntax.module import Instr
from pyjsapi.validation.limits import PAYS

CHARGE: Final = Op(0xFF, 0, "fuel.charge", Imm.NONE, None, 0, "")
"""The pseudo-instruction, with a `Segment` as its immediate, or ``None`` where code only looks."""
SHARED: Final = "_u"

FREE: Final = frozenset(
    OP[name]
    for name in (
        "nop", "block", "loop", "else", "end", "try_table",
        "try", "catch", "catch_all", "delegate",
    )
)  # fmt: skip
"""Instructions that do nothing but say where others are."""
_LOOP: Final = OP["loop"]
_IF: Final = OP["if"]
_ELSE: Final = OP["else"]
_END: Final = OP["end"]
_TRY_TABLE: Final = OP["try_table"]
_BR_IF: Final = OP["br_if"]
_OPENING: Final = frozenset((OP["block"], _LOOP, _IF, _TRY_TABLE))
_BULK: Final[dict[Op, int]] = {
    **{OP[f"memory.{name}"]: 6 for name in ("fill", "copy", "init")},
    **{OP[f"table.{name}"]: 3 for name in ("fill", "copy", "init")},
    **{
        OP[f"array.{name}"]: 3
        for name in (
            "new", "new_default", "new_data", "new_elem", "fill", "copy", "init_data", "init_elem",
        )
    },
}  # fmt: skip
"""Instructions that cost more the longer what they write is: log2 of the bytes or elements for one unit. The length is
the topmost operand of each."""
_PURE: Final = FREE | {
    LOCAL_GET,
    LOCAL_SET,
    LOCAL_TEE,
    OP["drop"],
    OP["select"],
    _IF,
    _BR_IF,
    *(
        OP[f"{type_}.{name}"]
        for type_ in ("i32", "i64")
        for name in """const add sub mul and or xor shl shr_s shr_u rotl rotr clz ctz popcnt eqz
            eq ne lt_s lt_u gt_s gt_u le_s le_u ge_s ge_u""".split()
    ),
    *(
        OP[f"{type_}.{name}"]
        for type_ in ("f32", "f64")
        for name in "const add sub mul div neg abs eq ne lt gt le ge".split()
    ),
}
"""Instructions that compute, and end a segment of such: none traps or can be seen from outside."""


class Segment:
    """A segment."""

    __slots__ = (
        "before", "bulk", "cost", "costs", "looks", "paid_later", "position", "pure", "successors",
    )  # fmt: skip

    def __init__(self, position: int, before: int, bulk: int | None = None) -> None:
        self.position = position
        """Of its first instruction."""
        self.before = before
        """From how many places control comes to it."""
        self.bulk = bulk
        """For one that begins with an instruction of `_BULK`: how its length counts."""
        self.cost = 0
        self.costs: tuple[int, ...] = ()
        """What is paid where it begins: for those before it that have not paid, and for itself."""
        self.looks = False
        """Whether it begins a function or a loop."""
        self.pure = True
        self.paid_later = False
        self.successors: list[Segment] | None = []
        """Where control goes to; ``None`` if that is not known, or may be outside of the function."""

    def lead_to(self, other: Segment) -> None:
        """Note that control goes on to another."""
        if self.successors is not None:
            self.successors.append(other)

    def leave_unpaid(self) -> bool:
        """Whether it can be paid by its successors."""
        return (
            self.pure
            and self.bulk is None
            and bool(self.successors)
            and all(
                other.before == 1 and other.position > self.position
                for other in self.successors or ()
            )
        )


class Metered(NamedTuple):
    """A body with charges."""

    body: list[Instr]
    starts: list[int]
    """For each instruction of the module's own where in ``body`` what it became begins, with the charge before it."""


def _costs(own: Sequence[Instr], starts: Sequence[int], length: int) -> list[int]:
    """What each of the instructions costs that a body was rewritten to."""
    costs = [0] * length
    for instr, start in zip(own, starts, strict=True):
        if instr[0] not in FREE:
            costs[start] = 1
    return costs


def metered(
    own: Sequence[Instr], body: Sequence[Instr], starts: Sequence[int] | None, metering: str
) -> Metered:
    """A valid body with charges before its segments; for code that only looks, before functions and loops.

    ``body`` has no legacy instructions; where it was rewritten, ``own`` is the module's, and ``starts`` say for each of
    those where in ``body`` what it became begins. They alone cost anything.
    """
    if starts is None:
        starts = range(len(body))
    pays = metering == PAYS
    charges = {
        segment.position: segment
        for segment in _segments(body, _costs(own, starts, len(body)))
        if (segment.costs and not segment.paid_later if pays else segment.looks)
    }
    out: list[Instr] = []
    places = []
    for position, instr in enumerate(body):
        places.append(len(out))
        segment = charges.get(position)
        if segment is not None:
            out.append((CHARGE, segment if pays else None))
        out.append(instr)
    return Metered(out, [places[start] for start in starts])


def _segments(body: Sequence[Instr], costs: Sequence[int]) -> list[Segment]:
    """The segments of a body, and who pays for each."""
    cut = _Cut(body, costs)
    cut.run()
    for segment in cut.segments:
        if segment.cost:
            segment.costs += (segment.cost,)
        if segment.costs and segment.leave_unpaid():
            segment.paid_later = True
            for other in segment.successors or ():
                other.costs = segment.costs
    return cut.segments


class _Open:
    """A structured instruction that is open."""

    __slots__ = ("behind", "condition", "head", "op", "targeted")

    def __init__(self, op: Op, targeted: bool) -> None:
        self.op = op
        self.targeted = targeted
        self.head: Segment | None = None
        """Of a loop: the segment that branches go to."""
        self.condition: Segment | None = None
        """Of an ``if`` that has no ``else`` yet: the segment that decides."""
        self.behind: list[Segment | None] = []
        """Segments from which control goes to its end; ``None`` for a clause of a try_table."""


class _Cut:
    """Cuts a body into segments."""

    def __init__(self, body: Sequence[Instr], costs: Sequence[int]) -> None:
        self._body = body
        self._costs = costs
        self._targets = branch_targets(body)[0]
        self._segment = Segment(0, 2)  # Another one cannot pay for it: before it is nothing.
        self._segment.looks = True
        self.segments = [self._segment]
        self._open = [_Open(OP["block"], True)]
        self._live = True

    def run(self) -> None:
        """Fill in `segments`."""
        for position, instr in reached(self._body, lambda: self._live):
            op = instr[0]
            if op is _END:
                self._end(position)
            elif op is _ELSE:
                self._else(position)
            elif op in _OPENING:
                self._enter(instr, position)
            else:
                self._plain(instr, position)

    def _begin(self, position: int, *sources: Segment | None, bulk: int | None = None) -> None:
        segment = self._segment = Segment(position, len(sources), bulk)
        self.segments.append(segment)
        self._live = True
        for source in sources:
            if source is not None:
                source.lead_to(segment)

    def _enter(self, instr: Instr, position: int) -> None:
        op, segment = instr[0], self._segment
        opened = _Open(op, position in self._targets)
        segment.cost += self._costs[position]
        if op is _TRY_TABLE:
            for _, _, label in instr[2]:
                self._branch(label, None)
        self._open.append(opened)
        if op is _IF:
            opened.condition = segment
            self._begin(position + 1, segment)
        elif op is _LOOP and opened.targeted:
            self._begin(position + 1, segment, None)
            opened.head = self._segment
            opened.head.looks = True

    def _else(self, position: int) -> None:
        opened = self._open[-1]
        if self._live:
            opened.behind.append(self._segment)
        condition, opened.condition = opened.condition, None
        self._begin(position + 1, condition)

    def _end(self, position: int) -> None:
        opened, segment = self._open.pop(), self._segment
        if not self._open:
            if self._live:
                segment.successors = None
        elif opened.op is _IF or (opened.op is not _LOOP and opened.targeted):
            if opened.condition is not None:
                opened.behind.append(opened.condition)
            if self._live:
                opened.behind.append(segment)
            if opened.behind:
                self._begin(position + 1, *opened.behind)
        elif self._live and segment.position == position:
            # Nothing of it is inside.
            segment.position = position + 1

    def _plain(self, instr: Instr, position: int) -> None:
        op = instr[0]
        if op in _BULK:
            self._begin(position, self._segment, bulk=_BULK[op])
        segment = self._segment
        segment.cost += self._costs[position]
        segment.pure = segment.pure and op in _PURE
        if op in CONDITIONAL_BRANCHES:
            self._branch(instr[1], segment)
            self._begin(position + 1, segment)
        elif op in DIVERGING:
            if op is BR:
                self._branch(instr[1], segment)
            elif op is BR_TABLE:
                for label in (*instr[1], instr[2]):
                    self._branch(label, segment)
            else:
                segment.successors = None
            self._live = False

    def _branch(self, label: int, source: Segment | None) -> None:
        """Note a branch to a label."""
        target = self._open[-1 - label]
        if label == len(self._open) - 1:
            if source is not None:
                source.successors = None
        elif target.head is None:
            target.behind.append(source)
        elif source is not None:
            source.lead_to(target.head)


def charge(frame: Frame, instr: Instr) -> None:
    """Write a charge: what comes before it comes to its end, and nothing that comes after has begun."""
    segment: Segment | None = instr[1]
    if segment is None:
        frame.settle(0, False, True)
        frame.write(f"if {SHARED} is not None:pay()")
        return
    *before, own = segment.costs
    if segment.bulk is not None:
        length = frame.materialise(frame.stack.pop(), len(frame.stack))
        frame.stack.append(length)
        frame.settle(0, False, True)
        costs = (*map(str, before), f"{own}+({length.text}>>{segment.bulk})")
        frame.write(f"pay({','.join(costs)})")
        return
    frame.settle(0, False, True)
    left = f"({SHARED}:={SHARED}-{sum(segment.costs)}.0)"
    frame.write(f"if {left}<0.0:refuel({','.join(map(str, segment.costs))})")
