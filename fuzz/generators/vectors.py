"""Every vector instruction on edge values, fused in pairs and triples: aims at lanes kept between operations.

Vectors of floats live in locals over branches and loops; what a function computes is seen lane by lane and in memory.
"""

from __future__ import annotations

from random import Random
from typing import Final

from fuzz.algebra import TYPES, Algebra, Part, accessing
from fuzz.program import Call, Program
from pyjsapi.syntax.instructions import Op

_STORES: Final[list[Op]] = [
    op for op in accessing(("v128",)) if not op.results and op.mnemonic.startswith("v128")
]
_PARAMETERS: Final = {"$a": "i32", "$x": "i64", "$y": "i64", "$s": "f32", "$u": "f64"}
_VECTORS: Final = ("$v0", "$v1", "$v2")


class Vectors(Algebra):
    """Writes functions over vectors."""

    def __init__(self, random: Random, *, relaxed: bool) -> None:
        super().__init__(random, TYPES, relaxed=relaxed)
        self.locals = {t: tuple(n for n, own in _PARAMETERS.items() if own == t) for t in TYPES}
        self.locals["v128"] = _VECTORS
        self.memories = ((0, "i32"),)
        shapes = ("f32x4", "f64x2")
        self.extracts = {
            t: [op for op in self._made[t] if op.family.startswith("extract_lane")]
            for t in ("i32", "i64", "f32", "f64")
        }
        self.fills = [op for op in self._made["v128"] if op.family in ("splat", "replace_lane")]
        self.relaxed = [op for op in self._made["v128"] if op.feature == "relaxed_simd"]
        self.floats = [op for op in self._made["v128"] if op.mnemonic.startswith(shapes)]

    def part(self, type_: str, depth: int) -> Part:
        """As ever, but lanes go from vectors to numbers and back more often."""
        if depth > 0 and self.chance(0.3):
            ops = self.fills if type_ == "v128" else self.extracts[type_]
            return self.apply(self.one(ops), depth)
        return super().part(type_, depth)

    def vector(self, depth: int) -> str:
        """A vector; of floats more often than by chance."""
        if self.relaxed and self.chance(0.3):
            return self.exact(self.apply(self.one(self.relaxed), depth))
        if self.chance(0.4):
            return self.exact(self.apply(self.one(self.floats), depth + 1))
        return self.value("v128", depth)

    def statement(self, depth: int = 0) -> str:
        target = self.one(_VECTORS)
        form = self.random.random()
        if form < 0.12:
            return self.access(self.one(_STORES), 2)
        if form < 0.2 and depth < 2:
            inside = " ".join(self.statement(depth + 1) for _ in range(self.pick(1, 2)))
            return f"(if {self.value('i32', 2)} (then {inside}))"
        if form < 0.28 and depth == 0:
            loop = self.name()
            inside = " ".join(self.statement(depth + 1) for _ in range(self.pick(1, 2)))
            count = "(local.tee $n (i32.sub (local.get $n) (i32.const 1)))"
            return f"(local.set $n (i32.const {self.pick(1, 2, 5)})) (loop {loop} {inside} (br_if {loop} {count}))"
        if form < 0.5:
            # A loose vector in a local: only operations of its shape see it.
            shape = self.pick("f32x4", "f64x2")
            name = f"$w{shape}"
            own = f"(local.get {name})"
            operation = self.pick("add", "sub", "mul", "div", "min", "max")
            other = self.vector(2)
            return f"(local.set {name} ({shape}.{operation} {own} {other}))"
        return f"(local.set {target} {self.vector(self.pick(1, 2, 3))})"

    def function(self, name: str) -> str:
        body = " ".join(self.statement() for _ in range(self.pick(1, 2, 3, 5, 8)))
        shape = self.pick("f32x4", "f64x2")
        nans = "nan nan nan nan" if shape == "f32x4" else "nan nan"
        own = f"(local.get $w{shape})"
        canonical = f"(v128.bitselect {own} (v128.const {shape} {nans}) ({shape}.eq {own} {own}))"
        result = self.vector(self.pick(1, 2, 3))
        parameters = " ".join(f"(param {n} {t})" for n, t in _PARAMETERS.items())
        starts = "".join(
            f"(local.set {v} (i64x2.replace_lane {self.below(2)} (i64x2.splat (local.get $x)) (local.get $y)))"
            for v in _VECTORS[:2]
        )
        return f"""(func (export "{name}") {parameters} (result i64 i64)
  (local $v0 v128) (local $v1 v128) (local $v2 v128) (local $wf32x4 v128) (local $wf64x2 v128) (local $n i32)
  {self.canonical_locals()} {starts} {body}
  (v128.store (i32.const 65280) (i8x16.add {canonical} (local.get $v2)))
  (local.set $v2 {result})
  (i64x2.extract_lane 0 (local.get $v2)) (i64x2.extract_lane 1 (local.get $v2)))"""


def generate(random: Random) -> Program:
    """A program of one or two functions, each called with edge values."""
    writer = Vectors(random, relaxed=random.random() < 0.15)
    names = [f"f{k}" for k in range(writer.pick(1, 2, 3))]
    functions = "\n".join(writer.function(name) for name in names)
    data = "".join(f"\\{writer.random.getrandbits(8):02x}" for _ in range(64))
    text = f"""(module (memory (export "m") 1 1) (data (i32.const 0) "{data}")
 {writer.canonical_functions()} {functions})"""
    calls = [
        Call(name, tuple(writer.argument(t) for t in _PARAMETERS.values()))
        for name in names
        for _ in range(4)
    ]
    features = frozenset({"relaxed-simd"}) if "relaxed" in text else frozenset[str]()
    return Program(text, tuple(calls), features=features)
