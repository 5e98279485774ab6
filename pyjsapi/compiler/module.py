"""Compiled modules: what was decoded and validated, and the code of the functions that were translated."""

from __future__ import annotations

import gc
import sys
from typing import Final

from pyjsapi.compiler.cache import CodeCache, collector_off
from pyjsapi.compiler.facts import PLAIN_BOUND
from pyjsapi.compiler.function import FunctionCode, compile_function, source_of
from pyjsapi.compiler.options import Options
from pyjsapi.compiler.scope import CONSTANT_OPS, ModuleScope, first_of_type, memory_scope
from pyjsapi.runtime.memory import MemoryStorage
from pyjsapi.syntax.module import Instr, Module
from pyjsapi.syntax.types import TagType, ValType
from pyjsapi.validation.context import Context
from pyjsapi.validation.limits import Limits


def allow_depth(depth: int) -> None:
    """Raise Python's recursion limit to ``depth``, if it is lower: translation follows the nesting of the code."""
    if sys.getrecursionlimit() < depth:
        sys.setrecursionlimit(depth)


_KINDS: Final = {
    (False, False): "p",
    (True, False): "B",
    (False, True): "c",
    (True, True): "C",
}
"""Letters in the keys of variants, by (big, by calls)."""


class Variant:
    """The code of a module for memories of given kinds: plain or big, reached directly or by calls."""

    __slots__ = ("_module", "codes", "key", "scope")

    def __init__(
        self, module: CompiledModule, big: tuple[bool, ...], by_calls: tuple[bool, ...]
    ) -> None:
        self._module = module
        context = module.context
        kinds = list(zip(big, by_calls, strict=True))
        self.key = "".join(_KINDS[kind] for kind in kinds)
        self.scope = ModuleScope(
            context.types,
            context.funcs,
            context.tables,
            [
                memory_scope(i, type_, *kind)
                for i, (type_, kind) in enumerate(zip(context.mems, kinds, strict=True))
            ],
            context.globals,
            module.constants,
            module.options,
            first_of_type(context.types),
            [_parameters(tag) for tag in context.tags],
        )
        self.codes: dict[int, FunctionCode] = module.cache.load(self.key)
        """Functions translated so far, by function index."""

    def function(self, index: int) -> FunctionCode:
        """The code of a function, translated at the first call."""
        code = self.codes.get(index)
        if code is None:
            source = self._module.module.funcs[index - self._module.imported_funcs].code
            with collector_off():
                code = compile_function(self.scope, index, source.load())
            self.codes[index] = code
            self._module.cache.added(self.key, self.codes)
        return code

    def compile_all(self) -> None:
        """Translate every function now."""
        module = self._module
        allow_depth(module.limits.call_depth)
        collects = gc.isenabled()
        gc.disable()  # Translation makes millions of objects, and breaks its cycles itself.
        try:
            for index in range(module.imported_funcs, len(self.scope.funcs)):
                self.function(index)
        finally:
            if collects:
                gc.enable()
        module.cache.save(self.key, self.codes)

    def source(self, index: int) -> str:
        """Python source of a function."""
        code = self._module.module.funcs[index - self._module.imported_funcs].code
        return source_of(self.scope, index, code.load())


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
        self._variants: dict[tuple[tuple[bool, ...], tuple[bool, ...]], Variant] = {}

    def variant(self, big: tuple[bool, ...], by_calls: tuple[bool, ...] | None = None) -> Variant:
        """The code for memories of which those marked ``True`` in ``big`` may exceed `facts.PLAIN_BOUND`.

        Those marked in ``by_calls`` are reached through accessors; none if it is ``None``.
        """
        key = big, (False,) * len(big) if by_calls is None else by_calls
        found = self._variants.get(key)
        if found is None:
            found = self._variants[key] = Variant(self, *key)
        return found

    def variant_for(self, memories: list[MemoryStorage]) -> Variant:
        """The code for these memories."""
        return self.variant(
            tuple(memory.may_exceed > PLAIN_BOUND for memory in memories),
            tuple(memory.by_calls for memory in memories),
        )

    @property
    def default_variant(self) -> Variant:
        """The code for memories that are exactly as the module declares them."""
        return self.variant(
            tuple(
                (t.maximum if t.maximum is not None else t.minimum) * t.page_size > PLAIN_BOUND
                for t in self.context.mems
            )
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
