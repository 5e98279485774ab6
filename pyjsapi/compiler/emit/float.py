"""Floating-point arithmetic and conversions (core: "Numeric Instructions").

An f64 is a Python `float`. An f32 is its exact widening, rounded after each operation through a 4-byte view
(``sf``): assignment to the view rounds as the specification does, overflow to infinity included.
"""

from __future__ import annotations

from typing import Final

from pyjsapi.blocks.floats import f32_from_bits, f64_from_bits
from pyjsapi.compiler.emit.integer import number, two_atoms
from pyjsapi.compiler.emit.registry import Binary, Unary, emit_binary, emit_unary, emits
from pyjsapi.compiler.expression import (
    ATOM,
    CONST,
    MASK,
    NAME,
    P_CONDITIONAL,
    P_PRODUCT,
    P_SUM,
    P_UNARY,
    TRAPS,
    Entry,
    literal,
)
from pyjsapi.compiler.frame import Frame
from pyjsapi.syntax.module import Instr
from pyjsapi.syntax.types import F32, F64, I32, I64, ValType

_QUIET_NAN: Final[dict[ValType, int]] = {F32: 0x7FC0_0000, F64: 0x7FF8_0000_0000_0000}
_SIGN: Final[dict[ValType, int]] = {F32: 1 << 31, F64: 1 << 63}


def float_literal(type_: ValType, bits: int) -> Entry:
    """A constant from its bits."""
    value = f32_from_bits(bits) if type_ is F32 else f64_from_bits(bits)
    magnitude = bits & ~_SIGN[type_]
    if value != value and magnitude != _QUIET_NAN[type_]:
        return literal(type_, f"{type_}_const({bits})", bits)
    text = repr(abs(value))  # nan and inf are names that generated code has
    if bits == magnitude:
        return literal(type_, text, bits)
    return literal(type_, f"-{text}", bits, P_UNARY)


@emits("f32.const")
def _f32_const(frame: Frame, instr: Instr) -> None:
    frame.stack.append(float_literal(F32, instr[1]))


@emits("f64.const")
def _f64_const(frame: Frame, instr: Instr) -> None:
    frame.stack.append(float_literal(F64, instr[1]))


def rounded(frame: Frame, entry: Entry) -> Entry:
    """An f32 result, rounded into the temporary of its height. The entry is popped."""
    if entry.type is not F32:
        return entry
    height = len(frame.stack)
    bit = frame.temp_bit(height)
    frame.settle_for(entry, bit)
    frame.write(f"sf[0]={entry.text}")
    frame.write(f"s{height}=sf[0]")
    return Entry(F32, f"s{height}", ATOM, deps=bit, form=NAME)


def _arithmetic(operator: str, prec: int) -> Binary:
    def operation(frame: Frame, type_: ValType, a: Entry, b: Entry) -> Entry:
        text = f"{a.at(prec)}{operator}{b.at(prec + 1)}"
        return rounded(
            frame, Entry(type_, text, prec, deps=a.deps | b.deps, flags=a.flags | b.flags)
        )

    return operation


for _name, _operator, _prec in (("add", "+", P_SUM), ("sub", "-", P_SUM), ("mul", "*", P_PRODUCT)):
    emit_binary(_name, F32, F64)(_arithmetic(_operator, _prec))


@emit_binary("div", F32, F64)
def _div(frame: Frame, type_: ValType, a: Entry, b: Entry) -> Entry:
    if b.form is CONST and b.low & ~_SIGN[type_]:
        text = f"{a.at(P_PRODUCT)}/{b.at(P_UNARY)}"
        return rounded(frame, Entry(type_, text, P_PRODUCT, deps=a.deps, flags=a.flags))
    a, b = two_atoms(frame, a, b)
    x, y = a.at(P_PRODUCT), b.at(P_UNARY)
    text = f"{x}/{y} if {b.text} else fdiv({a.text},{b.text})"
    return rounded(frame, Entry(type_, text, P_CONDITIONAL, deps=a.deps | b.deps))


def _extremum(operator: str, helper: str) -> Binary:
    def operation(frame: Frame, type_: ValType, a: Entry, b: Entry) -> Entry:
        a, b = two_atoms(frame, a, b)
        x, y = a.text, b.text
        text = f"{x} if {x}{operator}{y} else {y} if {y}{operator}{x} else {helper}({x},{y})"
        return Entry(type_, text, P_CONDITIONAL, deps=a.deps | b.deps)

    return operation


emit_binary("min", F32, F64)(_extremum("<", "fmin"))
emit_binary("max", F32, F64)(_extremum(">", "fmax"))


@emit_binary("copysign", F32, F64)
def _copysign(frame: Frame, type_: ValType, a: Entry, b: Entry) -> Entry:
    text = f"copysign({a.text},{b.text})"
    return Entry(type_, text, ATOM, deps=a.deps | b.deps, flags=a.flags | b.flags)


def _function(name: str) -> Unary:
    def operation(frame: Frame, type_: ValType, a: Entry) -> Entry:
        return Entry(type_, f"{name}({a.text})", ATOM, deps=a.deps, flags=a.flags)

    return operation


