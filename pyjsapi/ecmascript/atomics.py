"""``Atomics`` (ECMA-262 §25.4): atomic accesses to the elements of integer typed arrays, waiting and notifying.

All elements of shared buffers are accessed through their block, so that every agent and every instruction of
WebAssembly that accesses the same bytes agrees, and all wait in the same queues.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from typing import Any, Final

from pyjsapi.blocks.integers import INTEGERS, OPERATIONS
from pyjsapi.blocks.shared import NOT_EQUAL, TIMED_OUT, SharedBlock
from pyjsapi.blocks.waiting import current_policy
from pyjsapi.ecmascript.conversions import (
    shorten,
    to_bigint,
    to_bigint64,
    to_index,
    to_int32,
    to_integer_or_infinity,
    to_number,
)
from pyjsapi.ecmascript.errors import RangeError
from pyjsapi.ecmascript.promises import Promise, new_wait
from pyjsapi.ecmascript.sharedarraybuffer import SharedArrayBuffer
from pyjsapi.ecmascript.typedarray import TypedArrayBase
from pyjsapi.ecmascript.typedarray_kinds import (
    BigInt64Array,
    BigUint64Array,
    Int8Array,
    Int16Array,
    Int32Array,
    Uint8Array,
    Uint16Array,
    Uint32Array,
)
from pyjsapi.syntax.errors import Trap
from pyjsapi.syntax.spelling import counted

__all__ = ["Atomics", "WaitAsyncResult"]

_INTEGERS: Final = (
    *(Int8Array, Uint8Array, Int16Array, Uint16Array),
    *(Int32Array, Uint32Array, BigInt64Array, BigUint64Array),
)
_WAITABLE: Final = (Int32Array, BigInt64Array)
_RESULTS: Final = ("ok", "not-equal", "timed-out")
"""In the order of what `SharedBlock.wait` gives."""
_UNSHARED: Final = threading.RLock()
"""For elements that no agents share: Python threads may use them all the same."""
_NANOSECONDS: Final = 10**6
"""In a millisecond."""
_WITHOUT_END: Final = -1


def _validate(array: object, what: str, waitable: bool = False) -> TypedArrayBase[int]:
    """ValidateIntegerTypedArray (§25.4.3.1)."""
    if not isinstance(array, _WAITABLE if waitable else _INTEGERS):
        kinds = "an Int32Array or BigInt64Array" if waitable else "an integer typed array"
        raise TypeError(f"{what}: argument 0 must be {kinds}, not {type(array).__name__}")
    array._require_in_bounds(f"use the array in {what}")
    return array


def _validate_access(array: TypedArrayBase[int], request_index: object, what: str) -> int:
    """ValidateAtomicAccess (§25.4.3.2): the index of the element, not of its byte."""
    count = array._count()
    index = to_index(request_index, f"{what}: index")
    if index >= count:
        raise RangeError(
            f"{what}: index {shorten(index)} is outside the {type(array).__name__} of {counted(count, 'element')}"
        )
    return index


def _revalidate(array: TypedArrayBase[int], index: int, what: str) -> int:
    """RevalidateAtomicAccess (§25.4.3.4): the byte's index; the conversion of a value may have run a program."""
    array._require_in_bounds(f"use the array in {what}")
    if index >= array._count():
        raise RangeError(f"{what}: index {index} is outside the buffer, which has become shorter")
    return array._offset + index * array.BYTES_PER_ELEMENT


def _to_element(array: TypedArrayBase[int], value: object) -> int | float:
    return to_bigint(value) if array._is_bigint else to_integer_or_infinity(value)


def _wrapped(array: TypedArrayBase[int], value: int | float) -> int:
    """The unsigned integer that an element stores for a value of `_to_element`."""
    if isinstance(value, float):  # an infinity
        return 0
    return value & (1 << 8 * array.BYTES_PER_ELEMENT) - 1


def _signed(array: TypedArrayBase[int], value: int) -> int:
    """The element that is stored as an unsigned integer."""
    element: int = array._convert(value)
    return element


class _Checked:
    """A guarded block, for those who do not run in it: what traps there is a `TypeError` here."""

    __slots__ = ("_block",)

    def __init__(self, block: SharedBlock) -> None:
        self._block = block

    def __getattr__(self, name: str) -> Callable[..., Any]:
        access: Callable[..., Any] = getattr(self._block, name)

        def checked(*arguments: Any) -> Any:
            try:
                return access(*arguments)
            except Trap as trap:
                raise TypeError(str(trap)) from None

        return checked


def _block(array: TypedArrayBase[int]) -> SharedBlock | None:
    buffer = array._buffer
    if not isinstance(buffer, SharedArrayBuffer):
        return None
    found: Any = _Checked(buffer._block) if buffer._block.is_guarded else buffer._block
    block: SharedBlock = found
    return block


