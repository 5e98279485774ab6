"""Modules: sections in order, canonical round trips, and what is malformed about a module."""

from __future__ import annotations

import pytest

from pyjsapi.binary.body import BinaryCode
from pyjsapi.binary.decoder import decode_module
from pyjsapi.binary.encoder import encode_module
from pyjsapi.binary.leb128 import unsigned
from pyjsapi.binary.reader import Reader
from pyjsapi.syntax.deftypes import func_def_type
from pyjsapi.syntax.errors import DecodeError
from pyjsapi.syntax.features import Features
from pyjsapi.syntax.instructions import BY_MNEMONIC
from pyjsapi.syntax.module import (
    Active,
    Code,
    Custom,
    Data,
    Elem,
    Export,
    Expr,
    Func,
    Global,
    Import,
    Instr,
    Module,
    Table,
)
from pyjsapi.syntax.types import (
    EXTERN,
    EXTERNREF,
    F32,
    FUNC,
    FUNCREF,
    I32,
    I64,
    FuncExtern,
    FuncType,
    GlobalType,
    MemType,
    RecType,
    SubType,
    TableType,
    TagType,
    ref_type,
)

HEADER = b"\0asm\1\0\0\0"
END = BY_MNEMONIC["end"].instr
FUNC_NON_NULL = ref_type(False, FUNC)


def const(value: int) -> Expr:
    return [(BY_MNEMONIC["i32.const"], value), END]


def ref_func(index: int) -> Expr:
    return [(BY_MNEMONIC["ref.func"], index), END]


def by_index(index: int) -> Expr:
    """The same where a segment names functions by index: one tuple serves all that name the same."""
    return ((BY_MNEMONIC["ref.func"], index), END)


def sample() -> Module:
    """A module with every section and every form of import, export and segment."""
    op = BY_MNEMONIC
    bodies: list[list[Instr]] = [
        [END],
        [
            (op["local.get"], 0),
            (op["if"], I32),
            (op["i32.const"], 5),
            op["else"].instr,
            (op["i32.const"], 2**32 - 1),
            (op["i32.load"], 1, 2, 65536),
            END,
            (op["memory.init"], 1, 2),
            (op["data.drop"], 0),
            END,
        ],
    ]
    module = Module(
        types=[
            RecType((SubType(True, (), FuncType((), ())),)),
            RecType(
                (
                    SubType(False, (), FuncType((I32,), (I32, I64))),
                    SubType(True, (1,), FuncType((ref_type(True, 2),), ())),
                )
            ),
        ],
        imports=[
            Import("host", "f", FuncExtern(0)),
            Import("host", "", TableType(I32, 1, None, FUNCREF)),
            Import("m\N{LATIN SMALL LETTER E WITH ACUTE}", "mem", MemType(I32, 1, 2)),
            Import("", "g", GlobalType(F32, False)),
        ],
        funcs=[
            Func(0, Code((), bodies[0])),
            Func(1, Code(((2, I32), (300, EXTERNREF)), bodies[1])),
        ],
        tables=[
            Table(TableType(I32, 0, 20, EXTERNREF), None),
            Table(TableType(I32, 3, None, FUNC_NON_NULL), ref_func(0)),
        ],
        mems=[MemType(I32, 1, None), MemType(I64, 2, 3)],
        globals=[Global(GlobalType(I32, True), const(7))],
        exports=[
            Export("f", "func", 1),
            Export("table", "table", 0),
            Export("memory two", "memory", 2),
            Export("", "global", 1),
        ],
        start=1,
        elems=[
            Elem(FUNC_NON_NULL, [by_index(0), by_index(200)], Active(0, const(0))),
            Elem(FUNC_NON_NULL, [by_index(1)], "passive"),
            Elem(FUNC_NON_NULL, [], Active(2, const(1))),
            Elem(FUNC_NON_NULL, [by_index(2)], "declarative"),
            Elem(FUNCREF, [ref_func(0), [(op["ref.null"], FUNC), END]], Active(0, const(0))),
            Elem(FUNCREF, [ref_func(0)], "passive"),
            Elem(EXTERNREF, [[(op["ref.null"], EXTERN), END]], Active(0, const(300))),
            Elem(EXTERNREF, [], "declarative"),
            Elem(FUNC_NON_NULL, [[(op["global.get"], 0), END]], Active(0, const(0))),
        ],
        datas=[
            Data(b"zero", Active(0, const(1))),
            Data(b"", "passive"),
            Data(bytes(200), Active(2, const(2**31))),
        ],
        data_count=3,
        customs=[
            Custom("first", b"\0\1", ""),
            Custom("second", b"", ""),
            Custom("after code", b"x", "code"),
            Custom("name", b"", "data"),
        ],
    )
    return module


