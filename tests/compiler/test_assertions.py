"""`Options.assertions`: whatever code relies on is checked, and a translator that is wrong about it is found out.

The translator is broken here in many ways, one at a time. A small corpus of functions shows each of them.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any, Final

import pytest

from pyjsapi import WebAssembly
from pyjsapi.compiler import asserting, expression
from pyjsapi.compiler.control import branches, induction, structured
from pyjsapi.compiler.control.induction import Induction, Step
from pyjsapi.compiler.counted import Pointer
from pyjsapi.compiler.emit import compare as emit_compare
from pyjsapi.compiler.emit import integer as emit_integer
from pyjsapi.compiler.emit.registry import EMITTERS
from pyjsapi.compiler.expression import EFFECT, GLOBAL, MASK, MEMORY, P_SUM, TRAPS, Entry
from pyjsapi.compiler.facts import alignment_of
from pyjsapi.compiler.frame import Frame
from pyjsapi.compiler.options import ASSERT, Options
from pyjsapi.compiler.support.assertions import GLOBALS, FactError
from pyjsapi.runtime.exception import UNCATCHABLE
from pyjsapi.syntax.errors import WasmError
from pyjsapi.syntax.instructions import BY_MNEMONIC, Imm
from pyjsapi.syntax.op import Op
from pyjsapi.syntax.types import F32, F64, I32, I64
from pyjsapi.text import wat2wasm

M32: Final = 0xFFFF_FFFF
ASSERTING: Final = Options(assertions=True)
MODES: Final = {
    "structured": ASSERTING,
    "flags": Options(assertions=True, max_loops=0),
    "states": Options(assertions=True, state_machine=True),
    "no views": Options(assertions=True, views=False),
}

CORPUS: Final[dict[str, tuple[str, tuple[int, ...]]]] = {
    # loops
    "down, stepped in an inner loop": ("""(local.set $i (i32.const 3))
        (loop $l
          (local.set $r (i32.add (local.get $r) (i32.const 1)))
          (br_if $out (i32.ge_u (local.get $r) (i32.const 9)))
          (local.set $s (i32.add (local.get $i) (i32.const 1)))
          (local.set $k (i32.const 5))
          (loop $m (local.set $i (i32.sub (local.get $i) (i32.const 1)))
            (br_if $m (local.tee $k (i32.sub (local.get $k) (i32.const 1)))))
          (br_if $l (local.get $i)))""", (0,)),
    "up from above the bound": ("""(local.set $i (i32.const -1))
        (loop $l
          (local.set $s (i32.add (local.get $i) (i32.const 1)))
          (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 3))))""",
        (0,)),
    "past the greatest signed": ("""(local.set $i (i32.const 0x7FFFFFFC))
        (loop $l
          (local.set $s (i32.gt_s (local.get $i) (local.get $r)))
          (br_if $out (i32.ge_u (local.tee $r (i32.add (local.get $r) (i32.const 1))) (i32.const 9)))
          (br_if $l (i32.lt_s (local.tee $i (i32.add (local.get $i) (i32.const 8)))
            (i32.const 0x7FFFFFFF))))""", (0,)),
    "counted": ("""(loop $l
          (local.set $s (i32.add (local.get $s) (local.get $i)))
          (br_if $l (i32.ne (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 5))))""",
        (0,)),
    "a pointer": ("""(loop $l
          (local.set $s (i32.add (local.get $s) (i32.load8_u (local.get $p))))
          (local.set $p (i32.add (local.get $p) (i32.const 1)))
          (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))""", (4,)),
    "a pointer that wraps": ("""(local.set $p (i32.const -2))
        (loop $l
          (local.set $p (i32.add (local.get $p) (i32.const 1)))
          (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))""", (4,)),
    "a counter left early": ("""(loop $l
          (br_if $out (i32.eq (i32.load8_u (local.get $p)) (i32.const 3)))
          (local.set $p (i32.add (local.get $p) (i32.const 1)))
          (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))""", (9,)),
    "aligned steps": ("""(local.set $p (i32.and (local.get $p) (i32.const -8)))
        (loop $l
          (local.set $s (i32.add (local.get $s) (i32.load (local.get $p))))
          (local.set $p (i32.add (local.get $p) (i32.const 2)))
          (br_if $l (i32.lt_u (local.get $p) (i32.const 60))))""", (0,)),
    # flow
    "ways that meet": ("""(local.set $i (i32.const 5))
        (if (local.get $n) (then (local.set $i (i32.const 70000))))
        (local.set $s (i32.mul (local.get $i) (i32.const 3)))""", (1,)),
    "a loop that changes a local": ("""(local.set $i (i32.const 5))
        (loop $l
          (local.set $s (i32.mul (local.get $i) (i32.const 3)))
          (local.set $i (i32.mul (local.get $i) (local.get $i)))
          (br_if $l (i32.lt_u (local.tee $r (i32.add (local.get $r) (i32.const 1))) (i32.const 5))))""",
        (0,)),
    "less": ("""(if (i32.lt_u (local.get $n) (i32.const 10))
        (then (local.set $s (i32.add (local.get $n) (i32.const 1)))))""", (9,)),
    "not less": ("""(if (i32.lt_u (local.get $n) (i32.const 10)) (then) (else
          (local.set $s (i32.sub (local.get $n) (i32.const 1)))))""", (10,)),
    "branch if less": ("""(br_if $out (i32.lt_u (local.get $n) (i32.const 10)))
        (local.set $s (i32.sub (local.get $n) (i32.const 1)))""", (10,)),
    "signed less": ("""(br_if $out (i32.lt_s (local.get $n) (i32.const 10)))
        (local.set $s (i32.sub (local.get $n) (i32.const 1)))""", (10,)),
    "signed and negative": ("""(if (i32.lt_s (local.get $n) (i32.const 10))
        (then (local.set $s (i32.shr_s (local.get $n) (i32.const 1)))))""", (-20,)),
    "signed less than a negative": ("""(if (i32.lt_s (local.get $n) (i32.const -10))
        (then (local.set $s (i32.shr_s (local.get $n) (i32.const 1)))))""", (-20,)),
    "accessed": ("""(drop (i32.load8_u (local.get $n)))
        (local.set $s (i32.add (local.get $n) (i32.const 1)))""", (65535,)),
    # values
    "sums": ("""(local.set $s (i32.add (local.get $n) (local.get $n)))
        (local.set $r (i32.sub (local.get $s) (local.get $p)))
        (local.set $i (i32.add (local.get $r) (i32.const 7)))
        (local.set $k (i32.sub (local.get $i) (i32.const 1)))""", (-3,)),
    "words": ("""(local.set $s (i32.add (i32.load (i32.const 40)) (i32.load16_u (i32.const 48))))
        (local.set $r (i32.mul (i32.load16_s (i32.const 42)) (i32.load8_s (i32.const 44))))""", (0,)),
    "bits": ("""(local.set $s (i32.xor (i32.shl (local.get $n) (i32.const 3)) (i32.const 5)))
        (local.set $r (i32.rotl (local.get $n) (i32.const 9)))
        (local.set $k (i32.shl (i32.and (local.get $n) (i32.const 7)) (local.get $r)))
        (local.set $s (i32.add (local.get $s) (i32.xor (local.get $r) (i32.rotl (local.get $n) (i32.const 3)))))""",
        (-9,)),
    "a doubled word that outlives its local": ("""(i32.rotl (local.get $n) (i32.const 9))
        (local.set $n (i32.const 5)) (local.set $s)""", (-9,)),
    "doubled words": ("""(local.set $s (i32.xor (i32.rotl (local.get $n) (i32.const 9))
          (i32.rotl (local.get $n) (i32.const 7))))
        (local.set $n (i32.add (local.get $n) (i32.const 1)))
        (local.set $r (i32.xor (i32.rotl (local.get $n) (i32.const 9))
          (i32.rotl (local.get $n) (i32.const 7))))""", (-9,)),
    "extensions": ("""(local.set $s (i32.extend8_s (local.get $n)))
        (local.set $r (i32.wrap_i64 (i64.shr_u (i64.extend_i32_s (local.get $n)) (i64.const 4))))""",
        (-9,)),
    "selection": ("""(local.set $s (i32.mul (i32.const 3)
          (select (i32.load8_u (i32.const 41)) (i32.load16_u (i32.const 40)) (local.get $i))))""", (0,)),
    "an if with a result": ("""(local.set $s (i32.mul (i32.const 3)
          (if (result i32) (local.get $i) (then (i32.const 7)) (else (local.get $n)))))""", (100,)),
    "parts of a local": ("""(local.set $p (i32.const 40))
        (local.set $s (i32.add (i32.load (local.get $p)) (i32.load offset=4 (local.get $p))))
        (local.set $p (i32.add (local.get $p) (i32.const 8)))
        (local.set $r (i32.add (i32.load (local.get $p)) (i32.load offset=4 (local.get $p))))
        (loop $l
          (local.set $s (i32.add (i32.load (local.get $p)) (i32.load offset=4 (local.get $p))))
          (local.set $p (i32.add (local.get $p) (i32.const 4)))
          (br_if $l (i32.lt_u (local.get $p) (i32.const 100))))""", (0,)),
    "parts of a parameter": ("""(local.set $s (i32.add (i32.load (local.get $n)) (i32.load offset=4 (local.get $n))))
        (local.set $n (i32.add (local.get $n) (i32.const 8)))
        (local.set $r (i32.add (i32.load (local.get $n)) (i32.load offset=4 (local.get $n))))""", (40,)),
    "scaled": ("""(local.set $s (i32.load offset=8 (i32.add (i32.const 40) (i32.shl (local.get $n) (i32.const 2)))))""",
        (3,)),
    # order
    "a global behind its change": ("""(local.set $s
        (i32.add (global.get $g) (block (result i32) (global.set $g (i32.const 9)) (i32.const 1))))""",
        (0,)),
    "a global before its change": ("""(global.get $g) (global.set $g (i32.const 9))
        (local.set $s)""", (0,)),
    "a global before a call": ("(local.set $s (i32.sub (global.get $g) (call $bump)))", (0,)),
    "a load before a store": ("""(i32.load (i32.const 40)) (i32.store (i32.const 40) (i32.const 9))
        (local.set $s)""", (0,)),
    "a load before a call": ("""(i32.load (i32.const 40)) (call $void) (local.set $s)""", (0,)),
    "a local before its change": ("""(local.get $n) (local.set $n (i32.const 9))
        (local.set $s)""", (0,)),
    "a local before a loop": ("""(local.get $n)
        (loop $l (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
        (local.set $s)""", (5,)),
    "calls": ("""(call $bump) (call $bump) (call $void) (i32.sub) (local.set $s)""", (0,)),
    "two traps": ("""(i32.load (local.get $n)) (drop (i32.div_u (i32.const 1) (local.get $i)))
        (local.set $s)""", (40,)),
    "size and growth": ("""(memory.size) (drop (memory.grow (i32.const 1))) (local.set $s)""", (0,)),
    "a division under a load": ("""(i32.div_u (i32.const 100) (local.get $n)) (i32.load8_u (i32.const 70000))
        (local.set $s (i32.add))""", (3,)),
}  # fmt: skip
"""Bodies of functions, each with arguments."""

FUNCTIONS: Final = "".join(
    f"""(func (export "{name}") (param $n i32) (result i32)
        (local $i i32) (local $k i32) (local $p i32) (local $r i32) (local $s i32)
        (block $out {body})
        (i32.add (i32.mul (local.get $s) (i32.const 31)) (i32.add (local.get $r) (local.get $p))))
    """
    for name, (body, _) in CORPUS.items()
)
MODULE: Final = f"""(module
  (memory 1 2) (data (i32.const 38) "\\01\\02\\f3\\f4\\f5\\f6\\f7\\f8\\f9")
  (global $g (mut i32) (i32.const 5))
  (func $void (global.set $g (i32.const 8)))
  (func $bump (result i32)
    (global.set $g (i32.add (global.get $g) (i32.const 1))) (global.get $g))
  {FUNCTIONS})"""


def outcome(wasm: Any, name: str, *arguments: int) -> object:
    try:
        return wasm(name, *arguments)
    except WasmError as error:
        return str(error)


def found_out(wasm: Any) -> list[str]:
    """The functions of the corpus that raise `FactError`."""
    found = []
    for name, (_, arguments) in CORPUS.items():
        try:
            outcome(wasm, name, *(a & M32 for a in arguments))
        except FactError:
            found.append(name)
    return found


@pytest.mark.parametrize("mode", MODES)
def test_nothing_is_found_in_what_is_right(wasm_once: Callable[..., Any], mode: str) -> None:
    plain = wasm_once(MODULE, options=Options(assertions=False))
    checked = wasm_once(MODULE, options=MODES[mode])
    for name, (_, arguments) in CORPUS.items():
        for given in (*arguments, 1, 2, 40, 1000):
            assert outcome(checked, name, given & M32) == outcome(plain, name, given & M32), name


# The ways to be wrong

Patch = Callable[[pytest.MonkeyPatch], None]
WRONG: Final[dict[str, Patch]] = {}


def wrong(patch: Patch) -> Patch:
    WRONG[patch.__name__.replace("_", " ")] = patch
    return patch


@wrong
def steps_of_inner_loops_count_once(patch: pytest.MonkeyPatch) -> None:
    real = induction._steps
    patch.setattr(induction, "_steps", lambda items, found, again: real_steps(real, items, found))


def real_steps(real: Any, items: Any, found: Any) -> None:
    real(items, found, False)
    for steps in found.values():
        steps[:] = [None if x is None else Step(x.constant, x.local, False) for x in steps]


@wrong
def the_first_step_never_wraps(patch: pytest.MonkeyPatch) -> None:
    real = Induction._interval

    def interval(self: Any, op: Any, counter: Any, bound: Any) -> Any:
        found = real(self, op, counter, bound)
        start = self._before.get(counter.local)
        return found and (start[0] if start else found[0], found[1])

    patch.setattr(Induction, "_interval", interval)


@wrong
def a_signed_counter_stays_positive(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(induction, "_HALF", MASK[I32])


@wrong
def a_pointer_never_wraps(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Pointer, "never_wraps", lambda self, facts: True)


@wrong
def a_range_has_a_round_more(patch: pytest.MonkeyPatch) -> None:
    real = Induction._until_bound

    def until_bound(self: Any) -> Any:
        found = real(self)
        return found and found._replace(start_stop_step=f"{found.start_stop_step}+1")

    patch.setattr(Induction, "_until_bound", until_bound)


@wrong
def a_pointer_has_a_round_less(patch: pytest.MonkeyPatch) -> None:
    real = Induction._pointer

    def pointer(self: Any, end: int, count: str) -> Any:
        return real(self, end, f"({count}-1)")

    patch.setattr(Induction, "_pointer", pointer)


@wrong
def every_step_keeps_an_alignment(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Induction, "_step_alignment", lambda self, step: 6)


@wrong
def what_one_way_knows_holds_where_ways_meet(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(branches, "join", lambda into, other: None)


@wrong
def a_loop_forgets_nothing(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(structured, "without", lambda facts, assigned: dict(facts))


@wrong
def comparisons_are_strict(patch: pytest.MonkeyPatch) -> None:
    real = Frame._cap
    patch.setattr(
        Frame, "_cap", lambda self, entry, low, high: real(self, entry, low, max(high - 1, low))
    )


@wrong
def lower_bounds_are_strict(patch: pytest.MonkeyPatch) -> None:
    real = Frame._cap
    patch.setattr(
        Frame, "_cap", lambda self, entry, low, high: real(self, entry, min(low + 1, high), high)
    )


@wrong
def signed_comparisons_are_unsigned(patch: pytest.MonkeyPatch) -> None:
    real = Frame.refine

    def refine(self: Any, condition: Any, truth: bool) -> None:
        form = condition.form
        if isinstance(form, expression.Compare) and form.operator == "lt_s":
            condition = Entry(I32, condition.text, 0, form=form._replace(operator="<"))
        real(self, condition, truth)

    patch.setattr(Frame, "refine", refine)


@wrong
def conditions_hold_on_both_ways(patch: pytest.MonkeyPatch) -> None:
    real = Frame.refine
    patch.setattr(Frame, "refine", lambda self, condition, truth: real(self, condition, True))


@wrong
def memories_are_smaller(patch: pytest.MonkeyPatch) -> None:
    real = Frame.accessed
    patch.setattr(
        Frame,
        "accessed",
        lambda self, address, memory, offset, size: real(
            self, address, memory, memory.bound - 60000, size
        ),
    )


@wrong
def locals_start_at_one(patch: pytest.MonkeyPatch) -> None:
    real = Frame.write_header

    def write_header(self: Any, name: str) -> None:
        real(self, name)
        for local in self.facts:
            self.facts[local] = (1, 1, 0)

    patch.setattr(Frame, "write_header", write_header)


@wrong
def sums_wrap_late(patch: pytest.MonkeyPatch) -> None:
    real = Frame._fits
    patch.setattr(
        Frame, "_fits", lambda self, first, name, c, mask: real(self, first, name, c - 1, mask + 1)
    )


@wrong
def nothing_is_wrapped(patch: pytest.MonkeyPatch) -> None:
    real = Frame.canonical
    patch.setattr(
        Frame,
        "canonical",
        lambda self, entry: real(self, entry) if entry.flags & expression.TRUTH else entry,
    )


@wrong
def products_are_small(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(emit_integer, "_product_range", lambda a, b: (0, 10))


@wrong
def alignments_are_doubled(patch: pytest.MonkeyPatch) -> None:
    real = alignment_of
    for module in (emit_integer, expression):
        patch.setattr(module, "alignment_of", lambda value: min(real(value) + 1, 6))


@wrong
def elements_are_off_by_one(patch: pytest.MonkeyPatch) -> None:
    real = asserting.Asserting.element
    patch.setattr(
        asserting.Asserting, "element", lambda self, index, *where: real(self, f"{index}+1", *where)
    )


@wrong
def choices_are_the_first(patch: pytest.MonkeyPatch) -> None:
    real = emit_compare.conditional

    def conditional(frame: Any, condition: Any, a: Entry, b: Entry) -> Entry:
        found = real(frame, condition, a, b)
        found.high = a.high
        return found

    patch.setattr(structured, "conditional", conditional)


@wrong
def parts_of_a_local_outlive_it(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Frame, "forget_reuse", lambda self, local: None)


@wrong
def parts_of_a_local_outlive_a_round(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Frame, "reuse_without", lambda self, assigned: dict(self.reuse))


def _settling(ignored: int) -> Patch:
    def patched(patch: pytest.MonkeyPatch) -> None:
        real = Frame.settle

        def settle(self: Any, assigned: int, effect: bool, traps: bool) -> None:
            hidden = {}
            for i, entry in enumerate(self.stack):
                if entry.flags & ignored:
                    hidden[i] = entry
                    self.stack[i] = expression.constant(I32, 0)
            real(self, assigned, effect, traps)
            for i, entry in hidden.items():
                self.stack[i] = entry

        patch.setattr(Frame, "settle", settle)

    return patched


WRONG["statements overtake loads"] = _settling(MEMORY)
WRONG["statements overtake globals"] = _settling(GLOBAL)
WRONG["statements overtake calls"] = _settling(EFFECT)
WRONG["statements overtake traps"] = _settling(TRAPS)


@wrong
def assignments_overtake_reads(patch: pytest.MonkeyPatch) -> None:
    real = Frame.settle
    patch.setattr(
        Frame, "settle", lambda self, assigned, effect, traps: real(self, 0, effect, traps)
    )


@wrong
def nested_code_overtakes_what_is_pending(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Frame, "spill_around", lambda self, assigned: None)


@wrong
def operands_are_spilled_out_of_order(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Frame, "spill", Frame._evaluate)
    real = Frame.settle

    def settle(self: Any, assigned: int, effect: bool, traps: bool) -> None:
        for i in reversed(range(len(self.stack))):
            if self.stack[i].flags & (EFFECT | TRAPS | MEMORY | GLOBAL):
                self._evaluate(i)
        real(self, assigned, effect, traps)

    patch.setattr(Frame, "settle", settle)


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_translator_is_found_out(
    monkeypatch: pytest.MonkeyPatch, wasm_once: Callable[..., Any], name: str
) -> None:
    WRONG[name](monkeypatch)
    # Locals kept as elements have no parts in temporaries, others have.
    ways = (ASSERTING, Options(assertions=True, elements=False))
    assert any(found_out(wasm_once(MODULE, options=options)) for options in ways)


# Every emitter


def _plain_operations() -> list[Op]:
    """Instructions without immediates from numbers to an integer."""
    numbers = {I32, I64, F32, F64}
    return [
        op
        for op in EMITTERS
        if op.imm is Imm.NONE
        and op.params
        and {*op.params} <= numbers
        and op.results in ((I32,), (I64,))
    ]


def _is_condition(op: Op) -> bool:
    names = ("eqz", "eq", "ne", "lt", "gt", "le", "ge")
    return op.family.removesuffix("_s").removesuffix("_u") in names


CLAIMING: Final = [op for op in _plain_operations() if not _is_condition(op)]


def test_there_are_such_emitters() -> None:
    assert len(CLAIMING) > 60


@pytest.mark.parametrize("claim", ["interval", "alignment"])
@pytest.mark.parametrize("mnemonic", [op.mnemonic for op in CLAIMING])
def test_what_an_emitter_claims_is_checked(
    monkeypatch: pytest.MonkeyPatch, wasm_once: Callable[..., Any], mnemonic: str, claim: str
) -> None:
    op = BY_MNEMONIC[mnemonic]
    real = EMITTERS[op]

    def emitter(frame: Frame, instr: Any) -> None:
        real(frame, instr)
        entry = frame.force(frame.stack.pop(), len(frame.stack))
        text = f"({entry.text}&-2)+1" if claim == "alignment" else entry.text
        high = 0 if claim == "interval" else entry.high
        align = 1 if claim == "alignment" else 0
        frame.stack.append(Entry(entry.type, text, P_SUM, 0, high, entry.deps, 0, None, align))

    operands = {"i32": 0x7000_0010, "i64": 0x7000_0000_0000_0010, "f32": 5.5, "f64": 7.25}
    constants = "".join(
        f"(local.set {i} ({type_}.const {operands[str(type_)] - i * 0x1000_0003}))"
        for i, type_ in enumerate(op.params or ())
    )
    gets = "".join(f"(local.get {i})" for i in range(len(op.params or ())))
    locals_ = " ".join(map(str, op.params or ()))
    text = f"""(module (func (export "f") (result {(op.results or ())[0]})
      (local {locals_}) {constants} ({mnemonic} {gets})))"""
    expected = wasm_once(text, options=Options(assertions=False))("f")
    assert wasm_once(text, options=ASSERTING)("f") == expected
    if claim == "interval" and not expected:
        pytest.fail("the operands do not show an interval")
    monkeypatch.setitem(asserting.CHECKED, op, asserting._checked(op, emitter))
    with pytest.raises(FactError):
        wasm_once(text, options=ASSERTING)("f")


@pytest.mark.parametrize(
    ("mnemonic", "body"),
    [
        ("call", "(call $bump)"),
        ("call_indirect", "(call_indirect (result i32) (i32.const 0))"),
        ("memory.grow", "(memory.grow (i32.const 0))"),
        ("memory.size", "(memory.size)"),
        ("table.grow", "(table.grow (ref.null func) (i32.const 0))"),
        ("table.size", "(table.size)"),
        ("global.get", "(global.get $g)"),
        ("i32.load", "(i32.load (i32.const 0))"),
        ("i32.load8_u", "(i32.load8_u (i32.const 0))"),
        ("i32.atomic.rmw.add", "(i32.atomic.rmw.add (i32.const 0) (i32.const 1))"),
    ],
)
def test_an_emitter_says_what_its_instruction_does(
    monkeypatch: pytest.MonkeyPatch, wasm_once: Callable[..., Any], mnemonic: str, body: str
) -> None:
    op = BY_MNEMONIC[mnemonic]
    real = EMITTERS[op]

    def emitter(frame: Frame, instr: Any) -> None:
        real(frame, instr)
        frame.stack[-1].flags = 0

    text = f"""(module (memory 1) (table 1 funcref) (elem (i32.const 0) $bump)
      (global $g (mut i32) (i32.const 1)) (func $bump (result i32) (i32.const 1))
      (func (export "f") (result i32) {body}))"""
    wasm_once(text, options=ASSERTING)("f")
    monkeypatch.setitem(asserting.CHECKED, op, asserting._checked(op, emitter))
    with pytest.raises(FactError, match="is not marked for what it does"):
        wasm_once(text, options=ASSERTING)("f")


# Values from outside


@pytest.mark.parametrize(
    ("type_", "value"),
    [("i32", -1), ("i32", 1 << 32), ("i32", True), ("i32", 1.0), ("i64", 1 << 64), ("f64", 1)],
)
def test_what_a_host_hands_over_is_checked(
    wasm_once: Callable[..., Any], host: Callable[..., Any], type_: str, value: object
) -> None:
    """The boundary makes values canonical; code relies on that."""
    text = f"""(module (import "" "h" (func $h (result {type_})))
      (import "" "two" (func $two (result {type_} {type_})))
      (func (export "one") (result {type_}) (call $h))
      (func (export "two") (result {type_} {type_}) (call $two)))"""
    wasm = wasm_once(
        text,
        host(lambda: value, "", type_),
        host(lambda: (value, value), "", f"{type_} {type_}"),
        options=ASSERTING,
    )
    for name in ("one", "two"):
        with pytest.raises(FactError):
            wasm(name)


@pytest.mark.parametrize(("type_", "value"), [("i32", -1), ("i64", 1 << 64), ("f32", 1)])
def test_arguments_are_checked(wasm_once: Callable[..., Any], type_: str, value: object) -> None:
    text = f'(module (func (export "f") (param {type_}) (result {type_}) (local.get 0)))'
    with pytest.raises(FactError):
        wasm_once(text, options=ASSERTING)("f", value)


def test_no_clause_catches_it(wasm_once: Callable[..., Any], host: Callable[..., Any]) -> None:
    text = """(module (import "" "h" (func $h (result i32)))
      (func (export "f") (result i32)
        (block $caught (try_table (catch_all $caught) (drop (call $h))))
        (i32.const 1)))"""
    for options in MODES.values():
        with pytest.raises(FactError):
            wasm_once(text, host(lambda: -1, "", "i32"), options=options)("f")
    assert getattr(FactError, UNCATCHABLE)


def test_it_passes_the_javascript_api_unchanged() -> None:
    raised = FactError("made up")

    def host() -> None:
        raise raised

    text = """(module (import "" "h" (func $h))
      (func (export "f") (block $caught (try_table (catch_all $caught) (call $h)))))"""
    exports: Any = WebAssembly.Instance(
        WebAssembly.Module(wat2wasm(text)), {"": {"h": host}}
    ).exports
    with pytest.raises(FactError) as caught:
        exports.f()
    assert caught.value is raised


def test_what_an_arm_has_counted_counts_in_it_alone(wasm_once: Callable[..., Any]) -> None:
    wasm = wasm_once(
        """(module (memory 1) (global $g (mut i64) (i64.const 9)) (func (export "f") (param i32) (result i32)
          (if (local.get 0) (then (drop (global.get $g)))) (memory.size 0)))""",
        options=Options(assertions=True),
    )
    assert [wasm("f", 0), wasm("f", 1)] == [1, 1]


# The option


def test_the_option_is_part_of_the_key() -> None:
    assert Options(assertions=True).key != Options(assertions=False).key


def test_code_without_the_option_has_no_checks(wasm_once: Callable[..., Any]) -> None:
    wasm = wasm_once(MODULE, options=Options(assertions=False))
    first = wasm.compiled.imported_funcs
    for index in range(first, first + len(wasm.compiled.module.funcs)):
        source = wasm.source(index)
        assert not any(name in source for name in GLOBALS)
        assert not any(f"{name}=" in source for name in ("_n", "_m"))


@pytest.mark.parametrize(("value", "on"), [("1", True), ("0", False), ("", False)])
def test_an_environment_variable_switches_it_on(value: str, on: bool) -> None:
    program = "from pyjsapi.compiler.options import DEFAULT_OPTIONS as o; print(o.assertions)"
    ran = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, ASSERT: value}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert ran.stdout.split() == [str(on)]
