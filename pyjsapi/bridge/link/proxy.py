"""The Python side of the link through proxies: ``polyfill/python/link/proxy.mjs``.

A ptr is the `id` of an object that `_objects` keeps. Values cross encoded, so that none is changed by the automatic
conversions: integers as themselves, floats as the 64 bits of an f64, references and objects as ptrs, strings, bytes and
JSON as they are. What is raised is kept until JavaScript asks for it.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable
from typing import Any, Final

from pyjsapi.blocks.floats import f64_bits, f64_from_bits
from pyjsapi.bridge.link.errors import JavaScriptThrow
from pyjsapi.bridge.link.hooks import LINK, ImportAnchor
from pyjsapi.bridge.memory.proxies import ProxyMemories

NONE: Final = None

_objects: Final[dict[int, list[Any]]] = {}
"""Object and number of references, by ptr."""
_failures: Final[list[BaseException]] = []


def hold(value: Any) -> int:
    """A new reference to an object."""
    ptr = id(value)
    entry = _objects.get(ptr)
    if entry is None:
        _objects[ptr] = [value, 1]
    else:
        entry[1] += 1
    return ptr


def incref(ptr: int) -> None:
    """One reference more."""
    _objects[ptr][1] += 1


def decref(ptr: int) -> None:
    """One reference less."""
    entry = _objects[ptr]
    entry[1] -= 1
    if not entry[1]:
        del _objects[ptr]


def count() -> int:
    """Objects that are held."""
    return len(_objects)


def _take(ptr: int) -> Any:
    """The object of a new reference, which is used up."""
    value = _objects[ptr][0]
    decref(ptr)
    return value


def _borrow(ptr: int) -> Any:
    return _objects[ptr][0]


_DECODE: Final[dict[str, Callable[[Any], Any]]] = {
    "i": int,
    "I": int,
    "f": lambda bits: f64_from_bits(int(bits)),
    "d": lambda bits: f64_from_bits(int(bits)),
    "O": _take,
    "r": _take,
    "F": _take,
    "A": _take,
    "s": str,
    "b": lambda data: data.to_bytes(),
    "J": json.loads,
}
"""From what JavaScript passes; references come as new ones."""

_ENCODE: Final[dict[str, Callable[[Any], Any]]] = {
    "i": lambda value: value & 0xFFFF_FFFF,
    "I": lambda value: str(value & 0xFFFF_FFFF_FFFF_FFFF),
    "f": lambda value: str(f64_bits(value)),
    "d": lambda value: str(f64_bits(value)),
    "O": hold,
    "r": hold,
    "F": hold,
    "A": hold,
    "s": lambda value: value,
    "b": lambda value: _to_js(bytes(value)),
    "J": json.dumps,
}
"""To what JavaScript is given; it gets new references."""


def _to_js(value: Any) -> Any:
    from pyodide.ffi import to_js

    return to_js(value)


def _encode(letters: str, value: Any) -> Any:
    if not letters:
        return None
    if len(letters) == 1:
        return _ENCODE[letters](value)
    return _to_js([_ENCODE[letter](item) for letter, item in zip(letters, value, strict=True)])


def call(ptr: int, params: str, results: str, *values: Any) -> Any:
    """Call an object; ``None`` with `failure` telling what was raised."""
    try:
        decoded = [_DECODE[letter](value) for letter, value in zip(params, values, strict=True)]
        return _encode(results, _borrow(ptr)(*decoded))
    except BaseException as exception:
        _failures.append(exception)
        LINK.failed()
        return None


def failure() -> int:
    """A new reference to the exception of the call that just failed."""
    return hold(_failures.pop())


def lookup(module: str, name: str) -> int:
    """A new reference to a name of a module."""
    return hold(getattr(importlib.import_module(module), name))


def text_of(ptr: int) -> str:
    """`str` of an object."""
    return str(_borrow(ptr))


def handle_of(ptr: int) -> int:
    """The handle of a `JavaScriptThrow`, 0 for other objects."""
    value = _borrow(ptr)
    return value.args[0] if isinstance(value, JavaScriptThrow) else 0


def throw(handle: int) -> int:
    """A new reference to the exception for a value that JavaScript keeps."""
    return hold(JavaScriptThrow(handle))


def function(index: int, params: str, results: str) -> int:
    """A new reference to a callable for the JavaScript function of that number."""
    anchor = ImportAnchor(index)
    invoke = LINK.invoke
    decode = _decoder(results)

    def javascript_function(*values: Any) -> Any:
        encoded = [_ENCODE[letter](value) for letter, value in zip(params, values, strict=True)]
        result = invoke(int(anchor), *encoded)
        thrown = LINK.take_thrown()
        if thrown:
            raise _take(thrown)
        return decode(result)

    return hold(javascript_function)


def _decoder(letters: str) -> Callable[[Any], Any]:
    if not letters:
        return lambda result: None
    if len(letters) == 1:
        return _DECODE[letters]
    return lambda result: tuple(
        _DECODE[letter](item) for letter, item in zip(letters, result, strict=True)
    )


def set_hook(name: str, hook: Callable[..., Any]) -> None:
    """Give the Python side a function of JavaScript."""
    setattr(LINK, name, hook)


memories: Final = ProxyMemories()
"""The records of memories."""


def install() -> None:
    """Make this the link layer."""
    memories.install()


def memory_count() -> int:
    """Records of memories that are held."""
    return len(memories.records)


def add_memory(memory: Any, mask: int) -> int:
    """The record of a WebAssembly.Memory."""
    from pyjsapi.bridge.memory.proxies import Record

    return memories.add(Record(None, memory, 16, int(mask)))


def memory_of(record: int) -> Any:
    """The WebAssembly.Memory of a record."""
    return memories.records[record].memory
