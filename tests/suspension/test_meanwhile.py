"""What happens to a suspended call, and to everything around it, while it is suspended."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import os
import subprocess
import sys
import threading
import warnings
import weakref
from collections.abc import Awaitable
from typing import Any

import pytest

from pyjsapi import Agent, Uint8Array, WebAssembly, suspension, wat2wasm
from pyjsapi.jsapi.references import funcinst_of
from pyjsapi.runtime import depth
from pyjsapi.snapshots import SnapshotError, snapshot

LIMIT = sys.getrecursionlimit()


def instance(text: str, limits: Any = None, **imports: Any) -> WebAssembly.Instance:
    return WebAssembly.Instance(WebAssembly.Module(wat2wasm(text), limits=limits), {"m": imports})


async def later(value: Any = None) -> Any:
    await asyncio.sleep(0)
    return value


def results(awaitable: Awaitable[Any]) -> Any:
    async def run() -> Any:
        return await awaitable

    return asyncio.run(run())


class Gate:
    """What a call waits for until it is opened; it can be driven by hand, without a loop."""

    def __init__(self) -> None:
        self.waiting = 0

    def __await__(self) -> Any:
        self.waiting += 1
        value = yield
        self.waiting -= 1
        return value

    def __call__(self, *_: Any) -> Gate:
        return self


def finish(promise: Any, value: Any = None) -> Any:
    """Resume a call that waits at a gate, which must be its last."""
    with pytest.raises(StopIteration) as ended:
        promise.send(value)
    return ended.value.value


# ---- stacks and their ends


DEEP = """(module (import "m" "f" (func $f (result i32)))
  (func $deep (export "deep") (param i32) (result i32)
    (if (result i32) (local.get 0)
      (then (i32.add (i32.const 1) (call $deep (i32.sub (local.get 0) (i32.const 1)))))
      (else (call $f))))
  (func $endless (export "endless") (result i32) (drop (call $f)) (i32.add (i32.const 1) (call $endless)))
  (func $burrow (export "burrow") (result i32) (i32.add (i32.const 1) (call $burrow))))"""


def test_a_deep_stack_is_suspended_and_the_limit_is_the_usual_one_meanwhile(
    mechanism: str,
) -> None:
    gate = Gate()
    deep = WebAssembly.promising(instance(DEEP, f=WebAssembly.Suspending(gate)).exports.deep)
    promise = deep(5_000)
    promise.send(None)
    assert depth.entries == [0]
    if mechanism == "greenlet" or sys.version_info >= (3, 12):
        assert (
            sys.getrecursionlimit() == LIMIT
        )  # Before, it must stay above the depth of each thread.
    assert finish(promise, 10) == 5_010
    assert sys.getrecursionlimit() == LIMIT


def test_two_deep_stacks_at_once_and_a_deep_call_between() -> None:
    gate = Gate()
    made = instance(DEEP, f=WebAssembly.Suspending(gate))
    deep = WebAssembly.promising(made.exports.deep)
    first, second = deep(3_000), deep(4_000)
    second.send(None)
    first.send(None)
    with pytest.raises(RecursionError):
        made.exports.burrow()
    assert (finish(first, 1), finish(second, 2)) == (3_001, 4_002)
    assert depth.entries == [0]
    assert sys.getrecursionlimit() == LIMIT


def test_exhaustion() -> None:
    made = instance(DEEP, f=WebAssembly.Suspending(lambda: 1))
    with pytest.raises(RecursionError, match="Maximum call stack size exceeded"):
        results(WebAssembly.promising(made.exports.burrow)())
    with pytest.raises(RecursionError, match="Maximum call stack size exceeded"):
        results(WebAssembly.promising(made.exports.endless)())
    assert depth.entries == [0]


def test_the_hosts_own_recursion_through_promises_ends_as_well() -> None:
    made: WebAssembly.Instance = instance(
        '(module (import "m" "f" (func $f)) (func (export "run") (call $f)))',
        f=lambda: results_of(WebAssembly.promising(made.exports.run)()),
    )

    def results_of(promise: Any) -> None:
        promise.send(None)

    with pytest.raises(RecursionError):
        results(WebAssembly.promising(made.exports.run)())


def test_tail_calls() -> None:
    made = instance(
        """(module (type $t (func (param i32) (result i32)))
          (import "m" "f" (func $f (type $t))) (table funcref (elem $f $down))
          (func $down (export "down") (type $t)
            (if (local.get 0) (then (return_call $down (i32.sub (local.get 0) (i32.const 1)))))
            (return_call $f (i32.const 3)))
          (func $odd (type $t) (return_call $even (i32.sub (local.get 0) (i32.const 1))))
          (func $even (export "even") (type $t)
            (if (i32.eqz (local.get 0)) (then (return_call_indirect (type $t) (i32.const 4) (i32.const 0))))
            (return_call $odd (local.get 0))))""",
        f=WebAssembly.Suspending(lambda value: later(value + 1)),
    )
    assert results(WebAssembly.promising(made.exports.down)(50_000)) == 4
    assert results(WebAssembly.promising(made.exports.even)(50_000)) == 5


# ---- the instance meanwhile


STATE = """(module (import "m" "f" (func $f (result i32))) (type $v (func (result i32)))
  (memory (export "memory") 1) (table (export "table") 1 funcref) (global $g (export "g") (mut i32) (i32.const 1))
  (func (export "run") (result i32) (local $before i32)
    (local.set $before (i32.load8_u (i32.const 7)))
    (drop (call $f))
    (i32.store8 (i32.const 65536) (i32.const 5))
    (i32.add (i32.add (local.get $before) (i32.load8_u (i32.const 7)))
      (i32.add (i32.mul (memory.size) (i32.const 100)) (i32.load8_u (i32.const 65536)))))
  (func (export "last") (result i32)
    (drop (call $f))
    (call_indirect (type $v) (i32.sub (table.size) (i32.const 1))))
  (func (export "global") (result i32) (i32.add (global.get $g) (i32.add (call $f) (global.get $g))))
  (func $seven (export "seven") (result i32) (i32.const 7)))"""


def test_the_memory_grows_meanwhile() -> None:
    gate = Gate()
    exports = instance(STATE, f=WebAssembly.Suspending(gate)).exports
    promise = WebAssembly.promising(exports.run)()
    promise.send(None)
    exports.memory.grow(2)
    Uint8Array(exports.memory.buffer)[7] = 9
    assert finish(promise, 0) == 9 + 300 + 5


def test_the_memory_outgrows_what_plain_code_reaches() -> None:
    gate = Gate()
    exports = instance(STATE, f=WebAssembly.Suspending(gate)).exports
    promise = WebAssembly.promising(exports.run)()
    promise.send(None)
    exports.memory.grow(40_000)
    assert finish(promise, 0) == 4_000_100 + 5


def test_the_table_grows_meanwhile() -> None:
    gate = Gate()
    exports = instance(STATE, f=WebAssembly.Suspending(gate)).exports
    promise = WebAssembly.promising(exports.last)()
    promise.send(None)
    exports.table.grow(3)
    exports.table.set(3, exports.seven)
    assert finish(promise, 0) == 7


def test_the_instance_is_entered_again_meanwhile() -> None:
    gate = Gate()
    exports = instance(STATE, f=WebAssembly.Suspending(gate)).exports
    run = WebAssembly.promising(exports["global"])
    first, second = run(), run()
    first.send(None)
    assert exports.seven() == 7
    exports.g.value = 10
    second.send(None)
    exports.g.value = 100
    assert finish(first, 1000) == 1 + 1000 + 100
    assert finish(second, 1000) == 1 + 1000 + 100


def test_an_instance_that_nobody_has_any_more() -> None:
    gate = Gate()
    made = instance(STATE, f=WebAssembly.Suspending(gate))
    promise = WebAssembly.promising(made.exports.run)()
    gone = weakref.ref(made)
    promise.send(None)
    del made
    gc.collect()
    assert gone() is None
    with pytest.raises(WebAssembly.RuntimeError, match="out of bounds memory access"):
        promise.send(0)


def test_no_snapshot_is_taken_meanwhile() -> None:
    gate = Gate()
    made = instance(STATE, f=WebAssembly.Suspending(gate))
    promise = WebAssembly.promising(made.exports["global"])()
    promise.send(None)
    with pytest.raises(SnapshotError, match="running"):
        snapshot(made)
    finish(promise, 1)
    assert snapshot(made)


# ---- those that are not awaited


HOLDS = """(module (import "m" "f" (func $f)) (func (export "run") (param externref) (result externref)
  (call $f) (call $f) (local.get 0)))"""


class Thing:
    """Something that an externref can refer to weakly."""


def test_a_suspended_call_that_nobody_awaits() -> None:
    made = instance(HOLDS, f=WebAssembly.Suspending(later))
    thing = Thing()
    gone = weakref.ref(thing)
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        promise = WebAssembly.promising(made.exports.run)(thing)
        del thing
        assert gone() is not None
        del promise
        gc.collect()
    assert [str(each.message) for each in seen] == ["coroutine 'promising run' was never awaited"]
    seen.clear()  # They have the coroutine.
    gc.collect()
    assert gone() is None


def test_a_call_that_is_given_up_half_way() -> None:
    gate = Gate()
    made = instance(HOLDS, f=WebAssembly.Suspending(gate))
    thing = Thing()
    gone = weakref.ref(thing)
    promise = WebAssembly.promising(made.exports.run)(thing)
    del thing
    promise.send(None)
    assert gone() is not None
    promise.close()
    gc.collect()
    assert gone() is None


def test_a_call_that_has_ended_leaves_nothing() -> None:
    made = instance(HOLDS, f=WebAssembly.Suspending(later))
    thing = Thing()
    gone = weakref.ref(thing)
    gc.disable()
    try:
        assert results(WebAssembly.promising(made.exports.run)(thing)) is thing
        del thing
        assert gone() is None
    finally:
        gc.enable()


# ---- context


VARIABLE: contextvars.ContextVar[str] = contextvars.ContextVar("VARIABLE", default="unset")
TWICE = """(module (import "m" "f" (func $f)) (import "m" "look" (func $look))
  (func (export "run") (call $look) (call $f) (call $look) (call $f) (call $look)))"""


def test_context_variables_are_kept() -> None:
    seen: list[str] = []

    async def set_it() -> None:
        VARIABLE.set(VARIABLE.get() + "+")
        await asyncio.sleep(0)

    def look() -> None:
        seen.append(VARIABLE.get())

    run = WebAssembly.promising(
        instance(TWICE, f=WebAssembly.Suspending(set_it), look=look).exports.run
    )

    async def task(name: str) -> str:
        VARIABLE.set(name)
        await run()
        return VARIABLE.get()

    async def main() -> tuple[str, str]:
        return await asyncio.gather(task("a"), task("b"))

    assert list(asyncio.run(main())) == ["a++", "b++"]
    assert sorted(seen) == ["a", "a+", "a++", "b", "b+", "b++"]
    assert VARIABLE.get() == "unset"


def test_what_a_host_function_sets_is_set_for_the_caller() -> None:
    tokens: list[Any] = []

    def look() -> None:
        if tokens:
            VARIABLE.reset(tokens.pop())
        else:
            tokens.append(VARIABLE.set("by the host"))

    run = WebAssembly.promising(
        instance(TWICE, f=WebAssembly.Suspending(later), look=look).exports.run
    )

    async def main() -> tuple[str, str]:
        VARIABLE.set("mine")
        promise = run()
        during = VARIABLE.get()
        await promise
        return during, VARIABLE.get()

    assert asyncio.run(main()) == ("by the host", "by the host")


def test_host_functions_see_the_loop_the_task_and_the_agent() -> None:
    seen: list[Any] = []

    def look() -> None:
        seen.append((asyncio.get_running_loop(), asyncio.current_task(), Agent.current()))

    run = WebAssembly.promising(
        instance(TWICE, f=WebAssembly.Suspending(later), look=look).exports.run
    )

    async def main() -> None:
        await run()
        expected = (asyncio.get_running_loop(), asyncio.current_task(), Agent.current())
        assert seen == [expected] * 3

    asyncio.run(main())


def test_a_function_that_makes_tasks() -> None:
    made = instance(
        '(module (import "m" "f" (func $f (result i32))) (func (export "run") (result i32) (call $f)))',
        f=WebAssembly.Suspending(lambda: asyncio.create_task(later(5))),
    )

    async def main() -> Any:
        return await WebAssembly.promising(made.exports.run)()

    assert asyncio.run(main()) == 5


# ---- limits


SPINS = """(module (import "m" "f" (func $f))
  (func $spin (param i32) (loop (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))
  (func (export "run") (param i32) (call $spin (local.get 0)) (call $f) (call $spin (local.get 0)) (call $f))
  (func (export "endless") (loop (call $f) (br 0)))
  (func (export "spin") (call $f) (loop (br 0))))"""


def test_fuel_is_used_where_code_runs() -> None:
    gate = Gate()
    made = instance(SPINS, {"fuel": 10_000}, f=WebAssembly.Suspending(gate))
    promise = WebAssembly.promising(made.exports.run)(1_000)
    used = made.fuel_used
    assert used is not None and 4_000 < used < 10_000
    promise.send(None)
    assert made.fuel_used == used
    with pytest.raises(WebAssembly.OutOfFuel):
        promise.send(None)


def test_the_time_that_a_call_is_suspended_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    made = instance(SPINS, {"deadline": 1000}, f=WebAssembly.Suspending(later))
    clock = 0.0
    monkeypatch.setattr("pyjsapi.runtime.call_clock.time.monotonic", lambda: clock)
    promise = WebAssembly.promising(made.exports.run)(1)
    clock = 5000.0
    assert results(promise) is None


def test_a_deadline_counts_what_all_parts_take() -> None:
    """A call that is suspended again and again, each time for nothing, ends all the same."""
    made = instance(SPINS, {"deadline": 0.02}, f=WebAssembly.Suspending(lambda: None))
    with pytest.raises(WebAssembly.DeadlineExceeded):
        results(WebAssembly.promising(made.exports.endless)())


def test_a_deadline_ends_code_after_a_suspension() -> None:
    made = instance(SPINS, {"deadline": 0.02}, f=WebAssembly.Suspending(later))
    with pytest.raises(WebAssembly.DeadlineExceeded):
        results(WebAssembly.promising(made.exports.spin)())


def test_what_is_suspended_is_not_interrupted() -> None:
    gate = Gate()
    made = instance(SPINS, {"deadline": 1000}, f=WebAssembly.Suspending(gate))
    promise = WebAssembly.promising(made.exports.spin)()
    promise.send(None)
    assert made.interrupt() is False
    timer = threading.Timer(0.01, made.interrupt)
    timer.start()
    try:
        with pytest.raises(WebAssembly.Interrupted):
            promise.send(None)
    finally:
        timer.join()


def test_calls_of_suspending_functions_are_host_calls() -> None:
    made = instance(SPINS, {"max_host_calls": 1}, f=WebAssembly.Suspending(later))
    with pytest.raises(WebAssembly.OutOfHostCalls):
        results(WebAssembly.promising(made.exports.run)(1))


# ---- many, and the same code


def test_many_calls_suspended_at_once(mechanism: str) -> None:
    count = 10_000 if mechanism == "greenlet" else 50
    made = instance(DEEP, f=WebAssembly.Suspending(lambda: later(1)))

    async def main() -> int:
        deep = WebAssembly.promising(made.exports.deep)
        return sum(await asyncio.gather(*[deep(3) for _ in range(count)]))

    assert asyncio.run(main()) == 4 * count


def test_code_is_the_same_whether_it_is_suspended_or_not() -> None:
    suspended = instance(DEEP, f=WebAssembly.Suspending(lambda: 1))
    plain = instance(DEEP, f=lambda: 1)
    assert results(WebAssembly.promising(suspended.exports.deep)(1)) == plain.exports.deep(1) == 2
    codes = [_code_of(each.exports.deep) for each in (suspended, plain)]
    assert codes[0] == codes[1]


def _code_of(exported: Any) -> Any:
    func = funcinst_of(exported)
    assert func is not None
    return func.call.__code__


# ---- the mechanism


def test_the_mechanism_is_the_chosen_one(mechanism: str) -> None:
    assert suspension.mechanism().name == mechanism
    with pytest.raises(ValueError, match="'greenlet', 'thread', 'none', not 'fibre'"):
        suspension.use("fibre")
    with pytest.raises(suspension.MissingMechanism):
        suspension.use("none")
    assert suspension.mechanism().name == mechanism


def _python(code: str, variable: str | None = None) -> str:
    environment = {key: value for key, value in os.environ.items() if key != suspension.VARIABLE}
    if variable is not None:
        environment[suspension.VARIABLE] = variable
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True
    )
    assert not done.returncode, done.stderr
    return done.stdout


def test_without_a_mechanism_the_names_are_absent() -> None:
    printed = _python(
        "from pyjsapi import WebAssembly\n"
        "names = ('promising', 'Suspending', 'SuspendError')\n"
        "print([hasattr(WebAssembly, n) or n in dir(WebAssembly) for n in names])\n"
        "try: WebAssembly.promising\n"
        "except AttributeError as error: print(error)\n"
        "from pyjsapi.WebAssembly import *\n"
        "print(Module)",
        "none",
    )
    assert printed.startswith("[False, False, False]\n")
    assert "calls of WebAssembly cannot be suspended here: PYJSAPI_SUSPENSION is none" in printed


def test_a_mechanism_is_forced_by_the_environment(mechanism: str) -> None:
    printed = _python(
        "from pyjsapi import WebAssembly, suspension\n"
        "print(WebAssembly.promising.__name__, suspension.mechanism().name, '__getattr__' in vars(WebAssembly))",
        mechanism,
    )
    assert printed == f"promising {mechanism} False\n"


def test_importing_the_package_brings_none() -> None:
    printed = _python(
        "import sys, pyjsapi\n"
        "print([n for n in sys.modules if n.startswith(('greenlet', 'threading', 'asyncio', 'pyjsapi.suspension'))])"
    )
    assert printed == "[]\n"
