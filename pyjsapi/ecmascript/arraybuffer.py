"""``ArrayBuffer`` (ECMA-262 §25.1), and what it shares with ``SharedArrayBuffer``.

A buffer owns its bytes, or stands on bytes of somebody else, its *host* (a WebAssembly memory),
without copying them. Python cannot move or resize bytes while a ``memoryview`` of them is alive, so
the views that typed arrays keep for speed are registered here: detaching or resizing releases them,
and a typed array takes a new one at its next access. A ``memoryview`` or numpy array that a program
took cannot be revoked. When it stands in the way the bytes are copied instead, and it keeps the old
ones.
"""

from __future__ import annotations

import sys
import weakref
from collections.abc import Callable, Sized
from typing import TYPE_CHECKING, Any, ClassVar, Final, Protocol, Self

from pyjsapi.blocks.foreign_bytes import ForeignView
from pyjsapi.ecmascript.conversions import to_index, to_integer_or_infinity
from pyjsapi.ecmascript.element_view import ElementView, make_element_view
from pyjsapi.ecmascript.errors import RangeError
from pyjsapi.ecmascript.properties import get
from pyjsapi.ecmascript.values import is_object

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

__all__ = ["MAX_BYTE_LENGTH", "ArrayBuffer", "ArrayBufferView", "BufferBase"]

MAX_BYTE_LENGTH: Final = min(2**33, sys.maxsize)
"""The most bytes that a buffer made by its constructor can hold (8 GiB), as in browsers."""


def _allocate(byte_length: int) -> bytearray:
    """CreateByteDataBlock (ECMA-262 §6.2.9.1): ``byte_length`` zeros, or RangeError."""
    if byte_length <= MAX_BYTE_LENGTH:
        try:
            return bytearray(byte_length)
        except (MemoryError, OverflowError):
            pass
    raise RangeError(f"array buffer allocation failed: {byte_length} bytes")


def max_byte_length_option(options: object) -> int | None:
    """GetArrayBufferMaxByteLengthOption (ECMA-262 §25.1.3.8), or a plain number for it."""
    if is_object(options) and not hasattr(type(options), "__float__"):
        options = get(options, "maxByteLength")
    return None if options is None else to_index(options, "maxByteLength")


class ArrayBufferView:
    """The common base of typed arrays and ``DataView``: a buffer, an offset and a length in it."""

    __slots__ = ("__weakref__", "_buffer", "_fixed_byte_length", "_offset")

    _buffer: BufferBase
    _offset: int
    _fixed_byte_length: int | None  # None: it tracks the length of a resizable buffer

    @property
    def buffer(self) -> BufferBase:
        """The ``ArrayBuffer`` or ``SharedArrayBuffer`` that holds the bytes."""
        return self._buffer

    @property
    def byteLength(self) -> int:
        """The length in bytes."""
        raise NotImplementedError

    def _is_out_of_bounds(self) -> bool:
        """Whether the buffer is detached, or was shrunk so that the view no longer fits."""
        buffer = self._buffer
        if buffer.detached:
            return True
        return self._offset + (self._fixed_byte_length or 0) > buffer._byte_length()

    def _require_in_bounds(self, doing: str) -> None:
        if self._buffer.detached:
            raise TypeError(f"cannot {doing}: the ArrayBuffer is detached")
        if self._is_out_of_bounds():
            raise TypeError(f"cannot {doing}: the view is out of bounds of its resized buffer")


class ByteSource(Protocol):
    """The bytes of a buffer that somebody else has, who detaches and grows it too: it is asked each time."""

    def length(self) -> int:
        """How many bytes there are; -1 once they are detached."""

    def view(self, start: int, end: int) -> Any:
        """What stands for a ``memoryview`` of some bytes that are there."""

    def elements(self, code: str, offset: int, byte_length: int) -> ElementView | None:
        """Elements of a format, if the source has a way of its own to reach them."""

    def shared_view(self) -> memoryview[int]:
        """A ``memoryview`` of the bytes themselves. Raises `BufferError` where there is none."""


