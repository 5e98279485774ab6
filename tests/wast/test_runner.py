"""The runner judges: what holds passes, and each way of not holding is reported with its line."""

from __future__ import annotations

import pytest

from pyjsapi.syntax.features import Features
from pyjsapi.wast import ScriptResult, run_text

_MODULE = """(module
  (func (export "one") (result i32) (i32.const 1))
  (func (export "two") (result i32 i64) (i32.const 1) (i64.const 2))
  (func (export "nothing"))
  (func (export "f32") (param f32) (result f32) (local.get 0))
  (func (export "f64") (param f64) (result f64) (local.get 0))
  (func (export "extern") (param externref) (result externref) (local.get 0))
  (func $self (export "self") (result funcref) (ref.func $self))
  (func (export "trap") (unreachable))
  (func $deep (export "deep") (call $deep))
  (global (export "g") i64 (i64.const -1)))
"""
_FIRST_LINE_AFTER = _MODULE.count("\n") + 1


def run(command: str) -> ScriptResult:
    return run_text(_MODULE + command)


HOLD = [
    '(assert_return (invoke "one") (i32.const 1))',
    '(assert_return (invoke "two") (i32.const 1) (i64.const 2))',
    '(assert_return (invoke "nothing"))',
    '(assert_return (get "g") (i64.const 0xffff_ffff_ffff_ffff))',
    '(assert_return (invoke "f32" (f32.const -0)) (f32.const -0))',
    '(assert_return (invoke "f32" (f32.const nan:0x200000)) (f32.const nan:0x200000))',
    '(assert_return (invoke "f32" (f32.const -nan)) (f32.const nan:canonical))',
    '(assert_return (invoke "f32" (f32.const nan:0x600000)) (f32.const nan:arithmetic))',
    '(assert_return (invoke "f64" (f64.const nan:0x1)) (f64.const nan:0x1))',
    '(assert_return (invoke "f64" (f64.const -nan)) (f64.const nan:canonical))',
    '(assert_return (invoke "extern" (ref.extern 3)) (ref.extern 3))',
    '(assert_return (invoke "extern" (ref.host 3)) (ref.extern))',
    '(assert_return (invoke "extern" (ref.null extern)) (ref.null extern))',
    '(assert_return (invoke "extern" (ref.null extern)) (ref.null))',
    '(assert_return (invoke "self") (ref.func))',
    '(assert_return (invoke "one") (either (i32.const 0) (i32.const 1)))',
    '(assert_trap (invoke "trap") "unreachable")',
    '(assert_trap (invoke "trap") "unre")',
    '(assert_trap (invoke "trap") "")',
    '(assert_exhaustion (invoke "deep") "call stack exhausted")',
    '(assert_malformed (module quote "(fun)") "unknown operator")',
    '(assert_malformed (module binary "\\00asn") "magic header not detected")',
    '(assert_invalid (module (func (result i32))) "type mismatch")',
    '(assert_invalid (module binary "\\00asm" "\\01\\00\\00\\00" "\\08\\01\\00") "unknown function")',
    '(assert_unlinkable (module (import "no" "thing" (func))) "unknown import")',
    '(assert_unlinkable (module (import "spectest" "table" (memory 1))) "incompatible import type")',
    '(assert_trap (module (memory 1) (data (i32.const -1) "a")) "out of bounds memory access")',
]


@pytest.mark.usefixtures("deep_stack")
@pytest.mark.parametrize("command", HOLD)
def test_what_holds_passes(command: str) -> None:
    result = run(command)
    assert (result.assertions, result.passed, result.failures) == (1, 1, [])


