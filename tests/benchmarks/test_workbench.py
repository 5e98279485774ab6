"""The module that the workbench is measured with."""

from __future__ import annotations

from benchmarks.workbench import large_module
from pyjsapi import WebAssembly


def test_the_large_module_is_one_of_about_its_size() -> None:
    data = large_module(50_000, 100)
    assert abs(len(data) - 50_000) < 1_000
    exports = WebAssembly.Module.exports(WebAssembly.Module(data))
    assert [one["name"] for one in exports] == [f"function {k}" for k in range(10)]
