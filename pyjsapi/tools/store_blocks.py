"""Logging once: the first store to a block since a mark saves the block, the others find that it is saved.

Which blocks are saved is kept in a table of a fixed size for each memory, where a block has one place that it shares
with others. What is not found there is saved again, which does no harm: the log is undone from its end.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from pyjsapi.rewriting.instrs import get, instr, signature_at, written
from pyjsapi.rewriting.units import Locals
from pyjsapi.syntax.module import Instr
from pyjsapi.syntax.types import I32, I64, PAGE_SIZE, FuncType, MemType, ValType
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
        self._size = _TABLE * len(types)
        self._table = -1
        if any(not type_.shared for type_ in types):
            pages = -(-self._size // PAGE_SIZE)
            self._table = edited.add_private_memory(MemType(I32, pages, pages))
        self._saved: dict[int, int] = {}
        """By global: the one that says that it is saved."""

    def forget_saved(self) -> str:
        """Code after which nothing counts as saved. For when all edits are made."""
        code = "".join(f"i32.const 0\nglobal.set {flag}\n" for flag in self._saved.values())
        if self._table >= 0:
            code += f"i32.const 0\ni32.const 255\ni32.const {self._size}\nmemory.fill {self._table}"
        return code

    def once(self, index: int, log: Callable[[], tuple[list[Instr], list[ValType]]]) -> list[Instr]:
        """Code that logs a global if that was not done; ``log`` gives a function's body and locals for it."""
        flag = self._saved.get(index)
        if flag is None:
            flag = self._saved[index] = self.edited.add_global(I32)
            body, locals_ = log()
            body += written(f"i32.const 1\nglobal.set {flag}")
            self.edited.add_function(("log global", index), FuncType((), ()), locals_, body)
        function = self.edited.known(("log global", index))
        return written(f"global.get {flag}\ni32.eqz\nif\ncall {function}\nend")

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
        wide = self.types[memory].addrtype is I64
        to_address = "" if wide else "i32.wrap_i64"
        tag = f"""
            local.get 0
            i32.wrap_i64
            i32.const {_PLACES - 1}
            i32.and
            i32.const 3
            i32.shl
            local.get 0
            i64.store {self._table} 3 {memory * _TABLE}
        """
        log = self.log
        # Local 1: where the block begins. Local 2: the bytes of memory behind that. Local 3: the place in the log.
        body = f"""
            {self._bytes(memory)}
            local.get 0
            i64.const {BLOCK_LOG2}
            i64.shl
            local.tee 1
            i64.sub
            local.tee 2
            i64.const {_SAVED}
            i64.lt_s
            if
              local.get 1
              local.get 2
              call {self._save_part(memory)}
              return
            end
            {log.room(_SAVED + TRAILER, 3)}
            local.get 3
            local.get 1
            {to_address}
            i32.const {_SAVED}
            memory.copy {log.memory} {memory}
            {log.trailer(3, _SAVED, "local.get 1", _SAVED, Kind.MEMORY, memory)}
            {tag}
        """
        type_ = FuncType((I64,), ())
        return self.edited.add_function(("save", memory), type_, [I64, I64, I32], written(body))

    def _bytes(self, memory: int) -> str:
        """Code for a memory's size."""
        type_ = self.types[memory]
        return f"""
            memory.size {memory}
            {"" if type_.addrtype is I64 else "i64.extend_i32_u"}
            i64.const {type_.page_size_log2}
            i64.shl
        """

    def _save_part(self, memory: int) -> int:
        """A function that saves what there is of a block (its address and bytes), if there is anything.

        It is not remembered: the memory may grow.
        """
        to_address = "" if self.types[memory].addrtype is I64 else "i32.wrap_i64"
        log = self.log
        body = f"""
            local.get 1
            i64.const 0
            i64.le_s
            if
              return
            end
            {log.room(_SAVED + TRAILER, 2)}
            local.get 2
            local.get 0
            {to_address}
            local.get 1
            i32.wrap_i64
            memory.copy {log.memory} {memory}
            {log.past("local.get 1" + chr(10) + "i32.wrap_i64", 2)}
            {log.trailer(2, 0, "local.get 0", "local.get 1", Kind.MEMORY, memory)}
        """
        type_ = FuncType((I64, I64), ())
        return self.edited.add_function(("save part", memory), type_, [I32], written(body))
