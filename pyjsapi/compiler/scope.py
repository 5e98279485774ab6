"""What translation needs to know of a module, apart from the function itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from pyjsapi.compiler.facts import FULL_BOUND32, FULL_BOUND64, PLAIN_BOUND
from pyjsapi.compiler.options import DEFAULT_OPTIONS, Options
from pyjsapi.syntax.deftypes import DefType
from pyjsapi.syntax.instructions import BY_MNEMONIC
from pyjsapi.syntax.module import Instr
from pyjsapi.syntax.types import (
    I32,
    AddrType,
    FuncType,
    GlobalType,
    MemType,
    TableType,
    ValType,
)

CONSTANT_OPS: Final = frozenset(
    BY_MNEMONIC[f"{type_}.const"] for type_ in ("i32", "i64", "f32", "f64", "v128")
)


@dataclass(frozen=True, slots=True)
class MemoryScope:
    """A memory as generated code sees it."""

    index: int
    addrtype: AddrType
    page_size_log2: int
    bound: int
    """Exclusive bound, in bytes, of addresses that an access can reach."""
    shared: bool = False
    by_calls: bool = False
    """Whether the memory is reached through its accessors."""


@dataclass(frozen=True, slots=True)
class ModuleScope:
    """Types and index spaces of a module, closed, for `compile_function`."""

    types: tuple[DefType, ...]
    funcs: Sequence[DefType]
    tables: Sequence[TableType]
    memories: Sequence[MemoryScope]
    globals: Sequence[GlobalType]
    constants: dict[int, Instr]
    """Immutable globals whose initial value is one ``const`` instruction: that instruction."""
    options: Options = DEFAULT_OPTIONS
    signatures: dict[int, int] = field(default_factory=dict)
    """First type index of the same type, by type index: call_indirect lists are shared."""
    tags: Sequence[tuple[ValType, ...]] = ()
    """Parameters of the tags."""
    tag_results: Sequence[tuple[ValType, ...]] = ()
    """Results of the tags."""
    metering: str = ""
    """What functions do besides: see `Limits.metering`."""
    counts_calls: bool = False
    """Whether calls of host functions are counted."""

    def func_type(self, funcidx: int) -> FuncType:
        """Signature of a function."""
        return self.funcs[funcidx].func

    def block_types(
        self, blocktype: ValType | int | tuple[tuple[ValType, ...], tuple[ValType, ...]] | None
    ) -> tuple[tuple[ValType, ...], tuple[ValType, ...]]:
        """Parameters and results of a structured instruction from its immediate, where a pair is the two."""
        if blocktype is None:
            return (), ()
        if isinstance(blocktype, int):
            type_ = self.types[blocktype].func
            return type_.params, type_.results
        if isinstance(blocktype, tuple):
            return blocktype
        return (), (blocktype,)


def memory_scope(index: int, type_: MemType, big: bool, by_calls: bool = False) -> MemoryScope:
    """The scope of a memory; ``big`` if it may grow beyond `facts.PLAIN_PAGES` pages of 64 KiB."""
    full = FULL_BOUND32 if type_.addrtype is I32 else FULL_BOUND64
    bound = full if big else PLAIN_BOUND
    return MemoryScope(index, type_.addrtype, type_.page_size_log2, bound, type_.shared, by_calls)
