"""What JavaScript's memories have beyond the JS API, where the feature ``memory_control`` is on.

JavaScript has read, checked and converted the arguments. Addresses and lengths are in bytes.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, Final, ParamSpec, TypeVar

from pyjsapi.blocks.guarded import GROUND, Guarded
from pyjsapi.blocks.guarded_elsewhere import GuardedElsewhere
from pyjsapi.blocks.shifted import ShiftedBlock
from pyjsapi.bridge.face.errors import OutOfRange, WrongType
from pyjsapi.bridge.memory.linked import adopt
from pyjsapi.ecmascript.errors import RangeError
from pyjsapi.jsapi.errors import RuntimeError as WasmRuntimeError
from pyjsapi.runtime.memory import MemInst
from pyjsapi.sharing import control
from pyjsapi.sharing.descriptor import DescriptorBytes
from pyjsapi.sharing.mappings import Mapping, map_resource
from pyjsapi.sharing.resources import HostResource
from pyjsapi.sharing.state import state_of
from pyjsapi.syntax.errors import Trap
from pyjsapi.syntax.types import MemType

_P = ParamSpec("_P")
_T = TypeVar("_T")

_ANYWHERE: Final = (1 << 64) - 1
"""The address that says: at the first free page."""


def _told(function: Callable[_P, _T]) -> Callable[_P, _T]:
    """The function, with exceptions that `errors.error_kind` knows."""

    @functools.wraps(function)
    def told(*arguments: _P.args, **keywords: _P.kwargs) -> _T:
        try:
            return function(*arguments, **keywords)
        except RangeError as error:
            raise OutOfRange(str(error)) from None
        except TypeError as error:
            raise WrongType(str(error)) from None
        except WasmRuntimeError as error:
            raise Trap(str(error)) from None

    return told


# ---- WebAssembly.MemoryMapDescriptor


@_told
def new_descriptor(size: float) -> DescriptorBytes:
    """The bytes of a descriptor."""
    return DescriptorBytes(int(size))


@_told
def map_descriptor(descriptor: DescriptorBytes, memory: MemInst, offset: float) -> float:
    """Have a memory show them; how many there are."""
    return descriptor.map(memory, int(offset))


@_told
def unmap_descriptor(descriptor: DescriptorBytes) -> None:
    """Take away the last map."""
    descriptor.unmap()


# ---- WebAssembly.Memory


@_told
def map_bytes(memory: MemInst, data: Any, address: int, mode: str) -> Mapping:
    """Map a copy of a buffer of JavaScript, which gets the bytes back: see `mapped_bytes`."""
    resource = HostResource.buffer(bytearray(data))
    at = None if _unsigned(address) == _ANYWHERE else _unsigned(address)
    return map_resource(memory, resource, at=at, mode=mode, strategy="copy")


def mapping_address(mapping: Mapping) -> int:
    """Where it begins."""
    return mapping.addr


def is_mapped(mapping: Mapping) -> int:
    """Whether any of it is still there."""
    return int(bool(mapping.parts))


def mapped_bytes(mapping: Mapping) -> bytes:
    """What its buffer in JavaScript is to have."""
    mapping.flush()
    return mapping.resource.read(mapping.offset, mapping.length)


@_told
def unmap(mapping: Mapping) -> bytes:
    """End it; what its buffer in JavaScript is to have."""
    mapping.unmap()
    return mapping.resource.read(mapping.offset, mapping.length)


@_told
def unmap_range(memory: MemInst, address: int, count: int) -> None:
    """End what is mapped at some addresses."""
    control.unmap(memory, _unsigned(address), _unsigned(count))


@_told
def protect(memory: MemInst, address: int, count: int, access: str) -> None:
    """See `Memory.protect`."""
    control.protect(memory, _unsigned(address), _unsigned(count), access)


@_told
def discard(memory: MemInst, address: int, count: int) -> None:
    """See `Memory.discard`."""
    control.discard(memory, _unsigned(address), _unsigned(count))


def _unsigned(value: int) -> int:
    return value & (1 << 64) - 1


def show_mapped(memory: MemInst) -> None:
    """Let the buffer that JavaScript has show what is mapped, as it is now."""
    block = memory.block
    if not isinstance(block, Guarded):
        return
    base, length = block.base, block.length
    for span in block.table.between(block.hidden, length):
        if span.owner is not GROUND and span.data is not None:
            part = span.data[span.start - span.shift : span.end - span.shift]
            base.write(span.start, part.tobytes())


# ---- memories that begin with pages of which the buffer shows nothing


@_told
def adopt_behind(
    record: int, pages: list[int], address: str, maplength: int, no_access: int, read_only: int
) -> MemInst:
    """The memory whose last pages are those of a WebAssembly.Memory; ``pages`` are its size and, maybe, maximum.

    Before them come pages for mappings, or pages out of reach and read-only ones.
    """
    maximum = pages[1] if len(pages) > 1 else -1
    own = adopt(record, pages[0], maximum, "", address)
    type_ = own.declared_type
    before = maplength + no_access + read_only
    whole = MemType(
        type_.addrtype,
        type_.minimum + before,
        None if type_.maximum is None else type_.maximum + before,
    )
    size = type_.page_size
    block = GuardedElsewhere(
        ShiftedBlock(own.block, before * size, read_only * size),
        bare=(maplength + no_access) * size,
        fixed=read_only * size,
    )
    memory = MemInst(whole, page_limit=own.ceiling + before, block=block)
    state_of(memory).mappable = maplength * size
    return memory


def read_only_bytes(memory: MemInst) -> bytes:
    """A copy of the read-only part."""
    block = memory.block
    if not isinstance(block, Guarded):
        return b""
    return block.read(block.bare, block.fixed)
