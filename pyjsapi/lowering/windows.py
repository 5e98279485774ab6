"""Windows: accesses to one helper's memory that stand near each other become one call.

Between them may stand anything that only computes. All of it moves into a function of the helper, in its order, so
that traps come when they came before. Operands that are on the stack, and locals that it reads, are parameters;
what it leaves on the stack, or the local that it writes, is the result. There is at most one: functions with
several results are slow in some engines.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from pyjsapi.binary.code import decode_instrs
from pyjsapi.binary.scan import Stop
from pyjsapi.lowering.sequences import get, instr
from pyjsapi.syntax.errors import DecodeError
from pyjsapi.syntax.instructions import BY_MNEMONIC, Imm
from pyjsapi.syntax.module import Instr, op_of
from pyjsapi.syntax.types import FuncType, RefType, ValType

MOST_PARAMETERS: Final = 6
_MOST_ACCESSES: Final = 16
"""Accesses in a window."""
_REACH: Final = 12
"""Instructions that a window may take in before its first and after its last access."""

_COMPUTING: Final = frozenset(
    (Imm.NONE, Imm.I32, Imm.I64, Imm.F32, Imm.F64, Imm.V128, Imm.LANE, Imm.LANES16)
)
_ACCESSES: Final = (Imm.MEMARG, Imm.MEMARG_LANE)
_GET: Final = BY_MNEMONIC["local.get"]
_TEE: Final = BY_MNEMONIC["local.tee"]

Signature = Callable[[Instr], FuncType]
"""Operands and results of an instruction that computes or accesses a memory."""


@dataclass(slots=True)
class _Item:
    """An instruction with its place in the module."""

    pos: int
    end: int
    instr: Instr


@dataclass(slots=True)
class Window:
    """Instructions that become one call."""

    pos: int
    end: int
    memory: int
    """Any of the memories that it accesses; all are in one helper."""
    instrs: list[Instr]
    operands: list[ValType]
    """What it takes from the stack."""
    reads: list[int]
    """Locals that it reads before it writes them."""
    writes: list[int]
    results: list[ValType]
    """What it leaves on the stack."""
    accesses: int

    @property
    def parameters(self) -> int:
        """Number of parameters of its function."""
        return len(self.operands) + len(self.reads)

    @property
    def fits(self) -> bool:
        """Whether it can be a function."""
        outcome = len(self.results) + len(self.writes)
        return outcome <= 1 and self.parameters <= MOST_PARAMETERS


class WindowFinder:
    """Finds windows in the functions of a module."""

    def __init__(
        self, data: bytes, host: Callable[[int], int | None], signature: Signature
    ) -> None:
        self.data = data
        self.host = host
        """The number of the helper that a memory is in; ``None`` for the main module."""
        self.signature = signature

    def find(self, stops: Sequence[Stop], end: int, locals_: Sequence[ValType]) -> list[Window]:
        """The windows of a function, in order."""
        found: list[Window] = []
        k = 0
        while k < len(stops):
            first = stops[k]
            host = self._host_of(first.instr)
            last = k + 1
            while (
                host is not None
                and last < len(stops)
                and stops[last].line == first.line
                and op_of(stops[last].instr).imm in _ACCESSES
            ):
                last += 1
            if host is not None and last - k > 1:
                after = found[-1].end if found else 0
                items = self._items(max(first.line, after), stops[last - 1].end, end)
                found += self._in_line(items, locals_)
            k = last
        return found

    def _host_of(self, access: Instr) -> int | None:
        return self.host(access[1]) if op_of(access).imm in _ACCESSES else None

    def _items(self, start: int, last: int, end: int) -> list[_Item]:
        """The instructions from one position to another, and a few more."""
        items: list[_Item] = []
        pos = start
        more = _REACH
        while pos < end and more:
            try:
                (decoded,), after = decode_instrs(self.data, pos, end, count=1)
            except DecodeError:
                break  # an `else` that stands alone
            items.append(_Item(pos, after, decoded))
            pos = after
            if pos > last:
                more -= 1
        return items

    def _in_line(self, items: list[_Item], locals_: Sequence[ValType]) -> list[Window]:
        found: list[Window] = []
        begin = 0
        k = 0
        while k < len(items):
            host = self._host_of(items[k].instr)
            if host is None:
                k += 1
                continue
            window, last = self._grow(items, begin, k, host, locals_)
            if window is not None and window.accesses > 1:
                found.append(window)
                begin = k = last + 1
            else:
                k += 1
        return found

    def _grow(
        self, items: list[_Item], begin: int, first: int, host: int, locals_: Sequence[ValType]
    ) -> tuple[Window | None, int]:
        """The largest window that begins with the access at ``first``, and where it ends."""
        start = self._start(items, begin, first, locals_)
        best: Window | None = None
        best_last = first
        accesses = 0
        since = 0
        for last in range(first, len(items)):
            decoded = items[last].instr
            if not self._movable(decoded, host, locals_):
                break
            since += 1
            if op_of(decoded).imm in _ACCESSES:
                accesses += 1
                since = 0
                if accesses > _MOST_ACCESSES:
                    break
            elif since > _REACH:
                break
            if accesses < 2:
                continue
            for begins in {start, first}:
                window = self._window(items[begins : last + 1], locals_)
                if window.fits and (
                    best is None
                    or window.accesses > best.accesses
                    or (last == best_last and window.parameters < best.parameters)
                    or (window.parameters, len(window.results))
                    < (best.parameters, len(best.results))
                ):
                    best, best_last = window, last
        return best, best_last

    def _start(self, items: list[_Item], begin: int, first: int, locals_: Sequence[ValType]) -> int:
        """Where to begin so that constants and locals before the first access are no operands."""
        start = first
        while start > begin and first - start < _REACH:
            decoded = items[start - 1].instr
            op = op_of(decoded)
            constant = op.params == () and op.imm in _COMPUTING and op.results
            if not constant and not (op is _GET and _is_number(locals_[decoded[1]])):
                break
            start -= 1
        return start

    def _movable(self, decoded: Instr, host: int, locals_: Sequence[ValType]) -> bool:
        op = op_of(decoded)
        if op.imm in _ACCESSES:
            return self.host(decoded[1]) == host
        if op.imm is Imm.LOCAL:
            return _is_number(locals_[decoded[1]])
        return op.imm in _COMPUTING and op.params is not None

    def _window(self, items: list[_Item], locals_: Sequence[ValType]) -> Window:
        stack: list[ValType] = []
        operands: list[ValType] = []
        reads: list[int] = []
        writes: list[int] = []
        accesses = 0
        memory = -1
        for item in items:
            decoded = item.instr
            op = op_of(decoded)
            if op.imm is Imm.LOCAL:
                local = decoded[1]
                type_ = locals_[local]
                if op is _GET:
                    if local not in writes and local not in reads:
                        reads.append(local)
                    stack.append(type_)
                    continue
                if local not in writes:
                    writes.append(local)
                if stack:
                    stack.pop()
                else:
                    operands.insert(0, type_)
                if op is _TEE:
                    stack.append(type_)
                continue
            type_of = self.signature(decoded)
            for param in reversed(type_of.params):
                if stack:
                    stack.pop()
                else:
                    operands.insert(0, param)
            stack += type_of.results
            if op.imm in _ACCESSES:
                accesses += 1
                memory = decoded[1]
        return Window(
            items[0].pos,
            items[-1].end,
            memory,
            [item.instr for item in items],
            operands,
            reads,
            writes,
            stack,
            accesses,
        )


def _is_number(type_: ValType) -> bool:
    """Whether a value of the type can be a parameter in any module."""
    return not isinstance(type_, RefType)


def function_of(
    window: Window,
    locals_: Sequence[ValType],
    access: Callable[[Instr, int], tuple[list[Instr], list[ValType]]],
) -> tuple[FuncType, tuple[ValType, ...], list[Instr]]:
    """The function that a window becomes: type, more locals, body.

    ``access`` gives an access to the helper's memory with its operands on the stack, and the locals that it needs
    from the given index on.
    """
    params = [*window.operands, *[locals_[local] for local in window.reads]]
    count = len(window.operands)
    index = {local: count + k for k, local in enumerate(window.reads)}
    more: list[ValType] = []
    for local in window.writes:
        if local not in index:
            index[local] = len(params) + len(more)
            more.append(locals_[local])
    scratch = len(params) + len(more)
    body = get(*range(count))
    needed: list[ValType] = []
    for decoded in window.instrs:
        op = op_of(decoded)
        if op.imm is Imm.LOCAL:
            body.append((op, index[decoded[1]]))
        elif op.imm in _ACCESSES:
            sequence, types = access(decoded, scratch + len(needed))
            body += sequence
            needed += types
        else:
            body.append(decoded)
    results = [*window.results, *[locals_[local] for local in window.writes]]
    body += get(*[index[local] for local in window.writes])
    return FuncType(tuple(params), tuple(results)), (*more, *needed), body


def call_of(window: Window, call: Instr) -> list[Instr]:
    """What stands in the window's place."""
    return [*get(*window.reads), call, *[instr("local.set", local) for local in window.writes]]
