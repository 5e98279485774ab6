"""Instruction sequences that do to a place in a module's one memory what an instruction does to a memory.

A place is either the whole memory, then the instruction itself will do, or a region of it, then the sequence
checks addresses against the region's own size first. All sequences find their operands in locals.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from pyjsapi.rewriting.instrs import END, UNREACHABLE, const, get, instr
from pyjsapi.syntax.module import Instr, op_of
from pyjsapi.syntax.types import I32, I64, PAGE_SIZE, PAGE_SIZE_LOG2, AddrType, MemType, NumType

LIMIT32: Final = 1 << 32
_U32: Final = LIMIT32 - 1


@dataclass(slots=True)
class Place:
    """Where a memory of the original module lives in a lowered one."""

    memory: int
    """Index of the memory in the original module."""
    type: MemType
    """Type that it has there."""
    whole: bool = True
    """It is the whole memory 0 of the module that it lives in, with the same type."""
    base: int = 0
    """First byte in memory 0."""
    reserved: int | None = None
    """Bytes of memory 0 that are kept for it; ``None`` when it is the last one and grows with memory 0."""
    grows: bool = False
    """An instruction grows it."""
    unchecked: bool = False
    """It ends where memory 0 ends, so that the engine's check is its own."""
    size_global: int | None = None
    """Index of the global (i32) that holds its size in bytes, when it grows inside of a reserved region."""

    @property
    def addrtype(self) -> AddrType:
        """Type of its addresses."""
        return self.type.addrtype

    @property
    def room(self) -> int:
        """Bytes that it may grow to at most."""
        return LIMIT32 - self.base if self.reserved is None else self.reserved

    @property
    def minimum(self) -> int:
        """Bytes that it has at least."""
        return self.type.minimum << self.type.page_size_log2


TRAP: Final[tuple[Instr, ...]] = (
    const(I32, -1),
    instr("i32.load", 0, 2, _U32),
    instr("drop"),
)
"""Raises the engine's own trap for an access out of bounds, in a module whose memory has 32-bit addresses."""


def trap_if(condition: Sequence[Instr], addrtype: NumType = I32) -> list[Instr]:
    """Trap when the condition, an i32, holds, in a module whose memory has such addresses."""
    return [*condition, instr("if", None), const(addrtype, -1), *TRAP[1:], END]


def as_i64(type_: NumType, local: int) -> list[Instr]:
    """A local of type i32, unsigned, or i64, as i64."""
    return get(local) if type_ is I64 else [*get(local), instr("i64.extend_i32_u")]


def _address(place: Place, local: int) -> list[Instr]:
    """The address in memory 0, for an address that has been checked, without the place's base."""
    return get(local) if place.addrtype is I32 else [*get(local), instr("i32.wrap_i64")]


def address(place: Place, local: int) -> list[Instr]:
    """The address in memory 0, for an address that has been checked."""
    if place.whole or not place.base:
        return get(local) if place.whole else _address(place, local)
    return [*_address(place, local), const(I32, place.base), instr("i32.add")]


def byte_size(place: Place, type_: NumType) -> list[Instr]:
    """The size in bytes as ``type_``; i32 only where it is below 4 GiB."""
    if place.whole:
        size: list[Instr] = [instr("memory.size", 0)]
        if place.addrtype is I32:
            size.append(instr("i64.extend_i32_u"))
        return [*size, const(I64, place.type.page_size_log2), instr("i64.shl")]
    if not place.grows:
        return [const(type_, place.minimum)]
    if place.size_global is not None:
        size = [instr("global.get", place.size_global)]
        return size if type_ is I32 else [*size, instr("i64.extend_i32_u")]
    size = [instr("memory.size", 0)]
    if type_ is I64:
        size.append(instr("i64.extend_i32_u"))
    return [
        *size,
        const(type_, PAGE_SIZE_LOG2),
        instr(f"{type_}.shl"),
        const(type_, place.base),
        instr(f"{type_}.sub"),
    ]


