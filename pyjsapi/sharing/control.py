"""What `WebAssembly.Memory` has beyond the JS API, and memories that are made for it: see `jsapi.memory_control`."""

from __future__ import annotations

from operator import index
from typing import TYPE_CHECKING, Any, Final

from pyjsapi.blocks import paging
from pyjsapi.blocks.block import Block
from pyjsapi.blocks.guarded import GROUND, Guarded, GuardedBlock
from pyjsapi.blocks.heap import HeapBlock
from pyjsapi.blocks.reservation import Reservation
from pyjsapi.ecmascript.conversions import enforce_range, shown, to_string
from pyjsapi.ecmascript.errors import RangeError
from pyjsapi.runtime.memory import MemInst, page_limit_of
from pyjsapi.runtime.memory import new_memory as new_plain_memory
from pyjsapi.sharing.backing import backed_memory
from pyjsapi.sharing.mappings import Mapping, map_resource
from pyjsapi.sharing.resources import HostResource
from pyjsapi.sharing.state import (
    MemoryStats,
    check_range,
    guarded_block,
    integer,
    state_of,
)
from pyjsapi.sharing.virtual_block import VirtualBlock, zero_pages
from pyjsapi.syntax.types import MemType

if TYPE_CHECKING:
    from pyjsapi.jsapi.descriptors import Descriptor
    from pyjsapi.sharing.descriptor import DescriptorBytes
    from pyjsapi.validation.limits import Limits

_STORAGES: Final = ("auto", "heap", "reserve", "guarded")
_NO_VIEW: Final = "the bytes are in JavaScript: there is no view of them"
_ACCESS: Final = {"none": (False, False), "r": (True, False), "rw": (True, True)}


# ---- making memories


def new_memory(read: Descriptor, type_: MemType, limits: Limits) -> MemInst:
    """A memory whose descriptor has some of `memory_control.MEMBERS`."""
    what = read.what

    def pages(name: str) -> int:
        value = read.get(name)
        return 0 if value is None else enforce_range(value, 64, f"{what}: property '{name}'")

    storage = "auto" if read.get("storage") is None else to_string(read.get("storage"))
    if storage not in _STORAGES:
        raise TypeError(
            f"{what}: property 'storage' must be one of {', '.join(_STORAGES)}, not {storage!r}"
        )
    backing = read.get("backing")
    no_access, read_only, maplength = pages("noAccess"), pages("readOnly"), pages("maplength")
    chosen = [
        name
        for name, value in (
            ("noAccess/readOnly", no_access + read_only),
            ("maplength", maplength),
            ("virtual", read.boolean("virtual")),
            ("backing", backing is not None),
        )
        if value
    ]
    if len(chosen) > 1:
        raise TypeError(f"{what}: {' and '.join(chosen)} do not go together")
    if chosen and type_.shared and "backing" not in chosen:
        raise TypeError(f"{what}: a shared memory cannot have {chosen[0]}")
    if backing is not None:
        return backed_memory(type_, resource_of(backing), limits, what)
    if read.boolean("virtual"):
        return _virtual_memory(type_, limits)
    if maplength:
        return _mappable_memory(type_, maplength, limits, what)
    if no_access or read_only:
        return protected_memory(type_, no_access, read_only, limits, what)
    return stored_memory(type_, storage, limits)


def stored_memory(type_: MemType, storage: str, limits: Limits) -> MemInst:
    """A memory whose bytes are kept as ``storage`` says; see `Memory`. Raises `MemoryError`."""
    if storage == "auto" or type_.shared:
        memory = new_plain_memory(type_, limits)
    else:
        block: Block
        if storage == "heap":
            block = HeapBlock(type_.minimum * type_.page_size)
        elif storage == "guarded":
            block = _ground(type_, limits)
        else:
            block = _reservation(type_, limits)
        memory = MemInst(type_, page_limit=page_limit_of(type_, limits), block=block)
    if storage == "guarded":
        memory.guarded()
    return memory


def _reservation(type_: MemType, limits: Limits) -> Reservation:
    limit = page_limit_of(type_, limits)
    most = limit if type_.maximum is None else min(type_.maximum, limit)
    return Reservation(type_.minimum * type_.page_size, most * type_.page_size)


