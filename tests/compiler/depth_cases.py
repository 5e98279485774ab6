"""Programs that use WebAssembly in a process whose recursion limit is somebody else's.

``python depth_cases.py CASE…`` runs cases, in any Python that can import the package; each fails with an exception,
or ends the process.
"""

from __future__ import annotations

import _thread
import asyncio
import ctypes
import json
import os
import random
import sys
import threading
from _thread import get_ident
from collections.abc import Callable, Generator
from typing import Any

from pyjsapi import RangeError, WebAssembly
from pyjsapi.runtime import depth
from pyjsapi.text import wat2wasm

TEXT = """(module
  (type $none (func))
  (import "host" "f" (func $host))
  (table (export "table") funcref (elem $host))
  (func $down (export "down") (param i32) (result i32)
    (if (result i32) (local.get 0)
      (then (i32.add (call $down (i32.sub (local.get 0) (i32.const 1))) (i32.const 1)))
      (else (call $host) (i32.const 0))))
  (func (export "flat") (call $host))
  (func (export "through a table") (call_indirect (type $none) (i32.const 0)))
  (func $endless (export "endless") (call $endless))
  (func (export "trap") (if (i32.eqz (call $down (i32.const 40))) (then) (else (unreachable)))))"""
USUAL = sys.getrecursionlimit()
DEEPEST = 10_000 if sys.version_info < (3, 12) else 11_800
CASES: dict[str, Callable[[], None]] = {}


def case(function: Callable[[], None]) -> Callable[[], None]:
    CASES[function.__name__] = function
    return function


def instance(host: Callable[[], Any] = lambda: None) -> Any:
    module = WebAssembly.Module(wat2wasm(TEXT))
    return WebAssembly.Instance(module, {"host": {"f": host}}).exports


def check_usual() -> None:
    assert depth.entries == [0], depth.entries
    assert sys.getrecursionlimit() == USUAL, sys.getrecursionlimit()


def raises(exception: type[BaseException], function: Callable[..., Any], *args: Any) -> None:
    try:
        function(*args)
    except exception:
        return
    raise AssertionError(f"no {exception.__name__}")


def _plain() -> None:
    _plain()


class _Attributes:
    def __getattr__(self, name: str) -> Any:
        return self.another


class _Equal:
    def __eq__(self, other: object) -> bool:
        return self == other


def _mapped(_: Any) -> Any:
    return list(map(_mapped, [1]))


RUNAWAYS: dict[str, Callable[[], Any]] = {
    "plain": _plain,
    "attributes": lambda: _Attributes().x,
    "comparison": lambda: _Equal() == _Equal(),
    "map": lambda: _mapped(1),
}


@case
def the_limit_is_raised_only_inside() -> None:
    seen: list[int] = []
    exports = instance(lambda: seen.append(sys.getrecursionlimit()))
    check_usual()
    for _ in range(3):
        assert exports.down(50) == 50
        check_usual()
        exports["through a table"]()
        check_usual()
        exports.flat()  # which cannot go deep
        check_usual()
    assert min(seen[0::3]) > DEEPEST
    assert seen[2::3] == [USUAL] * 3


@case
def code_calls_as_deep_as_the_guide_says() -> None:
    exports = instance()
    assert exports.down(DEEPEST) == DEEPEST
    raises(RangeError, exports.endless)
    raises(RangeError, exports.down, 13_000)
    check_usual()


@case
def whatever_ends_a_call() -> None:
    class Host(BaseException):
        pass

    def fail() -> None:
        raise Host

    exports = instance(fail)
    raises(Host, exports.down, 3000)
    check_usual()
    raises(Host, exports["through a table"])
    check_usual()
    raises(WebAssembly.RuntimeError, instance().trap)
    check_usual()
    raises(RangeError, exports.endless)
    check_usual()


@case
def recursion_of_a_process_that_has_used_wasm() -> None:
    exports = instance()
    assert exports.down(5000) == 5000
    for runaway in (*RUNAWAYS.values(), lambda: _sorted(1)):
        raises(RecursionError, runaway)


def _sorted(_: Any) -> Any:
    return sorted([1, 2], key=_sorted)


@case
def recursion_of_a_host_function() -> None:
    current: list[Callable[[], Any]] = []
    reached: list[str] = []

    def host() -> None:
        raises(RecursionError, current[0])
        reached.append("end")

    exports = instance(host)
    for runaway in RUNAWAYS.values():
        current[:] = [runaway]
        assert exports.down(3) == 3
        assert exports.down(900) == 900
        exports.flat()
    current[:] = [lambda: _sorted(1)]  # which takes most stack of all: where code cannot go deep
    exports.flat()
    assert len(reached) == 3 * len(RUNAWAYS) + 1
    check_usual()


@case
def a_deep_thread_and_others_that_come_and_go() -> None:
    inside, leave = threading.Event(), threading.Event()
    results: list[int] = []

    def stay() -> None:
        inside.set()
        assert leave.wait(60)

    deep, others = instance(stay), instance()
    thread = threading.Thread(target=lambda: results.append(deep.down(5000)))
    thread.start()
    assert inside.wait(60)
    for i in range(200):
        assert others.down(i) == i
        assert depth.entries == [1]
        assert sys.getrecursionlimit() > DEEPEST
    small = threading.Thread(target=lambda: results.append(others.down(7)))
    small.start()
    small.join()
    assert sys.getrecursionlimit() > DEEPEST
    leave.set()
    thread.join()
    assert results == [7, 5000]
    check_usual()


