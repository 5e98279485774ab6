"""The typing rules of stack switching, and its binary and text forms."""

from __future__ import annotations

import pytest

from pyjsapi.binary.decoder import decode_module
from pyjsapi.binary.encoder import encode_module
from pyjsapi.syntax.deftypes import DefType
from pyjsapi.syntax.errors import DecodeError, FeatureError, ParseError, ValidationError
from pyjsapi.syntax.features import Features
from pyjsapi.text import wasm2wat, wat2wasm
from pyjsapi.text.convert import parse_module
from pyjsapi.validation.limits import Limits
from pyjsapi.validation.module import validate_module

ON = Features(stack_switching=True)
TYPES = """
  (type $f (func (param i32) (result i64))) (type $k (cont $f))
  (type $g (func (result i64))) (type $kg (cont $g))
  (type $s (func (param i32 (ref null $k)) (result i64))) (type $ks (cont $s))
  (tag $t (param f32) (result i32)) (tag $back (result i64)) (tag $e (param f64)) (tag $plain)
"""


def check(fields: str, features: Features = ON) -> None:
    module = decode_module(wat2wasm(f"(module {TYPES} {fields})"), features)
    validate_module(module, features, Limits())


VALID = {
    "new": "(func (param (ref null $f)) (result (ref $k)) (cont.new $k (local.get 0)))",
    "bind": "(func (param (ref null $k)) (result (ref $kg)) (cont.bind $k $kg (i32.const 1) (local.get 0)))",
    "suspend": "(func (result i32) (suspend $t (f32.const 1)))",
    "resume": "(func (param (ref null $k)) (result i64) (resume $k (i32.const 1) (local.get 0)))",
    "handler": """(func (param (ref $k)) (result i64)
        (block $h (result f32 (ref null $k))
          (return (resume $k (on $t $h) (on $back switch) (i32.const 1) (local.get 0))))
        (drop) (drop) (i64.const 0))""",
    "throw": "(func (param (ref $k)) (result i64) (resume_throw $k $e (f64.const 1) (local.get 0)))",
    "throw ref": "(func (param exnref (ref $k)) (result i64) (resume_throw_ref $k (local.get 0) (local.get 1)))",
    "switch": "(func (param (ref null $ks)) (result i32) (switch $ks $back (i32.const 1) (local.get 0)))",
    "subtypes": """(func (param (ref $k) (ref null nocont)) (result contref (ref null $k))
        (local.get 0) (local.get 1))""",
    "unreachable": "(func (result (ref $kg)) (unreachable) (cont.bind $k $kg))",
    "types of a group": "(rec (type $x (func (param (ref null $y)))) (type $y (cont $x)))",
}


@pytest.mark.parametrize("name", VALID)
def test_valid(name: str) -> None:
    check(VALID[name])


INVALID = {
    "new of no continuation": (
        "(func (drop (cont.new $f (ref.null $f))))",
        "non-continuation type 0",
    ),
    "new of another function": ("(func (drop (cont.new $k (ref.null $g))))", "type mismatch"),
    "continuation of no function": ("(type (cont $k))", "non-function type 1"),
    "unknown type": ("(type (cont 99))", "unknown type 99"),
    "bind to other parameters": (
        "(func (drop (cont.bind $kg $k (ref.null $kg))))",
        "type mismatch: cont.bind",
    ),
    "unknown tag": ("(func (suspend 9))", "unknown tag 9"),
    "handler of no continuation": (
        """(func (block $h (result f32 (ref null $f))
        (drop (resume $k (on $t $h) (i32.const 1) (ref.null $k))) (return)) (drop) (drop))""",
        "non-continuation type 0",
    ),
    "handler without its label's continuation": (
        "(func (drop (resume $k (on $plain 0) (i32.const 1) (ref.null $k))))",
        "type mismatch: instruction requires concrete continuation reference type but label has",
    ),
    "handler of another continuation": (
        """(func (block $h (result f32 (ref null $kg))
        (drop (resume $k (on $t $h) (i32.const 1) (ref.null $k))) (return)) (drop) (drop))""",
        "type mismatch: parameters of label 0's continuation",
    ),
    "switch with a tag of suspensions": (
        "(func (drop (resume $k (on $t switch) (i32.const 1) (ref.null $k))))",
        "type mismatch in switch tag",
    ),
    "switch with other results": (
        "(func (drop (resume $k (on $plain switch) (i32.const 1) (ref.null $k))))",
        "type mismatch: results of tag 3, of switch",
    ),
    "switch to what takes no continuation": (
        "(func (drop (switch $k $back (ref.null $k))))",
        "type mismatch: instruction requires concrete continuation reference type but continuation type 1",
    ),
    "throw with a tag that has results": (
        "(func (throw $t (f32.const 1)))",
        r"type mismatch: tag 0 has the results \[i32\]",
    ),
    "catch with a tag that has results": (
        "(func (block $h (result f32) (try_table (catch $t $h)) (return)) (drop))",
        "type mismatch: tag 0 has the results",
    ),
    "cast": ("(func (param contref) (drop (ref.test (ref $k) (local.get 0))))", "invalid cast"),
    "cast that branches": (
        "(func (param contref) (result contref) (br_on_cast 0 contref (ref $k) (local.get 0)))",
        "invalid cast",
    ),
    "other supertype": (
        "(type $a (sub (cont $f))) (type (sub $a (cont $g)))",
        "sub type 7 does not match super type 6: cont",
    ),
}


