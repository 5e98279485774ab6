"""The code that vector instructions become, and what surrounds it: features, memories that move, the JS API."""

from __future__ import annotations

import subprocess
import sys

import pytest

from pyjsapi import WebAssembly
from pyjsapi.compiler.emit.registry import EMITTERS
from pyjsapi.compiler.emit.simd import _call
from pyjsapi.compiler.support import simd
from pyjsapi.embedding.settings import Settings
from pyjsapi.engines.python import compile_module, instantiate, invoke
from pyjsapi.runtime import FuncInst
from pyjsapi.runtime.memory import MemInst
from pyjsapi.syntax.errors import FeatureError
from pyjsapi.syntax.features import Features
from pyjsapi.syntax.instructions import OPS
from pyjsapi.text import wat2wasm


def source(text: str) -> str:
    """Python source of the first function."""
    return compile_module(wat2wasm(f"(module (memory 1) {text})")).source(0)


def test_every_called_operation_exists() -> None:
    called = [op for op in OPS if EMITTERS.get(op) is _call]
    assert len(called) > 120
    for op in called:
        assert callable(getattr(simd, op.mnemonic.replace(".", "_")))
    with pytest.raises(AttributeError, match="no vector operation i8x16_frobnicate"):
        simd.i8x16_frobnicate  # noqa: B018


def test_simple_operations_are_written_out() -> None:
    binary = "(func (param v128 v128) (result v128) (v128.{} (local.get 0) (local.get 1)))"
    assert "return l0&l1" in source(binary.format("and"))
    assert "return l0|l1" in source(binary.format("or"))
    assert "return l0^l1" in source(binary.format("xor"))
    assert "return l0^l0&l1" in source(binary.format("andnot"))
    lanes = "(func (param v128) (result i32) (i32x4.extract_lane {} (local.get 0)))"
    assert "return l0&4294967295" in source(lanes.format(0))
    assert "return l0>>96" in source(lanes.format(3))
    for code in (binary.format("and"), lanes.format(1)):
        assert "V." not in source(code)


def test_shifts_by_constants_and_splats_of_constants_are_folded() -> None:
    shift = "(func (param v128) (result v128) (i8x16.{} (local.get 0) (i32.const {})))"
    assert "V." not in source(shift.format("shl", 3))
    assert "return l0\n" in source(shift.format("shl", 8)) + "\n"
    assert "V.i8x16_shr_s" in source(shift.format("shr_s", 3))
    splat = source("(func (result v128) (i8x16.splat (i32.const 0x101)))")
    assert f"return {int('01' * 16, 16)}" in splat


