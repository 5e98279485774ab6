"""A folder of cases: what its files may say, what they become, and what is said to files that are wrong."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from pyjsapi.comparison.folder import read
from pyjsapi.comparison.values import CaseError
from pyjsapi.text import wat2wasm

MODULE = """(module
  (import "env" "f" (func (param i32) (result i64 f64)))
  (import "env" "g" (global i64))
  (import "env" "m" (memory i64 1 2))
  (import "env" "t" (table 1 funcref))
  (memory (export "mem") 1)
  (global (export "count") (mut i64) (i64.const 3))
  (func (export "add") (param i32 i64) (result i32 i64) (local.get 0) (local.get 1))
  (func (export "vector") (param v128)))"""


def write(folder: Path, steps: str, module: str = MODULE) -> None:
    (folder / "m.wat").write_text(module)
    (folder / "cases.toml").write_text(f'[[case]]\ntitle = "one"\nsteps = [{steps}]\n')


def test_imports_are_stubbed_by_type(tmp_path: Path) -> None:
    write(tmp_path, '{ instantiate = "m.wat" }')
    (case,) = read(tmp_path)
    *stubs, made = case.data["steps"]
    assert stubs[0] == {"host": "stub0_0", "params": ["i32"], "returns": ["$0n", 0]}
    assert stubs[1]["args"] == [{"value": "i64", "mutable": False}, "$0n"]
    assert stubs[2]["args"] == [{"initial": "$1n", "maximum": "$2n", "address": "i64"}]
    assert stubs[3]["args"] == [{"element": "anyfunc", "initial": 1}]
    assert made["imports"]["env"] == {k: f"$stub0_{n}" for n, k in enumerate("fgmt")}
    assert (case.shown, case.hosts, case.memories) == ([4], {"stub0_0": "env.f"}, 2)
    assert case.needs.keys() == {"multi_memory", "memory64", "simd"}


def test_imports_can_be_given(tmp_path: Path) -> None:
    given = "f = { returns = [1, 2.5] }, g = -1"
    write(tmp_path, f'{{ instantiate = "m.wat", imports = {{ env = {{ {given} }} }} }}')
    (case,) = read(tmp_path)
    assert case.data["steps"][0]["returns"] == ["$1n", 2.5]
    assert case.data["steps"][1]["args"][1] == "$-1n"


def test_values_are_written_by_their_types(tmp_path: Path) -> None:
    write(
        tmp_path,
        '{ instantiate = "m.wat" }, { invoke = "add", args = [1, 2], expect = [4294967295, -1] },'
        '{ get = "count", expect = 3 }, { read = "mem", count = 1, type = "u64", expect = [7] },'
        '{ grow = "mem", expect = 1 }, { invoke = "add", args = [0, 0], trap = true }',
    )
    (case,) = read(tmp_path)
    assert case.data["steps"][5]["args"] == [1, "$2n"]
    assert case.expected == [
        None,
        {"value": [-1, {"bigint": "-1"}]},
        {"value": {"bigint": "3"}},
        {"value": [{"bigint": "7"}]},
        {"value": 1},
        {"error": "RuntimeError"},
    ]
    assert case.labels[3] == "mem[0:] as 1 u64"


def test_what_no_file_of_cases_names_is_a_case_too(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "a.wasm").write_bytes(wat2wasm(MODULE))
    (tmp_path / "b.wast").write_text(
        '(module)\n(assert_invalid (module (func i32.const 0)) "type")'
    )
    script, module = sorted(read(tmp_path), key=lambda case: case.id)
    assert (script.id, script.expected) == ("b.wast", [{"value": []}])
    assert module.id == "sub/a.wasm"
    assert module.labels[1:] == ["bytes of mem", "mem[0:] as 256 u8", "count"]


def test_modules_with_several_memories_come_lowered(tmp_path: Path) -> None:
    write(tmp_path, '{ instantiate = "m.wat" }', "(module (memory 1) (memory 1))")
    (case,) = read(tmp_path)
    assert case.data["lowered"].keys() == set(case.data["modules"].values())
    (one,) = case.data["lowered"].values()
    assert base64.b64decode(one["lowered"]).startswith(b"\0asm")


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        ('{ get = "count" }', "step 0: get 'count': nothing is instantiated yet"),
        ('{ instantiate = "gone.wat" }', "case 1: cannot read gone.wat: No such file"),
        ('{ instantiate = "m.txt" }', "m.txt is neither .wat nor .wasm"),
        ("{ }", "a step has exactly one of instantiate, invoke, get"),
        ("{ invoke = 5 }", "invoke needs a name, not 5"),
        ('{ instantiate = "m.wat", args = [] }', "instantiate has no args; it may have"),
        (
            '{ instantiate = "m.wat" }, { invoke = "ad" }',
            "exports no function of that name; it exports add",
        ),
        (
            '{ instantiate = "m.wat" }, { invoke = "add", args = [1] }',
            "it takes 2 arguments (i32, i64), not 1",
        ),
        (
            '{ instantiate = "m.wat" }, { invoke = "add", args = [1, 2.5] }',
            "argument 1: 2.5 is no integer",
        ),
        ('{ instantiate = "m.wat" }, { invoke = "vector", args = [1] }', "JavaScript has no v128"),
        (
            '{ instantiate = "m.wat" }, { get = "count", trap = "why" }',
            "engines word their traps differently",
        ),
        (
            '{ instantiate = "m.wat" }, { get = "count", trap = true, expect = 1 }',
            "not several of them",
        ),
        ('{ instantiate = "m.wat" }, { set = "count" }', "to is missing"),
        (
            '{ instantiate = "m.wat" }, { set = "count", to = 1, expect = 1 }',
            "it gives no value to expect",
        ),
        (
            '{ instantiate = "m.wat" }, { read = "mem", count = 1, type = "u9" }',
            "type is one of i8, u8",
        ),
        ('{ instantiate = "m.wat" }, { size = "mem", on = "b" }', "there is no instance 'b'"),
        (
            '{ instantiate = "m.wat", imports = { env = { m = 1 } } }',
            "env.m: a memory is made by its type",
        ),
        (
            '{ instantiate = "m.wat", imports = { env = { f = 1 } } }',
            "a function is { returns = … }",
        ),
    ],
)
def test_a_wrong_step_is_told_with_its_place(tmp_path: Path, steps: str, said: str) -> None:
    write(tmp_path, steps)
    with pytest.raises(CaseError) as error:
        read(tmp_path)
    assert said in str(error.value)
    assert "cases.toml" in str(error.value)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.toml", "case", "a.toml: Expected '='"),
        ("a.toml", "steps = []", "cases that begin with [[case]]"),
        ("a.toml", "[[case]]\nsteps = []", "a case has a title and steps"),
        ("a.toml", '[[case]]\ntitle = "t"\nsteps = [1]', "steps are a list of tables"),
        ("a.wat", "(module", "a.wat:1"),
        ("a.wast", "(module", "a.wast"),
        ("a.txt", "", "has no cases"),
    ],
)
def test_a_wrong_file_is_told(tmp_path: Path, name: str, text: str, said: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(CaseError) as error:
        read(tmp_path)
    assert said in str(error.value)
