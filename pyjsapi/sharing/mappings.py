"""Mappings: bytes of a host's resource at addresses of a memory.

A mapping is made by one of three strategies. *mmap*: the system puts pages of a file into the place of the memory's
own; code reaches them as before. *segment*: any bytes of this process, at any address; the memory is reached by calls
from then on. *copy*: the bytes are copied here at first, and back when the mapping is flushed or ends.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from pyjsapi.blocks import paging
from pyjsapi.blocks.guarded import Guarded
from pyjsapi.blocks.paging import page_size
from pyjsapi.blocks.reservation import Reservation
from pyjsapi.blocks.shared import SharedBlock
from pyjsapi.ecmascript.errors import RangeError
from pyjsapi.jsapi.memory import memory_object
from pyjsapi.sharing.resources import HostResource
from pyjsapi.sharing.state import (
    SharingState,
    Unstored,
    check_range,
    guarded_block,
    integer,
    rebase,
    state_of,
)
from pyjsapi.syntax.types import PAGE_SIZE

if TYPE_CHECKING:
    from pyjsapi.blocks.paging import PageMap
    from pyjsapi.jsapi.memory import Memory
    from pyjsapi.runtime.memory import MemInst

MODES: Final = ("rw", "r", "cow")
STRATEGIES: Final = ("auto", "mmap", "segment", "copy")
_WHAT: Final = "WebAssembly.Memory.map()"


class Mapping(Unstored):
    """A mapping, until it is unmapped; ``with`` unmaps it at the end. Addresses and lengths are in bytes."""

    def __init__(
        self,
        memory: MemInst,
        resource: HostResource,
        addr: int,
        length: int,
        offset: int,
        mode: str,
        strategy: str,
    ) -> None:
        self._memory = memory
        self.resource = resource
        """What is mapped: the resource that was given, or one over the buffer that was."""
        self.addr = addr
        """The first address; ``index(mapping)`` too."""
        self.length = length
        """Bytes, from `addr` on."""
        self.offset = offset
        """Of the first byte in the resource."""
        self.mode = mode
        """``rw``; ``r``: writing traps; ``cow``: what is written stays in the memory."""
        self.strategy = strategy
        """``mmap``, ``segment`` or ``copy``."""
        self.parts: list[tuple[int, int]] = [(addr, addr + length)] if length else []
        """First and last address of each part that is still mapped, the latter exclusive."""

    @property
    def memory(self) -> Memory:
        """The memory."""
        return memory_object(self._memory)

    @property
    def zero_copy(self) -> bool:
        """Whether the memory has the resource's own bytes."""
        return self.strategy != "copy" and self.mode != "cow"

    @property
    def address(self) -> int | None:
        """The absolute address, in this process, of the byte at `addr`; ``None`` where it is not mapped any more."""
        from pyjsapi.sharing.control import address_of

        return address_of(self._memory, self.addr) if self.parts else None

    def flush(self) -> None:
        """Have the resource show what was written: with ``copy`` it is copied now. Raises `OSError`."""
        with state_of(self._memory).lock:
            for start, end in self.parts:
                self._copy_out(start, end)
        if self.mode == "rw":
            self.resource.flush()

    def unmap(self) -> None:
        """End the mapping: the memory has zeros there. Unmapping again does nothing.

        Where bytes cannot be copied back the mapping ends all the same, and then `OSError` is raised, or `ValueError`
        for a resource that is closed.
        """
        with state_of(self._memory).lock:
            for start, end in list(self.parts):
                self.cut(start, end)

    def proof(self) -> dict[str, Any]:
        """What can be said of how the bytes are shared, measured now.

        ``strategy``, ``zero_copy``, ``bytes_copied`` by the mappings of this memory so far, ``address`` of the bytes
        in this process and in the resource's own view (equal where they are one), ``visible_without_flush``.
        """
        ours = self.address
        theirs = None
        if self.strategy == "segment" and self.mode != "cow":
            start = self.resource.address
            theirs = None if start is None else start + self.offset
        return {
            "strategy": self.strategy,
            "zero_copy": self.zero_copy,
            "bytes_copied": state_of(self._memory).stats.bytes_copied,
            "address": ours,
            "resource_address": theirs,
            "same_address": None if theirs is None else ours == theirs,
            "visible_without_flush": self.zero_copy,
        }

    def cut(self, start: int, end: int) -> None:
        """Unmap some of the addresses. Called with the state's lock held."""
        left: list[tuple[int, int]] = []
        gone: list[tuple[int, int]] = []
        for first, last in self.parts:
            low, high = max(first, start), min(last, end)
            if low >= high:
                left.append((first, last))
                continue
            gone.append((low, high))
            left += [part for part in ((first, low), (high, last)) if part[0] < part[1]]
        if self.strategy == "mmap":
            _check_cut(self._memory, gone)
        state = state_of(self._memory)
        failure: OSError | ValueError | None = None
        for low, high in gone:
            try:
                self._copy_out(low, high)
            except (OSError, ValueError) as error:
                failure = error
            self._take_away(low, high)
        self.parts = left
        state.stats.unmaps += bool(gone)
        if not left and self in state.mappings:
            state.mappings.remove(self)
        if failure is not None:
            raise failure

    def _copy_out(self, start: int, end: int) -> None:
        if self.strategy != "copy" or self.mode != "rw":
            return
        state = state_of(self._memory)
        for low in range(start, end, PAGE_SIZE):
            high = min(low + PAGE_SIZE, end)
            block = self._memory.block
            read = block.peek if isinstance(block, Guarded) else block.read
            data = read(low, high - low)
            self.resource.write(self.offset + low - self.addr, data)
            state.stats.bytes_copied += len(data)

    def _take_away(self, start: int, end: int) -> None:
        block = self._memory.block
        if self.strategy == "mmap":
            _pages_of(self._memory, _WHAT).unmap(start, end - start)
            if isinstance(block, Guarded):
                block.restore(start, end)  # what may be done there
            return
        if isinstance(block, Guarded):
            block.restore(start, end)
        clear(self._memory, start, end)

    def __index__(self) -> int:
        return self.addr

    def __enter__(self) -> Mapping:
        return self

    def __exit__(self, *exception: object) -> None:
        self.unmap()

    def __repr__(self) -> str:
        gone = "" if self.parts else ", unmapped"
        return (
            f"<Mapping of {self.length} bytes at {self.addr}, {self.mode}, {self.strategy}{gone}>"
        )


