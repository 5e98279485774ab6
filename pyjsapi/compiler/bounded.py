"""Which functions cannot call deep: all that they call is known, and none of it recurs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from pyjsapi.binary.body import BinaryCode, opcodes_of
from pyjsapi.compiler.cache_file import Callees
from pyjsapi.runtime.function import FuncInst
from pyjsapi.syntax.instructions import BY_MNEMONIC
from pyjsapi.syntax.module import CodeSource

_DIRECT: Final = frozenset((BY_MNEMONIC["call"], BY_MNEMONIC["return_call"]))
_UNKNOWN: Final = frozenset(
    BY_MNEMONIC[name]
    for name in (
        "call_indirect",
        "return_call_indirect",
        "call_ref",
        "return_call_ref",
        "resume",
        "switch",
    )
)
_OPCODES: Final = opcodes_of(_DIRECT | _UNKNOWN)
_DEEPEST: Final = 16
"""Calls inside each other that still count as not deep."""
_MOST: Final = 10_000
"""Bytes of bodies that are looked at for one answer; where more would be needed, it is no."""


class BoundedCalls:
    """Answers for the functions of an instance, each looked into once.

    A host function counts as one that calls nothing: whatever it calls has its own answer. ``callees`` is what is known
    of the module's own functions, for all its instances and later processes: decoding them takes most of the time. No
    answer depends on how much that is. ``quiet`` is which of them call nothing, as far as it is known.
    """

    def __init__(
        self,
        funcs: Sequence[FuncInst],
        imported: int,
        code: Callable[[int], CodeSource],
        callees: Callees,
        quiet: dict[int, bool],
    ) -> None:
        self._funcs = funcs
        self._imported = imported
        self._code = code
        self._module_callees = callees
        self._quiet = quiet
        self._known: dict[int, bool] = {}
        self._left = 0

    def __contains__(self, index: int) -> bool:
        """Whether a function of this index cannot call deep."""
        self._left = _MOST
        return self._is_bounded(index, ())

    def calls_nothing(self, index: int) -> bool:
        """Whether a function calls none: an answer that takes no decoding, and may be no for one that does not."""
        if index < self._imported:
            return self._funcs[index].host is not None
        found = self._quiet.get(index)
        if found is None:
            code = self._code(index)
            found = isinstance(code, BinaryCode) and not code.may_have(_OPCODES)
            self._quiet[index] = found
        return found

    def _is_bounded(self, index: int, callers: tuple[int, ...]) -> bool:
        if index in callers or len(callers) >= _DEEPEST:
            return False
        known = self._known.get(index)
        if known is None:
            callees = self._callees(index)
            inner = (*callers, index)
            known = callees is not None and all(self._is_bounded(i, inner) for i in callees)
            self._known[index] = known
        return known

    def _callees(self, index: int) -> tuple[int, ...] | None:
        """What a function calls; ``None`` where that is not known."""
        if self.calls_nothing(index):
            return ()
        if index < self._imported:
            return None
        code = self._code(index)
        if isinstance(code, BinaryCode):
            self._left -= code.size
            if self._left < 0:
                return None
        known = self._module_callees
        if index not in known:
            known[index] = _direct_callees(code)
        return known[index]


def _direct_callees(code: CodeSource) -> tuple[int, ...] | None:
    body = code.load().body
    if any(instr[0] in _UNKNOWN for instr in body):
        return None
    return tuple(sorted({instr[1] for instr in body if instr[0] in _DIRECT}))
