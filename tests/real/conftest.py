"""What the tests of real modules share: the built files, and pyjsapi beside wasmtime."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from real.build import MANIFEST, OUT
from real.engines import PyjsapiEngine, WasmtimeEngine


@pytest.fixture(scope="session")
def manifest() -> dict[str, Any]:
    """The list of what was built."""
    if not MANIFEST.is_file():
        raise FileNotFoundError(f"{MANIFEST} is not there: run `make build`")
    content: dict[str, Any] = json.loads(MANIFEST.read_text())
    return content


@pytest.fixture(scope="session")
def components(manifest: dict[str, Any]) -> Path:
    """The folder of the components' core modules."""
    return OUT / "components"


@pytest.fixture(scope="session")
def library(manifest: dict[str, Any]) -> Callable[[str], bytes]:
    """The bytes of a published or merged module by name."""
    return lambda name: (OUT / "libraries" / f"{name}.wasm").read_bytes()


@pytest.fixture(scope="session")
def pyjsapi() -> PyjsapiEngine:
    """The engine under test."""
    return PyjsapiEngine()


@pytest.fixture(scope="session")
def wasmtime() -> WasmtimeEngine:
    """The oracle."""
    return WasmtimeEngine()


@pytest.fixture(scope="session", params=["pyjsapi", "wasmtime"])
def engine(request: pytest.FixtureRequest) -> Any:
    """Both engines in turn: an expectation that the oracle does not meet is wrong itself."""
    return request.getfixturevalue(request.param)
