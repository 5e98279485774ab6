"""Typed arrays (ECMA-262 §23.2): elements of one kind in a buffer, without copying it.

Where Python and JavaScript differ, Python's habit wins at the brackets and JavaScript's behaviour
everywhere else:

* ``array[i]`` counts from the end when ``i`` is negative and raises ``IndexError`` outside, so that
  Python's protocols work; JavaScript would give ``undefined``. It never returns wrong data.
* ``array[a:b]`` is a copy of the same kind; ``subarray`` is the view. Assigning to a slice keeps
  the length.
* Access to the elements of a detached array raises ``TypeError``; ``length`` is 0 as in JavaScript.
* ``==`` compares identity.

An element is read at the cost of a Python call; a loop over very many runs faster over ``mv``,
``tolist()`` or slices, which copy at the speed of memory.

Stored values convert as in JavaScript (``Uint8Array`` wraps, ``Uint8ClampedArray`` clamps, floats
round to even). Floats keep the payload of a NaN as Python's ``struct`` and ``memoryview`` do:
doubles wholly; singles pass through a C conversion, which makes a signalling NaN quiet on common
hardware.
"""

from __future__ import annotations

import struct
import sys
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping
from operator import index as to_int_by_index
from typing import (
    Any,
    ClassVar,
    Final,
    Generic,
    Literal,
    Self,
    SupportsIndex,
    TypeVar,
    overload,
)

from pyjsapi.ecmascript.arraybuffer import (
    MAX_BYTE_LENGTH,
    ArrayBuffer,
    ArrayBufferView,
    BufferBase,
    relative_range,
)
from pyjsapi.ecmascript.buffer_source import foreign_source
from pyjsapi.ecmascript.conversions import shorten, to_index, to_integer_or_infinity
from pyjsapi.ecmascript.element_view import ElementView, cast_view, native_half_views
from pyjsapi.ecmascript.errors import RangeError
from pyjsapi.ecmascript.values import is_object, null
from pyjsapi.syntax.spelling import counted

__all__ = ["TypedArrayBase"]

Element = TypeVar("Element", int, float)

_RELEASED: Final = memoryview(b"")
_RELEASED.release()

_VALUE_ERRORS: Final = (ValueError, TypeError, OverflowError)
"""What ``memoryview``, ``array`` and ``struct`` raise for a value they cannot store as it is."""


