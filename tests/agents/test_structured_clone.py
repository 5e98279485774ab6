"""Structured clones: what can be copied, what is shared, what moves, and what cannot cross (HTML, "Safe passing")."""

from __future__ import annotations

import copy
import dataclasses
import datetime
import enum
import marshal
import pickle
import re
import sys
from array import array
from collections import OrderedDict, namedtuple
from decimal import Decimal
from pathlib import PurePosixPath
from typing import Any

import pytest

from pyjsapi import (
    ArrayBuffer,
    Atomics,
    BigInt64Array,
    DataCloneError,
    DataView,
    Float64Array,
    Int16Array,
    Int32Array,
    MessageChannel,
    RangeError,
    SharedArrayBuffer,
    Uint8Array,
    Uint16Array,
    WebAssembly,
    null,
    structuredClone,
    wat2wasm,
)
from pyjsapi.agents.serialise import serialise

PAGE = 65536


def shared(initial: int = 1, maximum: int = 4, **members: Any) -> WebAssembly.Memory:
    return WebAssembly.Memory(initial=initial, maximum=maximum, shared=True, **members)


def kind_of(value: Any) -> str:
    return type(value).__name__


# ---- values


@pytest.mark.parametrize(
    "value",
    [
        None, null, True, False, 0, -5, 1 << 200, 1.5, float("inf"), -0.0, "", "häß\0\U0001f600", "\ud800",
        b"bytes", [], [1, [2, [None, null]]], (), (1, (2, ())), {}, {"a": 1, 2: "b", (3, 4): [5]},
        set(), {1, "x", (2,)}, frozenset({frozenset({1}), (2,)}), bytearray(b"array"),
        datetime.datetime(2026, 2, 3, 4, 5, 6, 7, fold=1), datetime.date(2026, 2, 3),
        datetime.datetime(2026, 2, 3, tzinfo=datetime.timezone(datetime.timedelta(hours=-3))),
        re.compile("a+", re.IGNORECASE), re.compile(rb"\d"),
    ],
    ids=kind_of,
)  # fmt: skip
def test_values_are_copied_with_their_types(value: Any) -> None:
    copied = structuredClone([value, value])
    assert copied == [value, value]
    if not isinstance(value, (set, frozenset)):  # whose order may change
        assert repr(copied) == repr([value, value])
    assert type(copied[0]) is type(value)
    if isinstance(value, (list, dict, set, bytearray)):
        assert copied[0] is not value
    assert copied[0] is copied[1] or isinstance(value, (int, float, str, bytes, tuple, frozenset))


def test_subclasses_become_what_they_are_made_of() -> None:
    class Text(str):
        pass

    Point = namedtuple("Point", "x y")
    Level = enum.IntEnum("Level", {"HIGH": 3})
    found = structuredClone([Text("t"), Point(1, 2), Level.HIGH, OrderedDict(a=1)])
    assert found == ["t", (1, 2), 3, {"a": 1}]
    assert [type(item) for item in found] == [str, tuple, int, dict]


def test_cycles_and_shared_parts_keep_their_shape() -> None:
    ring: list[Any] = [1]
    ring.append(ring)
    part = {"p": 0}
    through: Any = ([], {"k": part})
    through[0].append(through)
    copied = structuredClone({"ring": ring, "a": part, "b": part, "through": through})
    assert copied["ring"][1] is copied["ring"] is not ring
    assert copied["a"] is copied["b"] is copied["through"][1]["k"] is not part
    assert copied["through"][0][0] is copied["through"]


def test_deep_nesting_needs_no_stack() -> None:
    value: Any = []
    for depth in range(200_000):
        value = [value] if depth % 2 else (value,)
    copied = structuredClone(value)
    depth = 0
    while copied and value:
        assert type(copied) is type(value)
        inner, value = copied[0], value[0]
        copied.clear() if isinstance(copied, list) else None
        copied = inner
        depth += 1
    assert depth == 200_000


@pytest.mark.parametrize(
    "error",
    [
        ValueError("v", 1), KeyError("k"), TypeError(), ZeroDivisionError("z"), RangeError("r"), DataCloneError("d"),
        WebAssembly.RuntimeError("unreachable"), WebAssembly.CompileError("c"), WebAssembly.LinkError("l"),
    ],
    ids=kind_of,
)  # fmt: skip
def test_errors_keep_their_class_and_text(error: Exception) -> None:
    copied = structuredClone(error)
    assert type(copied) is type(error)
    assert copied.args == error.args
    assert copied is not error


def test_errors_of_unknown_classes_keep_their_text() -> None:
    class Private(Exception):
        pass

    copied = structuredClone(
        [Private("x"), Private(), UnicodeDecodeError("utf-8", b"x", 0, 1, "why")]
    )
    assert [type(error) for error in copied][:2] == [Exception, Exception]
    assert [str(error) for error in copied][:2] == ["Private: x", "Private"]
    assert "why" in str(copied[2])


