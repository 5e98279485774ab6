"""Compiled modules: what was decoded and validated, and the code of the functions that were translated."""

from __future__ import annotations

from itertools import islice
from types import CodeType
from typing import TYPE_CHECKING, Final

from pyjsapi.compiler.cache import CodeCache
from pyjsapi.compiler.variants import Assumptions, Variant
from pyjsapi.embedding.valid_module import ValidModule
from pyjsapi.syntax.errors import WasmError

if TYPE_CHECKING:
    from pyjsapi.compiler.options import Options
    from pyjsapi.compiler.source_map import SourceMap
    from pyjsapi.embedding.wasm_frame import WasmFrame

_MOST_MAPS: Final = 16
"""Functions whose source maps are kept."""


class CompiledModule(ValidModule):
    """A valid module, ready to be instantiated any number of times."""

    __slots__ = ("_maps", "_variants", "cache", "function_names", "lined", "options")

    def __init__(self, valid: ValidModule, options: Options, cache: CodeCache) -> None:
        super().__init__(valid.data, valid.module, valid.context, valid.settings)
        self.options = options
        self.cache = cache
        self.function_names = [
            f"f{index}" for index in range(self.imported_funcs, len(self.context.funcs))
        ]
        """Those of the module's own functions in generated code."""
        self._variants: dict[Assumptions, Variant] = {}
        self._maps: dict[tuple[Assumptions, int], SourceMap] = {}
        self.lined: dict[CodeType, dict[tuple[int | None, ...], int]] = {}
        """Code that bears lines of a text, with the instructions for its lines and columns."""

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

    def keep(self) -> None:
        """Write what was translated so far to the code cache."""
        self.cache.flush()

    def source(self, funcidx: int) -> str:
        """Python source of a function, for people."""
        return self.default_variant.source(funcidx)

    def locate(self, code: CodeType, lasti: int) -> WasmFrame:
        """Where in the module a function's code is, at the byte ``lasti`` of its bytecode."""
        index = int(code.co_name[1:])
        try:
            offset = self._offset_of(index, code, lasti)
        except (WasmError, MemoryError, RecursionError):
            offset = None  # There is no room to look.
        return self.frame(index, offset)

    def _offset_of(self, index: int, code: CodeType, lasti: int) -> int | None:
        lined = self.lined.get(code)
        if lined is not None:
            line, _, column, end = next(islice(code.co_positions(), lasti // 2, None))
            position = lined.get((line, column, end))
            return None if position is None else self.default_variant.offset_of(index, position)
        variant = next((v for v in self._variants.values() if v.runs(index, code)), None)
        if variant is None:
            return None
        key = variant.assumptions, index
        found = self._maps.get(key)
        if found is None:
            found = variant.source_map(index)
            while len(self._maps) >= _MOST_MAPS:
                self._maps.pop(next(iter(self._maps)), None)
            self._maps[key] = found
        line, last, column, end = next(islice(code.co_positions(), lasti // 2, None))
        if line is None:
            return None
        if last != line:
            column = None
        instruction = found.instruction(line, column, end)
        return None if instruction is None else variant.offset_of(index, instruction)
