"""Integer arithmetic and comparisons (core: "Numeric Instructions").

Values in variables are canonical (unsigned). Inside an expression they may leave the range: the interval of the
`Entry` says so, and `Frame.canonical` wraps once, at the consumer that needs it.
"""

from __future__ import annotations

from typing import Final

from pyjsapi.compiler.emit.registry import emit_binary, emit_unary, emits
from pyjsapi.compiler.expression import (
    ATOM,
    CONST,
    EFFECT,
    MASK,
    NAME,
    P_AND,
    P_BIT_AND,
    P_BIT_OR,
    P_COMPARE,
    P_CONDITIONAL,
    P_OR,
    P_PRIMARY,
    P_PRODUCT,
    P_SHIFT,
    P_SUM,
    P_UNARY,
    P_XOR,
    SUM,
    TRAPS,
    TRUTH,
    AddConst,
    Difference,
    Entry,
    Extended,
    Form,
    constant,
    linear_form,
)
from pyjsapi.compiler.facts import MAX_ALIGNMENT, alignment_of
from pyjsapi.compiler.frame import Frame
from pyjsapi.syntax.module import Instr
from pyjsapi.syntax.types import I32, I64, ValType

# Intermediate results are wrapped when they could pass these sizes: long integers are slow.
_SUM_LIMIT: Final = 1 << 90
_FACTOR_LIMIT: Final[dict[ValType, int]] = {I32: 1 << 64, I64: 1 << 66}
_RESULT_LIMIT: Final = 1 << 130
_SHIFT_LIMIT: Final = 100
_DIGIT: Final = 1 << 30
"""Integers below have one digit."""
_MAX_TERMS: Final = 4
_WIDEST_FACTOR_SHIFT: Final = 24
_NOT_SKIPPED: Final = TRAPS | EFFECT
"""What ``and`` and ``or`` may not skip when the left operand decides."""
_MAX_REPEATED: Final = 60
"""Characters of an operand that is written twice."""


def number(frame: Frame, entry: Entry) -> Entry:
    """The entry as an integer, not necessarily canonical."""
    return frame.canonical(entry) if entry.flags & TRUTH else entry


def _within(frame: Frame, entry: Entry, limit: int) -> Entry:
    return frame.canonical(entry) if entry.high > limit or entry.low < -limit else entry


def in_range(entry: Entry, mask: int) -> bool:
    """Whether the text gives a canonical value."""
    return entry.low >= 0 and entry.high <= mask


@emits("i32.const")
def _i32_const(frame: Frame, instr: Instr) -> None:
    frame.stack.append(constant(I32, instr[1]))


@emits("i64.const")
def _i64_const(frame: Frame, instr: Instr) -> None:
    frame.stack.append(constant(I64, instr[1]))


@emit_binary("add", I32, I64)
def add(frame: Frame, type_: ValType, a: Entry, b: Entry) -> Entry:
    """iadd"""
    a = number(frame, a)
    b = number(frame, b)
    mask = MASK[type_]
    if a.form is CONST and b.form is not CONST:
        a, b = b, a
    if b.form is CONST:
        c = b.low
        return _add_constant(type_, a, c if c <= mask >> 1 else c - mask - 1)
    a = _within(frame, a, _SUM_LIMIT)
    b = _within(frame, b, _SUM_LIMIT)
    align = min(a.align, b.align)
    form = SUM if a.high <= mask and b.high <= mask else None
    result = Entry(
        type_, f"{a.at(P_SUM)}+{b.at(P_PRODUCT)}", P_SUM, a.low + b.low, a.high + b.high,
        a.deps | b.deps, a.flags | b.flags, form, align,
    )  # fmt: skip
    if align and type_ is I32:
        terms_a, constant_a = linear_form(a)
        terms_b, constant_b = linear_form(b)
        if len(terms_a) + len(terms_b) <= _MAX_TERMS:
            result.linear = terms_a + terms_b, constant_a + constant_b
    return result


