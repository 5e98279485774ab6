"""The host's side of a log of stores. Works with instances of any kind whose exports can be had by name."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from pyjsapi.tools.errors import ToolError
from pyjsapi.tools.log_format import FORGET, INDEX_MASK, KIND_SHIFT, MARK, ROLLBACK, TRAILER, Kind

_TRAILER = struct.Struct("<QII")


class HasExports(Protocol):
    """An instance."""

    @property
    def exports(self) -> Any: ...


@dataclass(frozen=True, slots=True)
class Record:
    """A record of the log; see `Kind` for what the numbers mean."""

    kind: Kind
    index: int
    """Of the memory, global or table."""
    address: int
    length: int
    old: bytes
    """What was there; empty for references, which are elsewhere, and for growth."""


def mark(instance: HasExports) -> int:
    """The present end of the log of an instrumented module's instance, to go back to by `rollback`."""
    end: int = _export(instance, MARK)()
    return end & 0xFFFF_FFFF


def rollback(instance: HasExports, to: int) -> None:
    """Undo what the instance did since a mark: memories, globals and tables are as they were then.

    Later marks are void. Raises the engine's RuntimeError for what is not a mark of the present log.
    """
    # As the i32 that it is.
    _export(instance, ROLLBACK)((to ^ 0x8000_0000) - 0x8000_0000)


def forget(instance: HasExports) -> None:
    """Empty the log without undoing anything; all marks are void."""
    _export(instance, FORGET)()


def records(log: bytes) -> Iterator[Record]:
    """The records of a log, the last one first: ``log`` is the first `mark` bytes of the memory ``tangle.log``."""
    end = len(log)
    while end > 0:
        if end < TRAILER:
            raise ToolError(
                f"{end} bytes are left at the beginning of the log, less than a record has"
            )
        addr, length, word = _TRAILER.unpack_from(log, end - TRAILER)
        kind = Kind(word >> KIND_SHIFT)
        end -= TRAILER
        start = end - (length + 7 & -8) if kind <= Kind.GLOBAL else end
        yield Record(
            kind,
            word & INDEX_MASK,
            addr,
            length,
            bytes(log[start : start + length]) if start < end else b"",
        )
        end = start


def _export(instance: HasExports, name: str) -> Callable[..., Any]:
    try:
        found: Callable[..., Any] = instance.exports[name]
    except (KeyError, TypeError) as error:
        raise ToolError(
            f"the instance has no export {name!r}: its module must come from instrument_stores"
        ) from error
    return found
