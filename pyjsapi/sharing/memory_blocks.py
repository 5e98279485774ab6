"""Memory blocks: bytes that memories borrow, one to write or many to read (option 5: buffers of components).

The rules are those of the proof of concept ``cpetig/wasm-shm-test`` (``wit/shm.wit``, ``DESIGN.md``), which does not
check them: whoever writes has the bytes alone; who reads sees them only after the writer has detached. So a host that
copies cannot be told from one that maps.
"""

from __future__ import annotations

import contextlib
import threading
import weakref
from collections.abc import Callable, Iterator
from operator import index
from types import TracebackType
from typing import Any, Final, NamedTuple

from pyjsapi.ecmascript.conversions import shown
from pyjsapi.ecmascript.errors import RangeError
from pyjsapi.jsapi.errors import js_error
from pyjsapi.jsapi.memory import Memory
from pyjsapi.runtime.memory import MemInst
from pyjsapi.sharing import donated
from pyjsapi.sharing.block_errors import BlockError, Failure
from pyjsapi.sharing.donated import PAGE, whole_pages
from pyjsapi.sharing.mappings import Mapping, map_resource
from pyjsapi.sharing.resources import HostResource
from pyjsapi.sharing.state import Unstored, integer
from pyjsapi.syntax.errors import Trap

STRATEGIES: Final = ("auto", "mmap", "segment", "copy")
MOST: Final = (1 << 32) - 2 * PAGE
"""Bytes that a block can have: addresses and sizes are of 32 bits."""


@contextlib.contextmanager
def _traps() -> Iterator[None]:
    """Have a host that accesses bytes which the memory protects see `RuntimeError`, as calls of code do."""
    try:
        yield
    except Trap as trap:
        raise js_error(trap) from None


class Area(Unstored):
    """Where a block is attached: ``size`` bytes at ``addr`` of a memory, of which ``valid`` from ``start`` have data.

    In a ``with`` statement the block is detached at the end: see `detach`; after an exception with nothing written or
    consumed.
    """

    __slots__ = (
        *("_detach", "_memory", "addr", "block", "shared"),
        *("size", "start", "valid", "write"),
    )

    def __init__(
        self,
        block: MemoryBlock,
        memory: MemInst,
        addr: int,
        write: bool,
        shared: bool,
        detach: Callable[[], None],
    ) -> None:
        region = block._region
        self.block = block
        """What is attached."""
        self.addr = addr
        """The first address in the memory."""
        self.size = region.size
        """Bytes."""
        self.start = region.start
        """Where the first valid byte is."""
        self.valid = region.valid
        """Bytes that were written and not consumed yet, when it was attached."""
        self.write = write
        """Whether it is attached to be written, by nobody else."""
        self.shared = shared
        """Whether nothing of it is consumed: of a reader, that others read it too; of a writer, that nobody will."""
        self._memory = memory
        self._detach: Callable[[], None] | None = detach

    def __repr__(self) -> str:
        state = "attached" if self.attached else "detached"
        return f"<Area of {self.size} bytes at {self.addr:#x}, {state}>"

    @property
    def attached(self) -> bool:
        """Whether the block is still there."""
        return self._detach is not None

    def read(self, offset: int = 0, count: int | None = None) -> bytes:
        """A copy of bytes of the block. Raises `RangeError` beyond its end, `BlockError` when it is detached."""
        offset = integer(offset, "Area.read()", "offset")
        count = self.size - offset if count is None else integer(count, "Area.read()", "count")
        self._check(offset, count)
        with _traps():
            return self._memory.block.read(self.addr + offset, count)

    def put(self, data: Any, offset: int = 0) -> None:
        """Write bytes into the block. Raises likewise, and `BlockError` where it is attached for reading."""
        offset, data = integer(offset, "Area.put()", "offset"), memoryview(data).tobytes()
        self._check(offset, len(data))
        if not self.write:
            raise BlockError(Failure.BUSY, "the block is attached for reading")
        with _traps():
            self._memory.block.write(self.addr + offset, data)

    def _check(self, offset: int, count: int) -> None:
        if not self.attached:
            raise BlockError(Failure.INTERNAL, "the block is detached: attach it again")
        if not 0 <= offset <= self.size or not 0 <= count <= self.size - offset:
            raise RangeError(f"{count} bytes at {offset} are not in a block of {self.size}")

    def detach(self, count: int | None = None) -> None:
        """Give the block back; what it covered in the memory is 0 then.

        ``count`` is how many bytes were written, counted from the start of the block, or how many of the valid ones
        were consumed. Without it all are written, and none consumed. Raises `RangeError` for a count that is not
        possible, which for a shared reader is any but 0; `BlockError` when it is detached already.
        """
        self.block._detach(self, count)

    def __enter__(self) -> Area:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self.attached:
            self.detach(None if kind is None else 0)


