"""How deep WebAssembly code may call, and Python's recursion limit.

Functions call each other as Python functions do, so the depth of wasm's call stack is Python's recursion limit. That
belongs to the whole process: it is raised while anybody is inside of code that may call deep, and what it was comes
back when the last has left. Functions that cannot (see `bounded`) need none of this and pay nothing.

No lock is needed. CPython lets other threads run, and raises exceptions that come from outside, only where a function
begins or has returned and where a loop goes round. So statements on the lists below, and the call that ends them, are
one step; what others may have done is asked again after every call.
"""

from __future__ import annotations

import os
import sys
from _thread import _count as count_threads  # all but the main one
from collections.abc import Callable
from functools import lru_cache
from sys import getrecursionlimit, setrecursionlimit
from types import FrameType
from typing import Any, Final, TypeVar, cast

from pyjsapi.blocks.undivided import current_frames, outer_frames

_LOWERING_ABORTS: Final = sys.version_info < (3, 12)
"""Whether Python ends the process if the limit is lowered below the depth of another thread."""
_CALLS_PER_FRAME: Final = 3
"""What a frame may count for there, where calls of C count as well."""
_ENTRANCE: Final = "<wasm entrance>"
"""File name of code that enters: where it is exhausted, wasm code is."""

entries: Final = [0]
"""How many calls are inside now, of all threads."""
level: Final = [0]
"""The limit that was set here and not taken back; 0 if none was."""
_usual: Final = [0]
"""The limit that was there before; 0 if none was set."""

_T = TypeVar("_T")


def deepen(depth: int) -> None:
    """Raise the limit to ``depth``, after ``entries`` was counted up."""
    found = getrecursionlimit()
    if found < depth and level[0] < depth:
        if not _usual[0]:
            _usual[0] = found
        level[0] = depth
        setrecursionlimit(depth)


def leave() -> None:
    """Bring the usual limit back, when ``entries`` has become 0."""
    raised = level[0]
    if getrecursionlimit() != raised:
        if not entries[0]:  # None was set here, or somebody has set another one, which stays.
            level[0] = _usual[0] = 0
        return
    if _LOWERING_ABORTS and count_threads() and _is_another_deep(_usual[0] // _CALLS_PER_FRAME):
        return  # Whoever leaves next tries again.
    if not entries[0] and level[0] == raised:
        usual = _usual[0]
        level[0] = _usual[0] = 0
        try:
            setrecursionlimit(usual)
        except RecursionError:  # This thread is deeper than that.
            level[0], _usual[0] = raised, usual


def _is_another_deep(frames: int) -> bool:
    """Whether another thread has more than so many frames."""
    for innermost in current_frames().values():
        frame: FrameType | None = innermost
        for _ in range(frames):
            if frame is None:
                break
            frame = frame.f_back
        if frame is not None:
            return True
    return False


def call_deep(depth: int, function: Callable[..., _T], *arguments: Any) -> _T:
    """Call a function that may go as deep as ``depth``; those that this is needed for more often do it themselves."""
    entries[0] += 1
    inside = True  # noqa: F841 - for `_after_fork`
    try:
        if level[0] < depth:
            deepen(depth)
        return function(*arguments)
    finally:
        entries[0] -= 1
        if not entries[0]:
            leave()


def deep_lines(lines: list[str], depth: str) -> list[str]:
    """Python source that does the same with lines; `DEEP_SCOPE` are the names that it needs."""
    return [
        "entries[0] += 1",
        "inside = True",
        "try:",
        f" if level[0] < {depth}: deepen({depth})",
        *(f" {line}" for line in lines),
        "finally:",
        " entries[0] -= 1",
        " if not entries[0]: leave()",
    ]


DEEP_SCOPE: Final[dict[str, Any]] = {
    "deepen": deepen,
    "entries": entries,
    "leave": leave,
    "level": level,
}


def entrance(function: Callable[..., Any], parameters: int, depth: int) -> Callable[..., Any]:
    """`call_deep` of a function with so many parameters, as a function: unlike that it uses no C stack."""
    return _entrance(parameters)(function, depth)


@lru_cache(maxsize=256)
def _entrance(parameters: int) -> Callable[[Callable[..., Any], int], Callable[..., Any]]:
    names = ",".join(f"a{i}" for i in range(parameters))
    lines = deep_lines([f"return function({names})"], "depth")
    source = "\n".join(
        [
            "def make(function, depth):",
            f" def entrance({names}):",
            *(f"  {line}" for line in lines),
            " return entrance",
        ]
    )
    scope = dict(DEEP_SCOPE)
    exec(compile(source, _ENTRANCE, "exec"), scope)
    return cast("Callable[[Callable[..., Any], int], Callable[..., Any]]", scope["make"])


def _after_fork() -> None:
    """Forget the threads that a child process has not got."""
    inside = 0
    for innermost in (sys._getframe(), *outer_frames()):
        frame: FrameType | None = innermost
        while frame is not None:
            if "deepen" in frame.f_code.co_names:  # code of this module, or made from `deep_lines`
                inside += "inside" in frame.f_locals
            frame = frame.f_back
    entries[0] = inside
    if not inside:
        leave()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
