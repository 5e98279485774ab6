"""Facts about the counters of a loop, read off its syntax (and loops that are ``for … in range(…)``).

Only loops with a single back edge at their end are looked at: ``br_if (i = i + c)``, or a comparison of the stepped
counter with a constant or a local that the loop does not assign. Why each rule holds is written in docs/RATIONALE.md,
"What is believed about counters, and why it is true"; the letters of the rules there are the ones here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from pyjsapi.compiler.control.tree import (
    BR,
    BR_IF,
    LOCAL_GET,
    LOCAL_SET,
    LOCAL_TEE,
    LOOP,
    RETURN_CALL,
    Item,
    Node,
)
from pyjsapi.compiler.counted import STEP_ITEMS, Pointer, Range
from pyjsapi.compiler.expression import MASK
from pyjsapi.compiler.facts import Fact, Facts, alignment_of
from pyjsapi.syntax.instructions import BY_MNEMONIC, Op
from pyjsapi.syntax.types import I32, ValType

_ADD: Final = BY_MNEMONIC["i32.add"]
_SUB: Final = BY_MNEMONIC["i32.sub"]
_CONST: Final = BY_MNEMONIC["i32.const"]
_NE: Final = BY_MNEMONIC["i32.ne"]
_LT_U: Final = BY_MNEMONIC["i32.lt_u"]
_LT_S: Final = BY_MNEMONIC["i32.lt_s"]
_SWAPPED: Final[dict[Op, Op]] = {
    _NE: _NE,
    BY_MNEMONIC["i32.gt_u"]: _LT_U,
    BY_MNEMONIC["i32.gt_s"]: _LT_S,
}
"""What a comparison is with its operands exchanged, where a rule knows that."""
_LEAVING: Final = frozenset(
    op for name, op in BY_MNEMONIC.items() if name.startswith(("br", "return", "throw"))
)
"""Instructions after which control may be elsewhere."""
_FULL: Final = MASK[I32]
_HALF: Final = _FULL >> 1
_ANY: Final[Fact] = (0, _FULL, 0)


class Step(NamedTuple):
    """An assignment ``i = i + constant`` or ``i = i + local`` (the other is ``None``)."""

    constant: int | None
    """Signed."""
    local: int | None
    again: bool
    """Whether a round may do it more than once: it stands in an inner loop."""


Steps = dict[int, list[Step | None]]
"""All assignments inside a loop, by local; ``None`` for any other than a step."""


class _Counter(NamedTuple):
    """A local whose only assignment in the loop is one step by a constant, tested at the loop's end."""

    local: int
    step: int
    again: bool
    is_step: bool
    """Whether the item that gives its value is the step itself, so that each round does it once, at its end."""


class _Bound(NamedTuple):
    """What a counter is compared with: the same in every round."""

    low: int
    high: int
    text: str
    local: int = -1


_ZERO: Final = _Bound(0, 0, "0")


def _steps(sequence: Sequence[Item], found: Steps, again: bool) -> None:
    for k, item in enumerate(sequence):
        if isinstance(item, Node):
            inner = again or (item.kind is LOOP and item.branches > 0)
            _steps(item.body, found, inner)
            if item.orelse:
                _steps(item.orelse, found, inner)
        elif item[0] is LOCAL_SET or item[0] is LOCAL_TEE:
            step = _step(sequence, k, item[1], again) if k >= 3 else None
            found.setdefault(item[1], []).append(step)


def _signed(value: int) -> int:
    value &= _FULL
    return value if value <= _HALF else value - _FULL - 1


def _step(sequence: Sequence[Item], k: int, local: int, again: bool) -> Step | None:
    a, b, operation = sequence[k - 3 : k]
    if isinstance(a, Node) or isinstance(b, Node) or isinstance(operation, Node):
        return None
    own = (LOCAL_GET, local)
    if operation[0] is _SUB:
        if a == own and b[0] is _CONST:
            return Step(_signed(-b[1]), None, again)
    elif operation[0] is _ADD:
        if b == own:
            a, b = b, a
        if a == own:
            if b[0] is _CONST:
                return Step(_signed(b[1]), None, again)
            if b[0] is LOCAL_GET:
                return Step(None, b[1], again)
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


