"""What a native call ended with that did not return: a trap in the specification's words, or an exception.

Wasmtime has one code for several traps. Which it is tells the instruction that trapped: its byte offset in the module
is known.
"""

from __future__ import annotations

import ctypes
import weakref
from ctypes import addressof, c_uint64
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from pyjsapi.embedding.backtrace import Backtrace, attach, backtrace_of
from pyjsapi.embedding.valid_module import ValidModule
from pyjsapi.engines.wasmtime.words import WasmtimeError, error_text, text_of, words
from pyjsapi.runtime.exception import raised_by
from pyjsapi.syntax.errors import Exhaustion, Trap
from pyjsapi.syntax.instructions import BY_MNEMONIC

if TYPE_CHECKING:
    from pyjsapi.engines.wasmtime.store import Store

_STACK_OVERFLOW: Final = 0
_TABLE, _NULL = 3, 13
_MESSAGES: Final = {
    1: "out of bounds memory access",
    2: "unaligned atomic",
    _TABLE: "out of bounds table access",
    4: "uninitialized element",
    5: "indirect call type mismatch",
    6: "integer overflow",
    7: "integer divide by zero",
    8: "invalid conversion to integer",
    9: "unreachable",
    12: "expected shared memory",
    _NULL: "null reference",
    14: "out of bounds array access",
    15: "allocation failed: too large",
    16: "cast failure",
}
_CALL_INDIRECT: Final = (0x11, 0x13)
_CALL_REF: Final = (0x14, 0x15)
_THROW_REF: Final = 0x0A
_GC: Final = BY_MNEMONIC["struct.get"].prefix
_STRUCTURES: Final = range(2, 6)
_I31: Final = (29, 30)
_MOST_FRAMES: Final = 100
_ENDLESS: Final = 1 << 62
"""Where a frame says that it has no offset."""


class _Known(NamedTuple):
    """A module that frames may be of."""

    module: weakref.ref[ValidModule]
    shift: int


class _Frame(NamedTuple):
    known: _Known | None
    funcidx: int
    offset: int | None
    """In the module as it was given; ``None`` where it cannot be told."""


_modules: Final[dict[str, _Known]] = {}


def know(name: str, module: ValidModule, shift: int) -> None:
    """Have the frames of a native module be those of a module, whose code stands so many bytes further in front."""

    def forget(reference: weakref.ref[ValidModule]) -> None:
        known = _modules.get(name)
        if known is not None and known.module is reference:
            del _modules[name]

    _modules[name] = _Known(weakref.ref(module, forget), shift)


def failure(store: Store, error: int | None, trap: int) -> BaseException:
    """What to raise after a call that gave an error or a trap. Both are freed."""
    if error:
        text = error_text(store.lib, error)
        pending, store.pending = store.pending, None
        return WasmtimeError(f"wasmtime: {text}") if pending is None else pending
    try:
        frames = _frames(store.lib, trap)
        found = _error(store, trap, frames)
    finally:
        store.lib.wasm_trap_delete(trap)
    _add_frames(found, frames)
    return found


def _error(store: Store, trap: int, frames: list[_Frame]) -> BaseException:
    lib = store.lib
    thrown = store.exceptions.taken()
    pending, store.pending = store.pending, None
    if thrown is not None:
        return thrown
    if pending is not None:
        return pending
    code = (ctypes.c_uint8 * 1)()
    if not lib.wasmtime_trap_code(trap, addressof(code)):
        vector = words(2)
        lib.wasm_trap_message(trap, addressof(vector))
        return Trap(text_of(lib, vector))
    if code[0] == _STACK_OVERFLOW:
        return Exhaustion("call stack exhausted")
    return Trap(_message(code[0], frames[0] if frames else None))


def _message(code: int, frame: _Frame | None) -> str:
    message = _MESSAGES.get(code, f"trap {code}")
    module = None if frame is None or frame.known is None else frame.known.module()
    if frame is None or module is None or frame.offset is None:
        return message
    if frame.offset + 1 >= len(module.data):
        return message
    opcode, second = module.data[frame.offset : frame.offset + 2]
    if code == _TABLE and opcode in _CALL_INDIRECT:
        return "undefined element"
    return _null(opcode, second) if code == _NULL else message


def _null(opcode: int, second: int) -> str:
    if opcode in _CALL_REF:
        return "null function reference"
    if opcode == _THROW_REF:
        return "null exception reference"
    if opcode != _GC:
        return _MESSAGES[_NULL]
    if second in _STRUCTURES:
        return "null structure reference"
    return "null i31 reference" if second in _I31 else "null array reference"


def _frames(lib: Any, trap: int) -> list[_Frame]:
    """The calls that a trap passed, innermost first."""
    vector = words(2)
    lib.wasm_trap_trace(trap, addressof(vector))
    try:
        count = min(vector[0], _MOST_FRAMES)
        pointers = (c_uint64 * count).from_address(vector[1]) if count else ()
        return [_frame(lib, pointer) for pointer in pointers]
    finally:
        lib.wasm_frame_vec_delete(addressof(vector))


def _frame(lib: Any, pointer: int) -> _Frame:
    name = lib.wasmtime_frame_module_name(pointer)
    known = None
    if name:
        size, at = (c_uint64 * 2).from_address(name)
        known = _modules.get(ctypes.string_at(at, size).decode("utf-8", "replace"))
    offset: int = lib.wasm_frame_module_offset(pointer)
    if known is not None:
        offset -= known.shift
    whole = 0 < offset < _ENDLESS
    return _Frame(known, lib.wasm_frame_func_index(pointer), offset if whole else None)


def _add_frames(error: BaseException, frames: list[_Frame]) -> None:
    """Let an error tell the calls that it passed; one that passed some before has all of them already."""
    seen = raised_by(error) if hasattr(error, "payload") else error  # type: ignore[arg-type]
    if backtrace_of(seen) is not None:
        return
    located = []
    for frame in frames:
        module = None if frame.known is None else frame.known.module()
        # Functions that `waiting` adds are none of the module's.
        if module is not None and frame.funcidx < len(module.context.funcs):
            located.append(partial(module.frame, frame.funcidx, frame.offset))
    backtrace = Backtrace()
    backtrace.add(list(located), 0)
    attach(error, backtrace)
