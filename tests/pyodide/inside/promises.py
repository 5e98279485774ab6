"""Promise integration inside Pyodide, on the stacks of the engine (see tests/suspension for what CPython does)."""

import asyncio
import contextvars
import gc
import sys
import warnings
from collections.abc import Callable
from typing import Any

from pyjsapi import WebAssembly, suspension, wat2wasm

TEXT = """(module (import "m" "f" (func $f (param i32) (result i32))) (import "m" "plain" (func $plain (result i32)))
  (import "m" "tag" (tag $tag (param externref)))
  (memory (export "memory") 1) (global $g (export "g") (mut i32) (i32.const 0))
  (func (export "run") (param i32) (result i32) (i32.add (call $f (local.get 0)) (i32.const 1)))
  (func (export "loop") (param i32) (loop
    (global.set $g (i32.add (global.get $g) (call $f (local.get 0))))
    (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))
  (func (export "outer") (result i32) (call $plain))
  (func (export "trap") (drop (call $f (i32.const 1))) unreachable)
  (func $deep (export "deep") (param i32) (result i32)
    (if (result i32) (local.get 0)
      (then (i32.add (i32.const 1) (call $deep (i32.sub (local.get 0) (i32.const 1)))))
      (else (call $f (i32.const 3)))))
  (func $burrow (export "burrow") (result i32) (i32.add (i32.const 1) (call $burrow)))
  (func (export "catch") (result i32)
    (block $host (result externref)
      (return (try_table (result i32) (catch $tag $host) (call $f (i32.const 1)))))
    drop i32.const 43))"""
VARIABLE: contextvars.ContextVar[str] = contextvars.ContextVar("VARIABLE", default="unset")


async def later(value: Any = None) -> Any:
    await asyncio.sleep(0)
    return value


def instance(
    function: Callable[..., Any] = later, plain: Callable[[], Any] = lambda: 0, limits: Any = None
) -> WebAssembly.Instance:
    module = WebAssembly.Module(wat2wasm(TEXT), limits=limits)
    imports = {"f": WebAssembly.Suspending(function), "plain": plain, "tag": WebAssembly.JSTag}
    return WebAssembly.Instance(module, {"m": imports})


def promising(made: WebAssembly.Instance, name: str) -> Any:
    return WebAssembly.promising(made.exports[name])


def mechanism() -> str:
    return suspension.mechanism().name


async def suspends_and_resumes() -> None:
    made = instance()
    assert await promising(made, "run")(41) == 42
    promise = promising(made, "loop")(5)
    assert made.exports.g.value == 0
    assert await promise is None
    assert made.exports.g.value == 15
    run = promising(made, "run")
    assert await asyncio.gather(*(run(i) for i in range(20))) == list(range(1, 21))


async def refuses_to_suspend() -> None:
    made: WebAssembly.Instance = instance(plain=lambda: made.exports.run(1))
    for name, arguments in (("run", (1,)), ("outer", ())):
        try:
            made.exports[name](*arguments)
        except WebAssembly.SuspendError:
            pass
        else:
            raise AssertionError("no SuspendError")
    try:
        await promising(made, "outer")()
    except WebAssembly.SuspendError as error:
        assert "<lambda>()" in str(error), error
    else:
        raise AssertionError("no SuspendError")
    assert instance().exports["catch"]() == 43


async def exceptions_pass() -> None:
    async def fails(_: int) -> None:
        await asyncio.sleep(0)
        raise KeyError("mine")

    try:
        await promising(instance(fails), "run")(1)
    except KeyError as error:
        assert error.args == ("mine",)
    assert await promising(instance(fails), "catch")() == 43
    try:
        await promising(instance(), "trap")()
    except WebAssembly.RuntimeError as error:
        assert len(error.wasm_frames) == 1
    else:
        raise AssertionError("no trap")


async def cancellation_passes() -> None:
    seen: list[int] = []

    async def forever(_: int) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            seen.append(1)

    run = promising(instance(forever), "run")
    try:
        async with asyncio.timeout(0.01):
            await run(1)
    except TimeoutError:
        pass
    else:
        raise AssertionError("no time-out")
    assert seen == [1]


async def stacks_are_deep() -> None:
    made = instance()
    limit = sys.getrecursionlimit()
    first, second = (promising(made, "deep")(n) for n in (2000, 1000))
    assert sys.getrecursionlimit() == limit
    assert await second == 1003
    assert await first == 2003
    try:
        await promising(made, "burrow")()
    except RecursionError:
        pass
    else:
        raise AssertionError("not exhausted")
    assert sys.getrecursionlimit() == limit


async def context_is_kept() -> None:
    async def sets(value: int) -> int:
        VARIABLE.set(VARIABLE.get() + "+")
        return value

    run = promising(instance(sets), "run")

    async def task(name: str) -> str:
        VARIABLE.set(name)
        await run(1)
        await run(1)
        return VARIABLE.get()

    assert list(await asyncio.gather(task("a"), task("b"))) == ["a++", "b++"]
    assert VARIABLE.get() == "unset"


async def memories_grow_meanwhile() -> None:
    gate = asyncio.get_running_loop().create_future()
    made = instance(lambda _: gate)
    promise = promising(made, "run")(1)
    made.exports.memory.grow(3)
    assert made.exports.g.value == 0
    gate.set_result(5)
    assert await promise == 6


async def calls_are_given_up() -> None:
    gate = asyncio.get_running_loop().create_future()
    made = instance(lambda _: gate)
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        promising(made, "run")(1)
        gc.collect()
    assert [str(each.message) for each in seen] == ["coroutine 'promising run' was never awaited"]
    await asyncio.sleep(0.01)
    gate.set_result(1)
    assert await promising(made, "run")(1) == 2


async def deadlines_count_what_runs() -> None:
    made = instance(lambda _: None, limits={"deadline": 0.05})
    try:
        await promising(made, "loop")(1 << 30)
    except WebAssembly.DeadlineExceeded:
        pass
    else:
        raise AssertionError("no deadline")


async def the_collector_passes_by_what_is_suspended() -> None:
    # A stack that began inside of another is the first whose part of C's stack is kept aside.
    def nested() -> Any:
        inner = promising(instance(), "run")
        return promising(instance(lambda value: inner(value)), "run")(40)

    promises = [nested() for _ in range(3)]
    threshold = gc.get_threshold()
    gc.set_threshold(20, 2)
    try:
        try:
            await promising(instance(), "burrow")()
        except RecursionError:
            pass
        else:
            raise AssertionError("a stack without an end")
        kept: list[Any] = [[[]] for _ in range(20_000)]
        assert await asyncio.gather(*promises) == [42, 42, 42]
        assert len(kept) == 20_000
    finally:
        gc.set_threshold(*threshold)
    assert not any(getattr(each, "__name__", "") == "_collecting" for each in gc.callbacks)
