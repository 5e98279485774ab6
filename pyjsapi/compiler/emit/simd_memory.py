"""Vector loads and stores (core: "Memory Instructions").

Whole vectors are moved by `struct`. Everything narrower is a scalar load or store, whose emitters know the ways into
a memory, with something done to the vector before or after.
"""

from __future__ import annotations

import re
from typing import Final

from pyjsapi.compiler.emit import accessor as emit_accessor
from pyjsapi.compiler.emit.integer import two_atoms
from pyjsapi.compiler.emit.registry import EMITTERS, emits
from pyjsapi.compiler.emit.simd import lane_value, replaced_lane, splat, vector
from pyjsapi.compiler.expression import (
    ATOM,
    CONST,
    EFFECT,
    MEMORY,
    P_BIT_OR,
    P_PRIMARY,
    P_SUM,
    TRAPS,
    TRUTH,
    Entry,
    Lanes,
    Loaded,
)
from pyjsapi.compiler.frame import Frame
from pyjsapi.compiler.support.simd_shapes import I8X16, I16X8, I32X4, I64X2
from pyjsapi.syntax.instructions import BY_MNEMONIC, OPS, Imm
from pyjsapi.syntax.module import Instr
from pyjsapi.syntax.types import V128

_SIZE: Final = 16
_SHAPE_OF: Final = {8: I8X16, 16: I16X8, 32: I32X4, 64: I64X2}
_SCALAR_LOADS: Final = {
    8: BY_MNEMONIC["i32.load8_u"],
    16: BY_MNEMONIC["i32.load16_u"],
    32: BY_MNEMONIC["i32.load"],
    64: BY_MNEMONIC["i64.load"],
}
_SCALAR_STORES: Final = {
    8: BY_MNEMONIC["i32.store8"],
    16: BY_MNEMONIC["i32.store16"],
    32: BY_MNEMONIC["i32.store"],
    64: BY_MNEMONIC["i64.store"],
}
_EXTENDING: Final = re.compile(r"load(8x8|16x4|32x2)_([su])")


def _where(address: Entry, offset: int) -> str:
    return f"{address.at(P_SUM)}+{offset}" if offset else address.text


def _before(frame: Frame, address: Entry, value: Entry) -> Entry:
    """A popped address that can be evaluated after the vector above it."""
    if (address.flags & ~TRUTH and value.flags & (TRAPS | EFFECT)) or (
        address.flags & EFFECT and value.flags
    ):
        height = len(frame.stack)
        return frame.keep(frame.materialise(address, height), height, height + 1)
    return address


def _scalar_load(frame: Frame, instr: Instr) -> Entry:
    """What the instruction's width of bits loads, without sign."""
    op, k, align, offset = instr[:4]
    scalar = _SCALAR_LOADS[op.width]
    EMITTERS[scalar](frame, (scalar, k, align, offset))
    return frame.stack.pop()


@emits("v128.load")
def _load(frame: Frame, instr: Instr) -> None:
    _, k, _, offset = instr
    if frame.scope.memories[k].by_calls:
        emit_accessor.emit_load(frame, instr, _SIZE)
        return
    address = frame.pop_canonical()
    if address.flags & EFFECT:  # a call may grow the memory, which would move the bytes
        address = frame.force(address, len(frame.stack))
    frame.accessed(address, frame.scope.memories[k], offset, _SIZE)
    text = f"(t:=uV(ba{k},{_where(address, offset)}))[0]|t[1]<<64"
    flags = address.flags & ~TRUTH | MEMORY | TRAPS
    form = Loaded(f"ba{k},{_where(address, offset)}")
    frame.push(Entry(V128, text, P_BIT_OR, deps=address.deps, flags=flags, form=form))


@emits("v128.store")
def _store(frame: Frame, instr: Instr) -> None:
    _, k, _, offset = instr
    if frame.scope.memories[k].by_calls:
        emit_accessor.emit_store(frame, instr, _SIZE)
        return
    value = frame.stack.pop()
    address = frame.pop_canonical()
    if (address.flags | value.flags) & EFFECT:
        address, value = two_atoms(frame, address, value)
    where = _where(address, offset)
    line = f"pV(ba{k},{where},{value.at(P_PRIMARY)}.to_bytes(16,'little'))"
    if isinstance(value.form, Lanes) and (value.form.quiet or value.form.shape == "f64x2"):
        storer = "pVF" if value.form.shape == "f32x4" else "pVD"
        line = f"{storer}(ba{k},{where},{value.form.text})"
    elif value.form is CONST:
        line = f"pV(ba{k},{where},{value.low.to_bytes(16, 'little')!r})"
    frame.emit(line, 0, True, True)
    frame.accessed(address, frame.scope.memories[k], offset, _SIZE)


def _load_splat(frame: Frame, instr: Instr) -> None:
    value = _scalar_load(frame, instr)
    frame.push(splat(_SHAPE_OF[instr[0].width], value))


def _load_zero(frame: Frame, instr: Instr) -> None:
    value = _scalar_load(frame, instr)
    frame.push(vector(value.text, value.prec, value))


def _load_extending(frame: Frame, instr: Instr) -> None:
    match = _EXTENDING.fullmatch(instr[0].family)
    if match is None:
        raise ValueError(f"{instr[0]} does not extend what it loads")
    source = _SHAPE_OF[int(match[1].split("x")[0])]
    target = _SHAPE_OF[2 * source.lane_bits]
    value = _scalar_load(frame, instr)
    text = f"V.{target}_extend_low_{source}_{match[2]}({value.text})"
    frame.push(vector(text, ATOM, value))


def _load_lane(frame: Frame, instr: Instr) -> None:
    value = frame.stack.pop()
    frame.stack.append(_before(frame, frame.stack.pop(), value))
    loaded = _scalar_load(frame, instr)
    # The vector is evaluated before the access can trap.
    frame.push(replaced_lane(_SHAPE_OF[instr[0].width], value, instr[4], loaded))


def _store_lane(frame: Frame, instr: Instr) -> None:
    op, k, align, offset, lane = instr
    value = frame.stack.pop()
    frame.stack.append(lane_value(_SHAPE_OF[op.width], value, lane))
    scalar = _SCALAR_STORES[op.width]
    EMITTERS[scalar](frame, (scalar, k, align, offset))


for _op in OPS:
    if _op.feature != "simd" or _op in EMITTERS:
        continue
    if _op.imm is Imm.MEMARG_LANE:
        emits(_op.mnemonic)(_load_lane if _op.results else _store_lane)
    elif _op.imm is Imm.MEMARG:
        if _op.family.endswith("_splat"):
            emits(_op.mnemonic)(_load_splat)
        elif _op.family.endswith("_zero"):
            emits(_op.mnemonic)(_load_zero)
        else:
            emits(_op.mnemonic)(_load_extending)
