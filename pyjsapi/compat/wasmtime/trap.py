"""Traps, with the calls that they passed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import Enum
from typing import TYPE_CHECKING, Final

from pyjsapi.compat.wasmtime.errors import caused
from pyjsapi.compat.wasmtime.managed import Managed
from pyjsapi.compat.wasmtime.origins import Origin, origin_of
from pyjsapi.jsapi import errors
from pyjsapi.jsapi.exception import Exception as WasmException

if TYPE_CHECKING:
    from pyjsapi.embedding.valid_module import ValidModule
    from pyjsapi.embedding.wasm_frame import WasmFrame

MOST_FRAMES: Final = 20
"""Calls that a trap has: the innermost."""


class TrapCode(Enum):
    """Why a trap happened. Those of the component model, of stack switching and of assertions never come here."""

    STACK_OVERFLOW = 0
    MEMORY_OUT_OF_BOUNDS = 1
    HEAP_MISALIGNED = 2
    TABLE_OUT_OF_BOUNDS = 3
    INDIRECT_CALL_TO_NULL = 4
    BAD_SIGNATURE = 5
    INTEGER_OVERFLOW = 6
    INTEGER_DIVISION_BY_ZERO = 7
    BAD_CONVERSION_TO_INTEGER = 8
    UNREACHABLE = 9
    INTERRUPT = 10
    OUT_OF_FUEL = 11
    ATOMIC_WAIT_NON_SHARED_MEMORY = 12
    NULL_REFERENCE = 13
    ARRAY_OUT_OF_BOUNDS = 14
    ALLOCATION_TOO_LARGE = 15
    CAST_FAILURE = 16
    CANNOT_ENTER_COMPONENT = 17
    NO_ASYNC_RESULT = 18
    UNHANDLED_TAG = 19
    CONTINUATION_ALREADY_CONSUMED = 20
    DISABLED_OPCODE = 21
    ASYNC_DEADLOCK = 22
    CANNOT_LEAVE_COMPONENT = 23
    CANNOT_BLOCK_SYNC_TASK = 24
    INVALID_CHAR = 25
    DEBUG_ASSERT_STRING_ENCODING_FINISHED = 26
    DEBUG_ASSERT_EQUAL_CODE_UNITS = 27
    DEBUG_ASSERT_POINTER_ALIGNED = 28
    DEBUG_ASSERT_UPPER_BITS_UNSET = 29
    STRING_OUT_OF_BOUNDS = 30
    LIST_OUT_OF_BOUNDS = 31
    INVALID_DISCRIMINANT = 32
    UNALIGNED_POINTER = 33
    TASK_CANCEL_NOT_CANCELLED = 34
    TASK_CANCEL_OR_RETURN_TWICE = 35
    SUBTASK_CANCEL_AFTER_TERMINAL = 36
    TASK_RETURN_INVALID = 37
    WAITABLE_SET_DROP_HAS_WAITERS = 38
    SUBTASK_DROP_NOT_RESOLVED = 39
    THREAD_NEW_INDIRECT_INVALID_TYPE = 40
    THREAD_NEW_INDIRECT_UNINITIALIZED = 41
    BACKPRESSURE_OVERFLOW = 42
    UNSUPPORTED_CALLBACK_CODE = 43
    CANNOT_RESUME_THREAD = 44
    CONCURRENT_FUTURE_STREAM_OP = 45
    REFERENCE_COUNT_OVERFLOW = 46
    STREAM_OP_TOO_BIG = 47
    WAITABLE_SYNC_AND_ASYNC = 48
    UNCAUGHT_EXCEPTION = 49


class Frame(Managed):
    """A call of a WebAssembly function that a trap passed."""

    _frame: WasmFrame
    _origin: Origin | None

    @property
    def func_index(self) -> int:
        """Index of the function in its module."""
        return self._frame.index

    @property
    def func_name(self) -> str | None:
        """Name of the function in the name section, if it has one."""
        return self._frame.name if self._origin is None else self._origin.name_of(self.func_index)

    @property
    def module_name(self) -> str | None:
        """Name of the module in the name section, if it has one."""
        return None if self._origin is None else self._origin.module_name

    @property
    def module_offset(self) -> int:
        """Byte offset of the instruction in the module; `UNKNOWN_OFFSET` where it cannot be told."""
        offset = self._frame.offset
        return UNKNOWN_OFFSET if offset is None else offset

    @property
    def func_offset(self) -> int:
        """Byte offset of the instruction in the function, likewise."""
        offset = self._frame.offset
        start = None if self._origin is None else self._origin.start_of(self.func_index)
        return UNKNOWN_OFFSET if offset is None or start is None else offset - start

    def __str__(self) -> str:
        offset = "" if self.module_offset == UNKNOWN_OFFSET else f"{self.module_offset:#x}"
        place = f" {offset:>8} -" if offset else ""
        name = self.func_name or f"<wasm function {self.func_index}>"
        return f"{place} {self.module_name or '<unknown>'}!{name}"


UNKNOWN_OFFSET: Final = (1 << 64) - 1
"""An offset that cannot be told."""


class Trap(Exception, Managed):
    """WebAssembly code trapped, or a host function raised one that it made itself."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self._message = message
        self._code: TrapCode | None = None
        self._frames: list[Frame] = []

    @property
    def message(self) -> str:
        """What happened, with the calls that it passed."""
        return self._message

    @property
    def frames(self) -> list[Frame]:
        """The calls that it passed, innermost first."""
        return list(self._frames)

    @property
    def trap_code(self) -> TrapCode | None:
        """Why, of a trap that WebAssembly code raised."""
        return self._code

    def __str__(self) -> str:
        return self.message


