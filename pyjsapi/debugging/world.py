"""What a debugged program can change: the state of all instances that it reaches, kept and given back in place."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from pyjsapi.compiler.environment import Environment
from pyjsapi.debugging.errors import DebugError
from pyjsapi.runtime import FuncInst, GlobalInst, MemInst, TableInst
from pyjsapi.runtime.gc import ArrayInst, StructInst
from pyjsapi.runtime.instance import ModuleInstance

_CHUNK: Final = 4096
"""Bytes that are compared at once where memories differ."""


class Image(NamedTuple):
    """What a host function could change, as it is at some time."""

    mems: list[bytes]
    tables: list[list[Any]]
    globals: list[Any]


class Changes(NamedTuple):
    """What a host function has changed."""

    lengths: list[tuple[int, int]]
    """Pairs (number of a memory, its length in bytes)."""
    writes: list[tuple[int, int, bytes]]
    """Triples (number of a memory, address, bytes)."""
    tables: list[tuple[int, list[Any]]]
    globals: list[tuple[int, Any]]


class World:
    """The instances that can be reached from one, and what they have."""

    def __init__(self, instance: ModuleInstance) -> None:
        self.environments: list[Environment] = []
        self.mems: list[MemInst] = []
        self.tables: list[TableInst] = []
        self.globals: list[GlobalInst] = []
        self._seen: set[int] = set()
        self._start: list[Any] = []
        self._aggregates: list[tuple[StructInst | ArrayInst, list[Any]]] = []
        self._add(instance)

    def _add(self, first: ModuleInstance) -> None:
        pending = [first]
        while pending:
            instance = pending.pop()
            if id(instance) in self._seen:
                continue
            self._seen.add(id(instance))
            for own, known in (
                (instance.mems, self.mems),
                (instance.tables, self.tables),
                (instance.globals, self.globals),
            ):
                _add_new(own, known)
            for func in self._functions(instance):
                if isinstance(func.owner, Environment):
                    if func.owner not in self.environments:
                        self.environments.append(func.owner)
                    pending.append(func.owner.instance)

    @staticmethod
    def _functions(instance: ModuleInstance) -> Iterator[FuncInst]:
        yield from instance.funcs
        for table in instance.tables:
            yield from (each for each in table.elems if isinstance(each, FuncInst))
        for global_ in instance.globals:
            if isinstance(global_.cell[0], FuncInst):
                yield global_.cell[0]

    def functions(self) -> Iterator[FuncInst]:
        """The functions of all instances, those in tables and globals too; some of them more than once."""
        for instance in self._instances():
            yield from self._functions(instance)

    # ---- what a host function does

    def image(self) -> Image:
        """What there is now."""
        return Image(
            [memory.block.read(0, memory.byte_length) for memory in self.mems],
            [list(table.elems) for table in self.tables],
            [global_.cell[0] for global_ in self.globals],
        )

    def changes(self, before: Image) -> Changes:
        """What is different now."""
        found = Changes([], [], [], [])
        for number, (memory, old) in enumerate(zip(self.mems, before.mems, strict=True)):
            new = memory.block.read(0, memory.byte_length)
            if new == old:
                continue
            if len(new) != len(old):
                found.lengths.append((number, len(new)))
                old = old.ljust(len(new), b"\0")
            found.writes.extend((number, *written) for written in _differences(old, new))
        for number, (table, elements) in enumerate(zip(self.tables, before.tables, strict=True)):
            if not _same(table.elems, elements):
                found.tables.append((number, list(table.elems)))
        for number, (global_, value) in enumerate(zip(self.globals, before.globals, strict=True)):
            if not _is_same(global_.cell[0], value):
                found.globals.append((number, global_.cell[0]))
        return found

    def apply(self, changes: Changes) -> None:
        """Make these changes again."""
        for number, length in changes.lengths:
            memory = self.mems[number]
            more = length - memory.byte_length >> memory.declared_type.page_size_log2
            if more > 0 and memory.grow(more) < 0:
                raise DebugError("a memory cannot grow as it did before")
        for number, address, data in changes.writes:
            self.mems[number].block.write(address, data)
        for number, elements in changes.tables:
            _set_elements(self.tables[number], elements)
        for number, value in changes.globals:
            self.globals[number].cell[0] = value

    # ---- the start

    def keep(self) -> None:
        """Keep all as it is now, for `restore`."""
        self._start = [
            self.image(),
            [
                (list(map(list, instance.elems)), list(instance.datas))
                for instance in self._instances()
            ],
        ]
        self._aggregates = list(self._reached())

    def restore(self) -> None:
        """Have all be as it was. Raises `DebugError` where a memory has grown that cannot shrink."""
        image, segments = self._start
        for memory, data in zip(self.mems, image.mems, strict=True):
            if not memory.rewind(data):
                raise DebugError(
                    "a memory has grown whose block cannot shrink (a shared one, or one with mappings): "
                    "there is no way back"
                )
        for table, elements in zip(self.tables, image.tables, strict=True):
            _set_elements(table, elements)
        for global_, value in zip(self.globals, image.globals, strict=True):
            global_.cell[0] = value
        for instance, (elems, datas) in zip(self._instances(), segments, strict=True):
            instance.elems[:] = map(list, elems)
            instance.datas[:] = datas
        for aggregate, values in self._aggregates:
            if isinstance(aggregate, StructInst):
                aggregate.fields[:] = values
            else:
                aggregate.elems[:] = values

    def _instances(self) -> Iterator[ModuleInstance]:
        return (environment.instance for environment in self.environments)

    def _reached(self) -> Iterator[tuple[StructInst | ArrayInst, list[Any]]]:
        """The structures and arrays that can be reached, with what is in them."""
        pending: list[Any] = [global_.cell[0] for global_ in self.globals]
        for table in self.tables:
            pending += table.elems
        for instance in self._instances():
            for segment in instance.elems:
                pending += segment
        seen = set()
        while pending:
            value = pending.pop()
            if not isinstance(value, StructInst | ArrayInst) or id(value) in seen:
                continue
            seen.add(id(value))
            inside = list(value.fields if isinstance(value, StructInst) else value.elems)
            yield value, inside
            pending += inside


def _add_new(items: list[Any], known: list[Any]) -> None:
    have = set(map(id, known))
    known.extend(item for item in dict.fromkeys(items) if id(item) not in have)


def _same(left: list[Any], right: list[Any]) -> bool:
    return len(left) == len(right) and all(map(_is_same, left, right))


def _is_same(left: Any, right: Any) -> bool:
    """Not whether they are equal: NaNs are not, and objects of the host may say what they like."""
    if left is right:
        return True
    if left.__class__ is not right.__class__ or left.__class__ not in (int, float):
        return False
    return bool(left == right and str(left) == str(right))


def _differences(old: bytes, new: bytes) -> Iterator[tuple[int, bytes]]:
    for start in range(0, len(new), _CHUNK):
        chunk = new[start : start + _CHUNK]
        if chunk != old[start : start + _CHUNK]:
            yield start, chunk


def _set_elements(table: TableInst, elements: list[Any]) -> None:
    table.rewind(elements)
