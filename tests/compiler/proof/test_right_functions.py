"""Functions that are right in a way that is easily taken for wrong: small ones, each proved in every mode."""

from __future__ import annotations

import pytest

from pyjsapi.compiler.cache import CodeCache
from pyjsapi.compiler.options import Options
from pyjsapi.compiler.proving import prove_compiled
from pyjsapi.engines.python import compile_module
from pyjsapi.text import wat2wasm

_CHOSEN = {
    "structured": Options(),
    "one loop": Options(max_loops=1),
    "four loops": Options(max_loops=4),
    "no loop": Options(max_loops=0),
    "machine": Options(state_machine=True),
}
MODES = {
    f"{name}{', asserted' * asserted}": chosen._replace(assertions=asserted)
    for asserted in (False, True)
    for name, chosen in _CHOSEN.items()
}

# A reference that is in its temporary before it is branched on, since ways meet there.
_MEETING = (
    """(if (result (ref null any)) (local.get 1) (then (unreachable)) (else (local.get 0)))"""
)
_REFERENCE = "(func (param (ref null any) i32)"

FUNCTIONS = {
    "br_on_null keeps what is in its place": f"""
        {_REFERENCE}
          (drop (block $o (result (ref any)) (block $n (br $o (br_on_null $n {_MEETING}))) (unreachable))))
    """,
    "br_on_null keeps what is in its place above another operand": f"""
        {_REFERENCE} (drop (drop (block $o (result i32 (ref any))
          (block $n (br $o (i32.const 1) (br_on_null $n {_MEETING}))) (unreachable)))))
    """,
    "br_on_null twice": f"""
        {_REFERENCE} (drop (block $o (result (ref any))
          (block $n (br $o (br_on_null $n (br_on_null $n {_MEETING})))) (unreachable))))
    """,
    "br_on_null carries operands below what it keeps": f"""
        {_REFERENCE} (drop (drop (block $o (result i32 (ref any))
          (br $o (i32.const 2) (ref.i31 (block $n (result i32) (br $o (br_on_null $n (i32.const 1) {_MEETING}))))))))
        )
    """,
    "br_on_non_null takes what is in its place": f"""
        {_REFERENCE} (drop (block $o (result (ref any)) (br_on_non_null $o {_MEETING}) (unreachable))))
    """,
    "br_on_cast leaves what is in its place": f"""
        {_REFERENCE} (drop (block $o (result (ref null any))
          (br $o (br_on_cast $o (ref null any) (ref i31) {_MEETING}))))
        )
    """,
    "br_on_cast_fail leaves what is in its place": f"""
        {_REFERENCE} (drop (block $o (result (ref null any))
          (br $o (br_on_cast_fail $o (ref null any) (ref i31) {_MEETING}))))
        )
    """,
    "br_if leaves what is in its place": f"""
        {_REFERENCE} (drop (block $o (result (ref null any)) (br $o (br_if $o {_MEETING} (local.get 1)))))
        )
    """,
    "br_table takes what is in its place": f"""
        {_REFERENCE} (drop (block $o (result (ref null any))
          (drop (block $p (result (ref null any)) (br_table $o $p $o {_MEETING} (local.get 1)))) (local.get 0))))
    """,
    "a table has one place, behind which an arm ends with moves": """
        (func (param i32) (result i32)
          (drop (if (result i32 i32) (local.get 0)
            (then (local.get 0) (block $b (result i32) (br_table $b $b (call $two) (call $two))))
            (else (call $two) (call $two)))))
        (func $two (result i32) (i32.const 2))
    """,
    "a call that is tested has a temporary for its first argument": """
        (func $f (param i32 i32) (result i32)
          (if (call $f (if (result i32) (local.get 0) (then (unreachable)) (else (local.get 1))) (local.get 1))
            (then (return (i32.const 3))))
          (i32.const 4))
    """,
    "one call is in both arms of a shift, and two of a test's": """
        (func $f (param i32 i64 f32) (result i32)
          (local.set 1 (i64.shr_s (local.get 1) (i64.extend_i32_u (call $f (local.get 0) (local.get 1) (local.get 2)))))
          (i32.and (i32.const 4095) (if (result i32) (local.get 0)
            (then (i32.reinterpret_f32 (call $g (f32.const 1))))
            (else (i32.reinterpret_f32 (call $g (f32.const 2)))))))
        (func $g (param f32) (result f32) (local.get 0))
    """,
    "the end is returned from twice": """
        (func (param i32) (block (i32.const 46) (br_table 0 1)) (loop (br_if 0 (local.get 0))))
    """,
    "the end is returned from twice, and a table goes there with nothing else": """
        (func (param i32) (block (br_table 1 1 0 (local.get 0))) (loop (br_if 0 (local.get 0))))
    """,
    "the end of a function that hands on is returned from twice": """
        (func (param i32)
          (block (br_table 0 1 (local.get 0))) (loop (br_if 0 (local.get 0)))
          (if (local.get 0) (then (return_call $other))))
        (func $other)
    """,
    "a tail call of the function to itself keeps a local of which something is known": """
        (func $f (param i32 i64)
          (if (i64.eq (local.get 1) (i64.const 5))
            (then (return_call $f (i32.sub (local.get 0) (i32.const 1)) (local.get 1)))))
    """,
    "a tail call of the function to itself keeps everything": """
        (func $f (param i32 i64)
          (if (i32.eq (local.get 0) (i32.const 5)) (then (return_call $f (local.get 0) (local.get 1)))))
    """,
}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_it_is_proved(name: str, mode: str) -> None:
    module = compile_module(wat2wasm(f"(module {FUNCTIONS[name]})"), cache=CodeCache())
    report = prove_compiled(module, MODES[mode])
    assert not report.findings, str(report.findings[0])
