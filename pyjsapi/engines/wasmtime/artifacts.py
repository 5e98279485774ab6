"""Machine code that is kept between processes, in the folder of translated code (`compiler.cache`).

A file is of one module with its settings, this version of the package, the library's, and the machine. It is run as it
is, so it is read only where nobody else can write, and only whole; Wasmtime itself sees that the processor is one that
it was made for. That there is one says that the module is valid.
"""

from __future__ import annotations

import os
import platform
import sys
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from pyjsapi.compiler.cache import cache_folder, digest_of, engine_version
from pyjsapi.compiler.cache_file import put
from pyjsapi.compiler.cache_space import SUFFIX, is_private, used
from pyjsapi.engines.wasmtime.library import package_version
from pyjsapi.engines.wasmtime.native_engine import native_engine

if TYPE_CHECKING:
    from pyjsapi.embedding.settings import Settings

_MAGIC: Final = b"pyjsapi wasmtime 1\n"
_DIGEST: Final = 32
_SHIFT: Final = 8
_SMALLEST_MODULE: Final = 1024
"""Bytes of a module below which a file is not worth its place."""


class Artifact(NamedTuple):
    """What is kept of a module."""

    shift: int
    """See `rewritten.Rewritten`."""
    code: bytes
    """What Wasmtime made of it."""


def key_of(data: bytes, settings: Settings) -> str:
    """What a module with its settings is known by."""
    hasher = digest_of(data)
    version = engine_version(), _own_version(), package_version(), native_engine().interruptible
    for part in (settings, version, sys.platform, platform.machine()):
        hasher.update(f"\0{part}".encode())
    return hasher.hexdigest()


@cache
def _own_version() -> str:
    """A hash of the modules here, which decide what Wasmtime compiles: their sizes and times."""
    hasher = digest_of(b"")
    for path in sorted(Path(__file__).parent.glob("*.py*")):
        status = path.stat()
        hasher.update(f"\0{path.name} {status.st_size} {status.st_mtime_ns}".encode())
    return hasher.hexdigest()


def _path(key: str) -> Path | None:
    folder = cache_folder()
    return None if folder is None or engine_version() is None else folder / f"{key}{SUFFIX}"


def read(key: str, data: bytes) -> Artifact | None:
    """What is kept of a module; ``None`` if nothing is, or what is damaged or somebody else's."""
    path = None if len(data) < _SMALLEST_MODULE else _path(key)
    if path is None:
        return None
    try:
        with open(path, "rb") as file:
            if not is_private(os.fstat(file.fileno())):
                return None
            found = file.read()
    except (OSError, MemoryError):
        return None
    start = len(_MAGIC) + _DIGEST
    content = memoryview(found)[start:]
    if found[:start] != _MAGIC + _digest(content):
        return None
    used(path)
    return Artifact(
        int.from_bytes(content[:_SHIFT], "little", signed=True), bytes(content[_SHIFT:])
    )


def write(key: str, data: bytes, artifact: Artifact) -> None:
    """Keep it, where there is room. What fails only costs time."""
    path = None if len(data) < _SMALLEST_MODULE else _path(key)
    if path is not None:
        content = artifact.shift.to_bytes(_SHIFT, "little", signed=True) + artifact.code
        put(path, _MAGIC + _digest(memoryview(content)), content)


def _digest(content: memoryview) -> bytes:
    return blake2b(content, digest_size=_DIGEST).digest()
