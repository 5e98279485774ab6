"""Linking and instantiation (core: "Modules", "Instantiation")."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from typing import Any, Protocol

from pyjsapi.runtime.constant import evaluate
from pyjsapi.runtime.exception import TagInst
from pyjsapi.runtime.function import FuncInst
from pyjsapi.runtime.global_ import PYTHON, GlobalInst
from pyjsapi.runtime.instance import ExternVal, ModuleInstance
from pyjsapi.runtime.memory import MakeMemory, MemInst, new_memory
from pyjsapi.runtime.memory_budget import MemoryBudget, check_total
from pyjsapi.runtime.table import TableBudget, TableInst, check_total_elements, new_table
from pyjsapi.syntax.errors import LinkError
from pyjsapi.syntax.module import Active, Module
from pyjsapi.syntax.types import (
    I64,
    PAGE_SIZE,
    ExternType,
    FuncExtern,
    GlobalType,
    MemType,
    TableType,
    TagType,
    extern_kind,
    index_spaces,
)
from pyjsapi.validation.context import Context
from pyjsapi.validation.limits import Limits
from pyjsapi.validation.matching import match_extern


class Setup(Protocol):
    """What an embedder has to say while an instance is made: `embedding.interface.Setup` on the runtime's classes."""

    def begun(self, instance: ModuleInstance, /) -> None:
        """It has its imports, and `MemoryBudget`; where it has fuel, host calls and a clock then, it shares them."""

    def make_memory(
        self, memidx: int, type_: MemType, limits: Limits, make: MakeMemory, /
    ) -> MemInst:
        """A memory that the module defines: what ``make`` gives, or another one that the module can have for it."""

    def memories_made(self, mems: Sequence[MemInst], /) -> None:
        """The memories stand, imported ones first; nothing was written to those of the module, and no code relies
        on how they are reached."""

    @property
    def resumes(self) -> bool:
        """Whether the instance goes on from a state: its active segments are not written, nor does it start."""

    def resume(self, instance: ModuleInstance, /) -> None:
        """Give it that state. All of it stands, and all segments are dropped."""

    def segments_written(self) -> None:
        """Active segments are written, or the instance has its state; nothing of the module has run."""


def extern_type(value: ExternVal) -> ExternType:
    """The type that an external value has now."""
    return FuncExtern(value.type) if isinstance(value, FuncInst) else value.type


def instantiate(
    module: Module,
    context: Context,
    externvals: Sequence[ExternVal],
    bind: Callable[[ModuleInstance], None],
    limits: Limits,
    make_memory: MakeMemory = new_memory,
    setup: Setup | None = None,
) -> ModuleInstance:
    """Instantiate a valid module.

    ``bind`` gives the instance its own functions: it appends a `FuncInst` per function definition to
    ``instance.funcs``, when imports, memories and tables stand and before any expression is evaluated.
    ``setup`` is asked and told as its methods say, and what it raises ends the instantiation. With one that resumes
    no active segment is written, and all segments are dropped before it gives the state.
    Raises `LinkError` when an external value does not match its import, `MemoryError` when a memory or table
    cannot be allocated, `Trap` when an active segment does not fit; what was written before stays written.
    The start function is not called: see `start_function`.
    """
    match_imports(module, context, externvals)
    instance = ModuleInstance(module, context)
    spaces: Mapping[str, list[Any]] = index_spaces(instance)
    for type_, value in zip(context.imports, externvals, strict=True):
        spaces[extern_kind(type_)].append(value)
    linked: chain[MemInst | TableInst | GlobalInst]
    linked = chain(instance.mems, instance.tables, instance.globals)
    for each in linked:
        if each.held_by is None:
            each.held_by = PYTHON
    _allocate(instance, limits, make_memory, setup)
    bind(instance)
    resumes = setup is not None and setup.resumes
    _initialize(instance, segments=not resumes)
    for export in module.exports:
        instance.exports[export.name] = spaces[export.kind][export.index]
    if not resumes:
        _run_active_segments(instance)
    if setup is not None:
        if resumes:
            setup.resume(instance)
        setup.segments_written()
    return instance


def start_function(instance: ModuleInstance) -> FuncInst | None:
    """The function to call after instantiation, where the module names one."""
    start = instance.module.start
    return None if start is None else instance.funcs[start]


