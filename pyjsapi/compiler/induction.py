"""Facts about the counters of a loop, read off its syntax (and loops that are ``for … in range(…)``).

Only loops with a single back edge at their end are looked at: ``br_if (i = i + c)``, or a comparison of the stepped
counter with a constant or a local that the loop does not assign.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from pyjsapi.compiler.expression import MASK
from pyjsapi.compiler.facts import Facts, alignment_of
from pyjsapi.compiler.tree import BR, BR_IF, LOCAL_GET, LOCAL_SET, LOCAL_TEE, Item, Node
from pyjsapi.syntax.instructions import BY_MNEMONIC, Op
from pyjsapi.syntax.types import I32, ValType

_ADD: Final = BY_MNEMONIC["i32.add"]
_SUB: Final = BY_MNEMONIC["i32.sub"]
_CONST: Final = BY_MNEMONIC["i32.const"]
_NE: Final = BY_MNEMONIC["i32.ne"]
_LT_U: Final = BY_MNEMONIC["i32.lt_u"]
_LT_S: Final = BY_MNEMONIC["i32.lt_s"]
_SWAPPED: Final[dict[Op, Op]] = {
    BY_MNEMONIC[f"i32.{a}"]: BY_MNEMONIC[f"i32.{b}"]
    for a, b in (
        ("eq", "eq"), ("ne", "ne"), ("lt_s", "gt_s"), ("gt_s", "lt_s"), ("lt_u", "gt_u"),
        ("gt_u", "lt_u"),
    )
}  # fmt: skip
"""Comparisons with their operands exchanged."""
_COMPARISONS: Final = frozenset(
    BY_MNEMONIC[f"i32.{name}"]
    for name in ("eq", "ne", "lt_s", "lt_u", "gt_s", "gt_u", "le_s", "le_u", "ge_s", "ge_u")
)
_LEAVING: Final = frozenset(
    op for name, op in BY_MNEMONIC.items() if name.startswith(("br", "return", "throw"))
)
"""Instructions after which control may be elsewhere."""
_FULL: Final = MASK[I32]
_HALF: Final = _FULL >> 1


class Step(NamedTuple):
    """An assignment ``i = i + constant`` or ``i = i + local`` (the other is ``None``)."""

    constant: int | None
    local: int | None


Steps = dict[int, list[Step | None]]
"""All assignments inside a loop, by local; ``None`` for any other than a step."""


class Pointer(NamedTuple):
    """A local that grows by a constant before the counter is stepped, in a loop that does not read the counter."""

    local: int
    step: int
    length: int
    """Number of items of the body before its step."""
    times: str
    """How many times the body runs, as an atom."""

    @property
    def range(self) -> str:
        """Arguments of ``range`` for its values."""
        name = f"l{self.local}"
        if self.step == 1:
            return f"{name},{name}+{self.times}"
        return f"{name},{name}+{self.times}*{self.step},{self.step}"

    def never_wraps(self, facts: Facts) -> bool:
        """Whether its step stays in the type's range, by the facts where it is stepped."""
        return facts.get(self.local, (0, _FULL, 0))[1] + self.step <= _FULL


class Range(NamedTuple):
    """A loop over a counter, ready for ``for``."""

    counter: int
    start_stop_step: str
    last: str
    """Text of the counter's value after the loop."""
    length: int
    """Number of items of the body before the counter's step."""
    pointer: Pointer | None = None
    """What ``for`` may step instead."""
    from_zero: bool = False
    """Whether the counter may be 0 at first, and is then out of its type's range in the first round."""


class _Bound(NamedTuple):
    low: int
    high: int
    text: str


def _steps(sequence: Sequence[Item], found: Steps) -> None:
    for k, item in enumerate(sequence):
        if isinstance(item, Node):
            _steps(item.body, found)
            if item.orelse:
                _steps(item.orelse, found)
        elif item[0] is LOCAL_SET or item[0] is LOCAL_TEE:
            step = _step(sequence, k, item[1]) if k >= 3 else None
            found.setdefault(item[1], []).append(step)


def _signed(value: int) -> int:
    return value if value <= _HALF else value - _FULL - 1


def _step(sequence: Sequence[Item], k: int, local: int) -> Step | None:
    a, b, operation = sequence[k - 3 : k]
    if isinstance(a, Node) or isinstance(b, Node) or isinstance(operation, Node):
        return None
    own = (LOCAL_GET, local)
    if operation[0] is _SUB:
        if a == own and b[0] is _CONST:
            return Step(-b[1], None)
    elif operation[0] is _ADD:
        if b == own:
            a, b = b, a
        if a == own:
            if b[0] is _CONST:
                return Step(_signed(b[1]), None)
            if b[0] is LOCAL_GET:
                return Step(None, b[1])
    return None


def _reads(sequence: Sequence[Item], local: int) -> bool:
    """Whether a local is read."""
    for item in sequence:
        if isinstance(item, Node):
            if _reads(item.body, local) or (item.orelse and _reads(item.orelse, local)):
                return True
        elif item[0] is LOCAL_GET and item[1] == local:
            return True
    return False


def _stays(sequence: Sequence[Item], inside: tuple[Node, ...] = ()) -> bool:
    """Whether control cannot leave a sequence but through its end or a trap."""
    for item in sequence:
        if isinstance(item, Node):
            if item.catches:
                return False
            nodes = (*inside, item)
            if not _stays(item.body, nodes) or (item.orelse and not _stays(item.orelse, nodes)):
                return False
        elif item[0] in _LEAVING and not (item[0] in (BR, BR_IF) and item[1] in inside):
            return False
    return True


