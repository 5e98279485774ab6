"""The name section: every subsection round trips, what is ill-formed is ignored with the whole section."""

from __future__ import annotations

import dataclasses

import pytest

from pyjsapi.binary.decoder import decode_module
from pyjsapi.binary.encoder import encode_module
from pyjsapi.binary.names import Names, decode_names, encode_names, names_of, set_names
from pyjsapi.syntax.errors import DecodeError
from pyjsapi.syntax.module import Custom, Module


def every_name() -> Names:
    return Names(
        module="m",
        funcs={0: "f", 300: "g"},
        locals={0: {0: "x", 1: "y"}, 7: {128: "z"}},
        labels={1: {0: "outer", 1: "inner"}},
        types={0: "t"},
        tables={0: "tab"},
        mems={0: "first", 1: "second"},
        globals={2: "\N{GREEK SMALL LETTER GAMMA}"},
        elems={0: "e"},
        datas={3: "d"},
        fields={0: {0: "field"}},
        tags={0: "tag"},
    )


def test_every_subsection_round_trips() -> None:
    assert decode_names(encode_names(every_name())) == every_name()


@pytest.mark.parametrize("attribute", [field.name for field in dataclasses.fields(Names)])
def test_every_subsection_stands_alone(attribute: str) -> None:
    names = Names()
    setattr(names, attribute, getattr(every_name(), attribute))
    assert decode_names(encode_names(names)) == names


def test_subsections_have_the_ids_of_the_specification_and_its_proposal() -> None:
    content, ids, pos = encode_names(every_name()), [], 0
    while pos < len(content):
        ids.append(content[pos])
        pos += 2 + content[pos + 1]
    assert ids == list(range(12))


def test_indices_are_written_in_order() -> None:
    assert encode_names(Names(mems={1: "b", 0: "a"})) == bytes.fromhex("06 07 02 00 01 61 01 01 62")


def test_no_names_are_no_section() -> None:
    assert encode_names(Names(locals={0: {}})) == b""
    module = Module(customs=[Custom("name", b"\0\2\1m", "data")])
    set_names(module, Names())
    assert module.customs == []


def test_names_go_with_the_module() -> None:
    module = Module(customs=[Custom("other", b"1", "")])
    set_names(module, every_name())
    set_names(module, every_name())
    decoded = decode_module(encode_module(module))
    assert [custom.name for custom in decoded.customs] == ["other", "name"]
    assert names_of(decoded) == every_name()


def test_subsections_that_are_not_known_are_passed_over() -> None:
    assert decode_names(bytes.fromhex("00 02 01 6d  63 03 ff ff ff")) == Names(module="m")


ILL_FORMED = [
    ("00", "unexpected end"),
    ("00 02 01", "unexpected end"),
    ("00 09 01 6d", "length out of bounds"),
    ("00 03 01 6d 00", "section size mismatch"),
    ("00 02 01 ff", "malformed UTF-8 encoding"),
    ("01 04 01 00 01 80", "malformed UTF-8 encoding"),
    ("01 07 02 00 01 61 00 01 62", "malformed name map: index 0 after 0"),
    ("01 07 02 01 01 61 00 01 62", "malformed name map: index 0 after 1"),
    ("01 05 ff ff ff ff 0f", "length out of bounds"),
    ("02 05 01 00 ff ff 03", "length out of bounds"),
    ("01 01 00 00 02 01 6d", "malformed name section: subsection 0 after 1"),
    ("01 01 00 01 01 00", "malformed name section: subsection 1 after 1"),
    ("63 09 00", "length out of bounds"),
    ("63 03 00 00", "unexpected end"),
]


@pytest.mark.parametrize(("content", "message"), ILL_FORMED)
def test_what_is_ill_formed_is_an_error_or_ignored(content: str, message: str) -> None:
    with pytest.raises(DecodeError) as caught:
        decode_names(bytes.fromhex(content))
    assert caught.value.message.startswith(message)
    module = Module(customs=[Custom("name", bytes.fromhex(content), "data")])
    assert names_of(decode_module(encode_module(module))) == Names()


def test_a_name_section_cut_short_is_never_anything_but_malformed() -> None:
    content = encode_names(every_name())
    decoded = 0
    for length in range(len(content)):
        try:
            decode_names(content[:length])
        except DecodeError as error:
            assert error.offset <= length
        else:
            decoded += 1
    assert 0 < decoded < len(content)
