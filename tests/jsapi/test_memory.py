"""``WebAssembly.Memory``: construction, growth, buffers (index.bs, "Memories"; MM-8, SM-5, SM-8)."""

from __future__ import annotations

import gc
import weakref

import pytest

from pyjsapi import ArrayBuffer, RangeError, Uint8Array, WebAssembly
from pyjsapi.text import wat2wasm

PAGE = 65536


def instance(text: str, imports: object = None) -> WebAssembly.Instance:
    return WebAssembly.Instance(WebAssembly.Module(wat2wasm(text)), imports)


def test_a_new_memory_has_zeroed_pages_of_64_kib() -> None:
    memory = WebAssembly.Memory({"initial": 2})
    assert memory.buffer.byteLength == 2 * PAGE
    assert not any(bytes(memory.buffer))


def test_keywords_stand_for_a_descriptor() -> None:
    assert WebAssembly.Memory(initial=1, maximum=3).type() == {
        "minimum": 1,
        "maximum": 3,
        "shared": False,
        "address": "i32",
    }


def test_a_descriptor_may_be_an_object_with_attributes() -> None:
    class Descriptor:
        initial = 1
        maximum = 2

    assert WebAssembly.Memory(Descriptor()).type()["maximum"] == 2


@pytest.mark.parametrize(
    "descriptor",
    [
        None,
        1,
        {},
        {"initial": None},
        {"initial": -1},
        {"initial": 2**32},
        {"initial": float("nan")},
        {"initial": float("inf")},
        {"initial": "x"},
        {"initial": 1, "maximum": -1},
        {"initial": 1, "maximum": 2**32},
        {"initial": 1, "address": "none"},
        {"initial": 1.5, "address": "i64"},
        {"initial": -1, "address": "i64"},
        {"initial": 2**64, "address": "i64"},
        {"initial": 1, "minimum": 1},
    ],
)
def test_a_wrong_descriptor_is_a_type_error(descriptor: object) -> None:
    with pytest.raises(TypeError):
        WebAssembly.Memory(descriptor)


@pytest.mark.parametrize(
    "descriptor",
    [
        {"initial": 65537},
        {"initial": 2**32 - 1},
        {"initial": 2, "maximum": 1},
        {"initial": 1, "maximum": 65537},
        {"initial": 2**48, "address": "i64"},
    ],
)
def test_sizes_that_are_not_valid_are_a_range_error(descriptor: object) -> None:
    with pytest.raises(RangeError):
        WebAssembly.Memory(descriptor)


def test_members_are_converted_as_web_idl_says() -> None:
    assert WebAssembly.Memory({"initial": "2"}).buffer.byteLength == 2 * PAGE
    assert WebAssembly.Memory({"initial": 1.9}).buffer.byteLength == PAGE
    assert WebAssembly.Memory({"initial": True}).buffer.byteLength == PAGE


def test_members_are_read_in_lexicographic_order() -> None:
    order = []

    class Descriptor:
        def __getattr__(self, name: str) -> object:
            order.append(name)
            return {"initial": 1}.get(name)

    WebAssembly.Memory(Descriptor())
    assert order == ["address", "initial", "maximum", "minimum", "pageSize", "shared"]


def test_minimum_stands_for_initial_so_that_a_type_makes_a_memory() -> None:
    memory = WebAssembly.Memory(initial=1, maximum=9)
    memory.grow(2)
    assert memory.type()["minimum"] == 3
    assert WebAssembly.Memory(memory.type()).buffer.byteLength == 3 * PAGE


def test_the_buffer_is_the_same_object_until_the_memory_grows() -> None:
    memory = WebAssembly.Memory(initial=1)
    before = memory.buffer
    assert memory.buffer is before
    assert memory.grow(1) == 1
    assert memory.buffer is not before
    assert (before.byteLength, before.detached) == (0, True)
    assert memory.buffer.byteLength == 2 * PAGE


def test_growing_by_zero_detaches_too() -> None:
    memory = WebAssembly.Memory(initial=1)
    before = memory.buffer
    assert memory.grow(0) == 1
    assert before.detached
    assert memory.buffer.byteLength == PAGE


