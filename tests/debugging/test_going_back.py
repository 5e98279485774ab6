"""Back to where a program was: what it changed, what the host did, and calls that the host makes."""

from __future__ import annotations

from typing import Any

import pytest

from pyjsapi import Uint8Array, WebAssembly, wat2wasm
from pyjsapi.debugging import DebugError, Debugger
from tests.debugging.conftest import FACTORIAL, Debug, at, locals_of, names, operands, results


def test_going_back_shows_what_was_seen_on_the_way(debug: Debug) -> None:
    debugger = debug(FACTORIAL)
    seen = [debugger.call("fact", [2])]
    while debugger.is_stopped:
        seen.append(debugger.step())
    memory = debugger.memory(0, 16, 4)
    for state in reversed(seen[:-1]):
        found = debugger.back()
        assert (found["count"], found["frames"]) == (state["count"], state["frames"])
    assert debugger.memory(0, 16, 4) == bytes(4)
    assert debugger.globals()[0]["value"] == "0"
    assert results(debugger.proceed()) == ["2"]
    assert debugger.memory(0, 16, 4) == memory


def test_reverse_finds_the_breakpoint_before(debug: Debug) -> None:
    debugger = debug(FACTORIAL)
    debugger.breakpoints.add({"kind": "watch", "address": 16})
    debugger.call("fact", [2])
    first, second = debugger.proceed(), debugger.proceed()
    debugger.proceed()
    assert debugger.reverse()["frames"] == second["frames"]
    assert debugger.reverse()["frames"] == first["frames"]
    assert at(debugger.reverse())[0] == "entry"


HOST = """(module (import "host" "next" (func $next (param i32) (result i32)))
  (memory (export "memory") 1) (table (export "table") 1 funcref)
  (func (export "f") (result i32) (local $sum i32)
    (local.set $sum (call $next (i32.const 1)))
    (i32.add (local.get $sum) (i32.add (call $next (i32.const 2)) (i32.load (i32.const 0)))))
  (func (export "back") (param $x i32) (result i32)
    (i32.store (i32.const 4) (local.get $x))
    (i32.mul (local.get $x) (i32.const 10))))"""


def _host(calls: list[Any], back: bool = False) -> Debugger:
    """A program whose host function gives something else at each call, and writes to memory."""
    exports: Any = None

    def next_(value: int) -> int:
        calls.append(value)
        exports.memory.grow(1)
        Uint8Array(exports.memory.buffer)[0] = 100 + len(calls)
        return exports.back(value) if back else len(calls)

    instance = WebAssembly.Instance(WebAssembly.Module(wat2wasm(HOST)), {"host": {"next": next_}})
    exports = instance.exports
    return Debugger(instance)


def test_the_host_is_called_once_and_its_work_is_repeated() -> None:
    calls: list[int] = []
    with _host(calls) as debugger:
        debugger.call("f")
        state = debugger.proceed()
        assert results(state) == [str(1 + 2 + 102)]
        debugger.restart()
        assert debugger.memory(0, 0, 1) == b"\0"
        while debugger.is_stopped:
            state = debugger.step()
        assert results(state) == ["105"]
        assert calls == [1, 2]
        assert len(debugger.memory(0, 0, 1 << 20)) == 3 << 16


def test_a_new_host_call_is_made_where_the_recording_ends() -> None:
    calls: list[int] = []
    with _host(calls) as debugger:
        debugger.call("f")
        debugger.step(2)
        assert calls == [1]
        debugger.restart()
        assert results(debugger.proceed()) == ["105"]
        assert calls == [1, 2]


def test_calls_that_the_host_makes_are_stepped_through() -> None:
    calls: list[int] = []
    with _host(calls, back=True) as debugger:
        debugger.call("f")
        debugger.step()
        state = debugger.step()
        assert names(state) == ["back", "host.next", "f"]
        assert locals_of(state) == {"x": "1"}
        assert calls == [1]
        assert [frame["kind"] for frame in state["frames"]] == ["wasm", "host", "wasm"]
        state = debugger.out()
        assert names(state) == ["f"]
        assert operands(state) == ["10"]
        debugger.breakpoints.add({"kind": "watch", "address": 4})
        state = debugger.proceed()
        assert (at(state)[0], names(state)) == ("watch", ["back", "host.next", "f"])
        assert calls == [1, 2]
        assert results(debugger.proceed()) == [str(10 + 20 + 102)]


