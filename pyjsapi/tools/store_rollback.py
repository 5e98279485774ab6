"""The functions with which an instrumented module's log is used: mark, rollback, forget."""

from __future__ import annotations

from collections.abc import Sequence

from pyjsapi.rewriting.instrs import instr, written
from pyjsapi.syntax.module import Instr
from pyjsapi.syntax.types import F32, F64, I32, I64, V128, FuncType, RefType, ValType
from pyjsapi.tools.log_format import (
    FORGET,
    MARK,
    ROLLBACK,
    TRAILER,
    Kind,
    what,
)
from pyjsapi.tools.store_edits import StoreEdits

# Locals of the function that undoes.
_MARK, _AT, _ADDR, _LEN, _WORD, _K = range(6)


class Rollback:
    """Adds and exports the functions, when all edits are made."""

    def __init__(self, edits: StoreEdits) -> None:
        self.edits = edits
        self.edited = edits.edited
        self.log = edits.log

    def add(self) -> None:
        """Add all of them."""
        blocks = self.edits.blocks
        self._anew = "" if blocks is None else blocks.forget_saved()
        mark = f"{self._anew}\nglobal.get {self.log.top}"
        self._export(MARK, FuncType((), (I32,)), [], written(mark))
        locals_ = [I32, I64, I32, I32, I32]
        self._export(ROLLBACK, FuncType((I32,), ()), locals_, self._rollback())
        self._export(FORGET, FuncType((), ()), [], self._forget())

    def _export(
        self, name: str, type_: FuncType, locals_: Sequence[ValType], body: list[Instr]
    ) -> None:
        self.edited.export(name, "func", self.edited.add_function(name, type_, locals_, body))

    def _rollback(self) -> list[Instr]:
        top, memory = self.log.top, self.log.memory
        # What has its old value in the log comes first among the kinds.
        beside = what(Kind.GROW, 0)
        return [
            *written(f"""
                local.get {_MARK}
                global.get {top}
                i32.gt_u
                if
                  unreachable
                end
                block
                  loop
                    global.get {top}
                    local.get {_MARK}
                    i32.le_u
                    br_if 1
                    global.get {top}
                    i32.const {TRAILER}
                    i32.sub
                    local.tee {_AT}
                    i64.load {memory} 3 0
                    local.set {_ADDR}
                    local.get {_AT}
                    i32.load {memory} 2 8
                    local.set {_LEN}
                    local.get {_AT}
                    i32.load {memory} 2 12
                    local.set {_WORD}
                    local.get {_AT}
                    local.get {_LEN}
                    i32.const 7
                    i32.add
                    i32.const -8
                    i32.and
                    i32.const 0
                    local.get {_WORD}
                    i32.const {beside}
                    i32.lt_u
                    select
                    i32.sub
                    global.set {top}
            """),
            *self._cases(),
            *written(f"""
                    unreachable
                  end
                end
                global.get {top}
                local.get {_MARK}
                i32.ne
                if
                  unreachable
                end
                {self._anew}
            """),
        ]

    def _cases(self) -> list[Instr]:
        cases: list[tuple[Kind, int, list[Instr]]] = []
        for index in sorted(self.edits.memories):
            cases.append((Kind.MEMORY, index, self._memory(index)))
        for index in sorted(self.edits.globals):
            type_ = self.edited.module.global_types[index].valtype
            if isinstance(type_, RefType):
                cases.append((Kind.REFERENCE, index, self._reference(index, type_)))
            else:
                cases.append((Kind.GLOBAL, index, self._number(index, type_)))
        for index, surplus in self.edits.surplus.items():
            at = self.edits.mem_types[index].addrtype
            cases.append((Kind.GROW, index, self._more(surplus, at)))
        tables = self.edits.tables
        for index in sorted(tables.written):
            cases.append((Kind.TABLE, index, self._elements(index)))
        for index, surplus in tables.surplus.items():
            cases.append((Kind.TABLE_GROW, index, self._table_more(index, surplus)))
        code: list[Instr] = []
        for kind, index, undo in cases:
            test = f"local.get {_WORD}\ni32.const {what(kind, index)}\ni32.eq\nif"
            code += [*written(test), *undo, *written("br 1\nend")]
        return code

    def _memory(self, index: int) -> list[Instr]:
        wrap = "" if self.edits.mem_types[index].addrtype is I64 else "i32.wrap_i64"
        return written(f"""
            local.get {_ADDR}
            {wrap}
            global.get {self.log.top}
            local.get {_LEN}
            memory.copy {index} {self.log.memory}
        """)

    def _number(self, index: int, type_: ValType) -> list[Instr]:
        loads = {
            I32: "i32.load",
            I64: "i64.load",
            F32: "f32.load",
            F64: "f64.load",
            V128: "v128.load",
        }
        load = f"{loads[type_]} {self.log.memory} 2 0"
        return written(f"global.get {self.log.top}\n{load}\nglobal.set {index}")

    def _reference(self, index: int, type_: RefType) -> list[Instr]:
        return [*self._take_one(type_), instr("global.set", index), *self._clear_one(type_)]

    def _more(self, surplus: int, at: ValType) -> list[Instr]:
        wrap = "" if at is I64 else "i32.wrap_i64"
        return written(f"""
            global.get {surplus}
            local.get {_ADDR}
            {wrap}
            {at}.add
            global.set {surplus}
        """)

    def _elements(self, index: int) -> list[Instr]:
        """Elements come back one by one, the last one first."""
        table = self.edits.tables.types[index]
        wrap = "" if table.addrtype is I64 else "i32.wrap_i64"
        return [
            *written(f"""
                block
                  loop
                    local.get {_LEN}
                    i32.eqz
                    br_if 1
                    local.get {_LEN}
                    i32.const 1
                    i32.sub
                    local.tee {_LEN}
                    i64.extend_i32_u
                    local.get {_ADDR}
                    i64.add
                    {wrap}
            """),
            *self._take_one(table.reftype),
            instr("table.set", index),
            *self._clear_one(table.reftype),
            *written("br 0\nend\nend"),
        ]

    def _table_more(self, index: int, surplus: int) -> list[Instr]:
        table = self.edits.tables.types[index]
        at = table.addrtype
        code = self._more(surplus, at)
        if table.reftype.nullable:
            # What the program does not know of must not be callable.
            count = written(f"local.get {_ADDR}\n{'' if at is I64 else 'i32.wrap_i64'}")
            code += [
                *written(f"table.size {index}\nglobal.get {surplus}\n{at}.sub"),
                instr("ref.null", table.reftype.heap),
                *count,
                instr("table.fill", index),
            ]
        return code

    def _take_one(self, type_: RefType) -> list[Instr]:
        """The reference that was kept last, and one less to keep."""
        table, count = self.log.references(type_)
        code = f"global.get {count}\ni32.const 1\ni32.sub\nglobal.set {count}\n"
        code += f"global.get {count}\ntable.get {table}"
        return [*written(code), *([] if type_.nullable else [instr("ref.as_non_null")])]

    def _clear_one(self, type_: RefType) -> list[Instr]:
        """Let go of the reference that was taken."""
        table, count = self.log.references(type_)
        null = instr("ref.null", type_.heap)
        return [instr("global.get", count), null, instr("table.set", table)]

    def _forget(self) -> list[Instr]:
        code = written(f"i32.const 0\nglobal.set {self.log.top}\n{self._anew}")
        for type_, (table, count) in self.log.tables.items():
            code += [
                *written("i32.const 0"),
                instr("ref.null", type_.heap),
                *written(
                    f"global.get {count}\ntable.fill {table}\ni32.const 0\nglobal.set {count}"
                ),
            ]
        return code
