"""Modules cut short, damaged, or with numbers written too long: `CompileError`, and nothing else ever."""

from __future__ import annotations

import random
from typing import Any

import pytest

from pyjsapi import RangeError, WebAssembly
from pyjsapi.engines.python import CompiledModule
from pyjsapi.text import wat2wasm

MODULES = {
    "functions": """(module
      (type $t (func (param i32) (result i32)))
      (import "env" "log" (func $log (param i32)))
      (import "env" "base" (global $base i32))
      (table $table 4 8 funcref)
      (memory (export "memory") 1 2)
      (global $count (export "count") (mut i64) (i64.const -1))
      (elem (table $table) (i32.const 1) func $fac $even)
      (elem declare func $even)
      (data (memory 0) (i32.const 16) "hello")
      (data $late "later")
      (func $fac (export "fac") (type $t) (local $i i32) (local f64)
        (local.set $i (i32.const 1))
        (block $done
          (loop $again
            (br_if $done (i32.eqz (local.get 0)))
            (local.set $i (i32.mul (local.get $i) (local.get 0)))
            (local.set 0 (i32.sub (local.get 0) (i32.const 1)))
            (br $again)))
        (call $log (local.get $i))
        (local.get $i))
      (func $even (type $t)
        (if (result i32) (i32.and (local.get 0) (i32.const 1))
          (then (i32.const 0))
          (else (call_indirect (type $t) (local.get 0) (i32.const 1)))))
      (func (export "init") (param i32)
        (memory.init $late (local.get 0) (i32.const 0) (i32.const 5))
        (data.drop $late)
        (table.set $table (i32.const 3) (ref.func $even))
        (i64.store offset=8 align=4 (local.get 0) (i64.trunc_sat_f64_s (f64.const 1e300)))))""",
    "switch": """(module
      (func (export "switch") (param i32) (result i64)
        (block $c (block $b (block $a (br_table $a $b $c $a (local.get 0)))
          (return (i64.const 0x7fffffffffffffff)))
          (return (i64.const 2)))
        (i64.const 3))
      (func (export "several") (param i32 i64) (result i64 i32)
        (local.get 1) (local.get 0))
      (func (export "tail") (param i32 i64) (result i64 i32)
        (return_call 1 (local.get 0) (local.get 1))))""",
    "references": """(module
      (rec (type $a (sub (func (param (ref null $b))))) (type $b (sub final $a (func (param (ref null $a))))))
      (type $v (func (result i32)))
      (global (ref null $a) (ref.null $a))
      (global $f (ref $v) (ref.func $seven))
      (elem $e (ref null $v) (ref.func $seven) (ref.null $v))
      (table 1 (ref null $v) (ref.func $seven))
      (func $seven (export "seven") (result i32) (i32.const 7))
      (func (export "call") (result i32)
        (block $null (return (call_ref $v (br_on_null $null (global.get $f)))))
        (i32.const 0)))""",
    "memories": """(module
      (memory $a 1) (memory $b i64 1 5) (memory $c 10 (pagesize 1))
      (data (memory $b) (i64.const 3) "abc")
      (func (export "copy") (param i32 i64)
        (memory.copy $a $b (local.get 0) (local.get 1) (i32.const 3))
        (memory.fill $c (local.get 0) (i32.const 1) (memory.size $c))
        (v128.store $a (local.get 0) (i8x16.swizzle (v128.load $b (local.get 1)) (v128.const i64x2 1 2)))
        (drop (i8x16.extract_lane_u 3 (v128.load32_zero $c offset=4 (local.get 0))))))""",
}
BINARIES = {name: wat2wasm(text) for name, text in MODULES.items()}
FOREIGN = (
    WebAssembly.CompileError,
    WebAssembly.LinkError,
    WebAssembly.RuntimeError,
    RangeError,
    TypeError,
)


@pytest.mark.parametrize("name", MODULES)
def test_a_module_cut_at_any_byte_is_refused_or_a_module_of_fewer_sections(name: str) -> None:
    data = BINARIES[name]
    ends = _section_ends(data)
    for size in range(len(data)):
        if size in ends:
            assert WebAssembly.validate(data[:size]) in (True, False)
            continue
        with pytest.raises(WebAssembly.CompileError) as caught:
            WebAssembly.Module(data[:size])
        assert "at offset" in caught.value.message
    WebAssembly.Module(data)


def _section_ends(data: bytes) -> set[int]:
    ends = {8}
    at = 8
    while at < len(data):
        size = shift = 0
        while True:
            at += 1
            size |= (data[at] & 127) << shift
            shift += 7
            if data[at] < 128:
                break
        at += 1 + size
        ends.add(at)
    return ends


@pytest.mark.parametrize("name", MODULES)
def test_every_byte_of_a_module_replaced(name: str) -> None:
    data = BINARIES[name]
    for at in range(len(data)):
        for byte in (0, 0x7F, 0x80, 0xFF, data[at] ^ 1, data[at] ^ 0x40):
            _only_compile_errors(data[:at] + bytes((byte,)) + data[at + 1 :])


