"""The module that replaces the original one, with the helpers that it imports from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from pyjsapi.binary.code import MEMARG_HAS_INDEX, BinaryCode
from pyjsapi.binary.encoder import EncodedCode
from pyjsapi.binary.names import names_of
from pyjsapi.lowering import sequences
from pyjsapi.lowering.builder import MEMORY, Builder, Helper, Source, helper_export
from pyjsapi.lowering.copies import cross_copy
from pyjsapi.lowering.errors import LoweringError
from pyjsapi.lowering.hints import SECTION as HINTS
from pyjsapi.lowering.hints import map_hints
from pyjsapi.lowering.indices import exposed_functions, map_functions, map_names
from pyjsapi.lowering.outline import Mover, choose, plain_types
from pyjsapi.lowering.segments import START_LOCALS, Segments
from pyjsapi.lowering.sequences import Place, instr
from pyjsapi.lowering.signatures import signature
from pyjsapi.lowering.storages import Storage, Use
from pyjsapi.lowering.units import Added, Body, Edit, Locals, Payload, assemble, encode_all
from pyjsapi.lowering.windows import Window, WindowFinder, call_of, function_of
from pyjsapi.syntax.instructions import Imm
from pyjsapi.syntax.module import Export, Func, Import, Instr, Module, op_of
from pyjsapi.syntax.op import Op
from pyjsapi.syntax.types import I32, FuncExtern, FuncType, GlobalType, MemType, ValType
from pyjsapi.validation.limits import Limits

if TYPE_CHECKING:
    from pyjsapi.binary.scan import Stop
    from pyjsapi.lowering.lower import Options

_LIMITS: Final = Limits()
HIDDEN: Final = "\0pyjsapi:"
"""How the names of exports begin that are for the linker alone."""


class MainModule:
    """The lowered module under construction."""

    def __init__(
        self,
        original: Module,
        stops: list[list[Stop]],
        uses: list[Use],
        storages: list[Storage],
        options: Options,
    ) -> None:
        self.original = original
        self.stops = stops
        self.uses = uses
        self.options = options
        self.primary = max(storages, key=lambda s: (s.weight, -s.places[0].memory))
        self.helpers: list[Helper] = []
        self.helper_of: dict[int, Helper] = {}
        """By memory index; a memory without a helper lives in the main module."""
        self.imported_functions = len(original.imported(FuncExtern))
        self.comps = [sub.comp for rec in original.types for sub in rec.subtypes]
        self.hidden_functions: list[tuple[str, int]] = []
        self.outlined: dict[int, int] = {}
        """Functions that live in helpers, by their position among the definitions: index of the import."""
        self.operator_types: dict[tuple[Op, int], FuncType] = {}
        self.owner: Helper | None = None
        """Defines the memory of the main module, where others need it too."""
        module = Module(
            types=list(original.types),
            imports=[],
            tables=original.tables,
            tags=original.tags,
            globals=list(original.globals),
            exports=[],
            elems=original.elems,
            customs=list(original.customs),
        )
        self.builder = Builder(module)
        self._import_originals()
        for storage in storages:
            self._house(storage)
        self.segments = Segments(self)

    def _import_originals(self) -> None:
        primary = self.primary
        mine = None if primary.import_ is None else primary.import_[0]
        for position, item in enumerate(self.original.imports):
            if not isinstance(item.type, MemType) or position == mine:
                self.builder.import_(position, item.type, (item.module, item.name))
        if mine is None:
            self.builder.module.mems.append(primary.type)

    def _house(self, storage: Storage) -> None:
        host: Builder = self.builder
        if storage is not self.primary:
            host = helper = Helper(len(self.helpers), storage.type, storage.import_)
            self.helpers.append(helper)
            for place in storage.places:
                self.helper_of[place.memory] = helper
        for place in storage.places:
            if place.grows and place.reserved is not None:
                place.size_global = len(host.module.global_types)
                size = sequences.const(I32, place.minimum)
                host.add_global(GlobalType(I32, True), size)

    def place(self, memory: int) -> Place:
        """Where a memory of the original module is."""
        return self.uses[memory].place

    def memory_source(self, memory: int) -> Source:
        """Where the linker finds the storage of a memory, before the main module is instantiated."""
        helper = self.helper_of.get(memory) or self.owner
        if helper is None:
            if self.primary.import_ is not None:
                return self.primary.import_[0]
            helper = self.owner = Helper(len(self.helpers), self.primary.type, None)
            self.helpers.append(helper)
            self.builder.module.mems.clear()
            self.builder.import_(helper_export(helper.number, MEMORY), self.primary.type)
        return helper_export(helper.number, MEMORY)

    # Functions of helpers

    def far(
        self, memory: int, key: tuple[object, ...], type_: FuncType, body: list[Instr],
        locals_: tuple[ValType, ...] = (),
    ) -> Instr:  # fmt: skip
        """A call of a function in the helper of a memory, known by ``key``."""
        helper = self.helper_of[memory]
        source = helper.export_function(key, type_, locals_, body)
        return instr("call", self.builder.import_function(source, type_))

    def far_access(self, original: Instr) -> Instr:
        """A call that does what a load, store or atomic access does."""
        op, memory, *rest = original
        place = self.place(memory)
        type_ = signature(original, place)
        body = sequences.access(place, original, range(len(type_.params)))
        return self.far(memory, (op, place.memory, *rest), type_, body)

    # Rewriting

    def body(self, func: Func, stops: list[Stop]) -> Body:
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

    def _windows(self, stops: list[Stop], body: Body) -> list[Window]:
        if not self.options.windows:
            return []
        far = [stop for stop in stops if self._is_far_access(stop.instr)]
        if len(far) < 2:
            return []
        finder = WindowFinder(body.code.data, self.helper_number, self._operator_type)
        return finder.find(stops, body.code.end, self.locals_of(body).types())

    def _is_far_access(self, original: Instr) -> bool:
        return (
            op_of(original).imm in (Imm.MEMARG, Imm.MEMARG_LANE) and original[1] in self.helper_of
        )

    def helper_number(self, memory: int) -> int | None:
        """The helper that a memory is in."""
        helper = self.helper_of.get(memory)
        return None if helper is None else helper.number

    def _operator_type(self, original: Instr) -> FuncType:
        op = op_of(original)
        key = (op, original[1]) if op.imm in (Imm.MEMARG, Imm.MEMARG_LANE) else (op, -1)
        known = self.operator_types.get(key)
        if known is None:
            if key[1] >= 0:
                known = signature(original, self.place(original[1]))
            elif op.params is not None and op.results is not None:
                known = FuncType(op.params, op.results)
            else:
                raise TypeError(f"{op} has no signature of its own")
            self.operator_types[key] = known
        return known

    def _window(self, window: Window, body: Body) -> Edit:
        types = self.locals_of(body).types()
        type_, locals_, function = function_of(window, types, self._scratch_access)
        key = ("window", tuple(function), type_)
        call = self.far(window.memory, key, type_, function, locals_)
        return Edit(window.pos, window.end, [encode_all(call_of(window, call))])

    def _scratch_access(self, original: Instr, scratch: int) -> tuple[list[Instr], list[ValType]]:
        """An access in a function of the helper's, with locals of its own from an index on."""
        params = signature(original, self.place(original[1])).params
        locals_ = range(scratch, scratch + len(params))
        sequence = self._at_home(original, locals_)
        return sequence, [] if len(sequence) == 1 else list(params)

    def near_access(self, original: Instr, locals_: Locals) -> list[Instr]:
        """An access in the module that holds the memory, with its operands on the stack."""
        params = signature(original, self.place(original[1])).params
        place = self.place(original[1])
        needs = not (place.whole or (place.unchecked and place.base == 0))
        return self._at_home(original, locals_.take(params) if needs else ())

    def _at_home(self, original: Instr, locals_: Sequence[int]) -> list[Instr]:
        op, memory, *rest = original
        place = self.place(memory)
        if place.whole or (place.unchecked and place.base == 0):
            return [(op, 0, *rest)]
        sets = [instr("local.set", local) for local in reversed(locals_)]
        return [*sets, *sequences.access(place, original, locals_)]

    def _replacement(self, stop: Stop, body: Body) -> list[Payload] | None:
        original = stop.instr
        op = op_of(original)
        match op.imm:
            case Imm.FUNC:
                return [stop] if original[1] >= self.imported_functions else None
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
        if memory in self.helper_of:
            return [encode_all([self.far_access(original)])]
        place = self.place(memory)
        if place.whole or (place.unchecked and place.base == 0):
            return None if memory == 0 else [encode_all(self._at_home(original, ()))]
        return [encode_all(self.near_access(original, self.locals_of(body)))]

    def locals_of(self, body: Body) -> Locals:
        """The function's locals, to which some can be added."""
        if body.locals is None:
            body.locals = Locals(body.code, self.function_type(body.typeidx))
        return body.locals

    def function_type(self, typeidx: int) -> FuncType:
        """A function type of the original module."""
        comp = self.comps[typeidx]
        if not isinstance(comp, FuncType):
            raise TypeError(f"type {typeidx} is no function type")
        return comp

    def _memory_op(self, original: Instr) -> list[Payload] | None:
        op, memory = original
        place = self.place(memory)
        type_ = signature(original, place)
        make = {"size": sequences.size, "grow": sequences.grow, "fill": sequences.fill}[op.family]
        free = (place.addrtype,) if op.family == "grow" and not place.whole else ()
        if memory in self.helper_of:
            return [encode_all([self.far(memory, (op, memory), type_, make(place), free)])]
        if place.whole:
            return None if memory == 0 else [encode_all([(op, 0)])]
        if op.family == "size":
            return [encode_all(make(place))]
        return [Added(self.builder.add((op, memory), type_, free, make(place)))]

    def _copy(self, original: Instr) -> list[Payload] | None:
        op, to, from_ = original
        destination, source = self.place(to), self.place(from_)
        d, s = destination.addrtype, source.addrtype
        type_ = FuncType((d, s, sequences.count_type(d, s)), ())
        helper = self.helper_of.get(to)
        if helper is not self.helper_of.get(from_):
            return [Added(cross_copy(self, to, from_, type_))]
        body = sequences.copy(destination, source)
        if helper is not None:
            return [encode_all([self.far(to, original, type_, body)])]
        if destination.whole:
            return None if to == from_ == 0 else [encode_all([(op, 0, 0)])]
        return [Added(self.builder.add(original, type_, (), body))]

    def _init(self, original: Instr) -> list[Payload] | None:
        op, dataidx, memory = original
        place = self.place(memory)
        if memory in self.helper_of:
            return [encode_all([self.segments.far_init(dataidx, memory)])]
        if place.whole:
            return None if memory == 0 else [encode_all([(op, dataidx, 0)])]
        type_ = FuncType((place.addrtype, I32, I32), ())
        return [Added(self.builder.add(original, type_, (), sequences.init(place, dataidx)))]

    # Functions that move to helpers

    def _outline(self) -> None:
        chosen = choose(self.original, self.stops, self.helper_number)
        names = names_of(self.original).funcs if chosen else {}
        types = plain_types(self.original)
        positions: dict[int, int] = {}
        for function, number in chosen.items():
            helper, typeidx = self.helpers[number], self.original.funcs[function].typeidx
            index = function + self.imported_functions
            position = positions[index] = helper.reserve(("function", index), types[typeidx])
            source = helper.export(position)
            self.outlined[function] = self.builder.import_function_as(source, typeidx)
            if index in names:
                helper.names[position] = names[index]
        for function, number in chosen.items():
            func = self.original.funcs[function]
            if isinstance(func.code, BinaryCode):
                mover = Mover(self, self.helpers[number], positions)
                type_, stops = types[func.typeidx], self.stops[function]
                code = mover.code(func.code, type_, func.typeidx, stops)
                self.helpers[number].fill(positions[function + self.imported_functions], code)

    # The whole

    def build(self) -> tuple[Module, list[Module]]:
        """The main module and the helpers."""
        original, builder = self.original, self.builder
        module = builder.module
        if self.options.outline and self.helpers:
            self._outline()
        bodies = [
            (position + self.imported_functions, self.body(func, stops))
            for position, (func, stops) in enumerate(zip(original.funcs, self.stops, strict=True))
            if position not in self.outlined
        ]
        prelude = self.segments.prelude()
        shift = builder.import_count - self.imported_functions
        base = builder.import_count + len(bodies)
        function = self.function = self._function_map(shift)
        module.start = None if original.start is None else function(original.start)
        if prelude is not None:
            if module.start is not None:
                prelude.append(instr("call", module.start))
            module.start = base + builder.add("start", FuncType((), ()), START_LOCALS, prelude)
        hinted = any(custom.name == HINTS for custom in module.customs)
        offsets: dict[int, list[tuple[int, int]]] = {}
        for index, body in bodies:
            if not shift and not self.outlined:
                body.edits = [edit for edit in body.edits if not _names_function(edit)]
            stretches = offsets.setdefault(index, []) if hinted else None
            code = assemble(body, function, lambda position: base + position, stretches)
            _check_limits(index, body, code)
            module.funcs.append(Func(body.typeidx, code))
        module.customs = [
            map_hints(custom, function, offsets) if custom.name == HINTS else custom
            for custom in module.customs
        ]
        module.datas = self.segments.main_datas()
        module.data_count = len(module.datas) if module.datas else original.data_count
        self._export(shift)
        module = builder.finish()
        if shift or self.outlined:
            map_functions(module, function)
        module.customs = map_names(module.customs, function, self._memory_name_map())
        return module, [helper.finish() for helper in self.helpers]

    def _function_map(self, shift: int) -> Callable[[int], int]:
        imported, outlined = self.imported_functions, self.outlined
        if not outlined:
            return lambda index: index if index < imported else index + shift
        new = list(range(imported))
        following = self.builder.import_count
        for position in range(len(self.original.funcs)):
            if position in outlined:
                new.append(outlined[position])
            else:
                new.append(following)
                following += 1
        return new.__getitem__

    def shows_index(self, index: int) -> bool:
        """Whether a function's ``name`` in JavaScript is the index that it has in the original."""
        position = index - self.imported_functions
        return self.function(index) == index and position not in self.outlined

    def reader(self) -> Module:
        """A module with the original's imports and nothing else; numbers stand for the memories of helpers."""
        imported = (use.import_ for memory, use in enumerate(self.uses) if memory in self.helper_of)
        far = {import_[0] for import_ in imported if import_ is not None}
        number = GlobalType(I32, False)
        return Module(
            types=self.original.types,
            imports=[
                Import(item.module, item.name, number if position in far else item.type)
                for position, item in enumerate(self.original.imports)
            ],
        )

    def _memory_name_map(self) -> dict[int, int]:
        """New indices of the memories that still have one."""
        place = self.primary.places[0]
        return {place.memory: 0} if place.whole else {}

    def _export(self, shift: int) -> None:
        exports = self.builder.module.exports
        for export in self.original.exports:
            index = export.index
            if export.kind == "memory":
                if index in self.helper_of:
                    continue
                index = 0
            elif export.kind == "func":
                index = self.function(index)
            exports.append(Export(export.name, export.kind, index))
        if shift or self.outlined:
            for index in exposed_functions(self.original, self.stops):
                name = f"{HIDDEN}{index}"
                exports.append(Export(name, "func", self.function(index)))
                self.hidden_functions.append((name, index))


def _may_be_long(data: bytes, stop: Stop) -> bool:
    """Whether memory 0 may be written in a form that engines with one memory do not know, like any index."""
    op = op_of(stop.instr)
    if op.imm is Imm.MEMARG and not op.prefix:
        return data[stop.pos + 1] >= MEMARG_HAS_INDEX
    return op.imm in (Imm.MEMARG, Imm.MEMARG_LANE, Imm.MEM, Imm.MEM_MEM, Imm.DATA_MEM)


def _check_limits(index: int, body: Body, code: EncodedCode) -> None:
    """A function that was just within the limits of the JS API may not be any more."""
    locals_ = 0 if body.locals is None else body.locals.count + len(body.locals.more)
    if locals_ > _LIMITS.locals or len(code.data) > _LIMITS.body_size:
        raise LoweringError(
            f"lowered, the function has {locals_} locals and {len(code.data)} bytes; engines allow "
            f"{_LIMITS.locals} and {_LIMITS.body_size}",
            funcidx=index,
            offset=body.code.start,
        )


def _names_function(edit: Edit) -> bool:
    return not isinstance(edit.payload[0], (bytes, Added))
