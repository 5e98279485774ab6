"""Host functions for native code: for each signature a structure of its words, and Python code around the callable.

A host function never lets an exception out: `ctypes` would drop it, and native code take that for success.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from ctypes import addressof
from functools import lru_cache
from types import CodeType
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from pyjsapi.blocks.floats import f32_bits, f32_from_bits
from pyjsapi.engines.wasmtime.calls import raw_text, value_text
from pyjsapi.engines.wasmtime.guarding import guarded_code
from pyjsapi.engines.wasmtime.words import UNREACHABLE, V_FUNC, kind_of, words
from pyjsapi.runtime.function import BOUNDARY, FuncInst
from pyjsapi.syntax.types import F32, F64, I32, I64, V128, FuncExtern, FuncType, RefType, ValType

if TYPE_CHECKING:
    from pyjsapi.engines.wasmtime.store import NativeFunc, Store

_LOW: Final = (1 << 64) - 1
_WORD: Final = ctypes.c_uint64
_FIELDS: Final[dict[ValType, Any]] = {
    I32: ctypes.c_uint32,
    I64: ctypes.c_uint64,
    F32: ctypes.c_uint32,
    F64: ctypes.c_double,
}


class _Made(NamedTuple):
    type: Any
    """Of the C function."""
    make: Callable[[Store, Callable[..., Any]], Callable[..., Any]]


def new_host_function(store: Store, func: FuncInst, functype: int | None) -> NativeFunc:
    """A native function that calls one from elsewhere."""
    from pyjsapi.engines.wasmtime.factories import native_type
    from pyjsapi.engines.wasmtime.store import NativeFunc

    made = _made(func.type.func)
    callback = made.type(made.make(store, func.call))
    store.callbacks.append(callback)
    handle = words(2)
    store.lib.wasmtime_func_new_unchecked(
        store.context,
        native_type(FuncExtern(func.type)) if functype is None else functype,
        ctypes.cast(callback, ctypes.c_void_p),
        None,
        None,
        addressof(handle),
    )
    return NativeFunc(store, handle)


@lru_cache(maxsize=4096)
def _made(type_: FuncType) -> _Made:
    structure = _structure(type_)
    pointer = ctypes.POINTER(structure)
    function = ctypes.CFUNCTYPE(
        ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p, pointer, ctypes.c_size_t
    )
    scope = {"f32_bits": f32_bits, "f32_from_bits": f32_from_bits, "unreachable": UNREACHABLE}
    made: dict[str, Any] = {}
    exec(compile("\n".join(_lines(type_)), BOUNDARY, "exec"), scope, made)
    return _Made(function, _making_guarded(made["make"]))


def _making_guarded(make: Any) -> Any:
    """A function that makes callbacks of one kind: each of them `guarded`."""
    code = make.__code__
    constants = [
        guarded_code(each) if isinstance(each, CodeType) else each for each in code.co_consts
    ]
    make.__code__ = code.replace(co_consts=tuple(constants))
    return make


def _structure(type_: FuncType) -> Any:
    """The words of a call: ``p0``, ``p1`` … are its arguments, ``r0``, ``r1`` … its results, over them."""
    parts = []
    for letter, types in (("p", type_.params), ("r", type_.results)):
        fields: list[tuple[str, Any]] = []
        for index, each in enumerate(types):
            fields += _fields(f"{letter}{index}", each)
        parts.append((letter, type("Values", (ctypes.Structure,), {"_fields_": fields})))
    members = {"_anonymous_": ("p", "r"), "_fields_": parts}
    return type("Values", (ctypes.Union,), members)


def _fields(name: str, type_: ValType) -> list[tuple[str, Any]]:
    """The fields of a value, which has 16 bytes."""
    if type_ is V128:
        return [(name, _WORD), (f"{name}_high", _WORD)]
    field = _FIELDS.get(type_)
    if field is None:
        field = _WORD if kind_of(type_) == V_FUNC else ctypes.c_uint32
    rest = [(f"{name}_rest", ctypes.c_uint32)] if ctypes.sizeof(field) == 4 else []
    return [(name, field), *rest, (f"{name}_high", _WORD)]


def _lines(type_: FuncType) -> list[str]:
    params, results = type_.params, type_.results
    rooted = any(isinstance(result, RefType) for result in results)
    body = ["v = at.contents"] if params or results else []
    given = ", ".join(_argument(f"v.p{i}", param) for i, param in enumerate(params))
    body.append(f"{'r = ' if results else ''}function({given})")
    if rooted:
        body.append("roots = []")
    for index, result in enumerate(results):
        value = "r" if len(results) == 1 else f"r[{index}]"
        body += _result_lines(f"v.r{index}", value, result)
    if rooted:
        body.append("references.unroot(roots)")
    return [
        "def make(store, function):",
        " references, exceptions, throw = store.references, store.exceptions, store.exceptions.throw",
        " stop = store.lib.wasmtime_trap_new_code",
        " def callback(environment, caller, at, count):",
        "  try:",
        *(f"   {line}" for line in body),
        "  except BaseException as error:",
        "   try: return throw(error)",
        "   except BaseException as other:",  # there was no room for that
        "    store.pending = other",
        "    return stop(unreachable)",
        " return callback",
    ]


def _argument(field: str, type_: ValType) -> str:
    if type_ is F32:
        return f"f32_from_bits({field})"
    if type_ is V128:
        return f"{field} | {field}_high << 64"
    return field if type_ in _FIELDS else value_text(field, type_)


def _result_lines(field: str, value: str, type_: ValType) -> list[str]:
    if type_ is F32:
        return [f"{field} = f32_bits({value})"]
    if type_ is V128:
        return [f"{field} = {value} & {_LOW}", f"{field}_high = {value} >> 64"]
    return [f"{field} = {value if type_ in _FIELDS else raw_text(value, type_)}"]
