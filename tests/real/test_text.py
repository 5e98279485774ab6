"""Real modules become text that reads back to the same module."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pyjsapi.binary.decoder import decode_module
from pyjsapi.syntax.module import Module
from pyjsapi.text import wasm2wat, wat2wasm


def contents(data: bytes) -> tuple[Module, list[tuple[Any, ...]]]:
    """Everything in a module but the division of locals into groups, and the number of data segments."""
    module = decode_module(data)
    codes = [(func.typeidx, func.code.load()) for func in module.funcs]
    funcs = [
        (typeidx, [type_ for count, type_ in code.locals for _ in range(count)], code.body)
        for typeidx, code in codes
    ]
    module.funcs = []
    module.data_count = None
    return module, funcs


@pytest.mark.parametrize(
    "name", ["sqlite", "brotli", "lz4", "hashes", "packed_mappings", "fingerprint"]
)
def test_libraries_read_back(library: Callable[[str], bytes], name: str) -> None:
    data = library(name)
    text = wasm2wat(data)
    again = wat2wasm(text)
    assert contents(again) == contents(data)
    assert wasm2wat(again) == text


def test_components_read_back_byte_for_byte(components: Path) -> None:
    modules = sorted(components.rglob("*.wasm"))
    assert modules
    for path in modules:
        data = path.read_bytes()
        assert wat2wasm(wasm2wat(data)) == data, path.name
