"""What a run gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Result:
    """What code or a program wrote, and how it ended."""

    stdout: str = ""
    stderr: str = ""
    value: Any = None
    """Of JavaScript: what the last statement gave, as a value of JSON, or as text where it is none."""
    exit_code: int = 0
    """Of a program."""
    fuel_used: int | None = None
    """Instructions that it executed; ``None`` without ``fuel``."""
    files: Mapping[str, bytes] = field(default_factory=dict)
    """Of a program that was given files: those that there are afterwards, by their paths."""
