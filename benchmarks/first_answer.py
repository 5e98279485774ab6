"""The least that a worker can do: what starting one is measured with."""

from __future__ import annotations

from typing import Any


def answer(scope: Any) -> None:
    """Say that the worker is there."""
    scope.postMessage("here")
