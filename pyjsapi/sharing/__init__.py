"""Sharing memory with the host and between modules: what is behind `WebAssembly.Memory.map` and its kin.

docs/sharing.md says what is there and when to use which. Nothing here is loaded by ``import pyjsapi``.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from pyjsapi.sharing.mappings import Mapping
from pyjsapi.sharing.resources import HostResource, MappableResource
from pyjsapi.sharing.state import MemoryStats

if TYPE_CHECKING:
    from pyjsapi.sharing.block_errors import BlockError, Failure
    from pyjsapi.sharing.exchange import Exchange
    from pyjsapi.sharing.heap import SharedHeap
    from pyjsapi.sharing.heap_places import HeapDomain, HeapError
    from pyjsapi.sharing.memory_blocks import Area, MemoryBlock
    from pyjsapi.sharing.memory_map import MemoryMapWarning
    from pyjsapi.sharing.memory_refs import MemoryRef, far_pointer, memory_of, revoke_far
    from pyjsapi.sharing.publishing import Publisher, Subscriber
    from pyjsapi.sharing.regions import Region, layout
    from pyjsapi.sharing.spawning import Spawner

_LAZY: Final = {
    "Area": "memory_blocks",
    "BlockError": "block_errors",
    "Exchange": "exchange",
    "Failure": "block_errors",
    "HeapDomain": "heap_places",
    "HeapError": "heap_places",
    "MemoryBlock": "memory_blocks",
    "MemoryMapWarning": "memory_map",
    "MemoryRef": "memory_refs",
    "Publisher": "publishing",
    "Region": "regions",
    "SharedHeap": "heap",
    "Spawner": "spawning",
    "Subscriber": "publishing",
    "far_pointer": "memory_refs",
    "layout": "regions",
    "memory_of": "memory_refs",
    "revoke_far": "memory_refs",
}
"""Names that many programs do without, and their modules."""

__all__ = [
    "Area",
    "BlockError",
    "Exchange",
    "Failure",
    "HeapDomain",
    "HeapError",
    "HostResource",
    "MappableResource",
    "Mapping",
    "MemoryBlock",
    "MemoryMapWarning",
    "MemoryRef",
    "MemoryStats",
    "Publisher",
    "Region",
    "SharedHeap",
    "Spawner",
    "Subscriber",
    "far_pointer",
    "layout",
    "memory_of",
    "revoke_far",
]


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        value = getattr(import_module(f"{__name__}.{_LAZY[name]}"), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
