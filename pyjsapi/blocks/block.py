"""Blocks: where bytes are, and how they are reached.

A memory stands on a block. A block of *direct access* has its bytes in ``data``, which generated code indexes. One that
is reached *by calls* has them anywhere: generated code calls accessors, which stand on the methods here. Addresses,
sizes and lengths are in bytes; integers are unsigned and little-endian; whoever calls has checked the bounds.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any, ClassVar, Final, Protocol, TypeAlias

from pyjsapi.blocks.integers import MASK, OPERATIONS
from pyjsapi.syntax.errors import Trap

if TYPE_CHECKING:
    import mmap

    from pyjsapi.syntax.types import MemType

Bytes: TypeAlias = "bytearray | mmap.mmap | memoryview[int]"

MUST_NOT_BLOCK: Final = "this agent must not block: memory.atomic.wait cannot be called in it"
_NOTHING: Final = nullcontext()
OUT_OF_BOUNDS: Final = "out of bounds memory access"
"""What a trap says."""
FILL_AT_ONCE: Final = 1 << 20
"""Bytes that are made to be stored at once: filling a memory must not take its size again."""


def fill_by(write: Callable[[int, bytes], object], address: int, value: int, count: int) -> None:
    """``memory.fill`` with a byte, by writes of some size."""
    chunk = bytes((value,)) * min(count, FILL_AT_ONCE)
    end = address + count
    for start in range(address, end, FILL_AT_ONCE):
        write(start, chunk[: end - start])


class Follower(Protocol):
    """Something that caches views of a block, or its lock; held weakly."""

    def block_changed(self, block: Any, length: int) -> None:
        """The block has a length that is not published yet, or another lock. Called with the lock held."""


class Block:
    """Bytes of a memory or of a SharedArrayBuffer."""

    __slots__ = ("__weakref__",)

    by_calls: ClassVar[bool] = False
    """Whether generated code reaches the bytes through accessors, not through ``data``."""

    is_guarded: ClassVar[bool] = False
    """Whether its bytes may be in several places and protected: see `blocks.guarded`."""

    @property
    def most(self) -> int:
        """How long it can ever be."""
        raise NotImplementedError

    @property
    def data(self) -> Bytes:
        """The bytes as they are now. Of a block that is reached by calls, what has length, slices and items of them."""
        raise NotImplementedError

    @property
    def length(self) -> int:
        """How long it is now."""
        return len(self.data)

    def occupied(self, length: int) -> int:
        """Bytes that it has, for limits, where it is ``length`` long."""
        return length

    @property
    def hidden(self) -> int:
        """Bytes at the beginning that buffers over the block do not show."""
        return 0

    @property
    def asks_first(self) -> bool:
        """Whether it never grows but by its memory, which asks its guards before."""
        return True

    @property
    def moves(self) -> bool:
        """Whether `extend` needs all views of ``data`` to be released, and may put it elsewhere."""
        return False

    def extend(self, length: int) -> None:
        """Grow to ``length``; new bytes are 0. Raises `MemoryError`."""
        raise NotImplementedError

    def grow(self, delta: int) -> int:
        """Grow by ``delta`` bytes, as one step for all who may grow it; the length before. Raises `MemoryError`.

        Here `holding` makes it one step.
        """
        before = self.length
        self.extend(before + delta)
        return before

    def own_buffer(self, resizable: bool | None = None) -> Any:
        """The host's current buffer, of a block that has buffers of its own; ``None`` where the host makes them.

        With ``resizable`` it becomes one that is, or is not.
        """
        return None

    def take_buffer(self, buffer: Any) -> bool:
        """Have the host's buffer, over the same bytes, as `own_buffer` from now on; ``False`` where it has none."""
        return False

    def is_viewed(self) -> bool:
        """Whether somebody has a view of ``data``, as far as that can be known."""
        return False

    def holding(self) -> AbstractContextManager[None]:
        """Keep others from growing the block meanwhile."""
        return _NOTHING

    def follow(self, follower: Follower) -> None:
        """Tell ``follower`` from now on when somebody else has changed the block."""

    def others_follow(self, follower: Follower) -> bool:
        """Whether somebody else in this process has the block."""
        return False

    def refresh(self) -> None:
        """Tell the followers of a length that another process published."""

    def reaches(self, address: int, count: int) -> bool:
        """Whether there are bytes at some addresses: to begin with, those below the length."""
        return address + count <= self.length

    # ---- what accessors stand on

    def accessor(self, name: str, type_: MemType) -> Callable[..., Any] | None:
        """The block's own accessor for a memory of a type; ``None`` where `runtime.accessors` makes it."""
        return None

    def read(self, address: int, count: int) -> bytes:
        """A copy of some bytes."""
        return bytes(self.data[address : address + count])

    def write(self, address: int, data: bytes) -> None:
        """Write some bytes."""
        self.data[address : address + len(data)] = data

    def check(self, address: int, count: int, *, write: bool) -> None:
        """Trap where some bytes, which are there, cannot be written or read."""

    def fill(self, address: int, value: int, count: int) -> None:
        """``memory.fill`` with a byte."""
        fill_by(self.write, address, value, count)

    def discard(self, address: int, count: int) -> None:
        """Make bytes 0, and give their pages back to the system where that can be."""
        self.fill(address, 0, count)

    def initialise(self, address: int, data: bytes) -> None:
        """What an active segment writes."""
        self.write(address, data)

    def copy(self, address: int, source: int, count: int) -> None:
        """``memory.copy`` within the block."""
        self.write(address, self.read(source, count))

    def copy_from(self, source: Block, address: int, source_address: int, count: int) -> bool:
        """``memory.copy`` from another block, if that has a way of its own; else ``False``."""
        return False

    def load(self, address: int, size: int) -> int:
        """An integer; an atomic load where others share the block."""
        return int.from_bytes(self.read(address, size), "little")

    def store(self, address: int, size: int, value: int) -> None:
        """Store an integer that fits, likewise."""
        self.write(address, value.to_bytes(size, "little"))

    def update(self, operation: str, address: int, size: int, operand: int) -> int:
        """Read, combine by one of `OPERATIONS`, wrap and write, in one step; the old value."""
        old = self.load(address, size)
        self.store(address, size, OPERATIONS[operation](old, operand) & MASK[size])
        return old

    def compare_exchange(self, address: int, size: int, expected: int, replacement: int) -> int:
        """Store ``replacement`` where ``expected`` is found, in one step; the old value."""
        old = self.load(address, size)
        if old == expected:
            self.store(address, size, replacement)
        return old

    def atomic(self, action: str, address: int, size: int, *operands: int) -> int:
        """An atomic instruction: ``load``, ``store``, ``cmpxchg``, ``wait``, ``notify``, or one of `OPERATIONS`."""
        if action in OPERATIONS:
            return self.update(action, address, size, *operands)
        if action == "load":
            return self.load(address, size)
        if action == "store":
            self.store(address, size, *operands)
            return 0
        if action == "cmpxchg":
            return self.compare_exchange(address, size, *operands)
        if action == "notify":
            return self.notify(address, *operands)
        from pyjsapi.blocks.waiting import current_policy  # most programs never wait

        if not current_policy().can_block:
            raise Trap(MUST_NOT_BLOCK)
        return self.wait(address, size, *operands)

    def wait(self, address: int, size: int, expected: int, timeout: int) -> int:
        """Wait until notified: see `SharedBlock.wait`. Nobody could notify here."""
        raise TypeError("nobody can wait for bytes that are not shared")

    def notify(self, address: int, count: int) -> int:
        """Wake those who wait at an address; how many there were."""
        return 0