def test_growth_keeps_the_bytes_and_adds_zeros() -> None:
    memory = WebAssembly.Memory(initial=1)
    Uint8Array(memory.buffer)[PAGE - 1] = 7
    memory.grow(1)
    view = Uint8Array(memory.buffer)
    assert (view[PAGE - 1], view[PAGE]) == (7, 0)


@pytest.mark.parametrize("delta", [2, 65536, 2**32 - 1])
def test_growing_beyond_the_maximum_is_a_range_error_and_changes_nothing(delta: int) -> None:
    memory = WebAssembly.Memory(initial=1, maximum=2)
    before = memory.buffer
    with pytest.raises(RangeError, match="may have 2"):
        memory.grow(delta)
    assert memory.buffer is before
    assert not before.detached


@pytest.mark.parametrize("delta", [None, -1, 2**32, "x", float("nan")])
def test_growing_by_no_number_of_pages_is_a_type_error(delta: object) -> None:
    with pytest.raises(TypeError):
        WebAssembly.Memory(initial=1, maximum=2).grow(delta)


def test_access_to_a_detached_buffer_is_a_type_error() -> None:
    memory = WebAssembly.Memory(initial=1)
    view = Uint8Array(memory.buffer)
    memory.grow(1)
    assert (view.length, view.byteLength, view.byteOffset) == (0, 0, 0)
    with pytest.raises(TypeError, match="detached"):
        view[0]
    with pytest.raises(TypeError, match="detached"):
        view[0] = 1


def test_a_memory_buffer_cannot_be_transferred() -> None:
    memory = WebAssembly.Memory(initial=1)
    buffer = memory.buffer
    assert isinstance(buffer, ArrayBuffer)
    with pytest.raises(TypeError):
        buffer.transfer()
    assert memory.buffer.byteLength == PAGE


def test_a_resizable_buffer_follows_the_memory_and_grows_it() -> None:
    memory = WebAssembly.Memory(initial=0, maximum=4)
    fixed = memory.buffer
    buffer = memory.toResizableBuffer()
    assert isinstance(buffer, ArrayBuffer)
    assert fixed.detached
    assert memory.buffer is buffer
    assert memory.toResizableBuffer() is buffer
    assert (buffer.resizable, buffer.byteLength, buffer.maxByteLength) == (True, 0, 4 * PAGE)
    view = Uint8Array(buffer)
    memory.grow(1)
    assert (memory.buffer is buffer, buffer.byteLength, view.length) == (True, PAGE, PAGE)
    buffer.resize(2 * PAGE)
    assert memory.type()["minimum"] == 2
    for length in (3 * PAGE - 1, PAGE, 5 * PAGE):
        with pytest.raises(RangeError):
            buffer.resize(length)
    fixed = memory.toFixedLengthBuffer()
    assert isinstance(fixed, ArrayBuffer)
    assert (buffer.detached, fixed.resizable, fixed.byteLength) == (True, False, 2 * PAGE)
    assert memory.toFixedLengthBuffer() is fixed


def test_a_memory_without_maximum_has_no_resizable_buffer() -> None:
    with pytest.raises(TypeError):
        WebAssembly.Memory(initial=1).toResizableBuffer()


def test_growth_in_wasm_refreshes_the_buffer_of_that_memory_only() -> None:
    exports = instance(
        """(module (memory (export "a") 1) (memory (export "b") 1)
             (func (export "grow") (param i32) (result i32) (memory.grow 1 (local.get 0))))"""
    ).exports
    a, b = exports.a.buffer, exports.b.buffer
    assert exports.grow(1) == 1
    assert exports.a.buffer is a
    assert b.detached
    assert exports.b.buffer.byteLength == 2 * PAGE


def test_wasm_and_views_see_each_others_writes() -> None:
    exports = instance(
        """(module (memory (export "m0") 1) (memory (export "m1") 1)
             (func (export "load") (param i32) (result i32) (i32.load8_u 1 (local.get 0)))
             (func (export "store") (param i32 i32) (i32.store8 1 (local.get 0) (local.get 1))))"""
    ).exports
    view = Uint8Array(exports.m1.buffer)
    view[5] = 42
    assert exports.load(5) == 42
    exports.store(6, 43)
    assert view[6] == 43
    assert Uint8Array(exports.m0.buffer)[5] == 0


