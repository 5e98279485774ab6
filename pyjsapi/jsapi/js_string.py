"""The builtin set ``js-string`` (index.bs, "String Builtins").

JavaScript's strings are sequences of UTF-16 code units, Python's of code points. Lengths and indices here count code
units: a character above U+FFFF is two of them. Two Python strings that have the same code units are the same
JavaScript string, even if one writes a character as a pair of surrogates; where a builtin brings such a pair together,
it makes the one character.

Strings of ASCII characters alone, which Python marks as such, are used as they are. The code units of a few others
are kept, so that loops over a string take linear time.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, Final

from pyjsapi.jsapi.builtin_sets import Builtin
from pyjsapi.runtime.gc import NULL_ARRAY, OUT_OF_BOUNDS
from pyjsapi.syntax.deftypes import close_group, func_def_type
from pyjsapi.syntax.errors import Trap
from pyjsapi.syntax.types import (
    EXTERN,
    EXTERNREF,
    I16,
    I32,
    ArrayType,
    FieldType,
    FuncType,
    RecType,
    SubType,
    ValType,
    ref_type,
)

_NATIVE: Final = f"utf-16-{sys.byteorder[0]}e"
_KEPT_STRINGS: Final = 8
_PIECE: Final = 1 << 17
"""Code units between two looks whether the time is over."""
_LAST_CODE_POINT: Final = 0x10FFFF
_MINUS_ONE: Final = 0xFFFFFFFF


@lru_cache(maxsize=_KEPT_STRINGS)
def _code_units(string: str) -> memoryview:
    """The UTF-16 code units of a string."""
    return memoryview(string.encode(_NATIVE, "surrogatepass")).cast("H")


def _from_code_units(units: memoryview | bytes) -> str:
    """The string of UTF-16 code units, surrogates paired where they can be."""
    return str(units, _NATIVE, "surrogatepass")


def _pieces(start: int, end: int) -> Iterator[tuple[int, int]]:
    """A range in pieces, if there are several and the thread may be told to end between them; else whole."""
    if end - start <= _PIECE:
        yield start, end
        return
    from pyjsapi.blocks.waiting import heed_interruption, watches  # most programs never need it

    size = _PIECE if watches() else end - start
    for at in range(start, end, size):
        heed_interruption()
        yield at, min(at + size, end)


def _unwrap(value: Any) -> str:
    """ "UnwrapString"."""
    if not isinstance(value, str):
        raise Trap("illegal cast: the reference is not a string")
    return value


def _test(value: Any) -> int:
    return 1 if isinstance(value, str) else 0


def _from_char_code_array(source: Any, start: int, end: int) -> str:
    if source is None:
        raise Trap(NULL_ARRAY)
    elems = source.elems
    if start > end or end > len(elems):
        raise Trap(OUT_OF_BOUNDS)
    units = array("H")
    for at, stop in _pieces(start, end):
        units += array("H", elems[at:stop])
    return _from_code_units(units.tobytes())


def _into_char_code_array(value: Any, target: Any, start: int) -> int:
    if target is None:
        raise Trap(NULL_ARRAY)
    string = _unwrap(value)
    units = string.encode() if string.isascii() else _code_units(string)
    end = start + len(units)
    if end > len(target.elems):
        raise Trap(OUT_OF_BOUNDS)
    for at, stop in _pieces(start, end):
        target.elems[at:stop] = units[at - start : stop - start]
    return len(units)


def _from_char_code(value: int) -> str:
    return chr(value & 0xFFFF)


def _from_code_point(value: int) -> str:
    if value > _LAST_CODE_POINT:
        raise Trap(f"invalid code point {value:#x}")
    return chr(value)


def _char_code_at(value: Any, index: int) -> int:
    string = _unwrap(value)
    if string.isascii():
        if index < len(string):
            return ord(string[index])
    else:
        units = _code_units(string)
        if index < len(units):
            return units[index]
    raise Trap("string index out of bounds")


def _code_point_at(value: Any, index: int) -> int:
    first = _char_code_at(value, index)
    if 0xD800 <= first <= 0xDBFF:
        units = _code_units(value)
        if index + 1 < len(units) and 0xDC00 <= (second := units[index + 1]) <= 0xDFFF:
            return 0x10000 + (first - 0xD800 << 10) + (second - 0xDC00)
    return first


def _length(value: Any) -> int:
    string = _unwrap(value)
    return len(string) if string.isascii() else len(_code_units(string))


def _concat(first: Any, second: Any) -> str:
    left, right = _unwrap(first), _unwrap(second)
    joined = left + right
    # A surrogate at the end of one may be completed by the other.
    if left and right and _is_surrogate(left[-1]) and _is_surrogate(right[0]):
        return _from_code_units(joined.encode(_NATIVE, "surrogatepass"))
    return joined


def _is_surrogate(character: str) -> bool:
    return "\ud800" <= character <= "\udfff"


def _substring(value: Any, start: int, end: int) -> str:
    # Both are unsigned: an end after the string's, however far, is the string's end.
    string = _unwrap(value)
    if start > end:
        return ""
    if string.isascii():
        return string[start:end]
    return _from_code_units(_code_units(string)[start:end])


def _equals(first: Any, second: Any) -> int:
    if first is not None:
        _unwrap(first)
    if second is not None:
        _unwrap(second)
    if first == second:
        return 1
    if first is None or second is None or first.isascii() or second.isascii():
        return 0
    return 1 if _ordered(first) == _ordered(second) else 0


def _compare(first: Any, second: Any) -> int:
    left: str | bytes = _unwrap(first)
    right: str | bytes = _unwrap(second)
    if left == right:
        return 0
    if not (first.isascii() and second.isascii()):
        # Characters above U+FFFF come before those of U+E000 to U+FFFF.
        left, right = _ordered(first), _ordered(second)
    if left == right:
        return 0
    return _MINUS_ONE if left < right else 1  # type: ignore[operator]


def _ordered(string: str) -> bytes:
    """Bytes that compare as the code units of the string do."""
    return string.encode("utf-16-be", "surrogatepass")


_STRING: Final = ref_type(False, EXTERN)
_ARRAY: Final = ref_type(
    True, close_group(RecType((SubType(True, (), ArrayType(FieldType(I16, True))),)), ())[0]
)


def _builtin(call: Any, params: tuple[ValType, ...], result: ValType) -> Builtin:
    return Builtin(func_def_type(FuncType(params, (result,))), call)


BUILTINS: Final[Mapping[str, Builtin]] = {
    "cast": _builtin(_unwrap, (EXTERNREF,), _STRING),
    "test": _builtin(_test, (EXTERNREF,), I32),
    "fromCharCodeArray": _builtin(_from_char_code_array, (_ARRAY, I32, I32), _STRING),
    "intoCharCodeArray": _builtin(_into_char_code_array, (EXTERNREF, _ARRAY, I32), I32),
    "fromCharCode": _builtin(_from_char_code, (I32,), _STRING),
    # The specification writes externref here; its tests, and all browsers, have the type that cannot be null.
    "fromCodePoint": _builtin(_from_code_point, (I32,), _STRING),
    "charCodeAt": _builtin(_char_code_at, (EXTERNREF, I32), I32),
    "codePointAt": _builtin(_code_point_at, (EXTERNREF, I32), I32),
    "length": _builtin(_length, (EXTERNREF,), I32),
    "concat": _builtin(_concat, (EXTERNREF, EXTERNREF), _STRING),
    "substring": _builtin(_substring, (EXTERNREF, I32, I32), _STRING),
    "equals": _builtin(_equals, (EXTERNREF, EXTERNREF), I32),
    "compare": _builtin(_compare, (EXTERNREF, EXTERNREF), I32),
}
"""The set's functions by name."""