def _ground(type_: MemType, limits: Limits) -> Block:
    """The own bytes of a guarded memory: where the system can map files, if it can at all."""
    if paging.paging() is None:
        return HeapBlock(type_.minimum * type_.page_size)
    return _reservation(type_, limits)


def protected_memory(
    type_: MemType, no_access: int, read_only: int, limits: Limits, what: str
) -> MemInst:
    """A memory whose first pages are out of reach, and the next read-only but for active segments.

    They count among the type's pages. Raises `RangeError` for more than there are (static protection of the
    memory-control proposal).
    """
    if no_access + read_only > type_.minimum:
        raise RangeError(
            f"{what}: {no_access} + {read_only} protected pages: the memory has {type_.minimum}"
        )
    size = type_.page_size
    block = GuardedBlock(_ground(type_, limits), bare=no_access * size, fixed=read_only * size)
    memory = MemInst(type_, page_limit=page_limit_of(type_, limits), block=block)
    state_of(memory)
    return memory


def _mappable_memory(type_: MemType, maplength: int, limits: Limits, what: str) -> MemInst:
    if type_.maximum is None:
        raise TypeError(f"{what}: property 'maplength' needs property 'maximum'")
    if maplength + type_.minimum > type_.maximum:
        raise RangeError(
            f"{what}: property 'maplength': {maplength} pages for mappings and {type_.minimum} others "
            f"are more than the maximum of {type_.maximum}"
        )
    whole = MemType(
        type_.addrtype,
        maplength + type_.minimum,
        type_.maximum,
        type_.shared,
        type_.page_size_log2,
    )
    bare = maplength * type_.page_size
    block = GuardedBlock(_ground(whole, limits), bare=bare)
    memory = MemInst(whole, page_limit=page_limit_of(whole, limits), block=block)
    state_of(memory).mappable = bare
    return memory


def _virtual_memory(type_: MemType, limits: Limits) -> MemInst:
    """Of pages that are there when they are mapped: the limits count those."""
    most = (1 << type_.addrtype.bits) >> type_.page_size_log2
    unlimited = min(most, (1 << 48) >> type_.page_size_log2)
    if type_.minimum > unlimited:
        raise MemoryError(f"{type_.minimum} pages are more than can be addressed")
    size = type_.page_size
    quota = _page_quota(type_, limits) * size
    block = VirtualBlock(type_.minimum * size, unlimited * size, page_size=size, quota=quota)
    memory = MemInst(type_, page_limit=unlimited, block=block)
    state = state_of(memory)
    state.virtual = True
    state.quota = quota
    return memory


def _page_quota(type_: MemType, limits: Limits) -> int:
    empty = MemType(type_.addrtype, 0, type_.maximum, type_.shared, type_.page_size_log2)
    return page_limit_of(empty, limits)


# ---- mapping


def resource_of(given: Any) -> HostResource:
    """A resource: the one that is given, or one over a buffer."""
    return given if isinstance(given, HostResource) else HostResource.buffer(given)


def map(memory: MemInst, resource: Any, length: int | None, /, **options: Any) -> Mapping:
    """See `Memory.map`."""
    return map_resource(memory, resource_of(resource), length=length, **options)


def descriptor_bytes(size: int, /) -> DescriptorBytes:
    """What is behind a `MemoryMapDescriptor`."""
    from pyjsapi.sharing.descriptor import DescriptorBytes

    return DescriptorBytes(size)


def unmap(memory: MemInst, target: Any, length: int | None, /) -> None:
    """See `Memory.unmap`."""
    what = "WebAssembly.Memory.unmap()"
    state = state_of(memory)
    if not isinstance(target, (Mapping, HostResource)):
        address = _address(target)
        if address is not None:
            count = _length_at(memory, address) if length is None else length
            unmap_range(memory, *check_range(memory, address, count, what))
            return
        HostResource.buffer(target)  # a TypeError for what could not be mapped at all
    if length is not None:
        raise TypeError(f"{what}: length goes with an address, not with {shown(target)}")
    with state.lock:
        for mapping in list(state.mappings):
            if target is mapping or _is_of(mapping.resource, target):
                mapping.unmap()


def _address(target: Any) -> int | None:
    """What is given as an integer; arrays of one of numpy's are buffers."""
    if getattr(target, "shape", ()):
        return None
    try:
        return int(index(target))
    except TypeError:
        return None


