"""Structures, arrays, i31 references, casts and conversions (core: "Aggregate" and "Reference Instructions").

A field is an item of the list ``fields`` of a `StructInst`, an element one of the list ``elems`` of an `ArrayInst`.
A null reference has no such attribute and an array no such item: Python's exceptions become the traps, see `traps`.
"""

from __future__ import annotations

from typing import Final

from pyjsapi.compiler.emit.casts import test_of
from pyjsapi.compiler.emit.memory import bulk_call
from pyjsapi.compiler.emit.reference import is_null
from pyjsapi.compiler.emit.registry import emits
from pyjsapi.compiler.expression import (
    ATOM,
    CONST,
    EFFECT,
    GLOBAL,
    NAME,
    P_BIT_AND,
    P_COMPARE,
    P_CONDITIONAL,
    P_PRIMARY,
    TOP,
    TRAPS,
    TRUTH,
    Entry,
)
from pyjsapi.compiler.frame import Frame, default_text
from pyjsapi.runtime.gc import I31_MASK, MAX_ELEMENTS
from pyjsapi.syntax.deftypes import map_heap
from pyjsapi.syntax.instructions import Imm
from pyjsapi.syntax.module import Instr, op_of
from pyjsapi.syntax.types import (
    ANY,
    EXTERN,
    I31,
    I32,
    ArrayType,
    FieldType,
    HeapType,
    PackType,
    RefType,
    StorageType,
    StructType,
    ValType,
    ref_type,
)

_SIGN_BIT: Final = 1 << 31


def _fields(frame: Frame, typeidx: int) -> tuple[FieldType, ...]:
    comp = frame.scope.types[typeidx].comp
    return comp.fields if isinstance(comp, StructType) else ()


def _element(frame: Frame, typeidx: int) -> FieldType:
    comp = frame.scope.types[typeidx].comp
    if not isinstance(comp, ArrayType):
        raise ValueError(f"type {typeidx} is not an array type")
    return comp.field


def _pop_in_order(frame: Frame, count: int, *, first: int = 0) -> list[Entry]:
    """Pop operands that Python will not evaluate in their order: those for which it matters are evaluated now.

    The first ``first`` ones are evaluated in any case if anything of them can be noticed.
    """
    stack = frame.stack
    start = len(stack) - count
    for i in range(start, len(stack)):
        later = 0
        for entry in stack[i + 1 :]:
            later |= entry.flags
        flags = stack[i].flags
        noticed = flags & (TRAPS | EFFECT) and i - start < first
        if noticed or flags & EFFECT or (flags & ~TRUTH and later & (TRAPS | EFFECT)):
            frame.spill(i)
    return frame.pop_values(count)


def _merge(entries: list[Entry]) -> tuple[int, int]:
    deps = flags = 0
    for entry in entries:
        deps |= entry.deps
        flags |= entry.flags
    return deps, flags


def _packed(frame: Frame, value: Entry, storage: StorageType) -> Entry:
    """A popped value as a field keeps it. Of a packed one the mask makes it canonical as well."""
    if not isinstance(storage, PackType) or value.flags & TRUTH:
        return frame.canonical(value)
    mask = (1 << storage.bits) - 1
    if value.low >= 0 and value.high <= mask:
        return value
    text = f"{value.at(P_BIT_AND)}&{mask}"
    return Entry(I32, text, P_BIT_AND, 0, mask, value.deps, value.flags)


def _pack_top(frame: Frame, depth: int, storage: StorageType) -> None:
    """Pack the value that lies ``depth`` entries from the top of the stack."""
    frame.stack[-depth] = _packed(frame, frame.stack[-depth], storage)


def _push_field(frame: Frame, instr: Instr, text: str, field: FieldType, *used: Entry) -> None:
    """Push what a field or element with this text reads as."""
    deps, flags = _merge(list(used))
    flags = flags & ~TRUTH | TRAPS | (GLOBAL if field.mutable else 0)
    storage = field.storage
    if not isinstance(storage, PackType):
        high = TOP.get(storage, 0)
        frame.push(Entry(storage, text, ATOM, 0, high, deps, flags))
        return
    top = (1 << storage.bits) - 1
    if not op_of(instr).family.endswith("_s"):
        frame.push(Entry(I32, text, ATOM, 0, top, deps, flags))
        return
    extension = (1 << 32) - top - 1
    signed = f"x if (x:={text})<{top + 1 >> 1} else x+{extension}"
    frame.push(Entry(I32, signed, P_CONDITIONAL, 0, TOP[I32], deps, flags))


