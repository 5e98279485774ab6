"""Accessors: memory instructions as functions, for memories that are reached by calls.

An accessor is one function per instruction: ``i32_load(address)``, ``i32_load(address, offset)``, ``i64_store8(address,
value, offset)``. It takes integers modulo the range of their types, checks bounds and alignment, and gives canonical
values. `make_accessor` makes them for any block; blocks in JavaScript bring their own, with the same results.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Protocol

from pyjsapi.blocks.block import OUT_OF_BOUNDS
from pyjsapi.blocks.floats import f32_bits, f32_from_bits, f64_bits, f64_from_bits
from pyjsapi.syntax.errors import Trap
from pyjsapi.syntax.instructions import OPS, SECOND_ROWS, Imm, Op
from pyjsapi.syntax.types import MemType

Accessor = Callable[..., Any]


SIZE: Final = "memory_size"
"""Accessor that gives the size in pages."""
VECTOR_BYTES: Final = "v128_bytes"
"""Accessor that loads a vector as 16 bytes."""


def accessor_name(op: Op) -> str:
    """``i32_load8_u`` for ``i32.load8_u``."""
    return op.mnemonic.replace(".", "_")


def _names(atomic: bool) -> tuple[str, ...]:
    whole_vectors = ("v128.load", "v128.store")
    return tuple(
        accessor_name(op)
        for op in OPS
        if op.imm is Imm.MEMARG
        and op not in SECOND_ROWS
        and (op.feature == "threads") is atomic
        and (op.feature != "simd" or op.mnemonic in whole_vectors)
    )


NAMES: Final = (*_names(False), SIZE, VECTOR_BYTES)
"""Accessors that every memory has, the atomic ones excepted."""
ATOMIC_NAMES: Final = _names(True)
"""Accessors for atomic instructions."""


class OutOfBoundsAccess(Trap):
    """An access of bytes that a memory does not have."""

    def __init__(self) -> None:
        super().__init__(OUT_OF_BOUNDS)


class UnalignedAtomic(Trap):
    """An atomic access at an address that is no multiple of its size."""

    def __init__(self) -> None:
        super().__init__("unaligned atomic")


class NotShared(Trap):
    """``memory.atomic.wait`` on a memory that is not shared."""

    def __init__(self) -> None:
        super().__init__("expected shared memory")


class Store(Protocol):
    """Where the bytes are: see `blocks.block.Block`, which is one."""

    @property
    def length(self) -> int:
        """Size now, in bytes."""

    def reaches(self, address: int, count: int, /) -> bool:
        """Whether there are bytes at some addresses."""

    def read(self, address: int, count: int, /) -> bytes:
        """A copy of some bytes."""

    def write(self, address: int, data: bytes, /) -> None:
        """Write some bytes."""

    def load(self, address: int, size: int, /) -> int:
        """The integer of 1, 2, 4 or 8 bytes at an address."""

    def store(self, address: int, size: int, value: int, /) -> None:
        """The reverse; ``value`` fits."""

    def update(self, operation: str, address: int, size: int, operand: int, /) -> int:
        """Read, combine and write; the old value."""

    def compare_exchange(self, address: int, size: int, expected: int, replacement: int, /) -> int:
        """Store ``replacement`` where ``expected`` is found; the old value."""

    def fill(self, address: int, value: int, count: int, /) -> None:
        """``memory.fill``"""

    def copy(self, address: int, source: int, count: int, /) -> None:
        """``memory.copy`` within the memory."""

    def atomic(self, action: str, address: int, size: int, /, *operands: int) -> int:
        """An atomic action on a shared memory."""


_OPS: Final = {accessor_name(op): op for op in OPS if op not in SECOND_ROWS}


def make_accessor(store: Store, type_: MemType, name: str) -> Accessor:
    """The accessor for an instruction on a memory of a type; `KeyError` for a name that is none."""
    return _Making(store, type_).accessor(name)


class _Making:
    """Makes accessors of a memory."""

    def __init__(self, store: Store, type_: MemType) -> None:
        self.store = store
        self.type = type_
        self.mask = (1 << type_.addrtype.bits) - 1

    def accessor(self, name: str) -> Accessor:
        if name in ATOMIC_NAMES:
            return self._atomic(_OPS[name])
        if name in _OTHERS:
            return _OTHERS[name](self)
        if name not in NAMES:
            raise KeyError(f"there is no accessor '{name}'")
        op = _OPS[name]
        return self._load(op) if op.results else self._store(op)

    def _effective(self, size: int) -> Callable[[int, int], int]:
        """From address and offset to the place of an access, which is in bounds."""
        store, mask = self.store, self.mask

        def effective(address: int, offset: int) -> int:
            where = (address & mask) + offset
            if where + size > store.length and not store.reaches(where, size):
                raise OutOfBoundsAccess
            return where

        return effective

    def _load(self, op: Op) -> Accessor:
        size = op.width >> 3
        type_ = op.mnemonic.split(".")[0]
        sign = 1 << op.width - 1 if op.family.endswith("_s") else 0
        full = (1 << (64 if type_ == "i64" else 32)) - 1
        extension = full ^ ((1 << op.width) - 1) if sign else 0
        effective, store = self._effective(size), self.store

        def load(address: int, offset: int = 0) -> int:
            value = store.load(effective(address, offset), size)
            return value | extension if value & sign else value

        if type_ == "f32":
            return lambda address, offset=0: f32_from_bits(load(address, offset))
        if type_ == "f64":
            return lambda address, offset=0: f64_from_bits(load(address, offset))
        if type_ == "v128":
            bytes_of = self.vector_bytes()
            return lambda address, offset=0: int.from_bytes(bytes_of(address, offset), "little")
        return load

    def _store(self, op: Op) -> Accessor:
        size = op.width >> 3
        wrap = (1 << op.width) - 1
        type_ = op.mnemonic.split(".")[0]
        effective, store = self._effective(size), self.store
        floats: dict[str, Callable[[float], int]] = {"f32": f32_bits, "f64": f64_bits}
        if type_ in floats:
            bits_of = floats[type_]
            return lambda address, value, offset=0: store.store(
                effective(address, offset), size, bits_of(value)
            )
        if type_ == "v128":
            return lambda address, value, offset=0: store.write(
                effective(address, offset), (value & wrap).to_bytes(size, "little")
            )
        return lambda address, value, offset=0: store.store(
            effective(address, offset), size, value & wrap
        )

    def _atomic(self, op: Op) -> Accessor:
        size = op.width >> 3
        wrap = (1 << op.width) - 1
        count = len(op.params or ())
        action = op.mnemonic.removesuffix("_u").split(".")[-1].rstrip("0123456789")
        store, mask, shared = self.store, self.mask, self.type.shared

        def access(address: int, *rest: int) -> int | None:
            offset = rest[count - 1] if len(rest) == count else 0
            where = (address & mask) + offset
            if where % size:
                raise UnalignedAtomic
            if action == "wait" and not shared:
                raise NotShared
            if where + size > store.length and not store.reaches(where, size):
                raise OutOfBoundsAccess
            if action == "wait":
                timeout = rest[1] & (1 << 64) - 1
                return store.atomic(
                    "wait", where, size, rest[0] & wrap, timeout - (timeout >> 63 << 64)
                )
            operands = [value & wrap for value in rest[: count - 1]]
            if shared:
                result = store.atomic(action, where, size, *operands)
                return None if action == "store" else result
            return _plain(store, action, where, size, operands)

        return access

    def size(self) -> Accessor:
        """In pages."""
        store, page_size_log2 = self.store, self.type.page_size_log2
        return lambda: store.length >> page_size_log2

    def vector_bytes(self) -> Accessor:
        """A vector as 16 bytes."""
        effective, store = self._effective(16), self.store
        return lambda address, offset=0: store.read(effective(address, offset), 16)

    def fill(self) -> Accessor:
        """``memory.fill``"""
        store = self.store

        def fill(address: int, value: int, count: int) -> None:
            if not store.reaches(address, count):
                raise OutOfBoundsAccess
            store.fill(address, value & 0xFF, count)

        return fill

    def copy(self) -> Accessor:
        """``memory.copy`` within the memory."""
        store = self.store

        def copy(address: int, source: int, count: int) -> None:
            if not (store.reaches(address, count) and store.reaches(source, count)):
                raise OutOfBoundsAccess
            store.copy(address, source, count)

        return copy


def _plain(store: Store, action: str, where: int, size: int, operands: list[int]) -> int | None:
    """An atomic access of a memory that is not shared. Bytes that are mapped there may be others' as well."""
    if action == "notify":
        return 0
    if action == "store":
        store.update("xchg", where, size, operands[0])
        return None
    if action == "load":
        return store.load(where, size)
    if action == "cmpxchg":
        return store.compare_exchange(where, size, *operands)
    return store.update(action, where, size, operands[0])


_OTHERS: Final[dict[str, Callable[[_Making], Accessor]]] = {
    SIZE: _Making.size,
    VECTOR_BYTES: _Making.vector_bytes,
    "memory_fill": _Making.fill,
    "memory_copy": _Making.copy,
}
