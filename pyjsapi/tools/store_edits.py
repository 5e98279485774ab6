"""What each instruction that changes a module's state becomes: a call of a function that logs, and then does it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

from pyjsapi.binary.scan import Stop
from pyjsapi.rewriting.instrs import get, instr, signature_at, written
from pyjsapi.rewriting.units import Body
from pyjsapi.syntax.instructions import BY_MNEMONIC, OPS, Imm
from pyjsapi.syntax.module import Active, Instr, op_of
from pyjsapi.syntax.op import Op
from pyjsapi.syntax.types import F32, F64, I32, I64, V128, AddrType, FuncType, RefType, ValType
from pyjsapi.tools.edited import EditedModule
from pyjsapi.tools.log_format import SCALAR, TRAILER, Kind
from pyjsapi.tools.store_blocks import Blocks
from pyjsapi.tools.store_log import LogWriter
from pyjsapi.tools.store_texts import if_beyond, if_more_than_left
from pyjsapi.tools.table_edits import TableEdits

_Function: TypeAlias = "tuple[FuncType, list[ValType], list[Instr]]"
"""Type, locals and body of a function that is added."""
_Make: TypeAlias = Callable[[Instr], _Function]
_LOADS: Final = {8: "i64.load8_u", 16: "i64.load16_u", 32: "i64.load32_u", 64: "i64.load"}
_AS_BITS: Final[dict[ValType, str]] = {
    I32: "i64.extend_i32_u",
    I64: "",
    F32: "i32.reinterpret_f32\ni64.extend_i32_u",
    F64: "i64.reinterpret_f64",
}
SEGMENT_USERS: Final = (Imm.DATA_MEM, Imm.ELEM_TABLE, Imm.TYPE_DATA, Imm.TYPE_ELEM)
"""Instructions that read a segment: the offset in it and the length are their last operands."""
TABLE_WRITES: Final = (Imm.TABLE, Imm.TABLE_TABLE, Imm.ELEM_TABLE)
HEAP_WRITES: Final = frozenset(
    BY_MNEMONIC[name]
    for name in (
        "struct.set",
        "array.set",
        "array.fill",
        "array.copy",
        "array.init_data",
        "array.init_elem",
    )
)
"""Instructions that write objects, which no log can name."""
_GLOBAL_SET: Final = BY_MNEMONIC["global.set"]
_DROPS: Final = (Imm.DATA, Imm.ELEM)
ALSO: Final = frozenset((_GLOBAL_SET, *HEAP_WRITES)) | frozenset(
    op for op in OPS if op.imm in (*SEGMENT_USERS, *_DROPS, Imm.TABLE_TABLE)
    or (op.imm is Imm.TABLE and op.mnemonic != "table.get")
)  # fmt: skip
"""What a scan has to find beside accesses to memories."""


def is_store(op: Op) -> bool:
    """Whether an access writes."""
    return op.imm in (Imm.MEMARG, Imm.MEMARG_LANE) and (
        "store" in op.family or ".rmw" in op.mnemonic
    )


class StoreEdits:
    """Finds the replacements, and adds the functions that they call."""

    def __init__(
        self,
        edited: EditedModule,
        log: LogWriter,
        stops: Sequence[Sequence[Stop]],
        *,
        exact: bool,
    ) -> None:
        self.edited = edited
        self.log = log
        module = edited.module
        self.mem_types = module.mem_types[: log.memory]
        self.blocks: Blocks | None = None
        if not exact:
            self.blocks = Blocks(edited, log, self.mem_types)
        self.memories: set[int] = set()
        """Those that are written."""
        self.globals: set[int] = set()
        """Those that are written."""
        found = [stop.instr for function in stops for stop in function]
        self.surplus: dict[int, int] = {}
        """By memory: the global with the pages that it has more than the program knows of."""
        for original in found:
            if op_of(original).imm is Imm.MEM and op_of(original).family == "grow":
                memory = original[1]
                if memory not in self.surplus:
                    self.surplus[memory] = edited.add_global(self.mem_types[memory].addrtype)
        self.dropped: dict[tuple[Imm, int], int] = {}
        """By kind and index of a segment: the global that says whether the program has dropped it."""
        passive = {
            Imm.DATA: [not isinstance(data.mode, Active) for data in module.datas],
            Imm.ELEM: [elem.mode == "passive" for elem in module.elems],
        }
        for original in found:
            kind = op_of(original).imm
            if (
                kind in _DROPS
                and passive[kind][original[1]]
                and (kind, original[1]) not in self.dropped
            ):
                self.dropped[kind, original[1]] = edited.add_global(I32)
        self.tables = TableEdits(edited, log, found)

    def replacement(self, original: Instr, body: Body) -> list[Instr] | None:
        """What stands in the place of an instruction of a function; ``None`` if it stays."""
        op = op_of(original)
        if is_store(op):
            memory = original[1]
            self.memories.add(memory)
            # Of a shared memory no more is logged than what this instance changes.
            if self.blocks is None or self.mem_types[memory].shared:
                return self._called(original, self._store)
            return self.blocks.store(original, self.edited.locals_of(body))
        if op is _GLOBAL_SET:
            return self._global_set(original[1])
        if op.imm in SEGMENT_USERS:
            guard = self._guard(original)
            if op.imm is Imm.DATA_MEM:
                return [*guard, *self._called(original, self._bulk)]
            changed = self.tables.replacement(original) if op.imm is Imm.ELEM_TABLE else None
            return [*guard, *(changed or [original])] if guard or changed else None
        if op.imm in TABLE_WRITES:
            return self.tables.replacement(original)
        if op.imm is Imm.MEM_MEM:
            return self._called(original, self._bulk)
        if op.imm is Imm.MEM:
            return self._memory_op(original)
        if op.imm in _DROPS:
            flag = self.dropped.get((op.imm, original[1]))
            return None if flag is None else [*written("i32.const 1"), *self._global_set(flag)]
        return None

    def _memory_op(self, original: Instr) -> list[Instr] | None:
        op, memory = original
        if op.family == "size":
            surplus = self.surplus.get(memory)
            type_ = self.mem_types[memory].addrtype
            return (
                None
                if surplus is None
                else [original, *written(f"global.get {surplus}\n{type_}.sub")]
            )
        return self._called(original, self._grow if op.family == "grow" else self._bulk)

    def _called(self, original: Instr, make: _Make) -> list[Instr]:
        """A call of a function that has the instruction's operands and results, made once."""
        index = self.edited.known(original)
        if index is None:
            index = self.edited.add_function(original, *make(original))
        return [instr("call", index)]

    # Accesses

    def _address(self, memory: int, offset: int = 0) -> str:
        """Code for the address in local 0, with an offset, as i64; such an address is in bounds."""
        code = "local.get 0\n" + ("" if self._at(memory) is I64 else "i64.extend_i32_u\n")
        return code + (f"i64.const {offset}\ni64.add\n" if offset else "")

    def _at(self, memory: int) -> AddrType:
        return self.mem_types[memory].addrtype

    def _store(self, original: Instr) -> _Function:
        _, memory, align, offset, *_ = original
        if op_of(original).feature == "threads":
            return self._exchange(original)
        type_ = signature_at(original, self._at(memory))
        width = op_of(original).width
        log = self.log
        address = self._address(memory, offset)
        where = f"{memory} {align} {offset}"
        if width == 128:
            before = f"""
                local.get 0
                v128.load {where}
                local.set 2
                {log.room(16 + TRAILER, 3)}
                local.get 3
                local.get 2
                v128.store {log.memory} 3 0
                {log.trailer(3, 16, address, 16, Kind.MEMORY, memory)}
            """
            return type_, [V128, I32], [*written(before), *get(0, 1), original]
        before = f"""
            local.get 0
            {_LOADS[width]} {where}
            local.set 2
            {log.room(SCALAR, 3)}
            {log.scalar(3, "local.get 2", address, width // 8, Kind.MEMORY, memory)}
        """
        return type_, [I64, I32], [*written(before), *get(0, 1), original]

    def _exchange(self, original: Instr) -> _Function:
        """An atomic access: it gives the old value itself. The record comes after it; room for it was made before."""
        memory, _, offset = original[1:]
        mnemonic = op_of(original).mnemonic
        type_ = signature_at(original, self._at(memory))
        is_store_ = ".store" in mnemonic
        if is_store_:
            head, width = mnemonic.split("store")
            original = instr(f"{head}rmw{width}.xchg{'_u' if width else ''}", *original[1:])
        result = signature_at(original, self._at(memory)).results[0]
        old = len(type_.params)
        log = self.log
        bits = f"local.get {old}\n{_AS_BITS[result]}"
        address, length = self._address(memory, offset), op_of(original).width // 8
        after = f"""
            local.set {old}
            {log.scalar(old + 1, bits, address, length, Kind.MEMORY, memory)}
        """
        room = log.room(SCALAR, old + 1)
        body = [*written(room), *get(*range(old)), original, *written(after)]
        return type_, [result, I32], body if is_store_ else [*body, *get(old)]

    def _bulk(self, original: Instr) -> _Function:
        """Writes many bytes: the destination is the first operand, the number of bytes the last one."""
        op = op_of(original)
        memory = original[2] if op.imm is Imm.DATA_MEM else original[1]
        self.memories.add(memory)
        at = self._at(memory)
        if op.imm is Imm.MEM_MEM:
            source = self._at(original[2])
            type_ = FuncType((at, source, I64 if at is source is I64 else I32), ())
        else:
            type_ = signature_at(original, at)
        count = len(type_.params) - 1
        wide = type_.params[count] is I64
        count64 = f"local.get {count}" + ("" if wide else "\ni64.extend_i32_u")
        count32 = f"local.get {count}" + ("\ni32.wrap_i64" if wide else "")
        size = f"memory.size {memory}" + ("" if at is I64 else "\ni64.extend_i32_u")
        all_ = [*get(*range(count + 1)), original]
        log, address, room, place = self.log, self._address(memory), count + 1, count + 2
        length = f"{size}\ni64.const {self.mem_types[memory].page_size_log2}\ni64.shl"
        out_of_bounds = if_beyond(length, address, count64, room)
        logged = f"""
              return
            end
            {log.room_for(count64, place)}
            local.get {place}
            local.get 0
            {count32}
            memory.copy {log.memory} {memory}
            {log.past(count32, place)}
            {log.trailer(place, 0, address, count64, Kind.MEMORY, memory)}
        """
        # Out of bounds the instruction itself traps, and nothing is logged.
        return type_, [I64, I32], [*written(out_of_bounds), *all_, *written(logged), *all_]

    def _grow(self, original: Instr) -> _Function:
        memory = original[1]
        at, surplus = self._at(memory), self.surplus[memory]
        self.memories.add(memory)
        log = self.log
        # Local 1: the size that the program knows of. Local 2: pages that are there already.
        body = f"""
            {log.room(TRAILER, 3)}
            memory.size {memory}
            global.get {surplus}
            {at}.sub
            local.set 1
            {if_more_than_left(at, surplus, 0, 2)}
              local.get 0
              local.get 2
              {at}.sub
              memory.grow {memory}
              {at}.const -1
              {at}.eq
              if
                {at}.const -1
                return
              end
            end
            global.get {surplus}
            local.get 2
            {at}.sub
            global.set {surplus}
            {log.trailer(3, 0, self._address(memory), 0, Kind.GROW, memory)}
            local.get 1
        """
        return FuncType((at,), (at,)), [at, at, I32], written(body)

    # Globals and segments

    def _global_set(self, index: int) -> list[Instr]:
        self.globals.add(index)
        set_ = instr("global.set", index)
        if self.blocks is not None:
            return [*self.blocks.once(index, lambda: self._log_global(index)), set_]
        type_ = self.edited.module.global_types[index].valtype
        code, locals_ = self._log_global(index, 1)
        return self._called(
            set_, lambda original: (FuncType((type_,), ()), locals_, [*code, *get(0), original])
        )

    def _log_global(self, index: int, place: int = 0) -> tuple[list[Instr], list[ValType]]:
        """Code that logs a global's value, in a function whose parameters end before ``place``; its locals."""
        type_ = self.edited.module.global_types[index].valtype
        log = self.log
        none = "i64.const 0"
        if isinstance(type_, RefType):
            trailer = log.trailer(place, 0, none, 0, Kind.REFERENCE, index)
            kept = self.tables.keep(type_, [instr("global.get", index)])
            return [*kept, *written(log.room(TRAILER, place) + trailer)], [I32]
        if type_ is V128:
            code = f"""
                {log.room(16 + TRAILER, place)}
                local.get {place}
                global.get {index}
                v128.store {log.memory} 3 0
                {log.trailer(place, 16, none, 16, Kind.GLOBAL, index)}
            """
            return written(code), [I32]
        old = f"global.get {index}\n{_AS_BITS[type_]}"
        record = log.scalar(place, old, none, type_.bits // 8, Kind.GLOBAL, index)
        return written(log.room(SCALAR, place) + record), [I32]

    def _guard(self, original: Instr) -> list[Instr]:
        """A call that makes an offset in a dropped segment one that is out of bounds, as it would be."""
        op = op_of(original)
        is_data = op.imm in (Imm.DATA_MEM, Imm.TYPE_DATA)
        first = op.imm in (Imm.DATA_MEM, Imm.ELEM_TABLE)
        key = (Imm.DATA if is_data else Imm.ELEM, original[1] if first else original[2])
        flag = self.dropped.get(key)
        if flag is None:
            return []
        body = f"""
            local.get 0
            i32.const -1
            global.get {flag}
            i32.eqz
            local.get 0
            local.get 1
            i32.or
            i32.eqz
            i32.or
            select
            local.get 1
        """
        pair = FuncType((I32, I32), (I32, I32))
        return [instr("call", self.edited.add_function(("guard", *key), pair, [], written(body)))]
