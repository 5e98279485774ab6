"""The variants of a module's code: what each is made for, and its functions as far as they were translated."""

from __future__ import annotations

import gc
from collections.abc import Iterable, Sequence
from types import CodeType
from typing import TYPE_CHECKING, Final, NamedTuple

from pyjsapi.compiler.bounded import BoundedCalls
from pyjsapi.compiler.cache import CodeCache
from pyjsapi.compiler.cache_file import collector_off
from pyjsapi.compiler.code import FunctionCode, load
from pyjsapi.compiler.extents import Extent, MemoryKind, declared_kind, kind_of, lets_memories_grow
from pyjsapi.embedding.valid_module import ValidModule
from pyjsapi.runtime.depth import call_deep
from pyjsapi.runtime.function import FuncInst
from pyjsapi.runtime.memory import MemInst
from pyjsapi.syntax.module import Code, CodeSource
from pyjsapi.syntax.types import MemType
from pyjsapi.validation.limits import Limits

if TYPE_CHECKING:
    from pyjsapi.compiler.options import Options
    from pyjsapi.compiler.scope import ModuleScope
    from pyjsapi.compiler.source_map import SourceMap


_COUNTS: Final = "#"
_USUAL: Final = Limits()


class Assumptions(NamedTuple):
    """What code is made for, beside the module and the options. Code is shared by all that agree in it."""

    memories: tuple[MemoryKind, ...] = ()
    metering: str = ""
    """What code does besides: see `Limits.metering`."""
    counts_calls: bool = False
    """Whether calls of host functions are counted."""

    @classmethod
    def for_memories(cls, memories: Iterable[MemInst], limits: Limits = _USUAL) -> Assumptions:
        """What holds for these memories as they are now."""
        return cls._limited(map(kind_of, memories), limits)

    @classmethod
    def as_declared(cls, types: Iterable[MemType], limits: Limits) -> Assumptions:
        """What holds for memories that are made with these types."""
        return cls._limited((declared_kind(type_, limits) for type_ in types), limits)

    @classmethod
    def _limited(cls, kinds: Iterable[MemoryKind], limits: Limits) -> Assumptions:
        return cls(tuple(kinds), limits.metering, limits.max_host_calls is not None)

    def with_extent(self, memidx: int, extent: Extent) -> Assumptions:
        """The same but for the extent of one memory."""
        kinds = list(self.memories)
        kinds[memidx] = kinds[memidx]._replace(extent=extent)
        return self._replace(memories=tuple(kinds))

    def with_access(self, memidx: int, by_calls: bool) -> Assumptions:
        """The same but for how one memory is reached."""
        kinds = list(self.memories)
        kinds[memidx] = kinds[memidx]._replace(by_calls=by_calls)
        return self._replace(memories=tuple(kinds))

    @property
    def key(self) -> str:
        """What differs between assumptions that give different code: letters for memories; what it does besides."""
        kinds = "".join(kind.letter for kind in self.memories)
        return kinds + self.metering + (_COUNTS if self.counts_calls else "")


