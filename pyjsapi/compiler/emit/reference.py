"""Variables, tables and references (core: "Variable", "Table" and "Reference Instructions")."""

from __future__ import annotations

from pyjsapi.compiler.emit.float import float_literal
from pyjsapi.compiler.emit.memory import bulk_call, method
from pyjsapi.compiler.emit.registry import emits
from pyjsapi.compiler.expression import (
    ATOM,
    CONST,
    EFFECT,
    GLOBAL,
    MASK,
    NAME,
    P_BIT_AND,
    P_COMPARE,
    P_CONDITIONAL,
    TOP,
    TRAPS,
    TRUTH,
    Entry,
    constant,
    literal,
)
from pyjsapi.compiler.frame import Frame
from pyjsapi.syntax.module import Instr
from pyjsapi.syntax.types import FUNC, FUNCREF, I32, I64, V128, RefType, ValType, ref_type


@emits("local.get")
def _local_get(frame: Frame, instr: Instr) -> None:
    frame.stack.append(frame.local(instr[1]))


@emits("local.set")
def _local_set(frame: Frame, instr: Instr) -> None:
    frame.assign_local(instr[1], frame.stack.pop())


@emits("local.tee")
def _local_tee(frame: Frame, instr: Instr) -> None:
    frame.assign_local(instr[1], frame.stack.pop())
    frame.stack.append(frame.local(instr[1]))


@emits("global.get")
def _global_get(frame: Frame, instr: Instr) -> None:
    index = instr[1]
    type_ = frame.scope.globals[index]
    known = frame.scope.constants.get(index)
    value_type = type_.valtype
    if known is not None:
        if value_type is I32 or value_type is I64:
            frame.stack.append(constant(value_type, known[1]))
        elif value_type is V128:
            frame.stack.append(literal(V128, str(known[1]), known[1]))
        else:
            frame.stack.append(float_literal(value_type, known[1]))
        return
    flags = GLOBAL if type_.mutable else 0
    frame.stack.append(Entry(value_type, f"g{index}[0]", ATOM, 0, TOP.get(value_type, 0), 0, flags))


@emits("global.set")
def _global_set(frame: Frame, instr: Instr) -> None:
    value = frame.pop_canonical()
    frame.emit(f"g{instr[1]}[0]={value.text}", 0, True, True)


@emits("drop")
def _drop(frame: Frame, instr: Instr) -> None:
    entry = frame.stack.pop()
    if entry.flags & (EFFECT | TRAPS):
        frame.emit(entry.text, 0, bool(entry.flags & EFFECT), True)


@emits("ref.null")
def _ref_null(frame: Frame, instr: Instr) -> None:
    frame.stack.append(literal(FUNCREF, "None", 0))


@emits("ref.is_null")
def _ref_is_null(frame: Frame, instr: Instr) -> None:
    frame.push(is_null(frame.stack.pop()))


def is_null(reference: Entry) -> Entry:
    """Whether a reference is null; where its type says that it is not, only what it does remains."""
    if reference.form is CONST:
        return constant(I32, 1)
    type_ = reference.type
    if isinstance(type_, RefType) and not type_.nullable and not reference.flags & (TRAPS | EFFECT):
        return constant(I32, 0)
    text = f"{reference.at(P_COMPARE + 1)} is None"
    return Entry(I32, text, P_COMPARE, 0, 1, reference.deps, reference.flags | TRUTH)


@emits("ref.func")
def _ref_func(frame: Frame, instr: Instr) -> None:
    frame.stack.append(Entry(ref_type(False, FUNC), f"F[{instr[1]}]", ATOM))


@emits("ref.as_non_null")
def _ref_as_non_null(frame: Frame, instr: Instr) -> None:
    a = frame.stack.pop()
    v = a.text if a.form is NAME else "x"
    bound = v if a.form is NAME else f"(x:={a.text})"
    text = f"{v} if {bound} is not None else null_reference()"
    frame.push(Entry(_non_null(a.type), text, P_CONDITIONAL, deps=a.deps, flags=a.flags | TRAPS))


def _non_null(type_: ValType) -> ValType:
    return ref_type(False, type_.heap) if isinstance(type_, RefType) else type_


@emits("table.get")
def _table_get(frame: Frame, instr: Instr) -> None:
    table = instr[1]
    index = frame.pop_canonical()
    text = f"T[{table}].get({index.text})"
    type_ = frame.scope.tables[table].reftype
    frame.push(Entry(type_, text, ATOM, deps=index.deps, flags=index.flags | TRAPS | GLOBAL))


@emits("table.set")
def _table_set(frame: Frame, instr: Instr) -> None:
    bulk_call(frame, f"T[{instr[1]}].set({{}},{{}})", 2)


@emits("table.size")
def _table_size(frame: Frame, instr: Instr) -> None:
    type_ = frame.scope.tables[instr[1]].addrtype
    text = f"T[{instr[1]}].size()"
    frame.push(Entry(type_, text, ATOM, 0, MASK[type_], 0, GLOBAL))


@emits("table.grow")
def _table_grow(frame: Frame, instr: Instr) -> None:
    type_ = frame.scope.tables[instr[1]].addrtype
    mask = MASK[type_]
    value, count = frame.pop_values(2)
    text = f"T[{instr[1]}].grow({value.text},{count.text})&{mask}"
    flags = value.flags | count.flags | EFFECT | TRAPS
    frame.push(Entry(type_, text, P_BIT_AND, 0, mask, value.deps | count.deps, flags))


@emits("table.fill")
def _table_fill(frame: Frame, instr: Instr) -> None:
    bulk_call(frame, f"{method(frame, 'T', instr[1], 'fill')}{{}},{{}},{{}})", 3)


@emits("table.copy")
def _table_copy(frame: Frame, instr: Instr) -> None:
    bulk_call(frame, f"{method(frame, 'T', instr[1], 'copy')}T[{instr[2]}],{{}},{{}},{{}})", 3)


@emits("table.init")
def _table_init(frame: Frame, instr: Instr) -> None:
    bulk_call(frame, f"{method(frame, 'T', instr[2], 'init')}{{}},{{}},{{}},E[{instr[1]}])", 3)


@emits("elem.drop")
def _elem_drop(frame: Frame, instr: Instr) -> None:
    frame.emit(f"E[{instr[1]}]=[]", 0, True, True)