FAIL = [
    ('(assert_return (invoke "one") (i32.const 2))', "expected i32 0x2; got 0x1"),
    ('(assert_return (invoke "one") (i64.const 1) (i64.const 1))', "expected i64 0x1, i64 0x1"),
    ('(assert_return (invoke "one"))', "expected nothing; got 0x1"),
    ('(assert_return (invoke "nothing") (i32.const 0))', "got nothing"),
    ('(assert_return (invoke "two") (i64.const 2) (i32.const 1))', "got 0x1, 0x2"),
    ('(assert_return (invoke "f32" (f32.const -0)) (f32.const 0))', "-0.0"),
    ('(assert_return (invoke "f32" (f32.const 1)) (i32.const 1))', "1.0"),
    ('(assert_return (invoke "f32" (f32.const nan:0x600000)) (f32.const nan:canonical))', "nan"),
    ('(assert_return (invoke "f32" (f32.const nan:0x200000)) (f32.const nan:arithmetic))', "nan"),
    ('(assert_return (invoke "f32" (f32.const 1)) (f32.const nan:arithmetic))', "1.0"),
    ('(assert_return (invoke "f64" (f64.const nan:0x1)) (f64.const nan))', "nan"),
    ('(assert_return (invoke "extern" (ref.extern 3)) (ref.extern 4))', "ref.extern 4"),
    ('(assert_return (invoke "extern" (ref.extern 3)) (ref.null))', "ref.null"),
    ('(assert_return (invoke "extern" (ref.null extern)) (ref.extern))', "None"),
    ('(assert_return (invoke "extern" (ref.extern 3)) (ref.func))', "ref.func"),
    ('(assert_return (invoke "one") (either (i32.const 0) (i32.const 2)))', "either"),
    ('(assert_return (invoke "trap"))', "Trap: unreachable"),
    ('(assert_return (invoke "absent"))', 'no function is exported as "absent"'),
    ('(assert_return (invoke "g"))', 'no function is exported as "g"'),
    ('(assert_return (get "one"))', 'no global is exported as "one"'),
    ('(assert_return (invoke $M "one") (i32.const 1))', "no instance $M"),
    ('(assert_trap (invoke "one") "unreachable")', "nothing failed"),
    ('(assert_trap (invoke "trap") "integer overflow")', "should begin 'integer overflow'"),
    ('(assert_trap (invoke "deep") "")', "Exhaustion"),
    ('(assert_exhaustion (invoke "trap") "")', "Trap"),
    ('(assert_exception (invoke "trap"))', "Trap"),
    ('(assert_malformed (module quote "(func)") "unexpected")', "nothing failed"),
    ('(assert_malformed (module quote "(func (result i32))") "")', "ValidationError"),
    ('(assert_malformed (module quote "(fun)") "unexpected token")', "unknown operator fun"),
    ('(assert_invalid (module (func)) "type mismatch")', "nothing failed"),
    ('(assert_invalid (module (fun)) "type mismatch")', "ParseError"),
    ('(assert_unlinkable (module (func)) "unknown import")', "nothing failed"),
    ('(assert_trap (module (func)) "unreachable")', "nothing failed"),
    ('(assert_nothing (module (func)) "x")', "assert_nothing is not supported"),
]


@pytest.mark.parametrize(("command", "reason"), FAIL)
def test_what_does_not_hold_fails(command: str, reason: str) -> None:
    result = run(command)
    assert (result.assertions, result.passed) == (1, 0)
    (failure,) = result.failures
    assert failure.line == _FIRST_LINE_AFTER
    assert failure.keyword == command[1:].split()[0]
    assert reason in failure.reason


OTHERS = [
    ('(invoke "trap")', "Trap"),
    ('(register "x" $nobody)', "no instance $nobody"),
    ("(module instance $i $nobody)", "no module $nobody"),
    ("(module (func (result i32)))", "type mismatch"),
    ("(module (import \"no\" \"thing\" (func)))", "unknown import"),
    ("(frobnicate)", "unknown operator frobnicate"),
    ("(assert_return (invoke \"one\") (v128.const i32x3 0 0 0))", "unknown operator i32x3"),
    ("(assert_return (invoke \"one\") (v128.const i32x4 0 0 0))", "wrong number of lane literals"),
    ("(assert_return (invoke \"one\") (v128.const i32x4 0 0 0 nan:canonical))", "unexpected token"),
    ("(assert_return (invoke \"one\") (v128.const f32x4 0 0 nan:canonical))", "wrong number of lane"),
]  # fmt: skip


@pytest.mark.parametrize(("command", "reason"), OTHERS)
def test_other_commands_that_fail_are_reported_and_the_rest_is_run(
    command: str, reason: str
) -> None:
    result = run(command + '\n(module $last)\n(assert_malformed (module quote "x") "")')
    assert [failure.line for failure in result.failures] == [_FIRST_LINE_AFTER]
    assert reason in result.failures[0].reason
    assert result.passed == 1


def test_a_failed_module_is_not_mistaken_for_the_one_before() -> None:
    result = run('(module (func (result i32)))\n(assert_return (invoke "one") (i32.const 1))')
    assert [failure.keyword for failure in result.failures] == ["module", "assert_return"]
    assert "its module failed" in result.failures[1].reason


def test_instances_have_names_and_are_registered_for_import() -> None:
    result = run_text("""
      (module $A (global $g (export "g") (mut i32) (i32.const 1))
        (func (export "set") (param i32) (global.set $g (local.get 0))))
      (register "a" $A)
      (module $B (import "a" "g" (global $g (mut i32))) (func (export "get") (result i32) (global.get $g)))
      (invoke $A "set" (i32.const 7))
      (assert_return (invoke $B "get") (i32.const 7))
      (assert_return (invoke "get") (i32.const 7))
      (assert_return (get $A "g") (i32.const 7))
    """)
    assert result.failures == []
    assert result.passed == 3


