"""External references and those of the hierarchy of ``any``, between Python and a store.

A null reference is 0. Integers that fit into 31 bits are i31 references to native code, so that they are ones; native
structures and arrays are `NativeStruct` and `NativeArray`; everything else is a handle that the store has the object
for, until Wasmtime says that nothing refers to it any more.
"""

from __future__ import annotations

import itertools
import weakref
from collections import deque
from ctypes import addressof
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from pyjsapi.engines.wasmtime.library import FINALIZER
from pyjsapi.engines.wasmtime.words import Words, check, words
from pyjsapi.runtime.gc import I31_MASK, ArrayInst, StructInst, externalize, internalize
from pyjsapi.syntax.types import HeapType

if TYPE_CHECKING:
    from pyjsapi.engines.wasmtime.store import Store

_HALF: Final = 1 << 30
_COLLECT_AFTER: Final = 4096
"""New handles after which Wasmtime is told to collect: it does not see how much Python holds for them."""


class References:
    """The references of a store."""

    def __init__(self, store: Store) -> None:
        self._lib = store.lib
        self._context = store.context
        self._store = weakref.ref(store)
        self._objects: dict[int, Any] = {}
        self._numbers = itertools.count(1)
        self._new = 0
        self._aggregates: weakref.WeakValueDictionary[int, NativeStruct | NativeArray] = (
            weakref.WeakValueDictionary()
        )
        self.dropped: deque[Words] = deque()
        """References that Python has let go of, in whatever thread: they are unrooted by who is inside of the store."""
        self._drop = FINALIZER(partial(_forget, self._objects))

    def extern_raw(self, value: Any, roots: list[Words]) -> int:
        """The reference to an external value, valid until ``roots`` are unrooted."""
        if value is None:
            return 0
        if value.__class__ is int and -_HALF <= value < _HALF:
            return (value & I31_MASK) << 1 | 1
        if isinstance(value, NativeStruct | NativeArray) and value.store.context == self._context:
            found: int = self._lib.wasmtime_anyref_to_raw(self._context, addressof(value.reference))
            return found
        self._make_room()
        number = next(self._numbers)
        self._objects[number] = value
        reference = words(3)
        at = addressof(reference)
        if not self._lib.wasmtime_externref_new(self._context, number, self._drop, at):
            self._objects.pop(number, None)
            raise MemoryError("there is no room for an external reference")
        roots.append(reference)
        raw: int = self._lib.wasmtime_externref_to_raw(self._context, at)
        return raw

    def any_raw(self, value: Any, roots: list[Words]) -> int:
        """The reference to a value of the hierarchy of ``any``, likewise."""
        if value.__class__ is int:
            return (value & I31_MASK) << 1 | 1
        return self.extern_raw(externalize(value), roots)

    def extern_of(self, raw: int) -> Any:
        """The external value that a reference is to."""
        if not raw:
            return None
        if raw & 1:
            value = raw >> 1
            return value - (1 << 31) if value & _HALF else value
        reference = words(3)
        at = addressof(reference)
        self._lib.wasmtime_anyref_from_raw(self._context, raw, at)
        if self._lib.wasmtime_anyref_is_struct(self._context, at):
            return self._aggregate(NativeStruct, raw, reference)
        if self._lib.wasmtime_anyref_is_array(self._context, at):
            return self._aggregate(NativeArray, raw, reference)
        number = self._lib.wasmtime_externref_data(self._context, at)
        self._lib.wasmtime_anyref_unroot(at)
        return self._objects[number]

    def any_of(self, raw: int) -> Any:
        """The value of the hierarchy of ``any``."""
        return raw >> 1 if raw & 1 else internalize(self.extern_of(raw))

    def unroot(self, roots: list[Words]) -> None:
        """Let go of references that were made for a call."""
        for reference in roots:
            self._lib.wasmtime_externref_unroot(addressof(reference))

    def collect(self) -> None:
        """Have Wasmtime free what nothing refers to."""
        while self.dropped:
            self._lib.wasmtime_externref_unroot(addressof(self.dropped.popleft()))
        error = self._lib.wasmtime_context_gc(self._context)
        if error:
            self._lib.wasmtime_error_delete(error)

    def _make_room(self) -> None:
        self._new += 1
        if self._new % _COLLECT_AFTER == 0:
            self.collect()

    def _aggregate(self, class_: type[Any], raw: int, reference: Words) -> Any:
        found = self._aggregates.get(raw)
        if found is not None:
            self._lib.wasmtime_anyref_unroot(addressof(reference))
            return found
        store = self._store()
        made = self._aggregates[raw] = class_(store, reference)
        return made


def _forget(objects: dict[int, Any], number: int) -> None:
    objects.pop(number, None)


class NativeStruct(StructInst):
    """A structure of native code: what is in it is seen by native code alone."""

    __slots__ = ("__weakref__", "reference", "store")

    def __init__(self, store: Store, reference: Words) -> None:
        self.store = store
        self.reference = reference

    def __del__(self) -> None:
        self.store.references.dropped.append(self.reference)

    def matches(self, heap: HeapType) -> bool:
        """Whether it is of a heap type."""
        return _is_of(self, heap)

    def __repr__(self) -> str:
        return "<structure of Wasmtime>"


class NativeArray(ArrayInst):
    """An array of native code, likewise; ``elems`` are its elements."""

    __slots__ = ("__weakref__", "reference", "store")

    def __init__(self, store: Store, reference: Words) -> None:
        self.store = store
        self.reference = reference

    def __del__(self) -> None:
        self.store.references.dropped.append(self.reference)

    def matches(self, heap: HeapType) -> bool:
        """Whether it is of a heap type."""
        return _is_of(self, heap)

    @property
    def elems(self) -> Any:  # type: ignore[override]
        """The elements, of an array of i16."""
        return _Elements(self)

    def __repr__(self) -> str:
        return "<array of Wasmtime>"


class _Elements:
    """The elements of a native array of i16, as far as the string builtins use a list."""

    __slots__ = ("_array", "_at", "_reference")

    def __init__(self, array: NativeArray) -> None:
        self._array = array
        self._reference = words(3)
        self._at = addressof(self._reference)
        store = array.store
        store.lib.wasmtime_anyref_as_array(store.context, addressof(array.reference), self._at)

    def __del__(self) -> None:
        self._array.store.references.dropped.append(self._reference)

    def __len__(self) -> int:
        store, count = self._array.store, words(1)
        check(store.lib, store.lib.wasmtime_arrayref_len(store.context, self._at, addressof(count)))
        return count[0]

    def __getitem__(self, key: slice) -> list[int]:
        store, value = self._array.store, words(4)
        get, at, found = store.lib.wasmtime_arrayref_get, addressof(value), []
        with store.entered():
            for index in range(*key.indices(len(self))):
                check(store.lib, get(store.context, self._at, index, at))
                found.append(value[1] & 0xFFFF)
        return found

    def __setitem__(self, key: slice, units: Any) -> None:
        store, value = self._array.store, words(4)
        put, at = store.lib.wasmtime_arrayref_set, addressof(value)
        with store.entered():
            for index, unit in zip(range(*key.indices(len(self))), units, strict=True):
                value[1] = unit
                check(store.lib, put(store.context, self._at, index, at))


def _is_of(value: NativeStruct | NativeArray, heap: HeapType) -> bool:
    from pyjsapi.engines.wasmtime.factories import type_test

    return bool(type_test(value.store, heap)(value))
