"""Tags and exceptions, between Python and a store.

A tag is made natively when it is first needed. An exception is one `ExnInst` for one native exception, held both ways
while either lives.
"""

from __future__ import annotations

import weakref
from ctypes import addressof, c_uint64
from typing import TYPE_CHECKING, Final

from pyjsapi.embedding.failures import error_of
from pyjsapi.engines.wasmtime import values
from pyjsapi.engines.wasmtime.words import UNREACHABLE, WasmtimeError, Words, check, words
from pyjsapi.runtime.exception import HOST_TAG, UNCATCHABLE, ExnInst, HostException, TagInst
from pyjsapi.syntax.deftypes import DefType
from pyjsapi.syntax.errors import WasmError
from pyjsapi.syntax.types import FuncType

if TYPE_CHECKING:
    from pyjsapi.engines.wasmtime.store import Store

_VALUE: Final = c_uint64 * 4


class _Root:
    """A native exception that an `ExnInst` holds."""

    __slots__ = ("raw", "reference", "store")

    def __init__(self, store: Store, reference: Words) -> None:
        self.store = store
        self.reference = reference
        self.raw: int = store.lib.wasmtime_exnref_to_raw(store.context, addressof(reference))

    def __del__(self) -> None:
        self.store.references.dropped.append(self.reference)


class Exceptions:
    """The tags and exceptions of a store."""

    def __init__(self, store: Store) -> None:
        self._lib = store.lib
        self._context = store.context
        self._reference = weakref.ref(store)
        self._tags: dict[TagInst, Words] = {}
        """All that are known: native code may throw exceptions of them as long as there is a store."""
        self._exceptions: weakref.WeakValueDictionary[int, ExnInst] = weakref.WeakValueDictionary()
        self._roots: weakref.WeakKeyDictionary[ExnInst, _Root] = weakref.WeakKeyDictionary()

    @property
    def _store(self) -> Store:
        found = self._reference()
        if found is None:
            raise ReferenceError("the store is gone")
        return found

    def native_tag(self, tag: TagInst) -> Words:
        """The native tag of one from anywhere."""
        found = self._tags.get(tag)
        if found is None:
            from pyjsapi.engines.wasmtime.factories import new_tag

            found = self._tags[tag] = new_tag(self._store, tag.type)
        return found

    def add_tag(self, tag: TagInst, handle: Words) -> None:
        """Know the tag of an instance."""
        self._tags[tag] = handle

    def _tag_of(self, handle: Words) -> TagInst:
        for tag, native in self._tags.items():
            if self._lib.wasmtime_tag_eq(self._context, addressof(native), addressof(handle)):
                return tag
        raise WasmtimeError("an exception of a tag that is not known")

    def raw_of(self, exception: ExnInst | None) -> int:
        """The reference to an exception."""
        return 0 if exception is None else self._root(exception).raw

    def native(self, exception: ExnInst) -> Words:
        """The native exception, which the other one holds."""
        return self._root(exception).reference

    def _root(self, exception: ExnInst) -> _Root:
        found = self._roots.get(exception)
        if found is not None:
            return found
        tag = self.native_tag(exception.tag)
        types = _signature(exception.tag).params
        fields, roots = words(4 * max(len(types), 1)), []
        store = self._store
        for index, (type_, value) in enumerate(zip(types, exception.payload, strict=True)):
            part = _VALUE.from_buffer(fields, 32 * index)
            values.write(store, part, type_, value)
            roots.append(part)
        reference = words(3)
        error = self._lib.wasmtime_exnref_new(
            self._context, addressof(tag), addressof(fields), len(types), addressof(reference)
        )
        for part in roots:
            self._lib.wasmtime_val_unroot(addressof(part))
        check(self._lib, error)
        return self._keep(exception, reference)

    def _keep(self, exception: ExnInst, reference: Words) -> _Root:
        root = self._roots[exception] = _Root(self._store, reference)
        self._exceptions[root.raw] = exception
        return root

    def of_raw(self, raw: int) -> ExnInst | None:
        """The exception that a reference is to."""
        if not raw:
            return None
        reference = words(3)
        self._lib.wasmtime_exnref_from_raw(self._context, raw, addressof(reference))
        return self.of(reference)

    def of(self, reference: Words) -> ExnInst:
        """The exception of a native one, which is given away."""
        at = addressof(reference)
        found = self._exceptions.get(self._lib.wasmtime_exnref_to_raw(self._context, at))
        if found is not None:
            self._lib.wasmtime_exnref_unroot(at)
            return found
        tag, value, payload = words(3), words(4), []
        check(self._lib, self._lib.wasmtime_exnref_tag(self._context, at, addressof(tag)))
        for index in range(self._lib.wasmtime_exnref_field_count(self._context, at)):
            error = self._lib.wasmtime_exnref_field(self._context, at, index, addressof(value))
            check(self._lib, error)
            payload.append(values.read(self._store, value))
        exception = ExnInst(self._tag_of(tag), tuple(payload))
        self._keep(exception, reference)
        return exception

    def throw(self, error: BaseException) -> int:
        """Have native code see what a host function raised: the trap for it to return.

        What no code may catch leaves it as a trap, which stands for it until Python is reached again.
        """
        store = self._store
        if not _can_be_caught(error):
            store.pending = error
            return _stop(store)
        try:
            reference = self.native(_exception_for(error))
            given = words(3)
            self._lib.wasmtime_exnref_clone(addressof(reference), addressof(given))
            trap: int = self._lib.wasmtime_context_set_exception(self._context, addressof(given))
        except BaseException as other:  # there was no room to make one
            store.pending = other
            return _stop(store)
        return trap

    def taken(self) -> ExnInst | None:
        """The exception that has left native code, if it is one."""
        reference = words(3)
        if not self._lib.wasmtime_context_take_exception(self._context, addressof(reference)):
            return None
        return self.of(reference)


def _stop(store: Store) -> int:
    """A trap for native code to end with. One with a code, for only so it tells which calls it passes."""
    trap: int = store.lib.wasmtime_trap_new_code(UNREACHABLE)
    return trap


def _can_be_caught(error: BaseException) -> bool:
    return (
        isinstance(error, Exception)
        and not isinstance(error, WasmError)
        and not getattr(error, UNCATCHABLE, False)
        and not (isinstance(error, RecursionError) and error_of(error) is not None)
    )


def _exception_for(error: BaseException) -> ExnInst:
    if isinstance(error, ExnInst):
        return error
    if isinstance(error, HostException):
        return error.exn
    return ExnInst(HOST_TAG, (error,))


def _signature(tag: TagInst) -> FuncType:
    type_ = tag.type.type
    if not isinstance(type_, DefType):
        raise TypeError("the type of the tag is not closed")
    return type_.func
