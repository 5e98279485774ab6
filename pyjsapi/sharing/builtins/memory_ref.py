"""The builtin set ``memory-ref``: memories as references, and loads and stores with the memory as an operand.

A reference is an ``externref`` to a `Memory`. Addresses, lengths and sizes are i64 whatever the memory's own addresses
are. What refers to no memory, or is out of bounds, traps; so does what a protection of the memory forbids.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Mapping
from typing import Any, Final

from pyjsapi.jsapi.builtin_sets import Builtin
from pyjsapi.jsapi.instantiation import Instantiation
from pyjsapi.runtime import MemInst, atomics
from pyjsapi.sharing.accesses import LOADS, STORES
from pyjsapi.sharing.builtins import bulk
from pyjsapi.sharing.builtins.signatures import Row, builtins
from pyjsapi.sharing.memory_refs import memory_behind
from pyjsapi.syntax.errors import Trap, ValidationError
from pyjsapi.syntax.types import I32, I64, PAGE_SIZE_LOG2, MemType
from pyjsapi.validation.types import TypeChecker

SHARED: Final = 1
"""Flag of ``new``: the memory is shared; it needs a maximum."""
WIDE: Final = 2
"""Flag of ``new``: its addresses are 64 bits wide."""
BYTE_PAGES: Final = 4
"""Flag of ``new``: its pages have one byte."""
_FLAGS: Final = SHARED | WIDE | BYTE_PAGES
_NO_MAXIMUM: Final = (1 << 64) - 1
_FAILED: Final = (1 << 64) - 1


class _Made:
    """The memories that an instance has made and somebody still has."""

    def __init__(self) -> None:
        self.alive: weakref.WeakSet[MemInst] = weakref.WeakSet()


def _of(made: Instantiation, memidx: int) -> Any:
    return made.reference_to(made.memory(memidx))


def _new(made: Instantiation, minimum: int, maximum: int, flags: int) -> Any:
    """A new memory; null where it cannot be had. Traps for a type that no memory has."""
    if flags & ~_FLAGS:
        raise Trap(f"memory-ref.new: unknown flags {flags:#x}: there are 1, 2 and 4")
    type_ = MemType(
        I64 if flags & WIDE else I32,
        minimum,
        None if maximum == _NO_MAXIMUM else maximum,
        bool(flags & SHARED),
        0 if flags & BYTE_PAGES else PAGE_SIZE_LOG2,
    )
    settings = made.compiled.settings
    try:
        TypeChecker(settings.features, settings.limits).mem(type_)
    except ValidationError as error:
        raise Trap(f"memory-ref.new: {error.message}") from None
    alive = made.own(_Made).alive
    if len(alive) >= settings.limits.memories:
        return None
    try:
        memory = made.new_memory(type_)
    except (MemoryError, OverflowError):
        return None
    alive.add(memory)
    return made.reference_to(memory)


def _size(reference: Any) -> int:
    return memory_behind(reference).pages


def _grow(reference: Any, delta: int) -> int:
    before = memory_behind(reference).grow(delta)
    return _FAILED if before < 0 else before


def _copy(to: Any, address: int, source: Any, source_address: int, count: int) -> None:
    bulk.copy(memory_behind(to), memory_behind(source), address, source_address, count)


def _fill(reference: Any, address: int, value: int, count: int) -> None:
    bulk.fill(memory_behind(reference), address, value, count)


def _eq(one: Any, other: Any) -> int:
    if one is None or other is None:
        return 1 if one is other else 0
    return 1 if memory_behind(one) is memory_behind(other) else 0


def _by_reference(access: Callable[..., Any]) -> Callable[..., Any]:
    return lambda reference, *operands: access(memory_behind(reference), *operands)


def _load(load: Callable[[MemInst, int], Any]) -> Callable[..., Any]:
    return lambda reference, address: load(memory_behind(reference), address)


def _store(store: Callable[[MemInst, int, Any], None]) -> Callable[..., Any]:
    return lambda reference, address, value: store(memory_behind(reference), address, value)


def _sized(helper: Callable[..., Any], size: int) -> Callable[..., Any]:
    """An atomic helper on elements of a size."""
    return lambda memory, address, *operands: helper(memory, address, size, *operands)


ATOMICS: Final[dict[str, Row]] = {
    f"atomic_{name}{8 * size}": (f"{params.replace('T', f'i{8 * size}')}", _sized(helper, size))
    for name, params, helper in (
        ("add", "T -> T", atomics.rmw_add),
        ("sub", "T -> T", atomics.rmw_sub),
        ("and", "T -> T", atomics.rmw_and),
        ("or", "T -> T", atomics.rmw_or),
        ("xor", "T -> T", atomics.rmw_xor),
        ("xchg", "T -> T", atomics.rmw_xchg),
        ("cmpxchg", "T T -> T", atomics.rmw_cmpxchg),
        ("wait", "T i64 -> i32", atomics.wait),
    )
    for size in (4, 8)
}
"""Atomic accesses but loads and stores, on a memory and an address: what follows those in the signature."""
ATOMICS["atomic_notify"] = ("i32 -> i32", atomics.notify)

BUILTINS: Final[Mapping[str, Builtin]] = {
    **builtins(
        {"of": ("i32 -> externref", _of), "new": ("i64 i64 i32 -> externref", _new)},
        of_instance=True,
    ),
    **builtins(
        {
            "size": ("externref -> i64", _size),
            "grow": ("externref i64 -> i64", _grow),
            "copy": ("externref i64 externref i64 i64 ->", _copy),
            "fill": ("externref i64 i32 i64 ->", _fill),
            "eq": ("externref externref -> i32", _eq),
            **{n: (f"externref i64 -> {t}", _load(load)) for n, (t, load) in LOADS.items()},
            **{n: (f"externref i64 {t} ->", _store(store)) for n, (t, store) in STORES.items()},
            **{
                n: (f"externref i64 {rest}", _by_reference(call))
                for n, (rest, call) in ATOMICS.items()
            },
        }
    ),
}
"""The set's functions by name."""
