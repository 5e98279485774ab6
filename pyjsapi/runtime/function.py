"""Function instances (core: "Runtime Structure: Function Instances")."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, Protocol

from pyjsapi.syntax.deftypes import DefType

if TYPE_CHECKING:
    from pyjsapi.runtime.call_clock import CallClock

BOUNDARY: Final = "<pyjsapi boundary>"
"""File name of code that calls host functions, or is called in their place."""
GENERATED: Final = "<wasm "
"""What the file names of generated code start with."""
_TEXTS: Final[set[str]] = set()
"""Files whose lines generated code bears, in place of names of its own."""


def is_generated(filename: str) -> bool:
    """Whether code with this file name was generated from WebAssembly."""
    return filename.startswith(GENERATED) or filename in _TEXTS


def is_of_function(filename: str) -> bool:
    """Whether code with this file name is that of a function: not a stub, for instance."""
    if filename.startswith(GENERATED):
        return filename[len(GENERATED) :][:1].isdigit()
    return filename in _TEXTS


def bear_lines_of(filename: str) -> None:
    """Let generated code have the name of a file, which no other code has."""
    _TEXTS.add(filename)


class Owner(Protocol):
    """What wasm functions belong to."""

    @property
    def suspends(self) -> bool:
        """Whether their calls are frames of Python's alone, so that a stack which they are on can be suspended."""

    def depth_of(self, index: int, *, at_once: bool = False) -> int:
        """See `FuncInst.depth`."""

    def is_running(self) -> bool:
        """Whether any thread runs code of it, or has called what does."""

    def entry_of(self, call: Callable[..., Any], /) -> Callable[..., Any]:
        """See `FuncInst.entry`."""

    def clock(self) -> CallClock | None:
        """See `FuncInst.clock`."""


class FuncInst:
    """A function in the store: its closed type and a Python callable over canonical values.

    ``call`` takes one positional argument per parameter and returns ``None``, the result, or a tuple of results.
    Integers are unsigned, f32 and f64 are floats, a null reference is ``None``.
    """

    __slots__ = ("__weakref__", "call", "host", "index", "owner", "type", "wrapper")

    def __init__(
        self,
        type_: DefType,
        call: Callable[..., Any],
        host: Callable[..., Any] | None = None,
        index: int | None = None,
        owner: Owner | None = None,
    ) -> None:
        self.type = type_
        self.call = call
        self.host = host
        """The embedder's callable that a host function stands for; ``None`` for wasm functions."""
        self.index = index
        """Function index in the module that defines the function, or that first imports a host function, if any."""
        self.owner = owner
        """What the function belongs to, if that knows how deep its functions call."""
        self.wrapper: Any = None
        """The embedder's object for this function, so that it keeps its identity; ``None`` until it is asked for.

        Held, unlike those of other instances: glue code asks for it at every call through a table. It frees nothing
        later, as a function is part of a cycle anyway: its code refers to the instance, which refers to it.
        """

    def depth(self, *, at_once: bool = False) -> int:
        """The recursion limit that a call of the function from outside of WebAssembly needs; 0 for any: see `depth`.

        With ``at_once`` without decoding it, so that the answer is more rarely 0.
        """
        if self.owner is None or self.index is None:
            return 0
        return self.owner.depth_of(self.index, at_once=at_once)

    def entry(self) -> Callable[..., Any]:
        """What the host calls: ``call``, or something around it where calls from outside have a deadline."""
        return self.call if self.owner is None else self.owner.entry_of(self.call)

    def clock(self) -> CallClock | None:
        """What limits the time of calls from outside, if anything does: `entry` heeds it, ``call`` does not."""
        return None if self.owner is None else self.owner.clock()

    def __repr__(self) -> str:
        kind = "host function" if self.host is not None else f"function #{self.index}"
        return f"<{kind} {self.type}>"
