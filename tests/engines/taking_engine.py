"""An engine that has memories, tables and globals in a way of its own, as one of machine code does.

It runs modules by the Python engine on what it has taken over: what it refuses, and what it takes, are what is tested.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from pyjsapi.blocks.block import Block, Bytes
from pyjsapi.engines.mixing import refused
from pyjsapi.runtime import ExternVal, GlobalInst, MemInst, TableInst
from pyjsapi.runtime.instance import ModuleInstance
from pyjsapi.runtime.instantiate import Setup
from pyjsapi.runtime.table import callable_for
from pyjsapi.syntax.deftypes import DefType
from pyjsapi.syntax.errors import Trap
from tests.engines.second_engine import SecondEngine, SecondInstance, SecondModule


class OwnBlock(Block):
    """Bytes of a fixed place, as those of Wasmtime are: a piece of a larger one."""

    __slots__ = ("_length", "_whole")

    def __init__(self, data: bytes, most: int) -> None:
        self._whole = bytearray(min(most, 1 << 22))
        self._whole[: len(data)] = data
        self._length = len(data)

    @property
    def most(self) -> int:
        return len(self._whole)

    @property
    def data(self) -> Bytes:
        return memoryview(self._whole)[: self._length]

    @property
    def length(self) -> int:
        return self._length

    def extend(self, length: int) -> None:
        self._length = length


class FarBlock(OwnBlock):
    """The same bytes, reached by calls, as those of JavaScript are."""

    __slots__ = ()

    by_calls = True


class OwnElements:
    """Elements of a table, which nobody has a list of."""

    def __init__(self, elements: Sequence[Any]) -> None:
        self._own = dict(enumerate(elements))

    def __len__(self) -> int:
        return len(self._own)

    def __getitem__(self, key: Any, /) -> Any:
        if isinstance(key, slice):
            return [self._own[index] for index in range(*key.indices(len(self)))]
        return self._own[key]

    def __setitem__(self, key: slice, values: Sequence[Any], /) -> None:
        self._own |= dict(zip(range(*key.indices(len(self))), values, strict=True))

    def extend(self, values: Sequence[Any], /) -> None:
        self._own |= dict(enumerate(values, len(self)))

    def calls(self, type_: DefType, instance: ModuleInstance | None, /) -> Any:
        return _Calls(self, type_)


class _Calls:
    def __init__(self, elements: OwnElements, type_: DefType) -> None:
        self._elements, self._type = elements, type_

    def __getitem__(self, index: int) -> Callable[..., Any]:
        if index >= len(self._elements):
            raise Trap("undefined element")
        return callable_for(self._elements[index], index, self._type)


class OwnCell:
    """The value of a global."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __getitem__(self, _: int) -> Any:
        return self.value

    def __setitem__(self, _: int, value: Any) -> None:
        self.value = value


class TakingEngine(SecondEngine):
    """See above. ``block`` makes its blocks: near, or reached by calls."""

    name = "taking"

    def __init__(self, block: type[OwnBlock] = OwnBlock) -> None:
        super().__init__()
        self._block = block

    def instantiate(
        self, module: SecondModule, imports: Sequence[ExternVal], /, setup: Setup | None = None
    ) -> SecondInstance:
        for index, value in enumerate(imports):
            if isinstance(value, MemInst):
                self._take_memory(module, index, value)
            elif isinstance(value, TableInst):
                self._take_table(module, index, value)
            elif isinstance(value, GlobalInst):
                self._take_global(module, index, value)
        return super().instantiate(module, imports, setup)

    def _take_memory(self, module: SecondModule, index: int, memory: MemInst) -> None:
        if isinstance(memory.block, OwnBlock):
            return
        if memory.declared_type.shared:
            raise refused(
                module, index, "memory", memory.held_by, self.name, "it has no shared ones"
            )
        try:
            most = memory.may_exceed
            memory.take(self.name, lambda block: self._block(bytes(block.data), most))
        except BufferError as error:
            raise refused(module, index, "memory", memory.held_by, self.name, str(error)) from error

    def _take_table(self, module: SecondModule, index: int, table: TableInst) -> None:
        if table.held_by is None:
            table.take(self.name, OwnElements(table.elems))
        elif not isinstance(table.elems, OwnElements):
            raise refused(module, index, "table", table.held_by, self.name)

    def _take_global(self, module: SecondModule, index: int, global_: GlobalInst) -> None:
        if global_.held_by is None:
            global_.take(self.name, OwnCell(global_.cell[0]))
        elif global_.type.mutable and not isinstance(global_.cell, OwnCell):
            raise refused(module, index, "global", global_.held_by, self.name)