def loaded(module: Module) -> Module:
    """The module with its code decoded, so that it compares by value."""
    module.funcs = [Func(func.typeidx, func.code.load()) for func in module.funcs]
    return module


def load_all(module: Module) -> None:
    for func in module.funcs:
        func.code.load()


def test_every_section_round_trips() -> None:
    encoded = encode_module(sample())
    assert loaded(decode_module(encoded)) == sample()
    assert encode_module(decode_module(encoded)) == encoded


def sections(data: bytes) -> list[tuple[int, int]]:
    """Id and end of every section."""
    reader, found = Reader(data, 8), []
    while reader.left:
        id_ = reader.byte()
        reader.skip(reader.length())
        found.append((id_, reader.pos))
    return found


def test_sections_stand_in_order_and_custom_sections_in_place() -> None:
    ids = [id_ for id_, _ in sections(encode_module(sample()))]
    assert ids == [0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 10, 0, 11, 0]


def test_every_kind_of_element_segment_gets_its_short_form() -> None:
    kinds = []
    for elem in sample().elems:
        encoded = encode_module(Module(elems=[elem]))
        assert encoded[8] == 9
        kinds.append(encoded[11])
    assert kinds == [0, 1, 2, 3, 4, 5, 6, 7, 6]


def test_every_kind_of_data_segment_gets_its_short_form() -> None:
    kinds = []
    for data in sample().datas:
        encoded = encode_module(Module(datas=[data]))
        kinds.append(encoded[11 if encoded[9] < 0x80 else 12])
    assert kinds == [0, 1, 2]


def test_the_data_count_section_is_written_when_an_instruction_needs_it() -> None:
    body: list[Instr] = [(BY_MNEMONIC["data.drop"], 0), END]
    module = Module(
        types=[RecType((SubType(True, (), FuncType((), ())),))],
        funcs=[Func(0, Code((), body))],
        datas=[Data(b"a", "passive")],
    )
    decoded = decode_module(encode_module(module))
    assert decoded.data_count == 1
    assert decoded.funcs[0].code.load().body == body
    module.funcs = []
    assert decode_module(encode_module(module)).data_count is None


def test_the_empty_module_is_its_header() -> None:
    assert encode_module(Module()) == HEADER
    assert decode_module(HEADER) == Module()


def test_buffers_other_than_bytes_are_copied() -> None:
    buffer = bytearray(encode_module(sample()))
    module = decode_module(memoryview(buffer))  # type: ignore[arg-type]
    buffer[:] = bytes(len(buffer))
    assert loaded(module) == sample()


def test_function_bodies_are_decoded_only_when_loaded() -> None:
    data = HEADER + bytes.fromhex("01 04 01 60 00 00  03 02 01 00  0a 05 01 03 00 ff 0b")
    module = decode_module(data)
    code = module.funcs[0].code
    assert isinstance(code, BinaryCode)
    with pytest.raises(DecodeError, match="illegal opcode ff") as caught:
        code.load()
    assert caught.value.offset == data.index(b"\xff")


def test_a_malformed_body_is_reported_before_what_follows_it() -> None:
    data = HEADER + bytes.fromhex("01 04 01 60 00 00  03 02 01 00  0a 05 01 03 00 ff 0b  63")
    with pytest.raises(DecodeError, match="illegal opcode ff"):
        decode_module(data)


