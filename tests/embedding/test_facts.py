"""Modules as plain values: what comes back is the module, and its context is that of validation."""

from __future__ import annotations

import marshal
from collections.abc import Iterator
from dataclasses import fields
from typing import Any

import pytest

from pyjsapi.binary.body import BinaryCode
from pyjsapi.embedding.facts import facts_of, module_of
from pyjsapi.embedding.settings import Settings
from pyjsapi.embedding.valid_module import ValidModule, valid_module
from pyjsapi.syntax.features import Features
from pyjsapi.syntax.module import Func, Module
from pyjsapi.text import wat2wasm
from pyjsapi.validation.known import context_of

ALL = Settings(Features(**{field.name: True for field in fields(Features)}))
TEXTS = {
    "nothing": "(module)",
    "types": """(module
      (type $a (sub (struct (field i8) (field (mut i64)) (field (ref null $a)))))
      (rec (type $b (sub $a (struct (field i8) (field (mut i64)) (field (ref null $a)) (field (ref $c)))))
           (type $c (func (param (ref $b) v128) (result funcref externref))))
      (type $d (array (mut i16))) (type $e (array (ref null $d))) (type (struct))
      (type $f (func (param i32 i64 f32 f64 (ref extern) exnref) (result nullref)))
      (global (ref null $a) (ref.null $b)) (global (ref $d) (array.new_fixed $d 2 (i32.const 1) (i32.const -2)))
      (global (ref null $e) (array.new_default $e (i32.const 3))) (global (ref i31) (ref.i31 (i32.const 4))))""",
    "imports": """(module
      (type $t (func (param i32)))
      (import "a" "f" (func (type $t))) (import "a" "é\\00" (table i64 1 2 (ref null $t)))
      (import "b" "" (memory i64 1 5)) (import "b" "s" (memory 1 2 shared (pagesize 1)))
      (import "" "g" (global (mut (ref null $t)))) (import "" "e" (tag (param i64))) (func (export "f")))""",
    "all sections": """(module
      (@custom "first" (before first) "1") (@custom "" (after type) "\\ff")
      (type $t (func)) (memory $m 1) (memory 2 3) (tag (param f32)) (global $i i32 (i32.const 7))
      (global (mut f64) (f64.const nan:0x123)) (global v128 (v128.const i64x2 -1 2))
      (global i32 (i32.add (global.get $i) (i32.const -8))) (global f32 (f32.const -0.0))
      (table 3 funcref) (table 2 (ref null func) (ref.func $f)) (table 1 externref)
      (elem (i32.const 0) $f $g $f) (elem declare func $g) (elem funcref (ref.null func) (ref.func $g))
      (elem (table 2) (i32.const 0) externref (ref.null extern)) (elem (table 1) (offset (i32.const 1)) func $g)
      (data (i32.const 3) "abc") (data "abc") (data (memory 1) (i32.const 0) "") (data "\\00")
      (func $f (export "f") (local i32 i64) (drop (i32.const 1))) (func $g (export "g"))
      (export "m" (memory 1)) (export "t" (table 2)) (export "x" (tag 0)) (export "i" (global $i))
      (start $g) (@custom "end" "2"))""",
}


def again(valid: ValidModule) -> Module:
    facts = marshal.loads(marshal.dumps(facts_of(valid.module, valid.data)))
    return module_of(facts, valid.data)


def codes(module: Module) -> Iterator[tuple[Any, ...]]:
    for func in module.funcs:
        assert isinstance(func.code, BinaryCode)
        code = func.code
        yield func.typeidx, code.data, code.start, code.end, code.data_count


@pytest.mark.parametrize("name", TEXTS)
def test_the_module_comes_back(name: str) -> None:
    valid = valid_module(wat2wasm(TEXTS[name]), ALL)
    found = again(valid)
    for each in fields(Module):
        if each.name != "funcs":
            assert repr(getattr(found, each.name)) == repr(getattr(valid.module, each.name))
    assert (found.types, found.imports, found.customs) == (
        valid.module.types, valid.module.imports, valid.module.customs,
    )  # fmt: skip
    assert list(codes(found)) == list(codes(valid.module))


@pytest.mark.parametrize("name", TEXTS)
def test_its_context_is_that_of_validation(name: str) -> None:
    valid = valid_module(wat2wasm(TEXTS[name]), ALL)
    found = context_of(again(valid))
    for each in fields(found):
        if each.name != "refs":
            assert getattr(found, each.name) == getattr(valid.context, each.name), each.name
    assert all(one is other for one, other in zip(found.types, valid.context.types, strict=True))


def test_only_what_was_decoded_from_the_bytes_has_facts() -> None:
    data = wat2wasm('(module (memory 1) (data "abc") (func))')
    module = valid_module(data, ALL).module
    with pytest.raises(ValueError, match="not decoded from these bytes"):
        facts_of(module, data[:-2])
    made = Module(types=module.types, funcs=[Func(0, module.funcs[0].code.load())])
    with pytest.raises(ValueError, match="not decoded from these bytes"):
        facts_of(made, data)
