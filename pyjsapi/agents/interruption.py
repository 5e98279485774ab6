"""Raising an exception in another thread, where it does no harm.

CPython raises it at the thread's next *step*: a call, the end of one, or a jump backwards. As long as the interpreter's
lock is held here the thread stands still, so what its next step is can be told from the instruction that it stands at,
and whether an exception may come there. To look and to set the exception is one step, in which no other thread has
its turn (`_raise_there`); what was found out before, at leisure, holds if the thread has not moved. From
CPython 3.13 on it may be the step after the next, if the thread stands still because others have their turn: in the
caller of the innermost frame, say. So that counts as well.

It must not come

- while the thread starts another, unless that runs already. Up to CPython 3.11 a new thread has the identity of the one
  that starts it until it runs: it would be the one to get the exception, and who starts it would wait for it for ever.
- in what keeps the books of waiters, agents, messages and depths, all of which is short, nor while a memory grows or
  becomes one that processes share, and half of those who have it know. What blocks there, or is called again and
  again, looks itself whether the agent is to end (`blocks.waiting.heed_interruption`);
- in what takes and releases locks of the standard library that are written in Python, such as those of the import
  system: they would stay locked;
- while an event loop is made or closed: half of one cannot be closed any more.

It should not come, but may if the thread is found nowhere else for long,

- in other code of the standard library, which holds such locks, nor in the code cache, which writes files;
- in a finaliser, which drops it and prints it;
- while a module is imported: many cannot be imported again after half of it.
"""

from __future__ import annotations

import functools
import operator
import os
import sys
import threading
from itertools import compress, starmap
from opcode import opname
from operator import attrgetter, methodcaller
from types import CodeType, FrameType
from typing import Any, Final

from pyjsapi.blocks.undivided import current_frames, run_through

# Asked of code: of modules that are there as bytecode only, `__file__` is another name.
_PACKAGE: Final = os.path.dirname(os.path.dirname(run_through.__code__.co_filename))
_BLOCKS: Final = os.path.join(_PACKAGE, "blocks", "")
_AGENTS: Final = os.path.join(_PACKAGE, "agents", "")
_BOOKKEEPING: Final = (
    _BLOCKS,
    _AGENTS,
    os.path.join(_PACKAGE, "ecmascript", "promises.py"),
    os.path.join(_PACKAGE, "runtime", "bell.py"),
    os.path.join(_PACKAGE, "runtime", "call_clock.py"),
    os.path.join(_PACKAGE, "runtime", "depth.py"),
    os.path.join(_PACKAGE, "runtime", "fuel.py"),
    "<frozen importlib._bootstrap>",
)
"""How the files begin whose code no exception may come into."""
_CACHE: Final = os.path.join(_PACKAGE, "compiler", "cache")
_LIBRARY: Final = os.path.join(os.path.dirname(os.__file__), "")
_ASYNCIO: Final = os.path.join(_LIBRARY, "asyncio", "")
_UNDIVIDED: Final = {
    _ASYNCIO + "events": frozenset({"new_event_loop"}),
    **{
        f"{_ASYNCIO}{kind}_events": frozenset({"close"})
        for kind in ("base", "proactor", "selector", "unix", "windows")
    },
    _BLOCKS: frozenset({"tell_followers", "share", "attach"}),
    _CACHE: frozenset({"collector_off"}),
    "<frozen importlib._bootstrap_external>": frozenset({"get_data", "_write_atomic"}),
}
"""Functions that no exception may leave, whatever they call, by how their files begin."""
_LOCKING: Final = frozenset(
    "acquire release __enter__ __exit__ _acquire_restore _release_save _acquireLock _releaseLock".split()
)
"""Functions of the library that take and release its locks."""
_INSTALLED: Final = tuple(
    os.path.join(_LIBRARY, folder, "") for folder in ("site-packages", "dist-packages")
)
_NEW_THREADS_HAVE_NO_IDENTITY: Final = sys.version_info >= (3, 12)
_COMES_LATE: Final = sys.version_info >= (3, 13)
_STARTING: Final = threading.Thread.start.__code__
_AWAITING_START: Final = (threading.Condition.wait.__code__, threading.Event.wait.__code__)
"""Of the innermost frames of a thread that has started another and waits for it."""
_CALLING_NOTHING: Final = frozenset(
    "POP_TOP STORE_FAST STORE_FAST_LOAD_FAST STORE_FAST_STORE_FAST STORE_NAME STORE_GLOBAL STORE_DEREF DELETE_FAST"
    " DELETE_NAME DELETE_GLOBAL DELETE_DEREF BUILD_LIST BUILD_TUPLE MAKE_FUNCTION RESUME JUMP_BACKWARD".split()
)
"""What is called at one of these instructions is called because an object is let go of, or by the collector."""
_NEAR: Final = 16
"""How many frames are asked at which instruction they are: finalisers are short."""