def test_definitions_are_instantiated_each_for_itself() -> None:
    result = run_text("""
      (module definition $M (global $g (mut i32) (i32.const 0))
        (func (export "count") (result i32)
          (global.set $g (i32.add (global.get $g) (i32.const 1))) (global.get $g)))
      (module instance $I $M)
      (module instance $J $M)
      (assert_return (invoke $I "count") (i32.const 1))
      (assert_return (invoke $I "count") (i32.const 2))
      (assert_return (invoke $J "count") (i32.const 1))
      (module definition (memory 65536))
    """)
    assert result.failures == []
    assert result.passed == 3


def test_every_kind_of_module_is_run() -> None:
    result = run_text("""
      (module binary "\\00asm" "\\01\\00\\00\\00")
      (module $q quote "(func (export \\"f\\")" ")")
      (assert_return (invoke $q "f"))
    """)
    assert result.failures == []


def test_a_script_may_be_fields_without_a_module_around_them() -> None:
    assert run_text("(func)\n(memory 1)").failures == []
    assert "unknown function" in run_text("(start 0)").failures[0].reason


def test_a_script_whose_parentheses_do_not_match_is_reported() -> None:
    result = run_text('(module)\n(assert_return (invoke "x")')
    assert result.failures[-1].keyword == "script"
    assert run_text("(module))").failures[-1].line == 1


def test_the_host_module_is_that_of_the_reference_interpreter() -> None:
    result = run_text("""
      (module
        (import "spectest" "print" (func $print)) (import "spectest" "print_i32" (func (param i32)))
        (import "spectest" "print_i64" (func (param i64))) (import "spectest" "print_f32" (func (param f32)))
        (import "spectest" "print_f64" (func (param f64)))
        (import "spectest" "print_i32_f32" (func $if (param i32 f32)))
        (import "spectest" "print_f64_f64" (func (param f64 f64)))
        (import "spectest" "global_i32" (global i32)) (import "spectest" "global_i64" (global i64))
        (import "spectest" "global_f32" (global f32)) (import "spectest" "global_f64" (global f64))
        (import "spectest" "table" (table 10 20 funcref)) (import "spectest" "table64" (table i64 10 20 funcref))
        (import "spectest" "memory" (memory 1 2))
        (func (export "f") (result i32 i64 f32 f64)
          (call $print) (call $if (i32.const 1) (f32.const 2))
          (global.get 0) (global.get 1) (global.get 2) (global.get 3)))
      (assert_return (invoke "f") (i32.const 666) (i64.const 666) (f32.const 666.6) (f64.const 666.6))
    """)
    assert result.failures == []


def test_features_can_be_switched_off() -> None:
    text = '(assert_invalid (module (memory 1) (memory 1)) "")'
    assert run_text(text).passed == 0
    assert run_text(text, features=Features(multi_memory=False)).passed == 1


_THREADS = """(module $Mem (memory (export "m") 1 1 shared))
(thread $T (shared (module $Mem))
  (register "mem" $Mem)
  (module (memory (import "mem" "m") 1 1 shared)
    (func (export "one") (result i32) (i32.const 1)))
  (assert_return (invoke "one") (i32.const 1))
  (assert_return (invoke "one") (i32.const 2)))
"""


def test_what_fails_in_a_thread_is_reported_with_its_line() -> None:
    for wait in ("(wait $T)", ""):
        result = run_text(_THREADS + wait)
        assert (result.assertions, result.passed) == (2, 1)
        assert [failure.line for failure in result.failures] == [7]


def test_a_thread_has_what_is_shared_with_it_and_no_more() -> None:
    result = run_text("""(module $Mem (memory (export "m") 1 1 shared))
      (register "mem" $Mem)
      (thread $T
        (assert_unlinkable (module (memory (import "mem" "m") 1 1 shared)) "unknown import"))
      (wait $T)""")
    assert (result.passed, result.failures) == (1, [])


@pytest.mark.parametrize(
    "command", ["(wait $T)", "(wait)", "(thread (invoke))", "(thread $T (shared (module $None)))"]
)
def test_threads_and_modules_that_do_not_exist(command: str) -> None:
    assert [failure.line for failure in run_text(command).failures] == [1]


def test_suspensions_that_nothing_handles() -> None:
    script = """(module (tag $t) (func (export "lone") (suspend $t)) (func (export "trap") (unreachable)))
      (assert_suspension (invoke "lone") "unhandled")
      (assert_suspension (invoke "trap") "unhandled")"""
    result = run_text(script, features=Features(stack_switching=True))
    assert (result.assertions, result.passed) == (2, 1)
    (failure,) = result.failures
    assert "unreachable" in failure.reason
