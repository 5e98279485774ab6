"""What the issues of multi-memory ask for, and types and sizes of memories (UC-…, M64-…, PS-…, TY-…, MM-…)."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from pyjsapi import Features, RangeError, SharedArrayBuffer, Uint8Array, WebAssembly, wat2wasm
from pyjsapi.text import wasm2wat

PAGE = 65536


def _run(text: str, imports: Any = None) -> Any:
    return WebAssembly.Instance(WebAssembly.Module(wat2wasm(text)), imports).exports


def test_uc_3_uc_5_a_name_after_data_is_the_segments() -> None:
    exports = _run("""(module
      (memory $mem1 (export "m1") 1) (memory $mem2 (export "m2") 1)
      (data (memory $mem2) (i32.const 0) "for 2")
      (data $mem2 (i32.const 20) "for 1"))""")
    first, second = (Uint8Array(memory.buffer) for memory in (exports.m1, exports.m2))
    assert second[0:5].tobytes() == b"for 2"
    assert first[20:25].tobytes() == b"for 1"
    assert (first[0], second[20]) == (0, 0)


def test_uc_6_uc_18_uc_24_mm_3_memories_and_lanes_in_the_text_form() -> None:
    """An integer alone is the lane; of two the first is the memory; a name is the memory."""
    cases = {
        "1": (0, 1),
        "1 2": (1, 2),
        "$m 1": (1, 1),
        "1 offset=4 2": (1, 2),
        "offset=4 2": (0, 2),
    }
    for written, (memory, lane) in cases.items():
        text = f"""(module (memory 1) (memory $m 1) (data (memory {memory}) (i32.const 4) "\\2a")
          (func (export "f") (result i32)
            (i8x16.extract_lane_u {lane} (v128.load8_lane {written}
              (i32.const {0 if "offset" in written else 4}) (v128.const i64x2 0 0)))))"""
        assert _run(text).f() == 42
        assert wat2wasm(wasm2wat(wat2wasm(text)), names=False) == wat2wasm(text, names=False)


def test_uc_12_uc_17_uc_26_mm_2_memory_arguments_in_the_binary_form() -> None:
    def module(body: str, memory: str = "00 01") -> bytes:
        code = bytes.fromhex(body)
        function = bytes([len(code) + 4, 0, 0x41, 0]) + code + b"\x0b"
        memories = bytes.fromhex(memory) * 2
        sections = (
            (1, b"\x01\x60\x00\x01\x7f"),
            (3, b"\x01\x00"),
            (5, b"\x02" + memories),
            (7, b"\x02\x01f\x00\x00\x01m\x02\x01"),
            (10, b"\x01" + function),
            (11, b"\x01\x02\x01\x41\x00\x0b\x01\x2a"),
        )
        encoded = b"".join(bytes([number, len(data)]) + data for number, data in sections)
        return b"\0asm\1\0\0\0" + encoded

    for body, value in (("28 42 01 00", 42), ("28 42 00 00", 0), ("28 02 00", 0)):
        exports = WebAssembly.Instance(WebAssembly.Module(module(body))).exports
        assert exports.f() == value
    with pytest.raises(WebAssembly.CompileError, match="malformed memop flags"):
        WebAssembly.Module(module("28 80 01 00"))
    assert not WebAssembly.validate(module("28 02 80 80 80 80 10"))
    wide = module("28 02 80 80 80 80 10", "04 01").replace(b"\x41\x00\x28", b"\x42\x00\x28")
    wide = wide.replace(b"\x02\x01\x41\x00\x0b", b"\x02\x01\x42\x00\x0b")
    assert WebAssembly.validate(wide)


def test_uc_19_the_engine_says_what_it_has() -> None:
    assert Features().multi_memory
    assert WebAssembly.validate(wat2wasm("(module (memory 1) (memory 1))"))


def test_uc_23_mm_6_a_hundred_memories() -> None:
    text = "(module " + "(memory 0)" * 100 + ' (func (export "f") (result i32) (memory.size 99)))'
    assert _run(text).f() == 0
    with pytest.raises(WebAssembly.CompileError, match="100"):
        WebAssembly.Module(wat2wasm("(module " + "(memory 0)" * 101 + ")"))


def test_uc_9_mm_7_a_function_uses_its_own_modules_memory() -> None:
    first = _run("""(module (memory (export "m") 1) (data (i32.const 0) "\\2a")
      (func (export "get") (param i32) (result i32) (i32.load8_u (local.get 0))))""")
    second = _run(
        """(module (import "a" "get" (func $get (param i32) (result i32))) (memory 1)
      (func (export "f") (result i32) (i32.store8 (i32.const 0) (i32.const 7))
        (call $get (i32.const 0))))""",
        {"a": {"get": first.get}},
    )
    assert second.f() == 42


def test_mm_5_two_imports_of_one_memory_overlap() -> None:
    memory = WebAssembly.Memory(initial=1)
    Uint8Array(memory.buffer)[0:5] = b"abcde"
    exports = _run(
        """(module (import "h" "a" (memory $a 1)) (import "h" "b" (memory $b 1))
      (func (export "move") (memory.copy $a $b (i32.const 1) (i32.const 0) (i32.const 4))))""",
        {"h": {"a": memory, "b": memory}},
    )
    exports.move()
    assert Uint8Array(memory.buffer)[0:5].tobytes() == b"aabcd"


def test_mm_8_names_and_identities() -> None:
    exports = _run("""(module (memory $a (export "za") (export "zb") 1) (memory $b (export "c") 1 3)
      (func (export "grow") (drop (memory.grow $b (i32.const 1)))))""")
    assert exports.za is exports.zb
    assert exports.za is not exports.c
    buffer, other = exports.za.buffer, exports.c.buffer
    exports.grow()
    assert exports.za.buffer is buffer
    assert (exports.c.buffer is other, other.detached) == (False, True)


def test_m64_2_descriptors_with_addresses_of_64_bits() -> None:
    memory = WebAssembly.Memory(initial=1, address="i64")
    assert memory.grow(1) == 1
    for members in ({"initial": -1}, {"initial": 1 << 64}, {"initial": 1, "address": "none"}):
        with pytest.raises(TypeError):
            WebAssembly.Memory({"address": "i64"} | members)


def test_m64_3_imports_and_bounds_of_64_bits() -> None:
    text = """(module (import "h" "m" (memory i64 1))
      (func (export "f") (param i64) (result i32) (i32.load8_u (local.get 0))))"""
    with pytest.raises(WebAssembly.LinkError, match="incompatible import type"):
        _run(text, {"h": {"m": WebAssembly.Memory(initial=1)}})
    exports = _run(text, {"h": {"m": WebAssembly.Memory(initial=1, address="i64")}})
    with pytest.raises(WebAssembly.RuntimeError, match="out of bounds"):
        exports.f(1 << 32)
    shared = WebAssembly.Memory(initial=1, maximum=2, address="i64", shared=True)
    assert isinstance(shared.buffer, SharedArrayBuffer)


@pytest.mark.skipif(sys.platform == "emscripten", reason="addresses of 32 bits: no 4 GiB are left")
def test_ps_1_a_shared_memory_of_as_many_bytes_as_can_be_addressed() -> None:
    most = 0xFFFFFFFF
    exports = _run(f"""(module (memory {most - 1} {most} shared (pagesize 1))
      (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0))))""")
    assert exports.grow(0) == -2
    assert exports.grow(1) in (-2, -1)


def test_ps_2_pages_of_one_byte() -> None:
    exports = _run("""(module (memory (export "m") 10 (pagesize 1)) (memory $big 1)
      (func (export "f") (param i32) (result i32) (i32.load8_u (local.get 0)))
      (func (export "copy") (memory.copy $big 0 (i32.const 65530) (i32.const 4) (i32.const 6))))""")
    assert exports.m.buffer.byteLength == 10
    assert exports.f(9) == 0
    with pytest.raises(WebAssembly.RuntimeError, match="out of bounds"):
        exports.f(10)
    exports.copy()


def test_ty_1_the_type_has_the_present_size() -> None:
    memory = WebAssembly.Memory(initial=1, maximum=9)
    memory.grow(2)
    type_ = {"minimum": 3, "maximum": 9, "shared": False, "address": "i32"}
    assert memory.type() == type_
    assert WebAssembly.Memory(type_).buffer.byteLength == 3 * PAGE


def test_ty_2_minimum_stands_for_initial() -> None:
    assert WebAssembly.Memory(minimum=1).buffer.byteLength == PAGE
    with pytest.raises(TypeError, match="both"):
        WebAssembly.Memory(initial=1, minimum=1)


def test_cs_2_a_range_of_the_host_counts_as_more_memory() -> None:
    """A preallocated heap is at addresses above the memory, and is in its size no more than before."""
    from pyjsapi.sharing import SharedHeap

    memory = WebAssembly.Memory(initial=1, maximum=1)
    data = bytearray(PAGE)
    memory.attach_heap(SharedHeap(PAGE, backing=data))
    exports = _run(
        """(module (import "h" "m" (memory 1 1))
      (func (export "store") (param i32 i32) (i32.store8 (local.get 0) (local.get 1)))
      (func (export "size") (result i32) (memory.size)))""",
        {"h": {"m": memory}},
    )
    exports.store((1 << 32) - PAGE + 3, 5)
    assert (data[3], exports.size()) == (5, 1)
    with pytest.raises(RangeError):
        memory.grow(1)
