"""Lines of source programs from the section ``.debug_line`` (DWARF versions 2 to 5, "Line Number Information").

Addresses are offsets in the contents of the code section, as DWARF for WebAssembly has it. A table that is damaged is
left out: debugging goes on without it.
"""

from __future__ import annotations

import posixpath
import struct
from collections.abc import Mapping
from typing import Final, NamedTuple

_PATH: Final = 1
_DIRECTORY: Final = 2


class Row(NamedTuple):
    """From an address on, until the next row: a place in a source file."""

    address: int
    file: str | None
    """``None`` where a sequence of code ends."""
    line: int
    column: int
    """From 1; 0 for none."""


class Data:
    """Reads what DWARF is made of. Raises `ValueError` where the data ends."""

    def __init__(self, data: bytes, pos: int = 0, end: int | None = None) -> None:
        self.data = data
        self.pos = pos
        self.end = len(data) if end is None else end
        self.wide = False

    def take(self, count: int) -> bytes:
        if count < 0 or self.pos + count > self.end:
            raise ValueError("the data ends")
        self.pos += count
        return self.data[self.pos - count : self.pos]

    def unsigned(self, size: int) -> int:
        return int.from_bytes(self.take(size), "little")

    def offset(self) -> int:
        return self.unsigned(8 if self.wide else 4)

    def leb(self) -> int:
        value = shift = 0
        while True:
            byte = self.unsigned(1)
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    def signed_leb(self) -> int:
        start = self.pos
        value = self.leb()
        bits = 7 * (self.pos - start)
        return value - (1 << bits) if value >> (bits - 1) else value

    def string(self) -> str:
        end = self.data.index(b"\0", self.pos, self.end)
        found = self.data[self.pos : end].decode(errors="replace")
        self.pos = end + 1
        return found


def line_rows(sections: Mapping[str, bytes]) -> list[Row]:
    """The rows of all tables, by address. ``sections`` are custom sections by name."""
    data = sections.get(".debug_line", b"")
    rows: list[Row] = []
    pos = 0
    while pos + 4 < len(data):
        unit = Data(data, pos)
        pos = len(data)
        try:
            length = unit.unsigned(4)
            if length == 0xFFFFFFFF:
                length, unit.wide = unit.unsigned(8), True
            pos = unit.pos + length
            unit.end = min(pos, len(data))
            rows += _Program(unit, sections).run()
        except (ValueError, IndexError, KeyError, struct.error):
            continue
    rows.sort(key=lambda row: (row.address, row.file is not None))
    return rows


