"""The host module ``spectest`` that scripts may import from."""

from __future__ import annotations

from typing import Any, Final

from pyjsapi.blocks.floats import f32_from_bits
from pyjsapi.runtime import ExternVal, FuncInst, GlobalInst, new_memory, new_table
from pyjsapi.runtime.memory import MakeMemory
from pyjsapi.syntax.deftypes import func_def_type
from pyjsapi.syntax.types import (
    F32,
    F64,
    FUNCREF,
    I32,
    I64,
    FuncType,
    GlobalType,
    MemType,
    TableType,
    ValType,
)
from pyjsapi.text.numbers import float_bits
from pyjsapi.validation.limits import Limits

_PRINTS: Final[dict[str, tuple[ValType, ...]]] = {
    "print": (),
    "print_i32": (I32,),
    "print_i64": (I64,),
    "print_f32": (F32,),
    "print_f64": (F64,),
    "print_i32_f32": (I32, F32),
    "print_f64_f64": (F64, F64),
}
_GLOBALS: Final[dict[str, tuple[ValType, int | float]]] = {
    "global_i32": (I32, 666),
    "global_i64": (I64, 666),
    "global_f32": (F32, f32_from_bits(float_bits("666.6", 32))),
    "global_f64": (F64, 666.6),
}


def _discard(*_: Any) -> None:
    """The reference interpreter prints the arguments; nobody compares what it prints."""


def spectest(limits: Limits, make_memory: MakeMemory = new_memory) -> dict[str, ExternVal]:
    """A fresh ``spectest`` module; ``make_memory`` makes its memories."""
    exports: dict[str, ExternVal] = {}
    for name, params in _PRINTS.items():
        exports[name] = FuncInst(func_def_type(FuncType(params, ())), _discard, host=_discard)
    for name, (type_, value) in _GLOBALS.items():
        exports[name] = GlobalInst(GlobalType(type_, False), value)
    exports["table"] = new_table(TableType(I32, 10, 20, FUNCREF), None, limits)
    exports["table64"] = new_table(TableType(I64, 10, 20, FUNCREF), None, limits)
    exports["memory"] = make_memory(MemType(I32, 1, 2), limits)
    exports["shared_memory"] = make_memory(MemType(I32, 1, 2, shared=True), limits)
    return exports
