"""What lowering may do."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Options:
    """Which means lowering may use; all are exact, and are on unless a test looks at another."""

    merge: bool = True
    """Private memories share one."""
    outline: bool = True
    """Functions that work on another memory move to it."""
    windows: bool = True
    """Adjacent accesses to another memory become one call."""
