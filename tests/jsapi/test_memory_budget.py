"""`Limits.max_memory_bytes`: what all memories of an instance may have together."""

from __future__ import annotations

import pytest

from pyjsapi import RangeError, WebAssembly, wat2wasm

PAGE = 65_536
THREE = wat2wasm("""
  (module
    (import "host" "m" (memory 1))
    (memory $a (export "a") 1)
    (memory $b (export "b") i64 1)
    (memory $c (export "c") 1 9 shared)
    (func (export "grow_own") (param i32) (result i32) (memory.grow $a (local.get 0)))
    (func (export "grow_other") (param i64) (result i64) (memory.grow $b (local.get 0)))
    (func (export "grow_shared") (param i32) (result i32) (memory.grow $c (local.get 0)))
    (func (export "grow_imported") (param i32) (result i32) (memory.grow 0 (local.get 0))))
""")


def _exports(pages: int) -> WebAssembly.Instance:
    module = WebAssembly.Module(THREE, limits={"max_memory_bytes": pages * PAGE})
    return WebAssembly.Instance(module, {"host": {"m": WebAssembly.Memory(initial=1)}})


def test_memories_of_an_instance_grow_until_they_have_all_together() -> None:
    exports = _exports(6).exports
    assert exports.grow_own(4) == -1
    assert exports.grow_own(1) == 1
    assert exports.grow_other(1) == 1
    assert exports.grow_shared(2) == -1
    assert exports.grow_shared(1) == 1
    assert [exports.grow_own(1), exports.grow_other(1), exports.grow_shared(1)] == [-1, -1, -1]
    assert [exports.grow_own(0), exports.grow_other(0), exports.grow_shared(0)] == [2, 2, 2]


def test_imported_memories_do_not_count() -> None:
    exports = _exports(3).exports
    assert exports.grow_imported(50) == 1
    assert exports.grow_own(1) == -1


def test_the_host_is_told_which_limit_it_was() -> None:
    instance = _exports(4)
    instance.exports.a.grow(1)
    with pytest.raises(RangeError) as raised:
        instance.exports.b.grow(1)
    assert "Limits.max_memory_bytes" in str(raised.value.__cause__)


def test_memories_that_begin_with_too_much() -> None:
    with pytest.raises(
        RangeError, match=rf"{3 * PAGE} bytes: the limit is {2 * PAGE} \(Limits\.max_memory_bytes"
    ):
        _exports(2)


def test_overrides_count_as_well() -> None:
    module = WebAssembly.Module(THREE, limits={"max_memory_bytes": 6 * PAGE})
    imports = {"host": {"m": WebAssembly.Memory(initial=1)}}
    with pytest.raises(RangeError, match=r"Limits\.max_memory_bytes"):
        WebAssembly.Instance(module, imports, memory_overrides={"a": {"minimum": 5}})
    enlarged = WebAssembly.Instance(module, imports, memory_overrides={"a": {"minimum": 4}})
    assert enlarged.exports.grow_own(1) == -1


def test_other_instances_have_memories_of_their_own() -> None:
    first, second = _exports(4).exports, _exports(4).exports
    assert (first.grow_own(1), second.grow_own(1)) == (1, 1)
    assert (first.grow_own(1), second.grow_own(1)) == (-1, -1)
