"""JavaScript's values inside the engine, and value types as short texts that both sides understand.

An external reference to a JavaScript value is an `ExternRef`, except that null is ``None`` and a number that fits into
31 bits is the `int` that the engine takes for an i31 reference (see `pyjsapi.runtime.gc`).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final

from pyjsapi.bridge.link.numbered import Numbered
from pyjsapi.runtime.function import FuncInst
from pyjsapi.runtime.gc import I31_MASK, ArrayInst, StructInst, externalize
from pyjsapi.runtime.memory import MemInst
from pyjsapi.syntax.deftypes import DefType
from pyjsapi.syntax.types import (
    ANY,
    CONT,
    EXN,
    EXTERN,
    EXTERNREF,
    F32,
    F64,
    FUNC,
    FUNCREF,
    I32,
    I64,
    V128,
    AbsHeapType,
    Exact,
    FuncType,
    RefType,
    ValType,
    ref_type,
)
from pyjsapi.validation.cast_rules import top_of
from pyjsapi.validation.matching import match_heap, match_val

_release: Callable[[int], object] = int


def set_release(release: Callable[[int], object]) -> None:
    """Set what is told the slot of every `ExternRef` that goes. It must not raise."""
    global _release
    _release = release


class ExternRef(int):
    """A JavaScript value that is kept on JavaScript's side for as long as this lives: the number of its slot there."""

    __slots__ = ()

    def __del__(self) -> None:
        _release(self)

    def __repr__(self) -> str:
        return f"<JavaScript value #{int(self)}>"


# ---- references of the hierarchies of `extern` and `any`

STRUCT_KIND: Final = float(1 << 40)
"""What `extern_kind` and `any_kind` say of a structure."""
ARRAY_KIND: Final = float(1 << 41)
"""What they say of an array."""
MEMORY_KIND: Final = float(1 << 42)
"""What they say of a memory, which is its own reference."""


def extern_kind(value: Any) -> float:
    """The number that an external reference is, or a kind (`STRUCT_KIND` …); it is no `ExternRef` and not null."""
    if isinstance(value, StructInst):
        return STRUCT_KIND
    if isinstance(value, MemInst):
        return MEMORY_KIND
    return ARRAY_KIND if isinstance(value, ArrayInst) else float(value)


def any_kind(value: Any) -> float:
    """Like `extern_kind`, for a reference of the hierarchy of ``any``."""
    return extern_kind(externalize(value))


def i31(value: int) -> int:
    """The i31 reference of a canonical i32."""
    return value & I31_MASK


# ---- types

_LETTERS: Final = {EXTERN: "r", FUNC: "F", ANY: "A", EXN: "x", CONT: "x"}
_CODES: Final[dict[ValType, str]] = {I32: "i", I64: "I", F32: "f", F64: "d", V128: "v"}
_TYPES: Final[dict[str, ValType]] = {code: type_ for type_, code in _CODES.items()}
_defined: Final = Numbered[DefType | Exact]()


@lru_cache(maxsize=4096)
def type_code(type_: ValType) -> str:
    """A closed value type as text: a letter, and for references nullability and heap type.

    Letters are those of the link layer; ``v`` and ``x`` stand for what JavaScript cannot have. ``F?func`` is
    ``funcref``, ``A!any`` is ``(ref any)``; a defined type is a number that `func_matches` and `object_matches` know.
    """
    if not isinstance(type_, RefType):
        return _CODES[type_]
    heap = type_.heap
    if isinstance(heap, AbsHeapType):
        name = heap.name
    elif isinstance(heap, DefType | Exact):
        name = str(_defined.number(heap))
    else:
        raise TypeError(f"the type {type_} is not closed")
    code = f"{_LETTERS[top_of(heap)]}{'?' if type_.nullable else '!'}{name}"
    _TYPES[code] = type_
    return code


type_code(FUNCREF)
type_code(EXTERNREF)


def type_of(code: str) -> ValType:
    """The value type of a text that `type_code` has made before."""
    return _TYPES[code]


@lru_cache(maxsize=4096)
def signature_code(type_: FuncType) -> str:
    """A closed function type: the codes of parameters and results, as in ``i,I>F?func``."""
    return f"{','.join(map(type_code, type_.params))}>{','.join(map(type_code, type_.results))}"


def func_matches(func: FuncInst, number: int) -> int:
    """Whether a function is of the defined type of that number."""
    return int(match_val(ref_type(False, Exact(func.type)), ref_type(False, _defined[number])))


def object_matches(value: StructInst | ArrayInst, number: int) -> int:
    """Whether a structure or array is of the defined type of that number."""
    return int(match_heap(Exact(value.type), _defined[number]))
