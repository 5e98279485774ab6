"""What translation needs to know of a module, made of the module and of what its code assumes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from pyjsapi.compiler.code import first_of_type
from pyjsapi.compiler.extents import Extent, MemoryKind
from pyjsapi.compiler.options import Options
from pyjsapi.compiler.scope import CONSTANT_OPS, ModuleScope, memory_scope
from pyjsapi.syntax.module import Instr, Module
from pyjsapi.syntax.types import FuncType, TagType
from pyjsapi.validation.context import Context


def scopes_of(
    module: Module,
    context: Context,
    memories: Sequence[MemoryKind],
    metering: str,
    counts_calls: bool,
    options: Options,
) -> tuple[ModuleScope, ModuleScope]:
    """The scope of a module's functions, and that of those that a memory may outgrow while they run."""
    kinds = list(enumerate(zip(context.mems, memories, strict=True)))
    scope = ModuleScope(
        context.types,
        context.funcs,
        context.tables,
        [
            memory_scope(i, type_, kind.extent is Extent.BIG, kind.by_calls)
            for i, (type_, kind) in kinds
        ],
        context.globals,
        _constant_globals(module, context),
        options,
        first_of_type(context.types),
        [_type(tag).params for tag in context.tags],
        [_type(tag).results for tag in context.tags],
        metering,
        counts_calls,
    )
    growing = [
        memory_scope(i, type_, kind.extent is not Extent.SMALL, kind.by_calls)
        for i, (type_, kind) in kinds
    ]
    return scope, replace(scope, memories=growing)


def _type(tag: TagType) -> FuncType:
    if isinstance(tag.type, int):
        raise ValueError("the type of a tag is not closed")
    return tag.type.func


def _constant_globals(module: Module, context: Context) -> dict[int, Instr]:
    first = len(context.globals) - len(module.globals)
    found = {}
    for index, definition in enumerate(module.globals, first):
        init = definition.init
        if not definition.type.mutable and len(init) == 2 and init[0][0] in CONSTANT_OPS:
            found[index] = init[0]
    return found
