"""Arguments, environment, clocks, randomness, the end."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from typing import Final, NoReturn

from pyjsapi.blocks.waiting import heed_interruption
from pyjsapi.wasi.abi import CLOCK_REALTIME, U32, Errno, WasiError
from pyjsapi.wasi.process import Process, WASIExit

_AT_ONCE: Final = 1 << 16
"""Random bytes that are made at once."""
_NAMES: Final = ("time", "monotonic", "process_time", "thread_time")
"""Python's, of clocks."""


def _strings(process: Process, strings: Sequence[bytes], pointers: int, texts: int) -> None:
    write_pointers = process.memory.target(pointers, 4 * len(strings))
    joined = b"".join(string + b"\0" for string in strings)
    write_texts = process.memory.target(texts, len(joined))
    table = bytearray()
    place = texts
    for string in strings:
        table += U32.pack(place)
        place += len(string) + 1
    write_pointers(bytes(table))
    write_texts(joined)


def _sizes(process: Process, strings: Sequence[bytes], count: int, size: int) -> None:
    write_count = process.memory.u32_target(count)
    write_size = process.memory.u32_target(size)
    write_count(len(strings))
    write_size(sum(len(string) + 1 for string in strings))


def args_get(process: Process, pointers: int, texts: int) -> None:
    """The arguments, the program's name first."""
    _strings(process, process.arguments, pointers, texts)


def args_sizes_get(process: Process, count: int, size: int) -> None:
    """How many arguments there are, and the bytes of all."""
    _sizes(process, process.arguments, count, size)


def environ_get(process: Process, pointers: int, texts: int) -> None:
    """The environment."""
    _strings(process, process.environment, pointers, texts)


def environ_sizes_get(process: Process, count: int, size: int) -> None:
    """How many variables there are, and the bytes of all."""
    _sizes(process, process.environment, count, size)


def clock_res_get(process: Process, clock: int, result: int) -> None:
    """The resolution of a clock, in nanoseconds."""
    write = process.memory.u64_target(result)
    process.now(clock)
    write(max(int(time.get_clock_info(_NAMES[clock]).resolution * 1e9), 1))


def clock_time_get(process: Process, clock: int, precision: int, result: int) -> None:
    """The time of a clock, in nanoseconds."""
    write = process.memory.u64_target(result)
    now = process.now(clock)
    if clock == CLOCK_REALTIME and now < 0:
        raise WasiError(Errno.OVERFLOW)
    write(now)


def random_get(process: Process, address: int, count: int) -> None:
    """Random bytes."""
    process.memory.target(address, count)
    for start in range(0, count, _AT_ONCE):
        size = min(_AT_ONCE, count - start)
        data = bytes(process.random(size))
        if len(data) != size:
            raise ValueError(f"random() gave {len(data)} bytes, not {size}")
        process.memory.write(address + start, data)
        heed_interruption()


def proc_exit(process: Process, code: int) -> NoReturn:
    """End the program."""
    raise WASIExit(code)


def proc_raise(process: Process, signal: int) -> NoReturn:
    """Signals: there are none."""
    raise WasiError(Errno.NOSYS)


def sched_yield(process: Process) -> None:
    """Let other threads run."""
    heed_interruption()
    if hasattr(os, "sched_yield"):
        os.sched_yield()
    else:
        time.sleep(0)
