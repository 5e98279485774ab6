"""The contexts of modules that are known to be valid: closed types and index spaces, without any check."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

from pyjsapi.syntax.deftypes import DefType, close_group
from pyjsapi.syntax.module import Module
from pyjsapi.syntax.types import (
    ExternType,
    FuncExtern,
    GlobalType,
    RefType,
    TableType,
    TagType,
    extern_kind,
    index_spaces,
)
from pyjsapi.validation.context import Context, inexact_imports


def context_of(module: Module) -> Context:
    """What `validate_module` gives for a module that it finds valid, but for `Context.refs`, which only bodies need."""
    types: list[DefType] = []
    for rec in module.types:
        types += close_group(rec, types)
    context = Context(types=tuple(types), datas=len(module.datas))
    spaces = index_spaces(context)
    for import_ in module.imports:
        type_ = _closed(context, import_.type)
        context.imports.append(type_)
        space: list[Any] = spaces[extern_kind(type_)]
        space.append(type_.type if isinstance(type_, FuncExtern) else type_)
    context.inexact = inexact_imports(context.imports)
    context.tags += [TagType(_deftype(context, tag)) for tag in module.tags]
    context.funcs += [types[func.typeidx] for func in module.funcs]
    context.mems += module.mems
    context.tables += [_closed_table(context, table.type) for table in module.tables]
    context.globals += [_closed_global(context, global_.type) for global_ in module.globals]
    context.elems += [_closed_ref(context, elem.type) for elem in module.elems]
    return context


def _closed(context: Context, type_: ExternType) -> ExternType:
    if isinstance(type_, FuncExtern):
        return FuncExtern(_deftype(context, type_), type_.exact)
    if isinstance(type_, TagType):
        return TagType(_deftype(context, type_))
    if isinstance(type_, TableType):
        return _closed_table(context, type_)
    return _closed_global(context, type_) if isinstance(type_, GlobalType) else type_


def _deftype(context: Context, type_: FuncExtern | TagType) -> DefType:
    return context.types[type_.type] if isinstance(type_.type, int) else type_.type


def _closed_ref(context: Context, type_: RefType) -> RefType:
    return cast("RefType", context.close(type_))


def _closed_table(context: Context, type_: TableType) -> TableType:
    return replace(type_, reftype=_closed_ref(context, type_.reftype))


def _closed_global(context: Context, type_: GlobalType) -> GlobalType:
    return GlobalType(context.close(type_.valtype), type_.mutable)
