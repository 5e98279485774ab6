"""Decoding of modules (core: "Binary Format: Modules").

Sections are read one after the other; function bodies are only delimited here and decoded when they are loaded
(see `BinaryCode`). Messages begin with the wording of the reference interpreter.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeVar

from pyjsapi.binary import types
from pyjsapi.binary.body import BinaryCode
from pyjsapi.binary.code import decode_instrs
from pyjsapi.binary.reader import Reader
from pyjsapi.binary.sections import (
    CUSTOM_ID,
    DATA_ACTIVE,
    DATA_ACTIVE_ZERO,
    DATA_PASSIVE,
    ELEM_ACTIVE_ZERO,
    ELEM_DECLARATIVE_BIT,
    ELEM_EXPRS_BIT,
    ELEM_INDEX_BIT,
    ELEM_PASSIVE_BIT,
    IMPORTS_OF_ONE_TYPE,
    IMPORTS_TYPED,
    MAGIC,
    SECTION_IDS,
    VERSION,
)
from pyjsapi.syntax.errors import DecodeError
from pyjsapi.syntax.features import Features
from pyjsapi.syntax.instructions import BY_MNEMONIC
from pyjsapi.syntax.module import (
    SECTIONS,
    Active,
    Custom,
    Data,
    Elem,
    Export,
    Expr,
    Func,
    Global,
    Import,
    ImportGroup,
    Module,
    Table,
)
from pyjsapi.syntax.spelling import counted
from pyjsapi.syntax.types import (
    EXTERN_KINDS,
    FUNC,
    FUNCREF,
    ExternType,
    FuncExtern,
    RefType,
    ref_type,
)

_REF_FUNC: Final = BY_MNEMONIC["ref.func"]
_END: Final = BY_MNEMONIC["end"].instr

_SECTION_NAMES: Final = {id_: name for name, id_ in SECTION_IDS.items()}
_T = TypeVar("_T")
_SECTION_RANK: Final = {name: rank for rank, name in enumerate(SECTIONS)}


def decode_module(data: bytes, features: Features | None = None) -> Module:
    """Decode a module.

    ``features`` decides about encodings that only exist with a feature (default: `Features()`); what decodes
    but is not allowed is left to validation. Raises `DecodeError` for everything malformed outside of
    function bodies, and `BinaryCode.load` for what is malformed inside.
    """
    return _Decoder(bytes(data), Features() if features is None else features).module()


def item_offsets(data: bytes, features: Features) -> dict[str, list[int]]:
    """Where the items of each section begin, for messages about a module that decodes."""
    decoder = _Decoder(bytes(data), features)
    decoder.offsets = {}
    decoder.module()
    return decoder.offsets


def section_sizes(data: bytes) -> list[tuple[str, str | None, int]]:
    """The sections of a module that decodes, in order: name, the title of a custom one, bytes of the contents."""
    reader = Reader(data, len(MAGIC) + len(VERSION))
    found = []
    while reader.left:
        name = _SECTION_NAMES.get(reader.byte())
        size = reader.length()
        end = reader.pos + size
        found.append((name or "custom", None if name else reader.name(), size))
        reader.pos = end
    return found


class _Decoder:
    def __init__(self, data: bytes, features: Features) -> None:
        self.reader = Reader(data)
        self.offsets: dict[str, list[int]] | None = None
        """Where the items of the sections begin, if somebody wants to know."""
        self.section_end = 0
        self.features = features
        self.result = Module()
        self.typeidxs: list[int] = []
        self.codes: list[BinaryCode] = []
        self.sections: dict[str, Callable[[], None]] = {
            "type": self._types,
            "import": self._imports,
            "func": self._funcs,
            "table": self._tables,
            "memory": self._memories,
            "tag": self._tags,
            "global": self._globals,
            "export": self._exports,
            "start": self._start,
            "elem": self._elems,
            "datacount": self._data_count,
            "code": self._codes,
            "data": self._datas,
        }

    def module(self) -> Module:
        reader = self.reader
        if reader.bytes(4) != MAGIC:
            raise DecodeError(f"magic header not detected: a module starts with {MAGIC!r}", 0)
        version = reader.bytes(4)
        if version != VERSION:
            raise DecodeError(f"unknown binary version: {version!r} instead of {VERSION!r}", 4)
        last = ""
        try:
            while reader.left:
                last = self._section(last)
            self._join()
        except DecodeError:
            # A malformed body comes before whatever is wrong behind it, and may have caused it.
            for code in self.codes:
                code.load()
            raise
        self.result.funcs = list(map(Func, self.typeidxs, self.codes))
        return self.result

    def _section(self, last: str) -> str:
        """Decode a section after the section ``last``; gives the name of the last one now."""
        reader = self.reader
        start = reader.pos
        id_ = reader.byte()
        name = _SECTION_NAMES.get(id_)
        if name is not None and last and _SECTION_RANK[name] <= _SECTION_RANK[last]:
            raise DecodeError(
                f"unexpected content after last section: {name} section after {last} section", start
            )
        if name is None and id_ != CUSTOM_ID:
            raise DecodeError(f"malformed section id: {id_}", start)
        size = reader.length()
        content = reader.pos
        if name is None:
            title = reader.name()
            rest = reader.bytes(size - (reader.pos - content))
            self.result.customs.append(Custom(title, rest, last))
            return last
        self.section_end = content + size
        self.sections[name]()
        if reader.pos != self.section_end:
            raise DecodeError(
                f"section size mismatch: {name} section of {counted(size, 'byte')}, "
                f"but its contents take {reader.pos - content}",
                content,
            )
        return name

    def _join(self) -> None:
        """What concerns several sections."""
        module, end = self.result, len(self.reader.data)
        if len(self.typeidxs) != len(self.codes):
            raise DecodeError(
                "function and code section have inconsistent lengths: "
                f"{len(self.typeidxs)} and {len(self.codes)}",
                end,
            )
        count = module.data_count
        if count is not None and count != len(module.datas):
            raise DecodeError(
                "data count and data section have inconsistent lengths: "
                f"{count} and {len(module.datas)}",
                end,
            )

    def _items(self, section: str, decode: Callable[[], _T]) -> list[_T]:
        if self.offsets is None:
            return self.reader.list(decode)
        offsets = self.offsets[section] = []

        def located() -> _T:
            offsets.append(self.reader.pos)
            return decode()

        return self.reader.list(located)

    def _expr(self) -> Expr:
        body, self.reader.pos = decode_instrs(self.reader.data, self.reader.pos, self.section_end)
        return body

    def _types(self) -> None:
        self.result.types = self._items("type", lambda: types.rec_type(self.reader))

    def _imports(self) -> None:
        found = self.result.imports
        offsets: list[int] = []
        entries = self.reader.length()
        for number in range(entries):
            self._import_entry(number, found, offsets)
        if self.offsets is not None:
            self.offsets["import"] = offsets

    def _import_entry(self, number: int, found: list[Import], offsets: list[int]) -> None:
        reader = self.reader
        start = reader.pos
        module, name = reader.name(), reader.name()
        form = reader.peek() if name == "" else None
        if form != IMPORTS_TYPED and form != IMPORTS_OF_ONE_TYPE:
            offsets.append(start)
            found.append(Import(module, name, self._extern_type()))
            return
        reader.pos += 1
        one_type = form == IMPORTS_OF_ONE_TYPE
        group = ImportGroup(number, one_type)
        type_ = self._extern_type() if one_type else None
        for _ in range(reader.length()):
            offsets.append(reader.pos)
            name = reader.name()
            found.append(Import(module, name, type_ or self._extern_type(), group))

    def _extern_type(self) -> ExternType:
        reader = self.reader
        code = reader.byte()
        kind = EXTERN_KINDS[code] if code < len(EXTERN_KINDS) else ""
        if kind == "func":
            return FuncExtern(reader.u32())
        if kind == "table":
            return types.table_type(reader, self.features)
        if kind == "memory":
            return types.mem_type(reader, self.features)
        if kind == "global":
            return types.global_type(reader)
        if kind == "tag":
            return types.tag_type(reader)
        if code == types.EXACT_FUNC:
            return FuncExtern(reader.u32(), exact=True)
        raise reader.error(f"malformed import kind: {code:#04x}")

    def _funcs(self) -> None:
        self.typeidxs = self._items("func", self.reader.u32)

    def _tables(self) -> None:
        self.result.tables = self._items("table", self._table)

    def _table(self) -> Table:
        reader = self.reader
        if reader.peek() != types.EMPTY:
            return Table(types.table_type(reader, self.features), None)
        reader.pos += 1
        reader.zero()
        type_ = types.table_type(reader, self.features)
        return Table(type_, self._expr())

    def _memories(self) -> None:
        self.result.mems = self._items("memory", lambda: types.mem_type(self.reader, self.features))

    def _tags(self) -> None:
        self.result.tags = self._items("tag", lambda: types.tag_type(self.reader))

    def _globals(self) -> None:
        self.result.globals = self._items("global", self._global)

    def _global(self) -> Global:
        type_ = types.global_type(self.reader)
        return Global(type_, self._expr())

    def _exports(self) -> None:
        self.result.exports = self._items("export", self._export)

    def _export(self) -> Export:
        reader = self.reader
        name = reader.name()
        code = reader.byte()
        if code >= len(EXTERN_KINDS):
            raise reader.error(f"malformed export kind: {code:#04x}")
        return Export(name, EXTERN_KINDS[code], reader.u32())

    def _start(self) -> None:
        if self.offsets is not None:
            self.offsets["start"] = [self.reader.pos]
        self.result.start = self.reader.u32()

    def _elems(self) -> None:
        self.result.elems = self._items("elem", self._elem)

    def _elem(self) -> Elem:
        reader = self.reader
        start = reader.pos
        kind = reader.u32()
        if kind > (ELEM_PASSIVE_BIT | ELEM_INDEX_BIT | ELEM_EXPRS_BIT):
            raise DecodeError(f"malformed elements segment kind: {kind}", start)
        mode: Active | str
        if kind & ELEM_PASSIVE_BIT:
            mode = "declarative" if kind & ELEM_DECLARATIVE_BIT else "passive"
        else:
            index = reader.u32() if kind & ELEM_INDEX_BIT else 0
            mode = Active(index, self._expr())
        exprs = bool(kind & ELEM_EXPRS_BIT)
        if kind & ~ELEM_EXPRS_BIT == ELEM_ACTIVE_ZERO:
            type_ = FUNCREF if exprs else ref_type(False, FUNC)
        else:
            type_ = types.reference_type(reader) if exprs else self._elem_kind()
        if exprs:
            return Elem(type_, reader.list(self._expr), mode)
        indices = reader.list(reader.u32)
        # Many elements name few functions: one expression for all that name the same.
        init: dict[int, Expr] = {index: ((_REF_FUNC, index), _END) for index in set(indices)}
        return Elem(type_, [init[index] for index in indices], mode)

    def _elem_kind(self) -> RefType:
        code = self.reader.byte()
        if code:
            raise self.reader.error(f"malformed element kind: {code:#04x}")
        return ref_type(False, FUNC)

    def _data_count(self) -> None:
        self.result.data_count = self.reader.u32()

    def _codes(self) -> None:
        reader, append = self.reader, self.codes.append
        data, end = reader.data, len(reader.data)
        has_data_count = self.result.data_count is not None
        for _ in range(reader.length()):
            before = reader.pos
            size = reader.u32()
            start = reader.pos
            if start + size > end:
                reader.pos = before
                reader.skip(reader.length())  # which says what is wrong
            reader.pos = start + size
            append(BinaryCode(data, start, start + size, has_data_count))

    def _datas(self) -> None:
        self.result.datas = self._items("data", self._data)

    def _data(self) -> Data:
        reader = self.reader
        start = reader.pos
        kind = reader.u32()
        mode: Active | str
        if kind == DATA_ACTIVE_ZERO:
            mode = Active(0, self._expr())
        elif kind == DATA_PASSIVE:
            mode = "passive"
        elif kind == DATA_ACTIVE:
            index = reader.u32()
            mode = Active(index, self._expr())
        else:
            raise DecodeError(f"malformed data segment kind: {kind}", start)
        return Data(reader.bytes(reader.length()), mode)