@pytest.mark.parametrize("name", INVALID)
def test_invalid(name: str) -> None:
    fields, message = INVALID[name]
    with pytest.raises(ValidationError, match=message):
        check(fields)


OFF = {
    "type": "(module (type (func)) (type (cont 0)))",
    "heap type": "(module (func (param contref)))",
    "bottom": "(module (global nullcontref (ref.null nocont)))",
    "tag with results": "(module (tag (result i32)))",
    "instruction": "(module (tag) (func (suspend 0)))",
}


@pytest.mark.parametrize("name", OFF)
def test_off_it_is_refused_by_name_and_says_how_to_have_it(name: str) -> None:
    module = decode_module(wat2wasm(OFF[name]))
    with pytest.raises(FeatureError) as caught:
        validate_module(module, Features(), Limits())
    assert caught.value.feature == "stack_switching"
    assert "unless it is asked for: features={'stack_switching': True}" in caught.value.message
    validate_module(module, ON, Limits())


def test_binary_and_text_come_back() -> None:
    for fields in VALID.values():
        data = wat2wasm(f"(module {TYPES} {fields})")
        assert encode_module(decode_module(data, ON)) == data
        assert wat2wasm(wasm2wat(data)) == data


def test_clauses_without_folding() -> None:
    flat = "(func (param (ref $k)) block (result f32 (ref $k)) i32.const 1 local.get 0 {} return end unreachable)"
    clauses = "resume $k (on $t 0) (on $back switch) drop"
    body = parse_module(f"(module {TYPES} {flat.format(clauses)})").funcs[0].code.load().body
    assert next(i[1:] for i in body if i[0].mnemonic == "resume") == (1, ((0, 0), (1, None)))


@pytest.mark.parametrize(
    ("code", "message"),
    [("e3 01 01 02 00", "malformed on clause: 0x02"), ("e7", "illegal opcode e7")],
)
def test_malformed_instructions(code: str, message: str) -> None:
    body = bytes([0, *bytes.fromhex(code), 0x0B])
    data = b"\0asm\1\0\0\0" + b"\1\4\1\x60\0\0" + b"\3\2\1\0"
    data += bytes([10, len(body) + 2, 1, len(body), *body])
    with pytest.raises(DecodeError, match=message):
        decode_module(data, ON).funcs[0].code.load()


def test_malformed_types() -> None:
    with pytest.raises(DecodeError, match="malformed continuation type"):
        decode_module(b"\0asm\1\0\0\0" + b"\1\3\1\x5d\x7f", ON)
    with pytest.raises(ParseError):
        wat2wasm("(module (type (cont)))")


def test_continuation_types_are_equal_by_structure() -> None:
    found: list[tuple[DefType, ...]] = []
    for text in ("(type $f (func)) (type (cont $f))", "(type (cont $f)) (type $f (func))"):
        module = parse_module(f"(module (rec {text}))")
        found.append(validate_module(module, ON, Limits()).types)
    again = parse_module(
        "(module (type (func (param i32))) (rec (type $f (func)) (type (cont $f))))"
    )
    assert validate_module(again, ON, Limits()).types[2] is found[0][1]
    assert found[1][0] is not found[0][1]
