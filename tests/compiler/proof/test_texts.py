"""What is decided on texts: opposites of conditions, operands with commas between them, calls in statements."""

from __future__ import annotations

import pytest

from pyjsapi.compiler.cache import CodeCache
from pyjsapi.compiler.notes import Condition
from pyjsapi.compiler.proof.calls import check_calls
from pyjsapi.compiler.proof.conditions import are_opposites
from pyjsapi.compiler.proof.moves import match_texts
from pyjsapi.compiler.proof.report import Differs
from pyjsapi.compiler.scope import ModuleScope
from pyjsapi.engines.python import compile_module
from pyjsapi.syntax.instructions import BY_MNEMONIC
from pyjsapi.syntax.module import Instr
from pyjsapi.text import wat2wasm


@pytest.mark.parametrize(
    ("holds", "fails"),
    [
        ("l0", "not l0"),
        ("not l0", "l0"),
        ("l0==l1", "l0!=l1"),
        ("l0!=l1", "l0==l1"),
        ("s0 is None", "s0 is not None"),
        ("s0 is None", "not s0 is None"),
        ("l0 or l1", "not (l0 or l1)"),
        ("not (l0 or l1)", "(l0 or l1)"),
        ("x if (x:=l0)<5 else l1", "not (x if (x:=l0)<5 else l1)"),
    ],
)
def test_opposites(holds: str, fails: str) -> None:
    assert are_opposites(Condition(holds, fails))
    assert are_opposites(Condition(fails, holds))


@pytest.mark.parametrize(
    ("holds", "fails"),
    [
        ("l0", "l0"),
        ("l0", "l1"),
        ("l0", "not l1"),
        ("l0 or l1", "not l0 or l1"),
        ("l0==l1", "l0!=l2"),
        ("l0==l1", "not l0!=l1"),
        ("f0<f1", "f0>=f1"),
        ("l0 and l1", "not l0 and not l1"),
        ("l0==l1==l2", "l0!=l1!=l2"),
    ],
)
def test_what_are_no_opposites(holds: str, fails: str) -> None:
    assert not are_opposites(Condition(holds, fails))


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("l0", ["l0"]),
        ("(l0 if l1 else l2)", ["l0 if l1 else l2"]),
        ("l0,(l1 if l0 else 2),3", ["l0", "l1 if l0 else 2", "3"]),
        ("l0, l1", ["l0", "l1"]),
        ("f1(2,3),4", ["f1(2,3)", "4"]),
    ],
)
def test_operands_with_commas(text: str, parts: list[str]) -> None:
    assert match_texts(text, parts)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("l0", ["l1"]),
        ("l0,l1", ["l0"]),
        ("l0", ["l0", "l1"]),
        ("l0,l1", ["l1", "l0"]),
        ("l0+1", ["l0"]),
        ("l0,", ["l0"]),
        ("", ["l0"]),
        ("(l0", ["l0"]),
    ],
)
def test_other_operands(text: str, parts: list[str]) -> None:
    assert not match_texts(text, parts)


CALL, INDIRECT, REF = (BY_MNEMONIC[name] for name in ("call", "call_indirect", "call_ref"))


@pytest.fixture(scope="module")
def scope() -> ModuleScope:
    text = "(module (type (func)) (type (func)) (table 1 funcref) (func) (func))"
    return compile_module(wat2wasm(text), cache=CodeCache()).default_variant.scope


@pytest.mark.parametrize(
    ("called", "statements"),
    [
        ([(CALL, 1)], [["f1(5)"]]),
        ([(CALL, 1), (CALL, 0)], [["l0=f1(f0())"]]),
        ([(CALL, 1), (CALL, 1)], [["l0=f1(f1(2))"]]),
        ([(CALL, 1)], [["l0=f1(1) if l1 else f1(2)"]]),
        ([(CALL, 1)], [["if l0&3: pI(ba0,l0,f1(2))", "else: u32_0[l0//4]=f1(2)"]]),
        ([(CALL, 1)], [["return f1(2)"]]),
        ([(CALL, 1)], [["if f1(2):"]]),
        # Types that are the same share a list: the first one's.
        ([(INDIRECT, 1, 0)], [["t0_0[l0](1)"]]),
        ([(REF, 0)], [["(l0 or null_function).call(1)"]]),
        ([(CALL, 1)], [["xf1(f1(2))"]]),
    ],
)
def test_calls_that_are_made(
    called: list[Instr], statements: list[list[str]], scope: ModuleScope
) -> None:
    check_calls(called, statements, scope)


@pytest.mark.parametrize(
    ("called", "statements", "message"),
    [
        ([(CALL, 1)], [], r"f1\(…\) is missing"),
        ([], [["f1(5)"]], r"f1\(…\) is once too often"),
        ([(CALL, 1)], [["f0(5)"]], r"f1\(…\) is missing, f0\(…\) is once too often"),
        ([(CALL, 1)], [["l0=f1(1)+f1(2)"]], "once too often"),
        ([(CALL, 1)], [["if l0: f1(2)"], ["f1(3)"]], "once too often"),
        ([(INDIRECT, 1, 0)], [["t0_1[l0](1)"]], r"t0_0\[…\) is missing"),
    ],
)
def test_calls_that_are_not(
    called: list[Instr], statements: list[list[str]], message: str, scope: ModuleScope
) -> None:
    with pytest.raises(Differs, match=message):
        check_calls(called, statements, scope)
