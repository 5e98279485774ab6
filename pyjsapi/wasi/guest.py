"""The memory of a guest as WASI's functions reach it: no access is beyond it or against what protects it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from struct import Struct
from struct import error as StructError
from typing import Final, TypeAlias

from pyjsapi.blocks.block import Block
from pyjsapi.runtime import MemInst
from pyjsapi.syntax.errors import Trap
from pyjsapi.wasi.abi import U32, U64, Errno, WasiError

Parts: TypeAlias = "Sequence[memoryview | bytearray | bytes]"
MOST_PARTS: Final = 1024
"""Parts of a transfer, as IOV_MAX of POSIX systems."""
MOST_BYTES: Final = (1 << 31) - 1
"""Bytes of a transfer: what a guest's ``ssize_t`` can say."""
MOST_COPIED: Final = 1 << 24
"""Bytes of a transfer where they are copied: parts that overlap may be far more than the memory has."""
MOST_PATH: Final = 4096
"""Bytes of a path, as PATH_MAX of Linux."""


class Transfer:
    """Parts of the memory between two of which bytes go: ``parts`` are views, or copies where there are none.

    To be used in a ``with`` statement, at whose end the views are let go of.
    """

    __slots__ = ("_block", "_iovecs", "parts")

    def __init__(self, parts: Parts, block: Block | None, iovecs: list[tuple[int, int]]) -> None:
        self.parts = parts
        self._block = block
        self._iovecs = iovecs

    @property
    def size(self) -> int:
        """Bytes of all parts."""
        return sum(size for _, size in self._iovecs)

    def received(self, count: int) -> None:
        """So many bytes were put into the parts; the memory has them from now on."""
        if self._block is None:
            return
        for part, (address, size) in zip(self.parts, self._iovecs, strict=True):
            taken = min(size, count)
            if taken:
                self._block.write(address, bytes(part[:taken]))
            count -= taken

    def __enter__(self) -> Transfer:
        return self

    def __exit__(self, *_: object) -> None:
        for part in self.parts:
            if isinstance(part, memoryview):
                part.release()


def _cut(pairs: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Parts, as far as they are copied at once."""
    left = MOST_COPIED
    for address, size in pairs:
        yield address, min(size, left)
        left -= min(size, left)


def _check_protection(block: Block, address: int, count: int, *, write: bool) -> None:
    from pyjsapi.blocks.guarded import Guarded  # most memories are plain

    if isinstance(block, Guarded):
        try:
            block.table.pieces(address, count, write=write)
        except Trap:
            raise WasiError(Errno.FAULT) from None


class GuestMemory:
    """Reads and writes a memory. Raises `WasiError` with FAULT, and nothing is written, where that is not possible."""

    __slots__ = ("memory",)

    def __init__(self, memory: MemInst) -> None:
        self.memory = memory

    def _check(self, address: int, count: int, *, write: bool) -> None:
        memory = self.memory
        if address + count > memory.byte_length and not memory.block.reaches(address, count):
            raise WasiError(Errno.FAULT)
        if memory.by_calls:
            _check_protection(memory.block, address, count, write=write)

    def read(self, address: int, count: int) -> bytes:
        """A copy of some bytes."""
        self._check(address, count, write=False)
        if self.memory.by_calls:
            return self.memory.block.read(address, count)
        return bytes(self.memory.data[address : address + count])

    def u32(self, address: int) -> int:
        """An integer."""
        value: int = U32.unpack(self.read(address, 4))[0]
        return value

    def path(self, address: int, count: int) -> bytes:
        """A path: UTF-8 without zeros. Raises `WasiError` with ILSEQ, INVAL, NAMETOOLONG."""
        self._check(address, count, write=False)
        if count >= MOST_PATH:
            raise WasiError(Errno.NAMETOOLONG)
        found = self.read(address, count)
        try:
            found.decode()
        except UnicodeDecodeError:
            raise WasiError(Errno.ILSEQ) from None
        if 0 in found:
            raise WasiError(Errno.INVAL)
        return found

    def target(self, address: int, count: int) -> Callable[[bytes], None]:
        """What writes up to ``count`` bytes later, which is known to be possible now."""
        self._check(address, count, write=True)
        memory = self.memory

        def write(data: bytes) -> None:
            if memory.by_calls:
                memory.block.write(address, data)
            else:
                memory.data[address : address + len(data)] = data

        return write

    def u32_target(self, address: int) -> Callable[[int], None]:
        """What writes an integer later."""
        return self._number_target(address, U32)

    def u64_target(self, address: int) -> Callable[[int], None]:
        """What writes an integer later."""
        return self._number_target(address, U64)

    def _number_target(self, address: int, layout: Struct) -> Callable[[int], None]:
        write = self.target(address, layout.size)

        def number(value: int) -> None:
            try:
                data = layout.pack(value)
            except StructError:
                raise WasiError(Errno.OVERFLOW) from None
            write(data)

        return number

    def write(self, address: int, data: bytes) -> None:
        """Write some bytes, or none."""
        self.target(address, len(data))(data)

    def transfer(self, iovecs: int, count: int, *, into: bool) -> Transfer:
        """What ``count`` (c)iovecs at an address name, all of it there and allowed: to be written, if ``into``."""
        if count > MOST_PARTS:
            self._check(iovecs, count * 8, write=False)
            raise WasiError(Errno.INVAL)
        table = self.read(iovecs, count * 8)
        pairs = [
            (U32.unpack_from(table, place)[0], U32.unpack_from(table, place + 4)[0])
            for place in range(0, count * 8, 8)
        ]
        for address, size in pairs:
            self._check(address, size, write=into)
        if sum(size for _, size in pairs) > MOST_BYTES:
            raise WasiError(Errno.INVAL)
        if not self.memory.by_calls:
            with memoryview(self.memory.data) as whole:
                return Transfer(
                    [whole[address : address + size] for address, size in pairs], None, pairs
                )
        block = self.memory.block
        pairs = list(_cut(pairs))
        if into:
            return Transfer([bytearray(size) for _, size in pairs], block, pairs)
        return Transfer([block.read(address, size) for address, size in pairs], block, pairs)