@pytest.mark.parametrize("junk", [b"", b"\x00", b"\xff", b"\x0b"])
def test_a_module_cut_short_decodes_between_sections_or_is_malformed(junk: bytes) -> None:
    data = encode_module(sample())
    decoded = []
    for length in range(len(data)):
        try:
            load_all(decode_module(data[:length] + junk))
        except DecodeError as error:
            assert 0 <= error.offset <= length + len(junk)
        else:
            decoded.append(length)
    if not junk:
        # After the function section and before the data section, sections that it needs are missing.
        ends = [len(HEADER), *(end for _, end in sections(data))]
        assert decoded == ends[:5] + ends[-2:-1]


def test_a_module_with_any_byte_changed_decodes_or_is_malformed() -> None:
    data = bytearray(encode_module(sample()))
    decoded = 0
    for position in range(len(data)):
        before = data[position]
        for value in 0x00, 0x7F, 0x80, 0xFF, before ^ 1, before ^ 0x40:
            data[position] = value
            try:
                load_all(decode_module(bytes(data)))
            except DecodeError as error:
                assert 0 <= error.offset <= len(data)
            else:
                decoded += 1
        data[position] = before
    assert 0 < decoded < 6 * len(data)


FUNC_TYPE = "01 04 01 60 00 00"
FUNC_SECTION = "03 02 01 00"
CODE = "0a 04 01 02 00 0b"

MALFORMED = [
    ("01 04 01 60 00 00 01 04 01 60 00 00", "unexpected content after last section", 14),
    ("03 01 00 01 01 00", "unexpected content after last section: type section after func", 11),
    ("0a 01 00 0c 01 00", "unexpected content after last section: datacount section", 11),
    ("0d 03 01 01 00", "zero byte expected", 11),
    ("0e 00", "malformed section id: 14", 8),
    ("7f 00", "malformed section id: 127", 8),
    ("80 00", "malformed section id: 128", 8),
    ("01", "unexpected end of section or function", 9),
    ("01 80 80 80 80 80 00", "integer representation too long", 14),
    ("01 80 80 80 80 10 00", "integer too large", 13),
    ("01 05 01 60 00 00", "section size mismatch: type section of 5 bytes", 10),
    ("01 03 01 60 00 00 00", "section size mismatch", 10),
    ("01 7f 00", "length out of bounds: 127", 9),
    ("01 05 ff ff ff ff 0f", "length out of bounds: 4294967295", 10),
    ("00 00", "unexpected end of section or function", 10),
    ("00 01 05", "length out of bounds: 5", 10),
    ("00 01 01 61", "unexpected end of section or function", 12),
    ("00 02 01 80", "malformed UTF-8 encoding", 10),
    ("02 05 01 00 00 05 00", "malformed import kind: 0x05", 13),
    ("02 06 01 00 00 04 01 00", "zero byte expected", 14),
    ("02 05 01 00 00 80 00", "malformed import kind: 0x80", 13),
    ("02 05 01 01 ff 00 00", "malformed UTF-8 encoding", 11),
    ("02 06 01 00 00 03 7f 02", "malformed mutability", 15),
    ("02 06 01 00 00 01 7f 00", "malformed reference type", 14),
    ("04 04 01 70 02 00", "malformed limits flags: 0x02", 12),
    ("04 06 01 40 01 70 00 00", "zero byte expected", 12),
    ("05 04 01 10 00 00", "malformed limits flags: 0x10", 11),
    ("05 04 01 08 00 41", "invalid custom page size: 2^65", 13),
    ("06 05 01 7f 00 41 00", "unexpected end of section or function", 15),
    ("07 04 01 00 05 00", "malformed export kind: 0x05", 12),
    ("09 02 01 08", "malformed elements segment kind: 8", 11),
    ("09 04 01 01 01 00", "malformed element kind: 0x01", 12),
    ("0b 02 01 03", "malformed data segment kind: 3", 11),
    ("0b 03 01 01 05", "length out of bounds: 5", 12),
    (FUNC_TYPE + FUNC_SECTION, "function and code section have inconsistent lengths: 1 and 0", 18),
    (CODE, "function and code section have inconsistent lengths: 0 and 1", 14),
    ("0c 01 01", "data count and data section have inconsistent lengths: 1 and 0", 11),
    ("0c 01 00 0b 03 01 01 00", "data count and data section have inconsistent lengths", 16),
    (
        FUNC_TYPE + FUNC_SECTION + "0a 0a 01 05 00",
        "length out of bounds: 10",
        19,
    ),
    (FUNC_TYPE + FUNC_SECTION + "0a 04 01 05 00 0b", "length out of bounds: 5", 21),
    (FUNC_TYPE + FUNC_SECTION + "0a 05 01 02 00 0b 00", "section size mismatch", 20),
]


