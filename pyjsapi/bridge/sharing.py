"""Where shared bytes are made in Pyodide: in a memory of JavaScript, if other workers can have it."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from pyjsapi.syntax.types import PAGE_SIZE, PAGE_SIZE_LOG2, MemType

if TYPE_CHECKING:
    from pyjsapi.blocks.block import SharedBlock
    from pyjsapi.runtime.memory import MemoryStorage

_ENABLED: list[bool] = []


def enable(on: bool = True) -> None:
    """Make shared memories from now on so that Web Workers and JavaScript can have them, or no more.

    In a page that is cross-origin isolated, and in workers, they are so from the start.
    """
    _ENABLED[:] = [on]


def is_enabled() -> bool:
    """Whether shared memories are made in JavaScript."""
    return _ENABLED[0] if _ENABLED else _is_isolated()


@cache
def _is_isolated() -> bool:
    import js

    return bool(getattr(js, "crossOriginIsolated", False)) and hasattr(js, "SharedArrayBuffer")


def make_storage(type_: MemType, page_limit: int) -> MemoryStorage | None:
    """The storage of a new shared memory; ``None`` where it is Python's own. `MemoryError` without room."""
    if type_.page_size_log2 != PAGE_SIZE_LOG2 or not is_enabled():
        return None
    from pyjsapi.bridge.web_block import MOST_PAGES, WebMemoryStorage, new_block

    most = min(page_limit if type_.maximum is None else type_.maximum, page_limit, MOST_PAGES)
    block = new_block(type_.minimum, most)
    return WebMemoryStorage(type_, page_limit=page_limit, block=block)


def make_block(length: int, most: int) -> SharedBlock | None:
    """The block of a new SharedArrayBuffer of fixed length, likewise."""
    if length != most or not is_enabled():
        return None
    from pyjsapi.bridge.web_block import new_block

    pages = -(-length // PAGE_SIZE)
    return new_block(pages, pages, fixed_length=length)


def storage_on(block: Any, type_: MemType, page_limit: int) -> MemoryStorage:
    """A storage of this agent's own on a block that has arrived."""
    from pyjsapi.bridge.web_block import WebMemoryStorage

    return WebMemoryStorage(type_, page_limit=page_limit, block=block)


async def prepare_workers() -> None:
    """Make a snapshot of a Pyodide that has imported pyjsapi, which workers of kind ``web`` start from henceforth.

    That takes as long as the start of one such worker, and about 30 MB that all have in common; each of them starts
    several times faster then. Raises `pyodide.ffi.JsException` where Pyodide's files cannot be loaded.
    """
    from pyjsapi.bridge.worker import prepare

    await prepare()


def to_javascript(memory: Any) -> Any:
    """The native ``WebAssembly.Memory`` with the bytes of a shared `WebAssembly.Memory`, for JavaScript.

    Raises `ValueError` for a memory whose bytes are in Python: see `enable`.
    """
    from pyjsapi.bridge.web_block import WebBlock

    block = getattr(memory._storage, "block", None)
    if not isinstance(block, WebBlock):
        raise ValueError(
            "the bytes of this memory are in Python: it must be shared, and made after "
            "pyjsapi.bridge.sharing.enable() unless the page is cross-origin isolated"
        )
    return block.memory


def from_javascript(memory: Any, maximum: int) -> Any:
    """The `WebAssembly.Memory` for a native shared ``WebAssembly.Memory`` with that maximum, in pages.

    Raises `TypeError` for anything else, `ValueError` for a maximum that it cannot have.
    """
    from pyjsapi.bridge.web_block import MOST_PAGES, WebBlock, WebMemoryStorage
    from pyjsapi.jsapi.memory import memory_object
    from pyjsapi.syntax.types import I32

    buffer = getattr(memory, "buffer", None)
    constructor = getattr(buffer, "constructor", None)
    if getattr(constructor, "name", None) != "SharedArrayBuffer" or not hasattr(memory, "grow"):
        raise TypeError("from_javascript(): the memory must be a shared WebAssembly.Memory")
    pages = int(memory.buffer.byteLength) >> PAGE_SIZE_LOG2
    if not pages <= maximum <= MOST_PAGES:
        raise ValueError(
            f"from_javascript(): the maximum must be {pages} to {MOST_PAGES} pages, not {maximum}"
        )
    block = WebBlock(memory, maximum << PAGE_SIZE_LOG2)
    type_ = MemType(I32, pages, maximum, True, PAGE_SIZE_LOG2)
    return memory_object(WebMemoryStorage(type_, page_limit=maximum, block=block))
