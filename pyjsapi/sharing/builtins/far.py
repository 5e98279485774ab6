"""The builtin set ``far``: loads and stores by far pointers (see `sharing.memory_refs`).

``handle`` gives the handle of a memory that the guest has a reference to, ``ref`` the reference back; a far pointer is
``handle << 32 | address``, and handle 0 the instance's own memory 0. ``release`` lets go of a handle. An unknown handle
traps, as does an access out of the memory's bounds: adding to a far pointer never leads to another memory's bytes that
the instance was not given.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from pyjsapi.jsapi.builtin_sets import Builtin
from pyjsapi.jsapi.instantiation import Instantiation
from pyjsapi.runtime import MemInst
from pyjsapi.sharing.accesses import LOADS, STORES
from pyjsapi.sharing.builtins import bulk
from pyjsapi.sharing.builtins.memory_ref import ATOMICS
from pyjsapi.sharing.builtins.signatures import builtins
from pyjsapi.sharing.memory_refs import (
    FarHandles,
    far_place,
    memory_behind,
    memory_of_handle,
)


def _handle(made: Instantiation, reference: Any) -> int:
    return made.own(FarHandles).grant(memory_behind(reference))


def _ref(made: Instantiation, handle: int) -> Any:
    return made.reference_to(memory_of_handle(made, handle))


def _release(made: Instantiation, handle: int) -> None:
    made.own(FarHandles).release(handle)


def _size(made: Instantiation, handle: int) -> int:
    return memory_of_handle(made, handle).pages


def _copy(made: Instantiation, to: int, source: int, count: int) -> None:
    memory, address = far_place(made, to)
    source_memory, source_address = far_place(made, source)
    bulk.copy(memory, source_memory, address, source_address, count)


def _fill(made: Instantiation, to: int, value: int, count: int) -> None:
    memory, address = far_place(made, to)
    bulk.fill(memory, address, value, count)


def _load(load: Callable[[MemInst, int], Any]) -> Callable[..., Any]:
    return lambda made, pointer: load(*far_place(made, pointer))


def _store(store: Callable[[MemInst, int, Any], None]) -> Callable[..., Any]:
    return lambda made, pointer, value: store(*far_place(made, pointer), value)


def _atomic(access: Callable[..., Any]) -> Callable[..., Any]:
    return lambda made, pointer, *operands: access(*far_place(made, pointer), *operands)


BUILTINS: Final[Mapping[str, Builtin]] = builtins(
    {
        "handle": ("externref -> i32", _handle),
        "ref": ("i32 -> externref", _ref),
        "release": ("i32 ->", _release),
        "size": ("i32 -> i64", _size),
        "copy": ("i64 i64 i64 ->", _copy),
        "fill": ("i64 i32 i64 ->", _fill),
        **{n: (f"i64 -> {t}", _load(load)) for n, (t, load) in LOADS.items()},
        **{n: (f"i64 {t} ->", _store(store)) for n, (t, store) in STORES.items()},
        **{n: (f"i64 {rest}", _atomic(call)) for n, (rest, call) in ATOMICS.items()},
    },
    of_instance=True,
)
"""The set's functions by name."""
