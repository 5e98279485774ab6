"""References, exceptions and traps between Python and native code (EN-15 … EN-17, EN-19)."""

from __future__ import annotations

import gc
import weakref
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from pyjsapi import WebAssembly, engines, null, wat2wasm

PASS = wat2wasm("""(module (import "m" "f" (func $f (param externref) (result externref)))
  (global $g (export "g") (mut externref) (ref.null extern))
  (table $t (export "t") 4 externref)
  (func (export "through") (param externref) (result externref)
    (global.set $g (call $f (local.get 0)))
    (table.set $t (i32.const 1) (global.get $g))
    (table.get $t (i32.const 1)))
  (func (export "back") (param externref) (result externref)
    (extern.convert_any (any.convert_extern (local.get 0))))
  (func (export "any") (param anyref) (result anyref) (local.get 0))
  (func (export "is_null") (param externref) (result i32) (ref.is_null (local.get 0))))""")


def _exports(text: str | bytes, imports: Any = None, **options: Any) -> Any:
    data = text if isinstance(text, bytes) else wat2wasm(text)
    return WebAssembly.Instance(WebAssembly.Module(data, **options), imports).exports


class Thing:
    """Something with an identity."""


VALUES = [
    None, null, 0, -1, 5, (1 << 30) - 1, -(1 << 30), 1 << 30, 1 << 200, True, False, 1.5, 3.0, "", "text",
    "\ud800", b"bytes", ValueError("v"), Thing(), print, Thing, (1, 2),
]  # fmt: skip


@pytest.mark.parametrize("value", VALUES, ids=range(len(VALUES)))
def test_en_15_any_object_comes_back(value: Any) -> None:
    seen: list[Any] = []

    def host(given: Any) -> Any:
        seen.append(given)
        return given

    exports = _exports(PASS, {"m": {"f": host}})
    found = [exports.through(value), *seen, exports.g.value, exports.t.get(1), exports.back(value)]
    for each in found:
        assert type(each) is type(value)
        if type(value) is int:
            assert each == value
        else:
            assert each is value
    assert exports.is_null(value) == (value is null)


def test_en_15_objects_of_the_api_come_back() -> None:
    exports = _exports(PASS, {"m": {"f": lambda given: given}})
    for value in (exports.g, exports.t, exports.through, WebAssembly.Memory(initial=1), exports):
        assert exports.through(value) is value


@pytest.mark.parametrize("value", [1 << 40, 7, -7, "x", 2.5])
def test_en_15_values_of_the_hierarchy_of_any(value: Any) -> None:
    exports = _exports(PASS, {"m": {"f": lambda given: given}})
    assert exports.any(value) == value


def test_en_16_external_references_are_let_go_of() -> None:
    exports = _exports(PASS, {"m": {"f": lambda given: given}})
    things: list[weakref.ref[Thing]] = []
    for _ in range(20_000):
        thing = Thing()
        exports.through(thing)
        things.append(weakref.ref(thing))
    del thing
    assert sum(each() is not None for each in things) < 10_000


def test_en_16_a_store_and_all_in_it_ends_with_its_last_object() -> None:
    def make() -> weakref.ref[Thing]:
        thing = Thing()
        exports = _exports(PASS, {"m": {"f": lambda given: given}})
        exports.through(thing)
        exports.t.set(2, exports)  # a cycle through the table
        exports.t.set(3, thing)
        return weakref.ref(thing)

    def made() -> list[weakref.ref[Thing]]:
        with engines.using("wasmtime"):
            return [make() for _ in range(5)]

    # In a thread, which has a store of its own: exceptions of other tests still know the one of this thread.
    with ThreadPoolExecutor(1) as pool:
        found = pool.submit(made).result()
    gc.collect()
    assert [each() for each in found] == [None] * 5


