"""Counters of loops: aims at ``induction``, ``facts`` and every place that trusts an interval or an alignment.

Counters start at edges, are stepped by ±1 or ±k once or several times, also in inner loops, are compared with every
operator, and are used as addresses near the end of a memory that grows meanwhile. Loops end because a budget does.
"""

from __future__ import annotations

from random import Random
from typing import Final

from fuzz.program import Call, Program, i32, i64
from fuzz.writer import Writer

_COMPARISONS: Final = ("eq", "ne", "lt_s", "lt_u", "gt_s", "gt_u", "le_s", "le_u", "ge_s", "ge_u")
_STEPS: Final = (1, 1, 1, -1, -1, -1, 2, 4, 8, 3, -2, -4, 16, 0x7FFF_FFFF, -0x8000_0000, 0)
_FORMS: Final = (
    (1, "ne"), (1, "ne"), (-1, "ne"), (1, "lt_u"), (1, "lt_u"), (2, "lt_u"), (4, "lt_u"), (16, "lt_u"),
    (1, "lt_s"), (1, "lt_s"), (-1, "zero"), (-1, "zero"), (-1, "gt_u"), (-1, "gt_s"), (1, "le_u"), (1, "ge_s"),
    (2, "ne"), (-2, "zero"), (1, "eq"), (4, "lt_s"), (1, "zero"), (-4, "ne"), (8, "ne"),
)  # fmt: skip
"""Steps and tests of loops that end by themselves; ``zero``: the counter itself is the test."""
_SWAPPED: Final = str.maketrans("lg", "gl")
_STARTS: Final = (
    0, 0, -1, -1, -2, -4, 1, 2, 3, 5, 8, 16, 100, -1, -2, -3, -5, -8, 0x7FFF_FFFE, 0x7FFF_FFFF, -0x8000_0000,
    -0x7FFF_FFFF, 65530, 65535, 65536, 0x3FFF_FFFF, 0x1000_0000, -65536,
)  # fmt: skip
_BOUNDS: Final = (
    0, 1, 2, 3, 4, 5, 7, 10, 16, 30, -1, -2, -5, 0x7FFF_FFFF, 0x7FFF_FFFE, -0x8000_0000, -0x7FFF_FFFE, 65536,
    65532,
)  # fmt: skip
_COUNTERS: Final = ("$i", "$j", "$k")
_LOADS: Final = (
    ("i32.load", 4),
    ("i32.load8_u", 1),
    ("i32.load8_s", 1),
    ("i32.load16_u", 2),
    ("i32.load16_s", 2),
)
_STORES: Final = (("i32.store", 4), ("i32.store8", 1), ("i32.store16", 2))