def access(place: Place, original: Instr, locals_: Sequence[int]) -> list[Instr]:
    """A load, store or atomic access whose operands, the address first, are in locals."""
    op, _, align, offset, *lane = original
    if place.whole:
        return [*get(*locals_), (op, 0, align, offset, *lane)]
    if place.unchecked and place.addrtype is I32 and offset + place.base < LIMIT32:
        return [*_address(place, locals_[0]), *_rest(place, original, locals_)]
    checks = _bounds_checks(place, original, locals_[0])
    if op_of(original).feature == "threads":
        # An address that is not aligned traps first, which the access itself sees to.
        width = op_of(original).width // 8
        aligned = [*_address(place, locals_[0]), const(I32, offset), instr("i32.add")]
        aligned += [const(I32, width - 1), instr("i32.and"), instr("i32.eqz")]
        checks = [*aligned, instr("if", None), *checks, END]
        if offset + place.base >= LIMIT32:
            original = (op, 0, align, offset % width, *lane)
    elif checks[-1] == UNREACHABLE:
        return checks
    return [*checks, *_address(place, locals_[0]), *_rest(place, original, locals_)]


def _rest(place: Place, original: Instr, locals_: Sequence[int]) -> list[Instr]:
    """The other operands and the instruction, with the address on the stack."""
    op, _, align, offset, *lane = original
    return [*get(*locals_[1:]), (op, 0, align, offset + place.base, *lane)]


def _bounds_checks(place: Place, original: Instr, local: int) -> list[Instr]:
    """Trap when the access is out of bounds; ends with `UNREACHABLE` when it is in any case."""
    type_ = place.addrtype
    extent = original[3] + op_of(original).width // 8
    if extent > place.room:
        return [*TRAP, UNREACHABLE]
    checks: list[Instr] = []
    if not place.grows:
        if extent > place.minimum:
            return [*TRAP, UNREACHABLE]
        limit = [const(type_, place.minimum - extent)]
    else:
        size = byte_size(place, type_)
        if extent > place.minimum:
            checks = trap_if([*size, const(type_, extent), instr(f"{type_}.lt_u")])
        limit = [*size, const(type_, extent), instr(f"{type_}.sub")]
    return [*checks, *trap_if([*get(local), *limit, instr(f"{type_}.gt_u")])]


def check_range(place: Place, start: int, count: int, count_type: NumType) -> list[Instr]:
    """Trap unless ``count`` bytes from ``start`` on, both locals, lie within the place's size."""
    size = byte_size(place, I64)
    length = as_i64(count_type, count)
    if place.addrtype is I32:
        # The sum of two unsigned 32-bit numbers does not wrap in 64 bits.
        end = [*as_i64(I32, start), *length, instr("i64.add")]
        return trap_if([*end, *size, instr("i64.gt_u")])
    # In a region the module's memory has 32-bit addresses, whatever the place's own are.
    own = I64 if place.whole else I32
    return [
        *trap_if([*length, *size, instr("i64.gt_u")], own),
        *trap_if([*get(start), *size, *length, instr("i64.sub"), instr("i64.gt_u")], own),
    ]


def size(place: Place) -> list[Instr]:
    """``memory.size``."""
    if place.whole:
        return [instr("memory.size", 0)]
    type_ = place.addrtype
    if not place.grows:
        return [const(type_, place.type.minimum)]
    return [
        *byte_size(place, type_),
        const(type_, place.type.page_size_log2),
        instr(f"{type_}.shr_u"),
    ]


