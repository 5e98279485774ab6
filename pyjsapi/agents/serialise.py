"""StructuredSerializeWithTransfer (HTML, "Safe passing of structured data"): values become records.

A message is a list of records, one for each object, so that identity and cycles survive. A record is a tuple whose
first item says what it is. It refers to values by *slots*: the number of a record, or a tuple of one primitive value,
empty for `null`. Records are plain (see `backend`): what cannot be is an attachment, which they refer to by its number.
"""

from __future__ import annotations

import builtins
import datetime
import re
import weakref
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from pyjsapi.agents.channel import ChannelEnd, TransferablePort
from pyjsapi.blocks.shared import SharedBlock, shared
from pyjsapi.ecmascript import ArrayBuffer, DataView, RangeError, SharedArrayBuffer
from pyjsapi.ecmascript.arraybuffer import ArrayBufferView
from pyjsapi.ecmascript.errors import DataCloneError
from pyjsapi.ecmascript.values import null
from pyjsapi.jsapi.errors import (
    CompileError,
    DeadlineExceeded,
    Interrupted,
    LinkError,
    OutOfFuel,
    OutOfHostCalls,
    RuntimeError,
)
from pyjsapi.jsapi.memory import Memory
from pyjsapi.jsapi.module import Module
from pyjsapi.jsapi.shared_buffers import MemoryGrowth
from pyjsapi.runtime import ExnInst, HostException
from pyjsapi.syntax.types import MemType

Slot: TypeAlias = "int | tuple[Any, ...]"
Record: TypeAlias = tuple[Any, ...]
Attachment: TypeAlias = (
    "SharedBlock | Module | ChannelEnd | bytearray | memoryview[int] | DataCloneError"
)
"""An error stands for what could not arrive."""

API_ERRORS: Final[Mapping[str, type[Exception]]] = {
    "RangeError": RangeError,
    "DataCloneError": DataCloneError,
    "WebAssembly.CompileError": CompileError,
    "WebAssembly.LinkError": LinkError,
    "WebAssembly.RuntimeError": RuntimeError,
    "WebAssembly.OutOfFuel": OutOfFuel,
    "WebAssembly.OutOfHostCalls": OutOfHostCalls,
    "WebAssembly.DeadlineExceeded": DeadlineExceeded,
    "WebAssembly.Interrupted": Interrupted,
}
"""The errors that are not Python's own, by the names that they travel under."""


@dataclass
class Message:
    """A serialised value."""

    root: Slot
    records: list[Record]
    attachments: list[Attachment] = field(default_factory=list)
    ports: tuple[int, ...] = ()
    """Numbers of the records of transferred ports, in the order of the transfer list."""


def serialise(value: Any, transfer: Any = (), source: ChannelEnd | None = None) -> Message:
    """A message of a value; what ``transfer`` lists is gone here afterwards: every `ArrayBuffer` and `MessagePort`.

    ``source`` is the end of the channel that the message will go through. Raises `DataCloneError` for what cannot be
    cloned or transferred, `TypeError` for a transferred buffer of a memory.
    """
    serialiser = _Serialiser()
    transferred = transfer_list(transfer)
    for item in transferred:
        serialiser.announce(item, source)
    root = serialiser.slot(value)
    serialiser.fill()
    ports = [serialiser.transfer(item) for item in transferred]
    return Message(
        root,
        serialiser.records,
        serialiser.attachments,
        tuple(port for port in ports if port is not None),
    )


def transfer_list(transfer: Any) -> list[Any]:
    """The transfer list: an iterable, or options with a member ``transfer``. Raises `TypeError`."""
    if isinstance(transfer, Mapping):
        transfer = transfer.get("transfer")
    if transfer is None:
        return []
    if isinstance(transfer, (str, bytes)) or not isinstance(transfer, Iterable):
        raise TypeError(f"the transfer list must be an iterable of objects, not {transfer!r}")
    return list(transfer)


def mark_as_untransferable(thing: Any) -> None:
    """Refuse from now on to transfer an `ArrayBuffer` or a port; anything else cannot be transferred anyway."""
    if isinstance(thing, (ArrayBuffer, TransferablePort)):
        number = id(thing)
        _UNTRANSFERABLE[number] = weakref.ref(thing, lambda _: _UNTRANSFERABLE.pop(number, None))


def is_untransferable(thing: Any) -> bool:
    """Whether it was marked."""
    mark = _UNTRANSFERABLE.get(id(thing))
    return mark is not None and mark() is thing


