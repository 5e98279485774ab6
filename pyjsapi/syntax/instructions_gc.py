"""Rows of the instruction table for structures, arrays, i31 references and casts (core specification, "Reference
Instructions" and "Aggregate Instructions").

:mod:`pyjsapi.syntax.instructions` makes them part of the one table.
"""

from __future__ import annotations

from typing import Final

from pyjsapi.syntax.op import Imm, Op, row

_PREFIX: Final = 0xFB


DESCRIPTORS: Final = "custom_descriptors"
"""The field of `Features` that instructions with descriptors need."""


def _gc(opcode: int, mnemonic: str, imm: Imm = Imm.NONE) -> Op:
    return row(opcode, mnemonic, imm, prefix=_PREFIX, feature="gc")


def _desc(opcode: int, mnemonic: str, imm: Imm) -> Op:
    return row(opcode, mnemonic, imm, prefix=_PREFIX, feature=DESCRIPTORS)


# fmt: off
GC_OPS: Final[tuple[Op, ...]] = (
    # Structures (2.4.6)
    _gc(0x00, "struct.new", Imm.TYPE),
    _gc(0x01, "struct.new_default", Imm.TYPE),
    _gc(0x02, "struct.get", Imm.TYPE_FIELD),
    _gc(0x03, "struct.get_s", Imm.TYPE_FIELD),
    _gc(0x04, "struct.get_u", Imm.TYPE_FIELD),
    _gc(0x05, "struct.set", Imm.TYPE_FIELD),
    # Arrays (2.4.6)
    _gc(0x06, "array.new", Imm.TYPE),
    _gc(0x07, "array.new_default", Imm.TYPE),
    _gc(0x08, "array.new_fixed", Imm.TYPE_COUNT),
    _gc(0x09, "array.new_data", Imm.TYPE_DATA),
    _gc(0x0A, "array.new_elem", Imm.TYPE_ELEM),
    _gc(0x0B, "array.get", Imm.TYPE),
    _gc(0x0C, "array.get_s", Imm.TYPE),
    _gc(0x0D, "array.get_u", Imm.TYPE),
    _gc(0x0E, "array.set", Imm.TYPE),
    _gc(0x0F, "array.len"),
    _gc(0x10, "array.fill", Imm.TYPE),
    _gc(0x11, "array.copy", Imm.TYPE_TYPE),
    _gc(0x12, "array.init_data", Imm.TYPE_DATA),
    _gc(0x13, "array.init_elem", Imm.TYPE_ELEM),
    # Casts (2.4.5)
    _gc(0x14, "ref.test", Imm.REF),
    _gc(0x15, "ref.test", Imm.REF_NULL),
    _gc(0x16, "ref.cast", Imm.REF),
    _gc(0x17, "ref.cast", Imm.REF_NULL),
    _gc(0x18, "br_on_cast", Imm.CAST),
    _gc(0x19, "br_on_cast_fail", Imm.CAST),
    # External references (2.4.5) and scalar references (2.4.6)
    _gc(0x1A, "any.convert_extern"),
    _gc(0x1B, "extern.convert_any"),
    _gc(0x1C, "ref.i31"),
    _gc(0x1D, "i31.get_s"),
    _gc(0x1E, "i31.get_u"),
    # Structures with descriptors, and casts by them (custom descriptors proposal)
    _desc(0x20, "struct.new_desc", Imm.TYPE),
    _desc(0x21, "struct.new_default_desc", Imm.TYPE),
    _desc(0x22, "ref.get_desc", Imm.TYPE),
    _desc(0x23, "ref.cast_desc_eq", Imm.REF),
    _desc(0x24, "ref.cast_desc_eq", Imm.REF_NULL),
    _desc(0x25, "br_on_cast_desc_eq", Imm.CAST),
    _desc(0x26, "br_on_cast_desc_eq_fail", Imm.CAST),
)
# fmt: on
