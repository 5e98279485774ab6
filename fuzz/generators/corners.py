"""Shapes that the others come to seldom: aims at the rarest decisions of ``elements``, ``induction`` and ``loops``.

Each program is one shape with numbers, steps and operators chosen, in a function that is called with several scripts:
sums of constants and of many locals as addresses, pointers aligned better than their elements, pointers compared and
made from each other, counted loops that are left or throw, a loop with dozens of branches, an ``if`` that ends the
function.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Final

from fuzz.generators.blocks import ENTRY, HEADER
from fuzz.program import Call, Program, i32, i64
from fuzz.writer import Writer

_MANY: Final = 31
"""Branches of one loop from which on a block's label gets a Python loop."""


class Corners(Writer):
    """Writes one function ``f(x i32, p i64) -> i32`` of a shape, with what it calls."""

    def __init__(self, random: Random) -> None:
        super().__init__(random)
        self.size = self.pick(2, 4, 4, 8)
        """Of what pointers point at."""

    # Parts

    def load(self, size: int, address: str) -> str:
        """An i32 from memory."""
        offset = f"offset={self.pick(0, 0, size, 2 * size)}"
        if size == 8:
            return f"(i32.wrap_i64 (i64.load {offset} {address}))"
        return f"(i32.{'load16_u' if size == 2 else 'load'} {offset} {address})"

    def store(self, size: int, address: str, value: str) -> str:
        """A store of an i32."""
        offset = f"offset={self.pick(0, 0, size, 2 * size)}"
        if size == 8:
            return f"(i64.store {offset} {address} (i64.extend_i32_u {value}))"
        return f"(i32.{'store16' if size == 2 else 'store'} {offset} {address} {value})"

    def use(self, pointer: str, size: int) -> str:
        """Something done with what a pointer points at."""
        get = f"(local.get {pointer})"
        if self.chance(0.6):
            return f"(call $mark {self.load(size, get)})"
        return self.store(size, get, "(call $next)")

    def step(self, pointer: str, by: int) -> str:
        return f"(local.set {pointer} (i32.add (local.get {pointer}) (i32.const {by})))"

    def set(self, pointer: str) -> str:
        return f"(local.set {pointer} (i32.const {8 * self.below(20)}))"

    def sum(self, terms: list[str]) -> str:
        text = terms[0]
        for term in terms[1:]:
            text = f"(i32.add {text} {term})" if self.chance(0.5) else f"(i32.add {term} {text})"
        return text

    def counted(self, body: str) -> str:
        """A loop that counts ``$n`` down to zero from a small number."""
        down = "(i32.sub (local.get $n) (i32.const 1))"
        start = self.pick(f"(i32.const {self.below(6) + 1})",
                          "(i32.add (i32.and (local.get $x) (i32.const 7)) (i32.const 1))")  # fmt: skip
        end = f"(br_if $l (local.tee $n {down}))"
        if self.chance(0.2):
            end = f"(local.set $n {down}) (br_if $l (local.get $n))"
        return f"(local.set $n {start}) (loop $l {body} {end})"

    # Shapes: what the function does

    def constants(self) -> str:
        """Addresses that are sums and products of constants."""
        found = []
        for _ in range(4):
            a, b = 8 * self.below(30), self.pick(8, 16, 4, 2, 65528)
            operation, other = self.pick(("add", b), ("add", b), ("shl", self.below(3)), ("mul", 4))
            address = f"(i32.{operation} (i32.const {a}) (i32.const {other}))"
            size = self.pick(2, 4, 8)
            found.append(f"(call $mark {self.load(size, address)})")
            found.append(self.store(size, address, "(call $next)"))
        return " ".join(found)

    def finer(self) -> str:
        """A pointer to small elements that is aligned for greater ones, which are used as well."""
        small = self.pick(2, 4)
        uses = " ".join(self.use("$q", small) for _ in range(4))
        large = self.use("$q", self.pick(8, 4))
        step = self.step("$q", self.pick(8, 16))
        return f"{self.set('$q')} {self.counted(f'{uses} {large} {step}')}"

    def alternatives(self) -> str:
        """Addresses that are shifted bits of several values."""
        shift = self.size.bit_length() - 1
        found = []
        for _ in range(3):
            bits = f"(i32.{self.pick('or', 'xor')} (local.get $x) {self.pick('(local.get $y)', '(call $bit)')})"
            address = f"(i32.shl {bits} (i32.const {shift}))"
            found.append(f"(call $mark {self.load(self.size, address)})")
        return f"(local.set $y (call $bit)) {' '.join(found)}"

    def compared(self) -> str:
        """Two pointers to elements of one size, or of two, compared with each other."""
        other = self.size if self.chance(0.8) else self.pick(2, 4, 8)
        uses = " ".join(self.use("$q", self.size) + self.use("$r", other) for _ in range(3))
        operation = self.pick("eq", "ne", "lt_u", "gt_u", "le_u", "ge_u")
        right = (
            "(local.get $r)" if self.chance(0.7) else f"(i32.const {self.below(20) * self.size})"
        )
        test = f"(if (i32.{operation} (local.get $q) {right}) (then (call $mark (i32.const 5))))"
        steps = f"{self.step('$q', self.size)} {self.step('$r', self.pick(1, 2) * other)}"
        return f"{self.set('$q')} {self.set('$r')} {self.counted(f'{uses} {test} {steps}')}"

    def made(self) -> str:
        """A pointer that is made anew in each round from one that is not used otherwise."""
        index = f"(i32.shl (i32.and (call $next) (i32.const 7)) (i32.const {self.size.bit_length() - 1}))"
        make = f"(local.set $r (i32.add (local.get $q) {index if self.chance(0.5) else f'(i32.const {self.size})'}))"
        uses = " ".join(self.use("$r", self.size) for _ in range(4))
        body = f"{make} {uses} {self.step('$q', self.size)}"
        return f"{self.set('$q')} {self.counted(body)}"

    def many_terms(self) -> str:
        """An address of five terms and more."""
        terms = [f"(local.get {name})" for name in ("$q", "$r", "$y", "$q", "$r", "$z")]
        terms = self.random.sample(terms, self.pick(5, 6))
        body = f"(call $mark {self.load(self.size, self.sum(terms))}) {self.use('$q', self.size)}"
        body += f" {self.step('$q', self.size)} {self.step('$y', self.size)}"
        return f"{self.set('$q')} {self.set('$r')} {self.set('$y')} {self.counted(body)}"

    def ranged(self) -> str:
        """A counted loop whose pointer is what is stepped, unless the loop may be left."""
        within = {
            "nothing": "",
            "try": "(block $o (try_table (catch_all $o) (if (call $bit) (then (throw $t)))))",
            "leave": "(if (call $bit) (then (br $out)))",
            "inside": "(block $o (br_if $o (call $bit)) (call $mark (i32.const 3)))",
            "return": "(if (i32.eqz (call $next)) (then (return (i32.const 9))))",
        }[self.pick("nothing", "nothing", "try", "leave", "inside", "return")]
        body = f"{self.use('$q', self.size)} {self.use('$q', self.size)} {within}"
        by = self.size * self.pick(1, 1, 2)
        step = self.step("$q", by)
        return f"(block $out {self.set('$q')} {self.counted(f'{body} {step}')})"

    def many_branches(self) -> str:
        """A loop, and sometimes a block, that dozens of branches go to."""
        parts = ["(call $tick)"]
        targets = ("$l", "$l", "$l", "$o")
        for k in range(_MANY + self.below(20)):
            parts.append(
                f"(br_if {self.one(targets) if k > _MANY else '$l'} (i32.eq (local.get $y) (i32.const {k})))"
            )
            if self.chance(0.3):
                parts.append(
                    f"(local.set $y (i32.and (call $next) (i32.const {self.pick(63, 255)})))"
                )
        return f"(block $o (loop $l {' '.join(parts)}))"

    def last(self) -> str:
        """An ``if`` without ``else`` that ends functions of both conventions."""
        return f"(call $mark (call $ends (local.get $x) {self.pick('(call $bit)', '(local.get $x)')}))" \
               " (call $hands_on (call $bit))"  # fmt: skip

    def others(self) -> str:
        """The functions that `last` calls."""
        tail = self.pick("(return_call $void)", "(call $void)")
        return f"""(func $void (call $mark (i32.const 7)))
 (func $hands_on (param i32) (if (call $bit) (then {tail})) (call $mark (i32.const 2))
  (if (local.get 0) (then (call $mark (i32.const 3)))))
 (func $ends (param i32 i32) (result i32) (local.get 0)
  (if (param i32) (result i32) (local.get 1) (then (i32.add (i32.const {self.below(9)})) (call $id))))
 (func $id (param i32) (result i32) (call $mark (local.get 0)) (local.get 0))"""

    def function(self) -> str:
        """The function of one shape."""
        shapes: tuple[Callable[[], str], ...] = (
            self.constants, self.finer, self.alternatives, self.compared, self.made, self.many_terms, self.ranged,
            self.ranged, self.many_branches, self.last,
        )  # fmt: skip
        body = self.one(shapes)()
        return f"""(func $f (param $x i32) (param $p i64) (result i32)
 (local $y i32) (local $z i32) (local $n i32) (local $q i32) (local $r i32)
 {body} (call $mark (local.get $q)) (call $mark (local.get $r)) (i32.add (local.get $y) (local.get $n)))"""


def generate(random: Random) -> Program:
    """A program of one shape, called with several scripts."""
    writer = Corners(random)
    function = writer.function()
    # A memory that may become big at any moment.
    shared = random.random() < 0.1
    memory = "1 32768 shared" if shared else random.choice(("1", "1 2", "2 3"))
    data = "".join(f"\\{random.getrandbits(7):02x}" for _ in range(200))
    calls = [
        Call("f", (i32(random.choice((0, 1, 4, 5, 7, -1, 1 << 29))), i64(random.getrandbits(60))))
        for _ in range(8)
    ]
    text = f"""(module {HEADER} (memory (export "m") {memory}) (data (i32.const 0) "{data}") (tag $t)
 {function} {writer.others()} {ENTRY.format(fuel=random.choice((10, 40)))})"""
    features = {"gc", "tail-call", "exceptions"} | ({"threads"} if shared else set())
    return Program(text, tuple(calls), features=frozenset(features))
