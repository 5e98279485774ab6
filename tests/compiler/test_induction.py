"""Counters of loops: what is believed about them holds, whatever steps, tests and edges do.

Random loops with every way to step, place, test and use a counter near the edges of its type are compared with
Wasmtime. More of them: ``FUZZ_LOOPS=5000 FUZZ_START=100000 pytest tests/compiler/test_induction.py``.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from typing import Any, Final

import pytest
import wasmtime

from pyjsapi.binary.decoder import decode_module
from pyjsapi.compiler.control.induction import Induction
from pyjsapi.compiler.control.tree import Node, build_tree
from pyjsapi.compiler.facts import Facts
from pyjsapi.compiler.options import Options
from pyjsapi.runtime.exception import ExnInst
from pyjsapi.syntax.errors import WasmError
from pyjsapi.syntax.types import I32
from pyjsapi.text import wat2wasm

PROGRAMS: Final = int(os.environ.get("FUZZ_LOOPS", "400"))
START: Final = int(os.environ.get("FUZZ_START", "0"))
PER_TEST: Final = 50
FUEL: Final = 20_000

EDGES: Final = (0, 1 << 30, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF)
"""Where counters start and end, give or take a few."""
TESTS: Final = ("eq", "ne", "lt_u", "lt_s", "gt_u", "gt_s", "le_u", "le_s", "ge_u", "ge_s")
USUAL: Final = {
    "value": (-1,),
    "ne": (1, -1),
    "lt_u": (1, 4, 64),
    "lt_s": (1, 2),
}
"""Tests that the rules know, with the steps that they know; ``value`` is the counter itself."""
STEPS: Final = (1, 1, 1, -1, -1, -1, 2, 4, 3, -2, -4, 64, 0x7FFF_FFFF, -0x8000_0000)
SWAPPED: Final = {"lt_u": "gt_u", "lt_s": "gt_s"}
M32: Final = 0xFFFF_FFFF

HEADER: Final = """
  (memory (export "memory") 1 3)
  (data (i32.const 0) "\\01\\82\\03\\84\\05\\86\\07\\88\\09\\8a\\0b\\8c\\0d\\8e\\0f")
  (data (i32.const 65520) "\\11\\92\\13\\94\\15\\96\\17\\98\\19\\9a\\1b\\9c\\1d\\9e\\1f\\a0")
  (tag $t)
  (global $fuel (mut i32) (i32.const 60))
  (global $i (export "i") (mut i32) (i32.const 0))
  (global $p (export "p") (mut i32) (i32.const 0))
  (func $throws (param i32)
    (if (i32.eqz (i32.and (local.get 0) (i32.const 7))) (then (throw $t))))"""


class LoopProgram:
    """One random program; ``arguments`` are what to call its export ``f`` with."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.usual = self.random.choice(list(USUAL)) if self.chance(0.75) else ""
        near = self.random.randrange(-6, 13)
        edge = self.random.choice(EDGES) if self.chance(0.6) else 0
        if self.usual == "lt_u" and self.chance(0.4):
            edge = M32
        self.start = edge + near & M32
        bound = self.start + self.random.choice((0, 1, 2, 4, 5, 8, 12, 20, -1, -4, -9))
        if self.chance(0.3):
            bound = self.random.choice(EDGES) + self.random.randrange(-3, 9)
        self.bound = bound & M32
        self.arguments = (self.start, self.bound, self.random.choice((0, 4, 8, 65500, 65528, M32)))

    def chance(self, probability: float) -> bool:
        return self.random.random() < probability

    def pick(self, *choices: str) -> str:
        return self.random.choice(choices)

    # Expressions

    def near(self) -> str:
        """An i32 close to the counter or the pointer, of which an interval says whether it wraps."""
        c = self.random.choice((0, 1, 1, 2, 3, 4, 5, 8, 100))
        i = f"(local.get {self.pick('$i', '$i', '$i', '$p', '$e')})"
        return self.pick(
            i,
            f"(i32.add {i} (i32.const {c}))",
            f"(i32.add {i} (i32.const {c}))",
            f"(i32.sub {i} (i32.const {c}))",
            f"(i32.sub {i} (i32.const {c}))",
            f"(i32.mul {i} (i32.const {c}))",
            f"(i32.shl {i} (i32.const {c & 7}))",
            f"(i32.sub (local.get $h) {i})",
        )

    def use(self) -> str:
        """An i32 that is another one where a mask is missing."""
        c = self.random.choice((0, 1, 2, 3, 4, 5, 8, 100))
        i = self.near()
        return self.pick(
            f"(i32.shr_s {i} (i32.const {c & 7}))",
            f"(i32.shr_u {i} (i32.const {c & 7}))",
            f"(i32.div_s {i} (i32.const {c + 1}))",
            f"(i32.rem_u {i} (i32.const {c + 1}))",
            f"(i32.wrap_i64 (i64.shr_u (i64.extend_i32_s {i}) (i64.const {c + 30})))",
            f"(i32.wrap_i64 (i64.shr_u (i64.extend_i32_u {i}) (i64.const {c})))",
            f"(i32.wrap_i64 (i64.div_s (i64.extend_i32_u {i}) (i64.const {c - 9})))",
            f"(i32.{self.pick(*TESTS)} {i} (i32.const {self.pick('-1', '0', '7', '2147483647')}))",
            f"(i32.{self.pick(*TESTS)} {i} (local.get $h))",
            f"(i32.{self.pick(*TESTS)} {i} {self.near()})",
            f"(i32.clz {i})",
            f"(select {i} (local.get $h) (i32.{self.pick(*TESTS)} {i} (local.get $n)))",
        )

    def access(self) -> str:
        """A load close to the counter or the pointer, or to one end of the memory."""
        load = self.pick(
            "load8_u", "load8_s align=1", "load16_u", "load", "load align=1", "load16_s"
        )
        name, *align = load.split()
        offset = self.pick("", "", "offset=4", "offset=65528", "offset=3")
        if self.chance(0.3):
            return f"(i32.load {self.pick('', 'offset=4')} (local.get $e))"
        address = self.near() if self.chance(0.7) else self.use()
        if self.chance(0.4):
            address = f"(i32.and {address} (i32.const {self.pick('65535', '65532', '131071')}))"
        return f"(i32.{name} {offset} {' '.join(align)} {address})"

    def mix(self, value: str) -> str:
        return f"(local.set $h (i32.add (i32.mul (local.get $h) (i32.const 37)) {value}))"

    def statement(self) -> str:
        form = self.random.random()
        if form < 0.35:
            return self.mix(self.use())
        if form < 0.6:
            return self.mix(self.access())
        if form < 0.75:
            store = self.pick("store8", "store", "store16")
            return f"(i32.{store} {self.use()} {self.use()})"
        if form < 0.85:
            condition = f"(i32.{self.pick(*TESTS)} {self.use()} {self.use()})"
            return f"(if {condition} (then {self.statement()}) (else {self.statement()}))"
        if form < 0.9:
            return "(drop (memory.grow (i32.const 1)))"
        return f"(local.set $q {self.use()}) {self.mix('(i32.shr_u (local.get $q) (i32.const 1))')}"

    # The loop

    def stepping(self, local: str, step: int) -> str:
        """The new value of a local."""
        if self.chance(0.3):
            return f"(i32.sub (local.get {local}) (i32.const {-step}))"
        if self.chance(0.2):
            return f"(i32.add (i32.const {step}) (local.get {local}))"
        return f"(i32.add (local.get {local}) (i32.const {step}))"

    def placed(self, step: str) -> str:
        """A step somewhere in the body: always, sometimes, or several times a round."""
        form = self.random.random()
        if form < 0.2:
            return step
        if form < 0.3:
            return f"(if {self.use()} (then {step}))"
        if form < 0.4:
            return f"(block $skip (br_if $skip {self.use()}) {step})"
        if form < 0.45:
            return f"(loop $once {step})"
        if form < 0.5:
            return f"{step} {step}"
        return f"""(local.set $k (i32.const {self.random.randrange(1, 6)}))
          (loop $again {step}
            (br_if $again (local.tee $k (i32.sub (local.get $k) (i32.const 1)))))"""

    def bound_text(self) -> str:
        form = self.random.random()
        if form < 0.45:
            return f"(i32.const {self.bound})"
        return "(local.get $n)" if form < 0.9 else "(local.get $h)"

    def loop(self) -> str:
        step = self.random.choice(USUAL[self.usual] if self.usual else STEPS)
        stepped = self.stepping("$i", step)
        body = [self.statement() for _ in range(self.random.randrange(1, 9))]
        if self.chance(0.3):
            body.append("(call $throws (local.get $h))")
        if self.chance(0.3):
            body.append(f"(br_if $out (i32.eq {self.use()} (i32.const 3)))")
        if self.chance(0.1):
            body.append("(local.set $n (i32.add (local.get $n) (i32.const 1)))")
        value = f"(local.tee $i {stepped})"
        if self.chance(0.5):
            body.append(self.placed(f"(local.set $i {stepped})"))
            value = "(local.get $i)"
        self.random.shuffle(body)
        for pointer, steps in (("$p", (1, 2, 4, 8)), ("$e", (4, 4, 4, 8, -4, 2))):
            if self.chance(0.5):
                where = len(body) if self.chance(0.6) else self.random.randrange(len(body) + 1)
                stepped = self.stepping(pointer, self.random.choice(steps))
                body.insert(where, f"(local.set {pointer} {stepped})")
        if self.chance(0.6):
            body.insert(
                0,
                """(br_if $out (i32.eqz (global.get $fuel)))
            (global.set $fuel (i32.sub (global.get $fuel) (i32.const 1)))""",
            )
        name = self.usual or self.pick("value", *TESTS)
        if name == "value":
            test = value
        else:
            operands = [value, self.bound_text()]
            if self.chance(0.3):
                operands.reverse()
                name = SWAPPED.get(name, name) if self.usual else name
            test = f"(i32.{name} {' '.join(operands)})"
        return f"(loop $l {' '.join(body)} (br_if $l {test}))"

    def text(self) -> str:
        """The module."""
        start = (
            f"(local.set $i (i32.const {self.start}))"
            if self.chance(0.7)
            else "(local.set $i (local.get $a))"
        )
        guard = self.pick(
            "", "", f"(br_if $out (i32.{self.pick(*TESTS)} (local.get $i) (local.get $n)))"
        )
        loop = self.loop()
        if self.chance(0.3):
            loop = f"(block $caught (try_table (catch_all $caught) {loop}))"
        if self.chance(0.2):
            again = "(br_if $outer (local.tee $m (i32.sub (local.get $m) (i32.const 1))))"
            loop = f"(local.set $m (i32.const 3)) (loop $outer {loop} {again})"
        element = self.pick("(i32.and (local.get $p) (i32.const -4))", "(i32.const 8)")
        aligned = self.pick("", "(local.set $p (i32.and (local.get $p) (i32.const -8)))")
        return f"""(module {HEADER}
          (func (export "f") (param $a i32) (param $n i32) (param $p i32) (result i32)
            (local $i i32) (local $h i32) (local $k i32) (local $q i32) (local $m i32) (local $e i32)
            {start} {aligned} (local.set $e {element})
            (block $out {guard} {loop} {self.statement()})
            (global.set $i (local.get $i)) (global.set $p (local.get $p))
            (local.get $h)))"""


