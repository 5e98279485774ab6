"""The builtin set ``memory-control``: guests map, protect and discard pages of their memories (option 3)."""

from __future__ import annotations

from typing import Any

import pytest

from pyjsapi import WebAssembly, wat2wasm
from pyjsapi.sharing.builtins.memory_control import BUILTINS
from pyjsapi.sharing.control import map_pages
from tests.sharing.guests import PAGE, handing_out, traps

NONE, READ, BOTH = 0, 1, 3
ACCESS = """
  (func (export "load") (param i32) (result i32) (i32.load8_u (local.get 0)))
  (func (export "store") (param i32 i32) (i32.store8 (local.get 0) (local.get 1)))"""
VIRTUAL = {"memory_overrides": {0: {"virtual": True}}}


def _guest(fields: str, imports: Any = None, **members: Any) -> Any:
    module = handing_out("memory-control", BUILTINS, fields)
    return WebAssembly.Instance(module, imports, **members).exports


def test_p_8_pages_of_a_virtual_memory_are_there_when_they_are_mapped() -> None:
    exports = _guest(f"(memory 8 8) {ACCESS}", **VIRTUAL)
    traps("nothing is mapped", lambda: exports.load(0), lambda: exports.store(PAGE, 1))
    assert exports.map(0, 70_000, 1, BOTH) == PAGE
    exports.store(2 * PAGE - 1, 5)
    assert (exports.load(PAGE), exports.load(2 * PAGE - 1)) == (0, 5)
    traps("nothing is mapped", lambda: exports.load(PAGE - 1), lambda: exports.load(2 * PAGE))
    traps("mapped already", lambda: exports.map(0, PAGE, 2 * PAGE, BOTH))
    exports.protect(0, PAGE, PAGE, READ)
    traps("read-only", lambda: exports.store(PAGE, 1))
    assert exports.load(2 * PAGE - 1) == 5
    exports.protect(0, PAGE, PAGE, BOTH)
    exports.store(PAGE, 1)
    exports.unmap(0, PAGE, PAGE)
    traps("nothing is mapped", lambda: exports.load(PAGE))
    exports.unmap(0, PAGE, PAGE)
    assert exports.map(0, PAGE, PAGE, READ) == PAGE
    assert exports.load(2 * PAGE - 1) == 0
    traps("read-only", lambda: exports.store(PAGE, 1))


@pytest.mark.parametrize("size", [0, 8 * PAGE + 1, -1])
def test_p_8_no_bytes_and_bytes_out_of_bounds_trap(size: int) -> None:
    exports = _guest(f"(memory 8 8) {ACCESS}", **VIRTUAL)
    traps(
        "there must be some|the memory has",
        lambda: exports.map(0, 0, size, BOTH),
        lambda: exports.unmap(0, 0, size),
        lambda: exports.protect(0, 0, size, BOTH),
    )
    traps("nothing mapped at some", lambda: exports.protect(0, 0, 1, READ))
    traps("prot is 2", lambda: exports.map(0, 0, 1, 2), lambda: exports.protect(0, 0, 1, 2))
    traps("unknown memory 1", lambda: exports.map(1, 0, 1, BOTH), lambda: exports.discard(1, 0, 1))


def test_p_9_a_virtual_memory_of_20_gib_is_mapped_here_and_there() -> None:
    fields = f"""(memory i64 {20 << 14})
      (func (export "load") (param i64) (result i32) (i32.load8_u (local.get 0)))
      (func (export "store") (param i64 i32) (i32.store8 (local.get 0) (local.get 1)))"""
    exports = _guest(fields, **VIRTUAL)
    far = 19 << 30
    assert exports.map64(0, far + 5, 1, BOTH) == far
    exports.store(far + 5, 9)
    assert exports.load(far + 5) == 9
    exports.discard64(0, far, PAGE)
    assert exports.load(far + 5) == 0
    exports.protect64(0, far, 1, READ)
    traps("read-only", lambda: exports.store(far, 1))
    exports.unmap64(0, far, 1)
    traps("nothing is mapped", lambda: exports.load(far))


def test_p_10_guard_pages_on_both_sides() -> None:
    exports = _guest(f"(memory 3) {ACCESS}")
    exports.protect(0, 0, PAGE, NONE)
    exports.protect(0, 2 * PAGE, PAGE, NONE)
    exports.store(PAGE, 1)
    exports.store(2 * PAGE - 1, 2)
    for address in (PAGE - 1, 2 * PAGE):
        with pytest.raises(WebAssembly.RuntimeError):
            exports.load(address)
        with pytest.raises(WebAssembly.RuntimeError):
            exports.store(address, 1)
    assert (exports.load(PAGE), exports.load(2 * PAGE - 1)) == (1, 2)


def test_p_11_discard_clears_whole_pages() -> None:
    exports = _guest(f'(memory (export "m") 3) {ACCESS}')
    for page in range(3):
        exports.m.view("B", page * PAGE, PAGE)[:] = b"\7" * PAGE
    exports.discard(0, 70_000, 1)
    assert [bytes(exports.m.view("B", n * PAGE, PAGE)) for n in range(3)] == [
        b"\7" * PAGE,
        bytes(PAGE),
        b"\7" * PAGE,
    ]
    traps("out of bounds", lambda: exports.discard(0, 2 * PAGE, PAGE + 1))
    assert exports.load(2 * PAGE) == 7