def _add_constant(type_: ValType, a: Entry, c: int) -> Entry:
    mask = MASK[type_]
    form = a.form
    if isinstance(form, AddConst) and not in_range(a, mask):
        # Constants meet: (v + c0) + c
        name, first = form
        total = first + c
        low, high = a.low - first, a.high - first
        if total == 0:
            return Entry(type_, name, ATOM, low, high, a.deps, a.flags, NAME)
        result = Entry(
            type_, f"{name}{total:+d}", P_SUM, low + total, high + total, a.deps, a.flags,
            AddConst(name, total), min(a.align, alignment_of(total)),
        )  # fmt: skip
        if a.linear is not None:
            result.linear = a.linear[0], a.linear[1] + c
        return result
    if c == 0:
        return a
    canonical = in_range(a, mask)
    new_form: Form = None
    if form is NAME and canonical:
        new_form = AddConst(a.text, c)
    elif c > 0 and canonical:
        new_form = SUM
    align = min(a.align, alignment_of(c))
    result = Entry(
        type_,
        f"{a.at(P_SUM)}{c:+d}",
        P_SUM,
        a.low + c,
        a.high + c,
        a.deps,
        a.flags,
        new_form,
        align,
    )
    if align and type_ is I32:
        terms, start = linear_form(a)
        result.linear = terms, start + c
    return result


@emit_binary("sub", I32, I64)
def sub(frame: Frame, type_: ValType, a: Entry, b: Entry) -> Entry:
    """isub"""
    if b.form is CONST:
        return add(frame, type_, a, constant(type_, -b.low))
    a = _within(frame, number(frame, a), _SUM_LIMIT)
    b = _within(frame, number(frame, b), _SUM_LIMIT)
    mask = MASK[type_]
    form = None
    if a.atomic and b.atomic and in_range(a, mask) and in_range(b, mask):
        form = Difference(a.text, b.text)
    return Entry(
        type_, f"{a.at(P_SUM)}-{b.at(P_PRODUCT)}", P_SUM, a.low - b.high, a.high - b.low,
        a.deps | b.deps, a.flags | b.flags, form, min(a.align, b.align),
    )  # fmt: skip


@emit_binary("mul", I32, I64)
def mul(frame: Frame, type_: ValType, a: Entry, b: Entry) -> Entry:
    """imul"""
    limit = _FACTOR_LIMIT[type_]
    if a.form is CONST and b.form is not CONST:
        a, b = b, a
    a = _within(frame, number(frame, a), limit)
    b = _within(frame, number(frame, b), limit)
    low, high = _product_range(a, b)
    if high > _RESULT_LIMIT or low < -_RESULT_LIMIT:
        a = frame.canonical(a)
        b = frame.canonical(b)
        low, high = _product_range(a, b)
    result = Entry(
        type_, f"{a.at(P_PRODUCT)}*{b.at(P_UNARY)}", P_PRODUCT, low, high,
        a.deps | b.deps, a.flags | b.flags, None, min(a.align + b.align, MAX_ALIGNMENT),
    )  # fmt: skip
    if b.form is CONST and type_ is I32 and b.low and not b.low & 1 and b.low < 1 << 31:
        _scale(result, a, b.low)
    return result


def _product_range(a: Entry, b: Entry) -> tuple[int, int]:
    corners = (a.low * b.low, a.low * b.high, a.high * b.low, a.high * b.high)
    return min(corners), max(corners)


def _scale(result: Entry, a: Entry, factor: int) -> None:
    terms, start = linear_form(a)
    scaled = tuple((text, prec, k * factor, align, i) for text, prec, k, align, i in terms)
    result.linear = scaled, start * factor


def _conditions(word: str, prec: int, a: Entry, b: Entry) -> Entry:
    text = f"{a.at(P_COMPARE)} {word} {b.at(P_COMPARE)}"
    return Entry(I32, text, prec, 0, 1, a.deps | b.deps, a.flags | b.flags)


@emit_binary("and", I32, I64)
def and_(frame: Frame, type_: ValType, a: Entry, b: Entry) -> Entry:
    """iand"""
    if a.flags & b.flags & TRUTH and not b.flags & _NOT_SKIPPED:
        return _conditions("and", P_AND, a, b)
    a = number(frame, a)
    b = number(frame, b)
    if a.form is CONST and b.form is not CONST:
        a, b = b, a
    if b.form is CONST:
        return _and_constant(frame, type_, a, b.low)
    mask = MASK[type_]
    a_fits = in_range(a, mask)
    b_fits = in_range(b, mask)
    if not a_fits and not b_fits:
        a = frame.canonical(a)
        a_fits = True
    high = min(a.high if a_fits else mask, b.high if b_fits else mask)
    return Entry(
        type_, f"{a.at(P_BIT_AND)}&{b.at(P_SHIFT)}", P_BIT_AND, 0, high,
        a.deps | b.deps, a.flags | b.flags,
    )  # fmt: skip


