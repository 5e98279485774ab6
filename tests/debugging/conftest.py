"""What tests of the debugger have in common: programs, and short ways to say what is expected."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from pyjsapi import WebAssembly, wat2wasm
from pyjsapi.debugging import Debugger

FACTORIAL = """(module
  (memory (export "memory") 1)
  (global $calls (export "calls") (mut i32) (i32.const 0))
  (func $fact (export "fact") (param $n i32) (result i32)
    (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
    (i32.store (i32.const 16) (local.get $n))
    (if (result i32) (i32.eqz (local.get $n))
      (then (i32.const 1))
      (else (i32.mul (local.get $n) (call $fact (i32.sub (local.get $n) (i32.const 1))))))))"""

Debug = Callable[..., Debugger]


@pytest.fixture
def debug() -> Iterator[Debug]:
    """Makes debuggers of texts, and closes them."""
    made: list[Debugger] = []

    def make(text: str, imports: Mapping[str, Any] | None = None, **options: Any) -> Debugger:
        instance = WebAssembly.Instance(WebAssembly.Module(wat2wasm(text)), imports)
        made.append(Debugger(instance, **options))
        return made[-1]

    yield make
    for each in made:
        each.close()


def at(state: dict[str, Any]) -> tuple[Any, ...]:
    """Why it stopped, and where: name of the function, text of the instruction."""
    frame = state["frames"][0] if state["frames"] else {}
    return state["stop"]["reason"], frame.get("name"), frame.get("text")


def operands(state: dict[str, Any]) -> list[str]:
    """The operands of the innermost call."""
    return [one["value"] for one in state["frames"][0]["operands"]]


def locals_of(state: dict[str, Any]) -> dict[str, str]:
    """Its locals, by name or index."""
    return {str(one["name"] or one["index"]): one["value"] for one in state["frames"][0]["locals"]}


def names(state: dict[str, Any]) -> list[str]:
    """The names of the calls, innermost first."""
    return [frame["name"] for frame in state["frames"]]


def results(state: dict[str, Any]) -> list[str]:
    """The results, at the end."""
    return [one["value"] for one in state["outcome"]["results"]]