# ---- structures


def _new(frame: Frame, typeidx: int, text: str, values: list[Entry], more: int = 0) -> None:
    deps, flags = _merge(values)
    type_ = ref_type(False, frame.scope.types[typeidx])
    frame.push(Entry(type_, text, ATOM, deps=deps, flags=flags & ~TRUTH | more))


@emits("struct.new")
def _struct_new(frame: Frame, instr: Instr) -> None:
    fields = _fields(frame, instr[1])
    for depth, field in enumerate(reversed(fields), 1):
        _pack_top(frame, depth, field.storage)
    values = frame.pop_values(len(fields))
    items = ",".join(value.at(P_CONDITIONAL) for value in values)
    _new(frame, instr[1], f"Struct(Y[{instr[1]}],[{items}])", values)


def _default(storage: StorageType) -> str:
    return default_text(storage) if isinstance(storage, ValType) else "0"


@emits("struct.new_default")
def _struct_new_default(frame: Frame, instr: Instr) -> None:
    items = ",".join(_default(field.storage) for field in _fields(frame, instr[1]))
    _new(frame, instr[1], f"Struct(Y[{instr[1]}],[{items}])", [])


@emits("struct.new_desc")
def _struct_new_desc(frame: Frame, instr: Instr) -> None:
    fields = _fields(frame, instr[1])
    for depth, field in enumerate(reversed(fields), 2):
        _pack_top(frame, depth, field.storage)
    *values, descriptor = entries = frame.pop_values(len(fields) + 1)
    items = ",".join(value.at(P_CONDITIONAL) for value in values)
    text = f"new_described(Y[{instr[1]}],[{items}],{descriptor.at(P_CONDITIONAL)})"
    _new(frame, instr[1], text, entries, TRAPS)


@emits("struct.new_default_desc")
def _struct_new_default_desc(frame: Frame, instr: Instr) -> None:
    descriptor = frame.pop_canonical()
    items = ",".join(_default(field.storage) for field in _fields(frame, instr[1]))
    text = f"new_described(Y[{instr[1]}],[{items}],{descriptor.text})"
    _new(frame, instr[1], text, [descriptor], TRAPS)


@emits("struct.get", "struct.get_s", "struct.get_u")
def _struct_get(frame: Frame, instr: Instr) -> None:
    _, typeidx, fieldidx = instr
    reference = frame.pop_canonical()
    text = f"{reference.at(P_PRIMARY)}.fields[{fieldidx}]"
    _push_field(frame, instr, text, _fields(frame, typeidx)[fieldidx], reference)


@emits("struct.set")
def _struct_set(frame: Frame, instr: Instr) -> None:
    _, typeidx, fieldidx = instr
    _pack_top(frame, 1, _fields(frame, typeidx)[fieldidx].storage)
    reference, value = _pop_in_order(frame, 2)
    frame.emit(f"{reference.at(P_PRIMARY)}.fields[{fieldidx}]={value.text}", 0, True, True)


# ---- arrays


@emits("array.new")
def _array_new(frame: Frame, instr: Instr) -> None:
    _pack_top(frame, 2, _element(frame, instr[1]).storage)
    values = frame.pop_values(2)
    text = f"new_array(Y[{instr[1]}],{values[0].text},{values[1].text})"
    _new(frame, instr[1], text, values, TRAPS)


@emits("array.new_default")
def _array_new_default(frame: Frame, instr: Instr) -> None:
    count = frame.pop_canonical()
    value = _default(_element(frame, instr[1]).storage)
    _new(frame, instr[1], f"new_array(Y[{instr[1]}],{value},{count.text})", [count], TRAPS)


@emits("array.new_fixed")
def _array_new_fixed(frame: Frame, instr: Instr) -> None:
    _, typeidx, count = instr
    storage = _element(frame, typeidx).storage
    for depth in range(1, count + 1):
        _pack_top(frame, depth, storage)
    values = frame.pop_values(count)
    items = ",".join(value.at(P_CONDITIONAL) for value in values)
    _new(frame, typeidx, f"Array(Y[{typeidx}],[{items}])", values)


