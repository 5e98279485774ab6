"""Which memory of a module goes where.

Each memory of the original module either stays a memory of its own, in a module that has no other, or, when nobody
outside can see it, shares one with others: then it is a region with a size of its own.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from pyjsapi.lowering.errors import LoweringError
from pyjsapi.lowering.sequences import LIMIT32, Place, pages_for
from pyjsapi.syntax.module import Import, Module
from pyjsapi.syntax.types import I32, I64, PAGE_SIZE, PAGE_SIZE_LOG2, MemType

REGION_CAP: Final = 128 << 20
"""Bytes reserved at most for a memory that can grow and is not the last one in its storage."""


@dataclass(frozen=True, slots=True)
class Target:
    """What the engine that runs lowered modules has, beside memories with 32-bit addresses."""

    memory64: bool = True
    """Memories with 64-bit addresses."""
    custom_page_sizes: bool = False
    """Pages of one byte."""


@dataclass(slots=True)
class Storage:
    """A memory of a lowered module, with the memories of the original one that live in it."""

    type: MemType
    places: list[Place]
    import_: tuple[int, Import] | None = None
    """The import that it is, with its position among all imports."""
    weight: float = 0.0
    """How often instructions use it, estimated."""


@dataclass(slots=True)
class Use:
    """What a module does with one of its memories."""

    type: MemType
    import_: tuple[int, Import] | None
    exported: bool
    grows: bool = False
    weight: float = 0.0
    place: Place = field(init=False)

    @property
    def public(self) -> bool:
        """Whether somebody outside of the module can see it."""
        return self.import_ is not None or self.exported or self.type.shared


def uses_of(module: Module) -> list[Use]:
    """One for each memory of the module, not weighted yet."""
    exported = {export.index for export in module.exports if export.kind == "memory"}
    imports = [
        (position, item)
        for position, item in enumerate(module.imports)
        if isinstance(item.type, MemType)
    ]
    return [
        Use(type_, imports[k] if k < len(imports) else None, k in exported)
        for k, type_ in enumerate(module.mem_types)
    ]


def arrange(uses: list[Use], target: Target, *, merge: bool) -> list[Storage]:
    """Storages for all memories; every `Use` gets its place. Raises `LoweringError`."""
    merged: list[int] = []
    forced = set()
    for k, use in enumerate(uses):
        lacking = _lacking(use.type, target)
        if lacking and use.public:
            how = "shared" if use.type.shared else "exported" if use.exported else "imported"
            raise LoweringError(
                f"memory {k} has {lacking}, which the engine lacks, and is {how}: "
                "only a memory that nobody else can see can be lowered"
            )
        if lacking:
            forced.add(k)
        if lacking or (merge and not use.public and use.type.addrtype is I32):
            merged.append(k)
    storages = _merge(uses, merged, forced)
    for k, use in enumerate(uses):
        if not any(place.memory == k for storage in storages for place in storage.places):
            use.place = Place(k, use.type, grows=use.grows)
            storages.append(Storage(use.type, [use.place], use.import_))
    for storage in storages:
        storage.weight = sum([uses[place.memory].weight for place in storage.places])
    storages.sort(key=lambda storage: storage.places[0].memory)
    return storages


def _lacking(type_: MemType, target: Target) -> str:
    if type_.addrtype is I64 and not target.memory64:
        return "64-bit addresses"
    if type_.page_size_log2 != PAGE_SIZE_LOG2 and not target.custom_page_sizes:
        return f"pages of {type_.page_size} bytes"
    return ""


def _unbounded(use: Use) -> bool:
    if not use.grows:
        return False
    maximum = use.type.maximum
    return maximum is None or maximum << use.type.page_size_log2 > REGION_CAP


def _merge(uses: list[Use], candidates: list[int], forced: set[int]) -> list[Storage]:
    """At most one storage that several memories share."""
    hottest_last = sorted(candidates, key=lambda k: (uses[k].weight, -k))
    open_ended = [k for k in hottest_last if _unbounded(uses[k])]
    can_be_last = [k for k in hottest_last if uses[k].type.page_size_log2 == PAGE_SIZE_LOG2]
    last = next(
        (k for group in (open_ended, can_be_last) for k in reversed(group) if k in can_be_last),
        None,
    )
    members = [k for k in candidates if k == last or k in forced or k not in open_ended]
    if len(members) < 2 and not forced:
        return []
    while _pages(uses, members, last) > LIMIT32 // PAGE_SIZE:
        spare = [k for k in members if k not in forced]
        if not spare:
            raise LoweringError(
                f"memories {', '.join(map(str, members))} need more than 4 GiB together, "
                "the most that one memory with 32-bit addresses can hold"
            )
        largest = max(spare, key=lambda k: _pages(uses, [k], None))
        members.remove(largest)
        last = None if largest == last else last
    if len(members) < 2 and not forced:
        return []
    return [_storage(uses, members, last)]


def _reserved(use: Use) -> int:
    """Bytes for a memory that is not the last one."""
    type_ = use.type
    minimum = type_.minimum << type_.page_size_log2
    if not use.grows:
        return minimum
    room = max(REGION_CAP, minimum)
    return room if type_.maximum is None else min(room, type_.maximum << type_.page_size_log2)


def _pages(uses: list[Use], members: list[int], last: int | None) -> int:
    return sum(
        [uses[k].type.minimum if k == last else pages_for(_reserved(uses[k])) for k in members]
    )


def _storage(uses: list[Use], members: list[int], last: int | None) -> Storage:
    places = []
    base = 0
    for k in [k for k in members if k != last]:
        use = uses[k]
        reserved = _reserved(use)
        grows = use.grows and reserved > use.type.minimum << use.type.page_size_log2
        use.place = Place(k, use.type, False, base, reserved, grows)
        places.append(use.place)
        base += pages_for(reserved) * PAGE_SIZE
    pages = base // PAGE_SIZE
    maximum = pages
    if last is not None:
        use = uses[last]
        grows = use.grows and use.type.maximum != use.type.minimum
        unchecked = use.type.addrtype is I32
        use.place = Place(last, use.type, False, base, None, grows, unchecked)
        places.append(use.place)
        pages += use.type.minimum
        maximum = pages
        if grows:
            limit = LIMIT32 // PAGE_SIZE
            bound = use.type.maximum
            maximum = limit if bound is None else min(limit, base // PAGE_SIZE + bound)
    return Storage(MemType(I32, pages, maximum), places)
