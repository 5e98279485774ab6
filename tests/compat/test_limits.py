"""Fuel, epochs, limits and configurations, on PyPI's ``wasmtime`` and on ours."""

from __future__ import annotations

import threading
from typing import Any

import pytest

LOOP = """
(module
  (func (export "loop") (param i32) (result i32)
    (loop (local.set 0 (i32.sub (local.get 0) (i32.const 1))) (br_if 0 (local.get 0)))
    (i32.const 1))
  (func (export "endless") (loop (br 0)))
  (func (export "one") (result i32) (i32.const 1)))
"""


def test_fuel(world: Any) -> None:
    store = world.configured(consume_fuel=True).store
    assert store.get_fuel() == 0
    exports = world.exports(LOOP)
    with pytest.raises(world.wasmtime.Trap, match="all fuel consumed by WebAssembly") as caught:
        exports["endless"](store)
    assert caught.value.trap_code == world.wasmtime.TrapCode.OUT_OF_FUEL
    store.set_fuel(10_000)
    assert store.get_fuel() == 10_000
    assert exports["loop"](store, 10) == 1
    assert 9_800 < store.get_fuel() < 10_000
    with pytest.raises(world.wasmtime.Trap):
        exports["loop"](store, 100_000)
    assert store.get_fuel() < 20


def test_fuel_belongs_to_the_store(world: Any) -> None:
    store = world.configured(consume_fuel=True).store
    store.set_fuel(1000)
    first, second = world.exports(LOOP), world.exports(LOOP.replace("sub", "add"))
    assert store.get_fuel() == 1000
    first["loop"](store, 10)
    left = store.get_fuel()
    second["one"](store)
    assert store.get_fuel() < left < 1000
    store.set_fuel(0)
    for exports in (first, second):
        with pytest.raises(world.wasmtime.Trap):
            exports["endless"](store)


def test_fuel_of_start_functions(world: Any) -> None:
    store = world.configured(consume_fuel=True).store
    store.set_fuel(1000)
    with pytest.raises(world.wasmtime.Trap) as caught:
        world.exports("(module (func $f (loop (br 0))) (start $f))")
    assert caught.value.trap_code == world.wasmtime.TrapCode.OUT_OF_FUEL


def test_fuel_must_be_configured(world: Any) -> None:
    for use in (lambda: world.store.set_fuel(1), world.store.get_fuel):
        with pytest.raises(world.wasmtime.WasmtimeError, match="fuel is not configured"):
            use()


def test_epochs(world: Any) -> None:
    world.configured(epoch_interruption=True)
    store, exports = world.store, world.exports(LOOP)
    with pytest.raises(world.wasmtime.Trap) as caught:
        exports["one"](store)
    assert caught.value.trap_code == world.wasmtime.TrapCode.INTERRUPT
    store.set_epoch_deadline(1)
    assert exports["one"](store) == 1
    world.engine.increment_epoch()
    with pytest.raises(world.wasmtime.Trap, match="wasm trap: interrupt"):
        exports["one"](store)
    store.set_epoch_deadline(2)
    world.engine.increment_epoch()
    assert exports["one"](store) == 1


def test_an_epoch_from_another_thread_ends_what_runs(world: Any) -> None:
    world.configured(epoch_interruption=True)
    store, engine = world.store, world.engine
    began = threading.Event()
    exports = world.exports(
        """(module (import "" "" (func $began)) (func (export "f") (call $began) (loop (br 0))))""",
        world.func(began.set, ""),
    )
    other = world.wasmtime.Store(engine)
    other.set_epoch_deadline(10)
    store.set_epoch_deadline(1)

    def tick() -> None:
        began.wait()
        engine.increment_epoch()

    thread = threading.Thread(target=tick)
    thread.start()
    with pytest.raises(world.wasmtime.Trap) as caught:
        exports["f"](store)
    thread.join()
    assert caught.value.trap_code == world.wasmtime.TrapCode.INTERRUPT
    assert [each.func_index for each in caught.value.frames] == [1]


def test_an_epoch_from_a_host_function(world: Any) -> None:
    world.configured(epoch_interruption=True)
    world.store.set_epoch_deadline(1)
    exports = world.exports(
        """(module (import "" "" (func $tick)) (func (export "f") (call $tick) (loop (br 0))))""",
        world.func(world.engine.increment_epoch, ""),
    )
    with pytest.raises(world.wasmtime.Trap, match="wasm trap: interrupt"):
        exports["f"](world.store)


def test_sizes_that_stores_allow(world: Any) -> None:
    wasmtime, store = world.wasmtime, world.store
    store.set_limits(memory_size=2 * 65536, table_elements=5)
    for text, message in (
        ("(module (memory 3))", "memory minimum size of 3 pages exceeds memory limits"),
        ("(module (table 6 funcref))", "table minimum size of 6 elements exceeds table limits"),
    ):
        with pytest.raises(wasmtime.WasmtimeError, match=message):
            world.exports(text)
    exports = world.exports(
        """(module (memory (export "m") 1) (table (export "t") 1 funcref)
             (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0))))"""
    )
    assert exports["grow"](store, 5) == -1
    assert exports["grow"](store, 1) == 1
    with pytest.raises(wasmtime.WasmtimeError, match="failed to grow memory by `1`"):
        exports["m"].grow(store, 1)
    with pytest.raises(wasmtime.WasmtimeError, match="failed to grow table by `5`"):
        exports["t"].grow(store, 5, None)
    memory = wasmtime.Memory(store, wasmtime.MemoryType(wasmtime.Limits(1, None)))
    with pytest.raises(wasmtime.WasmtimeError, match="failed to grow memory by `2`"):
        memory.grow(store, 2)