@emits("array.new_data")
def _array_new_data(frame: Frame, instr: Instr) -> None:
    _new_from_segment(frame, instr, "new_array_data", "D")


@emits("array.new_elem")
def _array_new_elem(frame: Frame, instr: Instr) -> None:
    _new_from_segment(frame, instr, "new_array_elem", "E")


def _new_from_segment(frame: Frame, instr: Instr, function: str, segments: str) -> None:
    _, typeidx, segment = instr
    values = frame.pop_values(2)
    operands = ",".join(value.text for value in values)
    text = f"{function}(Y[{typeidx}],{segments},{segment},{operands})"
    _new(frame, typeidx, text, values, TRAPS | GLOBAL)


@emits("array.get", "array.get_s", "array.get_u")
def _array_get(frame: Frame, instr: Instr) -> None:
    reference, index = _pop_subscript(frame, 2)
    text = f"{reference.at(P_PRIMARY)}.elems[{index.text}]"
    _push_field(frame, instr, text, _element(frame, instr[1]), reference, index)


def _pop_subscript(frame: Frame, count: int) -> list[Entry]:
    """Pop reference and index, perhaps a value; Python looks at the reference before it evaluates the index."""
    stack = frame.stack
    index = len(stack) - count + 1
    early = stack[index].flags & (TRAPS | EFFECT)
    return _pop_in_order(frame, count, first=2 if early else 0)


@emits("array.set")
def _array_set(frame: Frame, instr: Instr) -> None:
    _pack_top(frame, 1, _element(frame, instr[1]).storage)
    reference, index, value = _pop_subscript(frame, 3)
    frame.emit(f"{reference.at(P_PRIMARY)}.elems[{index.text}]={value.text}", 0, True, True)


@emits("array.len")
def _array_len(frame: Frame, instr: Instr) -> None:
    reference = frame.pop_canonical()
    text = f"len({reference.at(P_PRIMARY)}.elems)"
    flags = reference.flags | TRAPS
    frame.push(Entry(I32, text, ATOM, 0, MAX_ELEMENTS, reference.deps, flags))


@emits("array.fill")
def _array_fill(frame: Frame, instr: Instr) -> None:
    _pack_top(frame, 2, _element(frame, instr[1]).storage)
    bulk_call(frame, "fill_array({},{},{},{})", 4)


@emits("array.copy")
def _array_copy(frame: Frame, instr: Instr) -> None:
    bulk_call(frame, "copy_array({},{},{},{},{})", 5)


@emits("array.init_data")
def _array_init_data(frame: Frame, instr: Instr) -> None:
    _init_from_segment(frame, instr, "init_array_data", "D")


@emits("array.init_elem")
def _array_init_elem(frame: Frame, instr: Instr) -> None:
    _init_from_segment(frame, instr, "init_array_elem", "E")


def _init_from_segment(frame: Frame, instr: Instr, function: str, segments: str) -> None:
    array, *operands = frame.pop_values(4)
    rest = ",".join(operand.text for operand in operands)
    frame.emit(f"{function}({array.text},{segments},{instr[2]},{rest})", 0, True, True)


# ---- i31 references


@emits("ref.i31")
def _ref_i31(frame: Frame, instr: Instr) -> None:
    value = frame.pop_canonical()
    fits = value.high <= I31_MASK
    text = value.text if fits else f"{value.at(P_BIT_AND)}&{I31_MASK}"
    prec = value.prec if fits else P_BIT_AND
    # A literal of a reference is null, and nothing else.
    form = NAME if fits and value.form is NAME else None
    flags = value.flags & ~TRUTH
    frame.push(Entry(ref_type(False, I31), text, prec, 0, 0, value.deps, flags, form))


def _bound(reference: Entry) -> tuple[str, str]:
    """First and later mention of an operand within an expression."""
    if reference.form is NAME:
        return reference.text, reference.text
    return f"(x:={reference.text})", "x"


