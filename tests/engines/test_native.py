"""Engines that validate bodies by themselves: what a module is, and what is wrong with it, is the same on all."""

from __future__ import annotations

import importlib.util
import warnings
from collections.abc import Callable
from dataclasses import fields
from typing import Any

import pytest

from pyjsapi import Features, Limits, WebAssembly, engines
from pyjsapi.embedding import valid_module as validation
from pyjsapi.embedding.settings import DEFAULT_SETTINGS
from pyjsapi.engines.native import RUN_TIME_LIMITS, compile_natively
from pyjsapi.text import wat2wasm
from tests.engines.native_engine import NEW, NativeEngine


def _errors(data: bytes, **restrictions: Any) -> list[str]:
    """What the Python engine and a native one say to a module; they ought to say the same."""
    found = []
    for engine in ("python", NativeEngine()):
        try:
            WebAssembly.Module(data, engine=engine, **restrictions)
        except WebAssembly.CompileError as error:
            found.append(str(error))
        else:
            found.append("")
    return found


def _check_same_error(data: bytes, part: str, **restrictions: Any) -> None:
    ours, native = _errors(data, **restrictions)
    assert part in ours
    assert native == ours
    for engine in ("python", NativeEngine()):
        assert not WebAssembly.validate(data, engine=engine, **restrictions)


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("(func (result i32))", "type mismatch"),
        ("(func (drop (local.get 3)))", "unknown local 3"),
        ('(func (result i32)) (export "x" (func 7))', "type mismatch"),
        ('(func) (export "x" (func 7))', "unknown function 7"),
        ('(func (export "x")) (func (export "x") (drop))', "type mismatch"),
        ("(func (memory.fill (i32.const 0) (i32.const 0) (i32.const 0)))", "unknown memory 0"),
        ("(func) (start 1)", "unknown function 1"),
        ("(func $f) (func (drop (ref.func $f)))", "undeclared function reference"),
        ("(func $f) (func (drop (ref.func $f))) (start $f)", "undeclared function reference"),
        ("(memory 1) (data (i64.const 0))", "type mismatch"),
    ],
)
def test_en_6_what_is_wrong_with_a_module_is_said_in_the_same_words(text: str, part: str) -> None:
    _check_same_error(wat2wasm(f"(module {text})"), part)


def test_en_6_a_body_that_is_cut_off_is_an_error_in_the_same_words() -> None:
    data = wat2wasm("(module (func (drop (i32.const 1000000))))")
    at = data.index(b"\x41")
    for byte in range(at, len(data)):
        for value in (0x00, 0x0B, 0x41, 0xFB, 0xFF):
            changed = data[:byte] + bytes([value]) + data[byte + 1 :]
            ours, native = _errors(changed)
            assert ours == native


def test_en_7_an_instruction_that_only_the_native_engine_knows_is_refused() -> None:
    data = wat2wasm("(module (func nop nop))").replace(b"\x01\x01\x0b", NEW + b"\x0b")
    assert NEW in data
    _check_same_error(data, "illegal opcode f7")


def test_en_7_a_type_that_only_the_native_engine_knows_is_refused() -> None:
    data = wat2wasm("(module (func (drop (ref.null extern))))")
    for code in (0x67, 0x50):
        _check_same_error(data.replace(b"\xd0\x6f", bytes((0xD0, code))), "malformed heap type")
    _check_same_error(data.replace(b"\xd0\x6f", b"\xd0\x68"), "stack_switching")


def test_en_7_what_is_off_unless_it_is_switched_on_is_refused() -> None:
    data = wat2wasm("(module (memory 1) (func (memory.discard (i32.const 0) (i32.const 0))))")
    _check_same_error(data, "memory_control")
    native = NativeEngine()
    WebAssembly.Module(data, engine=native, features={"memory_control": True})


def test_bodies_are_left_to_the_engine_that_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[bool] = []
    validate: Callable[..., Any] = validation.validated

    def seen(*arguments: Any, bodies: bool = True) -> Any:
        asked.append(bodies)
        return validate(*arguments, bodies=bodies)

    monkeypatch.setattr(validation, "validated", seen)
    data = wat2wasm('(module (func (export "f") (param i32) (result i32) (local.get 0)))')
    module = compile_natively(data, DEFAULT_SETTINGS, lambda module: module)
    assert asked == [False]
    assert module.context.refs == {0}


