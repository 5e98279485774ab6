"""Where control goes in a flat body, as validation sees it. Knows nothing of the compiler.

A *label* is named by the position of the structured instruction that it belongs to, -1 for the function's.
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from typing import Final, NamedTuple

from pyjsapi.syntax.instructions import OPS, Imm, Op
from pyjsapi.syntax.instructions_exceptions import WITH_REF
from pyjsapi.syntax.module import Instr

# What an instruction is for control. Those up to `CALL` go on to the next one.
QUIET: Final = 0
"""Gives a value, or nothing: a translation may write it anywhere, or not at all."""
SPEAKS: Final = 1
"""Has an effect and no result: a translation has a statement for it."""
CALL: Final = 2
NOP: Final = 3
BLOCK: Final = 4
LOOP: Final = 5
TRY: Final = 6
IF: Final = 7
ELSE: Final = 8
END: Final = 9
BR: Final = 10
TEST: Final = 11
"""Conditional branches."""
TABLE: Final = 12
EXIT: Final = 13
"""Instructions that leave the function: returns, tail calls, throws, ``unreachable``."""

FUNCTION: Final = -1
"""The function's own label."""

_CONTROL: Final = {
    "nop": NOP,
    "block": BLOCK,
    "loop": LOOP,
    "try_table": TRY,
    "if": IF,
    "else": ELSE,
    "end": END,
    "br": BR,
    "br_if": TEST,
    "br_on_null": TEST,
    "br_on_non_null": TEST,
    "br_on_cast": TEST,
    "br_on_cast_fail": TEST,
    "br_on_cast_desc_eq": TEST,
    "br_on_cast_desc_eq_fail": TEST,
    "br_table": TABLE,
    **dict.fromkeys(("call", "call_indirect", "call_ref"), CALL),
    **dict.fromkeys(("return", "return_call", "return_call_indirect", "return_call_ref"), EXIT),
    **dict.fromkeys(("unreachable", "throw", "throw_ref"), EXIT),
}
_SPEAK: Final = frozenset(
    {
        "local.set", "local.tee", "global.set", "table.set", "table.fill", "table.copy", "table.init", "elem.drop",
        "memory.copy", "struct.set", "array.set", "array.fill", "array.copy", "array.init_data",
        "array.init_elem",
    }
)  # fmt: skip
"""Instructions with an effect and no result, among those whose types the table does not give."""
_NO_EFFECT: Final = frozenset({"nop", "drop", "atomic.fence", "pause"})


def _kind_of(op: Op) -> int:
    kind = _CONTROL.get(op.mnemonic)
    if kind is not None:
        return kind
    if op.mnemonic in _SPEAK or (op.results == () and op.mnemonic not in _NO_EFFECT):
        return SPEAKS
    return QUIET


KIND_OF: Final[dict[Op, int]] = {op: _kind_of(op) for op in OPS}
OPENING: Final = frozenset(
    op for op in OPS if op.imm in (Imm.BLOCK, Imm.TRY_TABLE) and op.mnemonic != "try"
)


class Clause(NamedTuple):
    """A clause of a try_table."""

    tag: int | None
    """Tag index, ``None`` where every exception is caught."""
    with_ref: bool
    """Whether the exception itself is given to the label, too."""
    label: int


class Body:
    """The control graph of a body without instructions of legacy exception handling."""

    __slots__ = (
        "clauses", "count", "deciding", "end", "exits", "instrs", "kinds", "labels", "opening", "otherwise", "place",
        "regions", "targeted",
    )  # fmt: skip

    def __init__(self, instrs: Sequence[Instr]) -> None:
        self.instrs = instrs
        self.count = len(instrs)
        self.kinds = [KIND_OF[instr[0]] for instr in instrs]
        """For each position one of the constants above."""
        self.labels: dict[int, tuple[int, ...]] = {}
        """Labels of each branch; of a table in the order of the selector, the default last."""
        self.end: dict[int, int] = {FUNCTION: self.count - 1}
        """Position of the ``end`` of each structured instruction."""
        self.opening: dict[int, int] = {}
        """For each ``end`` and ``else`` the structured instruction that it belongs to."""
        self.otherwise: dict[int, int] = {}
        """Position of the ``else`` of an ``if``."""
        self.place: dict[int, int] = {FUNCTION: self.count}
        """Where a branch to a label goes on."""
        self.clauses: dict[int, tuple[Clause, ...]] = {}
        """Of each try_table that has any."""
        self.regions: list[int] = []
        """For each position the innermost try_table with clauses around it, else -1. Empty without any."""
        self.deciding: list[int] = []
        """Positions of what has more than one outcome: ``if``, conditional branches, tables."""
        self.exits: list[int] = []
        """Positions of what leaves the function."""
        self.targeted: set[int] = set()
        """Labels that something branches to."""
        self._scan()
        if self.clauses:
            self._find_regions()

    def _scan(self) -> None:
        kinds, instrs = self.kinds, self.instrs
        open_ = [FUNCTION]
        for position in [i for i, kind in enumerate(kinds) if kind > NOP]:
            kind = kinds[position]
            instr = instrs[position]
            if kind <= IF:
                if kind == TRY and instr[2]:
                    self.clauses[position] = tuple(
                        Clause(tag, clause in WITH_REF, open_[-1 - depth])
                        for clause, tag, depth in instr[2]
                    )
                    self.targeted.update(clause.label for clause in self.clauses[position])
                elif kind == IF:
                    self.deciding.append(position)
                open_.append(position)
            elif kind == END:
                label = open_.pop()
                self.opening[position] = label
                self.end[label] = position
                self.place[label] = position + 1
            elif kind == ELSE:
                self.opening[position] = open_[-1]
                self.otherwise[open_[-1]] = position
            elif kind in (BR, TEST):
                self.labels[position] = (open_[-1 - instr[1]],)
                self.targeted.add(open_[-1 - instr[1]])
                if kind == TEST:
                    self.deciding.append(position)
            elif kind == TABLE:
                self.deciding.append(position)
                found = tuple(open_[-1 - depth] for depth in (*instr[1], instr[2]))
                self.labels[position] = found
                self.targeted.update(found)
            elif kind == EXIT:
                self.exits.append(position)
        for label in self.end:
            if label >= 0 and kinds[label] == LOOP:
                self.place[label] = label + 1

    def _find_regions(self) -> None:
        """A try_table itself is outside of its own region, its ``end`` inside."""
        regions = [-1] * (self.count + 1)
        for label in sorted(self.clauses):
            end = self.end[label]
            regions[label + 1 : end + 1] = [label] * (end - label)
        self.regions = regions

    def region(self, position: int) -> int:
        """The innermost try_table with clauses around a position, else -1."""
        return self.regions[position] if self.regions else -1

    def silent(self, position: int, speaking: Container[int] = ()) -> int:
        """The first position, from this one on, that is more than the end of a block, or whose code is ``speaking``."""
        kinds = self.kinds
        while position < self.count and position * 4 not in speaking:
            kind = kinds[position]
            if kind in (END, NOP):
                position += 1
            elif kind == ELSE:
                position = self.end[self.opening[position]] + 1
            else:
                break
        return position

    def leads_out(self, position: int) -> bool:
        """Whether nothing but ends of blocks lies between a position and the end of the function."""
        return self.silent(position) >= self.count

    def say(self, position: int) -> str:
        """An instruction for people, with its position in the body."""
        if position >= self.count:
            return "the end of the function"
        op, *immediates = self.instrs[position]
        shown = " ".join(str(x) for x in immediates if isinstance(x, int))
        return f"#{position} {op.mnemonic} {shown}".rstrip()
