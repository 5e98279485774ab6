"""The check of branch hints (core specification, appendix "Branch Hints"), which no host has to make."""

from __future__ import annotations

from itertools import pairwise
from typing import Final

from pyjsapi.binary.body import BinaryCode
from pyjsapi.binary.branch_hints import FOLLOWED_BY, SECTION, decode_hints
from pyjsapi.syntax.errors import DecodeError, ValidationError
from pyjsapi.syntax.instructions import BY_MNEMONIC
from pyjsapi.syntax.module import SECTIONS, Module, op_of

_HINTED: Final = frozenset((BY_MNEMONIC["if"], BY_MNEMONIC["br_if"]))
_CODE: Final = SECTIONS.index(FOLLOWED_BY)


def check_branch_hints(module: Module) -> None:
    """Check the section of branch hints of a valid module that was decoded, if it has one.

    Raises `DecodeError` for a section that is malformed, and `ValidationError` for one that is not valid.
    """
    found = [custom for custom in module.customs if custom.name == SECTION]
    if not found:
        return
    if len(found) > 1:
        raise _malformed("duplicate section")
    if found[0].after and SECTIONS.index(found[0].after) >= _CODE:
        raise _malformed(f"the section has to stand before the section {FOLLOWED_BY}")
    try:
        hints = decode_hints(found[0].data)
    except DecodeError as error:
        raise _malformed(error.message, error.offset) from None
    imported = len(module.func_typeidxs) - len(module.funcs)
    if any(first >= second for first, second in pairwise(hints)):
        raise _malformed("functions are not in order")
    for funcidx, of_function in hints.items():
        if not imported <= funcidx < imported + len(module.funcs):
            raise _invalid(f"unknown function {funcidx}")
        code = module.funcs[funcidx - imported].code
        if not isinstance(code, BinaryCode):
            raise TypeError("only modules that were decoded have offsets of instructions")
        at = {offset - code.start: index for index, offset in enumerate(code.offsets())}
        body = code.load().body
        if any(first >= second for (first, _), (second, _) in pairwise(of_function)):
            raise _malformed(f"hints of function {funcidx} are not in order")
        for offset, value in of_function:
            index = at.get(offset)
            if index is None or op_of(body[index]) not in _HINTED:
                what = "no instruction begins" if index is None else f"{op_of(body[index])} stands"
                raise _invalid(
                    f"invalid target: {what} at offset {offset:#x} of function {funcidx}, if or br_if expected"
                )
            if value not in (b"\0", b"\1"):
                raise _malformed(f"a hint is one byte, 0 or 1, not {value.hex(' ') or 'none'}")


def _malformed(what: str, offset: int = 0) -> DecodeError:
    """The error, with an offset in the section's contents."""
    return DecodeError(f"@{SECTION} annotation: {what}", offset)


def _invalid(what: str) -> ValidationError:
    return ValidationError(f"@{SECTION} annotation: {what}")