def clear(memory: MemInst, start: int, end: int) -> None:
    """Make the memory's own bytes at some addresses 0, where it has any."""
    block = memory.block
    if isinstance(block, Guarded):
        start = max(start, block.bare)
        if start < end:
            block.base.discard(start, end - start)
    elif start < end:
        block.discard(start, end - start)


def _pages_of(memory: MemInst, what: str) -> PageMap:
    """Where the system can map files in a memory. Raises `RangeError` where it cannot."""
    block = memory.block
    if isinstance(block, Guarded):
        block = block.base
    if not isinstance(block, (Reservation, SharedBlock)) or not block.pages.possible:
        raise RangeError(f"{what}: files cannot be mapped into this memory: use another strategy")
    return block.pages


def _check_cut(memory: MemInst, parts: list[tuple[int, int]]) -> None:
    page = page_size()
    for start, end in parts:
        if start % page or end % page:
            raise RangeError(
                f"WebAssembly.Memory.unmap(): {start} to {end}: what the system mapped is unmapped "
                f"by whole pages of {page} bytes"
            )


def map_resource(
    memory: MemInst,
    resource: HostResource,
    *,
    at: int | None = None,
    offset: int = 0,
    length: int | None = None,
    mode: str = "rw",
    strategy: str = "auto",
    replace: bool = False,
) -> Mapping:
    """Map bytes of a resource from ``offset`` on: see `Memory.map`. With ``replace`` others give way.

    Raises `TypeError`, `RangeError`, `OSError`, and `RuntimeError` where the memory has to be reached by calls and
    code that does not is running.
    """
    if mode not in MODES:
        raise TypeError(f"{_WHAT}: mode {mode!r} must be one of {', '.join(MODES)}")
    if strategy not in STRATEGIES:
        raise TypeError(f"{_WHAT}: strategy {strategy!r} must be one of {', '.join(STRATEGIES)}")
    at = None if at is None else integer(at, _WHAT, "at")
    offset = integer(offset, _WHAT, "offset")
    length = None if length is None else integer(length, _WHAT, "length")
    if mode == "rw" and resource.readonly:
        raise TypeError(f"{_WHAT}: the resource is read-only: use mode 'r' or 'cow'")
    size = resource.size
    count = size - offset if length is None else length
    if not (0 <= offset <= size and 0 <= count <= size - offset):
        raise RangeError(f"{_WHAT}: {count} bytes from {offset} on: the resource has {size}")
    state = state_of(memory)
    with state.lock:
        address = _hole(memory, state, count) if at is None else at
        check_range(memory, address, count, _WHAT)
        resource.check_length(offset, count)
        _make_room(state, address, address + count, replace)
        return _Making(memory, state, resource, address, offset, count, mode).make(strategy)


