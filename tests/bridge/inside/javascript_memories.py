"""Shared memories of JavaScript: run inside Pyodide by `test_web_workers.py`, in this order."""

from __future__ import annotations

import gc

import js

from pyjsapi import (
    Atomics,
    BigInt64Array,
    DataView,
    Float64Array,
    Int8Array,
    Int32Array,
    RangeError,
    SharedArrayBuffer,
    Uint8Array,
    Uint16Array,
    WebAssembly,
    javascript,
    wat2wasm,
)
from pyjsapi.blocks.foreign_bytes import ForeignView
from pyjsapi.bridge.link.connection import connection
from pyjsapi.bridge.link.hooks import LINK
from tests.bridge.inside.helpers import PAGE, raises, run_soon, shared

PLAIN = WebAssembly.Memory(initial=1, maximum=2, shared=True)
"""Made before anybody asked for memories of JavaScript: its bytes are in Python."""


# ---- the bytes


def case_memories_are_in_python_until_somebody_asks() -> None:
    assert not javascript.is_enabled()
    assert isinstance(PLAIN.buffer._data, memoryview)
    assert "enable()" in raises(ValueError, javascript.to_javascript, PLAIN)
    javascript.enable()
    assert javascript.is_enabled()
    assert isinstance(shared().buffer._data, ForeignView)
    assert not isinstance(WebAssembly.Memory(initial=1).buffer._data, ForeignView)


def case_javascript_has_the_same_bytes() -> None:
    memory = shared()
    native = javascript.to_javascript(memory)
    assert native.buffer.constructor.name == "SharedArrayBuffer"
    view, theirs = Int32Array(memory.buffer), js.Int32Array.new(native.buffer)
    view[3] = -77
    assert theirs[3] == -77
    js.Atomics.add(theirs, 3, 80)
    assert view[3] == 3
    assert javascript.to_javascript(memory) == native


def case_a_memory_of_javascript_is_one_here() -> None:
    descriptor = js.Object.fromEntries([["initial", 1], ["maximum", 3], ["shared", True]])
    native = js.WebAssembly.Memory.new(descriptor)
    memory = javascript.from_javascript(native, 3)
    js.Int32Array.new(native.buffer)[1] = 12
    assert Int32Array(memory.buffer)[1] == 12
    assert native.grow(1) == 1
    assert memory.buffer.byteLength == 2 * PAGE
    assert memory.grow(1) == 2
    assert native.buffer.byteLength == 3 * PAGE
    raises(RangeError, memory.grow, 1)
    raises(ValueError, javascript.from_javascript, native, 2)
    raises(ValueError, javascript.from_javascript, native, 65537)
    unshared = js.WebAssembly.Memory.new(js.Object.fromEntries([["initial", 1]]))
    for thing in (unshared, js.Object.new(), memory, None):
        raises(TypeError, javascript.from_javascript, thing, 3)


def case_typed_arrays_reach_them() -> None:
    buffer = shared().buffer
    array = Uint8Array(buffer)
    array[0:4] = b"abcd"
    assert array[0:4].tobytes() == b"abcd"
    assert array[3::-1].tobytes() == b"dcba"
    array.set([9, 8, 7], 1)
    assert list(array[:5]) == [97, 9, 8, 7, 0]
    part = array.subarray(1, 4)
    part.sort()
    assert list(part) == [7, 8, 9]
    part.reverse()
    part.fill(5, 2)
    assert list(array[:5]) == [97, 9, 8, 5, 0]
    part.copyWithin(0, 1)
    assert list(part) == [8, 5, 5]
    wide = Uint16Array(buffer, 16, 4)
    wide[:] = [1, 0xFFFF, 3, 2]
    wide.sort()
    assert list(wide) == [1, 2, 3, 0xFFFF]
    assert wide.indexOf(3) == 2
    assert list(array[16:24]) == [1, 0, 2, 0, 3, 0, 255, 255]
    assert list(Uint16Array(wide)) == [1, 2, 3, 0xFFFF]
    Float64Array(buffer, 32, 1)[0] = -1.5
    assert Float64Array(buffer)[4] == -1.5
    assert Int8Array(buffer)[39] == -65
    assert BigInt64Array(buffer, 40, 1)[0] == 0
    overlapping = Uint8Array(buffer, 16, 8)
    overlapping.set(array.subarray(15, 23))
    assert list(overlapping) == [0, 1, 0, 2, 0, 3, 0, 255]


def case_data_views_reach_them() -> None:
    buffer = shared().buffer
    view = DataView(buffer, 8)
    view.setFloat64(0, 1.5)
    assert view.getFloat64(0) == 1.5
    view.setBigUint64(3, 2**63 + 1, True)
    assert view.getBigUint64(3, True) == 2**63 + 1
    assert Uint8Array(buffer)[18] == 128
    raises(RangeError, view.getUint8, PAGE - 8)


