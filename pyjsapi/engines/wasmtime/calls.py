"""Calls of native functions: for each signature Python code that writes words, calls, and reads words.

The words of a call stand in a slot. Slots are kept with their function and taken in turns, so that calls nest; the
arguments of the C call are converted once for each.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from ctypes import addressof
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, Final, cast

from pyjsapi.blocks.floats import f32_bits, f32_from_bits
from pyjsapi.engines.wasmtime.failures import failure
from pyjsapi.engines.wasmtime.library import quick_call
from pyjsapi.engines.wasmtime.stacks import admit, thread
from pyjsapi.engines.wasmtime.words import V_ANY, V_EXTERN, V_FUNC, Words, kind_of, words
from pyjsapi.runtime.function import BOUNDARY
from pyjsapi.syntax.types import F32, F64, I32, I64, V128, FuncType, RefType, ValType
from pyjsapi.validation.limits import DEFAULT_CALL_DEPTH

if TYPE_CHECKING:
    from pyjsapi.engines.wasmtime.store import Store

_LOW: Final = (1 << 64) - 1
_ROOM: Final = 6
"""Calls that must be possible before native code is entered that calls the host."""


class _Owner:
    """What functions of instances belong to: it knows how deep they may call."""

    __slots__ = ("_depth",)

    suspends = False

    def __init__(self, depth: int) -> None:
        self._depth = depth

    def depth_of(self, index: int, *, at_once: bool = False) -> int:
        """See `FuncInst.depth`."""
        return self._depth

    def clock(self) -> None:
        """There is none."""
        return None

    def is_running(self) -> bool:
        """Nobody is to exchange its code."""
        return True

    def entry_of(self, call: Callable[..., Any], /) -> Callable[..., Any]:
        """See `FuncInst.entry`."""
        return call


_DEEP: Final = _Owner(DEFAULT_CALL_DEPTH)
_FLAT: Final = _Owner(0)


def owner(deep: bool) -> _Owner:
    """The owner of functions that may call the host, which may call them, or of others."""
    return _DEEP if deep else _FLAT


class Slot:
    """Room for the values of one call and its trap: views of the same bytes as words, halves, doubles and singles."""

    __slots__ = ("arguments", "doubles", "halves", "singles", "words")

    def __init__(self, count: int, context: int, handle: Words) -> None:
        memory = words(2 * count + 1)
        view = memoryview(memory).cast("B")
        self.words, self.halves = view.cast("Q"), view.cast("I")
        self.doubles, self.singles = view.cast("d"), view.cast("f")
        word, at = ctypes.c_void_p, addressof(memory)
        self.arguments = (
            word(context),
            word(addressof(handle)),
            word(at),
            ctypes.c_size_t(count),
            word(at + 16 * count),
        )


def native_call(
    store: Store, type_: FuncType, handle: Words, deep: bool = False
) -> Callable[..., Any]:
    """The callable over canonical values for a native function; ``deep`` if it may call the host."""
    return cast("Callable[..., Any]", _maker(type_, deep)(store, handle))


def _room() -> Callable[[], None]:
    """A function that raises `RecursionError` where the next few calls would.

    A callback that cannot even be entered gives native code no answer, or any: there must be room for it, for what it
    does with an exception, and for the calls of `ctypes`, which count before Python 3.12.
    """
    lines = ["def room0(): pass", *(f"def room{i}(): room{i - 1}()" for i in range(1, _ROOM))]
    scope: dict[str, Any] = {}
    exec(compile("\n".join(lines), BOUNDARY, "exec"), scope)
    return cast("Callable[[], None]", scope[f"room{_ROOM - 1}"])


@lru_cache(maxsize=4096)
def _maker(type_: FuncType, deep: bool) -> Callable[[Store, Words], Any]:
    params, results = type_.params, type_.results
    count = max(len(params), len(results))
    names = [f"a{i}" for i in range(len(params))]
    rooted = any(isinstance(t, RefType) for t in params)
    body = ["roots = []"] if rooted else []
    for index, (name, param) in enumerate(zip(names, params, strict=True)):
        body += _write_lines(index, name, param)
    body += ["error = native(*s.arguments)"]
    if rooted:
        body.append("references.unroot(roots)")
    body += [
        f"if error or q[{2 * count}]:",
        f" trap = q[{2 * count}]",
        f" q[{2 * count}] = 0",
        " push(s)",
        " raise failure(store, error, trap)",
    ]
    for index, result in enumerate(results):
        body += _read_lines(index, f"r{index}", result)
    body.append("push(s)")
    if results:
        found = ", ".join(f"r{i}" for i in range(len(results)))
        body.append(f"return {found}")
    views = _views("\n".join(body))
    lines = [
        "def make(store, handle):",
        " context, free = store.context, []",
        " pop, push, take, release = free.pop, free.append, store.turns.take, store.turns.lock.release",
        " acquire = store.turns.lock.acquire",
        " references, exceptions = store.references, store.exceptions",
        f" def call({', '.join(names)}):",
        "  try: thread.admitted",
        "  except AttributeError: admit()",
        *(["  room()"] if deep else []),
        "  if not acquire(False): take()",
        "  try:",
        f"   s = pop() if free else Slot({count}, context, handle)",
        *(f"   {view}" for view in views),
        *(f"   {line}" for line in body),
        "  finally: release()",
        " return call",
    ]
    made: dict[str, Any] = {}
    exec(compile("\n".join(lines), BOUNDARY, "exec"), _scope(), made)
    return cast("Callable[[Store, Words], Any]", made["make"])


@cache
def _scope() -> dict[str, Any]:
    return {
        "Slot": Slot,
        "admit": admit,
        "f32_bits": f32_bits,
        "f32_from_bits": f32_from_bits,
        "failure": failure,
        "native": quick_call(),
        "room": _room(),
        "thread": thread,
    }


def _views(text: str) -> list[str]:
    """Lines that take the views of a slot that the text uses."""
    found = {"q": "words", "h": "halves", "d": "doubles", "f": "singles"}
    return [f"{name} = s.{view}" for name, view in found.items() if f"{name}[" in text]


def _write_lines(index: int, name: str, type_: ValType) -> list[str]:
    if type_ is I32:
        return [f"h[{4 * index}] = {name}"]
    if type_ is I64:
        return [f"q[{2 * index}] = {name}"]
    if type_ is F64:
        return [f"d[{2 * index}] = {name}"]
    if type_ is F32:
        return [
            f"if {name} == {name}: f[{4 * index}] = {name}",
            f"else: h[{4 * index}] = f32_bits({name})",
        ]
    if type_ is V128:
        return [f"q[{2 * index}] = {name} & {_LOW}", f"q[{2 * index + 1}] = {name} >> 64"]
    return [f"q[{2 * index}] = {raw_text(name, type_)}"]


def raw_text(name: str, type_: ValType) -> str:
    """An expression for the reference to the value of a variable."""
    kind = kind_of(type_)
    if kind == V_FUNC:
        return f"store.func_raw({name})"
    if kind == V_EXTERN:
        return f"references.extern_raw({name}, roots)"
    if kind == V_ANY:
        return f"0 if {name} is None else references.any_raw({name}, roots)"
    return f"exceptions.raw_of({name})"


def value_text(raw: str, type_: ValType) -> str:
    """An expression for the value that a reference is to."""
    kind = kind_of(type_)
    if kind == V_FUNC:
        return f"store.func_of({raw})"
    if kind == V_EXTERN:
        return f"references.extern_of({raw})"
    if kind == V_ANY:
        return f"references.any_of({raw})"
    return f"exceptions.of_raw({raw})"


def _read_lines(index: int, name: str, type_: ValType) -> list[str]:
    if type_ is I32:
        return [f"{name} = h[{4 * index}]"]
    if type_ is I64:
        return [f"{name} = q[{2 * index}]"]
    if type_ is F64:
        return [f"{name} = d[{2 * index}]"]
    if type_ is F32:
        return [
            f"{name} = f[{4 * index}]",
            f"if {name} != {name}: {name} = f32_from_bits(h[{4 * index}])",
        ]
    if type_ is V128:
        return [f"{name} = q[{2 * index}] | q[{2 * index + 1}] << 64"]
    view = "q" if kind_of(type_) == V_FUNC else "h"
    at = 2 * index if view == "q" else 4 * index
    return [f"{name} = {value_text(f'{view}[{at}]', type_)}"]