@pytest.mark.parametrize(
    "value",
    [object(), lambda: None, len, int, 1j, iter([]), re, ..., MessageChannel()],
    ids=lambda value: type(value).__name__,
)
def test_other_objects_cannot_be_cloned(value: Any) -> None:
    for wrapped in (value, [value], {"k": (1, value)}):
        with pytest.raises(DataCloneError, match="could not be cloned") as caught:
            structuredClone(wrapped)
        assert (caught.value.name, caught.value.code) == ("DataCloneError", 25)


@dataclasses.dataclass
class Point:
    x: int


class Colour(enum.Enum):
    RED = "red"


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (Point(1), "Point(x=1) could not be cloned: post dataclasses.asdict(it)"),
        (Decimal("1.5"), "Decimal('1.5') could not be cloned: post str(it)"),
        (PurePosixPath("/a"), "PurePosixPath('/a') could not be cloned: post str(it)"),
        (1 + 2j, "(1+2j) could not be cloned: post its real and imag"),
        (Colour.RED, "<Colour.RED: 'red'> could not be cloned: post its value"),
        (len, "<built-in function len> could not be cloned: "
            "a worker finds functions and classes by importing their module"),
    ],
)  # fmt: skip
def test_the_error_says_what_to_post_instead(value: Any, message: str) -> None:
    with pytest.raises(DataCloneError) as caught:
        structuredClone([value])
    assert str(caught.value) == message


# ---- numbers and arrays of others


def test_arrays_of_python_become_typed_arrays() -> None:
    source = array("h", [1, -2])
    found = structuredClone([source, source, memoryview(b"abcdef")[1:5:2], array("d", [0.5])])
    assert [type(item) for item in found] == [Int16Array, Int16Array, Uint8Array, Float64Array]
    assert found[0] is found[1]
    assert [list(item) for item in found] == [[1, -2], [1, -2], [98, 100], [0.5]]


NUMPY_ARRAYS = {
    "int8": "Int8Array", "uint8": "Uint8Array", "int16": "Int16Array", "uint16": "Uint16Array", "int32": "Int32Array",
    "uint32": "Uint32Array", "int64": "BigInt64Array", "uint64": "BigUint64Array", "float16": "Float16Array",
    "float32": "Float32Array", "float64": "Float64Array", "longlong": "BigInt64Array", "ulonglong": "BigUint64Array",
}  # fmt: skip


@pytest.mark.parametrize("name", NUMPY_ARRAYS)
def test_numpy_arrays_and_scalars_are_copied(name: str) -> None:
    numpy = pytest.importorskip("numpy")
    source = numpy.arange(5).astype(name)
    array_, part, scalar, key = structuredClone([source, source[::2], source[3], {source[4]: 1}])
    assert type(array_).__name__ == type(part).__name__ == NUMPY_ARRAYS[name]
    assert [list(array_), list(part)] == [[0, 1, 2, 3, 4], [0, 2, 4]]
    assert (scalar, type(scalar)) == (3, float if name.startswith("float") else int)
    assert key == {4: 1}
    array_[0] = 9
    assert source[0] == 0


def test_numpy_arrays_without_a_typed_array_are_refused_with_advice() -> None:
    numpy = pytest.importorskip("numpy")
    assert structuredClone(numpy.bool_(True)) is True
    for value, message in (
        (
            numpy.zeros((2, 3)),
            "this ndarray of 2 dimensions could not be cloned: post one of 1 dimension, and its shape",
        ),
        (
            numpy.array([1j]),
            "this ndarray of elements complex128 could not be cloned: there is no such typed array; "
            "convert the elements, or post the bytes",
        ),
        (
            numpy.array([1], dtype=">i4" if sys.byteorder == "little" else "<i4"),
            "this ndarray of elements >i4 could not be cloned: there is no such typed array; "
            "convert the elements, or post the bytes",
        ),
    ):
        with pytest.raises(DataCloneError) as caught:
            structuredClone({"k": value})
        assert str(caught.value) == message


def test_scalars_of_numpy_that_are_no_numbers_are_refused_with_advice() -> None:
    numpy = pytest.importorskip("numpy")
    for value in (numpy.datetime64("2020-01-01"), numpy.complex64(1j)):
        with pytest.raises(DataCloneError) as caught:
            structuredClone(value)
        assert str(caught.value) == (
            f"{value!r} could not be cloned: post str(it), or another value that it is made from"
        )


def test_numpy_crosses_to_a_process() -> None:
    numpy = pytest.importorskip("numpy")
    message = serialise([numpy.arange(3, dtype="int32"), numpy.int64(7)])
    assert marshal.loads(marshal.dumps(message.records)) == message.records