def test_code_without_vectors_does_not_make_the_operations() -> None:
    script = (
        "import sys, pyjsapi\n"
        "data = pyjsapi.wat2wasm('(module (func (export \"f\") (result i32) (i32.const 0xfd)))')\n"
        "pyjsapi.WebAssembly.Instance(pyjsapi.WebAssembly.Module(data)).exports.f()\n"
        "assert 'pyjsapi.compiler.support.simd_float' not in sys.modules\n"
        "assert 'pyjsapi.compiler.support.simd_integer' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


@pytest.mark.parametrize(
    ("text", "off", "message"),
    [
        ("(func (param v128))", "simd", "the type v128 needs the feature simd"),
        ("(func (local v128))", "simd", "the type v128 needs the feature simd"),
        ("(global v128 (v128.const i64x2 0 0))", "simd", "the type v128 needs the feature simd"),
        (
            "(func (drop (v128.const i64x2 0 0)))",
            "simd",
            "the instruction v128.const needs the feature simd",
        ),
        (
            "(func (param v128) (drop (i8x16.relaxed_swizzle (local.get 0) (local.get 0))))",
            "relaxed_simd",
            "the instruction i8x16.relaxed_swizzle needs the feature relaxed_simd",
        ),
    ],
)
def test_a_feature_that_is_off_is_named(text: str, off: str, message: str) -> None:
    with pytest.raises(FeatureError) as caught:
        compile_module(wat2wasm(f"(module {text})"), Settings(Features(**{off: False})))
    assert message in caught.value.message
    assert "switched off" in caught.value.message


@pytest.mark.parametrize("access", ["load", "store"])
def test_a_memory_that_moves_between_address_and_access(access: str) -> None:
    grow = "(func $grow (result i32) (drop (memory.grow 0 (i32.const 1))) (i32.const 65536))"
    load = '(func (export "f") (result v128) (v128.load (call $grow)))'
    store = (
        '(func (export "f") (result v128)'
        " (v128.store (i32.const 8) (i32x4.splat (call $grow))) (v128.load (i32.const 8)))"
    )
    text = f'(module (memory (export "m") 1) {grow} {load if access == "load" else store})'
    instance = instantiate(compile_module(wat2wasm(text)), [])
    memory, function = instance.exports["m"], instance.exports["f"]
    assert isinstance(memory, MemInst)
    assert isinstance(function, FuncInst)
    pinned = memoryview(memory.data)  # so that growing must move the bytes
    (result,) = invoke(function, [])
    assert result == (0 if access == "load" else 65536 * sum(1 << 32 * i for i in range(4)))
    if access == "store":
        assert pinned.obj is not memory.data
        assert memory.data[8:24] == result.to_bytes(16, "little")


@pytest.mark.parametrize(
    ("access", "expected"),
    [
        ("(i32.load8_u (call $grow))", 7),
        ("(i32.load (call $grow))", 7),
        ("(i32.load align=1 (call $grow))", 7),
        ("(i32.trunc_f64_s (f64.load offset=8 align=1 (call $grow)))", 0),
        ("(i32x4.extract_lane 0 (v128.load32_splat (call $grow)))", 7),
        (
            "(i32x4.extract_lane 2 (v128.load32_lane 2 (call $grow) (v128.const i64x2 0 0)))",
            7,
        ),
        ("(i32.store (i32.const 8) (call $grow)) (i32.load (i32.const 8))", 65536),
        ("(i32.store align=1 (i32.const 8) (call $grow)) (i32.load (i32.const 8))", 65536),
        ("(i32.store16 (i32.const 9) (i32.shr_u (call $grow) (i32.const 8))) (i32.load (i32.const 9))", 256),
        ("(i32.store8 (i32.const 9) (i32.shr_u (call $grow) (i32.const 16))) (i32.load (i32.const 9))", 1),
        ("(i32.store8 (call $grow) (i32.const 5)) (i32.load8_u (i32.const 65536))", 5),
    ],
)  # fmt: skip
def test_narrow_accesses_to_a_memory_that_moves(access: str, expected: int) -> None:
    text = f"""(module (memory (export "m") 1)
      (func $grow (result i32)
        (drop (memory.grow 0 (i32.const 1))) (i32.store (i32.const 65536) (i32.const 7))
        (i32.const 65536))
      (func (export "f") (result i32) {access}))"""
    instance = instantiate(compile_module(wat2wasm(text)), [])
    memory, function = instance.exports["m"], instance.exports["f"]
    assert isinstance(memory, MemInst)
    assert isinstance(function, FuncInst)
    pinned = memoryview(memory.data)
    assert invoke(function, []) == (expected,)
    assert pinned.obj is not memory.data


def test_an_address_is_evaluated_before_the_vector_beside_it() -> None:
    text = """(module (memory 1)
      (global $trace (mut i32) (i32.const 0))
      (func $note (param i32) (result i32)
        (global.set $trace
          (i32.add (i32.mul (global.get $trace) (i32.const 10)) (local.get 0)))
        (local.get 0))
      (func (export "f") (result i32)
        (drop (v128.load8_lane 3 (call $note (i32.const 1)) (i8x16.splat (call $note (i32.const 2)))))
        (v128.store16_lane 3 (call $note (i32.const 3)) (i8x16.splat (call $note (i32.const 4))))
        (v128.store (call $note (i32.const 5)) (i8x16.splat (call $note (i32.const 6))))
        (drop (v128.bitselect (i8x16.splat (call $note (i32.const 7)))
          (i8x16.splat (call $note (i32.const 8))) (i8x16.splat (call $note (i32.const 9)))))
        (global.get $trace)))"""
    function = instantiate(compile_module(wat2wasm(text)), []).exports["f"]
    assert isinstance(function, FuncInst)
    assert invoke(function, []) == (123456789,)


def test_vectors_do_not_cross_into_python() -> None:
    text = """(module
      (import "m" "f" (func $f (param v128)))
      (func (export "takes") (param v128))
      (func (export "gives") (result v128) (v128.const i64x2 0 0))
      (func (export "calls") (call $f (v128.const i64x2 0 0)))
      (func (export "inside") (result i32)
        (i32x4.extract_lane 2 (i32x4.splat (i32.const -7))))
      (global (export "g") (mut v128) (v128.const i64x2 0 0)))"""
    called: list[object] = []
    exports = WebAssembly.Instance(
        WebAssembly.Module(wat2wasm(text)), {"m": {"f": called.append}}
    ).exports
    for name in ("takes", "gives", "calls"):
        with pytest.raises(TypeError):
            exports[name](0)
    assert called == []
    assert exports.inside() == -7
    with pytest.raises(TypeError):
        exports.g.value  # noqa: B018
    with pytest.raises(TypeError):
        exports.g.value = 0
    with pytest.raises(TypeError):
        WebAssembly.Global({"value": "v128"})
