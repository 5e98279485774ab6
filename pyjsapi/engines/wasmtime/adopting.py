"""What another engine made, or nobody's yet, becomes native when a module on Wasmtime imports it.

What it stands on is exchanged, the objects stay: a memory's block, a table's elements, a global's cell.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from pyjsapi.blocks.block import Block
from pyjsapi.blocks.heap import HeapBlock
from pyjsapi.engines.mixing import refused
from pyjsapi.engines.wasmtime import factories
from pyjsapi.engines.wasmtime.library import NAME
from pyjsapi.engines.wasmtime.objects import Cell, NativeElements
from pyjsapi.engines.wasmtime.reservations import NativeBlock
from pyjsapi.engines.wasmtime.shared_blocks import NativeSharedBlock
from pyjsapi.engines.wasmtime.words import MEMORY_KIND, SHARED_KIND, Words, words
from pyjsapi.runtime.instantiate import import_place
from pyjsapi.syntax.errors import LinkError

if TYPE_CHECKING:
    from pyjsapi.embedding.valid_module import ValidModule
    from pyjsapi.engines.wasmtime.store import Store
    from pyjsapi.runtime.global_ import GlobalInst
    from pyjsapi.runtime.memory import MemInst
    from pyjsapi.runtime.table import TableInst

_ELSEWHERE: Final = "its bytes are in a place of their own"


def native_memory(
    store: Store, module: ValidModule, index: int, memory: MemInst
) -> tuple[int, Words]:
    """The kind and the handle of a memory that is import number ``index`` of a module. Raises `LinkError`."""
    block = memory.block
    if isinstance(block, NativeSharedBlock):
        memory.held_by = memory.held_by or NAME
        handle = words(1)
        handle[0] = block.pointer
        return SHARED_KIND, handle
    if isinstance(block, NativeBlock):
        _must_be_here(store, block.home, module, index, "memory")
        memory.held_by = memory.held_by or NAME
        return MEMORY_KIND, block.handle
    if not _is_plain(memory):
        raise refused(module, index, "memory", memory.held_by, NAME, _ELSEWHERE)
    try:
        return MEMORY_KIND, take_memory(store, memory).handle
    except BufferError as error:
        raise refused(module, index, "memory", memory.held_by, NAME, str(error)) from error


def _is_plain(memory: MemInst) -> bool:
    return memory.block.__class__ is HeapBlock and not memory.by_calls


def take_memory(store: Store, memory: MemInst) -> NativeBlock:
    """Have a memory of the Python engine's, or one that floats, be native. Raises `BufferError` where it cannot be."""
    if not _is_plain(memory):
        raise BufferError(_ELSEWHERE)
    made = factories.new_memory(store, replace(memory.declared_type, minimum=memory.pages))

    def moved(old: Block) -> Block:
        made.write(0, bytes(old.data))
        return made

    memory.take(NAME, moved)
    return made


def native_table(store: Store, module: ValidModule, index: int, table: TableInst) -> Words:
    """Likewise of a table."""
    elements: NativeElements | Any = table.elems
    if not isinstance(elements, NativeElements):
        if table.held_by is not None:
            raise refused(module, index, "table", table.held_by, NAME)
        type_ = replace(table.type, maximum=max(table.ceiling, table.size()))
        handle = factories.new_table(store, replace(type_, minimum=0), None)
        made = NativeElements(store, type_.reftype, handle)
        made.extend(elements)
        table.take(NAME, made)
        return made.handle
    _must_be_here(store, elements.store, module, index, "table")
    return elements.handle


def native_global(store: Store, module: ValidModule, index: int, global_: GlobalInst) -> Words:
    """Likewise of a global. Of an immutable one the value is enough."""
    type_, cell = global_.type, global_.cell
    if isinstance(cell, Cell) and (cell.store is store or type_.mutable):
        _must_be_here(store, cell.store, module, index, "global")
        return cell.handle
    if type_.mutable and global_.held_by is not None:
        raise refused(module, index, "global", global_.held_by, NAME)
    handle = factories.new_global(store, type_, cell[0])
    if global_.held_by is None:
        global_.take(NAME, Cell(store, type_.valtype, handle))
    return handle


def _must_be_here(
    store: Store, home: Store | None, module: ValidModule, index: int, kind: str
) -> None:
    if home is not store:
        raise LinkError(
            f"the {kind} belongs to another thread, which runs it on Wasmtime: there only functions, tags, immutable "
            "globals and shared memories are for several threads",
            import_place(module.module, index),
        )