class BufferBase:
    """What both kinds of buffer share. Lengths are in bytes."""

    __slots__ = (
        "__weakref__",
        "_data",
        "_length",
        "_max_byte_length",
        "_prune_at",
        "_source",
        "_views",
    )

    _data: Any  # bytes, or what stands for them where they are elsewhere; None when detached
    _length: int
    _max_byte_length: int | None
    _views: list[weakref.ref[ElementView]]
    _source: ByteSource | None  # in place of `_data` and `_length`
    _prune_at: int  # the count of registered views at which the dead ones are dropped

    _kind: ClassVar[str] = "buffer"
    _is_shared: ClassVar[bool] = False  # IsSharedArrayBuffer

    @property
    def _is_elsewhere(self) -> bool:
        """Whether the bytes are not in Python's memory: `_bytes` gives what stands for a ``memoryview`` then."""
        return self._source is not None or isinstance(self._data, ForeignView)

    def _initialize(self, data: object, length: int, max_byte_length: int | None) -> None:
        self._data = data
        self._length = length
        self._max_byte_length = max_byte_length
        self._source = None
        self._views = []
        self._prune_at = 16

    # ---- geometry

    def _byte_length(self) -> int:
        return self._length if self._source is None else max(self._source.length(), 0)

    @property
    def byteLength(self) -> int:
        """The current length in bytes; 0 when detached."""
        return self._byte_length()

    @property
    def maxByteLength(self) -> int:
        """The length the buffer can grow to, in bytes; its ``byteLength`` when it is fixed."""
        return self._byte_length() if self._max_byte_length is None else self._max_byte_length

    @property
    def detached(self) -> bool:
        """Whether the bytes are gone."""
        return False

    @property
    def _is_fixed_length(self) -> bool:
        return self._max_byte_length is None

    # ---- access to the bytes

    def _bytes(self, offset: int = 0, byte_length: int | None = None) -> memoryview[int]:
        """A new unregistered ``memoryview`` (format ``B``) of a part. Release it soon.

        Raises ``TypeError`` when the buffer is detached.
        """
        source = self._source
        if self._data is None if source is None else source.length() < 0:
            raise TypeError("cannot access the bytes: the ArrayBuffer is detached")
        end = self._byte_length() if byte_length is None else offset + byte_length
        if source is not None:
            return source.view(offset, end)  # type: ignore[no-any-return]
        if isinstance(self._data, ForeignView):
            part: Any = self._data[offset:end]
            return part  # type: ignore[no-any-return]
        return memoryview(self._data)[offset:end]

    def _element_view(self, code: str, offset: int, byte_length: int) -> ElementView:
        """An element view of a part that the buffer releases when its bytes move or go."""
        source = self._source
        found = None if source is None else source.elements(code, offset, byte_length)
        if found is not None:
            return found
        view = make_element_view(self._bytes(offset, byte_length), code)
        views = self._views
        if len(views) >= self._prune_at:
            views[:] = [reference for reference in views if reference() is not None]
            self._prune_at = max(16, 2 * len(views))
        views.append(weakref.ref(view))
        return view

    def _release_views(self) -> None:
        """Release every element view, so that the host may move or resize the bytes.

        Typed arrays stay usable: they take new views at their next access.
        """
        views = self._views
        self._views = []
        for reference in views:
            view = reference()
            if view is not None:
                view.release()

    def _stand_over(self, source: ByteSource) -> None:
        """Have the bytes of a source from now on, which are as many and the same. Views take them over."""
        self._release_views()
        self._data, self._length, self._source = None, 0, source

    def _rebind(self, data: Sized, length: int | None = None) -> None:
        """Stand on ``data`` from now on, whose first ``length`` bytes (all of them) are the buffer.

        For hosts that moved or grew the bytes of a resizable or growable buffer.
        """
        self._release_views()
        self._data = data
        self._length = len(data) if length is None else length

    @property
    def mv(self) -> memoryview[int]:
        """A new ``memoryview`` (format ``B``) of the bytes. Raises ``TypeError`` when detached.

        Where something takes bytes-like objects and Python is 3.11, which knows no others than its own, give it this.
        Raises ``BufferError`` where the bytes are not in Python's memory and whoever has them says so.
        """
        return self._bytes() if self._source is None else self._source.shared_view()

    def tobytes(self) -> bytes:
        """A copy of the bytes. Raises ``TypeError`` when detached."""
        with self._bytes() as view:
            return view.tobytes()

    __bytes__ = tobytes

    def __buffer__(self, flags: int, /) -> memoryview[int]:
        """PEP 688, used by Python 3.12 and later: ``memoryview(buffer)``."""
        found = self._bytes()
        return found.__buffer__(flags) if self._is_elsewhere else found

    @property
    def __array_interface__(self) -> dict[str, Any]:
        """The numpy array interface, version 3: ``numpy.asarray(buffer)`` shares the bytes.

        Of bytes that are reached by calls it has a copy, which cannot be written.
        """
        return {
            "version": 3,
            "shape": (self._byte_length(),),
            "typestr": "|u1",
            "data": self.tobytes() if self._is_elsewhere else self._bytes(),
        }

    def _copy_range(self, start: object, end: object) -> bytearray:
        """The bytes that ``slice(start, end)`` means, with relative indices clamped."""
        first, last = relative_range(start, end, self._byte_length())
        with self._bytes(first, last - first) as view:
            return bytearray(view.tobytes() if self._is_elsewhere else view)


