"""Types: every form decodes, encodes back to its shortest form, or is malformed."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pyjsapi.binary import encode_types, types
from pyjsapi.binary.reader import Reader
from pyjsapi.syntax.deftypes import func_def_type
from pyjsapi.syntax.errors import DecodeError
from pyjsapi.syntax.features import Features
from pyjsapi.syntax.types import (
    ABS_HEAP_TYPES,
    EXTERNREF,
    F32,
    F64,
    FUNC,
    FUNCREF,
    I8,
    I16,
    I32,
    I64,
    V128,
    ArrayType,
    FieldType,
    FuncType,
    GlobalType,
    MemType,
    RecType,
    StructType,
    SubType,
    TableType,
    ValType,
    ref_type,
)


def decode(read: Callable[[Reader], object], encoded: bytes) -> object:
    reader = Reader(encoded)
    value = read(reader)
    assert reader.left == 0
    return value


VALUE_TYPES: list[tuple[str, ValType]] = [
    ("7f", I32),
    ("7e", I64),
    ("7d", F32),
    ("7c", F64),
    ("7b", V128),
    ("70", FUNCREF),
    ("6f", EXTERNREF),
    ("64 70", ref_type(False, FUNC)),
    ("63 05", ref_type(True, 5)),
    ("64 c0 00", ref_type(False, 64)),
    ("64 ff ff ff ff 0f", ref_type(False, 2**32 - 1)),
    *[(f"{heap.code:02x}", ref_type(True, heap)) for heap in ABS_HEAP_TYPES],
    *[(f"64 {heap.code:02x}", ref_type(False, heap)) for heap in ABS_HEAP_TYPES],
]


@pytest.mark.parametrize(("encoded", "type_"), VALUE_TYPES)
def test_value_types_round_trip(encoded: str, type_: ValType) -> None:
    data = bytes.fromhex(encoded)
    assert decode(types.value_type, data) == type_
    assert decode(types.block_type, data) == type_
    assert encode_types.value_type(type_) == data
    assert encode_types.block_type(type_) == data


def test_number_types_and_abstract_references_are_the_constants() -> None:
    assert decode(types.value_type, b"\x7f") is I32
    assert decode(types.value_type, b"\x70") is FUNCREF
    assert decode(types.value_type, b"\x63\x6f") is EXTERNREF


def test_the_long_form_of_a_short_reference_type_encodes_short() -> None:
    type_ = decode(types.reference_type, b"\x63\x70")
    assert type_ is FUNCREF
    assert encode_types.reference_type(FUNCREF) == b"\x70"


@pytest.mark.parametrize(
    ("encoded", "type_"), [("40", None), ("00", 0), ("3f", 63), ("c0 00", 64), ("80 01", 128)]
)
def test_block_types_that_are_empty_or_an_index(encoded: str, type_: int | None) -> None:
    data = bytes.fromhex(encoded)
    assert decode(types.block_type, data) == type_
    assert encode_types.block_type(type_) == data


REC_TYPES = [
    ("60 00 00", RecType((SubType(True, (), FuncType((), ())),))),
    ("60 02 7f 7e 01 7d", RecType((SubType(True, (), FuncType((I32, I64), (F32,))),))),
    ("50 00 60 00 00", RecType((SubType(False, (), FuncType((), ())),))),
    ("50 01 03 60 00 00", RecType((SubType(False, (3,), FuncType((), ())),))),
    ("4f 01 03 60 00 00", RecType((SubType(True, (3,), FuncType((), ())),))),
    ("4e 00", RecType(())),
    (
        "4e 02 60 00 01 64 01 50 00 60 00 00",
        RecType(
            (
                SubType(True, (), FuncType((), (ref_type(False, 1),))),
                SubType(False, (), FuncType((), ())),
            )
        ),
    ),
    (
        "5f 03 7f 00 78 01 77 00",
        RecType(
            (
                SubType(
                    True,
                    (),
                    StructType((FieldType(I32, False), FieldType(I8, True), FieldType(I16, False))),
                ),
            )
        ),
    ),
    ("5e 70 01", RecType((SubType(True, (), ArrayType(FieldType(FUNCREF, True))),))),
]


@pytest.mark.parametrize(("encoded", "type_"), REC_TYPES)
def test_recursion_groups_round_trip(encoded: str, type_: RecType) -> None:
    data = bytes.fromhex(encoded)
    assert decode(types.rec_type, data) == type_
    assert encode_types.rec_type(type_) == data


def test_long_forms_of_short_types_encode_short() -> None:
    plain = bytes.fromhex("60 00 00")
    for longer in "4e 01 60 00 00", "4f 00 60 00 00":
        type_ = decode(types.rec_type, bytes.fromhex(longer))
        assert isinstance(type_, RecType)
        assert encode_types.rec_type(type_) == plain


MEM_TYPES = [
    ("00 00", MemType(I32, 0, None)),
    ("01 01 80 80 04", MemType(I32, 1, 65536)),
    ("04 02", MemType(I64, 2, None)),
    ("05 01 80 80 80 80 80 80 40", MemType(I64, 1, 2**48)),
    ("01 00 ff ff ff ff ff ff ff ff ff 01", MemType(I32, 0, 2**64 - 1)),
]


@pytest.mark.parametrize(("encoded", "type_"), MEM_TYPES)
def test_memory_types_round_trip(encoded: str, type_: MemType) -> None:
    data = bytes.fromhex(encoded)
    assert decode(lambda reader: types.mem_type(reader, Features()), data) == type_
    assert encode_types.mem_type(type_) == data


@pytest.mark.parametrize(
    ("encoded", "type_"),
    [
        ("70 00 0a", TableType(I32, 10, None, FUNCREF)),
        ("6f 05 01 02", TableType(I64, 1, 2, EXTERNREF)),
        ("64 03 01 00 00", TableType(I32, 0, 0, ref_type(False, 3))),
    ],
)
def test_table_types_round_trip(encoded: str, type_: TableType) -> None:
    data = bytes.fromhex(encoded)
    assert decode(lambda reader: types.table_type(reader, Features()), data) == type_
    assert encode_types.table_type(type_) == data


@pytest.mark.parametrize("mutable", [False, True])
def test_global_types_round_trip(mutable: bool) -> None:
    data = bytes((0x7E, mutable))
    assert decode(types.global_type, data) == GlobalType(I64, mutable)
    assert encode_types.global_type(GlobalType(I64, mutable)) == data


@pytest.mark.parametrize("flags", [0x10, 0x13, 0x40, 0x80, 0x81, 0xFF])
def test_limits_flags_of_features_that_do_not_exist_are_malformed(flags: int) -> None:
    for read in types.mem_type, types.table_type:
        head = b"\x70" if read is types.table_type else b""
        with pytest.raises(DecodeError, match=r"^malformed limits flags: "):
            read(Reader(head + bytes((flags,)) + bytes(9)), Features())


@pytest.mark.parametrize(
    ("encoded", "type_"),
    [
        ("08 03 00", MemType(I32, 3, None, page_size_log2=0)),
        ("09 03 ff ff ff ff 0f 00", MemType(I32, 3, 0xFFFF_FFFF, page_size_log2=0)),
        ("0d 03 04 40", MemType(I64, 3, 4, page_size_log2=64)),
    ],
)
def test_memory_types_with_page_sizes_round_trip(encoded: str, type_: MemType) -> None:
    data = bytes.fromhex(encoded)
    assert decode(lambda reader: types.mem_type(reader, Features()), data) == type_
    assert encode_types.mem_type(type_) == data


def test_page_sizes_are_malformed_where_they_have_no_place() -> None:
    for encoded, message in (("08 00 41", "invalid custom page size"), ("08 00", "unexpected end")):
        with pytest.raises(DecodeError, match=f"^{message}"):
            types.mem_type(Reader(bytes.fromhex(encoded)), Features())
    with pytest.raises(DecodeError, match=r"^malformed limits flags: 0x08"):
        types.table_type(Reader(b"\x70\x08\x00\x00"), Features())
    with pytest.raises(
        DecodeError, match=r"^malformed limits flags: 0x08 needs .* custom_page_sizes"
    ):
        types.mem_type(Reader(b"\x08\x00\x00"), Features(custom_page_sizes=False))
    usual = types.mem_type(Reader(b"\x08\x01\x10"), Features())
    assert usual == MemType(I32, 1, None)


@pytest.mark.parametrize(
    ("encoded", "type_"),
    [
        ("03 01 02", MemType(I32, 1, 2, shared=True)),
        ("07 01 02", MemType(I64, 1, 2, shared=True)),
        ("02 01", MemType(I32, 1, None, shared=True)),
        ("06 01", MemType(I64, 1, None, shared=True)),
        ("0b 01 02 00", MemType(I32, 1, 2, shared=True, page_size_log2=0)),
        ("0f 01 02 00", MemType(I64, 1, 2, shared=True, page_size_log2=0)),
    ],
)
def test_shared_memory_types_round_trip(encoded: str, type_: MemType) -> None:
    data = bytes.fromhex(encoded)
    assert decode(lambda reader: types.mem_type(reader, Features()), data) == type_
    assert encode_types.mem_type(type_) == data
    with pytest.raises(DecodeError, match=r"^malformed limits flags: .* needs the feature threads"):
        types.mem_type(Reader(data), Features(threads=False))


def test_tables_are_never_shared() -> None:
    with pytest.raises(DecodeError, match=r"^malformed limits flags: 0x03"):
        types.table_type(Reader(b"\x70\x03\x01\x02"), Features())


def test_limits_flags_are_a_byte_and_no_leb128() -> None:
    with pytest.raises(DecodeError, match="malformed limits flags: 0x81"):
        types.mem_type(Reader(b"\x81\x00\x01\x01"), Features())


def test_64_bit_limits_need_their_feature() -> None:
    off = Features(memory64=False)
    assert types.mem_type(Reader(b"\x00\x01"), off) == MemType(I32, 1, None)
    with pytest.raises(DecodeError, match="malformed limits flags: 0x04"):
        types.mem_type(Reader(b"\x04\x01"), off)
    with pytest.raises(DecodeError, match="malformed limits flags: 0x05"):
        types.table_type(Reader(b"\x70\x05\x01\x02"), off)


@pytest.mark.parametrize(
    ("read", "encoded", "message"),
    [
        (types.value_type, "79", "malformed reference type: 0x79"),
        (types.value_type, "40", "malformed reference type: 0x40"),
        (types.value_type, "ff 7f", "integer representation too long"),
        (types.reference_type, "7f", "malformed reference type: 0x7f"),
        (types.reference_type, "64 7f", "malformed heap type"),
        (types.heap_type, "40", "malformed heap type"),
        (types.heap_type, "f0 7f", "malformed heap type"),
        (types.heap_type, "80 80 80 80 20", "integer too large"),
        (types.block_type, "c0 7f", "malformed block type"),
        (types.block_type, "41", "malformed reference type: 0x41"),
        (types.rec_type, "61 00 00", "malformed definition type: 0x61"),
        (types.rec_type, "4e 01 4e 00", "malformed definition type: 0x4e"),
        (types.rec_type, "5e 7f 02", "malformed mutability: 0x02"),
        (types.rec_type, "5f 01 76 00", "malformed reference type: 0x76"),
        (types.global_type, "7f 02", "malformed mutability: 0x02"),
        (types.rec_type, "60 7f", "length out of bounds: 127"),
        (types.value_type, "", "unexpected end of section or function"),
        (types.block_type, "", "unexpected end of section or function"),
        (types.heap_type, "", "unexpected end of section or function"),
    ],
)
def test_malformed_types(read: Callable[[Reader], object], encoded: str, message: str) -> None:
    with pytest.raises(DecodeError) as caught:
        read(Reader(bytes.fromhex(encoded)))
    assert caught.value.message.startswith(message)


def test_closed_types_cannot_be_encoded() -> None:
    closed = func_def_type(FuncType((), ()))
    with pytest.raises(ValueError, match="closed type"):
        encode_types.value_type(ref_type(True, closed))
