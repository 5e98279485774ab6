"""What is wrong with files and arguments: one message, and an exit code that tells the kind."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from pyjsapi.cli import exits
from pyjsapi.cli.main import main
from pyjsapi.text import wat2wasm

COMPONENT = b"\0asm\x0d\0\1\0"
IMPORTS = """(module
  (import "env" "log" (func (param i32 f64)))
  (import "env" "memory" (memory 1 2))
  (import "wasi_snapshot_preview1" "fd_write" (func (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_wrote" (func (param i32 i32 i32 i32) (result i32)))
  (import "g" "a\\nb" (global (mut i64)))
  (func (export "f") (param i32) (result i32) (local.get 0)))"""
VERBS = {
    "run": [],
    "inspect": [],
    "wasm2wat": [],
    "lower": ["-o", "out"],
    "compile": ["-o", "out.py"],
}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def failing(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    code = main(arguments)
    printed = capsys.readouterr()
    assert printed.out == ""
    return code, printed.err


@pytest.mark.parametrize("verb", VERBS)
def test_a_file_that_is_not_there(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, told = failing(capsys, verb, "gone.wasm", *VERBS[verb])
    assert (code, told) == (66, "pyjsapi: cannot read gone.wasm: No such file or directory\n")
    assert os.listdir() == []


@pytest.mark.parametrize("verb", VERBS)
def test_a_file_that_is_no_module(
    verb: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "x.wasm").write_bytes(b"\x7fELF")
    code, told = failing(capsys, verb, "x.wasm", *VERBS[verb])
    assert code == exits.NOT_VALID == 65
    assert told.startswith("pyjsapi: x.wasm: magic header not detected")
    assert os.listdir() == ["x.wasm"]


@pytest.mark.parametrize("verb", VERBS)
def test_a_component_is_called_one(
    verb: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "c.wasm").write_bytes(COMPONENT + b"\0\1x")
    code, told = failing(capsys, verb, "c.wasm", *VERBS[verb])
    advice = "`jco transpile` makes modules and their glue of it"
    assert (code, told) == (67, f"pyjsapi: c.wasm: this is a component, not a module: {advice}\n")


def test_all_imports_that_are_missing_are_told_with_their_types(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "m.wat").write_text(IMPORTS)
    assert failing(capsys, "run", "m.wat", "--invoke", "f", "1") == (
        exits.NO_IMPORTS,
        "pyjsapi: m.wat imports what is not there; give it from a script (pyjsapi SCRIPT.py):\n"
        "  env log: func ([i32 f64] -> [])\n"
        "  env memory: (memory 1 2)\n"
        "  wasi_snapshot_preview1 fd_wrote: func ([i32 i32 i32 i32] -> [i32])\n"
        "  g a\\nb: (global (mut i64))\n",
    )


@pytest.mark.parametrize("arguments", [["f"], ["f", "1", "2"], ["f", "x"], ["f", "1e99"], ["g"]])
def test_wrong_arguments_are_wrong_usage(
    arguments: list[str], folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "m.wat").write_text('(func (export "f") (param i32))')
    code, told = failing(capsys, "run", "m.wat", "--invoke", *arguments)
    assert code == exits.USAGE and told.startswith("pyjsapi: ")


def test_a_call_that_traps_is_a_failure(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "m.wat").write_text('(func (export "f") (unreachable))')
    assert failing(capsys, "run", "m.wat", "--invoke", "f")[0] == exits.FAILED


def test_a_file_that_cannot_be_written(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "m.wat").write_text("(module)")
    code, told = failing(capsys, "wat2wasm", "m.wat", "-o", "nowhere/m.wasm")
    assert (code, told) == (73, "pyjsapi: cannot write nowhere/m.wasm: No such file or directory\n")


def test_what_is_written_takes_the_place_of_what_was_there(folder: Path) -> None:
    (folder / "m.wat").write_text("(module)")
    (folder / "real").write_text("before")
    (folder / "real").chmod(0o640)
    (folder / "link.wasm").symlink_to("real")
    assert main(["wat2wasm", "m.wat", "-o", "link.wasm"]) == 0
    assert (folder / "link.wasm").is_symlink() and (folder / "real").read_bytes() == wat2wasm("")
    assert (folder / "real").stat().st_mode & 0o777 == 0o640
    assert sorted(os.listdir()) == ["link.wasm", "m.wat", "real"]


def test_the_codes_are_told_by_help(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    text = capsys.readouterr().out
    codes = {value for name, value in vars(exits).items() if name.isupper() and name != "TEXT"}
    assert len(codes) == 13 and exits.TEXT in text
    assert codes <= {int(number) for number in re.findall(r"\b\d+\b", exits.TEXT)}