class _Bytes:
    """The bytes of a block, and who has which of them attached."""

    __slots__ = ("__weakref__", "claims", "handles", "home", "lock", "resource", "size")

    def __init__(
        self, size: int, resource: HostResource | None = None, home: MemInst | None = None
    ) -> None:
        self.size = size
        self.resource = resource
        self.home = home
        """The memory that the bytes are in, of a local block."""
        self.lock = threading.RLock()
        self.claims: list[_Claim] = []
        self.handles: weakref.WeakSet[MemoryBlock] = weakref.WeakSet()

    def claim(self, start: int, end: int, write: bool, memory: MemInst) -> _Claim:
        """Have some bytes attached to a memory. Called with the lock held."""
        self.claims = [claim for claim in self.claims if claim.memory() is not None]
        for claim in self.claims:
            if claim.start < end and start < claim.end and (write or claim.write):
                raise BlockError(
                    Failure.BUSY,
                    f"the block is being {'written' if claim.write else 'read'}: "
                    f"nobody else can have it attached to {'write' if write else 'read'} it",
                )
        claim = _Claim(start, end, write, weakref.ref(memory))
        self.claims.append(claim)
        return claim


class _Claim(NamedTuple):
    """Bytes that a memory has attached. Nothing is left of it when the memory is gone, say with its worker."""

    start: int
    end: int
    write: bool
    memory: weakref.ref[MemInst]


class _Region:
    """Some of the bytes, as all handles of a block see them."""

    __slots__ = ("bytes", "data_shared", "offset", "size", "start", "valid")

    def __init__(self, bytes_: _Bytes, offset: int, size: int) -> None:
        self.bytes = bytes_
        self.offset = offset
        self.size = size
        self.start = 0
        self.valid = 0
        self.data_shared = False
        """Whether what was written can be read any number of times."""

    @property
    def length(self) -> int:
        """Bytes that it covers where it is attached: whole pages, but for partitions that have none."""
        end = self.offset + self.size
        if self.offset % PAGE or (end % PAGE and end != self.bytes.size):
            return self.size
        return whole_pages(self.size)

    def finish(self, area: Area, count: int | None) -> None:
        """Take over what was done with an area, or raise `RangeError`."""
        if area.write:
            written = self.size if count is None else index(count)
            if not 0 <= written <= self.size:
                raise RangeError(f"{written} bytes written to a block of {self.size}")
            self.start, self.valid = 0, written
            self.data_shared = area.shared
            return
        consumed = 0 if count is None else index(count)
        if not 0 <= consumed <= self.valid:
            raise RangeError(f"{consumed} bytes consumed of {self.valid} that are valid")
        if consumed and area.shared:
            raise RangeError("a shared reader leaves the bytes for others: it consumes 0")
        self.valid -= consumed
        self.start = self.start + consumed if self.valid else 0