class Induction:
    """Works out one loop. ``facts`` hold at every iteration; they are added to in place."""

    def __init__(self, node: Node, types: Sequence[ValType], before: Facts, facts: Facts) -> None:
        self._body = node.body
        self._node = node
        self._types = types
        self._before = before
        """Facts on entry."""
        self._facts = facts
        self._assigned: Steps = {}
        _steps(node.body, self._assigned)

    def run(self) -> Range | None:
        """Add facts; say whether the loop is a counted one."""
        self._keep_alignments()
        node, body = self._node, self._body
        if node.branches != 1 or len(body) < 5:
            return None
        last = body[-1]
        if isinstance(last, Node) or last[0] is not BR_IF or last[1] is not node:
            return None
        stepped = self._counter(-2)
        if stepped is not None:
            return self._until_zero(*stepped)
        if len(body) < 6:
            return None
        return self._until_bound()

    def _keep_alignments(self) -> None:
        for local, steps in self._assigned.items():
            fact = self._before.get(local)
            if fact is None or self._types[local] is not I32:
                continue
            align = fact[2]
            for step in steps:
                align = min(align, self._step_alignment(step))
            if align:
                self._facts[local] = (0, _FULL, align)

    def _step_alignment(self, step: Step | None) -> int:
        if step is None:
            return 0
        if step.constant is not None:
            return alignment_of(step.constant)
        if step.local is None or step.local in self._assigned:
            return 0
        fact = self._facts.get(step.local)
        return fact[2] if fact else 0

    def _counter(self, position: int) -> tuple[int, int, bool] | None:
        """(local, constant step, whether this is the step itself) if the item is the value of a counter."""
        item = self._body[position]
        if isinstance(item, Node) or item[0] not in (LOCAL_TEE, LOCAL_GET):
            return None
        local = item[1]
        steps = self._assigned.get(local)
        if not steps or len(steps) != 1 or self._types[local] is not I32:
            return None
        step = steps[0]
        if step is None or not step.constant:
            return None
        return local, step.constant, item[0] is LOCAL_TEE

    def _bound(self, position: int) -> _Bound | None:
        item = self._body[position]
        if isinstance(item, Node):
            return None
        if item[0] is _CONST:
            return _Bound(item[1], item[1], str(item[1]))
        if item[0] is LOCAL_GET and item[1] not in self._assigned:
            fact = self._facts.get(item[1], (0, _FULL, 0))
            return _Bound(fact[0], fact[1], f"l{item[1]}")
        return None

    def _put(self, local: int, low: int, high: int) -> None:
        fact = self._facts.get(local)
        self._facts[local] = (max(low, 0), min(high, _FULL), fact[2] if fact else 0)

    def _until_zero(self, counter: int, step: int, is_step: bool) -> Range | None:
        start = self._before.get(counter, (0, _FULL, 0))
        if step != -1:
            return None
        length = len(self._body) - 5
        read = _reads(self._body[:length], counter)
        if start[0] >= 1:
            self._put(counter, 1, start[1])
            count = f"l{counter}"
        elif read or not _stays(self._body[:length]):
            return None
        else:
            # Counted down from 0, the counter goes round once; nobody sees it on the way.
            count = f"(l{counter} or {_FULL + 1})"
        if not is_step:
            return None
        pointer = None if read else self._pointer(length, count)
        return Range(counter, f"{count},0,-1", "0", length, pointer, start[0] < 1)

    def _pointer(self, end: int, count: str) -> Pointer | None:
        """The local whose step ends before item ``end`` of the body."""
        if end < 5:
            return None
        item = self._body[end - 1]
        if isinstance(item, Node) or item[0] is not LOCAL_SET or self._types[item[1]] is not I32:
            return None
        local = item[1]
        step = _step(self._body, end - 1, local)
        if step is None or step.constant is None or step.constant < 1:
            return None
        if len(self._assigned[local]) != 1 or not _stays(self._body[: end - 4]):
            return None
        return Pointer(local, step.constant, end - 4, count)

    def _until_bound(self) -> Range | None:
        body = self._body
        comparison = body[-2]
        if isinstance(comparison, Node) or comparison[0] not in _COMPARISONS:
            return None
        op: Op | None = comparison[0]
        stepped, bound = self._counter(-4), self._bound(-3)
        if stepped is None or bound is None:
            stepped, bound = self._counter(-3), self._bound(-4)
            if stepped is None or bound is None or stepped[2]:
                return None
            op = _SWAPPED.get(comparison[0])
        counter, step, is_step = stepped
        start = self._before.get(counter, (0, _FULL, 0))
        counted = False
        if op is _NE:
            if step == 1 and start[1] < bound.low:
                self._put(counter, start[0], bound.high - 1)
                counted = True
            elif step == -1 and bound.low == bound.high and start[0] > bound.high:
                self._put(counter, bound.high + 1, start[1])
        elif op is _LT_U and step > 0:
            highest = bound.high - 1
            if highest + step <= _FULL:
                self._put(counter, start[0], max(start[1], highest))
                counted = step == 1 and start[1] < bound.low
            else:
                self._put(counter, 0, max(start[1], highest))
        elif op is _LT_S and step == 1 and start[1] <= _HALF - 1:
            self._put(counter, start[0], max(start[1], min(bound.high, _HALF) - 1))
            counted = bound.low > start[1] and bound.high <= _HALF
        if not counted or not is_step or len(body) < 7:
            return None
        return Range(counter, f"l{counter},{bound.text}", bound.text, len(body) - 7)