# ---- buffers


def test_buffers_are_copied_and_views_follow_them() -> None:
    buffer = ArrayBuffer(16, maxByteLength=32)
    numbers = Uint16Array(buffer, 2, 3)
    views = [
        numbers,
        Float64Array(buffer),
        DataView(buffer, 4, 4),
        Uint8Array(buffer, 1),
    ]
    numbers[0] = 0x1234
    copied = structuredClone([buffer, *views])
    new = copied[0]
    assert (new.byteLength, new.maxByteLength, new.resizable) == (16, 32, True)
    assert all(view.buffer is new for view in copied[1:])
    assert [type(view) for view in copied[1:]] == [type(view) for view in views]
    assert [view.byteOffset for view in copied[1:]] == [2, 0, 4, 1]
    assert [view.byteLength for view in copied[1:]] == [6, 16, 4, 15]
    assert copied[1][0] == 0x1234
    copied[1][0] = 1
    assert numbers[0] == 0x1234
    new.resize(24)
    assert [view.byteLength for view in copied[1:]] == [6, 24, 4, 23]


def test_buffers_are_moved() -> None:
    buffer = ArrayBuffer(8, 16)
    view = Uint8Array(buffer, 4)
    view[0] = 9
    copied = structuredClone({"view": view, "again": buffer}, [buffer])
    assert (buffer.detached, buffer.byteLength, view.length) == (True, 0, 0)
    assert copied["view"].buffer is copied["again"]
    assert (copied["view"][0], copied["again"].maxByteLength) == (9, 16)
    unused = ArrayBuffer(4)
    assert structuredClone(1, {"transfer": [unused]}) == 1
    assert unused.detached


def test_what_cannot_be_moved() -> None:
    buffer = ArrayBuffer(4)
    lists: tuple[list[Any], ...] = (
        [buffer, buffer],
        [Uint8Array(buffer)],
        [{}],
        [1],
        [SharedArrayBuffer(4)],
    )
    for wrong in lists:
        with pytest.raises(DataCloneError):
            structuredClone(1, wrong)
    assert not buffer.detached
    no_lists: tuple[Any, ...] = ("buffer", 5, b"x")
    for other in no_lists:
        with pytest.raises(TypeError):
            structuredClone(1, other)
    buffer.transfer()
    for value, transfer in ((1, [buffer]), (buffer, [])):
        with pytest.raises(DataCloneError, match="detached"):
            structuredClone(value, transfer)


def test_a_view_out_of_bounds_cannot_be_cloned() -> None:
    buffer = ArrayBuffer(8, 8)
    view = Uint8Array(buffer, 4, 4)
    buffer.resize(4)
    with pytest.raises(DataCloneError, match="out of bounds"):
        structuredClone(view)


def test_shared_buffers_are_shared() -> None:
    buffer = SharedArrayBuffer(8, 64)
    fixed = SharedArrayBuffer(8)
    growable, again, view, other = structuredClone([buffer, buffer, BigInt64Array(buffer), fixed])
    assert growable is again is view.buffer is not buffer
    assert (growable.growable, other.growable) == (True, False)
    growable.grow(32)
    assert (buffer.byteLength, view.length) == (32, 4)
    Atomics.store(view, 3, 5)
    assert Atomics.add(BigInt64Array(buffer), 3, 1) == 5
    assert Atomics.waitAsync(view, 0, 0)["async"]
    assert Atomics.notify(BigInt64Array(buffer), 0) == 1


# ---- WebAssembly


def test_cl_1_a_shared_memory_is_another_object_on_the_same_bytes() -> None:
    memory = shared(1, 4)
    one, again = structuredClone([memory, memory])
    assert isinstance(one, WebAssembly.Memory)
    assert one is again is not memory
    assert one.buffer is not memory.buffer
    assert one.type() == memory.type()
    Uint8Array(one.buffer)[5] = 7
    Uint8Array(memory.buffer)[6] = 8
    assert (Uint8Array(memory.buffer)[5], Uint8Array(one.buffer)[6]) == (7, 8)
    before = one.buffer
    assert memory.grow(1) == 1
    assert (one.buffer.byteLength, before.byteLength, one.grow(1)) == (2 * PAGE, PAGE, 2)
    assert memory.buffer.byteLength == 3 * PAGE
    with pytest.raises(RangeError):
        one.grow(2)


