"""From text to modules and to the binary format."""

from __future__ import annotations

import re
from os import PathLike
from typing import Final

from pyjsapi.binary.encoder import encode_module
from pyjsapi.binary.names import SECTION_NAME, Names, set_names
from pyjsapi.syntax.errors import ParseError
from pyjsapi.syntax.module import Module
from pyjsapi.syntax.origins import remember
from pyjsapi.text.fields import ModuleParser
from pyjsapi.text.lexer import Source

_FILE: Final = re.compile(r"[^()\s]+\.(?:wat|wast|wasm)")
"""What names a file, and is no module: a module has parentheses."""


def parse_module(text: str) -> Module:
    """Parse a module in the text format, with or without ``(module …)`` around its fields.

    Raises `ParseError` with line and column. The module is not validated.
    """
    return ModuleParser(Source(text)).parse()


def wat2wasm(text: str, *, names: bool = True) -> bytes:
    """Convert a module from the text to the binary format.

    With ``names`` the identifiers go into a name section. Raises `ParseError`. The module is not validated: what
    compiles it does that, and says line and column of the text (those of the last few texts are remembered).
    """
    if not isinstance(text, str):
        raise TypeError(f"wat2wasm(): the text must be a str, not {_told(text)}")
    if _FILE.fullmatch(text):
        raise ParseError(f"{text!r} is the name of a file: give the text that is in it", 1, 1)
    parser = ModuleParser(Source(text))
    parser.parse()
    data = encode_parsed(parser, names=names)
    remember(data, text, names=names)
    return data


def _told(text: object) -> str:
    kind = type(text).__name__
    if isinstance(text, (bytes, bytearray, memoryview)):
        return f"{kind}; decode it, for instance bytes(data).decode()"
    return f"{kind}; read it: path.read_text()" if isinstance(text, PathLike) else kind


def encode_parsed(parser: ModuleParser, *, names: bool) -> bytes:
    """Encode what a parser has parsed, with or without a name section.

    A name section that is written out as ``(@custom "name" …)`` takes the place of that from identifiers.
    """
    module = parser.module
    if not names:
        set_names(module, Names())
    elif not any(custom.name == SECTION_NAME for custom in module.customs):
        set_names(module, parser.names)
    return encode_module(module)
