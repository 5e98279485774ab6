"""Every atomic access on shared and plain memories of both address types: aims at their emitters and their traps."""

from __future__ import annotations

from random import Random
from typing import Final

from fuzz.algebra import Algebra, Part, accessing
from fuzz.program import Call, Program

_NAMES: Final = {"$a": "i32", "$b": "i32", "$x": "i64", "$y": "i64"}


class Atomics(Algebra):
    """Writes functions of atomic accesses."""

    def __init__(self, random: Random) -> None:
        super().__init__(random, ("i32", "i64"))
        self.locals = {t: tuple(n for n, own in _NAMES.items() if own == t) for t in self.types}
        self.address_type = self.pick("i32", "i32", "i32", "i64")
        self.memories = ((0, self.address_type),)
        self.shared = self.chance(0.6)
        self.atomic = accessing(self.types, atomic=True)

    def address(self, type_: str, depth: int, size: int) -> str:
        """Few addresses, mostly aligned."""
        if self.chance(0.9):
            return (
                f"({type_}.const {self.below(6) * 8 + (self.below(8) if self.chance(0.05) else 0)})"
            )
        return super().address(type_, depth, size)

    def part(self, type_: str, depth: int) -> Part:
        if depth > 0 and self.chance(0.4):
            found = [op for op in self.atomic if op.results and str(op.results[0]) == type_]
            return Part(self.access(self.one(found), depth), type_)
        return super().part(type_, depth)

    def statement(self) -> str:
        form = self.random.random()
        if form < 0.3:
            op = self.one([op for op in self.atomic if not op.results])
            return self.access(op, 2)
        if form < 0.35:
            return "(atomic.fence)"
        if form < 0.45:
            return f"(call $mark {self.waiting()})"
        if form < 0.6:
            return f"(call $mark {self.value('i32', 2)})"
        type_ = self.pick("i32", "i64")
        return f"(local.set {self.one(self.locals[type_])} {self.value(type_, 3)})"

    def waiting(self) -> str:
        """A wait that ends at once: for a value that is not there, or for no time."""
        bits = self.pick(32, 64)
        where = f"({self.address_type}.const {self.below(4) * 8})"
        time = f"(i64.const {self.pick(0, 1, 1000)})"
        return f"(memory.atomic.wait{bits} {where} {self.const(f'i{bits}')} {time})"

    def function(self, name: str) -> str:
        body = " ".join(self.statement() for _ in range(self.pick(2, 3, 5)))
        return (
            f'(func (export "{name}") (param $a i32) (param $x i64) (result i32) (local $b i32) (local $y i64) '
            f"{body} (i32.xor {self.value('i32', 2)} (i32.wrap_i64 {self.value('i64', 2)})))"
        )


def generate(random: Random) -> Program:
    """A program of a few functions on one memory."""
    writer = Atomics(random)
    names = [f"f{k}" for k in range(writer.pick(1, 2, 3))]
    functions = " ".join(map(writer.function, names))
    wide = "i64 " if writer.address_type == "i64" else ""
    text = f"""(module (memory (export "m") {wide}1 2{" shared" if writer.shared else ""})
 (global $h (export "h") (mut i32) (i32.const 1))
 (func $mark (param i32)
  (global.set $h (i32.add (i32.mul (global.get $h) (i32.const 31)) (local.get 0))))
 {functions})"""
    calls = tuple(
        Call(name, (writer.argument("i32"), writer.argument("i64")))
        for name in names
        for _ in range(3)
    )
    features = {"threads"} | ({"memory64"} if wide else set())
    return Program(text, calls, features=frozenset(features))
