"""Atomic accesses as the machine has them, through the compiler's ``libatomic``.

They are atomic for every thread and every process that maps the bytes, and for native code that uses atomic
instructions on them. Where there is no `ctypes` or no ``libatomic``, `library` gives ``None``.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import ctypes

NAME: Final = "libatomic"
"""What `Memory.atomics_backend` says of these."""

_FILES: Final = ("libatomic.so.1", "libatomic.1.dylib")
SEQUENTIALLY_CONSISTENT: Final = 5
"""``__ATOMIC_SEQ_CST``"""
_FETCHING: Final = {
    "add": "fetch_add",
    "sub": "fetch_sub",
    "and": "fetch_and",
    "or": "fetch_or",
    "xor": "fetch_xor",
    "xchg": "exchange",
}

Access = Callable[[int, int, int], int]
"""Of an absolute address, an operand and `SEQUENTIALLY_CONSISTENT`; gives the old value. Wide operands are wrapped."""


class Library:
    """The functions of the library, by operation and size in bytes."""

    __slots__ = ("_cells", "_compare", "_load", "_store", "fetching")

    def __init__(self, loaded: ctypes.PyDLL) -> None:
        import ctypes

        integers: dict[int, Any] = {
            1: ctypes.c_uint8,
            2: ctypes.c_uint16,
            4: ctypes.c_uint32,
            8: ctypes.c_uint64,
        }
        self._cells = integers
        self.fetching: dict[tuple[str, int], Access] = {}
        """Operations that read, combine and write: ``add sub and or xor xchg``."""
        self._load: dict[int, Callable[[int, int], int]] = {}
        self._store: dict[int, Callable[[int, int, int], None]] = {}
        self._compare: dict[int, Callable[..., bool]] = {}
        address, order = ctypes.c_void_p, ctypes.c_int
        for size, integer in integers.items():
            for operation, name in _FETCHING.items():
                prototype = ctypes.PYFUNCTYPE(integer, address, integer, order)
                self.fetching[operation, size] = prototype((f"__atomic_{name}_{size}", loaded))
            loads = ctypes.PYFUNCTYPE(integer, address, order)
            stores = ctypes.PYFUNCTYPE(None, address, integer, order)
            compares = ctypes.PYFUNCTYPE(
                ctypes.c_bool, address, ctypes.POINTER(integer), integer, order, order
            )
            self._load[size] = loads((f"__atomic_load_{size}", loaded))
            self._store[size] = stores((f"__atomic_store_{size}", loaded))
            self._compare[size] = compares((f"__atomic_compare_exchange_{size}", loaded))

    def load(self, address: int, size: int) -> int:
        """The value at an absolute address."""
        return self._load[size](address, SEQUENTIALLY_CONSISTENT)

    def store(self, address: int, size: int, value: int) -> None:
        """Write a value, which must fit."""
        self._store[size](address, value, SEQUENTIALLY_CONSISTENT)

    def compare_exchange(self, address: int, size: int, expected: int, replacement: int) -> int:
        """Write ``replacement`` where ``expected`` is found; what was found. Both must fit."""
        found = self._cells[size](expected)
        order = SEQUENTIALLY_CONSISTENT
        self._compare[size](address, found, replacement, order, order)
        old: int = found.value
        return old


@functools.cache
def library() -> Library | None:
    """The machine's atomic accesses, if they can be had."""
    try:
        import ctypes
    except ImportError:
        return None
    for name in _FILES:
        try:
            return Library(ctypes.PyDLL(name))
        except (OSError, AttributeError):
            continue
    return None