@case
def a_thread_that_is_deep_in_python_when_the_limit_goes_back() -> None:
    down, go = threading.Event(), threading.Event()
    ended: list[str] = []

    def nothing() -> None:
        pass

    def dig(levels: int) -> None:
        if levels:
            dig(levels - 1)
            return
        down.set()
        assert go.wait(60)
        for _ in range(3):
            try:
                nothing()
            except RecursionError as error:  # if the limit is back
                ended.append(str(error))
        ended.append("end")

    def dig_deep() -> None:
        try:
            dig(3000)
        except RecursionError:
            ended.append("early")

    def host() -> None:
        thread.start()
        assert down.wait(60)

    thread = threading.Thread(target=dig_deep)
    assert instance(host).down(5) == 5
    assert instance().down(5) == 5
    go.set()
    thread.join()
    assert ended, "the thread is gone"
    assert instance().down(5) == 5  # whoever leaves now brings it back at the latest
    check_usual()


@case
def coroutines_generators_and_callbacks() -> None:
    exports = instance()

    def generate() -> Generator[int]:
        for i in range(4):
            yield exports.down(i * 900)

    async def one(i: int) -> int:
        await asyncio.sleep(0)
        return int(exports.down(i))

    async def all_of_them() -> list[int]:
        loop = asyncio.get_running_loop()
        called: asyncio.Future[int] = loop.create_future()
        loop.call_soon(lambda: called.set_result(exports.down(1500)))
        found = await asyncio.gather(*(one(i) for i in range(0, 3000, 500)))
        return [*found, await called]

    generator = generate()
    assert next(generator) == 0
    check_usual()
    assert asyncio.run(all_of_them()) == [0, 500, 1000, 1500, 2000, 2500, 1500]
    check_usual()
    assert next(generator) == 900
    generator.close()
    check_usual()

    def run_a_loop() -> None:
        assert asyncio.run(one(1200)) == 1200

    assert instance(run_a_loop).down(20) == 20  # an event loop inside
    check_usual()


@case
def threads_ended_by_exceptions() -> None:
    class End(BaseException):
        pass

    sys.setswitchinterval(1e-5)
    chance = random.Random(11)
    exports = instance()
    # What translates is imported here: an exception in an import leaves locks of the import system behind.
    exports.down(1)
    exports["through a table"]()

    def work() -> None:
        started.append(get_ident())
        while True:
            exports.down(chance.randrange(40))
            exports["through a table"]()

    sys.unraisablehook = (
        bool  # nothing to be said, and no function of Python that is interrupted again
    )
    for _ in range(60):
        started: list[int] = []
        for _ in range(3):  # no `threading.Thread`, whose own locks such an exception may break
            _thread.start_new_thread(work, ())
        while len(started) < 3:
            exports.down(1)
        for thread in started:
            for _ in range(chance.randrange(300)):
                exports.down(2)
            while thread in sys._current_frames():
                identity = ctypes.c_ulong(thread)
                ctypes.pythonapi.PyThreadState_SetAsyncExc(identity, ctypes.py_object(End))
                exports.down(2)
    sys.unraisablehook = sys.__unraisablehook__
    assert exports.down(3) == 3
    check_usual()


@case
def many_threads_at_once() -> None:
    sys.setswitchinterval(1e-6)
    exports = instance()
    wrong: list[int] = []

    def work(levels: int) -> None:
        for _ in range(100):
            if exports.down(levels) != levels:
                wrong.append(levels)

    threads = [threading.Thread(target=work, args=(n,)) for n in (1, 3, 10, 900, 1500, 2500)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    assert exports.down(3) == 3
    check_usual()


@case
def a_limit_that_somebody_sets_inside_stays() -> None:
    exports = instance(lambda: sys.setrecursionlimit(2345))
    exports.down(10)
    assert sys.getrecursionlimit() == 2345
    instance().down(10)
    assert sys.getrecursionlimit() == 2345
    sys.setrecursionlimit(50_000)
    quiet = instance()
    assert quiet.down(20_000) == 20_000
    assert sys.getrecursionlimit() == 50_000
    sys.setrecursionlimit(USUAL)


@case
def small_stacks() -> None:
    threading.stack_size(262_144)
    ended: list[Any] = []

    def host() -> None:
        ended.append(len(json.dumps({"a": [1, {"b": sorted([3, 1], key=abs)}]})))

    exports = instance(host)
    holder: list[Any] = []
    mutual = instance(lambda: holder[0].down(1))
    holder.append(mutual)

    def work() -> None:
        ended.append(exports.down(DEEPEST))
        for endless in (exports.endless, lambda: mutual.down(1), lambda: exports.down(20_000)):
            try:
                endless()
            except RangeError as error:
                ended.append(type(error).__name__)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    threading.stack_size(0)
    assert ended == [25, DEEPEST, *["CallStackError"] * 3], ended
    check_usual()


@case
def a_fork_while_another_thread_is_inside() -> None:
    if not hasattr(os, "fork"):
        return
    inside, leave = threading.Event(), threading.Event()

    def stay() -> None:
        inside.set()
        leave.wait(60)

    exports = instance(stay)
    thread = threading.Thread(target=exports.down, args=(5,))
    thread.start()
    assert inside.wait(60)
    child = os.fork()
    if not child:
        try:
            check_usual()
            assert instance().down(2000) == 2000
            check_usual()
        except BaseException:
            os._exit(1)
        os._exit(0)
    leave.set()
    thread.join()
    assert os.waitpid(child, 0)[1] == 0
    check_usual()
    status: list[int] = []

    def fork_inside() -> None:
        child = os.fork()
        if not child:
            os._exit(0 if depth.entries == [1] else 1)
        status.append(os.waitpid(child, 0)[1])

    assert instance(fork_inside).down(3) == 3
    assert status == [0]
    check_usual()


if __name__ == "__main__":
    for name in sys.argv[1:] or CASES:
        print(name, flush=True)
        CASES[name]()