@pytest.mark.parametrize(("sections", "message", "offset"), MALFORMED)
def test_malformed_modules(sections: str, message: str, offset: int) -> None:
    with pytest.raises(DecodeError) as caught:
        decode_module(HEADER + bytes.fromhex(sections))
    assert caught.value.message.startswith(message)
    assert caught.value.offset == offset


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "unexpected end"),
        (b"\0as", "unexpected end"),
        (b"asm\0", "magic header not detected"),
        (b"\0wasm\0\0\0", "magic header not detected"),
        (b"\0asm", "unexpected end"),
        (b"\0asm\1\0\0", "unexpected end"),
        (b"\0asm\2\0\0\0", "unknown binary version"),
        (b"\0asm\1\0\1\0", "unknown binary version"),
    ],
)
def test_malformed_headers(data: bytes, message: str) -> None:
    with pytest.raises(DecodeError) as caught:
        decode_module(data)
    assert caught.value.message.startswith(message)


def test_64_bit_memories_are_malformed_without_their_feature() -> None:
    data = HEADER + bytes.fromhex("05 03 01 04 01")
    assert decode_module(data).mems == [MemType(I64, 1, None)]
    with pytest.raises(DecodeError, match="malformed limits flags"):
        decode_module(data, Features(memory64=False))


@pytest.mark.parametrize(
    "sections",
    [
        "01 06 ff ff ff ff 0f 60",  # types
        "01 0a 01 60 ff ff ff ff 0f 7f 7f 7f",  # parameters
        "01 0a 01 4e ff ff ff ff 0f 60 00 00",  # members of a recursion group
        "03 05 ff ff ff ff 0f",
        "07 06 ff ff ff ff 0f 00",
        "09 06 ff ff ff ff 0f 00",
        "0a 06 ff ff ff ff 0f 02",
        "0b 06 ff ff ff ff 0f 01",
        "01 ff ff ff ff 0f",
    ],
)
def test_counts_are_refused_before_anything_is_made_of_them(sections: str) -> None:
    with pytest.raises(DecodeError, match=r"^length out of bounds: 4294967295"):
        decode_module(HEADER + bytes.fromhex(sections))


def test_many_functions_that_all_run_past_their_end_are_refused_at_the_first() -> None:
    count = 20_000
    bodies = b"\x02\x00\x01" * count
    funcs = unsigned(count) + bytes(count)
    code = unsigned(count) + bodies
    data = (
        HEADER
        + bytes.fromhex(FUNC_TYPE)
        + b"\x03" + unsigned(len(funcs)) + funcs
        + b"\x0a" + unsigned(len(code)) + code
    )  # fmt: skip
    module = decode_module(data)
    assert len(module.funcs) == count
    with pytest.raises(DecodeError):
        module.funcs[0].code.load()


def test_what_cannot_be_encoded_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="'nowhere'"):
        encode_module(Module(customs=[Custom("c", b"", "nowhere")]))
    closed = TagType(func_def_type(FuncType((), ())))
    with pytest.raises(ValueError, match="closed type"):
        encode_module(Module(tags=[closed]))
    with pytest.raises(ValueError, match="'label'"):
        encode_module(Module(exports=[Export("t", "label", 0)]))


def test_a_custom_section_after_a_missing_section_keeps_its_order() -> None:
    module = Module(mems=[MemType(I32, 1, None)], customs=[Custom("c", b"", "import")])
    assert encode_module(module) == HEADER + bytes.fromhex("00 02 01 63  05 03 01 00 01")


def test_elements_that_name_the_same_function_share_their_expression() -> None:
    elem = Elem(FUNC_NON_NULL, [by_index(5)] * 3 + [by_index(6)], "passive")
    (decoded,) = decode_module(encode_module(Module(elems=[elem]))).elems
    assert decoded == elem
    assert decoded.init[0] is decoded.init[2]
