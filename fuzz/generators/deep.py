"""Nesting up to and beyond what Python allows: aims at the limits of loops, levels, handlers and expressions.

Loops, ifs, blocks and handlers lie in each other by the dozen or by the hundred; branches leave few levels or many.
"""

from __future__ import annotations

from random import Random

from fuzz.generators.blocks import ENTRY, HEADER, Blocks, Label
from fuzz.program import Call, Program, i32, i64


class Deep(Blocks):
    """Writes one deep function."""

    def __init__(self, random: Random) -> None:
        super().__init__(random)
        self.fuel = "tick"
        self.values = 0.0
        self.budget = 60
        self.level = 0

    def part(self) -> str:
        """Something between two levels."""
        self.budget = 6
        return self.statements(self.deepest - 1, self.pick(0, 0, 1, 2)) if self.chance(0.5) else ""

    def jump_out(self) -> str:
        """A branch that leaves some levels, few or many."""
        if not self.chance(0.5):
            return ""
        label = self.one(self.labels[-self.pick(2, 5, 400) :])
        return f"(br_if {label.name} {self.condition()})"

    def nested(self, kinds: tuple[str, ...], count: int) -> str:
        """So many structured instructions in each other."""
        if count == 0:
            return f"{self.mark()} {self.jump_out()}"
        kind = self.one(kinds)
        label = Label(self.name(), (), loop=kind == "loop")
        self.labels.append(label)
        before, inside = self.part(), self.nested(kinds, count - 1)
        after = f"{self.jump_out()} {self.part()}"
        self.labels.pop()
        match kind:
            case "loop":
                again = f"(br_if {label.name} (i32.eqz (call $next)))" if self.chance(0.5) else ""
                return f"(loop {label.name} (call $tick) {before} {inside} {after} {again})"
            case "if":
                other = f"(else {self.part()} {self.mark()})" if self.chance(0.5) else ""
                return (
                    f"(if {label.name} {self.condition()} (then {before} {inside} {after}) {other})"
                )
            case "other":
                return f"(if {label.name} {self.condition()} (then {self.mark()}) (else {before} {inside} {after}))"
            case "try":
                clause = self.pick("(catch $t {})", "(catch_all {})").format(
                    self.one(self.labels[-4:]).name
                )
                throw = "(if (call $bit) (then (throw $t)))" if self.chance(0.4) else ""
                return f"(try_table {label.name} {clause} {before} {throw} {inside} {after})"
        return f"(block {label.name} {before} {inside} {after})"

    def expression(self, count: int) -> str:
        """A value of so many levels."""
        if count == 0:
            return f"(local.get {self.pick('$x', '$y', '$z')})"
        inner = self.expression(count - 1)
        small = f"(i32.const {self.below(99)})"
        match self.below(7):
            case 0:
                return f"(if (result i32) {inner} (then {small}) (else (local.get $y)))"
            case 1:
                label = self.name()
                return f"(block {label} (result i32) (drop (br_if {label} {small} {self.condition()})) {inner})"
            case 2:
                return f"(select {inner} {small} (local.get $x))"
            case 3:
                return f"(i32.eqz {inner})"
        return f"(i32.{self.pick('add', 'xor', 'sub', 'lt_s', 'rotl', 'shr_s')} {inner} {small})"

    def body_of(self, shape: str) -> str:
        """The body of a function of some shape."""
        match shape:
            case "loops":
                return self.nested(("loop",), self.pick(16, 19, 21, 26))
            case "mixed":
                return self.nested(("loop", "block", "if", "other"), self.pick(25, 40))
            case "ifs":
                return self.nested(("if", "if", "other"), self.pick(60, 110, 120))
            case "blocks":
                return self.nested(("block", "block", "block", "if"), self.pick(120, 310))
            case "tries":
                return self.nested(("try", "try", "loop", "block"), self.pick(16, 24))
        return f"(local.set $z {self.expression(self.pick(40, 90, 250))})"

    def function_of(self, shape: str) -> str:
        """The function ``$f`` of some shape."""
        text = super().function()
        top = Label("$top", ())
        self.labels = [top]
        start = text.index("(block $top")
        end = text.index("(i32.add (local.get $x) (i32.mul (i32.const 7)")
        return f"{text[:start]}(block $top {self.body_of(shape)}) {text[end:]}"


def generate(random: Random) -> Program:
    """A program of one deep function, called with several scripts."""
    writer = Deep(random)
    shape = random.choice(("loops", "mixed", "ifs", "blocks", "tries", "tries", "expressions"))
    function = writer.function_of(shape)
    calls = [Call("f", (i32(random.randrange(8)), i64(random.getrandbits(60)))) for _ in range(5)]
    text = f"(module {HEADER} (tag $t) {function} {ENTRY.format(fuel=random.choice((60, 200)))})"
    features = {"gc", "tail-call"} | ({"exceptions"} if shape == "tries" else set())
    return Program(text, tuple(calls), features=frozenset(features))
