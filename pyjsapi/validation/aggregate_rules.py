"""The typing rules of structures, arrays and i31 references (core specification, "Validation: Aggregate
Instructions")."""

from __future__ import annotations

from pyjsapi.syntax.deftypes import DefType
from pyjsapi.syntax.errors import ValidationError
from pyjsapi.syntax.instructions import Op
from pyjsapi.syntax.module import Instr, op_of
from pyjsapi.syntax.types import (
    ARRAY,
    I31,
    I32,
    ArrayType,
    FieldType,
    NumType,
    PackType,
    RefType,
    StorageType,
    StructType,
    ValType,
    VecType,
    ref_type,
)
from pyjsapi.validation.limits import check_limit
from pyjsapi.validation.matching import match_ref, match_storage
from pyjsapi.validation.rules import check_data, elem_type, rule
from pyjsapi.validation.state import State

_NULLABLE_ARRAY = ref_type(True, ARRAY)


def unpacked(storage: StorageType) -> ValType:
    """The type that a field's value has on the stack."""
    return I32 if isinstance(storage, PackType) else storage


def _new_struct(state: State, index: int) -> tuple[DefType, StructType]:
    """A structure type that is allocated without a descriptor."""
    type_, comp = _struct(state, index)
    if type_.descriptor is not None:
        raise ValidationError(
            f"type with descriptor requires descriptor allocation: type {index} has one"
        )
    return type_, comp


def _struct(state: State, index: int) -> tuple[DefType, StructType]:
    type_ = state.checker.type(index)
    comp = type_.comp
    if not isinstance(comp, StructType):
        raise ValidationError(f"type mismatch: non-structure type {index}")
    return type_, comp


def _array(state: State, index: int) -> tuple[DefType, FieldType]:
    type_ = state.checker.type(index)
    comp = type_.comp
    if not isinstance(comp, ArrayType):
        raise ValidationError(f"type mismatch: non-array type {index}")
    return type_, comp.field


def _field(comp: StructType, index: int) -> FieldType:
    if index >= len(comp.fields):
        raise ValidationError(f"unknown field {index}, the structure has {len(comp.fields)}")
    return comp.fields[index]


def _check_mutable(field: FieldType, what: str) -> None:
    if not field.mutable:
        raise ValidationError(f"immutable {what}: it cannot be changed")


def _check_extension(op: Op, field: FieldType) -> None:
    packed = isinstance(field.storage, PackType)
    if packed != op.family.endswith(("_s", "_u")):
        has = "packed" if packed else "unpacked"
        raise ValidationError(f"type mismatch: field is {has}, {op} is not for that")


def check_default(storage: StorageType) -> None:
    if isinstance(storage, RefType) and not storage.nullable:
        raise ValidationError(f"type mismatch: {storage} is not defaultable")


@rule("struct.new")
def _struct_new(state: State, instr: Instr) -> None:
    type_, comp = _new_struct(state, instr[1])
    state.pop_types([unpacked(field.storage) for field in comp.fields])
    state.vals.append(state.checker.new_ref(type_))


@rule("struct.new_default")
def _struct_new_default(state: State, instr: Instr) -> None:
    type_, comp = _new_struct(state, instr[1])
    for field in comp.fields:
        check_default(field.storage)
    state.vals.append(state.checker.new_ref(type_))


@rule("struct.get", "struct.get_s", "struct.get_u")
def _struct_get(state: State, instr: Instr) -> None:
    type_, comp = _struct(state, instr[1])
    field = _field(comp, instr[2])
    _check_extension(op_of(instr), field)
    state.pop_types((ref_type(True, type_),))
    state.vals.append(unpacked(field.storage))


@rule("struct.set")
def _struct_set(state: State, instr: Instr) -> None:
    type_, comp = _struct(state, instr[1])
    field = _field(comp, instr[2])
    _check_mutable(field, f"field {instr[2]}")
    state.pop_types((ref_type(True, type_), unpacked(field.storage)))


@rule("array.new")
def _array_new(state: State, instr: Instr) -> None:
    type_, field = _array(state, instr[1])
    state.pop_types((unpacked(field.storage), I32))
    state.vals.append(state.checker.new_ref(type_))


