"""Scripts of the specification as data, and the runner that judges them on a JavaScript engine."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from pyjsapi.comparison.scripts import convert_script

ROOT = Path(__file__).resolve().parents[2]
RUN = """
import { readFileSync } from "node:fs";
const { runScript } = await import(process.argv[1]);
console.log(JSON.stringify(runScript(JSON.parse(readFileSync(0, "utf8")), WebAssembly)));
"""
MODULE = """
(module $m
  (memory (export "mem") 1)
  (global (export "g") f64 (f64.const 2.5))
  (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
  (func (export "wide") (param i64) (result i64) (i64.add (local.get 0) (i64.const 1)))
  (func (export "f32") (param f32) (result f32) (local.get 0))
  (func (export "v") (param v128) (result v128) (local.get 0))
  (func (export "two") (result i32 f64) (i32.const 1) (f64.const 0.5))
  (func (export "trap") (result f32) (unreachable))
  (func $deep (export "deep") (call $deep))
  (func (export "id") (param externref) (result externref) (local.get 0)))
(register "M" $m)
"""


def _run(tmp_path: Path, *commands: str) -> dict[str, Any]:
    path = tmp_path / "script.wast"
    path.write_text(MODULE + "\n".join(commands), "utf-8")
    done = subprocess.run(
        [
            "node",
            "--input-type=module",
            "-e",
            RUN,
            (ROOT / "pyjsapi/comparison/static/wast.mjs").as_uri(),
        ],
        input=json.dumps(convert_script(path, "script.wast").json()),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    result: dict[str, Any] = json.loads(done.stdout)
    return result


HOLD = (
    '(assert_return (invoke "add" (i32.const -1) (i32.const 0)) (i32.const 0xffffffff))',
    '(assert_return (invoke "wide" (i64.const 0x7fffffffffffffff)) (i64.const 0x8000000000000000))',
    '(assert_return (invoke "f32" (f32.const nan:0x200001)) (f32.const nan:0x200001))',
    '(assert_return (invoke "f32" (f32.const -nan)) (f32.const nan:canonical))',
    '(assert_return (invoke "f32" (f32.const -0)) (either (f32.const 1) (f32.const -0)))',
    '(assert_return (invoke "v" (v128.const i32x4 1 2 3 4)) (v128.const i32x4 1 2 3 4))',
    '(assert_return (invoke "v" (v128.const f32x4 1 nan 2 -nan))'
    " (v128.const f32x4 1 nan:canonical 2 nan:arithmetic))",
    '(assert_return (invoke "two") (i32.const 1) (f64.const 0.5))',
    '(assert_return (invoke "id" (ref.extern 7)) (ref.extern 7))',
    '(assert_return (invoke "id" (ref.null extern)) (ref.null))',
    '(assert_return (get $m "g") (f64.const 2.5))',
    '(assert_trap (invoke "trap") "unreachable")',
    '(assert_exhaustion (invoke "deep") "call stack exhausted")',
    '(assert_invalid (module (func (result i32))) "type mismatch")',
    '(assert_malformed (module binary "") "unexpected end")',
    '(assert_unlinkable (module (import "M" "none" (func))) "unknown import")',
    '(assert_unlinkable (module (import "M" "add" (func))) "incompatible import type")',
    '(assert_trap (module (func unreachable) (start 0)) "unreachable")',
)
FAIL = (
    '(assert_return (invoke "add" (i32.const 1) (i32.const 1)) (i32.const 3))',
    '(assert_return (invoke "wide" (i64.const 1)) (i64.const 1))',
    '(assert_return (invoke "f32" (f32.const nan:0x200001)) (f32.const nan:0x200000))',
    '(assert_return (invoke "f32" (f32.const nan:0x200001)) (f32.const nan:canonical))',
    '(assert_return (invoke "f32" (f32.const 0)) (f32.const -0))',
    '(assert_return (invoke "v" (v128.const i32x4 1 2 3 4)) (v128.const i32x4 1 2 3 5))',
    '(assert_return (invoke "two") (i32.const 1) (f64.const 0.25))',
    '(assert_return (invoke "id" (ref.extern 7)) (ref.extern 8))',
    '(assert_return (get $m "g") (f64.const 2))',
    '(assert_return (invoke "none"))',
    '(assert_trap (invoke "add" (i32.const 1) (i32.const 1)) "unreachable")',
    '(assert_trap (invoke "deep") "unreachable")',
    '(assert_invalid (module (func)) "type mismatch")',
    '(assert_unlinkable (module (import "M" "g" (global f64))) "unknown import")',
)


def test_what_holds_passes(tmp_path: Path) -> None:
    result = _run(tmp_path, *HOLD)
    assert result["failures"] == []
    assert result["passed"] == result["assertions"] == len(HOLD)


def test_what_does_not_hold_fails(tmp_path: Path) -> None:
    result = _run(tmp_path, *FAIL)
    assert result["passed"] == 0
    assert len(result["failures"]) == result["assertions"] == len(FAIL)


@pytest.mark.parametrize("text", ['(assert_malformed (module quote "(") "unexpected end")'])
def test_what_only_a_text_parser_can_judge_is_left_out(tmp_path: Path, text: str) -> None:
    assert _run(tmp_path, text)["assertions"] == 0


def test_a_module_that_fails_is_recorded_and_the_rest_runs(tmp_path: Path) -> None:
    result = _run(
        tmp_path,
        "(module (func unreachable) (start 0))",
        '(assert_return (invoke "add" (i32.const 1) (i32.const 1)) (i32.const 2))',
        '(assert_return (invoke $m "add" (i32.const 1) (i32.const 1)) (i32.const 2))',
    )
    assert (result["passed"], result["assertions"], len(result["failures"])) == (1, 2, 2)
