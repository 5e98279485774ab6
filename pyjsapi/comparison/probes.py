"""Which features an engine must have for a module: each with a small module that only such an engine accepts."""

from __future__ import annotations

import base64
from functools import cache
from typing import Final

from pyjsapi.embedding.used_features import features_used
from pyjsapi.syntax.errors import WasmError
from pyjsapi.text import wat2wasm

PROBES: Final = {
    "multi_memory": "(memory 1) (memory 1)",
    "memory64": "(memory i64 1)",
    "gc": "(type (struct)) (func (drop (struct.new 0)))",
    "function_references": "(type $f (func)) (func (param (ref $f)) (call_ref $f (local.get 0)))",
    "exceptions": "(func (block (try_table (catch_all 0))))",
    "tail_call": "(func $f (return_call $f))",
    "threads": "(memory 1 1 shared)",
    "simd": "(func (drop (v128.const i64x2 0 0)))",
    "relaxed_simd": "(func (param v128) (drop (i8x16.relaxed_swizzle (local.get 0) (local.get 0))))",
    "wide_arithmetic": "(func (param i64) (result i64 i64) (i64.mul_wide_u (local.get 0) (local.get 0)))",
    "compact_imports": '(import "m" (item "a" (func)) (item "b" (func)))',
    "custom_page_sizes": "(memory 1 1 (pagesize 1))",
}
"""Features that engines in use lack: what a module has to have in it."""


@cache
def probe(feature: str) -> str:
    """The module that an engine with the feature accepts, in base64."""
    return base64.b64encode(wat2wasm(f"(module {PROBES[feature]})")).decode("ascii")


def needed(data: bytes) -> dict[str, str]:
    """The features that a module uses and that engines may lack, with their probes; none if it is not valid."""
    try:
        used = features_used(data)
    except WasmError:
        return {}
    return {feature: probe(feature) for feature in used if feature in PROBES}
