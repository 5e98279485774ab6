"""Each reason for which an instance of ``auto`` stays on the Python engine (EN-52)."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from typing import Any

import pytest

from pyjsapi import WebAssembly, engines, wat2wasm
from pyjsapi.engines import moving
from pyjsapi.engines.auto import AutoEngine
from pyjsapi.engines.errors import EngineUnavailable
from tests.engines.auto.conftest import SUSPENDS_CALLS

PLAIN = '(func (export "f") (result i32) (i32.const 7))'


def stays(text: str, imports: Any = None, **restrictions: Any) -> str:
    """Why an instance stays that has been called several times."""
    module = WebAssembly.Module(
        wat2wasm(f"(module {text} {PLAIN})"), engine=AutoEngine(calls=0), **restrictions
    )
    return after_calls(WebAssembly.Instance(module, imports))


def after_calls(instance: WebAssembly.Instance) -> str:
    assert [instance.exports.f() for _ in range(9)] == [7] * 9
    where, _, reason = engines.explain(instance).partition(": ")
    assert where == "python"
    return reason


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("(tag (param i32))", "it has tags"),
        ("(type (struct (field i32)))", "it has types of structures or arrays"),
        ("(type (array i8))", "it has types of structures or arrays"),
        (
            "(func (param anyref))",
            "its functions have references to other things than functions and external ones",
        ),
        (
            "(func (param exnref))",
            "its functions have references to other things than functions and external ones",
        ),
        ("(memory 1 1 shared)", "it has shared memory"),
        ('(table (export "t") 1 funcref)', "it imports or exports a table"),
        ("(table 1 externref)", "it has a table of other elements than functions"),
        ("(global (mut externref) (ref.null extern))", "it has a global with a reference"),
        ("(global funcref (ref.null func))", "it has a global with a reference"),
        (
            '(global (export "g") (mut i32) (i32.const 0))',
            "it imports or exports a mutable global",
        ),
        (
            "(func (param v128 v128) (result v128) (i8x16.relaxed_swizzle (local.get 0) (local.get 1)))",
            "it has relaxed instructions, whose results may not change while a program runs",
        ),
        ('(memory 1) (data "a")', "it has segments that are not dropped"),
        ("(elem func)  (func $a) (elem func $a)", "it has segments that are not dropped"),
    ],
)
def test_what_a_module_has(text: str, reason: str) -> None:
    assert stays(text) == reason


def test_what_it_imports() -> None:
    table = WebAssembly.Table({"element": "anyfunc", "initial": 1})
    assert stays('(import "e" "t" (table 1 funcref))', {"e": {"t": table}}) == (
        "it imports or exports a table"
    )
    number = WebAssembly.Global({"value": "i32", "mutable": True}, 1)
    assert stays('(import "e" "g" (global (mut i32)))', {"e": {"g": number}}) == (
        "it imports or exports a mutable global"
    )


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        ({"fuel": 10**6}, "does not keep Limits.fuel"),
        ({"deadline": 60}, "does not keep Limits.deadline"),
        ({"max_host_calls": 3}, "does not keep Limits.max_host_calls"),
        ({"call_depth": 500}, "does not keep Limits.call_depth"),
        ({"max_memory_bytes": 1 << 20}, "a limit for its memories or tables together"),
        ({"max_total_table_elements": 100}, "a limit for its memories or tables together"),
    ],
)
def test_limits(limits: dict[str, Any], reason: str) -> None:
    assert reason in stays("", limits=limits)


def test_what_wasmtime_does_not_compile() -> None:
    assert "Wasmtime does not compile it" in stays("(func (try (do) (catch_all)))")


def test_what_the_host_says_of_memories() -> None:
    module = WebAssembly.Module(
        wat2wasm(f"(module (memory 1) {PLAIN})"), engine=AutoEngine(calls=0)
    )
    made = WebAssembly.Instance(module, memory_overrides={0: {"minimum": 2}})
    assert after_calls(made) == "the host has a say in how it is made"


def test_dropped_segments_do_not_keep_it() -> None:
    text = """(module (memory 1) (data $d "\\07")
      (func (export "f") (result i32)
        (memory.init $d (i32.const 0) (i32.const 0) (i32.const 1)) (i32.load8_u (i32.const 0)))
      (func (export "drop") (data.drop $d)))"""
    instance = WebAssembly.Instance(WebAssembly.Module(wat2wasm(text), engine=AutoEngine(calls=0)))
    assert after_calls(instance) == "it has segments that are not dropped"
    instance.exports.drop()
    for _ in range(20):
        with pytest.raises(WebAssembly.RuntimeError, match="out of bounds"):
            instance.exports.f()
    assert engines.explain(instance).startswith("wasmtime")


def test_dropped_elements_stay_dropped() -> None:
    """A function that only a segment declares can be referred to all the same."""
    text = """(module (table $t 4 funcref) (elem $e func $f)
      (elem (table $t) (i32.const 0) func $f)
      (func $f (result i32) (i32.const 7))
      (func (export "null") (result i32) (ref.is_null (ref.func $f)))
      (func (export "first") (result funcref) (table.get $t (i32.const 0)))
      (func (export "drop") (elem.drop $e))
      (func (export "init") (table.init $t $e (i32.const 2) (i32.const 0) (i32.const 1))))"""
    module = WebAssembly.Module(wat2wasm(text), engine=AutoEngine(calls=0))
    exports: Any = (instance := WebAssembly.Instance(module)).exports
    first = exports.first()
    exports.drop()
    for _ in range(20):
        assert exports.null() == 0
        with pytest.raises(WebAssembly.RuntimeError, match="out of bounds table access"):
            exports.init()
    assert engines.explain(instance).startswith("wasmtime")
    assert exports.first() is first


def test_without_machine_code(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> Any:
        raise EngineUnavailable(name, "not installed")

    monkeypatch.setattr("pyjsapi.engines.registry.engine", missing)
    assert stays("") == "there is no machine code here: not installed"


def test_other_threads() -> None:
    host = '(import "e" "h" (func))', {"e": {"h": print}}
    done = threading.Event()
    thread = threading.Thread(target=done.wait)
    thread.start()
    try:
        assert stays(*host) == "there are other threads, for which host functions of it may wait"
    finally:
        done.set()
        thread.join()
    found: list[str] = []
    thread = threading.Thread(target=lambda: found.append(stays("")))
    thread.start()
    thread.join()
    assert found == ["it is called by another thread than the main one"]


def test_a_memory_in_a_place_of_its_own() -> None:
    memory = WebAssembly.Memory({"initial": 1, "maximum": 1, "storage": "guarded"})
    reason = stays('(import "e" "m" (memory 1 1))', {"e": {"m": memory}})
    assert "its bytes are in a place of their own" in reason


def test_calls_that_are_suspended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(moving, "suspends_calls", SUSPENDS_CALLS)

    async def later(value: int) -> int:
        await asyncio.sleep(0)
        return value + 1

    text = """(module (import "e" "h" (func $h (param i32) (result i32)))
      (func (export "g") (result i32) (call $h (i32.const 3)))
      (func (export "f") (result i32) (i32.const 7)))"""
    module = WebAssembly.Module(wat2wasm(text), engine=AutoEngine(calls=0))
    instance = WebAssembly.Instance(module, {"e": {"h": WebAssembly.Suspending(later)}})
    promised = WebAssembly.promising(instance.exports.g)
    assert asyncio.run(promised()) == 4
    assert after_calls(instance) == "calls of it may be suspended"
    assert asyncio.run(promised()) == 4
    # From then on other instances that call the host stay as well.
    other = WebAssembly.Instance(module, {"e": {"h": abs}})
    assert after_calls(other) == ("the program suspends calls, and host functions of it may do so")


def test_explaining_needs_an_instance_of_auto() -> None:
    module = WebAssembly.Module(wat2wasm(f"(module {PLAIN})"), engine="python")
    for other in (WebAssembly.Instance(module), 3, None):
        with pytest.raises(TypeError, match="the engine 'auto'"):
            engines.explain(other)


def test_small_programs_never_pay_for_a_compiler() -> None:
    program = """
import sys
from pyjsapi import WebAssembly, engines, wat2wasm
data = wat2wasm('(module (func (export "f") (result i32) (i32.const 7)))')
instance = WebAssembly.Instance(WebAssembly.Module(data, engine="auto"))
assert instance.exports.f() == 7
assert engines.explain(instance).startswith("python: its calls have taken")
assert not [name for name in sys.modules if "engines.wasmtime" in name or name == "ctypes"]
"""
    subprocess.run([sys.executable, "-c", program], check=True)
