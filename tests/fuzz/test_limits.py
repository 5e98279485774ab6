"""Limits on random programs of two instances that call each other, the host, and by the host themselves again.

Whatever the mode of translation, they use the same fuel and the same host calls, and stop at the same place.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from fuzz.engines.modes import MODES
from pyjsapi.compiler.cache import CodeCache
from pyjsapi.embedding.settings import Settings
from pyjsapi.engines.python import compile_module, instantiate, invoke
from pyjsapi.runtime import ExnInst, FuncInst, ModuleInstance, pieces
from pyjsapi.syntax.deftypes import func_def_type
from pyjsapi.syntax.errors import OutOfFuel, OutOfHostCalls, Trap
from pyjsapi.syntax.types import I32, FuncType
from pyjsapi.text import wat2wasm
from pyjsapi.validation.limits import Limits

SEEDS = range(14)
FUNCS = 5
MOST = 10**5
TYPE = func_def_type(FuncType((I32,), (I32,)))
HEAD = """
  (type $t (func (param i32) (result i32)))
  (import "host" "f" (func $host (type $t)))
  (import "other" "f" (func $other (type $t)))
  (memory 1) (tag $e (param i32)) (data $d "0123456789abcdefghijklmnopqrstuvwxyz0123456789")
  (table $table 64 funcref) (elem (table $table) (i32.const 0) func $host $other"""


def _module(chance: random.Random) -> bytes:
    """A module: each function does some steps, and calls others with less than it was given."""
    names = [f"$f{index}" for index in range(FUNCS)]
    less = "(i32.sub (local.get 0) (i32.const 1))"

    def steps(depth: int) -> str:
        return " ".join(step(depth) for _ in range(chance.randrange(2, 6)))

    def step(depth: int) -> str:
        name, n = chance.choice(names), chance.randrange(64)
        choices: list[Callable[[], str]] = [
            lambda: f"(local.set 1 (i32.add (local.get 1) (call $host {less})))",
            lambda: f"(local.set 1 (call_indirect $table (type $t) {less} (i32.const {n % 7})))",
            lambda: (
                f"(local.set 1 (call_ref $t {less} (ref.func {chance.choice([name, '$host', '$other'])})))"
            ),
            lambda: f"(local.set 1 (call {chance.choice([name, '$other'])} {less}))",
            lambda: f"(memory.fill (i32.const {n}) (local.get 1) (i32.const {n * 9}))",
            lambda: f"(memory.copy (i32.const {n}) (i32.const 40) (i32.const {n * 7}))",
            lambda: f"(memory.init $d (i32.const {n}) (i32.const 0) (i32.const {n % 46}))",
            lambda: (
                f"(table.copy $table $table (i32.const 20) (i32.const {n % 25}) (i32.const {n % 40}))"
            ),
            lambda: f"(if (i32.and (local.get 1) (i32.const 1)) (then (throw $e (i32.const {n}))))",
            lambda: (
                f"(if (i32.gt_u (local.get 1) (i32.const {n})) (then (return_call {name} {less})))"
            ),
            lambda: f"(if (local.get 1) (then (return_call_ref $t {less} (ref.func $host))))",
            lambda: f"(local.set 1 (i32.add (local.get 1) (i32.load (i32.const {n}))))",
        ]
        if depth < 3:
            choices += [
                lambda: (
                    f"(block $c (result i32) (try_table (catch $e $c) {steps(depth + 1)}) (i32.const 2)) (local.set 1)"
                ),
                lambda: f"(block (try_table (catch_all 0) {steps(depth + 1)}))",
                lambda: (
                    f"(local.set {depth + 2} (i32.const {n % 5 + 1})) (loop $l{depth} {steps(depth + 1)} "
                    f"(br_if $l{depth} (local.tee {depth + 2} (i32.sub (local.get {depth + 2}) (i32.const 1)))))"
                ),
            ]
        return chance.choice(choices)()

    funcs = [
        f"""(func {name} (export "{name}") (type $t) (local i32 i32 i32 i32)
          (if (i32.le_s (local.get 0) (i32.const 0)) (then (return (i32.const {index}))))
          {steps(0)} (i32.add (local.get 1) (i32.const {index})))"""
        for index, name in enumerate(names)
    ]
    return wat2wasm(f"(module {HEAD} {' '.join(names)}) {' '.join(funcs)})")


class Seen(NamedTuple):
    outcomes: list[Any]
    log: list[tuple[int, int]]
    """Host calls: by which instance, and with what."""
    used: list[tuple[int, int]]
    """Fuel and host calls of each instance."""


def _run(seed: int, mode: str, fuel: int = MOST, calls: int = MOST, **limits: Any) -> Seen:
    chance = random.Random(seed)
    settings = Settings(limits=Limits(fuel=fuel, max_host_calls=calls, **limits))
    log: list[tuple[int, int]] = []
    instances: list[ModuleInstance] = []

    def function(which: int, name: str) -> FuncInst:
        found = instances[which].exports[name]
        assert isinstance(found, FuncInst)
        return found

    def host(which: int) -> FuncInst:
        def call(value: int) -> int:
            log.append((which, value))
            if len(log) % 3 or value >= 1 << 31:
                return len(log)
            name = f"$f{len(log) % FUNCS}"
            return int(invoke(function(len(log) % len(instances), name), (value,))[0])

        return FuncInst(TYPE, call, host=call)

    for which in range(2):
        compiled = compile_module(_module(chance), settings, options=MODES[mode], cache=CodeCache())
        other = function(0, "$f0") if which else host(0)
        instances.append(instantiate(compiled, [host(which), other]))
    outcomes: list[Any] = []
    for position in range(6):
        try:
            outcomes += invoke(function(position % 2, f"$f{position % FUNCS}"), (5,))
        except (Trap, ExnInst) as error:
            outcomes.append((type(error).__name__, str(error)))
    used = [
        (each.fuel.used, each.host_calls.used)
        for each in instances
        if each.fuel is not None and each.host_calls is not None
    ]
    return Seen(outcomes, log, used)


@pytest.mark.parametrize("seed", SEEDS)
def test_every_mode_uses_the_same(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = _run(seed, "default")
    assert sum(calls for _, calls in whole.used) == len(whole.log)
    for mode in ("states", "loops0", "asserted", "plain", "no-ranges"):
        assert _run(seed, mode) == whole
    monkeypatch.setattr(pieces, "BYTES", 32)
    monkeypatch.setattr(pieces, "ELEMENTS", 4)
    assert _run(seed, "default", deadline=1000) == whole


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("part", [0.9, 0.5, 0.1, 0.02])
def test_programs_stop_at_the_same_place(seed: int, part: float) -> None:
    whole = _run(seed, "default")
    fuel = int(max(each[0] for each in whole.used) * part)
    calls = int(max(each[1] for each in whole.used) * part)
    for limits, position, error in (
        ({"fuel": fuel}, 0, OutOfFuel),
        ({"calls": calls}, 1, OutOfHostCalls),
    ):
        first = _run(seed, "default", **limits)
        assert all(each[position] <= (fuel, calls)[position] for each in first.used)
        assert any(
            outcome[0] == error.__name__ for outcome in first.outcomes if type(outcome) is tuple
        )
        for mode in ("states", "plain", "asserted-states"):
            assert _run(seed, mode, **limits) == first