_UNTRANSFERABLE: Final[dict[int, weakref.ref[Any]]] = {}
"""By identity: views and buffers may compare as they like."""


def _is_primitive(value: Any) -> bool:
    return value is None or isinstance(value, (bool, int, float, str))


def _primitive(value: Any) -> Any:
    """Without a subclass: an enumeration's member or a string with attributes is its value."""
    if value is None or isinstance(value, bool):
        return value
    for kind in (int, float, str):
        if isinstance(value, kind):
            return kind(value) if kind is not str else str.__str__(value)
    raise TypeError(f"{value!r} is not primitive")


class _Serialiser:
    def __init__(self) -> None:
        self.records: list[Record] = []
        self.attachments: list[Attachment] = []
        self._numbers: dict[int, int] = {}
        self._values: list[Any] = []  # kept alive, so that their ids stay theirs
        self._filled = 0
        self._attached: dict[int, int] = {}
        self._transferred: set[int] = set()

    # ---- the transfer list

    def announce(self, item: Any, source: ChannelEnd | None) -> None:
        if is_untransferable(item):
            raise DataCloneError(f"{_describe(item)} was marked as untransferable")
        if isinstance(item, TransferablePort):
            if item._end is None:
                raise DataCloneError(
                    "a MessagePort that was transferred or closed cannot be transferred"
                )
            if item._end is source:
                raise DataCloneError("a MessagePort cannot be transferred through itself")
        elif not isinstance(item, ArrayBuffer):
            raise DataCloneError(f"{_describe(item)} cannot be transferred")
        if id(item) in self._transferred:
            raise DataCloneError(f"{_describe(item)} is twice in the transfer list")
        self._transferred.add(id(item))
        self.slot(item)

    def transfer(self, item: Any) -> int | None:
        """Take the item away from here, and complete its record; the record's number if it is a port."""
        number = self._numbers[id(item)]
        if isinstance(item, ArrayBuffer):
            if item.detached:
                raise DataCloneError("a detached ArrayBuffer cannot be transferred")
            limit = item.maxByteLength if item.resizable else None
            moved = item.transfer()
            self.records[number] = ("moved", self._attach(moved._data), limit)
            return None
        self.records[number] = ("port", self._attach(item._leave()))
        return number

    # ---- values

    def slot(self, value: Any) -> Slot:
        if _is_primitive(value):
            return (_primitive(value),)
        if value is null:
            return ()
        number = self._numbers.get(id(value))
        if number is None:
            number = self._numbers[id(value)] = len(self.records)
            self.records.append(())
            self._values.append(value)
        return number

    def fill(self) -> None:
        """Make the records of all objects that were met, which meets more."""
        while self._filled < len(self._values):
            value = self._values[self._filled]
            if id(value) not in self._transferred:
                self.records[self._filled] = self._record(value)
            self._filled += 1

    def _slots(self, values: Iterable[Any]) -> tuple[Slot, ...]:
        return tuple(map(self.slot, values))

    def _attach(self, thing: Attachment) -> int:
        number = self._attached.get(id(thing))
        if number is None:
            number = self._attached[id(thing)] = len(self.attachments)
            self.attachments.append(thing)
        return number

    def _record(self, value: Any) -> Record:
        for kind, make in _KINDS.items():
            if isinstance(value, kind):
                return make(self, value)
        return self._foreign(value)

    def _foreign(self, value: Any) -> Record:
        from pyjsapi.agents.foreign import advice_on, array_of, number_of  # rarely needed

        number = number_of(value)
        if number is not None:
            return ("number", number)
        array = array_of(value)
        if array is not None:
            return self.of_view(array)
        raise DataCloneError(f"{_describe(value)} could not be cloned{advice_on(value)}")

    def of_list(self, value: list[Any]) -> Record:
        return ("list", self._slots(value))

    def of_tuple(self, value: tuple[Any, ...]) -> Record:
        return ("tuple", self._slots(value))

    def of_set(self, value: set[Any]) -> Record:
        return ("set", self._slots(value))

    def of_frozenset(self, value: frozenset[Any]) -> Record:
        return ("frozenset", self._slots(value))

    def of_dict(self, value: dict[Any, Any]) -> Record:
        return ("dict", tuple((self.slot(k), self.slot(v)) for k, v in list(value.items())))

    def of_bytes(self, value: bytes) -> Record:
        return ("bytes", bytes(value))

    def of_bytearray(self, value: bytearray) -> Record:
        return ("bytearray", bytes(value))

    def of_datetime(self, value: datetime.date) -> Record:
        kind = "datetime" if isinstance(value, datetime.datetime) else "date"
        return (kind, value.isoformat(), getattr(value, "fold", 0))

    def of_pattern(self, value: re.Pattern[Any]) -> Record:
        return ("pattern", self.slot(value.pattern), value.flags)

    def of_array_buffer(self, value: ArrayBuffer) -> Record:
        if value.detached:
            raise DataCloneError("a detached ArrayBuffer could not be cloned")
        return ("ArrayBuffer", value.tobytes(), value.maxByteLength if value.resizable else None)

    def of_shared_buffer(self, value: SharedArrayBuffer) -> Record:
        growth = value._grow
        page_size, ceiling = 0, 0
        if isinstance(growth, MemoryGrowth):
            page_size, ceiling = growth.page_size, growth.ceiling
        return (
            "SharedArrayBuffer",
            self._attach(value._block),
            value.byteLength,
            value.maxByteLength if value.growable else None,
            value.frozen,
            page_size,
            ceiling,
        )

    def of_view(self, value: ArrayBufferView) -> Record:
        if value._is_out_of_bounds():
            raise DataCloneError(f"a {type(value).__name__} out of bounds could not be cloned")
        kind = "DataView" if isinstance(value, DataView) else type(value).__name__
        return ("view", kind, self.slot(value._buffer), value._offset, value._fixed_byte_length)

    def of_error(self, value: Exception) -> Record:
        if isinstance(value, (ExnInst, HostException)):
            raise DataCloneError("a WebAssembly.Exception could not be cloned")
        name = error_name(value)
        if name is None:
            text = f"{type(value).__name__}: {value}" if str(value) else type(value).__name__
            return ("error", "Exception", ((text,),))
        return ("error", name, self._slots(_arguments(value)))

    def of_module(self, value: Module) -> Record:
        return ("Module", self._attach(value))

    def of_memory(self, value: Memory) -> Record:
        memory = value._memory
        if not memory.declared_type.shared:
            raise DataCloneError("an unshared WebAssembly.Memory could not be cloned")
        return (
            "Memory",
            self._attach(shared(memory.block)),
            plain_memory_type(memory.declared_type),
            memory.ceiling,
            memory.buffer is not None and value.buffer.growable,  # type: ignore[union-attr]
        )

    def of_port(self, value: TransferablePort) -> Record:
        raise DataCloneError("a MessagePort must be in the transfer list")


