"""Promise integration: `WebAssembly.promising`, `WebAssembly.Suspending`, `WebAssembly.SuspendError`."""

from __future__ import annotations

import asyncio
import functools
import inspect
import types
from collections.abc import Awaitable, Callable, Generator
from typing import Any

import pytest

from pyjsapi import WebAssembly, wat2wasm

ADDS_ONE = """(module (import "m" "f" (func $f (param i32) (result i32)))
  (func (export "run") (param i32) (result i32) (i32.add (call $f (local.get 0)) (i32.const 1))))"""


def instance(text: str, **imports: Any) -> WebAssembly.Instance:
    return WebAssembly.Instance(WebAssembly.Module(wat2wasm(text)), {"m": imports})


async def later(value: Any = None) -> Any:
    await asyncio.sleep(0)
    return value


def results(awaitable: Awaitable[Any]) -> Any:
    async def run() -> Any:
        return await awaitable

    return asyncio.run(run())


# ---- what they take


@pytest.mark.parametrize("value", [None, 1, {}, "f"])
def test_both_take_callables_alone(value: Any) -> None:
    with pytest.raises(TypeError, match="Argument 0 must be a function"):
        WebAssembly.promising(value)
    with pytest.raises(TypeError, match="Argument 0 must be a function"):
        WebAssembly.Suspending(value)


def test_only_what_webassembly_exports_is_promising() -> None:
    with pytest.raises(TypeError, match="must be a WebAssembly exported function, not <function"):
        WebAssembly.promising(lambda: None)


def test_suspending_functions_are_imported_as_functions_only() -> None:
    module = WebAssembly.Module(wat2wasm('(module (import "m" "g" (global i32)))'))
    with pytest.raises(WebAssembly.LinkError, match="global import must be"):
        WebAssembly.Instance(module, {"m": {"g": WebAssembly.Suspending(later)}})


def test_they_say_what_they_are() -> None:
    assert "later" in repr(WebAssembly.Suspending(later))
    run = instance(ADDS_ONE, f=WebAssembly.Suspending(later)).exports.run
    promising = WebAssembly.promising(run)
    assert promising.__name__ == run.__name__
    assert promising.__qualname__ == "run"
    assert "exported as 'run'" in (promising.__doc__ or "")
    assert inspect.signature(promising) == inspect.signature(run)
    assert promising is not WebAssembly.promising(run)


# ---- suspending and resuming


def test_the_result_of_an_async_function_is_the_result_of_the_call() -> None:
    run = instance(ADDS_ONE, f=WebAssembly.Suspending(later)).exports.run
    assert asyncio.run(WebAssembly.promising(run)(41)) == 42


def test_a_call_begins_at_once_and_needs_no_loop() -> None:
    made = instance(
        '(module (global $g (export "g") (mut i32) (i32.const 0))'
        ' (func (export "run") (global.set $g (i32.const 42))))'
    )
    promise = WebAssembly.promising(made.exports.run)()
    assert made.exports.g.value == 42
    assert asyncio.iscoroutine(promise)
    with pytest.raises(StopIteration) as ended:
        promise.send(None)
    assert ended.value.value is None


LOOP = """(module (import "m" "f" (func $f (result i32)))
  (global $g (export "g") (mut i32) (i32.const 0))
  (func (export "run") (param $n i32)
    (loop
      (global.set $g (i32.add (call $f) (global.get $g)))
      (br_if 0 (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))))"""


def test_suspended_and_resumed_in_a_loop() -> None:
    numbers = iter(range(1, 6))
    made = instance(LOOP, f=WebAssembly.Suspending(lambda: later(next(numbers))))
    promise = WebAssembly.promising(made.exports.run)(5)
    assert made.exports.g.value == 0
    assert asyncio.run(promise) is None
    assert made.exports.g.value == 15


class Once:
    """An awaitable of another kind."""

    def __await__(self) -> Generator[Any, Any, int]:
        yield from asyncio.sleep(0).__await__()
        return 7


@types.coroutine
def generator_based() -> Generator[Any, Any, int]:
    yield
    return 7