def _and_constant(frame: Frame, type_: ValType, a: Entry, c: int) -> Entry:
    mask = MASK[type_]
    align = max(a.align, alignment_of(c))
    if c > mask >> 1 and mask ^ c < 1 << 29 and in_range(a, mask):
        text = f"{a.at(P_BIT_AND)}&-{mask + 1 - c}"
        return Entry(type_, text, P_BIT_AND, 0, a.high, a.deps, a.flags, None, align)
    low_bits = c & c + 1 == 0
    if low_bits and in_range(a, c):
        return a
    if frame.many_bit_ops and low_bits and c < _DIGIT:
        return Entry(type_, f"{a.at(P_PRODUCT)}%{c + 1}", P_PRODUCT, 0, c, a.deps, a.flags)
    high = c if a.low < 0 else min(c, a.high)
    return Entry(type_, f"{a.at(P_BIT_AND)}&{c}", P_BIT_AND, 0, high, a.deps, a.flags, None, align)


@emit_binary("or", I32, I64)
def or_(frame: Frame, type_: ValType, a: Entry, b: Entry) -> Entry:
    """ior"""
    if a.flags & b.flags & TRUTH and not b.flags & _NOT_SKIPPED:
        return _conditions("or", P_OR, a, b)
    return _bitwise(frame, type_, number(frame, a), number(frame, b), "|", P_BIT_OR)


@emit_binary("xor", I32, I64)
def xor(frame: Frame, type_: ValType, a: Entry, b: Entry) -> Entry:
    """ixor"""
    a = number(frame, a)
    b = number(frame, b)
    mask = MASK[type_]
    if b.form is CONST and b.low == mask:
        a = frame.canonical(a)
        return Entry(type_, f"{a.at(P_XOR)}^{mask}", P_XOR, 0, mask, a.deps, a.flags)
    return _bitwise(frame, type_, a, b, "^", P_XOR)


def _bitwise(frame: Frame, type_: ValType, a: Entry, b: Entry, operator: str, prec: int) -> Entry:
    # Two's complement makes bitwise operations of unwrapped operands exact modulo the range.
    if a.low >= 0 and b.low >= 0:
        low = 0
        high = (1 << max(a.high.bit_length(), b.high.bit_length())) - 1
    else:
        bits = max(v.bit_length() for v in (a.low, a.high, b.low, b.high))
        low, high = -(1 << bits), (1 << bits) - 1
    if high > _RESULT_LIMIT:
        a = frame.canonical(a)
        b = frame.canonical(b)
        low, high = 0, MASK[type_]
    return Entry(
        type_, f"{a.at(prec)}{operator}{b.at(prec + 1)}", prec, low, high,
        a.deps | b.deps, a.flags | b.flags,
    )  # fmt: skip


@emit_binary("shl", I32, I64)
def shl(frame: Frame, type_: ValType, a: Entry, b: Entry) -> Entry:
    """ishl"""
    a = number(frame, a)
    b = frame.canonical(b)
    mask = MASK[type_]
    last = type_.bits - 1
    if b.form is CONST:
        return _shl_constant(frame, type_, a, b.low & last)
    a = frame.canonical(a)
    deps, flags = a.deps | b.deps, a.flags | b.flags
    if b.high <= last:
        text = f"{a.at(P_SHIFT)}<<{b.at(P_SUM)}"
        return Entry(type_, text, P_SHIFT, 0, a.high << b.high, deps, flags)
    text = f"{a.at(P_SHIFT)}<<({b.at(P_BIT_AND)}&{last})"
    return Entry(type_, text, P_SHIFT, 0, mask << last, deps, flags)


