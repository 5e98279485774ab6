"""The typing rules of custom descriptors, and their binary and text forms."""

from __future__ import annotations

import pytest

from pyjsapi import WebAssembly
from pyjsapi.binary.decoder import decode_module
from pyjsapi.syntax.errors import FeatureError, ValidationError
from pyjsapi.syntax.features import NEEDS, Features, needs_of
from pyjsapi.text import wasm2wat, wat2wasm
from pyjsapi.validation.limits import Limits
from pyjsapi.validation.module import validate_module

ON = Features(custom_descriptors=True)
TYPES = """(rec
    (type $a (sub (descriptor $d) (struct (field i32))))
    (type $d (sub (describes $a) (struct))))
  (type $plain (struct)) (type $f (sub (func))) (type $g (sub $f (func)))"""


def check(fields: str, features: Features = ON) -> None:
    module = decode_module(wat2wasm(f"(module {fields})"), features)
    validate_module(module, features, Limits())


VALID = {
    "new": "(func (param (ref null (exact $d))) (result (ref (exact $a))) "
    "(struct.new_desc $a (i32.const 1) (local.get 0)))",
    "default": "(func (param (ref null (exact $d))) (result (ref $a)) (struct.new_default_desc $a (local.get 0)))",
    "get": "(func (param (ref null $a)) (result (ref $d)) (ref.get_desc $a (local.get 0)))",
    "get exact": "(func (param (ref null (exact $a))) (result (ref (exact $d))) (ref.get_desc $a (local.get 0)))",
    "cast": "(func (param anyref (ref null $d)) (result (ref null $a)) "
    "(ref.cast_desc_eq (ref null $a) (local.get 0) (local.get 1)))",
    "cast exact": "(func (param anyref (ref (exact $d))) (result (ref (exact $a))) "
    "(ref.cast_desc_eq (ref (exact $a)) (local.get 0) (local.get 1)))",
    "branch": "(func (param anyref (ref null $d)) (result anyref) "
    "(br_on_cast_desc_eq 0 anyref (ref $a) (local.get 0) (local.get 1)))",
    "branch on failure": "(func (param anyref (ref null $d)) (result anyref) "
    "(br_on_cast_desc_eq_fail 0 anyref (ref $a) (local.get 0) (local.get 1)))",
    "constant": "(global (ref (exact $d)) (struct.new $d)) "
    "(global (ref (exact $a)) (struct.new_desc $a (i32.const 1) (global.get 0)))",
    "function": '(func $h (type $f)) (func (result (ref (exact $f))) (ref.func $h)) (export "h" (func $h))',
    "import": '(import "m" "h" (func $h (exact (type $f)))) (elem declare func $h) '
    "(func (result (ref (exact $f))) (ref.func $h))",
    "null": "(func (result (ref null (exact $a))) (ref.null (exact $a)))",
    "block": "(func (result (ref null (exact $a))) (block (result (ref null (exact $a))) (ref.null none)))",
}
INVALID = {
    "new without": ("(func (drop (struct.new $a (i32.const 1))))", "type with descriptor requires"),
    "default without": ("(func (drop (struct.new_default $a)))", "type with descriptor requires"),
    "new with": (
        "(func (drop (struct.new_default_desc $plain (ref.null none))))",
        "type without descriptor requires",
    ),
    "inexact": (
        "(func (param (ref $d)) (drop (struct.new_default_desc $a (local.get 0))))",
        "type mismatch",
    ),
    "get": ("(func (drop (ref.get_desc $plain (ref.null none))))", "type without descriptor"),
    "cast": (
        "(func (drop (ref.cast_desc_eq (ref $plain) (ref.null none) (ref.null none))))",
        "does not have a descriptor",
    ),
    "import": (
        '(import "m" "h" (func $h (type $f))) (elem declare func $h) '
        "(func (result (ref (exact $f))) (ref.func $h))",
        "type mismatch",
    ),
    "no structure": ("(rec (type (descriptor 6) (func)) (type (describes 5) (struct)))", "must be"),
    "outside": ("(type (descriptor 0) (struct))", "descriptor type is outside rec group"),
    "alone": ("(rec (type (descriptor 6) (struct)) (type (struct)))", "type is not described"),
    "itself": ("(type (describes 5) (descriptor 5) (struct))", "forward use of described type"),
    "super": ("(type (sub $a (struct (field i32))))", "sub type 5 does not match super type 0"),
}


@pytest.mark.parametrize("fields", VALID.values(), ids=VALID)
def test_valid(fields: str) -> None:
    check(TYPES + fields)
    data = wat2wasm(f"(module {TYPES} {fields})")
    assert wat2wasm(wasm2wat(data)) == data


@pytest.mark.parametrize(("fields", "message"), INVALID.values(), ids=INVALID)
def test_invalid(fields: str, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        check(TYPES + fields)


USES = {
    "clauses": TYPES,
    "exact type": "(type $t (struct)) (func (param (ref (exact $t))))",
    "exact import": '(type $t (func)) (import "m" "h" (func (exact (type $t))))',
    "instruction": "(type $t (struct)) (func (drop (ref.get_desc $t (ref.null none))))",
}


@pytest.mark.parametrize("fields", USES.values(), ids=USES)
def test_off_by_default_and_told_how_to_switch_it_on(fields: str) -> None:
    with pytest.raises(FeatureError, match="custom_descriptors") as caught:
        check(fields, Features())
    assert caught.value.feature == "custom_descriptors"
    with pytest.raises(WebAssembly.CompileError, match=r"features=\{'custom_descriptors': True\}"):
        WebAssembly.Module(wat2wasm(f"(module {fields})"))


def test_what_is_made_has_an_exact_type_only_where_the_feature_is_on() -> None:
    fields = "(type $t (sub (struct))) (func (result (ref $t)) (struct.new $t))"
    check(fields)
    check(fields, Features())


def test_a_feature_that_is_asked_for_switches_on_what_it_needs() -> None:
    off = dict.fromkeys(("gc", "function_references", "reference_types", "exceptions"), False)
    made = Features(custom_descriptors=True, **off)
    assert made.gc and made.function_references and made.reference_types and not made.exceptions
    made = Features(stack_switching=True, **off)
    assert made.function_references and made.exceptions and not made.gc
    assert needs_of("custom_descriptors") == ["gc", "function_references", "reference_types"]
    names = set(Features.__slots__)
    assert all({name, *needed} <= names for name, needed in NEEDS.items())


def test_what_is_on_by_default_may_lack_what_it_needs() -> None:
    made = Features(function_references=False)
    assert made.gc and not made.function_references
