"""A file of the code cache: what is in it, and that it is whole.

What is read is given to `marshal`, which must never read what somebody else wrote: see `cache` for who may write where.
"""

from __future__ import annotations

import contextlib
import gc
import marshal
import os
from _thread import get_ident
from binascii import crc32
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

from pyjsapi.compiler.cache_space import PART_SUFFIX, is_private, most_bytes, trim

if TYPE_CHECKING:
    from pyjsapi.embedding.facts import Facts

_MAGIC: Final = b"pyjsapi code cache 3\n"
_START: Final = len(_MAGIC) + 4

Callees: TypeAlias = dict[int, "tuple[int, ...] | None"]
"""What functions of a module call, by function index; ``None`` where that is not known."""
Codes: TypeAlias = dict[int, bytes]
"""Code of functions as `code.dump` wrote it, by function index."""


class Contents(NamedTuple):
    """What a file holds of a module that is valid."""

    facts: Facts
    """The module itself: see `embedding.facts`."""
    callees: Callees
    codes: dict[str, Codes]
    """By the variants' keys."""


@contextlib.contextmanager
def collector_off() -> Iterator[None]:
    """Keep the garbage collector from looking at many new objects that are all going to stay."""
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def read(path: Path) -> Contents | None:
    """What a file holds; ``None`` if there is none, or one that is damaged or somebody else's."""
    try:
        with open(path, "rb") as file:
            if not is_private(os.fstat(file.fileno())):
                return None
            data = file.read()
        content = memoryview(data)[_START:]
        if data[:_START] != _head(content):
            return None
        with collector_off():
            return Contents(*marshal.loads(content))
    except (OSError, MemoryError, EOFError, ValueError, TypeError):
        return None


def _head(content: Any) -> bytes:
    return _MAGIC + crc32(content).to_bytes(4, "little")


def write(path: Path, contents: Contents) -> None:
    """Put a file into its place, as `put` does."""
    content = marshal.dumps(tuple(contents))
    put(path, _head(content), content)


def put(path: Path, head: bytes, content: bytes) -> None:
    """Put a file into its place in one step, if there is room for it. What fails only costs time."""
    if len(content) > most_bytes():
        return
    part = path.with_name(f"{path.stem}.{os.getpid()}.{get_ident()}{PART_SUFFIX}")
    # An opener of C: no descriptor is left where a thread ends between two steps.
    written = False
    try:
        with open(part, "xb", opener=partial(os.open, mode=0o600)) as file:
            file.write(head)
            file.write(content)
        os.replace(part, path)
        written = True
    except OSError:
        pass
    finally:
        if not written:
            with contextlib.suppress(OSError):
                os.unlink(part)
    if written:
        trim(path.parent, path)
