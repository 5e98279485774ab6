"""Python's exceptions as traps, and tracebacks that are cut."""

from __future__ import annotations

import contextlib
import json
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import PurePath
from typing import Any

import pytest

import pyjsapi
from pyjsapi.compiler.support.traps import demolish, translate_exception
from pyjsapi.runtime import FuncInst
from pyjsapi.syntax.errors import Exhaustion, Trap

Host = Callable[..., FuncInst]


@pytest.mark.parametrize(
    "error",
    [IndexError("theirs"), ZeroDivisionError(), struct.error(), OverflowError(), KeyError(1), Trap("x"),
     RecursionError("theirs"), SystemExit(3)],
    ids=lambda e: type(e).__name__,
)  # fmt: skip
def test_exceptions_of_host_functions_pass_unchanged(
    wasm: Callable[..., Any], host: Host, error: BaseException
) -> None:
    def fail() -> None:
        raise error

    module = wasm(
        '(module (import "" "f" (func $f)) (func $g (call $f)) (func (export "f") (call $g)))',
        host(fail),
    )
    with pytest.raises(type(error)) as caught:
        module("f")
    assert caught.value is error


def test_messages(wasm: Callable[..., Any]) -> None:
    module = wasm("""(module (memory 1) (table 1 funcref) (type $t (func))
      (func (export "unreachable") (unreachable))
      (func (export "divide") (drop (i64.rem_s (i64.const 1) (i64.const 0))))
      (func (export "load") (drop (i32.load (i32.const -1))))
      (func (export "float") (f32.store align=1 (i32.const -1) (f32.const nan)))
      (func (export "element") (call_indirect (type $t) (i32.const 1)))
      (func (export "far element") (call_indirect (type $t) (i32.const -1)))
      (func (export "null") (call_indirect (type $t) (i32.const 0)))
      (func (export "table") (drop (table.get 0 (i32.const 9)))))""")
    for name, message in {
        "unreachable": "unreachable", "divide": "integer divide by zero",
        "load": "out of bounds memory access", "float": "out of bounds memory access",
        "element": "undefined element", "far element": "undefined element",
        "null": "uninitialized element", "table": "out of bounds table access",
    }.items():  # fmt: skip
        with pytest.raises(Trap, match=message):
            module(name)


WITHOUT_POSITIONS = """
from pyjsapi.engines.python import *
from pyjsapi.syntax.errors import Trap
from pyjsapi.text import wat2wasm
text = '''(module (memory i64 1) (table i64 1 funcref) (type $t (func))
  (func (export "load") (param i64) (drop (i32.load8_u (local.get 0))))
  (func (export "call") (param i64) (call_indirect (type $t) (local.get 0))))'''
exports = instantiate(compile_module(wat2wasm(text)), ()).exports
for name in ("load", "call"):
    for address in (70000, 1 << 63):
        try:
            invoke(exports[name], (address,))
        except Trap as trap:
            print(trap)
"""


@pytest.mark.parametrize("options", [[], ["-X", "no_debug_ranges"]], ids=["positions", "none"])
def test_tables_and_memories_are_told_apart(options: list[str]) -> None:
    run = subprocess.run(
        [sys.executable, *options, "-c", WITHOUT_POSITIONS],
        capture_output=True, text=True, check=True, env={"PYJSAPI_CACHE": "0", "PYTHONPATH": ":".join(sys.path)},
    )  # fmt: skip
    assert (
        run.stdout.splitlines() == ["out of bounds memory access"] * 2 + ["undefined element"] * 2
    )


def test_exceptions_that_were_never_raised_belong_to_the_host() -> None:
    assert translate_exception(IndexError()) is None
    assert translate_exception(ValueError()) is None
    trap = Trap()
    assert translate_exception(trap) is trap


def dig(depth: int) -> None:
    if depth:
        dig(depth - 1)
    raise LookupError("bottom")


def length(error: BaseException) -> int:
    count = 0
    traceback = error.__traceback__
    while traceback is not None:
        count += 1
        traceback = traceback.tb_next
    return count


@pytest.mark.usefixtures("deep_stack")
@pytest.mark.parametrize(("depth", "cut"), [(50, False), (5000, True)])
def test_only_deep_tracebacks_are_cut(depth: int, cut: bool) -> None:
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(12_000)
    try:
        with pytest.raises(LookupError) as caught:
            dig(depth)
    finally:
        sys.setrecursionlimit(limit)
    before = length(caught.value)
    demolish(caught.value)
    assert (length(caught.value) < before) is cut
    assert length(caught.value) > 20


@pytest.mark.usefixtures("deep_stack")
def test_exhaustion_carries_no_long_traceback(wasm: Callable[..., Any]) -> None:
    module = wasm('(module (func $f (export "f") (call $f)))')
    with pytest.raises(Exhaustion) as caught:
        module("f")
    assert length(caught.value) < 500
    context = caught.value.__context__
    assert context is None or length(context) < 500


@pytest.mark.parametrize("room", ["compiler", "compiler/support", "runtime", "blocks"])
def test_the_end_of_the_stack_is_exhaustion_in_all_of_the_package(room: str) -> None:
    path = PurePath(pyjsapi.__file__).parent / room / "any.py"
    space: dict[str, Any] = {}
    exec(compile("def f():\n    raise RecursionError\n", path, "exec"), space)
    with pytest.raises(RecursionError) as caught:
        space["f"]()
    assert isinstance(translate_exception(caught.value), Exhaustion)


def test_memory_that_ends_in_the_library_while_a_function_is_translated_is_exhaustion(
    wasm_once: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    module = wasm_once('(module (func (export "f")))')

    @contextlib.contextmanager
    def ending() -> Iterator[None]:
        yield
        json.loads("[", object_hook=None, cls=Ending)

    class Ending(json.JSONDecoder):
        def decode(self, s: str, _w: Any = None) -> Any:
            raise MemoryError

    monkeypatch.setattr("pyjsapi.compiler.variants.collector_off", ending)
    with pytest.raises(Exhaustion, match="out of memory"):
        module("f")
