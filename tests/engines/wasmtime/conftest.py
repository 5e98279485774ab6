"""Tests of Wasmtime need it: where it is not, they are left out."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pyjsapi import engines


@pytest.fixture(autouse=True)
def on_wasmtime() -> Iterator[None]:
    """Run what the test compiles on Wasmtime."""
    try:
        engines.engine("wasmtime")
    except engines.EngineUnavailable as error:
        pytest.skip(str(error))
    with engines.using("wasmtime"):
        yield
