"""Data segments of modules whose memories live in several modules.

Segments keep their indices in the main module. Where a helper's memory is initialised from one, the helper has a
copy. Active segments stay active when nothing can go wrong with them; otherwise all are made passive, and a start
function does in order what instantiation would have done.
"""

from __future__ import annotations

from pyjsapi.lowering import sequences
from pyjsapi.lowering.parts import Parts
from pyjsapi.rewriting.instrs import END, const, instr
from pyjsapi.syntax.instructions import BY_MNEMONIC, Imm
from pyjsapi.syntax.module import Active, Data, Elem, Expr, Instr
from pyjsapi.syntax.types import I32, I64, FuncType, TableType

START_LOCALS = (I32, I32, I32, I64)
"""Locals of the start function."""

_CONSTS = {BY_MNEMONIC["i32.const"]: I32, BY_MNEMONIC["i64.const"]: I64}


def constant(expr: Expr) -> int | None:
    """The value of an expression that is one integer constant."""
    return expr[0][1] if len(expr) == 2 and expr[0][0] in _CONSTS else None


class Segments:
    """The data segments of the original module and who needs them."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self.layout = layout = parts.layout
        self.datas = layout.original.datas
        self._far: dict[int, list[int]] = {}
        """For each segment memories in helpers that ``memory.init`` initialises from it."""
        self._near: set[int] = set()
        """Segments that functions of the main module read."""
        self._copies: dict[tuple[int, int], int] = {}
        """Index of the copy of a segment in a helper, by (helper, segment)."""
        for function in layout.stops:
            for stop in function:
                imm = stop.instr[0].imm
                if imm is Imm.DATA_MEM:
                    _, dataidx, memory = stop.instr
                    self._use(dataidx, memory)
                elif imm is Imm.TYPE_DATA:
                    self._near.add(stop.instr[2])
        self.at_start = not self._all_safe()
        """Active segments are applied by a start function."""
        if self.at_start:
            for dataidx, data in enumerate(self.datas):
                if isinstance(data.mode, Active):
                    self._use(dataidx, data.mode.index)
        else:
            self._initialise_helpers()

    def _use(self, dataidx: int, memory: int) -> None:
        users = self._far.setdefault(dataidx, [])
        if memory not in self.layout.helper_of:
            self._near.add(dataidx)
        elif memory not in users:
            users.append(memory)

    def _all_safe(self) -> bool:
        """Whether it makes no difference that helpers initialise their memories first."""
        layout = self.layout
        active = [d for d in self.datas if isinstance(d.mode, Active)]
        far_or_region = [
            d
            for d in active
            if isinstance(d.mode, Active)
            and (d.mode.index in layout.helper_of or not layout.place(d.mode.index).whole)
        ]
        if not far_or_region:
            return True
        if not all(self._is_safe(data) for data in far_or_region):
            return False
        if all(self._is_safe(data) for data in active) and all(
            map(self._elem_is_safe, layout.original.elems)
        ):
            return True
        # Something may trap, and what happened before it may be seen through an imported table.
        return not layout.original.imported(TableType)

    def _is_safe(self, data: Data) -> bool:
        """Whether an active segment lies within a memory that the module defines."""
        mode = data.mode
        if not isinstance(mode, Active):
            return True
        use = self.layout.uses[mode.index]
        offset = constant(mode.offset)
        if use.import_ is not None or offset is None:
            return False
        return offset + len(data.init) <= use.place.minimum

    def _elem_is_safe(self, elem: Elem) -> bool:
        mode = elem.mode
        if not isinstance(mode, Active):
            return True
        table = self.layout.original.table_types[mode.index]
        offset = constant(mode.offset)
        defined = mode.index >= len(self.layout.original.imported(TableType))
        return defined and offset is not None and offset + len(elem.init) <= table.minimum

    def _initialise_helpers(self) -> None:
        for data in self.datas:
            mode = data.mode
            if isinstance(mode, Active) and mode.index in self.layout.helper_of:
                helper = self.parts.helpers[self.layout.helper_of[mode.index]]
                helper.module.datas.append(Data(data.init, self._moved(mode)))

    def _moved(self, mode: Active) -> Active:
        place = self.layout.place(mode.index)
        if place.whole:
            return Active(0, mode.offset)
        offset = constant(mode.offset)
        if offset is None:
            raise ValueError("only a constant offset can be moved into a region")
        return Active(0, [const(I32, place.base + offset), END])

    def main_datas(self) -> list[Data]:
        """The segments as they stand in the main module, with the same indices."""
        return [self._main_data(dataidx, data) for dataidx, data in enumerate(self.datas)]

    def _main_data(self, dataidx: int, data: Data) -> Data:
        mode = data.mode
        if not isinstance(mode, Active):
            return data
        if self.at_start:
            # What follows a segment that does not fit is neither applied nor dropped: it can still be read.
            return Data(data.init if dataidx in self._near else b"", "passive")
        if mode.index in self.layout.helper_of:
            # Dropped at instantiation, like every active segment.
            return Data(b"", "passive")
        return Data(data.init, self._moved(mode))

    # Calls into helpers

    def _copy(self, dataidx: int, memory: int) -> int:
        """Index of the segment in the helper of a memory."""
        helper = self.parts.helpers[self.layout.helper_of[memory]]
        key = (helper.number, dataidx)
        if key not in self._copies:
            self._copies[key] = len(helper.module.datas)
            data = self.datas[dataidx]
            dropped = isinstance(data.mode, Active) and not self.at_start
            helper.module.datas.append(Data(b"" if dropped else data.init, "passive"))
            helper.module.data_count = len(helper.module.datas)
        return self._copies[key]

    def far_init(self, dataidx: int, memory: int) -> Instr:
        """A call that does ``memory.init`` in a helper."""
        place = self.layout.place(memory)
        body = sequences.init(place, self._copy(dataidx, memory))
        type_ = FuncType((place.addrtype, I32, I32), ())
        return self.parts.far(memory, ("memory.init", dataidx, memory), type_, body)

    def far_drops(self, dataidx: int) -> list[Instr]:
        """Calls that drop all copies of a segment."""
        drops: list[Instr] = []
        for memory in self._far.get(dataidx, ()):
            body = [instr("data.drop", self._copy(dataidx, memory))]
            drops.append(self.parts.far(memory, ("data.drop", dataidx), FuncType((), ()), body))
        return list(dict.fromkeys(drops))

    # The start function

    def prelude(self) -> list[Instr] | None:
        """What the start function does first; ``None`` when instantiation does it. Locals: see `START_LOCALS`."""
        active = [
            (dataidx, data, data.mode)
            for dataidx, data in enumerate(self.datas)
            if isinstance(data.mode, Active)
        ]
        if not self.at_start or not active:
            return None
        out: list[Instr] = []
        for dataidx, data, mode in active:
            memory = mode.index
            place = self.layout.place(memory)
            out += [*mode.offset[:-1], const(I32, 0), const(I32, len(data.init))]
            if memory in self.layout.helper_of:
                out.append(self.far_init(dataidx, memory))
            elif place.whole:
                out.append(instr("memory.init", dataidx, 0))
            else:
                locals_ = (3 if place.addrtype is I64 else 0, 1, 2)
                out += [instr("local.set", local) for local in reversed(locals_)]
                out += sequences.init(place, dataidx, locals_)
            out += [instr("data.drop", dataidx), *self.far_drops(dataidx)]
        return out