# One loop for each rule and for each way in which a rule can fail

STEPPED_FIVE_TIMES: Final = """
  (local.set $k (i32.const 5))
  (loop $again {step} (br_if $again (local.tee $k (i32.sub (local.get $k) (i32.const 1)))))"""
STEPPED_SOMETIMES: Final = "(if (i32.and (local.get $rounds) (i32.const 1)) (then {step}))"
SKIPPED_SOMETIMES: Final = (
    "(block $skip (br_if $skip (i32.and (local.get $rounds) (i32.const 1))) {step})"
)
STEPPED: Final = "{step}"


def one_loop(start: int, step: str, use: str, test: str) -> str:
    """A loop of at most ten rounds that gathers what a use of the counter gives."""
    return f"""(module (memory 1)
      (data (i32.const 65520) "\\01\\02\\03\\04\\05\\06\\07\\08\\09\\0a\\0b\\0c\\0d\\0e\\0f\\10")
      (func (export "f") (param $n i32) (result i32)
        (local $i i32) (local $k i32) (local $h i32) (local $rounds i32)
        (local.set $i (i32.const {start}))
        (block $out
          (loop $l
            (br_if $out (i32.ge_u (local.get $rounds) (i32.const 10)))
            (local.set $rounds (i32.add (local.get $rounds) (i32.const 1)))
            (local.set $h (i32.add (i32.mul (local.get $h) (i32.const 37)) {use}))
            {step}
            (br_if $l {test})))
        (i32.add (local.get $h) (local.get $rounds))))"""