@pytest.mark.parametrize("function", [Once, generator_based, lambda: later(7), lambda: 7])
def test_whatever_can_be_awaited_suspends(function: Callable[[], Any]) -> None:
    text = '(module (import "m" "f" (func $f (result i32))) (func (export "run") (result i32) (call $f)))'
    made = instance(text, f=WebAssembly.Suspending(function))
    assert results(WebAssembly.promising(made.exports.run)()) == 7


def test_what_is_no_awaitable_suspends_too() -> None:
    """As the specification says: `Promise.resolve` is a promise of any value."""
    order: list[str] = []
    made = instance(
        '(module (import "m" "f" (func $f)) (import "m" "done" (func $done))'
        ' (func (export "run") (call $f) (call $done)))',
        f=WebAssembly.Suspending(lambda: None),
        done=lambda: order.append("done"),
    )
    promise = WebAssembly.promising(made.exports.run)()
    order.append("called")
    results(promise)
    assert order == ["called", "done"]


def test_several_calls_interleave_on_one_loop() -> None:
    order: list[int] = []
    made = instance(
        '(module (import "m" "f" (func $f (param i32) (result i32)))'
        ' (func (export "run") (param i32) (result i32)'
        "   (i32.add (call $f (local.get 0)) (call $f (i32.add (local.get 0) (i32.const 10))))))",
        f=WebAssembly.Suspending(lambda number: noted(number)),
    )

    async def noted(number: int) -> int:
        order.append(number)
        await asyncio.sleep(0)
        return number

    async def main() -> list[int]:
        run = WebAssembly.promising(made.exports.run)
        found: list[int] = await asyncio.gather(*(run(i) for i in range(4)))
        return found

    assert asyncio.run(main()) == [10, 12, 14, 16]
    assert order == [0, 1, 2, 3, 10, 11, 12, 13]


def test_several_values() -> None:
    made = instance(
        '(module (import "m" "f" (func $f (result i32 f64)))'
        ' (func (export "run") (result i32 f64) (call $f)))',
        f=WebAssembly.Suspending(lambda: later([1, 2.5])),
    )
    assert results(WebAssembly.promising(made.exports.run)()) == [1, 2.5]


def test_nested_stacks() -> None:
    """outer (wasm) → outer (host) → inner (wasm) → inner (host): each wasm is suspended for what it calls."""
    made = instance(
        '(module (import "m" "inner" (func $inner (result i32))) (import "m" "outer" (func $outer (result i32)))'
        ' (func (export "outer") (result i32) (call $outer)) (func (export "inner") (result i32) (call $inner)))',
        inner=WebAssembly.Suspending(lambda: later(42)),
        outer=WebAssembly.Suspending(lambda: WebAssembly.promising(made.exports.inner)()),
    )
    assert results(WebAssembly.promising(made.exports.outer)()) == 42


def test_through_another_instance() -> None:
    inner = instance(ADDS_ONE, f=WebAssembly.Suspending(later))
    outer = instance(ADDS_ONE, f=inner.exports.run)
    assert results(WebAssembly.promising(outer.exports.run)(1)) == 3


def test_a_suspending_function_that_is_exported_again() -> None:
    made = instance(
        '(module (import "m" "f" (func $f (param i32) (result i32))) (export "f" (func $f)))',
        f=WebAssembly.Suspending(later),
    )
    assert results(WebAssembly.promising(made.exports.f)(5)) == 5
    with pytest.raises(WebAssembly.SuspendError):
        made.exports.f(5)


# ---- where calls cannot be suspended


def test_outside_of_promising() -> None:
    called: list[None] = []
    made = instance(ADDS_ONE, f=WebAssembly.Suspending(lambda _: called.append(None)))
    with pytest.raises(WebAssembly.SuspendError, match=r"outside of WebAssembly\.promising"):
        made.exports.run(1)
    assert not called


def test_in_a_start_function() -> None:
    text = '(module (import "m" "f" (func $f)) (start $f))'
    with pytest.raises(WebAssembly.SuspendError):
        instance(text, f=WebAssembly.Suspending(later))