def test_over_passes_what_the_host_calls() -> None:
    with _host([], back=True) as debugger:
        debugger.call("f")
        debugger.step()
        state = debugger.over()
        assert (names(state), operands(state)) == (["f"], ["10"])


def test_what_the_host_writes_is_watched() -> None:
    with _host([]) as debugger:
        debugger.breakpoints.add({"kind": "watch", "address": 0})
        debugger.call("f")
        stop = debugger.proceed()["stop"]
        assert (stop["reason"], stop["by"]) == ("watch", "host")


def test_traps_in_calls_of_the_host_stop_where_they_happened() -> None:
    failures: list[str] = []

    def host() -> int:
        try:
            instance.exports.trap()
        except WebAssembly.RuntimeError as error:
            failures.append(str(error))
        return 7

    instance = WebAssembly.Instance(
        WebAssembly.Module(wat2wasm(
            """(module (import "h" "h" (func $h (result i32)))
                 (func $trap (export "trap") (local $a i32) (local.set $a (i32.const 3)) unreachable)
                 (func (export "f") (result i32) (call $h)))"""
        )),
        {"h": {"h": host}},
    )  # fmt: skip
    with Debugger(instance) as debugger:
        debugger.breakpoints.add({"kind": "trap"})
        debugger.call("f")
        state = debugger.proceed()
        assert (at(state), locals_of(state)) == (("trap", "trap", "unreachable"), {"a": "3"})
        assert names(state) == ["trap", "h.h", "f"]
        assert results(debugger.proceed()) == ["7"]
        assert failures == ["unreachable"]


def test_calls_from_outside_change_nothing_of_what_is_stopped(debug: Debug) -> None:
    debugger = debug(FACTORIAL)
    debugger.call("fact", [3])
    before = debugger.step(5)
    assert debugger.instance.exports["fact"].call(4) == 24  # type: ignore[union-attr]
    after = debugger.state()
    assert (after["count"], after["frames"]) == (before["count"], before["frames"])


def test_structures_and_tables_are_as_they_were(debug: Debug) -> None:
    debugger = debug(
        """(module (type $s (struct (field (mut i32))))
             (table $t 1 4 (ref null $s) (ref.null $s))
             (global $g (ref $s) (struct.new $s (i32.const 1)))
             (func (export "f") (result i32)
               (struct.set $s 0 (global.get $g) (i32.const 5))
               (table.set $t (i32.const 0) (global.get $g))
               (table.grow $t (ref.null $s) (i32.const 1))))"""
    )
    debugger.call("f")
    assert results(debugger.proceed()) == ["1"]
    assert debugger.globals()[0]["value"] == "struct {5}"
    debugger.restart()
    assert debugger.globals()[0]["value"] == "struct {1}"
    assert debugger.instance.tables[0].elems == [None]
    assert results(debugger.proceed()) == ["1"]


def test_shared_memories_that_grew_lead_nowhere_back(debug: Debug) -> None:
    debugger = debug(
        """(module (memory 1 2 shared) (func (export "f") (drop (memory.grow (i32.const 1)))))"""
    )
    debugger.call("f")
    debugger.proceed()
    with pytest.raises(DebugError, match="cannot shrink"):
        debugger.restart()


def test_nothing_goes_on_where_nothing_was_called(debug: Debug) -> None:
    debugger = debug(FACTORIAL)
    for go in (debugger.step, debugger.proceed, debugger.restart, debugger.back):
        with pytest.raises(DebugError, match="nothing was called yet"):
            go()
    debugger.call("fact", [0])
    debugger.proceed()
    with pytest.raises(DebugError, match="has ended"):
        debugger.step()
