"""Instructions that write much, in pieces: what an instance with a deadline calls for them.

Between two pieces the call may end, as it may between two instructions. What was written until then stays. The pieces
are so large that asking takes less than a hundredth of the time of writing one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from pyjsapi.runtime import gc
from pyjsapi.runtime.memory import MemInst
from pyjsapi.runtime.table import TableInst
from pyjsapi.syntax.deftypes import DefType

BYTES: Final = 1 << 22
ELEMENTS: Final = 1 << 17

WHOLE: Final[dict[str, Callable[..., Any]]] = {
    "memory_fill": MemInst.fill,
    "memory_copy": MemInst.copy,
    "memory_init": MemInst.init,
    "memory_discard": MemInst.discard,
    "table_fill": TableInst.fill,
    "table_copy": TableInst.copy,
    "table_init": TableInst.init,
}
"""What code with limits calls, by the names that it has for that, where there is no deadline."""
_ARRAYS: Final = ("new_array_data", "fill_array", "copy_array", "init_array_data")
"""What all code calls by these names."""


class Pieces:
    """The instructions, with something to call between pieces that raises when the call is to end."""

    def __init__(self, heed: Callable[[], None]) -> None:
        self._heed = heed

    def named(self) -> dict[str, Callable[..., Any]]:
        """What code calls, by the names that it has for that."""
        return {name: getattr(self, name) for name in (*WHOLE, *_ARRAYS)}

    def _offsets(self, count: int, size: int, *, backward: bool = False) -> Iterator[int]:
        """Where the pieces begin of something so long; asked before each."""
        offsets = range(0, count, size)
        for offset in reversed(offsets) if backward else offsets:
            self._heed()
            yield offset

    # ---- memories

    def memory_fill(self, memory: MemInst, address: int, value: int, count: int) -> None:
        """See `MemInst.fill`."""
        if count <= BYTES:
            memory.fill(address, value, count)
            return
        memory.check_written(address, count)
        for offset in self._offsets(count, BYTES):
            memory.fill(address + offset, value, min(BYTES, count - offset))

    def memory_copy(
        self, memory: MemInst, source: MemInst, address: int, source_address: int, count: int
    ) -> None:
        """See `MemInst.copy`."""
        if count <= BYTES:
            memory.copy(source, address, source_address, count)
            return
        memory.check(address, count)
        source.check(source_address, count)
        source.block.check(source_address, count, write=False)
        memory.block.check(address, count, write=True)
        if memory.block.is_guarded or source.block.is_guarded:
            # The same bytes may be at several addresses: all are read before any is written.
            read = source.block.read
            parts = [
                read(source_address + offset, min(BYTES, count - offset))
                for offset in self._offsets(count, BYTES)
            ]
            for offset in self._offsets(count, BYTES):
                memory.block.write(address + offset, parts[offset // BYTES])
            return
        backward = memory.block is source.block and address > source_address
        for offset in self._offsets(count, BYTES, backward=backward):
            size = min(BYTES, count - offset)
            memory.copy(source, address + offset, source_address + offset, size)

    def memory_init(
        self, memory: MemInst, address: int, source_address: int, count: int, segment: bytes
    ) -> None:
        """See `MemInst.init`."""
        if count <= BYTES or source_address + count > len(segment):
            memory.init(address, source_address, count, segment)
            return
        memory.check_written(address, count)
        for offset in self._offsets(count, BYTES):
            size = min(BYTES, count - offset)
            memory.init(address + offset, source_address + offset, size, segment)

    def memory_discard(self, memory: MemInst, address: int, count: int) -> None:
        """See `MemInst.discard`."""
        if count > BYTES:
            memory.check_written(address, count)
            address, end = memory.pages_of(address, count)
            count = end - address
        for offset in self._offsets(count, BYTES) if count else (0,):
            memory.discard(address + offset, min(BYTES, count - offset))

    # ---- tables

    def table_fill(self, table: TableInst, index: int, value: Any, count: int) -> None:
        """See `TableInst.fill`."""
        if count <= ELEMENTS or index + count > len(table.elems):
            table.fill(index, value, count)
            return
        for offset in self._offsets(count, ELEMENTS):
            table.fill(index + offset, value, min(ELEMENTS, count - offset))

    def table_copy(
        self, table: TableInst, source: TableInst, index: int, source_index: int, count: int
    ) -> None:
        """See `TableInst.copy`."""
        fits = index + count <= len(table.elems) and source_index + count <= len(source.elems)
        if count <= ELEMENTS or not fits:
            table.copy(source, index, source_index, count)
            return
        backward = table is source and index > source_index
        for offset in self._offsets(count, ELEMENTS, backward=backward):
            size = min(ELEMENTS, count - offset)
            table.copy(source, index + offset, source_index + offset, size)

    def table_init(
        self, table: TableInst, index: int, source_index: int, count: int, segment: list[Any]
    ) -> None:
        """See `TableInst.init`."""
        fits = index + count <= len(table.elems) and source_index + count <= len(segment)
        if count <= ELEMENTS or not fits:
            table.init(index, source_index, count, segment)
            return
        for offset in self._offsets(count, ELEMENTS):
            size = min(ELEMENTS, count - offset)
            table.init(index + offset, source_index + offset, size, segment)

    # ---- arrays

    def new_array_data(
        self, type_: DefType, datas: list[bytes], dataidx: int, offset: int, count: int
    ) -> gc.ArrayInst:
        """See `gc.new_array_data`."""
        size = gc.storage_of(type_).bits >> 3
        if count <= ELEMENTS or offset + count * size > len(datas[dataidx]):
            return gc.new_array_data(type_, datas, dataidx, offset, count)
        made = gc.new_array_data(type_, datas, dataidx, offset, 0)
        for at in self._offsets(count, ELEMENTS):
            some = min(ELEMENTS, count - at)
            made.elems += gc.new_array_data(type_, datas, dataidx, offset + at * size, some).elems
        return made

    def fill_array(self, array: gc.ArrayInst | None, index: int, value: Any, count: int) -> None:
        """See `gc.fill_array`."""
        if array is None or count <= ELEMENTS or index + count > len(array.elems):
            gc.fill_array(array, index, value, count)
            return
        for offset in self._offsets(count, ELEMENTS):
            gc.fill_array(array, index + offset, value, min(ELEMENTS, count - offset))

    def copy_array(
        self,
        array: gc.ArrayInst | None,
        index: int,
        source: gc.ArrayInst | None,
        source_index: int,
        count: int,
    ) -> None:
        """See `gc.copy_array`."""
        if array is None or source is None or count <= ELEMENTS:
            fits = False
        else:
            fits = index + count <= len(array.elems) and source_index + count <= len(source.elems)
        if not fits:
            gc.copy_array(array, index, source, source_index, count)
            return
        backward = array is source and index > source_index
        for offset in self._offsets(count, ELEMENTS, backward=backward):
            size = min(ELEMENTS, count - offset)
            gc.copy_array(array, index + offset, source, source_index + offset, size)

    def init_array_data(
        self,
        array: gc.ArrayInst | None,
        datas: list[bytes],
        dataidx: int,
        index: int,
        offset: int,
        count: int,
    ) -> None:
        """See `gc.init_array_data`."""
        if array is not None and ELEMENTS < count <= len(array.elems) - index:
            size = gc.storage_of(array.type).bits >> 3
            if offset + count * size <= len(datas[dataidx]):
                for at in self._offsets(count, ELEMENTS):
                    some = min(ELEMENTS, count - at)
                    gc.init_array_data(array, datas, dataidx, index + at, offset + at * size, some)
                return
        gc.init_array_data(array, datas, dataidx, index, offset, count)