def relative_range(start: object, end: object, length: int) -> tuple[int, int]:
    """The bounds of ``slice(start, end)`` in ``length`` items: negative from the end, clamped.

    ``end`` is never before ``start`` in the result.
    """
    first = relative_index(start, length, 0)
    return first, max(relative_index(end, length, length), first)


def relative_index(value: object, length: int, default: int) -> int:
    """A relative index as array methods take it, clamped to 0…``length``."""
    if value is None:
        return default
    integer = to_integer_or_infinity(value)
    return int(max(integer + length, 0) if integer < 0 else min(integer, length))


class ArrayBuffer(BufferBase):
    """A buffer of bytes of fixed length, or resizable up to ``maxByteLength`` (ECMA-262 §25.1).

    ``length`` and ``maxByteLength`` are in bytes; the latter may also be given as an options
    mapping, ``{"maxByteLength": n}``. Raises ``RangeError`` when one is out of range, when
    ``length > maxByteLength``, or when there is not enough memory.
    """

    __slots__ = ("_detach_key", "_resize")

    _detach_key: object
    _resize: Callable[[int], None] | None

    _kind: ClassVar[str] = "ArrayBuffer"

    def __init__(self, length: object = None, maxByteLength: object = None) -> None:
        byte_length = to_index(length, "ArrayBuffer length")
        max_byte_length = max_byte_length_option(maxByteLength)
        if max_byte_length is not None:
            if byte_length > max_byte_length:
                raise RangeError(
                    f"ArrayBuffer length {byte_length} exceeds its maxByteLength {max_byte_length}"
                )
            if max_byte_length > MAX_BYTE_LENGTH:
                raise RangeError(f"maxByteLength {max_byte_length} exceeds {MAX_BYTE_LENGTH}")
        self._initialize(_allocate(byte_length), byte_length, max_byte_length)
        self._detach_key = None
        self._resize = None

    @classmethod
    def _adopt(cls, data: bytearray) -> Self:
        """A buffer of fixed length that owns ``data`` from now on, without copying it."""
        return cls._host(data)

    @classmethod
    def _host(
        cls,
        data: WriteableBuffer,
        *,
        length: int | None = None,
        max_byte_length: int | None = None,
        detach_key: object = None,
        resize: Callable[[int], None] | None = None,
    ) -> Self:
        """A buffer over the bytes of a host: a writable, contiguous object with a Python buffer.

        ``length``: how many bytes of ``data`` are visible, all by default. ``max_byte_length``
        makes it resizable. ``detach_key``: when not ``None``, only ``_detach`` with the same key
        detaches. ``resize(new_byte_length)`` is called by the ``resize`` method in place of
        resizing ``data`` (HostResizeArrayBuffer): it raises, or grows the bytes and calls
        ``_rebind``.
        """
        buffer = cls.__new__(cls)
        owned = data if type(data) is bytearray else _as_bytes_view(data)
        buffer._initialize(owned, len(owned) if length is None else length, max_byte_length)
        buffer._detach_key = detach_key
        buffer._resize = resize
        return buffer

    @staticmethod
    def isView(value: object, /) -> bool:
        """Whether ``value`` is a typed array or a ``DataView``."""
        return isinstance(value, ArrayBufferView)

    @property
    def detached(self) -> bool:
        """Whether the bytes are gone (transferred, or replaced by a memory that grew)."""
        return self._data is None if self._source is None else self._source.length() < 0

    @property
    def resizable(self) -> bool:
        """Whether ``resize`` may be called."""
        return self._max_byte_length is not None

    @property
    def maxByteLength(self) -> int:
        """The length the buffer can grow to, in bytes; 0 when detached."""
        if self.detached:
            return 0
        return self._byte_length() if self._max_byte_length is None else self._max_byte_length

    def _detach(self, key: object = None) -> None:
        """DetachArrayBuffer (ECMA-262 §25.1.3.5): drop the bytes and release all views on them.

        Raises ``TypeError`` when ``key`` is not the buffer's own [[ArrayBufferDetachKey]].
        """
        if key != self._detach_key:
            raise TypeError("the ArrayBuffer belongs to a host and cannot be detached")
        if self._source is not None:
            raise TypeError("the ArrayBuffer belongs to an engine, which alone detaches it")
        self._release_views()
        self._data = None
        self._length = 0

    def _require_attached(self, doing: str) -> None:
        if self.detached:
            raise TypeError(f"cannot {doing} a detached ArrayBuffer")

    def resize(self, newLength: object = None) -> None:
        """Change ``byteLength`` to ``newLength`` bytes; new bytes are 0 (ECMA-262 §25.1.6.6).

        Raises ``TypeError`` when the buffer is not resizable or detached, ``RangeError`` when the
        length exceeds ``maxByteLength`` or the host refuses it.
        """
        if self._max_byte_length is None:
            raise TypeError("cannot resize an ArrayBuffer of fixed length")
        new_length = to_index(newLength, "ArrayBuffer length")
        self._require_attached("resize")
        if new_length > self._max_byte_length:
            raise RangeError(
                f"ArrayBuffer length {new_length} exceeds its maxByteLength {self._max_byte_length}"
            )
        if self._resize is not None:
            self._resize(new_length)
            return
        self._release_views()
        self._data = resized(self._data, new_length)
        self._length = new_length

    def slice(self, start: object = None, end: object = None) -> ArrayBuffer:
        """A new buffer with a copy of the bytes from ``start`` to ``end``; negative from the end.

        Raises ``TypeError`` when detached.
        """
        self._require_attached("slice")
        return ArrayBuffer._adopt(self._copy_range(start, end))

    def transfer(self, newLength: object = None) -> ArrayBuffer:
        """Move the bytes to a new buffer, as resizable as this one, and detach this one.

        ``newLength`` (bytes) truncates or zero-extends. Raises ``TypeError`` when detached or when
        a host holds the key to detach it (ECMA-262 §25.1.6.8).
        """
        return self._copy_and_detach(newLength, self._max_byte_length)

    def transferToFixedLength(self, newLength: object = None) -> ArrayBuffer:
        """Like :meth:`transfer`, to a buffer of fixed length."""
        return self._copy_and_detach(newLength, None)

    def _copy_and_detach(self, new_length: object, max_byte_length: int | None) -> ArrayBuffer:
        """ArrayBufferCopyAndDetach (ECMA-262 §25.1.3.2)."""
        length = None if new_length is None else to_index(new_length, "ArrayBuffer length")
        self._require_attached("transfer")
        if length is None:
            length = self._byte_length()
        if self._detach_key is not None:
            raise TypeError("cannot transfer an ArrayBuffer that belongs to a WebAssembly memory")
        if max_byte_length is not None and length > max_byte_length:
            raise RangeError(
                f"ArrayBuffer length {length} exceeds its maxByteLength {max_byte_length}"
            )
        self._release_views()
        data = self._data
        if type(data) is bytearray and len(data) == self._length:
            data = resized(data, length)
        else:
            data = resized(bytearray(self._bytes()), length)
        self._detach()
        return ArrayBuffer._host(data, max_byte_length=max_byte_length)

    def __repr__(self) -> str:
        if self.detached:
            return "ArrayBuffer(detached)"
        length = self._byte_length()
        if self._max_byte_length is None:
            return f"ArrayBuffer(byteLength={length})"
        return f"ArrayBuffer(byteLength={length}, maxByteLength={self._max_byte_length})"


def _as_bytes_view(data: WriteableBuffer) -> memoryview[int]:
    """``data`` as something whose ``len`` and indices count bytes."""
    view = memoryview(data)
    if view.readonly:
        raise TypeError("the bytes of a buffer must be writable")
    return view if view.format == "B" and view.ndim == 1 else view.cast("B")


def resized(data: bytearray, length: int) -> bytearray:
    """``data`` with ``length`` bytes: the same object, or a copy where a view holds it in place."""
    current = len(data)
    if length > MAX_BYTE_LENGTH:
        raise RangeError(f"array buffer allocation failed: {length} bytes")
    try:
        if length > current:
            data.extend(bytes(length - current))
        elif length < current:
            del data[length:]
    except BufferError:
        copy = _allocate(length)
        kept = min(length, current)
        with memoryview(data) as view:
            copy[:kept] = view[:kept]
        return copy
    except (MemoryError, OverflowError):
        raise RangeError(f"array buffer allocation failed: {length} bytes") from None
    return data
