"""Shared blocks whose bytes are in a shared WebAssembly.Memory of JavaScript, where other workers reach them too.

Python's typed arrays, ``Atomics``, modules that run in Python, the engine's own modules and scripts all see the same
bytes, and wait in the engine's own queues.
"""

from __future__ import annotations

import gc
import math
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any, Final
from uuid import uuid4

from pyjsapi.blocks.block import Block, Bytes
from pyjsapi.blocks.foreign_bytes import ForeignView
from pyjsapi.blocks.shared import SharedBlock
from pyjsapi.blocks.waiters import Waiter
from pyjsapi.blocks.waiting import current_policy
from pyjsapi.bridge.link.connection import connection, tools
from pyjsapi.bridge.link.errors import CannotWait
from pyjsapi.bridge.link.hooks import LINK, MemoryAnchor
from pyjsapi.bridge.memory.linked import NativeBytes
from pyjsapi.syntax.types import PAGE_SIZE, PAGE_SIZE_LOG2, MemType

MOST_PAGES: Final = 1 << 16
"""Pages of 64 KiB that a WebAssembly.Memory can have."""


class WebBlock(SharedBlock):
    """A block on a native memory. ``fixed_length`` is that of a buffer that is shorter than its pages."""

    __slots__ = (
        "_accessors", "_anchor", "_anchors", "_left", "_waiting", "fixed_length", "identity", "memory",
    )  # fmt: skip

    by_calls = True

    def __init__(
        self,
        memory: Any,
        most: int,
        fixed_length: int | None = None,
        identity: str | None = None,
    ) -> None:
        self.memory = memory
        """The WebAssembly.Memory."""
        self.fixed_length = fixed_length
        self.identity = identity or uuid4().hex
        """What names the bytes in every agent that has them."""
        self._anchors: dict[str, MemoryAnchor] = {}
        self._anchor = self._anchor_for("i32")
        self._accessors: dict[str, Callable[..., int]] = {}
        self._waiting: dict[Waiter, bool] = {}  # and whether the engine has them in its queue
        self._left: dict[
            int, set[Waiter]
        ] = {}  # who has given up, by address, and the engine does not know
        super().__init__(ForeignView(self, range(most)), 0)  # type: ignore[arg-type]
        # Agents that are elsewhere do not see it: what must be one step is one step of the engine.
        self.lock = nullcontext()

    @property
    def record(self) -> int:
        """The number that names the memory in JavaScript."""
        return int(self._anchor)

    @property
    def backend(self) -> str:
        """How accesses are atomic."""
        return "js"

    @property
    def length(self) -> int:
        """Current length in bytes."""
        if self.fixed_length is not None:
            return self.fixed_length
        return int(LINK.byte_length(int(self._anchor)))

    @property
    def data(self) -> Bytes:
        """See `SharedBlock`."""
        return NativeBytes(int(self._anchor))  # type: ignore[return-value]

    def _anchor_for(self, address: str) -> MemoryAnchor:
        """The anchor of the record for memories with an address type."""
        found = self._anchors.get(address)
        if found is None:
            found = MemoryAnchor(connection().recordOf(self.memory, address))
            self._anchors[address] = found
        return found

    def accessor(self, name: str, type_: MemType) -> Callable[..., Any]:
        """See `Block`. The engine may let an agent wait that pyjsapi does not let."""
        anchor = self._anchor_for(type_.addrtype.name)
        found = LINK.accessor(int(anchor), anchor, name)
        if name.startswith("memory_atomic_wait"):

            def wait(*operands: int) -> int:
                if not current_policy().can_block:
                    raise CannotWait
                result: int = found(*operands)
                return result

            return wait
        if name == "memory_atomic_notify":

            def notify(address: int, count: int, *offset: int) -> int:
                told: int = found(address, count, *offset)
                return self.woken(address + sum(offset), count, told) if self._left else told

            return notify
        return found

    def _access(self, name: str) -> Callable[..., int]:
        found = self._accessors.get(name)
        if found is None:
            made: Callable[..., int] = LINK.accessor(int(self._anchor), self._anchor, name)
            found = self._accessors[name] = made
        return found

    # ---- bytes, for views

    def read(self, address: int, count: int) -> bytes:
        """A copy of some bytes."""
        if count in (1, 2, 4, 8) and not address % count:
            return self.load(address, count).to_bytes(count, "little")
        return LINK.read(int(self._anchor), address, count)

    def write(self, address: int, data: bytes) -> None:
        """Write some bytes."""
        count = len(data)
        if count in (1, 2, 4, 8) and not address % count:
            self.store(address, count, int.from_bytes(data, "little"))
        else:
            LINK.write(int(self._anchor), address, data)

    def fill(self, address: int, value: int, count: int) -> None:
        """See `Block`."""
        self._access("memory_fill")(address, value, count)

    def copy(self, address: int, source: int, count: int) -> None:
        """See `Block`."""
        self._access("memory_copy")(address, source, count)

    def copy_from(self, source: Block, address: int, source_address: int, count: int) -> bool:
        """See `Block`."""
        if not isinstance(source, WebBlock):
            return False
        LINK.copy(int(self._anchor), address, int(source._anchor), source_address, count)
        return True

    # ---- atomic accesses

    def load(self, address: int, size: int) -> int:
        """See `SharedBlock`."""
        return self._access(_sized("load", size, "_u"))(address)

    def store(self, address: int, size: int, value: int) -> None:
        """See `SharedBlock`."""
        self._access(_sized("store", size))(address, value)

    def update(self, operation: str, address: int, size: int, operand: int) -> int:
        """See `SharedBlock`."""
        return self._access(_rmw(operation, size))(address, operand)

    def compare_exchange(self, address: int, size: int, expected: int, replacement: int) -> int:
        """See `SharedBlock`."""
        return self._access(_rmw("cmpxchg", size))(address, expected, replacement)

    # ---- growth

    def extend(self, length: int) -> None:
        """See `SharedBlock`. Raises `MemoryError` where the engine refuses."""
        # The engine can only add. If others grow it just now, it becomes longer, never shorter.
        self.grow(max(length - self.length, 0))

    def grow(self, delta: int) -> int:
        """See `Block`: a step of the engine. Only that knows how long the block is while others grow it."""
        before = LINK.grow_memory(int(self._anchor), delta >> PAGE_SIZE_LOG2)
        if before < 0:
            raise MemoryError("JavaScript could not grow the memory")
        return int(before) << PAGE_SIZE_LOG2

    # ---- waiting

    def wait(self, address: int, size: int, expected: int, timeout: int) -> int:
        """See `SharedBlock`."""
        wait = self._access(f"memory_atomic_wait{8 * size}")
        return int(wait(address, expected, timeout))

    def wait_async(
        self,
        address: int,
        size: int,
        expected: int,
        wake: Callable[[], object],
        timeout: int = -1,
        gone: Callable[[], bool] | None = None,
    ) -> Waiter | None:
        """See `SharedBlock`."""
        from pyodide.ffi import create_once_callable

        waiter = Waiter(address, wake, gone)
        settled = create_once_callable(lambda notified: self._settled(waiter, notified))
        milliseconds = math.inf if timeout < 0 else timeout / 10**6
        wait = tools().waitAsync
        if not wait(self.memory, address, size, str(expected), milliseconds, settled):
            settled.destroy()
            return None
        self._waiting[waiter] = True
        return waiter

    def _settled(self, waiter: Waiter, notified: bool) -> None:
        """The engine has taken a waiter out of its queue."""
        if waiter in self._waiting:
            if notified:
                del self._waiting[waiter]
                waiter.notified = True
                waiter.wake()
            else:  # whoever waits has a timer too
                self._waiting[waiter] = False
        elif self._has_left(waiter) and notified:
            self.notify(waiter.address, 1)  # the next one is meant

    def _has_left(self, waiter: Waiter) -> bool:
        """Whether a waiter stood in the engine's queue after it had given up, until now."""
        left = self._left.get(waiter.address, set())
        if waiter not in left:
            return False
        left.remove(waiter)
        if not left:
            del self._left[waiter.address]
        return True

    def withdraw(self, waiter: Waiter) -> bool:
        """See `SharedBlock`. Nobody can leave the engine's queue: the waiter's place in it goes on."""
        stands = self._waiting.pop(waiter, None)
        if stands:
            self._left.setdefault(waiter.address, set()).add(waiter)
        return stands is not None

    def notify(self, address: int, count: int) -> int:
        """See `SharedBlock`."""
        woken = int(self._access("memory_atomic_notify")(address, count))
        return self.woken(address, count, woken) if self._left else woken

    def woken(self, address: int, count: int, told: int) -> int:
        """How many were woken of those who wait, where the engine tells how many left its queue.

        Those who have given up are not counted where that can be known: where the queue is empty now. Else each of them
        passes its notification on.
        """
        if told < count:
            told -= len(self._left.pop(address, ()))
        return max(told, 0)

    def waiting(self, address: int | None = None) -> int:
        """How many of this agent wait without blocking; nobody can tell of the others."""
        return sum(address in (None, waiter.address) for waiter in self._waiting)

    def queued(self) -> list[Waiter]:
        """See `SharedBlock`."""
        found, self._waiting = list(self._waiting), {}
        return found


def _sized(action: str, size: int, suffix: str = "") -> str:
    if size in (4, 8):
        return f"i{8 * size}_atomic_{action}"
    return f"i32_atomic_{action}{8 * size}{suffix}"


def _rmw(operation: str, size: int) -> str:
    if size in (4, 8):
        return f"i{8 * size}_atomic_rmw_{operation}"
    return f"i32_atomic_rmw{8 * size}_{operation}_u"


def new_block(pages: int, most: int, fixed_length: int | None = None) -> WebBlock:
    """A block of its own; `MemoryError` where the engine allows no more."""
    from pyodide.ffi import JsException

    try:
        memory = _native_memory(pages, most)
    except JsException:
        gc.collect()  # engines allow few of them at a time
        try:
            memory = _native_memory(pages, most)
        except JsException as error:
            raise MemoryError(f"JavaScript allows no such memory: {error}") from None
    return WebBlock(
        memory, most * PAGE_SIZE if fixed_length is None else fixed_length, fixed_length
    )


def _native_memory(pages: int, most: int) -> Any:
    import js

    descriptor = js.Object.new()
    descriptor.initial, descriptor.maximum, descriptor.shared = pages, most, True
    return js.WebAssembly.Memory.new(descriptor)
