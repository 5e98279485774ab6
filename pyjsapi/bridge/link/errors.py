"""Exceptions that the link layer raises in Python."""

from __future__ import annotations

from pyjsapi.bridge.link.hooks import LINK
from pyjsapi.runtime.accessors import NotShared, OutOfBoundsAccess, UnalignedAtomic
from pyjsapi.syntax.errors import Trap


class JavaScriptThrow(Exception):
    """What a JavaScript function has thrown, where the link's user does not say otherwise.

    The value itself stays in JavaScript, under the number that is the only argument, as long as this exception lives.
    No Python code runs when one is made: there may be no room for that on the stack. No clause of wasm code catches it.
    """

    wasm_uncatchable = True

    def __str__(self) -> str:
        return "a JavaScript function has thrown"

    def __del__(self) -> None:
        LINK.free_thrown(self.args[0])


class CannotWait(Trap):
    """``memory.atomic.wait`` in a thread that may not block, as the main thread of a page."""

    def __init__(self) -> None:
        super().__init__("this thread cannot wait")


__all__ = ["CannotWait", "JavaScriptThrow", "NotShared", "OutOfBoundsAccess", "UnalignedAtomic"]
