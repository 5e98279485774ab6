"""A plugin of pytest (``-p tests.engines.wasmtime.on_wasmtime``): all that is run is run on Wasmtime.

Tests that cannot pass there are in ``expected_failures.toml``, each with its reason. One that passes is an error.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import NamedTuple

import pytest

from pyjsapi import engines

_LIST = Path(__file__).with_name("expected_failures.toml")


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Use it for all that is run. Wasmtime's handlers of signals have to come after pytest's `faulthandler`."""
    engines.use("wasmtime")


class Failure(NamedTuple):
    """What is said of a test that fails."""

    reason: str
    runs: bool
    """Whether it comes to an end."""


def expected_failures() -> dict[str, Failure]:
    """Tests that fail, by file and name, or name and parameters."""
    groups = tomllib.loads(_LIST.read_text())["group"]
    return {
        test: Failure(group["reason"], group.get("runs", True))
        for group in groups
        for test in group["tests"]
    }


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Expect what is listed to fail."""
    failures = expected_failures()
    for item in items:
        name = f"{item.path.name}::{item.name}"
        failure = failures.get(name) or failures.get(name.partition("[")[0])
        if failure is not None:
            item.add_marker(pytest.mark.xfail(reason=failure.reason, run=failure.runs, strict=True))
