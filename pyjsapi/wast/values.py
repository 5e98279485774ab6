"""Literals and result patterns of scripts, against the engine's canonical values."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from pyjsapi.blocks.floats import f32_bits, f32_from_bits, f64_bits, f64_from_bits
from pyjsapi.runtime import ExnInst, FuncInst
from pyjsapi.runtime.gc import I31_MASK, ArrayInst, StructInst
from pyjsapi.syntax.instructions import Imm

_BITS: Final = {Imm.I32: 32, Imm.I64: 64, Imm.F32: 32, Imm.F64: 64, Imm.V128: 128}
_NAMES: Final = {
    Imm.I32: "i32", Imm.I64: "i64", Imm.F32: "f32", Imm.F64: "f64", Imm.V128: "v128",
}  # fmt: skip
_QUIET_NAN: Final = {Imm.F32: 0x7FC00000, Imm.F64: 0x7FF8000000000000}


_REFERENCES: Final[dict[str, Callable[[Any], bool]]] = {
    "ref.func": lambda value: isinstance(value, FuncInst),
    "ref.exn": lambda value: isinstance(value, ExnInst),
    "ref.extern": lambda value: not isinstance(value, ExnInst | FuncInst | float),
    "ref.any": lambda value: not isinstance(value, ExnInst | FuncInst | float),
    "ref.eq": lambda value: isinstance(value, StructInst | ArrayInst) or _is_i31(value),
    "ref.i31": lambda value: _is_i31(value),
    "ref.struct": lambda value: isinstance(value, StructInst),
    "ref.array": lambda value: isinstance(value, ArrayInst),
}
"""Whether a reference that is not null is of the kind."""


def _is_i31(value: Any) -> bool:
    return type(value) is int and 0 <= value <= I31_MASK


@dataclass(frozen=True, slots=True)
class HostRef:
    """``(ref.extern n)`` and ``(ref.host n)``: an object of the host, equal to any other with this number."""

    number: int


def bits_of(kind: Imm, value: Any) -> int | None:
    """Bits of a canonical value of this type, ``None`` for a value of another type."""
    if kind in (Imm.I32, Imm.I64, Imm.V128):
        fits = type(value) is int and 0 <= value < 1 << _BITS[kind]
        return value if fits else None
    if type(value) is not float:
        return None
    return f32_bits(value) if kind is Imm.F32 else f64_bits(value)


@dataclass(frozen=True, slots=True)
class Const:
    """``(t.const c)``"""

    kind: Imm
    bits: int

    def value(self) -> int | float:
        """The canonical value."""
        if self.kind is Imm.F32:
            return f32_from_bits(self.bits)
        if self.kind is Imm.F64:
            return f64_from_bits(self.bits)
        return self.bits

    def matches(self, value: Any) -> bool:
        """Whether the value has the same type and bits."""
        return bits_of(self.kind, value) == self.bits

    def __str__(self) -> str:
        return f"{_NAMES[self.kind]} {self.bits:#x}"


@dataclass(frozen=True, slots=True)
class NanPattern:
    """``(t.const nan:canonical)`` and ``(t.const nan:arithmetic)``"""

    kind: Imm
    canonical: bool

    def matches(self, value: Any) -> bool:
        """Whether the value is such a NaN; the sign does not matter."""
        bits = bits_of(self.kind, value)
        return bits is not None and self.matches_bits(bits)

    def matches_bits(self, bits: int) -> bool:
        """Whether the value with these bits is such a NaN."""
        quiet = _QUIET_NAN[self.kind]
        if self.canonical:
            return bits & ~(1 << (_BITS[self.kind] - 1)) == quiet
        return bits & quiet == quiet

    def __str__(self) -> str:
        return f"{_NAMES[self.kind]} nan:{'canonical' if self.canonical else 'arithmetic'}"


@dataclass(frozen=True, slots=True)
class VectorPattern:
    """``(v128.const shape …)`` with a NaN pattern among its lanes."""

    lane_bits: int
    lanes: tuple[int | NanPattern, ...]

    def matches(self, value: Any) -> bool:
        """Whether every lane matches."""
        bits = bits_of(Imm.V128, value)
        if bits is None:
            return False
        mask = (1 << self.lane_bits) - 1
        for i, pattern in enumerate(self.lanes):
            lane = bits >> i * self.lane_bits & mask
            if not (lane == pattern if isinstance(pattern, int) else pattern.matches_bits(lane)):
                return False
        return True

    def __str__(self) -> str:
        lanes = (hex(p) if isinstance(p, int) else str(p) for p in self.lanes)
        return f"v128 of {', '.join(lanes)}"


@dataclass(frozen=True, slots=True)
class NullPattern:
    """``(ref.null)`` and ``(ref.null ht)``"""

    def value(self) -> None:
        """The null reference."""
        return None

    def matches(self, value: Any) -> bool:
        """Whether the value is a null reference."""
        return value is None

    def __str__(self) -> str:
        return "ref.null"


@dataclass(frozen=True, slots=True)
class HostPattern:
    """``(ref.extern n)``, ``(ref.host n)``"""

    host: HostRef

    def value(self) -> HostRef:
        """The host's object."""
        return self.host

    def matches(self, value: Any) -> bool:
        """Whether the value is the host's object with this number."""
        return bool(value == self.host)

    def __str__(self) -> str:
        return f"ref.extern {self.host.number}"


@dataclass(frozen=True, slots=True)
class RefPattern:
    """``(ref.func)``, ``(ref.extern)`` and the like: any reference of the kind but null."""

    mnemonic: str

    def matches(self, value: Any) -> bool:
        """Whether the value is such a reference."""
        wanted = _REFERENCES.get(self.mnemonic)
        return wanted is not None and value is not None and wanted(value)

    def __str__(self) -> str:
        return self.mnemonic


@dataclass(frozen=True, slots=True)
class Either:
    """``(either p*)``"""

    patterns: tuple[Pattern, ...]

    def matches(self, value: Any) -> bool:
        """Whether one of the patterns matches."""
        return any(pattern.matches(value) for pattern in self.patterns)

    def __str__(self) -> str:
        return f"either {', '.join(map(str, self.patterns))}"


Literal: TypeAlias = "Const | NullPattern | HostPattern"
Pattern: TypeAlias = "Literal | NanPattern | VectorPattern | RefPattern | Either"


def describe(value: Any) -> str:
    """A canonical value in words, floats with their bits."""
    if isinstance(value, float):
        return f"{value!r} ({f64_bits(value):#x} as f64)"
    return hex(value) if type(value) is int else repr(value)
