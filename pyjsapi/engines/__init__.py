"""The engines that run WebAssembly behind the JS API, and which of them is used: see docs/engines.md."""

from __future__ import annotations

from pyjsapi.engines.choosing import Choice, default, use, using
from pyjsapi.engines.errors import EngineFallback, EngineUnavailable, Refusal
from pyjsapi.engines.explaining import explain
from pyjsapi.engines.interruptible import make_interruptible
from pyjsapi.engines.registry import available, engine, names, offer

__all__ = [
    "Choice",
    "EngineFallback",
    "EngineUnavailable",
    "Refusal",
    "available",
    "default",
    "engine",
    "explain",
    "make_interruptible",
    "names",
    "offer",
    "use",
    "using",
]
