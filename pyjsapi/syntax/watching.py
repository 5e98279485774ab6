"""How far long work is, for whoever watches: as a rule nobody does, and then it costs nothing."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from typing import Final, TypeAlias, TypeVar

_T = TypeVar("_T")

Watcher: TypeAlias = Callable[[str, int, int], None]
"""Is told what is done ("functions validated"), of how many, and of how many in all."""

_watchers: Final[list[Watcher]] = []


@contextmanager
def watching(watcher: Watcher) -> Iterator[None]:
    """Tell a watcher of all long work of the process."""
    _watchers.append(watcher)
    try:
        yield
    finally:
        _watchers.remove(watcher)


def watched(what: str, items: Collection[_T]) -> Iterable[_T]:
    """The items, one after the other, of which watchers are told when they are done with."""
    return watched_of(what, items, len(items)) if _watchers else items


def watched_of(what: str, items: Iterable[_T], total: int) -> Iterator[_T]:
    """The same of items whose number is known otherwise."""
    done = 0
    for item in items:
        _tell(what, done, total)
        yield item
        done += 1
    _tell(what, done, total)


def _tell(what: str, done: int, total: int) -> None:
    for watcher in _watchers:
        watcher(what, done, total)