def case_atomics_reach_them() -> None:
    array = Int32Array(shared().buffer)
    assert Atomics.store(array, 0, -5) == -5
    assert Atomics.add(array, 0, 7) == -5
    assert Atomics.sub(array, 0, 1) == 2
    assert Atomics.or_(array, 0, 6) == 1
    assert Atomics.and_(array, 0, 3) == 7
    assert Atomics.xor(array, 0, 1) == 3
    assert Atomics.exchange(array, 0, 100) == 2
    assert Atomics.compareExchange(array, 0, 100, -1) == 100
    assert Atomics.compareExchange(array, 0, 100, 5) == -1
    assert Atomics.load(array, 0) == -1
    small = Int8Array(array.buffer)
    assert Atomics.add(small, 9, 200) == 0
    assert Atomics.load(small, 9) == -56
    assert Atomics.compareExchange(small, 9, -56, 1) == -56
    wide = BigInt64Array(array.buffer)
    assert Atomics.sub(wide, 2, 1) == 0
    assert Atomics.load(wide, 2) == -1


def case_modules_in_python_reach_them() -> None:
    memory = shared()
    module = WebAssembly.Module(
        wat2wasm("""(module (memory (import "" "m") 1 4 shared)
          (func (export "add") (param i32 i32) (result i32)
            (i32.atomic.rmw.add (local.get 0) (local.get 1)))
          (func (export "notify") (result i32)
            (memory.atomic.notify (i32.const 0) (i32.const 9)))
          (func (export "wait") (result i32)
            (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const 1)))
          (func (export "size") (result i32) (memory.size))
          (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0))))""")
    )
    exports = WebAssembly.Instance(module, {"": {"m": memory}}).exports
    assert exports.add(8, 5) == 0
    assert js.Int32Array.new(javascript.to_javascript(memory).buffer)[2] == 5
    assert exports.notify() == 0
    # This agent may not wait.
    raises(WebAssembly.RuntimeError, exports.wait)
    assert exports.grow(1) == 1
    assert javascript.to_javascript(memory).grow(1) == 2
    assert exports.size() == 3
    assert exports.grow(2) == -1
    raises(WebAssembly.RuntimeError, exports.add, 3 * PAGE, 1)


def case_a_native_module_shares_them() -> None:
    memory = shared()
    source = wat2wasm("""(module (memory (import "" "m") 1 4 shared)
      (func (export "count") (param i32)
        (loop (drop (i32.atomic.rmw.add (i32.const 64) (i32.const 1)))
          (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))))""")
    data = js.Uint8Array.new(len(source))
    data.assign(source)
    imports = js.Object.fromEntries(
        [["", js.Object.fromEntries([["m", javascript.to_javascript(memory)]])]]
    )
    instance = js.WebAssembly.Instance.new(js.WebAssembly.Module.new(data), imports)
    theirs = instance.exports.count
    ours = WebAssembly.Instance(WebAssembly.Module(source), {"": {"m": memory}}).exports.count
    for _ in range(10):
        theirs(100)
        ours(10)
    assert Int32Array(memory.buffer)[16] == 1100


# ---- buffers (SM-4 to SM-7)


def case_sm4_a_fixed_buffer_keeps_its_length() -> None:
    memory = shared(1, 2)
    old = memory.buffer
    assert memory.grow(1) == 1
    assert memory.buffer is not old
    assert (old.byteLength, memory.buffer.byteLength) == (PAGE, 2 * PAGE)
    Uint8Array(old)[0] = 1
    assert Uint8Array(memory.buffer)[0] == 1
    now = memory.buffer
    raises(RangeError, memory.grow, 1)
    assert memory.buffer is now


def case_sm5_growing_by_nothing_keeps_the_buffer() -> None:
    memory = shared()
    buffer = memory.buffer
    assert memory.grow(0) == 1
    assert memory.buffer is buffer


def case_sm6_growth_elsewhere_shows_when_the_buffer_is_looked_at() -> None:
    memory, other = shared(), shared()
    buffer, others = memory.buffer, other.buffer
    javascript.to_javascript(memory).grow(2)
    assert buffer.byteLength == PAGE
    assert memory.buffer is not buffer
    assert memory.buffer.byteLength == 3 * PAGE
    assert other.buffer is others


def case_each_growth_gives_another_size_whatever_this_worker_knows() -> None:
    # Engines tell a worker only now and then how long a memory is that another one grows.
    module = WebAssembly.Module(
        wat2wasm("""(module (memory (import "m" "m") 1 3 shared)
          (func (export "grow") (result i32) (memory.grow (i32.const 1))))""")
    )
    memory = shared(1, 3)
    grow = WebAssembly.Instance(module, {"m": {"m": memory}}).exports.grow
    told = LINK.byte_length
    LINK.byte_length = lambda _: PAGE
    try:
        assert [grow() for _ in range(3)] == [1, 2, -1]
    finally:
        LINK.byte_length = told
    assert memory.buffer.byteLength == 3 * PAGE


