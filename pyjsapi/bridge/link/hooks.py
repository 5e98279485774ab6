"""What the link layer in JavaScript puts into Python, and the anchors that tell it when something is dropped."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final


class Link:
    """JavaScript's functions that Python calls: see `hook` in ``polyfill/python/link/``. Without a link, none is there.

    Records are numbers that name memories in JavaScript; sizes and addresses are in bytes, growth in pages.
    """

    # Of the link itself.
    invoke: Callable[..., Any]
    failed: Callable[[], Any]
    take_thrown: Callable[[], Any]
    free_thrown: Callable[[int], Any]
    free_import: Callable[[int], Any]

    # Of memories.
    heap_memory: Callable[[Any, int, int], int]
    heap_moved: Callable[[int, Any], Any]
    new_memory: Callable[[int, int, int, int], int]
    move_to_javascript: Callable[[int, int], int]
    move_to_array_buffer: Callable[[int, int, int], int]
    accessor: Callable[[int, MemoryAnchor, str], Callable[..., Any]]
    grow_memory: Callable[[int, int], int]
    byte_length: Callable[[int], int]
    read: Callable[[int, int, int], bytes]
    write: Callable[[int, int, Any], Any]
    copy: Callable[[int, int, int, int, int], Any]
    free_memory: Callable[[int], Any]

    # Where there is no native link layer, and for memories that it reaches through proxies.
    can_wait: Callable[[], bool]
    atomic: Callable[..., Any]
    make_array_buffer: Callable[[int, int, int, bool], Any]
    make_native: Callable[[int, int, bool], Any]
    grow_native: Callable[[Any, int], int]


LINK: Final = Link()
HOOKS: Final = vars(LINK)
"""The link's functions by name, for JavaScript, which fills it."""


class ImportAnchor(int):
    """``self`` of a builtin that calls a JavaScript function: the function's number."""

    def __del__(self) -> None:
        LINK.free_import(int(self))


class MemoryAnchor(int):
    """``self`` of a memory's accessors: the address of the memory's record.

    It outlives the accessors, and frees what JavaScript holds for the memory when it goes.
    """

    data: object = None
    """The bytes, as long as they are in Python."""

    def __del__(self) -> None:
        LINK.free_memory(int(self))
