"""Pages of the operating system inside of bytes that Python has mapped: files put there, taken away, given back.

Everything here works on whole pages of `page_size` bytes; addresses are absolute. Where the system has no such calls
(Windows, Pyodide), or Python no `ctypes`, `paging` gives ``None``. A page is never left without anything behind it: an
access would end the process.
"""

from __future__ import annotations

import functools
import mmap
import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import ctypes

_MAP_FIXED: Final = 0x10
_LAZILY: Final = getattr(mmap, "MAP_NORESERVE", 0x4000 if sys.platform == "linux" else 0)


def page_size() -> int:
    """Bytes of a page of the system."""
    return mmap.PAGESIZE


class Paging:
    """The system's calls. Each raises `OSError`, with nothing changed."""

    __slots__ = ("_errno", "_map")

    def __init__(self, library: ctypes.CDLL) -> None:
        import ctypes

        self._errno = ctypes.get_errno
        call = library.mmap
        call.restype = ctypes.c_void_p
        call.argtypes = [ctypes.c_void_p, ctypes.c_size_t, *3 * [ctypes.c_int], ctypes.c_int64]
        self._map = call

    def put_file(
        self, address: int, count: int, descriptor: int, offset: int, *, write: bool, private: bool
    ) -> None:
        """Have pages be those of a file. What is written to ``private`` ones stays out of the file.

        ``write`` tells whether the file is open for writing. Pages of one that is not are private, so that they can be
        written to without harm: who must not write is told by us, not by the system.
        """
        flags = mmap.MAP_SHARED if write and not private else mmap.MAP_PRIVATE
        self._put(address, count, flags, descriptor, offset)

    def put_zeros(self, address: int, count: int) -> None:
        """Have pages be fresh zeros, which take room when they are written to."""
        self._put(address, count, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | _LAZILY, -1, 0)

    def _put(self, address: int, count: int, flags: int, descriptor: int, offset: int) -> None:
        access = mmap.PROT_READ | mmap.PROT_WRITE
        found = self._map(address, count, access, flags | _MAP_FIXED, descriptor, offset)
        if found != address:
            number = self._errno()
            raise OSError(number, f"cannot map {count} bytes: {os.strerror(number)}")


@functools.cache
def paging() -> Paging | None:
    """What maps pages here."""
    if os.name != "posix" or sys.platform == "emscripten" or not hasattr(mmap, "MAP_PRIVATE"):
        return None
    try:
        import ctypes

        return Paging(ctypes.CDLL(None, use_errno=True))
    except (ImportError, OSError, AttributeError):
        return None


def address_of(data: Any) -> int:
    """The absolute address of a writable, contiguous buffer's first byte. The buffer is held only for the moment."""
    import ctypes

    return ctypes.addressof((ctypes.c_char * 0).from_buffer(data))


class PageMap:
    """Files in the place of some pages of a block's bytes, which never move. Addresses are the block's.

    ``restore`` puts a block's own pages back, from an absolute address on, at an address of the block.
    """

    __slots__ = ("_data", "_restore", "address", "parts", "possible")

    def __init__(self, data: Any, restore: Callable[[Paging, int, int, int], None]) -> None:
        self._data = data
        self._restore = restore
        self.address = address_of(data) if len(data) and paging() is not None else 0
        """The absolute address of the first byte."""
        self.possible = bool(self.address) and not self.address % page_size()
        """Whether there are pages of their own here, and the system can map others."""
        self.parts: tuple[tuple[int, int], ...] = ()
        """Start and end of each part that is a file's."""

    def map_file(
        self,
        address: int,
        count: int,
        descriptor: int,
        offset: int,
        *,
        write: bool,
        private: bool = False,
    ) -> None:
        """Put pages of a file in the place of the block's own; all numbers are multiples of the system's pages.

        The file is open for writing if ``write``; what is written to ``private`` pages stays out of it. Raises
        `OSError` where the system refuses, or has no such call.
        """
        absolute = self.address + address
        _system().put_file(absolute, count, descriptor, offset, write=write, private=private)
        self._forget(address, address + count)
        self.parts = (*self.parts, (address, address + count))

    def unmap(self, address: int, count: int) -> None:
        """Put zeros of the block's own in the place of pages. Raises `OSError`."""
        self._restore(_system(), self.address + address, address, count)
        self._forget(address, address + count)

    def overlaps(self, start: int, end: int) -> bool:
        """Whether some of the bytes are a file's."""
        return any(first < end and start < last for first, last in self.parts)

    def _forget(self, start: int, end: int) -> None:
        if not self.overlaps(start, end):
            return
        cut = [
            part
            for first, last in self.parts
            for part in ((first, min(last, start)), (max(first, end), last))
        ]
        self.parts = tuple(part for part in cut if part[0] < part[1])


def _system() -> Paging:
    system = paging()
    if system is None:
        raise OSError("this system cannot map a file into a memory")
    return system