BETWEEN = """(module (import "m" "plain" (func $plain (result i32))) (import "m" "f" (func $f (result i32)))
  (func (export "outer") (result i32) (call $plain)) (func (export "inner") (result i32) (call $f)))"""


def test_not_while_host_code_lies_between() -> None:
    def plain() -> Any:
        return made.exports.inner()

    made = instance(BETWEEN, f=WebAssembly.Suspending(lambda: 1), plain=plain)
    promise = WebAssembly.promising(made.exports.outer)()
    with pytest.raises(
        WebAssembly.SuspendError, match=r"host code .*plain\(\), line \d+ of .*\.py"
    ):
        results(promise)


def test_not_while_host_code_without_frames_lies_between() -> None:
    def inner() -> Any:
        return made.exports.inner

    made = instance(
        BETWEEN,
        f=WebAssembly.Suspending(lambda: 1),
        plain=functools.partial(lambda: made.exports.inner()),
    )
    with pytest.raises(WebAssembly.SuspendError, match="host code"):
        results(WebAssembly.promising(made.exports.outer)())
    direct = instance(
        BETWEEN, f=WebAssembly.Suspending(lambda: 1), plain=functools.partial(inner())
    )
    with pytest.raises(WebAssembly.SuspendError, match="host code"):
        results(WebAssembly.promising(direct.exports.outer)())


def test_a_host_function_has_a_stack_of_its_own_where_it_calls_what_is_promising() -> None:
    promises: list[Any] = []

    def plain() -> int:
        promises.append(WebAssembly.promising(made.exports.inner)())
        return 5

    made = instance(BETWEEN, f=WebAssembly.Suspending(lambda: later(9)), plain=plain)
    assert made.exports.outer() == 5
    assert results(WebAssembly.promising(made.exports.outer)()) == 5
    assert [results(promise) for promise in promises] == [9, 9]


def test_not_on_an_engine_of_machine_code() -> None:
    pytest.importorskip("wasmtime")
    module = WebAssembly.Module(wat2wasm(ADDS_ONE), engine="wasmtime")
    run = WebAssembly.Instance(module, {"m": {"f": WebAssembly.Suspending(later)}}).exports.run
    with pytest.raises(WebAssembly.SuspendError, match="engine='python'"):
        results(WebAssembly.promising(run)(1))
    plain = WebAssembly.Instance(module, {"m": {"f": lambda value: value}}).exports.run
    assert results(WebAssembly.promising(plain)(1)) == 2


CATCHING = """(module (import "m" "f" (func $f (result i32))) (import "m" "tag" (tag $tag (param externref)))
  (import "m" "own" (tag $own (param i32)))
  (func (export "run") (result i32)
    (block $own (result i32)
      (block $host (result externref)
        (return (try_table (result i32) (catch $tag $host) (catch $own $own) (call $f))))
      drop
      i32.const 43))
  (func (export "all") (result i32)
    (block $all (return (try_table (result i32) (catch_all $all) (call $f))))
    i32.const 44))"""


def catching(function: Callable[[], Any], tag: Any = None) -> WebAssembly.Instance:
    own = tag or WebAssembly.Tag({"parameters": ["i32"]})
    return instance(CATCHING, f=WebAssembly.Suspending(function), tag=WebAssembly.JSTag, own=own)


def test_webassembly_can_catch_the_suspension_that_is_not_possible() -> None:
    assert catching(lambda: later(1)).exports.run() == 43
    assert catching(lambda: later(1)).exports.all() == 44


# ---- exceptions


async def failing(error: BaseException) -> None:
    await asyncio.sleep(0)
    raise error


def test_an_awaitable_that_raises_arrives_as_that_exception() -> None:
    error = KeyError("mine")
    run = instance(ADDS_ONE, f=WebAssembly.Suspending(lambda _: failing(error))).exports.run
    with pytest.raises(KeyError) as raised:
        results(WebAssembly.promising(run)(1))
    assert raised.value is error
    assert len(error.wasm_frames) == 1  # type: ignore[attr-defined]


