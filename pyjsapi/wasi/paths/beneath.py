"""Paths resolved by the kernel: ``openat2`` with RESOLVE_BENEATH and RESOLVE_NO_MAGICLINKS (Linux 5.6)."""

from __future__ import annotations

import errno
import os
import sys
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from pyjsapi.wasi.paths import LOOK, NOFOLLOW, escape

if TYPE_CHECKING:
    from ctypes import Array, c_uint64

_OPENAT2: Final = 437
"""The number of the system call, on every architecture."""
_NO_MAGICLINKS: Final = 0x02
_BENEATH: Final = 0x08
_TRIES: Final = 1000
"""Times that a path is resolved anew while others rename what it goes through."""


@cache
def _syscall() -> Any:
    import ctypes

    call = ctypes.CDLL(None, use_errno=True).syscall
    call.restype = ctypes.c_long
    call.argtypes = [
        ctypes.c_long,
        ctypes.c_int,
        ctypes.c_char_p,
        ctypes.c_void_p,
        ctypes.c_size_t,
    ]
    return call


def _openat2(root: int, path: bytes, flags: int, mode: int) -> int:
    import ctypes

    how: Array[c_uint64] = (ctypes.c_uint64 * 3)(flags, mode, _BENEATH | _NO_MAGICLINKS)
    found: int = _syscall()(_OPENAT2, root, path, how, ctypes.sizeof(how))
    if found < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return found


@cache
def has_openat2() -> bool:
    """Whether the kernel has the call, and lets this process use it."""
    if sys.platform != "linux":
        return False
    try:
        root = os.open("/", LOOK)
        try:
            os.close(_openat2(root, b".", LOOK, 0))
        finally:
            os.close(root)
    except (ImportError, AttributeError, OSError):
        return False
    return True


class Beneath:
    """See `Resolver`."""

    def open(self, root: int, path: bytes, flags: int, *, follow: bool) -> int:
        """See `Resolver`."""
        if path.startswith(b"/"):
            raise escape()
        flags |= os.O_CLOEXEC | (0 if follow else NOFOLLOW)
        mode = 0o666 if flags & os.O_CREAT else 0
        for _ in range(_TRIES):
            try:
                return _openat2(root, path, flags, mode)
            except OSError as error:
                if error.errno == errno.EXDEV:
                    raise escape() from None
                if error.errno not in (errno.EAGAIN, errno.EINTR):
                    raise
        raise OSError(errno.EAGAIN, "the path is changed all the time")
