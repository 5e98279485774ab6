"""Windows: accesses to one helper's memory that stand near each other become one call.

Between them may stand anything that only computes. All of it moves into a function of the helper, in its order, so
that traps come when they came before. Operands that are on the stack, and locals that it reads, are parameters;
what it leaves on the stack, or the local that it writes, is the result. There is at most one: functions with
several results are slow in some engines.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Final

from pyjsapi.binary.code import decode_instrs
from pyjsapi.binary.scan import Stop
from pyjsapi.rewriting.instrs import get, instr
from pyjsapi.syntax.errors import DecodeError
from pyjsapi.syntax.instructions import BY_MNEMONIC, Imm, Op
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

_LOCAL_TYPES: Final[dict[tuple[Op, ValType], FuncType]] = {}

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

    pos: int = 0
    end: int = 0
    memory: int = -1
    """Any of the memories that it accesses; all are in one helper."""
    instrs: list[Instr] = field(default_factory=list)
    operands: list[ValType] = field(default_factory=list)
    """What it takes from the stack."""
    reads: list[int] = field(default_factory=list)
    """Locals that it reads before it writes them."""
    writes: list[int] = field(default_factory=list)
    results: list[ValType] = field(default_factory=list)
    """What it leaves on the stack."""
    accesses: int = 0

    @property
    def parameters(self) -> int:
        """Number of parameters of its function."""
        return len(self.operands) + len(self.reads)

    @property
    def can_grow(self) -> bool:
        """Whether it has not got more parameters or written locals than any window may have: they never get fewer."""
        return self.parameters <= MOST_PARAMETERS and len(self.writes) <= 1

    @property
    def fits(self) -> bool:
        """Whether it can be a function."""
        return self.can_grow and len(self.results) + len(self.writes) <= 1

    def take(self, item: _Item, type_of: FuncType) -> None:
        """Take in the next instruction, whose operands and results are given."""
        decoded = item.instr
        op = op_of(decoded)
        if not self.instrs:
            self.pos = item.pos
        self.end = item.end
        self.instrs.append(decoded)
        stack = self.results
        for param in reversed(type_of.params):
            if stack:
                stack.pop()
            else:
                self.operands.insert(0, param)
        stack += type_of.results
        if op.imm is Imm.LOCAL:
            local = decoded[1]
            if op is not _GET:
                if local not in self.writes:
                    self.writes.append(local)
            elif local not in self.writes and local not in self.reads:
                self.reads.append(local)
        elif op.imm in _ACCESSES:
            self.accesses += 1
            self.memory = decoded[1]


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
        for _, line in groupby(stops, key=lambda stop: stop.line):
            accesses = list(line)
            hosts = [self._host_of(stop.instr) for stop in accesses]
            far = [k for k, host in enumerate(hosts) if host is not None and hosts.count(host) > 1]
            if far:
                after = found[-1].end if found else 0
                first, last = accesses[far[0]], accesses[far[-1]]
                items = self._items(max(first.line, after), last.end, end)
                found += self._in_line(items, locals_)
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
        """The best window that begins with the access at ``first`` or what leads to it, and where it ends."""
        start = self._start(items, begin, first, locals_)
        for begins in dict.fromkeys((start, first)):
            last = self._last(items, begins, first, host, locals_)
            if last > first:
                window = Window()
                for item in items[begins : last + 1]:
                    window.take(item, self._type_of(item.instr, locals_))
                return window, last
        return None, first

    def _last(
        self, items: list[_Item], begins: int, first: int, host: int, locals_: Sequence[ValType]
    ) -> int:
        """Where the best window from ``begins`` on ends; ``first`` when there is none."""
        best, rank = first, (-1, 0, 0)
        since = 0
        window = Window()
        for last in range(begins, len(items)):
            decoded = items[last].instr
            if not self._movable(decoded, host, locals_):
                break
            window.take(items[last], self._type_of(decoded, locals_))
            since = 0 if op_of(decoded).imm in _ACCESSES else since + 1
            if since > _REACH or window.accesses > _MOST_ACCESSES or not window.can_grow:
                break
            if window.accesses > 1 and window.fits:
                this = window.accesses, -window.parameters, -len(window.results)
                if this > rank:
                    best, rank = last, this
        return best

    def _type_of(self, decoded: Instr, locals_: Sequence[ValType]) -> FuncType:
        op = op_of(decoded)
        if op.imm is not Imm.LOCAL:
            return self.signature(decoded)
        key = (op, locals_[decoded[1]])
        known = _LOCAL_TYPES.get(key)
        if known is None:
            types = (key[1],)
            known = FuncType(() if op is _GET else types, types if op in (_GET, _TEE) else ())
            _LOCAL_TYPES[key] = known
        return known

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
