"""Structures and arrays of the engine's own, as Python holds them: opaque, each one object while that lives.

What one is the engine itself says: little modules are made that ask it, for a type each.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Any, Final

from pyjsapi.binary.encoder import encode_module
from pyjsapi.bridge.engine.closed_types import opened
from pyjsapi.bridge.engine.hooks import Handle
from pyjsapi.runtime.gc import ArrayInst, StructInst
from pyjsapi.syntax.deftypes import DefType
from pyjsapi.syntax.instructions import BY_MNEMONIC as OPS
from pyjsapi.syntax.module import Code, Export, Func, Module
from pyjsapi.syntax.types import (
    ANY,
    ARRAY,
    I16,
    I32,
    ArrayType,
    FieldType,
    FuncType,
    HeapType,
    RecType,
    SubType,
    ref_type,
)


class NativeStruct(StructInst):
    """A reference of the engine's own that is no array: a structure."""

    __slots__ = ("__weakref__", "handle")

    def __init__(self, handle: Handle) -> None:
        self.handle = handle

    def matches(self, heap: HeapType) -> bool:
        """See `Aggregate`."""
        return bool(_test(heap)(self))

    def __del__(self) -> None:
        """It has no fields here that could be a long chain."""

    def __repr__(self) -> str:
        return "<structure of the engine of JavaScript>"


class NativeArray(ArrayInst):
    """An array of the engine's own. Those of 16-bit units, as builtins for strings have them, have elements."""

    __slots__ = ("__weakref__", "handle")

    def __init__(self, handle: Handle) -> None:
        self.handle = handle

    def matches(self, heap: HeapType) -> bool:
        """See `Aggregate`."""
        return bool(_test(heap)(self))

    def __del__(self) -> None:
        """It has no elements here that could be a long chain."""

    @property
    def elems(self) -> Any:  # type: ignore[override]
        """The elements of an array of units."""
        return Units(self)

    def __repr__(self) -> str:
        return "<array of the engine of JavaScript>"


_known: Final[weakref.WeakValueDictionary[int, Any]] = weakref.WeakValueDictionary()


def aggregate_of(number: int) -> Any:
    """The object for a handle, which is used up if it is new."""
    found = _known.get(number)
    if found is None:
        handle = Handle(number)
        found = NativeStruct(handle)
        if _test(ARRAY)(found):
            found = NativeArray(handle)
        _known[number] = found
    return found


_ANYREF: Final = ref_type(True, ANY)


@lru_cache(maxsize=256)
def _test(heap: HeapType) -> Callable[[Any], int]:
    groups, index = opened(heap) if isinstance(heap, DefType) else ([], heap)
    test = [(OPS["local.get"], 0), (OPS["ref.test"], index)]
    found: Callable[[Any], int] = _made(groups, {"f": (FuncType((_ANYREF,), (I32,)), test)})["f"]
    return found


def _made(
    groups: list[RecType], functions: dict[str, tuple[FuncType, list[Any]]]
) -> dict[str, Callable[..., Any]]:
    """Raw callables of functions that are written here, in a module with some types."""
    from pyjsapi.bridge.engine.instances import instantiate
    from pyjsapi.bridge.engine.modules import compile_native
    from pyjsapi.embedding.settings import DEFAULT_SETTINGS

    module = Module(types=list(groups))
    first = sum(len(each.subtypes) for each in groups)
    for name, (type_, body) in functions.items():
        index = len(module.funcs)
        module.types.append(RecType((SubType(True, (), type_),)))
        module.funcs.append(Func(first + index, Code((), [*body, (OPS["end"],)])))
        module.exports.append(Export(name, "func", index))
    instance: Any = instantiate(compile_native(encode_module(module), DEFAULT_SETTINGS), ())
    return {name: func.entry() for name, func in instance.exports.items()}


# ---- arrays of 16-bit units


@lru_cache(maxsize=1)
def _units() -> dict[str, Callable[..., Any]]:
    array = RecType((SubType(True, (), ArrayType(FieldType(I16, True))),))
    take: list[Any] = [(OPS["local.get"], 0), (OPS["ref.cast"], 0)]
    index, value = (OPS["local.get"], 1), (OPS["local.get"], 2)
    return _made(
        [array],
        {
            "length": (FuncType((_ANYREF,), (I32,)), [*take, (OPS["array.len"],)]),
            "get": (FuncType((_ANYREF, I32), (I32,)), [*take, index, (OPS["array.get_u"], 0)]),
            "set": (
                FuncType((_ANYREF, I32, I32), ()),
                [*take, index, value, (OPS["array.set"], 0)],
            ),
        },
    )


class Units(Sequence[int]):
    """The elements of a native array of units, which are looked up each time."""

    __slots__ = ("_array",)

    def __init__(self, array: NativeArray) -> None:
        self._array = array

    def __len__(self) -> int:
        return int(_units()["length"](self._array))

    def __getitem__(self, index: Any, /) -> Any:
        get = _units()["get"]
        if isinstance(index, slice):
            return [get(self._array, each) for each in range(*index.indices(len(self)))]
        return get(self._array, index)

    def __setitem__(self, place: slice, values: Iterable[int]) -> None:
        put = _units()["set"]
        for index, value in enumerate(values, place.start or 0):
            put(self._array, index, value)