class TypedArrayBase(ArrayBufferView, Generic[Element]):
    """Construction, geometry and element access, the same for all kinds."""

    __slots__ = ("_view",)

    BYTES_PER_ELEMENT: ClassVar[int]
    """The size of an element in bytes."""

    _code: ClassVar[str]  # the struct format of an element
    _typestr: ClassVar[str]  # the same for numpy
    _is_bigint: ClassVar[bool] = False

    _view: ElementView  # the element view, or a released memoryview before and after its time

    @staticmethod
    def _convert(value: object) -> Any:
        """The element that ``value`` becomes when stored (§10.4.5.19, table of conversions)."""
        raise NotImplementedError

    # ---- construction

    def __init__(
        self, source: object = None, byteOffset: object = None, length: object = None
    ) -> None:
        """Make an array of zeros, of the elements of something, or over a buffer.

        ``source``: a length in elements; a typed array, bytes-like object or iterable to copy; or a
        buffer to stand on, from ``byteOffset`` (bytes) for ``length`` elements. Without a length
        the array ends with the buffer, and follows it when the buffer is resizable.

        Raises ``RangeError`` for an offset or length that does not fit or is not a multiple of the
        element's size, ``TypeError`` for a detached buffer or elements of another content type.
        """
        self._view = _RELEASED
        if isinstance(source, BufferBase):
            self._init_from_buffer(source, byteOffset, length)
        elif is_object(source) and not _is_number_like(source):
            self._init_from_bytes(self._encode(source))
        else:
            count = to_index(source, f"{type(self).__name__} length")
            self._init_from_length(count)

    def _init_from_length(self, count: int) -> None:
        byte_length = count * self.BYTES_PER_ELEMENT
        self._buffer = ArrayBuffer(min(byte_length, MAX_BYTE_LENGTH + 1))
        self._offset = 0
        self._fixed_byte_length = byte_length

    def _init_from_bytes(self, data: bytearray) -> None:
        self._buffer = ArrayBuffer._adopt(data)
        self._offset = 0
        self._fixed_byte_length = len(data)

    def _init_from_buffer(self, buffer: BufferBase, byte_offset: object, length: object) -> None:
        """InitializeTypedArrayFromArrayBuffer (ECMA-262 §23.2.5.1.3)."""
        name, size = type(self).__name__, self.BYTES_PER_ELEMENT
        offset = to_index(byte_offset, f"start offset of {name}")
        if offset % size:
            raise RangeError(f"start offset {offset} of {name} must be a multiple of {size}")
        count = None if length is None else to_index(length, f"{name} length")
        if buffer.detached:
            raise TypeError(f"cannot make a {name} of a detached ArrayBuffer")
        available = buffer._byte_length()
        byte_length: int | None
        if count is not None:
            byte_length = count * size
            if offset + byte_length > available:
                raise RangeError(
                    f"{name} of {counted(count, 'element')} at offset {offset} is outside the buffer "
                    f"of {counted(available, 'byte')}"
                )
        else:
            if offset > available:
                raise RangeError(
                    f"start offset {offset} of {name} is outside the buffer of {counted(available, 'byte')}"
                )
            if buffer._is_fixed_length:
                if available % size:
                    raise RangeError(
                        f"byte length {available} of the buffer of {name} must be a multiple "
                        f"of {size}"
                    )
                byte_length = available - offset
            else:
                byte_length = None
        self._buffer = buffer
        self._offset = offset
        self._fixed_byte_length = byte_length

    @classmethod
    def _of_bytes(cls, data: bytearray) -> Self:
        """An array of this kind that owns ``data`` from now on."""
        made = cls.__new__(cls)
        made._view = _RELEASED
        made._init_from_bytes(data)
        return made

    @classmethod
    def of(cls, *items: object) -> Self:
        """An array of the arguments (ECMA-262 §23.2.2.2)."""
        return cls(items)

    @classmethod
    def from_(cls, source: object, mapfn: Callable[..., object] | None = None) -> Self:
        """``from`` (ECMA-262 §23.2.2.1): an array of an iterable, each item through ``mapfn``."""
        if mapfn is None and (isinstance(source, TypedArrayBase) or _buffer_of(source) is not None):
            return cls(source)
        if mapfn is None:
            return cls(items_of(source))
        return cls([mapfn(item) for item in items_of(source)])

    # ---- geometry

    def _count(self) -> int:
        """The number of elements now; 0 when detached or out of bounds."""
        available = self._buffer._byte_length() - self._offset  # the whole is 0 when detached
        byte_length = self._fixed_byte_length
        if byte_length is None:
            return max(available, 0) // self.BYTES_PER_ELEMENT
        return byte_length // self.BYTES_PER_ELEMENT if byte_length <= available else 0

    def __len__(self) -> int:
        return self._count()

    @property
    def length(self) -> int:
        """The number of elements; 0 when detached or out of bounds."""
        return self._count()

    @property
    def byteLength(self) -> int:
        """The length in bytes; 0 when detached or out of bounds."""
        return self._count() * self.BYTES_PER_ELEMENT

    @property
    def byteOffset(self) -> int:
        """Where the array starts in its buffer, in bytes; 0 when detached or out of bounds."""
        return 0 if self._is_out_of_bounds() else self._offset

    def _valid_count(self, doing: str = "access an element") -> int:
        """The number of elements; TypeError when detached or out of bounds (ValidateTypedArray)."""
        self._require_in_bounds(doing)
        return self._count()

    def _current_view(self, doing: str = "access an element") -> ElementView:
        """The element view for the present geometry. Raises TypeError like ``_valid_count``."""
        view = self._view
        if view is not _RELEASED:
            try:
                len(view)  # one that is not released fits: whatever moves the bytes releases it
                return view
            except ValueError:
                pass
        count = self._valid_count(doing)
        view = self._buffer._element_view(self._code, self._offset, count * self.BYTES_PER_ELEMENT)
        if self._fixed_byte_length is not None or not self._buffer._is_shared:
            self._view = view  # other agents grow a shared buffer without releasing views of it
        return view

    def _raw(self, start: int = 0, stop: int | None = None) -> memoryview[int]:
        """A new ``memoryview`` of the bytes of the elements ``start`` to ``stop``."""
        size = self.BYTES_PER_ELEMENT
        if stop is None:
            stop = self._count()
        return self._buffer._bytes(self._offset + start * size, (stop - start) * size)

    # ---- elements and slices

    @overload
    def __getitem__(self, index: int, /) -> Element: ...
    @overload
    def __getitem__(self, index: slice, /) -> Self: ...

    def __getitem__(self, index: SupportsIndex | slice, /) -> Any:
        if type(index) is int:
            try:
                return self._view[index]
            except (ValueError, IndexError):
                return self._get(index)
        if isinstance(index, slice):
            return self._get_slice(index)
        return self._get(to_int_by_index(index))

    def _get(self, index: int) -> Any:
        view = self._current_view()
        if not -len(view) <= index < len(view):
            raise IndexError(self._describe_outside(index, len(view)))
        return view[index]

    def _describe_outside(self, index: int | float, count: int) -> str:
        return f"index {shorten(index)} is outside the {type(self).__name__} of {counted(count, 'element')}"

    def _get_slice(self, index: slice) -> Self:
        count = self._valid_count("slice the array")
        start, stop, step = index.indices(count)
        if step == 1:
            with self._raw(start, max(start, stop)) as raw:
                return self._of_bytes(bytearray(raw.tobytes()))
        size = self.BYTES_PER_ELEMENT
        with self._raw() as raw:
            if size == 1:
                return self._of_bytes(bytearray(raw[index]))
            data = bytearray(len(range(start, stop, step)) * size)
            for byte in range(size):
                data[byte::size] = raw[byte::size][index]
            return self._of_bytes(data)

    def __setitem__(self, index: SupportsIndex | slice, value: object, /) -> None:
        if type(index) is int:
            try:
                self._view[index] = value
            except (ValueError, IndexError, TypeError, OverflowError):
                self._set(index, value)
        elif isinstance(index, slice):
            self._set_slice(index, value)
        else:
            self._set(to_int_by_index(index), value)

    def _set(self, index: int, value: object) -> None:
        element = self._convert(value)
        view = self._current_view("set an element")
        if not -len(view) <= index < len(view):
            raise IndexError(self._describe_outside(index, len(view)))
        view[index] = element

    def _set_slice(self, index: slice, source: object) -> None:
        data = self._encode(source, copy=False)
        try:
            count = self._valid_count("set a slice")
            size = self.BYTES_PER_ELEMENT
            start, stop, step = index.indices(count)
            wanted = len(range(start, stop, step))
            if len(data) != wanted * size:
                raise RangeError(
                    f"cannot set a slice of {counted(wanted, 'element')} to {counted(len(data) // size, 'element')}"
                )
            if step == 1:
                self._store(start, data)
            elif wanted:
                values = bytes(data)
                with self._raw() as raw:
                    for byte in range(size):
                        raw[byte::size][index] = values[byte::size]
        finally:
            if isinstance(data, memoryview):
                data.release()

    def _store(self, start: int, data: bytearray | memoryview[int]) -> None:
        """Copy the bytes ``data`` to the elements from ``start``; the two may overlap."""
        count = len(data) // self.BYTES_PER_ELEMENT
        if count:
            with self._raw(start, start + count) as raw:
                raw[:] = data if isinstance(data, bytearray | memoryview) else data.tobytes()

    # ---- encoding of many elements

    @overload
    def _encode(self, source: object, copy: Literal[True] = True) -> bytearray: ...
    @overload
    def _encode(self, source: object, copy: bool) -> bytearray | memoryview[int]: ...

    def _encode(self, source: object, copy: bool = True) -> bytearray | memoryview[int]:
        """The elements of ``source`` as bytes of this kind: a ``bytearray``.

        Without ``copy`` it may be a ``memoryview`` of the source, which the caller releases.
        """
        if isinstance(source, TypedArrayBase):
            source._require_in_bounds("read the source array")
            if source._is_bigint != self._is_bigint:
                raise TypeError(
                    f"cannot mix {type(source).__name__} and {type(self).__name__}: "
                    "one holds BigInts, the other Numbers"
                )
            if self._holds_same_bytes_as(source._code):
                raw = source._raw()
                return _take(raw) if copy else raw
            return self._encode_list(source.tolist())
        if isinstance(source, list):
            return self._encode_list(source)
        view = _buffer_of(source)
        if view is None:
            return self._encode_list(items_of(source))
        code = (view.format or "").lstrip("@=<" if sys.byteorder == "little" else "@=>")
        if view.c_contiguous and self._holds_same_bytes_as(_canonical_code(code, view.itemsize)):
            raw = view.cast("B")
            return _take(raw) if copy else raw
        try:
            return self._encode_list((view.cast("B") if code == "c" else view).tolist())
        except NotImplementedError:  # a format that memoryview cannot read, such as '>i'
            return self._encode_list(items_of(source))

    def _holds_same_bytes_as(self, code: str) -> bool:
        """Whether elements of the format ``code`` convert to this kind without a changed bit."""
        return code == self._code or (code, self._code) in _SAME_BYTES

    def _encode_list(self, values: list[Any]) -> bytearray:
        code = self._code
        if code == "e":
            layout = f"<{len(values)}e"
            try:
                return bytearray(struct.pack(layout, *values))
            except (struct.error, *_VALUE_ERRORS):
                return bytearray(struct.pack(layout, *map(self._convert, values)))
        try:
            elements = array(code, values)
        except _VALUE_ERRORS:
            elements = array(code, [self._convert(value) for value in values])
        if sys.byteorder != "little":
            elements.byteswap()
        return bytearray(elements)

    # ---- the whole array

    def __iter__(self) -> Iterator[Element]:
        position = 0
        try:
            view: Any = self._current_view("iterate the array")
            for element in view:
                yield element
                position += 1
        except ValueError:
            pass  # the buffer released the view because its bytes moved or went
        while position < self._valid_count("iterate the array"):
            yield self[position]
            position += 1

    def __reversed__(self) -> Iterator[Element]:
        for position in range(self._valid_count("iterate the array") - 1, -1, -1):
            yield self[position]

    def __contains__(self, value: object) -> bool:
        return value in self.tolist()

    def tolist(self) -> list[Element]:
        """The elements as a list."""
        elements: list[Element] = self._current_view("read the array").tolist()
        return elements

    def tobytes(self) -> bytes:
        """A copy of the bytes, little-endian. Raises ``TypeError`` when detached."""
        self._require_in_bounds("read the array")
        with self._raw() as raw:
            return raw.tobytes()

    __bytes__ = tobytes

    @property
    def mv(self) -> memoryview[Any]:
        """A new ``memoryview`` of the elements, without copying.

        Where something takes bytes-like objects and Python is 3.11, which knows no others than its own, give it this.
        Its format is that of the element; halves are ``H`` before Python 3.12, and the elements are
        bytes (``B``) on a big-endian host. Raises ``TypeError`` when detached.
        """
        self._require_in_bounds("view the array")
        raw = self._raw()
        if sys.byteorder != "little":
            return raw
        code = "H" if self._code == "e" and not native_half_views else self._code
        return cast_view(raw, code)

    def __buffer__(self, flags: int, /) -> memoryview[Any]:
        """PEP 688, used by Python 3.12 and later: ``memoryview(array)``."""
        if self._buffer._is_elsewhere:
            self._require_in_bounds("view the array")
            return cast_view(self._raw().__buffer__(flags), self._code)
        return self.mv

    @property
    def __array_interface__(self) -> dict[str, Any]:
        """The numpy array interface, version 3: ``numpy.asarray(array)`` shares the bytes.

        Of bytes that are reached by calls it has a copy, which cannot be written.
        """
        self._require_in_bounds("view the array")
        data = self._raw()
        return {
            "version": 3,
            "shape": (self._count(),),
            "typestr": self._typestr,
            "data": data.tobytes() if self._buffer._is_elsewhere else data,
        }

    # ---- views and copies of a range

    def subarray(self, start: object = None, end: object = None) -> Self:
        """An array of the same kind over the same buffer, from ``start`` to ``end`` (§23.2.3.30).

        It shares the bytes; ``array[start:end]`` is a copy.
        Negative positions count from the end. Without ``end``, the subarray of an array that tracks
        its buffer's length tracks it too.
        """
        first, last = relative_range(start, end, self._count())
        size = self.BYTES_PER_ELEMENT
        made = self.__class__.__new__(self.__class__)
        made._view = _RELEASED
        offset = self._offset + first * size
        if self._fixed_byte_length is None and end is None:
            made._init_from_buffer(self._buffer, offset, None)
        else:
            made._init_from_buffer(self._buffer, offset, last - first)
        return made

    def slice(self, start: object = None, end: object = None) -> Self:
        """A copy of the elements from ``start`` to ``end``; negative from the end (§23.2.3.27).

        ``array[start:end]`` is one too; `subarray` shares the bytes.
        """
        count = self._valid_count("slice the array")
        first, last = relative_range(start, end, count)
        made = self._of_bytes(bytearray((last - first) * self.BYTES_PER_ELEMENT))
        # Converting the positions may have run a program that shrank the buffer.
        last = min(last, self._valid_count("slice the array"))
        if first < last:
            with self._raw(first, last) as raw:
                made._store(0, raw)
        return made

    def set(self, source: object, offset: object = None) -> None:
        """Store the elements of a typed array, bytes-like object or iterable from ``offset``.

        Overlap is no problem. Raises ``RangeError`` when they do not fit, ``TypeError`` when one of
        the arrays is detached or their content types differ (ECMA-262 §23.2.3.26).
        """
        start = 0 if offset is None else to_integer_or_infinity(offset)
        if start < 0:
            raise RangeError(f"offset {shorten(start)} must not be negative")
        self._require_in_bounds("set elements")
        data = self._encode(source, copy=False)
        try:
            count, added = self._valid_count("set elements"), len(data) // self.BYTES_PER_ELEMENT
            if start + added > count:
                raise RangeError(
                    f"cannot set {counted(added, 'element')} from offset {shorten(start)} of the "
                    f"{type(self).__name__} of {counted(count, 'element')}"
                )
            self._store(int(start) if added else 0, data)
        finally:
            if isinstance(data, memoryview):
                data.release()

    def __repr__(self) -> str:
        name = type(self).__name__
        if self._is_out_of_bounds():
            return f"{name}({'detached' if self._buffer.detached else 'out of bounds'})"
        count = self._count()
        if count <= 16:
            return f"{name}({self.tolist()})"
        shown = ", ".join(repr(self[position]) for position in range(8))
        return f"{name}([{shown}, …], length={count})"


