"""What was in a memory: the bytes that are not zero, and where they were."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from pyjsapi.binary.leb128 import unsigned
from pyjsapi.binary.reader import Reader
from pyjsapi.runtime import MemInst
from pyjsapi.snapshots.errors import SnapshotError
from pyjsapi.syntax.watching import watched

RAW: Final = 0
ZLIB: Final = 1

_PAGE: Final = 1 << 16
"""Bytes that are looked at first: most pages of most memories are zero."""
_GRAIN: Final = 1 << 9
"""Bytes of zeros that are left out together."""
_ZERO_PAGE: Final = bytes(_PAGE)
_ZERO_GRAIN: Final = bytes(_GRAIN)


@dataclass(frozen=True, slots=True)
class Image:
    """Of one memory: its size, where the runs of bytes are, and these one after the other, perhaps compressed."""

    byte_length: int
    runs: tuple[tuple[int, int], ...]
    """Address and length of each, in order and apart."""
    stored: bytes | memoryview[int]
    method: int = RAW
    """How ``stored`` is stored: `RAW` or `ZLIB`."""

    @property
    def count(self) -> int:
        """Bytes that are in runs."""
        return sum(length for _, length in self.runs)

    def compressed(self, level: int) -> Image:
        """The same with its bytes compressed at a level of zlib's, or as they are where that is not shorter."""
        if self.method != RAW or level == 0:
            return self
        data = zlib.compress(self.stored, level)
        if len(data) >= len(self.stored):
            return self
        return Image(self.byte_length, self.runs, data, ZLIB)

    def contents(self) -> memoryview[int]:
        """The bytes of the runs. Raises `SnapshotError` for what is no compressed form of so many."""
        if self.method == RAW:
            return memoryview(self.stored)
        count = self.count
        inflate = zlib.decompressobj()
        try:
            data = inflate.decompress(self.stored, count + 1)
        except zlib.error as error:
            raise SnapshotError(f"a memory's bytes cannot be decompressed: {error}") from error
        if len(data) != count or not inflate.eof or inflate.unused_data:
            raise SnapshotError("a memory's bytes have another length than they should")
        return memoryview(data)


def image_of(memory: MemInst) -> Image:
    """What is in a memory now."""
    length = memory.byte_length
    runs: list[tuple[int, int]] = []
    parts: list[bytes] = []
    for start, end in _runs(memory, length):
        runs.append((start, end - start))
        parts.append(_read(memory, start, end))
    return Image(length, tuple(runs), b"".join(parts))


def _runs(memory: MemInst, length: int) -> Iterator[tuple[int, int]]:
    """Start and end of what is not zero."""
    start = end = -1
    for page in watched("pages kept", range(0, length, _PAGE)):
        data = _read(memory, page, min(page + _PAGE, length))
        if data == _ZERO_PAGE:
            continue
        for offset in range(0, len(data), _GRAIN):
            grain = data[offset : offset + _GRAIN]
            if grain == _ZERO_GRAIN[: len(grain)]:
                continue
            at = page + offset
            if at != end:
                if start >= 0:
                    yield start, end
                start = at
            end = at + len(grain)
    if start >= 0:
        yield start, end


def _read(memory: MemInst, start: int, end: int) -> bytes:
    if memory.by_calls:
        return memory.block.read(start, end - start)
    return bytes(memory.data[start:end])


def fill_memory(memory: MemInst, image: Image, contents: memoryview[int], *, is_zero: bool) -> None:
    """Have a memory hold what an image does; it has that size already. ``is_zero`` is of what it holds now."""
    position = end = 0
    for start, length in image.runs:
        if not is_zero:
            memory.fill(end, 0, start - end)
        part = bytes(contents[position : position + length])
        memory.init(start, 0, length, part)
        position += length
        end = start + length
    if not is_zero:
        memory.fill(end, 0, image.byte_length - end)


def write_image(image: Image, checksum: int) -> bytes:
    """All of an image but its bytes."""
    out = bytearray(unsigned(image.byte_length))
    out.append(image.method)
    out += unsigned(len(image.stored)) + checksum.to_bytes(4, "little")
    out += unsigned(len(image.runs))
    end = 0
    for start, length in image.runs:
        out += unsigned(start - end) + unsigned(length)
        end = start + length
    return bytes(out)


def read_image(reader: Reader) -> tuple[Image, int, int]:
    """An image whose bytes are still to come, how many are stored, and their checksum."""
    byte_length = reader.u64()
    method = reader.byte()
    if method not in (RAW, ZLIB):
        raise SnapshotError(f"a memory's bytes are stored in an unknown way ({method})")
    stored = reader.u64()
    checksum = int.from_bytes(reader.bytes(4), "little")
    runs: list[tuple[int, int]] = []
    end = 0
    for _ in range(reader.length()):
        start = end + reader.u64()
        length = reader.u64()
        end = start + length
        if not length or end > byte_length:
            raise SnapshotError("bytes beyond the end of a memory")
        runs.append((start, length))
    image = Image(byte_length, tuple(runs), b"", method)
    if method == RAW and stored != image.count:
        raise SnapshotError(f"{stored} bytes are stored of a memory's {image.count}")
    return image, stored, checksum
