"""The ``pyjsapi`` command, run as a user runs it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from pyjsapi import WebAssembly
from pyjsapi.cli.main import main
from pyjsapi.text import wat2wasm as assemble

ROOT = Path(__file__).parents[2]
ADD = """(module
  (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
  (func (export "half") (param f64) (result f64) (f64.div (local.get 0) (f64.const 2)))
  (func (export "trap") (unreachable)))"""


def pyjsapi(
    *arguments: str | Path, cwd: Path | None = None, given: str = ""
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pyjsapi", *map(str, arguments)],
        input=given,
        capture_output=True,
        text=True,
        cwd=cwd or ROOT,
        check=False,
    )


@pytest.fixture
def module(tmp_path: Path) -> Path:
    path = tmp_path / "add.wat"
    path.write_text(ADD)
    return path


def test_a_script_has_webassembly_and_top_level_await(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import sys\n"
        "source = wat2wasm('(module (memory (export \"m\") 1))')\n"
        "result = await WebAssembly.instantiate(source)\n"
        "view = Uint8Array(result.instance.exports.m.buffer)\n"
        "print(__name__, len(view), sys.argv[1:], null)\n"
    )
    done = pyjsapi(script, "a", "--b", cwd=tmp_path)
    assert done.stdout == "__main__ 65536 ['a', '--b'] null\n", done.stderr


def test_a_script_that_fails_shows_its_own_traceback(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text("await WebAssembly.compile(b'x')\n")
    done = pyjsapi(script)
    assert done.returncode == 1
    lines = done.stderr.splitlines()
    last = max(i for i, line in enumerate(lines) if line == "Traceback (most recent call last):")
    assert lines[last + 1] == f'  File "{script}", line 1, in <module>'
    assert "CompileError" in lines[-1]
    assert "cli" not in "".join(lines[last:])


def test_a_script_that_is_no_python_shows_its_place_only(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text("x = (\n")
    done = pyjsapi(script)
    assert done.returncode == 1
    assert done.stderr.startswith(f'  File "{script}", line 1\n    x = (\n')
    assert done.stderr.endswith("SyntaxError: '(' was never closed\n")


@pytest.mark.parametrize("rest", ["while True: pass", "await asyncio.Event().wait()"])
def test_an_interrupted_script_ends_with_130_and_no_traceback(tmp_path: Path, rest: str) -> None:
    script = tmp_path / "script.py"
    script.write_text(f"import asyncio, os, signal\nos.kill(os.getpid(), signal.SIGINT)\n{rest}\n")
    done = pyjsapi(script)
    assert (done.returncode, done.stderr) == (130, "")


def test_an_interrupted_command_ends_with_130(
    module: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(WebAssembly, "Instance", interrupted)
    assert main(["run", str(module), "--invoke", "add", "1", "2"]) == 130
    assert capfd.readouterr() == ("", "")


def test_code_and_standard_input_are_run_as_scripts() -> None:
    code = "import sys; print(await WebAssembly.compile(wat2wasm('(module)')), sys.argv)"
    made = "<WebAssembly.Module of 8 bytes, imports: none, exports: none>"
    assert pyjsapi("-c", code, "a").stdout == f"{made} ['-c', 'a']\n"
    assert pyjsapi("-", "a", given=code).stdout == f"{made} ['-', 'a']\n"
    assert pyjsapi(given=code).stdout == f"{made} ['-']\n"
    done = pyjsapi("-c")
    assert (done.returncode, done.stderr) == (2, "pyjsapi: -c needs the code to run\n")


def test_a_dash_is_standard_input_for_every_verb(tmp_path: Path) -> None:
    assert pyjsapi("run", "-", "--invoke", "add", "1", "2", given=ADD).stdout == "3\n"
    assert pyjsapi("validate", "-", given=ADD).stdout == "-: valid\n"
    command = [sys.executable, "-m", "pyjsapi"]
    printed = subprocess.check_output([*command, "wat2wasm", "-"], input=ADD.encode(), cwd=ROOT)
    assert printed == assemble(ADD)
    listed = subprocess.check_output([*command, "wasm2wat", "-"], input=printed, cwd=ROOT)
    assert listed.startswith(b"(module\n")
    lowered = tmp_path / "lowered.wasm"
    assert pyjsapi("lower", "-", "-o", lowered, given="(module (memory 1))").returncode == 0
    assert lowered.read_bytes().startswith(b"\0asm")
    script = f'{ADD}\n(assert_return (invoke "add" (i32.const 1) (i32.const 2)) (i32.const 3))'
    assert pyjsapi("wast", "-", given=script).returncode == 0
    failed = pyjsapi("wast", "-", given='(assert_return (invoke "x"))')
    assert failed.stdout.startswith("-:1: assert_return: no instance: its module failed\n")
    assert failed.returncode == 1


def test_wat2wasm_validates_unless_told_not_to(tmp_path: Path) -> None:
    path, output = tmp_path / "m.wat", tmp_path / "m.wasm"
    path.write_text(
        "(module (func $fine) (func $wrong (param i64) (i32.add (i32.const 1) (local.get 0)) drop))"
    )
    message = (
        "1:48: type mismatch: instruction requires [i32 i32] but stack has [i32 i64] "
        "(in function #1 $wrong, at i32.add, at offset 0x23)\n"
        f"  {path.read_text()}\n  {' ' * 47}^\n"
    )
    for option in ([], ["--no-names"]):
        done = pyjsapi("wat2wasm", path, *option)
        assert done.returncode == 65
        assert done.stderr == f"pyjsapi: {path}:{message}"
        assert not output.exists()
    assert pyjsapi("wat2wasm", path, "--no-check").returncode == 0
    assert output.exists()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("(tag $t (param i32)) (func (export \"_start\") (throw $t (i32.const 1)))",
         "_start: Exception: WebAssembly exception of a tag with parameters (i32)\n"),
        ("(func (export \"_start\") (result v128) (v128.const i64x2 1 2))",
         "_start: TypeError: functions of type [] -> [v128] cannot be called from Python\n"),
        ("(tag $t) (func $f (throw $t)) (start $f)", "WebAssembly exception of a tag with parameters ()\n"),
    ],
)  # fmt: skip
def test_whatever_a_call_raises_gives_no_traceback(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, message: str
) -> None:
    path = tmp_path / "m.wat"
    path.write_text(f"(module {text})")
    assert main(["run", str(path)]) == 1
    told = capsys.readouterr().err
    assert message in told
    assert "Traceback" not in told


@pytest.mark.parametrize("verb", ["wasm2wat", "inspect"])
def test_a_reader_that_has_enough_gives_no_traceback(tmp_path: Path, verb: str) -> None:
    path = tmp_path / "m.wasm"
    path.write_bytes(assemble(ADD))
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as output:
        command = [sys.executable, "-m", "pyjsapi", verb, str(path)]
        done = subprocess.run(command, stdout=output, stderr=subprocess.PIPE, cwd=ROOT, check=False)
    assert (done.returncode, done.stderr) == (1, b"")


def test_what_cannot_be_written_is_said(module: Path, tmp_path: Path) -> None:
    output = tmp_path / "no" / "m.wasm"
    done = pyjsapi("wat2wasm", module, "-o", output)
    assert (done.returncode, done.stderr) == (
        73,
        f"pyjsapi: cannot write {output}: No such file or directory\n",
    )


@pytest.mark.parametrize(
    ("example", "expected"),
    [
        ("mailbox.py", "quick!\n['mailbox', 'post']\nprivate bytes in the mailbox: False\n"),
        ("pipeline.py", "60000 samples, "),
    ],
)
def test_the_examples_run(example: str, expected: str) -> None:
    done = pyjsapi(ROOT / "examples" / example)
    assert done.stdout.startswith(expected), done.stderr


def test_run_invokes_a_function(module: Path) -> None:
    assert pyjsapi("run", module, "--invoke", "add", "0x10", "26").stdout == "42\n"
    assert pyjsapi("run", module, "--invoke", "half", "5").stdout == "2.5\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--invoke", "nope"], "add(i32, i32) -> (i32)"),
        (["--invoke", "add", "1"], "add(i32, i32) -> (i32) takes 2 arguments, 1 was given\n"),
        (["--invoke", "add", "1", "x"], "'x' is not a value of type i32"),
        (["--invoke", "half"], "half(f64) -> (f64) takes 1 argument, 0 were given\n"),
        (["--invoke", "add", "1", "99999999999"],
         "add: 99999999999 is out of range for i32: it must be -2^31 to 2^32-1\n"),
        (["--invoke", "add", "1", "-2147483649"], "add: -2147483649 is out of range for i32"),
        (["--invoke", "trap"], "RuntimeError: unreachable"),
    ],
)  # fmt: skip
def test_run_says_what_is_wrong(module: Path, arguments: list[str], message: str) -> None:
    done = pyjsapi("run", module, *arguments)
    assert done.returncode == (1 if "trap" in arguments else 2)
    assert message in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["add.wasm"],
         "add.wasm is no command: `pyjsapi run add.wasm` runs a module, `pyjsapi inspect add.wasm` shows it\n"),
        (["run", "add.wasm", "add", "1"],
         "pyjsapi run: error: unrecognized arguments: add 1; a function and its arguments follow --invoke, "
         "those of a program follow --\n"),
        (["inspect", "add.wasm", "--jsn"], "pyjsapi inspect: error: unrecognized arguments: --jsn\n"),
    ],
)  # fmt: skip
def test_wrong_usage_says_what_is_right(
    capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    try:
        code: object = main(arguments)
    except SystemExit as end:
        code = end.code
    assert code == 2
    assert capsys.readouterr().err.endswith(message)


def test_run_says_where_a_trap_was(tmp_path: Path) -> None:
    path = tmp_path / "trap.wat"
    path.write_text(
        '(module (func $inner (unreachable))\n(func $outer (export "f") (call $inner))\n(start $outer))'
    )
    done = pyjsapi("run", path)
    told = re.sub(r"wasm://wasm/[0-9a-f]{8}", "M", done.stderr)
    assert (done.returncode, told) == (
        1,
        f"pyjsapi: {path}: unreachable\n"
        "WebAssembly calls, innermost first:\n"
        "  at inner (M:wasm-function[0]:0x22), line 1:23\n"
        "  at outer (M:wasm-function[1]:0x26), line 2:28\n",
    )


def test_wat2wasm_and_validate(module: Path, tmp_path: Path) -> None:
    assert pyjsapi("wat2wasm", module).returncode == 0
    binary = tmp_path / "add.wasm"
    assert binary.read_bytes().startswith(b"\0asm\1\0\0\0")
    done = pyjsapi("validate", binary, module)
    assert done.returncode == 0
    assert done.stdout.count(": valid\n") == 2


def test_wasm2wat_prints_what_wat2wasm_reads(module: Path, tmp_path: Path) -> None:
    pyjsapi("wat2wasm", module)
    binary, again = tmp_path / "add.wasm", tmp_path / "again.wat"
    printed = pyjsapi("wasm2wat", binary)
    assert printed.returncode == 0
    assert printed.stdout.startswith(
        "(module\n  (type (;0;) (func (param i32 i32) (result i32)))\n"
    )
    assert pyjsapi("wasm2wat", "--no-names", binary, "-o", again).stdout == ""
    assert again.read_text() == printed.stdout
    before = binary.read_bytes()
    pyjsapi("wat2wasm", again, "-o", binary)
    assert binary.read_bytes() == before
    done = pyjsapi("wasm2wat", module)
    assert done.returncode == 65
    assert f"pyjsapi: {module}: magic header not detected" in done.stderr


def test_wrong_text_is_shown_with_line_and_caret(tmp_path: Path) -> None:
    path = tmp_path / "wrong.wat"
    path.write_text("(module\n  (func (i32.frob)))\n")
    done = pyjsapi("validate", path)
    assert done.returncode == 1
    assert f"{path}:2:10: unknown operator" in done.stdout
    assert "  (func (i32.frob)))\n" in done.stdout
    assert "^" in done.stdout


def test_wrong_bytes_are_shown_with_their_offset(tmp_path: Path) -> None:
    path = tmp_path / "wrong.wasm"
    path.write_bytes(b"\0asm\1\0\0\0\x01\x7f")
    done = pyjsapi("validate", path)
    assert done.returncode == 1
    assert "offset" in done.stdout


def test_wast_runs_a_script(tmp_path: Path) -> None:
    path = tmp_path / "one.wast"
    path.write_text(
        ADD + '\n(assert_return (invoke "add" (i32.const 1) (i32.const 2)) (i32.const 3))\n'
    )
    done = pyjsapi("wast", path)
    assert done.returncode == 0, done.stdout + done.stderr
    path.write_text(
        ADD + '\n(assert_return (invoke "add" (i32.const 1) (i32.const 2)) (i32.const 4))\n'
    )
    assert pyjsapi("wast", path).returncode == 1


def test_help_and_version() -> None:
    assert "wat2wasm" in pyjsapi("--help").stdout
    assert pyjsapi("--version").stdout.startswith("pyjsapi ")
    assert pyjsapi("--no-such").returncode == 2
    assert pyjsapi("run", "missing.wasm").returncode == 66


@pytest.mark.parametrize(("verb", "option"), [("compare", "--browser"), ("serve", "--port")])
def test_verbs_of_a_checkout_pass_their_options_on(verb: str, option: str) -> None:
    assert option in pyjsapi(verb, "--help").stdout
    done = pyjsapi(verb, option)
    assert done.returncode == 2
    assert f"argument {option}: expected one argument" in done.stderr


def test_unknown_options_are_refused(module: Path) -> None:
    done = pyjsapi("validate", module, "--bogus")
    assert done.returncode == 2
    assert "unrecognized arguments: --bogus" in done.stderr


def test_files_with_a_byte_order_mark_are_read(tmp_path: Path) -> None:
    path = tmp_path / "m.wat"
    path.write_text("\ufeff(module)", encoding="utf-8")
    assert pyjsapi("validate", path).stdout == f"{path}: valid\n"


def test_what_is_no_module_is_named(tmp_path: Path) -> None:
    path = tmp_path / "m.wasm"
    path.write_text("(module)")
    assert pyjsapi("validate", path).stdout == (
        f"{path}: magic header not detected: a module starts with b'\\x00asm' (at offset 0x0); "
        "this looks like the text format: convert it with wat2wasm\n"
    )


def test_running_nothing_shows_what_could_be_run(module: Path) -> None:
    done = pyjsapi("run", module)
    assert done.stdout == pyjsapi("inspect", module).stdout
    assert done.stderr == (
        f"pyjsapi: {module} has no _start; call one of its functions: "
        f"pyjsapi run {module} --invoke add <i32> <i32>\n"
    )
    assert done.returncode == 2


def test_running_nothing_of_a_module_without_functions(tmp_path: Path) -> None:
    path = tmp_path / "m.wat"
    path.write_text('(module (import "a" "b" (func)) (memory (export "memory") 1))')
    done = pyjsapi("run", path)
    assert done.stderr == f"pyjsapi: {path} exports no function to call\n"
    assert '  "a" "b"  func ([] -> [])\n' in done.stdout and done.returncode == 2


def test_running_a_module_with_a_start_function_runs_that(tmp_path: Path) -> None:
    path = tmp_path / "m.wat"
    path.write_text("(module (func $f) (start $f))")
    done = pyjsapi("run", path)
    assert (done.stdout, done.stderr, done.returncode) == ("", "", 0)


def test_disassembling_a_text_says_what_it_is(module: Path) -> None:
    done = pyjsapi("wasm2wat", module)
    assert done.stderr == (
        f"pyjsapi: {module}: magic header not detected: a module starts with b'\\x00asm' (at offset 0x0); "
        "this looks like the text format: convert it with wat2wasm\n"
    )
    assert done.returncode == 65


def test_a_text_that_is_no_utf_8_is_shown_with_its_place(tmp_path: Path) -> None:
    path = tmp_path / "m.wat"
    path.write_bytes(b"(module\n  \xff)")
    done = pyjsapi("validate", path)
    assert done.stdout == f"{path}:2:3: malformed UTF-8 encoding\n    \ufffd)\n    ^\n"
    assert (done.stderr, done.returncode) == ("", 1)


def test_names_are_shown_in_any_encoding(tmp_path: Path) -> None:
    path = tmp_path / "m.wat"
    path.write_text('(module (func (export "n\u00e9\\n") (param i32)))', encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "pyjsapi", "run", path],
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    assert '  "n\\xe9\\n"  func ([i32] -> [])\n' in done.stdout
    assert done.stderr.endswith(" --invoke 'n\\xe9\\n' <i32>\n")
    assert done.returncode == 2


def test_the_end_of_the_stack_is_called_what_it_is_in_javascript(tmp_path: Path) -> None:
    path = tmp_path / "m.wat"
    path.write_text('(module (func $f (export "_start") (call $f)))')
    done = pyjsapi("run", path)
    assert done.stderr.startswith("pyjsapi: _start: RangeError: Maximum call stack size exceeded\n")
    assert done.returncode == 1
