"""How what was started from a command line ends: what to say of it, and with which exit code."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any, Final, NamedTuple

from pyjsapi.ecmascript.errors import RangeError
from pyjsapi.jsapi import errors
from pyjsapi.jsapi.exception import Exception as WasmException
from pyjsapi.jsapi.instance import Instance
from pyjsapi.validation.limits import Limits

FAILED: Final = 1
"""A call failed."""
OUT_OF_HOST_CALLS: Final = 121
"""What ran had called the host as often as it may."""
OUT_OF_FUEL: Final = 122
"""What ran had executed as many instructions as it may."""
MEMORY_LIMIT: Final = 123
"""What ran failed after a memory could not grow, or needs larger memories than it may have."""
TIMED_OUT: Final = 124
"""What ran took longer than it may; as of ``timeout`` in coreutils."""

NO_OUTPUT: Final = 73
"""Something cannot be written."""

_OUTPUT_ERRORS: Final = (errno.EPIPE, errno.ENOSPC, errno.EIO, errno.EFBIG, errno.EBADF)

FAILURES: Final = (
    errors.LinkError,
    errors.RuntimeError,
    WasmException,
    RangeError,
    TypeError,
)
"""What an instantiation or a call from outside can raise that is no fault of the host's."""


class Ending(NamedTuple):
    """Why something ended, and the exit code."""

    code: int
    message: str


def ending_of(
    error: Exception,
    limits: Limits,
    memories: Iterable[Any] = (),
    options: Mapping[int, str] | None = None,
) -> Ending | None:
    """How an exception that was raised under some limits ended it, if it was one of these, or of the memories
    (`memories_of`).

    ``options`` are what to add about where a limit is set, by exit codes.
    """
    more = options or {}
    if isinstance(error, errors.OutOfFuel):
        told = f"out of fuel: it may execute {limits.fuel} instructions{more.get(OUT_OF_FUEL, '')}"
        return Ending(OUT_OF_FUEL, told)
    if isinstance(error, errors.OutOfHostCalls):
        made = f"it may make {limits.max_host_calls}{more.get(OUT_OF_HOST_CALLS, '')}"
        return Ending(OUT_OF_HOST_CALLS, f"out of host calls: {made}")
    if isinstance(error, errors.DeadlineExceeded):
        told = f"time-out: it may run for {limits.deadline:g} s{more.get(TIMED_OUT, '')}"
        return Ending(TIMED_OUT, told)
    refusal = refusal_of(memories, limits, more.get(MEMORY_LIMIT, ""))
    if refusal:
        return Ending(MEMORY_LIMIT, f"{refusal}; then: {error}")
    if isinstance(error.__cause__, MemoryError) and limits.max_memory_bytes is not None:
        return Ending(MEMORY_LIMIT, f"{error}{more.get(MEMORY_LIMIT, '')}")
    return None


def refusal_of(memories: Iterable[Any], limits: Limits, option: str = "") -> str:
    """What a memory of an instance asked for and did not get because of the limits; or nothing."""
    most = limits.max_memory_bytes
    if most is None:
        return ""
    given = list(memories)
    total = sum(memory.byte_length for memory in given)
    for memory in given:
        length = memory.refused
        if length and total - memory.byte_length + length > most:
            return (
                f"memory limit: a memory could not become {length} bytes large, "
                f"it may have {most}{option}"
            )
    return ""


def memories_of(instance: Instance | None) -> tuple[Any, ...]:
    """The memories of an instance, if the engine tells them."""
    return () if instance is None else tuple(getattr(instance._instance, "mems", ()))


def told(error: Exception) -> str:
    """The message of an exception out of WebAssembly, and the calls that it passed."""
    return "\n".join([str(error), *getattr(error, "__notes__", ())])


def kind_of(error: Exception) -> str:
    """What an exception is called."""
    return str(getattr(error, "name", type(error).__name__))


def is_of_output(error: OSError) -> bool:
    """Whether an error that nobody else has told of is one of writing standard output."""
    return error.filename is None and error.errno in _OUTPUT_ERRORS


def output_failed(name: str, error: OSError) -> int:
    """Say that standard output cannot be written, unless whoever read it has enough; the exit code.

    What has not been written is dropped, so that Python does not try again when it ends.
    """
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if isinstance(error, BrokenPipeError):  # As in `… | head`.
        return FAILED
    print(f"{name}: cannot write standard output: {error.strerror}", file=sys.stderr)
    return NO_OUTPUT


def standard_input() -> Any:
    """As a number where there is one: so the end of the time ends waiting for it."""
    try:
        return sys.stdin.fileno()
    except (AttributeError, OSError, ValueError):
        return sys.stdin