def _shl_constant(frame: Frame, type_: ValType, a: Entry, count: int) -> Entry:
    mask = MASK[type_]
    if count == 0:
        return a
    if not in_range(a, mask) and max(a.high, -a.low).bit_length() + count > _SHIFT_LIMIT:
        a = frame.canonical(a)
    if type_ is I64 and a.form is not NAME and count > 8 and a.high << count > mask:
        kept = mask >> count
        if a.high > kept or a.low < 0:
            a = Entry(type_, f"{a.at(P_BIT_AND)}&{kept}", P_BIT_AND, 0, kept, a.deps, a.flags)
        text = f"{a.at(P_SHIFT)}<<{count}"
        return Entry(type_, text, P_SHIFT, 0, a.high << count, a.deps, a.flags)
    low, high = a.low << count, a.high << count
    align = min(a.align + count, MAX_ALIGNMENT)
    if count > _WIDEST_FACTOR_SHIFT:
        text = f"{a.at(P_SHIFT)}<<{count}"
        return Entry(type_, text, P_SHIFT, low, high, a.deps, a.flags, None, align)
    text = f"{a.at(P_PRODUCT)}*{1 << count}"
    result = Entry(type_, text, P_PRODUCT, low, high, a.deps, a.flags, None, align)
    if type_ is I32:
        _scale(result, a, 1 << count)
    return result


@emit_binary("shr_u", I32, I64)
def shr_u(frame: Frame, type_: ValType, a: Entry, b: Entry) -> Entry:
    """ishr_u"""
    last = type_.bits - 1
    a = frame.canonical(a)
    b = frame.canonical(b)
    if b.form is CONST:
        count = b.low & last
        if count == 0:
            return a
        high = a.high >> count
        if a.high < _DIGIT:
            text = f"{a.at(P_PRODUCT)}//{1 << count}"
            return Entry(type_, text, P_PRODUCT, 0, high, a.deps, a.flags)
        return Entry(type_, f"{a.at(P_SHIFT)}>>{count}", P_SHIFT, 0, high, a.deps, a.flags)
    amount = b.at(P_SUM) if b.high <= last else f"({b.at(P_BIT_AND)}&{last})"
    return Entry(
        type_, f"{a.at(P_SHIFT)}>>{amount}", P_SHIFT, 0, a.high, a.deps | b.deps, a.flags | b.flags
    )


@emit_binary("shr_s", I32, I64)
def shr_s(frame: Frame, type_: ValType, a: Entry, b: Entry) -> Entry:
    """ishr_s"""
    mask = MASK[type_]
    last = type_.bits - 1
    half = mask >> 1
    a = frame.canonical(a)
    if a.high <= half:
        return shr_u(frame, type_, a, b)
    b = frame.canonical(b)
    if b.form is CONST:
        count = b.low & last
        if count == 0:
            return a
        ones = mask ^ mask >> count
        v = a.text if a.form is NAME else "x"
        bound = v if a.form is NAME else f"(x:={a.text})"
        text = f"{v}>>{count} if {bound}<={half} else {v}>>{count}|{ones}"
        return Entry(type_, text, P_CONDITIONAL, 0, mask, a.deps, a.flags)
    if frame.length(b.text) > _MAX_REPEATED:
        a, b = two_atoms(frame, a, b)
    else:
        a = frame.materialise(a, len(frame.stack))
    amount = b.at(P_SUM) if b.high <= last else f"({b.at(P_BIT_AND)}&{last})"
    v = a.text
    text = f"{v}>>{amount} if {v}<={half} else ({v}-{mask + 1}>>{amount})&{mask}"
    return Entry(type_, text, P_CONDITIONAL, 0, mask, a.deps | b.deps, a.flags | b.flags)