def raise_in(thread: threading.Thread, error: type[BaseException], anywhere: bool) -> bool:
    """Raise an exception in a thread, at its next step; ``False`` where that would do harm now.

    ``anywhere`` allows what should not be, but may. Raises `ImportError` without `ctypes`.
    """
    ident = thread.ident
    frame = current_frames().get(ident or 0)
    if ident is None or frame is None:
        return False
    step = frame.f_lasti
    return may_come(frame, anywhere) and _raise_there(ident, frame, step, error)


def take_back(thread: threading.Thread) -> None:
    """Let an exception not come that has been set and has not come yet. Called in the thread itself."""
    if thread.ident is not None:
        _functions().clear(thread.ident, None)


def may_come(frame: FrameType, anywhere: bool) -> bool:
    """Whether an exception may come at the next step of a thread whose innermost frame this is."""
    file = frame.f_code.co_filename
    if file.startswith(_BOOKKEEPING) or (_is_of_library(file) and frame.f_code.co_name in _LOCKING):
        return False
    if frame.f_code is _AWAITING_START[0] and _awaits_running_thread(frame, anywhere):
        return True
    caller = frame.f_back
    allowed = anywhere or not (
        _is_of_library(file)
        or (_COMES_LATE and caller is not None and _is_of_library(caller.f_code.co_filename))
    )
    distance = 0
    caller = frame
    while caller is not None:
        if _is_undivided(caller.f_code):
            return False
        allowed = allowed and (anywhere or not _is_delicate(caller, distance))
        distance += 1
        caller = caller.f_back
    return allowed


def _awaits_running_thread(frame: FrameType, anywhere: bool) -> bool:
    """Whether a thread waits for one to begin that it has started and that is no longer taken for it.

    Where the exception comes then, `threading.Condition` is prepared for it, and has a lock that nobody else needs.
    """
    event = frame.f_back
    start = event.f_back if event is not None and event.f_code is _AWAITING_START[1] else None
    caller = start.f_back if start is not None and start.f_code is _STARTING else None
    if start is None or caller is None:
        return False
    runs = _NEW_THREADS_HAVE_NO_IDENTITY or start.f_locals["self"].ident is not None
    return runs and may_come(caller, anywhere)


def _is_undivided(code: CodeType) -> bool:
    return code is _STARTING or any(
        code.co_name in names and code.co_filename.startswith(file)
        for file, names in _UNDIVIDED.items()
    )


def _is_of_library(file: str) -> bool:
    return file.startswith(("<frozen ", _CACHE)) or (
        file.startswith(_LIBRARY) and not file.startswith(_INSTALLED)
    )


def _is_delicate(frame: FrameType, distance: int) -> bool:
    """Whether an exception should not leave a frame, which is so far from the innermost one."""
    code = frame.f_code
    if code.co_name == "__del__" or code.co_filename.startswith("<frozen importlib"):
        return True
    return 0 < distance < _NEAR and opname[code.co_code[frame.f_lasti]] in _CALLING_NOTHING


class _Functions:
    """``PyThreadState_SetAsyncExc`` of the C library of Python, which keeps the interpreter's lock."""

    def __init__(self) -> None:
        import ctypes

        found = ("PyThreadState_SetAsyncExc", ctypes.pythonapi)
        self.raise_: Any = ctypes.PYFUNCTYPE(ctypes.c_int, ctypes.c_ulong, ctypes.py_object)(found)
        self.clear: Any = ctypes.PYFUNCTYPE(ctypes.c_int, ctypes.c_ulong, ctypes.c_void_p)(found)


_functions: Final = functools.cache(_Functions)


def _raise_there(ident: int, frame: FrameType, step: int, error: type[BaseException]) -> bool:
    """Set an exception if the innermost frame of a thread is this one, and at that instruction; in one step."""
    frames: list[dict[int, FrameType]] = []
    looking = map(frames.append, map(operator.call, (sys._current_frames,)))
    is_there = map(operator.is_, map(methodcaller("get", ident), frames), [frame])
    stands = map(operator.eq, map(attrgetter("f_lasti"), [frame]), [step])
    standing = map(operator.and_, is_there, stands)
    raised: list[int] = []
    raising = starmap(_functions().raise_, compress([(ident, error)], standing))
    run_through(looking, map(raised.append, raising))
    frames.clear()  # One of them, of this thread, has the list.
    return raised == [1]
