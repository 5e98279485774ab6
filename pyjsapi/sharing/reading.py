"""Reading straight into a memory ("bring your own buffer" of the memory-control proposal)."""

from __future__ import annotations

import asyncio
import socket
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pyjsapi.blocks.guarded import Guarded
from pyjsapi.ecmascript.errors import RangeError
from pyjsapi.jsapi.errors import RuntimeError as WasmRuntimeError
from pyjsapi.jsapi.errors import js_error
from pyjsapi.sharing.control import view
from pyjsapi.sharing.state import rebase, state_of
from pyjsapi.syntax.errors import Trap

if TYPE_CHECKING:
    from pyjsapi.runtime.memory import MemInst

_AT_ONCE = 1 << 20
"""Bytes that a stream is asked for."""


async def read_into(memory: MemInst, reader: Any, address: int, length: int) -> int:
    """Up to ``length`` bytes of a socket, a binary file or an `asyncio.StreamReader`; how many there were.

    They are in the memory as they come. A stream's go through a buffer of `asyncio` and are copied from there; so are
    all where no view shows the bytes, because they are in several places or in JavaScript.
    """
    stats = state_of(memory).stats
    _check_writable(memory, address, length)
    if not _stay(memory):
        return await _read_and_write(memory, reader, address, length)
    try:
        target = view(memory, "B", address, length)
    except RangeError:
        return await _read_and_write(memory, reader, address, length)
    count = await _read(reader, target)
    if isinstance(reader, asyncio.StreamReader):
        stats.bytes_copied += count
    return count


def _check_writable(memory: MemInst, address: int, length: int) -> None:
    """Raise `RuntimeError` where code could not write, before anything is taken from a reader."""
    block = memory.block
    if isinstance(block, Guarded):
        try:
            block.table.pieces(address, length, write=True)
        except Trap as trap:
            raise js_error(trap) from None


def _stay(memory: MemInst) -> bool:
    """Whether the bytes stay in their place when the memory grows; they do from now on where that can be."""
    if not memory.block.moves:
        return True
    try:
        rebase(memory, "WebAssembly.Memory.read_into()")
    except (WasmRuntimeError, MemoryError):
        return False
    return True


async def _read_and_write(memory: MemInst, reader: Any, address: int, length: int) -> int:
    done = 0
    while done < length:
        part = bytearray(min(_AT_ONCE, length - done))
        count = await _read(reader, memoryview(part))
        try:
            memory.block.write(address + done, bytes(part[:count]))
        except Trap as trap:
            raise js_error(trap) from None
        state_of(memory).stats.bytes_copied += count
        done += count
        if count < len(part):
            break
    return done


async def _read(reader: Any, target: memoryview) -> int:
    if isinstance(reader, socket.socket):
        return await asyncio.get_running_loop().sock_recv_into(reader, target)
    done = 0
    if isinstance(reader, asyncio.StreamReader):
        while done < len(target):
            part = await reader.read(min(_AT_ONCE, len(target) - done))
            if not part:
                break
            target[done : done + len(part)] = part
            done += len(part)
        return done
    if not hasattr(reader, "readinto"):
        raise TypeError(
            "WebAssembly.Memory.read_into(): the reader must be a socket, an asyncio.StreamReader or "
            f"a binary file, not {type(reader).__name__}"
        )
    while done < len(target):
        left = len(target) - done
        count = await _in_thread(reader.readinto, target[done:])
        if not count:
            break
        if not isinstance(count, int) or not 0 < count <= left:
            raise TypeError(
                f"WebAssembly.Memory.read_into(): the reader says it read {count!r} of {left} bytes"
            )
        done += count
    return done


async def _in_thread(call: Callable[[memoryview], int | None], target: memoryview) -> int | None:
    """Call it in a thread, where there are threads."""
    if sys.platform == "emscripten":
        return call(target)
    return await asyncio.to_thread(call, target)
