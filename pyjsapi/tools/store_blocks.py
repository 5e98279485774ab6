"""Logging by blocks: the first store to a block since a mark saves the block, the others find that it is saved.

Which blocks are saved is kept in a table of a fixed size for each memory, where a block has one place that it shares
with others. What is not found there is saved again, which does no harm: the log is undone from its end.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from pyjsapi.rewriting.instrs import get, instr, signature_at, written
from pyjsapi.rewriting.units import Locals
from pyjsapi.syntax.module import Instr
from pyjsapi.syntax.types import I32, I64, PAGE_SIZE, FuncType, MemType
from pyjsapi.tools.edited import EditedModule
from pyjsapi.tools.log_format import TRAILER, Kind
from pyjsapi.tools.store_log import LogWriter

BLOCK_LOG2: Final = 7
"""Blocks of 128 bytes: smaller ones are saved more often, larger ones copy more for a store that stands alone."""
_SAVED: Final = (1 << BLOCK_LOG2) + 16
"""Bytes saved: all that a store can reach that begins in the block."""
_PLACES: Final = 4096
_TABLE: Final = 8 * _PLACES
"""Bytes of a table: the number of the block that is saved, for each place."""


class Blocks:
    """Adds the tables to a module, and code that keeps them."""

    def __init__(self, edited: EditedModule, log: LogWriter, types: Sequence[MemType]) -> None:
        self.edited = edited
        self.log = log
        self.types = types
        size = _TABLE * len(types)
        pages = -(-size // PAGE_SIZE)
        self._table = edited.add_private_memory(MemType(I32, pages, pages))
        self.forget_saved = (
            f"i32.const 0\ni32.const 255\ni32.const {size}\nmemory.fill {self._table}"
        )
        """Code after which no block counts as saved."""

    def store(self, original: Instr, locals_: Locals) -> list[Instr]:
        """A store whose operands are on the stack, with its block saved first."""
        memory, _, offset = original[1:4]
        at = self.types[memory].addrtype
        params = signature_at(original, at).params
        *operands, block = locals_.take((*params, I64))
        # The sum of an address and an offset does not wrap as i64. If the address was one, the store traps.
        sum_ = [] if at is I64 else written("i64.extend_i32_u")
        sum_ += written(f"i64.const {offset}\ni64.add") if offset else []
        check = f"""
            i64.const {BLOCK_LOG2}
            i64.shr_u
            local.tee {block}
            local.get {block}
            i32.wrap_i64
            i32.const {_PLACES - 1}
            i32.and
            i32.const 3
            i32.shl
            i64.load {self._table} 3 {memory * _TABLE}
            i64.ne
            if
              local.get {block}
              call {self._save(memory)}
            end
        """
        keep = [instr("local.set", local) for local in reversed(operands[1:])]
        keep.append(instr("local.tee", operands[0]))
        return [*keep, *sum_, *written(check), *get(*operands), original]

    def _save(self, memory: int) -> int:
        """A function that saves a block (i64), if there is any of it."""
        known = self.edited.known(("save", memory))
        if known is not None:
            return known
        type_, log = self.types[memory], self.log
        wide = type_.addrtype is I64
        # Local 1: where the block begins, then the bytes to save. A part of a block is not remembered: it may grow.
        body = f"""
            memory.size {memory}
            {"" if wide else "i64.extend_i32_u"}
            i64.const {type_.page_size_log2}
            i64.shl
            local.get 0
            i64.const {BLOCK_LOG2}
            i64.shl
            local.tee 1
            i64.le_u
            if
              return
            end
            i64.const {_SAVED}
            memory.size {memory}
            {"" if wide else "i64.extend_i32_u"}
            i64.const {type_.page_size_log2}
            i64.shl
            local.get 1
            i64.sub
            local.tee 2
            i64.const {_SAVED}
            local.get 2
            i64.lt_u
            select
            local.set 2
            {log.room(_SAVED + TRAILER)}
            global.get {log.top}
            local.get 1
            {"" if wide else "i32.wrap_i64"}
            local.get 2
            i32.wrap_i64
            memory.copy {log.memory} {memory}
            global.get {log.top}
            local.get 2
            i32.wrap_i64
            i32.const 7
            i32.add
            i32.const -8
            i32.and
            i32.add
            global.set {log.top}
            {log.trailer(0, "local.get 1", "local.get 2", Kind.MEMORY, memory)}
            local.get 2
            i64.const {_SAVED}
            i64.eq
            if
              local.get 0
              i32.wrap_i64
              i32.const {_PLACES - 1}
              i32.and
              i32.const 3
              i32.shl
              local.get 0
              i64.store {self._table} 3 {memory * _TABLE}
            end
        """
        return self.edited.add_function(
            ("save", memory), FuncType((I64,), ()), [I64, I64], written(body)
        )
