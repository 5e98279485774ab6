"""``pyjsapi inspect``: what it says of a module."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pyjsapi.cli.main import main
from pyjsapi.embedding.used_features import features_used
from pyjsapi.text import wat2wasm

MODULE = r"""(module
  (import "env" "f" (func (param i32) (result i64)))
  (import "a\n" "g" (global (mut i32)))
  (memory (export "m") 1 2)
  (memory i64 1 2 shared)
  (table 1 funcref)
  (func (export "x") (result i32 i32) i32.const 1 i32.const 2)
  (@custom "note" "hey"))"""
TABLE = r"""90 bytes, 2 functions
features: multi_value, multi_memory, memory64, threads
imports:
  "env" "f"  func ([i32] -> [i64])
  "a\n" "g"  (global (mut i32))
exports:
  "m"  (memory 1 2)
  "x"  func ([] -> [i32 i32])
memories:
  0  (memory 1 2)
  1  (memory i64 1 2 shared)
tables:
  0  (table 1 funcref)
sections:
  type           11 bytes
  import         17 bytes
  func           2 bytes
  table          4 bytes
  memory         7 bytes
  export         9 bytes
  code           8 bytes
  custom "note"  8 bytes
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "m.wat"
    path.write_text(MODULE)
    return path


def test_it_is_a_table(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", str(path)]) == 0
    assert capsys.readouterr().out == f"{path}: {TABLE}"


def test_it_is_json_for_programs(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", "--json", str(path)]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["imports"][1] == {
        "module": "a\n",
        "name": "g",
        "kind": "global",
        "type": {"value": "i32", "mutable": True},
        "text": "(global (mut i32))",
    }
    assert found["exports"][0]["type"]["maximum"] == 2
    assert found["sections"][-1] == {"name": "custom", "title": "note", "bytes": 8}
    assert (found["bytes"], found["functions"]) == (90, 2)


def test_an_empty_module_has_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "m.wat"
    path.write_text("(module)")
    assert main(["inspect", str(path)]) == 0
    assert capsys.readouterr().out == (
        f"{path}: 8 bytes, 0 functions\nfeatures: none beyond WebAssembly 1.0\n"
        "imports: none\nexports: none\nmemories: none\ntables: none\nsections: none\n"
    )


@pytest.mark.parametrize(
    ("text", "features"),
    [
        ("(memory 1 1 (pagesize 1))", ["custom_page_sizes"]),
        ("(func (drop (i32.extend8_s (i32.const 1))))", ["sign_extension"]),
        ("(func (block (result i32 i32) i32.const 1 i32.const 1) drop drop)", ["multi_value"]),
        ("(type (struct)) (func (drop (struct.new 0)))", ["gc"]),
        ("(tag) (func (throw 0))", ["exceptions"]),
        ("(func $f (return_call $f))", ["tail_call"]),
        ("(memory 1) (func (drop (i32.atomic.load (i32.const 0))))", ["threads"]),
    ],
)
def test_features_are_those_that_it_cannot_do_without(text: str, features: list[str]) -> None:
    assert features_used(wat2wasm(f"(module {text})")) == features


def test_a_long_name_moves_no_other_row(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    long = "y" * 5000
    path = tmp_path / "long.wat"
    path.write_text(f'(module (func (export "x")) (func (export "{long}")))')
    assert main(["inspect", str(path)]) == 0
    out = capsys.readouterr().out
    assert f'\n  "x"{" " * 69}  func ([] -> [])\n  "{long}"  func ([] -> [])\n' in out


def test_what_is_not_valid_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "m.wasm"
    path.write_bytes(b"")
    assert main(["inspect", str(path)]) == 65
    assert capsys.readouterr().err == (
        f"pyjsapi: {path}: unexpected end of section or function (at offset 0x0); the bytes are empty\n"
    )


CODE = """(module
  (import "m" "given" (func))
  (func $add (export "add") (param $a i32) (result i32) (local i64 i64) (local f32)
    (if (result i32) (local.get $a) (then (i32.const 100000)) (else (i32.const 2))))
  (func (try (do nop) (catch 0) (catch_all nop)))
  (tag))"""
ADD = """\
function 1 $add [i32] -> [i32] (export "add")
          local 2 × i64
          local f32
0x00003c    local.get $a
0x00003e    if (result i32) ;; label = @1
0x000040      i32.const 100000
0x000044    else
0x000045      i32.const 2
0x000047    end
0x000048  end

"""
OTHER = """\
function 2 [] -> []
0x00004b    try ;; label = @1
0x00004d      nop
0x00004e    catch 0
0x000050    catch_all
0x000051      nop
0x000052    end
0x000053  end

"""


@pytest.mark.parametrize(
    ("functions", "shown"),
    [([], ADD + OTHER), (["add"], ADD), (["$add"], ADD), (["2"], OTHER), (["2", "1"], ADD + OTHER)],
)
def test_functions_are_disassembled_with_offsets(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], functions: list[str], shown: str
) -> None:
    path = tmp_path / "m.wat"
    path.write_text(CODE)
    options = [word for name in functions for word in ("--function", name)]
    assert main(["inspect", str(path), "--disassemble", *options]) == 0
    assert capsys.readouterr().out == shown


def test_offsets_are_those_of_messages(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = wat2wasm('(func (export "f") (param i32) (drop (local.get 0)) (unreachable))')
    path = tmp_path / "m.wasm"
    path.write_bytes(data)
    assert main(["inspect", str(path), "--disassemble"]) == 0
    lines = capsys.readouterr().out.splitlines()
    (line,) = [line for line in lines if "unreachable" in line]
    assert data[int(line.split()[0], 16)] == 0
    assert main(["run", str(path), "--invoke", "f", "0"]) == 1
    assert hex(int(line.split()[0], 16)) in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "message"), [("nope", "has no function 'nope'"), ("0", "function 0 is imported")]
)
def test_a_function_that_has_no_code_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, message: str
) -> None:
    path = tmp_path / "m.wat"
    path.write_text(CODE)
    assert main(["inspect", str(path), "--disassemble", "--function", name]) == 2
    assert message in capsys.readouterr().err


def test_validation_and_the_cache_speak_json_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    good, bad = tmp_path / "good.wat", tmp_path / "bad.wasm"
    good.write_text("(module)")
    bad.write_bytes(b"")
    assert main(["validate", "--json", str(good), str(bad)]) == 1
    first, second = json.loads(capsys.readouterr().out)
    assert first == {"file": str(good), "valid": True, "message": f"{good}: valid"}
    assert (second["valid"], second["file"]) == (False, str(bad))
    folder = tmp_path / "cache"
    folder.mkdir(0o700)
    monkeypatch.setenv("PYJSAPI_CACHE", str(folder))
    assert main(["cache", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["folder"], found["bytes"], found["modules"]) == (str(folder), 0, [])
