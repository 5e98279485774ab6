"""Validation of modules (core specification, "Validation: Modules")."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from pyjsapi.syntax.errors import ValidationError
from pyjsapi.syntax.features import Features
from pyjsapi.syntax.module import Active, Data, Elem, Export, Global, Import, Module, Table
from pyjsapi.syntax.types import (
    FUNCREF,
    ExternType,
    FuncExtern,
    RecType,
    extern_kind,
    index_spaces,
)
from pyjsapi.syntax.watching import watched
from pyjsapi.validation.context import Context, inexact_imports
from pyjsapi.validation.expressions import FUNCTION, ConstantChecker, names_function
from pyjsapi.validation.function import validate_function
from pyjsapi.validation.limits import Limits, check_limit
from pyjsapi.validation.matching import match_ref
from pyjsapi.validation.requirements import require_feature
from pyjsapi.validation.state import State
from pyjsapi.validation.types import TypeChecker

_T = TypeVar("_T")


def validate_module(
    module: Module, features: Features, limits: Limits, *, bodies: bool = True
) -> Context:
    """Validate a module, without its functions' ``bodies`` if that is said, and return its context, with closed types.

    Each function body is loaded once and not kept. Raises `ValidationError` for a module that is not valid or exceeds a
    limit, `FeatureError` for one that needs a feature that is off, and `DecodeError` when a body turns out to be
    malformed. See `known` for modules that were validated before.
    """
    checker = TypeChecker(features, limits)
    _check_counts(module, limits)

    def recursion_group(rec: RecType) -> None:
        checker.add(rec)
        check_limit(len(checker.types), limits.types, "types", "types")

    _each("type", module.types, recursion_group)
    context = Context(types=tuple(checker.types), datas=len(module.datas))
    spaces: Mapping[str, list[Any]] = index_spaces(context)
    _each(
        "import",
        module.imports,
        lambda import_: context.imports.append(_import(import_, checker, spaces)),
    )
    imported_funcs = len(context.funcs)
    context.inexact = inexact_imports(context.imports)
    constants = ConstantChecker(context, checker, len(context.globals))
    _each("tag", module.tags, lambda tag: context.tags.append(checker.tag(tag)))
    _each("func", module.funcs, lambda func: context.funcs.append(checker.func(func.typeidx)))
    _each("memory", module.mems, lambda mem: context.mems.append(checker.mem(mem)))
    check_limit(len(context.mems), limits.memories, "memories", "memories")
    if len(context.mems) > 1:
        require_feature(features, "multi_memory", f"a module with {len(context.mems)} memories")
    _each("table", module.tables, lambda table: _table(table, context, constants))
    _check_tables(context, checker)
    _each("global", module.globals, lambda global_: _global(global_, context, constants))
    _each("data", module.datas, lambda data: _data(data, context, constants))
    if module.data_count is not None:
        require_feature(features, "bulk_memory", "a data count section")
    _each("elem", module.elems, lambda elem: _elem(elem, context, constants))
    constants.refs.update(export.index for export in module.exports if export.kind == "func")
    context.refs = frozenset(constants.refs)

    if bodies:
        state = State(context, checker)
        funcs = watched("functions validated", module.funcs)
        for funcidx, func in enumerate(funcs, imported_funcs):
            validate_function(state, funcidx, context.funcs[funcidx], func.code)

    if module.start is not None:
        _each("start", (module.start,), lambda start: _start(start, context))
    _exports(module, context)
    return context


def _each(section: str, items: Iterable[_T], check: Callable[[_T], None]) -> None:
    """Check every item of a section; an error gets to know which one it is about."""
    position = 0
    try:
        for item in items:
            check(item)
            position += 1
    except ValidationError as error:
        error.item = (section, position)
        raise


def _check_counts(module: Module, limits: Limits) -> None:
    check_limit(len(module.types), limits.rec_groups, "rec_groups", "recursion groups")
    check_limit(len(module.imports), limits.imports, "imports", "imports")
    check_limit(len(module.funcs), limits.functions, "functions", "functions")
    check_limit(len(module.exports), limits.exports, "exports", "exports")
    check_limit(len(module.globals), limits.globals, "globals", "globals")
    check_limit(len(module.tags), limits.tags, "tags", "tags")
    check_limit(len(module.datas), limits.data_segments, "data_segments", "data segments")


def _import(import_: Import, checker: TypeChecker, spaces: Mapping[str, list[Any]]) -> ExternType:
    """Add an import to its index space; its closed type."""
    try:
        if import_.group is not None:
            require_feature(checker.features, "compact_imports", "an entry of several imports")
        type_ = checker.extern(import_.type)
    except ValidationError as error:
        error.message += f", in the import {import_.module!r} {import_.name!r}"
        raise
    # Closed types name functions by their defined type.
    spaces[extern_kind(type_)].append(type_.type if isinstance(type_, FuncExtern) else type_)
    return type_


def _table(table: Table, context: Context, constants: ConstantChecker) -> None:
    checker = constants.checker
    type_ = checker.table(table.type)
    if table.init is not None:
        require_feature(checker.features, "function_references", "a table with an initial value")
        constants.check(table.init, type_.reftype)
    elif not type_.reftype.nullable:
        raise ValidationError(
            f"type mismatch: a table of {type_.reftype} requires an initial value"
        )
    context.tables.append(type_)


def _check_tables(context: Context, checker: TypeChecker) -> None:
    count = len(context.tables)
    check_limit(count, checker.limits.tables, "tables", "tables")
    if count > 1:
        require_feature(checker.features, "reference_types", f"a module with {count} tables")


def _global(global_: Global, context: Context, constants: ConstantChecker) -> None:
    type_ = constants.checker.global_(global_.type)
    constants.check(global_.init, type_.valtype)
    context.globals.append(type_)


def _data(data: Data, context: Context, constants: ConstantChecker) -> None:
    mode = data.mode
    if isinstance(mode, Active):
        if mode.index >= len(context.mems):
            raise ValidationError(f"unknown memory {mode.index}")
        constants.check(mode.offset, context.mems[mode.index].addrtype)
    else:
        require_feature(constants.checker.features, "bulk_memory", f"a {mode} data segment")


def _elem(elem: Elem, context: Context, constants: ConstantChecker) -> None:
    checker = constants.checker
    type_ = elem.type
    if type_ is not FUNCREF and not (type_ == FUNCTION and all(map(names_function, elem.init))):
        type_ = checker.ref(type_)
    check_limit(
        len(elem.init),
        checker.limits.table_init_entries,
        "table_init_entries",
        "entries in an element segment",
    )
    for expr in elem.init:
        constants.check_element(expr, type_)
    mode = elem.mode
    if isinstance(mode, Active):
        if mode.index >= len(context.tables):
            raise ValidationError(f"unknown table {mode.index}")
        table = context.tables[mode.index]
        if not match_ref(type_, table.reftype):
            raise ValidationError(
                f"type mismatch: element segment's type {type_} does not match "
                f"table's element type {table.reftype}"
            )
        constants.check(mode.offset, table.addrtype)
    else:
        feature = "bulk_memory" if mode == "passive" else "reference_types"
        require_feature(checker.features, feature, f"a {mode} element segment")
    context.elems.append(type_)


def _start(start: int, context: Context) -> None:
    if start >= len(context.funcs):
        raise ValidationError(f"unknown function {start}")
    func = context.funcs[start].func
    if func.params or func.results:
        raise ValidationError(f"start function must not have parameters or results, not {func}")


def _exports(module: Module, context: Context) -> None:
    spaces = index_spaces(context)
    names: set[str] = set()

    def check(export: Export) -> None:
        if export.index >= len(spaces[export.kind]):
            category = "function" if export.kind == "func" else export.kind
            raise ValidationError(
                f"unknown {category} {export.index}, in the export {export.name!r}"
            )
        if export.name in names:
            raise ValidationError(f"duplicate export name {export.name!r}")
        names.add(export.name)

    _each("export", module.exports, check)
