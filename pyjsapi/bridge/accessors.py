"""Accessors in Python: what the builtins of the native link layer do, for where there is none.

They reach the bytes through `Bytes`, which may be anywhere. Results are those of the builtins in every respect.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Protocol

from pyjsapi.bridge.link_errors import NotShared, OutOfBoundsAccess, UnalignedAtomic
from pyjsapi.compiler.emit.accessor import ATOMIC_NAMES, NAMES, accessor_name
from pyjsapi.compiler.support.numerics import f32_bits, f32_from_bits, f64_bits, f64_from_bits
from pyjsapi.syntax.instructions import OPS, Op

Accessor = Callable[..., Any]


class Bytes(Protocol):
    """The bytes of a memory. Addresses and sizes are in bytes and in bounds."""

    mask: int
    """Greatest address."""
    shared: bool

    def byte_length(self) -> int:
        """Size now."""

    def pages(self) -> int:
        """Size now, in pages."""

    def load(self, address: int, size: int) -> int:
        """The integer of 1, 2, 4, 8 or 16 bytes at an address."""

    def store(self, address: int, size: int, value: int) -> None:
        """The reverse; ``value`` fits."""

    def fill(self, address: int, value: int, count: int) -> None:
        """``memory.fill``"""

    def copy(self, address: int, source: int, count: int) -> None:
        """``memory.copy`` within the memory."""

    def atomic(self, action: str, address: int, size: int, *operands: int) -> int:
        """An atomic action on a shared memory: a key of `ACTIONS`, or ``notify`` or ``wait``."""


ACTIONS: Final[dict[str, Callable[[int, int], int]]] = {
    "add": lambda old, value: old + value,
    "sub": lambda old, value: old - value,
    "and": lambda old, value: old & value,
    "or": lambda old, value: old | value,
    "xor": lambda old, value: old ^ value,
    "xchg": lambda old, value: value,
}
"""What ``atomic.rmw`` stores."""

_OPS: Final = {accessor_name(op): op for op in OPS}


def make_accessor(data: Bytes, name: str) -> Accessor:
    """The accessor for an instruction; `KeyError` for a name that is none."""
    if name in _OTHERS:
        return _OTHERS[name](data)
    if name in ATOMIC_NAMES:
        return _atomic(data, _OPS[name])
    if name not in NAMES:
        raise KeyError(f"there is no accessor '{name}'")
    op = _OPS[name]
    return _load(data, op) if op.results else _store(data, op)


def _effective(data: Bytes, address: int, offset: int, size: int) -> int:
    where = (address & data.mask) + offset
    if where + size > data.byte_length():
        raise OutOfBoundsAccess
    return where


def _load(data: Bytes, op: Op) -> Accessor:
    size = op.width >> 3
    type_ = op.mnemonic.split(".")[0]
    sign = 1 << op.width - 1 if op.family.endswith("_s") else 0
    extension = ((1 << (64 if type_ == "i64" else 32)) - 1) ^ ((1 << op.width) - 1) if sign else 0

    def load(address: int, offset: int = 0) -> int:
        value = data.load(_effective(data, address, offset, size), size)
        return value | extension if value & sign else value

    if type_ == "f32":
        return lambda address, offset=0: f32_from_bits(load(address, offset))
    if type_ == "f64":
        return lambda address, offset=0: f64_from_bits(load(address, offset))
    return load


def _store(data: Bytes, op: Op) -> Accessor:
    size = op.width >> 3
    wrap = (1 << op.width) - 1
    bits_of: Callable[[Any], int] = {"f32": f32_bits, "f64": f64_bits}.get(
        op.mnemonic.split(".")[0], lambda value: int(value)
    )

    def store(address: int, value: Any, offset: int = 0) -> None:
        data.store(_effective(data, address, offset, size), size, bits_of(value) & wrap)

    return store


def _atomic(data: Bytes, op: Op) -> Accessor:
    size = op.width >> 3
    wrap = (1 << op.width) - 1
    count = len(op.params or ())
    action = op.mnemonic.removesuffix("_u").split(".")[-1].rstrip("0123456789")

    def access(address: int, *rest: int) -> int | None:
        offset = rest[count - 1] if len(rest) == count else 0
        where = (address & data.mask) + offset
        if where % size:
            raise UnalignedAtomic
        if action == "wait":
            if not data.shared:
                raise NotShared
            if where + size > data.byte_length():
                raise OutOfBoundsAccess
            timeout = rest[1] & (1 << 64) - 1
            return data.atomic("wait", where, size, rest[0] & wrap, timeout - (timeout >> 63 << 64))
        if where + size > data.byte_length():
            raise OutOfBoundsAccess
        operands = [value & wrap for value in rest[: count - 1]]
        if data.shared:
            result = data.atomic(action, where, size, *operands)
            return None if action == "store" else result
        return _plain(data, action, where, size, operands)

    return access


def _plain(data: Bytes, action: str, where: int, size: int, operands: list[int]) -> int | None:
    """An atomic access of a memory that nobody else can reach."""
    if action == "notify":
        return 0
    if action == "store":
        data.store(where, size, operands[0])
        return None
    old = data.load(where, size)
    if action == "cmpxchg":
        if old == operands[0]:
            data.store(where, size, operands[1])
    elif action != "load":
        data.store(where, size, ACTIONS[action](old, operands[0]) & (1 << 8 * size) - 1)
    return old


def _vector_bytes(data: Bytes) -> Accessor:
    def load(address: int, offset: int = 0) -> bytes:
        return data.load(_effective(data, address, offset, 16), 16).to_bytes(16, "little")

    return load


def _fill(data: Bytes) -> Accessor:
    def fill(address: int, value: int, count: int) -> None:
        if address + count > data.byte_length():
            raise OutOfBoundsAccess
        data.fill(address, value & 0xFF, count)

    return fill


def _copy(data: Bytes) -> Accessor:
    def copy(address: int, source: int, count: int) -> None:
        if max(address, source) + count > data.byte_length():
            raise OutOfBoundsAccess
        data.copy(address, source, count)

    return copy


_OTHERS: Final[dict[str, Callable[[Bytes], Accessor]]] = {
    "memory_size": lambda data: data.pages,
    "memory_fill": _fill,
    "memory_copy": _copy,
    "v128_bytes": _vector_bytes,
}
