"""Exceptions that the link layer raises in Python."""

from __future__ import annotations

from pyjsapi.bridge.hooks import HOOKS
from pyjsapi.runtime.memory import OUT_OF_BOUNDS
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
        HOOKS["free_thrown"](self.args[0])


class OutOfBoundsAccess(Trap):
    """An access of bytes that a memory does not have."""

    def __init__(self) -> None:
        super().__init__(OUT_OF_BOUNDS)


class UnalignedAtomic(Trap):
    """An atomic access at an address that is no multiple of its size."""

    def __init__(self) -> None:
        super().__init__("unaligned atomic")


class CannotWait(Trap):
    """``memory.atomic.wait`` in a thread that may not block, as the main thread of a page."""

    def __init__(self) -> None:
        super().__init__("this thread cannot wait")


class NotShared(Trap):
    """``memory.atomic.wait`` on a memory that is not shared."""

    def __init__(self) -> None:
        super().__init__("expected shared memory")