class Counters(Writer):
    """Writes one function ``f(a i32, b i32, x i64) -> i32``."""

    def __init__(self, random: Random) -> None:
        super().__init__(random)
        self.budget = self.pick(8, 14, 20)
        self.loops = 0
        self.steps = self.chance(0.5)
        """Whether counters are stepped in odd places too."""
        self.memory = self.pick(0.0, 0.15, 0.5)
        """How often memory is used where it could be."""
        self.wild = self.chance(0.3)
        """Whether addresses may be anything."""
        self.outs: list[str] = []
        self.live: list[str] = []
        """Counters of the loops around."""

    def counter(self) -> str:
        """A counter: mostly one that counts just now."""
        if self.live and self.chance(0.8):
            return self.one(self.live[-2:])
        return self.one(_COUNTERS)

    def start(self) -> str:
        if self.chance(0.3):
            return f"(local.get {self.pick('$a', '$b')})"
        if self.chance(0.15):
            return f"(i32.{self.pick('and', 'shl', 'shr_u')} (local.get $a) (i32.const {self.pick(1, 2, 3, 7, 255)}))"
        return f"(i32.const {self.one(_STARTS)})"

    def bound(self) -> str:
        match self.below(10):
            case 0 | 1 | 2:
                return f"(local.get {self.pick('$a', '$b', '$n', '$n')})"
            case 3:
                return f"(i32.and (local.get $b) (i32.const {self.pick(7, 15, 255)}))"
            case 4:
                return f"(local.get {self.one(_COUNTERS)})"
            case 5:
                return self.pick("(global.get $g)", "(i32.load (i32.const 16))",
                                 "(i32.shl (memory.size) (i32.const 16))")  # fmt: skip
        return f"(i32.const {self.one(_BOUNDS)})"

    def step(self, counter: str) -> str:
        """The value of a counter after a step."""
        step = self.one(_STEPS)
        form = self.below(10)
        if form == 0:
            return f"(i32.add (local.get {counter}) (local.get {self.pick('$n', '$b')}))"
        if form < 3:
            return f"(i32.sub (local.get {counter}) (i32.const {-step if step != -0x8000_0000 else step}))"
        if form < 4:
            return f"(i32.add (i32.const {step}) (local.get {counter}))"
        return f"(i32.add (local.get {counter}) (i32.const {step}))"

    def value(self, depth: int = 0) -> str:
        """An i32 in which ranges of counters matter."""
        i = self.counter()
        get = f"(local.get {i})"
        match self.below(14 if depth < 2 else 4):
            case 0 | 1:
                return get
            case 2:
                return f"(local.get {self.pick('$a', '$b', '$n', '$r')})"
            case 3:
                return f"(i32.const {self.one(_BOUNDS)})"
            case 4:
                return f"(i32.{self.pick('add', 'sub')} {get} (i32.const {self.pick(1, 5, 10, -1, -5, 100)}))"
            case 5:
                return f"(i32.{self.pick('add', 'sub', 'mul')} {get} {self.value(depth + 1)})"
            case 6:
                return f"(i32.{self.pick('shl', 'shr_u', 'shr_s', 'rotl')} {get} (i32.const {self.pick(1, 2, 3, 31)}))"
            case 7:
                return f"(i32.{self.one(_COMPARISONS)} {get} {self.value(depth + 1)})"
            case 8:
                return f"(i32.{self.pick('and', 'or', 'xor')} {get} {self.value(depth + 1)})"
            case 9 if self.chance(self.memory):
                return self.load(depth + 1)
            case 10:
                wide = f"(i64.extend_i32_{self.pick('s', 'u')} {get})"
                return f"(i32.wrap_i64 (i64.{self.pick('mul', 'add')} {wide} (local.get $x)))"
            case 11:
                divisor = self.pick("3", "8", "-1", "16")
                return f"(i32.{self.pick('div_s', 'div_u', 'rem_s', 'rem_u')} {get} (i32.const {divisor}))"
            case 12:
                return f"(local.tee {self.pick('$r', '$n')} {self.value(depth + 1)})"
        return f"(i32.{self.pick('extend8_s', 'extend16_s', 'clz', 'ctz', 'eqz')} {get})"

    def probe(self, counter: str) -> str:
        """Something that is seen if what is believed of a counter is not so."""
        get = f"(local.get {counter})"
        small = self.pick(1, 1, 2, 3, 4, 5, 8, 10, 16, 255)
        match self.below(13):
            case 0 | 1 | 2:
                value = f"(i32.sub {get} (i32.const {small}))"
            case 3 | 4:
                value = f"(i32.add {get} (i32.const {self.pick(small, -small, 0x7FFF_FFFF)}))"
            case 5:
                value = (
                    f"(i32.{self.pick('shl', 'mul')} {get} (i32.const {self.pick(2, 3, 4, 16)}))"
                )
            case 6:
                value = f"(i32.{self.pick('lt_s', 'gt_s', 'le_s', 'ge_s')} {get} (i32.const {self.pick(0, small, -1)}))"
            case 7:
                value = f"(i32.{self.pick('shr_s', 'div_s', 'rem_s')} {get} (i32.const {self.pick(1, 3, 7)}))"
            case 8:
                value = f"(i32.wrap_i64 (i64.shr_u (i64.extend_i32_s {get}) (i64.const {self.pick(4, 31, 33)})))"
            case 9:
                value = f"(i32.and {get} (i32.const {self.pick(-1, -2, 0x7FFF_FFFF, 255, -4)}))"
            case 10:
                value = f"(i32.sub {self.pick('(local.get $r)', '(i32.const 100)', '(local.get $p)')} {get})"
            case 11 if self.memory or self.chance(0.2):
                name, size = self.one(_LOADS)
                shifted = self.pick(get, get, f"(i32.shl {get} (i32.const 2))", f"(i32.sub {get} (i32.const {small}))",
                                    f"(i32.add (local.get $p) {get})")  # fmt: skip
                if self.chance(0.5):
                    shifted = (
                        f"(i32.and {shifted} (i32.const {self.pick(0xFFFF, 0xFFFC, 0x1FFFC)}))"
                    )
                value = f"({name} {self.memarg(size)} {shifted})"
            case _:
                value = f"(i32.add (local.get $p) {get})"
        return f"(call $mark {value})" if self.chance(0.8) else f"(local.set $r {value})"

    def probe_value(self, counter: str) -> str:
        """A condition that is seldom true."""
        if self.chance(0.3):
            return f"(i32.eq (local.get {counter}) (i32.const {self.one(_BOUNDS)}))"
        return f"(i32.eq (local.get $r) (i32.const {self.below(9)}))"

    def address(self, depth: int) -> str:
        i = self.counter()
        if not self.wild and self.chance(0.7):
            mask = self.pick(0xFF, 0xFFF8, 0xFFF0)
            return f"(i32.and {self.value(depth + 1)} (i32.const {mask}))"
        match self.below(8):
            case 0 | 1:
                return f"(local.get {i})"
            case 2:
                return f"(i32.shl (local.get {i}) (i32.const {self.pick(1, 2, 3)}))"
            case 3:
                return f"(i32.sub (local.get {i}) (i32.const {self.pick(1, 4, 5)}))"
            case 4:
                return f"(i32.add (local.get $p) (local.get {i}))"
            case 5:
                return "(local.get $p)"
            case 6:
                return f"(i32.add (local.get {i}) (i32.const {self.pick(65528, 65535, 4, 131068)}))"
        return f"(i32.and {self.value(depth + 1)} (i32.const {self.pick(0xFFFF, 0xFFFC, 0x1FFFF)}))"

    def memarg(self, size: int) -> str:
        return f"offset={self.pick(0, 0, 0, 1, 4, 8, 65532)} align={self.pick(1, size, size)}"

    def load(self, depth: int) -> str:
        name, size = self.one(_LOADS)
        return f"({name} {self.memarg(size)} {self.address(depth)})"

    def simple(self) -> str:
        """A statement of no control."""
        form = self.below(12)
        if form < 3:
            return f"(call $mark {self.value()})"
        if form < 5:
            return (
                f"(local.set $r (i32.add (i32.mul (local.get $r) (i32.const 31)) {self.value()}))"
            )
        if form < 7 and self.chance(self.memory):
            name, size = self.one(_STORES)
            return f"({name} {self.memarg(size)} {self.address(1)} {self.value(1)})"
        if form == 7:
            return f"(local.set $p (i32.add (local.get $p) (i32.const {self.pick(1, 1, 2, 4, 4, 8, -4, 65536)})))"
        if form == 8:
            return self.pick("(drop (memory.grow (i32.const 1)))", "(call $grow)",
                             "(global.set $g (i32.add (global.get $g) (i32.const 1)))")  # fmt: skip
        if form == 9 and self.steps:
            i = self.counter()
            if self.chance(0.5):
                return self.inner(i)
            return f"(local.set {i} {self.step(i)})"
        if form == 10 and self.steps:
            return f"(local.set {self.pick('$n', '$b', *_COUNTERS)} {self.value()})"
        return f"(local.set $r (i32.add (i32.rotl (local.get $r) (i32.const 5)) {self.value()}))"

    def inner(self, counter: str) -> str:
        """A small loop that steps a counter of another one."""
        head = self.name("l")
        step = f"(local.set {counter} {self.step(counter)})"
        test = f"(br_if {head} (local.tee $m (i32.sub (local.get $m) (i32.const 1))))"
        return f"(local.set $m (i32.const {self.pick(1, 2, 3, 5)})) (loop {head} {step} {test})"

    def round(self, depth: int, counter: str) -> str:
        """The body of a loop, in which its counter is seen."""
        self.live.append(counter)
        text = self.body(depth, 3)
        probes = " ".join(self.probe(counter) for _ in range(self.pick(0, 1, 2, 3, 5)))
        text = f"{probes} {text}" if self.chance(0.5) else f"{text} {probes}"
        self.live.pop()
        return text

    def body(self, depth: int, most: int) -> str:
        return " ".join(self.statement(depth) for _ in range(self.below(most + 1)))

    def statement(self, depth: int) -> str:
        self.budget -= 1
        form = self.random.random()
        if depth < 4 and self.budget > 0:
            if form < 0.25:
                return self.loop(depth)
            if form < 0.35:
                orelse = f"(else {self.body(depth + 1, 2)})" if self.chance(0.3) else ""
                return f"(if {self.value()} (then {self.body(depth + 1, 2)}) {orelse})"
            if form < 0.42 and self.outs:
                return f"(br_if {self.one(self.outs)} {self.value()})"
            if form < 0.44:
                return f"(if {self.value()} (then (return {self.value()})))"
            if form < 0.48:
                out = self.name("b")
                self.outs.append(out)
                text = f"(block {out} {self.body(depth + 1, 3)})"
                self.outs.pop()
                return text
            if form < 0.5:
                out = self.name("b")
                throw = f"(if {self.value()} (then (throw $t)))"
                inside = f"{self.body(depth + 1, 2)} {throw} {self.body(depth + 1, 1)}"
                return f"(block {out} (try_table (catch_all {out}) {inside}))"
        return self.simple()

    def end(self, head: str, counter: str) -> str:
        """The step and the test at the end of a loop."""
        tee = f"(local.tee {counter} {self.step(counter)})"
        form = self.random.random()
        if form < 0.1:
            # It is stepped elsewhere, in an inner loop perhaps.
            got = f"(local.get {counter})"
            if self.chance(0.5):
                got = f"(i32.{self.pick('ne', 'lt_u', 'lt_s')} {got} {self.bound()})"
            return f"{self.inner(counter) if self.chance(0.6) else ''} (br_if {head} {got})"
        if form < 0.3:
            return f"(br_if {head} {tee})"
        if form < 0.36:
            return (
                f"(local.set {counter} {self.step(counter)}) (br_if {head} (local.get {counter}))"
            )
        if form < 0.4:
            # The condition is a block's.
            compared = f"(i32.{self.one(_COMPARISONS)} {tee} {self.bound()})"
            inside = f"(if (result i32) {self.value(1)} (then {compared}) (else (i32.const 0)))"
            return f"(br_if {head} {inside})"
        comparison = self.one(_COMPARISONS) if self.chance(0.6) else self.pick("ne", "lt_u", "lt_s")
        bound = self.bound()
        if form < 0.85:
            if self.chance(0.05):
                # The value that is tested comes out of a block.
                tee = f"(if (result i32) (global.get $zero) (then (i32.const 0)) (else {tee}))"
            operands = f"{tee} {bound}" if self.chance(0.8) else f"{bound} {tee}"
            return f"(br_if {head} (i32.{comparison} {operands}))"
        got = f"(local.get {counter})"
        operands = f"{got} {bound}" if self.chance(0.8) else f"{bound} {got}"
        return f"(local.set {counter} {self.step(counter)}) (br_if {head} (i32.{comparison} {operands}))"

    def loop(self, depth: int) -> str:
        if self.chance(0.6):
            return self.planned(depth)
        head, out, fuel = self.name("l"), self.name("o"), f"$f{depth}"
        counter = self.one(_COUNTERS)
        init = f"(local.set {counter} {self.start()})" if self.chance(0.85) else ""
        guard = f"(br_if {out} (i32.eqz (local.get {counter})))" if self.chance(0.15) else ""
        self.outs.append(out)
        body = self.round(depth + 1, counter)
        pointer = ""
        if self.chance(0.35):
            step = self.pick(1, 1, 4, 2, 8)
            p = self.pick("$p", "$p", "$r", "$n")
            pointer = f"(local.set {p} (i32.add (local.get {p}) (i32.const {step})))"
            if self.chance(0.5):
                body += f" ({self.pick('i32.store8', 'i32.store')} (local.get {p}) {self.value(1)})"
        self.outs.pop()
        end = self.end(head, counter)
        # A budget may end the loop, by a branch out or a trap.
        match self.below(5):
            case 0 | 1 | 2:
                limit = f"(br_if {out} (i32.eqz (local.tee {fuel} (i32.sub (local.get {fuel}) (i32.const 1)))))"
                inside = f"{limit} {body} {pointer} {end}"
            case 3:
                inside = f"(call $tick) {body} {pointer} {end}"
            case 4:
                inside = f"{body} {pointer} (call $tick) {end}"
            case _:
                inside = f"{body} {pointer} {end}"
        budget = f"(local.set {fuel} (i32.const {self.pick(5, 12, 20)}))"
        return f"(block {out} {budget} {init} {guard} (loop {head} {inside})) {self.after(counter)}"

    def planned(self, depth: int) -> str:
        """A loop that ends by itself, if nothing in it changes what it counts with, as ranges are made of."""
        head, counter = (
            self.name("l"),
            self.one([c for c in _COUNTERS if c not in self.live] or _COUNTERS),
        )
        step, operator = self.one(_FORMS)
        start, last = self.extent(step, operator)
        init, bound = self.beginning(counter, start, last)
        pointer = ""
        if self.chance(0.4):
            p = self.pick("$p", "$p", "$r", "$a")
            pointer = (
                f"(local.set {p} (i32.add (local.get {p}) (i32.const {self.pick(1, 1, 4, 2, 8)})))"
            )
        body = self.round(depth + 1, counter)
        if operator == "zero" and self.chance(0.5):
            # Nobody reads the counter.
            init, counter = (
                init.replace(f"(local.set {counter}", f"(local.set $c{depth}"),
                f"$c{depth}",
            )
        operation, by = ("add", step) if self.chance(0.7) else ("sub", -step)
        stepped = f"(i32.{operation} (local.get {counter}) (i32.const {by}))"
        test = self.ending(head, counter, operator, stepped, bound)
        if self.chance(0.2):
            # The counter is tested before it is stepped, and the loop is left in its middle.
            out = self.name("o")
            bound = "(i32.const 0)" if operator == "zero" else bound
            got = f"(local.get {counter})"
            test = f"(br_if {out} (i32.eq {got} {bound})) {pointer} (local.set {counter} {stepped})"
            inside = f"{body} {test} (br {head})"
            return f"{init} (block {out} (loop {head} {inside})) {self.after(counter)}"
        looped = f"(loop {head} {body} {pointer} {test})"
        if self.chance(0.3):
            # It may be left from within.
            out = self.name("o")
            leave = f"(br_if {out} {self.probe_value(counter)})"
            looped = f"(block {out} (loop {head} {leave} {body} {pointer} {test}))"
        return f"{init} {looped} {self.after(counter)}"

    def extent(self, step: int, operator: str) -> tuple[int, int]:
        """Where a planned counter starts, and what it is compared with."""
        start = self.one(_STARTS)
        last = start + step * self.pick(1, 1, 2, 3, 5, 9, 20)
        if operator not in ("ne", "zero") and self.chance(0.4):
            # The test fails soon, whatever the bound: it may lie behind the start.
            last = self.one(_BOUNDS)
        if operator == "zero":
            start, last = -step * self.pick(1, 2, 3, 5, 9), 0
        return start, (last & 0xFFFF_FFFF ^ 0x8000_0000) - 0x8000_0000

    def beginning(self, counter: str, start: int, last: int) -> tuple[str, str]:
        """What sets a planned counter, and its bound."""
        init = f"(local.set {counter} (i32.const {start}))"
        if self.chance(0.5):
            # The value is there, but its range is not known.
            init = f"(local.set {counter} (i32.add (global.get $zero) (i32.const {start})))"
        bound = f"(i32.const {last})"
        match self.below(4):
            case 0:
                init += f" (local.set $n {bound})"
                bound = "(local.get $n)"
            case 1:
                init += f" (local.set $n (i32.add (global.get $zero) {bound}))"
                bound = "(local.get $n)"
        return init, bound

    def ending(self, head: str, counter: str, operator: str, stepped: str, bound: str) -> str:
        """The step and the test of a planned counter, which lead back to the loop's head."""
        tee = f"(local.tee {counter} {stepped})"
        if operator == "zero":
            return f"(br_if {head} {tee})"
        operands = (
            f"{tee} {bound}" if self.chance(0.8) or "local.get" in bound else f"{bound} {tee}"
        )
        ordered = operator[0] in "lg"
        if operands[0:5] != "(loca" and ordered:
            operator = operator.translate(str.maketrans("lg", "gl"))
        if self.chance(0.15):
            # Stepped before, and on the other side of the comparison.
            swapped = operator.translate(_SWAPPED) if ordered else operator
            got = f"(local.get {counter})"
            return f"(local.set {counter} {stepped}) (br_if {head} (i32.{swapped} {bound} {got}))"
        return f"(br_if {head} (i32.{operator} {operands}))"

    def after(self, counter: str) -> str:
        """The counter's value after the loop is seen now and then."""
        return f"(call $mark (local.get {counter}))" if self.chance(0.6) else ""

    def function(self) -> str:
        parts = [
            self.loop(0) if self.chance(0.7) else self.statement(0)
            for _ in range(self.pick(2, 3, 4, 5))
        ]
        if self.chance(0.5):
            parts.insert(
                0,
                f"(local.set $p {self.pick('(local.get $b)', '(i32.const 65520)', '(i32.const 0)')})",
            )
        return f"""(func $f (param $a i32) (param $b i32) (param $x i64) (result i32)
  (local $i i32) (local $j i32) (local $k i32) (local $n i32) (local $p i32) (local $r i32) (local $m i32)
  (local $c0 i32) (local $c1 i32) (local $c2 i32) (local $c3 i32) (local $c4 i32) (local $c5 i32)
  (local $f0 i32) (local $f1 i32) (local $f2 i32) (local $f3 i32)
  {" ".join(parts)}
  (call $mark (local.get $i)) (call $mark (local.get $j)) (call $mark (local.get $k)) (call $mark (local.get $p))
  (call $mark (local.get $n)) (local.get $r))"""


