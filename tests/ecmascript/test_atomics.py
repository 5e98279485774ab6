"""``Atomics`` (ECMA-262 §25.4): accesses, and what is checked before anybody waits."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import pytest

from pyjsapi import Atomics
from pyjsapi.blocks.waiting import WaiterPolicy, set_policy
from pyjsapi.ecmascript import (
    TYPED_ARRAYS,
    ArrayBuffer,
    BigInt64Array,
    BigUint64Array,
    DataView,
    Float64Array,
    Int8Array,
    Int16Array,
    Int32Array,
    RangeError,
    SharedArrayBuffer,
    Uint8Array,
    Uint8ClampedArray,
    Uint16Array,
    Uint32Array,
)

SIGNED = (Int8Array, Int16Array, Int32Array, BigInt64Array)
UNSIGNED = (Uint8Array, Uint16Array, Uint32Array, BigUint64Array)
WAITABLE = (Int32Array, BigInt64Array)
BUFFERS = (ArrayBuffer, SharedArrayBuffer)
UPDATES = ("add", "sub", "and_", "or_", "xor", "exchange")
WAITING = ("wait", "waitAsync", "notify")


@pytest.fixture
def may_not_block() -> Iterator[None]:
    set_policy(WaiterPolicy(False))
    try:
        yield
    finally:
        set_policy(None)


@pytest.fixture
def may_block() -> Iterator[None]:
    set_policy(WaiterPolicy(True))
    try:
        yield
    finally:
        set_policy(None)


@pytest.mark.parametrize("buffer", BUFFERS)
@pytest.mark.parametrize("kind", SIGNED + UNSIGNED)
def test_at_1_every_access_on_every_kind_of_integers(kind: Any, buffer: Any) -> None:
    size = kind.BYTES_PER_ELEMENT
    array = kind(buffer(4 * size), size, 2)
    bits = 8 * size
    low = -(1 << bits - 1) if kind in SIGNED else 0
    high = low + (1 << bits) - 1
    assert Atomics.store(array, 1, high) == high
    assert Atomics.load(array, 1) == array[1] == high
    assert Atomics.add(array, 1, 2) == high
    assert Atomics.sub(array, 1, 3) == low + 1
    assert Atomics.load(array, 1) == high - 1
    assert Atomics.exchange(array, 1, 0b1100) == high - 1
    assert Atomics.and_(array, 1, 0b0110) == 0b1100
    assert Atomics.or_(array, 1, 0b0011) == 0b0100
    assert Atomics.xor(array, 1, 0b0101) == 0b0111
    assert Atomics.compareExchange(array, 1, 0, 9) == 0b0010
    assert Atomics.compareExchange(array, 1, 0b0010, 9) == 0b0010
    assert Atomics.load(array, 1) == 9
    assert list(kind(array.buffer)) == [0, 0, 9, 0]


def test_at_1_the_names_that_python_reserves() -> None:
    array = Uint8Array([6])
    assert getattr(Atomics, "and")(array, 0, 3) == 6
    assert getattr(Atomics, "or")(array, 0, 8) == 2
    assert array[0] == 10


@pytest.mark.parametrize("kind", [*TYPED_ARRAYS, None])
def test_at_1_only_integers_are_accessed(kind: Any) -> None:
    array = DataView(SharedArrayBuffer(16)) if kind is None else kind(SharedArrayBuffer(16))
    fits = kind in SIGNED + UNSIGNED
    for name in UPDATES:
        if fits:
            getattr(Atomics, name)(array, 0, 1)
        else:
            with pytest.raises(TypeError, match="integer typed array"):
                getattr(Atomics, name)(array, 0, 1)
    for name in WAITING:
        if kind not in WAITABLE:
            with pytest.raises(TypeError, match="Int32Array or BigInt64Array"):
                getattr(Atomics, name)(array, 0, 0)


def test_at_2_values_are_wrapped_where_they_are_stored_only() -> None:
    array = Int8Array(SharedArrayBuffer(8))
    assert Atomics.store(array, 0, 300) == 300
    assert Atomics.load(array, 0) == 44
    assert Atomics.store(array, 0, 3.7) == 3
    assert Atomics.store(array, 0, math.inf) == math.inf
    assert array[0] == 0
    stored = Atomics.store(array, 0, -0.0)
    assert (stored, math.copysign(1, stored)) == (0, 1)
    assert Atomics.store(array, 0, math.nan) == 0
    assert Atomics.store(array, 0, "0x10") == 16
    assert Atomics.store(array, 0) == 0
    wide = BigInt64Array(1)
    assert Atomics.store(wide, 0, 1 << 64 | 5) == 1 << 64 | 5
    assert wide[0] == 5
    with pytest.raises(TypeError):
        Atomics.store(wide, 0, 1.0)


def test_at_2_both_operands_of_compare_exchange_are_wrapped() -> None:
    array = Uint8Array(SharedArrayBuffer(4))
    array[0] = 0x11
    assert Atomics.compareExchange(array, 0, 0x111, 0x42) == 17
    assert array[0] == 0x42
    assert Atomics.compareExchange(array, 0, 0x42, -1) == 0x42
    assert array[0] == 255


@pytest.mark.parametrize("index", [-1, 4, 1e9, -0.5 - 1, math.inf, 2**60, "4"])
@pytest.mark.parametrize("name", ["load", "store", "compareExchange", *UPDATES, *WAITING])
def test_at_2_an_index_outside_is_a_range_error(name: str, index: Any) -> None:
    array = Int32Array(SharedArrayBuffer(16))
    with pytest.raises(RangeError):
        getattr(Atomics, name)(array, index, *(() if name == "load" else (0,)))


def test_at_2_an_index_is_converted() -> None:
    array = Int32Array([1, 2, 3])
    assert [Atomics.load(array, index) for index in (None, 1.9, "2", -0.5, True)] == [1, 2, 3, 1, 2]


def test_at_2_the_array_is_checked_before_the_index_and_the_index_before_the_value() -> None:
    asked = []

    class Number:
        def __init__(self, name: str) -> None:
            self.name = name

        def valueOf(self) -> int:
            asked.append(self.name)
            return 7

    with pytest.raises(TypeError):
        Atomics.add(Float64Array(1), Number("index"), Number("value"))
    assert asked == []
    with pytest.raises(RangeError):
        Atomics.add(Int8Array(7), Number("index"), Number("value"))
    assert asked == ["index"]
    with pytest.raises(TypeError, match="SharedArrayBuffer"):
        Atomics.wait(Int32Array(7), Number("index"), Number("value"))
    assert asked == ["index"]


def test_at_2_a_buffer_that_changes_during_a_conversion() -> None:
    buffer = ArrayBuffer(4, maxByteLength=8)
    array = Int8Array(buffer)

    class Shrinks:
        def valueOf(self) -> int:
            buffer.resize(1)
            return 1

    with pytest.raises(RangeError):
        Atomics.add(array, 3, Shrinks())

    class Detaches:
        def valueOf(self) -> int:
            buffer.transfer()
            return 1

    with pytest.raises(TypeError, match="detached"):
        Atomics.store(array, 0, Detaches())
    with pytest.raises(TypeError, match="detached"):
        Atomics.load(array, 0)


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        (1, True),
        (2, True),
        (4, True),
        (8, True),
        (0, False),
        (3, False),
        (16, False),
        (None, False),
    ],
)
def test_at_1_is_lock_free(size: Any, expected: bool) -> None:
    assert Atomics.isLockFree(size) is expected
    assert Atomics.isLockFree("4.9")


def test_at_3_pause() -> None:
    for number in (None, 0, 5, -3, 2.0):
        Atomics.pause(number)
    Atomics.pause()
    wrong: tuple[object, ...] = (1.5, "1", True, math.inf, math.nan, [], {})
    for argument in wrong:
        with pytest.raises(TypeError):
            Atomics.pause(argument)


@pytest.mark.usefixtures("may_block")
@pytest.mark.parametrize("kind", WAITABLE)
def test_at_1_waiting_that_is_over_at_once(kind: Any) -> None:
    array = kind(SharedArrayBuffer(16))
    assert Atomics.wait(array, 1, 1) == "not-equal"
    for timeout in (0, -5, -math.inf, -0.0, 1e-7):
        assert Atomics.wait(array, 1, 0, timeout) == "timed-out"
    assert Atomics.wait(array, 1, 1 << kind.BYTES_PER_ELEMENT * 8, 0) == "timed-out"
    assert array.buffer._block.waiting() == 0


@pytest.mark.usefixtures("may_block")
@pytest.mark.parametrize("name", ["wait", "waitAsync"])
def test_at_1_only_shared_buffers_are_waited_on(name: str) -> None:
    with pytest.raises(TypeError, match="SharedArrayBuffer"):
        getattr(Atomics, name)(Int32Array(4), 99, 0, 0)


@pytest.mark.usefixtures("may_not_block")
def test_sm_19_an_agent_that_must_not_block_cannot_wait_even_where_values_differ() -> None:
    array = Int32Array(SharedArrayBuffer(8))
    for value in (0, 1):
        with pytest.raises(TypeError, match="must not block"):
            Atomics.wait(array, 0, value, 0)
    with pytest.raises(RangeError):  # which is found before
        Atomics.wait(array, 9, 0, 0)
    assert Atomics.waitAsync(array, 0, 1) == {"async": False, "value": "not-equal"}
    result = Atomics.waitAsync(array, 0, 0)
    assert getattr(result, "async") is result["async"] is True
    assert Atomics.notify(array, 0) == 1
    assert Atomics.notify(array, 0) == 0


def test_at_1_nobody_waits_at_a_buffer_that_is_not_shared() -> None:
    array = Int32Array(4)
    assert Atomics.notify(array, 0) == 0
    with pytest.raises(RangeError):
        Atomics.notify(array, 4)


def test_at_2_a_clamped_array_is_refused_with_its_name() -> None:
    with pytest.raises(TypeError, match="not Uint8ClampedArray"):
        Atomics.add(Uint8ClampedArray(1), 0, 1)
