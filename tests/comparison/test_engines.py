"""Engines in processes of their own: the same cases give the same answers, and one that never ends harms no other."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

import pytest

from pyjsapi.comparison.engines import (
    Engine,
    Places,
    ProcessEngine,
    find_places,
    local_engines,
    reference,
)
from pyjsapi.comparison.folder import Case, read
from pyjsapi.comparison.verdicts import judge

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 120.0
WAT = """(module
  (import "env" "log" (func $log (param i32 f64)))
  (import "env" "base" (global $base i32))
  (memory (export "m") 1 3) (memory (export "n") 1)
  (global (export "g") (mut i64) (i64.const 5))
  (global (export "fixed") f32 (f32.const 0.1))
  (func (export "add") (param i32 i32) (result i32)
    (call $log (local.get 0) (f64.const -0.0)) (i32.add (local.get 0) (i32.add (local.get 1) (global.get $base))))
  (func (export "pair") (param i64 i64) (result i64 f64)
    (i64.div_s (local.get 0) (local.get 1)) (f64.div (f64.const 0) (f64.const 0)))
  (func $deep (export "deep") (call $deep))
  (func (export "forever") (loop (br 0))))"""
STEPS = """
  { instantiate = "m.wat", imports = { env = { base = 100 } } },
  { invoke = "add", args = [1, 4294967295], expect = 100 },
  { invoke = "pair", args = [-7, 2], expect = [-3, nan] },
  { invoke = "pair", args = [1, 0], trap = true },
  { invoke = "deep", error = "RangeError" },
  { get = "g", expect = 5 }, { set = "g", to = -1 }, { get = "g", expect = -1 },
  { get = "fixed", expect = 0.10000000149011612 }, { set = "fixed", to = 1, error = "TypeError" },
  { write = "m", at = 8, values = [18446744073709551615], type = "u64" },
  { read = "m", at = 8, count = 1, type = "i64", expect = [-1] },
  { read = "m", at = 9, count = 1, type = "i64", error = "RangeError" },
  { read = "n", at = 65535, count = 2, error = "RangeError" },
  { grow = "m", by = 2, expect = 1 }, { size = "m", expect = 196608 }, { grow = "m", error = "RangeError" },
"""


def cases_of(folder: Path, *steps: str, wat: str = WAT) -> list[Case]:
    (folder / "m.wat").write_text(wat)
    text = "".join(f'[[case]]\ntitle = "t"\nsteps = [{each}]\n' for each in steps)
    (folder / "c.toml").write_text(text)
    return read(folder)


def engine_named(name: str) -> Engine:
    engines = {engine.name: engine for engine in local_engines(find_places(None, None))}
    if name not in engines:
        pytest.skip(f"{name} is not here")
    return engines[name]


@pytest.mark.parametrize("name", ["lowered", "wasmtime", "node lowered"])
def test_an_engine_says_what_the_python_face_says(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    cases = cases_of(tmp_path, STEPS)
    engine = engine_named(name)
    answers: dict[str, Any] = {
        each.name: each.run(cases, PATIENCE)[cases[0].id] for each in (reference(), engine)
    }
    verdict = judge(cases[0], answers, "python")
    assert verdict.findings == []
    assert verdict.statuses == {"python": "equal", name: "equal"}
    log = (verdict.entries(name) or [])[1]["log"]
    assert log == [{"host": "stub0_0", "args": [1, {"number": "-0"}]}]


@pytest.mark.long
def test_a_case_without_end_is_left_and_the_others_are_run(tmp_path: Path) -> None:
    begin = '{ instantiate = "m.wat" }'
    cases = cases_of(
        tmp_path, f'{begin}, {{ get = "g" }}', f'{begin}, {{ invoke = "forever" }}', begin
    )
    answers = reference().run(cases[:1], PATIENCE)
    assert "transcript" in answers["c.toml#1"]
    answers = reference().run(cases[1:], 10)
    assert answers["c.toml#2"] == {"id": "c.toml#2", "failure": "no answer in 10 s"}
    assert "transcript" in answers["c.toml#3"]


def test_a_process_that_ends_is_told_with_what_it_said(tmp_path: Path) -> None:
    cases = cases_of(tmp_path, '{ instantiate = "m.wat" }', '{ instantiate = "m.wat" }')
    broken = ProcessEngine(
        "broken",
        (sys.executable, "-c", "print('ready', flush=True); input(); raise SystemExit('no more')"),
    )
    answers = broken.run(cases, PATIENCE)
    assert [answer["failure"] for answer in answers.values()] == ["its process ended: no more"] * 2


def test_an_engine_that_lacks_a_feature_is_not_compared(tmp_path: Path) -> None:
    (tmp_path / "m.wat").write_text('(module (memory (export "m") 1))')
    (case,) = read(tmp_path)
    case.needs["future"] = "AAAA"  # no module, so that no engine accepts it
    answer = engine_named("wasmtime").run([case], PATIENCE)[case.id]
    assert answer == {"id": case.id, "unable": "the engine lacks future"}


@pytest.mark.skipif(importlib.util.find_spec("wasmtime") is None, reason="Wasmtime is not here")
def test_what_wasmtimes_package_cannot_do_is_not_compared(tmp_path: Path) -> None:
    wat = '(module (func (export "f") (param externref) (result externref) (local.get 0)))'
    steps = '{ instantiate = "m.wat" }, { invoke = "f", args = ["null"], expect = "null" }'
    (case,) = cases_of(tmp_path, steps, wat=wat)
    answers = {
        e.name: e.run([case], PATIENCE)[case.id] for e in (reference(), engine_named("wasmtime"))
    }
    verdict = judge(case, answers, "python")
    assert verdict.findings == []
    assert answers["wasmtime"]["transcript"][1] == {"unable": "it is called with numbers alone"}


def test_scripts_tell_the_lines_that_fail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    (tmp_path / "s.wast").write_text(
        '(module (func (export "f") (result i32) (i32.const 1)))\n'
        '(assert_return (invoke "f") (i32.const 1))\n(assert_return (invoke "f") (i32.const 2))\n'
    )
    (case,) = read(tmp_path)
    answers = {
        e.name: e.run([case], PATIENCE)[case.id] for e in (reference(), engine_named("node"))
    }
    verdict = judge(case, answers, "python")
    assert verdict.entries("node") is not None
    assert [entries[0]["value"] for entries in map(verdict.entries, answers) if entries] == [
        [3],
        [3],
    ]
    assert {finding.engine for finding in verdict.findings} == {"python", "node"}


def test_places_are_found_where_npm_puts_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    polyfill, pyodide = tmp_path / "p", tmp_path / "q"
    assert find_places(polyfill, pyodide) == Places(None, None, None)
    for folder, file in ((polyfill, "implementation.mjs"), (pyodide, "pyodide.mjs")):
        folder.mkdir()
        (folder / file).write_text("")
    assert find_places(polyfill, pyodide) == Places(polyfill, None, None)
    (polyfill / "pyjsapi.whl").write_text("")
    assert find_places(polyfill, pyodide) == Places(polyfill, pyodide, polyfill / "pyjsapi.whl")
    (pyodide / "pyodide-lock.json").write_text('{"packages": {"pyjsapi": {}}}')
    assert find_places(polyfill, pyodide) == Places(polyfill, pyodide, None)
