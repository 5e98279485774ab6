"""Pending expressions: what the translator keeps on its operand stack instead of values.

An `Entry` is a piece of Python text that has not been evaluated yet, with what must be known to put it into a
larger expression (precedence), to leave out masks (interval, alignment) and to move it past other code
(dependencies, flags).
"""

from __future__ import annotations

from typing import Final, NamedTuple, TypeAlias

from pyjsapi.compiler.facts import alignment_of
from pyjsapi.syntax.types import F32, F64, I32, I64, ValType

# Flags: why an expression may not be moved.
MEMORY: Final = 1
"""Reads a memory."""
GLOBAL: Final = 2
"""Reads a mutable global or a table."""
TRAPS: Final = 4
"""May trap."""
EFFECT: Final = 8
"""Has a visible effect (a call, memory.grow)."""
TRUTH: Final = 16
"""The text is a condition: canonical only once written ``1 if … else 0``."""

# Python precedences, lowest first.
P_CONDITIONAL: Final = 2
P_OR: Final = 3
P_AND: Final = 4
P_NOT: Final = 5
P_COMPARE: Final = 6
P_BIT_OR: Final = 7
P_XOR: Final = 8
P_BIT_AND: Final = 9
P_SHIFT: Final = 10
P_SUM: Final = 11
P_PRODUCT: Final = 12
P_UNARY: Final = 13
P_PRIMARY: Final = 14
ATOM: Final = 15

NAME: Final = "name"
"""Form of an entry whose text is a variable: it can be repeated."""
CONST: Final = "const"
"""Form of an entry whose text is a literal. Its least value is its bits, whatever its type."""
SUM: Final = "sum"
"""Form of a sum of two canonical values: below twice the type's range."""


class AddConst(NamedTuple):
    """Form of ``name + constant``, the constant signed."""

    name: str
    constant: int


class Difference(NamedTuple):
    """Form of ``name - name`` (or literals)."""

    left: str
    right: str


class Scaled(NamedTuple):
    """Form of ``name * size``: a local that is kept as the index of elements of this size; see `elements`."""

    name: str
    size: int


class Extended(NamedTuple):
    """Form of a sign extension: the text that gives its canonical value."""

    canonical: str


class Compare(NamedTuple):
    """Form of an integer comparison: operator (see `NEGATED`) and canonical operands."""

    operator: str
    left: Entry
    right: Entry


class Not(NamedTuple):
    """Form of the negation of a condition."""

    operand: Entry


class Lanes(NamedTuple):
    """Form of a v128 whose lanes are evaluated floats: the text of the entry packs them."""

    shape: str
    lanes: tuple[Entry, ...]
    """Variables or literals."""
    quiet: bool
    """Whether no lane is a signalling NaN."""

    @property
    def text(self) -> str:
        """The lanes, separated by commas: operands, or targets of an assignment."""
        return ",".join(lane.text for lane in self.lanes)


class Loaded(NamedTuple):
    """Form of a v128 that is read from memory: the text of what its lanes are unpacked from."""

    source: str
    before: str = ""
    """Text in front of whatever unpacks it, and behind: see `source_map`."""
    behind: str = ""

    def unpacked(self, unpack: str) -> str:
        """Text of the lanes."""
        return f"{self.before}{unpack}({self.source}){self.behind}"


Form: TypeAlias = (
    "str | AddConst | Difference | Scaled | Extended | Compare | Not | Lanes | Loaded | None"
)
Term: TypeAlias = "tuple[str, int, int, int, int]"
"""(text, precedence, factor, alignment of the text's value, local that the text names or -1)."""
Linear: TypeAlias = "tuple[tuple[Term, ...], int]"
"""A sum of terms and a constant."""

NEGATED: Final = {
    "<": ">=", ">=": "<", ">": "<=", "<=": ">", "==": "!=", "!=": "==",
    "lt_s": "ge_s", "ge_s": "lt_s", "gt_s": "le_s", "le_s": "gt_s",
}  # fmt: skip
"""Comparison operators with their negations; the signed ones by their wasm name."""

MASK: Final[dict[ValType, int]] = {I32: (1 << 32) - 1, I64: (1 << 64) - 1}
"""Greatest canonical value of the integer types."""

TOP: Final[dict[ValType, int]] = {I32: MASK[I32], I64: MASK[I64], F32: 0, F64: 0}
"""Greatest value for the interval of an unknown value; 0 where there are no intervals."""


class Entry:
    """A pending expression. Never changed once it is on the stack."""

    __slots__ = (
        "align", "denied", "deps", "flags", "form", "high", "linear", "local", "low", "prec", "text", "type",
    )  # fmt: skip

    def __init__(
        self,
        type_: ValType,
        text: str,
        prec: int,
        low: int = 0,
        high: int = 0,
        deps: int = 0,
        flags: int = 0,
        form: Form = None,
        align: int = 0,
        local: int = -1,
    ) -> None:
        self.type = type_
        self.text = text
        self.prec = prec
        self.low = low
        """Least value (integers only)."""
        self.high = high
        self.deps = deps
        """Bit set of the variables in the text; see `Frame`."""
        self.flags = flags
        self.form = form
        self.align = align
        """Log2 of a power of two that divides the value."""
        self.local = local
        """Index of the local that the text names, -1 for anything else."""
        self.denied: str | None = None
        """Of a condition written as ``not …``: what follows, of at least `P_COMPARE`."""
        self.linear: Linear | None = None
        """The value as a sum of terms, for i32 addresses."""

    @property
    def atomic(self) -> bool:
        """Whether the text can be repeated and moved freely: a variable or a literal."""
        return self.form is NAME or self.form is CONST

    def at(self, prec: int) -> str:
        """The text as an operand that needs at least this precedence."""
        return self.text if self.prec >= prec else f"({self.text})"


def constant(type_: ValType, value: int) -> Entry:
    """An integer literal; ``value`` is taken modulo the type's range."""
    value &= MASK[type_]
    return Entry(type_, str(value), ATOM, value, value, 0, 0, CONST, alignment_of(value))


def literal(type_: ValType, text: str, bits: int, prec: int = ATOM) -> Entry:
    """A literal of a type that has no intervals."""
    return Entry(type_, text, prec, bits, bits, form=CONST)


def linear_form(entry: Entry) -> Linear:
    """An i32 entry as a sum. The sum is what the text gives, before it is wrapped."""
    if entry.linear is not None:
        return entry.linear
    if entry.form is CONST:
        return (), entry.low
    return ((entry.text, entry.prec, 1, entry.align, entry.local),), 0


def negation(condition: Entry) -> str:
    """The text of ``not condition``; of a text that says so already, what it denies."""
    return f"not {condition.at(P_COMPARE)}" if condition.denied is None else condition.denied
