"""The state of an instance beside the bytes of its memories: taken, and given to another instance of its module."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from pyjsapi.runtime import GlobalInst, MemInst, TableInst
from pyjsapi.runtime.instance import ModuleInstance
from pyjsapi.snapshots.errors import SnapshotError
from pyjsapi.snapshots.images import Image, fill_memory
from pyjsapi.snapshots.reading import ValueReader
from pyjsapi.snapshots.writing import Writer
from pyjsapi.syntax.errors import DecodeError
from pyjsapi.syntax.module import Module
from pyjsapi.syntax.types import FuncExtern, GlobalType, MemType, RefType, TableType

_FUNCTIONS: Final = 0
_VALUES: Final = 1
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Part:
    """What of an instance a snapshot has: its own things, or with ``imported`` those that it imports as well."""

    instance: ModuleInstance
    imported: bool

    def mems(self) -> Iterator[tuple[int, MemInst]]:
        """Memories and their indices."""
        return self._of(self.instance.mems, MemType)

    def tables(self) -> Iterator[tuple[int, TableInst]]:
        """Tables and their indices."""
        return self._of(self.instance.tables, TableType)

    def globals(self) -> Iterator[tuple[int, GlobalInst]]:
        """Those globals whose values the imports do not fix: mutable ones, and references of the instance's own."""
        first = _imported(self.instance, GlobalType)
        for index, global_ in self._of(self.instance.globals, GlobalType):
            type_ = global_.type
            if type_.mutable or (index >= first and isinstance(type_.valtype, RefType)):
                yield index, global_

    def constants(self) -> Iterator[tuple[int, GlobalInst]]:
        """Numbers that the instance imports, and that what it holds may depend on."""
        for index in range(_imported(self.instance, GlobalType)):
            global_ = self.instance.globals[index]
            if not global_.type.mutable and not isinstance(global_.type.valtype, RefType):
                yield index, global_

    def _of(self, items: Sequence[_T], kind: type) -> Iterator[tuple[int, _T]]:
        first = 0 if self.imported else _imported(self.instance, kind)
        return ((index, items[index]) for index in range(first, len(items)))


def _imported(instance: ModuleInstance, kind: type) -> int:
    """How many things of a kind an instance imports."""
    return sum(isinstance(each, kind) for each in instance.context.imports)


def is_running(instance: ModuleInstance) -> bool:
    """Whether any thread runs code of an instance."""
    first = _imported(instance, FuncExtern)
    if first == len(instance.funcs):
        return False
    owner = instance.funcs[first].owner
    return owner is not None and owner.is_running()


# ---- taken


def write_state(part: Part) -> bytes:
    """Everything but the bytes of memories. Raises `SnapshotError`."""
    instance = part.instance
    writer = Writer(instance)
    for index, global_ in part.constants():
        writer.value(global_.cell[0], global_.type.valtype, f"global {index}")
    for index, global_ in part.globals():
        writer.value(global_.cell[0], global_.type.valtype, f"global {index}")
    for index, table in part.tables():
        _write_references(writer, table.elems, table.reftype, f"table {index}")
    for index, segment in enumerate(instance.elems):
        _write_references(
            writer, segment, instance.context.elems[index], f"element segment {index}"
        )
    writer.out += bytes(map(bool, instance.datas))
    return writer.aggregates() + bytes(writer.out)


def _write_references(writer: Writer, values: Sequence[Any], type_: RefType, where: str) -> None:
    writer.count(len(values))
    mark = len(writer.out)
    writer.out.append(_FUNCTIONS)
    if not writer.functions(values):
        writer.out[mark] = _VALUES
        writer.values(values, type_, where)


# ---- given


