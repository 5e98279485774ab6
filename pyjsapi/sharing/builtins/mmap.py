"""The builtin set ``mmap`` (option 1): guests map the host's resources into memory 0 of their instance.

A resource is an ``externref`` to a `HostResource` that the host gave to the guest; null and anything else traps. What
fails otherwise gives -1, and the host finds the reason in ``instance.last_mmap_error``. ``prot`` is 1 for reading,
3 for reading and writing. An address is rounded down to a page of the system, and -1 leaves the choice to the host;
lengths are exact, and no byte beyond them is shown. The functions whose names end in ``64`` are for memories with
64-bit addresses; those that end in ``_in`` have a reference to any memory as their first operand (see ``memory-ref``).

So that everything can be mapped while the guest is running, its memory 0 is reached by calls from the start, unless the
host makes it with ``storage="reserve"``: then only whole pages of files can be mapped, for reading and writing.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from typing import Any, Final

from pyjsapi.blocks.paging import page_size
from pyjsapi.jsapi.builtin_sets import Builtin
from pyjsapi.jsapi.errors import RuntimeError as WasmRuntimeError
from pyjsapi.jsapi.instantiation import Instantiation
from pyjsapi.runtime import MemInst
from pyjsapi.sharing.builtins.signatures import builtins
from pyjsapi.sharing.control import unmap_range
from pyjsapi.sharing.mappings import map_resource
from pyjsapi.sharing.memory_refs import memory_behind
from pyjsapi.sharing.resources import HostResource
from pyjsapi.sharing.state import check_range, state_of
from pyjsapi.syntax.errors import Trap
from pyjsapi.syntax.types import I32

_MODES: Final = {1: "r", 3: "rw"}
_FAILED: Final = (1 << 64) - 1
"""-1, of which an i32 is the lower half."""
_LOW: Final = (1 << 32) - 1
_FAILURES: Final = (ValueError, TypeError, OSError, MemoryError, WasmRuntimeError)


def reach_by_calls(made: Instantiation, memidx: int = 0) -> None:
    """Have a memory of the instance reached by calls, unless the host chose otherwise, or others share it."""
    if memidx >= len(made.mems) or made.chosen(memidx, "storage") in ("heap", "reserve"):
        return
    memory = made.mems[memidx]
    if memory.declared_type.shared:
        return
    # One that is imported may have code running that reaches it directly: a map tells.
    with contextlib.suppress(BufferError):
        memory.guarded()


def _resource(reference: Any) -> HostResource:
    if reference is None:
        raise Trap("null resource")
    if not isinstance(reference, HostResource):
        raise Trap("the reference is not a resource of the host")
    return reference


def _attempt(made: Instantiation, step: Callable[[], int]) -> int:
    """The result of a step, or -1 with the reason for the host."""
    try:
        return step()
    except _FAILURES as error:
        made.last_error = str(error)
        return _FAILED


def _map_into(
    memory: MemInst, resource: HostResource, offset: int, address: int, length: int, prot: int
) -> int:
    mode = _MODES.get(prot)
    if mode is None:
        raise ValueError(f"prot is {prot}: it must be 1 for reading or 3 for reading and writing")
    if length == 0:
        raise ValueError("0 bytes cannot be mapped")
    wide = memory.declared_type.addrtype.bits
    anywhere = address == (1 << wide) - 1 or address == _FAILED
    at = None if anywhere else address & -page_size()
    return map_resource(memory, resource, at=at, offset=offset, length=length, mode=mode).addr


def _unmap_from(memory: MemInst, address: int, length: int) -> int:
    if length == 0:
        raise ValueError("0 bytes cannot be unmapped")
    check_range(memory, address, length, "unmap")
    unmap_range(memory, address, length)
    return 0


def _sync_in(memory: MemInst, address: int, length: int) -> int:
    check_range(memory, address, length, "sync")
    end = address + length
    for mapping in list(state_of(memory).mappings):
        if any(start < end and address < stop for start, stop in mapping.parts):
            mapping.flush()
    return 0


def _map64(
    made: Instantiation, reference: Any, offset: int, address: int, length: int, prot: int
) -> int:
    resource, memory = _resource(reference), made.memory(0)
    return _attempt(made, lambda: _map_into(memory, resource, offset, address, length, prot))


def _map(
    made: Instantiation, reference: Any, offset: int, address: int, length: int, prot: int
) -> int:
    if made.memory(0).declared_type.addrtype is not I32:
        _resource(reference)
        made.last_error = "memory 0 has 64-bit addresses: use map64"
        return _LOW
    return _map64(made, reference, offset, address, length, prot) & _LOW


def _map_in(
    made: Instantiation,
    memory: Any,
    reference: Any,
    offset: int,
    address: int,
    length: int,
    prot: int,
) -> int:
    into, resource = memory_behind(memory), _resource(reference)
    return _attempt(made, lambda: _map_into(into, resource, offset, address, length, prot))


_Act = Callable[[MemInst, int, int], int]


def _on_own(act: _Act) -> Callable[..., int]:
    """A step on memory 0."""

    def call(made: Instantiation, address: int, length: int) -> int:
        memory = made.memory(0)
        return _attempt(made, lambda: act(memory, address, length)) & _LOW

    return call


def _on_any(act: _Act) -> Callable[..., int]:
    """A step on the memory that the first operand refers to."""

    def call(made: Instantiation, reference: Any, address: int, length: int) -> int:
        memory = memory_behind(reference)
        return _attempt(made, lambda: act(memory, address, length)) & _LOW

    return call


def _size(made: Instantiation, reference: Any) -> int:
    return _resource(reference).size


BUILTINS: Final[Mapping[str, Builtin]] = builtins(
    {
        "map": ("externref i64 i32 i32 i32 -> i32", _map),
        "map64": ("externref i64 i64 i64 i32 -> i64", _map64),
        "map_in": ("externref externref i64 i64 i64 i32 -> i64", _map_in),
        "unmap": ("i32 i32 -> i32", _on_own(_unmap_from)),
        "unmap64": ("i64 i64 -> i32", _on_own(_unmap_from)),
        "unmap_in": ("externref i64 i64 -> i32", _on_any(_unmap_from)),
        "sync": ("i32 i32 -> i32", _on_own(_sync_in)),
        "sync64": ("i64 i64 -> i32", _on_own(_sync_in)),
        "sync_in": ("externref i64 i64 -> i32", _on_any(_sync_in)),
        "size": ("externref -> i64", _size),
    },
    of_instance=True,
    prepare=reach_by_calls,
)
"""The set's functions by name."""
