"""The helper modules of the native link layer."""

from __future__ import annotations

import base64
import re
from pathlib import Path

import generators.helpers as helpers
import pytest

from pyjsapi.binary.decoder import decode_module
from pyjsapi.runtime.accessors import ATOMIC_NAMES, NAMES
from pyjsapi.syntax.features import Features
from pyjsapi.validation.limits import Limits
from pyjsapi.validation.module import validate_module

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("kind", ["heap", "native", "shared"])
def test_a_helper_is_valid_and_has_every_accessor(kind: str) -> None:
    text = (ROOT / "polyfill" / "python" / "helpers.gen.mjs").read_text()
    found = re.search(rf"export const {kind} =([^;]+);", text)
    assert found is not None
    data = base64.b64decode("".join(re.findall(r'"([^"]*)"', found[1])))
    module = decode_module(data, Features())
    validate_module(module, Features(), Limits())
    exports = {export.name for export in module.exports}
    assert exports >= set(NAMES) | set(ATOMIC_NAMES)
    assert len(data) < 16_000


def test_accesses_that_do_the_same_are_one_function() -> None:
    loads = {tuple(access.names): access for access in helpers.accesses("load")}
    assert ("i32_load", "i64_load32_u") in loads
    assert ("i64_load32_s",) in loads
    stores = [set(access.names) for access in helpers.accesses("store")]
    assert {"i32_store8", "i64_store8"} in stores
    assert {"i32_store", "i64_store32"} in stores
    assert {"i64_store"} in stores
    atomics = [set(access.names) for access in helpers.atomic_accesses()]
    assert {"i32_atomic_rmw8_cmpxchg_u", "i64_atomic_rmw8_cmpxchg_u"} in atomics


def test_narrow_compare_and_exchange_wraps_what_is_expected() -> None:
    access = helpers.AtomicAccess([], 2, "cmpxchg")
    assert access.instruction == "i32.atomic.rmw16.cmpxchg_u"
    assert access.wrapped("x") == "(i32.and x (i32.const 65535))"
    assert helpers.AtomicAccess([], 8, "cmpxchg").wrapped("x") == "x"