@pytest.mark.parametrize(
    "number",
    [
        b"\x80\x80\x80\x80\x80\x00",
        b"\x81\x80\x80\x80\x80\x00",
        b"\xff\xff\xff\xff\x1f",
        b"\x80\x80\x80\x80\x10",
        b"\x80" * 20 + b"\x00",
        b"\xff" * 100_000,
    ],
)
def test_numbers_written_too_long(build: Any, number: bytes) -> None:
    modules = [
        build.HEADER + b"\1" + number,
        build.HEADER + build.raw_section(1, number),
        build.HEADER + build.raw_section(1, b"\1\x60" + number),
        build.HEADER + build.raw_section(5, b"\1\0" + number * 3),
        build.HEADER + build.raw_section(8, number),
        build.function(b"\x41" + number + b"\x1a"),
        build.function(b"\x0c" + number),
        build.function(b"", locals_=number),
        build.function(b"\xfc" + number),
    ]
    for data in modules:
        with pytest.raises(WebAssembly.CompileError):
            WebAssembly.Module(data)


def test_64_bit_numbers_written_too_long(build: Any) -> None:
    for number in (b"\x80" * 10 + b"\0", b"\xff" * 9 + b"\x02", b"\x80" * 9 + b"\x01"):
        with pytest.raises(WebAssembly.CompileError):
            WebAssembly.Module(build.function(b"\x42" + number + b"\x1a"))
        with pytest.raises(WebAssembly.CompileError):
            WebAssembly.Module(build.function(b"\x41\0\x28\2" + number[1:] + b"\x7f" + b"\x1a"))
        with pytest.raises(WebAssembly.CompileError):
            WebAssembly.Module(build.HEADER + build.raw_section(5, b"\1\4" + b"\xff" + number))
    WebAssembly.Module(build.function(b"\x42" + b"\xff" * 9 + b"\x7f" + b"\x1a"))


def test_numbers_padded_within_their_width_are_read(build: Any) -> None:
    data = build.function(b"\x41\x85\x80\x80\x80\x00\x6a", build.I32_TYPE)
    with pytest.raises(WebAssembly.CompileError):
        WebAssembly.Module(data)
    data = build.function(b"\x20\x80\x80\x80\x80\x00\x41\x85\x80\x80\x80\x00\x6a", build.I32_TYPE)
    assert WebAssembly.Instance(WebAssembly.Module(data)).exports.f(3) == 8


def _only_compile_errors(data: bytes) -> bool:
    """Compile, translate every function of what is accepted, and instantiate what needs no imports."""
    try:
        module = WebAssembly.Module(data)
    except WebAssembly.CompileError:
        return False
    WebAssembly.Module.exports(module)
    imports = WebAssembly.Module.imports(module)
    compiled = module._compiled
    assert isinstance(compiled, CompiledModule)
    compiled.compile_all()
    if not imports:
        try:
            WebAssembly.Instance(module)
        except (*FOREIGN,):
            pass
    return True


def _mutated(data: bytes, choose: random.Random) -> bytes:
    out = bytearray(data)
    for _ in range(choose.choice((1, 1, 1, 2, 4))):
        at = choose.randrange(8, max(9, len(out)))
        kind = choose.randrange(6)
        if kind == 0:
            out[at : at + 1] = bytes((choose.randrange(256),))
        elif kind == 1:
            del out[at : at + choose.choice((1, 1, 2, 5))]
        elif kind == 2:
            out[at:at] = choose.randbytes(choose.choice((1, 2, 5)))
        elif kind == 3:
            out[at : at + 1] = choose.choice(
                (
                    b"\xff\xff\xff\xff\x0f",
                    b"\x80\x80\0",
                    b"\xff",
                    b"\xfb",
                    b"\xfc",
                    b"\xfd",
                    b"\xfe",
                )
            )
        else:
            start = choose.randrange(8, max(9, len(out)))
            out[at:at] = out[start : start + choose.randrange(1, 12)]
    return bytes(out)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("name", MODULES)
def test_damaged_modules(name: str, seed: int) -> None:
    choose = random.Random(f"{name} {seed}")
    accepted = sum(_only_compile_errors(_mutated(BINARIES[name], choose)) for _ in range(700))
    assert 0 < accepted < 700


@pytest.mark.parametrize("seed", range(4))
def test_random_bodies(build: Any, seed: int) -> None:
    choose = random.Random(seed)
    for _ in range(500):
        _only_compile_errors(
            build.function(choose.randbytes(choose.randrange(1, 30)), build.I32_TYPE)
        )


@pytest.mark.parametrize("seed", range(2))
def test_random_bytes(build: Any, seed: int) -> None:
    choose = random.Random(seed)
    for _ in range(500):
        data = choose.randbytes(choose.randrange(0, 40))
        assert not _only_compile_errors(data)
        id_ = choose.randrange(14)
        _only_compile_errors(build.HEADER + build.raw_section(id_, data))
