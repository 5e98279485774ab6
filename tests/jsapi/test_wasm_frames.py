"""What leaves WebAssembly tells which calls it passed, and where they were."""

from __future__ import annotations

import copy
import os
import pickle
import re
import signal
import subprocess
import sys
import textwrap
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pyjsapi import RangeError, WebAssembly, wat2wasm
from pyjsapi.compiler.cache import VARIABLE
from pyjsapi.syntax.instructions import BY_MNEMONIC
from pyjsapi.syntax.op import Imm
from pyjsapi.syntax.types import V128

TEXT = """(module $demo
  (import "m" "f" (func $f (param i32)))
  (memory 1)
  (func $leaf (param i32) (result i32)
    (i32.add (i32.load (local.get 0)) (i32.div_s (i32.const 7) (local.get 0))))
  (func (export "top") (param i32) (result i32)
    (i32.add (call $leaf (i32.const 4)) (call $leaf (local.get 0))))
  (func $rec (export "rec") (call $rec))
  (func (param i32) (call $f (local.get 0)))
  (func (export "host") (param i32) (call 4 (local.get 0)))
  (func (export "tail") (param i32) (result i32) (return_call $leaf (local.get 0)))
  (func (export "tailed") (param i32) (result i32) (i32.add (call 6 (local.get 0)) (i32.const 1))))"""


def instance(
    function: Callable[[int], Any] = lambda _: None, data: bytes | None = None, **options: Any
) -> Any:
    module = WebAssembly.Module(data or wat2wasm(TEXT), **options)
    return WebAssembly.Instance(module, {"m": {"f": function}}).exports


def raised(function: Callable[..., Any], *arguments: Any) -> BaseException:
    with pytest.raises(BaseException) as caught:
        function(*arguments)
    return caught.value


def shown(error: BaseException) -> list[str]:
    """The calls as lines of text, without the hash of the module."""
    frames: Any = getattr(error, "wasm_frames", ())
    return [re.sub(r"-[0-9a-f]{8}:", ":", str(frame)) for frame in frames]


def places(error: BaseException) -> list[tuple[int, int | None]]:
    frames: Any = getattr(error, "wasm_frames", ())
    return [(frame.line, frame.column) for frame in frames]


def test_a_trap_has_its_calls_in_the_traceback() -> None:
    error = raised(instance().top, 0)
    module = error.wasm_frames[0].module  # type: ignore[attr-defined]
    assert re.fullmatch(r"wasm://wasm/demo-[0-9a-f]{8}", module)
    assert "".join(traceback.format_exception_only(error)) == (
        "pyjsapi.jsapi.errors.RuntimeError: integer divide by zero\n"
        "WebAssembly calls, innermost first:\n"
        f"  at leaf ({module}:wasm-function[1]:0x63), line 5:40\n"
        f"  at top ({module}:wasm-function[2]:0x6e), line 7:42\n"
    )


def test_frames_say_function_instruction_and_line() -> None:
    error = raised(instance().top, 0)
    assert isinstance(error, WebAssembly.RuntimeError)
    leaf, top = error.wasm_frames
    assert (leaf.index, leaf.name, leaf.offset, leaf.line, leaf.column) == (1, "leaf", 0x63, 5, 40)
    assert (top.index, top.name, top.offset, top.line, top.column) == (2, "top", 0x6E, 7, 42)
    assert len(error.wasm_frames) == 2
    assert error.wasm_frames[-1] == top
    assert list(error.wasm_frames[:1]) == [leaf]


def test_the_instruction_is_the_one_that_failed_of_several_on_a_line() -> None:
    exports = instance()
    assert places(raised(exports.top, 0))[0] == (5, 40)
    assert places(raised(exports.top, 65533))[0] == (5, 15)
    assert places(raised(exports.top, 65533))[0] == (5, 15)


@pytest.mark.parametrize("load", ["v128.load", "v128.load32_splat", "v128.load8x8_s"])
def test_a_load_is_told_from_what_takes_its_lanes(load: str) -> None:
    unary = [
        op.mnemonic
        for op in BY_MNEMONIC.values()
        if op.params == (V128,) and op.results == (V128,) and op.imm is Imm.NONE
    ]
    assert "f32x4.nearest" in unary
    assert "f64x2.sqrt" in unary
    lines = [
        f'(func (export "{name}") (param i32) (result i32) (local v128) '
        f"(v128.any_true (local.tee 1 ({name} ({load} offset=65530 (local.get 0))))))"
        for name in unary
    ]
    exports = instance(data=wat2wasm("(module (memory 1)\n" + "\n".join(lines) + ")"))
    for number, (name, line) in enumerate(zip(unary, lines, strict=True), 2):
        error = raised(exports[name], 65528)
        assert places(error) == [(number, line.index(f"({load} ") + 2)], name


