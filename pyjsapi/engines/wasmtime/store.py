"""Stores: what native objects live in. A store frees nothing before it is dropped itself.

Each agent has one as long as anything in it is held from outside. All that Python knows of the native objects in it is
here: functions by what identifies them, references, tags and exceptions. Nobody enters a store but with its lock.
"""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from ctypes import addressof, c_uint64
from typing import TYPE_CHECKING, Any, Final

from pyjsapi.engines.wasmtime import stacks
from pyjsapi.engines.wasmtime.exceptions import Exceptions
from pyjsapi.engines.wasmtime.heeding import heed
from pyjsapi.engines.wasmtime.native_engine import NativeEngine, native_engine
from pyjsapi.engines.wasmtime.references import References
from pyjsapi.engines.wasmtime.turns import Turns
from pyjsapi.engines.wasmtime.words import Words, check, part, words
from pyjsapi.runtime.function import FuncInst

if TYPE_CHECKING:
    from pyjsapi.runtime.bell import Bell
    from pyjsapi.runtime.call_clock import CallClock
    from pyjsapi.syntax.deftypes import DefType

_UNLIMITED: Final = 1 << 40
_FUNC_REF: Final = c_uint64 * 4
"""What a reference to a function points to: code to call is the first, its context the last of four words."""


class NativeFunc:
    """What the C API knows a function by: its handle, and the reference to it that code has."""

    __slots__ = ("handle", "raw")

    def __init__(self, store: Store, handle: Words) -> None:
        self.handle = handle
        self.raw: int = store.lib.wasmtime_func_to_raw(store.context, addressof(handle))


