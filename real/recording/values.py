"""Values in recordings (`values.mjs`), and which Python object stands for which JavaScript object."""

from __future__ import annotations

import math
from typing import Any

from pyjsapi import null


class Divergence(BaseException):
    """The engine did something else than Node. No `Exception`: WebAssembly code must not catch it."""


class Opaque:
    """An object of the host that WebAssembly code only passes around."""

    def __init__(self, number: int) -> None:
        self.number = number

    def __repr__(self) -> str:
        return f"<object {self.number}>"


class HostError(Exception):
    """What an imported function threw; only its identity matters."""


class Objects:
    """The objects of a recording by their numbers."""

    def __init__(self) -> None:
        self._objects: dict[int, Any] = {}
        self._numbers: dict[int, int] = {}
        self.names: dict[int, str] = {}
        """Names of exports by number, for messages."""

    def __getitem__(self, number: int) -> Any:
        return self._objects[number]

    def __contains__(self, number: int) -> bool:
        return number in self._objects

    def bind(self, number: int, value: Any) -> None:
        """Let ``value`` be the object with this number."""
        self._objects[number] = value
        self._numbers[id(value)] = number

    def name(self, number: int) -> str:
        """What to call the object in messages."""
        return self.names.get(number, f"object {number}")

    def check(self, value: Any, encoded: Any, what: str) -> None:
        """Compare what WebAssembly code gave with what it gave in Node. Raises `Divergence`."""
        if not self._equal(value, encoded):
            raise Divergence(f"{what} is {value!r}, in Node {show(encoded)}")

    def _equal(self, value: Any, encoded: Any) -> bool:
        if isinstance(encoded, dict):
            if "o" in encoded:
                if isinstance(value, list) and "a" in encoded:
                    return len(value) == len(encoded["a"]) and all(
                        map(self._equal, value, encoded["a"])
                    )
                return self._same(value, encoded["o"])
            if "u" in encoded:
                return value is None
            if "i" in encoded:
                return type(value) is int and value == int(encoded["i"])
            return type(value) is float and _same_float(value, float(_python(encoded["f"])))
        if encoded is None:
            return value is null
        if isinstance(encoded, bool | str):
            return type(value) is type(encoded) and bool(value == encoded)
        if type(value) is float:
            return _same_float(value, float(encoded))
        return type(value) is int and value == encoded

    def _same(self, value: Any, number: int) -> bool:
        if number in self._objects:
            return self._objects[number] is value
        # seen for the first time, here and there
        if id(value) in self._numbers or value is None or value is null:
            return False
        if isinstance(value, bool | int | float | str | list):
            return False
        self.bind(number, value)
        return True

    def decode(self, encoded: Any) -> Any:
        """The value that the host passes to WebAssembly code."""
        if encoded is None:
            return null
        if not isinstance(encoded, dict):
            return encoded
        if "o" in encoded:
            number = encoded["o"]
            if number not in self._objects:
                self.bind(number, Opaque(number))
            return self._objects[number]
        if "u" in encoded:
            return None
        return int(encoded["i"]) if "i" in encoded else float(_python(encoded["f"]))

    def decode_result(self, encoded: Any, results: int) -> Any:
        """The same for a function of so many results: several are a list."""
        if results > 1 and isinstance(encoded, dict) and "a" in encoded:
            return [self.decode(item) for item in encoded["a"]]
        return self.decode(encoded)


def show(encoded: Any) -> str:
    """A value of a recording in messages."""
    if not isinstance(encoded, dict):
        return repr(encoded)
    if "a" in encoded:
        return f"[{', '.join(map(show, encoded['a']))}]"
    if "o" in encoded:
        return f"object {encoded['o']}"
    return "undefined" if "u" in encoded else str(encoded.get("i", encoded.get("f")))


def _python(text: str) -> str:
    return text.replace("Infinity", "inf")


def _same_float(a: float, b: float) -> bool:
    return (a == b and math.copysign(1.0, a) == math.copysign(1.0, b)) or (a != a and b != b)
