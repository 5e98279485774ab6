"""`Options.assertions`: what emitters claim and what comes from outside is checked where code runs."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any, Final

import pytest

from pyjsapi import WebAssembly
from pyjsapi.compiler import asserting
from pyjsapi.compiler.emit.registry import EMITTERS
from pyjsapi.compiler.expression import P_SUM, Entry
from pyjsapi.compiler.frame import Frame
from pyjsapi.compiler.options import ASSERT, Options
from pyjsapi.compiler.support.assertions import GLOBALS, FactError
from pyjsapi.runtime.exception import UNCATCHABLE
from pyjsapi.syntax.instructions import BY_MNEMONIC, Imm
from pyjsapi.syntax.op import Op
from pyjsapi.syntax.types import F32, F64, I32, I64
from pyjsapi.text import wat2wasm
from tests.compiler.assertion_corpus import ASSERTING, MODES, MODULE

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
