"""The bits of a NaN are kept by whatever only passes a value on, signalling ones too."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

FLOATS = {"f32": ("i32", 32), "f64": ("i64", 64)}
BITS = {
    "f32": [0x7F800001, 0xFF800001, 0x7FBFFFFF, 0x7FA00000, 0xFFA12345, 0x7FC00000, 0xFFC00000,
            0x7FC00001, 0xFFFFFFFF, 0x80000000, 0x7F800000],
    "f64": [0x7FF0000000000001, 0xFFF0000000000001, 0x7FF7FFFFFFFFFFFF, 0xFFF4000012345678,
            0x7FF0000020000000, 0x7FF8000000000000, 0xFFF8000000000000, 0x7FF8000000000001,
            0xFFFFFFFFFFFFFFFF, 0x8000000000000000, 0x7FF0000000000000],
}  # fmt: skip

CARRIERS = {
    "nothing": "{x}",
    "local": "(local.set $t {x}) (local.get $t)",
    "tee": "(local.tee $t {x}) (drop) (local.get $t)",
    "parameter and result": "(call $id {x})",
    "indirect call": "(call_indirect (type $id) {x} (i32.const 0))",
    "call of a reference": "(call_ref $id {x} (ref.func $id))",
    "tail call": "(call $tail {x})",
    "two results": "(call $two {x}) (drop)",
    "host": "(call $host {x})",
    "global": "(global.set $g {x}) (global.get $g)",
    "memory": "(@F.store (i32.const 16) {x}) (@F.load (i32.const 16))",
    "unaligned memory": "(@F.store align=1 (i32.const 17) {x}) (@F.load align=1 (i32.const 17))",
    "memory at a local": "(@F.store (local.get $p) {x}) (@F.load (local.get $p))",
    "memory as bits": "(@I.store (i32.const 16) (@I.reinterpret_@F {x})) (@F.load (i32.const 16))",
    "memory to memory": "(@F.store (i32.const 16) {x}) (@F.store (i32.const 32) (@F.load (i32.const 16)))"
    " (@F.load (i32.const 32))",
    "64-bit memory": "(@F.store $n (i64.const 16) {x}) (@F.load $n (i64.const 16))",
    "bytes": "(@F.store (i32.const 16) {x}) (memory.copy (i32.const 64) (i32.const 16) (i32.const 8))"
    " (@F.load (i32.const 64))",
    "select": "(select {x} (@F.const 1) (local.get $p))",
    "select of the other": "(select (result @F) (@F.const 1) {x} (i32.eqz (local.get $p)))",
    "if": "(if (result @F) (local.get $p) (then {x}) (else (@F.const 1)))",
    "block": "(block (result @F) (br 0 {x}))",
    "br_if": "(block (result @F) (br_if 0 {x} (local.get $p)))",
    "br_table": "(block (result @F) (br_table 0 0 {x} (local.get $p)))",
    "loop": "{x} (loop (param @F) (result @F))",
    "return": "(return {x})",
    "structure": "(struct.get $s 0 (struct.new $s {x}))",
    "changed structure": "(local.set $o (struct.new_default $s)) (struct.set $s 0 (local.get $o) {x})"
    " (struct.get $s 0 (local.get $o))",
    "array": "(array.get $a (array.new $a {x} (i32.const 2)) (i32.const 1))",
    "listed array": "(array.get $a (array.new_fixed $a 2 (@F.const 1) {x}) (i32.const 1))",
    "changed array": "(local.set $r (array.new_default $a (i32.const 3)))"
    " (array.set $a (local.get $r) (i32.const 1) {x}) (array.get $a (local.get $r) (i32.const 1))",
    "filled and copied array": "(local.set $r (array.new_default $a (i32.const 3)))"
    " (array.fill $a (local.get $r) (i32.const 0) {x} (i32.const 1)) (array.copy $a $a (local.get $r)"
    " (i32.const 2) (local.get $r) (i32.const 0) (i32.const 1)) (array.get $a (local.get $r) (i32.const 2))",
    "exception": "(block $h (result @F) (try_table (catch $e $h) (throw $e {x})) (unreachable))",
    "exception with reference": "(block $h (result @F exnref) (try_table (catch_ref $e $h) (throw $e {x}))"
    " (unreachable)) (drop)",
    "negated twice": "(@F.neg (@F.neg {x}))",
    "its own sign": "(@F.copysign {x} {x})",
    "lane": "(@S.extract_lane 1 (@S.splat {x}))",
    "replaced lane": "(@S.extract_lane 1 (@S.replace_lane 1 (v128.const i32x4 1 2 3 4) {x}))",
    "lane in a local": "(local.set $v (@S.splat {x})) (@S.extract_lane 1 (local.get $v))",
    "lane beside others": "(@S.extract_lane 0 (@S.replace_lane 1 (@S.splat {x})"
    " (@S.extract_lane 1 (@S.add (v128.const f32x4 1 1 1 1) (v128.const f32x4 1 1 1 1)))))",
    "stored lane": "(v128.store (i32.const 16) (@S.splat {x})) (@F.load (i32.const 16))",
    "stored single lane": "(v128.store@W_lane 1 (i32.const 16) (@S.splat {x})) (@F.load (i32.const 16))",
    "loaded lane": "(@F.store (i32.const 16) {x}) (@S.extract_lane 1 (v128.load@W_splat (i32.const 16)))",
    "loaded low lane": "(@F.store (i32.const 16) {x}) (@S.extract_lane 0 (v128.load@W_zero (i32.const 16)))",
    "selected lane": "(@S.extract_lane 0 (v128.bitselect (@S.splat {x}) (@S.splat (@F.const 1))"
    " (v128.const i64x2 -1 -1)))",
    "negated lane": "(@S.extract_lane 0 (@S.neg (@S.neg (@S.splat {x}))))",
    "pseudo-minimum": "(@S.extract_lane 0 (@S.pmin (@S.splat {x}) (@S.splat {x})))",
    "pseudo-maximum": "(@S.extract_lane 0 (@S.pmax (@S.splat {x}) (@S.splat {x})))",
}  # fmt: skip
"""Ways of a value: ``@F`` is its type, ``@I`` the integers of its bits, ``@S`` vectors of it, ``@W`` its bits."""


WORLD = """(module
  (type $id (func (param @F) (result @F))) (type $s (struct (field (mut @F)))) (type $a (array (mut @F)))
  (import "m" "host" (func $host (param @F) (result @F)))
  (memory 1) (memory $n i64 1) (global $g (mut @F) (@F.const 0)) (table funcref (elem $id)) (tag $e (param @F))
  (func $id (type $id) (local.get 0))
  (func $tail (type $id) (return_call $id (local.get 0)))
  (func $two (param @F) (result @F i32) (local.get 0) (i32.const 7))
  (func $body (param $x @F) (param $p i32) (result @F)
    (local $t @F) (local $v v128) (local $o (ref null $s)) (local $r (ref null $a))
    {body})
  (func (export "f") (param @I i32) (result @I)
    (@I.reinterpret_@F (call $body (@F.reinterpret_@I (local.get 0)) (local.get 1)))))"""


def module(type_: str, carrier: str, value: str) -> str:
    integer, width = FLOATS[type_]
    text = WORLD.replace("{body}", CARRIERS[carrier].replace("{x}", value))
    names = {"@F": type_, "@I": integer, "@S": f"{type_}x{128 // width}", "@W": str(width)}
    for letter, name in names.items():
        text = text.replace(letter, name)
    return text


def literal(type_: str, bits: int) -> str:
    """The bits as a constant of the text format."""
    width, mantissa = (32, 23) if type_ == "f32" else (64, 52)
    sign = "-" if bits >> width - 1 else ""
    payload = bits & (1 << mantissa) - 1
    if not bits & (1 << width - 1) - 1:
        return f"{sign}0"
    return f"{sign}nan:{payload:#x}" if payload else f"{sign}inf"


@pytest.mark.parametrize("carrier", CARRIERS)
@pytest.mark.parametrize("type_", FLOATS)
def test_bits_are_kept(
    wasm: Callable[..., Any], host: Callable[..., Any], type_: str, carrier: str
) -> None:
    call = wasm(module(type_, carrier, "(local.get $x)"), host(lambda x: x, type_, type_))
    for bits in BITS[type_]:
        assert call("f", bits, 16) == bits, hex(bits)


@pytest.mark.parametrize("carrier", CARRIERS)
@pytest.mark.parametrize("type_", FLOATS)
def test_bits_of_constants_are_kept(
    wasm_once: Callable[..., Any], host: Callable[..., Any], type_: str, carrier: str
) -> None:
    for bits in BITS[type_]:
        value = f"({type_}.const {literal(type_, bits)})"
        call = wasm_once(module(type_, carrier, value), host(lambda x: x, type_, type_))
        assert call("f", 0, 16) == bits, hex(bits)