def _update(operation: str, array: object, index: object, value: object, what: str) -> int:
    """AtomicReadModifyWrite (§25.4.3.17)."""
    array = _validate(array, what)
    position = _validate_access(array, index, what)
    operand = _wrapped(array, _to_element(array, value))
    address = _revalidate(array, position, what)
    size = array.BYTES_PER_ELEMENT
    block = _block(array)
    if block is not None:
        return _signed(array, block.update(operation, address, size, operand))
    with _UNSHARED:
        old = _load_plain(array, address)
        new = OPERATIONS[operation](old, operand) & (1 << 8 * size) - 1
        _store_plain(array, address, new)
    return _signed(array, old)


def _load_plain(array: TypedArrayBase[int], address: int) -> int:
    """The element at an address of bytes that no agents share."""
    size, buffer = array.BYTES_PER_ELEMENT, array._buffer
    if buffer._is_elsewhere:
        return int.from_bytes(buffer._bytes(address, size).tobytes(), "little")
    value: int = INTEGERS[size].unpack_from(buffer._data, address)[0]
    return value


def _store_plain(array: TypedArrayBase[int], address: int, value: int) -> None:
    size, buffer = array.BYTES_PER_ELEMENT, array._buffer
    if buffer._is_elsewhere:
        buffer._bytes(address, size)[:] = value.to_bytes(size, "little")
    else:
        INTEGERS[size].pack_into(buffer._data, address, value)


class WaitAsyncResult(dict[str, Any]):
    """What `Atomics.waitAsync` gives: ``async`` and ``value``, as items and as attributes."""

    @property
    def value(self) -> Promise | str:
        """``"not-equal"``, ``"timed-out"``, or the promise of ``"ok"`` or ``"timed-out"``."""
        found: Promise | str = self["value"]
        return found

    def __getattr__(self, name: str) -> bool:
        if name == "async":
            return bool(self[name])
        raise AttributeError(f"the result of Atomics.waitAsync() has no attribute {name!r}")