def test_what_host_functions_raise_has_them_too() -> None:
    thrown = ValueError("mine")
    thrown.add_note("a note of the host's")

    def fail(_: int) -> None:
        raise thrown

    error = raised(instance(fail).host, 1)
    assert error is thrown
    assert shown(error) == [
        "at wasm://wasm/demo:wasm-function[4]:0x7b",
        "at host (wasm://wasm/demo:wasm-function[5]:0x82)",
    ]
    error.add_note("another")
    first, second, third = error.__notes__
    assert (first, third) == ("a note of the host's", "another")
    assert second.startswith("WebAssembly calls, innermost first:\n  at wasm://wasm/demo-")
    assert traceback.format_exception_only(error)[1:] == [
        f"{line}\n" for line in (first, *second.split("\n"), third)
    ]


def test_exceptions_that_refuse_attributes_pass() -> None:
    class Closed(Exception):
        def __setattr__(self, name: str, value: object) -> None:
            raise AttributeError(name)

    def fail(_: int) -> None:
        raise Closed

    assert isinstance(raised(instance(fail).host, 1), Closed)


def test_calls_inside_of_calls_are_all_there_once() -> None:
    inner = instance()
    outer = instance(lambda _: inner.top(0))
    error = raised(outer.host, 1)
    assert [frame.index for frame in error.wasm_frames] == [1, 2, 4, 5]  # type: ignore[attr-defined]
    thrown = KeyError("k")

    def fail(_: int) -> None:
        raise thrown

    middle = instance(instance(fail).host)
    error = raised(instance(lambda _: middle.host(1)).host, 1)
    assert error is thrown
    assert [frame.index for frame in error.wasm_frames] == [4, 5, 4, 5, 4, 5]  # type: ignore[attr-defined]


def test_an_exhausted_stack_keeps_the_innermost() -> None:
    error = raised(instance().rec)
    assert isinstance(error, RangeError)
    frames: Any = error.wasm_frames  # type: ignore[attr-defined]
    assert len(frames) == 100
    assert {(frame.index, frame.line) for frame in frames} == {(3, 8)}
    assert frames.omitted > 1000
    [note] = error.__notes__
    assert re.search(r"\[3\]:0x\w+\), line 8:30, 100 times\n  … and \d+ more$", note)


def test_an_interrupt_tells_what_it_interrupted() -> None:
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        error = raised(instance(lambda _: signal.raise_signal(signal.SIGINT)).host, 1)
    finally:
        signal.signal(signal.SIGINT, before)
    assert isinstance(error, KeyboardInterrupt)
    assert places(error) == [(9, 22), (10, 38)]


def test_tail_calls_leave_no_frame() -> None:
    exports = instance()
    assert [frame.index for frame in raised(exports.tail, 0).wasm_frames] == [1]  # type: ignore[attr-defined]
    frames: Any = raised(exports.tailed, 0).wasm_frames  # type: ignore[attr-defined]
    assert [frame.index for frame in frames] == [1, 7]


def test_a_trap_that_passes_a_handler_keeps_the_calls_inside() -> None:
    data = wat2wasm("""(module
      (func $trap (unreachable))
      (func (export "f") (block $out (try_table (catch_all $out) (call $trap))) (nop)))""")
    error = raised(WebAssembly.Instance(WebAssembly.Module(data)).exports.f)
    assert places(error) == [(2, 20), (3, 67)]


def test_the_first_form_of_exceptions_too() -> None:
    data = wat2wasm("""(module (tag $t)
      (func $trap (try (do (nop)) (catch $t (unreachable))) (unreachable))
      (func (export "f") (try (do (nop) (call $trap)) (catch_all (nop)))))""")
    error = raised(WebAssembly.Instance(WebAssembly.Module(data)).exports.f)
    assert places(error) == [(2, 62), (3, 42)]


def test_an_exception_that_nobody_catches_tells_where_it_was_thrown() -> None:
    data = wat2wasm("""(module (tag $t (export "t"))
      (func $throw (throw $t)) (func (export "f") (call $throw)))""")
    error = raised(WebAssembly.Instance(WebAssembly.Module(data)).exports.f)
    assert isinstance(error, WebAssembly.Exception)
    assert places(error) == [(2, 21), (2, 52)]


