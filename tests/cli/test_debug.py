"""``pyjsapi debug``: scripts of commands, at the end of which is what they printed."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pytest

from pyjsapi.cli import exits
from pyjsapi.cli.main import main

FACTORIAL = """(module
  (memory (export "memory") 1)
  (global $calls (mut i32) (i32.const 0))
  (func $fact (export "fact") (param $n i32) (result i32)
    (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
    (i32.store (i32.const 16) (local.get $n))
    (if (result i32) (i32.eqz (local.get $n))
      (then (i32.const 1))
      (else (i32.mul (local.get $n) (call $fact (i32.sub (local.get $n) (i32.const 1)))))))
  (func (export "div") (param i32 i32) (result i32) (i32.div_s (local.get 0) (local.get 1))))
"""
PROGRAM = r"""(module
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1) (data (i32.const 0) "\40\00\00\00\03\00\00\00")
  (func $main (export "_start")
    (drop (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)))
    (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))
    (call $exit (i32.load8_u (i32.const 64)))))"""


Run = Callable[..., tuple[int, list[str]]]


@pytest.fixture
def run(tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs commands on a text; the exit code and the lines that came out."""

    def debug(text: str, commands: str, *arguments: str) -> tuple[int, list[str]]:
        (tmp_path / "m.wat").write_text(text)
        monkeypatch.setattr("sys.stdin", io.StringIO("\n".join(commands.split("; ")) + "\n"))
        code = main(["debug", str(tmp_path / "m.wat"), *arguments])
        captured = capfd.readouterr()
        return code, [*captured.out.splitlines()[1:], *captured.err.splitlines()]

    return debug


def test_a_session(run: Run) -> None:
    code, lines = run(
        FACTORIAL,
        "s 3; locals; stack; watch 16; c; x/16 0x10; c; where; up; p $n*2+i32(16); finish; globals; delete; c",
        "--invoke",
        "fact",
        "3",
    )
    assert code == 0
    assert lines == [
        "fact:",
        "#0 fact+0 at 0x46 (line 5): global.get $calls",
        "#0 fact+3 at 0x4b (line 5): global.set $calls  [1]",
        "  $n           i32    3",
        "  s0   i32    1",
        "watch 1: writes of 4 bytes at 0x10 of memory 0",
        "watch 1: write of 4 bytes at 0x10",
        "#0 fact+6 at 0x51 (line 6): i32.store  [16, 3]",
        "  0x00000010  00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00  ................",
        "watch 1: write of 4 bytes at 0x10",
        "#0 fact+6 at 0x51 (line 6): i32.store  [16, 2]",
        ">#0 fact+6 at 0x51 (line 6): i32.store  [16, 2]",
        " #1 fact+16 at 0x63 (line 9): call $fact  [3, 2]",
        "#1 fact+16 at 0x63 (line 9): call $fact  [3, 2]",
        "9",
        "watch 1: write of 4 bytes at 0x10",
        "#0 fact+6 at 0x51 (line 6): i32.store  [16, 1]",
        "  $calls           mut i32  3",
        "returned i32 6",
    ]


def test_breakpoints_at_places(run: Run) -> None:
    code, lines = run(
        FACTORIAL,
        "b fact+9; b :8; b *0x65; b; c; back; to fact+2; n; next 2; line; q",
        "--invoke",
        "fact",
        "0",
    )
    assert code == 0
    assert lines[2:6] == [
        "instruction 1: function 0, instruction 9 at 0x57",
        "line 2: function 0, instruction 10 at 0x59",
        "instruction 3: function 0, instruction 17 at 0x65",
        "instruction 1: function 0, instruction 9 at 0x57",
    ]
    assert lines[8:] == [
        "breakpoint 1",
        "#0 fact+9 at 0x57 (line 7): if (result i32) ;; label = @1  [1]",
        "#0 fact+8 at 0x56 (line 7): i32.eqz  [0]",
        "breakpoint 1",
        "#0 fact+9 at 0x57 (line 7): if (result i32) ;; label = @1  [1]",
        "#0 fact+10 at 0x59 (line 8): i32.const 1",
        "returned i32 1",
        "error: the call has ended; it can be restarted",
    ]


def test_lists_and_disassembly_show_where_it_is(run: Run) -> None:
    _, lines = run(FACTORIAL, "s 5; list; list 1; dis div; dis", "--invoke", "fact", "3")
    assert "     6 ->     (i32.store (i32.const 16) (local.get $n))" in lines
    assert lines.count("     1    (module") == 2
    assert "       2  0x00006e  i32.div_s" in lines
    assert "->     5  0x00004f  local.get $n" in lines


