"""Where shared bytes are made in Pyodide: in a memory of JavaScript, if other workers can have it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pyjsapi.bridge.link.connection import NO_TEXT, is_possible
from pyjsapi.syntax.types import PAGE_SIZE

if TYPE_CHECKING:
    from pyjsapi.blocks.shared import SharedBlock

NOT_ISOLATED: Final = (
    "this page can share no memory, because it is not cross-origin isolated: it must be served with the headers "
    "Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp"
)
_ENABLED: list[bool] = []


def enable(on: bool = True) -> None:
    """Make shared memories from now on so that Web Workers and JavaScript can have them, or no more.

    In a page that is cross-origin isolated, and in workers, they are so from the start, if a policy allows it. Raises
    ``RuntimeError`` where JavaScript itself can share no memory, and says what is missing.
    """
    if on and not can_share():
        raise RuntimeError(f"pyjsapi.javascript.enable(): {NOT_ISOLATED}")
    if on and not is_possible():
        raise RuntimeError(f"pyjsapi.javascript.enable(): {NO_TEXT}")
    _ENABLED[:] = [on]


def can_share() -> bool:
    """Whether JavaScript can share memories with workers here. Raises `ImportError` where there is no JavaScript."""
    import js

    isolated = getattr(js, "crossOriginIsolated", None)  # which Node has not
    return hasattr(js, "SharedArrayBuffer") and isolated is not False


def is_enabled() -> bool:
    """Whether shared memories are made in JavaScript."""
    if not _ENABLED:
        import js

        _ENABLED.append(
            bool(getattr(js, "crossOriginIsolated", False)) and can_share() and is_possible()
        )
    return _ENABLED[0]


def why_in_python() -> str:
    """What would bring the bytes of a memory to JavaScript."""
    if not can_share():
        return NOT_ISOLATED
    if not is_possible():
        return NO_TEXT
    return "it must be shared, and made after pyjsapi.javascript.enable() or in a cross-origin isolated page"


def make_shared(length: int, most: int, unit: int) -> SharedBlock | None:
    """A shared block in JavaScript; ``None`` where it is Python's own: see `blocks.places.new_shared_block`.

    JavaScript's memories grow by pages. Raises `MemoryError` where the engine allows no more of them.
    """
    fixed = length == most
    if not is_enabled() or (unit != PAGE_SIZE and not (fixed and unit == 1)):
        return None
    from pyjsapi.bridge.memory.web import MOST_PAGES, new_block

    if unit == PAGE_SIZE:
        return new_block(length // PAGE_SIZE, min(most // PAGE_SIZE, MOST_PAGES))
    pages = -(-length // PAGE_SIZE)
    return new_block(pages, pages, fixed_length=length)


def to_javascript(memory: Any) -> Any:
    """The native ``WebAssembly.Memory`` with the bytes of a shared `WebAssembly.Memory`, for JavaScript.

    Raises `ValueError` for a memory whose bytes are in Python: see `enable`.
    """
    from pyjsapi.bridge.memory.web import WebBlock

    block = memory._memory.block
    if not isinstance(block, WebBlock):
        raise ValueError(f"the bytes of this memory are in Python: {why_in_python()}")
    return block.memory


def from_javascript(memory: Any, maximum: int) -> Any:
    """The `WebAssembly.Memory` for a native shared ``WebAssembly.Memory`` with that maximum, in pages.

    Raises `TypeError` for anything else, `ValueError` for a maximum that it cannot have.
    """
    from pyjsapi.bridge.memory.web import MOST_PAGES, WebBlock
    from pyjsapi.jsapi.memory import memory_object
    from pyjsapi.runtime.memory import MemInst
    from pyjsapi.syntax.types import I32, MemType

    buffer = getattr(memory, "buffer", None)
    constructor = getattr(buffer, "constructor", None)
    if getattr(constructor, "name", None) != "SharedArrayBuffer" or not hasattr(memory, "grow"):
        raise TypeError("from_javascript(): the memory must be a shared WebAssembly.Memory")
    pages = int(memory.buffer.byteLength) // PAGE_SIZE
    if not pages <= maximum <= MOST_PAGES:
        raise ValueError(
            f"from_javascript(): the maximum must be {pages} to {MOST_PAGES} pages, not {maximum}"
        )
    block = WebBlock(memory, maximum * PAGE_SIZE)
    type_ = MemType(I32, pages, maximum, shared=True)
    return memory_object(MemInst(type_, page_limit=maximum, block=block))
