"""Vector instructions (core: "Vector Instructions").

A v128 is an `int`; see `support.simd_shapes`. Bitwise operations, sums, shifts by constants and lanes are written out,
because a call would cost as much as they do; everything else calls a function of `support.simd`, which generated code
knows as ``V``.
"""

from __future__ import annotations

from typing import Final

from pyjsapi.compiler.emit.integer import two_atoms
from pyjsapi.compiler.emit.registry import EMITTERS, emits
from pyjsapi.compiler.expression import (
    ATOM,
    CONST,
    MASK,
    P_BIT_AND,
    P_BIT_OR,
    P_CONDITIONAL,
    P_PRODUCT,
    P_SHIFT,
    P_SUM,
    P_XOR,
    TRUTH,
    Entry,
    literal,
)
from pyjsapi.compiler.frame import Frame
from pyjsapi.compiler.support.simd_shapes import INTEGER_SHAPES, MASK128, SHAPES, Shape
from pyjsapi.syntax.instructions import BY_MNEMONIC, OPS, Imm
from pyjsapi.syntax.module import Instr
from pyjsapi.syntax.types import F32, F64, I32, I64, V128, ValType

_SHAPES: Final = tuple(SHAPES.values())


def vector(text: str, prec: int, *operands: Entry) -> Entry:
    """A pending v128 made from operands that are evaluated in this order."""
    deps = flags = 0
    for operand in operands:
        deps |= operand.deps
        flags |= operand.flags
    return Entry(V128, text, prec, deps=deps, flags=flags & ~TRUTH)


def vector_literal(bits: int) -> Entry:
    """A constant v128."""
    return literal(V128, str(bits), bits)


def run(frame: Frame, mnemonic: str) -> None:
    """Emit an instruction without immediates."""
    op = BY_MNEMONIC[mnemonic]
    EMITTERS[op](frame, op.instr)


def _value_type(shape: Shape) -> ValType:
    """Type of a lane on the stack."""
    if shape.name[0] == "f":
        return F32 if shape.lane_bits == 32 else F64
    return I64 if shape.lane_bits == 64 else I32


# Constants and bits


@emits("v128.const")
def _const(frame: Frame, instr: Instr) -> None:
    frame.stack.append(vector_literal(instr[1]))


@emits("v128.not")
def _not(frame: Frame, instr: Instr) -> None:
    a = frame.stack.pop()
    frame.push(vector(f"{a.at(P_XOR)}^{MASK128}", P_XOR, a))


def _bitwise(operator: str, prec: int, frame: Frame) -> None:
    b = frame.stack.pop()
    a = frame.stack.pop()
    frame.push(vector(f"{a.at(prec)}{operator}{b.at(prec + 1)}", prec, a, b))


@emits("v128.and")
def _and(frame: Frame, instr: Instr) -> None:
    _bitwise("&", P_BIT_AND, frame)


@emits("v128.or")
def _or(frame: Frame, instr: Instr) -> None:
    _bitwise("|", P_BIT_OR, frame)


@emits("v128.xor")
def _xor(frame: Frame, instr: Instr) -> None:
    _bitwise("^", P_XOR, frame)


@emits("v128.andnot")
def _andnot(frame: Frame, instr: Instr) -> None:
    b = frame.stack.pop()
    a = frame.materialise(frame.stack.pop(), len(frame.stack))
    frame.push(vector(f"{a.text}^{a.text}&{b.at(P_SHIFT)}", P_XOR, a, b))


@emits("v128.bitselect", *(f"{shape}.relaxed_laneselect" for shape in INTEGER_SHAPES))
def _bitselect(frame: Frame, instr: Instr) -> None:
    c = frame.stack.pop()
    b = frame.stack.pop()
    a = frame.stack.pop()
    a, b = two_atoms(frame, a, b)
    if not c.atomic:
        height = len(frame.stack)
        a = frame.keep(a, height, height + 1, height + 2)
        b = frame.keep(b, height + 1, height + 2)
    frame.push(vector(f"{b.text}^({a.text}^{b.text})&{c.at(P_SHIFT)}", P_XOR, a, b, c))


@emits("v128.any_true")
def _any_true(frame: Frame, instr: Instr) -> None:
    a = frame.stack.pop()
    text = a.text if a.prec > P_CONDITIONAL else f"({a.text})"
    prec = a.prec if a.prec > P_CONDITIONAL else ATOM
    frame.push(Entry(I32, text, prec, 0, 1, a.deps, a.flags | TRUTH))


# Sums and shifts


@emits(*(f"{shape}.add" for shape in INTEGER_SHAPES))
def _add(frame: Frame, instr: Instr) -> None:
    shape = SHAPES[instr[0].mnemonic.split(".")[0]]
    b = frame.stack.pop()
    a, b = two_atoms(frame, frame.stack.pop(), b)
    x, y = a.text, b.text
    text = f"({x}&{shape.lows})+({y}&{shape.lows})^({x}^{y})&{shape.highs}"
    frame.push(vector(text, P_XOR, a, b))


@emits(*(f"{shape}.sub" for shape in INTEGER_SHAPES))
def _sub(frame: Frame, instr: Instr) -> None:
    shape = SHAPES[instr[0].mnemonic.split(".")[0]]
    b = frame.stack.pop()
    a, b = two_atoms(frame, frame.stack.pop(), b)
    x, y = a.text, b.text
    text = f"({x}|{shape.highs})-({y}&{shape.lows})^({x}^{y}^{shape.highs})&{shape.highs}"
    frame.push(vector(text, P_XOR, a, b))