def test_cl_1_instances_of_both_see_the_same_memory_and_export_their_own_object() -> None:
    memory = shared(1, 4)
    module = WebAssembly.Module(
        wat2wasm(
            '(memory (import "env" "m") 1 4 shared) (export "m" (memory 0))'
            '(func (export "grow") (result i32) (memory.grow (i32.const 1)))'
            '(func (export "last") (result i32)'
            "  (i32.load (i32.sub (i32.mul (memory.size) (i32.const 65536)) (i32.const 4))))"
        )
    )
    clone = structuredClone(memory)
    mine = WebAssembly.Instance(module, {"env": {"m": memory}}).exports
    theirs = WebAssembly.Instance(structuredClone(module), {"env": {"m": clone}}).exports
    assert mine.m is memory
    assert theirs.m is clone
    assert [mine.grow(), theirs.grow(), mine.grow(), theirs.grow()] == [1, 2, 3, -1]
    Int32Array(clone.buffer)[PAGE - 1] = 11
    assert (mine.last(), theirs.last()) == (11, 11)


def test_cl_1_growable_buffers_cross() -> None:
    memory = shared(1, 4)
    memory.toResizableBuffer()
    clone, buffer = structuredClone([memory, memory.buffer])
    assert clone.buffer.growable
    assert (buffer.growable, buffer.frozen, buffer.maxByteLength) == (True, True, 4 * PAGE)
    for length in (PAGE + 1, 5 * PAGE):
        with pytest.raises(RangeError):
            buffer.grow(length)
    buffer.grow(2 * PAGE)
    assert memory.buffer.byteLength == clone.buffer.byteLength == 2 * PAGE
    assert memory.grow(1) == 2
    assert buffer.byteLength == 3 * PAGE
    fixed = structuredClone(memory.toFixedLengthBuffer())
    assert (fixed.growable, fixed.frozen, fixed.byteLength) == (False, True, 3 * PAGE)


def test_cl_1_a_memory_with_64_bit_addresses() -> None:
    clone = structuredClone(shared(1, 2, address="i64"))
    assert clone.type() == {"minimum": 1, "maximum": 2, "shared": True, "address": "i64"}


TEXT = """(memory (export "memory") 1 2) (table (export "table") 1 funcref)
  (global (export "global") i32 (i32.const 1)) (tag (export "tag"))
  (func (export "function")) (func (export "throw") (throw 0))"""


@pytest.mark.parametrize(
    "name", ["memory", "table", "global", "tag", "function", "instance", "exports"]
)
def test_cl_2_what_belongs_to_one_agent_cannot_be_cloned(name: str) -> None:
    instance = WebAssembly.Instance(WebAssembly.Module(wat2wasm(TEXT)))
    value = {"instance": instance, "exports": instance.exports}.get(name) or instance.exports[name]
    for transfer in ([], [value]):
        with pytest.raises(DataCloneError):
            structuredClone({"value": value}, transfer)


def test_cl_2_an_exception_of_webassembly_cannot_be_cloned() -> None:
    instance = WebAssembly.Instance(WebAssembly.Module(wat2wasm(TEXT)))
    with pytest.raises(WebAssembly.Exception) as caught:
        instance.exports.throw()
    with pytest.raises(DataCloneError):
        structuredClone(caught.value)


def test_cl_2_no_memory_and_no_shared_buffer_is_transferred() -> None:
    for memory in (shared(), WebAssembly.Memory(initial=1)):
        with pytest.raises(DataCloneError):
            structuredClone(1, [memory])
    with pytest.raises(DataCloneError):
        structuredClone(1, [shared().buffer])


def test_cl_2_the_buffer_of_an_unshared_memory_is_copied_and_never_moved() -> None:
    memory = WebAssembly.Memory(initial=1, maximum=2)
    Uint8Array(memory.buffer)[0] = 3
    copied = structuredClone(memory.buffer)
    Uint8Array(copied)[0] += 1
    assert (Uint8Array(memory.buffer)[0], Uint8Array(copied)[0]) == (3, 4)
    copied.transfer()
    with pytest.raises(TypeError):
        structuredClone(memory.buffer, [memory.buffer])
    assert memory.buffer.byteLength == PAGE


def test_cl_3_a_module_is_another_object_with_the_same_code() -> None:
    options = {"builtins": ["js-string"]}
    module = WebAssembly.Module(wat2wasm('(func (export "f") (result i32) (i32.const 7))'), options)
    one, again = structuredClone([module, module])
    assert one is again is not module
    assert WebAssembly.Module.exports(one) == WebAssembly.Module.exports(module)
    assert WebAssembly.Instance(one).exports.f() == 7
    with pytest.raises(DataCloneError):
        structuredClone(1, [module])


@pytest.mark.parametrize("store", [pickle.dumps, copy.copy, copy.deepcopy])
def test_cl_3_memories_are_not_stored(store: Any) -> None:
    for value in (shared(), WebAssembly.Memory(initial=1)):
        with pytest.raises(DataCloneError, match="stored"):
            store(value)
