"""What a host may do with a memory beyond the JS API: map resources into it, protect it, discard it, look at it.

This package knows only that there is such a thing: it is told from above where to find it, so that programs that share
nothing load nothing of it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, Protocol, Self

if TYPE_CHECKING:
    from pyjsapi.jsapi.descriptors import Descriptor
    from pyjsapi.runtime.memory import MemInst
    from pyjsapi.syntax.types import MemType
    from pyjsapi.validation.limits import Limits

MEMBERS: Final = ("backing", "maplength", "noAccess", "readOnly", "storage", "virtual")
"""Members of a memory's descriptor that make more of it."""


class MappingLike(Protocol):
    """What `Memory.map` gives: a `pyjsapi.sharing.Mapping`. Addresses and lengths are in bytes."""

    addr: int
    length: int
    offset: int
    mode: str
    strategy: str
    resource: Any

    @property
    def zero_copy(self) -> bool:
        """Whether the memory has the resource's own bytes."""

    def flush(self) -> None:
        """Have the resource show what was written."""

    def unmap(self) -> None:
        """End the mapping."""

    def proof(self) -> dict[str, Any]:
        """What can be said of how the bytes are shared."""

    def __index__(self) -> int:
        """`addr`"""

    def __enter__(self) -> Self:
        """The mapping, which is unmapped at the end."""

    def __exit__(self, *exception: object) -> None:
        """Unmap it."""


class StatsLike(Protocol):
    """What the mappings of a memory cost so far."""

    maps: int
    unmaps: int
    bytes_copied: int


class DescriptorLike(Protocol):
    """What is behind a `MemoryMapDescriptor`: a `pyjsapi.sharing.descriptor.DescriptorBytes`."""

    size: int

    def map(self, memory: MemInst, offset: int, /) -> int:
        """See `MemoryMapDescriptor.map`."""

    def unmap(self) -> None:
        """See `MemoryMapDescriptor.unmap`."""


class MemoryControl(Protocol):
    """The functions of `pyjsapi.sharing.control`; see the methods of `Memory`."""

    def new_memory(self, read: Descriptor, type_: MemType, limits: Limits, /) -> MemInst:
        """A memory whose descriptor has some of `MEMBERS`."""

    def map(self, memory: MemInst, resource: Any, length: int | None, /, **options: Any) -> Any:
        """See `Memory.map`."""

    def descriptor_bytes(self, size: int, /) -> DescriptorLike:
        """What is behind a `MemoryMapDescriptor`. Raises `MemoryError`."""

    def unmap(self, memory: MemInst, target: Any, length: int | None, /) -> None:
        """See `Memory.unmap`."""

    def protect(self, memory: MemInst, address: int, size: int, access: str, /) -> None:
        """See `Memory.protect`."""

    def discard(self, memory: MemInst, address: int, size: int, /) -> None:
        """See `Memory.discard`."""

    def flush(self, memory: MemInst, /) -> None:
        """See `Memory.flush`."""

    def view(self, memory: MemInst, format: str, address: int, length: int | None, /) -> Any:
        """See `Memory.view`."""

    def address_of(self, memory: MemInst, address: int, /) -> int | None:
        """See `Memory.address_of`."""

    def read_only(self, memory: MemInst, /) -> memoryview[int] | None:
        """See `Memory.readOnlyBuffer`."""

    def mappings(self, memory: MemInst, /) -> tuple[Any, ...]:
        """See `Memory.mappings`."""

    def stats(self, memory: MemInst, /) -> Any:
        """See `Memory.stats`."""

    def backed_pages(self, backing: Any, page_size_log2: int, /) -> int:
        """How many pages a resource or buffer has."""

    def buffer_refusal(self, memory: MemInst, /) -> str | None:
        """Why the memory has no buffer."""

    async def read_into(self, memory: MemInst, reader: Any, address: int, length: int, /) -> int:
        """See `Memory.read_into`."""

    def attach_heap(self, memory: MemInst, heap: Any, mode: str | None, /) -> None:
        """See `Memory.attach_heap`."""

    def detach_heap(self, memory: MemInst, heap: Any, /) -> None:
        """See `Memory.detach_heap`."""


_sources: Final[list[Callable[[], Any]]] = []
_found: Final[list[MemoryControl]] = []


def comes_from(source: Callable[[], Any]) -> None:
    """Say what gives the `MemoryControl` when it is first needed."""
    _sources[:] = [source]
    _found.clear()


def memory_control() -> MemoryControl:
    """What was told. Raises `RuntimeError` if nothing was."""
    if not _found:
        if not _sources:
            raise RuntimeError(
                "memories cannot be controlled: import pyjsapi, not a part of it alone"
            )
        _found.append(_sources[0]())
    return _found[0]