def test_how_many_stores_allow(world: Any) -> None:
    wasmtime, store = world.wasmtime, world.store
    store.set_limits(instances=2, tables=1, memories=1)
    world.exports("(module (memory 1) (table 1 funcref))")
    world.exports("(module)")
    with pytest.raises(
        wasmtime.WasmtimeError, match="resource limit exceeded: instance count too high at 3"
    ):
        world.exports("(module)")
    store = world.store = wasmtime.Store(world.engine)
    store.set_limits(memories=1, tables=1)
    for text, kind in (
        ("(module (memory 1) (memory 1))", "memory"),
        ("(module (table 1 funcref) (table 1 funcref))", "table"),
    ):
        with pytest.raises(wasmtime.WasmtimeError, match=f"{kind} count too high at 2"):
            world.exports(text)


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("wasm_simd", "expected a bool"),
        ("wasm_threads", "expected a bool"),
        ("consume_fuel", "expected an bool"),
        ("max_wasm_stack", "expected an int"),
        ("strategy", "unknown strategy: "),
        ("cache", "expected string or bool"),
        ("profiler", "unknown profiler: "),
        ("cranelift_opt_level", "unknown opt level: "),
        ("target", "expected a str"),
    ],
)
def test_settings_of_other_types(wasmtime: Any, name: str, error: str) -> None:
    with pytest.raises((TypeError, wasmtime.WasmtimeError), match=error):
        setattr(wasmtime.Config(), name, [])


def test_configurations(wasmtime: Any) -> None:
    config = wasmtime.Config()
    for name in ("wasm_simd", "parallel_compilation", "cache", "gc_support", "memory_init_cow"):
        setattr(config, name, True)
    config.strategy, config.cranelift_opt_level, config.profiler = "auto", "speed", "none"
    config.cranelift_flag_set("opt_level", "speed")
    with pytest.raises(AttributeError):
        _ = config.wasm_simd
    with pytest.raises(wasmtime.WasmtimeError, match="caching cannot be explicitly disabled"):
        config.cache = False
    wasmtime.Engine(config)
    with pytest.raises(ValueError, match="already closed"):
        wasmtime.Engine(config)


@pytest.mark.parametrize(
    ("setting", "text"),
    [
        ("wasm_simd", "(module (func (result v128) (v128.const i32x4 0 0 0 0)))"),
        ("wasm_multi_memory", "(module (memory 1) (memory 1))"),
        ("wasm_memory64", "(module (memory i64 1))"),
        ("wasm_tail_call", "(module (func $f (return_call $f)))"),
        ("wasm_exceptions", "(module (tag) (func (throw 0)))"),
        ("wasm_threads", "(module (memory 1 2 shared))"),
    ],
)
def test_what_is_switched_off_is_refused(world: Any, setting: str, text: str) -> None:
    world.module(text)
    config = world.wasmtime.Config()
    if setting == "wasm_simd":
        config.wasm_relaxed_simd = False
    setattr(config, setting, False)
    with pytest.raises(world.wasmtime.WasmtimeError):
        world.wasmtime.Module(world.wasmtime.Engine(config), text)


def test_pages_of_one_byte_are_switched_on(world: Any) -> None:
    text = "(module (memory 1 (pagesize 1)))"
    with pytest.raises(world.wasmtime.WasmtimeError):
        world.module(text)
    world.configured(wasm_custom_page_sizes=True).module(text)


def test_memories_that_are_not_allowed_to_be_shared(world: Any) -> None:
    with pytest.raises(world.wasmtime.WasmtimeError, match="shared memory support is disabled"):
        world.exports("(module (memory 1 2 shared))")
    world.configured(shared_memory=True).exports("(module (memory 1 2 shared))")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("cranelift_nan_canonicalization", True),
        ("target", "x86_64-unknown-linux-gnu"),
        ("profiler", "jitdump"),
    ],
)
def test_what_is_not_there_is_refused_by_name(ours: Any, name: str, value: Any) -> None:
    with pytest.raises(ours.WasmtimeError, match=r"pyjsapi\.compat\.wasmtime has no .*:"):
        setattr(ours.Config(), name, value)


def test_components_are_refused_by_name(ours: Any) -> None:
    import wasmtime.component

    from pyjsapi.compat.wasmtime import component

    assert set(component.NAMES) == set(wasmtime.component.__all__)
    for use in (
        lambda: component.Component(ours.Engine(), b""),
        lambda: component.Linker(ours.Engine()),
        lambda: component.Component.from_file(ours.Engine(), "x"),
        lambda: ours.wat2wasm("(component)"),
        lambda: ours.Store().set_wasi_http(),
        ours.StoreContext,
    ):
        with pytest.raises(ours.WasmtimeError, match=r"pyjsapi\.compat\.wasmtime has no "):
            use()
    with pytest.raises(AttributeError):
        _ = component.Nothing