def test_growth_while_a_view_is_held_from_outside_leaves_it_on_the_old_bytes() -> None:
    exports = instance(
        """(module (memory (export "m") 1)
             (func (export "grow") (result i32) (memory.grow (i32.const 1)))
             (func (export "store") (param i32 i32) (i32.store8 (local.get 0) (local.get 1))))"""
    ).exports
    held = exports.m.buffer.mv
    assert exports.grow() == 1
    exports.store(0, 9)
    assert held[0] == 0
    assert Uint8Array(exports.m.buffer)[0] == 9


def test_an_imported_memory_is_the_exported_one() -> None:
    memory = WebAssembly.Memory(initial=1, maximum=2)
    exports = instance(
        """(module (memory (import "e" "m") 1) (memory 1)
             (export "x" (memory 0)) (export "y" (memory 0)) (export "z" (memory 1)))""",
        {"e": {"m": memory}},
    ).exports
    assert exports.x is memory
    assert exports.y is memory
    assert exports.z is not memory
    assert exports.z is exports["z"]


@pytest.mark.parametrize(
    ("wanted", "given"),
    [("2", {"initial": 1}), ("1 2", {"initial": 1}), ("1 2", {"initial": 1, "maximum": 3})],
)
def test_a_memory_that_does_not_match_is_a_link_error(wanted: str, given: dict[str, int]) -> None:
    with pytest.raises(WebAssembly.LinkError, match='"e" "m"'):
        instance(
            f'(module (memory (import "e" "m") {wanted}))', {"e": {"m": WebAssembly.Memory(given)}}
        )


def test_the_current_size_counts_when_matching() -> None:
    memory = WebAssembly.Memory(initial=1)
    text = '(module (memory (export "m") (import "e" "m") 2))'
    with pytest.raises(WebAssembly.LinkError):
        instance(text, {"e": {"m": memory}})
    memory.grow(1)
    assert instance(text, {"e": {"m": memory}}).exports.m is memory


def test_one_memory_may_be_imported_twice() -> None:
    memory = WebAssembly.Memory(initial=1)
    exports = instance(
        """(module (memory (import "e" "a") 1) (memory (import "e" "b") 1)
             (func (export "f") (result i32)
               (i32.store 0 (i32.const 0) (i32.const 77)) (i32.load 1 (i32.const 0)))
             (func (export "slide") (memory.copy 1 0 (i32.const 1) (i32.const 0) (i32.const 4))))""",
        {"e": {"a": memory, "b": memory}},
    ).exports
    assert exports.f() == 77
    view = Uint8Array(memory.buffer)
    view[0:4] = b"abcd"
    exports.slide()
    assert view[0:5].tobytes() == b"aabcd"


def test_a_dropped_memory_is_freed_without_the_garbage_collector() -> None:
    gc.disable()
    try:
        memory = WebAssembly.Memory(initial=1)
        view = Uint8Array(memory.buffer)
        view[0] = 1
        alive = weakref.ref(memory)
        buffer_alive = weakref.ref(memory.buffer)
        del memory, view
        assert alive() is None
        assert buffer_alive() is None
    finally:
        gc.enable()


def test_the_buffer_is_an_array_buffer() -> None:
    assert isinstance(WebAssembly.Memory(initial=0).buffer, ArrayBuffer)


def test_an_i64_memory_takes_and_gives_integers() -> None:
    memory = WebAssembly.Memory(initial=1, maximum=3, address="i64")
    assert memory.grow(1) == 1
    assert memory.type() == {"minimum": 2, "maximum": 3, "shared": False, "address": "i64"}
    with pytest.raises(TypeError):
        memory.grow(1.0)


def test_the_buffer_stays_resizable_when_nobody_holds_it() -> None:
    memory = WebAssembly.Memory(initial=1, maximum=4)
    memory.toResizableBuffer()
    gc.collect()
    assert memory.grow(1) == 1
    buffer = memory.buffer
    assert isinstance(buffer, ArrayBuffer)
    assert (buffer.resizable, buffer.byteLength, buffer.maxByteLength) == (True, 2 * PAGE, 4 * PAGE)
    assert memory.grow(1) == 2
    assert (memory.buffer is buffer, buffer.byteLength) == (True, 3 * PAGE)
