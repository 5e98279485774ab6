"""The code of functions, and how it is written: each apart, so that what is never called is never read."""

from __future__ import annotations

import marshal
from collections.abc import Sequence
from types import CodeType
from typing import NamedTuple

from pyjsapi.syntax.deftypes import DefType


class FunctionCode(NamedTuple):
    """A translated function."""

    code: CodeType
    """Code of ``f<index>``."""
    body: CodeType | None
    """For a function that hands on (see `convention`): its body; ``code`` is its wrapper."""
    signatures: tuple[tuple[int, int], ...]
    """Pairs (table index, type index) of the lists ``t<table>_<type>`` that the code uses."""
    accessors: tuple[tuple[int, str], ...] = ()
    """Pairs (memory index, name) of the accessors ``<name>_<memory>`` that the code calls."""


def dump(code: FunctionCode) -> bytes:
    """The code as bytes, for `load` on the same version of Python."""
    return marshal.dumps(tuple(code))


def load(dumped: bytes) -> FunctionCode:
    """The code that `dump` wrote; nothing else may come here, see `cache`."""
    return FunctionCode(*marshal.loads(dumped))


def first_of_type(types: Sequence[DefType]) -> dict[int, int]:
    """For each type index the first of the same type, by which `FunctionCode.signatures` names it."""
    first: dict[DefType, int] = {}
    return {i: first.setdefault(type_, i) for i, type_ in enumerate(types)}
