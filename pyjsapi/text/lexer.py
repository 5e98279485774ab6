"""Lexical format (core specification, "Text Format: Lexical Format", and annotations).

One regular expression splits the text into tokens, which stay plain strings: the first character of a token tells
its kind. Offsets are not kept; an error splits the text once more to find out where its token stands.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from typing import Final, NamedTuple, NoReturn

from pyjsapi.binary.branch_hints import SECTION
from pyjsapi.syntax.errors import ParseError
from pyjsapi.text.keywords import KEYWORDS
from pyjsapi.text.numbers import is_nat, is_number, shown

IDCHAR: Final = r"[!#-'*+\--:<-Z\\^-z|~]"
"""A character of identifiers, as a regular expression."""
_HEX: Final = r"[0-9A-Fa-f]"
_ESCAPE: Final = rf"""\\(?:[nrt\\'"]|{_HEX}{{2}}|u\{{{_HEX}+(?:_{_HEX}+)*\}})"""
_STRING_START: Final = rf'"(?:[^"\\\x00-\x1f\x7f]++|{_ESCAPE})*+'
_STRING: Final = _STRING_START + '"'
_BLOCK_COMMENT: Final = r"\(;(?:[^(;]++|;(?!\))|\((?!;))*+;\)"
_SPACE: Final = rf"(?:[ \t\r\n]++|;;[^\r\n]*+|{_BLOCK_COMMENT})*+"

_TOKEN: Final = re.compile(
    rf"""{_SPACE}(\(@(?:{IDCHAR}++|{_STRING})?+|\(;|[()]|(?:{IDCHAR}++|{_STRING})++|".*|.|\Z)""",
    re.DOTALL,
)
"""White space and comments, then one token. An empty token is the end of the text. Comments that contain comments
are left to `_blank_comments_and_annotations`. A character that starts no token is one of its own, but a quotation mark
that starts no string takes the rest of the text with it: nothing after it could be told apart."""

_NESTED_COMMENT_OR_ANNOTATION: Final = re.compile(
    rf"""(?:[^"(;]++|{_STRING}|;;[^\r\n]*+|{_BLOCK_COMMENT}|\((?![;@])|;(?!;))*+"""
    rf"""(\(@(?:{IDCHAR}++|{_STRING})?+|\(;|".*|\Z)""",
    re.DOTALL,
)
"""Everything up to the next thing that `_blank_comments_and_annotations` blanks, and how that begins."""

_STRING_PREFIX: Final = re.compile(_STRING_START)
_STRING_AT: Final = re.compile(_STRING)
_WHOLE_STRING: Final = re.compile(_STRING + r"\Z")
_COMMENT_EDGE: Final = re.compile(r"\(;|;\)")
_NOT_A_LINE_END: Final = re.compile(r"[^\r\n]")
_LONE_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_ESCAPE_IN_BYTES: Final = re.compile(rb"\\(?:([nrt\\'\"])|([0-9A-Fa-f]{2})|u\{([0-9A-Fa-f_]+)\})")
_SIMPLE_ESCAPES: Final = {
    b"n": b"\n",
    b"r": b"\r",
    b"t": b"\t",
    b"\\": b"\\",
    b"'": b"'",
    b'"': b'"',
}
KNOWN_ANNOTATIONS: Final = ("custom", "name", SECTION)
"""Ids of the annotations that are more than comments."""
_END: Final = ("", "", "", "", "", "", "", "")
"""Tokens after the end, so that looking ahead needs no check."""


def _replacement(match: re.Match[bytes]) -> bytes:
    simple, byte, character = match.groups()
    if simple is not None:
        return _SIMPLE_ESCAPES[simple]
    if byte is not None:
        return bytes((int(byte, 16),))
    code_point = int(character.replace(b"_", b""), 16)
    if code_point > 0x10FFFF or 0xD800 <= code_point <= 0xDFFF:
        escape = shown(match[0].decode())
        raise ValueError(f"{escape} is no character: U+0 to U+D7FF and U+E000 to U+10FFFF are")
    return chr(code_point).encode()


def is_string(token: str) -> bool:
    """Whether the token is a string literal."""
    return token[:1] == '"' and _WHOLE_STRING.match(token) is not None


def _is_broken_string(token: str) -> bool:
    return token[:1] == '"' and _STRING_AT.match(token) is None


def is_token(token: str) -> bool:
    """Whether some production of the grammar has this token."""
    if token in KEYWORDS or token in ("(", ")") or is_number(token) or is_string(token):
        return True
    if token[:1] == "$":
        return ('"' not in token and token != "$") or (is_string(token[1:]) and token != '$""')
    keyword, equals, digits = token.partition("=")
    return keyword in ("offset", "align") and equals == "=" and is_nat(digits)


def string_bytes(token: str) -> bytes:
    """The bytes that a string token stands for.

    Raises `ValueError` when an escape names a code point that is no Unicode scalar value.
    """
    content = token[1:-1].encode()
    return _ESCAPE_IN_BYTES.sub(_replacement, content) if b"\\" in content else content


def decode_source(data: bytes) -> str:
    """The text in a file's bytes. Bytes that are not UTF-8 are kept as lone surrogates, which `Source` reports."""
    return data.decode("utf-8", "surrogateescape")


class KnownAnnotation(NamedTuple):
    """Where an annotation stands that means something."""

    id: str
    token: int
    """Index of the token that comes next."""
    start: int
    """Offset of its parenthesis."""
    content_start: int
    content_end: int


class Source:
    """A text and its tokens.

    Raises `ParseError` for malformed UTF-8, comments and annotations. Other tokens that are not well formed raise
    when the parser meets them, see `unexpected`.
    """

    __slots__ = ("_clean", "_known_annotations", "_located_annotations", "text", "tokens")

    def __init__(self, text: str) -> None:
        self.text = text
        self._known_annotations: list[tuple[str, int, int, int]] = []
        """Ids, starts, and starts and ends of the contents."""
        self._located_annotations: list[KnownAnnotation] | None = None
        self._clean = text
        if not text.isascii() and (lone := _LONE_SURROGATE.search(text)):
            self._fail("malformed UTF-8 encoding", lone.start())
        tokens: list[str] = _TOKEN.findall(text)
        if "(@" in text or ("(;" in text and "(;" in tokens):
            self._clean = self._blank_comments_and_annotations()
            tokens = _TOKEN.findall(self._clean)
        tokens.extend(_END)
        self.tokens: Final = tokens

    def offset(self, index: int) -> int:
        """Offset in the text of the token at ``index``."""
        for i, match in enumerate(_TOKEN.finditer(self._clean)):
            if i == index:
                return match.start(1)
        return len(self.text)

    def offsets(self) -> list[int]:
        """Offsets of all tokens."""
        return [match.start(1) for match in _TOKEN.finditer(self._clean)]

    def known_annotations(self) -> list[KnownAnnotation]:
        """The annotations with an id in `KNOWN_ANNOTATIONS`, in order; those inside of others are not counted."""
        if not self._known_annotations:
            return []
        if self._located_annotations is None:
            offsets = self.offsets()
            self._located_annotations = [
                KnownAnnotation(id_, bisect_left(offsets, start), start, content, end)
                for id_, start, content, end in self._known_annotations
            ]
        return self._located_annotations

    def error(self, message: str, index: int) -> ParseError:
        """An error about the token at ``index``."""
        return self.error_at(message, self.offset(index))

    def error_at(self, message: str, offset: int) -> ParseError:
        """An error about the character at ``offset``."""
        text = self.text
        line_start = text.rfind("\n", 0, offset) + 1
        line_end = text.find("\n", offset)
        line = text[line_start : len(text) if line_end < 0 else line_end].rstrip("\r")
        if not line.isascii():
            line = _LONE_SURROGATE.sub("\ufffd", line)
        return ParseError(message, text.count("\n", 0, offset) + 1, offset - line_start + 1, line)

    def unexpected(self, index: int, wanted: str = "") -> ParseError:
        """An error for a token that may not stand where it stands, or that is not even a token."""
        token = self.tokens[index]
        if is_token(token):
            message = f"unexpected token {shown(token)}"
        elif token == "":
            message = "unexpected token: the text ends here"
        elif token == "$" or token == '$""':
            return self.error("empty identifier: $ needs a name", index)
        elif _is_broken_string(token):
            offset = self.offset(index)
            return self.error_at(self._string_problem(offset), offset)
        elif token < " " or token == "\x7f":
            return self.error(f"misplaced control character {ord(token):#04x}", index)
        elif token == "\ufeff":
            return self.error(
                "misplaced unicode character U+FEFF, a byte order mark: leave it out (Python reads files "
                "that have one as utf-8-sig)",
                index,
            )
        elif not token.isascii() and '"' not in token:
            return self.error(f"misplaced unicode character {token}", index)
        else:
            message = f"unknown operator {shown(token)}"
        if wanted:
            message += f", {wanted} expected"
        return self.error(message, index)

    def _fail(self, message: str, offset: int) -> NoReturn:
        raise self.error_at(message, offset)

    def _string_problem(self, offset: int) -> str:
        """Why no string starts at ``offset``, where a quotation mark stands."""
        match = _STRING_PREFIX.match(self.text, offset)
        end = match.end() if match else offset + 1
        follower = self.text[end : end + 1]
        if follower in ("", "\n", "\r"):
            return "unclosed string literal"
        if follower == "\\":
            return f"illegal escape {self.text[end : end + 2]}"
        return f"illegal control character in string literal: {ord(follower):#04x}"

    def _comment_end(self, start: int) -> int:
        depth = 0
        for edge in _COMMENT_EDGE.finditer(self.text, start):
            depth += 1 if edge[0] == "(;" else -1
            if depth == 0:
                return edge.end()
        self._fail("unclosed comment", start)

    def _blank_comments_and_annotations(self) -> str:
        """The text with nested comments and annotations replaced by as many spaces."""
        text = self.text
        pieces: list[str] = []
        kept = position = 0
        while match := _NESTED_COMMENT_OR_ANNOTATION.match(text, position):
            token = match[1]
            position = match.end()
            if token[:1] != "(":
                break
            if token == "(;":
                position = self._comment_end(match.start(1))
            else:
                position = self._annotation_end(match.start(1), token)
                self._note_annotation(match.start(1), position, token)
            pieces.append(text[kept : match.start(1)])
            pieces.append(_NOT_A_LINE_END.sub(" ", text[match.start(1) : position]))
            kept = position
        pieces.append(text[kept:])
        return "".join(pieces)

    def _annotation_end(self, start: int, opening: str) -> int:
        text = self.text
        starts = [start]
        self._check_annotation_id(start, opening)
        position = start + len(opening)
        while match := _TOKEN.match(text, position):
            token = match[1]
            position = match.end()
            at = match.start(1)
            if token == "":
                self._fail("unclosed annotation", starts[-1])
            elif token == "(;":
                position = self._comment_end(at)
            elif token[0] == "(":
                if token[:3] == '(@"':
                    self._check_annotation_id(at, token)
                starts.append(at)
            elif token == ")":
                starts.pop()
                if not starts:
                    return position
            elif token == "$":
                self._fail("empty identifier: $ needs a name", at)
            elif _is_broken_string(token):
                self._fail(self._string_problem(at), at)
            elif "\\u" in token:
                self._check_escapes(at, token)
            elif len(token) == 1 and (not token.isascii() or token < " " or token == "\x7f"):
                self._fail("illegal character in annotation", at)
        self._fail("unclosed annotation", start)

    def _check_escapes(self, start: int, token: str) -> None:
        """That every string in a token stands for bytes."""
        for match in _STRING_AT.finditer(token):
            try:
                string_bytes(match[0])
            except ValueError as error:
                self._fail(f"illegal escape in string literal: {error}", start + match.start())

    def _note_annotation(self, start: int, end: int, opening: str) -> None:
        quoted = opening[2:]
        id_ = string_bytes(quoted).decode() if quoted[:1] == '"' else quoted
        if id_ in KNOWN_ANNOTATIONS:
            self._known_annotations.append((id_, start, start + len(opening), end - 1))

    def _check_annotation_id(self, start: int, opening: str) -> None:
        if opening in ("(@", '(@""'):
            self._fail("empty annotation id", start)
        if opening[2] == '"':
            try:
                string_bytes(opening[2:]).decode()
            except ValueError:
                self._fail("malformed UTF-8 encoding in annotation id", start)
