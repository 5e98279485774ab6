"""Integers of 128 bits: sums, differences and products of edge values, in chains, with effects in their operands.

Aims at the order in which halves are evaluated, at carries, and at the variables that hold results.
"""

from __future__ import annotations

from random import Random
from typing import Final

from fuzz.algebra import Algebra, Part
from fuzz.program import Call, Program

_PARAMETERS: Final = {"$a": "i64", "$b": "i64", "$x": "i64", "$y": "i64", "$n": "i32"}
_LOCALS: Final = {"$c": "i64", "$d": "i64", "$m": "i32"}
_SUMS: Final = ("i64.add128", "i64.sub128")
_PRODUCTS: Final = ("i64.mul_wide_s", "i64.mul_wide_u")


class Wide(Algebra):
    """Writes functions of integers that have instructions with two results in them."""

    def __init__(self, random: Random) -> None:
        super().__init__(random, ("i32", "i64"))
        names = {**_PARAMETERS, **_LOCALS}
        self.locals = {t: tuple(n for n, own in names.items() if own == t) for t in self.types}

    def pair(self, depth: int) -> str:
        """Both halves of a number."""
        form = self.random.random()
        if depth <= 0 or form < 0.1:
            return f"{self.leaf('i64').text} {self.leaf('i64').text}"
        if form < 0.55:
            return f"({self.one(_SUMS)} {self.pair(depth - 1)} {self.pair(depth - 1)})"
        if form < 0.85:
            factors = f"{self.value('i64', depth - 1)} {self.value('i64', depth - 1)}"
            return f"({self.one(_PRODUCTS)} {factors})"
        if form < 0.92:
            return f"{self.value('i64', depth - 1)} (i64.const {self.pick(0, 0, -1)})"
        return f"(call $effect {self.value('i64', 0)}) {self.value('i64', depth - 1)}"

    def part(self, type_: str, depth: int) -> Part:
        """See `Algebra`; of a number of 128 bits both halves are used, or one."""
        if type_ == "i64" and depth > 0 and self.chance(0.3):
            form = self.random.random()
            pair = self.pair(depth)
            if form < 0.2:
                return Part(f"(block (result i64) {pair} drop)", type_)
            if form < 0.4:
                return Part(f"{pair} (local.set {self.one(self.locals['i64'])})", type_)
            return Part(f"(i64.{self.pick('sub', 'xor', 'add', 'rotl')} {pair})", type_)
        return super().part(type_, depth)

    def statement(self) -> str:
        low, high = self.random.sample(self.locals["i64"], 2)
        form = self.random.random()
        if form < 0.5:
            return f"{self.pair(self.pick(1, 2, 3))} (local.set {high}) (local.set {low})"
        if form < 0.6:
            body = f"{self.pair(2)} (local.set {high}) (local.set {low})"
            return f"(if {self.value('i32', 1)} (then {body}))"
        type_ = self.pick("i32", "i64")
        return f"(local.set {self.one(self.locals[type_])} {self.value(type_, self.pick(1, 2))})"

    def function(self, name: str) -> str:
        body = "\n".join(self.statement() for _ in range(self.pick(0, 1, 2, 3, 5)))
        parameters = " ".join(f"(param {n} {t})" for n, t in _PARAMETERS.items())
        locals_ = " ".join(f"(local {n} {t})" for n, t in _LOCALS.items())
        results = f"{self.pair(self.pick(1, 2, 3))} {self.value('i64', 2)}"
        return f'(func (export "{name}") {parameters} (result i64 i64 i64) {locals_}\n{body}\n{results})'


_EFFECT: Final = """(global $count (mut i64) (i64.const 7))
(func $effect (param i64) (result i64)
  (global.set $count (i64.add (i64.mul (global.get $count) (i64.const 31)) (local.get 0))) (global.get $count))"""


def generate(random: Random) -> Program:
    """A program of a few functions, each called with edge values."""
    writer = Wide(random)
    names = [f"f{k}" for k in range(writer.pick(1, 2, 3))]
    functions = "\n".join(writer.function(name) for name in names)
    calls = [
        Call(name, tuple(writer.argument(t) for t in _PARAMETERS.values()))
        for name in names
        for _ in range(6)
    ]
    return Program(f"(module {_EFFECT} {functions})", tuple(calls))
