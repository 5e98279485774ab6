"""What is wrong with files and arguments: one message, and an exit code that tells the kind."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
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


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no disk is always full here")
@pytest.mark.parametrize(
    "arguments",
    [["inspect", "m.wat"], ["inspect", "m.wat", "--json"], ["validate", "m.wat"], ["run", "m.wat", "--invoke", "f"],
     ["compile", "m.wat", "-o", "-"], ["wat2wasm", "m.wat", "-o", "-"], ["completion", "bash"]],
)  # fmt: skip
def test_output_that_cannot_be_written(arguments: list[str], folder: Path) -> None:
    (folder / "m.wat").write_text('(func (export "f") (result i32) (i32.const 1))')
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "pyjsapi.cli", *arguments], stdout=full, stderr=subprocess.PIPE
        )
    told = b"pyjsapi: cannot write standard output: No space left on device\n"
    assert (done.returncode, done.stderr) == (exits.NO_OUTPUT, told)


@pytest.mark.skipif(sys.platform == "emscripten", reason="there are no processes")
def test_output_that_nobody_reads(folder: Path) -> None:
    (folder / "m.wat").write_text("(func)" * 20_000)
    command = [sys.executable, "-m", "pyjsapi.cli", "inspect", "--disassemble", "m.wat"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stderr is not None
        assert process.stdout.readline() == b"function 0 [] -> []\n"
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait() == exits.FAILED


def test_of_two_files_none_is_written_where_one_cannot_be(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "m.wat").write_text("(memory 1) (memory 1)")
    (folder / "m.pyi").mkdir()
    for arguments, place in (
        (["lower", "m.wat", "-o", "m.wasm", "--loader", "nowhere/m.mjs"], "nowhere/m.mjs"),
        (["compile", "m.wat", "-o", "m.py", "--stub"], "m.pyi"),
    ):
        code, told = failing(capsys, *arguments)
        assert code == exits.NO_OUTPUT and told.startswith(f"pyjsapi: cannot write {place}: ")
        assert sorted(os.listdir()) == ["m.pyi", "m.wat"]


def test_a_script_that_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    told = "pyjsapi: cannot read gone.py: No such file or directory\n"
    assert failing(capsys, "gone.py") == (exits.NO_INPUT, told)


def test_a_folder_without_scripts(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "sub").mkdir()
    told = "pyjsapi: no scripts (*.wast) in sub\n"
    assert failing(capsys, "wast", "sub") == (exits.NO_INPUT, told)


def test_what_became_of_scripts_for_programs(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    script = '(module (func (export "f") (result i32) (i32.const 1)))\n(assert_return (invoke "f") (i32.const 2))'
    (folder / "s.wast").write_text(script)
    assert main(["wast", "--json", "s.wast"]) == exits.FAILED
    found = json.loads(capsys.readouterr().out)
    assert [(each["path"], each["assertions"], each["passed"]) for each in found] == [
        ("s.wast", 1, 0)
    ]
    assert [(each["line"], each["keyword"]) for each in found[0]["failures"]] == [
        (2, "assert_return")
    ]


def test_the_cache_for_programs(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYJSAPI_CACHE", "0")
    assert main(["cache", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["folder"] is None
    monkeypatch.setenv("PYJSAPI_CACHE", str(folder / "kept"))
    assert main(["cache", "--clear", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found == {"folder": str(folder / "kept"), "removed": 0, "bytes": 0}


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
