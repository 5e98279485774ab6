"""StructuredDeserialize (HTML, "Safe passing of structured data"): records become values again, of this agent."""

from __future__ import annotations

import builtins
import datetime
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from pyjsapi.agents.channel import ChannelEnd
from pyjsapi.agents.serialise import API_ERRORS, Message, Record, Slot
from pyjsapi.blocks.shared import SharedBlock
from pyjsapi.ecmascript import TYPED_ARRAYS, ArrayBuffer, DataView, SharedArrayBuffer
from pyjsapi.ecmascript.errors import DataCloneError
from pyjsapi.ecmascript.values import null
from pyjsapi.jsapi.memory import Memory, memory_object
from pyjsapi.jsapi.module import Module, module_object
from pyjsapi.jsapi.shared_buffers import MemoryGrowth
from pyjsapi.runtime.memory import MemInst
from pyjsapi.syntax.types import I32, I64, MemType

_IMMUTABLE: Final = {"tuple": tuple, "frozenset": frozenset}
_VIEWS: Final[Mapping[str, Any]] = {
    "DataView": DataView,
    **{kind.__name__: kind for kind in TYPED_ARRAYS},
}


def deserialise(message: Message) -> tuple[Any, list[Any]]:
    """The value of a message, and the ports that were transferred with it."""
    deserialiser = _Deserialiser(message)
    value = deserialiser.value(message.root)
    ports = [deserialiser.value(number) for number in message.ports]
    return value, ports


class _Deserialiser:
    """Objects are made first; what holds others is filled afterwards, so that nothing recurs."""

    def __init__(self, message: Message) -> None:
        self._records = message.records
        self._attachments = message.attachments
        self._made: dict[int, Any] = {}
        self._make_all()

    def value(self, slot: Slot) -> Any:
        """What a slot stands for, once its record is made."""
        if isinstance(slot, int):
            return self._made[slot]
        return slot[0] if slot else null

    def _values(self, slots: tuple[Slot, ...]) -> list[Any]:
        return [self.value(slot) for slot in slots]

    def _make_all(self) -> None:
        containers = []
        for number, record in enumerate(self._records):
            kind = record[0]
            if kind == "list":
                self._made[number] = []
            elif kind == "dict":
                self._made[number] = {}
            elif kind == "set":
                self._made[number] = set()
            else:
                continue
            containers.append(number)
        for number in range(len(self._records)):
            self._make_with_parts(number)
        # Keys and members are hashed here: by now, all that can be hashed is whole.
        for number in containers:
            self._fill(self._made[number], self._records[number])

    def _make_with_parts(self, number: int) -> None:
        """Make an object after those that it cannot be made without."""
        pending = [number]
        while pending:
            current = pending[-1]
            if current in self._made:
                pending.pop()
                continue
            record = self._records[current]
            missing = [part for part in _parts(record) if part not in self._made]
            if missing:
                pending += missing
            else:
                self._made[current] = self._make(record)
                pending.pop()

    def _fill(self, container: Any, record: Record) -> None:
        if record[0] == "list":
            container += self._values(record[1])
        elif record[0] == "set":
            container.update(self._values(record[1]))
        else:
            container.update((self.value(key), self.value(value)) for key, value in record[1])

    def _make(self, record: Record) -> Any:
        kind, *rest = record
        if kind in _IMMUTABLE:
            return _IMMUTABLE[kind](self._values(rest[0]))
        if kind == "pattern":
            return re.compile(self.value(rest[0]), rest[1])
        if kind == "view":
            return _view(rest[0], self._made[rest[1]], rest[2], rest[3])
        if kind == "error":
            return rebuilt_error(rest[0], self._values(rest[1]))
        return _MAKERS[kind](self, *rest)

    def of_number(self, number: float) -> float:
        return number

    def of_bytes(self, data: bytes) -> bytes:
        return data

    def of_bytearray(self, data: bytes) -> bytearray:
        return bytearray(data)

    def of_datetime(self, text: str, fold: int) -> datetime.datetime:
        return datetime.datetime.fromisoformat(text).replace(fold=fold)

    def of_date(self, text: str, fold: int) -> datetime.date:
        return datetime.date.fromisoformat(text)

    def of_array_buffer(self, data: bytes, limit: int | None) -> ArrayBuffer:
        return ArrayBuffer._host(bytearray(data), max_byte_length=limit)

    def of_moved(self, attachment: int, limit: int | None) -> ArrayBuffer:
        data = self._attachments[attachment]
        if not isinstance(data, (bytearray, memoryview)):
            raise TypeError("the attachment of an ArrayBuffer must be its bytes")
        return ArrayBuffer._host(data, max_byte_length=limit)

    def of_shared_buffer(
        self,
        attachment: int,
        length: int,
        limit: int | None,
        frozen: bool,
        page_size: int,
        ceiling: int,
    ) -> SharedArrayBuffer:
        block = self._block(attachment)
        growth = MemoryGrowth(block, page_size, ceiling) if page_size else None
        return SharedArrayBuffer._host(
            block, length, max_byte_length=limit, grow=growth, frozen=frozen
        )

    def of_module(self, attachment: int) -> Module:
        module = self._attachments[attachment]
        if not isinstance(module, Module):
            raise TypeError("the attachment of a Module must be one")
        return module_object(module._compiled, module._options, module._engine)

    def of_memory(self, attachment: int, type_: Record, ceiling: int, growable: bool) -> Memory:
        name, minimum, maximum, page_size_log2 = type_
        addrtype = I32 if name == "i32" else I64
        memtype = MemType(addrtype, minimum, maximum, True, page_size_log2)
        memory = memory_object(MemInst(memtype, page_limit=ceiling, block=self._block(attachment)))
        if growable:
            memory.toResizableBuffer()
        return memory

    def of_port(self, attachment: int) -> Any:
        from pyjsapi.agents.ports import port_of  # which imports this module

        end = self._attachments[attachment]
        if not isinstance(end, ChannelEnd):
            raise TypeError("the attachment of a MessagePort must be the end of a channel")
        return port_of(end)

    def _block(self, attachment: int) -> SharedBlock:
        block = self._attachments[attachment]
        if isinstance(block, DataCloneError):
            raise block
        if not isinstance(block, SharedBlock):
            raise TypeError("the attachment of shared bytes must be their block")
        return block


