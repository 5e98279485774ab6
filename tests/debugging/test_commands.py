"""Commands as plain data: what JSON can say goes in and comes out."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pyjsapi.debugging import DebugError, Debugger
from tests.debugging.conftest import FACTORIAL, Debug


def _do(debugger: Debugger, **given: Any) -> Any:
    name = given.pop("do")
    return json.loads(json.dumps(debugger.command(json.loads(json.dumps({"do": name, **given})))))


def test_a_session_in_json(debug: Debug) -> None:
    debugger = debug(FACTORIAL)
    state = _do(debugger, do="call", function="fact", arguments=["3"])
    assert state["stop"] == {"reason": "entry"}
    made = _do(debugger, do="break", kind="watch", address=16)
    assert (made["number"], made["size"]) == (1, 4)
    state = _do(debugger, do="continue")
    assert state["stop"]["reason"] == "watch"
    assert _do(debugger, do="frame", number=0)["frame"] == state["frames"][0]
    assert _do(debugger, do="step", count=2)["stop"] == {"reason": "step"}
    assert _do(debugger, do="over")["count"] == state["count"] + 3
    assert _do(debugger, do="memory", address=16, count=4) == {"bytes": "03000000"}
    assert _do(debugger, do="globals")["globals"][0]["name"] == "calls"
    assert _do(debugger, do="breakpoints")["breakpoints"] == [made]
    assert _do(debugger, do="delete", number=1) == {"breakpoints": []}
    assert _do(debugger, do="continue", budget=10)["stop"] == {"reason": "paused"}
    assert (
        _do(debugger, do="run-to", kind="function", function="fact")["stop"]["reason"] == "reached"
    )
    assert _do(debugger, do="back")["stop"] == {"reason": "step"}
    assert _do(debugger, do="out")["frames"]
    assert _do(debugger, do="reverse")["count"] == 0
    assert _do(debugger, do="continue")["outcome"] == {"results": [{"type": "i32", "value": "6"}]}
    assert _do(debugger, do="restart")["count"] == 0
    assert _do(debugger, do="functions")["functions"][0]["type"] == "[i32] -> [i32]"
    assert len(_do(debugger, do="disassemble", function=0)["instructions"]) == 20
    assert _do(debugger, do="source", file="")["lines"][0] == "(module"
    assert _do(debugger, do="state")["count"] == 0


@pytest.mark.parametrize("budget", range(1, 8))
def test_breakpoints_are_met_however_often_it_pauses(debug: Debug, budget: int) -> None:
    debugger = debug(FACTORIAL)
    _do(debugger, do="break", kind="instruction", function="fact", instruction=6)
    _do(debugger, do="call", function="fact", arguments=["3"])
    reasons = []
    while debugger.is_stopped:
        reasons.append(_do(debugger, do="continue", budget=budget)["stop"]["reason"])
    assert reasons.count("breakpoint") == 4


def test_what_passes_calls_can_pause_and_go_on(debug: Debug) -> None:
    debugger = debug(FACTORIAL)
    _do(debugger, do="call", function="fact", arguments=["3"])
    before = _do(debugger, do="step", count=14)
    over = _do(debugger, do="over")
    _do(debugger, do="restart")
    _do(debugger, do="step", count=14)
    state = _do(debugger, do="over", budget=5)
    assert state["stop"] == {"reason": "paused", "depth": before["depth"]}
    while state["stop"]["reason"] == "paused":
        state = _do(debugger, do="continue", budget=5, depth=state["stop"]["depth"])
    assert state == over
    _do(debugger, do="restart")
    assert _do(debugger, do="out", budget=1)["stop"] == {"reason": "paused", "depth": 0}


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({}, "no command None"),
        ({"do": "jump"}, "no command 'jump'"),
        ({"do": "step", "size": 1}, "unexpected keyword argument 'size'"),
        ({"do": "step", "count": 0}, "0 is no count"),
        ({"do": "step", "count": "x"}, "'x' is no count"),
        ({"do": "call", "function": "fact"}, "takes 1 argument"),
        ({"do": "call", "function": "fact", "arguments": ["x"]}, "no value of type i32"),
        ({"do": "call", "function": "fact", "arguments": [1 << 32]}, "no value of type i32"),
        ({"do": "call", "function": 7}, "no function 7"),
        ({"do": "frame", "number": 3}, "no frame 3"),
        ({"do": "memory", "address": 1 << 20, "count": 1}, "beyond memory 0"),
        ({"do": "memory", "memory": 2, "address": 0, "count": 1}, "no memory 2"),
        ({"do": "delete", "number": 5}, "no breakpoint 5"),
        ({"do": "globals", "instance": 4}, "no instance 4"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told(debug: Debug, given: dict[str, Any], told: str) -> None:
    debugger = debug(FACTORIAL)
    debugger.call("fact", [3])
    assert told in debugger.command(given)["error"]
    assert debugger.state()["count"] == 0


@pytest.mark.parametrize(
    ("type_", "given", "shown"),
    [
        ("i32", "0xffffffff", "-1"), ("i32", -5, "-5"), ("i64", "18446744073709551615", "-1"),
        ("f32", "0.1", "0.1"), ("f32", "nan:0x200000", "nan:0x200000"), ("f64", "-0", "-0"),
        ("f64", "nan:0x1", "nan:0x1"), ("f64", float("inf"), "inf"), ("externref", None, "null"),
    ],
)  # fmt: skip
def test_values_are_exact(debug: Debug, type_: str, given: Any, shown: str) -> None:
    debugger = debug(f'(module (func (export "f") (param {type_}) (drop (local.get 0))))')
    state = debugger.call("f", [given])
    assert state["frames"][0]["locals"][0]["value"] == shown


def test_references_are_told_by_what_they_are(debug: Debug) -> None:
    debugger = debug(
        """(module (type $s (struct (field i8) (field f32))) (type $a (array i32))
             (func $f (export "f") (local v128)
               (drop (struct.new $s (i32.const 300) (f32.const 1.5)))
               (drop (array.new $a (i32.const 1) (i32.const 10)))
               (drop (ref.i31 (i32.const -3)))
               (drop (ref.func $f)) (drop (v128.const i32x4 1 2 3 4)) unreachable))"""
    )
    debugger.call("f")
    seen = []
    debugger.breakpoints.add({"kind": "trap"})
    while debugger.is_stopped and debugger.state()["stop"]["reason"] != "trap":
        frame = debugger.step()["frames"][0]
        if frame["text"] == "drop":
            seen.append(frame["operands"][0]["value"])
    assert seen == [
        "struct {44, 1.5}",
        "array {1, 1, 1, 1, 1, 1, 1, 1, … 10 in all}",
        "i31 -3",
        "func 0",
        "i32x4 0x00000001 0x00000002 0x00000003 0x00000004",
    ]


def test_only_instances_of_the_engine_are_debugged() -> None:
    with pytest.raises(DebugError, match="Python engine"):
        Debugger(object())


def test_commands_are_text_too(debug: Debug) -> None:
    debugger = debug(FACTORIAL)
    said = debugger.command_json('{"do": "call", "function": "fact", "arguments": [2]}')
    assert json.loads(said)["count"] == 0
    for text in ("", "[]", "{", "1", "[" * 100_000):
        assert json.loads(debugger.command_json(text)) == {
            "error": "a command is an object in JSON"
        }


def test_frames_say_what_is_accessed_next(debug: Debug) -> None:
    debugger = debug(FACTORIAL)
    debugger.call("fact", [2])
    frame = debugger.step(6)["frames"][0]
    assert frame["text"] == "i32.store"
    assert frame["accesses"] == [
        {"memory": 0, "address": 16, "size": 4, "reads": False, "writes": True}
    ]
    assert debugger.step()["frames"][0]["accesses"] == []


def test_what_executes_is_interrupted(debug: Debug) -> None:
    def interrupt() -> None:
        debugger.interrupt()

    debugger = debug(
        """(module (import "h" "h" (func $h)) (global $n (mut i32) (i32.const 0))
             (func (export "f") (call $h) (loop
               (global.set $n (i32.add (global.get $n) (i32.const 1))) (br 0))))""",
        {"h": {"h": interrupt}},
    )
    debugger.call("f")
    state = debugger.proceed(1 << 60)
    assert (state["stop"], state["count"]) == ({"reason": "paused"}, 1)
    assert debugger.proceed(10)["count"] == 11