@emits("i31.get_u")
def _i31_get_u(frame: Frame, instr: Instr) -> None:
    reference = frame.pop_canonical()
    first, v = _bound(reference)
    text = f"{v} if {first} is not None else null_i31()"
    flags = reference.flags | TRAPS
    frame.push(Entry(I32, text, P_CONDITIONAL, 0, I31_MASK, reference.deps, flags))


@emits("i31.get_s")
def _i31_get_s(frame: Frame, instr: Instr) -> None:
    reference = frame.pop_canonical()
    first, v = _bound(reference)
    half = I31_MASK + 1 >> 1
    text = f"null_i31() if {first} is None else {v} if {v}<{half} else {v}+{_SIGN_BIT}"
    flags = reference.flags | TRAPS
    frame.push(Entry(I32, text, P_CONDITIONAL, 0, TOP[I32], reference.deps, flags))


@emits("ref.eq")
def _ref_eq(frame: Frame, instr: Instr) -> None:
    # Equal integers are equal i31 references; instances are equal to themselves alone.
    left, right = frame.pop_values(2)
    if left.form is CONST or right.form is CONST:  # the literal is null
        frame.push(is_null(right if left.form is CONST else left))
        return
    deps, flags = _merge([left, right])
    text = f"{left.at(P_COMPARE + 1)}=={right.at(P_COMPARE + 1)}"
    frame.push(Entry(I32, text, P_COMPARE, 0, 1, deps, flags | TRUTH))


# ---- casts and conversions


def _closed(frame: Frame, heap: HeapType) -> HeapType:
    return map_heap(
        heap, lambda inner: frame.scope.types[inner] if isinstance(inner, int) else inner
    )


@emits("ref.test")
def _ref_test(frame: Frame, instr: Instr) -> None:
    op, heap = instr
    reference = frame.materialise(frame.pop(), len(frame.stack))
    text, prec = test_of(frame.scope, reference.text, heap, op.imm is Imm.REF_NULL)
    frame.push(Entry(I32, text, prec, 0, 1, reference.deps, reference.flags | TRUTH))


@emits("ref.cast")
def _ref_cast(frame: Frame, instr: Instr) -> None:
    op, heap = instr
    nullable = op.imm is Imm.REF_NULL
    reference = frame.materialise(frame.pop(), len(frame.stack))
    test, _ = test_of(frame.scope, reference.text, heap, nullable)
    text = f"{reference.text} if {test} else cast_failure()"
    type_ = RefType(nullable, _closed(frame, heap))
    flags = reference.flags | TRAPS
    frame.push(Entry(type_, text, P_CONDITIONAL, deps=reference.deps, flags=flags))


@emits("ref.cast_desc_eq")
def _ref_cast_desc_eq(frame: Frame, instr: Instr) -> None:
    op, heap = instr
    nullable = op.imm is Imm.REF_NULL
    values = frame.pop_values(2)
    text = f"cast_desc_eq({values[0].text},{values[1].text},{nullable})"
    deps, flags = _merge(values)
    type_ = RefType(nullable, _closed(frame, heap))
    frame.push(Entry(type_, text, ATOM, deps=deps, flags=flags & ~TRUTH | TRAPS))


@emits("ref.get_desc")
def _ref_get_desc(frame: Frame, instr: Instr) -> None:
    reference = frame.pop_canonical()
    descriptor = frame.scope.types[instr[1]].descriptor
    if descriptor is None:
        raise ValueError(f"type {instr[1]} has no descriptor")
    text = f"descriptor_of({reference.text})"
    flags = reference.flags & ~TRUTH | TRAPS
    frame.push(Entry(ref_type(False, descriptor), text, ATOM, deps=reference.deps, flags=flags))


@emits("any.convert_extern")
def _any_convert_extern(frame: Frame, instr: Instr) -> None:
    a = frame.pop_canonical()
    frame.push(Entry(ref_type(True, ANY), f"internalize({a.text})", ATOM, 0, 0, a.deps, a.flags))


@emits("extern.convert_any")
def _extern_convert_any(frame: Frame, instr: Instr) -> None:
    a = frame.pop_canonical()
    text = f"externalize({a.text})"
    frame.push(Entry(ref_type(True, EXTERN), text, ATOM, 0, 0, a.deps, a.flags))