for _name, _helper in (
    ("abs", "abs"), ("ceil", "fceil"), ("floor", "ffloor"), ("trunc", "ftrunc"),
    ("nearest", "fnearest"),
):  # fmt: skip
    emit_unary(_name, F32, F64)(_function(_helper))


@emit_unary("neg", F32, F64)
def _neg(frame: Frame, type_: ValType, a: Entry) -> Entry:
    return Entry(type_, f"-{a.at(P_UNARY)}", P_UNARY, deps=a.deps, flags=a.flags)


@emit_unary("sqrt", F32, F64)
def _sqrt(frame: Frame, type_: ValType, a: Entry) -> Entry:
    a = frame.materialise(a, len(frame.stack))
    text = f"sqrt({a.text}) if {a.text}>=0 else fsqrt({a.text})"
    return rounded(frame, Entry(type_, text, P_CONDITIONAL, deps=a.deps, flags=a.flags))


# Conversions


def _signed_value(frame: Frame, a: Entry) -> Entry:
    """An integer entry as text that gives its signed value."""
    bits = a.type.bits
    half = (1 << bits - 1) - 1
    a = number(frame, a)
    if -half - 1 <= a.low and a.high <= half:
        return a
    a = frame.canonical(a)
    if a.high <= half:
        return a
    v = a.text if a.form is NAME else "x"
    bound = v if a.form is NAME else f"(x:={a.text})"
    text = f"({v} if {bound}<={half} else {v}-{1 << bits})"
    return Entry(a.type, text, ATOM, -half - 1, half, a.deps, a.flags)


def _convert(source: ValType, signed: bool) -> Unary:
    def operation(frame: Frame, type_: ValType, a: Entry) -> Entry:
        a = _signed_value(frame, a) if signed else frame.canonical(a)
        if type_ is F32 and source is I64:
            return Entry(F32, f"i2f({a.text})", ATOM, deps=a.deps, flags=a.flags)
        # True division by one rounds an integer of any size correctly, faster than float().
        text = f"{a.at(P_PRODUCT)}/1"
        return rounded(frame, Entry(type_, text, P_PRODUCT, deps=a.deps, flags=a.flags))

    return operation


for _source in (I32, I64):
    emit_unary(f"convert_{_source}_s", F32, F64)(_convert(_source, True))
    emit_unary(f"convert_{_source}_u", F32, F64)(_convert(_source, False))


def _truncate(suffix: str) -> Unary:
    def operation(frame: Frame, type_: ValType, a: Entry) -> Entry:
        a = frame.materialise(a, len(frame.stack))
        limit = float(1 << type_.bits - 1)
        v = a.text
        text = f"toint({v}) if 0.0<={v}<{limit!r} else trunc{type_.bits}{suffix}({v})"
        return Entry(type_, text, P_CONDITIONAL, 0, MASK[type_], a.deps, a.flags | TRAPS)

    return operation


def _truncate_saturating(suffix: str) -> Unary:
    def operation(frame: Frame, type_: ValType, a: Entry) -> Entry:
        text = f"sat{type_.bits}{suffix}({a.text})"
        return Entry(type_, text, ATOM, 0, MASK[type_], a.deps, a.flags)

    return operation


for _source in (F32, F64):
    for _suffix in ("s", "u"):
        emit_unary(f"trunc_{_source}_{_suffix}", I32, I64)(_truncate(_suffix))
        emit_unary(f"trunc_sat_{_source}_{_suffix}", I32, I64)(_truncate_saturating(_suffix))


@emits("f32.demote_f64")
def _demote(frame: Frame, instr: Instr) -> None:
    a = frame.stack.pop()
    frame.push(rounded(frame, Entry(F32, a.text, a.prec, deps=a.deps, flags=a.flags)))


@emits("f64.promote_f32")
def _promote(frame: Frame, instr: Instr) -> None:
    a = frame.stack.pop()
    # The multiplication makes a signalling NaN quiet.
    frame.push(Entry(F64, f"{a.at(P_PRODUCT)}*1.0", P_PRODUCT, deps=a.deps, flags=a.flags))


@emits("i32.reinterpret_f32")
def _f32_to_bits(frame: Frame, instr: Instr) -> None:
    a = frame.stack.pop()
    text = f"f32_bits({a.text})"
    frame.push(Entry(I32, text, ATOM, 0, MASK[I32], a.deps, a.flags))


@emits("f32.reinterpret_i32")
def _bits_to_f32(frame: Frame, instr: Instr) -> None:
    a = frame.pop_canonical()
    frame.push(Entry(F32, f"f32_const({a.text})", ATOM, deps=a.deps, flags=a.flags))


def _through_scratch(frame: Frame, type_: ValType, source: str, target: str) -> None:
    a = frame.pop_canonical()
    height = len(frame.stack)
    frame.settle_for(a, frame.temp_bit(height))
    frame.write(f"{source}[0]={a.text}")
    frame.write(f"s{height}={target}[0]")
    frame.stack.append(frame.temp(type_, height))


@emits("i64.reinterpret_f64")
def _f64_to_bits(frame: Frame, instr: Instr) -> None:
    _through_scratch(frame, I64, "sd", "sq")


@emits("f64.reinterpret_i64")
def _bits_to_f64(frame: Frame, instr: Instr) -> None:
    _through_scratch(frame, F64, "sq", "sd")
