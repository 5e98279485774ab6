"""The name section (core: "Appendix: Name Section", and the extended-name-section proposal)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias, TypeVar

from pyjsapi.binary.leb128 import unsigned
from pyjsapi.binary.reader import Reader
from pyjsapi.syntax.errors import DecodeError
from pyjsapi.syntax.module import SECTIONS, Custom, Module
from pyjsapi.syntax.spelling import counted

_V = TypeVar("_V")

_RANK: Final = {name: rank for rank, name in enumerate(("", *SECTIONS))}
_AFTER_NAMES: Final = ("producers", "target_features")
"""Custom sections that follow the name section, as the tool conventions ask."""

SECTION_NAME: Final = "name"

NameMap: TypeAlias = dict[int, str]
"""Names by index."""
IndirectNameMap: TypeAlias = dict[int, NameMap]
"""Name maps by index."""


@dataclass(slots=True)
class Names:
    """Names for debugging and for printing; nothing that a module does depends on them."""

    module: str | None = None
    funcs: NameMap = field(default_factory=dict)
    locals: IndirectNameMap = field(default_factory=dict)
    """By function index and local index."""
    labels: IndirectNameMap = field(default_factory=dict)
    """By function index and the position of the block among the function's blocks."""
    types: NameMap = field(default_factory=dict)
    tables: NameMap = field(default_factory=dict)
    mems: NameMap = field(default_factory=dict)
    globals: NameMap = field(default_factory=dict)
    elems: NameMap = field(default_factory=dict)
    datas: NameMap = field(default_factory=dict)
    fields: IndirectNameMap = field(default_factory=dict)
    """By type index and field index."""
    tags: NameMap = field(default_factory=dict)


_MODULE: Final = 0
_NAME_MAPS: Final = {
    1: "funcs", 4: "types", 5: "tables", 6: "mems", 7: "globals", 8: "elems", 9: "datas", 11: "tags",
}  # fmt: skip
_INDIRECT_NAME_MAPS: Final = {2: "locals", 3: "labels", 10: "fields"}


def decode_names(content: bytes) -> Names:
    """Decode the contents of a name section.

    Subsections that are not known are passed over. Raises `DecodeError` (offset in ``content``) for what is
    ill-formed; see `names_of` for who would rather have no names.
    """
    reader = Reader(content)
    names = Names()
    last = -1
    while reader.left:
        id_ = reader.byte()
        if id_ <= last:
            raise reader.error(f"malformed name section: subsection {id_} after {last}")
        last = id_
        size = reader.length()
        start = reader.pos
        if id_ == _MODULE:
            names.module = reader.name()
        elif id_ in _NAME_MAPS:
            setattr(names, _NAME_MAPS[id_], _name_map(reader))
        elif id_ in _INDIRECT_NAME_MAPS:
            setattr(names, _INDIRECT_NAME_MAPS[id_], _assoc(reader, lambda: _name_map(reader)))
        else:
            reader.skip(size)
        if reader.pos != start + size:
            raise DecodeError(
                f"section size mismatch: subsection {id_} of {counted(size, 'byte')}", start
            )
    return names


def names_of(module: Module) -> Names:
    """The names that a decoded module carries; none when its name section is missing or ill-formed."""
    for custom in module.customs:
        if custom.name == SECTION_NAME:
            try:
                return decode_names(custom.data)
            except DecodeError:
                break
    return Names()


def encode_names(names: Names) -> bytes:
    """The contents of a name section; empty without any names."""
    subsections: dict[int, bytes] = {}
    if names.module is not None:
        subsections[_MODULE] = _encode_name(names.module)
    for id_, attribute in _NAME_MAPS.items():
        name_map: NameMap = getattr(names, attribute)
        if name_map:
            subsections[id_] = _encode_assoc(name_map, _encode_name)
    for id_, attribute in _INDIRECT_NAME_MAPS.items():
        maps: IndirectNameMap = getattr(names, attribute)
        if any(maps.values()):
            filled = {index: name_map for index, name_map in maps.items() if name_map}
            subsections[id_] = _encode_assoc(filled, _encode_name_map)
    out = bytearray()
    for id_, content in sorted(subsections.items()):
        out.append(id_)
        out += unsigned(len(content)) + content
    return bytes(out)


def set_names(module: Module, names: Names) -> None:
    """Give a module these names in place of those that it has.

    The section comes last, but for those that tools expect after it.
    """
    customs = [custom for custom in module.customs if custom.name != SECTION_NAME]
    customs.sort(key=lambda custom: _RANK[custom.after])
    content = encode_names(names)
    if content:
        place = name_section_place(customs)
        after = customs[place].after if place < len(customs) else SECTIONS[-1]
        customs.insert(place, Custom(SECTION_NAME, content, after))
    module.customs = customs


def name_section_place(customs: Sequence[Custom]) -> int:
    """The place for a name section among other custom sections, which are in the order that they have in the module."""
    place = len(customs)
    while place and customs[place - 1].name in _AFTER_NAMES:
        place -= 1
    return place


def _assoc(reader: Reader, read: Callable[[], _V]) -> dict[int, _V]:
    found: dict[int, _V] = {}
    last = -1
    for _ in range(reader.length()):
        start = reader.pos
        index = reader.u32()
        if index <= last:
            raise DecodeError(f"malformed name map: index {index} after {last}", start)
        last = index
        found[index] = read()
    return found


def _name_map(reader: Reader) -> NameMap:
    return _assoc(reader, reader.name)


def _encode_assoc(items: dict[int, _V], encode: Callable[[_V], bytes]) -> bytes:
    pairs = [unsigned(index) + encode(items[index]) for index in sorted(items)]
    return unsigned(len(pairs)) + b"".join(pairs)


def _encode_name(name: str) -> bytes:
    encoded = name.encode()
    return unsigned(len(encoded)) + encoded


def _encode_name_map(name_map: NameMap) -> bytes:
    return _encode_assoc(name_map, _encode_name)
