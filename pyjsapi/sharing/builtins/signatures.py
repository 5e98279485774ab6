"""Builtins from signatures as people write them: ``"externref i64 -> i32"``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from pyjsapi.jsapi.builtin_sets import Builtin, Prepare
from pyjsapi.syntax.deftypes import func_def_type
from pyjsapi.syntax.types import EXTERNREF, F32, F64, I32, I64, FuncType, ValType

_TYPES: Final[dict[str, ValType]] = {
    "externref": EXTERNREF,
    "f32": F32,
    "f64": F64,
    "i32": I32,
    "i64": I64,
}
Row = tuple[str, Callable[..., Any]]
"""A signature and what does it."""


def builtin(
    signature: str,
    call: Callable[..., Any],
    *,
    of_instance: bool = False,
    prepare: Prepare | None = None,
) -> Builtin:
    """A builtin of a signature; see `Builtin` for the rest."""
    params, _, results = signature.partition("->")
    type_ = FuncType(
        tuple(_TYPES[word] for word in params.split()),
        tuple(_TYPES[word] for word in results.split()),
    )
    return Builtin(func_def_type(type_), call, of_instance=of_instance, prepare=prepare)


def builtins(
    rows: Mapping[str, Row], *, of_instance: bool = False, prepare: Prepare | None = None
) -> dict[str, Builtin]:
    """Builtins by name."""
    return {
        name: builtin(*row, of_instance=of_instance, prepare=prepare) for name, row in rows.items()
    }
