"""Names of functions from the section ``.debug_info`` (DWARF versions 2 to 5, "The Debugging Information Entry").

Addresses are offsets in the contents of the code section. A unit that is damaged is left out from there on.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from pyjsapi.debugging.dwarf import Data

_SUBPROGRAM: Final = 0x2E
_SCOPES: Final = {0x02, 0x13, 0x17, 0x1E, 0x39}
"""Tags whose names qualify what is in them: classes, structures, unions, modules, namespaces."""
_NAME, _LINKAGE, _MIPS_LINKAGE, _LOW_PC = 0x03, 0x6E, 0x2007, 0x11
_ORIGIN, _SPECIFICATION, _STR_OFFSETS_BASE, _ADDR_BASE = 0x31, 0x47, 0x72, 0x73
_USED: Final = {
    _NAME, _LINKAGE, _MIPS_LINKAGE, _LOW_PC, _ORIGIN, _SPECIFICATION, _STR_OFFSETS_BASE, _ADDR_BASE,
}  # fmt: skip
_IMPLICIT: Final = 0x21
_TYPE_UNITS: Final = (2, 6)
_SKELETONS: Final = (4, 5)

_FIXED: Final = {
    0x05: 2, 0x06: 4, 0x07: 8, 0x0B: 1, 0x0C: 1, 0x11: 1, 0x12: 2, 0x13: 4, 0x14: 8, 0x19: 0, 0x1C: 4, 0x1E: 16,
    0x20: 8, 0x24: 8, 0x25: 1, 0x26: 2, 0x27: 3, 0x28: 4, 0x29: 1, 0x2A: 2, 0x2B: 3, 0x2C: 4,
}  # fmt: skip
"""Sizes of forms that have one: data, flags, references, indices."""
_OFFSETS: Final = {0x0E, 0x17, 0x1D, 0x1F, 0x1F20, 0x1F21}
"""Forms of the size of an offset."""
_LEBS: Final = {0x0D, 0x0F, 0x15, 0x1A, 0x1B, 0x22, 0x23, 0x1F01, 0x1F02}
_BLOCKS: Final = {0x03: 2, 0x04: 4, 0x0A: 1}
"""Blocks with a length in so many bytes."""
_BLOCK, _EXPRESSION = 0x09, 0x18
_STRING, _STRP, _LINE_STRP, _ADDR, _REF_ADDR, _INDIRECT = 0x08, 0x0E, 0x1F, 0x01, 0x10, 0x16
_STRX: Final = {0x1A, 0x25, 0x26, 0x27, 0x28}
_ADDRX: Final = {0x1B, 0x29, 0x2A, 0x2B, 0x2C}
_UNIT_REFERENCES: Final = {0x11, 0x12, 0x13, 0x14, 0x15}


class DebugFunction(NamedTuple):
    """A function of a source program."""

    address: int
    """Where its code begins."""
    name: str
    """Its name, qualified by the classes and namespaces that it is in."""
    linkage_name: str | None
    """What the linker calls it, where that is another name."""


class _Abbreviation(NamedTuple):
    tag: int
    has_children: bool
    attributes: list[tuple[int, int, int]]
    """Attribute, form, and the value of those that have it here."""


class _Entry(NamedTuple):
    tag: int
    scope: str
    values: dict[int, str | int]


def debug_functions(sections: Mapping[str, bytes]) -> list[DebugFunction]:
    """The functions that have code, by address. ``sections`` are custom sections by name."""
    entries: dict[int, _Entry] = {}
    data = sections.get(".debug_info", b"")
    pos = 0
    while pos + 4 < len(data):
        unit = Data(data, pos)
        start, pos = pos, len(data)
        try:
            length = unit.unsigned(4)
            if length == 0xFFFFFFFF:
                length, unit.wide = unit.unsigned(8), True
            pos = unit.pos + length
            unit.end = min(pos, len(data))
            for offset, entry in _Unit(unit, start, sections).entries():
                entries[offset] = entry
        except (ValueError, IndexError, KeyError, TypeError, struct.error):
            continue
    found = [
        made
        for entry in entries.values()
        if entry.tag == _SUBPROGRAM and (made := _function(entry, entries)) is not None
    ]
    return sorted(found)


def _function(entry: _Entry, entries: Mapping[int, _Entry]) -> DebugFunction | None:
    address = entry.values.get(_LOW_PC)
    if not isinstance(address, int) or not address:
        return None  # At 0 is said to be what the linker has left out.
    name = linkage = None
    seen: set[int] = set()
    while True:
        values = entry.values
        if name is None and isinstance(values.get(_NAME), str):
            name = f"{entry.scope}{values[_NAME]}"
        linkage = linkage or values.get(_LINKAGE) or values.get(_MIPS_LINKAGE)
        further = values.get(_SPECIFICATION, values.get(_ORIGIN))
        if not isinstance(further, int) or further in seen or further not in entries:
            break
        seen.add(further)
        entry = entries[further]
    text = linkage if isinstance(linkage, str) else None
    named = name or text
    return None if named is None else DebugFunction(address, named, text if text != named else None)


class _Unit:
    """A unit of entries."""

    def __init__(self, unit: Data, start: int, sections: Mapping[str, bytes]) -> None:
        self._unit = unit
        self._start = start
        self._sections = sections
        self._strings = self._addresses = -1
        version = unit.unsigned(2)
        if not 2 <= version <= 5:
            raise ValueError("a version that is not known")
        self._version = version
        kind = unit.unsigned(1) if version >= 5 else 1
        if version >= 5:
            self._address_size = unit.unsigned(1)
        at = unit.offset()
        if version < 5:
            self._address_size = unit.unsigned(1)
        if kind in _SKELETONS:
            unit.take(8)
        elif kind in _TYPE_UNITS:
            unit.take(8)
            unit.offset()
        self._abbreviations = _abbreviations(Data(sections.get(".debug_abbrev", b""), at))

    def entries(self) -> Iterator[tuple[int, _Entry]]:
        """Entries that have names or code, by their offsets in the section."""
        unit = self._unit
        scopes: list[str] = [""]
        while unit.pos < unit.end:
            offset = unit.pos
            code = unit.leb()
            if not code:
                if len(scopes) > 1:
                    scopes.pop()
                continue
            tag, has_children, attributes = self._abbreviations[code]
            values: dict[int, str | int] = {}
            for attribute, form, implicit in attributes:
                value = implicit if form == _IMPLICIT else self._value(form)
                if attribute in _USED and value is not None:
                    values[attribute] = value
                if attribute == _STR_OFFSETS_BASE and isinstance(value, int):
                    self._strings = value
                elif attribute == _ADDR_BASE and isinstance(value, int):
                    self._addresses = value
            if tag == _SUBPROGRAM:
                yield offset, _Entry(tag, scopes[-1], values)
            if has_children:
                inner = f"{values[_NAME]}::" if tag in _SCOPES and _NAME in values else ""
                scopes.append(scopes[-1] + inner)

    def _value(self, form: int) -> str | int | None:
        """The value of an attribute, which is passed over where it is neither a text nor a number."""
        unit = self._unit
        while form == _INDIRECT:
            form = unit.leb()
        if form == _STRING:
            return unit.string()
        if form in _ADDRX or form in _STRX:
            size = _FIXED.get(form)
            index = unit.leb() if size is None else unit.unsigned(size)
            return self._indexed(form, index)
        if form in _OFFSETS or form == _REF_ADDR:
            wide = 4 + 4 * unit.wide
            value = unit.unsigned(
                self._address_size if form == _REF_ADDR and self._version < 3 else wide
            )
            return self._text(form, value) if form in (_STRP, _LINE_STRP) else value
        if form == _ADDR:
            return unit.unsigned(self._address_size)
        if form in _UNIT_REFERENCES:
            size = _FIXED.get(form)
            return self._start + (unit.leb() if size is None else unit.unsigned(size))
        if form in _LEBS:
            return unit.leb()
        if form in _BLOCKS:
            unit.take(unit.unsigned(_BLOCKS[form]))
            return None
        if form in (_BLOCK, _EXPRESSION):
            unit.take(unit.leb())
            return None
        return unit.unsigned(_FIXED[form])

    def _text(self, form: int, at: int) -> str:
        section = ".debug_str" if form == _STRP else ".debug_line_str"
        return Data(self._sections.get(section, b""), at).string()

    def _indexed(self, form: int, index: int) -> str | int | None:
        """What an index of a table of the unit leads to; nothing where there is no table."""
        texts = form in _STRX
        base = self._strings if texts else self._addresses
        if base < 0:
            return None
        size = 4 + 4 * self._unit.wide if texts else self._address_size
        table = self._sections.get(".debug_str_offsets" if texts else ".debug_addr", b"")
        value = Data(table, base + index * size).unsigned(size)
        return self._text(_STRP, value) if texts else value


def _abbreviations(data: Data) -> dict[int, _Abbreviation]:
    found: dict[int, _Abbreviation] = {}
    while code := data.leb():
        tag, has_children = data.leb(), data.unsigned(1) != 0
        attributes = []
        while True:
            attribute, form = data.leb(), data.leb()
            implicit = data.signed_leb() if form == _IMPLICIT else 0
            if not attribute and not form:
                break
            attributes.append((attribute, form, implicit))
        found[code] = _Abbreviation(tag, has_children, attributes)
    return found
