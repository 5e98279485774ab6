"""What generated code calls for structures, arrays and casts."""

from __future__ import annotations

from typing import Final, NoReturn

from pyjsapi.runtime import descriptors, gc
from pyjsapi.syntax.errors import Trap


def trap_cast_failure() -> NoReturn:
    """What ``ref.cast`` does with a reference of another type."""
    raise Trap("cast failure")


def trap_null_i31() -> NoReturn:
    """What ``i31.get_s`` and ``i31.get_u`` do with a null reference."""
    raise Trap("null i31 reference")


GLOBALS: Final[dict[str, object]] = {
    "Struct": gc.StructInst,
    "Array": gc.ArrayInst,
    "int": int,
    "eq_classes": frozenset((int, gc.StructInst, gc.ArrayInst)),
    "new_array": gc.new_array,
    "new_array_data": gc.new_array_data,
    "new_array_elem": gc.new_array_elem,
    "fill_array": gc.fill_array,
    "copy_array": gc.copy_array,
    "init_array_data": gc.init_array_data,
    "init_array_elem": gc.init_array_elem,
    "new_described": descriptors.new_described,
    "descriptor_of": descriptors.descriptor_of,
    "has_descriptor": descriptors.has_descriptor,
    "cast_desc_eq": descriptors.cast_desc_eq,
    "internalize": gc.internalize,
    "externalize": gc.externalize,
    "cast_failure": trap_cast_failure,
    "null_i31": trap_null_i31,
}
"""Names that generated code may use."""
