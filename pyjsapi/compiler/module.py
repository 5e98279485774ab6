"""Compiled modules: what was decoded and validated, and the code of the functions that were translated."""

from __future__ import annotations

from pyjsapi.compiler.cache import CodeCache
from pyjsapi.compiler.options import Options
from pyjsapi.compiler.variants import Assumptions, Variant
from pyjsapi.embedding.valid_module import ValidModule


class CompiledModule(ValidModule):
    """A valid module, ready to be instantiated any number of times."""

    __slots__ = ("_variants", "cache", "options")

    def __init__(self, valid: ValidModule, options: Options, cache: CodeCache) -> None:
        super().__init__(valid.data, valid.module, valid.context, valid.settings)
        self.options = options
        self.cache = cache
        self._variants: dict[Assumptions, Variant] = {}

    def variant(self, assumptions: Assumptions) -> Variant:
        """The code under some assumptions."""
        found = self._variants.get(assumptions)
        if found is None:
            found = Variant(self, assumptions, self.options, self.cache)
            self._variants[assumptions] = found
        return found

    @property
    def default_variant(self) -> Variant:
        """The code for memories that are exactly as the module declares them."""
        return self.variant(Assumptions.as_declared(self.context.mems, self.settings.limits))

    def compile_all(self) -> None:
        """Translate every function now, for memories as the module declares them."""
        self.default_variant.compile_all()

    def source(self, funcidx: int) -> str:
        """Python source of a function, for people."""
        return self.default_variant.source(funcidx)