def grow(place: Place) -> list[Instr]:
    """``memory.grow`` by local 0; local 1 is free, of the place's address type."""
    if place.whole:
        return [*get(0), instr("memory.grow", 0)]
    type_ = place.addrtype
    failure = [const(type_, -1), instr("return"), END]
    room = place.room
    if place.type.maximum is not None:
        room = min(room, place.type.maximum << place.type.page_size_log2)
    pages = room >> place.type.page_size_log2
    body = [
        *size(place),
        instr("local.set", 1),
        # More than there is room for, whatever the size: this also keeps what follows from wrapping.
        *get(0), const(type_, pages), *get(1), instr(f"{type_}.sub"), instr(f"{type_}.gt_u"),
        instr("if", None), *failure,
    ]  # fmt: skip
    if place.size_global is not None:
        more = get(0) if type_ is I32 else [*get(0), instr("i32.wrap_i64")]
        body += [
            instr("global.get", place.size_global),
            *more,
            const(I32, place.type.page_size_log2),
            instr("i32.shl"),
            instr("i32.add"),
            instr("global.set", place.size_global),
        ]
    elif place.grows:
        more = get(0) if type_ is I32 else [*get(0), instr("i32.wrap_i64")]
        body += [
            *more, instr("memory.grow", 0), const(I32, -1), instr("i32.eq"),
            instr("if", None), *failure,
        ]  # fmt: skip
    return [*body, *get(1)]


def fill(place: Place) -> list[Instr]:
    """``memory.fill`` with the operands in locals 0 to 2."""
    if place.whole:
        return [*get(0, 1, 2), instr("memory.fill", 0)]
    count = _address(place, 2)
    return [
        *check_range(place, 0, 2, place.addrtype),
        *address(place, 0), *get(1), *count, instr("memory.fill", 0),
    ]  # fmt: skip


def discard(place: Place) -> list[Instr]:
    """``memory.discard`` with the operands in locals 0 and 1; local 2 is free, of the place's address type.

    The pages are filled with zeros: they are not given back to the system.
    """
    type_ = place.addrtype
    mask = place.type.page_size - 1
    aligned = [const(type_, ~mask), instr(f"{type_}.and")]
    end = [
        *get(0),
        *get(1),
        instr(f"{type_}.add"),
        const(type_, mask),
        instr(f"{type_}.add"),
        *aligned,
    ]
    count = [*end, *get(2), instr(f"{type_}.sub"), instr("local.set", 1)]
    return [
        *check_range(place, 0, 1, type_),
        *get(1), instr(f"{type_}.eqz"), instr("if", None), instr("return"), END,
        *get(0), *aligned, instr("local.set", 2),
        *count,
        *get(2), instr("local.set", 0),
        *address(place, 0), const(I32, 0), *(get(1) if place.whole else _address(place, 1)),
        instr("memory.fill", 0),
    ]  # fmt: skip


def copy(destination: Place, source: Place) -> list[Instr]:
    """``memory.copy`` between two places of one module with the operands in locals 0 to 2."""
    if destination.whole:
        return [*get(0, 1, 2), instr("memory.copy", 0, 0)]
    type_ = count_type(destination.addrtype, source.addrtype)
    count = get(2) if type_ is I32 else [*get(2), instr("i32.wrap_i64")]
    return [
        *check_range(destination, 0, 2, type_),
        *check_range(source, 1, 2, type_),
        *address(destination, 0), *address(source, 1), *count, instr("memory.copy", 0, 0),
    ]  # fmt: skip


def init(place: Place, dataidx: int, locals_: tuple[int, int, int] = (0, 1, 2)) -> list[Instr]:
    """``memory.init`` with the operands in locals."""
    to, from_, count = locals_
    checks = [] if place.whole else check_range(place, to, count, I32)
    return [*checks, *address(place, to), *get(from_, count), instr("memory.init", dataidx, 0)]


def count_type(destination: AddrType, source: AddrType) -> AddrType:
    """Type of the third operand of ``memory.copy``: the smaller address type."""
    return I64 if destination is I64 and source is I64 else I32


def pages_for(size: int) -> int:
    """Pages of a memory that hold so many bytes."""
    return -(-size // PAGE_SIZE)


OF_ONE_MEMORY: Final[dict[str, Callable[[Place], list[Instr]]]] = {
    "size": size, "grow": grow, "fill": fill, "discard": discard,
}  # fmt: skip
"""By family, the instructions of one memory that are no accesses."""


def free_locals(family: str, place: Place) -> tuple[NumType, ...]:
    """Types of the locals that one of `OF_ONE_MEMORY` needs beside its operands."""
    needed = family == "discard" or (family == "grow" and not place.whole)
    return (place.addrtype,) if needed else ()