def test_map_and_unmap_are_for_virtual_memories() -> None:
    memory = WebAssembly.Memory(initial=4, virtual=True)
    exports = _guest(f'(memory (import "m" "m") 1) (memory 1) {ACCESS}', {"m": {"m": memory}})
    assert exports.map(0, 0, 1, BOTH) == 0
    exports.store(0, 8)
    assert exports.load(0) == 8
    traps(
        "memory 1 is not virtual",
        lambda: exports.map(1, 0, 1, BOTH),
        lambda: exports.unmap(1, 0, 1),
    )


def test_an_instance_that_does_not_protect_keeps_direct_access() -> None:
    text = """(module (import "pyjsapi:memory-control" "discard" (func $d (param i32 i32 i32)))
      (memory (export "m") 1) (func (export "f") (call $d (i32.const 0) (i32.const 0) (i32.const 1))))"""
    module = WebAssembly.Module(wat2wasm(text), builtins=["memory-control"])
    exports = WebAssembly.Instance(module).exports
    exports.m.view()[5] = 1
    exports.f()
    assert not exports.m._memory.by_calls and exports.m.view()[5] == 0
    exports = _guest(f"(memory 1) {ACCESS}", memory_overrides={0: {"storage": "reserve"}})
    exports.protect(0, 0, 1, READ)  # no code is running that relies on direct access
    traps("read-only", lambda: exports.store(0, 1))


def test_an_import_of_another_type_is_a_compile_error() -> None:
    data = wat2wasm('(module (import "pyjsapi:memory-control" "discard" (func (param i32 i32))))')
    with pytest.raises(WebAssembly.CompileError, match="memory-control"):
        WebAssembly.Module(data, builtins=["memory-control"])


def test_active_segments_map_the_pages_they_need_for_reading() -> None:
    segments = '(data (i32.const 70000) "abc") (data (i32.const 70010) "de") (data (i32.const 196607) "fg")'
    exports = _guest(f"(memory 8) {segments} {ACCESS}", **VIRTUAL)
    assert [exports.load(at) for at in (70_000, 70_011, 196_607, 196_608)] == [97, 101, 102, 103]
    traps("read-only", lambda: exports.store(70_000, 1))
    traps("nothing is mapped", lambda: exports.load(0), lambda: exports.load(5 * PAGE))
    traps("mapped already", lambda: exports.map(0, PAGE, 1, BOTH))
    exports.protect(0, PAGE, 1, BOTH)
    exports.store(70_000, 1)


def test_a_segment_writes_a_page_that_is_protected_but_no_read_only_mapping() -> None:
    memory = WebAssembly.Memory(initial=4, virtual=True)
    imports = {"m": {"m": memory}}
    exports = _guest(f'(memory (import "m" "m") 1) {ACCESS}', imports)
    exports.map(0, 0, 1, READ)
    text = '(memory (import "m" "m") 1) (data (i32.const 8) "x") (data (i32.const 16) "")'
    _guest(text, imports)
    assert exports.load(8) == ord("x")
    data = b"constant"
    memory.map(data, at=2 * PAGE, mode="r")
    with pytest.raises(WebAssembly.RuntimeError, match="read-only"):
        _guest(text.replace("const 8", f"const {2 * PAGE}"), imports)


def test_segments_count_for_the_limit_of_pages() -> None:
    text = '(module (memory i64 8) (data (i64.const 0) "x") (data (i64.const 70000) "x"))'
    module = WebAssembly.Module(wat2wasm(text), limits={"max_memory64_pages": 1})
    with pytest.raises(WebAssembly.RuntimeError, match="would be mapped"):
        WebAssembly.Instance(module, memory_overrides={0: {"virtual": True}})


def test_atomic_accesses_reach_the_pages_of_a_virtual_memory() -> None:
    memory = WebAssembly.Memory(initial=4, virtual=True)
    map_pages(memory._memory, PAGE, 1, "rw")
    module = WebAssembly.Module(
        wat2wasm("""(module (memory (import "" "m") 4)
          (func (export "add") (param i32 i32) (result i32)
            (i32.atomic.rmw.add (local.get 0) (local.get 1)))
          (func (export "exchange") (param i32 i32 i32) (result i32)
            (i32.atomic.rmw.cmpxchg (local.get 0) (local.get 1) (local.get 2))))""")
    )
    exports = WebAssembly.Instance(module, {"": {"m": memory}}).exports
    assert [exports.add(PAGE, 5), exports.exchange(PAGE, 5, 7), exports.add(PAGE, 0)] == [0, 5, 7]
    with pytest.raises(WebAssembly.RuntimeError, match="nothing is mapped"):
        exports.add(0, 1)


def test_of_several_virtual_memories_the_limit_counts_what_is_mapped() -> None:
    text = """(module
      (import "pyjsapi:memory-control" "map" (func $map (param i32 i32 i32 i32) (result i32)))
      (memory 100) (memory 100) (memory 1)
      (export "map" (func $map))
      (func (export "grow") (param i32) (result i32) (memory.grow 2 (local.get 0))))"""
    page = 65_536
    module = WebAssembly.Module(
        wat2wasm(text), builtins=["memory-control"], limits={"max_memory_bytes": 4 * page}
    )
    virtual: Any = {index: {"virtual": True} for index in range(2)}
    exports = WebAssembly.Instance(module, memory_overrides=virtual).exports
    assert exports.map(0, 0, page, 3) == 0
    assert exports.map(1, 5 * page, page, 3) == 5 * page
    with pytest.raises(WebAssembly.RuntimeError, match=r"Limits\.max_memory_bytes"):
        exports.map(1, 0, 2 * page, 3)
    assert [exports.grow(2), exports.grow(1)] == [-1, 1]
    with pytest.raises(WebAssembly.RuntimeError, match=r"Limits\.max_memory_bytes"):
        exports.map(0, page, page, 3)
