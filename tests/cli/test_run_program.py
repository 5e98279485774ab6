"""``pyjsapi run`` of programs of WASI: what they are given, what they may, and how it ends."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pyjsapi import RangeError, WebAssembly
from pyjsapi.cli import exits
from pyjsapi.cli.main import main
from pyjsapi.text import wat2wasm
from pyjsapi.wasi.modules import with_memories

WASI = "wasi_snapshot_preview1"
LIST = """(module
  (import "wasi_snapshot_preview1" "{0}_sizes_get" (func $sizes (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "{0}_get" (func $get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "_start")
    (drop (call $sizes (i32.const 0) (i32.const 12)))
    (drop (call $get (i32.const 100) (i32.const 1000)))
    (i32.store (i32.const 8) (i32.const 1000))
    (drop (call $write (i32.const 1) (i32.const 8) (i32.const 1) (i32.const 16)))))"""
EXITS = """(module
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (func (export "_start") (call $exit (i32.const 7))))"""
ENDLESS = """(module
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1) (func (export "_start") (loop (br 0))))"""
GREEDY = """(module
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (func (export "_start")
    (if (i32.lt_s (memory.grow (i32.const 100)) (i32.const 0)) (then {}))))"""
CREATES = """(module
  (import "wasi_snapshot_preview1" "path_open"
    (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1) (data (i32.const 0) "made")
  (func (export "_start") (call $exit (call $open
    (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 4) (i32.const 1) (i64.const 64) (i64.const 0)
    (i32.const 0) (i32.const 100)))))"""
REACTOR = r"""(module
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1) (data (i32.const 32) "warm\0a")
  (global $n (mut i32) (i32.const 0))
  (func (export "_initialize")
    (global.set $n (i32.add (global.get $n) (i32.const 1)))
    (i32.store (i32.const 0) (i32.const 32)) (i32.store (i32.const 4) (i32.const 5)))
  (func (export "twice") (global.set $n (i32.mul (global.get $n) (i32.const 2))))
  (func (export "say") (param i32) (result i32)
    (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 16)))
    (i32.add (local.get 0) (global.get $n)))
  (func (export "end") (call $exit (i32.const 9))))"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def written(text: str) -> str:
    Path("p.wasm").write_bytes(wat2wasm(text))
    return "p.wasm"