USES = {
    "sign_extension": "(func (param i32) (drop (i32.extend8_s (local.get 0))))",
    "saturating_float_to_int": "(func (param f32) (drop (i32.trunc_sat_f32_s (local.get 0))))",
    "multi_value": "(func (block (result i32 i32) (i32.const 1) (i32.const 2)) drop drop)",
    "bulk_memory": "(memory 1) (func (memory.fill (i32.const 0) (i32.const 0) (i32.const 0)))",
    "reference_types": "(func (drop (ref.null extern)))",
    "multi_memory": "(memory 1) (memory 1)",
    "extended_const": "(global i32 (i32.add (i32.const 1) (i32.const 2)))",
    "tail_call": "(func $f (return_call $f))",
    "function_references": "(type $t (func)) (func (param (ref null $t)) (call_ref $t (local.get 0)))",
    "gc": "(func (drop (ref.i31 (i32.const 1))))",
    "memory64": "(memory i64 1)",
    "simd": "(func (drop (i32x4.splat (i32.const 1))))",
    "exceptions": "(tag $e) (func (throw $e))",
    "legacy_exceptions": "(func try nop catch_all end)",
    "relaxed_simd": "(func (param v128) (drop (i8x16.relaxed_swizzle (local.get 0) (local.get 0))))",
    "custom_page_sizes": "(memory 1 (pagesize 1))",
    "wide_arithmetic": "(func (param i64) (result i64 i64) (i64.mul_wide_u (local.get 0) (local.get 0)))",
    "compact_imports": '(import "m" (item "a" (func)) (item "b" (func)))',
    "threads": "(memory 1) (func (drop (i32.atomic.load (i32.const 0))))",
}


def test_en_8_every_feature_has_a_case() -> None:
    off = {one.name for one in fields(Features) if not getattr(Features(), one.name)}
    names = {one.name for one in fields(Features)}
    # The section is the host's alone, whatever the engine.
    assert set(USES) == names - off - {"memory_map_section"}


@pytest.mark.parametrize("feature", USES)
def test_en_8_a_feature_that_is_off_restricts_every_engine(feature: str) -> None:
    data = wat2wasm(f"(module {USES[feature]})")
    assert _errors(data) == ["", ""]
    _check_same_error(data, feature, features={feature: False})


BEYOND = {
    "module_size": (8, "(func)"),
    "types": (1, "(type (func)) (type (func (param i32)))"),
    "rec_groups": (1, "(type (func)) (type (func (param i32)))"),
    "rec_group_types": (1, "(rec (type (func)) (type (func (param i32))))"),
    "subtype_depth": (0, "(type $a (sub (struct))) (type (sub $a (struct)))"),
    "functions": (1, "(func) (func)"),
    "imports": (0, '(import "a" "b" (func))'),
    "exports": (0, '(func (export "a"))'),
    "globals": (0, "(global i32 (i32.const 0))"),
    "tags": (0, "(tag)"),
    "data_segments": (0, '(data "")'),
    "tables": (0, "(table 0 funcref)"),
    "table_init_entries": (1, "(func $f) (elem func $f $f)"),
    "memories": (0, "(memory 1)"),
    "memory32_pages": (1, "(memory 2)"),
    "memory64_pages": (1, "(memory i64 2)"),
    "params": (1, "(func (param i32 i32))"),
    "results": (1, "(func (result i32 i32) (i32.const 0) (i32.const 0))"),
    "body_size": (3, "(func nop nop nop)"),
    "locals": (3, "(func (param i32 i32) (local i64 i64))"),
    "struct_fields": (1, "(type (struct (field i32) (field i32)))"),
    "array_new_fixed_operands": (
        1,
        "(type $a (array i32)) (func (drop (array.new_fixed $a 2 (i32.const 0) (i32.const 0))))",
    ),
    "operands": (
        3,
        "(func $two (result i32 i32) (i32.const 0) (i32.const 0))"
        "(func (call $two) (call $two) (call $two) drop drop drop drop drop drop)",
    ),
}


def test_en_8_every_limit_of_modules_has_a_case() -> None:
    names = {one.name for one in fields(Limits)}
    met_later = {name for name in names if name.startswith("max_")} | set(RUN_TIME_LIMITS)
    assert set(BEYOND) == names - met_later - {"call_depth"}


@pytest.mark.parametrize("field", BEYOND)
def test_en_8_a_limit_of_modules_restricts_every_engine(field: str) -> None:
    limit, text = BEYOND[field]
    data = wat2wasm(f"(module {text})")
    assert _errors(data) == ["", ""]
    _check_same_error(data, f"Limits.{field}", limits={field: limit})