_KINDS: Final[Mapping[type, Callable[[_Serialiser, Any], Record]]] = {
    list: _Serialiser.of_list,
    dict: _Serialiser.of_dict,
    tuple: _Serialiser.of_tuple,
    ArrayBufferView: _Serialiser.of_view,
    SharedArrayBuffer: _Serialiser.of_shared_buffer,
    ArrayBuffer: _Serialiser.of_array_buffer,
    Memory: _Serialiser.of_memory,
    Module: _Serialiser.of_module,
    TransferablePort: _Serialiser.of_port,
    bytes: _Serialiser.of_bytes,
    bytearray: _Serialiser.of_bytearray,
    set: _Serialiser.of_set,
    frozenset: _Serialiser.of_frozenset,
    datetime.date: _Serialiser.of_datetime,
    re.Pattern: _Serialiser.of_pattern,
    Exception: _Serialiser.of_error,
}


def error_name(error: BaseException) -> str | None:
    """The name that the class of an error travels under; ``None`` for a class that other agents need not know."""
    kind = type(error)
    for name, known in API_ERRORS.items():
        if kind is known:
            return name
    if getattr(builtins, kind.__name__, None) is kind:
        return str(kind.__name__)
    return None


def _arguments(error: BaseException) -> tuple[Any, ...]:
    """What the error was made of, as far as it is primitive."""
    return tuple(item if _is_primitive(item) else repr(item) for item in error.args)


def plain_memory_type(type_: MemType) -> Record:
    """A memory type as a plain tuple."""
    return (type_.addrtype.name, type_.minimum, type_.maximum, type_.page_size_log2)


def _describe(value: Any) -> str:
    text = repr(value)
    if len(text) > 80:
        text = f"a {type(value).__name__}"
    return text
