"""What is kept of a memory that something is mapped into: its mappings, and what they cost."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from operator import index
from typing import TYPE_CHECKING, Any, Final, NoReturn

from pyjsapi.blocks.guarded import Guarded
from pyjsapi.blocks.shared import SharedBlock
from pyjsapi.ecmascript.errors import DataCloneError, RangeError

if TYPE_CHECKING:
    from pyjsapi.blocks.block import Block
    from pyjsapi.runtime.memory import MemInst
    from pyjsapi.sharing.mappings import Mapping
    from pyjsapi.sharing.resources import HostResource


@dataclass(slots=True)
class MemoryStats:
    """What the mappings of a memory cost so far."""

    maps: int = 0
    """Mappings made."""
    unmaps: int = 0
    """Times that a mapping ended, in part or as a whole."""
    bytes_copied: int = 0
    """Between the memory and resources: 0 as long as every mapping is zero-copy."""


@dataclass(slots=True)
class SharingState:
    """Of one memory. ``lock`` is held while mappings come and go."""

    mappings: list[Mapping] = field(default_factory=list)
    stats: MemoryStats = field(default_factory=MemoryStats)
    lock: Any = field(default_factory=threading.RLock)
    mappable: int = 0
    """Bytes at the beginning that are for mappings only (``maplength``); 0 where mappings may be anywhere."""
    virtual: bool = False
    """Whether no page is there until it is mapped."""
    quota: int = 0
    """Bytes that a virtual memory may have mapped at a time."""
    backing: HostResource | None = None
    """What the whole memory stands on."""


_MAKING: Final = threading.Lock()


class Unstored:
    """What stands for something of this process, and is neither stored nor copied: a copy would be the same thing."""

    __slots__ = ()

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        raise DataCloneError(f"a {type(self).__name__} cannot be stored or copied")


def state_of(memory: MemInst) -> SharingState:
    """What is kept of a memory, made when it is first asked for: one for all that stand on a shared block."""
    if memory.sharing is None:
        with _MAKING:
            if memory.sharing is None:
                memory.sharing = _state_of_block(memory.block)
    state: SharingState = memory.sharing
    return state


def _state_of_block(block: Block) -> SharingState:
    base = block.base if isinstance(block, Guarded) else block
    if not isinstance(base, SharedBlock):
        return SharingState()
    if base.sharing is None:
        base.sharing = SharingState()
    state: SharingState = base.sharing
    return state


def integer(value: Any, what: str, name: str) -> int:
    """An integer of Python's own, whatever kind it is given as (numpy's wrap). Raises `TypeError` for none."""
    if type(value) is int:
        return value
    try:
        return int(index(value))
    except TypeError:
        raise TypeError(f"{what}: {name} must be an integer, not {type(value).__name__}") from None


def check_range(memory: MemInst, address: Any, count: Any, what: str) -> tuple[int, int]:
    """The address and number of bytes that a memory has. Raises `RangeError`, and `TypeError` for no integers."""
    address, count = integer(address, what, "address"), integer(count, what, "length")
    length = memory.byte_length
    if not (0 <= address <= length and 0 <= count <= length - address):
        raise RangeError(
            f"{what}: {count} bytes from address {address} on: the memory has {length} bytes"
        )
    return address, count


def guarded_block(memory: MemInst, what: str) -> Guarded:
    """The block of a memory that is reached by calls, from now on if need be. Raises `RuntimeError`."""
    try:
        return memory.guarded()
    except BufferError as error:
        from pyjsapi.jsapi.errors import RuntimeError as WasmRuntimeError

        raise WasmRuntimeError(f"{what}: {error}") from error


def rebase(memory: MemInst, what: str) -> None:
    """Have the bytes of a memory where they never move, so that files can be mapped. Raises `RuntimeError`."""
    from pyjsapi.blocks.guarded import reserved

    try:
        memory.rebase(lambda block: reserved(block, memory.may_exceed))
    except BufferError as error:
        from pyjsapi.jsapi.errors import RuntimeError as WasmRuntimeError

        raise WasmRuntimeError(f"{what}: {error}") from error