class State:
    """A state that was read for an instance, and fits it: `apply` gives it. Raises `SnapshotError`."""

    def __init__(self, data: bytes, images: Sequence[Image], part: Part) -> None:
        self._part = part
        self._images = images
        if len(images) != len(list(part.mems())):
            raise SnapshotError(f"{len(images)} memories, where the module has others")
        try:
            self._read(ValueReader(data, part.instance))
        except DecodeError as error:
            raise SnapshotError(f"the state is damaged: {error}") from error

    def _read(self, reader: ValueReader) -> None:
        part, instance = self._part, self._part.instance
        reader.read_aggregates()
        for index, global_ in part.constants():
            _check_constant(reader, global_, index)
        self._globals = [
            (global_, reader.value(global_.type.valtype)) for _, global_ in part.globals()
        ]
        self._tables = [
            (table, _read_table(reader, table, index)) for index, table in part.tables()
        ]
        self._elems = [
            _read_segment(reader, type_, index)
            for index, type_ in enumerate(instance.context.elems)
        ]
        self._datas = reader.bytes(len(instance.datas))
        if reader.left:
            raise SnapshotError(f"{reader.left} bytes follow the state")
        for (index, memory), image in zip(part.mems(), self._images, strict=True):
            _check_memory(memory, image, index)
        self._contents = [image.contents() for image in self._images]

    def apply(self, *, fresh: bool) -> None:
        """Give it, to an instance that was just made if ``fresh``."""
        part, instance = self._part, self._part.instance
        for (index, memory), image in zip(part.mems(), self._images, strict=True):
            _grow(memory, image, index)
        for index, (table, elements) in enumerate(self._tables):
            _grow_table(table, len(elements), index)
        first = _imported(instance, MemType)
        for (index, memory), image, contents in zip(
            part.mems(), self._images, self._contents, strict=True
        ):
            fill_memory(memory, image, contents, is_zero=fresh and index >= first)
        for table, elements in self._tables:
            table.init(0, 0, len(elements), elements)
        for global_, value in self._globals:
            global_.cell[0] = value
        instance.elems[:] = self._elems
        instance.datas[:] = _segments(instance.module, self._datas)


def _segments(module: Module, kept: bytes) -> list[bytes]:
    return [data.init if keep else b"" for data, keep in zip(module.datas, kept, strict=True)]


def _read_references(
    reader: ValueReader, type_: RefType, check: Callable[[int], None]
) -> list[Any]:
    count = reader.u32()
    check(count)
    kind = reader.byte()
    if kind == _FUNCTIONS:
        return reader.functions(count, type_)
    if kind != _VALUES:
        raise SnapshotError(f"references are stored in an unknown way ({kind})")
    return reader.values(count, type_)


def _read_table(reader: ValueReader, table: TableInst, index: int) -> list[Any]:
    def check(count: int) -> None:
        size = table.size()
        if count < size:
            raise SnapshotError(
                f"table {index} has {size} elements, and had {count}: tables never shrink"
            )
        if count > table.ceiling:
            raise SnapshotError(
                f"table {index} had {count} elements, but may have {table.ceiling} here"
            )

    return _read_references(reader, table.reftype, check)


def _read_segment(reader: ValueReader, type_: RefType, index: int) -> list[Any]:
    length = len(reader.instance.module.elems[index].init)

    def check(count: int) -> None:
        if count not in (0, length):
            raise SnapshotError(f"element segment {index} has {length} elements, not {count}")

    return _read_references(reader, type_, check)


def _check_constant(reader: ValueReader, global_: GlobalInst, index: int) -> None:
    writer_type = global_.type.valtype
    start = reader.pos
    was = reader.value(writer_type)
    now = Writer(reader.instance)
    now.value(global_.cell[0], writer_type, "")
    if bytes(now.out) != reader.data[start : reader.pos]:
        raise SnapshotError(
            f"the imported global {index} is {global_.cell[0]}, but was {was} when the snapshot was taken"
        )


def _check_memory(memory: MemInst, image: Image, index: int) -> None:
    page_size = memory.declared_type.page_size
    pages = image.byte_length // page_size
    if image.byte_length % page_size:
        raise SnapshotError(f"memory {index} had {image.byte_length} bytes: these are no pages")
    if pages < memory.pages:
        raise SnapshotError(
            f"memory {index} has {memory.pages} pages, and had {pages}: memories never shrink"
        )
    if pages > memory.ceiling:
        raise SnapshotError(f"memory {index} had {pages} pages, but may have {memory.ceiling} here")


def _grow(memory: MemInst, image: Image, index: int) -> None:
    more = image.byte_length // memory.declared_type.page_size - memory.pages
    if more and memory.grow(more) < 0:
        raise SnapshotError(f"memory {index} cannot grow by {more} pages")


def _grow_table(table: TableInst, size: int, index: int) -> None:
    more = size - table.size()
    if more and table.grow(table.elems[0] if table.elems else None, more) < 0:
        raise SnapshotError(f"table {index} cannot grow by {more} elements")