_SAME_BYTES: Final = frozenset(
    pair for a, b in ("bB", "hH", "iI", "qQ") for pair in ((a, b), (b, a))
)


def _canonical_code(code: str, size: int) -> str:
    """Formats that differ by name alone as one: ``l`` and ``n`` by their size, ``c`` as ``B``."""
    if code in ("l", "n", "i", "q"):
        return {4: "i", 8: "q"}[size]
    if code in ("L", "N", "I", "Q"):
        return {4: "I", 8: "Q"}[size]
    return "B" if code == "c" else code


def _take(raw: memoryview[int]) -> bytearray:
    with raw:
        return bytearray(raw)


def _is_number_like(value: object) -> bool:
    """Whether an object is a scalar, such as one of numpy's, rather than a collection."""
    kind = type(value)
    if hasattr(kind, "__index__"):
        return not getattr(value, "shape", ())  # numpy declares __index__ for arrays too
    return hasattr(kind, "__float__") and not hasattr(kind, "__len__")


def _buffer_of(source: Any) -> memoryview[Any] | None:
    """A one-dimensional ``memoryview`` of a bytes-like object, or a buffer of JavaScript; None when it is not one."""
    if isinstance(source, (list, tuple)):
        return None
    try:
        view = memoryview(source)
    except TypeError:
        foreign = foreign_source(source)
        return None if foreign is None else foreign.elements()
    except (ValueError, BufferError):  # numpy refuses to export types like datetime64
        return None
    return view if view.ndim == 1 else None


def items_of(source: Any) -> list[Any]:
    """The items of an iterable or array-like as a list, as ``TypedArray.from`` reads them.

    A mapping is read as a JavaScript object with ``length`` and indices. Raises ``TypeError`` when
    ``source`` is none of them.
    """
    if isinstance(source, Mapping):
        count = to_integer_or_infinity(source.get("length"))
        positions: Iterable[int] = range(max(int(min(count, MAX_BYTE_LENGTH)), 0))
        return [source.get(i, source.get(str(i))) for i in positions]
    if source is None or source is null:
        raise TypeError(f"{'undefined' if source is None else 'null'} is not iterable")
    try:
        return list(source)
    except TypeError as error:
        if hasattr(type(source), "__iter__") or hasattr(type(source), "__getitem__"):
            raise
        buffer = "; its bytes are its .buffer" if hasattr(source, "buffer") else ""
        raise TypeError(f"{type(source).__name__} is not iterable: {error}{buffer}") from None
