"""Tag instances and exception instances (core: "Runtime Structure: Tag Instances, Exception Instances")."""

from __future__ import annotations

import weakref
from typing import Any, Final

from pyjsapi.syntax.deftypes import func_def_type
from pyjsapi.syntax.types import EXTERNREF, FuncType, TagType


class TagInst:
    """A tag in the store. Two tags are the same only if they are the same object."""

    __slots__ = ("__weakref__", "twin", "type", "wrapper")

    def __init__(self, type_: TagType) -> None:
        self.type = type_
        self.twin: TagInst | None = None
        """The tag of the exceptions by which the handlers of its suspensions are told, where it has any."""
        self.wrapper: weakref.ref[Any] | None = None
        """The embedder's object for this tag."""


class ExnInst(Exception):
    """An exception in the store; throwing it raises it, and a reference to it is the object itself."""

    __slots__ = ("__weakref__", "payload", "tag", "wrapper")

    from_near = False
    """Whether it is caught where it was raised, so that it has no deep traceback."""

    def __init__(self, tag: TagInst, payload: tuple[Any, ...]) -> None:
        self.tag = tag
        self.payload = payload
        """Canonical values of the tag's parameters (see `FuncInst`)."""
        self.wrapper: weakref.ref[Any] | None = None
        """The embedder's object for this exception."""

    def __str__(self) -> str:
        return f"uncaught exception of {self.tag.type}"


class Suspended(ExnInst):
    """What tells the clauses of a ``resume`` that the continuation is suspended: its tag is a twin, see there."""

    __slots__ = ()

    from_near = True


class HostException(Exception):
    """Base of the embedder's class for exceptions: raised by a host function, it throws ``exn``."""

    exn: ExnInst


HOST_TAG: Final = TagInst(TagType(func_def_type(FuncType((EXTERNREF,), ()))))
"""Tag of whatever else host functions raise: the JS API's "JavaScript exception tag"."""

UNCATCHABLE: Final = "wasm_uncatchable"
"""Attribute of the embedder's exceptions that stand for traps: no clause catches them, wherever they come from."""


def raised_by(exn: ExnInst) -> BaseException:
    """What leaves wasm code for an exception: what the host once raised, else the exception itself."""
    if exn.tag is HOST_TAG:
        value = exn.payload[0]
        if isinstance(value, BaseException):
            return value
    return exn
