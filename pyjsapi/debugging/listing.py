"""A module as people read it: names, instructions as text, their offsets, and where they stand in a source program."""

from __future__ import annotations

from bisect import bisect_right
from functools import cached_property
from pathlib import Path
from typing import Final, NamedTuple, cast

from pyjsapi.binary.body import BinaryCode
from pyjsapi.binary.names import Names, names_of
from pyjsapi.debugging.dwarf import Row, line_rows
from pyjsapi.debugging.dwarf_functions import DebugFunction, debug_functions
from pyjsapi.debugging.source_maps import contents_of, inline_map, map_rows, url_of
from pyjsapi.embedding.valid_module import ValidModule
from pyjsapi.syntax.module import Module
from pyjsapi.syntax.origins import origin_of
from pyjsapi.text.printer import PrintedModule, print_with_lines
from pyjsapi.text.printer_instructions import InstructionPrinter
from pyjsapi.text.printer_names import References

TEXT: Final = "text"
"""What the file of a place is called that is a line of the module as the printer writes it."""


class Place(NamedTuple):
    """A place in a source program, or in the module's text."""

    file: str
    line: int
    column: int
    """From 1; 0 where it is not known."""


class Function(NamedTuple):
    """A function of a module, as text."""

    texts: list[str]
    """For each instruction of the body, with its indentation."""
    offsets: list[int]
    """Byte offsets in the module."""


