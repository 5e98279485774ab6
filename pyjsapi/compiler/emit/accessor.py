"""Memory instructions as calls of a memory's accessors (see `runtime.accessors`).

An accessor takes addresses and integers modulo the range of their type, checks bounds, and gives canonical values: so
neither masks nor copies of operands are needed. ``i32_load_0(address, offset)`` is the accessor of memory 0.
"""

from __future__ import annotations

from typing import Final

from pyjsapi.compiler.expression import (
    ATOM,
    EFFECT,
    MASK,
    MEMORY,
    P_CONDITIONAL,
    TRAPS,
    TRUTH,
    Entry,
    Loaded,
)
from pyjsapi.compiler.frame import Frame
from pyjsapi.runtime.accessors import SIZE, VECTOR_BYTES, accessor_name
from pyjsapi.syntax.instructions import OPS
from pyjsapi.syntax.module import Instr
from pyjsapi.syntax.types import F32, F64, V128

_RESULTS: Final = {op: op.results[0] for op in OPS if op.results}


def call(frame: Frame, memidx: int, name: str, *arguments: str) -> str:
    """The text of a call of an accessor."""
    frame.accessors.add((memidx, name))
    return f"{name}_{memidx}({','.join(arguments)})"


def _argument(frame: Frame, entry: Entry) -> str:
    return (frame.canonical(entry) if entry.flags & TRUTH else entry).at(P_CONDITIONAL)


def _arguments(frame: Frame, offset: int, *operands: Entry) -> list[str]:
    texts = [_argument(frame, operand) for operand in operands]
    return [*texts, str(offset)] if offset else texts


def emit_load(frame: Frame, instr: Instr, size: int) -> None:
    """A load of ``size`` bytes, of any type."""
    op, k, _, offset = instr
    address = frame.stack.pop()
    arguments = _arguments(frame, offset, address)
    text = call(frame, k, accessor_name(op), *arguments)
    frame.accessed(address, frame.scope.memories[k], offset, size)
    flags = address.flags & ~TRUTH | MEMORY | TRAPS
    type_ = _RESULTS[op]
    if type_ is V128:
        form = Loaded(call(frame, k, VECTOR_BYTES, *arguments))
        frame.push(Entry(type_, text, ATOM, deps=address.deps, flags=flags, form=form))
    elif type_ is F32 or type_ is F64:
        frame.push(Entry(type_, text, ATOM, deps=address.deps, flags=flags))
    else:
        high = MASK[type_] if op.family.endswith("_s") else (1 << 8 * size) - 1
        frame.push(Entry(type_, text, ATOM, 0, high, address.deps, flags))


def emit_store(frame: Frame, instr: Instr, size: int) -> None:
    """A store of ``size`` bytes, of any type."""
    op, k, _, offset = instr
    value = frame.stack.pop()
    address = frame.stack.pop()
    text = call(frame, k, accessor_name(op), *_arguments(frame, offset, address, value))
    frame.emit(text, 0, True, True)
    frame.accessed(address, frame.scope.memories[k], offset, size)


def emit_size(frame: Frame, memidx: int) -> None:
    """``memory.size``; another thread may change it."""
    memory = frame.scope.memories[memidx]
    flags = EFFECT if memory.shared else MEMORY
    text = call(frame, memidx, SIZE)
    frame.push(Entry(memory.addrtype, text, ATOM, 0, MASK[memory.addrtype], 0, flags))
