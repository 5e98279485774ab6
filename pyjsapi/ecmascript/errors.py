"""Errors that the JS API throws and Python's built-ins lack (ECMA-262 §20.5, Web IDL §2.8.1).

ECMAScript's ``TypeError`` and ``SyntaxError`` are Python's own classes of the same names.
"""

from __future__ import annotations

from typing import ClassVar

__all__ = ["DataCloneError", "NamedError", "RangeError"]


class NamedError(Exception):
    """An exception with the two properties of every ECMAScript error, ``name`` and ``message``."""

    name: ClassVar[str] = "Error"

    @property
    def message(self) -> str:
        """The text the error was raised with, or an empty string."""
        return str(self.args[0]) if self.args else ""


class RangeError(NamedError, ValueError):
    """A value is not in the set or range of allowable values (ECMA-262 §20.5.5.2)."""

    name: ClassVar[str] = "RangeError"


class DataCloneError(NamedError):
    """A value can not be cloned or transferred: the ``DOMException`` of that name."""

    name: ClassVar[str] = "DataCloneError"
    code: ClassVar[int] = 25
