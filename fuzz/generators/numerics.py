"""Every numeric instruction on edge values, fused in pairs and triples: aims at intervals and forms of expressions.

Locals are computed from others in sequences, so that quotients, remainders and doubled words are kept and reused.
"""

from __future__ import annotations

from random import Random
from typing import Final

from fuzz.algebra import Algebra
from fuzz.program import Call, Program
from fuzz.writer import NUMBERS

_PARAMETERS: Final = {"$a": "i32", "$b": "i32", "$x": "i64", "$y": "i64", "$s": "f32", "$u": "f64"}
_LOCALS: Final = {"$c": "i32", "$d": "i32", "$z": "i64", "$t": "f32", "$v": "f64"}


class Numerics(Algebra):
    """Writes functions of numbers."""

    def __init__(self, random: Random) -> None:
        super().__init__(random, NUMBERS)
        names = {**_PARAMETERS, **_LOCALS}
        self.locals = {t: tuple(n for n, own in names.items() if own == t) for t in NUMBERS}

    def reused(self, type_: str) -> str:
        """A form whose parts are kept for later ones: quotients, remainders, doubled words of one local."""
        local = f"(local.get {self.one(self.locals[type_])})"
        power = self.pick(1, 2, 4, 8, 16)
        operation, by = self.pick(
            ("div_u", power), ("rem_u", power), ("shr_u", power.bit_length() - 1), ("and", power - 1),
            ("rotl", self.below(32)), ("rotr", self.below(32)),
        )  # fmt: skip
        return f"({type_}.{operation} {local} ({type_}.const {by}))"

    def statement(self, depth: int = 0) -> str:
        type_ = self.pick("i32", "i32", "i64", "i64", "f32", "f64")
        target = self.one(self.locals[type_])
        form = self.random.random()
        if form < 0.15 and type_[0] == "i":
            return f"(local.set {target} {self.reused(type_)})"
        if form < 0.25 and type_[0] == "i":
            step = self.pick("add", "sub", "xor", "shl", "mul")
            own = f"(local.get {target})"
            return f"(local.set {target} ({type_}.{step} {own} {self.value(type_, 1)}))"
        if form < 0.33 and depth < 2:
            inside = " ".join(self.statement(depth + 1) for _ in range(self.pick(1, 2)))
            return f"(if {self.value('i32', 2)} (then {inside}))"
        return f"(local.set {target} {self.value(type_, self.pick(1, 2, 3))})"

    def function(self, name: str) -> str:
        result = self.pick("i32", "i32", "i64", "i64", "f32", "f64")
        body = " ".join(self.statement() for _ in range(self.pick(0, 1, 2, 3, 5)))
        value = self.part(result, self.pick(1, 2, 3, 4)).text
        if result == "f32" or result == "f64":
            # NaNs are all one in results.
            value = f"(call $c{result} {value})"
        parameters = " ".join(f"(param {n} {t})" for n, t in _PARAMETERS.items())
        locals_ = " ".join(f"(local {n} {t})" for n, t in _LOCALS.items())
        return (
            f'(func (export "{name}") {parameters} (result {result}) {locals_} '
            f"{self.canonical_locals()} {body} {value})"
        )


def generate(random: Random) -> Program:
    """A program of a few functions, each called with edge values."""
    writer = Numerics(random)
    names = [f"f{k}" for k in range(writer.pick(2, 3, 4))]
    functions = "\n".join(writer.function(name) for name in names)
    calls = [
        Call(name, tuple(writer.argument(t) for t in _PARAMETERS.values()))
        for name in names
        for _ in range(6)
    ]
    return Program(f"(module {writer.canonical_functions()} {functions})", tuple(calls))
