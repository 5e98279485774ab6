"""Structures with descriptors, and casts by them (custom descriptors proposal, "New Instructions")."""

from __future__ import annotations

from typing import Any, Final

from pyjsapi.runtime.gc import StructInst
from pyjsapi.syntax.deftypes import DefType
from pyjsapi.syntax.errors import Trap

NULL_DESCRIPTOR: Final = "null descriptor reference"


def new_described(type_: DefType, fields: list[Any], descriptor: StructInst | None) -> StructInst:
    """``struct.new_desc``. Traps without a descriptor."""
    if descriptor is None:
        raise Trap(NULL_DESCRIPTOR)
    made = StructInst(type_, fields)
    made.descriptor = descriptor
    return made


def descriptor_of(reference: StructInst | None) -> StructInst:
    """``ref.get_desc``. Traps for null."""
    if reference is None:
        raise Trap("null reference")
    return reference.descriptor


def has_descriptor(reference: Any, descriptor: StructInst | None, nullable: bool) -> bool:
    """Whether a cast by a descriptor succeeds. Traps without a descriptor.

    A descriptor is of one type of structures, so that whatever has it is of that type.
    """
    if descriptor is None:
        raise Trap(NULL_DESCRIPTOR)
    if reference is None:
        return nullable
    return isinstance(reference, StructInst) and (
        getattr(reference, "descriptor", None) is descriptor
    )


def cast_desc_eq(reference: Any, descriptor: StructInst | None, nullable: bool) -> Any:
    """``ref.cast_desc_eq``. Traps where the cast fails."""
    if has_descriptor(reference, descriptor, nullable):
        return reference
    raise Trap("descriptor cast failure")
