"""Branch hints in texts: annotations before instructions, and the section that says the same."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from typing import Final

from pyjsapi.binary.body import BinaryCode
from pyjsapi.binary.branch_hints import FOLLOWED_BY, SECTION, decode_hints, encode_hints
from pyjsapi.binary.encoder import encoded_code
from pyjsapi.syntax.errors import DecodeError
from pyjsapi.syntax.instructions import BY_MNEMONIC
from pyjsapi.syntax.module import SECTIONS, Module, op_of
from pyjsapi.text.annotations import Annotation
from pyjsapi.text.field_marks import field_at

HINTED: Final = frozenset((BY_MNEMONIC["if"], BY_MNEMONIC["br_if"]))
"""The instructions that have hints."""


def check_places(
    hints: Sequence[Annotation], tokens: Sequence[str], starts: Sequence[int], end: int
) -> None:
    """That hints stand in functions, one at a place; fields begin at ``starts``. Raises `ParseError`."""
    for before, hint in zip([None, *hints], hints, strict=False):
        if before is not None and before.token == hint.token:
            raise hint.error(f"@{SECTION} annotation: duplicate annotation")
        field = bisect_right(starts, hint.token) - 1
        between = field < 0 or hint.token in (starts[field], end)
        if between or tokens[starts[field] + 1] != "func":
            raise hint.error(f"@{SECTION} annotation: not in a function")


def section_of(
    hints: Sequence[Annotation], tokens: list[str], module: Module, funcs: Mapping[int, int]
) -> bytes:
    """The contents of the section; ``funcs`` has the indices of functions by the tokens where they begin."""
    starts = sorted(funcs)
    imported = len(module.func_typeidxs) - len(module.funcs)
    found: dict[int, list[tuple[int, bytes]]] = {}
    marks: dict[int, int] = {}
    offsets: list[int] = []
    for hint in hints:
        position = bisect_right(starts, hint.token - 1) - 1
        funcidx = funcs[starts[position]] if position >= 0 else -1
        if funcidx >= 0 and funcidx not in found:
            field = field_at(tokens, starts[position])
            marks = {token: index for index, token in enumerate(field.marks)}
            data, _ = encoded_code(module.funcs[funcidx - imported])
            offsets = BinaryCode(bytes(data), 0, len(data), data_count=True).offsets()
            found[funcidx] = []
        # What is folded begins with a parenthesis.
        index = marks.get(hint.token, marks.get(hint.token + 1))
        if funcidx < 0 or index is None:
            raise hint.error(f"@{SECTION} annotation: no instruction follows")
        found[funcidx].append((offsets[index], hint.hint()))
    return encode_hints({index: sorted(of_function) for index, of_function in found.items()})


def printable_hints(module: Module, sections: Sequence[str]) -> dict[int, dict[int, str]]:
    """By function, the annotations that stand before instructions; none if they would not give the section again.

    ``sections`` are those that the module has.
    """
    places = [i for i, custom in enumerate(module.customs) if custom.name == SECTION]
    if len(places) != 1 or not _stands_before_code(module, places[0], sections):
        return {}
    data = module.customs[places[0]].data
    imported = len(module.func_typeidxs) - len(module.funcs)
    found: dict[int, dict[int, str]] = {}
    try:
        hints = decode_hints(data)
        if encode_hints(hints) != data:
            return {}
        for funcidx, of_function in hints.items():
            code = module.funcs[funcidx - imported].code if funcidx >= imported else None
            if not isinstance(code, BinaryCode):
                return {}
            at = {offset - code.start: index for index, offset in enumerate(code.offsets())}
            body = code.load().body
            texts = {
                at[offset]: f'(@{SECTION} "\\{value.hex()}")'
                for offset, value in of_function
                if value in (b"\0", b"\1") and op_of(body[at[offset]]) in HINTED
            }
            if len(texts) != len(of_function) or list(texts) != sorted(texts) or not texts:
                return {}
            found[funcidx] = texts
    except (DecodeError, IndexError, KeyError):
        return {}
    return found


def _stands_before_code(module: Module, place: int, sections: Sequence[str]) -> bool:
    code = SECTIONS.index(FOLLOWED_BY)
    before = max(SECTIONS.index(name) for name in sections if SECTIONS.index(name) < code)
    ranks = [SECTIONS.index(custom.after) if custom.after else -1 for custom in module.customs]
    return before <= ranks[place] < code and all(rank >= code for rank in ranks[place + 1 :])
