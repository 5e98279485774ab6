"""The import module ``test:shm/exchange``: memory blocks for guests, as in the public proof of concept of option 5.

The names, layouts, flags and errors are those of ``cpetig/wasm-shm-test`` (``README.md``, ``wit/shm.wit``) for core
modules. A result is written where the guest says: ``result<memory-area, error>`` has a byte 0 and, from byte 4 on,
address and size, or a byte 1 and the error at byte 4; ``result<_, error>`` a byte 0, or 1 and the error beside it.

``create-partition`` gives nothing in the interface, so that nobody could use what it makes; here it gives the handle.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from pyjsapi.blocks.block import OUT_OF_BOUNDS
from pyjsapi.ecmascript.conversions import shown
from pyjsapi.ecmascript.errors import RangeError
from pyjsapi.jsapi.memory import Memory
from pyjsapi.runtime.memory import MemInst
from pyjsapi.sharing import donated
from pyjsapi.sharing.block_errors import BlockError, Failure
from pyjsapi.sharing.memory_blocks import MemoryBlock, memory_instance
from pyjsapi.sharing.state import guarded_block
from pyjsapi.syntax.errors import Trap
from pyjsapi.syntax.types import I32

if TYPE_CHECKING:
    from pyjsapi.embedding.interface import MemoryBudget

MODULE: Final = "test:shm/exchange"
WRITE: Final = 1
SHARED: Final = 2
"""Bits of ``attach-options``."""
_FLAGS: Final = WRITE | SHARED
_ADDRESSES: Final = (1 << 32) - 1
_AREA_BYTES: Final = 12


class Exchange:
    """Blocks that guests know by numbers, the same ones in all of them. ``strategy`` is that of the blocks.

    For every guest: ``guest = exchange.guest()``, instantiate with ``guest.imports()`` among the imports, then say
    which memory is the guest's: ``guest.memory = instance.exports.memory``.
    """

    __slots__ = ("_blocks", "_last", "_lock", "strategy")

    def __init__(self, *, strategy: str = "auto") -> None:
        self.strategy = strategy
        self._blocks: dict[int, MemoryBlock] = {}
        self._last = 0
        self._lock = threading.Lock()

    def guest(self, memory: Memory | MemInst | None = None) -> Guest:
        """Somebody who has blocks attached to a memory, which can be told later."""
        guest = Guest(self)
        if memory is not None:
            guest.memory = memory
        return guest

    def add(self, block: MemoryBlock) -> int:
        """Give a block a number, never one that another had. Raises `TypeError` for what is none."""
        if not isinstance(block, MemoryBlock):
            raise TypeError(f"Exchange.add(): a MemoryBlock is needed, not {shown(block)}")
        with self._lock:
            self._last += 1
            self._blocks[self._last] = block
            return self._last

    def block(self, handle: int) -> MemoryBlock:
        """The block of a number. Traps where it is nobody's, or was dropped."""
        found = self._blocks.get(handle & _ADDRESSES)
        if found is None:
            raise Trap(f"there is no memory block {handle & _ADDRESSES}")
        return found

    def take(self, handle: int) -> int:
        """Move a block to a new number, as when a component gives it away: the old one is nobody's any more.

        Traps where it is attached by that number, or there is none.
        """
        try:
            moved = self.block(handle).take()
        except BlockError as error:
            raise Trap(str(error)) from None
        with self._lock:
            self._blocks.pop(handle & _ADDRESSES, None)
        return self.add(moved)

    def drop(self, handle: int) -> None:
        """Close the block of a number. Traps where there is none."""
        with self._lock:
            found = self._blocks.pop(handle & _ADDRESSES, None)
        if found is None:
            raise Trap(f"there is no memory block {handle & _ADDRESSES}")
        found.close()


