"""A decoded module as plain values: what is kept of it beside its bytes, for processes that need not decode it again.

The values are what `marshal` knows, and quick to read. Bytes of the module are told by where they are: bodies, data and
custom sections are cut out of the module that whoever reads has at hand.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import starmap
from typing import Any, Final, TypeAlias

from pyjsapi.binary.body import BinaryCode
from pyjsapi.syntax.instructions import BY_MNEMONIC
from pyjsapi.syntax.module import (
    Active,
    Custom,
    Data,
    Elem,
    Export,
    Expr,
    Func,
    Global,
    Import,
    Instr,
    Module,
    Table,
)
from pyjsapi.syntax.types import (
    ABS_HEAP_TYPES,
    F32,
    F64,
    I8,
    I16,
    I32,
    I64,
    V128,
    AbsHeapType,
    AddrType,
    ArrayType,
    CompType,
    ContType,
    Exact,
    ExternType,
    FieldType,
    FuncExtern,
    FuncType,
    GlobalType,
    HeapType,
    MemType,
    PackType,
    RecType,
    RefType,
    StructType,
    SubType,
    TableType,
    TagType,
    ValType,
    extern_kind,
    ref_type,
)

Facts: TypeAlias = tuple[Any, ...]
"""A module as plain values: see `facts_of`."""

_VALUE_TYPES: Final = {type_.code: type_ for type_ in (I32, I64, F32, F64, V128)}
_PACKED: Final[dict[int, PackType]] = {type_.code: type_ for type_ in (I8, I16)}
_HEAP_TYPES: Final = {type_.name: type_ for type_ in ABS_HEAP_TYPES}
_REF_FUNC: Final = BY_MNEMONIC["ref.func"]
_END: Final = BY_MNEMONIC["end"].instr
_OTHER: Final = "the module was not decoded from these bytes"


# ---- to plain values


def facts_of(module: Module, data: bytes) -> Facts:
    """What `module_of` makes the module of again. Raises `ValueError` if it was not decoded from ``data``."""
    datas, customs = _Places(data), _Places(data)
    return (
        tuple(map(_plain_rec, module.types)),
        tuple((i.module, i.name, *_plain_extern(i.type)) for i in module.imports),
        tuple(func.typeidx for func in module.funcs),
        _plain_codes(module),
        tuple(
            (_plain_table(t.type), None if t.init is None else _plain_expr(t.init))
            for t in module.tables
        ),
        tuple(map(_plain_mem, module.mems)),
        tuple(map(_type_index, module.tags)),
        tuple((_plain_global(g.type), _plain_expr(g.init)) for g in module.globals),
        tuple((e.name, e.kind, e.index) for e in module.exports),
        module.start,
        tuple(map(_plain_elem, module.elems)),
        tuple((datas.of(d.init), _plain_mode(d.mode)) for d in module.datas),
        module.data_count,
        tuple((c.name, customs.of(c.data), c.after) for c in module.customs),
    )


class _Places:
    """Where bytes are in a module, each behind those before."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._end = 0

    def of(self, part: bytes) -> tuple[int, int]:
        """Start and end of such bytes; what is the same further in front is as good."""
        start = self._data.find(part, self._end)
        if start < 0:
            raise ValueError(_OTHER)
        self._end = start + len(part)
        return start, self._end


def _plain_codes(module: Module) -> tuple[int, ...]:
    """Starts and ends in turns."""
    found: list[int] = []
    for func in module.funcs:
        code = func.code
        if not isinstance(code, BinaryCode):
            raise ValueError(_OTHER)
        found += (code.start, code.end)
    return tuple(found)


def _plain_heap(heap: HeapType) -> str | int:
    if isinstance(heap, AbsHeapType):
        return heap.name
    if isinstance(heap, int):
        return heap
    raise ValueError(_OTHER)


def _plain_val(type_: ValType | PackType) -> Any:
    if isinstance(type_, RefType):
        return type_.nullable, _plain_heap(type_.heap)
    return type_.code


def _plain_rec(rec: RecType) -> Any:
    if any(sub.describes is not None or sub.descriptor is not None for sub in rec.subtypes):
        raise ValueError(_OTHER)
    if len(rec.subtypes) == 1:
        (sub,) = rec.subtypes
        if sub.final and not sub.supers and isinstance(sub.comp, FuncType):
            return _plain_vals(sub.comp.params), _plain_vals(sub.comp.results)  # as nearly all are
    return [
        (sub.final, tuple(map(_plain_heap, sub.supers)), *_plain_comp(sub.comp))
        for sub in rec.subtypes
    ]


def _plain_vals(types: tuple[ValType, ...]) -> Any:
    return tuple(map(_plain_val, types))


def _plain_comp(comp: CompType) -> tuple[str, Any]:
    if isinstance(comp, FuncType):
        return "func", (_plain_vals(comp.params), _plain_vals(comp.results))
    if isinstance(comp, StructType):
        return "struct", tuple(map(_plain_field, comp.fields))
    if isinstance(comp, ContType):
        return "cont", _plain_heap(comp.type)
    return "array", _plain_field(comp.field)


def _plain_field(field: FieldType) -> Any:
    return _plain_val(field.storage), field.mutable


def _plain_extern(type_: ExternType) -> tuple[str, Any]:
    kind = extern_kind(type_)
    if isinstance(type_, FuncExtern) and type_.exact:
        raise ValueError(_OTHER)
    if isinstance(type_, FuncExtern | TagType):
        return kind, _type_index(type_)
    if isinstance(type_, TableType):
        return kind, _plain_table(type_)
    return kind, _plain_mem(type_) if isinstance(type_, MemType) else _plain_global(type_)