class _Program:
    """The line number program of a unit."""

    def __init__(self, unit: Data, sections: Mapping[str, bytes]) -> None:
        self._sections = sections
        self._unit = unit
        self._version = unit.unsigned(2)
        if not 2 <= self._version <= 5:
            raise ValueError("a version that is not known")
        if self._version >= 5:
            unit.take(2)  # sizes of addresses and segment selectors
        length = unit.offset()
        start = unit.pos + length
        self._least = unit.unsigned(1)
        if self._version >= 4:
            unit.take(1)  # operations per instruction: one, here
        unit.take(1)
        self._base = int.from_bytes(unit.take(1), "little", signed=True)
        self._range = unit.unsigned(1)
        self._opcode_base = unit.unsigned(1)
        self._lengths = [0, *unit.take(self._opcode_base - 1)]
        self._read_files()
        unit.pos = start

    def _read_files(self) -> None:
        unit = self._unit
        if self._version >= 5:
            directories = [entry.get(_PATH, "") for entry in self._entries()]
            self._directories = [str(each) for each in directories]
            self._files = [
                self._path(str(entry.get(_PATH, "")), int(entry.get(_DIRECTORY, 0)))
                for entry in self._entries()
            ]
            return
        self._directories = [""]
        while name := unit.string():
            self._directories.append(name)
        self._files = [""]
        while name := unit.string():
            directory = unit.leb()
            unit.leb(), unit.leb()
            self._files.append(self._path(name, directory))

    def _entries(self) -> list[dict[int, str | int]]:
        unit = self._unit
        formats = [(unit.leb(), unit.leb()) for _ in range(unit.unsigned(1))]
        return [{content: self._form(form) for content, form in formats} for _ in range(unit.leb())]

    def _form(self, form: int) -> str | int:
        unit = self._unit
        if form == 0x08:  # DW_FORM_string
            return unit.string()
        if form in (0x0E, 0x1F):  # DW_FORM_strp, DW_FORM_line_strp
            section = ".debug_str" if form == 0x0E else ".debug_line_str"
            return Data(self._sections.get(section, b""), unit.offset()).string()
        if form == 0x0F:  # DW_FORM_udata
            return unit.leb()
        if form == 0x1E:  # DW_FORM_data16: a hash
            return int.from_bytes(unit.take(16), "little")
        if form == 0x09:  # DW_FORM_block
            return int.from_bytes(unit.take(unit.leb()), "little")
        return unit.unsigned({0x0B: 1, 0x05: 2, 0x06: 4, 0x07: 8}[form])

    def _path(self, name: str, directory: int) -> str:
        base = self._directories[directory] if directory < len(self._directories) else ""
        if directory and self._version >= 5 and not base.startswith("/"):
            base = posixpath.join(self._directories[0], base)
        return posixpath.normpath(posixpath.join(base, name))

    def run(self) -> list[Row]:
        """The rows that the program makes."""
        unit = self._unit
        rows: list[Row] = []
        self._sequence = 0
        self._reset()
        while unit.pos < unit.end:
            opcode = unit.unsigned(1)
            if opcode >= self._opcode_base:
                adjusted = opcode - self._opcode_base
                self._address += adjusted // self._range * self._least
                self._line += self._base + adjusted % self._range
                rows.append(self._row())
            elif opcode == 0:
                self._extended(rows)
            else:
                self._standard(opcode, rows)
        return rows

    def _reset(self) -> None:
        self._address, self._file, self._line, self._column = 0, 1, 1, 0

    def _row(self) -> Row:
        name = self._files[self._file] if self._file < len(self._files) else ""
        return Row(self._address, name, self._line, self._column)

    def _extended(self, rows: list[Row]) -> None:
        unit = self._unit
        size = unit.leb()
        end = unit.pos + size
        opcode = unit.unsigned(1)
        if opcode == 1:  # DW_LNE_end_sequence
            if rows[self._sequence : self._sequence + 1] and not rows[self._sequence].address:
                del rows[self._sequence :]  # What the linker has left out is said to be at 0.
            else:
                rows.append(Row(self._address, None, 0, 0))
            self._sequence = len(rows)
            self._reset()
        elif opcode == 2:  # DW_LNE_set_address
            self._address = unit.unsigned(size - 1)
        elif opcode == 3 and self._version < 5:  # DW_LNE_define_file
            name = unit.string()
            self._files.append(self._path(name, unit.leb()))
        unit.pos = end

    def _standard(self, opcode: int, rows: list[Row]) -> None:
        unit = self._unit
        if opcode == 1:  # DW_LNS_copy
            rows.append(self._row())
        elif opcode == 2:  # DW_LNS_advance_pc
            self._address += unit.leb() * self._least
        elif opcode == 3:  # DW_LNS_advance_line
            self._line += unit.signed_leb()
        elif opcode == 4:  # DW_LNS_set_file
            self._file = unit.leb()
        elif opcode == 5:  # DW_LNS_set_column
            self._column = unit.leb()
        elif opcode == 8:  # DW_LNS_const_add_pc
            self._address += (255 - self._opcode_base) // self._range * self._least
        elif opcode == 9:  # DW_LNS_fixed_advance_pc
            self._address += unit.unsigned(2)
        else:
            for _ in range(self._lengths[opcode]):
                unit.leb()
