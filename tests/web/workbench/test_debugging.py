"""The workbench's debugger: the calls of a plan one after the other, as plain data."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from pyjsapi import wat2wasm
from web.workbench import debugging

TEXT = """(module
  (import "host" "log" (func $log (param i32)))
  (memory 1) (memory $second 1)
  (global $starts (mut i32) (i32.const 0))
  (func $begin (global.set $starts (i32.const 1)))
  (start $begin)
  (func $twice (export "twice") (param $n i32) (result i32)
    (call $log (local.get $n))
    (i32.store $second (i32.const 8) (local.get $n))
    (call $log (i32.const -1))
    (i32.mul (local.get $n) (i32.const 2)))
  (func (export "fail") (call $inner))
  (func $inner unreachable))"""


def plan(*calls: tuple[str, list[list[str]]]) -> dict[str, Any]:
    stub = {"module": "host", "name": "log", "kind": "func", "params": ["i32"], "results": []}
    return {
        "bytes": wat2wasm(TEXT),
        "stubs": [stub],
        "calls": [{"export": name, "arguments": arguments} for name, arguments in calls],
        "memories": [],
    }


def opened(*calls: tuple[str, list[list[str]]], first: int = 0) -> list[str]:
    given = {"first": first, "text": TEXT, "sourceMap": None}
    answer = debugging.open_debugger(plan(*calls), given)
    names: list[str] = answer["calls"]
    return names


def do(name: str, **given: Any) -> Any:
    return json.loads(json.dumps(debugging.debug({"do": name, **given})))


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    yield
    debugging.open_debugger({**plan(), "bytes": b""}, {"first": 0, "text": None, "sourceMap": None})


def test_calls_are_debugged_one_after_the_other() -> None:
    assert opened(("twice", [["i32", "21"]]), ("fail", [])) == [
        "the start function",
        "twice",
        "fail",
    ]
    state = do("begin")
    assert (state["frames"][0]["name"], state["call"], state["left"]) == ("begin", 0, 2)
    assert do("continue", budget=100)["outcome"] == {"results": []}
    state = do("begin")
    assert state["frames"][0]["locals"] == [{"index": 0, "name": "n", "type": "i32", "value": "21"}]
    assert state["frames"][0]["place"]["line"] == 8
    assert state["memories"] == [65536, 65536]
    assert do("continue", budget=100)["outcome"] == {"results": [{"type": "i32", "value": "42"}]}
    assert do("begin")["left"] == 0
    assert "no call that comes next" in do("begin")["error"]


def test_what_comes_before_the_first_call_is_made_at_once() -> None:
    opened(("fail", []), ("twice", [["i32", "1"]]), first=2)
    state = do("begin")
    assert (state["frames"][0]["name"], state["call"]) == ("twice", 2)
    assert do("globals")["globals"][0]["value"] == "1"


def test_calls_of_imports_are_those_up_to_now() -> None:
    opened(("twice", [["i32", "21"]]), first=1)
    do("begin")
    end = do("continue", budget=100)
    assert [one["arguments"] for one in end["log"]] == [[["i32", "21"]], [["i32", "-1"]]]
    assert do("restart")["log"] == []
    state = do("step", count=2)
    assert (state["log"], state["logged"]) == (
        [{"name": "host.log", "arguments": [["i32", "21"]]}],
        1,
    )
    assert do("continue", budget=100)["log"] == end["log"]


def test_a_failure_says_which_calls_it_passed() -> None:
    opened(("fail", []), first=1)
    do("begin")
    state = do("continue", budget=100)
    assert state["outcome"] == {"error": "unreachable"}
    assert [(one["name"], one["function"], one["line"]) for one in state["passed"]] == [
        ("inner", 4, 13),
        ("fail", 3, 12),
    ]


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"\0asm\1\0\0\0\7", "unexpected end"),
        (wat2wasm('(module (import "m" "f" (func)))'), "the instance cannot be made: "),
        (
            wat2wasm('(module (memory 1) (data (i32.const 65536) "x"))'),
            "the instance cannot be made",
        ),
    ],
)
def test_what_cannot_be_made_is_told(data: bytes, told: str) -> None:
    given = {"first": 0, "text": None, "sourceMap": None}
    assert told in debugging.open_debugger({**plan(), "stubs": [], "bytes": data}, given)["error"]
    assert debugging.debug({"do": "state"}) == {"error": "nothing is debugged"}
