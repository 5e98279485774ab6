"""The builtin set ``memory-control``: what the proposal of that name has instructions for.

``map``, ``unmap``, ``protect`` and ``discard`` take the index of a memory of the instance, an address and a number of
bytes; those with ``64`` in their names take i64. ``prot`` is 0 for none, 1 for reading, 3 for reading and writing. An
address is rounded down to a page of the memory, an end up. What the instructions trap for traps: no bytes at all, bytes
out of bounds, pages that are mapped already, or a memory that is not virtual (for ``map`` and ``unmap``).

``protect`` is for ordinary memories too. An instance that imports it has its own memories reached by calls from the
start, unless the host chooses a ``storage`` for them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from pyjsapi.ecmascript import RangeError
from pyjsapi.jsapi.builtin_sets import Builtin
from pyjsapi.jsapi.errors import RuntimeError as WasmRuntimeError
from pyjsapi.jsapi.instantiation import Instantiation
from pyjsapi.runtime import MemInst
from pyjsapi.sharing import control
from pyjsapi.sharing.builtins.mmap import reach_by_calls
from pyjsapi.sharing.builtins.signatures import builtins
from pyjsapi.sharing.state import state_of
from pyjsapi.syntax.errors import Trap

_ACCESS: Final = {0: "none", 1: "r", 3: "rw"}


def _access(prot: int) -> str:
    found = _ACCESS.get(prot)
    if found is None:
        raise Trap(f"prot is {prot}: it must be 0, 1 for reading, or 3 for reading and writing")
    return found


def _trapping(step: Callable[..., Any], *operands: Any) -> Any:
    try:
        return step(*operands)
    except (RangeError, WasmRuntimeError) as error:
        raise Trap(str(error)) from error


def _virtual(made: Instantiation, memidx: int, what: str) -> MemInst:
    memory = made.memory(memidx)
    if not state_of(memory).virtual:
        raise Trap(f"{what}: memory {memidx} is not virtual")
    return memory


def _some(size: int, what: str) -> None:
    if size == 0:
        raise Trap(f"{what}: 0 bytes: there must be some")


def _map(made: Instantiation, memidx: int, address: int, size: int, prot: int) -> int:
    memory, access = _virtual(made, memidx, "memory.map"), _access(prot)
    found: int = _trapping(control.map_pages, memory, address, size, access)
    return found


def _unmap(made: Instantiation, memidx: int, address: int, size: int) -> None:
    memory = _virtual(made, memidx, "memory.unmap")
    _trapping(control.unmap_pages, memory, address, size)


def _protect(made: Instantiation, memidx: int, address: int, size: int, prot: int) -> None:
    memory, access = made.memory(memidx), _access(prot)
    _some(size, "memory.protect")
    _trapping(control.protect, memory, address, size, access)


def _discard(made: Instantiation, memidx: int, address: int, size: int) -> None:
    made.memory(memidx).discard(address, size)


def _reach_all_by_calls(made: Instantiation) -> None:
    first = len(made.compiled.context.mems) - len(made.compiled.module.mems)
    for memidx in range(first, len(made.mems)):
        reach_by_calls(made, memidx)


BUILTINS: Final[Mapping[str, Builtin]] = {
    **builtins(
        {
            "map": ("i32 i32 i32 i32 -> i32", _map),
            "map64": ("i32 i64 i64 i32 -> i64", _map),
            "unmap": ("i32 i32 i32 ->", _unmap),
            "unmap64": ("i32 i64 i64 ->", _unmap),
            "discard": ("i32 i32 i32 ->", _discard),
            "discard64": ("i32 i64 i64 ->", _discard),
        },
        of_instance=True,
    ),
    **builtins(
        {
            "protect": ("i32 i32 i32 i32 ->", _protect),
            "protect64": ("i32 i64 i64 i32 ->", _protect),
        },
        of_instance=True,
        prepare=_reach_all_by_calls,
    ),
}
"""The set's functions by name."""