def test_en_16_exceptions_are_let_go_of() -> None:
    text = """(module (import "m" "f" (func $f)) (tag $t (export "t") (param externref))
      (func (export "throw") (param externref) (throw $t (local.get 0)))
      (func (export "catch") (block $h (try_table (catch_all $h) (call $f)))))"""
    thrown: list[weakref.ref[BaseException]] = []

    def fail() -> None:
        error = ValueError()
        thrown.append(weakref.ref(error))
        raise error

    exports = _exports(text, {"m": {"f": fail}})
    for _ in range(6_000):
        exports["catch"]()
    gc.collect()
    assert sum(each() is not None for each in thrown) < 5_000


THROWING = """(module (import "m" "f" (func $f)) (tag $own (export "own") (param i32 externref))
  (func (export "call") (call $f))
  (func (export "catch_all") (result i32)
    (block $h (try_table (catch_all $h) (call $f)) (return (i32.const 0))) (i32.const 1))
  (func (export "rethrow")
    (block $h (result exnref) (try_table (catch_all_ref $h) (call $f)) (return)) (throw_ref))
  (func (export "throw") (param i32 externref) (throw $own (local.get 0) (local.get 1))))"""


class Custom(Exception):
    """One of the host's."""


@pytest.mark.parametrize("error", [ValueError("v"), Custom(1), OSError(2, "x"), KeyError("k")])
def test_en_17_exceptions_of_python_pass_native_code_as_they_are(error: Exception) -> None:
    def fail() -> None:
        raise error

    exports = _exports(THROWING, {"m": {"f": fail}})
    for name in ("call", "rethrow", "call"):
        with pytest.raises(type(error)) as caught:
            exports[name]()
        assert caught.value is error
        assert any(entry.name == "fail" for entry in caught.traceback)
    assert exports.catch_all() == 1


def test_en_17_what_must_not_be_caught_passes_handlers() -> None:
    for error in (KeyboardInterrupt(), SystemExit(3), GeneratorExit()):

        def fail(error: BaseException = error) -> None:
            raise error

        exports = _exports(THROWING, {"m": {"f": fail}})
        with pytest.raises(type(error)) as caught:
            exports.catch_all()
        assert caught.value is error


@pytest.mark.parametrize("inner", ["python", "wasmtime"])
def test_en_17_exceptions_of_tags_cross_engines(inner: str) -> None:
    thrower = _exports(THROWING, {"m": {"f": lambda: None}}, engine=inner)
    thing = Thing()

    def fail() -> None:
        thrower.throw(7, thing)

    catcher = """(module (import "m" "own" (tag $own (param i32 externref))) (import "m" "f" (func $f))
      (func (export "catch") (result i32 externref)
        (block $h (result i32 externref)
          (try_table (catch $own $h) (call $f)) (i32.const 0) (ref.null extern))))"""
    other = {"python": "wasmtime", "wasmtime": "python"}[inner]
    exports = _exports(catcher, {"m": {"own": thrower.own, "f": fail}}, engine=other)
    assert exports["catch"]() == [7, thing]
    with pytest.raises(WebAssembly.Exception) as caught:
        _exports(THROWING, {"m": {"f": fail}}).call()
    assert caught.value.getArg(thrower.own, 1) is thing


def test_en_17_an_exception_of_the_start_function() -> None:
    text = """(module (tag $t (param i32)) (func $s (throw $t (i32.const 5))) (start $s))"""
    with pytest.raises(WebAssembly.Exception):
        _exports(text)


