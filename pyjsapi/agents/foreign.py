"""What can be posted though `structuredClone` does not know it: numbers and arrays of others; and advice on the rest.

No library is imported for that: arrays of numpy, `array.array` and `memoryview` have Python's buffer protocol.
"""

from __future__ import annotations

import dataclasses
import enum
import os
import sys
from typing import Any, Final

from pyjsapi.ecmascript import TYPED_ARRAYS, ArrayBuffer
from pyjsapi.ecmascript.arraybuffer import ArrayBufferView
from pyjsapi.ecmascript.errors import DataCloneError

_KINDS: Final = {
    **dict.fromkeys("bhilqn", "i"),
    **dict.fromkeys("BHILQN", "u"),
    **dict.fromkeys("efd", "f"),
}
"""Formats of elements (see `struct`) by what they are: signed, unsigned, floating."""
_ARRAYS: Final = {kind._typestr[1:]: kind for kind in reversed(TYPED_ARRAYS)}
"""By kind and size; of the two for unsigned bytes the first, which does not clamp."""
_NATIVE: Final = "@=<" if sys.byteorder == "little" else "@=>!"


def number_of(value: Any) -> bool | int | float | None:
    """The number that a scalar of numpy is, or something like it; ``None`` for anything else."""
    item = getattr(value, "item", None)
    if getattr(value, "shape", None) == () and callable(item):
        found = item()
        if isinstance(found, (bool, int, float)):
            return found
    return None


def array_of(value: Any) -> ArrayBufferView | None:
    """A typed array with a copy of what an array of another kind holds; ``None`` for what is no array.

    Raises `DataCloneError` for an array that is not one row of numbers, and says what to do.
    """
    if getattr(value, "shape", None) == ():
        return None  # A scalar of numpy that is no number has the protocol too.
    try:
        view = memoryview(value)
    except (TypeError, ValueError, BufferError):
        return None
    with view:
        what = f"this {type(value).__name__}"
        if view.ndim != 1:
            raise DataCloneError(
                f"{what} of {view.ndim} dimensions could not be cloned: post one of 1 dimension, and its shape"
            )
        code = view.format.lstrip(_NATIVE)
        kind = _ARRAYS.get(f"{_KINDS.get(code)}{view.itemsize}")
        if kind is None:
            elements = getattr(value, "dtype", None) or repr(view.format)
            raise DataCloneError(
                f"{what} of elements {elements} could not be cloned: there is no such typed array; "
                "convert the elements, or post the bytes"
            )
        array: ArrayBufferView = kind(ArrayBuffer._host(bytearray(view.tobytes())))
        return array


def advice_on(value: Any) -> str:
    """What to post instead of a value; empty where nothing is obvious."""
    if isinstance(value, type) or callable(value):
        return ": a worker finds functions and classes by importing their module"
    if dataclasses.is_dataclass(value):
        return ": post dataclasses.asdict(it)"
    if isinstance(value, os.PathLike):
        return ": post str(it)"
    if isinstance(value, complex):
        return ": post its real and imag"
    if isinstance(value, enum.Enum):
        return ": post its value"
    if getattr(value, "shape", None) == ():
        return ": post str(it), or another value that it is made from"
    decimal = sys.modules.get("decimal")
    if decimal is not None and isinstance(value, decimal.Decimal):
        return ": post str(it)"
    return ""