def test_webassembly_catches_it() -> None:
    made = catching(lambda: failing(KeyError("mine")))
    assert results(WebAssembly.promising(made.exports.run)()) == 43
    assert results(WebAssembly.promising(made.exports.all)()) == 44


def test_webassembly_catches_its_own_exceptions_from_there() -> None:
    tag = WebAssembly.Tag({"parameters": ["i32"]})
    made = catching(lambda: failing(WebAssembly.Exception(tag, [42])), tag)
    assert results(WebAssembly.promising(made.exports.run)()) == 42


def test_an_exception_of_the_function_itself_comes_out_of_the_promise() -> None:
    def fails(_: int) -> int:
        raise ValueError("mine")

    run = instance(ADDS_ONE, f=WebAssembly.Suspending(fails)).exports.run
    promise = WebAssembly.promising(run)(1)
    with pytest.raises(ValueError, match="mine"):
        results(promise)


def test_arguments_that_cannot_be_converted_come_out_of_the_promise() -> None:
    run = instance(ADDS_ONE.replace("i32", "i64"), f=WebAssembly.Suspending(later)).exports.run
    promise = WebAssembly.promising(run)(1.5)
    with pytest.raises(TypeError):
        results(promise)


def test_a_result_that_cannot_be_converted() -> None:
    made = instance(ADDS_ONE.replace("i32", "i64"), f=WebAssembly.Suspending(lambda _: later(1.5)))
    with pytest.raises(TypeError):
        results(WebAssembly.promising(made.exports.run)(1))


@pytest.mark.parametrize("before", [True, False])
def test_thrown_before_and_after_a_suspension(before: bool) -> None:
    tag = WebAssembly.Tag({"parameters": []})
    call = "" if before else "(call $f)"
    made = instance(
        f'(module (import "m" "f" (func $f)) (import "m" "tag" (tag $tag)) (func (export "run") {call} (throw $tag)))',
        f=WebAssembly.Suspending(later),
        tag=tag,
    )
    promise = WebAssembly.promising(made.exports.run)()
    with pytest.raises(WebAssembly.Exception) as raised:
        results(promise)
    assert raised.value.is_(tag)


def test_a_trap_after_a_suspension() -> None:
    made = instance(
        '(module (import "m" "f" (func $f)) (func $run (export "run") (call $f) unreachable))',
        f=WebAssembly.Suspending(later),
    )
    with pytest.raises(WebAssembly.RuntimeError, match="unreachable") as raised:
        results(WebAssembly.promising(made.exports.run)())
    assert len(raised.value.wasm_frames) == 1


# ---- cancellation and time-outs


def test_cancellation_passes_through_webassembly() -> None:
    seen: list[BaseException] = []

    async def forever() -> int:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError as error:
            seen.append(error)
            raise
        return 0

    made = catching(forever)

    async def main() -> None:
        task = asyncio.create_task(WebAssembly.promising(made.exports.all)())
        await asyncio.sleep(0)
        task.cancel("enough")
        with pytest.raises(asyncio.CancelledError) as raised:
            await task
        assert raised.value.args == ("enough",)
        assert task.cancelled()

    asyncio.run(main())
    assert len(seen) == 1


def test_a_function_that_will_not_be_cancelled() -> None:
    async def stubborn(value: int) -> int:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            value += 1
        return value

    run = instance(ADDS_ONE, f=WebAssembly.Suspending(stubborn)).exports.run

    async def main() -> Any:
        task = asyncio.create_task(WebAssembly.promising(run)(1))
        await asyncio.sleep(0)
        task.cancel()
        return await task

    assert asyncio.run(main()) == 3


def test_a_timeout_around_a_call() -> None:
    run = instance(ADDS_ONE, f=WebAssembly.Suspending(lambda _: asyncio.Event().wait())).exports.run

    async def main() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0):
                await WebAssembly.promising(run)(1)

    asyncio.run(main())


def test_a_timeout_within_a_function_can_be_caught() -> None:
    async def short() -> int:
        async with asyncio.timeout(0):
            await asyncio.Event().wait()
        return 0

    made = catching(short)
    assert results(WebAssembly.promising(made.exports.run)()) == 43