@pytest.mark.parametrize("field", RUN_TIME_LIMITS)
def test_a_limit_that_an_engine_does_not_keep_is_refused_by_name(field: str) -> None:
    data = wat2wasm("(module)")
    with pytest.raises(WebAssembly.CompileError) as caught:
        WebAssembly.Module(data, engine=NativeEngine(), limits={field: 5})
    assert str(caught.value) == (
        f"WebAssembly.Module(): the engine 'native-one' does not keep Limits.{field}; the Python engine does"
    )


def test_what_was_validated_is_handed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    decoded: list[bytes] = []
    import pyjsapi.binary.decoder as decoder

    decode: Callable[..., Any] = decoder.decode_module

    def seen(data: bytes, *arguments: Any) -> Any:
        decoded.append(data)
        return decode(data, *arguments)

    data = wat2wasm('(module (func (export "f") (result f64) (f64.const 7.25)))')
    native = NativeEngine(lacks=b"\x7c")
    monkeypatch.setattr(decoder, "decode_module", seen)
    with pytest.warns(engines.EngineFallback, match="the machine has no floats"):
        module = WebAssembly.Module(data, engine=[native, "python"])
    assert module.engine == "python"
    assert WebAssembly.Instance(module).exports.f() == 7.25
    # Once here, and once by the engine that stands for a native one.
    assert decoded == [data, data]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", engines.EngineFallback)
        second = NativeEngine()
        assert WebAssembly.Module(data, engine=[native, second]).engine == "native-one"
    assert second.asked == {"prepare": 1}


def test_a_refused_module_is_valid() -> None:
    data = wat2wasm("(module (func (result f64) (f64.const 7.25)))")
    native = NativeEngine(lacks=b"\x7c")
    assert WebAssembly.validate(data, engine=native)
    with pytest.raises(WebAssembly.CompileError, match="the machine has no floats"):
        WebAssembly.Module(data, engine=native)


def test_builtins_of_a_refused_module_are_checked() -> None:
    data = wat2wasm('(module (import "wasm:js-string" "length" (func (param f64) (result f64))))')
    native = NativeEngine(lacks=b"\x7c")
    for engine in ("python", native):
        assert not WebAssembly.validate(data, {"builtins": ["js-string"]}, engine=engine)


WASMTIME = pytest.mark.skipif(
    importlib.util.find_spec("wasmtime") is None, reason="the package wasmtime is not installed"
)


def _error(data: bytes, engine: str, **restrictions: Any) -> str:
    try:
        WebAssembly.Module(data, engine=engine, **restrictions)
    except WebAssembly.CompileError as error:
        return str(error)
    return ""


@WASMTIME
@pytest.mark.parametrize("feature", USES)
def test_en_8_features_restrict_on_wasmtime(feature: str) -> None:
    data = wat2wasm(f"(module {USES[feature]})")
    said = _error(data, "wasmtime", features={feature: False})
    assert said == _error(data, "python", features={feature: False})
    assert feature in said


@WASMTIME
@pytest.mark.parametrize("field", BEYOND)
def test_en_8_limits_restrict_on_wasmtime(field: str) -> None:
    limit, text = BEYOND[field]
    data = wat2wasm(f"(module {text})")
    assert _error(data, "wasmtime") == ""
    said = _error(data, "wasmtime", limits={field: limit})
    assert said == _error(data, "python", limits={field: limit})
    assert f"Limits.{field}" in said


@WASMTIME
def test_en_6_one_wrong_byte_is_told_in_the_same_words_on_wasmtime() -> None:
    data = wat2wasm("""(module (memory 1) (table 1 funcref) (global (mut i32) (i32.const 1))
      (type $s (struct (field i32)))
      (func $f (param i32) (result i32)
        (block (result i32) (br_table 0 0 (local.get 0) (i32.load offset=4 (local.get 0)))))
      (func (drop (ref.null $s)) (drop (ref.test (ref $s) (ref.null any))) (drop (ref.func $f))
        (drop (call_indirect (param i32) (result i32) (i32.const 1) (i32.const 0))))
      (elem declare func $f))""")
    start = data.index(b"\x0a", data.index(b"\x09"))
    for at in range(start, len(data)):
        for value in (0x00, 0x0B, 0x40, 0x68, 0xD2, 0xFB, 0xFF, (data[at] + 1) & 0xFF):
            changed = data[:at] + bytes([value]) + data[at + 1 :]
            assert _error(changed, "wasmtime") == _error(changed, "python"), (at, value)
