"""Annotations that mean something: ``(@custom …)``, ``(@name …)`` (core: "Custom Sections and Annotations"), and hints.

All others are checked by the lexer and passed over.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Container, Iterable
from typing import Final

from pyjsapi.binary.branch_hints import FOLLOWED_BY, SECTION
from pyjsapi.syntax.errors import ParseError
from pyjsapi.syntax.module import SECTIONS, Custom
from pyjsapi.text.lexer import KnownAnnotation, Source, is_string, string_bytes
from pyjsapi.text.numbers import shown

_CUSTOM: Final = "custom"

# Places of custom sections: 2 * i before and 2 * i + 1 after the i-th section.
_FIRST: Final = 0
_LAST: Final = 2 * len(SECTIONS)
_BEFORE: Final = {"first": _FIRST, "last": _LAST, **{s: 2 * i for i, s in enumerate(SECTIONS)}}
_AFTER: Final = {"first": _FIRST, "last": _LAST, **{s: 2 * i + 1 for i, s in enumerate(SECTIONS)}}


_BEFORE_CODE: Final = SECTIONS[SECTIONS.index(FOLLOWED_BY) - 1]


class Annotation:
    """An annotation in a source, with its contents."""

    __slots__ = ("_source", "_where", "id", "token")

    def __init__(self, source: Source, where: KnownAnnotation) -> None:
        self.id: Final = where.id
        self.token: Final = where.token
        """Index of the token that comes next."""
        self._source: Final = source
        self._where: Final = where

    def _content(self) -> Source:
        where = self._where
        return Source(self._source.text[where.content_start : where.content_end])

    def error(self, message: str) -> ParseError:
        """An error about the whole annotation."""
        return self._source.error_at(message, self._where.start)

    def misplaced(self) -> ParseError:
        """The error for standing where it means nothing."""
        return self.error(f"misplaced @{self.id} annotation")

    def name(self) -> str:
        """The name in a ``(@name "…")``."""
        content = self._content()
        if not is_string(content.tokens[0]):
            raise self._error_in(content, 0, "string expected")
        name = self._utf8(content, 0)
        self._expect_end(content, 1)
        return name

    def hint(self) -> bytes:
        """The byte in a ``(@metadata.code.branch_hint "…")``: 0 for unlikely, 1 for likely."""
        content = self._content()
        if not is_string(content.tokens[0]):
            raise self._error_in(content, 0, "string expected")
        value = self._bytes(content, 0)
        self._expect_end(content, 1)
        if value not in (b"\0", b"\1"):
            raise self.error(
                f'@{self.id} annotation: "\\00" (unlikely) or "\\01" (likely) expected'
            )
        return value

    def custom(self) -> tuple[int, Custom]:
        """The section of a ``(@custom "…" place? "…"*)``, and its place among the others."""
        content = self._content()
        tokens = content.tokens
        if not is_string(tokens[0]):
            raise self._error_in(content, 0, "missing section name")
        name = self._utf8(content, 0)
        i = 1
        place = _LAST
        if tokens[i] == "(":
            place = self._place(content, i)
            i += 4
        parts = []
        while is_string(tokens[i]):
            parts.append(self._bytes(content, i))
            i += 1
        self._expect_end(content, i)
        after = (place - 1) // 2
        return place, Custom(name, b"".join(parts), SECTIONS[after] if after >= 0 else "")

    def _place(self, content: Source, i: int) -> int:
        """``(before section)`` or ``(after section)``."""
        _, direction, section, closing = content.tokens[i : i + 4]
        if direction not in ("before", "after"):
            raise self._error_in(content, i + 1, "malformed placement, before or after expected")
        place = (_BEFORE if direction == "before" else _AFTER).get(section)
        if place is None:
            sections = ", ".join(SECTIONS)
            raise self._error_in(
                content, i + 2, f"malformed section kind, first, last or one of {sections} expected"
            )
        if closing != ")":
            raise self._error_in(content, i + 3, "unexpected token, ) expected")
        return place

    def _bytes(self, content: Source, i: int) -> bytes:
        try:
            return string_bytes(content.tokens[i])
        except ValueError as error:
            raise self._error_in(content, i, f"illegal escape in string: {error}") from None

    def _utf8(self, content: Source, i: int) -> str:
        try:
            return self._bytes(content, i).decode()
        except UnicodeDecodeError:
            raise self._error_in(content, i, "malformed UTF-8 encoding in a name") from None

    def _expect_end(self, content: Source, i: int) -> None:
        token = content.tokens[i]
        if token != "":
            raise self._error_in(content, i, f"unexpected token {shown(token)}")

    def _error_in(self, content: Source, i: int, message: str) -> ParseError:
        offset = self._where.content_start + content.offset(i)
        return self._source.error_at(f"@{self.id} annotation: {message}", offset)


class ModuleAnnotations:
    """The annotations of one module; those that are names are asked for where a name may stand."""

    __slots__ = ("_claimed", "_customs", "_names", "hints")

    def __init__(self, annotations: Iterable[Annotation]) -> None:
        self._customs: list[Annotation] = []
        self._names: dict[int, list[Annotation]] = {}
        self._claimed: set[int] = set()
        self.hints: list[Annotation] = []
        """Branch hints, in order."""
        for annotation in annotations:
            if annotation.id == _CUSTOM:
                self._customs.append(annotation)
            elif annotation.id == SECTION:
                self.hints.append(annotation)
            else:
                self._names.setdefault(annotation.token, []).append(annotation)

    def __bool__(self) -> bool:
        return bool(self._customs or self._names or self.hints)

    def name_before(self, token: int, kind: str) -> str | None:
        """The name in the annotation that stands before a token, as that of a ``kind`` of thing."""
        found = self._names.get(token)
        if found is None:
            return None
        self._claimed.add(token)
        if len(found) > 1:
            raise found[1].error(f"@name annotation: multiple {kind} names")
        return found[0].name()

    def customs(self, places: Container[int], end: int, hints: bytes | None = None) -> list[Custom]:
        """The custom sections, whose annotations must stand before tokens in ``places``, and that of ``hints``.

        ``end`` is the token after the module's last field: what comes later is none of the module's. To be called
        last; raises `ParseError` for custom sections and names that are misplaced.
        """
        found = []
        for annotation in self._customs:
            if annotation.token > end:
                break
            if annotation.token not in places:
                raise annotation.misplaced()
            found.append(annotation.custom())
        if hints is not None:
            found.append((_BEFORE[FOLLOWED_BY], Custom(SECTION, hints, _BEFORE_CODE)))
        for token, names in self._names.items():
            if token <= end and token not in self._claimed:
                raise names[0].misplaced()
        return [custom for _, custom in sorted(found, key=lambda pair: pair[0])]


def annotations_from(source: Source, position: int) -> ModuleAnnotations:
    """The annotations of the module that starts at a position among the tokens of a source."""
    known = source.known_annotations()
    first = bisect_left(known, position, key=lambda where: where.token)
    return ModuleAnnotations(Annotation(source, where) for where in known[first:])