class Guest:
    """What one instance imports. Integers are of 32 bits, signed or not."""

    __slots__ = ("_exchange", "_memory", "budget")

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._memory: MemInst | None = None
        self.budget: MemoryBudget | None = None
        """What the guest's blocks count for, where its memory is limited; it is asked before they are made."""

    @property
    def memory(self) -> MemInst:
        """The memory that blocks are attached to. It is reached by calls from when it is set: code may read blocks.

        Raises `TypeError` for one with 64-bit addresses.
        """
        if self._memory is None:
            raise Trap("the host has not said yet which memory is the guest's: set Guest.memory")
        return self._memory

    @memory.setter
    def memory(self, memory: Memory | MemInst) -> None:
        found = memory_instance(memory)
        if found.declared_type.addrtype is not I32:
            raise TypeError(f"{MODULE}: addresses are of 32 bits: the memory must have such")
        guarded_block(found, f"{MODULE}: Guest.memory")
        self._memory = found

    def imports(self) -> dict[str, dict[str, Callable[..., Any]]]:
        """The import module, for an imports object."""
        functions: dict[str, Callable[..., Any]] = {
            "[constructor]memory-block": self._construct,
            "[method]memory-block.minimum-size": self._minimum_size,
            "[static]memory-block.optimum-size": self._optimum_size,
            "[static]memory-block.add-storage": self._add_storage,
            "[method]memory-block.attach": self._attach,
            "[method]memory-block.detach": self._detach,
            "[method]memory-block.clone": self._clone,
            "[method]memory-block.create-partition": self._create_partition,
            "[static]memory-block.create-local": self._create_local,
            "[resource-drop]memory-block": self._exchange.drop,
        }
        return {MODULE: {name: _trapping(function) for name, function in functions.items()}}

    def _construct(self, size: int) -> int:
        size &= _ADDRESSES
        budget = self.budget
        try:
            if budget is not None:
                budget.check(size)
            block = MemoryBlock(size, strategy=self._exchange.strategy)
            if budget is not None:
                budget.hold(block.storage, size)
        except MemoryError as error:
            raise RangeError(str(error)) from None
        return self._exchange.add(block)

    def _minimum_size(self, handle: int) -> int:
        return self._exchange.block(handle).minimum_size

    def _optimum_size(self, count: int, size: int) -> int:
        found = MemoryBlock.optimum_size(count & _ADDRESSES, size & _ADDRESSES)
        return min(found, _ADDRESSES)

    def _add_storage(self, address: int, size: int, result: int) -> None:
        self._result_at(result, 2, 1)
        try:
            donated.add_storage(self.memory, address & _ADDRESSES, size & _ADDRESSES)
        except BlockError as error:
            self._write(result, bytes((1, error.failure)))
        else:
            self._write(result, b"\0")

    def _attach(self, handle: int, flags: int, result: int) -> None:
        self._result_at(result, _AREA_BYTES, 4)
        block = self._exchange.block(handle)
        options = _options(flags)
        try:
            area = block.attach(self.memory, **options)
        except BlockError as error:
            self._fail(result, error.failure)
        except RangeError:  # something else is mapped where the guest donated
            self._fail(result, Failure.INTERNAL)
        else:
            self._write(result, b"\0")
            place = area.addr.to_bytes(4, "little") + area.size.to_bytes(4, "little")
            self._write(result + 4, place)

    def _detach(self, handle: int, consumed: int) -> None:
        self._exchange.block(handle).detach(consumed & _ADDRESSES, self.memory)

    def _clone(self, handle: int) -> int:
        return self._exchange.add(self._exchange.block(handle).clone())

    def _create_partition(self, handle: int, start: int, size: int, mode: int) -> int:
        _options(mode)
        block = self._exchange.block(handle)
        return self._exchange.add(block.partition(start & _ADDRESSES, size & _ADDRESSES))

    def _create_local(self, address: int, size: int) -> int:
        block = MemoryBlock.local(self.memory, address & _ADDRESSES, size & _ADDRESSES)
        return self._exchange.add(block)

    def _result_at(self, address: int, size: int, alignment: int) -> None:
        """Trap before anything is done where a result could not be written."""
        address &= _ADDRESSES
        if address % alignment:
            raise Trap(f"the address {address:#x} of a result must be a multiple of {alignment}")
        if size > self.memory.byte_length - address:
            raise Trap(OUT_OF_BOUNDS)

    def _fail(self, result: int, failure: Failure) -> None:
        self._write(result, b"\1")
        self._write(result + 4, bytes((failure,)))

    def _write(self, address: int, data: bytes) -> None:
        self.memory.block.write(address & _ADDRESSES, data)


def _options(flags: int) -> dict[str, bool]:
    if flags & _ADDRESSES & ~_FLAGS:
        raise Trap(f"attach-options have the bits {_FLAGS}, not {flags & _ADDRESSES:#x}")
    return {"write": bool(flags & WRITE), "shared": bool(flags & SHARED)}


def _trapping(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, which traps where it raises errors of blocks: its guest has no way to hear of them."""

    def call(*arguments: int) -> Any:
        try:
            return function(*arguments)
        except (BlockError, RangeError) as error:
            raise Trap(str(error)) from None

    return call