def by_constant(step: int) -> str:
    return f"(local.set $i (i32.add (local.get $i) (i32.const {step})))"


MINUS_ONE: Final = by_constant(-1)
ONE: Final = by_constant(1)
AN_EIGHTH: Final = "(i32.shr_u {} (i32.const 3))"


@pytest.mark.parametrize(
    "place", [STEPPED, STEPPED_FIVE_TIMES, STEPPED_SOMETIMES, SKIPPED_SOMETIMES]
)
@pytest.mark.parametrize(
    ("start", "step", "use", "test"),
    [
        # down to zero: above 0 at every start of a round, unless an inner loop steps past it
        (3, MINUS_ONE, "(i32.sub (local.get $i) (i32.const 1))", "(local.get $i)"),
        (3, MINUS_ONE, "(i32.add (local.get $i) (i32.const 10))", "(local.get $i)"),
        # down to a constant, from above and from below
        (10, MINUS_ONE, "(i32.sub (local.get $i) (i32.const 4))",
         "(i32.ne (local.get $i) (i32.const 3))"),
        (2, MINUS_ONE, "(i32.sub (local.get $i) (i32.const 1))",
         "(i32.ne (local.get $i) (i32.const 3))"),
        # up to a constant, from below and from above
        (0, ONE, "(i32.mul (local.get $i) (i32.const 0x20000000))",
         "(i32.ne (local.get $i) (i32.const 7))"),
        (-2, ONE, "(i32.sub (local.get $i) (i32.const 1))",
         "(i32.ne (local.get $i) (i32.const 7))"),
        # signed: a step beyond 2**31 - 1 is negative, and less than every bound
        (0x7FFFFFFD, ONE, "(i32.gt_s (local.get $i) (i32.const 5))",
         "(i32.lt_s (local.get $i) (i32.const 0x7FFFFFFF))"),
        (0x7FFFFFFF, ONE, "(i32.gt_s (local.get $i) (i32.const 5))",
         "(i32.lt_s (local.get $i) (i32.const 9))"),
        (0x7FFFFFF0, by_constant(8), "(i32.gt_s (local.get $i) (i32.const 5))",
         "(i32.lt_s (local.get $i) (i32.const 0x7FFFFFFC))"),
        # unsigned: the first step wraps, a later one wraps, none wraps
        (-1, ONE, "(i32.sub (local.get $i) (i32.const 5))",
         "(i32.lt_u (local.get $i) (i32.const 3))"),
        (-4, by_constant(4), "(i32.sub (local.get $i) (i32.const 5))",
         "(i32.lt_u (local.get $i) (i32.const 60))"),
        (-16, by_constant(8), "(i32.sub (local.get $i) (i32.const 100))",
         "(i32.lt_u (local.get $i) (i32.const -2))"),
        (2, ONE, "(i32.sub (local.get $i) (i32.const 2))",
         "(i32.gt_u (i32.const 9) (local.get $i))"),
        (2, by_constant(-3), "(i32.sub (local.get $i) (i32.const 2))",
         "(i32.lt_u (local.get $i) (local.get $n))"),
        # a bound that is not the same in every round
        (0, ONE, "(i32.mul (local.get $i) (i32.const 0x8000000))",
         "(i32.ne (local.get $i) (local.get $k))"),
        (0, ONE, "(i32.mul (local.get $i) (i32.const 0x8000000))",
         "(i32.ne (local.get $i) (local.get $n))"),
    ],
)  # fmt: skip
def test_a_counter_is_what_steps_make_it(
    wasm_once: Callable[..., Any], engine: wasmtime.Engine,
    place: str, start: int, step: str, use: str, test: str,
) -> None:  # fmt: skip
    address = f"(i32.load8_u (i32.and {use} (i32.const -16)))"
    for used in (use, AN_EIGHTH.format(use), f"(i32.load8_u {use})", address):
        text = one_loop(start, place.format(step=step), used, test)
        store = wasmtime.Store(engine)
        store.set_fuel(FUEL)
        theirs = wasmtime.Instance(store, wasmtime.Module(engine, text), []).exports(store)["f"]
        assert isinstance(theirs, wasmtime.Func)
        ours = wasm_once(text)
        for n in (0, 3, M32):
            wanted = outcome_of(theirs, store, signed(n))
            assert outcome_of(ours, "f", n) == wanted, text