class Variant:
    """The code of a module under some assumptions."""

    __slots__ = (
        "_cache", "_context", "_funcs", "_module", "_quiet", "_scopes", "_stored", "assumptions", "call_depth", "codes",
        "imported_funcs", "options",
    )  # fmt: skip

    def __init__(
        self, module: ValidModule, assumptions: Assumptions, options: Options, cache: CodeCache
    ) -> None:
        # Not the `ValidModule` itself: without a cycle it goes with whoever uses it last.
        self._cache = cache
        self._module = module.module
        self._context = module.context
        self._funcs = module.module.funcs
        self._quiet: dict[int, bool] = {}
        self._scopes: tuple[ModuleScope, ModuleScope] | None = None
        self._stored = cache.load(assumptions.key)
        """Code that an earlier process has translated and nobody has called yet."""
        self.imported_funcs = module.imported_funcs
        self.call_depth = module.settings.limits.call_depth
        """How deep functions may call each other."""
        self.assumptions = assumptions
        self.options = options
        self.codes: dict[int, FunctionCode] = {}
        """Functions in use so far, by function index."""

    @property
    def scope(self) -> ModuleScope:
        """What translation needs to know of the module."""
        return self._both_scopes()[0]

    def _both_scopes(self) -> tuple[ModuleScope, ModuleScope]:
        """The scope, and that of functions that a memory may outgrow while they run."""
        if self._scopes is None:
            from pyjsapi.compiler.scopes import scopes_of

            self._scopes = scopes_of(
                self._module, self._context, *self.assumptions, options=self.options
            )
        return self._scopes

    def has(self, index: int) -> bool:
        """Whether the code of a function is there already."""
        return index in self.codes or index in self._stored

    def function(self, index: int) -> FunctionCode:
        """The code of a function, from the cache or translated, at the first call."""
        code = self.codes.get(index)
        if code is None:
            stored = self._stored.get(index)
            if stored is not None:
                code = self.codes[index] = load(stored)
                self._stored.pop(index, None)
            else:
                code = self.codes[index] = self._translated(index)
                self._cache.added(self.assumptions.key, self.codes)
        return code

    def _translated(self, index: int) -> FunctionCode:
        body = self._body(index)
        try:
            # Where all code comes from the cache, nothing of translation is needed.
            from pyjsapi.compiler.function import compile_function

            with collector_off():
                # Translation follows the nesting of the code.
                return call_deep(
                    self.call_depth, compile_function, self._scope_of(body), index, body
                )
        except MemoryError:
            pass
        # Wherever it was met, in Python's own library too: it is not the host's. Behind the handler all that
        # translation had made is gone, and whoever tells of it has memory for that.
        raise MemoryError

    def compile_all(self) -> None:
        """Translate every function now."""
        collects = gc.isenabled()
        gc.disable()  # Translation makes millions of objects, and breaks its cycles itself.
        try:
            for index in range(self.imported_funcs, len(self._context.funcs)):
                self.function(index)
        finally:
            if collects:
                gc.enable()
        self._cache.save(self.assumptions.key, self.codes)

    def source(self, index: int) -> str:
        """Python source of a function."""
        from pyjsapi.compiler.function import source_of

        body = self._body(index)
        return call_deep(self.call_depth, source_of, self._scope_of(body), index, body)

    def source_map(self, index: int) -> SourceMap:
        """Which instruction each piece of a function's source is for."""
        from pyjsapi.compiler.function import source_map_of

        body = self._body(index)
        return call_deep(self.call_depth, source_map_of, self._scope_of(body), index, body)

    def runs(self, index: int, code: CodeType) -> bool:
        """Whether a code object is, or is a copy of, the one that a function runs here."""
        known = self.codes.get(index)
        return known is not None and any(
            one is not None and (one.co_code, one.co_linetable) == (code.co_code, code.co_linetable)
            for one in (known.body, known.code)
        )

    def offset_of(self, index: int, instruction: int) -> int | None:
        """Byte offset in the module of an instruction of a function's body."""
        return self._code(index).offset_of(instruction)

    def bounded_calls(self, funcs: Sequence[FuncInst]) -> BoundedCalls:
        """Which of an instance's functions cannot call deep."""
        return BoundedCalls(
            funcs, self.imported_funcs, self._code, self._cache.callees, self._quiet
        )

    def relies_on_bound(self, index: int) -> bool:
        """Whether the code of a function stands on what no memory of it can exceed while the function runs."""
        return not lets_memories_grow(self._body(index).body)

    def _scope_of(self, body: Code) -> ModuleScope:
        return self._both_scopes()[lets_memories_grow(body.body)]

    def _body(self, index: int) -> Code:
        return self._code(index).load()

    def _code(self, index: int) -> CodeSource:
        return self._funcs[index - self.imported_funcs].code
