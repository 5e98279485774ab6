"""``SharedArrayBuffer`` (ECMA-262 §25.2): a view of a shared data block.

Buffers that were sent to other agents are different objects on the same block. The bytes never move and are never
detached.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar, Self

from pyjsapi.ecmascript.arraybuffer import MAX_BYTE_LENGTH, BufferBase, max_byte_length_option
from pyjsapi.ecmascript.conversions import to_index
from pyjsapi.ecmascript.errors import RangeError

if TYPE_CHECKING:
    from pyjsapi.blocks.shared import SharedBlock

__all__ = ["SharedArrayBuffer"]


def _allocate(byte_length: int, most: int) -> SharedBlock:
    """CreateSharedByteDataBlock (ECMA-262 §6.2.9.2): zeros that can grow to ``most``, or RangeError."""
    from pyjsapi.blocks.places import new_shared_block  # most programs share nothing

    if most <= MAX_BYTE_LENGTH:
        try:
            block = new_shared_block(byte_length, most)
        except (MemoryError, OverflowError):
            pass
        else:
            if len(block.reservation) >= most:
                return block
    raise RangeError(f"array buffer allocation failed: {most} bytes")


class SharedArrayBuffer(BufferBase):
    """A buffer that several agents share, fixed or growable up to ``maxByteLength`` (§25.2).

    Raises ``RangeError`` like ``ArrayBuffer``.
    """

    __slots__ = ("_block", "_frozen", "_grow")

    _block: SharedBlock
    _frozen: bool
    _grow: Callable[[int], None] | None

    _kind: ClassVar[str] = "SharedArrayBuffer"
    _is_shared: ClassVar[bool] = True

    def __init__(self, length: object = None, maxByteLength: object = None) -> None:
        byte_length = to_index(length, "SharedArrayBuffer length")
        max_byte_length = max_byte_length_option(maxByteLength)
        if max_byte_length is not None and byte_length > max_byte_length:
            raise RangeError(
                f"SharedArrayBuffer length {byte_length} exceeds its "
                f"maxByteLength {max_byte_length}"
            )
        most = byte_length if max_byte_length is None else max_byte_length
        self._stand_on(_allocate(byte_length, most), byte_length, max_byte_length)

    def _stand_on(self, block: SharedBlock, length: int, max_byte_length: int | None) -> None:
        self._initialize(block.reservation, length, max_byte_length)
        self._block = block
        self._frozen = False
        self._grow = None

    @classmethod
    def _host(
        cls,
        block: SharedBlock,
        length: int,
        *,
        max_byte_length: int | None = None,
        grow: Callable[[int], None] | None = None,
        frozen: bool = True,
    ) -> Self:
        """A buffer over the first ``length`` bytes of a block, or with ``max_byte_length`` over all there are.

        ``grow(new_byte_length)`` is called by the ``grow`` method in place of growing the block
        (HostGrowSharedArrayBuffer): it raises, or grows the block.
        """
        buffer = cls.__new__(cls)
        buffer._stand_on(block, length, max_byte_length)
        buffer._grow = grow
        buffer._frozen = frozen
        return buffer

    def _move(self, block: SharedBlock, grow: Callable[[int], None] | None) -> None:
        """Reach the bytes by another block from now on, which has the same ones and as many."""
        self._data = block.reservation
        self._block = block
        self._grow = grow
        self._release_views()

    def _bytes(self, offset: int = 0, byte_length: int | None = None) -> Any:
        # The block's own kind of view, which is no memoryview where the bytes are not Python's.
        end = self._byte_length() if byte_length is None else offset + byte_length
        return self._data[offset:end]

    @property
    def _is_elsewhere(self) -> bool:
        return not isinstance(self._data, memoryview)

    def _byte_length(self) -> int:
        return self._length if self._max_byte_length is None else self._block.length

    @property
    def growable(self) -> bool:
        """Whether ``grow`` may be called."""
        return self._max_byte_length is not None

    @property
    def frozen(self) -> bool:
        """What ``Object.isFrozen`` says of it in JavaScript: true for a buffer of a memory."""
        return self._frozen

    @property
    def extensible(self) -> bool:
        """What ``Object.isExtensible`` says of it in JavaScript: false for a buffer of a memory."""
        return not self._frozen

    def grow(self, newLength: object = None) -> None:
        """Change ``byteLength`` to ``newLength`` bytes, at least the current one (§25.2.5.3).

        Raises ``TypeError`` when the buffer is not growable, ``RangeError`` when the length is
        less than now, exceeds ``maxByteLength``, or the host refuses it.
        """
        if self._max_byte_length is None:
            raise TypeError("cannot grow a SharedArrayBuffer of fixed length")
        new_length = to_index(newLength, "SharedArrayBuffer length")
        block = self._block
        with block.lock:
            current = block.length
            if not current <= new_length <= self._max_byte_length:
                raise RangeError(
                    f"SharedArrayBuffer length {new_length} is out of range: "
                    f"it must be {current} to {self._max_byte_length}"
                )
            if self._grow is not None:
                self._grow(new_length)
            elif new_length > current:
                block.extend(new_length)

    def slice(self, start: object = None, end: object = None) -> SharedArrayBuffer:
        """A new buffer with a copy of the bytes from ``start`` to ``end``."""
        copied = self._copy_range(start, end)
        made = SharedArrayBuffer(len(copied))
        with made._bytes() as view:
            view[:] = copied
        return made

    def __repr__(self) -> str:
        if self._max_byte_length is None:
            return f"SharedArrayBuffer(byteLength={self._byte_length()})"
        return (
            f"SharedArrayBuffer(byteLength={self._byte_length()}, "
            f"maxByteLength={self._max_byte_length})"
        )