def _restarts(sequence: Sequence[Item], node: Node) -> bool:
    """Whether a tail call goes back to a loop, which assigns every local."""
    for item in sequence:
        if isinstance(item, Node):
            if _restarts(item.body, node) or (item.orelse and _restarts(item.orelse, node)):
                return True
        elif item[0] is RETURN_CALL and item[-1] is node:
            return True
    return False


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

    def run(self) -> Range | None:
        """Add facts; say whether the loop is a counted one."""
        node, body = self._node, self._body
        if _restarts(body, node):
            return None
        _steps(body, self._assigned, False)
        self._keep_alignments()
        if node.branches != 1 or len(body) < 5:
            return None
        last = body[-1]
        if isinstance(last, Node) or last[0] is not BR_IF or last[1] is not node:
            return None
        counter = self._counter(-2)
        if counter is not None:
            return self._until_zero(counter)
        if len(body) < 6:
            return None
        return self._until_bound()

    # Rule A: alignment

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
        return self._facts.get(step.local, _ANY)[2]

    # What the loop's end tests

    def _counter(self, position: int) -> _Counter | None:
        """The counter whose value an item of the body is."""
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
        return _Counter(local, step.constant, step.again, item[0] is LOCAL_TEE)

    def _bound(self, position: int) -> _Bound | None:
        item = self._body[position]
        if isinstance(item, Node):
            return None
        if item[0] is _CONST:
            return _Bound(item[1], item[1], str(item[1]))
        if item[0] is LOCAL_GET and item[1] not in self._assigned:
            low, high, _ = self._facts.get(item[1], _ANY)
            return _Bound(low, high, f"l{item[1]}", item[1])
        return None

    def _comparison(self) -> tuple[Op, _Counter, _Bound] | None:
        """The comparison before the branch, with the counter on its left."""
        item = self._body[-2]
        if isinstance(item, Node):
            return None
        counter, bound = self._counter(-4), self._bound(-3)
        if counter is not None and bound is not None:
            return item[0], counter, bound
        op = _SWAPPED.get(item[0])
        counter, bound = self._counter(-3), self._bound(-4)
        if op is None or counter is None or bound is None or counter.is_step:
            return None
        return op, counter, bound

    def _put(self, local: int, low: int, high: int) -> None:
        if low > 0 or high < _FULL:
            self._facts[local] = (low, high, self._facts.get(local, _ANY)[2])

    # Rules B to E: where the values lie, at the start of every round

    def _interval(self, op: Op, counter: _Counter, bound: _Bound) -> tuple[int, int] | None:
        low, high, _ = self._before.get(counter.local, _ANY)
        step = counter.step
        if op is _LT_U:
            high = max(high, bound.high - 1)
            up = step > 0 and not counter.again and high + step <= _FULL
            return low if up else 0, high
        if counter.again:
            return None
        if op is _NE:
            if step == 1 and high < bound.low:
                return low, bound.high - 1
            if step == -1 and low > bound.high:
                return bound.low + 1, high
        elif op is _LT_S and step > 0:
            high = max(high, min(bound.high, _HALF) - 1)
            if high + step <= _HALF:
                return low, high
        return None

    # Rules F to H: how often the body runs

    def _until_zero(self, counter: _Counter) -> Range | None:
        local = counter.local
        if counter.step != -1:
            return None
        length = len(self._body) - 5
        interval = self._interval(_NE, counter, _ZERO)
        if interval is not None:
            self._put(local, *interval)
        if not counter.is_step:
            return None
        read = _reads(self._body[:length], local)
        count = f"l{local}"
        if interval is None:
            if read or not _stays(self._body[:length]):
                return None
            # Counted down from 0, the counter goes round once; nobody sees it on the way.
            count = f"({count} or {_FULL + 1})"
        pointer = None if read else self._pointer(length, count)
        return Range(local, f"{count},0,-1", "0", length, -1, "ne", pointer, interval is None)

    def _until_bound(self) -> Range | None:
        found = self._comparison()
        if found is None:
            return None
        op, counter, bound = found
        interval = self._interval(op, counter, bound)
        if interval is None:
            return None
        self._put(counter.local, *interval)
        local = counter.local
        start = self._before.get(local, _ANY)
        counted = counter.is_step and counter.step == 1 and start[1] < bound.low
        if not counted or (op is _LT_S and bound.high > _HALF) or len(self._body) < 7:
            return None
        texts = f"l{local},{bound.text}", bound.text
        length = len(self._body) - 7
        return Range(local, *texts, length, 1, op.family, bound=bound.local)

    def _pointer(self, end: int, count: str) -> Pointer | None:
        """A local that is stepped among the first ``end`` items of the body, and not read after that."""
        body = self._body
        for k in range(end - 1, STEP_ITEMS - 2, -1):
            item = body[k]
            if isinstance(item, Node) or item[0] is not LOCAL_SET:
                continue
            local = item[1]
            if len(self._assigned[local]) != 1 or self._types[local] is not I32:
                continue
            step = _step(body, k, local, False)
            if step is None or step.constant is None or step.constant < 1:
                continue
            if not _reads(body[k + 1 : end], local):
                found = Pointer(local, step.constant, k + 1 - STEP_ITEMS, count)
                return found if _stays(body[:end]) else None
        return None
