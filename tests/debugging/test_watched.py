"""Calls that compiled code executes while it watches: what it finds is what the machine finds."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from fuzz.engines.harness import Run, argument
from fuzz.generators import make
from pyjsapi import Uint8Array, WebAssembly, wat2wasm
from pyjsapi.debugging import DebugError, Debugger
from tests.debugging.conftest import FACTORIAL, Debug, at, locals_of, results

_ENOUGH = 10**9
"""A budget: with one, the machine executes everything."""


def _first_stops(
    instance: Any, export: str, values: list[Any], spec: dict[str, Any], quick: bool
) -> Any:
    with Debugger(instance) as debugger:
        debugger.breakpoints.add(spec)
        debugger.call(export, values)
        state = debugger.proceed(None if quick else _ENOUGH)
        state["memories"] = [
            debugger.memory(i, 0, 1 << 16) for i in range(len(debugger.instance.mems))
        ]
        if debugger.count is None:
            assert debugger.back()["count"] is not None
            debugger.proceed(_ENOUGH)
        del state["count"]
        state["globals"] = [one["value"] for one in debugger.globals()]
        return state


@pytest.mark.parametrize("name", ["aliasing", "atomics", "memories", "segments", "vectors"])
def test_generated_programs_stop_where_the_machine_stops(name: str) -> None:
    seen: Counter[str] = Counter()
    for seed in range(4):
        made = make(name, seed).program
        if not made.ends:
            continue
        program = made.json() | {"calls": []}
        for number, (export, arguments) in enumerate(made.json()["calls"]):
            spec = {
                "kind": "watch", "address": 8 * (number % 3), "size": 1 << 3 * number % 17, "reads": bool(number & 1),
                "writes": bool(number & 3 != 1),
            }  # fmt: skip
            both = []
            for quick in (False, True):
                run = Run(program, WebAssembly.Module)
                run.observe()
                if run.instance is None or export not in run.instance.exports:
                    continue
                try:
                    both.append(
                        _first_stops(
                            run.instance, export, list(map(argument, arguments)), spec, quick
                        )
                    )
                except DebugError:
                    continue  # No memory, or an argument that cannot be given.
            if both:
                assert both[0] == both[1], (name, seed, export, spec)
                seen[both[0]["stop"]["reason"]] += 1
    assert seen["watch"], seen
    assert seen["end"], seen


def test_what_was_not_counted_is_counted_when_it_is_asked_for(debug: Debug) -> None:
    debugger = debug(FACTORIAL)
    debugger.breakpoints.add({"kind": "watch", "address": 100})
    debugger.call("fact", [3])
    state = debugger.proceed()
    assert (results(state), state["count"], debugger.count) == (["6"], None, None)
    assert debugger.memory(0, 16, 1) == b"\0"
    state = debugger.back()
    assert (at(state), locals_of(state)) == (("step", "fact", "i32.mul"), {"n": "3"})
    assert debugger.count is not None
    assert results(debugger.step()) == ["6"]


def test_code_is_compiled_as_before_when_it_is_over(debug: Debug) -> None:
    debugger = debug(FACTORIAL)
    debugger.breakpoints.add({"kind": "watch", "address": 100})
    debugger.call("fact", [3])
    debugger.proceed()
    debugger.close()
    fact: Any = debugger.instance.exports["fact"]
    assert fact.call(3) == 6
    assert "ba0" in fact.call.__code__.co_names or "u32_0" in fact.call.__code__.co_names


def test_traps_are_looked_at_by_the_machine(debug: Debug) -> None:
    debugger = debug(
        """(module (memory 1) (func (export "f") (param $a i32) (result i32) (i32.load (local.get $a))))"""
    )
    debugger.call("f", [65534])
    assert debugger.proceed()["outcome"] == {"error": "out of bounds memory access"}
    debugger.breakpoints.add({"kind": "trap"})
    debugger.breakpoints.add({"kind": "watch", "address": 0})
    debugger.call("f", [65534])
    state = debugger.proceed()
    assert (at(state)[0], locals_of(state)) == ("trap", {"a": "65534"})


def test_no_clause_catches_what_ends_the_attempt(debug: Debug) -> None:
    debugger = debug(
        """(module (memory 1 2) (func (export "f") (result i32)
             (block $h (try_table (catch_all $h) (i32.store (i32.const 8) (i32.const 1))
               (drop (i32.load (i32.const 0xfffff)))))
             (i32.load8_s (i32.const 8))))"""
    )
    debugger.breakpoints.add({"kind": "watch", "address": 8})
    debugger.call("f")
    assert at(debugger.proceed())[2] == "i32.store"
    debugger.breakpoints.delete(1)
    debugger.restart()
    assert debugger.proceed()["outcome"] == {"error": "out of bounds memory access"}


def test_growth_is_found(debug: Debug) -> None:
    debugger = debug(
        """(module (memory 1 4) (func (export "f") (result i32) (memory.grow (i32.const 2))))"""
    )
    debugger.breakpoints.add({"kind": "growth"})
    debugger.call("f")
    assert at(debugger.proceed())[0] == "growth"


def test_imports_that_do_not_call_back_are_recorded() -> None:
    calls: list[int] = []

    def host(address: int) -> int:
        calls.append(address)
        Uint8Array(instance.exports.memory.buffer)[address] = len(calls)
        return 3

    instance = WebAssembly.Instance(
        WebAssembly.Module(wat2wasm(
            """(module (import "h" "h" (func $h (param i32) (result i32))) (memory (export "memory") 1)
                 (table funcref (elem $h))
                 (func (export "f") (result i32)
                   (drop (call $h (i32.const 4)))
                   (i32.store (i32.const 20) (i32.const 1))
                   (i32.add (i32.load (i32.const 8))
                     (call_indirect (param i32) (result i32) (i32.const 8) (i32.const 0)))))"""
        )),
        {"h": {"h": host}},
    )  # fmt: skip
    with Debugger(instance, callbacks=False) as debugger:
        watch = debugger.breakpoints.add({"kind": "watch", "address": 100})
        debugger.call("f")
        assert results(debugger.proceed()) == ["3"]
        assert debugger.count is None
        debugger.restart()
        assert results(debugger.proceed(_ENOUGH)) == ["3"]
        assert calls == [4, 8]
        debugger.breakpoints.delete(watch.number)
        debugger.breakpoints.add({"kind": "watch", "address": 20})
        debugger.restart()
        assert at(debugger.proceed())[2] == "i32.store"
        assert debugger.memory(0, 4, 1) == b"\1"
        assert calls == [4, 8]
        debugger.breakpoints.delete(2)
        debugger.breakpoints.add({"kind": "watch", "address": 8})
        assert debugger.proceed()["stop"]["by"] == "host"
        assert calls == [4, 8]


def test_where_imports_may_call_back_the_machine_takes_over() -> None:
    instance: Any = WebAssembly.Instance(
        WebAssembly.Module(wat2wasm(
            """(module (import "h" "h" (func $h)) (memory 1)
                 (func (export "g") (i32.store (i32.const 4) (i32.const 1))) (func (export "f") (call $h)))"""
        )),
        {"h": {"h": lambda: instance.exports.g()}},
    )  # fmt: skip
    with Debugger(instance) as debugger:
        debugger.breakpoints.add({"kind": "watch", "address": 4})
        debugger.call("f")
        state = debugger.proceed()
        assert at(state) == ("watch", "g", "i32.store")
        assert len(state["frames"]) == 3


def test_an_interruption_leads_back_to_the_start(debug: Debug) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    debugger = debug(
        """(module (import "h" "h" (func $h)) (global $g (mut i32) (i32.const 0))
             (func (export "f") (global.set $g (i32.const 1)) (call $h)))""",
        {"h": {"h": interrupt}},
        callbacks=False,
    )
    debugger.call("f")
    with pytest.raises(KeyboardInterrupt):
        debugger.proceed()
    assert (debugger.count, debugger.globals()[0]["value"]) == (0, "0")
