"""Bytes of fixed place that other processes can map: the ground of shared data blocks.

A segment is a file without a name, `memfd` where the system has it, else a temporary file that is unlinked at once.
Other processes get it as a file descriptor, so nothing of it outlives the last process that has it, however that ends.
It starts with `CONTROL_SIZE` bytes for `control.ControlPage`; the bytes of the block follow, as many as it can ever
have, and take room only where they are written to.

Without descriptors to hand over (Windows, Pyodide), or where none are left, the bytes are an anonymous mapping: threads
share them as well, but they can never be shared with another process.
"""

from __future__ import annotations

import contextlib
import mmap
import os
import sys
from collections.abc import Iterator
from typing import Final

from pyjsapi.blocks.shared import CONTROL_SIZE

_SHARED_MEMORY: Final = "/dev/shm"
_CAN_CROSS: Final = os.name == "posix" and sys.platform != "emscripten"


class Segment:
    """A mapped file: ``descriptor`` stays open as long as the segment lives, which keeps ``control`` and ``data``."""

    __slots__ = ("__weakref__", "_mapped", "control", "data", "descriptor")

    def __init__(self, descriptor: int) -> None:
        """Map the file that ``descriptor`` stands for; the segment closes it at its end. Raises `OSError`."""
        self.descriptor = descriptor
        self._mapped = _map(descriptor)
        view = memoryview(self._mapped)
        self.control = view[:CONTROL_SIZE]
        """What processes agree by."""
        self.data = view[CONTROL_SIZE:]
        """The bytes of the block."""

    def discard(self, start: int, count: int) -> bool:
        """Give pages of the file back to the system, and have zeros there for all; whether that is possible."""
        if not hasattr(mmap, "MADV_REMOVE"):
            return False
        try:
            self._mapped.madvise(mmap.MADV_REMOVE, start, count)
        except OSError:
            return False
        return True

    _close = staticmethod(os.close)  # when the program ends, the module's names may be gone

    def __del__(self) -> None:
        try:
            self._close(self.descriptor)
        except OSError:
            return


def _map(descriptor: int) -> mmap.mmap:
    size = os.fstat(descriptor).st_size
    if size < CONTROL_SIZE:
        raise OSError(
            f"a segment of {size} bytes: it must have {CONTROL_SIZE} and those of its block"
        )
    if sys.version_info >= (3, 13):
        return mmap.mmap(descriptor, size, trackfd=False)
    return mmap.mmap(descriptor, size)


def new_segment(count: int) -> Segment | None:
    """A segment for ``count`` zeros, or ``None`` where the system has none to give."""
    if not _CAN_CROSS:
        return None
    try:
        descriptor = _open_unnamed()
    except OSError:
        return None
    try:
        os.ftruncate(descriptor, CONTROL_SIZE + count)
        segment = Segment(descriptor)
    except (OSError, ValueError, OverflowError):
        os.close(descriptor)
        return None
    return segment


def _open_unnamed() -> int:
    """A new file that has no name (any more). Raises `OSError`."""
    if hasattr(os, "memfd_create"):
        with contextlib.suppress(OSError):
            return os.memfd_create("pyjsapi", os.MFD_CLOEXEC)
    import tempfile  # which takes long, and hardly any system needs it

    in_memory = _SHARED_MEMORY if os.path.isdir(_SHARED_MEMORY) else None
    descriptor, path = tempfile.mkstemp(prefix="pyjsapi-", dir=in_memory)
    os.unlink(path)
    return descriptor


def halved(least: int, most: int) -> Iterator[int]:
    """``most``, and half of it as often as that is more than ``least``, which comes last."""
    count = most
    while count > least:
        yield count
        count = max(least, count >> 1)
    yield least


def reserve(least: int, most: int) -> tuple[memoryview[int], Segment | None]:
    """Zeros that never move, as many as there can be had: ``most`` bytes, or fewer down to ``least``.

    With them the segment that they are in, if other processes can be given them. Raises `MemoryError`.
    """
    for count in halved(least, most):
        segment = new_segment(count)
        if segment is not None:
            return segment.data, segment
        if count == 0:
            return memoryview(bytearray()), None
        with contextlib.suppress(OSError, ValueError, OverflowError):
            return memoryview(anonymous(count)), None
    raise MemoryError(f"cannot reserve {least} bytes")


def anonymous(count: int) -> mmap.mmap:
    """Zeros of this process alone, which take room where they are written to. Raises what `mmap.mmap` does."""
    if hasattr(mmap, "MAP_PRIVATE"):
        lazily = getattr(mmap, "MAP_NORESERVE", 0)
        return mmap.mmap(-1, count, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | lazily)
    return mmap.mmap(-1, count)