def _is_of(resource: HostResource, target: Any) -> bool:
    return target is resource or (resource.kind == "buffer" and resource.of is target)


def _length_at(memory: MemInst, address: int) -> int:
    for mapping in state_of(memory).mappings:
        for start, end in mapping.parts:
            if start <= address < end:
                return end - address
    return 0


def unmap_range(memory: MemInst, address: int, count: int) -> None:
    """End what is mapped at some addresses, in part where only a part of it is there."""
    state = state_of(memory)
    end = address + count
    with state.lock:
        for mapping in list(state.mappings):
            if any(start < end and address < stop for start, stop in mapping.parts):
                mapping.cut(address, end)


def backed_pages(backing: Any, page_size_log2: int, /) -> int:
    """How many pages a resource or buffer has."""
    return resource_of(backing).size >> page_size_log2


def flush(memory: MemInst, /) -> None:
    """See `Memory.flush`."""
    for mapping in list(state_of(memory).mappings):
        mapping.flush()


def mappings(memory: MemInst, /) -> tuple[Mapping, ...]:
    """See `Memory.mappings`."""
    return tuple(state_of(memory).mappings)


def stats(memory: MemInst, /) -> MemoryStats:
    """See `Memory.stats`."""
    return state_of(memory).stats


# ---- protecting and discarding


def protect(memory: MemInst, address: int, size: int, access: str, /) -> None:
    """See `Memory.protect`. A mapping in mode ``"r"`` stays read-only."""
    what = "WebAssembly.Memory.protect()"
    if access not in _ACCESS:
        raise TypeError(f"{what}: access {access!r} must be one of {', '.join(_ACCESS)}")
    address, size = check_range(memory, address, size, what)
    start, end = memory.pages_of(address, size)
    readable, writable = _ACCESS[access]
    state = state_of(memory)
    with state.lock:
        if readable and writable and not memory.by_calls:
            return
        block = guarded_block(memory, what)
        spans = list(block.table.between(start, end))
        if any(span.data is None for span in spans):
            raise RangeError(f"{what}: there is nothing mapped at some of the addresses")
        only_read = [mapping.parts for mapping in state.mappings if mapping.mode == "r"]
        if writable and any(
            first < end and start < last for parts in only_read for first, last in parts
        ):
            raise RangeError(f"{what}: a read-only mapping cannot be made writable")
        block.protect(start, end, readable=readable, writable=writable)


def discard(memory: MemInst, address: int, size: int, /) -> None:
    """See `Memory.discard`."""
    address, size = check_range(memory, address, size, "WebAssembly.Memory.discard()")
    from pyjsapi.jsapi.errors import js_error
    from pyjsapi.syntax.errors import Trap

    try:
        memory.discard(address, size)
    except Trap as trap:
        raise js_error(trap) from None


# ---- looking


def view(memory: MemInst, format: str, address: int, length: int | None, /) -> memoryview[Any]:
    """See `Memory.view`."""
    what = "WebAssembly.Memory.view()"
    address = integer(address, what, "address")
    length = None if length is None else integer(length, what, "length")
    try:
        size = memoryview(bytes(8)).cast(format).itemsize  # type: ignore[call-overload]
    except (ValueError, TypeError):
        raise TypeError(
            f"{what}: format {format!r} must be one of those of one element, as 'B', 'I' or 'd'"
        ) from None
    count = (memory.byte_length - address) // size * size if length is None else length * size
    if length is not None or memory.block.hidden == 0:
        check_range(memory, address, count, what)
    found = _bytes_of(memory, address, count, what)
    return found if format == "B" else found.cast(format)  # type: ignore[call-overload]


def _bytes_of(memory: MemInst, address: int, count: int, what: str) -> memoryview[int]:
    block = memory.block
    if not isinstance(block, Guarded):
        if memory.by_calls:
            raise RangeError(f"{what}: {_NO_VIEW}")
        return memoryview(memory.data)[address : address + count]
    spans = list(block.table.between(address, address + count))
    if len(spans) > 1 or (count and not spans):
        raise RangeError(f"{what}: the bytes are in several places: no view shows them")
    if not spans:
        return memoryview(bytearray())
    span = spans[0]
    if span.data is None or not span.readable:
        raise RangeError(f"{what}: the bytes from {address} on cannot be read")
    if not isinstance(span.data, memoryview):
        raise RangeError(f"{what}: {_NO_VIEW}")
    found = span.data[address - span.shift : address - span.shift + count]
    return found if span.writable else found.toreadonly()


