"""The methods of %TypedArray%.prototype that work on elements (ECMA-262 §23.2.3).

Callbacks get ``(element, index, array)`` as in JavaScript, cut to as many as they take, so that a
function of one parameter serves.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterator, Sequence
from functools import cmp_to_key
from typing import Any, Self

from pyjsapi.ecmascript.arraybuffer import relative_index, relative_range
from pyjsapi.ecmascript.conversions import (
    number_to_string,
    to_boolean,
    to_integer_or_infinity,
    to_number,
    to_string,
)
from pyjsapi.ecmascript.errors import RangeError
from pyjsapi.ecmascript.typedarray import Element, TypedArrayBase

__all__ = ["TypedArray"]


def adapt_callback(callback: object, count: int) -> Callable[..., object]:
    """``callback`` as a function of ``count`` arguments that passes on those it can take."""
    if not callable(callback):
        raise TypeError(f"{callback!r} is not a function")
    try:
        parameters = inspect.signature(callback).parameters.values()
    except (ValueError, TypeError):
        taken = 1  # a built-in that does not tell; such functions take an element
    else:
        if any(parameter.kind is parameter.VAR_POSITIONAL for parameter in parameters):
            return callback
        taken = sum(
            parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD)
            for parameter in parameters
        )
    if taken >= count:
        return callback
    return lambda *arguments: callback(*arguments[:taken])


def _sort_key(element: float) -> tuple[int, float, float]:
    """The order of numeric sorts: -0 before +0, NaN last (CompareTypedArrayElements)."""
    if element != element:
        return (1, 0.0, 0.0)
    return (0, element, math.copysign(1.0, element) if element == 0 else 0.0)


class TypedArray(TypedArrayBase[Element]):
    """The common base of all kinds of typed arrays; not to be constructed itself.

    A slice of one is a copy, `subarray` shares the bytes, and ``mv`` is a ``memoryview`` of them. Negative indices
    count from the end.
    """

    __slots__ = ()

    def __new__(cls, *arguments: object, **keywords: object) -> Self:
        if not hasattr(cls, "BYTES_PER_ELEMENT"):
            raise TypeError("TypedArray is abstract: construct one of its kinds, like Uint8Array")
        return super().__new__(cls)

    # ---- one element

    def at(self, index: object) -> Element | None:
        """The element at ``index``, negative from the end; None (undefined) outside."""
        count = self._valid_count("read an element")
        position = to_integer_or_infinity(index)
        if position < 0:
            position += count
        return self[int(position)] if 0 <= position < self._count() else None

    def with_(self, index: object, value: object) -> Self:
        """``with``: a copy in which the element at ``index`` is ``value``.

        Raises ``RangeError`` when ``index`` is outside.
        """
        count = self._valid_count("copy the array")
        position = to_integer_or_infinity(index)
        if position < 0:
            position += count
        element = self._convert(value)
        if not 0 <= position < self._count():
            raise RangeError(self._describe_outside(position, count))
        made = self.slice()
        made[int(position)] = element
        return made

    # ---- filling, moving, ordering

    def fill(self, value: object, start: object = None, end: object = None) -> Self:
        """Store ``value`` from ``start`` to ``end``; negative from the end. Returns the array."""
        count = self._valid_count("fill the array")
        element = self._encode_list([self._convert(value)])
        first, last = relative_range(start, end, count)
        last = min(last, self._valid_count("fill the array"))
        if first < last:
            self._store(first, element * (last - first))
        return self

    def copyWithin(self, target: object, start: object = None, end: object = None) -> Self:
        """Copy the elements from ``start`` to ``end`` to ``target``, even if they overlap."""
        count = self._valid_count("copy within the array")
        to = relative_index(target, count, 0)
        first, last = relative_range(start, end, count)
        count = min(count, self._valid_count("copy within the array"))
        moved = min(last - first, count - to, count - first)
        if moved > 0:
            with self._raw(first, first + moved) as raw:
                self._store(to, raw)
        return self

    def reverse(self) -> Self:
        """Reverse the elements in place. Returns the array."""
        self._valid_count("reverse the array")
        self._store(0, self[::-1]._raw())
        return self

    def sort(self, comparefn: object = None) -> Self:
        """Sort in place, numerically or by ``comparefn(a, b)``. Returns the array."""
        if comparefn is not None and not callable(comparefn):
            raise TypeError("the comparison must be a function")
        data = self._sorted(comparefn)
        fits = self._count() * self.BYTES_PER_ELEMENT
        self._store(0, memoryview(data)[:fits])
        return self

    def _sorted(self, comparefn: Callable[..., object] | None) -> bytearray:
        self._valid_count("sort the array")
        elements = self.tolist()
        if comparefn is not None:
            call = comparefn

            def compare(a: Element, b: Element) -> int:
                result = to_number(call(a, b))
                return (result > 0) - (result < 0)  # a NaN is 0

            elements.sort(key=cmp_to_key(compare))
        elif self._code in "bBhHiIqQ":
            elements.sort()
        else:
            elements.sort(key=_sort_key)
        return self._encode_list(elements)

    def toReversed(self) -> Self:
        """A reversed copy."""
        return self[::-1]

    def toSorted(self, comparefn: object = None) -> Self:
        """A sorted copy; see :meth:`sort`."""
        if comparefn is not None and not callable(comparefn):
            raise TypeError("the comparison must be a function")
        return self._of_bytes(self._sorted(comparefn))

    # ---- searching

    def includes(self, value: object, fromIndex: object = None) -> bool:
        """Whether an element equals ``value``; a NaN equals a NaN."""
        count = self._valid_count("search the array")
        first = relative_index(fromIndex, count, 0)
        if _is_nan(value):
            return any(element != element for element in self.tolist()[first:])
        return self._is_searchable(value) and value in self.tolist()[first:]

    def indexOf(self, value: object, fromIndex: object = None) -> int:
        """The first index from ``fromIndex`` with an element equal to ``value``, or -1."""
        count = self._valid_count("search the array")
        first = relative_index(fromIndex, count, 0)
        if not self._is_searchable(value) or _is_nan(value):
            return -1
        try:
            elements: Sequence[object] = self.tolist()
            return elements.index(value, first)
        except ValueError:
            return -1

    def lastIndexOf(self, value: object, fromIndex: object = math.inf) -> int:
        """The last index up to ``fromIndex`` with an element equal to ``value``, or -1."""
        count = self._valid_count("search the array")
        position = to_integer_or_infinity(fromIndex)
        position = min(position, count - 1) if position >= 0 else position + count
        if not self._is_searchable(value) or _is_nan(value):
            return -1
        elements = self.tolist()
        start = min(int(position), len(elements) - 1) if position >= 0 else -1
        return next((i for i in range(start, -1, -1) if elements[i] == value), -1)

    def _is_searchable(self, value: object) -> bool:
        """Whether strict equality can hold: for no boolean, and for no Number among BigInts."""
        return not (isinstance(value, bool) or (self._is_bigint and isinstance(value, float)))

    def _search(self, predicate: object, backwards: bool) -> tuple[int, Element | None]:
        """FindViaPredicate (ECMA-262 §23.1.3.12.1): the index and the element, or (-1, None)."""
        count = self._valid_count("search the array")
        call = adapt_callback(predicate, 3)
        for index in range(count - 1, -1, -1) if backwards else range(count):
            element = self._element_or_undefined(index)
            if to_boolean(call(element, index, self)):
                return index, element
        return -1, None

    def _element_or_undefined(self, index: int) -> Element | None:
        """What JavaScript reads at ``index``: undefined once the element is gone."""
        return self[index] if index < self._count() else None

    def find(self, predicate: object) -> Element | None:
        """The first element for which ``predicate`` is true, or None (undefined)."""
        return self._search(predicate, False)[1]

    def findIndex(self, predicate: object) -> int:
        """The first index for whose element ``predicate`` is true, or -1."""
        return self._search(predicate, False)[0]

    def findLast(self, predicate: object) -> Element | None:
        """The last element for which ``predicate`` is true, or None (undefined)."""
        return self._search(predicate, True)[1]

    def findLastIndex(self, predicate: object) -> int:
        """The last index for whose element ``predicate`` is true, or -1."""
        return self._search(predicate, True)[0]

    # ---- calling a function for every element

    def _results(self, callback: object) -> Iterator[tuple[int, Element | None, object]]:
        """The index, the element and the callback's result, for every element."""
        count = self._valid_count("read the array")
        call = adapt_callback(callback, 3)
        for index in range(count):
            element = self._element_or_undefined(index)
            yield index, element, call(element, index, self)

    def every(self, callback: object) -> bool:
        """Whether ``callback`` is true for all elements."""
        return all(to_boolean(result) for _, _, result in self._results(callback))

    def some(self, callback: object) -> bool:
        """Whether ``callback`` is true for an element."""
        return any(to_boolean(result) for _, _, result in self._results(callback))

    def forEach(self, callback: object) -> None:
        """Call ``callback`` for every element."""
        for _ in self._results(callback):
            pass

    def map(self, callback: object) -> Self:
        """An array of the same kind of the results of ``callback``."""
        return self._of_bytes(
            self._encode_list([self._convert(result) for _, _, result in self._results(callback)])
        )

    def filter(self, callback: object) -> Self:
        """An array of the same kind of the elements for which ``callback`` is true."""
        kept = [element for _, element, result in self._results(callback) if to_boolean(result)]
        return self._of_bytes(self._encode_list(kept))

    def reduce(self, callback: object, *initial: object) -> Any:
        """``callback(accumulator, element, index, array)`` over all elements, from the first."""
        return self._fold(callback, initial, range(self._valid_count("read the array")))

    def reduceRight(self, callback: object, *initial: object) -> Any:
        """Like :meth:`reduce`, from the last element."""
        count = self._valid_count("read the array")
        return self._fold(callback, initial, range(count - 1, -1, -1))

    def _fold(self, callback: object, initial: tuple[object, ...], indices: range) -> Any:
        call = adapt_callback(callback, 4)
        if initial:
            accumulator: object = initial[0]
        elif indices:
            accumulator = self[indices[0]]
            indices = indices[1:]
        else:
            raise TypeError("cannot reduce an empty array without an initial value")
        for index in indices:
            accumulator = call(accumulator, self._element_or_undefined(index), index, self)
        return accumulator

    # ---- iterators and text

    def keys(self) -> Iterator[int]:
        """An iterator of the indices."""
        self._valid_count("iterate the array")
        return iter(range(self._count()))

    def values(self) -> Iterator[Element]:
        """An iterator of the elements."""
        self._valid_count("iterate the array")
        return iter(self)

    def entries(self) -> Iterator[tuple[int, Element]]:
        """An iterator of the pairs of index and element."""
        self._valid_count("iterate the array")
        return iter(enumerate(self))

    def join(self, separator: object = None) -> str:
        """The elements as JavaScript writes them, with ``separator`` (a comma) between them."""
        count = self._valid_count("join the elements")
        text = "," if separator is None else to_string(separator)
        parts = [number_to_string(element) for element in self.tolist()] if self._count() else []
        return text.join(parts + [""] * (count - len(parts)))

    def toString(self) -> str:
        """The elements with commas between them."""
        return self.join()


def _is_nan(value: object) -> bool:
    return isinstance(value, float) and value != value
