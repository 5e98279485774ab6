"""``WebAssembly.Exception`` (index.bs, "Exceptions")."""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

from pyjsapi.ecmascript import RangeError
from pyjsapi.ecmascript.conversions import enforce_range, shown, to_boolean
from pyjsapi.ecmascript.errors import DataCloneError
from pyjsapi.ecmascript.values import is_nullish, is_object
from pyjsapi.jsapi.descriptors import get_property
from pyjsapi.jsapi.functions import from_js, to_js
from pyjsapi.jsapi.identity import object_of
from pyjsapi.jsapi.tag import JSTag, Tag, sequence, tag_parameters
from pyjsapi.runtime import ExnInst, HostException

if TYPE_CHECKING:
    from pyjsapi.embedding.wasm_frame import WasmFrame


class Exception(HostException):
    """An exception of a tag with its payload: raised by a host function it can be caught in WebAssembly, and what
    WebAssembly does not catch is raised as one, always the same object for the same exception.

    ``Exception(tag, [1, "x"], {"traceStack": True})``. Raises `TypeError` for `JSTag`, for a payload of another
    length than the tag has parameters, and for values of other types.
    """

    name: ClassVar[str] = "Exception"

    exn: ExnInst
    wasm_frames: Sequence[WasmFrame] = ()
    """The WebAssembly calls that it passed, as of `RuntimeError`."""
    _stack: str | None

    def __init__(
        self, exceptionTag: Any = None, payload: Any = None, options: Any = None, /
    ) -> None:
        what = "WebAssembly.Exception()"
        tag = _tag(exceptionTag, what)
        values = sequence(payload, f"{what}: payload")
        if not is_nullish(options) and not is_object(options):
            raise TypeError(f"{what}: options must be an object, not {shown(options)}")
        trace = not is_nullish(options) and to_boolean(get_property(options, "traceStack"))
        if tag is JSTag:
            raise TypeError(
                f"{what}: exceptions of WebAssembly.JSTag are raised as what they carry"
            )
        types = tag_parameters(tag._tag)
        if len(values) != len(types):
            from pyjsapi.syntax.spelling import counted

            given, wanted = counted(len(values), "value"), counted(len(types), "parameter")
            raise TypeError(f"{what}: {given} for a tag of {wanted}")
        exn = ExnInst(tag._tag, tuple(map(from_js, values, types)))
        self._attach(exn)
        if trace:
            import traceback

            self._stack = "".join(traceback.format_list(traceback.extract_stack()[:-1]))

    def _attach(self, exn: ExnInst) -> None:
        self.exn = exn
        self._stack = None
        exn.wrapper = weakref.ref(self)

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        """StructuredSerialize: an exception belongs to its agent."""
        raise DataCloneError("a WebAssembly.Exception cannot be stored or copied")

    def getArg(self, exceptionTag: Any = None, index: Any = None, /) -> Any:
        """A value of the payload. Raises `TypeError` unless the exception is of the tag, `RangeError` for an index
        beyond the payload."""
        what = "WebAssembly.Exception.getArg()"
        tag = _tag(exceptionTag, what)
        at = enforce_range(index, 32, f"{what}: index")
        if self.exn.tag is not tag._tag:
            raise TypeError(f"{what}: the exception is not of the tag {tag!r}")
        payload = self.exn.payload
        if at >= len(payload):
            from pyjsapi.syntax.spelling import counted

            has = counted(len(payload), "value")
            raise RangeError(f"{what}: index {at}, but the payload has {has}")
        return to_js(payload[at], tag_parameters(tag._tag)[at])

    def is_(self, exceptionTag: Any = None, /) -> bool:
        """Whether the exception is of the tag. JavaScript's name, ``is``, is a keyword of Python: it is the same
        method, for ``getattr(exception, "is")``."""
        return self.exn.tag is _tag(exceptionTag, "WebAssembly.Exception.is()")._tag

    @property
    def stack(self) -> str | None:
        """The call stack where the exception was made, with ``traceStack``; else ``None``."""
        return self._stack

    @property
    def message(self) -> str:
        """Empty: what an exception tells is its payload."""
        return ""

    def __str__(self) -> str:
        types = " ".join(map(repr, tag_parameters(self.exn.tag)))
        return f"WebAssembly exception of a tag with parameters ({types})"


setattr(Exception, "is", Exception.is_)


def _tag(value: Any, what: str) -> Tag:
    if not isinstance(value, Tag):
        raise TypeError(f"{what}: argument 0 must be a WebAssembly.Tag, not {shown(value)}")
    return value


def exception_object(exn: ExnInst) -> Exception:
    """ "Create an Exception object": the one `Exception` of an exception instance."""
    return object_of(exn, Exception)
