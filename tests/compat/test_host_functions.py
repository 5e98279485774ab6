"""Functions of the host's, and who calls them, on PyPI's ``wasmtime`` and on ours."""

from __future__ import annotations

from typing import Any

import pytest

CALLS = """
(module
  (import "" "" (func $host (param i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "f") (param i32) (result i32) (call $host (local.get 0)))
  (func (export "other") (result i32) (i32.const 9)))
"""


def calls(world: Any, function: Any, **keywords: Any) -> Any:
    """The exports of an instance that calls a host function."""
    return world.exports(CALLS, world.func(function, "i32", "i32", **keywords))


def test_results(world: Any) -> None:
    assert calls(world, lambda x: x + 1)["f"](world.store, 1) == 2
    assert calls(world, lambda x: 2**32 + 5)["f"](world.store, 1) == 5
    assert calls(world, lambda x: True)["f"](world.store, 1) == 1


@pytest.mark.parametrize("result", [None, 1.5, "x"])
def test_results_of_other_types(world: Any, result: Any) -> None:
    with pytest.raises(TypeError) as caught:
        calls(world, lambda x: result)["f"](world.store, 1)
    assert str(caught.value) == f"don't know how to convert {result!r} to i32"


def test_exceptions_come_out_unchanged(world: Any) -> None:
    class Mine(BaseException):
        pass

    error = Mine("mine")

    def function(x: int) -> int:
        raise error

    with pytest.raises(Mine) as caught:
        calls(world, function)["f"](world.store, 1)
    assert caught.value is error


def test_webassembly_does_not_catch_them(world: Any) -> None:
    exports = world.exports(
        """(module (import "" "" (func $host))
             (func (export "f") (result i32)
               (block $h (try_table (catch_all $h) (call $host))) (i32.const 5)))""",
        world.func(lambda: 1 // 0, ""),
    )
    with pytest.raises(ZeroDivisionError):
        exports["f"](world.store)


def test_several_results(world: Any) -> None:
    assert world.func(lambda: (1, 2), "", "i32 i32")(world.store) == [1, 2]
    with pytest.raises(world.wasmtime.WasmtimeError, match="wrong number of results"):
        world.func(lambda: [1], "", "i32 i32")(world.store)
    with pytest.raises(world.wasmtime.WasmtimeError, match="results when it shouldn't"):
        world.func(lambda: 1, "")(world.store)


def test_references(world: Any) -> None:
    token, seen = object(), []

    def function(reference: Any, callee: Any) -> Any:
        seen.append((reference, callee(world.store)))
        return None

    host = world.func(function, "externref funcref", "externref")
    callee = world.func(lambda: 7, "", "i32")
    assert host(world.store, token, callee) is None
    assert seen == [(token, 7)]


def test_the_caller(world: Any) -> None:
    kept, seen = [], []

    def function(caller: Any, x: int) -> int:
        kept.append(caller)
        memory = caller["memory"]
        memory.write(caller, b"hello", 16)
        seen.append(bytes(memory.read(caller, 16, 21)))
        seen.append(memory.data_len(caller))
        seen.append(caller.get("nothing"))
        with pytest.raises(KeyError) as caught:
            caller["nothing"]
        seen.append(caught.value.args[0])
        return int(caller["other"](caller)) + x

    exports = calls(world, function, access_caller=True)
    assert exports["f"](world.store, 1) == 10
    assert seen == [b"hello", 65536, None, "failed to find export nothing"]
    assert kept[0].get("memory") is None
    with pytest.raises(KeyError):
        kept[0]["memory"]
    with pytest.raises(ValueError, match="caller is no longer valid"):
        exports["memory"].size(kept[0])


def test_each_caller_has_its_own_exports(world: Any) -> None:
    def function(caller: Any, x: int) -> int:
        return int(caller["memory"].data_len(caller))

    host = world.func(function, "i32", "i32", access_caller=True)
    larger = CALLS.replace('"memory") 1', '"memory") 2')
    first, second = world.exports(CALLS, host), world.exports(larger, host)
    assert first["f"](world.store, 0) == 65536
    assert second["f"](world.store, 0) == 2 * 65536
    assert first["f"](world.store, 0) == 65536


def test_a_caller_in_the_start_function(world: Any) -> None:
    found = []

    def function(caller: Any) -> None:
        found.append(bytes(caller["memory"].read(caller, 0, 2)))

    world.exports(
        """(module (import "" "" (func $host)) (memory (export "memory") 1)
             (data (i32.const 0) "hi") (start $host))""",
        world.func(function, "", access_caller=True),
    )
    world.exports(
        """(module (import "" "" (func $host)) (memory (export "memory") 1)
             (data (i32.const 0) "ho") (func $start (call $host)) (start $start))""",
        world.func(function, "", access_caller=True),
    )
    assert found[-1] == b"ho"


def test_the_host_itself_is_a_caller_without_exports(world: Any) -> None:
    found: list[Any] = []

    def function(caller: Any, x: int) -> int:
        found.append(caller.get("memory"))
        return x

    assert world.func(function, "i32", "i32", access_caller=True)(world.store, 4) == 4
    assert found == [None]


def test_what_a_function_is_made_of(world: Any) -> None:
    wasmtime = world.wasmtime
    with pytest.raises(TypeError, match="expected a FuncType"):
        wasmtime.Func(world.store, 3, len)
    with pytest.raises(TypeError, match="expected a Store"):
        wasmtime.Func(3, world.func_type(""), len)
    type_ = world.func(len, "i32 f64", "i64").type(world.store)
    assert [str(each) for each in type_.params + type_.results] == ["i32", "f64", "i64"]


def test_calls_within_calls(world: Any) -> None:
    exports: list[Any] = []

    def function(x: int) -> int:
        return int(exports[0]["f"](world.store, x - 1)) + 1 if x else 0

    exports.append(calls(world, function))
    assert exports[0]["f"](world.store, 5) == 5


def test_a_trap_inside_passes_the_host(world: Any) -> None:
    inner = world.exports('(module (func $in (export "f") unreachable))')
    exports = calls(world, lambda x: inner["f"](world.store))
    with pytest.raises(world.wasmtime.Trap) as caught:
        exports["f"](world.store, 1)
    assert caught.value.frames[0].func_name == "in"


def test_host_functions_that_call_without_end(world: Any) -> None:
    exports: list[Any] = []

    def function(x: int) -> int:
        return int(exports[0]["f"](world.store, x))

    exports.append(calls(world, function))
    with pytest.raises((RecursionError, world.wasmtime.Trap)):
        exports[0]["f"](world.store, 1)
    exports[0] = calls(world, lambda x: x)
    assert exports[0]["f"](world.store, 1) == 1