def outcome_of(function: Callable[..., int], *arguments: Any) -> int | str:
    """The result of a call, unsigned, or what trapped in it."""
    try:
        return function(*arguments) & M32
    except (WasmError, wasmtime.Trap, wasmtime.WasmtimeError) as error:
        return trap_kind(str(error))


@pytest.mark.parametrize(
    ("start", "step", "test", "fact"),
    [
        (3, MINUS_ONE, "(local.get $i)", (1, 3)),
        (10, MINUS_ONE, "(i32.ne (local.get $i) (i32.const 3))", (4, 10)),
        (0, ONE, "(i32.ne (local.get $i) (i32.const 7))", (0, 6)),
        (1, ONE, "(i32.lt_s (local.get $i) (local.get $n))", (1, 0x7FFF_FFFE)),
        (0, by_constant(8), "(i32.lt_s (local.get $i) (i32.const 100))", (0, 99)),
        (2, by_constant(4), "(i32.lt_u (local.get $i) (i32.const 60))", (2, 59)),
        (2, by_constant(4), "(i32.gt_u (i32.const 60) (local.get $i))", (2, 59)),
        (-4, by_constant(4), "(i32.lt_u (local.get $i) (i32.const 60))", (0, M32 - 3)),
    ],
)  # fmt: skip
def test_what_is_believed(start: int, step: str, test: str, fact: tuple[int, int]) -> None:
    for place, again in (
        (STEPPED, False),
        (STEPPED_SOMETIMES, False),
        (SKIPPED_SOMETIMES, False),
        (STEPPED_FIVE_TIMES, True),
    ):
        text = one_loop(start, place.format(step=step), "(local.get $i)", test)
        function = decode_module(wat2wasm(text)).funcs[0].code.load()
        tree = build_tree(function.body, (I32,), 5, 0, lambda _: ((), ()))
        loop: Any = next(x for x in tree.root.body[2].body if isinstance(x, Node))  # type: ignore[union-attr]
        facts: Facts = {}
        start_of_counter = start & M32
        Induction(loop, [I32] * 5, {1: (start_of_counter, start_of_counter, 0)}, facts).run()
        low, high, _ = facts.get(1, (0, M32, 0))
        if not again:
            assert (low, high) == fact
        elif "lt_u" in test or "gt_u" in test:
            # The test alone bounds it from above, whatever the steps were.
            assert (low, high) == (0, fact[1])
        else:
            assert (low, high) == (0, M32)


