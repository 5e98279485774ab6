"""Legacy exception handling: what it was lowered to is compared with the body as it was."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from pyjsapi.compiler.cache import CodeCache
from pyjsapi.compiler.frame import Frame
from pyjsapi.compiler.function import translate_once
from pyjsapi.compiler.options import Options
from pyjsapi.compiler.proof import Finding, prove
from pyjsapi.compiler.proof.legacy import Lowering
from pyjsapi.engines.python import compile_module
from pyjsapi.syntax.module import Code, Instr
from pyjsapi.text import wat2wasm
from tests.compiler.proof.control_programs import HEAD, program

CATCHES = """
 (try $l
  (do (call $ev (i32.const 1)) (if (local.get $x) (then (throw $t))) (br_if $l (local.get $a)) (throw $u (i32.const 2)))
  (catch $t (call $ev (i32.const 3)) (try $k (do (throw $t)) (catch_all (rethrow $l))))
  (catch $u (local.set $a) (call $ev (i32.const 4)))
  (catch_all (call $ev (i32.const 5)) (rethrow $l)))
 (local.get $a)
"""
DELEGATES = """
 (try $out
  (do (try $l (do (try (do (call $ev (i32.const 1))) (delegate $l))) (catch $t (call $ev (i32.const 2))))
      (try (do (call $ev (i32.const 3))) (delegate $out))
      (try (do (call $ev (i32.const 4))) (delegate 1)))
  (catch_all (call $ev (i32.const 5))))
 (local.get $a)
"""


def translated(body: str) -> tuple[Frame, Code]:
    text = f"{HEAD.format(results='i32')} {body}) (func $g (type $other) (local.get 0)))"
    compiled = compile_module(wat2wasm(text), options=Options(proof=True), cache=CodeCache())
    code = compiled.module.funcs[0].code.load()
    return translate_once(compiled.default_variant.scope, 2, code), code


def compared(frame: Frame, code: Code) -> Finding | None:
    return Lowering(code.body, 4, frame).run()


def changed(frame: Frame, position: int, *instr: Any) -> None:
    flat = list(frame.flat)
    flat[position] = (flat[position][0], *instr)
    frame.flat = flat


def find(frame: Frame, wanted: Callable[[Instr], bool]) -> list[int]:
    return [i for i, instr in enumerate(frame.flat) if wanted(instr)]


def named(frame: Frame, mnemonic: str) -> list[int]:
    return find(frame, lambda instr: instr[0].mnemonic == mnemonic)


def tables(frame: Frame) -> list[int]:
    return find(frame, lambda instr: instr[0].mnemonic == "try_table" and bool(instr[2]))


def extras(frame: Frame, mnemonic: str) -> list[int]:
    """Accesses to locals that hold exceptions."""
    return find(frame, lambda instr: instr[0].mnemonic == mnemonic and instr[1] >= 4)


@pytest.mark.parametrize("body", [CATCHES, DELEGATES])
def test_a_right_lowering_is_proved(body: str) -> None:
    frame, code = translated(body)
    assert prove(frame, code) is None


@pytest.mark.parametrize("seed", range(0, 100, 10))
def test_random_bodies_are_proved(seed: int) -> None:
    lowered = 0
    for i in range(seed, seed + 10):
        compiled = compile_module(
            wat2wasm(program(i, legacy=True)), options=Options(proof=True), cache=CodeCache()
        )
        code = compiled.module.funcs[0].code.load()
        frame = translate_once(compiled.default_variant.scope, 2, code)
        assert prove(frame, code) is None
        lowered += frame.flat is not code.body
    assert lowered


def reverse_clauses(frame: Frame) -> None:
    at = tables(frame)[0]
    _, type_, clauses = frame.flat[at]
    changed(frame, at, type_, tuple(reversed(clauses)))


def drop_a_clause(frame: Frame) -> None:
    at = tables(frame)[0]
    _, type_, clauses = frame.flat[at]
    changed(frame, at, type_, clauses[1:])


def other_tag(frame: Frame) -> None:
    at = tables(frame)[0]
    _, type_, ((kind, tag, label), *more) = frame.flat[at]
    changed(frame, at, type_, ((kind, 1 - tag, label), *more))


def other_label(frame: Frame) -> None:
    at = tables(frame)[0]
    _, type_, ((kind, tag, _), *more) = frame.flat[at]
    changed(frame, at, type_, ((kind, tag, more[0][2]), *more))


def another_exception(frame: Frame) -> None:
    at = extras(frame, "local.get")[0]
    changed(frame, at, frame.flat[at][1] + 1)


def one_local_for_two(frame: Frame) -> None:
    for at in (*extras(frame, "local.set"), *extras(frame, "local.get")):
        changed(frame, at, 4)


def leave_a_catch_further(frame: Frame) -> None:
    at = [i for i in named(frame, "br") if frame.flat[i][1] > 0][-1]
    changed(frame, at, frame.flat[at][1] - 1)


def branch_elsewhere(frame: Frame) -> None:
    at = named(frame, "br_if")[0]
    changed(frame, at, frame.flat[at][1] + 1)


def other_call(frame: Frame) -> None:
    at = named(frame, "i32.const")[0]
    changed(frame, at, 7)


def throw_where_nothing_is_thrown(frame: Frame) -> None:
    at = named(frame, "throw")[0]
    changed(frame, at, 1 - frame.flat[at][1])


@pytest.mark.parametrize(
    "fault",
    [
        reverse_clauses, drop_a_clause, other_tag, other_label, another_exception, one_local_for_two,
        leave_a_catch_further, branch_elsewhere, other_call, throw_where_nothing_is_thrown,
    ],
)  # fmt: skip
def test_wrong_catches_are_found(fault: Callable[[Frame], None]) -> None:
    frame, code = translated(CATCHES)
    assert compared(frame, code) is None
    fault(frame)
    finding = compared(frame, code)
    assert finding is not None
    assert "its exception handling as try_table" in finding.text


@pytest.mark.parametrize("depth", [-1, 1])
def test_wrong_delegates_are_found(depth: int) -> None:
    frame, code = translated(DELEGATES)
    delegating = [i for i in tables(frame) if frame.flat[i][2][0][0] == "catch_all_ref"]
    found = 0
    for at in delegating:
        again, _ = translated(DELEGATES)
        _, type_, ((kind, tag, label), *more) = again.flat[at]
        if label + depth < 0:
            continue
        changed(again, at, type_, ((kind, tag, label + depth), *more))
        found += compared(again, code) is not None
    assert found