def trap_of(error: BaseException, modules: Iterable[ValidModule]) -> Trap | None:
    """The trap that an error of the JS API stands for, if it does."""
    reason = _reason(error)
    if reason is None:
        return None
    code, wording = reason
    frames = frames_of(error, modules)
    trap = Trap(with_frames(frames, wording))
    trap._code, trap._frames = code, frames
    return trap


def frames_of(error: BaseException, modules: Iterable[ValidModule]) -> list[Frame]:
    """The innermost calls that an error passed, each of one of the modules."""
    found: Sequence[WasmFrame] = getattr(error, "wasm_frames", ())
    known: dict[str, Origin | None] = {}
    frames = []
    for each in found[:MOST_FRAMES]:
        if each.module not in known:
            known[each.module] = origin_of(each.module, modules)
        frame = Frame()
        frame._frame, frame._origin = each, known[each.module]
        frames.append(frame)
    return frames


def with_frames(frames: Sequence[Frame], wording: str) -> str:
    """A message with the calls, as Wasmtime writes it."""
    if not frames:
        return wording
    lines = [f"{number:>5}:{frame}" for number, frame in enumerate(frames)]
    return caused("\n".join(["error while executing at wasm backtrace:", *lines]), wording)


_Reason = tuple[TrapCode | None, str]


def _reason(error: BaseException) -> _Reason | None:
    """Code and wording; ``None`` for what is no trap."""
    if isinstance(error, errors.CallStackError):
        return TrapCode.STACK_OVERFLOW, "wasm trap: call stack exhausted"
    if isinstance(error, WasmException):
        return None, "thrown Wasm exception"
    if not isinstance(error, errors.RuntimeError):
        return None
    if isinstance(error, errors.OutOfFuel):
        return TrapCode.OUT_OF_FUEL, "wasm trap: all fuel consumed by WebAssembly"
    if isinstance(error, errors.Interrupted | errors.DeadlineExceeded):
        return TrapCode.INTERRUPT, "wasm trap: interrupt"
    message = str(error)
    for beginning, (code, wording) in _WORDINGS.items():
        if message.startswith(beginning):
            return code, f"wasm trap: {wording or beginning}"
    return None, message


_WORDINGS: Final[dict[str, tuple[TrapCode, str]]] = {
    "unreachable": (TrapCode.UNREACHABLE, "wasm `unreachable` instruction executed"),
    "out of bounds memory access": (TrapCode.MEMORY_OUT_OF_BOUNDS, ""),
    "unaligned atomic": (TrapCode.HEAP_MISALIGNED, ""),
    "undefined element": (
        TrapCode.TABLE_OUT_OF_BOUNDS,
        "undefined element: out of bounds table access",
    ),
    "out of bounds table access": (
        TrapCode.TABLE_OUT_OF_BOUNDS,
        "undefined element: out of bounds table access",
    ),
    "uninitialized element": (TrapCode.INDIRECT_CALL_TO_NULL, ""),
    "indirect call type mismatch": (TrapCode.BAD_SIGNATURE, ""),
    "integer overflow": (TrapCode.INTEGER_OVERFLOW, ""),
    "integer divide by zero": (TrapCode.INTEGER_DIVISION_BY_ZERO, ""),
    "invalid conversion to integer": (TrapCode.BAD_CONVERSION_TO_INTEGER, ""),
    "expected shared memory": (
        TrapCode.ATOMIC_WAIT_NON_SHARED_MEMORY,
        "atomic wait on non-shared memory",
    ),
    "null ": (TrapCode.NULL_REFERENCE, "null reference"),
    "out of bounds array access": (TrapCode.ARRAY_OUT_OF_BOUNDS, ""),
    "allocation failed": (TrapCode.ALLOCATION_TOO_LARGE, "allocation size too large"),
    "cast failure": (TrapCode.CAST_FAILURE, ""),
}
"""What the specification's messages begin with, and what Wasmtime says for it where that is another text."""
