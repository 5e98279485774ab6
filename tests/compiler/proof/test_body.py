"""Where control goes in a body, and where its operands are, as validation sees it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pyjsapi.compiler.cache import CodeCache
from pyjsapi.compiler.proof import body as wasm
from pyjsapi.compiler.proof.body import FUNCTION, Body, Clause
from pyjsapi.compiler.proof.operands import Labels
from pyjsapi.engines.python import CompiledModule, compile_module
from pyjsapi.syntax.module import Code, Instr
from pyjsapi.text import wat2wasm
from pyjsapi.validation import function
from pyjsapi.validation.state import FLOOR, POLYMORPHIC, State
from tests.compiler.proof.control_programs import program


def compiled(text: str) -> CompiledModule:
    return compile_module(wat2wasm(text), cache=CodeCache())


def code_of(module: CompiledModule) -> Code:
    return module.module.funcs[0].code.load()


def body(text: str, head: str = "") -> Body:
    """The body of a function without parameters."""
    return Body(code_of(compiled(f"(module {head} (func {text}))")).body)


def test_a_branch_to_a_block_goes_behind_it_and_to_a_loop_into_it() -> None:
    made = body("(block (loop (br 0)) (br 0))")
    assert made.place[0] == 6
    assert made.place[1] == 2
    assert made.labels == {2: (1,), 4: (0,)}
    assert made.targeted == {0, 1}


def test_a_table_has_its_labels_in_the_order_of_the_selector() -> None:
    made = body("(block (block (br_table 0 1 2 0 (i32.const 1))))")
    assert made.labels[3] == (1, 0, FUNCTION, 1)
    assert made.place[FUNCTION] == made.count


def test_an_else_belongs_to_its_if() -> None:
    made = body("(if (i32.const 1) (then nop) (else nop))")
    assert made.otherwise == {1: 3}
    assert made.opening[3] == made.opening[5] == 1
    assert made.silent(3) == made.count


def test_what_only_ends_leads_out_of_the_function() -> None:
    made = body("(block (block nop) drop)".replace("drop", "(data.drop 0)"), "(data)")
    assert not made.leads_out(3)
    assert made.leads_out(made.count - 2)


def test_regions_are_those_of_try_tables_with_clauses() -> None:
    made = body(
        "(block (try_table (catch_all 0) (try_table nop) (try_table (catch 0 1) nop)))", "(tag)"
    )
    inner = max(made.clauses)
    assert made.clauses == {1: (Clause(None, False, 0),), inner: (Clause(0, False, 0),)}
    assert made.region(1) == -1
    assert made.region(2) == made.region(inner) == 1
    assert made.region(inner + 1) == inner
    assert made.region(made.end[inner] + 1) == 1


@pytest.mark.parametrize(
    ("instruction", "kind"),
    [
        ("(local.set 0 (i32.const 1))", wasm.SPEAKS),
        ("(i32.store (i32.const 1) (i32.const 1))", wasm.SPEAKS),
        ("(memory.copy (i32.const 1) (i32.const 1) (i32.const 1))", wasm.SPEAKS),
        ("(memory.fill (i32.const 1) (i32.const 1) (i32.const 1))", wasm.SPEAKS),
        ("(data.drop 0)", wasm.SPEAKS),
        ("(call 0)", wasm.CALL),
        ("(drop (i32.const 1))", wasm.QUIET),
        ("(memory.grow (i32.const 1)) drop", wasm.QUIET),
    ],
)
def test_what_has_an_effect_and_no_result_speaks(instruction: str, kind: int) -> None:
    made = body(f"(local i32) {instruction}", "(memory 1) (data)")
    assert kind in made.kinds


def watched_heights(text: str, patch: pytest.MonkeyPatch) -> tuple[CompiledModule, list[list[int]]]:
    """A module, and for each of its functions the height of validation's stack ahead of each instruction."""
    found: list[list[int]] = []
    run = function._run

    def watched(state: State, iterator: Iterator[Instr]) -> Iterator[Instr]:
        heights: list[int] = []
        found.append(heights)
        for instr in iterator:
            heights.append(sum(v is not FLOOR and v is not POLYMORPHIC for v in state.vals))
            yield instr

    patch.setattr(function, "_run", lambda state, it: run(state, watched(state, it)))
    return compiled(text), found


@pytest.mark.parametrize("first", range(0, 120, 6))
def test_operands_are_where_validation_has_them(
    first: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared = 0
    for seed in range(first, first + 6):
        with monkeypatch.context() as patch:
            module, heights = watched_heights(program(seed), patch)
        compared += compare_heights(module, heights[0])
    assert compared > 20


def compare_heights(module: CompiledModule, heights: list[int]) -> int:
    """How many places were compared."""
    code, scope, index = code_of(module), module.default_variant.scope, module.imported_funcs
    flow = Body(code.body)
    stack = Labels(flow, scope, scope.func_type(index)).stack()
    conditional = {"br_if", "br_table", "if", "br_on_null"}
    for position, (start, makers) in stack.slots.items():
        popped = code.body[position][0].mnemonic in conditional
        assert start + len(makers) + popped == heights[position]
    for label, height in stack.heights.items():
        if label >= 0:
            params, _ = scope.block_types(code.body[label][1])
            popped = code.body[label][0].mnemonic in conditional
            assert height + len(params) + popped == heights[label]
    return len(stack.heights) + len(stack.slots)