class MemoryBlock(Unstored):
    """A handle of ``size`` bytes that are nobody's memory, until it is attached to some.

    `attach` gives it to a memory, to write alone or to read with others. Handles are made by `clone` and `partition`;
    `take` moves one. ``strategy`` says how the bytes come into memories (see `Memory.map`): the results are the same,
    and where ``mmap`` is not possible it is ``segment``. A block may be used from several threads.
    ``with MemoryBlock(…) as block`` closes it at the end.

    Raises `RangeError` for a size that is not possible.
    """

    __slots__ = ("__weakref__", "_areas", "_open", "_region", "strategy")

    _region: _Region

    def __init__(self, size: int, *, strategy: str = "auto") -> None:
        size = index(size)
        if not 0 < size <= MOST:
            raise RangeError(f"a memory block has between 1 and {MOST} bytes, not {size}")
        if strategy not in STRATEGIES:
            raise TypeError(f"a strategy is one of {', '.join(STRATEGIES)}, not {strategy!r}")
        self._become(_Region(_Bytes(size, _resource(whole_pages(size))), 0, size), strategy)

    @classmethod
    def local(cls, memory: Memory | MemInst, addr: int, size: int) -> MemoryBlock:
        """A block of bytes that a memory has: it can be attached there, where it is, and nowhere else.

        Raises `RangeError` where the memory does not have them.
        """
        home = memory_instance(memory)
        addr = integer(addr, "MemoryBlock.local()", "addr")
        size = integer(size, "MemoryBlock.local()", "size")
        if not 0 <= addr <= home.byte_length or not 0 < size <= home.byte_length - addr:
            raise RangeError(f"the memory does not have {size} bytes at {addr:#x}")
        block = cls.__new__(cls)
        block._become(_Region(_Bytes(addr + size, home=home), addr, size), "auto")
        return block

    @property
    def storage(self) -> object:
        """Something that is there as long as the bytes are."""
        return self._region.bytes

    def _become(self, region: _Region, strategy: str) -> None:
        self._region = region
        self.strategy = strategy
        self._open = True
        self._areas: dict[MemInst, Area] = {}
        with region.bytes.lock:
            region.bytes.handles.add(self)

    def _another(self, region: _Region) -> MemoryBlock:
        made = MemoryBlock.__new__(MemoryBlock)
        made._become(region, self.strategy)
        return made

    def __repr__(self) -> str:
        state = "" if self._open else ", closed"
        return f"<MemoryBlock of {self.size} bytes{state}>"

    @property
    def size(self) -> int:
        """Bytes."""
        return self._region.size

    @property
    def valid(self) -> int:
        """Bytes that were written and not consumed."""
        return self._region.valid

    @property
    def attached(self) -> bool:
        """Whether a memory has it attached by this handle."""
        return bool(self._areas)

    @property
    def handles(self) -> int:
        """How many handles have the bytes, this one and those of partitions among them."""
        return len(self._region.bytes.handles)

    @property
    def minimum_size(self) -> int:
        """Bytes of storage that are enough to attach it once, wherever they are."""
        return self.size + 2 * PAGE

    @staticmethod
    def optimum_size(count: int, size: int) -> int:
        """Bytes of storage that are enough to have ``count`` blocks of ``size`` attached together."""
        return count * whole_pages(size) + 2 * PAGE

    @staticmethod
    def add_storage(memory: Memory | MemInst, addr: int, size: int) -> None:
        """Donate bytes of a memory for blocks to be attached there. Raises `BlockError`."""
        donated.add_storage(memory_instance(memory), addr, size)

    def attach(
        self,
        memory: Memory | MemInst,
        *,
        write: bool = False,
        shared: bool = False,
        at: int | None = None,
    ) -> Area:
        """Let a memory have the block: alone, to ``write`` it, else to read it, where stores trap.

        It comes to where storage was donated, or ``at`` an address, a multiple of the system's page. Of a reader
        ``shared`` says that it consumes nothing, of a writer that nobody will. Raises `BlockError`: busy, no storage,
        or the handle has been closed or moved; `RangeError` for an address where it cannot be.
        """
        inst = memory_instance(memory)
        region = self._region
        with region.bytes.lock:
            self._must_be_open()
            if inst in self._areas:
                raise BlockError(Failure.BUSY, "the memory has the block attached already")
            end = region.offset + region.size
            claim = region.bytes.claim(region.offset, end, write, inst)
            try:
                area = self._areas[inst] = self._attach(inst, claim, shared, at)
            except BaseException:
                region.bytes.claims.remove(claim)
                raise
        return area

    def _attach(self, inst: MemInst, claim: _Claim, shared: bool, at: int | None) -> Area:
        region, write = self._region, claim.write

        def leave() -> None:
            if claim in region.bytes.claims:
                region.bytes.claims.remove(claim)

        shared = shared or (region.data_shared and not write)
        home = region.bytes.home
        if home is not None:
            if inst is not home or at not in (None, region.offset):
                raise BlockError(Failure.INTERNAL, "a local block can be attached where it is")
            return Area(self, inst, region.offset, write, shared, leave)
        storage = donated.donated(inst)
        length = region.length
        addr = storage.take(length) if at is None else index(at)
        try:
            mapping = _map(region, inst, addr, write, self.strategy)
        except BaseException:
            if at is None:
                storage.give_back(addr, length)
            raise

        def detach() -> None:
            mapping.unmap()
            if at is None:
                storage.give_back(addr, length)
            leave()

        return Area(self, inst, addr, write, shared, detach)

    def detach(self, count: int | None = None, memory: Memory | MemInst | None = None) -> None:
        """Give the block back from the memory that has it, which must be named if there are several.

        See `Area.detach`.
        """
        with self._region.bytes.lock:
            self._must_be_open()
            if memory is not None:
                area = self._areas.get(memory_instance(memory))
            else:
                if len(self._areas) > 1:
                    raise BlockError(
                        Failure.INTERNAL, "several memories have the block attached: say which"
                    )
                area = next(iter(self._areas.values()), None)
            if area is None:
                raise BlockError(Failure.INTERNAL, "the block is not attached")
            self._detach(area, count)

    def _detach(self, area: Area, count: int | None) -> None:
        region = self._region
        with region.bytes.lock:
            detach = area._detach
            if detach is None:
                raise BlockError(Failure.INTERNAL, "the block is detached already")
            region.finish(area, count)
            detach()
            area._detach = None
            for inst, other in list(self._areas.items()):
                if other is area:
                    del self._areas[inst]
            if area.write:
                _clear_rest(region)

    def clone(self) -> MemoryBlock:
        """Another handle of the same bytes, for another reader."""
        with self._region.bytes.lock:
            self._must_be_open()
            return self._another(self._region)

    def partition(self, start: int, size: int) -> MemoryBlock:
        """A block of its own of some of the bytes; this one may be attached meanwhile.

        Who writes has what he writes alone, of whichever block it is. Raises `RangeError`.
        """
        start, size = index(start), index(size)
        if not 0 <= start <= self.size or not 0 < size <= self.size - start:
            raise RangeError(f"{size} bytes at {start} are not in a block of {self.size}")
        region = self._region
        with region.bytes.lock:
            self._must_be_open()
            return self._another(_Region(region.bytes, region.offset + start, size))

    def take(self) -> MemoryBlock:
        """Move the block: to a new handle, whoever has this one has nothing any more.

        Raises `BlockError` where it is attached by this handle: what is lent cannot be given away.
        """
        with self._region.bytes.lock:
            self._must_be_open()
            if self._areas:
                raise BlockError(
                    Failure.BUSY, "the block is attached: detach it before it is moved"
                )
            made = self._another(self._region)
            self._close()
        return made

    def close(self) -> None:
        """Let go of the handle: detach it wherever it is, with nothing consumed, or nothing written that is valid.

        The bytes are gone with their last handle.
        """
        with self._region.bytes.lock:
            if self._open:
                for area in list(self._areas.values()):
                    self._detach(area, 0)
                self._close()

    def _close(self) -> None:
        bytes_ = self._region.bytes
        self._open = False
        bytes_.handles.discard(self)
        if not bytes_.handles and bytes_.resource is not None:
            bytes_.resource.close()

    def _must_be_open(self) -> None:
        if not self._open:
            raise BlockError(Failure.INTERNAL, "the block has been closed or moved by this handle")

    def __enter__(self) -> MemoryBlock:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _resource(size: int) -> HostResource:
    """New bytes: in a file without a name where the system has such, so that it can map them."""
    for make in (HostResource.memfd, lambda count: HostResource.shm(size=count)):
        try:
            return make(size)
        except (NotImplementedError, OSError):
            continue
    return HostResource.anon(size)


