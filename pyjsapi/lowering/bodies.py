"""The functions that stay in the main module, with what changes in them."""

from __future__ import annotations

from collections.abc import Sequence

from pyjsapi.binary.body import BinaryCode
from pyjsapi.binary.code import MEMARG_HAS_INDEX
from pyjsapi.binary.scan import Stop
from pyjsapi.lowering import sequences
from pyjsapi.lowering.accesses import (
    at_home,
    far_access,
    is_access,
    is_plain,
    near_access,
    scratch_access,
)
from pyjsapi.lowering.copies import cross_copy
from pyjsapi.lowering.parts import Parts
from pyjsapi.lowering.segments import Segments
from pyjsapi.lowering.signatures import signature
from pyjsapi.lowering.windows import Window, WindowFinder, call_of, function_of
from pyjsapi.rewriting.units import Added, Body, Edit, Locals, Payload, encode_all
from pyjsapi.syntax.instructions import Imm
from pyjsapi.syntax.module import Func, Instr, op_of
from pyjsapi.syntax.op import Op
from pyjsapi.syntax.types import I32, FuncType, ValType


class Rewriter:
    """Says what changes in functions, and adds to the parts what the new code calls."""

    def __init__(self, parts: Parts, segments: Segments, *, windows: bool) -> None:
        self.parts = parts
        self.layout = parts.layout
        self.segments = segments
        self.windows = windows
        self._operator_types: dict[tuple[Op, int], FuncType] = {}

    def body(self, func: Func, stops: Sequence[Stop]) -> Body:
        """The edits of a function."""
        if not isinstance(func.code, BinaryCode):
            raise TypeError("only the code of a decoded module can be lowered")
        body = Body(func.code, func.typeidx)
        edits = {window.pos: self._window(window, body) for window in self._windows(stops, body)}
        done = 0
        for edit in edits.values():
            body.edits.append(edit)
        covered = sorted(edits)
        for stop in stops:
            while done < len(covered) and edits[covered[done]].end <= stop.pos:
                done += 1
            if done < len(covered) and covered[done] <= stop.pos:
                continue
            payload = self._replacement(stop, body)
            if payload is None and _may_be_long(body.code.data, stop):
                payload = [encode_all([stop.instr])]
            if payload is not None:
                body.edits.append(Edit(stop.pos, stop.end, payload))
        if edits:
            body.edits.sort(key=lambda edit: edit.pos)
        return body

    def _locals(self, body: Body) -> Locals:
        """The function's locals, to which some can be added."""
        if body.locals is None:
            body.locals = Locals(body.code, self.layout.function_type(body.typeidx))
        return body.locals

    # Windows

    def _windows(self, stops: Sequence[Stop], body: Body) -> list[Window]:
        if not self.windows:
            return []
        far = [stop for stop in stops if self._is_far_access(stop.instr)]
        if len(far) < 2:
            return []
        finder = WindowFinder(body.code.data, self.layout.helper_of.get, self._operator_type)
        return finder.find(stops, body.code.end, self._locals(body).types())

    def _is_far_access(self, original: Instr) -> bool:
        return is_access(original) and original[1] in self.layout.helper_of

    def _operator_type(self, original: Instr) -> FuncType:
        op = op_of(original)
        key = (op, original[1]) if is_access(original) else (op, -1)
        known = self._operator_types.get(key)
        if known is None:
            if key[1] >= 0:
                known = signature(original, self.layout.place(original[1]))
            elif op.params is not None and op.results is not None:
                known = FuncType(op.params, op.results)
            else:
                raise TypeError(f"{op} has no signature of its own")
            self._operator_types[key] = known
        return known

    def _window(self, window: Window, body: Body) -> Edit:
        def access(original: Instr, scratch: int) -> tuple[list[Instr], list[ValType]]:
            return scratch_access(self.layout, original, scratch)

        types = self._locals(body).types()
        type_, locals_, function = function_of(window, types, access)
        key = ("window", tuple(function), type_)
        call = self.parts.far(window.memory, key, type_, function, locals_)
        return Edit(window.pos, window.end, [encode_all(call_of(window, call))])

    # Single instructions

    def _replacement(self, stop: Stop, body: Body) -> list[Payload] | None:
        original = stop.instr
        match op_of(original).imm:
            case Imm.FUNC:
                return [stop] if original[1] >= self.layout.imported_functions else None
            case Imm.MEMARG | Imm.MEMARG_LANE:
                return self._access(original, body)
            case Imm.MEM:
                return self._memory_op(original)
            case Imm.MEM_MEM:
                return self._copy(original)
            case Imm.DATA_MEM:
                body.names_data = True
                return self._init(original)
            case Imm.DATA:
                body.names_data = True
                drops = self.segments.far_drops(original[1])
                return [encode_all([original, *drops])] if drops else None
            case _:
                body.names_data = True
                return None

    def _access(self, original: Instr, body: Body) -> list[Payload] | None:
        memory = original[1]
        if memory in self.layout.helper_of:
            return [encode_all([far_access(self.parts, original)])]
        place = self.layout.place(memory)
        if is_plain(place):
            return None if memory == 0 else [encode_all(at_home(place, original, ()))]
        return [encode_all(near_access(self.layout, original, self._locals(body)))]

    def _memory_op(self, original: Instr) -> list[Payload] | None:
        op, memory = original
        place = self.layout.place(memory)
        type_ = signature(original, place)
        make = sequences.OF_ONE_MEMORY[op.family]
        free = sequences.free_locals(op.family, place)
        if memory in self.layout.helper_of:
            return [encode_all([self.parts.far(memory, (op, memory), type_, make(place), free)])]
        if place.whole and op.family != "discard":
            return None if memory == 0 else [encode_all([(op, 0)])]
        if op.family == "size":
            return [encode_all(make(place))]
        return [Added(self.parts.main.add((op, memory), type_, free, make(place)))]

    def _copy(self, original: Instr) -> list[Payload] | None:
        op, to, from_ = original
        destination, source = self.layout.place(to), self.layout.place(from_)
        d, s = destination.addrtype, source.addrtype
        type_ = FuncType((d, s, sequences.count_type(d, s)), ())
        helper = self.layout.helper_of.get(to)
        if helper != self.layout.helper_of.get(from_):
            return [Added(cross_copy(self.parts, to, from_, type_))]
        body = sequences.copy(destination, source)
        if helper is not None:
            return [encode_all([self.parts.far(to, original, type_, body)])]
        if destination.whole:
            return None if to == from_ == 0 else [encode_all([(op, 0, 0)])]
        return [Added(self.parts.main.add(original, type_, (), body))]

    def _init(self, original: Instr) -> list[Payload] | None:
        op, dataidx, memory = original
        place = self.layout.place(memory)
        if memory in self.layout.helper_of:
            return [encode_all([self.segments.far_init(dataidx, memory)])]
        if place.whole:
            return None if memory == 0 else [encode_all([(op, dataidx, 0)])]
        type_ = FuncType((place.addrtype, I32, I32), ())
        return [Added(self.parts.main.add(original, type_, (), sequences.init(place, dataidx)))]


def _may_be_long(data: bytes, stop: Stop) -> bool:
    """Whether memory 0 may be written in a form that engines with one memory do not know, like any index."""
    op = op_of(stop.instr)
    if op.imm is Imm.MEMARG and not op.prefix:
        return data[stop.pos + 1] >= MEMARG_HAS_INDEX
    return op.imm in (Imm.MEMARG, Imm.MEMARG_LANE, Imm.MEM, Imm.MEM_MEM, Imm.DATA_MEM)