def address_of(memory: MemInst, address: int, /) -> int | None:
    """See `Memory.address_of`."""
    from pyjsapi.blocks.paging import address_of as absolute

    address, _ = check_range(memory, address, 1, "WebAssembly.Memory.address_of()")
    block = memory.block
    if isinstance(block, Guarded):
        for span in block.table.between(address, address + 1):
            if isinstance(span.data, memoryview) and not span.data.readonly:
                return absolute(span.data) + address - span.shift
        return None
    if memory.by_calls:
        return None
    return absolute(memory.data) + address


def read_only(memory: MemInst, /) -> memoryview[int] | None:
    """See `Memory.readOnlyBuffer`."""
    block = memory.block
    if not isinstance(block, Guarded) or not block.fixed:
        return None
    start, end = block.bare, block.bare + block.fixed
    return memoryview(block.base.data)[start:end].toreadonly()


def buffer_refusal(memory: MemInst, /) -> str | None:
    """Why the memory has no buffer."""
    if state_of(memory).virtual:
        return "a virtual memory has none, because hardly any of its pages may be there: use view()"
    return None


async def read_into(memory: MemInst, reader: Any, address: int, length: int, /) -> int:
    """See `Memory.read_into`."""
    from pyjsapi.sharing.reading import read_into as read

    address, length = check_range(memory, address, length, "WebAssembly.Memory.read_into()")
    return await read(memory, reader, address, length)


# ---- virtual memories (memory-control proposal, "virtual")


def map_pages(memory: MemInst, address: int, size: int, access: str) -> int:
    """``memory.map``: have the pages that some bytes are in, as zeros; the address of the first.

    Raises `RangeError` where a page is mapped already, or the memory is not virtual.
    """
    what = "memory.map"
    state = state_of(memory)
    if not state.virtual:
        raise RangeError(f"{what}: the memory is not virtual")
    if size <= 0:
        raise RangeError(f"{what}: {size} bytes: there must be some")
    check_range(memory, address, size, what)
    readable, writable = _ACCESS[access]
    start, end = memory.pages_of(address, size)
    with state.lock:
        block = guarded_block(memory, what)
        if any(span.data is not None for span in block.table.between(start, end)):
            raise RangeError(f"{what}: some of the pages are mapped already")
        if mapped_bytes(memory) + end - start > state.quota:
            raise RangeError(
                f"{what}: more than {state.quota} bytes would be mapped: that is the limit"
            )
        if memory.budget is not None and not memory.budget.has(end - start):
            raise RangeError(
                f"{what}: the memories of the instance would have more bytes than they may have together "
                "(Limits.max_memory_bytes)"
            )
        block.put(start, zero_pages(end - start), owner=GROUND)
        if not (readable and writable):
            block.protect(start, end, readable=readable, writable=writable)
    return start


def unmap_pages(memory: MemInst, address: int, size: int) -> None:
    """``memory.unmap``: let go of pages, mapped or not."""
    what = "memory.unmap"
    check_range(memory, address, size, what)
    if size <= 0:
        raise RangeError(f"{what}: {size} bytes: there must be some")
    start, end = memory.pages_of(address, size)
    state = state_of(memory)
    with state.lock:
        unmap_range(memory, start, end - start)
        block = memory.block
        if isinstance(block, Guarded) and state.virtual:
            block.restore(start, end)


def mapped_bytes(memory: MemInst) -> int:
    """Bytes of pages that a virtual memory has now."""
    block = memory.block
    if not isinstance(block, Guarded):
        return memory.byte_length
    return sum(span.end - span.start for span in block.table.spans if span.data is not None)


# ---- shared heaps


def attach_heap(memory: MemInst, heap: Any, mode: str | None, /) -> None:
    """See `Memory.attach_heap`."""
    from pyjsapi.sharing import attached_heaps

    attached_heaps.attach_heap(memory, heap, mode)


def detach_heap(memory: MemInst, heap: Any, /) -> None:
    """See `Memory.detach_heap`."""
    from pyjsapi.sharing import attached_heaps

    attached_heaps.detach_heap(memory, heap)
