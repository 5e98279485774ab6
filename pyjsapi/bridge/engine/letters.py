"""Types as the engine's side of the bridge names them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from pyjsapi.syntax.types import ANY, CONT, EXN, EXTERN, F32, F64, FUNC, I32, I64, RefType, ValType
from pyjsapi.validation.cast_rules import top_of

NAME: Final = "host"
"""What the engine is called."""
OPAQUE: Final = "x"
"""For types whose values JavaScript cannot have: v128, exnref and contref."""
_NUMBERS: Final[dict[ValType, str]] = {I32: "i", I64: "I", F32: "f", F64: "d"}
_REFERENCES: Final = {EXTERN: "r", FUNC: "F", ANY: "A", EXN: OPAQUE, CONT: OPAQUE}
NUMBERS: Final = frozenset(_NUMBERS.values())
_NAMES: Final = {"i": "i32", "I": "i64", "f": "f32", "d": "f64"}


def letter(type_: ValType) -> str:
    """The letter of a closed type."""
    if isinstance(type_, RefType):
        return _REFERENCES.get(top_of(type_.heap), OPAQUE)
    return _NUMBERS.get(type_, OPAQUE)


def letters(types: Iterable[ValType]) -> str:
    """The letters of several."""
    return "".join(map(letter, types))


def descriptor_name(type_: ValType) -> str:
    """What descriptors of JavaScript call a type."""
    found = letter(type_)
    if isinstance(type_, RefType):
        return "anyfunc" if found == "F" else repr(type_)
    return _NAMES.get(found, repr(type_))
