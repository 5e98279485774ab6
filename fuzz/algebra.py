"""Random expressions of every instruction that only computes or accesses a memory, typed by the instruction table.

NaNs whose bits the specification leaves open are made canonical before anybody can see their bits: an expression
is *exact* if all its bits are fixed; a *loose* one may be used where only the value counts.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from random import Random
from typing import Final

from fuzz.writer import F32, F64, I32, I64, Writer
from pyjsapi.syntax.instructions import OPS, Imm, Op
from pyjsapi.syntax.instructions_atomic import ORDERINGS

TYPES: Final = ("i32", "i64", "f32", "f64", "v128")
_KEEPS_BITS: Final = frozenset(
    {"abs", "neg", "copysign", "splat", "replace_lane", "extract_lane", "pmin", "pmax"}
)
"""Families of floats whose results are exact if their operands are."""
_FLOAT_COMPARISONS: Final = frozenset({"eq", "ne", "lt", "gt", "le", "ge"})
_COMPUTES: Final = (Imm.NONE, Imm.LANE, Imm.LANES16)
_WAITING: Final = ("memory.atomic.wait32", "memory.atomic.wait64")
_LANE_COUNTS: Final = {"i8x16": 16, "i16x8": 8, "i32x4": 4, "i64x2": 2, "f32x4": 4, "f64x2": 2}


@dataclass(frozen=True)
class Part:
    """An expression of a value."""

    text: str
    type: str
    loose: str = ""
    """``f32``, ``f64``, ``f32x4`` or ``f64x2`` if NaNs of that shape in it may have any bits."""


def _types(op: Op) -> tuple[str, ...]:
    return tuple(str(type_) for type_ in op.params or ())


ROUNDED_AS_ENGINES_LIKE: Final = frozenset(("relaxed_madd", "relaxed_nmadd"))
"""An engine may round their products or not; Wasmtime does not where it is asked to be deterministic, we do."""


def computing(types: Iterable[str] = TYPES, *, relaxed: bool = False) -> list[Op]:
    """The instructions that take and give values of some types and nothing else, with one result for all engines."""
    allowed = set(types)
    return [
        op
        for op in OPS
        if op.imm in _COMPUTES
        and op.family not in ROUNDED_AS_ENGINES_LIKE
        and op.params
        and op.results
        and len(op.results) == 1
        and {*_types(op), str(op.results[0])} <= allowed
        and (op.feature == "relaxed_simd") == relaxed
    ]


def accessing(types: Iterable[str] = TYPES, *, atomic: bool = False) -> list[Op]:
    """The loads, stores and, if wanted instead of them, atomic accesses of values of some types."""
    allowed = {*types, "bot"}
    return [
        op
        for op in OPS
        if op.imm in (Imm.MEMARG, Imm.MEMARG_LANE)
        and op.mnemonic not in _WAITING
        and {*_types(op), *map(str, op.results or ())} <= allowed
        and op not in ORDERINGS
        and (op.feature == "threads") == atomic
    ]


def natural_size(op: Op) -> int:
    """Bytes that an access touches."""
    if op.width:
        return op.width // 8
    family = op.mnemonic.partition(".")[2]
    for text, size in (
        ("8x8", 8),
        ("16x4", 8),
        ("32x2", 8),
        ("64", 8),
        ("32", 4),
        ("16", 2),
        ("8", 1),
    ):
        if text in family:
            return size
    return {"i32": 4, "i64": 8, "v128": 16, "memory": 4}[op.mnemonic.partition(".")[0]]


class Algebra(Writer):
    """Writes expressions over the locals of a function."""

    def __init__(self, random: Random, types: Iterable[str], *, relaxed: bool = False) -> None:
        super().__init__(random)
        self.types = tuple(types)
        self.locals: dict[str, tuple[str, ...]] = {}
        """Names of the locals of each type; their values are exact."""
        self.memories: tuple[tuple[int, str], ...] = ()
        """(index, address type) of the memories that loads use."""
        self.rare: dict[str, list[Op]] = {}
        self._made: dict[str, list[Op]] = {}
        for op in computing(self.types, relaxed=False) + (
            computing(self.types, relaxed=True) if relaxed else []
        ):
            self._made.setdefault(str((op.results or ())[0]), []).append(op)
        self._loads: dict[str, list[Op]] = {}
        for op in accessing(self.types):
            if op.results:
                self._loads.setdefault(str(op.results[0]), []).append(op)

    # Leaves

    def constant(self, type_: str) -> Part:
        """A constant, often an edge value."""
        if type_ == "v128":
            return Part(f"(v128.const {self.lanes()})", type_)
        return Part(self.const(type_), type_)

    def lanes(self) -> str:
        """Shape and lanes of a vector constant."""
        shape = self.one(tuple(_LANE_COUNTS))
        count = _LANE_COUNTS[shape]
        bits = 128 // count
        if shape[0] == "f":
            pool: tuple[str, ...] = F32 if bits == 32 else F64
        else:
            edges = [v for v in (I32 if bits <= 32 else I64) if v < 1 << bits]
            edges += [(1 << bits) - 1, 1 << bits - 1, (1 << bits - 1) - 1, (1 << bits) - 2]
            pool = tuple(map(str, edges))
        few = [self.one(pool) for _ in range(self.pick(1, 2, count))]
        return f"{shape} {' '.join(self.one(few) for _ in range(count))}"

    def leaf(self, type_: str) -> Part:
        """A constant or a local."""
        names = self.locals.get(type_, ())
        if names and self.chance(0.65):
            return Part(f"(local.get {self.one(names)})", type_)
        return self.constant(type_)

    # Exactness

    def exact(self, part: Part) -> str:
        """The text of an expression whose bits are fixed."""
        if not part.loose:
            return part.text
        if part.type == "v128":
            nans = "nan nan nan nan" if part.loose == "f32x4" else "nan nan"
            test = f"({part.loose}.eq (local.get $cv128) (local.get $cv128))"
            constant = f"(v128.const {part.loose} {nans})"
            return f"(v128.bitselect (local.tee $cv128 {part.text}) {constant} {test})"
        if self.chance(0.5):
            return f"(call $c{part.type} {part.text})"
        name = f"$c{part.type}"
        test = f"({part.type}.eq (local.get {name}) (local.get {name}))"
        return f"(select (local.tee {name} {part.text}) ({part.type}.const nan) {test})"

    def canonical_locals(self) -> str:
        """The declarations that `exact` needs in every function."""
        wide = "(local $cv128 v128)" if "v128" in self.types else ""
        floats = [t for t in ("f32", "f64") if t in self.types]
        return wide + "".join(f"(local $c{t} {t})" for t in floats)

    def canonical_functions(self) -> str:
        """The functions that `exact` needs."""
        return "".join(
            f"(func $c{t} (param {t}) (result {t}) (select (local.get 0) ({t}.const nan)"
            f" ({t}.eq (local.get 0) (local.get 0))))"
            for t in ("f32", "f64")
            if t in self.types
        )

    # Operations

    def part(self, type_: str, depth: int) -> Part:
        """An expression of a type."""
        if depth <= 0:
            return self.leaf(type_)
        form = self.random.random()
        if form < 0.1:
            return self.leaf(type_)
        if form < 0.2 and self.memories:
            return self.load(type_, depth)
        if form < 0.26:
            return self.tee(type_, depth)
        if form < 0.32:
            return self.select(type_, depth)
        if type_ not in self._made:
            return self.leaf(type_)
        return self.apply(self.one(self._made[type_]), depth)

    def value(self, type_: str, depth: int = 2) -> str:
        """The text of an exact expression of a type."""
        return self.exact(self.part(type_, depth))

    def tee(self, type_: str, depth: int) -> Part:
        names = self.locals.get(type_, ())
        if not names:
            return self.leaf(type_)
        return Part(f"(local.tee {self.one(names)} {self.value(type_, depth - 1)})", type_)

    def select(self, type_: str, depth: int) -> Part:
        a, b = self.value(type_, depth - 1), self.value(type_, depth - 1)
        return Part(f"(select {a} {b} {self.value('i32', depth - 1)})", type_)

    def apply(self, op: Op, depth: int) -> Part:
        """An expression that ends with an instruction."""
        result = str((op.results or ())[0])
        parts = [self._operand(op, k, type_, depth - 1) for k, type_ in enumerate(_types(op))]
        shape = _shape_of_operands(op)
        operands = []
        for k, part in enumerate(parts):
            # A number becomes a lane of the shape of its type.
            lane = part.loose != "" and shape.startswith(f"{part.loose}x")
            fits = (part.loose == shape or lane) and not (op.family == "copysign" and k == 1)
            operands.append(part.text if fits and part.loose else self.exact(part))
        text = f"({op.mnemonic}{self._immediate(op)} {' '.join(operands)})"
        exact_operands = not any(part.loose for part in parts)
        return Part(text, result, _looseness(op, result, exact_operands))

    def _operand(self, op: Op, k: int, type_: str, depth: int) -> Part:
        if k == 1 and type_ in ("i32", "i64") and op.family in ("div_s", "div_u", "rem_s", "rem_u"):
            # Division by zero traps: mostly it is something else.
            if self.chance(0.8):
                divisor = self.pick(1, 2, 3, 7, 8, 10, 16, 255, 1 << 31, -1)
                if self.chance(0.6):
                    return Part(f"({type_}.const {divisor})", type_)
                return Part(
                    f"({type_}.or {self.value(type_, depth)} ({type_}.const {divisor}))", type_
                )
        if k == 0 and op.family.startswith("trunc_f") and self.chance(0.6):
            # Floats that fit.
            source = "i64" if "i64" in self.types else "i32"
            small = f"({source}.shr_s {self.value(source, depth)} ({source}.const {self.pick(3, 20, 30)}))"
            return Part(f"({type_}.convert_{source}_s {small})", type_)
        return self.part(type_, depth)

    def _immediate(self, op: Op) -> str:
        if op.imm is Imm.LANE:
            return f" {self.below(_LANE_COUNTS[op.mnemonic.partition('.')[0]])}"
        if op.imm is Imm.LANES16:
            few = [self.below(32) for _ in range(self.pick(1, 3, 16))]
            return "".join(f" {self.one(few)}" for _ in range(16))
        return ""

    # Memories

    def address(self, type_: str, depth: int, size: int) -> str:
        """An address: mostly within the first page, often aligned."""
        form = self.random.random()
        if form < 0.5:
            mask = self.pick(0xFF, 0xFF0, 0xFFC, 0xFFF8, 0xFFFF)
            return f"({type_}.and {self.value(type_, depth - 1)} ({type_}.const {mask}))"
        if form < 0.75:
            return (
                f"({type_}.const {self.below(4096) * size})"
                if self.chance(0.9)
                else self.const(type_)
            )
        if form < 0.9:
            index = f"({type_}.and {self.value(type_, depth - 1)} ({type_}.const 63))"
            shifted = f"({type_}.shl {index} ({type_}.const {self.pick(0, 1, 2, 3, 4)}))"
            return f"({type_}.add ({type_}.const {self.pick(0, 16, 1024, 65280)}) {shifted})"
        return f"({type_}.shr_u {self.value(type_, depth - 1)} ({type_}.const {self.pick(12, 15, 16)}))"

    def memarg(self, memory: int, op: Op) -> str:
        """Memory, offset, alignment."""
        size = natural_size(op)
        align = size if self.chance(0.6) else self.one([a for a in (1, 2, 4, 8, 16) if a <= size])
        if op.feature == "threads":
            align = size
        index = f"{memory} " if memory else ""
        return f"{index}offset={self.pick(0, 0, 0, 0, 1, 4, 8, 16, 100, 65528)} align={align}"

    def access(self, op: Op, depth: int) -> str:
        """An access with its operands."""
        memory, type_ = self.one(self.memories)
        size = natural_size(op)
        address = self.address(type_, depth, size)
        if op.feature == "threads" and self.chance(0.9):
            address = f"({type_}.and {address} ({type_}.const {(1 << int(type_[1:])) - size}))"
        lane = f" {self.below(16 // size)}" if op.imm is Imm.MEMARG_LANE else ""
        values = "".join(f" {self.value(t, depth - 1)}" for t in _types(op)[1:])
        return f"({op.mnemonic} {self.memarg(memory, op)}{lane} {address}{values})"

    def load(self, type_: str, depth: int) -> Part:
        """A load of a type."""
        loads = self._loads.get(type_)
        return Part(self.access(self.one(loads), depth), type_) if loads else self.leaf(type_)


def _shape_of_operands(op: Op) -> str:
    """The shape in which NaNs of operands may have any bits: their values count."""
    first, _, rest = op.mnemonic.partition(".")
    for shape in ("f32x4", "f64x2"):
        if shape in rest:
            return shape
    if first in ("f32x4", "f64x2"):
        return "" if op.family.startswith("convert") else first
    if first in ("f32", "f64") and not op.family.startswith(("convert", "reinterpret")):
        return {"demote_f64": "f64", "promote_f32": "f32"}.get(op.family, first)
    for source in ("f32", "f64"):
        if op.family.startswith("trunc") and source in op.family:
            return source
    return ""


def _looseness(op: Op, result: str, exact_operands: bool) -> str:
    first = op.mnemonic.partition(".")[0]
    if op.family in _KEEPS_BITS and exact_operands:
        return ""
    if result == "v128" and first in ("f32x4", "f64x2"):
        return "" if op.family in _FLOAT_COMPARISONS else first
    if result in ("f32", "f64") and not op.family.startswith("reinterpret"):
        return result
    return ""
