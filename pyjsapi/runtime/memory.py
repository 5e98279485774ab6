"""Memory instances (core: "Runtime Structure: Memory Instances").

A `MemInst` knows nothing of modules and instances. Its bytes are those of a block (`blocks.block`), which says where
they are and how they are reached. Where that is directly, ``data`` is one object, which generated code indexes, and
typed views of the same bytes serve aligned accesses; when the bytes move or grow, `MemoryUser`s are told.
"""

from __future__ import annotations

import gc
import sys
import weakref
from _thread import RLock
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeAlias, TypeVar

from pyjsapi.blocks.block import FILL_AT_ONCE, MUST_NOT_BLOCK, OUT_OF_BOUNDS, Block, Bytes
from pyjsapi.blocks.heap import HeapBlock
from pyjsapi.blocks.places import new_shared_block
from pyjsapi.runtime.global_ import PYTHON
from pyjsapi.syntax.errors import Trap
from pyjsapi.syntax.spelling import counted
from pyjsapi.syntax.types import I32, MemType
from pyjsapi.validation.limits import Limits

if TYPE_CHECKING:
    from pyjsapi.blocks.guarded import Guarded
    from pyjsapi.blocks.shared import SharedBlock
    from pyjsapi.runtime.memory_budget import MemoryBudget

_COPY_DIRECTLY: Final = 2048
"""Bytes above which copying through views beats copying through a slice."""


_SWITCHING: Final = RLock()
"""Held while users of memories are held, of which there may be several."""


class MemoryUser(Protocol):
    """Something that caches ``data`` or views of a memory; held weakly."""

    def memory_moved(self, memidx: int, memory: MemInst) -> None:
        """``data`` or the views of the memory are new objects; ``memidx`` is what `attach` was given."""

    def memory_held(self) -> AbstractContextManager[Any]:
        """Keep threads that come from outside from beginning with code that was not begun with yet."""

    def memory_reached_elsewhere(self, memidx: int) -> bool:
        """Whether another thread runs code that reaches the memory directly. Called while that is held."""

    def memory_guarded(self, memidx: int, guarded: bool) -> bool:
        """Reach the memory by calls from now on, or with ``guarded=False`` directly again.

        ``False`` where code is running that reaches it directly.
        """

    def memory_accessed_anew(self, memidx: int, memory: MemInst) -> None:
        """The memory, which was reached by calls already, has other accessors from now on."""


class GrowthGuard(Protocol):
    """Something that must know before a memory grows; held weakly."""

    def memory_grows(self, memidx: int, length: int) -> bool:
        """The memory is about to have ``length`` bytes; whether that is possible now."""


class MemoryBuffer(Protocol):
    """The embedder's object over the bytes, e.g. an ArrayBuffer."""

    def release_views(self) -> None:
        """Let go of every view of the bytes, so that they can be resized; they may be taken again later."""

    def memory_grown(self, memory: MemInst) -> None:
        """The memory has grown, perhaps by nothing."""

    def memory_elsewhere(self, memory: MemInst) -> None:
        """The bytes are in another place, or reached in another way; there are as many as before."""