_MAKERS: Final[Mapping[str, Callable[..., Any]]] = {
    "number": _Deserialiser.of_number,
    "bytes": _Deserialiser.of_bytes,
    "bytearray": _Deserialiser.of_bytearray,
    "datetime": _Deserialiser.of_datetime,
    "date": _Deserialiser.of_date,
    "ArrayBuffer": _Deserialiser.of_array_buffer,
    "moved": _Deserialiser.of_moved,
    "SharedArrayBuffer": _Deserialiser.of_shared_buffer,
    "Module": _Deserialiser.of_module,
    "Memory": _Deserialiser.of_memory,
    "port": _Deserialiser.of_port,
}


def _parts(record: Record) -> list[int]:
    """The numbers of the records that must be made before this one."""
    if record[0] in _IMMUTABLE:
        return [slot for slot in record[1] if isinstance(slot, int)]
    if record[0] == "view":
        return [record[2]]
    if record[0] == "pattern":
        return [record[1]] if isinstance(record[1], int) else []
    return []


def _view(kind: str, buffer: Any, offset: int, byte_length: int | None) -> Any:
    class_ = _VIEWS[kind]
    if byte_length is None:
        return class_(buffer, offset)
    size = 1 if class_ is DataView else class_.BYTES_PER_ELEMENT
    return class_(buffer, offset, byte_length // size)


def rebuilt_error(name: str, arguments: list[Any]) -> Exception:
    """An exception of the class that travels under ``name``, or of a more general one."""
    class_ = API_ERRORS.get(name) or getattr(builtins, name, Exception)
    if not (isinstance(class_, type) and issubclass(class_, Exception)):
        class_ = Exception
    try:
        return class_(*arguments)
    except TypeError:  # such as UnicodeDecodeError, whose arguments are not all primitive
        return Exception(f"{name}: {', '.join(map(str, arguments))}")
