"""The log of stores inside of an instrumented module: its memory, and code that appends to it."""

from __future__ import annotations

from typing import Final

from pyjsapi.rewriting.instrs import instr, written
from pyjsapi.syntax.module import Table
from pyjsapi.syntax.types import (
    I32,
    I64,
    PAGE_SIZE,
    PAGE_SIZE_LOG2,
    FuncType,
    MemType,
    RefType,
    TableType,
)
from pyjsapi.tools.edited import EditedModule
from pyjsapi.tools.log_format import LOG, TRAILER, Kind, what

MOST_PAGES: Final = 32767
"""Pages that the log may have: places in it, and sums of such and small numbers, are below 2^31."""
_PLACE: Final = 0x7FFF_FFF8
"""All places have these bits at most: engines that look may know then that accesses are aligned."""
_MORE_REFERENCES: Final = 16


class LogWriter:
    """Adds the log to a module. Code is text for `written`, which makes one function of several pieces."""

    def __init__(self, edited: EditedModule, pages: int) -> None:
        self.edited = edited
        self.memory = edited.add_memory(MemType(I32, 1, pages), LOG)
        self.top = edited.add_global(I32)
        """Global: bytes of the log."""
        self._limit = edited.add_global(I32, PAGE_SIZE)
        self._more = self._add_more()
        self.tables: dict[RefType, tuple[int, int]] = {}
        """By nullable type of references: the table that they are kept in, the global with their number."""

    def _add_more(self) -> int:
        """A function that makes room for some bytes (i64), or traps."""
        m = self.memory
        body = f"""
            local.get 0
            i64.const {1 << 32}
            i64.gt_u
            if
              unreachable
            end
            global.get {self.top}
            i64.extend_i32_u
            local.get 0
            i64.add
            global.get {self._limit}
            i64.extend_i32_u
            i64.sub
            local.tee 0
            i64.const 0
            i64.le_s
            if
              return
            end
            local.get 0
            i64.const {PAGE_SIZE - 1}
            i64.add
            i64.const {PAGE_SIZE_LOG2}
            i64.shr_u
            i32.wrap_i64
            local.tee 1
            memory.size {m}
            local.get 1
            memory.size {m}
            i32.gt_u
            select
            memory.grow {m}
            i32.const -1
            i32.eq
            if
              local.get 1
              memory.grow {m}
              i32.const -1
              i32.eq
              if
                unreachable
              end
            end
            memory.size {m}
            i32.const {PAGE_SIZE_LOG2}
            i32.shl
            global.set {self._limit}
        """
        return self.edited.add_function("tangle.more", FuncType((I64,), ()), [I32], written(body))

    def room(self, size: int, place: int) -> str:
        """Make room for a record of a size; its place is put into a local (i32)."""
        return f"""
            global.get {self.top}
            i32.const {_PLACE}
            i32.and
            local.tee {place}
            i32.const {size}
            i32.add
            global.get {self._limit}
            i32.gt_u
            if
              i64.const {size}
              call {self._more}
            end
        """

    def room_for(self, count: str, place: int) -> str:
        """Likewise, for as many bytes as code says (i64), and their record."""
        return f"""
            {count}
            i64.const {TRAILER + 8}
            i64.add
            call {self._more}
            global.get {self.top}
            local.set {place}
        """

    def past(self, count: str, place: int) -> str:
        """Move a place past as many bytes as code says (i32)."""
        return f"""
            local.get {place}
            {count}
            i32.const 7
            i32.add
            i32.const -8
            i32.and
            i32.add
            local.set {place}
        """

    def trailer(
        self, place: int, payload: int, address: str, length: int | str, kind: Kind, index: int
    ) -> str:
        """Append a record at a place for which there is room, whose payload of so many bytes is there.

        ``address`` is code for an i64; ``length`` is a number, or code for an i64.
        """
        word = what(kind, index) << 32
        if isinstance(length, int):
            last = f"i64.const {length | word}"
        else:
            last = f"{length}\ni64.const {word}\ni64.or"
        return f"""
            local.get {place}
            {address}
            i64.store {self.memory} 3 {payload}
            local.get {place}
            {last}
            i64.store {self.memory} 3 {payload + 8}
            local.get {place}
            i32.const {payload + TRAILER}
            i32.add
            global.set {self.top}
        """

    def scalar(
        self, place: int, old: str, address: str, length: int, kind: Kind, index: int
    ) -> str:
        """Append a record of up to eight bytes, for which there is room; ``old`` is code for an i64."""
        return f"""
            local.get {place}
            {old}
            i64.store {self.memory} 3 0
            {self.trailer(place, 8, address, length, kind, index)}
        """

    def references(self, type_: RefType) -> tuple[int, int]:
        """The table for references of a type, and the global with their number."""
        nullable = RefType(True, type_.heap)
        known = self.tables.get(nullable)
        if known is None:
            table = len(self.edited.module.table_types)
            self.edited.module.tables.append(Table(TableType(I32, 0, None, nullable), None))
            known = self.tables[nullable] = (table, self.edited.add_global(I32))
        return known

    def make_room_for_references(self, type_: RefType) -> int:
        """A function that makes room for some references (i32), or traps."""
        table, count = self.references(type_)
        key = ("room for references", table)
        body = [
            *written(f"""
                global.get {count}
                local.get 0
                i32.add
                local.tee 1
                local.get 0
                i32.lt_u
                if
                  unreachable
                end
                local.get 1
                table.size {table}
                i32.le_u
                if
                  return
                end
            """),
            instr("ref.null", type_.heap),
            *written(f"""
                local.get 1
                table.size {table}
                i32.sub
                table.size {table}
                i32.const 1
                i32.shr_u
                i32.add
                i32.const {_MORE_REFERENCES}
                i32.add
                table.grow {table}
                i32.const -1
                i32.eq
                if
                  unreachable
                end
            """),
        ]
        return self.edited.add_function(key, FuncType((I32,), ()), [I32], body)
