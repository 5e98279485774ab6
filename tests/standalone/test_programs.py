"""Compiled programs of WASI: commands that run by themselves, and reactors."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from pyjsapi.cli.main import main
from tests.cli.test_run_program import CREATES, LIST
from tests.standalone.test_alone import alone, compiled, output
from tests.wasi.test_threads import HEAD as THREADS

pytestmark = pytest.mark.skipif(sys.platform == "emscripten", reason="there are no processes")
CALLING = """(module
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (func (export "_start") {}))"""
REACTOR = """(module
  (import "wasi_snapshot_preview1" "sched_yield" (func $yield (result i32)))
  (memory (export "memory") 1) (global $n (mut i32) (i32.const 0))
  (func (export "_initialize") (global.set $n (i32.const 40)))
  (func (export "more") (param i32) (result i32) (i32.add (global.get $n) (local.get 0))))"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "alone").mkdir()
    return tmp_path


def ran(*arguments: str) -> tuple[int, str, str]:
    done = alone(*arguments)
    return done.returncode, done.stdout, done.stderr


def test_a_command_runs_by_itself(folder: Path) -> None:
    compiled("list", LIST.format("args"))
    assert ran("alone/list.py", "a", "--b") == (0, "alone/list.py\0a\0--b\0", "")
    code = "import list, io; s = io.BytesIO(); print(list.run('x', stdout=s), s.getvalue())"
    assert output(code) == "0 b'list\\x00x\\x00'\n"


def test_it_has_the_variables_that_it_was_compiled_with_or_is_given(folder: Path) -> None:
    compiled("list", LIST.format("environ"), "--env", "A=b'\"", "--env", "C=d=e")
    assert ran("alone/list.py") == (0, "A=b'\"\0C=d=e\0", "")
    assert output("import list; list.run(env={'X': 'y'})") == "X=y\0"


def test_it_has_the_directories_that_it_was_compiled_with_or_is_given(folder: Path) -> None:
    for name in ("one", "two"):
        (folder / name).mkdir()
    compiled("none", CREATES)
    compiled("reads", CREATES, "--dir", "one::/::ro")
    compiled("writes", CREATES, "--dir", "one::/")
    bad_descriptor, not_capable = 8, 76
    assert ran("alone/none.py")[0] == bad_descriptor
    assert ran("alone/reads.py")[0] == not_capable
    assert os.listdir("one") == []
    assert ran("alone/writes.py") == (0, "", "")
    assert os.listdir("one") == ["made"]
    code = "import writes; print(writes.run(preopens={'/': 'two'}), writes.run(preopens={'/': writes.ReadOnly('one')}))"
    assert output(code) == f"0 {not_capable}\n"
    assert os.listdir("two") == ["made"]
    (folder / "one" / "made").unlink()
    (folder / "one").rmdir()
    assert ran("alone/writes.py") == (
        66,
        "",
        "alone/writes.py: [Errno 2] No such file or directory: 'one'\n",
    )


@pytest.mark.parametrize(
    ("body", "options", "code", "told"),
    [
        ("(call $exit (i32.const 7))", [], 7, ""),
        ("(loop (br 0))", ["--fuel", "99"], 122, "out of fuel: it may execute 99 instructions"),
        ("(loop (br 0))", ["--timeout", "0.1"], 124, "time-out: it may run for 0.1 s"),
        ("unreachable", [], 1, "RuntimeError: unreachable\nWebAssembly calls, innermost first:\n  at _start ("),
        (
            "(if (i32.lt_s (memory.grow (i32.const 99)) (i32.const 0)) (then (call $exit (i32.const 3))))",
            ["--max-memory", "1M"],
            3,
            "memory limit: a memory could not become 6553600 bytes large, it may have 1048576",
        ),
    ],
)  # fmt: skip
def test_how_a_command_ends(
    body: str, options: list[str], code: int, told: str, folder: Path
) -> None:
    compiled("program", CALLING.format(body), *options)
    found, out, error = ran("alone/program.py")
    assert (found, out) == (code, "")
    assert error.startswith(f"alone/program.py: {told}") if told else error == ""


def test_imports_that_are_missing_are_all_told(folder: Path) -> None:
    text = CALLING.replace("(memory", '(import "env" "f" (func (param i32)))(memory', 1)
    compiled("program", text.format(""))
    assert ran("alone/program.py") == (
        69,
        "",
        "alone/program.py: imports what is not there:\n  env f: func ([i32] -> [])\n",
    )
    code = "import program; print(program.run(imports={'env': {'f': print}}))"
    assert output(code) == "0\n"


def test_a_reactor_is_initialised(folder: Path) -> None:
    compiled("library", REACTOR)
    code = "import library; print(library.more(2), library.instantiate().more(3), 'run' in library.__all__)"
    assert output(code) == "42 43 False\n"


def test_threads_of_a_program(folder: Path) -> None:
    text = f"""(module {THREADS}
      (func (export "wasi_thread_start") (param i32 i32) (call $told))
      (func (export "_start") (drop (call $spawn (i32.const 0))) (call $await_other) (call $exit (i32.const 5))))"""
    compiled("program", text)
    assert ran("alone/program.py") == (5, "", "")


def test_a_wheel_with_a_command(folder: Path) -> None:
    compiled("words", LIST.format("args"), "--wheel")
    path = "alone/words-0.1.0-py3-none-any.whl"
    with zipfile.ZipFile(path) as archive:
        scripts = archive.read("words-0.1.0.dist-info/entry_points.txt").decode()
        archive.extractall("site")
    assert scripts == "[console_scripts]\nwords = words:main\n"
    code = f"""import sys, runpy; sys.path[:0] = [{path!r}]; sys.argv = ['w', 'a']
runpy.run_module('words', alter_sys=True)"""
    done = alone("-c", code)
    assert (done.returncode, done.stderr) == (0, "") and done.stdout.endswith("\0a\0")


def test_only_programs_take_what_is_for_programs(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("m.wat").write_text("(module)")
    assert main(["compile", "m.wat", "--env", "A=b"]) == 2
    assert "m.wat is no program of WASI" in capsys.readouterr().err
    assert sorted(os.listdir()) == ["alone", "m.wat"]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no disk is always full here")
def test_output_that_cannot_be_written_is_told(folder: Path) -> None:
    compiled("words", LIST.format("args"))
    command = [sys.executable, "-I", "-S", "alone/words.py"]
    with open("/dev/full", "wb") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE)
    told = b"alone/words.py: cannot write standard output: No space left on device\n"
    assert (done.returncode, done.stderr) == (73, told)


def test_an_interruption_ends_a_command(folder: Path) -> None:
    import signal

    text = """(module
      (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
      (memory (export "memory") 1) (data (i32.const 0) "\\08\\00\\00\\00\\01\\00\\00\\00x")
      (func (export "_start") (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 16)))
        (loop (br 0))))"""
    compiled("program", text)
    command = [sys.executable, "-I", "-S", "alone/program.py"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stderr is not None
        assert process.stdout.read(1) == b"x"
        process.send_signal(signal.SIGINT)
        assert process.wait() == 130
        assert process.stderr.read() == b""
