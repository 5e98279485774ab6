"""Functions that modules import to allocate in a shared heap."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from pyjsapi.ecmascript.errors import RangeError
from pyjsapi.sharing.heap import SharedHeap
from pyjsapi.sharing.heap_places import ENDS, HeapError
from pyjsapi.syntax.errors import Trap

_SUFFIXES: Final = {"i32": "", "i64": "64"}


def malloc(heaps: Sequence[SharedHeap], size: int, address: str) -> int:
    """``shared_heap_malloc``: a block of the first heap that has one to give, or 0; ``size`` may be signed."""
    for heap in heaps:
        found = heap.malloc(size & ENDS[address] - 1, address)
        if found:
            return found
    return 0


def free(heaps: Sequence[SharedHeap], where: int, address: str) -> None:
    """``shared_heap_free``: traps where there is no such block."""
    where &= ENDS[address] - 1
    if where == 0:
        return
    for heap in heaps:
        try:
            return heap.free(where)
        except RangeError:  # not an address of that one
            continue
        except HeapError as error:
            raise Trap(str(error)) from None
    raise Trap(f"there is no block at address {where:#x} to be freed")


def imports_of(heap: SharedHeap) -> dict[str, Callable[..., Any]]:
    """The functions for a given heap, by their names in ``env``."""
    functions: dict[str, Callable[..., Any]] = {}
    for address, suffix in _SUFFIXES.items():
        functions[f"shared_heap_malloc{suffix}"] = lambda size, kind=address: malloc(
            (heap,), size, kind
        )
        functions[f"shared_heap_free{suffix}"] = lambda where, kind=address: free(
            (heap,), where, kind
        )
    return functions