def _type_index(type_: FuncExtern | TagType) -> int:
    if not isinstance(type_.type, int):
        raise ValueError(_OTHER)
    return type_.type


def _plain_table(type_: TableType) -> Any:
    return type_.addrtype.code, type_.minimum, type_.maximum, _plain_val(type_.reftype)


def _plain_mem(type_: MemType) -> Any:
    return (
        type_.addrtype.code, type_.minimum, type_.maximum, type_.shared, type_.page_size_log2,
    )  # fmt: skip


def _plain_global(type_: GlobalType) -> Any:
    return _plain_val(type_.valtype), type_.mutable


def _plain_expr(expr: Expr) -> Any:
    return tuple(map(_plain_instr, expr))


def _plain_instr(instr: Instr) -> Any:
    op, *immediates = instr
    if any(isinstance(immediate, Exact) for immediate in immediates):
        raise ValueError(_OTHER)
    return (op.mnemonic, *(i.name if isinstance(i, AbsHeapType) else i for i in immediates))


def _plain_mode(mode: Active | str) -> Any:
    return mode if isinstance(mode, str) else (mode.index, _plain_expr(mode.offset))


def _plain_elem(elem: Elem) -> Any:
    init: Any
    if all(len(expr) == 2 and expr[0][0] is _REF_FUNC for expr in elem.init):
        init = tuple(expr[0][1] for expr in elem.init)
    else:
        init = list(map(_plain_expr, elem.init))
    return _plain_val(elem.type), init, _plain_mode(elem.mode)


# ---- and back


def module_of(facts: Facts, data: bytes) -> Module:
    """The module whose bytes and `facts_of` are given."""
    (
        types, imports, typeidxs, codes, tables, mems, tags, globals_, exports, start, elems, datas, data_count,
        customs,
    ) = facts  # fmt: skip
    has_data_count = data_count is not None
    bodies = [
        BinaryCode(data, start, end, has_data_count)
        for start, end in zip(codes[::2], codes[1::2], strict=True)
    ]
    return Module(
        list(map(_rec, types)),
        [Import(module, name, _extern(kind, type_)) for module, name, kind, type_ in imports],
        list(map(Func, typeidxs, bodies)),
        [Table(_table(type_), None if init is None else _expr(init)) for type_, init in tables],
        list(map(_mem, mems)),
        list(map(TagType, tags)),
        [Global(_global(type_), _expr(init)) for type_, init in globals_],
        list(starmap(Export, exports)),
        start,
        [_elem(*elem) for elem in elems],
        [Data(data[first:end], _mode(mode)) for (first, end), mode in datas],
        data_count,
        [Custom(name, data[first:end], after) for name, (first, end), after in customs],
    )


def _heap(plain: str | int) -> HeapType:
    return _HEAP_TYPES[plain] if isinstance(plain, str) else plain


def _ref(plain: tuple[bool, str | int]) -> RefType:
    nullable, heap = plain
    return ref_type(nullable, _heap(heap))


def _val(plain: Any) -> ValType:
    return _VALUE_TYPES[plain] if plain.__class__ is int else _ref(plain)


def _vals(plain: Sequence[Any]) -> tuple[ValType, ...]:
    return tuple([_val(one) for one in plain])


def _func(plain: Any) -> FuncType:
    params, results = plain
    return FuncType(_vals(params), _vals(results))


def _rec(plain: Any) -> RecType:
    if isinstance(plain, tuple):
        return RecType((SubType(True, (), _func(plain)),))
    return RecType(
        tuple(
            SubType(final, tuple(map(_heap, supers)), _comp(kind, comp))
            for final, supers, kind, comp in plain
        )
    )


def _comp(kind: str, plain: Any) -> CompType:
    if kind == "func":
        return _func(plain)
    if kind == "cont":
        return ContType(_heap(plain))
    return StructType(tuple(map(_field, plain))) if kind == "struct" else ArrayType(_field(plain))


def _field(plain: tuple[Any, bool]) -> FieldType:
    storage, mutable = plain
    return FieldType(_PACKED.get(storage) or _val(storage), mutable)


def _extern(kind: str, plain: Any) -> ExternType:
    return _EXTERN[kind](plain)


def _table(plain: Any) -> TableType:
    addrtype, minimum, maximum, reftype = plain
    return TableType(_address(addrtype), minimum, maximum, _ref(reftype))


def _mem(plain: Any) -> MemType:
    addrtype, *rest = plain
    return MemType(_address(addrtype), *rest)


def _address(code: int) -> AddrType:
    return I64 if code == I64.code else I32


def _global(plain: Any) -> GlobalType:
    valtype, mutable = plain
    return GlobalType(_val(valtype), mutable)


_EXTERN: Final[dict[str, Callable[[Any], ExternType]]] = {
    "func": FuncExtern,
    "table": _table,
    "memory": _mem,
    "global": _global,
    "tag": TagType,
}


def _expr(plain: Any) -> Expr:
    return [_instr(*one) for one in plain]


def _instr(mnemonic: str, *immediates: Any) -> Instr:
    op = BY_MNEMONIC[mnemonic]
    if not immediates:
        return op.instr
    return (op, *(_HEAP_TYPES[i] if i.__class__ is str else i for i in immediates))


def _mode(plain: Any) -> Active | str:
    return plain if isinstance(plain, str) else Active(plain[0], _expr(plain[1]))


def _elem(type_: Any, init: Any, mode: Any) -> Elem:
    if isinstance(init, tuple):
        # Many elements name few functions: one expression for all that name the same.
        exprs: dict[int, Expr] = {index: ((_REF_FUNC, index), _END) for index in set(init)}
        return Elem(_ref(type_), [exprs[index] for index in init], _mode(mode))
    return Elem(_ref(type_), list(map(_expr, init)), _mode(mode))
