"""Encoding of modules (core: "Binary Format"), the inverse of decoding.

Every construct gets the shortest form that the format has for it, as the reference interpreter does it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from pyjsapi.binary.body import BinaryCode
from pyjsapi.binary.encode_instrs import encode_expr, instrs_into
from pyjsapi.binary.encode_types import (
    global_type,
    mem_type,
    rec_type,
    reference_type,
    table_type,
    tag_type,
    typeidx,
    value_type,
)
from pyjsapi.binary.leb128 import unsigned
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
from pyjsapi.binary.types import EMPTY, EXACT_FUNC
from pyjsapi.syntax.instructions import BY_MNEMONIC
from pyjsapi.syntax.module import (
    SECTIONS,
    Active,
    Code,
    Custom,
    Data,
    Elem,
    Export,
    Expr,
    Func,
    Global,
    Import,
    Module,
    Table,
    import_entries,
)
from pyjsapi.syntax.types import (
    EXTERN_KINDS,
    FUNC,
    FUNCREF,
    ExternType,
    FuncExtern,
    GlobalType,
    MemType,
    TableType,
    TagType,
    extern_kind,
    ref_type,
)

_T = TypeVar("_T")

_REF_FUNC: Final = BY_MNEMONIC["ref.func"]
_REF_FUNC_TYPE: Final = ref_type(False, FUNC)


@dataclass(slots=True)
class EncodedCode:
    """Code whose bytes are there already; implements `pyjsapi.syntax.module.CodeSource`."""

    data: bytes
    """Locals and body."""
    names_data: bool
    """Whether an instruction in it names a data segment."""

    def load(self) -> Code:
        """Decode. Raises `DecodeError`."""
        return BinaryCode(self.data, 0, len(self.data), data_count=True).load()

    def offset_of(self, instruction: int) -> int | None:
        """The bytes have no place in a module yet."""
        return None


def encode_module(module: Module) -> bytes:
    """Encode a module.

    The data count section is written when the module has one or when an instruction needs it; its contents are
    the number of data segments. Custom sections stand after the section that they name. Raises `ValueError`
    for what has no encoding.
    """
    codes = bytearray()
    names_data = False
    for func in module.funcs:
        code, uses = encoded_code(func)
        names_data |= uses
        codes += _sized(code)
    contents: dict[str, bytes | None] = {
        "type": _section(module.types, rec_type),
        "import": _section(list(import_entries(module.imports)), _import_entry),
        "func": _section(module.funcs, lambda func: unsigned(func.typeidx)),
        "table": _section(module.tables, _table),
        "memory": _section(module.mems, mem_type),
        "tag": _section(module.tags, tag_type),
        "global": _section(module.globals, _global),
        "export": _section(module.exports, _export),
        "start": None if module.start is None else unsigned(module.start),
        "elem": _section(module.elems, _elem),
        "datacount": unsigned(len(module.datas))
        if names_data or module.data_count is not None
        else None,
        "code": unsigned(len(module.funcs)) + codes if module.funcs else None,
        "data": _section(module.datas, _data),
    }
    out = bytearray(MAGIC + VERSION)
    customs: dict[str, list[Custom]] = {}
    for custom in module.customs:
        if custom.after not in ("", *SECTIONS):
            raise ValueError(
                f"custom section {custom.name!r} is placed after {custom.after!r}, "
                f"which is none of {', '.join(SECTIONS)}"
            )
        customs.setdefault(custom.after, []).append(custom)
    for name in ("", *SECTIONS):
        content = contents.get(name)
        if content is not None:
            out.append(SECTION_IDS[name])
            out += _sized(content)
        for custom in customs.get(name, ()):
            out.append(CUSTOM_ID)
            out += _sized(_string(custom.name.encode()) + custom.data)
    return bytes(out)


def _sized(content: bytes | bytearray) -> bytes:
    return unsigned(len(content)) + content


_string = _sized


def _vector(items: Iterable[_T], encode: Callable[[_T], bytes]) -> bytes:
    encoded = [encode(item) for item in items]
    return unsigned(len(encoded)) + b"".join(encoded)


def _section(items: list[_T], encode: Callable[[_T], bytes]) -> bytes | None:
    return _vector(items, encode) if items else None


def _import_entry(items: Sequence[Import]) -> bytes:
    first = items[0]
    module = _string(first.module.encode())
    if first.group is None:
        return module + _string(first.name.encode()) + _extern_type(first.type)
    head = module + _string(b"")
    if first.group.one_type:
        names = _vector(items, lambda item: _string(item.name.encode()))
        return head + bytes((IMPORTS_OF_ONE_TYPE,)) + _extern_type(first.type) + names
    return (
        head
        + bytes((IMPORTS_TYPED,))
        + _vector(items, lambda item: _string(item.name.encode()) + _extern_type(item.type))
    )


def _extern_type(type_: ExternType) -> bytes:
    head = _kind(extern_kind(type_))
    match type_:
        case FuncExtern(type=index, exact=True):
            return bytes((EXACT_FUNC,)) + unsigned(typeidx(index))
        case FuncExtern(type=index):
            return head + unsigned(typeidx(index))
        case TableType():
            return head + table_type(type_)
        case MemType():
            return head + mem_type(type_)
        case GlobalType():
            return head + global_type(type_)
        case TagType():
            return head + tag_type(type_)


def _kind(kind: str) -> bytes:
    if kind not in EXTERN_KINDS:
        raise ValueError(
            f"kind {kind!r} cannot be encoded: it is none of {', '.join(EXTERN_KINDS)}"
        )
    return bytes((EXTERN_KINDS.index(kind),))


def _table(table: Table) -> bytes:
    if table.init is None:
        return table_type(table.type)
    return bytes((EMPTY, 0)) + table_type(table.type) + encode_expr(table.init)


def _global(item: Global) -> bytes:
    return global_type(item.type) + encode_expr(item.init)


def _export(item: Export) -> bytes:
    return _string(item.name.encode()) + _kind(item.kind) + unsigned(item.index)


def encoded_code(func: Func) -> tuple[bytes | bytearray, bool]:
    """Locals and body of a function, and whether an instruction in it names a data segment."""
    if isinstance(func.code, EncodedCode):
        return func.code.data, func.code.names_data
    code = func.code.load()
    out = bytearray(unsigned(len(code.locals)))
    for count, type_ in code.locals:
        out += unsigned(count) + value_type(type_)
    return out, instrs_into(out, code.body)


def _func_index(expr: Expr) -> int | None:
    """The function that an element names by nothing but ``ref.func``."""
    if len(expr) == 2 and expr[0][0] is _REF_FUNC:
        index: int = expr[0][1]
        return index
    return None


def _elem(elem: Elem) -> bytes:
    indices = [_func_index(expr) for expr in elem.init] if elem.type == _REF_FUNC_TYPE else [None]
    exprs = None in indices
    kind = ELEM_EXPRS_BIT if exprs else 0
    short_type = FUNCREF if exprs else _REF_FUNC_TYPE
    mode = elem.mode
    where = b""
    if not isinstance(mode, Active):
        kind |= ELEM_PASSIVE_BIT | (ELEM_DECLARATIVE_BIT if mode == "declarative" else 0)
    elif mode.index or elem.type != short_type:
        kind |= ELEM_INDEX_BIT
        where = unsigned(mode.index) + encode_expr(mode.offset)
    else:
        where = encode_expr(mode.offset)
    type_ = b""
    if kind & ~ELEM_EXPRS_BIT != ELEM_ACTIVE_ZERO:
        type_ = reference_type(elem.type) if exprs else b"\0"
    if exprs:
        init = _vector(elem.init, encode_expr)
    else:
        init = _vector([index for index in indices if index is not None], unsigned)
    return unsigned(kind) + where + type_ + init


def _data(data: Data) -> bytes:
    mode = data.mode
    if not isinstance(mode, Active):
        head = unsigned(DATA_PASSIVE)
    elif mode.index == 0:
        head = unsigned(DATA_ACTIVE_ZERO) + encode_expr(mode.offset)
    else:
        head = unsigned(DATA_ACTIVE) + unsigned(mode.index) + encode_expr(mode.offset)
    return head + _string(data.init)
