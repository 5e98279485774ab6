"""Comparisons and selection. A comparison stays a Python condition until its value is needed as a number."""

from __future__ import annotations

from typing import Final

from pyjsapi.compiler.elements import scaled_operands
from pyjsapi.compiler.emit.integer import two_atoms
from pyjsapi.compiler.emit.registry import Binary, emit_binary, emits
from pyjsapi.compiler.expression import (
    ATOM,
    CONST,
    EFFECT,
    MASK,
    P_AND,
    P_COMPARE,
    P_CONDITIONAL,
    P_NOT,
    P_OR,
    TRAPS,
    TRUTH,
    Compare,
    Entry,
    Form,
    Not,
    constant,
)
from pyjsapi.compiler.facts import ONE_DIGIT
from pyjsapi.compiler.frame import Frame
from pyjsapi.syntax.module import Instr
from pyjsapi.syntax.types import F32, F64, I32, I64, RefType, ValType

_P_OPERAND: Final = P_COMPARE + 1
_ZERO: Final = constant(I32, 0)


def _truth(text: str, prec: int, a: Entry, b: Entry, form: Form) -> Entry:
    return Entry(I32, text, prec, 0, 1, a.deps | b.deps, a.flags | b.flags | TRUTH, form)


def _denial(denied: str, a: Entry, b: Entry, form: Form) -> Entry:
    """``not`` of a condition of at least `P_COMPARE`."""
    entry = _truth(f"not {denied}", P_NOT, a, b, form)
    entry.denied = denied
    return entry


def _is_zero(entry: Entry) -> bool:
    return entry.form is CONST and entry.low == 0


def _unsigned(operator: str) -> Binary:
    def compare(frame: Frame, type_: ValType, a: Entry, b: Entry) -> Entry:
        a = frame.canonical(a)
        b = frame.canonical(b)
        form = Compare(operator, a, b)
        scaled = scaled_operands(a, b)
        if scaled is not None:
            x, y = scaled
            return _truth(f"{x}{operator}{y}", P_COMPARE, a, b, form)
        if _is_zero(b):
            if operator == "!=":
                if a.prec > P_CONDITIONAL:
                    return _truth(a.text, a.prec, a, b, form)
                return _truth(f"({a.text})", ATOM, a, b, form)
            if operator == "==":
                return _denial(a.at(P_COMPARE), a, b, form)
        return _truth(f"{a.at(_P_OPERAND)}{operator}{b.at(_P_OPERAND)}", P_COMPARE, a, b, form)

    return compare


def _signed(name: str, operator: str) -> Binary:
    def compare(frame: Frame, type_: ValType, a: Entry, b: Entry) -> Entry:
        a = frame.canonical(a)
        b = frame.canonical(b)
        half = MASK[type_] >> 1
        if a.high <= half and b.high <= half:
            text = f"{a.at(_P_OPERAND)}{operator}{b.at(_P_OPERAND)}"
            return _truth(text, P_COMPARE, a, b, Compare(operator, a, b))
        if b.form is CONST:
            form = Compare(name, a, b)
            if a.atomic and b.low <= ONE_DIGIT and not frame.many_bit_ops:
                return _truth(*_signed_small(name, operator, a.text, b.low, half), a, b, form)
            inside, denied = _signed_constant(name, a.at(_P_OPERAND), b.low, half)
            return _denial(inside, a, b, form) if denied else _truth(inside, P_COMPARE, a, b, form)
        a, b = two_atoms(frame, a, b)
        text, prec = _signed_general(name, operator, a, b, half)
        return _truth(text, prec, a, b, Compare(name, a, b))

    return compare


def _signed_small(name: str, operator: str, v: str, c: int, half: int) -> tuple[str, int]:
    """A signed comparison of a name with a small constant that is not negative."""
    if name[0] == "g":
        positive = f"{v}<={ONE_DIGIT} or {v}<={half}"
        if name == "ge_s" and c == 0:
            return positive, P_OR
        return f"{v}{operator}{c} and ({positive})", P_AND
    negative = f"{v}>{ONE_DIGIT} and {v}>{half}"
    if name == "lt_s" and c == 0:
        return negative, P_AND
    return f"{v}{operator}{c} or {negative}", P_OR


