"""Memory instructions (core: "Memory Instructions").

An address that is proven to be aligned becomes an index into a typed view; one that the module says is aligned is
tested; any other access goes through `struct`. Out of bounds is Python's IndexError or struct.error: addresses are
canonical, hence never negative, and the offset is added without wrapping.
"""

from __future__ import annotations

from typing import Final

from pyjsapi.compiler.elements import Index, element_index
from pyjsapi.compiler.emit import accessor as emit_accessor
from pyjsapi.compiler.emit.registry import emits
from pyjsapi.compiler.expression import (
    ATOM,
    CONST,
    EFFECT,
    MASK,
    MEMORY,
    NAME,
    P_BIT_AND,
    P_CONDITIONAL,
    P_PRODUCT,
    P_SUM,
    TRAPS,
    TRUTH,
    Entry,
)
from pyjsapi.compiler.frame import Frame
from pyjsapi.compiler.scope import MemoryScope
from pyjsapi.syntax.instructions import OPS, Imm, Op
from pyjsapi.syntax.module import Instr
from pyjsapi.syntax.types import F32, F64, I32, ValType

_SHORT: Final = 24
"""Characters of a value that may be written in both branches of a store."""


class _Access:
    """What a load or store does, from its row."""

    __slots__ = ("loader", "result", "signed", "size", "storer", "view")

    def __init__(self, op: Op, value_type: ValType) -> None:
        self.result = value_type
        self.size = op.width // 8
        self.signed = op.family.endswith("_s")
        letter = value_type.name[0] if value_type in (F32, F64) else "u"
        self.view = f"{letter}{op.width}"
        code = {"f32": "F", "f64": "D", "u16": "H", "u32": "I", "u64": "Q", "u8": "B"}[self.view]
        self.loader = f"u{code}"
        self.storer = f"p{code}"


def _accesses(family: str) -> dict[Op, _Access]:
    found = {}
    for op in OPS:
        if op.imm is Imm.MEMARG and op.family.startswith(family) and op.prefix == 0:
            value_types = op.results or (op.params or ())[1:]
            found[op] = _Access(op, value_types[0])
    return found


_LOADS: Final = _accesses("load")
_STORES: Final = _accesses("store")


def plus(address: Entry, offset: int) -> str:
    """The effective address, as text."""
    return f"{address.at(P_SUM)}+{offset}" if offset else address.text


def _tested_index(frame: Frame, address: Entry, size: int, offset: int) -> tuple[str, str, int]:
    """Index and misalignment test, as text, of a variable's address; and their dependencies."""
    quotient = f"{address.text}//{size}"
    remainder = f"{address.text}&{size - 1}"
    deps = 0
    if address.local >= 0 and frame.options.reuse:
        quotient, bit = frame.reused(address.local, "q", size, quotient)
        remainder, other = frame.reused(address.local, "a", size - 1, remainder)
        deps = bit | other
    if offset:
        quotient = f"{quotient}+{offset // size}"
    return quotient, remainder, deps


def _load_text(
    frame: Frame, access: _Access, memory: MemoryScope, address: Entry, instr: Instr,
    index: Index | None,
) -> tuple[str, int, int]:  # fmt: skip
    """Text, precedence and additional dependencies of a load of more than one byte."""
    _, k, align_log2, offset = instr
    size = access.size
    view = f"{access.view}_{k}"
    if index is not None:
        return f"{view}[{index.text}]", ATOM, index.deps
    where = plus(address, offset)
    if frame.options.views and 1 << align_log2 == size and address.form is not CONST:
        if address.form is NAME and offset % size == 0:
            quotient, remainder, deps = _tested_index(frame, address, size, offset)
            text = f"{view}[{quotient}] if not {remainder} else {access.loader}(ba{k},{where})[0]"
            return text, P_CONDITIONAL, deps
        text = f"{view}[t//{size}] if not (t:={where})&{size - 1} else {access.loader}(ba{k},t)[0]"
        return text, P_CONDITIONAL, 0
    return f"{access.loader}(ba{k},{where})[0]", ATOM, 0