def match_imports(module: Module, context: Context, externvals: Sequence[ExternVal]) -> None:
    """Raise `LinkError` where an external value does not match its import."""
    if len(externvals) != len(module.imports):
        from pyjsapi.syntax.spelling import counted

        has, were = counted(len(module.imports), "import"), counted(len(externvals), "value")
        raise LinkError(f"the module has {has}, {were} given")
    for index, (expected, value) in enumerate(zip(context.imports, externvals, strict=True)):
        actual = extern_type(value)
        if not match_extern(actual, expected):
            raise LinkError(
                f"incompatible import type: {describe(expected)} is needed, {describe(actual)} was given",
                import_place(module, index),
            )


def import_place(module: Module, index: int) -> str:
    """An import by number and names, for messages."""
    import_ = module.imports[index]
    return f'Import #{index} "{import_.module}" "{import_.name}"'


def describe(type_: ExternType) -> str:
    """An external type for messages: a function or tag by its signature, others as in the text format."""
    kind = extern_kind(type_)
    if isinstance(type_, FuncExtern | TagType):
        return f"{kind} {type_.type}"
    if isinstance(type_, GlobalType):
        return f"(global (mut {type_.valtype}))" if type_.mutable else f"(global {type_.valtype})"
    words = [kind, *(["i64"] if type_.addrtype is I64 else []), str(type_.minimum)]
    if type_.maximum is not None:
        words.append(str(type_.maximum))
    if isinstance(type_, TableType):
        words.append(str(type_.reftype))
    else:
        words += ["shared"] if type_.shared else []
        words += [f"(pagesize {type_.page_size})"] if type_.page_size != PAGE_SIZE else []
    return f"({' '.join(words)})"


def _allocate(
    instance: ModuleInstance, limits: Limits, make_memory: MakeMemory, setup: Setup | None
) -> None:
    context, imported = instance.context, len(instance.mems)
    most = limits.max_memory_bytes
    own = context.mems[imported:]
    budget = None if most is None else MemoryBudget(most)
    instance.budget = budget
    if setup is not None:
        setup.begun(instance)
    elif most is not None and len(own) > 1:
        check_total(sum(type_.minimum * type_.page_size for type_ in own), most)
    for mem_type in own:
        if setup is None:
            memory = make_memory(mem_type, limits)
        else:
            memory = setup.make_memory(len(instance.mems), mem_type, limits, make_memory)
        instance.mems.append(memory)
        if budget is not None:
            budget.add(memory)
    _allocate_tables(instance, limits)
    instance.tags.extend(map(TagInst, context.tags[len(instance.tags) :]))
    if setup is not None:
        setup.memories_made(instance.mems)


def _allocate_tables(instance: ModuleInstance, limits: Limits) -> None:
    own = instance.context.tables[len(instance.tables) :]
    most = limits.max_total_table_elements
    check_total_elements(sum(type_.minimum for type_ in own), most)
    tables = [new_table(type_, None, limits) for type_ in own]
    if most is not None and len(own) > 1:
        TableBudget(tables, most)
    instance.tables += tables


def _initialize(instance: ModuleInstance, *, segments: bool) -> None:
    module, context = instance.module, instance.context
    for definition in module.globals:
        type_ = context.globals[len(instance.globals)]
        instance.globals.append(GlobalInst(type_, evaluate(definition.init, instance)))
    first = len(instance.tables) - len(module.tables)
    for table, inst in zip(module.tables, instance.tables[first:], strict=True):
        if table.init is not None:
            inst.fill(0, evaluate(table.init, instance), inst.size())
    for elem in module.elems:
        instance.elems.append([evaluate(expr, instance) for expr in elem.init] if segments else [])
    instance.datas.extend(data.init if segments else b"" for data in module.datas)


def _run_active_segments(instance: ModuleInstance) -> None:
    for index, elem in enumerate(instance.module.elems):
        if isinstance(elem.mode, Active):
            offset = evaluate(elem.mode.offset, instance)
            segment = instance.elems[index]
            instance.tables[elem.mode.index].init(offset, 0, len(segment), segment)
        if elem.mode != "passive":
            instance.elems[index] = []
    for index, data in enumerate(instance.module.datas):
        if isinstance(data.mode, Active):
            offset = evaluate(data.mode.offset, instance)
            instance.mems[data.mode.index].initialise(offset, data.init)
            instance.datas[index] = b""
