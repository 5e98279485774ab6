"""Whether a thread has the C stack that native code may take."""

from __future__ import annotations

import ctypes
import sys
import threading
from typing import Any, Final

from pyjsapi.engines.wasmtime.native_engine import MAX_STACK
from pyjsapi.syntax.errors import WasmError

NEEDED: Final = MAX_STACK + (512 << 10)
"""Bytes of stack that a thread must have: native code's, and room for Python's functions at its end."""


class SmallStack(WasmError):
    """The thread has not the stack that native code needs."""


class _Thread(threading.local):
    admitted: bool


thread: Final = _Thread()
"""Has the attribute ``admitted`` in threads that have been found to have the stack."""


def admit() -> None:
    """Raise `SmallStack` in a thread whose stack is too small: native code would end the process there."""
    try:
        if thread.admitted:
            return
    except AttributeError:
        size = _stack_size()
        if size is not None and size < NEEDED:
            raise SmallStack(
                f"the thread has a stack of {size >> 10} KiB, WebAssembly on Wasmtime needs {NEEDED >> 10}: "
                f"call threading.stack_size({NEEDED}) before the thread is started"
            ) from None
        thread.admitted = True


def _stack_size() -> int | None:
    """Bytes of this thread's stack, as far as that can be told."""
    if sys.platform == "linux":
        return _of_pthread()
    return threading.stack_size() or None


def _of_pthread() -> int | None:
    try:
        libc: Any = ctypes.CDLL(None)
        attributes = (ctypes.c_uint64 * 32)()
        size = ctypes.c_size_t()
        address = ctypes.c_void_p()
        libc.pthread_self.restype = ctypes.c_void_p
        if libc.pthread_getattr_np(ctypes.c_void_p(libc.pthread_self()), attributes):
            return None
        libc.pthread_attr_getstack(attributes, ctypes.byref(address), ctypes.byref(size))
        libc.pthread_attr_destroy(attributes)
    except (OSError, AttributeError):
        return None
    return size.value or None
