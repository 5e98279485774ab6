"""The modules under construction that belong together: the main module and its helpers."""

from __future__ import annotations

from pyjsapi.lowering.builder import MEMORY, Builder, Helper, Source, helper_export
from pyjsapi.lowering.layout import Layout
from pyjsapi.lowering.storages import Storage
from pyjsapi.rewriting.instrs import const, instr
from pyjsapi.syntax.module import Instr, Module
from pyjsapi.syntax.types import I32, FuncType, GlobalType, MemType, ValType


class Parts:
    """The main module and the helpers, as the layout wants them, without functions yet."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        original = layout.original
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
        self.main = Builder(module)
        self._import_originals()
        _add_sizes(self.main, layout.primary)
        self.helpers: list[Helper] = []
        for number, storage in enumerate(layout.helpers):
            helper = Helper(number, storage.type, storage.import_)
            _add_sizes(helper, storage)
            self.helpers.append(helper)
        self._owner: Helper | None = None
        """Defines the memory of the main module, where others need it too."""

    def _import_originals(self) -> None:
        primary = self.layout.primary
        mine = None if primary.import_ is None else primary.import_[0]
        for position, item in enumerate(self.layout.original.imports):
            if not isinstance(item.type, MemType) or position == mine:
                self.main.import_(position, item.type, (item.module, item.name))
        if mine is None:
            self.main.module.mems.append(primary.type)

    def helper(self, memory: int) -> Helper | None:
        """The helper that a memory of the original is in; ``None`` for the main module."""
        number = self.layout.helper_of.get(memory)
        return None if number is None else self.helpers[number]

    def memory_source(self, memory: int) -> Source:
        """Where the linker finds the storage of a memory, before the main module is instantiated."""
        helper = self.helper(memory) or self._owner
        if helper is None:
            primary = self.layout.primary
            if primary.import_ is not None:
                return primary.import_[0]
            helper = self._owner = Helper(len(self.helpers), primary.type, None)
            self.helpers.append(helper)
            self.main.module.mems.clear()
            self.main.import_(helper_export(helper.number, MEMORY), primary.type)
        return helper_export(helper.number, MEMORY)

    def far(
        self, memory: int, key: tuple[object, ...], type_: FuncType, body: list[Instr],
        locals_: tuple[ValType, ...] = (),
    ) -> Instr:  # fmt: skip
        """A call of a function in the helper of a memory, known by ``key``."""
        helper = self.helpers[self.layout.helper_of[memory]]
        source = helper.export_function(key, type_, locals_, body)
        return instr("call", self.main.import_function(source, type_))


def _add_sizes(builder: Builder, storage: Storage) -> None:
    """Add the globals that hold sizes of regions."""
    for place in storage.places:
        if place.size_global is not None:
            size = const(I32, place.minimum)
            builder.add_global(GlobalType(I32, True), size)