class Store:
    """A store of Wasmtime's, ``context`` in the C API. Whoever has something in it holds it."""

    def __init__(self) -> None:
        self.engine: NativeEngine = native_engine()
        self.lib: Any = self.engine.lib
        pointer = self.lib.wasmtime_store_new(self.engine.pointer, None, None)
        self.context: int = self.lib.wasmtime_store_context(pointer)
        self.lib.wasmtime_store_limiter(pointer, -1, -1, _UNLIMITED, _UNLIMITED, _UNLIMITED)
        self.turns = Turns()
        self.pending: BaseException | None = None
        """What a host function raised that no code may catch, while native code is left for it."""
        self.callbacks: list[Any] = []
        """Wasmtime frees host functions with the store only."""
        self.bells: weakref.WeakSet[Bell] = weakref.WeakSet()
        """What ends the calls of instances that have a deadline."""
        self.modules: set[Any] = set()
        """Modules of instances, which it keeps as well."""
        self._natives: weakref.WeakKeyDictionary[FuncInst, NativeFunc] = weakref.WeakKeyDictionary()
        self._funcs: dict[tuple[int, int], weakref.ref[FuncInst]] = {}
        self._known: dict[tuple[int, int], tuple[DefType, Words, int, bool, CallClock | None]] = {}
        """Functions of instances: what they are made of again when nobody in Python holds them any more."""
        self.references = References(self)
        self.exceptions = Exceptions(self)
        self.helpers: dict[Any, Any] = {}
        """What was made in the store for a purpose of its own, by that."""
        if self.engine.interruptible:
            heed(self, pointer)
        _stores.add(self)
        dropped = weakref.finalize(self, self.lib.wasmtime_store_delete, pointer)
        dropped.atexit = False  # what is alive then may still be called

    @contextmanager
    def entered(self) -> Iterator[None]:
        """Be inside, alone, in a thread that has the stack for it. Raises `Exhaustion` where it has not."""
        stacks.admit()
        self.turns.take()
        try:
            yield
        finally:
            self.turns.lock.release()

    # ---- functions

    def add_func(
        self, type_: DefType, handle: Words, index: int, deep: bool, clock: CallClock | None = None
    ) -> FuncInst:
        """The function of an instance, ``index`` in its module; ``deep`` if it may call the host.

        ``clock`` is that of the instance, if its calls have a deadline.
        """
        native = NativeFunc(self, handle)
        key = _key(native.raw)
        self._known[key] = type_, handle, index, deep, clock
        return self._make_func(key, native)

    def _make_func(self, key: tuple[int, int], native: NativeFunc) -> FuncInst:
        from pyjsapi.engines.wasmtime.calls import native_call, owner

        type_, handle, index, deep, clock = self._known[key]
        call = native_call(self, type_.func, handle, deep)
        if clock is not None:
            call = clock.timed(call)
        func = FuncInst(type_, call, None, index, owner(deep))
        self._natives[func] = native
        self._funcs[key] = weakref.ref(func)
        return func

    def know_as(self, handle: Words, func: FuncInst) -> None:
        """Have a function that an instance hands out be one that is there: an import."""
        self._funcs[_key(NativeFunc(self, handle).raw)] = weakref.ref(func)

    def stand_for(self, handle: Words, func: FuncInst, deep: bool) -> None:
        """Have a function of an instance be one that is there: of an instance that the native one goes on with.

        Where nobody holds that any more, it comes back as another one: ``deep`` as for `add_func`.
        """
        native = NativeFunc(self, handle)
        key = _key(native.raw)
        self._known[key] = func.type, handle, func.index or 0, deep, None
        self._natives[func] = native
        self._funcs[key] = weakref.ref(func)

    def func_of(self, raw: int) -> FuncInst | None:
        """The function that a reference is to."""
        if not raw:
            return None
        key = _key(raw)
        found = self._funcs.get(key)
        func = None if found is None else found()
        if func is not None:
            return func
        if key not in self._known:
            from pyjsapi.engines.wasmtime.strangers import stranger

            return stranger(self, raw)
        return self._make_func(key, NativeFunc(self, self._known[key][1]))

    def native_func(self, func: FuncInst, functype: int | None = None) -> NativeFunc:
        """The native function of one from anywhere; ``functype`` is its native type, if that is at hand."""
        found = self._natives.get(func)
        if found is None:
            from pyjsapi.engines.wasmtime.callbacks import new_host_function

            found = self._natives[func] = new_host_function(self, func, functype)
            self._funcs[_key(found.raw)] = weakref.ref(func)
            # Native code may keep it, as its callback does: it is to come back as what it is.
            self.callbacks.append(func)
        return found

    def func_raw(self, func: FuncInst | None) -> int:
        """The reference to a function."""
        return 0 if func is None else self.native_func(func).raw

    # ---- instances of made modules

    def instance_of(self, module: int) -> Words:
        """An instance of a module without imports, by its native handle."""
        instance, trap = words(2), words(1)
        error = self.lib.wasmtime_instance_new(
            self.context, module, None, 0, addressof(instance), addressof(trap)
        )
        check(self.lib, error)
        return instance

    def export(self, instance: Words, name: bytes) -> Words:
        """An export as the C API has it: its kind, then its handle."""
        found = words(4)
        if not self.lib.wasmtime_instance_export_get(
            self.context, addressof(instance), name, len(name), addressof(found)
        ):
            raise KeyError(name)
        return found


def handle_of(extern: Words) -> Words:
    """The handle of an extern."""
    return part(extern, 3)


def func_handle_of(extern: Words) -> Words:
    """Likewise of a function."""
    return part(extern, 2)


def _key(raw: int) -> tuple[int, int]:
    """What identifies a function: of an import, the instance has a copy that is the same in its code and context."""
    found = _FUNC_REF.from_address(raw)
    return found[0], found[3]


_stores: Final[weakref.WeakSet[Store]] = weakref.WeakSet()


class _Agent(threading.local):
    def __init__(self) -> None:
        self.store: weakref.ref[Store] | None = None


_agent: Final = _Agent()


def store_here() -> Store:
    """The store of this agent."""
    reference = _agent.store
    found = None if reference is None else reference()
    if found is None:
        found = Store()
        _agent.store = weakref.ref(found)
    return found


def _after_fork() -> None:
    for store in list(_stores):
        store.turns.lock._at_fork_reinit()  # type: ignore[attr-defined]


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
