"""Pointers that walk over memory: aims at element indices, typed views, alignment, and pointers beside counters.

Locals start at aligned and other addresses, are stepped by the size of what they point at or not, are made of each
other, of shifted indices and of masked values, and are compared with where they end. Memories may be of any kind.
"""

from __future__ import annotations

from random import Random
from typing import Final

from fuzz.program import Call, Program, i32
from fuzz.writer import Writer

_POINTERS: Final = ("$p", "$q", "$s")
_ACCESSES: Final = (
    ("i32", "load", 4), ("i32", "load", 4), ("i32", "load16_u", 2), ("i32", "load16_s", 2), ("i32", "load8_u", 1),
    ("i64", "load", 8), ("i64", "load32_u", 4), ("i64", "load32_s", 4), ("i64", "load16_s", 2), ("f64", "load", 8),
    ("f32", "load", 4),
)  # fmt: skip
_STORES: Final = (
    ("i32", "store", 4), ("i32", "store", 4), ("i32", "store16", 2), ("i32", "store8", 1), ("i64", "store", 8),
    ("i64", "store32", 4), ("f64", "store", 8), ("f32", "store", 4),
)  # fmt: skip
_MEMORIES: Final = ("1 2", "1", "1 65536", "i64 1 3", "1 3 shared", "1 32768")