def _map(region: _Region, memory: MemInst, addr: int, write: bool, strategy: str) -> Mapping:
    length = region.length
    resource = region.bytes.resource
    if resource is None:
        raise BlockError(Failure.INTERNAL, "the block has no bytes")
    options: dict[str, Any] = {
        "at": addr,
        "offset": region.offset,
        "length": length,
        "mode": "rw" if write else "r",
    }
    try:
        # Pages must not show bytes of others.
        if strategy == "mmap" and resource.pages_match(addr, region.offset, length):
            with contextlib.suppress(RangeError):  # a memory that the system cannot map files into
                return map_resource(memory, resource, **options, strategy="mmap")
        chosen = "segment" if strategy == "mmap" else strategy
        return map_resource(memory, resource, **options, strategy=chosen)
    except (OSError, MemoryError) as error:
        raise BlockError(Failure.INTERNAL, f"the block cannot be mapped: {error}") from error


def _clear_rest(region: _Region) -> None:
    """Clear what a writer could reach behind the block, because pages are whole: no way to tell others something."""
    bytes_ = region.bytes
    end = region.offset + region.length
    if bytes_.resource is not None and end > bytes_.size:
        bytes_.resource.write(bytes_.size, bytes(end - bytes_.size))


def memory_instance(memory: Memory | MemInst) -> MemInst:
    """The memory that an object of the JS API stands for, or that it is. Raises `TypeError` for anything else."""
    if isinstance(memory, Memory):
        return memory._memory
    if not isinstance(memory, MemInst):
        raise TypeError(f"a memory block needs a WebAssembly.Memory, not {shown(memory)}")
    return memory


__all__ = ["Area", "BlockError", "Failure", "MemoryBlock"]