TRAPS = [
    ("(i32.div_s (i32.const 1) (i32.const 0))", "integer divide by zero"),
    ("(i32.div_s (i32.const 0x80000000) (i32.const -1))", "integer overflow"),
    ("(i32.trunc_f32_s (f32.const nan))", "invalid conversion to integer"),
    ("(i32.trunc_f32_s (f32.const 1e30))", "integer overflow"),
    ("(i32.load (i32.const -4))", "out of bounds memory access"),
    ("(call_indirect (result i32) (i32.const 9))", "undefined element"),
    ("(call_indirect (result i32) (i32.const 1))", "uninitialized element"),
    ("(call_indirect (param i32) (result i32) (i32.const 0) (i32.const 0))", "indirect call type mismatch"),
    ("(drop (table.get (i32.const 9))) (i32.const 0)", "out of bounds table access"),
    ("(struct.get $s 0 (ref.null $s))", "null structure reference"),
    ("(array.get $a (ref.null $a) (i32.const 0))", "null array reference"),
    ("(array.get $a (array.new_default $a (i32.const 1)) (i32.const 1))", "out of bounds array access"),
    ("(i31.get_s (ref.null i31))", "null i31 reference"),
    ("(call_ref $f (ref.null $f))", "null function reference"),
    ("(throw_ref (ref.null exn))", "null exception reference"),
    ("(drop (ref.as_non_null (ref.null func))) (i32.const 0)", "null reference"),
    ("(drop (ref.cast (ref i31) (struct.new_default $s))) (i32.const 0)", "cast failure"),
    ("(i32.atomic.load (i32.const 1))", "unaligned atomic"),
    ("unreachable", "unreachable"),
]  # fmt: skip


@pytest.mark.parametrize(("body", "message"), TRAPS, ids=[message for _, message in TRAPS])
def test_en_17_traps_have_the_words_of_the_specification(body: str, message: str) -> None:
    text = f"""(module (memory 1) (table 2 funcref) (elem (i32.const 0) $g)
      (type $s (struct (field i32))) (type $a (array i32)) (type $f (func (result i32)))
      (func $g (result i32) (i32.const 1))
      (func (export "f") (result i32) {body}))"""
    for engine in ("wasmtime", "python"):
        with pytest.raises(WebAssembly.RuntimeError) as trapped:
            _exports(text, engine=engine).f()
        assert str(trapped.value).startswith(message)


def test_en_19_structures_and_arrays_are_opaque_objects_with_an_identity() -> None:
    text = """(module (type $s (struct (field (mut i32)))) (type $a (array (mut i16)))
      (type $other (struct (field i64)))
      (global $g (export "g") (mut (ref null $s)) (ref.null $s))
      (func (export "new") (param i32) (result (ref $s)) (struct.new $s (local.get 0)))
      (func (export "array") (result anyref) (array.new_default $a (i32.const 3)))
      (func (export "other") (result anyref) (struct.new $other (i64.const 1)))
      (func (export "get") (param (ref $s)) (result i32) (struct.get $s 0 (local.get 0)))
      (func (export "keep") (param (ref null $s)) (global.set $g (local.get 0)))
      (func (export "pass") (param externref) (result externref) (local.get 0)))"""
    exports = _exports(text)
    one, two = exports.new(1), exports.new(2)
    assert one is not two
    assert [exports.get(one), exports.get(two)] == [1, 2]
    exports.keep(one)
    assert exports.g.value is one
    assert exports["pass"](one) is one
    for wrong in (exports.other(), exports.array(), 5, "x", null):
        with pytest.raises(TypeError):
            exports.get(wrong)
    exports.g.value = two
    assert exports.g.value is two
    with pytest.raises(TypeError):
        exports.g.value = exports.other()
    assert repr(one) == "<WebAssembly struct>"
    assert repr(exports.array()) == "<WebAssembly array>"


def test_en_19_structures_pass_code_of_the_other_engine() -> None:
    text = """(module (type $s (struct (field i32)))
      (func (export "new") (param i32) (result (ref $s)) (struct.new $s (local.get 0)))
      (func (export "get") (param (ref $s)) (result i32) (struct.get $s 0 (local.get 0)))
      (func (export "pass") (param externref) (result externref) (local.get 0)))"""
    native, python = _exports(text), _exports(text, engine="python")
    for first, second in ((native, python), (python, native)):
        made = first.new(6)
        assert second["pass"](made) is made
        assert first.get(second["pass"](made)) == 6
