"""Loads and stores of a memory that is known at run time alone: by references, far pointers, and the host.

Each does what the instruction does, on whatever block the memory stands, and traps where it traps. Addresses are
unsigned integers of any size; values are canonical.
"""

from __future__ import annotations

from collections.abc import Callable
from struct import Struct
from struct import error as StructError
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from pyjsapi.blocks.floats import f32_bits, f32_from_bits, f64_bits, f64_from_bits
from pyjsapi.runtime import atomics
from pyjsapi.runtime.accessors import OutOfBoundsAccess

if TYPE_CHECKING:
    from pyjsapi.runtime import MemInst

Load: TypeAlias = Callable[["MemInst", int], Any]
Store: TypeAlias = Callable[["MemInst", int, Any], None]

_NOT_THERE: Final = (StructError, OverflowError, IndexError)
"""What `struct` says of addresses that a buffer does not have, the last of those that fit no C integer."""
_UNSIGNED: Final = {1: "<B", 2: "<H", 4: "<I", 8: "<Q"}
_SIGNED: Final = {1: "<b", 2: "<h"}


def _load(accessor: str, size: int, *, signed: bool = False) -> Load:
    """The load of an integer, extended to 32 bits where it is shorter."""
    unpack = Struct(_SIGNED[size] if signed else _UNSIGNED[size]).unpack_from
    mask = (1 << 8 * max(size, 4)) - 1

    def load(memory: MemInst, address: int) -> int:
        if not memory.by_calls:
            try:
                value: int = unpack(memory.data, address)[0]
                return value & mask
            except _NOT_THERE:
                pass  # out of bounds, or the memory grew elsewhere
        found: int = memory.accessor(accessor)(_within(memory, address))
        return found

    return load


def _store(accessor: str, size: int) -> Store:
    """The store of an integer, of which the low bytes are taken."""
    pack = Struct(_UNSIGNED[size]).pack_into
    mask = (1 << 8 * size) - 1

    def store(memory: MemInst, address: int, value: int) -> None:
        if not memory.by_calls:
            try:
                return pack(memory.data, address, value & mask)
            except _NOT_THERE:
                pass
        memory.accessor(accessor)(_within(memory, address), value)

    return store


def _within(memory: MemInst, address: int) -> int:
    """An address that the memory's type can have: accessors wrap others."""
    if address >> memory.declared_type.addrtype.bits:
        raise OutOfBoundsAccess
    return address


_load32: Final = _load("i32_load", 4)
_load64: Final = _load("i64_load", 8)
_store32: Final = _store("i32_store", 4)
_store64: Final = _store("i64_store", 8)

LOADS: Final[dict[str, tuple[str, Load]]] = {
    "load8_s": ("i32", _load("i32_load8_s", 1, signed=True)),
    "load8_u": ("i32", _load("i32_load8_u", 1)),
    "load16_s": ("i32", _load("i32_load16_s", 2, signed=True)),
    "load16_u": ("i32", _load("i32_load16_u", 2)),
    "load32": ("i32", _load32),
    "load64": ("i64", _load64),
    "loadf32": ("f32", lambda memory, address: f32_from_bits(_load32(memory, address))),
    "loadf64": ("f64", lambda memory, address: f64_from_bits(_load64(memory, address))),
    "atomic_load32": ("i32", lambda memory, address: atomics.load(memory, address, 4)),
    "atomic_load64": ("i64", lambda memory, address: atomics.load(memory, address, 8)),
}
"""Loads by name: the type of their result, and what does it."""

STORES: Final[dict[str, tuple[str, Store]]] = {
    "store8": ("i32", _store("i32_store8", 1)),
    "store16": ("i32", _store("i32_store16", 2)),
    "store32": ("i32", _store32),
    "store64": ("i64", _store64),
    "storef32": ("f32", lambda memory, address, v: _store32(memory, address, f32_bits(v))),
    "storef64": ("f64", lambda memory, address, v: _store64(memory, address, f64_bits(v))),
    "atomic_store32": ("i32", lambda memory, address, v: atomics.store(memory, address, 4, v)),
    "atomic_store64": ("i64", lambda memory, address, v: atomics.store(memory, address, 8, v)),
}
"""Stores by name: the type of what they store, and what does it."""