@rule("array.new_default")
def _array_new_default(state: State, instr: Instr) -> None:
    type_, field = _array(state, instr[1])
    check_default(field.storage)
    state.pop_types((I32,))
    state.vals.append(state.checker.new_ref(type_))


@rule("array.new_fixed")
def _array_new_fixed(state: State, instr: Instr) -> None:
    type_, field = _array(state, instr[1])
    count = instr[2]
    limit = state.checker.limits.array_new_fixed_operands
    check_limit(count, limit, "array_new_fixed_operands", "operands of array.new_fixed")
    state.pop_types([unpacked(field.storage)] * count)
    state.vals.append(state.checker.new_ref(type_))


def _check_data_element(state: State, field: FieldType, dataidx: int) -> None:
    if not isinstance(field.storage, (NumType, VecType, PackType)):
        raise ValidationError(
            f"array type is not numeric or vector: its field type is {field.storage}"
        )
    check_data(state, dataidx)


def _check_elem_element(state: State, field: FieldType, elemidx: int) -> None:
    type_ = elem_type(state, elemidx)
    if not isinstance(field.storage, RefType) or not match_ref(type_, field.storage):
        raise ValidationError(
            f"type mismatch: element segment's type {type_} does not match "
            f"array's field type {field.storage}"
        )


@rule("array.new_data")
def _array_new_data(state: State, instr: Instr) -> None:
    type_, field = _array(state, instr[1])
    _check_data_element(state, field, instr[2])
    state.pop_types((I32, I32))
    state.vals.append(state.checker.new_ref(type_))


@rule("array.new_elem")
def _array_new_elem(state: State, instr: Instr) -> None:
    type_, field = _array(state, instr[1])
    _check_elem_element(state, field, instr[2])
    state.pop_types((I32, I32))
    state.vals.append(state.checker.new_ref(type_))


@rule("array.get", "array.get_s", "array.get_u")
def _array_get(state: State, instr: Instr) -> None:
    type_, field = _array(state, instr[1])
    _check_extension(op_of(instr), field)
    state.pop_types((ref_type(True, type_), I32))
    state.vals.append(unpacked(field.storage))


@rule("array.set")
def _array_set(state: State, instr: Instr) -> None:
    type_, field = _array(state, instr[1])
    _check_mutable(field, "array")
    state.pop_types((ref_type(True, type_), I32, unpacked(field.storage)))


@rule("array.len")
def _array_len(state: State, instr: Instr) -> None:
    state.pop_types((_NULLABLE_ARRAY,))
    state.vals.append(I32)


@rule("array.fill")
def _array_fill(state: State, instr: Instr) -> None:
    type_, field = _array(state, instr[1])
    _check_mutable(field, "array")
    state.pop_types((ref_type(True, type_), I32, unpacked(field.storage), I32))


@rule("array.copy")
def _array_copy(state: State, instr: Instr) -> None:
    type_, field = _array(state, instr[1])
    source_type, source = _array(state, instr[2])
    _check_mutable(field, "array")
    if not match_storage(source.storage, field.storage):
        raise ValidationError(
            f"array types do not match: {source.storage} does not match {field.storage}"
        )
    state.pop_types((ref_type(True, type_), I32, ref_type(True, source_type), I32, I32))


@rule("array.init_data")
def _array_init_data(state: State, instr: Instr) -> None:
    type_, field = _array(state, instr[1])
    _check_mutable(field, "array")
    _check_data_element(state, field, instr[2])
    state.pop_types((ref_type(True, type_), I32, I32, I32))


@rule("array.init_elem")
def _array_init_elem(state: State, instr: Instr) -> None:
    type_, field = _array(state, instr[1])
    _check_mutable(field, "array")
    _check_elem_element(state, field, instr[2])
    state.pop_types((ref_type(True, type_), I32, I32, I32))


@rule("ref.i31")
def _ref_i31(state: State, instr: Instr) -> None:
    state.pop_types((I32,))
    state.vals.append(ref_type(False, I31))


@rule("i31.get_s", "i31.get_u")
def _i31_get(state: State, instr: Instr) -> None:
    state.pop_types((ref_type(True, I31),))
    state.vals.append(I32)
