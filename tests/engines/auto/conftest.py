"""Tests of moving need Wasmtime: where it is not, they are left out."""

from __future__ import annotations

import pytest

from pyjsapi import engines


@pytest.fixture(autouse=True)
def needs_wasmtime() -> None:
    """Leave the test out where nothing can be moved."""
    try:
        engines.engine("wasmtime")
    except engines.EngineUnavailable as error:
        pytest.skip(str(error))