def ran(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(arguments)
    printed = capsys.readouterr()
    return code, printed.out, printed.err


def test_i15_5_a_program_gets_its_arguments(capsys: pytest.CaptureFixture[str]) -> None:
    path = written(LIST.format("args"))
    found = ran(capsys, "run", path, "--", "a", "--dir", "-1")
    assert found == (0, "p.wasm\0a\0--dir\0-1\0", "")
    assert ran(capsys, "run", path) == (0, "p.wasm\0", "")


def test_i15_5_a_program_gets_its_environment(capsys: pytest.CaptureFixture[str]) -> None:
    path = written(LIST.format("environ"))
    assert ran(capsys, "run", path, "--env", "A=b", "--env", "C=d=e") == (0, "A=b\0C=d=e\0", "")
    assert ran(capsys, "run", path) == (0, "", "")


def test_i15_5_the_exit_code_of_a_program_is_passed_on(capsys: pytest.CaptureFixture[str]) -> None:
    assert ran(capsys, "run", written(EXITS)) == (7, "", "")


def test_i15_5_directories_are_given_by_name_and_perhaps_to_read(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = written(CREATES)
    (folder / "d").mkdir()
    bad_descriptor, not_capable = 8, 76
    assert ran(capsys, "run", path)[0] == bad_descriptor
    assert ran(capsys, "run", path, "--dir", "d::/x::ro")[0] == not_capable
    assert os.listdir("d") == []
    assert ran(capsys, "run", path, "--dir", "d::/x")[0] == 0
    assert os.listdir("d") == ["made"]
    assert ran(capsys, "run", path, "--dir", "none") == (
        exits.NO_INPUT,
        "",
        "pyjsapi: --dir: cannot open none: No such file or directory\n",
    )


def test_i15_2_what_a_program_writes_is_bounded(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = written(CREATES)
    quota = 19
    assert ran(capsys, "run", path, "--dir", ".::/", "--max-created", "0")[0] == quota
    assert ran(capsys, "run", path, "--dir", ".::/", "--max-created", "1")[0] == 0
    assert (folder / "made").exists()
    path = written(LIST.format("args"))
    assert ran(capsys, "run", path, "--max-output", "7", "--", "a") == (0, "", "")
    assert ran(capsys, "run", path, "--max-output", "1k", "--", "a") == (0, "p.wasm\0a\0", "")


@pytest.mark.parametrize(
    ("options", "code", "told"),
    [
        (["--fuel", "1000"], 122, "out of fuel: it may execute 1000 instructions (--fuel)"),
        (["--timeout", "0.05"], 124, "time-out: it may run for 0.05 s (--timeout)"),
    ],
)
def test_i15_5_what_runs_too_long_has_an_exit_code_of_its_own(
    options: list[str], code: int, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = written(ENDLESS)
    assert ran(capsys, "run", path, *options) == (code, "", f"pyjsapi: {path}: {told}\n")
    warm = ["snapshot", path, "-o", "warm.snap", "--until", "_start"]
    assert ran(capsys, *warm, *options) == (code, "", f"pyjsapi: {path}: {told}\n")
    assert not Path("warm.snap").exists()


def test_i15_5_what_calls_the_host_too_often_has_one_too(
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = written(
        f"""(module
          (import "{WASI}" "sched_yield" (func $yield (result i32)))
          (memory (export "memory") 1)
          (func (export "_start") (loop (drop (call $yield)) (br 0))))"""
    )
    told = f"pyjsapi: {path}: out of host calls: it may make 100 (--max-host-calls)\n"
    assert ran(capsys, "run", path, "--max-host-calls", "100") == (121, "", told)


@pytest.mark.skipif(sys.platform == "emscripten", reason="there are no processes")
def test_i15_5_the_time_ends_a_program_that_waits_for_its_input() -> None:
    program = """(module
      (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
      (memory (export "memory") 1) (data (i32.const 4) "\\01")
      (func (export "_start") (drop (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)))))"""
    command = [sys.executable, "-m", "pyjsapi.cli", "run", written(program), "--timeout", "0.2"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stderr is not None
        assert process.stderr.read() == (
            b"pyjsapi: p.wasm: time-out: it may run for 0.2 s (--timeout)\n"
        )
        assert process.wait() == exits.TIMED_OUT


def test_i15_5_a_memory_that_could_not_grow_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    told = "memory limit: a memory could not become 6619136 bytes large, it may have 1048576 (--max-memory)"
    path = written(GREEDY.format("unreachable"))
    assert ran(capsys, "run", path, "--max-memory", "1M") == (
        exits.MEMORY_LIMIT,
        "",
        f"pyjsapi: {path}: {told}; then: unreachable\n",
    )
    assert ran(capsys, "run", path, "--max-memory", "10MiB")[0] == 0
    path = written(GREEDY.format("(call $exit (i32.const 3))"))
    expected = (3, "", f"pyjsapi: {path}: {told}\n")
    assert ran(capsys, "run", path, "--max-memory", "1024k") == expected


def test_i15_5_a_memory_that_is_too_large_from_the_start(
    capsys: pytest.CaptureFixture[str],
) -> None:
    code, out, told = ran(capsys, "run", written(EXITS), "--max-memory", "65535")
    assert (code, out) == (exits.MEMORY_LIMIT, "")
    assert told.startswith("pyjsapi: p.wasm: ") and told.count("\n") == 1


def test_i15_5_memories_of_threads_have_the_limits_of_the_module() -> None:
    text = f'(module (import "env" "memory" (memory 1 9 shared)) (import "{WASI}" "sched_yield" (func)))'
    module = WebAssembly.Module(wat2wasm(text), limits={"max_memory_bytes": 2 << 16})
    memory = with_memories(module, {})["env"]["memory"]
    memory.grow(1)
    with pytest.raises(RangeError):
        memory.grow(1)


@pytest.mark.parametrize(
    ("option", "value", "right"),
    [
        ("--fuel", "many", "a number of instructions"),
        ("--fuel", "-1", "a number of instructions"),
        ("--max-host-calls", "1.5", "a number of calls"),
        ("--timeout", "0", "a positive number of seconds"),
        ("--timeout", "soon", "a positive number of seconds"),
        ("--timeout", "inf", "a positive number of seconds"),
        ("--max-memory", "1T", "a number of bytes, as 67108864 or 64M"),
        ("--max-written", "-1", "a number of bytes, as 67108864 or 64M"),
        ("--max-created", "1k", "a number of files"),
        ("--max-output", "x", "a number of bytes, as 67108864 or 64M"),
        ("--env", "A", "NAME=VALUE"),
        ("--dir", "a::b::rw", "HOST, HOST::GUEST or HOST::GUEST::ro"),
        ("--dir", "::b", "HOST, HOST::GUEST or HOST::GUEST::ro"),
    ],
)
def test_i15_5_wrong_options_are_told_with_what_is_right(
    option: str, value: str, right: str, capsys: pytest.CaptureFixture[str]
) -> None:
    found = ran(capsys, "run", written(EXITS), f"{option}={value}")
    assert found == (exits.USAGE, "", f"pyjsapi: {option} takes {right}, not {value!r}\n")


def test_i15_5_two_directories_of_one_name(capsys: pytest.CaptureFixture[str]) -> None:
    code, _, told = ran(capsys, "run", written(EXITS), "--dir", ".::/", "--dir", "..::/")
    assert (code, told) == (exits.USAGE, "pyjsapi: --dir: two directories are called '/'\n")


def test_i15_5_a_function_of_a_reactor_and_its_snapshot(
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = written(REACTOR)
    assert ran(capsys, "run", path, "--invoke", "say", "-40") == (0, "warm\n-39\n", "")
    assert ran(capsys, "run", path, "--invoke", "say", "--fuel", "99", "--", "1")[0] == 0
    assert ran(capsys, "run", path, "--invoke", "end") == (9, "", "")
    assert ran(capsys, "snapshot", path, "-o", "warm.snap", "--until", "twice") == (0, "", "")
    assert ran(capsys, "run", "warm.snap", "--invoke", "say", "0x10") == (0, "warm\n18\n", "")
    assert ran(capsys, "run", "warm.snap", "--invoke", "say", "1", "--fuel", "3")[0] == 122
    assert ran(capsys, "snapshot", path, "-o", "not.snap", "--until", "end") == (
        exits.FAILED,
        "",
        f"pyjsapi: {path}: the program ended with code 9 in end; what has ended is no start\n",
    )
    assert not Path("not.snap").exists()


def test_i15_5_limits_are_for_all_modules(capsys: pytest.CaptureFixture[str]) -> None:
    Path("m.wat").write_text('(func (export "f") (loop (br 0)))')
    assert ran(capsys, "run", "m.wat", "--fuel", "9", "--invoke", "f")[0] == exits.OUT_OF_FUEL


def test_i15_5_a_program_without_a_memory_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    text = f'(module (import "{WASI}" "sched_yield" (func (result i32))) (func (export "_start")))'
    code, out, told = ran(capsys, "run", written(text))
    assert (code, out, told.count("\n")) == (exits.FAILED, "", 1)
    assert "property 'memory' of the exports must be a WebAssembly.Memory" in told
