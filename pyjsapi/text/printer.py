"""Printing of modules (core specification, "Text Format: Modules").

The text is unfolded and indented, with one instruction to a line. Parsed and encoded again it gives the
module that it was printed from: types keep their indices, and custom sections are annotations. Two things
have no text: how locals of one type were divided into groups, and a data count section that nothing needs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from os import PathLike
from typing import Final, NamedTuple

from pyjsapi.binary.branch_hints import SECTION as HINTS
from pyjsapi.binary.decoder import decode_module
from pyjsapi.binary.names import SECTION_NAME, Names, encode_names, name_section_place, names_of
from pyjsapi.syntax.instructions import BY_MNEMONIC
from pyjsapi.syntax.module import (
    SECTIONS,
    Active,
    Custom,
    Data,
    Elem,
    Export,
    Expr,
    Import,
    Module,
    Table,
    import_entries,
)
from pyjsapi.syntax.types import (
    EXTERN_KINDS,
    FUNC,
    ExternType,
    FuncType,
    GlobalType,
    MemType,
    TableType,
    ValType,
    extern_kind,
    ref_type,
)
from pyjsapi.text.branch_hints import printable_hints
from pyjsapi.text.printer_instructions import InstructionPrinter
from pyjsapi.text.printer_names import References, name_annotation
from pyjsapi.text.printer_values import bytes_literals, identifier, laid_out, name_literal

MAX_LOCALS: Final = 1_000_000
"""Locals of a function that are still printed: the text names the type of each, the binary format need not."""

_REF_FUNC: Final = BY_MNEMONIC["ref.func"]
_FUNC_INDICES: Final = ref_type(False, FUNC)
_FIELD: Final = "  "
_INNER: Final = "    "
_RANK: Final = {name: rank for rank, name in enumerate(("", *SECTIONS))}


def wasm2wat(data: bytes, *, names: bool = True) -> str:
    """Convert a module from the binary to the text format.

    With ``names`` the name section gives the identifiers, without it is left out. Raises `DecodeError`, also
    for malformed function bodies, and `ValueError` for a function of more than `MAX_LOCALS` locals; the module
    is not validated.
    """
    if isinstance(data, (str, PathLike)):
        kind = type(data).__name__
        raise TypeError(f"wasm2wat(): the module must be bytes, not {kind}: Path(…).read_bytes()")
    module = decode_module(data)
    if names:
        return print_module(module, names=names_of(module))
    module.customs = [custom for custom in module.customs if custom.name != SECTION_NAME]
    return print_module(module, names=None)


def print_module(module: Module, *, names: Names | None = None) -> str:
    """Print a module in the text format.

    What has a name in ``names`` gets it as its identifier, or where it is empty or not unique as an annotation
    ``(@name "…")``; everything else is referred to by number. A name section of the module is told by these, or
    printed like other custom sections when they would not give back the same bytes. Raises like `wasm2wat`.
    """
    return _ModulePrinter(module, names or Names()).text()


class PrintedModule(NamedTuple):
    """A module in the text format, and where its instructions stand in it."""

    text: str
    lines: dict[int, list[int]]
    """For each function that it defines, by index: the line of each instruction of the body, from 1; the ``end`` that
    closes it stands where its parenthesis does."""


def print_with_lines(data: bytes) -> PrintedModule:
    """What `wasm2wat` prints, with the lines of all instructions. Raises like that."""
    module = decode_module(data)
    printer = _LocatingPrinter(module, names_of(module))
    return PrintedModule(printer.text(), printer.lines)


class _ModulePrinter(InstructionPrinter):
    def __init__(self, module: Module, names: Names) -> None:
        super().__init__(module, names)
        self.hints: Final = printable_hints(module, self._sections()[1:])

    def text(self) -> str:
        name = self.names.module
        head = "(module" + (f" {identifier(name)}" if name else name_annotation(name))
        lines = [head, *self._fields(), ")"]
        if len(lines) == 2:
            return f"{head})\n"
        return "\n".join(lines) + "\n"

    def _fields(self) -> Iterator[str]:
        module = self.module
        typeidx = 0
        for rec in module.types:
            yield self.rec_type(rec, typeidx, _FIELD)
            typeidx += len(rec.subtypes)
        counts = dict.fromkeys(EXTERN_KINDS, 0)
        for entry in import_entries(module.imports):
            yield laid_out(self._import(entry, counts), _FIELD)
        for i, table in enumerate(module.tables, counts["table"]):
            yield laid_out(self._table(table, i), _FIELD)
        for i, mem in enumerate(module.mems, counts["memory"]):
            yield f"{_FIELD}(memory{self.mems.binding(i)} {self.mem_type(mem)})"
        for i, tag in enumerate(module.tags, counts["tag"]):
            yield laid_out(f"(tag{self.tags.binding(i)} {self.defined_type_use(tag)})", _FIELD)
        for i, item in enumerate(module.globals, counts["global"]):
            head = f"(global{self.globals.binding(i)} {self.global_type(item.type)}"
            yield laid_out(f"{head}{self.initializer(item.init)})", _FIELD)
        for export in module.exports:
            yield laid_out(self._export(export), _FIELD)
        if module.start is not None:
            yield f"{_FIELD}(start {self.funcs.use(module.start)})"
        for i, elem in enumerate(module.elems):
            yield laid_out(self._elem(elem, i), _FIELD)
        for i, func in enumerate(module.funcs):
            code = func.code.load()
            yield from self._func(counts["func"] + i, func.typeidx, code.locals, code.body)
        for i, data in enumerate(module.datas):
            yield from self._data(data, i)
        yield from self._customs(counts["func"])

    # Imports and exports

    def _import(self, entry: Sequence[Import], counts: dict[str, int]) -> str:
        """An entry of the import section; ``counts`` has how many of each kind there are before, and after it."""
        first = entry[0]
        types = []
        bound = False
        for item in entry:
            kind = extern_kind(item.type)
            space, index = self.spaces[kind], counts[kind]
            bound = bound or space.bare_binding(index) != ""
            types.append(f"({kind}{space.binding(index)} {self._extern_type(item.type)})")
            counts[kind] += 1
        head = f"(import {name_literal(first.module)}"
        names = [name_literal(item.name) for item in entry]
        if first.group is None:
            return f"{head} {names[0]} {types[0]})"
        if first.group.one_type and not bound:
            return f"{head} {' '.join(f'(item {name})' for name in names)} {types[0]})"
        # Where the type is that of all there is no place for identifiers, which say more than how types were written.
        items = (f"(item {name} {type_})" for name, type_ in zip(names, types, strict=True))
        return f"{head} {' '.join(items)})"

    def _extern_type(self, type_: ExternType) -> str:
        if isinstance(type_, TableType):
            return self.table_type(type_)
        if isinstance(type_, MemType):
            return self.mem_type(type_)
        if isinstance(type_, GlobalType):
            return self.global_type(type_)
        return self.defined_type_use(type_)

    def _export(self, export: Export) -> str:
        use = self.spaces[export.kind].use(export.index)
        return f"(export {name_literal(export.name)} ({export.kind} {use}))"

    # Tables and segments

    def _table(self, table: Table, index: int) -> str:
        init = "" if table.init is None else self.initializer(table.init)
        return f"(table{self.tables.binding(index)} {self.table_type(table.type)}{init})"

    def _mode(self, mode: Active | str, keyword: str, space: References) -> str:
        if isinstance(mode, Active):
            where = self._optional(space, mode.index)
            target = f" ({keyword}{where})" if where else ""
            return f"{target} {self.folded(mode.offset, 'offset')}"
        return " declare" if mode == "declarative" else ""

    def _elem(self, elem: Elem, index: int) -> str:
        head = f"(elem{self.elems.binding(index)}{self._mode(elem.mode, 'table', self.tables)}"
        if elem.type == _FUNC_INDICES and all(map(_is_func_index, elem.init)):
            items = "".join(f" {self.funcs.use(expr[0][1])}" for expr in elem.init)
            return f"{head} func{items})"
        items = "".join(f" {self.folded(expr, 'item')}" for expr in elem.init)
        return f"{head} {self.val(elem.type)}{items})"

    def _data(self, data: Data, index: int) -> Iterator[str]:
        mode = self._mode(data.mode, "memory", self.mems)
        return _with_contents(f"(data{self.datas.binding(index)}{mode}", data.init)

    # Functions

    def _func(
        self, index: int, typeidx: int, groups: tuple[tuple[int, ValType], ...], body: Expr
    ) -> Iterator[str]:
        functype = self.func_type_at(typeidx) or FuncType((), ())
        count = len(functype.params) + sum(count for count, _ in groups)
        if count > MAX_LOCALS:
            raise ValueError(
                f"function {index} has {count} locals; the text format names the type of each, "
                f"which is done for up to {MAX_LOCALS}"
            )
        named = self.names.locals.get(index, {})
        if named and max(named) >= count:
            self.all_names_stand = False
        locals_ = References(count, named)
        types = [type_ for times, type_ in groups for _ in range(times)]
        head = f"(func{self.funcs.binding(index)} (type {self.types.use(typeidx)})"
        head += self._declarations("param", functype.params, 0, locals_)
        head += self.vals("result", functype.results)
        lines = []
        if types:
            declared = self._declarations("local", types, len(functype.params), locals_)
            lines.append(laid_out(declared[1:], _INNER))
        instructions = self.body(body, locals_, self.names.labels.get(index, {}))
        for position, hint in self.hints.get(index, {}).items():
            line = instructions[position]
            text = line.lstrip(" ")
            instructions[position] = f"{line[: len(line) - len(text)]}{hint} {text}"
        lines += instructions
        if lines:
            yield laid_out(head, _FIELD)
            yield from lines
            yield f"{_FIELD})"
        else:
            yield laid_out(f"{head})", _FIELD)

    def _declarations(
        self, keyword: str, types: tuple[ValType, ...] | list[ValType], first: int, to: References
    ) -> str:
        """Parameters or locals: those with a name alone, others in groups."""
        if not to.names:
            return self.vals(keyword, types)
        out = ""
        group: list[ValType] = []
        for index, type_ in enumerate(types, first):
            binding = to.bare_binding(index)
            if binding:
                out += f"{self.vals(keyword, group)} ({keyword}{binding} {self.val(type_)})"
                group = []
            else:
                group.append(type_)
        return out + self.vals(keyword, group)

    # Custom sections

    def _customs(self, imported_funcs: int) -> Iterator[str]:
        module = self.module
        sections = self._sections()
        told = self._name_section_is_told(imported_funcs, _RANK[sections[-1]])
        for custom in module.customs:
            if custom.name == HINTS and self.hints:
                continue
            if custom.name != SECTION_NAME or not told:
                yield from _with_contents(
                    f"(@custom {name_literal(custom.name)}{_placement(custom, sections)}",
                    custom.data,
                )

    def _sections(self) -> list[str]:
        """The sections that the module has; the first is "", which stands for its beginning."""
        module = self.module
        contents = {
            "type": module.types, "import": module.imports, "func": module.funcs, "table": module.tables,
            "memory": module.mems, "tag": module.tags, "global": module.globals, "export": module.exports,
            "start": module.start is not None, "elem": module.elems,
            "datacount": module.data_count is not None, "code": module.funcs, "data": module.datas,
        }  # fmt: skip
        return ["", *(name for name in SECTIONS if contents[name])]

    def _name_section_is_told(self, imported_funcs: int, last: int) -> bool:
        """Whether the identifiers in the text give the name section byte for byte."""
        customs = self.module.customs
        places = [i for i, custom in enumerate(customs) if custom.name == SECTION_NAME]
        if len(places) != 1:
            return False
        place = places[0]
        section = customs[place]
        return (
            section.data != b""
            and self.all_names_stand
            and _RANK[section.after] >= last
            and name_section_place(customs[:place] + customs[place + 1 :]) == place
            and encode_names(self.names) == section.data
            and self._everything_named_exists(imported_funcs)
        )

    def _everything_named_exists(self, imported_funcs: int) -> bool:
        names = self.names
        defined = range(imported_funcs, self.funcs.count)
        spaces = (
            (names.funcs, self.funcs), (names.types, self.types), (names.tables, self.tables),
            (names.mems, self.mems), (names.globals, self.globals), (names.elems, self.elems),
            (names.datas, self.datas), (names.tags, self.tags),
        )  # fmt: skip
        return (
            all(not given or max(given) < space.count for given, space in spaces)
            and all(index in defined for index in (*names.locals, *names.labels))
            and all(self._fields_exist(index, given) for index, given in names.fields.items())
        )

    def _fields_exist(self, typeidx: int, given: dict[int, str]) -> bool:
        comp = self.subtypes[typeidx].comp if typeidx < len(self.subtypes) else None
        return max(given) < len(getattr(comp, "fields", ()))


class _LocatingPrinter(_ModulePrinter):
    """A printer that keeps where instructions stand."""

    def __init__(self, module: Module, names: Names) -> None:
        super().__init__(module, names)
        self.lines: dict[int, list[int]] = {}
        self._found: list[int] | None = None
        """Where to note the line that is being printed, if it is an instruction's."""

    def _fields(self) -> Iterator[str]:
        line = 2
        for text in super()._fields():
            if self._found is not None:
                self._found.append(line)
            line += text.count("\n") + 1
            yield text

    def _func(
        self, index: int, typeidx: int, groups: tuple[tuple[int, ValType], ...], body: Expr
    ) -> Iterator[str]:
        found = self.lines[index] = []
        texts = list(super()._func(index, typeidx, groups, body))
        first = min(len(texts) - 1, 1 + any(count for count, _ in groups))
        for number, text in enumerate(texts):
            self._found = found if number >= first else None
            yield text
        self._found = None


def _is_func_index(expr: Expr) -> bool:
    return len(expr) == 2 and expr[0][0] is _REF_FUNC


def _placement(custom: Custom, sections: list[str]) -> str:
    """Where a custom section stands among the sections that there are, with a space before it."""
    after = [name for name in sections if _RANK[name] <= _RANK[custom.after]][-1]
    if len(sections) > 1 and after == sections[-1]:
        return ""
    return f" (after {after})" if after else " (before first)"


def _with_contents(head: str, contents: bytes) -> Iterator[str]:
    """A field that ends with strings: on its line if they are short, else on lines of their own."""
    strings = list(bytes_literals(contents))
    if len(strings) <= 1:
        yield laid_out(" ".join([head, *strings]) + ")", _FIELD)
        return
    yield laid_out(head, _FIELD)
    for string in strings:
        yield _INNER + string
    yield f"{_FIELD})"
