"""Translated code kept between processes."""

from __future__ import annotations

from pyjsapi.compiler.function import FunctionCode
from pyjsapi.compiler.options import Options
from pyjsapi.syntax.features import Features
from pyjsapi.validation.limits import Limits


class CodeCache:
    """The code of one module on disk; this one keeps nothing."""

    def load(self, variant: str) -> dict[int, FunctionCode]:
        """Code by function index, for a variant's key."""
        return {}

    def added(self, variant: str, codes: dict[int, FunctionCode]) -> None:
        """A function was translated."""

    def save(self, variant: str, codes: dict[int, FunctionCode]) -> None:
        """Write the code now."""


def open_cache(data: bytes, features: Features, limits: Limits, options: Options) -> CodeCache:
    """The user's cache for a module."""
    return CodeCache()
