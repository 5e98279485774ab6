"""What instructions that change tables become. References cannot be in a memory: old ones are kept in tables."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from pyjsapi.rewriting.instrs import get, instr, written
from pyjsapi.syntax.instructions import Imm
from pyjsapi.syntax.module import Instr, op_of
from pyjsapi.syntax.types import I32, I64, AddrType, FuncType, RefType, ValType
from pyjsapi.tools.edited import EditedModule
from pyjsapi.tools.log_format import TRAILER, Kind
from pyjsapi.tools.store_log import LogWriter
from pyjsapi.tools.store_texts import if_beyond, if_more_than_left

_GROW: Final = "table.grow"


class TableEdits:
    """Finds the replacements, and adds the functions that they call."""

    def __init__(self, edited: EditedModule, log: LogWriter, found: Iterable[Instr]) -> None:
        self.edited = edited
        self.log = log
        self.types = edited.module.table_types
        self.written: set[int] = set()
        self.surplus: dict[int, int] = {}
        """By table: the global with the elements that it has more than the program knows of."""
        for original in found:
            if op_of(original).mnemonic == _GROW and original[1] not in self.surplus:
                self.surplus[original[1]] = edited.add_global(self._at(original[1]))

    def replacement(self, original: Instr) -> list[Instr] | None:
        """What stands in the place of an instruction that names a table; ``None`` if it stays."""
        op = op_of(original)
        table = original[2] if op.imm is Imm.ELEM_TABLE else original[1]
        if op.family == "size":
            surplus = self.surplus.get(table)
            if surplus is None:
                return None
            return [original, *written(f"global.get {surplus}\n{self._at(table)}.sub")]
        index = self.edited.known(original)
        if index is None:
            self.written.add(table)
            make = {"set": self._set, "grow": self._grow}.get(op.family, self._bulk)
            index = self.edited.add_function(original, *make(original, table))
        return [instr("call", index)]

    def keep(self, type_: RefType, old: list[Instr]) -> list[Instr]:
        """Code that keeps a reference that other code gives."""
        table, count = self.log.references(type_)
        room = self.log.make_room_for_references(type_)
        return [
            *written(f"i32.const 1\ncall {room}\nglobal.get {count}"),
            *old,
            *written(f"""
                table.set {table}
                global.get {count}
                i32.const 1
                i32.add
                global.set {count}
            """),
        ]

    def _at(self, table: int) -> AddrType:
        return self.types[table].addrtype

    def _index(self, table: int, local: int = 0) -> str:
        """Code for the index in a local as i64."""
        return f"local.get {local}" + ("" if self._at(table) is I64 else "\ni64.extend_i32_u")

    def _set(self, original: Instr, table: int) -> tuple[FuncType, list[ValType], list[Instr]]:
        reftype = self.types[table].reftype
        type_ = FuncType((self._at(table), reftype), ())
        log = self.log
        body = [
            *written(f"local.get 0\ntable.get {table}\nlocal.set 2"),
            *self.keep(reftype, get(2)),
            *written(log.room(TRAILER, 3)),
            *written(log.trailer(3, 0, self._index(table), 1, Kind.TABLE, table)),
            *get(0, 1),
            original,
        ]
        return type_, [reftype, I32], body

    def _bulk(self, original: Instr, table: int) -> tuple[FuncType, list[ValType], list[Instr]]:
        """Writes many elements: the destination is the first operand, their number the last one."""
        at, reftype = self._at(table), self.types[table].reftype
        op = op_of(original)
        if op.imm is Imm.ELEM_TABLE:
            type_ = FuncType((at, I32, I32), ())
        elif op.imm is Imm.TABLE_TABLE:
            source = self._at(original[2])
            type_ = FuncType((at, source, I64 if at is source is I64 else I32), ())
        else:
            type_ = FuncType((at, reftype, at), ())
        wide = type_.params[2] is I64
        count64 = "local.get 2" + ("" if wide else "\ni64.extend_i32_u")
        count32 = "local.get 2" + ("\ni32.wrap_i64" if wide else "")
        size = f"table.size {table}" + ("" if at is I64 else "\ni64.extend_i32_u")
        log = self.log
        references, count = log.references(reftype)
        index, all_ = self._index(table), [*get(0, 1, 2), original]
        out_of_bounds = if_beyond(size, index, count64, 3)
        logged = f"""
              return
            end
            {count32}
            call {log.make_room_for_references(reftype)}
            {log.room(TRAILER, 4)}
            global.get {count}
            local.get 0
            {count32}
            table.copy {references} {table}
            global.get {count}
            {count32}
            i32.add
            global.set {count}
            {log.trailer(4, 0, index, count64, Kind.TABLE, table)}
        """
        return type_, [I64, I32], [*written(out_of_bounds), *all_, *written(logged), *all_]

    def _grow(self, original: Instr, table: int) -> tuple[FuncType, list[ValType], list[Instr]]:
        at, surplus = self._at(table), self.surplus[table]
        log = self.log
        # Local 2: the size that the program knows of. Local 3: elements that are there already.
        body = f"""
            {log.room(TRAILER, 4)}
            table.size {table}
            global.get {surplus}
            {at}.sub
            local.set 2
            {if_more_than_left(at, surplus, 1, 3)}
              local.get 0
              local.get 1
              local.get 3
              {at}.sub
              table.grow {table}
              {at}.const -1
              {at}.eq
              if
                {at}.const -1
                return
              end
            end
            local.get 2
            local.get 0
            local.get 3
            table.fill {table}
            global.get {surplus}
            local.get 3
            {at}.sub
            global.set {surplus}
            {log.trailer(4, 0, self._index(table, 1), 0, Kind.TABLE_GROW, table)}
            local.get 2
        """
        return FuncType((self.types[table].reftype, at), (at,)), [at, at, I32], written(body)