def _rotate(frame: Frame, type_: ValType, a: Entry, b: Entry, right: bool) -> Entry:
    """A rotation is a right shift of the doubled word ``a * (2**n + 1)``."""
    mask = MASK[type_]
    bits = type_.bits
    doubled = mask << bits | mask
    a = frame.canonical(a)
    b = frame.canonical(b)
    if b.form is CONST:
        count = b.low & bits - 1
        if count == 0:
            return a
        shift = count if right else bits - count
        if shift == bits - 1:
            v = a.text if a.form is NAME else "x"
            bound = v if a.form is NAME else f"(x:={a.text})"
            text = f"{v}+{v} if {bound}<={mask >> 1} else {v}+{v}-{mask}"
            return Entry(type_, text, P_CONDITIONAL, 0, mask, a.deps, a.flags)
        high = doubled >> shift
        if a.local >= 0 and frame.options.reuse:
            name, bit = frame.doubled(a.local, f"{a.text}*{mask + 2}")
            return Entry(type_, f"{name}>>{shift}", P_SHIFT, 0, high, bit)
        text = f"{a.at(P_PRODUCT)}*{mask + 2}>>{shift}"
        return Entry(type_, text, P_SHIFT, 0, high, a.deps, a.flags)
    if right:
        amount = f"({b.at(P_BIT_AND)}&{bits - 1})"
    else:
        amount = f"(-{b.at(P_UNARY)}&{bits - 1})"
    text = f"{a.at(P_PRODUCT)}*{mask + 2}>>{amount}"
    return Entry(type_, text, P_SHIFT, 0, doubled, a.deps | b.deps, a.flags | b.flags)


@emit_binary("rotl", I32, I64)
def rotl(frame: Frame, type_: ValType, a: Entry, b: Entry) -> Entry:
    """irotl"""
    return _rotate(frame, type_, a, b, False)


@emit_binary("rotr", I32, I64)
def rotr(frame: Frame, type_: ValType, a: Entry, b: Entry) -> Entry:
    """irotr"""
    return _rotate(frame, type_, a, b, True)


def _division_traps(b: Entry) -> int:
    return 0 if b.low > 0 else TRAPS


@emit_binary("div_u", I32, I64)
def div_u(frame: Frame, type_: ValType, a: Entry, b: Entry) -> Entry:
    """idiv_u; Python's ZeroDivisionError is the trap."""
    a = frame.canonical(a)
    b = frame.canonical(b)
    return Entry(
        type_, f"{a.at(P_PRODUCT)}//{b.at(P_UNARY)}", P_PRODUCT, 0, a.high // max(b.low, 1),
        a.deps | b.deps, a.flags | b.flags | _division_traps(b),
    )  # fmt: skip


@emit_binary("rem_u", I32, I64)
def rem_u(frame: Frame, type_: ValType, a: Entry, b: Entry) -> Entry:
    """irem_u"""
    a = frame.canonical(a)
    b = frame.canonical(b)
    return Entry(
        type_, f"{a.at(P_PRODUCT)}%{b.at(P_UNARY)}", P_PRODUCT, 0, min(a.high, max(b.high - 1, 0)),
        a.deps | b.deps, a.flags | b.flags | _division_traps(b),
    )  # fmt: skip


def two_atoms(frame: Frame, a: Entry, b: Entry) -> tuple[Entry, Entry]:
    """Both popped operands as text that can be repeated, evaluated in order."""
    height = len(frame.stack)
    a = frame.materialise(a, height)
    if not b.atomic:
        a = frame.keep(a, height, height + 1)
        b = frame.materialise(b, height + 1)
    return a, b


def _signed_division(
    frame: Frame, type_: ValType, a: Entry, b: Entry, operator: str, helper: str
) -> Entry:
    mask = MASK[type_]
    half = mask >> 1
    a, b = two_atoms(frame, a, b)
    name = f"{helper}{type_.bits}"
    x, y = a.text, b.text
    deps = a.deps | b.deps
    if b.form is CONST and 0 < b.low <= half:
        text = f"{x}{operator}{y} if {x}<={half} else {name}({x},{y})"
        return Entry(type_, text, P_CONDITIONAL, 0, mask, deps, a.flags | b.flags)
    text = f"{x}{operator}{y} if {x}<={half}>={y} else {name}({x},{y})"
    return Entry(type_, text, P_CONDITIONAL, 0, mask, deps, a.flags | b.flags | TRAPS)


@emit_binary("div_s", I32, I64)
def div_s(frame: Frame, type_: ValType, a: Entry, b: Entry) -> Entry:
    """idiv_s"""
    half = MASK[type_] >> 1
    a = frame.canonical(a)
    b = frame.canonical(b)
    if a.high <= half and b.high <= half:
        return div_u(frame, type_, a, b)
    return _signed_division(frame, type_, a, b, "//", "divs")