def _signed_constant(name: str, v: str, c: int, half: int) -> tuple[str, bool]:
    """A signed comparison with a constant, on unsigned values: one interval, and whether its complement is meant."""
    last = 2 * half + 1
    if (name == "gt_s" and c == last) or (name == "ge_s" and c == 0):
        return f"{v}<={half}", False
    if (name == "le_s" and c == last) or (name == "lt_s" and c == 0):
        return f"{v}>{half}", False
    if c <= half:
        inside = f"{c}<={v}<={half}" if name in ("ge_s", "lt_s") else f"{c}<{v}<={half}"
        return inside, name[0] == "l"
    inside = f"{half}<{v}<{c}" if name in ("lt_s", "ge_s") else f"{half}<{v}<={c}"
    return inside, name[0] == "g"


def _signed_general(name: str, operator: str, a: Entry, b: Entry, half: int) -> tuple[str, int]:
    x, y = a.text, b.text
    plain = f"{x}{operator}{y}"
    if b.high <= half:
        if name[0] == "l":
            return f"{plain} or {x}>{ONE_DIGIT} and {x}>{half}", P_OR
        return f"{y}{'<=' if name == 'ge_s' else '<'}{x}<={half}", P_COMPARE
    if a.high <= half:
        if name[0] == "g":
            return f"{plain} or {y}>{ONE_DIGIT} and {y}>{half}", P_OR
        return f"{x}{operator}{y}<={half}", P_COMPARE
    # Of equal signs the unsigned order is right, else the opposite one.
    return f"{plain} if {x}^{y}<={half} else {x}{_OPPOSITE[operator]}{y}", P_CONDITIONAL


_OPPOSITE: Final = {"<": ">", ">": "<", "<=": ">=", ">=": "<="}

for _name, _operator in (("eq", "=="), ("ne", "!=")):
    emit_binary(_name, I32, I64)(_unsigned(_operator))
for _name, _operator in (("lt", "<"), ("gt", ">"), ("le", "<="), ("ge", ">=")):
    emit_binary(f"{_name}_u", I32, I64)(_unsigned(_operator))
    emit_binary(f"{_name}_s", I32, I64)(_signed(f"{_name}_s", _operator))


@emits("i32.eqz", "i64.eqz")
def _eqz(frame: Frame, instr: Instr) -> None:
    a = frame.stack.pop()
    if a.flags & TRUTH:
        # Twice negated is what it was: a chain of forms of any length could not be freed in Pyodide.
        form = a.form.operand.form if isinstance(a.form, Not) else Not(a)
        if a.denied is None:
            result = _denial(a.at(P_COMPARE), a, a, form)
        else:
            result = Entry(I32, a.denied, P_COMPARE, 0, 1, a.deps, a.flags, form)
        frame.push(result)
        return
    a = frame.canonical(a)
    zero = _ZERO if a.type is I32 else constant(I64, 0)
    frame.push(_denial(a.at(P_COMPARE), a, a, Compare("==", a, zero)))


def _float_compare(operator: str) -> Binary:
    def compare(frame: Frame, type_: ValType, a: Entry, b: Entry) -> Entry:
        return _truth(f"{a.at(_P_OPERAND)}{operator}{b.at(_P_OPERAND)}", P_COMPARE, a, b, None)

    return compare


for _name, _operator in (
    ("eq", "=="), ("ne", "!="), ("lt", "<"), ("gt", ">"), ("le", "<="), ("ge", ">="),
):  # fmt: skip
    emit_binary(_name, F32, F64)(_float_compare(_operator))


@emits("select")
def _select(frame: Frame, instr: Instr) -> None:
    condition = frame.pop()
    b = frame.pop_canonical()
    a = frame.pop_canonical()
    if a.flags & (TRAPS | EFFECT) or b.flags & (TRAPS | EFFECT) or condition.flags & EFFECT:
        # Python evaluates the condition first and only one of the operands.
        height = len(frame.stack)
        a = frame.keep(frame.materialise(a, height), height, height + 1, height + 2)
        b = frame.keep(frame.materialise(b, height + 1), height + 1, height + 2)
        if condition.flags & EFFECT:
            condition = frame.materialise(condition, height + 2)
    frame.push(conditional(frame, condition, a, b))


def conditional(frame: Frame, condition: Entry, a: Entry, b: Entry) -> Entry:
    """``a if condition else b`` of canonical entries. A reference is nullable if one of the two is."""
    if not condition.flags & TRUTH:
        condition = frame.canonical(condition)
    text = condition.at(P_OR)
    type_ = b.type if isinstance(b.type, RefType) and b.type.nullable else a.type
    return Entry(
        type_, f"{a.at(P_OR)} if {text} else {b.at(P_CONDITIONAL)}", P_CONDITIONAL,
        min(a.low, b.low), max(a.high, b.high), a.deps | b.deps | condition.deps,
        a.flags | b.flags | condition.flags & ~TRUTH,
    )  # fmt: skip