class MemInst:
    """A memory. ``block`` has its bytes: as many as the minimum, or more on a block that others stand on as well.

    ``page_limit`` is the engine's limit in pages; the memory may grow to the smaller of it and its maximum, as far as
    the block can. Without ``block`` it gets one of its own; raises `MemoryError` when the system cannot provide the
    minimum.
    """

    __slots__ = (
        "__weakref__",
        "_accessors",
        "_bytes_view",
        "_guards",
        "_type",
        "_users",
        "asks_first",
        "block",
        "budget",
        "buffer",
        "by_calls",
        "ceiling",
        "data",
        "f32",
        "f64",
        "held_by",
        "refused",
        "sharing",
        "u16",
        "u32",
        "u64",
        "wrapper",
    )

    data: Bytes
    u16: memoryview[int]
    u32: memoryview[int]
    u64: memoryview[int]
    f32: memoryview[float]
    f64: memoryview[float]

    def __init__(self, type_: MemType, *, page_limit: int, block: Block | None = None) -> None:
        self._type = type_
        most = page_limit if type_.maximum is None else min(type_.maximum, page_limit)
        if block is None:
            block = _new_block(type_, most)
        self.block = block
        self.by_calls = block.by_calls
        """Whether generated code reaches the bytes through `accessor`, not through ``data`` and the views."""
        self.asks_first = block.asks_first
        """Whether the memory never grows but by itself, and then only after its guards were asked."""
        self.ceiling = min(most, block.most >> type_.page_size_log2)
        """Pages that the memory may grow to."""
        self.refused = 0
        """Bytes that it would have had after the growth that was last refused; 0 if none was."""
        self._users: list[tuple[weakref.ref[MemoryUser], int]] = []
        self._guards: list[tuple[weakref.ref[GrowthGuard], int]] = []
        self._accessors: dict[str, Callable[..., Any]] = {}
        self.budget: MemoryBudget | None = None
        """What it shares with other memories of its instance."""
        self.held_by: str | None = PYTHON
        """The name of the engine whose instances have it; ``None`` as long as none has: it floats."""
        self.buffer: MemoryBuffer | None = None
        """The embedder's current buffer object."""
        self.wrapper: weakref.ref[Any] | None = None
        """The embedder's object for this memory."""
        self.sharing: Any = None
        """What the embedder keeps of what is mapped here."""
        with block.holding():
            self._view_bytes(block.data)
            block.follow(self)

    @property
    def type(self) -> MemType:
        """The type with the current size as minimum, as matching an import sees it."""
        return replace(self._type, minimum=self.pages)

    @property
    def declared_type(self) -> MemType:
        """The type that the memory was made with."""
        return self._type

    @property
    def pages(self) -> int:
        """Current size in pages."""
        return self.byte_length >> self._type.page_size_log2

    @property
    def byte_length(self) -> int:
        """Current size in bytes."""
        length = self.block.length
        if length != len(self.data):
            self.block.refresh()
        return length

    @property
    def buffer_offset(self) -> int:
        """Where the bytes begin that buffers show."""
        return self.block.hidden

    @property
    def may_exceed(self) -> int:
        """Bytes that the memory can ever have: no access beyond them succeeds."""
        return self.ceiling * self._type.page_size

    def limit_growth(self, pages: int) -> None:
        """Lower the ceiling to ``pages``, or to the current size where that is more."""
        self.ceiling = min(self.ceiling, max(pages, self.pages))

    def attach(self, user: MemoryUser, memidx: int) -> None:
        """Tell ``user`` from now on when ``data`` or the views change, starting now.

        One of a memory that is reached by calls is told when the accessors change.
        """
        with self.block.holding():
            _add(self._users, user, memidx)
            if not self.by_calls:
                user.memory_moved(memidx, self)

    def guard(self, guard: GrowthGuard, memidx: int) -> None:
        """Ask ``guard`` from now on before the memory grows; see ``asks_first``."""
        _add(self._guards, guard, memidx)

    def guarded(self) -> Guarded:
        """Have the bytes reached by calls from now on, and give the block that says which and how.

        Raises `BufferError`, with nothing changed, while code runs that reaches them directly, and where others
        reach them in ways of their own; `MemoryError`.
        """
        from pyjsapi.blocks.guarded import Guarded, guarded  # most memories are plain

        if not self.block.is_guarded:
            self._must_be_alone(self.block)
        with self._switching() as users:
            block = self.block
            if isinstance(block, Guarded):
                return block
            if not self.by_calls:
                _have_call(users)
            made = guarded(block, self.may_exceed)
            was_by_calls, self._users = self.by_calls, []
            self._stand_on(made)
            if was_by_calls:
                for user, memidx in users:
                    user.memory_accessed_anew(memidx, self)
            return made

    def _must_be_alone(self, block: Block) -> None:
        """Raise `BufferError` where other agents have the block: they would not see what comes over its bytes."""
        if block.others_follow(self):
            gc.collect()  # memories of agents that have ended are none
            if block.others_follow(self):
                raise BufferError(
                    "other agents have the memory already, and would go on to see its own bytes; "
                    "make it with storage='guarded', or do this before it is posted to them"
                )

    def rebase(self, make: Callable[[Block], Block]) -> None:
        """Stand on another block, which has the same bytes and is reached as directly.

        Raises `BufferError`, with nothing changed, while another thread runs code that would go on with the old one.
        """
        with self._switching() as users:
            if any(user.memory_reached_elsewhere(memidx) for user, memidx in users):
                raise BufferError(
                    "code of another thread is running in the memory; make it with storage='reserve' or 'guarded', "
                    "or do this before that code is called"
                )
            self._stand_on(make(self.block))

    def take(self, engine: str, make: Callable[[Block], Block]) -> None:
        """Stand on a block of an engine's own from now on, which has the same bytes; the engine has the memory then.

        Whoever uses the memory goes on with that block. Raises `BufferError`, with nothing changed, where somebody has
        a view of the bytes, which would go on to show the old ones, and where code runs that would; whatever ``make``
        raises.
        """
        with self._switching() as users:
            if any(user.memory_reached_elsewhere(memidx) for user, memidx in users):
                raise BufferError("code of another thread is running in the memory")
            self.release_views()
            try:
                if self.block.is_viewed():
                    raise BufferError(
                        "somebody holds a memoryview of the memory, or an array over its bytes; take it afterwards"
                    )
                made = make(self.block)
                if made.by_calls and not self.by_calls:
                    _have_call(users)
            except BaseException:
                self.moved()
                raise
            if made.by_calls:
                self._users = []
            self._stand_on(made)
            made.follow(self)
            self.held_by = engine

    @contextmanager
    def _switching(self) -> Iterator[list[tuple[MemoryUser, int]]]:
        """Let no code begin that would find the bytes half here, half there; gives who uses them."""
        with ExitStack() as held:
            held.enter_context(_SWITCHING)
            held.enter_context(self.block.holding())
            users = [(user, memidx) for reference, memidx in self._users if (user := reference())]
            for user, _ in users:
                held.enter_context(user.memory_held())
            yield users

    def _stand_on(self, block: Block) -> None:
        if self.buffer is not None:
            self.buffer.release_views()
        self.block = block
        self.by_calls = block.by_calls
        self.asks_first = block.asks_first
        self.ceiling = min(self.ceiling, block.most >> self._type.page_size_log2)
        self._accessors.clear()
        self._take(block.data)
        if self.buffer is not None:
            self.buffer.memory_elsewhere(self)

    def accessor(self, name: str) -> Callable[..., Any]:
        """The function for a memory instruction, of a memory reached by calls: the same one every time.

        ``name`` is the mnemonic with underscores for dots, or one of `runtime.accessors.NAMES` that is no instruction.
        """
        found = self._accessors.get(name)
        if found is None:
            made = self.block.accessor(name, self._type)
            if made is None:
                from pyjsapi.runtime.accessors import make_accessor  # most memories need none

                made = make_accessor(self.block, self._type, name)
            found = self._accessors[name] = made
        return found

    def grow(self, delta: int) -> int:
        """Grow by ``delta`` pages; the size before in pages, or -1 when that is not possible.

        One atomic step: of all agents that grow the memory, each gets another size.
        """
        if self.asks_first and not self.by_calls:
            return self._grow(len(self.data) >> self._type.page_size_log2, delta)
        with self.block.holding():
            return self._grow(self.pages, delta)

    def _grow(self, before: int, delta: int) -> int:
        if before + delta > self.ceiling:
            self.refused = before + delta << self._type.page_size_log2
            return -1
        # A block elsewhere has buffers of its own, which growth by nothing detaches too.
        if delta or self.by_calls:
            before = self._extend(before, delta)
            if before < 0:
                return -1
        if self.buffer is not None:
            self.buffer.memory_grown(self)
        return before

    def may_become(self, length: int) -> bool:
        """Ask all guards whether the memory can have ``length`` bytes from now on."""
        for reference, memidx in list(self._guards):
            guard = reference()
            if guard is not None and not guard.memory_grows(memidx, length):
                return False
        return True

    def fill(self, address: int, value: int, count: int) -> None:
        """``memory.fill``; traps before anything is written."""
        if address + count > len(self.data):
            self._follow(address, count)
        if self.by_calls or count > FILL_AT_ONCE:
            self.block.fill(address, value & 0xFF, count)
        else:
            self.data[address : address + count] = bytes((value & 0xFF,)) * count

    def copy(self, source: MemInst, address: int, source_address: int, count: int) -> None:
        """``memory.copy`` from ``source``, which may be this memory; traps before anything is written."""
        if address + count > len(self.data) or source_address + count > len(source.data):
            self._follow(address, count)
            source._follow(source_address, count)
        if self.by_calls or source.by_calls:
            self._copy_by_calls(source, address, source_address, count)
        elif count < _COPY_DIRECTLY:
            self.data[address : address + count] = source.data[
                source_address : source_address + count
            ]
        else:
            view = source._bytes_view[source_address : source_address + count]
            self._bytes_view[address : address + count] = view

    def _copy_by_calls(
        self, source: MemInst, address: int, source_address: int, count: int
    ) -> None:
        if source.block is self.block:
            self.block.copy(address, source_address, count)
        elif not self.block.copy_from(source.block, address, source_address, count):
            self.block.write(address, source.block.read(source_address, count))

    def init(self, address: int, source_address: int, count: int, segment: bytes) -> None:
        """``memory.init`` from a data segment; traps before anything is written.

        The segment comes last: generated code reads it after it has evaluated the operands.
        """
        if address + count > len(self.data) or source_address + count > len(segment):
            self._follow(address, count)
            if source_address + count > len(segment):
                raise Trap(OUT_OF_BOUNDS)
        data = segment[source_address : source_address + count]
        if self.by_calls:
            self.block.write(address, data)
        else:
            self.data[address : address + count] = data

    def initialise(self, address: int, segment: bytes) -> None:
        """Write what an active segment has; traps before anything is written."""
        if address + len(segment) > len(self.data):
            self._follow(address, len(segment))
        self.block.initialise(address, segment)

    def check(self, address: int, count: int) -> None:
        """Trap where there are no such bytes: before an instruction that reaches them in pieces."""
        if address + count > len(self.data):
            self._follow(address, count)

    def check_written(self, address: int, count: int) -> None:
        """Trap where some bytes cannot be written."""
        self.check(address, count)
        self.block.check(address, count, write=True)

    def discard(self, address: int, count: int) -> None:
        """``memory.discard``: the pages that some bytes are in become 0, and take no room where the system can do that.

        Traps, before anything is changed, where the bytes are out of bounds.
        """
        if address + count > len(self.data):
            self._follow(address, count)
        start, end = self.pages_of(address, count)
        if start < end:
            self.block.discard(start, end - start)

    def pages_of(self, address: int, count: int) -> tuple[int, int]:
        """Where the pages begin and end that some bytes are in; no bytes are in none."""
        mask = self._type.page_size - 1
        return address & ~mask, (address + count + mask) & ~mask if count else address & ~mask

    def follow(self) -> None:
        """Take over a size that others have given to the memory: before an access traps, for shared memories."""
        self.block.refresh()

    def _follow(self, address: int, count: int) -> None:
        """Trap, unless there are some bytes after all."""
        if address + count > len(self.data):
            self.block.refresh()
            if self.by_calls:
                self.data = self.block.data
            if address + count > len(self.data) and not self.block.reaches(address, count):
                raise Trap(OUT_OF_BOUNDS)

    def wait(self, address: int, size: int, expected: int, timeout: int) -> int:
        """Wait until notified, for ``timeout`` nanoseconds or, if that is negative, without end; see `atomics.wait`."""
        if not self._type.shared:
            raise Trap("expected shared memory")
        self._follow(address, size)
        from pyjsapi.blocks.waiting import current_policy  # most programs never wait

        if not current_policy().can_block:
            raise Trap(MUST_NOT_BLOCK)
        try:
            return self.block.wait(address, size, expected, timeout)
        except OSError as error:  # too many wait
            raise Trap(str(error)) from error

    def notify(self, address: int, count: int) -> int:
        """Wake the ``count`` waiters that have waited longest at an address; how many there were."""
        return self.block.notify(address, count)

    def block_changed(self, block: SharedBlock, length: int) -> None:
        """Take over a new length of the block, for which others made it grow. Called with the block held."""
        if length != len(self.data):
            self._take(block.reservation[:length])

    def moved(self) -> None:
        """Look at the block's bytes anew: they are elsewhere."""
        self._take(self.block.data)

    def _extend(self, before: int, delta: int) -> int:
        """Have the block grow; the size before, which others may have changed meanwhile, or -1."""
        log2 = self._type.page_size_log2
        length = before + delta << log2
        if (length > sys.maxsize and not self.by_calls) or not self.may_become(length):
            self.refused = length
            return -1
        moves = self.block.moves
        if moves:
            self.release_views()
        try:
            return self.block.grow(delta << log2) >> log2
        except (MemoryError, OverflowError, OSError):
            return -1
        finally:
            if moves or self.by_calls or len(self.data) != self.block.length:
                self.moved()

    def rewind(self, data: bytes) -> bool:
        """Have exactly these bytes, which the memory had before, when it may have been smaller.

        ``False``, with nothing changed, where the block cannot shrink. For who takes a whole program back; the host's
        buffer is detached where the length changes.
        """
        if len(data) == self.byte_length:
            self.block.write(0, data)
            return True
        if self.block.__class__ is not HeapBlock:
            return False
        self.release_views()
        self.block = HeapBlock(len(data))
        self._accessors.clear()
        self.block.write(0, data)
        self.moved()
        if self.buffer is not None:
            self.buffer.memory_grown(self)
        return True

    def release_views(self) -> None:
        """Let go of every view of the bytes, until `moved`: so that they can be put elsewhere."""
        if self.buffer is not None:
            self.buffer.release_views()
        if not self.by_calls:
            views = (self.u16, self.u32, self.u64, self.f32, self.f64, self._bytes_view)
            for view in views:
                view.release()

    def _take(self, data: Bytes) -> None:
        self._view_bytes(data)
        if not self.by_calls:
            self._tell_users()

    def _view_bytes(self, data: Bytes) -> None:
        self.data = data
        if self.by_calls:
            return
        view = self._bytes_view = memoryview(data)
        size = len(view)
        if not size & 7:
            self._cast_views(view, view, view)
            return
        # With pages of one byte: every aligned element that fits is in the view of its width.
        with view[: size & ~1] as of2, view[: size & ~3] as of4, view[: size & ~7] as of8:
            self._cast_views(of2, of4, of8)

    def _cast_views(self, of2: memoryview, of4: memoryview, of8: memoryview) -> None:
        self.u16 = of2.cast("H")
        self.u32 = of4.cast("I")
        self.u64 = of8.cast("Q")
        self.f32 = of4.cast("f")
        self.f64 = of8.cast("d")

    def _tell_users(self) -> None:
        alive = []
        for entry in self._users:
            user = entry[0]()
            if user is not None:
                alive.append(entry)
                user.memory_moved(entry[1], self)
        self._users = alive


