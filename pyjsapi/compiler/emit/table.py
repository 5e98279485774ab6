"""The table of emitters, filled: each file of emitters adds its own, `simd_float` instead of some of `simd`."""

from __future__ import annotations

from pyjsapi.compiler.emit import (  # noqa: F401
    atomic,
    call,
    compare,
    float,
    gc,
    integer,
    memory,
    reference,
    simd,
    simd_float,
    simd_memory,
    stack,
    wide,
)
from pyjsapi.compiler.emit.registry import EMITTERS

__all__ = ["EMITTERS"]
