"""Functions of native instances as `FuncInst`, and functions of Python's for native code."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Sequence
from typing import Any, Final, NoReturn

from pyjsapi.binary.encoder import encode_module
from pyjsapi.bridge.engine.closed_types import opened
from pyjsapi.bridge.engine.hooks import NATIVE, Handle
from pyjsapi.bridge.engine.letters import NUMBERS, OPAQUE, letters
from pyjsapi.runtime.exception import TagInst
from pyjsapi.runtime.function import FuncInst
from pyjsapi.syntax.deftypes import DefType, func_def_type
from pyjsapi.syntax.instructions import BY_MNEMONIC
from pyjsapi.syntax.module import Code, Export, Func, Import, Module
from pyjsapi.syntax.types import FuncExtern, FuncType

_MARK: Final = "linked_later"


class Shape:
    """What is known of the functions of an instance, as long as that lives."""

    __slots__ = ("tags", "types")

    def __init__(self, types: Sequence[DefType]) -> None:
        self.types = types
        self.tags: Sequence[TagInst] = ()
        """Tags that its functions may throw with."""


class NativeFunctions:
    """The functions of an instance: each a `FuncInst` while somebody has it. It is their `Owner`."""

    __slots__ = ("__weakref__", "_live", "_shape", "handle")

    suspends = False

    def __init__(self, handle: Handle, shape: Shape) -> None:
        self.handle = handle
        self._shape = shape
        self._live: weakref.WeakValueDictionary[int, FuncInst] = weakref.WeakValueDictionary()
        _instances[int(handle)] = self

    def __getitem__(self, index: int) -> FuncInst:
        found = self._live.get(index)
        if found is None:
            type_ = self._shape.types[index]
            found = FuncInst(type_, self._linked_later(index), index=index, owner=self)
            self._live[index] = found
        return found

    def _linked_later(self, index: int) -> Callable[..., Any]:
        """What stands for the call until it is made, which takes a little module: few functions are ever called."""

        def later(*values: Any) -> Any:
            return self._linked(index)(*values)

        setattr(later, _MARK, index)
        return later

    def _linked(self, index: int) -> Callable[..., Any]:
        func = self[index]
        if getattr(func.call, _MARK, None) is not None:
            func.call = _call(self.handle, index, func.type)
        return func.call

    def depth_of(self, index: int, *, at_once: bool = False) -> int:
        """See `Owner`: the engine has a stack of its own."""
        return 0

    def is_running(self) -> bool:
        """See `Owner`. Nothing here depends on it."""
        return False

    def clock(self) -> None:
        """See `Owner`: nothing limits the time of native code."""

    def entry_of(self, call: Callable[..., Any], /) -> Callable[..., Any]:
        """See `Owner`."""
        index: int | None = getattr(call, _MARK, None)
        return call if index is None else self._linked(index)


_instances: Final[weakref.WeakValueDictionary[int, NativeFunctions]] = weakref.WeakValueDictionary()


def function_of(number: int, index: int) -> FuncInst:
    """A function of the instance of that number."""
    return _instances[number][index]


def revived(number: int, index: int, shape: Shape) -> FuncInst:
    """A function of an instance that nothing here knew any more, whose new number that is."""
    return NativeFunctions(Handle(number), shape)[index]


def is_native(func: FuncInst) -> bool:
    """Whether a function belongs to a native instance."""
    return func.owner.__class__ is NativeFunctions


def _is_plain(type_: DefType) -> bool:
    """Whether the type is that of a function of numbers, and nothing but the function: no subtype, in no group."""
    func = type_.func
    is_numeric = NUMBERS.issuperset(letters(func.params) + letters(func.results))
    return is_numeric and type_ is func_def_type(func)


def _call(handle: Handle, index: int, type_: DefType) -> Callable[..., Any]:
    func = type_.func
    params, results = letters(func.params), letters(func.results)
    if OPAQUE in params + results:
        return _opaque(func)
    make = NATIVE.call_of if _is_plain(type_) else NATIVE.call_any_of
    return make(int(handle), index, params, results)


def _opaque(type_: FuncType) -> Callable[..., NoReturn]:
    def opaque(*_: Any) -> NoReturn:
        raise TypeError(f"functions of type {type_} cannot be called between engines")

    return opaque


def give(func: FuncInst) -> None:
    """Answer JavaScript's question which function of the engine that is: by one of the hooks ``give_…``."""
    owner = func.owner
    if isinstance(owner, NativeFunctions) and func.index is not None:
        NATIVE.give_export(int(owner.handle), func.index)
    elif not NATIVE.give_known(func):
        _give_host(func)


def _give_host(func: FuncInst) -> None:
    type_ = func.type
    params, results = letters(type_.func.params), letters(type_.func.results)
    if _is_plain(type_):
        NATIVE.give_host(func, func.call, params, results)
        return
    call = _opaque(type_.func) if OPAQUE in params + results else func.call
    NATIVE.give_any_host(func, call, params, results, _forwarder(type_))


def _forwarder(type_: DefType) -> bytes:
    """A module that exports, as "", a function of the type that calls the one it imports."""
    module = Module()
    module.types, index = opened(type_)
    module.imports = [Import("", "", FuncExtern(index))]
    gets = [(BY_MNEMONIC["local.get"], i) for i in range(len(type_.func.params))]
    body: list[Any] = [*gets, (BY_MNEMONIC["call"], 0), (BY_MNEMONIC["end"],)]
    module.funcs = [Func(index, Code((), body))]
    module.exports = [Export("", "func", 1)]
    return encode_module(module)
