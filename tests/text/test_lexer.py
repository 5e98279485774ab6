"""The lexical format: tokens, white space, comments, strings, annotations."""

from __future__ import annotations

import pytest

from pyjsapi.syntax.errors import ParseError
from pyjsapi.text import parse_module
from pyjsapi.text.lexer import Source, decode_source, is_string, string_bytes


def tokens(text: str) -> list[str]:
    return [token for token in Source(text).tokens if token]


def test_parentheses_strings_and_words_are_tokens() -> None:
    assert tokens('(func $f(param i32)"a b"offset=4)') == [
        "(", "func", "$f", "(", "param", "i32", ")", '"a b"offset=4', ")",
    ]  # fmt: skip


def test_words_and_strings_without_space_between_them_are_one_token() -> None:
    assert tokens('a"b"c "d""e" $"x"') == ['a"b"c', '"d""e"', '$"x"']


@pytest.mark.parametrize("space", [" ", "\t", "\n", "\r", "\r\n", ";; comment (\n", ";; x\r"])
def test_white_space_and_line_comments_separate(space: str) -> None:
    assert tokens(f"a{space}b") == ["a", "b"]


@pytest.mark.parametrize(
    "comment",
    ["(;;)", "(; a ;)", "(; ;; ;)", '(; " ;)', "(;(;;);)", "(; (; a ;) (; ;) ;)", "(;;;)", "(;);)"],
)
def test_block_comments_nest(comment: str) -> None:
    assert tokens(f"a{comment}b") == ["a", "b"]


def test_comment_openers_inside_strings_are_text() -> None:
    assert tokens('"(;" a ";)" ";;" b') == ['"(;"', "a", '";)"', '";;"', "b"]


@pytest.mark.parametrize(("text", "column"), [("a (; b", 3), ("a (; (; ;)", 3), ("(;", 1)])
def test_unclosed_comments_are_reported_where_they_start(text: str, column: int) -> None:
    with pytest.raises(ParseError, match="unclosed comment") as caught:
        Source(text)
    assert caught.value.column == column


@pytest.mark.parametrize(
    ("token", "value"),
    [
        ('""', b""),
        ('"abc"', b"abc"),
        (r'"\n\r\t\\\'\""', b"\n\r\t\\'\""),
        (r'"\00\fF\7e"', b"\x00\xff~"),
        (r'"\u{41}\u{1_F600}\u{0}"', "A\U0001f600\0".encode()),
        ('"äß€"', "äß€".encode()),
        (r'"\61b\63"', b"abc"),
        (r'"\\00"', b"\\00"),
    ],
)
def test_strings_stand_for_bytes(token: str, value: bytes) -> None:
    assert is_string(token)
    assert string_bytes(token) == value


@pytest.mark.parametrize("token", [r'"\u{d800}"', r'"\u{110000}"', r'"\u{ffffffffffffffff}"'])
def test_escapes_of_no_scalar_value_are_refused(token: str) -> None:
    with pytest.raises(ValueError):
        string_bytes(token)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('(func (export "a', "unclosed string"),
        ('(func (export "a\n"', "unclosed string"),
        ('(func (export "\\q"))', "illegal escape \\\\q"),
        ('(func (export "\\u{d800}"))', "illegal escape"),
        ('(func (export "\x01"))', "illegal control character"),
        ("(func \x01)", "misplaced control character"),
        ("(func ä)", "misplaced unicode character"),
        ("(func $)", "empty identifier"),
        ('(func $"")', "empty identifier"),
        ('(func $"\\ef")', "malformed UTF-8"),
        ('(func (export "\\ef"))', "malformed UTF-8 encoding"),
        ("(func ,)", "unknown operator ,"),
        ('(func $a$b"c")', "unknown operator"),
    ],
)
def test_malformed_tokens_are_reported_by_the_parser(text: str, message: str) -> None:
    with pytest.raises(ParseError, match=message):
        parse_module(text)


def test_bytes_that_are_not_utf8_are_reported_where_they_stand() -> None:
    text = decode_source(b"(func) ;; \xff")
    with pytest.raises(ParseError, match="malformed UTF-8 encoding") as caught:
        Source(text)
    assert caught.value.column == 11


@pytest.mark.parametrize(
    "annotation",
    [
        "(@a)", '(@"a b")', "(@a x 1 0.5 \"s\" $i ,;[]{})", "(@a (b (c)) (@d (@e)))", "(@a ;; )\n)",
        "(@a (; ) ;))", '(@a ")")', "(@a (@) x)",
    ],
)  # fmt: skip
def test_annotations_are_skipped(annotation: str) -> None:
    assert tokens(f"a {annotation} b") == ["a", "b"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("(@)", "empty annotation id"),
        ("(@ a)", "empty annotation id"),
        ('(@"")', "empty annotation id"),
        ('(@"\\ff")', "malformed UTF-8"),
        ("(@a", "unclosed annotation"),
        ("(@a (b)", "unclosed annotation"),
        ('(@a "', "unclosed string"),
        ("(@a \x7f)", "illegal character"),
        ("(@a ü)", "illegal character"),
        ("(@a $)", "empty identifier"),
    ],
)
def test_malformed_annotations_are_refused(text: str, message: str) -> None:
    with pytest.raises(ParseError, match=message):
        Source(text)


def test_offsets_are_those_of_the_text_with_comments_and_annotations() -> None:
    source = Source('(; (; ;) ;) a\n(@x "y")  b')
    assert [source.offset(i) for i in range(2)] == [12, 24]
    assert source.offsets()[:2] == [12, 24]


def test_long_hostile_input_takes_linear_time_to_refuse() -> None:
    for text in ('"' + "a" * 200_000, "(;" * 50_000, '"\\' * 50_000, " " * 200_000 + '"'):
        try:
            result = tokens(text)
        except ParseError:
            continue
        assert result