def case_sm7_growable_buffers_follow_the_memory() -> None:
    memory = shared(1, 4)
    buffer = memory.toResizableBuffer()
    assert (buffer.growable, buffer.maxByteLength, buffer.byteLength) == (True, 4 * PAGE, PAGE)
    view = Uint8Array(buffer)
    buffer.grow(3 * PAGE)
    assert memory.grow(0) == 3
    assert memory.buffer is buffer
    assert len(view) == 3 * PAGE
    for length in (3 * PAGE + 1, PAGE, 2**40):
        raises(RangeError, buffer.grow, length)
    javascript.to_javascript(memory).grow(1)
    assert buffer.byteLength == 4 * PAGE
    fixed = memory.toFixedLengthBuffer()
    assert fixed is not buffer
    assert (fixed.growable, fixed.byteLength) == (False, 4 * PAGE)
    assert (buffer.growable, buffer.byteLength) == (True, 4 * PAGE)


def case_a_shared_array_buffer_has_its_own_length() -> None:
    buffer = SharedArrayBuffer(100)
    array = Uint8Array(buffer)
    array[99] = 3
    assert (len(array), array[99], buffer.byteLength) == (100, 3, 100)
    assert buffer.slice(98).byteLength == 2
    growable = SharedArrayBuffer(8, {"maxByteLength": 16})
    growable.grow(12)
    assert growable.byteLength == 12


def case_a_memory_too_large_is_refused() -> None:
    raises(RangeError, lambda: WebAssembly.Memory(initial=65536, maximum=65537, shared=True))


def case_memories_that_nobody_has_leave_nothing_behind() -> None:
    gc.collect()
    before = connection().live.memories
    for _ in range(20):
        Int32Array(shared().buffer)[0] = 1
    gc.collect()
    assert connection().live.memories == before


# ---- waiting without blocking


async def case_wait_async_and_javascript_wake_each_other() -> None:
    memory = shared()
    array = Int32Array(memory.buffer)
    theirs = js.Int32Array.new(javascript.to_javascript(memory).buffer)
    waiting = Atomics.waitAsync(array, 4, 0)
    assert waiting["async"]
    assert js.Atomics.notify(theirs, 4) == 1
    assert await waiting["value"] == "ok"
    promise = js.Atomics.waitAsync(theirs, 5, 0)
    assert Atomics.notify(array, 5) == 1
    assert await promise.value == "ok"
    wide = BigInt64Array(memory.buffer)
    wide[4] = -3
    waiting = Atomics.waitAsync(wide, 4, -3)
    assert Atomics.notify(array, 8) == 1
    assert await waiting["value"] == "ok"


async def case_wait_async_gives_up() -> None:
    memory = shared()
    array = Int32Array(memory.buffer)
    theirs = js.Int32Array.new(javascript.to_javascript(memory).buffer)
    assert Atomics.waitAsync(array, 0, 1) == {"async": False, "value": "not-equal"}
    assert Atomics.waitAsync(array, 0, 0, 0) == {"async": False, "value": "timed-out"}
    ours, later = Atomics.waitAsync(array, 0, 0, 5), js.Atomics.waitAsync(theirs, 0, 0, 50)
    assert await ours["value"] == "timed-out"
    # Only the engine takes the waiter out of its queue, at a time of its own, but one after the other. Node does not
    # stay for that.
    stays = js.setInterval(js.Function.new(""), 10)
    assert await later.value == "timed-out"
    js.clearInterval(stays)
    assert Atomics.notify(array, 0) == 0


async def case_a_notification_for_who_has_left_goes_to_the_next() -> None:
    array = Int32Array(shared().buffer)
    left, stays = Atomics.waitAsync(array, 0, 0), Atomics.waitAsync(array, 0, 0)
    left["value"].cancel()
    await run_soon()
    Atomics.notify(array, 0, 1)
    assert await stays["value"] == "ok"


async def case_who_has_been_cancelled_is_not_counted_where_the_queue_is_emptied() -> None:
    memory = shared()
    array = Int32Array(memory.buffer)
    notify = WebAssembly.Instance(
        WebAssembly.Module(
            wat2wasm("""(module (memory (import "" "m") 1 4 shared)
              (func (export "notify") (param i32) (result i32)
                (memory.atomic.notify offset=4 (i32.const 4) (local.get 0))))""")
        ),
        {"": {"m": memory}},
    ).exports.notify
    for wake in (lambda count: Atomics.notify(array, 2, count), notify):
        promises = [Atomics.waitAsync(array, 2, 0)["value"] for _ in range(3)]
        promises[1].cancel()
        await run_soon()
        assert wake(9) == 2
        await run_soon()
        assert [promise.done() for promise in promises] == [True] * 3
        assert wake(9) == 0
        cancelled = Atomics.waitAsync(array, 2, 0)["value"]
        cancelled.cancel()
        await run_soon()
        assert wake(9) == 0


async def case_who_has_timed_out_in_the_engine_is_not_taken_for_one_who_has_left() -> None:
    array = Int32Array(shared().buffer)
    assert await Atomics.waitAsync(array, 0, 0, 3)["value"] == "timed-out"
    await run_soon()
    stays = Atomics.waitAsync(array, 0, 0)["value"]
    assert Atomics.notify(array, 0) == 1
    assert await stays == "ok"


def case_this_agent_may_not_block() -> None:
    array = Int32Array(shared().buffer)
    raises(TypeError, Atomics.wait, array, 0, 0, 0)