@emit_binary("rem_s", I32, I64)
def rem_s(frame: Frame, type_: ValType, a: Entry, b: Entry) -> Entry:
    """irem_s"""
    half = MASK[type_] >> 1
    a = frame.canonical(a)
    b = frame.canonical(b)
    if a.high <= half and b.high <= half:
        return rem_u(frame, type_, a, b)
    return _signed_division(frame, type_, a, b, "%", "rems")


@emit_unary("clz", I32, I64)
def _clz(frame: Frame, type_: ValType, a: Entry) -> Entry:
    a = frame.canonical(a)
    if a.form is CONST:
        return constant(type_, type_.bits - a.low.bit_length())
    text = f"{type_.bits}-{_receiver(a)}.bit_length()"
    return Entry(type_, text, P_SUM, 0, type_.bits, a.deps, a.flags)


@emit_unary("ctz", I32, I64)
def _ctz(frame: Frame, type_: ValType, a: Entry) -> Entry:
    a = frame.canonical(a)
    v = a.text if a.form is NAME else "x"
    bound = v if a.form is NAME else f"(x:={a.text})"
    text = f"({v}&-{v}).bit_length()-1 if {bound} else {type_.bits}"
    return Entry(type_, text, P_CONDITIONAL, 0, type_.bits, a.deps, a.flags)


@emit_unary("popcnt", I32, I64)
def _popcnt(frame: Frame, type_: ValType, a: Entry) -> Entry:
    a = frame.canonical(a)
    return Entry(type_, f"{_receiver(a)}.bit_count()", ATOM, 0, type_.bits, a.deps, a.flags)


def _receiver(entry: Entry) -> str:
    """Text whose method can be called: a literal needs parentheses."""
    return f"({entry.text})" if entry.form is CONST else entry.at(P_PRIMARY)


@emits("i32.wrap_i64")
def _wrap(frame: Frame, instr: Instr) -> None:
    a = frame.stack.pop()
    if a.form is CONST:
        frame.stack.append(constant(I32, a.low))
        return
    form = NAME if a.form is NAME and in_range(a, MASK[I32]) else None
    frame.stack.append(Entry(I32, a.text, a.prec, a.low, a.high, a.deps, a.flags, form, a.align))


@emits("i64.extend_i32_u")
def _extend_u(frame: Frame, instr: Instr) -> None:
    a = frame.pop_canonical()
    form = a.form if a.atomic else None
    frame.stack.append(Entry(I64, a.text, a.prec, a.low, a.high, a.deps, a.flags, form, a.align))


def sign_extend(type_: ValType, a: Entry, bits: int) -> Entry:
    """The low ``bits`` of an integer as a signed one: not canonical, ready for a sum or a mask."""
    half = 1 << bits - 1
    low_bits = (1 << bits) - 1
    if a.form is CONST:
        value = a.low & low_bits
        return constant(type_, value - (1 << bits) if value & half else value)
    if a.low >= 0 and a.high < half:
        form = NAME if a.form is NAME else None
        return Entry(type_, a.text, a.prec, a.low, a.high, a.deps, a.flags, form, a.align)
    ones = MASK[type_] ^ low_bits
    v = bound = a.text
    if not in_range(a, low_bits):
        v, bound = "x", f"(x:={a.at(P_BIT_AND)}&{low_bits})"
    elif a.form is not NAME:
        v, bound = "x", f"(x:={a.text})"
    start = f"{v} if {bound}<{half} else {v}"
    return Entry(
        type_, f"{start}-{1 << bits}", P_CONDITIONAL, -half, half - 1, a.deps, a.flags,
        Extended(f"{start}|{ones}"),
    )  # fmt: skip


@emits("i64.extend_i32_s")
def _extend_s(frame: Frame, instr: Instr) -> None:
    frame.push(sign_extend(I64, frame.pop_canonical(), 32))


@emit_unary("extend8_s", I32, I64)
def _extend8_s(frame: Frame, type_: ValType, a: Entry) -> Entry:
    return sign_extend(type_, number(frame, a), 8)


@emit_unary("extend16_s", I32, I64)
def _extend16_s(frame: Frame, type_: ValType, a: Entry) -> Entry:
    return sign_extend(type_, number(frame, a), 16)


@emit_unary("extend32_s", I64)
def _extend32_s(frame: Frame, type_: ValType, a: Entry) -> Entry:
    return sign_extend(type_, number(frame, a), 32)
