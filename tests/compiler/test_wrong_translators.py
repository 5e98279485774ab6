"""A translator that is wrong about what code relies on is found out by `Options.assertions`.

It is broken here in many ways, one at a time. A small corpus of functions shows each of them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import pytest

from pyjsapi.compiler import asserting, expression
from pyjsapi.compiler.control import branches, induction, structured
from pyjsapi.compiler.control.induction import Induction, Step
from pyjsapi.compiler.counted import Pointer
from pyjsapi.compiler.emit import compare as emit_compare
from pyjsapi.compiler.emit import integer as emit_integer
from pyjsapi.compiler.expression import EFFECT, GLOBAL, MASK, MEMORY, TRAPS, Entry
from pyjsapi.compiler.facts import alignment_of
from pyjsapi.compiler.frame import Frame
from pyjsapi.compiler.options import Options
from pyjsapi.compiler.support.assertions import FactError
from pyjsapi.syntax.types import I32
from tests.compiler.assertion_corpus import ASSERTING, CORPUS, M32, MODES, MODULE, outcome


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