def test_a_start_function_and_calls_between_modules() -> None:
    inner = WebAssembly.Module(wat2wasm('(module (func (export "g") (unreachable)))'))
    imports = {"m": {"g": WebAssembly.Instance(inner).exports.g}}
    outer = wat2wasm('(module (import "m" "g" (func)) (func $s (call 0)) (start $s))')
    with pytest.raises(WebAssembly.RuntimeError) as caught:
        WebAssembly.Instance(WebAssembly.Module(outer), imports)
    assert [(frame.name, frame.index) for frame in caught.value.wasm_frames] == [("g", 0), ("s", 1)]


def test_code_that_was_exchanged_while_it_ran() -> None:
    data = wat2wasm("""(module (memory (export "m") 1)
      (func $grow (drop (memory.grow (i32.const 16384))))
      (func (export "f") (call $grow) (drop (i32.load (i32.const -4)))))""")
    exports = WebAssembly.Instance(WebAssembly.Module(data)).exports
    assert places(raised(exports.f)) == [(3, 46)]
    assert places(raised(exports.f)) == [(3, 46)]


@pytest.mark.parametrize(
    "name, text",
    [
        ("plain", "at plain (wasm://wasm/"),
        ("two\\0alines", "at two\\nlines (wasm://wasm/"),
        ("é" * 300, f"at {'é' * 199}… (wasm://wasm/"),
    ],
)
def test_names_are_shown_on_one_line(name: str, text: str) -> None:
    data = wat2wasm(f'(module (func (export "{name}") (unreachable)))')
    error = raised(
        WebAssembly.Instance(WebAssembly.Module(data)).exports[name.replace("\\0a", "\n")]
    )
    assert str(error.wasm_frames[0]).startswith(text)  # type: ignore[attr-defined]


def test_a_module_without_names_and_text() -> None:
    data = wat2wasm(TEXT, names=False) + b"\0\2\1x"
    error = raised(instance(data=data).top, 0)
    leaf, top = error.wasm_frames  # type: ignore[attr-defined]
    assert re.fullmatch(r"at wasm://wasm/[0-9a-f]{8}:wasm-function\[1\]:0x63", str(leaf))
    assert (leaf.name, leaf.line, top.name) == (None, None, "top")


def test_errors_can_be_pickled_and_copied() -> None:
    error = raised(instance().top, 0)
    other = pickle.loads(pickle.dumps(error))
    assert list(other.wasm_frames) == list(error.wasm_frames)  # type: ignore[attr-defined]
    assert other.__notes__ == error.__notes__
    assert type(other.__notes__) is list
    assert list(copy.copy(error).wasm_frames) == list(other.wasm_frames)  # type: ignore[attr-defined]


def test_errors_that_passed_no_call_have_none() -> None:
    assert list(WebAssembly.RuntimeError("made by hand").wasm_frames) == []
    with pytest.raises(WebAssembly.RuntimeError) as caught:
        WebAssembly.Instance(
            WebAssembly.Module(wat2wasm('(module (memory 0) (data (i32.const 9) "x"))'))
        )
    assert list(caught.value.wasm_frames) == []
    assert not hasattr(caught.value, "__notes__")


SCRIPT = textwrap.dedent("""
    import sys
    from pathlib import Path
    from pyjsapi import WebAssembly
    module = WebAssembly.Module(Path(sys.argv[1]).read_bytes())
    exports = WebAssembly.Instance(module, {"m": {"f": lambda _: None}}).exports
    try:
        exports.top(0)
    except WebAssembly.RuntimeError as error:
        print([(frame.index, frame.offset) for frame in error.wasm_frames])
        print(any(name.startswith("pyjsapi.compiler.emit") for name in sys.modules))
""")


@pytest.mark.parametrize("options", [[], ["-X", "no_debug_ranges"]], ids=["columns", "lines"])
def test_code_from_the_cache_says_the_same(tmp_path: Path, options: list[str]) -> None:
    padding = "(func (drop (i32.const 1)))" * 900
    path = tmp_path / "m.wasm"
    path.write_bytes(wat2wasm(TEXT[:-1] + padding + ")"))
    found = []
    for _ in range(2):
        ran = subprocess.run(
            [sys.executable, *options, "-c", SCRIPT, path],
            capture_output=True, text=True, check=True, env=os.environ | {VARIABLE: str(tmp_path / "cache")},
        )  # fmt: skip
        found.append(ran.stdout.splitlines()[0])
    assert len(list((tmp_path / "cache").iterdir())) == 1
    assert found[0] == found[1]
    if not options:
        start = wat2wasm(TEXT[:-1] + padding + ")").index(b"\x41\x07\x20\x00\x6d")
        assert found[0].startswith(f"[(1, {start + 4})")
