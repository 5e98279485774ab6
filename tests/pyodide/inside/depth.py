"""Python's recursion limit in Pyodide: raised only while code runs that may call deep."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from pyjsapi import RangeError, WebAssembly
from pyjsapi.runtime import depth
from pyjsapi.text import wat2wasm

TEXT = """(module
  (import "host" "f" (func $host))
  (func $down (export "down") (param i32) (result i32)
    (if (result i32) (local.get 0)
      (then (i32.add (call $down (i32.sub (local.get 0) (i32.const 1))) (i32.const 1)))
      (else (call $host) (i32.const 0))))
  (func (export "flat") (call $host))
  (func $endless (export "endless") (call $endless)))"""
USUAL = sys.getrecursionlimit()


def instance(host: Callable[[], None] = lambda: None) -> Any:
    return WebAssembly.Instance(WebAssembly.Module(wat2wasm(TEXT)), {"host": {"f": host}}).exports


def raises(exception: type[BaseException], function: Callable[..., object], *args: int) -> None:
    try:
        function(*args)
    except exception:
        return
    raise AssertionError(f"no {exception.__name__}")


def check_usual() -> None:
    assert depth.entries == [0], depth.entries
    assert sys.getrecursionlimit() == USUAL, sys.getrecursionlimit()


def plain() -> None:
    plain()


def case_the_limit_is_raised_only_inside() -> None:
    seen: list[int] = []
    exports = instance(lambda: seen.append(sys.getrecursionlimit()))
    check_usual()
    assert exports.down(50) == 50
    check_usual()
    exports.flat()
    assert seen[0] > 10_000
    assert seen[1] == USUAL
    check_usual()


def case_code_calls_as_deep_as_the_guide_says() -> None:
    exports = instance()
    assert exports.down(11_800) == 11_800
    raises(RangeError, exports.endless)
    check_usual()
    assert exports.down(11_800) == 11_800


def case_recursion_of_a_process_that_has_used_wasm() -> None:
    assert instance().down(5000) == 5000
    raises(RecursionError, plain)
    raises(RecursionError, plain)


def case_recursion_of_a_host_function_ends_the_call() -> None:
    exports = instance(plain)
    raises(RangeError, exports.flat)
    raises(RangeError, exports.down, 3)
    raises(RangeError, exports.down, 3)
    check_usual()


def case_recursion_that_a_host_function_catches() -> None:
    def host() -> None:
        raises(RecursionError, plain)

    instance(host).flat()
    check_usual()


def case_exceptions_of_the_host_from_far_down() -> None:
    class Mine(Exception):
        pass

    def host() -> None:
        raise Mine

    exports = instance(host)
    for levels in (10, 6000, 11_000):
        raises(Mine, exports.down, levels)
        check_usual()


async def case_coroutines_that_come_and_go() -> None:
    import asyncio

    exports = instance()

    async def one(levels: int) -> int:
        await asyncio.sleep(0)
        result: int = exports.down(levels)
        return result

    found = await asyncio.gather(*(one(levels) for levels in range(0, 9000, 3000)))
    assert found == [0, 3000, 6000]
    check_usual()
