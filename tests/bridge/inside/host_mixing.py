"""Memories, tables and globals that two engines use, the engine of JavaScript one of them; see host_engine.py."""

import weakref
from collections.abc import Callable
from functools import partial
from typing import Any

from pyjsapi import Int32Array, RangeError, Uint8Array, WebAssembly, engines, null
from pyjsapi.bridge.engine.hooks import NATIVE
from pyjsapi.text import wat2wasm

engines.use("host")
HOST = engines.engine("host")


def module(text: str) -> WebAssembly.Module:
    return WebAssembly.Module(wat2wasm(text))


def exports(text: str, imports: Any = None) -> Any:
    return WebAssembly.Instance(module(text), imports).exports


def in_python(text: str, imports: Any = None) -> Any:
    """The exports of an instance of the Python engine."""
    with engines.using("python"):
        return exports(text, imports)


def raises(
    kind: type[BaseException] | tuple[type[BaseException], ...],
    call: Callable[[], Any],
    words: str = "",
) -> BaseException:
    try:
        call()
    except kind as error:
        assert words in str(error), error
        return error
    raise AssertionError(f"no {kind}")


USES_MEMORY = """(module (memory (import "e" "m") 1 10)
  (func (export "load") (param i32) (result i32) (i32.load (local.get 0)))
  (func (export "store") (param i32 i32) (i32.store (local.get 0) (local.get 1)))
  (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
  (func (export "sum") (param $n i32) (result i32) (local $sum i32)
    (loop $next
      (local.set $sum (i32.add (local.get $sum) (i32.load (local.get $n))))
      (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 4)))))
    (local.get $sum)))"""
USES_TABLE = """(module (type $f (func (result i32))) (table (import "e" "t") 2 funcref)
  (func $nine (export "nine") (result i32) (i32.const 9)) (elem declare func $nine)
  (func (export "call") (param i32) (result i32) (call_indirect (type $f) (local.get 0)))
  (func (export "put") (param i32) (table.set (local.get 0) (ref.func $nine))))"""
USES_GLOBAL = """(module (global $g (import "e" "g") (mut i64))
  (func (export "get") (result i64) (global.get $g)) (func (export "set") (param i64) (global.set $g (local.get 0))))"""


def case_en_12_a_floating_memory_becomes_native_with_its_buffer_and_views() -> None:
    with engines.using("python"):
        memory = WebAssembly.Memory(initial=1, maximum=10)
    buffer: Any = memory.buffer
    words, other = Int32Array(buffer), weakref.ref(memory)
    words[3] = 77
    made = exports(USES_MEMORY, {"e": {"m": memory}})
    assert memory._memory.held_by == "host"
    assert memory.buffer is buffer is words.buffer
    assert words[3] == 77 == made.load(12)
    words[3] = 78
    assert made.load(12) == 78
    made.store(12, 79)
    assert words[3] == 79 == Uint8Array(buffer)[12]
    assert memory.type()["maximum"] == 10
    raises(BufferError, lambda: buffer.mv, "no memoryview")
    assert made.grow(1) == 1
    assert buffer.detached and len(words) == 0 and memory.buffer is not buffer
    assert memory.buffer.byteLength == 2 * 65536 and Int32Array(memory.buffer)[3] == 79
    assert memory.grow(1) == 2 and other() is memory


def case_en_12_a_resizable_buffer_goes_along_where_there_are_such() -> None:
    with engines.using("python"):
        memory = WebAssembly.Memory(initial=1, maximum=10)
    buffer: Any = memory.toResizableBuffer()
    buffer_of_bytes, resize = Uint8Array(buffer), buffer.resize
    buffer_of_bytes[0] = 5
    if not NATIVE.can_be_resizable():
        made = partial(exports, USES_MEMORY, {"e": {"m": memory}})
        raises(WebAssembly.LinkError, made, "no resizable buffers")
        assert memory.buffer is buffer and buffer_of_bytes[0] == 5
        return
    made = exports(USES_MEMORY, {"e": {"m": memory}})
    assert memory.buffer is buffer and made.load(0) == 5
    assert made.grow(1) == 1 and buffer.byteLength == 2 * 65536 == len(buffer_of_bytes)
    resize(3 * 65536)
    assert made.grow(0) == 3


def case_en_12_floating_tables_and_globals_become_native() -> None:
    seven = in_python('(module (func (export "f") (result i32) (i32.const 7)))').f
    table = WebAssembly.Table(element="anyfunc", initial=2, maximum=5)
    table.set(1, seven)
    made = exports(USES_TABLE, {"e": {"t": table}})
    assert table._table.held_by == "host"
    assert table.get(1) is seven and table.get(0) is null and made.call(1) == 7
    made.put(0)
    assert table.get(0) is made.nine and table.grow(3) == 2 and len(table) == 5
    raises(RangeError, lambda: table.grow(1), "may have 5")
    assert in_python(USES_TABLE, {"e": {"t": table}}).call(0) == 9
    cell = WebAssembly.Global({"value": "i64", "mutable": True}, 1 << 40)
    made = exports(USES_GLOBAL, {"e": {"g": cell}})
    assert cell._global.held_by == "host"
    assert cell.value == 1 << 40 == made.get()
    made.set(-3)
    assert cell.value == -3
    in_python(USES_GLOBAL, {"e": {"g": cell}}).set(10)
    assert cell.value == 10 == made.get()


