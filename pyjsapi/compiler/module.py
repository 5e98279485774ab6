"""Compiled modules: what was decoded and validated, and the code of the functions that were translated."""

from __future__ import annotations

import gc
from collections.abc import Sequence
from dataclasses import replace

from pyjsapi.compiler.bounded import BoundedCalls
from pyjsapi.compiler.cache import CodeCache, collector_off
from pyjsapi.compiler.extents import Extent, MemoryKind, declared_kind, kind_of, lets_memories_grow
from pyjsapi.compiler.function import FunctionCode, compile_function, source_of
from pyjsapi.compiler.options import Options
from pyjsapi.compiler.scope import CONSTANT_OPS, ModuleScope, first_of_type, memory_scope
from pyjsapi.runtime.depth import call_deep
from pyjsapi.runtime.function import FuncInst
from pyjsapi.runtime.memory import MemoryStorage
from pyjsapi.syntax.module import Code, CodeSource, Instr, Module
from pyjsapi.syntax.types import TagType, ValType
from pyjsapi.validation.context import Context
from pyjsapi.validation.limits import Limits


class Variant:
    """The code of a module for memories of given kinds."""

    __slots__ = (
        "_cache", "_funcs", "_growing_scope", "call_depth", "codes", "imported_funcs", "key", "kinds", "scope",
    )  # fmt: skip

    def __init__(self, module: CompiledModule, kinds: tuple[MemoryKind, ...]) -> None:
        # Not the module itself: without a cycle it goes with whoever uses it last.
        self._cache = module.cache
        self._funcs = module.module.funcs
        self.imported_funcs = module.imported_funcs
        self.call_depth = module.limits.call_depth
        """How deep functions may call each other."""
        self.kinds = kinds
        context = module.context
        self.key = "".join(kind.letter for kind in kinds)
        self.scope = ModuleScope(
            context.types,
            context.funcs,
            context.tables,
            [
                memory_scope(i, type_, kind.extent is Extent.BIG, kind.by_calls)
                for i, (type_, kind) in enumerate(zip(context.mems, kinds, strict=True))
            ],
            context.globals,
            module.constants,
            module.options,
            first_of_type(context.types),
            [_parameters(tag) for tag in context.tags],
        )
        self._growing_scope = replace(
            self.scope,
            memories=[
                memory_scope(i, type_, kind.extent is not Extent.SMALL, kind.by_calls)
                for i, (type_, kind) in enumerate(zip(context.mems, kinds, strict=True))
            ],
        )
        """For functions that a memory may outgrow while they run."""
        self.codes: dict[int, FunctionCode] = module.cache.load(self.key)
        """Functions translated so far, by function index."""

    def function(self, index: int) -> FunctionCode:
        """The code of a function, translated at the first call."""
        code = self.codes.get(index)
        if code is None:
            body = self._body(index)
            with collector_off():
                # Translation follows the nesting of the code.
                code = call_deep(
                    self.call_depth, compile_function, self._scope_of(body), index, body
                )
            self.codes[index] = code
            self._cache.added(self.key, self.codes)
        return code

    def compile_all(self) -> None:
        """Translate every function now."""
        collects = gc.isenabled()
        gc.disable()  # Translation makes millions of objects, and breaks its cycles itself.
        try:
            for index in range(self.imported_funcs, len(self.scope.funcs)):
                self.function(index)
        finally:
            if collects:
                gc.enable()
        self._cache.save(self.key, self.codes)

    def source(self, index: int) -> str:
        """Python source of a function."""
        body = self._body(index)
        return call_deep(self.call_depth, source_of, self._scope_of(body), index, body)

    def bounded_calls(self, funcs: Sequence[FuncInst]) -> BoundedCalls:
        """Which of an instance's functions cannot call deep."""
        return BoundedCalls(funcs, self.imported_funcs, self._code)

    def relies_on_bound(self, index: int) -> bool:
        """Whether the code of a function stands on what no memory of it can exceed while the function runs."""
        return not lets_memories_grow(self._body(index).body)

    def _scope_of(self, body: Code) -> ModuleScope:
        return self._growing_scope if lets_memories_grow(body.body) else self.scope

    def _body(self, index: int) -> Code:
        return self._code(index).load()

    def _code(self, index: int) -> CodeSource:
        return self._funcs[index - self.imported_funcs].code


class CompiledModule:
    """A valid module, ready to be instantiated any number of times."""

    __slots__ = (
        "__weakref__", "_variants", "cache", "constants", "context", "data", "imported_funcs",
        "limits", "module", "options",
    )  # fmt: skip

    def __init__(
        self,
        data: bytes,
        module: Module,
        context: Context,
        limits: Limits,
        options: Options,
        cache: CodeCache,
    ) -> None:
        self.data = data
        """The binary, as given."""
        self.module = module
        self.context = context
        self.limits = limits
        self.options = options
        self.cache = cache
        self.imported_funcs = len(context.funcs) - len(module.funcs)
        self.constants = _constant_globals(module, context)
        self._variants: dict[tuple[MemoryKind, ...], Variant] = {}

    def variant(self, big: tuple[bool, ...], by_calls: tuple[bool, ...] | None = None) -> Variant:
        """The code for memories of which those marked ``True`` in ``big`` may exceed `facts.PLAIN_BOUND`, others never.

        Those marked in ``by_calls`` are reached through accessors; none if it is ``None``.
        """
        calls = (False,) * len(big) if by_calls is None else by_calls
        return self.variant_of(
            tuple(
                MemoryKind(Extent.BIG if one else Extent.SMALL, by_call)
                for one, by_call in zip(big, calls, strict=True)
            )
        )

    def variant_of(self, kinds: tuple[MemoryKind, ...]) -> Variant:
        """The code for memories of these kinds."""
        found = self._variants.get(kinds)
        if found is None:
            found = self._variants[kinds] = Variant(self, kinds)
        return found

    def with_extent(self, variant: Variant, memidx: int, extent: Extent) -> Variant:
        """The variant that differs from another in the extent of one memory."""
        kinds = list(variant.kinds)
        kinds[memidx] = kinds[memidx]._replace(extent=extent)
        return self.variant_of(tuple(kinds))

    def variant_for(self, memories: list[MemoryStorage]) -> Variant:
        """The code for these memories as they are now."""
        return self.variant_of(tuple(map(kind_of, memories)))

    @property
    def default_variant(self) -> Variant:
        """The code for memories that are exactly as the module declares them."""
        return self.variant_of(
            tuple(declared_kind(type_, self.limits) for type_ in self.context.mems)
        )

    def compile_all(self) -> None:
        """Translate every function now, for memories as the module declares them."""
        self.default_variant.compile_all()

    def source(self, funcidx: int) -> str:
        """Python source of a function, for people."""
        return self.default_variant.source(funcidx)


def _parameters(tag: TagType) -> tuple[ValType, ...]:
    if isinstance(tag.type, int):
        raise ValueError("the type of a tag is not closed")
    return tag.type.func.params


def _constant_globals(module: Module, context: Context) -> dict[int, Instr]:
    first = len(context.globals) - len(module.globals)
    found = {}
    for index, definition in enumerate(module.globals, first):
        init = definition.init
        if not definition.type.mutable and len(init) == 2 and init[0][0] in CONSTANT_OPS:
            found[index] = init[0]
    return found