class Listing:
    """What can be said of the code of a module. ``source_map`` is the text of one, for those that have it elsewhere."""

    def __init__(self, compiled: ValidModule, source_map: str | None = None) -> None:
        self._compiled = compiled
        self._module: Final[Module] = compiled.module
        self._functions: dict[int, Function] = {}
        customs = {custom.name: custom.data for custom in self._module.customs}
        self.map_url = url_of(customs)
        """Where the module says that its source map is, if it says so."""
        self._map = source_map
        if source_map is None and self.map_url is not None:
            self._map = inline_map(self.map_url)
        self._customs = customs

    @cached_property
    def _names(self) -> Names:
        return names_of(self._module)

    @cached_property
    def names(self) -> dict[int, str]:
        """Names of functions: of the name section, else in their source (DWARF), else of exports, else of imports."""
        found = {
            each.index: each.name for each in reversed(self._module.exports) if each.kind == "func"
        }
        kinds = [one for one in self._module.imports if type(one.type).__name__ == "FuncExtern"]
        imported = {index: f"{one.module}.{one.name}" for index, one in enumerate(kinds)}
        own = self._names.funcs or {index: one.name for index, one in self.source_functions.items()}
        return {**imported, **found, **own}

    @cached_property
    def source_functions(self) -> dict[int, DebugFunction]:
        """What DWARF says of functions, by their indices."""
        codes = [cast("BinaryCode", func.code) for func in self._module.funcs]
        ends = [code.end for code in codes] if self._customs.get(".debug_info") else []
        found: dict[int, DebugFunction] = {}
        for one in debug_functions(self._customs) if ends else ():
            # The address may be that of the size, which is before the body.
            at = bisect_right(ends, one.address + self.code_start)
            if at < len(ends):
                found.setdefault(at + self._compiled.imported_funcs, one)
        return found

    def named(self, name: str) -> dict[int, str]:
        """The functions that a name stands for: as they are named here, else by their names in their source, whole or
        without what qualifies them."""
        found = {index: each for index, each in self.names.items() if each == name}
        if found:
            return found
        for fits in (
            lambda one: name in (one.name, one.linkage_name),
            lambda one: one.name.endswith(f"::{name}"),
        ):
            found = {index: one.name for index, one in self.source_functions.items() if fits(one)}
            if found:
                break
        return found

    @cached_property
    def module_name(self) -> str | None:
        """The module's own name."""
        return self._names.module

    def global_names(self) -> dict[int, str]:
        """Names of globals."""
        exported = {e.index: e.name for e in self._module.exports if e.kind == "global"}
        return {**exported, **self._names.globals}

    def local_names(self, function: int) -> dict[int, str]:
        """Names of a function's parameters and locals."""
        return self._names.locals.get(function, {})

    def function(self, index: int) -> Function:
        """A function that the module defines."""
        found = self._functions.get(index)
        if found is None:
            code = self._module.funcs[index - self._compiled.imported_funcs].code
            loaded = code.load()
            printer, names = self._printer, self._names
            count = len(self._compiled.context.funcs[index].func.params)
            count += sum(times for times, _ in loaded.locals)
            local_names = References(count, names.locals.get(index, {}))
            lines = printer.body(loaded.body, local_names, names.labels.get(index, {}))
            texts = [" ".join(line[4:].split("\n")) for line in lines]
            offsets = code.offsets() if isinstance(code, BinaryCode) else [0] * len(loaded.body)
            found = self._functions[index] = Function([*texts, "end"], offsets)
        return found

    @cached_property
    def _printer(self) -> InstructionPrinter:
        return InstructionPrinter(self._module, self._names)

    # ---- sources

    @cached_property
    def code_start(self) -> int:
        """Byte offset of the contents of the code section."""
        data, pos = self._compiled.data, 8
        while pos < len(data):
            id_ = data[pos]
            size = shift = 0
            pos += 1
            while True:
                size |= (data[pos] & 0x7F) << shift
                shift += 7
                pos += 1
                if data[pos - 1] < 0x80:
                    break
            if id_ == 10:
                return pos
            pos += size
        return 0

    @cached_property
    def rows(self) -> list[Row]:
        """Places in source programs by byte offset in the module; none where the module has neither DWARF nor a map."""
        dwarf = line_rows(self._customs)
        if dwarf:
            return [row._replace(address=row.address + self.code_start) for row in dwarf]
        return [] if self._map is None else map_rows(self._map)

    @cached_property
    def source_texts(self) -> dict[str, str]:
        """The texts of source files that came with the source map."""
        return {} if self._map is None else contents_of(self._map)

    @cached_property
    def printed(self) -> PrintedModule:
        """The module in the text format."""
        return print_with_lines(self._compiled.data)

    def place(self, function: int, instruction: int) -> Place | None:
        """Where an instruction comes from: in a source program if that is known, else in the text that the module was
        made from, else in the text as it is printed."""
        offset = self.function(function).offsets[instruction]
        found = self._source_place(offset)
        if found is not None:
            return found
        if self.rows:
            return None
        frame = self._compiled.frame(function, offset)
        if frame.line is not None:
            return Place("", frame.line, frame.column or 0)
        return self.text_place(function, instruction)

    def _text_line(self, function: int, instruction: int) -> int:
        """The line of an instruction in the text that the module was made from, or is printed as."""
        frame = self._compiled.frame(function, self.function(function).offsets[instruction])
        return self.printed.lines[function][instruction] if frame.line is None else frame.line

    def text_place(self, function: int, instruction: int) -> Place | None:
        """The line of an instruction in the module as it is printed."""
        lines = self.printed.lines.get(function, ())
        return Place(TEXT, lines[instruction], 0) if instruction < len(lines) else None

    def source(self, file: str) -> str | None:
        """The text of a file that a `Place` names; ``None`` where it cannot be read."""
        if file == TEXT:
            return self.printed.text
        if not file:
            origin = origin_of(self._compiled.data)
            return None if origin is None else origin.text
        found = self.source_texts.get(file)
        if found is not None:
            return found
        try:
            return Path(file).read_text("utf-8", "replace")
        except (OSError, ValueError):
            return None

    def _source_place(self, offset: int) -> Place | None:
        rows = self.rows
        at = bisect_right(rows, offset, key=lambda row: row.address) - 1
        if at < 0 or rows[at].file is None or not rows[at].line:
            return None
        row = rows[at]
        return Place(row.file or "", row.line, row.column)

    def at_offset(self, offset: int) -> tuple[int, int] | None:
        """The function and the instruction at a byte offset of the module."""
        first = self._compiled.imported_funcs
        for index, func in enumerate(self._module.funcs, first):
            code = cast("BinaryCode", func.code)
            if code.start <= offset < code.end:
                offsets = self.function(index).offsets
                return index, max(bisect_right(offsets, offset) - 1, 0)
        return None

    def at_line(self, file: str, line: int) -> list[tuple[int, int]]:
        """The instructions where the code of a line begins, one in each function that has any; without a file, of a
        line of the text."""
        if self.rows and file not in ("", TEXT):
            offsets = [
                row.address
                for row in self.rows
                if row.line == line and row.file is not None and _is_file(row.file, file)
            ]
            places = filter(None, map(self.at_offset, offsets))
        else:
            places = filter(None, self._at_text_line(line))
        first: dict[int, int] = {}
        for function, instruction in places:
            first[function] = min(first.get(function, instruction), instruction)
        return sorted(first.items())

    def _at_text_line(self, line: int) -> list[tuple[int, int] | None]:
        found: list[tuple[int, int] | None] = []
        for index, lines in self.printed.lines.items():
            for instruction in range(len(lines)):
                if self._text_line(index, instruction) == line:
                    found.append((index, instruction))
        return found


def _is_file(path: str, wanted: str) -> bool:
    return path == wanted or path.endswith(f"/{wanted.lstrip('./')}")