# A value that is not canonical shows: marks are of 64 bits.
HEADER: Final = """
 (global $h (export "h") (mut i64) (i64.const 1))
 (global $g (export "g") (mut i32) (i32.const 3))
 (global $fuel (mut i32) (i32.const 0))
 (tag $t) (global $zero (export "zero") (mut i32) (i32.const 0))
 (data (i32.const 65528) "\\01\\02\\03\\04\\aa\\bb\\cc\\dd")
 (data (i32.const 0) "\\05\\06\\07\\08\\ff\\fe\\fd\\fc\\00\\00\\00\\80\\ff\\ff\\ff\\7f\\0a\\00\\00\\00")
 (func $mark (param i32)
  (global.set $h (i64.add (i64.mul (global.get $h) (i64.const 31)) (i64.extend_i32_u (local.get 0)))))
 (func $tick
  (global.set $fuel (i32.sub (global.get $fuel) (i32.const 1)))
  (if (i32.eqz (global.get $fuel)) (then unreachable)))
 (func $grow (drop (memory.grow (i32.const 1))))
"""


def generate(random: Random) -> Program:
    """A program of one function, called with edge values."""
    writer = Counters(random)
    function = writer.function()
    memory = writer.pick("1 3", "1 3", "1", "1 65536", "2 2")
    text = f"""(module (memory (export "m") {memory}) {HEADER} {function}
 (func (export "f") (param i32 i32 i64) (result i32)
  (global.set $fuel (i32.const {writer.pick(30, 60, 200)}))
  (call $f (local.get 0) (local.get 1) (local.get 2))))"""
    calls = []
    for _ in range(5):
        a = writer.one(_STARTS) if writer.chance(0.6) else writer.below(40)
        b = writer.one(_BOUNDS) if writer.chance(0.6) else writer.below(40)
        calls.append(Call("f", (i32(a), i32(b), i64(writer.pick(0, 1, -1, 7, 1 << 40)))))
    return Program(text, tuple(calls), features=frozenset({"exceptions"}), ends=False)
