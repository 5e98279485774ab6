"""Context variables where a stack cannot have the context of its caller, but only its values."""

from __future__ import annotations

from contextvars import Context
from typing import Final

_UNSET: Final = object()


def change(before: Context, after: Context) -> None:
    """Give the variables of the running context the values that have changed from one context to another."""
    for variable in after:
        value = after[variable]
        if before.get(variable, _UNSET) is not value:
            variable.set(value)
