"""Places in source programs from a source map (ECMA-426), where columns are byte offsets in the module."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import unquote_to_bytes

from pyjsapi.binary.reader import Reader
from pyjsapi.debugging.dwarf import Row
from pyjsapi.syntax.errors import DecodeError

SECTION: Final = "sourceMappingURL"
_DIGITS: Final = {
    character: value
    for value, character in enumerate(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    )
}


def url_of(sections: Mapping[str, bytes]) -> str | None:
    """Where the module says that its source map is."""
    content = sections.get(SECTION)
    if content is None:
        return None
    try:
        return Reader(content).name()
    except DecodeError:
        return None


def inline_map(url: str) -> str | None:
    """The text of a source map that its URL has in it; ``None`` for another URL."""
    if not url.startswith("data:") or "," not in url:
        return None
    head, _, data = url.partition(",")
    try:
        raw = unquote_to_bytes(data)
        return (base64.b64decode(raw) if head.endswith(";base64") else raw).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None


def map_rows(text: str) -> list[Row]:
    """The rows of a source map, by byte offset. Raises `ValueError` for a text that is none."""
    try:
        given = json.loads(text.removeprefix(")]}'"))
        sources = [str(source or "") for source in given["sources"]]
        root = str(given.get("sourceRoot") or "")
        mappings = str(given["mappings"])
        return _rows(mappings, [f"{root}{source}" for source in sources])
    except (KeyError, TypeError, AttributeError, IndexError, RecursionError) as error:
        raise ValueError(f"this is no source map: {error}") from None


def contents_of(text: str) -> dict[str, str]:
    """The texts of source files that a source map has in it."""
    given: dict[str, Any] = json.loads(text.removeprefix(")]}'"))
    root = str(given.get("sourceRoot") or "")
    texts = given.get("sourcesContent") or []
    return {
        f"{root}{source}": content
        for source, content in zip(given["sources"], texts, strict=False)
        if isinstance(content, str)
    }


def _rows(mappings: str, sources: list[str]) -> list[Row]:
    rows = []
    column = source = line = source_column = 0
    first = mappings.partition(";")[0]  # a module is one line
    for segment in filter(None, first.split(",")):
        fields = _vlq(segment)
        column += fields[0]
        if len(fields) < 4:
            rows.append(Row(column, None, 0, 0))
            continue
        source += fields[1]
        line += fields[2]
        source_column += fields[3]
        rows.append(Row(column, sources[source], line + 1, source_column + 1))
    rows.sort(key=lambda row: row.address)
    return rows


def _vlq(segment: str) -> list[int]:
    found = []
    value = shift = 0
    for character in segment:
        digit = _DIGITS[character]
        value |= (digit & 31) << shift
        shift += 5
        if digit < 32:
            found.append(-(value >> 1) if value & 1 else value >> 1)
            value = shift = 0
    return found