def _shift(frame: Frame, instr: Instr) -> None:
    name, _, family = instr[0].mnemonic.partition(".")
    shape = SHAPES[name]
    count = frame.stack[-1]
    if count.form is not CONST or family == "shr_s":
        _call(frame, instr)
        return
    frame.stack.pop()
    a = frame.stack.pop()
    distance = count.low & shape.lane_bits - 1
    kept = shape.ones * (shape.lane_mask >> distance)
    if not distance:
        frame.push(a)
    elif family == "shl":
        frame.push(vector(f"({a.at(P_BIT_AND)}&{kept})<<{distance}", P_SHIFT, a))
    else:
        frame.push(vector(f"{a.at(P_SHIFT)}>>{distance}&{kept}", P_BIT_AND, a))


emits(*(f"{shape}.{name}" for shape in INTEGER_SHAPES for name in ("shl", "shr_s", "shr_u")))(
    _shift
)


# Lanes


def splat(shape: Shape, value: Entry) -> Entry:
    """A canonical integer in every lane."""
    if value.form is CONST:
        return vector_literal((value.low & shape.lane_mask) * shape.ones)
    if value.high > shape.lane_mask:
        masked = f"({value.at(P_BIT_AND)}&{shape.lane_mask})"
        return vector(f"{masked}*{shape.ones}", P_PRODUCT, value)
    return vector(f"{value.at(P_PRODUCT)}*{shape.ones}", P_PRODUCT, value)


def lane_value(shape: Shape, a: Entry, lane: int) -> Entry:
    """The bits of a lane as an unsigned i32 or i64."""
    type_ = I64 if shape.lane_bits == 64 else I32
    high = shape.lane_mask
    shift = lane * shape.lane_bits
    if lane == shape.count - 1:
        text = f"{a.at(P_SHIFT)}>>{shift}"
        return Entry(type_, text, P_SHIFT, 0, high, a.deps, a.flags)
    shifted = f"{a.at(P_SHIFT)}>>{shift}" if shift else a.at(P_BIT_AND)
    return Entry(type_, f"{shifted}&{high}", P_BIT_AND, 0, high, a.deps, a.flags)


def replaced_lane(shape: Shape, a: Entry, lane: int, value: Entry) -> Entry:
    """A vector with a lane replaced by a canonical integer."""
    shift = lane * shape.lane_bits
    kept = MASK128 ^ shape.lane_mask << shift
    if value.high > shape.lane_mask:
        text = f"({value.at(P_BIT_AND)}&{shape.lane_mask})"
    else:
        text = value.at(P_SUM)
    moved = f"{text}<<{shift}" if shift else text
    return vector(f"{a.at(P_BIT_AND)}&{kept}|{moved}", P_BIT_OR, a, value)


@emits(*(f"{shape}.splat" for shape in _SHAPES))
def _splat(frame: Frame, instr: Instr) -> None:
    shape = SHAPES[instr[0].mnemonic.split(".")[0]]
    _to_integer(frame, shape)
    frame.push(splat(shape, frame.pop_canonical()))


def _to_integer(frame: Frame, shape: Shape) -> None:
    """Turn the float on top of the stack that belongs into a lane of this shape into its bits."""
    type_ = _value_type(shape)
    if type_ is F32 or type_ is F64:
        run(frame, f"i{shape.lane_bits}.reinterpret_{type_}")


def _extract_lane(frame: Frame, instr: Instr) -> None:
    op, lane = instr
    shape = SHAPES[op.mnemonic.split(".")[0]]
    value = lane_value(shape, frame.stack.pop(), lane)
    if not op.mnemonic.endswith("_s"):
        frame.push(value)
    elif shape.lane_bits == 8:
        text = f"T8[{value.text}]"
        frame.push(Entry(I32, text, ATOM, 0, MASK[I32], value.deps, value.flags))
    else:
        half = shape.lane_mask + 1 >> 1
        above = MASK[I32] ^ shape.lane_mask
        text = f"x if (x:={value.text})<{half} else x|{above}"
        frame.push(Entry(I32, text, P_CONDITIONAL, 0, MASK[I32], value.deps, value.flags))
    type_ = _value_type(shape)
    if type_ is F32 or type_ is F64:
        run(frame, f"{type_}.reinterpret_i{shape.lane_bits}")


def _replace_lane(frame: Frame, instr: Instr) -> None:
    shape = SHAPES[instr[0].mnemonic.split(".")[0]]
    _to_integer(frame, shape)
    value = frame.pop_canonical()
    frame.push(replaced_lane(shape, frame.stack.pop(), instr[1], value))


@emits("i8x16.shuffle")
def _shuffle(frame: Frame, instr: Instr) -> None:
    b = frame.stack.pop()
    a = frame.stack.pop()
    frame.push(vector(f"V.i8x16_shuffle({a.text},{b.text},{bytes(instr[1])!r})", ATOM, a, b))


# Everything else


def _call(frame: Frame, instr: Instr) -> None:
    op = instr[0]
    operands = frame.pop_values(len(op.params))
    text = f"V.{op.mnemonic.replace('.', '_')}({','.join(a.text for a in operands)})"
    entry = vector(text, ATOM, *operands)
    (type_,) = op.results
    if type_ is I32:  # all_true or bitmask
        shape = SHAPES[op.mnemonic.split(".")[0]]
        high = 1 if op.family == "all_true" else (1 << shape.count) - 1
        entry = Entry(I32, text, ATOM, 0, high, entry.deps, entry.flags)
    frame.push(entry)


for _op in OPS:
    if _op.feature not in ("simd", "relaxed_simd") or _op in EMITTERS:
        continue
    if _op.imm is Imm.LANE:
        emits(_op.mnemonic)(_extract_lane if "extract" in _op.mnemonic else _replace_lane)
    elif _op.imm is Imm.NONE:
        emits(_op.mnemonic)(_call)
