"""Modules with several memories, from their text to their results, inside Pyodide."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from pyjsapi import ArrayBuffer, RangeError, Uint8Array, Uint32Array, WebAssembly
from pyjsapi.text import wat2wasm

E = TypeVar("E", bound=BaseException)

TWO_MEMORIES = """
(module
  (memory $first (export "first") 1 4)
  (memory $second (export "second") 2)
  (data (memory $first) (i32.const 0) "hello")
  (func (export "copy") (param $from i32) (param $to i32) (param $length i32)
    (memory.copy $second $first (local.get $to) (local.get $from) (local.get $length)))
  (func (export "load_second") (param i32) (result i32)
    (i32.load8_u $second (local.get 0)))
  (func (export "store_second") (param i32 i64)
    (i64.store $second offset=8 (local.get 0) (local.get 1)))
  (func (export "sizes") (result i32 i32)
    (memory.size $first) (memory.size $second))
  (func (export "grow_first") (param i32) (result i32)
    (memory.grow $first (local.get 0))))
"""

ENDLESS = """
(module
  (memory 1) (memory 1)
  (func $f (export "f") (param i32) (result i32)
    (if (result i32) (local.get 0)
      (then (call $f (i32.add (local.get 0) (i32.const 1))))
      (else (i32.const 7)))))
"""


def instantiate(text: str, imports: Mapping[str, Any] | None = None) -> Any:
    """The exports of an instance."""
    module = WebAssembly.Module(wat2wasm(text))
    return WebAssembly.Instance(module, imports).exports


def raises(kind: type[E], function: Callable[..., object], *args: object) -> E:
    try:
        function(*args)
    except kind as error:
        return error
    raise AssertionError(f"{kind.__name__} was not raised")


def case_the_text_becomes_bytes_that_validate() -> None:
    data = wat2wasm(TWO_MEMORIES)
    assert data[:8] == b"\0asm\1\0\0\0"
    assert WebAssembly.validate(data) is True
    assert WebAssembly.validate(data[:-1]) is False


def case_two_memories_are_distinct_and_copied_between() -> None:
    exports = instantiate(TWO_MEMORIES)
    first, second = Uint8Array(exports.first.buffer), Uint8Array(exports.second.buffer)
    assert first[0:5].tobytes() == b"hello"
    assert second[0:5].tobytes() == bytes(5)
    exports.copy(1, 100, 4)
    assert second[100:104].tobytes() == b"ello"
    assert exports.load_second(101) == ord("l")
    exports.store_second(0, -2)
    assert second[8:16].tobytes() == (2**64 - 2).to_bytes(8, "little")
    assert list(exports.sizes()) == [1, 2]


def case_growing_one_memory_detaches_its_buffer_alone() -> None:
    exports = instantiate(TWO_MEMORIES)
    first, second = exports.first.buffer, exports.second.buffer
    assert exports.grow_first(2) == 1
    assert first.byteLength == 0
    assert second.byteLength == 2 * 65536
    assert exports.first.buffer.byteLength == 3 * 65536
    assert Uint8Array(exports.first.buffer)[0:5].tobytes() == b"hello"
    assert exports.grow_first(2) == -1


def case_the_end_of_each_memory_is_its_own() -> None:
    exports = instantiate(TWO_MEMORIES)
    assert exports.load_second(65536) == 0
    error = raises(WebAssembly.RuntimeError, exports.load_second, 2 * 65536)
    assert "out of bounds memory access" in str(error)
    raises(WebAssembly.RuntimeError, exports.copy, 65535, 0, 2)
    assert exports.load_second(0) == 0


def case_an_imported_memory_keeps_its_identity() -> None:
    memory = WebAssembly.Memory({"initial": 1, "maximum": 2})
    Uint32Array(memory.buffer)[3] = 0xDEADBEEF
    text = """
    (module
      (import "env" "mem" (memory 1 2))
      (memory 1)
      (export "mem" (memory 0))
      (func (export "get") (result i32) (i32.load (i32.const 12))))
    """
    exports = instantiate(text, {"env": {"mem": memory}})
    assert exports.mem is memory
    assert exports.get() == 0xDEADBEEF - 2**32
    assert isinstance(memory.buffer, ArrayBuffer)


async def case_instantiate_is_awaited() -> None:
    result = await WebAssembly.instantiate(wat2wasm(TWO_MEMORIES), {})
    assert result.instance.exports.load_second(0) == 0
    assert [entry["name"] for entry in WebAssembly.Module.exports(result.module)][:2] == [
        "first",
        "second",
    ]
    instance = await WebAssembly.instantiate(result.module)
    assert instance.exports.load_second(0) == 0


def case_a_host_function_is_called_and_its_error_comes_back() -> None:
    class Mine(Exception):
        pass

    seen: list[int] = []

    def host(value: int) -> int:
        seen.append(value)
        if value == 0:
            raise Mine
        return value + 1

    text = """
    (module
      (import "env" "host" (func $host (param i32) (result i32)))
      (memory 1) (memory 1)
      (func (export "down") (param i32) (result i32)
        (i32.store 1 (i32.const 0) (call $host (local.get 0)))
        (i32.load 1 (i32.const 0))))
    """
    exports = instantiate(text, {"env": {"host": host}})
    assert exports.down(41) == 42
    raises(Mine, exports.down, 0)
    assert exports.down(-2) == -1
    assert seen == [41, 0, -2]


def case_endless_recursion_is_an_error_and_the_instance_lives_on() -> None:
    exports = instantiate(ENDLESS)
    for _ in range(3):
        error = raises(RangeError, exports.f, 1)
        assert error.name == "RangeError"
        assert exports.f(0) == 7


def case_invalid_bytes_are_a_compile_error() -> None:
    error = raises(WebAssembly.CompileError, WebAssembly.Module, b"\0asm\1\0\0\0\5")
    assert isinstance(error, Exception)
    assert error.name == "CompileError"


def case_what_endless_recursion_leaves_behind_can_be_freed() -> None:
    # Freeing a chain of thousands of frames link by link overflows the engine's stack.
    import gc

    exports = instantiate(ENDLESS)
    errors = [raises(RangeError, exports.f, 1) for _ in range(2)]
    gc.collect()
    errors.clear()
    gc.collect()
    assert exports.f(0) == 7