def _have_call(users: list[tuple[MemoryUser, int]]) -> None:
    """Have all users reach their memory by calls; `BufferError` where one cannot, and so none does."""
    for place, (user, memidx) in enumerate(users):
        if not user.memory_guarded(memidx, True):
            for other, index in users[:place]:
                other.memory_guarded(index, False)
            raise BufferError(
                "code that reaches the memory directly is running; make the memory with storage='guarded', "
                "or do this before that code is called"
            )


_Watcher = TypeVar("_Watcher")


def _add(entries: list[tuple[weakref.ref[_Watcher], int]], watcher: _Watcher, memidx: int) -> None:
    if not len(entries) & len(entries) - 1:  # now and then, so that the dead do not pile up
        entries[:] = [entry for entry in entries if entry[0]() is not None]
    entries.append((weakref.ref(watcher), memidx))


def _new_block(type_: MemType, most: int) -> Block:
    length = type_.minimum * type_.page_size
    if type_.shared:
        return new_shared_block(length, most * type_.page_size, type_.page_size)
    return HeapBlock(length)


def page_limit_of(type_: MemType, limits: Limits) -> int:
    """Pages that the engine allows a memory of the type; `MemoryError` where its minimum is beyond that."""
    pages = limits.max_memory_pages if type_.addrtype is I32 else limits.max_memory64_pages
    most = pages << 16
    if limits.max_memory_bytes is not None:
        most = min(most, limits.max_memory_bytes)
    page_limit = min(most >> type_.page_size_log2, (1 << type_.addrtype.bits) - 1)
    if type_.minimum > page_limit:
        raise MemoryError(
            f"cannot allocate a memory of {counted(type_.minimum, 'page')}: the limit is {counted(page_limit, 'page')}"
        )
    return page_limit


def new_memory(type_: MemType, limits: Limits) -> MemInst:
    """A memory of the type; `MemoryError` where its minimum is beyond a limit or cannot be had."""
    return MemInst(type_, page_limit=page_limit_of(type_, limits))


MakeMemory: TypeAlias = Callable[[MemType, Limits], MemInst]
"""What makes the memories of an instance; see `new_memory`."""
