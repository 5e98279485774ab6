"""The one instruction table (core specification, "Instructions" and "Binary Format: Instructions").

One row per instruction. Decoder, encoder, text parser, validation, compiler and documentation read this table
and dispatch on the kind of immediate or on the mnemonic; opcode numbers stand nowhere else.
"""

from __future__ import annotations

from typing import Final

from pyjsapi.syntax.instructions_atomic import ATOMIC_OPS, ORDERINGS
from pyjsapi.syntax.instructions_exceptions import EXCEPTION_OPS, LEGACY_EXCEPTION_OPS
from pyjsapi.syntax.instructions_gc import GC_OPS
from pyjsapi.syntax.instructions_simd import RELAXED_SIMD_OPS, SIMD_OPS
from pyjsapi.syntax.instructions_stack import STACK_OPS
from pyjsapi.syntax.op import AT as AT
from pyjsapi.syntax.op import Imm as Imm
from pyjsapi.syntax.op import Op as Op
from pyjsapi.syntax.op import row as _op

# fmt: off
OPS: Final[tuple[Op, ...]] = (
    # Control (2.4.8)
    _op(0x00, "unreachable"),
    _op(0x01, "nop", sig="->"),
    _op(0x02, "block", Imm.BLOCK),
    _op(0x03, "loop", Imm.BLOCK),
    _op(0x04, "if", Imm.BLOCK),
    _op(0x05, "else"),
    _op(0x0B, "end"),
    _op(0x0C, "br", Imm.LABEL),
    _op(0x0D, "br_if", Imm.LABEL),
    _op(0x0E, "br_table", Imm.LABELS),
    _op(0x0F, "return"),
    _op(0x10, "call", Imm.FUNC),
    _op(0x11, "call_indirect", Imm.TYPE_TABLE),
    _op(0x12, "return_call", Imm.FUNC, feature="tail_call"),
    _op(0x13, "return_call_indirect", Imm.TYPE_TABLE, feature="tail_call"),
    _op(0x14, "call_ref", Imm.TYPE, feature="function_references"),
    _op(0x15, "return_call_ref", Imm.TYPE, feature="function_references"),
    *EXCEPTION_OPS,
    *LEGACY_EXCEPTION_OPS,
    # Parametric (2.4.1)
    _op(0x1A, "drop"),
    _op(0x1B, "select"),
    _op(0x1C, "select", Imm.TYPES, feature="reference_types"),
    # Variables (2.4.5)
    _op(0x20, "local.get", Imm.LOCAL),
    _op(0x21, "local.set", Imm.LOCAL),
    _op(0x22, "local.tee", Imm.LOCAL),
    _op(0x23, "global.get", Imm.GLOBAL),
    _op(0x24, "global.set", Imm.GLOBAL),
    # Tables (2.4.6)
    _op(0x25, "table.get", Imm.TABLE, feature="reference_types"),
    _op(0x26, "table.set", Imm.TABLE, feature="reference_types"),
    # Memory (2.4.7); "at" is the address type of the memory that the instruction names
    _op(0x28, "i32.load", Imm.MEMARG, sig="at -> i32", width=32),
    _op(0x29, "i64.load", Imm.MEMARG, sig="at -> i64", width=64),
    _op(0x2A, "f32.load", Imm.MEMARG, sig="at -> f32", width=32),
    _op(0x2B, "f64.load", Imm.MEMARG, sig="at -> f64", width=64),
    _op(0x2C, "i32.load8_s", Imm.MEMARG, sig="at -> i32", width=8),
    _op(0x2D, "i32.load8_u", Imm.MEMARG, sig="at -> i32", width=8),
    _op(0x2E, "i32.load16_s", Imm.MEMARG, sig="at -> i32", width=16),
    _op(0x2F, "i32.load16_u", Imm.MEMARG, sig="at -> i32", width=16),
    _op(0x30, "i64.load8_s", Imm.MEMARG, sig="at -> i64", width=8),
    _op(0x31, "i64.load8_u", Imm.MEMARG, sig="at -> i64", width=8),
    _op(0x32, "i64.load16_s", Imm.MEMARG, sig="at -> i64", width=16),
    _op(0x33, "i64.load16_u", Imm.MEMARG, sig="at -> i64", width=16),
    _op(0x34, "i64.load32_s", Imm.MEMARG, sig="at -> i64", width=32),
    _op(0x35, "i64.load32_u", Imm.MEMARG, sig="at -> i64", width=32),
    _op(0x36, "i32.store", Imm.MEMARG, sig="at i32 ->", width=32),
    _op(0x37, "i64.store", Imm.MEMARG, sig="at i64 ->", width=64),
    _op(0x38, "f32.store", Imm.MEMARG, sig="at f32 ->", width=32),
    _op(0x39, "f64.store", Imm.MEMARG, sig="at f64 ->", width=64),
    _op(0x3A, "i32.store8", Imm.MEMARG, sig="at i32 ->", width=8),
    _op(0x3B, "i32.store16", Imm.MEMARG, sig="at i32 ->", width=16),
    _op(0x3C, "i64.store8", Imm.MEMARG, sig="at i64 ->", width=8),
    _op(0x3D, "i64.store16", Imm.MEMARG, sig="at i64 ->", width=16),
    _op(0x3E, "i64.store32", Imm.MEMARG, sig="at i64 ->", width=32),
    _op(0x3F, "memory.size", Imm.MEM, sig="-> at"),
    _op(0x40, "memory.grow", Imm.MEM, sig="at -> at"),
    # Constants (2.4.2)
    _op(0x41, "i32.const", Imm.I32, sig="-> i32"),
    _op(0x42, "i64.const", Imm.I64, sig="-> i64"),
    _op(0x43, "f32.const", Imm.F32, sig="-> f32"),
    _op(0x44, "f64.const", Imm.F64, sig="-> f64"),
    # Numeric (2.4.2)
    _op(0x45, "i32.eqz", sig="i32 -> i32"),
    _op(0x46, "i32.eq", sig="i32 i32 -> i32"),
    _op(0x47, "i32.ne", sig="i32 i32 -> i32"),
    _op(0x48, "i32.lt_s", sig="i32 i32 -> i32"),
    _op(0x49, "i32.lt_u", sig="i32 i32 -> i32"),
    _op(0x4A, "i32.gt_s", sig="i32 i32 -> i32"),
    _op(0x4B, "i32.gt_u", sig="i32 i32 -> i32"),
    _op(0x4C, "i32.le_s", sig="i32 i32 -> i32"),
    _op(0x4D, "i32.le_u", sig="i32 i32 -> i32"),
    _op(0x4E, "i32.ge_s", sig="i32 i32 -> i32"),
    _op(0x4F, "i32.ge_u", sig="i32 i32 -> i32"),
    _op(0x50, "i64.eqz", sig="i64 -> i32"),
    _op(0x51, "i64.eq", sig="i64 i64 -> i32"),
    _op(0x52, "i64.ne", sig="i64 i64 -> i32"),
    _op(0x53, "i64.lt_s", sig="i64 i64 -> i32"),
    _op(0x54, "i64.lt_u", sig="i64 i64 -> i32"),
    _op(0x55, "i64.gt_s", sig="i64 i64 -> i32"),
    _op(0x56, "i64.gt_u", sig="i64 i64 -> i32"),
    _op(0x57, "i64.le_s", sig="i64 i64 -> i32"),
    _op(0x58, "i64.le_u", sig="i64 i64 -> i32"),
    _op(0x59, "i64.ge_s", sig="i64 i64 -> i32"),
    _op(0x5A, "i64.ge_u", sig="i64 i64 -> i32"),
    _op(0x5B, "f32.eq", sig="f32 f32 -> i32"),
    _op(0x5C, "f32.ne", sig="f32 f32 -> i32"),
    _op(0x5D, "f32.lt", sig="f32 f32 -> i32"),
    _op(0x5E, "f32.gt", sig="f32 f32 -> i32"),
    _op(0x5F, "f32.le", sig="f32 f32 -> i32"),
    _op(0x60, "f32.ge", sig="f32 f32 -> i32"),
    _op(0x61, "f64.eq", sig="f64 f64 -> i32"),
    _op(0x62, "f64.ne", sig="f64 f64 -> i32"),
    _op(0x63, "f64.lt", sig="f64 f64 -> i32"),
    _op(0x64, "f64.gt", sig="f64 f64 -> i32"),
    _op(0x65, "f64.le", sig="f64 f64 -> i32"),
    _op(0x66, "f64.ge", sig="f64 f64 -> i32"),
    _op(0x67, "i32.clz", sig="i32 -> i32"),
    _op(0x68, "i32.ctz", sig="i32 -> i32"),
    _op(0x69, "i32.popcnt", sig="i32 -> i32"),
    _op(0x6A, "i32.add", sig="i32 i32 -> i32"),
    _op(0x6B, "i32.sub", sig="i32 i32 -> i32"),
    _op(0x6C, "i32.mul", sig="i32 i32 -> i32"),
    _op(0x6D, "i32.div_s", sig="i32 i32 -> i32"),
    _op(0x6E, "i32.div_u", sig="i32 i32 -> i32"),
    _op(0x6F, "i32.rem_s", sig="i32 i32 -> i32"),
    _op(0x70, "i32.rem_u", sig="i32 i32 -> i32"),
    _op(0x71, "i32.and", sig="i32 i32 -> i32"),
    _op(0x72, "i32.or", sig="i32 i32 -> i32"),
    _op(0x73, "i32.xor", sig="i32 i32 -> i32"),
    _op(0x74, "i32.shl", sig="i32 i32 -> i32"),
    _op(0x75, "i32.shr_s", sig="i32 i32 -> i32"),
    _op(0x76, "i32.shr_u", sig="i32 i32 -> i32"),
    _op(0x77, "i32.rotl", sig="i32 i32 -> i32"),
    _op(0x78, "i32.rotr", sig="i32 i32 -> i32"),
    _op(0x79, "i64.clz", sig="i64 -> i64"),
    _op(0x7A, "i64.ctz", sig="i64 -> i64"),
    _op(0x7B, "i64.popcnt", sig="i64 -> i64"),
    _op(0x7C, "i64.add", sig="i64 i64 -> i64"),
    _op(0x7D, "i64.sub", sig="i64 i64 -> i64"),
    _op(0x7E, "i64.mul", sig="i64 i64 -> i64"),
    _op(0x7F, "i64.div_s", sig="i64 i64 -> i64"),
    _op(0x80, "i64.div_u", sig="i64 i64 -> i64"),
    _op(0x81, "i64.rem_s", sig="i64 i64 -> i64"),
    _op(0x82, "i64.rem_u", sig="i64 i64 -> i64"),
    _op(0x83, "i64.and", sig="i64 i64 -> i64"),
    _op(0x84, "i64.or", sig="i64 i64 -> i64"),
    _op(0x85, "i64.xor", sig="i64 i64 -> i64"),
    _op(0x86, "i64.shl", sig="i64 i64 -> i64"),
    _op(0x87, "i64.shr_s", sig="i64 i64 -> i64"),
    _op(0x88, "i64.shr_u", sig="i64 i64 -> i64"),
    _op(0x89, "i64.rotl", sig="i64 i64 -> i64"),
    _op(0x8A, "i64.rotr", sig="i64 i64 -> i64"),
    _op(0x8B, "f32.abs", sig="f32 -> f32"),
    _op(0x8C, "f32.neg", sig="f32 -> f32"),
    _op(0x8D, "f32.ceil", sig="f32 -> f32"),
    _op(0x8E, "f32.floor", sig="f32 -> f32"),
    _op(0x8F, "f32.trunc", sig="f32 -> f32"),
    _op(0x90, "f32.nearest", sig="f32 -> f32"),
    _op(0x91, "f32.sqrt", sig="f32 -> f32"),
    _op(0x92, "f32.add", sig="f32 f32 -> f32"),
    _op(0x93, "f32.sub", sig="f32 f32 -> f32"),
    _op(0x94, "f32.mul", sig="f32 f32 -> f32"),
    _op(0x95, "f32.div", sig="f32 f32 -> f32"),
    _op(0x96, "f32.min", sig="f32 f32 -> f32"),
    _op(0x97, "f32.max", sig="f32 f32 -> f32"),
    _op(0x98, "f32.copysign", sig="f32 f32 -> f32"),
    _op(0x99, "f64.abs", sig="f64 -> f64"),
    _op(0x9A, "f64.neg", sig="f64 -> f64"),
    _op(0x9B, "f64.ceil", sig="f64 -> f64"),
    _op(0x9C, "f64.floor", sig="f64 -> f64"),
    _op(0x9D, "f64.trunc", sig="f64 -> f64"),
    _op(0x9E, "f64.nearest", sig="f64 -> f64"),
    _op(0x9F, "f64.sqrt", sig="f64 -> f64"),
    _op(0xA0, "f64.add", sig="f64 f64 -> f64"),
    _op(0xA1, "f64.sub", sig="f64 f64 -> f64"),
    _op(0xA2, "f64.mul", sig="f64 f64 -> f64"),
    _op(0xA3, "f64.div", sig="f64 f64 -> f64"),
    _op(0xA4, "f64.min", sig="f64 f64 -> f64"),
    _op(0xA5, "f64.max", sig="f64 f64 -> f64"),
    _op(0xA6, "f64.copysign", sig="f64 f64 -> f64"),
    _op(0xA7, "i32.wrap_i64", sig="i64 -> i32"),
    _op(0xA8, "i32.trunc_f32_s", sig="f32 -> i32"),
    _op(0xA9, "i32.trunc_f32_u", sig="f32 -> i32"),
    _op(0xAA, "i32.trunc_f64_s", sig="f64 -> i32"),
    _op(0xAB, "i32.trunc_f64_u", sig="f64 -> i32"),
    _op(0xAC, "i64.extend_i32_s", sig="i32 -> i64"),
    _op(0xAD, "i64.extend_i32_u", sig="i32 -> i64"),
    _op(0xAE, "i64.trunc_f32_s", sig="f32 -> i64"),
    _op(0xAF, "i64.trunc_f32_u", sig="f32 -> i64"),
    _op(0xB0, "i64.trunc_f64_s", sig="f64 -> i64"),
    _op(0xB1, "i64.trunc_f64_u", sig="f64 -> i64"),
    _op(0xB2, "f32.convert_i32_s", sig="i32 -> f32"),
    _op(0xB3, "f32.convert_i32_u", sig="i32 -> f32"),
    _op(0xB4, "f32.convert_i64_s", sig="i64 -> f32"),
    _op(0xB5, "f32.convert_i64_u", sig="i64 -> f32"),
    _op(0xB6, "f32.demote_f64", sig="f64 -> f32"),
    _op(0xB7, "f64.convert_i32_s", sig="i32 -> f64"),
    _op(0xB8, "f64.convert_i32_u", sig="i32 -> f64"),
    _op(0xB9, "f64.convert_i64_s", sig="i64 -> f64"),
    _op(0xBA, "f64.convert_i64_u", sig="i64 -> f64"),
    _op(0xBB, "f64.promote_f32", sig="f32 -> f64"),
    _op(0xBC, "i32.reinterpret_f32", sig="f32 -> i32"),
    _op(0xBD, "i64.reinterpret_f64", sig="f64 -> i64"),
    _op(0xBE, "f32.reinterpret_i32", sig="i32 -> f32"),
    _op(0xBF, "f64.reinterpret_i64", sig="i64 -> f64"),
    _op(0xC0, "i32.extend8_s", sig="i32 -> i32", feature="sign_extension"),
    _op(0xC1, "i32.extend16_s", sig="i32 -> i32", feature="sign_extension"),
    _op(0xC2, "i64.extend8_s", sig="i64 -> i64", feature="sign_extension"),
    _op(0xC3, "i64.extend16_s", sig="i64 -> i64", feature="sign_extension"),
    _op(0xC4, "i64.extend32_s", sig="i64 -> i64", feature="sign_extension"),
    # References (2.4.3)
    _op(0xD0, "ref.null", Imm.HEAP, feature="reference_types"),
    _op(0xD1, "ref.is_null", feature="reference_types"),
    _op(0xD2, "ref.func", Imm.FUNC, feature="reference_types"),
    _op(0xD3, "ref.eq", feature="gc"),
    _op(0xD4, "ref.as_non_null", feature="function_references"),
    _op(0xD5, "br_on_null", Imm.LABEL, feature="function_references"),
    _op(0xD6, "br_on_non_null", Imm.LABEL, feature="function_references"),
    # Stack switching
    *STACK_OPS,
    # Prefix 0xFC: saturating conversions, bulk memory, tables
    _op(0x00, "i32.trunc_sat_f32_s", sig="f32 -> i32", feature="saturating_float_to_int", prefix=0xFC),
    _op(0x01, "i32.trunc_sat_f32_u", sig="f32 -> i32", feature="saturating_float_to_int", prefix=0xFC),
    _op(0x02, "i32.trunc_sat_f64_s", sig="f64 -> i32", feature="saturating_float_to_int", prefix=0xFC),
    _op(0x03, "i32.trunc_sat_f64_u", sig="f64 -> i32", feature="saturating_float_to_int", prefix=0xFC),
    _op(0x04, "i64.trunc_sat_f32_s", sig="f32 -> i64", feature="saturating_float_to_int", prefix=0xFC),
    _op(0x05, "i64.trunc_sat_f32_u", sig="f32 -> i64", feature="saturating_float_to_int", prefix=0xFC),
    _op(0x06, "i64.trunc_sat_f64_s", sig="f64 -> i64", feature="saturating_float_to_int", prefix=0xFC),
    _op(0x07, "i64.trunc_sat_f64_u", sig="f64 -> i64", feature="saturating_float_to_int", prefix=0xFC),
    _op(0x08, "memory.init", Imm.DATA_MEM, sig="at i32 i32 ->", feature="bulk_memory", prefix=0xFC),
    _op(0x09, "data.drop", Imm.DATA, sig="->", feature="bulk_memory", prefix=0xFC),
    _op(0x0A, "memory.copy", Imm.MEM_MEM, feature="bulk_memory", prefix=0xFC),
    _op(0x0B, "memory.fill", Imm.MEM, sig="at i32 at ->", feature="bulk_memory", prefix=0xFC),
    _op(0x0C, "table.init", Imm.ELEM_TABLE, feature="bulk_memory", prefix=0xFC),
    _op(0x0D, "elem.drop", Imm.ELEM, sig="->", feature="bulk_memory", prefix=0xFC),
    _op(0x0E, "table.copy", Imm.TABLE_TABLE, feature="bulk_memory", prefix=0xFC),
    _op(0x0F, "table.grow", Imm.TABLE, feature="reference_types", prefix=0xFC),
    _op(0x10, "table.size", Imm.TABLE, feature="reference_types", prefix=0xFC),
    _op(0x11, "table.fill", Imm.TABLE, feature="reference_types", prefix=0xFC),
    _op(0x12, "memory.discard", Imm.MEM, sig="at at ->", feature="memory_control", prefix=0xFC),
    # Integers of 128 bits as pairs, low half first (wide arithmetic)
    _op(0x13, "i64.add128", sig="i64 i64 i64 i64 -> i64 i64", feature="wide_arithmetic", prefix=0xFC),
    _op(0x14, "i64.sub128", sig="i64 i64 i64 i64 -> i64 i64", feature="wide_arithmetic", prefix=0xFC),
    _op(0x15, "i64.mul_wide_s", sig="i64 i64 -> i64 i64", feature="wide_arithmetic", prefix=0xFC),
    _op(0x16, "i64.mul_wide_u", sig="i64 i64 -> i64 i64", feature="wide_arithmetic", prefix=0xFC),
    # Aggregates and casts, prefix 0xFB
    *GC_OPS,
    # Vector (2.4.3), prefix 0xFD
    *SIMD_OPS,
    *RELAXED_SIMD_OPS,
    # Atomic memory accesses (threads), prefix 0xFE
    *ATOMIC_OPS,
)
# fmt: on

PREFIXES: Final = frozenset(op.prefix for op in OPS if op.prefix)
"""Prefix bytes in use."""

BY_CODE: Final[dict[int, Op]] = {op.code: op for op in OPS if op not in ORDERINGS}
"""Row of an opcode; after a prefix p the key is ``p << 16 | opcode``. (Rows with an ordering have another's opcode.)"""

SELECT_TYPED: Final = next(op for op in OPS if op.imm is Imm.TYPES)
"""``select`` with result types."""

NULLABLE: Final[dict[str, Op]] = {op.mnemonic: op for op in OPS if op.imm is Imm.REF_NULL}
"""``ref.test``, ``ref.cast`` and ``ref.cast_desc_eq`` with a nullable type."""

SECOND_ROWS: Final = frozenset((SELECT_TYPED, *NULLABLE.values(), *ORDERINGS))
"""The rows whose mnemonic another row has too."""

BY_MNEMONIC: Final[dict[str, Op]] = {op.mnemonic: op for op in OPS if op not in SECOND_ROWS}
"""Row of a mnemonic (``select``: without types; ``ref.test``, ``ref.cast``: with a type that is not nullable)."""
