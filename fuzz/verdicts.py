"""Binaries and texts that need not be right: whether pyjsapi and others agree that they are."""

from __future__ import annotations

import base64
import re
from typing import Final

import wasmtime

from fuzz import tools
from fuzz.engines.base import Observation
from pyjsapi.binary.decoder import decode_module
from pyjsapi.binary.encoder import encode_module
from pyjsapi.syntax.errors import DecodeError
from pyjsapi.syntax.instructions import BY_MNEMONIC

FEATURES = (
    "all,-component-model,-stack-switching,-shared-everything-threads,-memory-control,"
    "-custom-descriptors,legacy-exceptions,custom-page-sizes"
)
"""What pyjsapi has, in the words of ``wasm-tools validate``."""

_SIGNED: Final = re.compile(r"unexpected token \+\w+(, |\Z)")
"""An index has no sign; Wasmtime's reader takes one."""
_COMMENT: Final = re.compile(r"\(;.*?;\)", re.DOTALL)
_BLOCK_IN_SEGMENT: Final = re.compile(r"\(\s*elem\b[^;]*?\(\s*(block|loop|if|try|try_table)\b")
"""One folded instruction is an element's expression, also a block with instructions that are not folded."""
_WORD: Final = re.compile(r"[^\s()\";]+")
_OPEN_FUNCTION: Final = re.compile(r"\(\s*sub\s+(?!final)[^()]*\(\s*func")


def on_binary(data: bytes, right: Observation | None, ours: Observation) -> str | None:
    """What is wrong with how a mutated binary was taken; ``None`` if nothing is."""
    if ours["end"] in ("crashes", "hangs"):
        return f"{ours['end']} ({ours['detail']})"
    refused = ours["end"] == "refused"
    if refused and "at offset" not in ours["detail"]:
        return f"refused without a position: {ours['detail']}"
    if right is not None and (right["end"] == "refused") == refused:
        return None
    # Wasmtime's package has not every feature.
    problem = tools.validated(data, FEATURES)
    if refused and problem is None:
        return f"refused ({ours['detail']}), but valid"
    if not refused and problem is not None:
        return f"taken, but {problem}"
    return None


def on_text(text: str, ours: Observation) -> str | None:
    """What is wrong with how a mutated text was taken; ``None`` if nothing is."""
    if ours["end"] in ("crashes", "hangs"):
        return f"{ours['end']} ({ours['detail']})"
    try:
        binary, problem = bytes(wasmtime.wat2wasm(text)), None
    except wasmtime.WasmtimeError as error:
        binary, problem = b"", str(error)
    except UnicodeError:
        return None
    if ours["end"] == "refused":
        detail = ours["detail"]
        lenient = _in_a_folded_one(text, detail) or _is_no_module(binary) or _SIGNED.search(detail)
        return None if problem or lenient else f"refused ({detail}), but well-formed"
    if _BLOCK_IN_SEGMENT.search(_COMMENT.sub("", text)):
        return None  # It is invalid; Wasmtime's reader refuses it, or puts the block elsewhere.
    if problem is not None:
        return f"taken, but {problem}"
    if ours.get("fixed") is False:
        return "its binary form does not come back from its text"
    same = without_customs(binary) == without_customs(base64.b64decode(ours["binary"]))
    # A type that is written nowhere is a final one; Wasmtime's reader takes another for it that has the same form.
    return None if same or _OPEN_FUNCTION.search(text) else "another binary form"


def _in_a_folded_one(text: str, detail: str) -> bool:
    """Whether a text was refused at an instruction without parentheses within a folded one.

    The grammar has only folded instructions there; Wasmtime's reader takes others too.
    """
    line, column, _ = detail.split(":", 2)
    rest = text.split("\n")[int(line) - 1][int(column) - 1 :]
    word = _WORD.match(rest)
    return word is not None and word[0] in BY_MNEMONIC


def _is_no_module(data: bytes) -> bool:
    """Whether a reader wrote what nobody can read.

    Wasmtime's takes a block without parentheses and without its ``end`` at the end of a folded one, and writes none.
    """
    try:
        encode_module(decode_module(data))  # the bodies, too
    except DecodeError:
        return True
    return False


def without_customs(data: bytes) -> bytes:
    """A module without its custom sections, encoded as pyjsapi does; as it is where it cannot be decoded."""
    try:
        module = decode_module(data)
    except Exception:
        return data
    module.customs.clear()
    return encode_module(module)