def _load(frame: Frame, instr: Instr) -> None:
    op, k, _, offset = instr
    access = _LOADS[op]
    memory = frame.scope.memories[k]
    if memory.by_calls:
        emit_accessor.emit_load(frame, instr, access.size)
        return
    address = frame.stack.pop()
    if address.flags & EFFECT:
        # Python looks the bytes up first, but a call may grow the memory, which may move them.
        address = frame.force(address, len(frame.stack))
    size = access.size
    type_ = access.result
    index = element_index(frame, address, size, offset) if size > 1 else None
    if index is None:
        address = frame.canonical(address)
    if type_ is F32 and (address.flags & ~TRUTH or frame.length(address.text) > _SHORT):
        address = frame.materialise(address, len(frame.stack))
        index = element_index(frame, address, size, offset)
    frame.accessed(address, memory, offset, size)
    flags = address.flags & ~TRUTH | MEMORY | TRAPS
    deps = address.deps
    if size == 1:
        text = f"ba{k}[{plus(address, offset)}]"
        frame.push(_byte(text, access, deps, flags))
        return
    text, prec, more = _load_text(frame, access, memory, address, instr, index)
    deps |= more
    if type_ is F32:
        # The conversion to a Python float would make a signalling NaN quiet.
        where = plus(frame.canonical(address), offset)
        text = (
            f"x if (x:={text if prec > P_CONDITIONAL else f'({text})'})==x else ldf(ba{k},{where})"
        )
        frame.push(Entry(F32, text, P_CONDITIONAL, deps=deps, flags=flags))
        return
    if type_ is F64:
        frame.push(Entry(F64, text, prec, deps=deps, flags=flags))
        return
    high = (1 << 8 * size) - 1
    if access.signed:
        mask = MASK[type_]
        half = high + 1 >> 1
        text = (
            f"x if (x:={text if prec > P_CONDITIONAL else f'({text})'})<{half} else x|{mask ^ high}"
        )
        prec, high = P_CONDITIONAL, mask
    frame.push(Entry(type_, text, prec, 0, high, deps, flags))


def _byte(text: str, access: _Access, deps: int, flags: int) -> Entry:
    """A byte as a value of its type; the negative ones are looked up."""
    type_ = access.result
    if not access.signed:
        return Entry(type_, text, ATOM, 0, 255, deps, flags)
    text = f"{'T8' if type_ is I32 else 'T8L'}[{text}]"
    return Entry(type_, text, ATOM, 0, MASK[type_], deps, flags)


def _stored_value(frame: Frame, value: Entry, access: _Access) -> Entry:
    type_ = value.type
    if type_ is F32 or type_ is F64:
        return value
    if access.size * 8 == type_.bits or value.flags & TRUTH:
        value = frame.canonical(value)
    full = (1 << 8 * access.size) - 1
    if value.low >= 0 and value.high <= full:
        return value
    text = f"{value.at(P_BIT_AND)}&{full}"
    return Entry(type_, text, P_BIT_AND, 0, full, value.deps, value.flags)


def _store(frame: Frame, instr: Instr) -> None:
    op, k, _, offset = instr
    access = _STORES[op]
    size = access.size
    if frame.scope.memories[k].by_calls:
        emit_accessor.emit_store(frame, instr, size)
        return
    value = frame.stack.pop()
    address = frame.stack.pop()
    value = _stored_value(frame, value, access)
    height = len(frame.stack)
    if (address.flags | value.flags) & EFFECT:
        # Python may look the bytes up first, but a call may grow the memory, which may move them.
        if address.flags & ~TRUTH:
            address = frame.materialise(address, height)
        address = frame.keep(address, height, height + 1)
        value = frame.materialise(value, height + 1)
    elif address.flags & ~TRUTH and value.flags & TRAPS:
        # Python evaluates the right side of an assignment first.
        address = frame.keep(frame.materialise(address, height), height, height + 1)
    index = element_index(frame, address, size, offset) if size > 1 else None
    if index is None:
        address = frame.canonical(address)
    if access.result is F32:
        address = _store_f32(frame, instr, address, value, index)
    elif size == 1:
        frame.emit(f"ba{k}[{plus(address, offset)}]={value.text}", 0, True, True)
    elif index is not None:
        frame.emit(f"{access.view}_{k}[{index.text}]={value.text}", 0, True, True)
    elif frame.options.views and _may_be_element(frame, instr, size) and address.form is not CONST:
        address = _store_tested(frame, instr, access, address, value)
    else:
        line = f"{access.storer}(ba{k},{plus(address, offset)},{value.text})"
        frame.emit(line, 0, True, True)
    frame.accessed(address, frame.scope.memories[k], offset, size)


def _may_be_element(frame: Frame, instr: Instr, size: int) -> bool:
    """Whether a store is worth a test for alignment.

    The module says so; or the memory is shared, where an aligned integer of at most 4 bytes must not be seen half
    written, whatever the module says: `struct` writes zeros first.
    """
    _, k, align_log2, _ = instr
    return 1 << align_log2 == size or (size <= 4 and frame.scope.memories[k].shared)


def _store_tested(
    frame: Frame, instr: Instr, access: _Access, address: Entry, value: Entry
) -> Entry:
    _, k, _, offset = instr
    size = access.size
    height = len(frame.stack)
    named = address.form is NAME and offset % size == 0
    if frame.length(value.text) > _SHORT or (value.flags and not named):
        if address.flags & ~TRUTH:
            address = frame.materialise(address, height)
        if not value.atomic:
            address = frame.keep(address, height, height + 1)
        value = frame.materialise(value, height + 1)
        named = address.form is NAME and offset % size == 0
    where = plus(address, offset)
    if named:
        quotient, remainder, _ = _tested_index(frame, address, size, offset)
        frame.emit(f"if {remainder}: {access.storer}(ba{k},{where},{value.text})", 0, True, True)
        frame.write(f"else: {access.view}_{k}[{quotient}]={value.text}")
    else:
        test = f"(u:={where})&{size - 1}"
        frame.emit(f"if {test}: {access.storer}(ba{k},u,{value.text})", 0, True, True)
        frame.write(f"else: {access.view}_{k}[u//{size}]={value.text}")
    return address


