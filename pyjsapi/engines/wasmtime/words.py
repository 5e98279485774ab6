"""Small things of the C API: what handles are made of, kinds, errors."""

from __future__ import annotations

import ctypes
from ctypes import addressof, c_uint64
from typing import Any, Final, TypeAlias

from pyjsapi.syntax.errors import WasmError
from pyjsapi.syntax.types import (
    ANY,
    EXN,
    EXTERN,
    F32,
    F64,
    FUNC,
    I32,
    I64,
    V128,
    RefType,
    ValType,
)
from pyjsapi.validation.cast_rules import top_of

Words: TypeAlias = "ctypes.Array[c_uint64]"
"""A structure of the C API, as words."""

FUNC_KIND, GLOBAL_KIND, TABLE_KIND, MEMORY_KIND, SHARED_KIND, TAG_KIND = range(6)
"""Kinds of externs."""
V_I32, V_I64, V_F32, V_F64, V_V128, V_FUNC, V_EXTERN, V_ANY, V_EXN = range(9)
"""Kinds of values."""
UNREACHABLE: Final = 9
"""The code of a trap."""
_NUMBERS: Final[dict[ValType, int]] = {I32: V_I32, I64: V_I64, F32: V_F32, F64: V_F64, V128: V_V128}
_TOPS: Final = {FUNC: V_FUNC, EXTERN: V_EXTERN, ANY: V_ANY, EXN: V_EXN}
_POINTERS: Final = {count: c_uint64 * count for count in range(5)}


class WasmtimeError(WasmError):
    """Wasmtime refused something that it was not expected to."""


def words(count: int) -> Words:
    """So many zeros."""
    made: Words = (_POINTERS.get(count) or c_uint64 * count)()
    return made


def part(given: Words, count: int) -> Words:
    """Some words of a structure behind the first: a copy."""
    made = words(count)
    for index in range(count):
        made[index] = given[1 + index]
    return made


def kind_of(type_: ValType) -> int:
    """The kind of values of a closed type."""
    return _TOPS[top_of(type_.heap)] if isinstance(type_, RefType) else _NUMBERS[type_]


def text_of(lib: Any, vector: Words) -> str:
    """The text of a byte vector, which is freed."""
    data = ctypes.string_at(vector[1], vector[0]) if vector[0] else b""
    lib.wasm_byte_vec_delete(addressof(vector))
    return data.decode("utf-8", "replace").rstrip("\0")


def error_text(lib: Any, error: int) -> str:
    """What an error says. It is freed."""
    vector = words(2)
    lib.wasmtime_error_message(error, addressof(vector))
    lib.wasmtime_error_delete(error)
    return text_of(lib, vector)


def check(lib: Any, error: int | None) -> None:
    """Raise `WasmtimeError` for an error."""
    if error:
        raise WasmtimeError(f"wasmtime: {error_text(lib, error)}")
