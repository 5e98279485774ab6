"""Compiled modules: what was decoded and validated, and the code of the functions that were translated."""

from __future__ import annotations

from pyjsapi.compiler.cache import CodeCache
from pyjsapi.compiler.options import Options
from pyjsapi.compiler.scope import CONSTANT_OPS
from pyjsapi.compiler.variants import Assumptions, Variant
from pyjsapi.syntax.module import Instr, Module
from pyjsapi.validation.context import Context
from pyjsapi.validation.limits import Limits


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
        self._variants: dict[Assumptions, Variant] = {}

    def variant(self, assumptions: Assumptions) -> Variant:
        """The code under some assumptions."""
        found = self._variants.get(assumptions)
        if found is None:
            found = self._variants[assumptions] = Variant(self, assumptions)
        return found

    @property
    def default_variant(self) -> Variant:
        """The code for memories that are exactly as the module declares them."""
        return self.variant(Assumptions.as_declared(self.context.mems, self.limits))

    def compile_all(self) -> None:
        """Translate every function now, for memories as the module declares them."""
        self.default_variant.compile_all()

    def source(self, funcidx: int) -> str:
        """Python source of a function, for people."""
        return self.default_variant.source(funcidx)


def _constant_globals(module: Module, context: Context) -> dict[int, Instr]:
    first = len(context.globals) - len(module.globals)
    found = {}
    for index, definition in enumerate(module.globals, first):
        init = definition.init
        if not definition.type.mutable and len(init) == 2 and init[0][0] in CONSTANT_OPS:
            found[index] = init[0]
    return found
