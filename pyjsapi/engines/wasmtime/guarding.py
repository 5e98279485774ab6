"""Callbacks that lose no exception before their first line.

When a function begins CPython looks for signals and for exceptions from other threads, and raises them there: before
the ``try`` that all of a callback stands in. `ctypes` would drop the exception, and native code take what it finds in
place of an answer for one. So the first handler is in force from the first instruction on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import CodeType, FunctionType
from typing import Any, Final, TypeVar, cast

_Function = TypeVar("_Function", bound=Callable[..., Any])

_BEGINS: Final = 0x80
"""Bit of the byte that an entry of a table of handlers begins with."""
_MORE: Final = 0x40
"""Bit of the bytes of a number that another one follows."""
_DIGIT: Final = 0x3F


def guarded(function: _Function) -> _Function:
    """A function whose body is one ``try`` statement, and whose handler is in force when it begins."""
    if not isinstance(function, FunctionType):
        raise TypeError("only functions of Python can be guarded")
    made = FunctionType(
        guarded_code(function.__code__),
        function.__globals__,
        function.__name__,
        function.__defaults__,
        function.__closure__,
    )
    return cast("_Function", made)


def guarded_code(code: CodeType) -> CodeType:
    """The same of code."""
    table = code.co_exceptiontable
    start, _, target, depth = next(_entries(table), (0, 0, 0, -1))
    if depth:
        raise ValueError(f"{code.co_name} does not begin with a try statement")
    before = _entry(0, start, target, depth) if start else b""
    return code.replace(co_exceptiontable=before + table)


def _entries(table: bytes) -> Iterator[tuple[int, ...]]:
    """The entries of a table of handlers: begin, length and handler in code units, and the depth of the stack, twice
    that and one where the handler wants to know where it came from."""
    numbers: list[int] = []
    number = 0
    for byte in table:
        number = number << 6 | byte & _DIGIT
        if byte & _MORE:
            continue
        numbers.append(number)
        number = 0
        if len(numbers) == 4:
            yield tuple(numbers)
            numbers.clear()


def _entry(*numbers: int) -> bytes:
    out = bytearray()
    for number in numbers:
        digits = [number & _DIGIT]
        while number := number >> 6:
            digits.append(number & _DIGIT | _MORE)
        out += bytes(reversed(digits))
    out[0] |= _BEGINS
    return bytes(out)