class Pointers(Writer):
    """Writes one function ``f(a i32, n i32) -> i32``."""

    def __init__(self, random: Random) -> None:
        super().__init__(random)
        self.memory = self.pick(*_MEMORIES, "1 2", "1", "1")
        self.wide = self.memory.startswith("i64")
        self.size = self.pick(4, 4, 4, 8, 8, 2)
        """Of what most pointers point at."""
        self.tidy = self.pick(0.5, 0.8, 0.95)
        """How often a step is the size."""
        self.depth = 0

    def aligned(self) -> int:
        """A small number, mostly a multiple of the size."""
        number = self.below(24) * self.size
        return number if self.chance(self.tidy) else number + self.below(8)

    def start(self) -> str:
        """Where a pointer starts."""
        match self.below(10):
            case 0:
                return f"(local.get {self.pick('$a', '$b')})"
            case 1:
                return (
                    f"(i32.and (local.get $a) (i32.const {self.pick(-4, -8, 0xFFF8, 0xFFFC, 255)}))"
                )
            case 2 | 3:
                return self.index()
            case 4:
                other = self.one(_POINTERS)
                return f"(i32.add (local.get {other}) (i32.const {self.aligned()}))"
            case 5:
                return f"(local.get {self.one(_POINTERS)})"
            case 6:
                return f"(i32.mul (i32.and (local.get $a) (i32.const 15)) (i32.const {self.pick(self.size, 12, 3)}))"
        return f"(i32.const {self.aligned()})"

    def index(self) -> str:
        """A pointer and a shifted index."""
        shift = self.size.bit_length() - 1 if self.chance(self.tidy) else self.below(4)
        scaled = f"(i32.shl (local.get {self.pick('$i', '$j', '$a')}) (i32.const {shift}))"
        if self.chance(0.2):
            scaled = f"(i32.mul (local.get {self.pick('$i', '$j')}) (i32.const {self.pick(self.size, 6, 24)}))"
        if self.chance(0.3):
            return scaled
        other = f"(local.get {self.one(_POINTERS)})"
        return f"(i32.{self.pick('add', 'add', 'add', 'sub')} {self.pick(other, scaled)} {scaled})"

    def address(self) -> str:
        form = self.random.random()
        if form < 0.6:
            text = f"(local.get {self.one(_POINTERS)})"
        elif form < 0.75:
            text = self.index()
        elif form < 0.9:
            step = self.aligned() if self.chance(0.7) else -self.size
            text = f"(i32.add (local.get {self.one(_POINTERS)}) (i32.const {step}))"
        elif form < 0.95:
            text = f"(i32.const {self.aligned()})"
        else:
            # Terms that cancel, and those that cannot be divided.
            p = f"(local.get {self.one(_POINTERS)})"
            text = self.pick(
                f"(i32.sub {p} {p})", f"(i32.sub (i32.const 64) {p})", f"(i32.shl {p} (i32.const 1))",
                f"(i32.add (i32.shr_u {p} (i32.const 1)) {p})", f"(i32.and {p} (i32.const {-self.size}))",
            )  # fmt: skip
        return f"(i64.extend_i32_u {text})" if self.wide else text

    def memarg(self, size: int) -> str:
        offset = self.pick(0, 0, 0, self.size, 2 * self.size, 16, 65528, 1)
        return f"offset={offset} align={size if self.chance(0.8) else 1}"

    def loaded(self) -> str:
        """An i32 from memory."""
        fitting = [access for access in _ACCESSES if access[2] == self.size]
        type_, name, size = self.one(fitting) if self.chance(self.tidy) else self.one(_ACCESSES)
        text = f"({type_}.{name} {self.memarg(size)} {self.address()})"
        return {"i32": text, "i64": f"(i32.wrap_i64 {text})"}.get(
            type_, f"(i32.trunc_sat_{type_}_s {text})"
        )

    def value(self) -> str:
        match self.below(6):
            case 0:
                return f"(local.get {self.one(_POINTERS)})"
            case 1:
                return f"(local.get {self.pick('$i', '$j', '$r', '$a')})"
            case 2:
                return f"(i32.const {self.below(300)})"
            case 3:
                p, q = self.one(_POINTERS), self.one(_POINTERS)
                return f"(i32.sub (local.get {p}) (local.get {q}))"
        return self.loaded()

    def store(self) -> str:
        fitting = [access for access in _STORES if access[2] == self.size]
        type_, name, size = self.one(fitting) if self.chance(self.tidy) else self.one(_STORES)
        value = self.value()
        value = {"i32": value, "i64": f"(i64.extend_i32_s {value})"}.get(
            type_, f"({type_}.convert_i32_s {value})"
        )
        return f"({type_}.{name} {self.memarg(size)} {self.address()} {value})"

    def step(self, pointer: str) -> str:
        by = self.size if self.chance(self.tidy) else self.pick(1, 2, 3, -4, 12, 65536)
        operation = self.pick("add", "add", "add", "sub") if self.chance(0.5) else "add"
        return f"(local.set {pointer} (i32.{operation} (local.get {pointer}) (i32.const {by})))"

    def compared(self) -> str:
        """A comparison of pointers."""
        p = f"(local.get {self.one(_POINTERS)})"
        other = self.pick(f"(local.get {self.one(_POINTERS)})", "(local.get $e)", "(local.get $e)",
                          f"(i32.const {self.aligned()})", "(local.get $n)")  # fmt: skip
        operation = self.pick("eq", "ne", "lt_u", "gt_u", "le_u", "ge_u", "lt_s")
        return f"(i32.{operation} {p} {other})"

    def statement(self) -> str:
        match self.below(11):
            case 0 | 1:
                return self.store()
            case 2 | 3:
                return f"(local.set $r (i32.add (local.get $r) {self.loaded()}))"
            case 4 | 5:
                return self.step(self.one(_POINTERS))
            case 6:
                return f"(local.set {self.one(_POINTERS)} {self.start()})"
            case 7:
                return f"(call $mark {self.value()})"
            case 8:
                return f"(if {self.compared()} (then {self.store()}))"
            case 9 if self.depth < 2:
                return self.loop()
        return self.pick(
            "(drop (memory.grow (i32.const 1)))" if not self.wide else "",
            self.step(self.one(_POINTERS)),
        )

    def loop(self) -> str:
        """A loop over something, with a budget where it may not end."""
        head, out = self.name("l"), self.name("o")
        fuel = f"$k{self.depth}"
        self.depth += 1
        pointer = self.one(_POINTERS)
        body = [self.statement() for _ in range(self.pick(1, 2, 3))]
        if self.chance(0.7):
            body.insert(self.below(len(body) + 1), self.step(pointer))
        counter = self.pick("$i", "$j")
        count = self.pick(1, 2, 5, 9)
        init = f"(local.set {pointer} {self.start()})" if self.chance(0.8) else ""
        match self.below(6):
            case 0 | 1:
                # Counted down to zero, the counter not read: the pointer may be what `range` steps.
                down = (
                    f"(local.tee $c{self.depth} (i32.sub (local.get $c{self.depth}) (i32.const 1)))"
                )
                init += f" (local.set $c{self.depth} {self.pick(f'(i32.const {count})', '(local.get $n)')})"
                end = f"(br_if {head} {down})"
            case 2:
                up = f"(local.tee {counter} (i32.add (local.get {counter}) (i32.const 1)))"
                init += f" (local.set {counter} (i32.const 0))"
                bound = self.pick(f"(i32.const {count})", "(local.get $n)")
                end = f"(br_if {head} (i32.{self.pick('lt_u', 'ne', 'lt_s')} {up} {bound}))"
            case 3:
                # As long as the pointer is not where it ends.
                init += f" (local.set $e (i32.add (local.get {pointer}) (i32.const {count * self.size})))"
                stepped = (
                    f"(local.tee {pointer} (i32.add (local.get {pointer}) (i32.const {self.size})))"
                )
                end = f"(br_if {head} (i32.{self.pick('ne', 'lt_u')} {stepped} (local.get $e)))"
            case _:
                end = f"(br_if {head} {self.compared()})"
        budget = (
            f"(br_if {out} (i32.eqz (local.tee {fuel} (i32.sub (local.get {fuel}) (i32.const 1)))))"
        )
        if self.chance(0.5):
            budget = ""
        self.depth -= 1
        inside = f"{budget} {' '.join(body)} {end}"
        return f"(block {out} (local.set {fuel} (i32.const 20)) {init} (loop {head} {inside}))"

    def function(self) -> str:
        starts = " ".join(
            f"(local.set {p} (i32.const {self.aligned()}))" for p in _POINTERS if self.chance(0.8)
        )
        body = " ".join(
            self.loop() if self.chance(0.7) else self.statement() for _ in range(self.pick(1, 2, 3))
        )
        marks = " ".join(f"(call $mark (local.get {p}))" for p in (*_POINTERS, "$i", "$j", "$e"))
        names = (
            "$b",
            "$n",
            *_POINTERS,
            "$i",
            "$j",
            "$e",
            "$r",
            "$k0",
            "$k1",
            "$k2",
            "$c1",
            "$c2",
            "$c3",
        )
        declared = " ".join(f"(local {name} i32)" for name in names)
        return f"""(func $f (param $a i32) (param $m i32) (result i32) {declared}
  (local.set $n (i32.add (i32.and (local.get $m) (i32.const 7)) (i32.const 1)))
  {starts} {body} {marks} (local.get $r))"""


def generate(random: Random) -> Program:
    """A program of one function, called a few times."""
    writer = Pointers(random)
    function = writer.function()
    data = "".join(f"\\{random.getrandbits(7):02x}" for _ in range(96))
    at = "i64" if writer.wide else "i32"
    text = f"""(module (memory (export "m") {writer.memory}) (data ({at}.const 0) "{data}")
 (data ({at}.const 65520) "{data[:48]}")
 (global $h (export "h") (mut i64) (i64.const 1))
 (func $mark (param i32)
  (global.set $h (i64.add (i64.mul (global.get $h) (i64.const 31)) (i64.extend_i32_u (local.get 0)))))
 {function}
 (func (export "f") (param i32 i32) (result i32) (call $f (local.get 0) (local.get 1))))"""
    calls = tuple(
        Call(
            "f",
            (
                i32(random.choice((0, 4, 8, 12, 3, 64, 65520, -4, -8, 1 << 31))),
                i32(random.randrange(9)),
            ),
        )
        for _ in range(5)
    )
    features = {"memory64"} if writer.wide else {"threads"} if "shared" in writer.memory else set()
    return Program(text, calls, features=frozenset(features), ends=False)