def _make_room(state: SharingState, start: int, end: int, replace: bool) -> None:
    for other in list(state.mappings):
        for first, last in list(other.parts):
            if first < end and start < last:
                if not replace:
                    raise RangeError(
                        f"{_WHAT}: addresses {start} to {end} overlap the mapping at {first} to {last}"
                    )
                other.cut(start, end)


def _hole(memory: MemInst, state: SharingState, count: int) -> int:
    """The first place at a page's beginning where nothing is mapped."""
    most = state.mappable or memory.byte_length
    taken = sorted(part for mapping in state.mappings for part in mapping.parts)
    place = 0
    for start, end in taken:
        if place + count <= start:
            break
        place = max(place, -(-end // PAGE_SIZE) * PAGE_SIZE)
    if count > most - place:
        raise RangeError(f"{_WHAT}: no room for {count} bytes where the memory can be mapped")
    return place


class _Making:
    """A mapping that is being made."""

    def __init__(
        self,
        memory: MemInst,
        state: SharingState,
        resource: HostResource,
        address: int,
        offset: int,
        count: int,
        mode: str,
    ) -> None:
        self.memory = memory
        self.state = state
        self.resource = resource
        self.address = address
        self.offset = offset
        self.count = count
        self.mode = mode

    def make(self, strategy: str) -> Mapping:
        chosen = self._choose() if strategy == "auto" else strategy
        if chosen == "mmap":
            self._by_system()
        elif chosen == "segment":
            self._by_segment()
        else:
            self._by_copy()
        made = Mapping(
            *(self.memory, self.resource, self.address, self.count),
            *(self.offset, self.mode, chosen),
        )
        self.state.stats.maps += 1
        if self.count:
            self.state.mappings.append(made)
        return made

    def _choose(self) -> str:
        if not self.resource.stable or self.resource.kind == "js":
            return "copy"
        plain = not self.memory.by_calls and self.mode != "r"
        if plain and self._matches() and self._can_map():
            return "mmap"
        block = self.memory.block
        if isinstance(block, SharedBlock) and not isinstance(block, Guarded):
            # Other agents, or workers where the bytes are JavaScript's, reach them past segments.
            if block.by_calls or block.others_follow(self.memory):
                return "copy"
        return "segment"

    def _matches(self) -> bool:
        return self.resource.pages_match(self.address, self.offset, self.count)

    def _can_map(self) -> bool:
        try:
            self._pages()
        except RangeError:
            return False
        return True

    def _pages(self) -> PageMap:
        memory = self.memory
        block = memory.block
        if paging.paging() is not None and block.moves and not memory.by_calls:
            rebase(memory, _WHAT)
        return _pages_of(memory, _WHAT)

    def _by_system(self) -> None:
        if not self._matches() or self.resource.descriptor is None:
            raise RangeError(
                f"{_WHAT}: strategy 'mmap': a file's bytes at an address, an offset and a length "
                f"that are multiples of {page_size()} are needed, not {self.count} bytes "
                f"from {self.offset} on at {self.address}"
            )
        if self.mode == "r":
            self._guard()
        if not self.count:
            return
        self._pages().map_file(
            *(self.address, self.count),
            *(self.resource.descriptor, self.resource.start + self.offset),
            write=not self.resource.readonly,
            private=self.mode == "cow",
        )
        block = self.memory.block
        if isinstance(block, Guarded):
            end = self.address + self.count
            data = memoryview(block.base.data)[self.address : end]
            block.put(self.address, data, writable=self.mode != "r", owner=self.resource)

    def _guard(self) -> Guarded:
        return guarded_block(self.memory, _WHAT)

    def _by_segment(self) -> None:
        if self.mode == "cow":
            data = self.resource.private_view(self.offset, self.count)
            copied = 0 if self.resource.descriptor is not None else self.count
            self.state.stats.bytes_copied += copied
        else:
            data = self.resource.view()[self.offset : self.offset + self.count]
        self._guard().put(self.address, data, writable=self.mode != "r", owner=self.resource)

    def _by_copy(self) -> None:
        if self.mode == "r" or isinstance(self.memory.block, Guarded):
            block = self._guard()
            data = memoryview(bytearray(self.count))
            for place, part in self._read():
                data[place : place + len(part)] = part
            block.put(self.address, data, writable=self.mode != "r", owner=self.resource)
            return
        try:
            for place, part in self._read():
                self.memory.block.write(self.address + place, part)
        except BaseException:
            clear(self.memory, self.address, self.address + self.count)
            raise

    def _read(self) -> Iterator[tuple[int, bytes]]:
        for place in range(0, self.count, 1 << 20):
            part = self.resource.read(self.offset + place, min(1 << 20, self.count - place))
            self.state.stats.bytes_copied += len(part)
            yield place, part