class _Atomics:
    """The namespace ``Atomics``.

    ``and_`` and ``or_`` are ``and`` and ``or``, which Python reserves: ``getattr(Atomics, "and")`` is there too. All
    functions raise `TypeError` for what is no typed array of integers or is detached, `RangeError` for an index
    outside of it.
    """

    __slots__ = ()

    def load(self, typedArray: object = None, index: object = None, /) -> int:
        """The element."""
        what = "Atomics.load()"
        array = _validate(typedArray, what)
        address = _revalidate(array, _validate_access(array, index, what), what)
        size = array.BYTES_PER_ELEMENT
        block = _block(array)
        if block is not None:
            return _signed(array, block.load(address, size))
        return _signed(array, _load_plain(array, address))

    def store(
        self, typedArray: object = None, index: object = None, value: object = None, /
    ) -> int | float:
        """Store the element; the value as an integer, but not wrapped."""
        what = "Atomics.store()"
        array = _validate(typedArray, what)
        position = _validate_access(array, index, what)
        element = _to_element(array, value)
        address = _revalidate(array, position, what)
        size = array.BYTES_PER_ELEMENT
        block = _block(array)
        if block is not None:
            block.store(address, size, _wrapped(array, element))
        else:
            with _UNSHARED:
                _store_plain(array, address, _wrapped(array, element))
        return element

    def add(self, typedArray: object = None, index: object = None, value: object = None, /) -> int:
        """Add to the element; the old one."""
        return _update("add", typedArray, index, value, "Atomics.add()")

    def sub(self, typedArray: object = None, index: object = None, value: object = None, /) -> int:
        """Subtract from the element; the old one."""
        return _update("sub", typedArray, index, value, "Atomics.sub()")

    def and_(self, typedArray: object = None, index: object = None, value: object = None, /) -> int:
        """Combine with the element bitwise; the old one."""
        return _update("and", typedArray, index, value, "Atomics.and()")

    def or_(self, typedArray: object = None, index: object = None, value: object = None, /) -> int:
        """Combine with the element bitwise; the old one."""
        return _update("or", typedArray, index, value, "Atomics.or()")

    def xor(self, typedArray: object = None, index: object = None, value: object = None, /) -> int:
        """Combine with the element bitwise; the old one."""
        return _update("xor", typedArray, index, value, "Atomics.xor()")

    def exchange(
        self, typedArray: object = None, index: object = None, value: object = None, /
    ) -> int:
        """Replace the element; the old one."""
        return _update("xchg", typedArray, index, value, "Atomics.exchange()")

    def compareExchange(
        self,
        typedArray: object = None,
        index: object = None,
        expectedValue: object = None,
        replacementValue: object = None,
        /,
    ) -> int:
        """Replace the element where it is the expected one, wrapped to its kind; the old one."""
        what = "Atomics.compareExchange()"
        array = _validate(typedArray, what)
        position = _validate_access(array, index, what)
        expected = _wrapped(array, _to_element(array, expectedValue))
        replacement = _wrapped(array, _to_element(array, replacementValue))
        address = _revalidate(array, position, what)
        size = array.BYTES_PER_ELEMENT
        block = _block(array)
        if block is not None:
            return _signed(array, block.compare_exchange(address, size, expected, replacement))
        with _UNSHARED:
            old = _load_plain(array, address)
            if old == expected:
                _store_plain(array, address, replacement)
        return _signed(array, old)

    def isLockFree(self, size: object = None, /) -> bool:
        """Whether elements of ``size`` bytes are accessed as the machine does: true for 1, 2, 4 and 8."""
        return to_integer_or_infinity(size) in (1, 2, 4, 8)

    def wait(
        self,
        typedArray: object = None,
        index: object = None,
        value: object = None,
        timeout: object = None,
        /,
    ) -> str:
        """Wait until notified, for ``timeout`` milliseconds at most: ``"ok"``, ``"not-equal"`` or ``"timed-out"``.

        Raises `TypeError` for an array whose buffer is not shared, and in an agent that must not block, even where
        the values differ.
        """
        what = "Atomics.wait()"
        block, address, size, expected, nanoseconds = _wait_arguments(
            typedArray, index, value, timeout, what
        )
        if not current_policy().can_block:
            raise TypeError(f"{what} cannot be called in this agent, which must not block")
        return _RESULTS[block.wait(address, size, expected, nanoseconds)]

    def waitAsync(
        self,
        typedArray: object = None,
        index: object = None,
        value: object = None,
        timeout: object = None,
        /,
    ) -> WaitAsyncResult:
        """Wait without blocking, in the same queue as those who block.

        ``{"async": False, "value": "not-equal"}`` or ``"timed-out"`` at once, else ``{"async": True, "value":
        promise}``: a future of the running event loop, or where none runs one of `concurrent.futures`, whose
        ``result(seconds)`` blocks. Who cancels it, closes the loop or ends the thread leaves the queue.
        """
        block, address, size, expected, nanoseconds = _wait_arguments(
            typedArray, index, value, timeout, "Atomics.waitAsync()"
        )
        if nanoseconds == 0:
            result = _RESULTS[TIMED_OUT if block.load(address, size) == expected else NOT_EQUAL]
            return WaitAsyncResult({"async": False, "value": result})
        wait = new_wait(block)
        if not wait.start(address, size, expected, nanoseconds):
            return WaitAsyncResult({"async": False, "value": _RESULTS[NOT_EQUAL]})
        return WaitAsyncResult({"async": True, "value": wait.promise})

    def notify(
        self, typedArray: object = None, index: object = None, count: object = None, /
    ) -> int:
        """Wake at most ``count`` of those who wait at the element, the oldest first; how many were woken.

        At an element of a buffer that is not shared nobody waits.
        """
        what = "Atomics.notify()"
        array = _validate(typedArray, what, waitable=True)
        position = _validate_access(array, index, what)
        most = math.inf if count is None else max(to_integer_or_infinity(count), 0)
        block = _block(array)
        if block is None:
            return 0
        address = array._offset + position * array.BYTES_PER_ELEMENT
        return block.notify(address, int(min(most, 0xFFFF_FFFF)))

    def pause(self, iterationNumber: object = None, /) -> None:
        """Hint that the caller waits in a loop: let other threads run.

        Raises `TypeError` unless the argument is an integral number or left out.
        """
        number = iterationNumber
        integral = (
            isinstance(number, (int, float))
            and not isinstance(number, bool)
            and float(number).is_integer()
        )
        if number is not None and not integral:
            raise TypeError(f"Atomics.pause(): {number!r} is no integral number")
        _yield()

    def __repr__(self) -> str:
        return "<Atomics>"


setattr(_Atomics, "and", _Atomics.and_)
setattr(_Atomics, "or", _Atomics.or_)

Atomics: Final = _Atomics()
"""The namespace of ECMA-262 §25.4."""


def _yield() -> None:
    from time import sleep

    sleep(0)


def _wait_arguments(
    array: object, index: object, value: object, timeout: object, what: str
) -> tuple[SharedBlock, int, int, int, int]:
    """The first steps of DoWait (§25.4.3.14): block, byte's index, size, unsigned value, nanoseconds."""
    array = _validate(array, what, waitable=True)
    block = _block(array)
    if block is None:
        raise TypeError(f"{what}: the array must stand on a SharedArrayBuffer")
    position = _validate_access(array, index, what)
    expected = to_bigint64(value) if array._is_bigint else to_int32(value)
    milliseconds = math.inf if timeout is None else to_number(timeout)
    size = array.BYTES_PER_ELEMENT
    nanoseconds = _WITHOUT_END
    if milliseconds == -math.inf:
        nanoseconds = 0
    elif isinstance(milliseconds, int) or math.isfinite(milliseconds):
        nanoseconds = int(max(milliseconds, 0) * _NANOSECONDS)
    address = array._offset + position * size
    return block, address, size, expected & (1 << 8 * size) - 1, nanoseconds