def _store_f32(
    frame: Frame, instr: Instr, address: Entry, value: Entry, index: Index | None
) -> Entry:
    """A NaN is stored bit by bit; any other value through the view, where aligned."""
    _, k, align_log2, offset = instr
    height = len(frame.stack)
    if index is None or address.flags & ~TRUTH:
        address = frame.materialise(address, height)
        index = element_index(frame, address, 4, offset)
    if not value.atomic:
        kept = frame.keep(address, height, height + 1)
        if kept is not address:
            address, index = kept, element_index(frame, kept, 4, offset)
        value = frame.materialise(value, height + 1)
    where = plus(frame.canonical(address), offset)
    v = value.text
    fallback = f"stf(ba{k},{where},{v})"
    if index is not None:
        frame.emit(f"if {v}=={v}: f32_{k}[{index.text}]={v}", 0, True, True)
        frame.write(f"else: {fallback}")
    elif frame.options.views and align_log2 == 2 and address.form is NAME and offset % 4 == 0:
        quotient, remainder, _ = _tested_index(frame, address, 4, offset)
        frame.emit(f"if {remainder} or {v}!={v}: {fallback}", 0, True, True)
        frame.write(f"else: f32_{k}[{quotient}]={v}")
    else:
        frame.emit(fallback, 0, True, True)
    return address


for _op in _LOADS:
    emits(_op.mnemonic)(_load)
for _op in _STORES:
    emits(_op.mnemonic)(_store)


@emits("memory.size")
def _memory_size(frame: Frame, instr: Instr) -> None:
    memory = frame.scope.memories[instr[1]]
    if memory.by_calls:
        emit_accessor.emit_size(frame, memory.index)
        return
    if memory.shared:
        text = f"M[{memory.index}].pages"
        frame.push(Entry(memory.addrtype, text, ATOM, 0, MASK[memory.addrtype], 0, EFFECT))
        return
    text, prec = f"len(ba{memory.index})", ATOM
    if memory.page_size_log2:
        text, prec = f"{text}//{1 << memory.page_size_log2}", P_PRODUCT
    most = min(FULL_SIZE >> memory.page_size_log2, MASK[memory.addrtype])
    frame.push(Entry(memory.addrtype, text, prec, 0, most, 0, MEMORY))


FULL_SIZE: Final = 1 << 63
"""Bytes that no memory exceeds."""


@emits("memory.grow")
def _memory_grow(frame: Frame, instr: Instr) -> None:
    memory = frame.scope.memories[instr[1]]
    mask = MASK[memory.addrtype]
    delta = frame.pop_canonical()
    text = f"M[{memory.index}].grow({delta.text})&{mask}"
    flags = delta.flags | EFFECT | TRAPS
    frame.push(Entry(memory.addrtype, text, P_BIT_AND, 0, mask, delta.deps, flags))


def bulk_call(frame: Frame, line: str, operands: int) -> None:
    """Write a statement with the popped operands put into ``line``, evaluated in order."""
    values = frame.pop_values(operands)
    frame.emit(line.format(*(value.text for value in values)), 0, True, True)


def method(frame: Frame, space: str, index: int, name: str) -> str:
    """A call of a method of a memory or table, up to its first argument.

    Where code may have to end it calls a function, which does long work in pieces: see `runtime.pieces`.
    """
    if not frame.scope.metering:
        return f"{space}[{index}].{name}("
    return f"{'memory' if space == 'M' else 'table'}_{name}({space}[{index}],"


@emits("memory.fill")
def _memory_fill(frame: Frame, instr: Instr) -> None:
    bulk_call(frame, f"{method(frame, 'M', instr[1], 'fill')}{{}},{{}},{{}})", 3)


@emits("memory.discard")
def _memory_discard(frame: Frame, instr: Instr) -> None:
    bulk_call(frame, f"{method(frame, 'M', instr[1], 'discard')}{{}},{{}})", 2)


@emits("memory.copy")
def _memory_copy(frame: Frame, instr: Instr) -> None:
    bulk_call(frame, f"{method(frame, 'M', instr[1], 'copy')}M[{instr[2]}],{{}},{{}},{{}})", 3)


@emits("memory.init")
def _memory_init(frame: Frame, instr: Instr) -> None:
    bulk_call(frame, f"{method(frame, 'M', instr[2], 'init')}{{}},{{}},{{}},D[{instr[1]}])", 3)


@emits("data.drop")
def _data_drop(frame: Frame, instr: Instr) -> None:
    frame.emit(f"D[{instr[1]}]=b''", 0, True, True)
