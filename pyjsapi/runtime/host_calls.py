"""How many calls of host functions an instance may still make, and how many it has made.

Its own code counts, wherever it has a host function from: what it imports and finds in tables is called through a
function that counts first. Others that call the same function do not pay for it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final, cast

from pyjsapi.runtime.function import BOUNDARY, FuncInst
from pyjsapi.syntax.errors import OutOfHostCalls


class HostCalls:
    """The host calls of an instance, or of several that are one program.

    No lock is needed: see `depth`.
    """

    __slots__ = ("_given", "left")

    def __init__(self, calls: int) -> None:
        self._given = self.left = calls

    @property
    def used(self) -> int:
        """What was used since the instance was made."""
        return self._given - self.left

    def add(self, calls: int) -> None:
        """Add to what is left, from any thread, also while code runs."""
        self._given += calls
        self.left += calls

    def take(self) -> None:
        """Count a call that is about to be made. Raises `OutOfHostCalls`."""
        left = self.left
        if left > 0:
            self.left = left - 1
        else:
            raise OutOfHostCalls()

    def counted(self, func: FuncInst) -> Callable[..., Any]:
        """What the instance calls for a function."""
        if func.host is None:
            return func.call
        return _counter(len(func.type.func.params))(func.call, self.take)

    def callee(self, func: FuncInst) -> Callable[..., Any]:
        """What it calls now for a function that it has a reference to: that is counted already."""
        if func.host is not None:
            self.take()
        return func.call


@lru_cache(maxsize=256)
def _counter(parameters: int) -> Callable[..., Callable[..., Any]]:
    """Makes a function with so many parameters that counts and then calls another: without C, as all calls here."""
    names = ",".join(f"a{i}" for i in range(parameters))
    source = _SOURCE.format(names)
    scope: dict[str, Any] = {}
    exec(compile(source, BOUNDARY, "exec"), scope)
    return cast("Callable[..., Callable[..., Any]]", scope["make"])


_SOURCE: Final = """\
def make(call, take):
 def counted({0}):
  take()
  return call({0})
 return counted
"""
