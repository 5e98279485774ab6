"""What JavaScript asks Python: see ``polyfill/python/engine/``. All are functions of objects and small integers."""

from __future__ import annotations

from pyjsapi.bridge.engine.aggregates import aggregate_of
from pyjsapi.bridge.engine.exceptions import (
    exception_of,
    explained,
    make_exception,
    standing_for,
    thrown,
)
from pyjsapi.bridge.engine.functions import function_of, give, revived
from pyjsapi.runtime.gc import externalize as external
from pyjsapi.runtime.gc import internalize as internal

__all__ = [
    "aggregate_of",
    "exception_of",
    "explained",
    "external",
    "function_of",
    "give",
    "internal",
    "make_exception",
    "revived",
    "standing_for",
    "thrown",
]
