"""Snapshots as bytes.

=========== ======================================================================================
8 bytes     ``89 70 79 73 6e 61 70 0a``
4 bytes     the version of the format, 1
4 bytes     CRC-32 of the head
8 bytes     length of the head
the head    SHA-256 of the module, length of the module or 0, flags (1: imported things are in it, too), memories, state
the module  its binary form, if it is there
memories    the bytes of each, with a CRC-32 in the head
=========== ======================================================================================

Fixed numbers are little-endian, others LEB128. A reader knows the whole length before it believes any part of it.
"""

from __future__ import annotations

import struct
from binascii import crc32
from dataclasses import dataclass
from typing import Final

from pyjsapi.binary.leb128 import unsigned
from pyjsapi.binary.reader import Reader
from pyjsapi.snapshots.errors import SnapshotError
from pyjsapi.snapshots.images import Image, read_image, write_image
from pyjsapi.syntax.errors import DecodeError
from pyjsapi.syntax.spelling import counted

MAGIC: Final = b"\x89pysnap\n"
VERSION: Final = 1

_HEADER: Final = struct.Struct("<8sIIQ")
_DIGEST: Final = 32
_IMPORTED: Final = 1


@dataclass(frozen=True, slots=True)
class Content:
    """What a snapshot has."""

    digest: bytes
    """SHA-256 of the module."""
    module: bytes | None
    """The module, if it is in it."""
    imported: bool
    """Whether what the instance imports is in it."""
    images: tuple[Image, ...]
    state: bytes


def encoded(content: Content) -> bytes:
    """The bytes of a file."""
    module = content.module or b""
    head = bytearray(content.digest)
    head += unsigned(len(module))
    head.append(_IMPORTED if content.imported else 0)
    head += unsigned(len(content.images))
    for image in content.images:
        head += write_image(image, crc32(image.stored))
    head += unsigned(len(content.state)) + content.state
    header = _HEADER.pack(MAGIC, VERSION, crc32(head), len(head))
    return b"".join([header, head, module, *(image.stored for image in content.images)])


def decoded(data: bytes) -> Content:
    """What a file has. Raises `SnapshotError` for anything but a whole one of this version."""
    if not data.startswith(MAGIC):
        raise SnapshotError("this is no snapshot")
    if len(data) < _HEADER.size:
        raise SnapshotError("the snapshot ends within its header")
    _, version, checksum, length = _HEADER.unpack_from(data)
    if version != VERSION:
        raise SnapshotError(
            f"the snapshot is of version {version} of the format; this pyjsapi reads version {VERSION}"
        )
    end = _HEADER.size + length
    if end > len(data):
        raise SnapshotError(f"the snapshot ends before its head does, after {len(data)} bytes")
    head = data[_HEADER.size : end]
    if crc32(head) != checksum:
        raise SnapshotError("the snapshot is damaged: its head has another checksum")
    try:
        return _content(Reader(head), data, end)
    except DecodeError as error:
        raise SnapshotError(f"the snapshot is damaged: {error}") from error


def _content(reader: Reader, data: bytes, position: int) -> Content:
    digest = reader.bytes(_DIGEST)
    module_length = reader.u64()
    flags = reader.byte()
    if flags & ~_IMPORTED:
        raise SnapshotError(f"the snapshot has unknown flags ({flags:#04x})")
    announced = [read_image(reader) for _ in range(reader.length())]
    state = reader.bytes(reader.length())
    if reader.left:
        raise SnapshotError(f"{counted(reader.left, 'byte')} follow the state")
    total = position + module_length + sum(stored for _, stored, _ in announced)
    if total != len(data):
        raise SnapshotError(f"the snapshot must have {total} bytes and has {len(data)}")
    module = data[position : position + module_length] or None
    position += module_length
    images = []
    for image, stored, checksum in announced:
        part = memoryview(data)[position : position + stored]
        position += stored
        if crc32(part) != checksum:
            raise SnapshotError(
                "the snapshot is damaged: the bytes of a memory have another checksum"
            )
        images.append(Image(image.byte_length, image.runs, part, image.method))
    return Content(digest, module, bool(flags & _IMPORTED), tuple(images), state)
