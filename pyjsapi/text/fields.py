"""Module fields and modules (core specification, "Text Format: Modules")."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Final

from pyjsapi.binary.names import Names
from pyjsapi.syntax.instructions import BY_MNEMONIC
from pyjsapi.syntax.module import (
    Active,
    Code,
    Data,
    Elem,
    Export,
    Expr,
    Func,
    Global,
    Import,
    ImportGroup,
    Instr,
    Module,
    Table,
)
from pyjsapi.syntax.types import (
    FUNC,
    FUNCREF,
    I64,
    AddrType,
    ExternType,
    FuncExtern,
    MemType,
    RefType,
    SubType,
    TableType,
    TagType,
    ValType,
    extern_kind,
    index_spaces,
    ref_type,
)
from pyjsapi.text.annotations import annotations_from
from pyjsapi.text.branch_hints import check_places, section_of
from pyjsapi.text.identifiers import Identifier, IndexSpace, Labels
from pyjsapi.text.instructions import InstructionParser
from pyjsapi.text.lexer import Source
from pyjsapi.text.types import Params

_END: Final = BY_MNEMONIC["end"].instr
_REF_FUNC: Final = BY_MNEMONIC["ref.func"]


class ModuleParser(InstructionParser):
    """Parser of one module, which starts at a position among the tokens of a source.

    Identifiers may be used before they are bound: `_scan` goes over the fields and binds, then types are
    parsed, then everything else.
    """

    def __init__(self, source: Source, position: int = 0) -> None:
        super().__init__(source, position)
        self.module: Final = Module()
        self.names: Final = Names()
        self.annotations = annotations_from(source, position)
        self._last_definition = ""
        self._hinted: dict[int, int] | None = None
        """Indices of functions by the tokens where they begin, if there are branch hints."""
        self._counts: Final = Counter[str]()
        self._spaces: Final = index_spaces(self)

    # The module as a whole

    def parse(self) -> Module:
        """``(module id? field*)``, or the fields alone, up to the end of the text."""
        wrapped = self.accept_form("module")
        if wrapped:
            self.module_identifier()
        self.fields()
        if wrapped:
            self.expect(")")
        if self.tokens[self.i] != "":
            raise self.unexpected()
        return self.module

    def module_identifier(self) -> Identifier | None:
        """The identifier after ``(module``, which becomes the module's name."""
        identifier = self.identifier()
        if identifier is not None:
            self.names.module = identifier[1:]
        return identifier

    def fields(self) -> None:
        """Module fields up to a closing parenthesis or the end of the text."""
        begin = self.i
        starts = self._scan()
        hints = self.annotations.hints
        if hints:
            self._hinted = {}
            self.i = starts[-1] + 1 if starts else begin
            self._skip_to_close()
            end, self.i = self.i, begin
            own = [hint for hint in hints if hint.token <= end]
            check_places(own, self.tokens, starts, end)
        for start in starts:
            if self.tokens[start + 1] in ("type", "rec"):
                self.i = start + 2
                self._rec_type() if self.tokens[start + 1] == "rec" else self._single_type()
                self.expect(")")
        end = self.i
        for start in starts:
            keyword = self.tokens[start + 1]
            if keyword in ("type", "rec"):
                continue
            parse = _FIELDS.get(keyword)
            if parse is None:
                raise self.unexpected(start + 1)
            self.i = start + 2
            parse(self)
            self.expect(")")
            end = max(end, self.i)
        self.i = max(self.i, end)
        self._finish()
        if self.annotations:
            self._finish_annotations(begin, starts)

    def _finish_annotations(self, begin: int, starts: list[int]) -> None:
        name = self.annotations.name_before(begin, "module")
        if name is not None:
            self.names.module = name
        hints = None
        if self._hinted is not None:
            own = [hint for hint in self.annotations.hints if hint.token < self.i]
            hints = section_of(own, self.tokens, self.module, self._hinted) if own else None
        self.module.customs = self.annotations.customs({*starts, self.i}, self.i, hints)

    def _finish(self) -> None:
        self.module.types = self.types.groups
        if self.uses_data_count:
            self.module.data_count = len(self.module.datas)
        names = self.names
        names.funcs = self.funcs.names()
        names.types = self.type_space.names()
        names.tables = self.tables.names()
        names.mems = self.mems.names()
        names.globals = self.globals.names()
        names.elems = self.elems.names()
        names.datas = self.datas.names()
        names.tags = self.tags.names()
        names.fields = {index: space.names() for index, space in self.field_spaces.items()}

    # First pass

    def _scan(self) -> list[int]:
        """Find where the fields start and bind their identifiers, leaving the position where it was."""
        tokens = self.tokens
        begin = self.i
        starts = []
        i = begin
        while tokens[i] == "(":
            starts.append(i)
            depth = 1
            i += 1
            while depth:
                token = tokens[i]
                i += 1
                if token == "(":
                    depth += 1
                elif token == ")":
                    depth -= 1
                elif token == "":
                    # Parsing the field finds a better place for the error.
                    i -= 1
                    break
        for start in starts:
            self._bind_field(start)
        self.i = begin
        return starts

    def _bind_field(self, start: int) -> None:
        tokens = self.tokens
        keyword = tokens[start + 1]
        self.i = start + 2
        if keyword == "rec":
            while self.accept_form("type"):
                self._bind_identifier(self.type_space)
                self._skip_to_close()
        elif keyword == "import":
            self.i = start + 3
            if not self.at_form("item"):
                self.i += 1
                self._bind_import()
            while self.accept_form("item"):
                self.i += 1
                self._bind_import()
                self._skip_to_close()
        elif keyword == "type":
            self._bind_identifier(self.type_space)
        elif keyword == "elem":
            self._bind_identifier(self.elems)
        elif keyword == "data":
            self._bind_identifier(self.datas)
        elif keyword in self._spaces:
            self._bind_identifier(self._spaces[keyword])
            if keyword in ("table", "memory"):
                self._bind_inline_segment(keyword)

    def _bind_import(self) -> None:
        """Bind the identifier of an import whose form of a type comes next."""
        tokens, i = self.tokens, self.i
        space = self._spaces.get(tokens[i + 1]) if tokens[i] == "(" else None
        if space is not None:
            self.i = i + 2
            self._bind_identifier(space)
            self._skip_to_close()

    def _bind_identifier(self, space: IndexSpace) -> None:
        at = self.i
        self.bind(space, self.identifier(), at)

    def _skip_to_close(self) -> None:
        """Skip to after the parenthesis that closes the current form."""
        depth = 1
        while depth:
            token = self.tokens[self.i]
            if token == "":
                return
            depth += (token == "(") - (token == ")")
            self.i += 1

    def _bind_inline_segment(self, keyword: str) -> None:
        """A table or memory written with its contents takes the next segment index."""
        segments = "data" if keyword == "memory" else "elem"
        while self.accept_form("export"):
            self._skip_to_close()
        if self.tokens[self.i] in ("i32", "i64"):
            self.i += 1
        if keyword == "table":
            if self.accept_form("ref"):
                self._skip_to_close()
            else:
                self.i += 1
        if self.at_form(segments):
            (self.datas if segments == "data" else self.elems).add(None)

    # Types

    def _single_type(self) -> None:
        self.types.define((self._type_definition(),))

    def _rec_type(self) -> None:
        group: list[SubType] = []
        while self.accept_form("type"):
            group.append(self._type_definition(len(group)))
            self.expect(")")
        self.types.define(group)

    def _type_definition(self, position: int = 0) -> SubType:
        self.identifier()
        return self.sub_type(len(self.types.subtypes) + position)

    # Imports and exports

    def _import(self) -> None:
        at = self.i - 2
        module = self.name()
        if self.at_form("item"):
            self._import_items(module)
        else:
            name = self.name()
            self.expect("(")
            self._add_import(module, name, self._extern_type(), at)

    def _import_items(self, module: str) -> None:
        """``(item name (type))*``, or ``(item name)*`` and the type of all."""
        number = len(self.module.imports)
        untyped: list[tuple[str, int]] = []
        while self.at_form("item"):
            at = self.i
            self.i += 2
            name = self.name()
            if untyped or self.tokens[self.i] == ")":
                untyped.append((name, at))
            else:
                self.expect("(")
                group = ImportGroup(number, one_type=False)
                self._add_import(module, name, self._extern_type(), at, group)
            self.expect(")")
        if not untyped:
            return
        if len(self.module.imports) != number:
            raise self.error("type expected, as the other items have one", untyped[0][1])
        self.expect("(")
        if self.tokens[self.i + 1][:1] == "$":
            raise self.error("identifier not allowed: the type is that of all items", self.i + 1)
        type_ = self._extern_type()
        for name, at in untyped:
            self._add_import(module, name, type_, at, ImportGroup(number, one_type=True))

    def _extern_type(self) -> ExternType:
        """The kind, an identifier and the type of an import, after its parenthesis."""
        parse = _EXTERN_TYPES.get(self.tokens[self.i])
        if parse is None:
            raise self.unexpected(wanted="func, table, memory, global or tag")
        self.i += 1
        self.identifier()
        type_ = parse(self)
        self.expect(")")
        return type_

    def _add_import(
        self, module: str, name: str, type_: ExternType, at: int, group: ImportGroup | None = None
    ) -> None:
        if self._last_definition:
            raise self.error(f"import after {self._last_definition} definition", at)
        self.module.imports.append(Import(module, name, type_, group))
        self._counts[extern_kind(type_)] += 1

    def _extern_func(self) -> ExternType:
        if not self.accept_form("exact"):
            return FuncExtern(self.type_use(named=True)[0])
        typeidx, _ = self.type_use(named=True)
        self.expect(")")
        return FuncExtern(typeidx, exact=True)

    def _extern_tag(self) -> ExternType:
        return TagType(self.type_use(named=True)[0])

    def _export(self) -> None:
        name = self.name()
        self.expect("(")
        kind = self.tokens[self.i]
        space = self._spaces.get(kind)
        if space is None:
            raise self.unexpected(wanted="func, table, memory, global or tag")
        self.i += 1
        self.module.exports.append(Export(name, kind, self.index(space)))
        self.expect(")")

    def _inline_exports_and_import(self, kind: str, index: int) -> bool:
        """``(export name)*``, then maybe an import, which is parsed to its end."""
        at = self.i
        while self.accept_form("export"):
            self.module.exports.append(Export(self.name(), kind, index))
            self.expect(")")
        if not self.accept_form("import"):
            return False
        module = self.name()
        name = self.name()
        self.expect(")")
        self._add_import(module, name, _EXTERN_TYPES[kind](self), at)
        return True

    def _begin_definition(self, kind: str) -> tuple[int, bool]:
        """What all definitions begin with: their index, and whether they turned out to be imports."""
        self.identifier()
        index = self._counts[kind]
        imported = self._inline_exports_and_import(kind, index)
        if not imported:
            self._last_definition = "function" if kind == "func" else kind
            self._counts[kind] += 1
        return index, imported

    # Functions

    def _func(self) -> None:
        start = self.i - 2
        funcidx, imported = self._begin_definition("func")
        if imported:
            return
        if self._hinted is not None:
            self._hinted[start] = funcidx
        at = self.i + 2
        typeidx, params = self.type_use(named=True)
        self.locals = IndexSpace("local")
        self.labels = Labels()
        groups = self._locals(typeidx, params, at)
        body = self.expression()
        self.module.funcs.append(Func(typeidx, Code(groups, body)))
        local_names = self.locals.names()
        if local_names:
            self.names.locals[funcidx] = local_names
        if self.labels.names:
            self.names.labels[funcidx] = self.labels.names
            self.labels = Labels()

    def _locals(
        self, typeidx: int, params: Params | None, at: int
    ) -> tuple[tuple[int, ValType], ...]:
        """``(local …)*``. Indices of named locals start after the parameters; ``at`` is the type's position."""
        for identifier, position in params or ():
            self.bind(self.locals, identifier, position)
        unresolved = params is None
        groups: list[tuple[int, ValType]] = []

        def declare(type_: ValType) -> None:
            if groups and groups[-1][1] == type_:
                groups[-1] = (groups[-1][0] + 1, type_)
            else:
                groups.append((1, type_))

        while self.accept_form("local"):
            position = self.i
            identifier = self.identifier()
            if unresolved and (identifier is not None or self.annotations):
                # The parameters stand in the type only: now their number matters.
                self.locals.count += len(self.expand_func_type(typeidx, at).params)
                unresolved = False
            if identifier is None:
                types = self.val_types()
            else:
                types = [self.val_type()]
                self.expect(")")
            self.bind_group(self.locals, identifier, position, len(types))
            for type_ in types:
                declare(type_)
        return tuple(groups)

    # Tables, memories, globals, tags

    def _table(self) -> None:
        tableidx, imported = self._begin_definition("table")
        if imported:
            return
        start = self.i
        addrtype = self.addr_type()
        if self.at_nat():
            self.i = start
            type_ = self.table_type()
            init = None if self.tokens[self.i] == ")" else self.expression()
            self.module.tables.append(Table(type_, init))
            return
        reftype = self.ref_type()
        if not self.accept_form("elem"):
            raise self.unexpected(wanted="(elem")
        elemtype = reftype
        if self.at_index():
            inits = self._elem_indices()
            if reftype is FUNCREF:
                elemtype = _FUNCREF_NONNULL
        else:
            inits = self._elem_expressions()
        self.expect(")")
        type_ = TableType(addrtype, len(inits), len(inits), reftype)
        self.module.tables.append(Table(type_, None))
        self.module.elems.append(Elem(elemtype, inits, Active(tableidx, _zero(addrtype))))

    def _memory(self) -> None:
        memidx, imported = self._begin_definition("memory")
        if imported:
            return
        start = self.i
        addrtype = self.addr_type()
        page_size_log2 = self.page_size_log2()
        if not self.accept_form("data"):
            self.i = start
            self.module.mems.append(self.mem_type())
            return
        contents = self.strings()
        self.expect(")")
        pages = -(-len(contents) >> page_size_log2)
        type_ = MemType(addrtype, pages, pages, page_size_log2=page_size_log2)
        self.module.mems.append(type_)
        self.module.datas.append(Data(contents, Active(memidx, _zero(addrtype))))

    def _global(self) -> None:
        _, imported = self._begin_definition("global")
        if not imported:
            self.module.globals.append(Global(self.global_type(), self.expression()))

    def _tag(self) -> None:
        _, imported = self._begin_definition("tag")
        if not imported:
            self.module.tags.append(TagType(self.type_use(named=True)[0]))

    # Segments

    def _offset(self) -> list[Instr]:
        if not self.accept_form("offset"):
            return self.folded_expression()
        offset = self.expression()
        self.expect(")")
        return offset

    def _use(self, keyword: str, space: IndexSpace) -> int | None:
        """``(keyword x)`` if it comes next; WebAssembly 1.0 had the bare number, too."""
        if self.at_nat():
            return self.nat(32)
        if not self.accept_form(keyword):
            return None
        index = self.index(space)
        self.expect(")")
        return index

    def _data(self) -> None:
        self.identifier()
        memidx = self._use("memory", self.mems)
        if memidx is None and self.tokens[self.i] != "(":
            self.module.datas.append(Data(self.strings(), "passive"))
            return
        offset = self._offset()
        self.module.datas.append(Data(self.strings(), Active(memidx or 0, offset)))

    def _elem_indices(self) -> list[Expr]:
        inits: list[Expr] = []
        while self.at_index():
            inits.append([(_REF_FUNC, self.index(self.funcs)), _END])
        return inits

    def _elem_expressions(self) -> list[Expr]:
        inits: list[Expr] = []
        while self.tokens[self.i] == "(":
            if self.accept_form("item"):
                inits.append(self.expression())
                self.expect(")")
            else:
                inits.append(self.folded_expression())
        return inits

    def _elem_list(self, *, kind_optional: bool) -> tuple[RefType, list[Expr]]:
        if self.accept("func") or (kind_optional and not self.at_ref_type()):
            return _FUNCREF_NONNULL, self._elem_indices()
        return self.ref_type(), self._elem_expressions()

    def _elem(self) -> None:
        self.identifier()
        mode: Active | str
        if self.accept("declare"):
            mode = "declarative"
            type_, inits = self._elem_list(kind_optional=False)
        else:
            bare = self.at_nat()
            tableidx = self._use("table", self.tables)
            active = tableidx is not None or (self.tokens[self.i] == "(" and not self.at_ref_type())
            mode = Active(tableidx or 0, self._offset()) if active else "passive"
            type_, inits = self._elem_list(kind_optional=active and (bare or tableidx is None))
        self.module.elems.append(Elem(type_, inits, mode))

    def _start(self) -> None:
        if self.module.start is not None:
            raise self.error("multiple start sections", self.i - 1)
        self.module.start = self.index(self.funcs)


_FUNCREF_NONNULL: Final = ref_type(False, FUNC)
"""Type of a segment of function indices."""


def _zero(addrtype: AddrType) -> list[Instr]:
    return [(BY_MNEMONIC["i64.const" if addrtype is I64 else "i32.const"], 0), _END]


_EXTERN_TYPES: Final[dict[str, Callable[[ModuleParser], ExternType]]] = {
    "func": ModuleParser._extern_func,
    "table": ModuleParser.table_type,
    "memory": ModuleParser.mem_type,
    "global": ModuleParser.global_type,
    "tag": ModuleParser._extern_tag,
}

_FIELDS: Final[dict[str, Callable[[ModuleParser], None]]] = {
    "import": ModuleParser._import,
    "export": ModuleParser._export,
    "func": ModuleParser._func,
    "table": ModuleParser._table,
    "memory": ModuleParser._memory,
    "global": ModuleParser._global,
    "tag": ModuleParser._tag,
    "data": ModuleParser._data,
    "elem": ModuleParser._elem,
    "start": ModuleParser._start,
}
