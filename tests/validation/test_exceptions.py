"""The typing rules of exception handling, on modules from text."""

from __future__ import annotations

import pytest

from pyjsapi.binary.decoder import decode_module
from pyjsapi.syntax.errors import FeatureError, ValidationError
from pyjsapi.syntax.features import Features
from pyjsapi.text import wat2wasm
from pyjsapi.validation.limits import Limits
from pyjsapi.validation.module import validate_module

TAGS = "(tag $e) (tag $i (param i32)) (tag $il (param i32 i64))"

VALID = [
    "(func (throw $e))",
    "(func (result i64) (throw $i (i32.const 1)))",
    "(func (param exnref) (result f32) (throw_ref (local.get 0)))",
    "(func (result i32) (throw_ref (ref.null noexn)))",
    "(func (result i32) (try_table (result i32) (catch $i 0) (i32.const 1)))",
    "(func (result i32 exnref) (try_table (result i32 exnref) (catch_ref $i 0) (unreachable)))",
    "(func (result i32 (ref exn)) (block (try_table (catch_all 0) (catch_ref $i 1))) (unreachable))",
    "(func (param i32) (local.get 0) (try_table (param i32) (result i32)) (drop))",
    "(func (loop (try_table (catch $e 0) (catch_all 0) (br 1))))",
    "(func (block (result exnref) (try_table (catch_all_ref 0)) (ref.null exn)) (drop))",
    "(func (try (do)))",
    "(func (result i32) (try (result i32) (do (i32.const 1)) (catch $i) (catch $il (drop)) (catch_all (i32.const 2))))",
    "(func (try $t (do) (catch_all (block (rethrow $t)))))",
    "(func (result i32) (try (result i32) (do (throw $e)) (delegate 0)))",
    "(func (try $t (do (block (try (do) (delegate $t)))) (catch $e)))",
]  # fmt: skip


@pytest.mark.parametrize("field", VALID)
def test_valid(field: str) -> None:
    data = wat2wasm(f"(module {TAGS} {field})")
    context = validate_module(decode_module(data), Features(), Limits())
    assert len(context.tags) == 3


INVALID = [
    ("(func (throw 7))", "throw", "unknown tag 7"),
    ("(func (throw $il (i64.const 1)))", "throw", "type mismatch: instruction requires [i32 i64]"),
    ("(func (throw_ref (ref.null extern)))", "throw_ref", "type mismatch"),
    ("(func (throw_ref))", "throw_ref", "type mismatch"),
    ("(func (try_table (catch 9 0)))", "try_table", "unknown tag 9"),
    ("(func (try_table (catch_all 1)))", "try_table", "unknown label 1"),
    ("(func (try_table (catch $i 0)))", "try_table", "type mismatch: the clause catch gives [i32]"),
    ("(func (result i32) (try_table (catch_ref $i 0)) (unreachable))", "try_table", "type mismatch"),
    ("(func (result exnref) (try_table (catch_all 0)) (unreachable))", "try_table", "type mismatch"),
    ("(func (result (ref noexn)) (try_table (catch_all_ref 0)) (unreachable))", "try_table", "type mismatch"),
    # The labels of clauses are those around the instruction.
    ("(func (try_table (result i32) (catch $i 0) (i32.const 1)) (drop))", "try_table", "type mismatch"),
    ("(func (try_table (result i32)) (drop))", "end", "type mismatch"),
    ("(func (try (result i32) (do (i32.const 1)) (catch $e)) (drop))", "end", "type mismatch"),
    ("(func (try (result i32) (do) (catch $i)) (drop))", "catch", "type mismatch"),
    ("(func (try (do) (catch 5)))", "catch", "unknown tag 5"),
    ("(func (try (do (rethrow 0))))", "rethrow", "invalid rethrow label"),
    ("(func (try (do) (catch_all (rethrow 1))))", "rethrow", "invalid rethrow label"),
    ("(func (rethrow 4))", "rethrow", "unknown label 4"),
    ("(func (try (do) (delegate 1)))", "delegate", "unknown label 1"),
    ("(func (try (result i32) (do) (delegate 0)) (drop))", "delegate", "type mismatch"),
]  # fmt: skip


@pytest.mark.parametrize(("field", "mnemonic", "message"), INVALID)
def test_invalid(field: str, mnemonic: str, message: str) -> None:
    data = wat2wasm(f"(module {TAGS} {field})")
    with pytest.raises(ValidationError) as caught:
        validate_module(decode_module(data), Features(), Limits())
    assert caught.value.message.startswith(message)
    assert caught.value.mnemonic == mnemonic


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("02 40 07 00 0b 0b", "catch without an open try"),
        ("02 40 19 0b 0b", "catch_all without an open try"),
        ("02 40 18 00 0b", "delegate without an open try"),
        ("06 40 19 19 0b 0b", "catch_all without an open try"),
        ("06 40 07 00 18 00 0b", "delegate without an open try"),
        ("06 40 05 0b 0b", "END opcode expected"),
    ],
)
def test_clauses_without_a_try(body: str, message: str) -> None:
    code = bytes.fromhex("00" + body.replace(" ", ""))
    data = (
        b"\0asm\1\0\0\0\1\4\1\x60\0\0\3\2\1\0\x0d\3\1\0\0"
        + bytes((10, len(code) + 2, 1, len(code)))
        + code
    )
    with pytest.raises(Exception, match=message):
        validate_module(decode_module(data), Features(), Limits())


def test_a_tag_has_no_results() -> None:
    data = wat2wasm("(module (tag (result i32)))")
    with pytest.raises(ValidationError, match="non-empty tag result type"):
        validate_module(decode_module(data), Features(), Limits())


@pytest.mark.parametrize(
    ("fields", "feature"),
    [
        ("(tag)", "exceptions"),
        ('(import "" "" (tag))', "exceptions"),
        ("(func (param exnref))", "exceptions"),
        ("(func (throw_ref (ref.null noexn)))", "exceptions"),
        ("(func (try_table))", "exceptions"),
        ("(func (try (do)))", "legacy_exceptions"),
        ("(func (try (do) (delegate 0)))", "legacy_exceptions"),
    ],
)
def test_a_feature_that_is_off_is_named(fields: str, feature: str) -> None:
    module = decode_module(wat2wasm(f"(module {fields})"))
    validate_module(module, Features(), Limits())
    with pytest.raises(FeatureError, match=f"needs the feature {feature}, which is switched off"):
        validate_module(module, Features(**{feature: False}), Limits())
