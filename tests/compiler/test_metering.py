"""Fuel in generated code: what a segment is, when it is paid, and that code without fuel is as it was."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import pytest

from pyjsapi.compiler.cache import CodeCache, cache_path, digest_of
from pyjsapi.compiler.options import DEFAULT_OPTIONS, Options
from pyjsapi.embedding.settings import Settings
from pyjsapi.engines.python import compile_module, instantiate, invoke
from pyjsapi.runtime import FuncInst, ModuleInstance
from pyjsapi.runtime.fuel import FuelTank
from pyjsapi.syntax.deftypes import func_def_type
from pyjsapi.syntax.errors import OutOfFuel, Trap
from pyjsapi.syntax.types import I32, FuncType
from pyjsapi.text import wat2wasm
from pyjsapi.validation.limits import Limits
from tests.compiler.conftest import MODES

ALL_MODES = pytest.mark.parametrize("mode", MODES)

PROGRAM = """
  (module
    (import "host" "say" (func $say (param i32)))
    (memory 1)
    (tag $odd (param i32))
    (func $add (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
    (func $check (param i32) (if (i32.and (local.get 0) (i32.const 1)) (then (throw $odd (local.get 0)))))
    (func $tail (param i32) (result i32)
      (if (result i32) (local.get 0)
        (then (return_call $tail (i32.sub (local.get 0) (i32.const 1))))
        (else (i32.const 7))))
    (func (export "run") (param $n i32) (result i32) (local $i i32) (local $sum i32)
      (memory.fill (i32.const 0) (i32.const 1) (i32.const 200))
      (block $done
        (loop $next
          (br_if $done (i32.ge_u (local.get $i) (local.get $n)))
          (block $caught (result i32)
            (try_table (catch $odd $caught) (call $check (local.get $i)))
            (br 0 (i32.const 0)))
          (call $say)
          (local.set $sum (call $add (local.get $sum) (i32.load8_u (local.get $i))))
          (block $b2 (block $b1 (block $b0
            (br_table $b0 $b1 $b2 (i32.and (local.get $i) (i32.const 3))))
            (call $say (i32.const 100)) (br $b2))
            (call $say (i32.const 200)))
          (local.set $i (i32.add (local.get $i) (i32.const 1)))
          (br $next)))
      (i32.add (local.get $sum) (call $tail (i32.const 3)))))
"""


def _instance(
    text: str, fuel: int | None, options: Options = DEFAULT_OPTIONS, imports: Sequence[Any] = ()
) -> ModuleInstance:
    settings = Settings(limits=Limits(fuel=fuel))
    compiled = compile_module(wat2wasm(text), settings, options=options, cache=CodeCache())
    return instantiate(compiled, imports)


def _call(instance: ModuleInstance, name: str, *arguments: Any) -> Any:
    function = instance.exports[name]
    assert isinstance(function, FuncInst)
    return invoke(function, arguments)


def _tank(instance: ModuleInstance) -> FuelTank:
    assert instance.fuel is not None
    return instance.fuel


def _run(fuel: int, options: Options) -> tuple[list[int], Any, int]:
    """What the program said, what came out, and what it used."""
    said: list[int] = []
    say = FuncInst(func_def_type(FuncType((I32,), ())), said.append)
    instance = _instance(PROGRAM, fuel, options, [say])
    try:
        outcome: Any = list(_call(instance, "run", 5))
    except OutOfFuel:
        outcome = None
    assert _tank(instance).left + _tank(instance).used == fuel
    return said, outcome, _tank(instance).used


def test_every_amount_of_fuel_gives_a_prefix_of_the_same_run() -> None:
    whole, outcome, most = _run(10**6, DEFAULT_OPTIONS)
    assert outcome == [12]
    before: list[int] = []
    paid = 0
    for fuel in range(most + 1):
        said, outcome, used = _run(fuel, DEFAULT_OPTIONS)
        assert said == whole[: len(said)]
        assert len(said) >= len(before)
        assert paid <= used <= fuel
        assert (outcome is None) == (fuel < most)
        for mode in ("flags", "states", "plain") if fuel % 7 == 0 else ():
            assert _run(fuel, MODES[mode]) == (said, outcome, used)
        before, paid = said, used
    assert (before, paid) == (whole, most)


@ALL_MODES
def test_all_modes_count_the_same(mode: str) -> None:
    assert _run(10**6, MODES[mode]) == _run(10**6, DEFAULT_OPTIONS)


@ALL_MODES
def test_instructions_are_counted_one_by_one(mode: str) -> None:
    text = """
      (module
        (func (export "straight") (result i32) nop (block) (i32.add (i32.const 1) (i32.const 2)))
        (func (export "loop") (param i32) (local i32)
          (loop
            (local.set 1 (i32.add (local.get 1) (i32.const 3)))
            (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))
        (func (export "if") (param i32) (result i32)
          (if (result i32) (local.get 0) (then (i32.const 1)) (else (i32.clz (i32.const 0)))))
        (func (export "empty")))
    """
    instance = _instance(text, 10**6, MODES[mode])
    for name, arguments, cost in (
        ("straight", (), 3),
        ("loop", (1,), 9),
        ("loop", (1000,), 9000),
        ("if", (1,), 3),
        ("if", (0,), 4),
        ("empty", (), 0),
    ):
        before = _tank(instance).used
        _call(instance, name, *arguments)
        assert _tank(instance).used - before == cost, name


@ALL_MODES
def test_what_writes_much_costs_more(mode: str) -> None:
    text = """
      (module
        (type $bytes (array (mut i8)))
        (memory 1) (table 100 funcref) (data $d "0123456789")
        (func (export "fill") (param i32) (memory.fill (i32.const 0) (i32.const 1) (local.get 0)))
        (func (export "copy") (param i32) (memory.copy (i32.const 0) (i32.const 8) (local.get 0)))
        (func (export "init") (param i32) (memory.init $d (i32.const 0) (i32.const 0) (local.get 0)))
        (func (export "table") (param i32) (table.fill 0 (i32.const 0) (ref.null func) (local.get 0)))
        (func (export "array") (param i32) (drop (array.new_default $bytes (local.get 0)))))
    """
    instance = _instance(text, 10**9, MODES[mode])
    for name, length, cost in (
        ("fill", 0, 4),
        ("fill", 64_000, 1004),
        ("copy", 6400, 104),
        ("init", 10, 4),
        ("table", 80, 14),
        ("array", 8000, 1003),
    ):
        before = _tank(instance).used
        _call(instance, name, length)
        assert _tank(instance).used - before == cost, name
    left = _tank(instance).left
    with pytest.raises(OutOfFuel):
        _call(_small := _instance(text, 100, MODES[mode]), "fill", 0xFFFF_FFFF)
    # It was paid for as far as there was enough: the operands, not the instruction.
    assert _tank(_small).used == 3
    assert _tank(instance).left == left


@ALL_MODES
def test_a_trap_leaves_a_segment_that_is_paid_for(mode: str) -> None:
    text = """
      (module (memory 1)
        (func (export "load") (param i32) (result i32)
          (i32.add (i32.load (local.get 0)) (i32.const 1))))
    """
    instance = _instance(text, 100, MODES[mode])
    with pytest.raises(Trap, match="out of bounds"):
        _call(instance, "load", 65_536)
    assert _tank(instance).used == 4


@ALL_MODES
def test_wasm_cannot_catch_the_end_of_its_fuel(mode: str) -> None:
    text = """
      (module
        (func $endless (loop (br 0)))
        (func (export "new") (block (try_table (catch_all 0) (call $endless))))
        (func (export "old") try (call $endless) catch_all end))
    """
    for name in ("new", "old"):
        instance = _instance(text, 1000, MODES[mode])
        with pytest.raises(OutOfFuel):
            _call(instance, name)
        assert _tank(instance).left == 0


def test_the_instance_goes_on_when_fuel_is_added() -> None:
    instance = _instance('(module (func (export "f") (result i32) (i32.const 3)))', 1)
    assert _call(instance, "f") == (3,)
    with pytest.raises(OutOfFuel):
        _call(instance, "f")
    _tank(instance).add(2)
    assert _call(instance, "f") == (3,)
    assert (_tank(instance).left, _tank(instance).used) == (1, 2)


def test_amounts_beyond_what_floats_can_count() -> None:
    instance = _instance('(module (func (export "f") (result i32) (i32.const 3)))', 10**30 + 7)
    _call(instance, "f")
    assert _tank(instance).left == 10**30 + 6
    tank = FuelTank(2**52 + 5)
    tank.pay(3, 2)
    assert (tank.left, tank.used) == (2**52, 5)
    with pytest.raises(OutOfFuel):
        tank.pay(2**52 - 1, 2, 1)
    assert tank.left == 1


def test_code_without_fuel_is_not_metered_and_shares_its_cache() -> None:
    data = wat2wasm(PROGRAM)
    plain = compile_module(data, cache=CodeCache())
    metered = compile_module(data, Settings(limits=Limits(fuel=5)), cache=CodeCache())
    names = {plain.default_variant.assumptions.key, metered.default_variant.assumptions.key}
    assert len(names) == 2
    for index in range(plain.imported_funcs, len(plain.context.funcs)):
        assert "_u" not in plain.source(index)
        assert "nonlocal _u" in metered.source(index)


@pytest.mark.skipif(sys.platform == "emscripten", reason="code is not kept between starts there")
def test_amounts_do_not_matter_to_the_cache(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:

    monkeypatch.setenv("PYJSAPI_CACHE", str(tmp_path / "cache"))
    data = bytes(5000)
    paths = {
        cache_path(data, digest_of(data), Settings(limits=Limits(fuel=fuel)), DEFAULT_OPTIONS)
        for fuel in (None, 1, 10**9)
    }
    assert len(paths) == 1
    assert None not in paths


def test_functions_with_charges_are_proved_without_them() -> None:
    instance = _instance(
        PROGRAM, 10**6, Options(proof=True), [FuncInst(func_def_type(FuncType((I32,), ())), print)]
    )
    assert _call(instance, "run", 0) == (7,)


def test_traps_are_located_in_code_that_pays() -> None:
    text = """
      (module (memory 1)
        (func (export "f") (param i32) (result i32)
          (if (result i32) (i32.load (local.get 0))
            (then (i32.const 1))
            (else (i32.add (i32.load (i32.const 4)) (i32.div_u (i32.const 1) (i32.const 0)))))))
    """
    places = []
    for fuel in (None, 1000):
        instance = _instance(text, fuel)
        with pytest.raises(Trap, match="divide") as raised:
            _call(instance, "f", 0)
        places.append(
            [(frame.index, frame.offset) for frame in getattr(raised.value, "wasm_frames", ())]
        )
    assert places[0] == places[1] != []


@pytest.mark.parametrize("fuel", ["1", 1.0, True])
def test_fuel_is_an_integer(fuel: Any) -> None:
    with pytest.raises(TypeError, match=r"Limits\.fuel must be an int"):
        Limits(fuel=fuel)
    with pytest.raises(ValueError, match=r"Limits\.fuel must not be negative, it is -1"):
        Limits(fuel=-1)


@pytest.mark.skipif(sys.platform == "emscripten", reason="without threads code pays as for fuel")
@ALL_MODES
def test_code_with_a_deadline_alone_looks_where_functions_and_loops_begin(mode: str) -> None:
    text = """
      (module
        (func (export "f") (param i32)
          (loop (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
          (if (local.get 0) (then (call 0 (i32.const 1))))))
    """
    settings = Settings(limits=Limits(deadline=1000))
    compiled = compile_module(wat2wasm(text), settings, options=MODES[mode], cache=CodeCache())
    assert compiled.source(0).count("if _u is not None:pay()") == 2
    instance = instantiate(compiled, [])
    assert _call(instance, "f", 100) == ()
    assert instance.fuel is None
