"""Exceptions between Python and the engine of JavaScript, and the tags that they have there."""

from __future__ import annotations

import weakref
from typing import Any, Final

from pyjsapi.bridge.engine.hooks import NATIVE, EngineFailure, Handle
from pyjsapi.bridge.engine.letters import descriptor_name, letters
from pyjsapi.embedding.failures import error_of
from pyjsapi.engines.errors import Refusal
from pyjsapi.runtime.exception import HOST_TAG, UNCATCHABLE, ExnInst, HostException, TagInst
from pyjsapi.syntax.errors import Exhaustion, LinkError, Trap
from pyjsapi.syntax.types import ValType

_TRAP, _EXHAUSTED, _LINK = 1, 2, 3
"""Kinds of what the engine throws by itself."""

_WORDS: Final = (
    ("memory access out of bounds", "out of bounds memory access"),
    ("index out of bounds", "out of bounds memory access"),
    ("remainder by zero", "integer divide by zero"),
    ("divide by zero", "integer divide by zero"),
    ("divide result unrepresentable", "integer overflow"),
    ("float unrepresentable in integer range", "integer overflow"),
    ("integer result out of range", "integer overflow"),
    ("table index is out of bounds", "undefined element"),
    ("null function or function signature mismatch", "indirect call type mismatch"),
    ("indirect call to null", "uninitialized element"),
    ("function signature mismatch", "indirect call type mismatch"),
    ("table access out of bounds", "out of bounds table access"),
    ("table index out of bounds", "out of bounds table access"),
    ("unaligned access", "unaligned atomic"),
    ("unaligned memory access", "unaligned atomic"),
    ("array element access out of bounds", "out of bounds array access"),
    ("illegal cast", "cast failure"),
    ("bad cast", "cast failure"),
    ("dereferencing a null pointer", "null reference"),
    ("dereferencing null pointer", "null reference"),
    ("atomic operations not supported", "expected shared memory"),
    ("atomic wait on non-shared memory", "expected shared memory"),
    ("Atomics.wait cannot be called", "this thread cannot wait"),
    ("data segment", "out of bounds memory access"),
    ("element segment", "out of bounds table access"),
    ("rethrowing null value", "null exception reference"),
    ("null exception reference", "null exception reference"),
    ("unreachable executed", "unreachable"),
)
"""What engines say of a trap, or a part of it, and what the specification says."""

_tags: Final[weakref.WeakKeyDictionary[TagInst, Handle]] = weakref.WeakKeyDictionary()


def tag_types(tag: TagInst) -> tuple[ValType, ...]:
    """What exceptions of a tag carry."""
    type_ = tag.type.type
    if isinstance(type_, int):
        raise TypeError("the type of the tag is not closed")
    return type_.func.params


def know_tag(tag: TagInst, handle: Handle) -> None:
    """A tag is one of the engine's."""
    _tags[tag] = handle


def native_tag(tag: TagInst) -> Handle:
    """The engine's tag for a tag. Raises `Refusal` where there can be none."""
    found = _tags.get(tag)
    if found is not None:
        return found
    if not NATIVE.has_tags():
        raise Refusal("this engine of JavaScript has no tags", "exceptions")
    number = NATIVE.javascript_tag() if tag is HOST_TAG else 0
    if not number:
        number = NATIVE.new_tag(" ".join(map(descriptor_name, tag_types(tag))))
    found = _tags[tag] = Handle(number)
    return found


# ---- what JavaScript asks


def standing_for(error: BaseException) -> Any:
    """What an exception is in native code: an `ExnInst`, a tuple of the reference that is thrown, or ``None``.

    With ``None`` it is a trap, which no code catches.
    """
    if isinstance(error, HostException):
        error = error.exn
    if isinstance(error, ExnInst):
        return error.payload if error.tag is HOST_TAG else error
    if not isinstance(error, Exception):
        return None
    if getattr(error, UNCATCHABLE, False) or error_of(error) is not None:
        return None
    return (error,)


def make_exception(exn: ExnInst) -> None:
    """Give JavaScript its exception for one."""
    tag = native_tag(exn.tag)
    NATIVE.new_exception(int(tag), letters(tag_types(exn.tag)), exn.payload)


def exception_of(number: int) -> BaseException:
    """The exception for a handle of one of the engine's, which is used up."""
    handle = Handle(number)
    for tag, native in list(_tags.items()):
        if NATIVE.is_of_tag(int(handle), int(native)):
            payload = NATIVE.payload_of(int(handle), int(native), letters(tag_types(tag)))
            return ExnInst(tag, payload)
    return EngineFailure("an exception of a tag that nobody has any more")


def thrown(value: Any) -> BaseException:
    """The exception for a reference that was thrown with the tag of JavaScript's exceptions."""
    return value if isinstance(value, BaseException) else ExnInst(HOST_TAG, (value,))


def explained(kind: int, message: str) -> BaseException:
    """The exception for what the engine has thrown by itself."""
    if kind == _TRAP:
        return Trap(next((words for part, words in _WORDS if part in message), message))
    if kind == _EXHAUSTED:
        if "call stack" in message or "recursion" in message:
            return Exhaustion("call stack exhausted")
        return MemoryError(message)
    return LinkError(message) if kind == _LINK else EngineFailure(message)