def case_en_13_a_memory_that_instances_of_the_python_engine_have_is_taken_over() -> None:
    ours = in_python(USES_MEMORY.replace('(import "e" "m")', '(export "m")'))
    for address in range(0, 404, 4):
        ours.store(address, 1)
    assert ours.sum(400) == 100
    theirs = exports(USES_MEMORY, {"e": {"m": ours.m}})
    assert ours.sum(400) == 100 == theirs.sum(400)
    theirs.store(400, 901)
    assert ours.sum(400) == 1000
    ours.store(400, 1)
    assert theirs.sum(400) == 100
    assert theirs.grow(1) == 1 and ours.grow(1) == 2 and theirs.grow(0) == 3
    ours.store(3 * 65536 - 4, 5)
    assert theirs.load(3 * 65536 - 4) == 5
    raises(WebAssembly.RuntimeError, lambda: ours.load(3 * 65536), "out of bounds")


def case_en_13_a_memoryview_is_a_reason_not_to_take_a_memory() -> None:
    with engines.using("python"):
        memory = WebAssembly.Memory(initial=1, maximum=10)
    with memory.buffer.mv as view:
        made = partial(exports, USES_MEMORY, {"e": {"m": memory}})
        raises(WebAssembly.LinkError, made, "somebody holds a memoryview of the memory")
        view[0] = 6
    assert exports(USES_MEMORY, {"e": {"m": memory}}).load(0) == 6


def case_en_14_what_the_python_engine_has_in_use_is_refused_with_what_would_help() -> None:
    other = in_python('(module (table (export "t") 1 funcref) (global (export "g") (mut i32) (i32.const 1))'
                      '(global (export "c") i64 (i64.const 5)))')  # fmt: skip
    for kind, what, name in (
        ("table 1 funcref", "table", "t"),
        ("global (mut i32)", "global", "g"),
    ):
        text = f'(module (import "o" "{name}" ({kind})))'
        error = raises(WebAssembly.LinkError, partial(exports, text, {"o": other}))
        assert str(error) == (
            f'WebAssembly.Instance(): Import #0 "o" "{name}": the {what} belongs to the Python engine and is in use '
            'there; compile its module with engine="host", or this one with engine="python"'
        )
    made = exports(
        '(module (import "o" "c" (global $c i64)) (func (export "f") (result i64) (global.get $c)))',
        {"o": other},
    )
    assert made.f() == 5


def case_the_python_engine_takes_what_is_native() -> None:
    native = exports("""(module (memory (export "m") 1 4) (table (export "t") 3 funcref)
      (global (export "g") (mut f32) (f32.const 1.5))
      (elem (i32.const 1) $f) (type $s (func (param i32) (result i32)))
      (func $f (export "f") (param i32) (result i32) (i32.load (local.get 0)))
      (func (export "grow") (drop (memory.grow (i32.const 1)))))""")
    made = in_python("""(module (import "n" "m" (memory 1)) (import "n" "t" (table 3 funcref))
      (import "n" "g" (global $g (mut f32)))
      (import "n" "grow" (func $grow)) (type $s (func (param i32) (result i32)))
      (func (export "store") (param i32 i32) (i32.store (local.get 0) (local.get 1)))
      (func (export "call") (param i32 i32) (result i32) (call_indirect (type $s) (local.get 1) (local.get 0)))
      (func (export "size") (result i32) (call $grow) (memory.size))
      (func (export "twice") (global.set $g (f32.add (global.get $g) (global.get $g)))))""", {"n": native})  # fmt: skip
    made.store(65532, 77)
    assert native.f(65532) == 77 == made.call(1, 65532)
    raises(WebAssembly.RuntimeError, lambda: made.call(0, 0), "uninitialized element")
    raises(WebAssembly.RuntimeError, lambda: made.call(5, 0), "undefined element")
    made.twice()
    assert native.g.value == 3.0
    assert made.size() == 2 == native.m.buffer.byteLength >> 16
    made.store(131068, 5)
    assert native.f(131068) == 5


def case_what_there_is_no_native_one_of_is_pythons() -> None:
    memory = WebAssembly.Memory(initial=3, pageSize=1)
    assert memory.buffer.byteLength == 3
    text = "(module (memory 1 (pagesize 1)))"
    raises(WebAssembly.CompileError, lambda: module(text), "64 KiB only")
    assert WebAssembly.Module(wat2wasm(text), engine=["host", "python"]).engine == "python"


def case_refusals_say_what_the_engine_lacks() -> None:
    given: list[dict[str, float | None]] = [{"fuel": 5}, {"deadline": 1.0}, {"max_host_calls": 3}]
    for limits in given:
        with_limits = partial(WebAssembly.Module, wat2wasm("(module)"), limits=limits)
        raises(Exception, with_limits, next(iter(limits)))
