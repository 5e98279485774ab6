"""Generated programs do under the debugger what they do without; their steps are those that an own reading expects."""

from __future__ import annotations

import base64
import json
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from fuzz.engines.harness import Run, argument
from fuzz.engines.ours_child import Modules
from fuzz.generators import make
from pyjsapi import WebAssembly
from pyjsapi.debugging import Debugger

GENERATORS = (
    "aliasing", "atomics", "blocks", "corners", "deep", "gc", "handlers", "memories", "numerics", "segments", "tables",
    "tails", "vectors", "wide",
)  # fmt: skip
SEEDS = 3
_STEPS = 1500
_M32 = 0xFFFF_FFFF
_BINARY: dict[str, Callable[[int, int], int]] = {
    "i32.add": lambda a, b: a + b,
    "i32.sub": lambda a, b: a - b,
    "i32.mul": lambda a, b: a * b,
    "i32.and": lambda a, b: a & b,
    "i32.or": lambda a, b: a | b,
    "i32.xor": lambda a, b: a ^ b,
    "i32.shl": lambda a, b: a << (b & 31),
    "i32.eq": lambda a, b: int(a == b),
    "i32.lt_s": lambda a, b: int(a < b),
    "i32.gt_s": lambda a, b: int(a > b),
}  # fmt: skip
_OTHERWISE_PAID = ("memory.", "table.", "array.", "try", "throw")
"""Beginnings of instructions whose fuel is not 1, or that leave a segment that is paid."""


class Debugged(Run):
    """A program whose calls the debugger executes."""

    def _instantiate(self, module: Any, imports: Any) -> Any:
        instance = super()._instantiate(module, imports)
        Debugger(instance)
        return instance


def _seen(run: type[Run], program: Any, modules: Modules) -> Any:
    return json.loads(
        json.dumps(run(program, lambda data: modules.module(data, "default")).observe())
    )


@pytest.mark.parametrize("name", GENERATORS)
def test_calls_do_the_same(name: str) -> None:
    compared = 0
    for seed in range(SEEDS):
        made = make(name, seed).program
        if made.ends:
            modules = Modules()
            program = made.json()
            seen = [_seen(run, program, modules) for run in (Run, Debugged)]
            assert seen[0] == seen[1], (name, seed)
            compared += 1
    assert compared


@pytest.mark.parametrize("name", ["aliasing", "blocks", "corners", "deep", "numerics", "tails"])
def test_steps_are_counted_as_fuel_is_and_their_operands_are_right(name: str) -> None:
    checked: Counter[str] = Counter()
    for seed in range(SEEDS):
        made = make(name, seed).program
        if not made.ends:
            continue
        program = made.json()
        data = base64.b64decode(program["binary"])
        metered = Run(
            program | {"calls": []}, lambda d: WebAssembly.Module(d, limits={"fuel": 10**12})
        )
        plain = Run(program | {"calls": []}, WebAssembly.Module)
        metered.observe(), plain.observe()
        if metered.instance is None or plain.instance is None:
            continue
        counts = not any(True for _ in _paid_otherwise(WebAssembly.Module(data)))
        for export, arguments in program["calls"]:
            _compare(metered.instance, plain.instance, export, arguments, counts, checked)
    assert checked["operands"] > 50, checked
    if name not in ("aliasing", "tails"):  # which write memories at once, or end in traps
        assert checked["counts"], checked


def _paid_otherwise(module: Any) -> Iterator[Any]:
    for func in module._compiled.module.funcs:
        for instr in func.code.load().body:
            if instr[0].mnemonic.startswith(_OTHERWISE_PAID):
                yield instr


def _compare(
    metered: Any, plain: Any, export: str, arguments: Any, counts: bool, checked: Counter[str]
) -> None:
    function = metered.exports[export] if export in metered.exports else None  # noqa: SIM401
    if not callable(function):
        return
    values = [argument(value) for value in arguments]
    before = metered._instance.fuel.used
    try:
        results = function(*values)
    except Exception as error:
        results = error
    with Debugger(plain) as debugger:
        try:
            state = debugger.call(export, [None if v is None else v for v in values])
        except Exception:
            return  # References cannot be given.
        for _ in range(_STEPS):
            if not state["frames"]:
                break
            state = _checked_step(debugger, state, checked)
        if state["frames"]:
            state = debugger.proceed()
        outcome = state["outcome"]
        assert ("results" in outcome) is not isinstance(results, Exception), (outcome, results)
        if counts and "results" in outcome:
            assert debugger.count == metered._instance.fuel.used - before
            checked["counts"] += 1


def _checked_step(debugger: Debugger, before: Any, checked: Counter[str]) -> Any:
    """Step, and compare with what an own reading of the instruction expects."""
    frame = before["frames"][0]
    after = debugger.step()
    now = after["frames"][0] if after["frames"] else {"function": None}
    depth = len(before["frames"]), len(after["frames"])
    if frame["kind"] == "host" or depth[0] != depth[1] or now.get("function") != frame["function"]:
        return after
    there: dict[str, Any] = now
    operands = [one["value"] for one in frame["operands"]]
    locals_ = [one["value"] for one in frame["locals"]]
    expected = _read(frame["text"], operands, locals_, debugger, frame)
    if expected is not None:
        checked["operands"] += 1
        assert [one["value"] for one in there["operands"]] == expected[0], frame
        assert [one["value"] for one in there["locals"]] == expected[1], frame
    return after


def _read(
    text: str, operands: list[str], locals_: list[str], debugger: Debugger, frame: Any
) -> tuple[list[str], list[str]] | None:
    """Operands and locals after an instruction; ``None`` for one that is not read here."""
    name, *rest = text.split()
    if name in ("i32.const", "i64.const"):
        return [*operands, rest[0]], locals_
    if name in ("local.get", "local.set", "local.tee"):
        if not rest[0].isdigit():
            return None
        index = int(rest[0])
        if name == "local.get":
            return [*operands, locals_[index]], locals_
        changed = [*locals_[:index], operands[-1], *locals_[index + 1 :]]
        return operands[: len(operands) - (name == "local.set")], changed
    if name == "drop":
        return operands[:-1], locals_
    if name == "i32.eqz":
        return [*operands[:-1], str(int(operands[-1] == "0"))], locals_
    if name == "select":
        return [*operands[:-3], operands[-3] if operands[-1] != "0" else operands[-2]], locals_
    if name in _BINARY:
        result = _BINARY[name](int(operands[-2]), int(operands[-1])) & _M32
        signed = result - (1 << 32) if result >> 31 else result
        return [*operands[:-2], str(signed)], locals_
    return None