def test_a_trap_is_a_failure(run: Run) -> None:
    code, lines = run(
        FACTORIAL, "catch trap; c; stack; c; reverse; back", "--invoke", "div", "1", "0"
    )
    assert code == exits.FAILED
    assert lines[2:] == [
        "trap 1",
        "trap: integer divide by zero",
        "#0 div+2 at 0x6e (line 10): i32.div_s  [1, 0]",
        "  s1   i32    0",
        "  s0   i32    1",
        "failed: integer divide by zero",
        "#0 div+0 at 0x6a (line 10): local.get 0",
        "#0 div+0 at 0x6a (line 10): local.get 0",
    ]


def test_programs_of_wasi_have_input_from_a_file(run: Run, tmp_path: Path) -> None:
    (tmp_path / "input").write_text("ab\n")
    code, lines = run(PROGRAM, "catch import fd_write; c; c; c", "--stdin", str(tmp_path / "input"))
    assert code == ord("a")
    assert lines == [
        "_start:",
        "#0 main+0 at 0xa6 (line 7): i32.const 0",
        "import 1: fd_write",
        "import 1: before the call",
        "#0 main+10 at 0xb9 (line 8): call $write  [1, 0, 1, 8]",
        "ab",
        "import 1: after the call",
        "#0 main+11 at 0xbb (line 8): drop  [0]",
        f"the program has ended with exit code {ord('a')}",
    ]


def test_the_start_function_comes_first(run: Run) -> None:
    code, lines = run(
        "(module (global $g (mut i32) (i32.const 1)) (func $s (global.set $g (i32.const 2))) (start $s)"
        ' (func (export "f") (result i32) (global.get $g)))',
        "s; c; c",
        "--invoke",
        "f",
    )
    assert code == 0
    assert [line.split(" at ")[0] for line in lines] == [
        "the start function:", "#0 s+0", "#0 s+1", "returned", "f:", "#0 f+0", "returned i32 2",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("command", "told"),
    [
        ("foo", "error: there is no command 'foo'; `help` names those that there are"),
        ("!ls", "error: there is no command '!ls'; `help` names those that there are"),
        ("break nope", "error: there is no function 'nope'"),
        ("break :1", "error: no code begins at line 1"),
        ("to", "error: say where; `help break` says how"),
        ("watch", "error: say which address: watch ADDRESS [SIZE [MEMORY]]"),
        ("watch 0 0", "error: a watched range has at least 1 byte"),
        ("delete 7", "error: there is no breakpoint 7"),
        ("delete x", "error: there is no x here"),
        ("list x", "error: there is no x here"),
        ("catch import", "error: the module imports no functions"),
        ("up", "error: the outermost call is #0"),
        ("down", "error: the innermost call is #0"),
        ("step 0", "error: 0 is no count"),
        ("step 1 2", "error: one number is enough"),
        ("p $m", "error: there is no $m here: neither a local nor a global"),
        ("p _0_", "error: there is no _0_ here"),
        ("p $n + _1_", "error: there is no _1_ here"),
        ("p ____", "error: there is no ____ here"),
        ("p 1/0", "error: that is more than `print` can compute; `help print` says what it can"),
        ("p 1//0", "error: 1//0: integer division or modulo by zero"),
        ("p 1 +", "error: '1 +' is no expression; `help print` says what is"),
        (
            "p u9(0)",
            "error: u9() reads no memory; there are u8, i8, u16, i16, u32, i32, u64, i64, f32, f64",
        ),
        ("p u8(1, 5)", "error: there is no memory 5: the instance has 1"),
        ("x 0x10000000", "error: address 0x10000000 is beyond memory 0 of 65536 bytes"),
        ("x -1", "error: -1: a whole number from 0 is needed"),
        (
            "catch fish",
            "error: say what to stop at: catch trap, exception, growth, or import [MODULE.NAME]",
        ),
        ("help foo", "error: there is no command 'foo'"),
        (
            "p __import__('os')",
            "error: that is more than `print` can compute; `help print` says what it can",
        ),
        ("p 1 << 99999999", "error: no value has so many bits"),
        ('watch "', 'error: watch ": No closing quotation'),
    ],
)
def test_errors_are_one_line(run: Run, command: str, told: str) -> None:
    code, lines = run(FACTORIAL, command, "--invoke", "fact", "3")
    assert (code, lines[2:]) == (0, [told])


