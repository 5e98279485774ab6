"""Numbers for values that JavaScript is told of often: it keeps what it knows of each by its number."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Generic, TypeVar

_T = TypeVar("_T", bound=Hashable)


class Numbered(Generic[_T]):
    """The values so far, numbered from 0; equal ones are one. There are at most ``most``."""

    def __init__(self, most: int | None = None) -> None:
        self._most = most
        self._values: list[_T] = []
        self._numbers: dict[_T, int] = {}

    def number(self, value: _T) -> int | None:
        """The number of a value; ``None`` for another one where there are so many already."""
        found = self._numbers.get(value)
        if found is None:
            if len(self._values) == self._most:
                return None
            found = self._numbers[value] = len(self._values)
            self._values.append(value)
        return found

    def __getitem__(self, number: int) -> _T:
        return self._values[number]
