"""Validation of the clauses by which structures have descriptors (custom descriptors proposal, "Custom Descriptor
Definitions")."""

from __future__ import annotations

from collections.abc import Sequence

from pyjsapi.syntax.deftypes import DefType
from pyjsapi.syntax.errors import ValidationError
from pyjsapi.syntax.types import HeapType, StructType, SubType


def check_descriptors(subtypes: Sequence[SubType], start: int) -> None:
    """Check that the clauses of a group's types, the first of which is type ``start``, agree with each other."""
    for index, sub in enumerate(subtypes, start):
        if sub.describes is not None:
            described = _member(subtypes, start, sub.describes)
            if described is None:
                raise ValidationError(f"described type is outside rec group, of type {index}")
            if described.descriptor != index:
                raise ValidationError(
                    f"described type is not described by descriptor: type {index}"
                )
            if isinstance(sub.describes, int) and sub.describes >= index:
                raise ValidationError(f"forward use of described type in type {index}")
        if sub.descriptor is not None:
            descriptor = _member(subtypes, start, sub.descriptor)
            if descriptor is None:
                raise ValidationError(f"descriptor type is outside rec group, of type {index}")
            if descriptor.describes != index:
                raise ValidationError(f"type is not described by its descriptor: type {index}")
    for index, sub in enumerate(subtypes, start):
        clauses = sub.describes is not None or sub.descriptor is not None
        if clauses and not isinstance(sub.comp, StructType):
            kind = "described" if sub.descriptor is None else "descriptor"
            raise ValidationError(f"{kind} type must be a struct: type {index} is none")


def _member(subtypes: Sequence[SubType], start: int, heap: HeapType) -> SubType | None:
    is_member = isinstance(heap, int) and start <= heap < start + len(subtypes)
    return subtypes[heap - start] if is_member and isinstance(heap, int) else None


def check_super_clauses(index: int, sub: SubType, member: DefType, super_: DefType) -> None:
    """Check the clauses of type ``index`` against those of the type that it declares to be below."""
    mismatch = f"sub type {index} does not match super type {sub.supers[0]}"
    described, above = member.describes, super_.describes
    if (described is None) != (above is None):
        raise ValidationError(f"{mismatch}: one of the two describes no type")
    if described is not None and above is not None and not described.is_subtype_of(above):
        raise ValidationError(
            f"described type {sub.describes} does not match that of super type {sub.supers[0]}"
        )
    descriptor, above = member.descriptor, super_.descriptor
    if above is None:
        return
    if descriptor is None:
        raise ValidationError(f"{mismatch}, which has a descriptor")
    if not descriptor.is_subtype_of(above):
        raise ValidationError(
            f"descriptor type {sub.descriptor} does not match that of super type {sub.supers[0]}"
        )