# Comparison with Wasmtime


def trap_kind(message: str) -> str:
    kinds = ("divide by zero", "integer overflow", "out of bounds memory")
    return next((kind for kind in kinds if kind in message), message)


class OutOfFuel(Exception):
    """Wasmtime gave up: the loop runs for too long to be compared."""


def run_wasmtime(
    engine: wasmtime.Engine, text: str, arguments: tuple[int, ...]
) -> tuple[object, ...]:
    store = wasmtime.Store(engine)
    store.set_fuel(FUEL)
    exports = wasmtime.Instance(store, wasmtime.Module(engine, text), []).exports(store)
    function, memory = exports["f"], exports["memory"]
    assert isinstance(function, wasmtime.Func)
    assert isinstance(memory, wasmtime.Memory)
    outcome: object
    try:
        outcome = function(store, *map(signed, arguments)) & M32
    except (wasmtime.Trap, wasmtime.WasmtimeError) as error:
        if "fuel" in str(error):
            raise OutOfFuel from error
        thrown = "exception" in str(error)
        outcome = "exception" if thrown else trap_kind(str(error))
    values = []
    for name in ("i", "p"):
        counter = exports[name]
        assert isinstance(counter, wasmtime.Global)
        values.append(counter.value(store) & M32)
    return (
        outcome,
        *values,
        bytes(memory.read(store, 0, memory.data_len(store))),
    )


def run_ours(wasm: Any, arguments: tuple[int, ...]) -> tuple[object, ...]:
    outcome: object
    try:
        outcome = wasm("f", *arguments)
    except WasmError as error:
        outcome = trap_kind(str(error))
    except ExnInst:
        outcome = "exception"
    exports = wasm.instance.exports
    cells = (exports[name].cell[0] for name in "ip")
    return (outcome, *cells, bytes(exports["memory"].data))


def signed(value: int) -> int:
    return value - (1 << 32) if value >> 31 else value


@pytest.fixture(scope="module")
def engine() -> wasmtime.Engine:
    config = wasmtime.Config()
    config.consume_fuel = True
    config.wasm_exceptions = True
    return wasmtime.Engine(config)


@pytest.mark.parametrize("first", range(START, START + PROGRAMS, PER_TEST))
def test_random_loops_do_what_they_do_in_wasmtime(
    wasm_once: Callable[..., Any], engine: wasmtime.Engine, first: int
) -> None:
    compared = 0
    for seed in range(first, first + PER_TEST):
        program = LoopProgram(seed)
        text = program.text()
        try:
            wanted = run_wasmtime(engine, text, program.arguments)
        except OutOfFuel:
            continue
        for assertions in (False, True):
            wasm = wasm_once(text, options=Options(assertions=assertions))
            got = run_ours(wasm, program.arguments)
            assert got[:3] == wanted[:3], f"seed {seed}, {program.arguments}\n{text}"
            assert got == wanted, f"seed {seed}, {program.arguments}\n{text}"
        compared += 1
    assert compared > PER_TEST // 2