def test_after_the_end_there_is_nothing_to_look_at(run: Run) -> None:
    _, lines = run(FACTORIAL, "c; locals; stack; list; up; where", "--invoke", "fact", "3")
    told = "error: the call has ended; it can be restarted"
    assert lines[3:] == [told] * 4 + ["the call has ended"]


def test_exceptions_are_told_with_their_values(run: Run) -> None:
    text = """(module (tag $t (param i64 f32))
      (func $throw (throw $t (i64.const -1) (f32.const 1.5)))
      (func (export "f") (local exnref)
        (local.set 0 (block $caught (result exnref) (try_table (catch_all_ref $caught) (call $throw)) unreachable))
        (throw_ref (local.get 0))))"""
    code, lines = run(text, "catch exception; c; locals; c", "--invoke", "f")
    told = "exception of a tag with parameters (i64, f32): -1, 1.5"
    assert code == exits.FAILED
    assert lines[3] == f"exception: {told}"
    assert lines[5].endswith(told)
    assert lines[6] == f"failed: {told}"


def test_a_module_without_globals(run: Run) -> None:
    text = """(module (func (export "f")))"""
    _, lines = run(text, "globals", "--invoke", "f")
    assert lines[2:] == ["no globals"]


def test_help_says_what_each_command_does(run: Run) -> None:
    _, lines = run(FACTORIAL, "help; h b; help x; help p", "--invoke", "fact", "3")
    text = "\n".join(lines)
    assert "commands: awatch, back, break, catch, condition, continue" in text
    assert "FILE:LINE" in text
    assert "Locals are $name" in text


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["--invoke", "nope"], exits.USAGE, "exports no function 'nope'"),
        (["--invoke", "fact"], exits.USAGE, "takes 1 argument, 0 were given"),
        (
            [],
            exits.USAGE,
            "has nothing that runs by itself; name one of its functions: --invoke fact",
        ),
        (["--invoke", "fact", "1", "--stdin", "/no/such"], exits.NO_INPUT, "cannot read /no/such"),
        (
            ["--invoke", "fact", "1", "--source-map", "/no/such"],
            exits.NO_INPUT,
            "cannot read /no/such",
        ),
        (["--fuel", "3"], exits.USAGE, None),
    ],
)
def test_what_cannot_be_debugged(
    run: Run, arguments: list[str], code: int, told: str | None
) -> None:
    if told is None:
        with pytest.raises(SystemExit, match="2"):
            run(FACTORIAL, "q", *arguments)
        return
    found, lines = run(FACTORIAL, "q", *arguments)
    assert found == code
    assert told in "\n".join(lines)


def test_names_complete(run: Run) -> None:
    from pyjsapi import WebAssembly, wat2wasm
    from pyjsapi.cli.line_debugger import LineDebugger, Pending
    from pyjsapi.debugging import Debugger

    instance = WebAssembly.Instance(WebAssembly.Module(wat2wasm(FACTORIAL)))
    with Debugger(instance) as debugger:
        shell = LineDebugger(debugger, [Pending("f", debugger.instance.funcs[0], [3])], "")
        shell._next_call()
        assert shell.completenames("wat") == ["watch"]
        assert shell.completedefault("fa") == ["fact"]
        assert shell.completedefault("$") == ["$n"]


def test_breakpoints_have_conditions(run: Run) -> None:
    _, lines = run(
        FACTORIAL,
        "b fact if $n == 1; watch 16 if s1 == 2; catch trap if 1; b; c; c; condition 1 $n == 0; c; condition 1; c",
        "--invoke",
        "fact",
        "3",
    )
    assert lines[2:8] == [
        "function 1: function 0 if $n == 1",
        "watch 2: writes of 4 bytes at 0x10 of memory 0 if s1 == 2",
        "trap 3 if 1",
        "function 1: function 0 if $n == 1",
        "watch 2: writes of 4 bytes at 0x10 of memory 0 if s1 == 2",
        "trap 3 if 1",
    ]
    text = "\n".join(lines[8:])
    assert "watch 2: write of 4 bytes at 0x10" in text
    assert "function 1: function 0 if $n == 0" in text
    assert "returned i32 6" in text


def test_a_condition_that_is_wrong_is_told(run: Run) -> None:
    _, lines = run(
        FACTORIAL,
        "condition; condition 7 1; b fact if 1 +; b fact if $m; c",
        "--invoke",
        "fact",
        "1",
    )
    assert lines[2:5] == [
        "error: say which breakpoint: condition NUMBER [EXPRESSION]",
        "error: there is no breakpoint 7",
        "error: '1 +' is no expression; `help print` says what is",
    ]
    assert lines[6] == "breakpoint 1 (there is no $m here: neither a local nor a global)"
