"""The kernels: what each runs, on which arguments, and the answer every engine must give."""

from __future__ import annotations

import hashlib
import zlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from benchmarks import hand_written
from benchmarks.hand_written import M32, M64, lcg_bytes

FOLDER = Path(__file__).resolve().parent / "kernels"

Number = int | float


@dataclass(frozen=True)
class Kernel:
    """A module of `kernels/` with one measured call."""

    name: str
    """Of the file in `kernels/`, without `.wat`."""
    args: tuple[int, ...]
    """The arguments of the measured call, of the export `run`."""
    expected: Number
    """The result of the first call: i32 and i64 unsigned, f64 exactly."""
    result: str = "i32"
    """The type of the result."""
    init: tuple[int, ...] | None = None
    """The arguments of the export `init`, called once before, or None."""
    by_hand: str = ""
    """The function of `hand_written` to compare with; its own name when empty."""
    single: str = ""
    """For a kernel with several memories: the kernel that does the same in one."""

    @property
    def text(self) -> str:
        """The module in the text format."""
        return (FOLDER / f"{self.name}.wat").read_text(encoding="utf-8")

    @cached_property
    def wasm(self) -> bytes:
        """The module in the binary format, without names."""
        from pyjsapi.text import wat2wasm

        return wat2wasm(self.text, names=False)

    def check(self, engine: str, value: Any) -> None:
        """Raise `WrongAnswer` unless `value`, an integer of either sign or a float, is the answer."""
        mask = {"i32": M32, "i64": M64}.get(self.result)
        got = value & mask if mask is not None and isinstance(value, int) else value
        if got != self.expected or type(got) is not type(self.expected):
            raise WrongAnswer(
                f"{engine} computes {value!r} in {self.name}{self.args}, it is {self.expected!r}"
            )


class WrongAnswer(Exception):
    """An engine computed something else than what is right."""


# Where the kernels on bytes have their input, and how much of it.
AT = 8192
COUNT = 1500
INPUT = lcg_bytes(COUNT)


def _fnv1a(data: bytes, value: int, prime: int, mask: int) -> int:
    for byte in data:
        value = (value ^ byte) * prime & mask
    return value


def _sum_of_product(n: int) -> float:
    """Cell by cell in the order of the kernel, so that every rounding is the same."""
    a, b = hand_written.matrices(n)
    total = 0.0
    for i in range(n):
        for j in range(n):
            cell = 0.0
            for k in range(n):
                cell += a[i * n + k] * b[k * n + j]
            total += cell
    return total


def _transformed(data: bytes) -> int:
    words = [int.from_bytes(data[i : i + 4], "little") for i in range(0, len(data), 4)]
    words = [(word << 7 & M32 | word >> 25) ^ 0x9E3779B9 for word in words]
    total = sum(words)
    written = b"".join(word.to_bytes(4, "little") for word in words)
    for capital, byte in zip(data.upper(), written, strict=True):
        total = total * 31 + (capital ^ byte) & M32
    return total


def _iterated(n: int) -> int:
    value = 0
    for _ in range(n):
        value = 3 * value + 1 & M32
    return value


MESSAGE = lcg_bytes(192)
TRANSFORMED = 1024

KERNELS = (
    Kernel("fib", (14,), 377),
    Kernel("sieve", (1500,), 239),
    Kernel("matmul", (12,), _sum_of_product(12), "f64", (12,)),
    Kernel("fnv1a32", (AT, COUNT), _fnv1a(INPUT, 0x811C9DC5, 0x01000193, M32), "i32", (AT, COUNT)),
    Kernel(
        "fnv1a64",
        (AT, COUNT),
        _fnv1a(INPUT, 0xCBF29CE484222325, 0x100000001B3, M64),
        "i64",
        (AT, COUNT),
    ),
    Kernel("crc32", (AT, COUNT), zlib.crc32(INPUT), "i32", (AT, COUNT)),
    Kernel(
        "sha256",
        (AT, len(MESSAGE) // 64 + 1),
        int.from_bytes(hashlib.sha256(MESSAGE).digest()[:8], "big"),
        "i64",
        (AT, len(MESSAGE)),
    ),
    Kernel("nbody", (20,), 4.9298848952748155, "f64"),
    Kernel("call_indirect", (1500,), 3054656375),
    Kernel("interpreter", (100,), _iterated(100)),
)
"""What every engine can run: WebAssembly 1.0."""

MULTI_MEMORY_KERNELS = (
    Kernel(
        "transform_two_memories",
        (AT, 0, TRANSFORMED),
        _transformed(lcg_bytes(TRANSFORMED)),
        "i32",
        (AT, TRANSFORMED),
        by_hand="transform",
        single="transform",
    ),
    Kernel(
        "matmul_three_memories",
        (12,),
        _sum_of_product(12),
        "f64",
        (12,),
        by_hand="matmul",
        single="matmul",
    ),
)
"""Modules with several memories."""

SINGLE_MEMORY_TWINS = (
    Kernel(
        "transform",
        (AT, 65536, TRANSFORMED),
        _transformed(lcg_bytes(TRANSFORMED)),
        "i32",
        (AT, TRANSFORMED),
    ),
)
"""The same work in one memory, where `KERNELS` does not have it."""

ALL_KERNELS = (*KERNELS, *MULTI_MEMORY_KERNELS, *SINGLE_MEMORY_TWINS)


def kernel(name: str) -> Kernel:
    """The kernel called `name`. Raises `KeyError`."""
    return {each.name: each for each in ALL_KERNELS}[name]
