"""Links that open a module in the workbench, with calls: the fragments that ``web/static/workbench/link.mjs`` reads.

The report of the comparison has them for its cases.
"""

from __future__ import annotations

import base64
import json
import re
import struct
import zlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from pyjsapi.embedding.settings import DEFAULT_SETTINGS
from pyjsapi.embedding.valid_module import valid_module
from pyjsapi.syntax.errors import WasmError
from pyjsapi.syntax.types import F32, F64, I32, I64, RefType, ValType

Json = Any

WORKBENCH: Final = "http://127.0.0.1:8000/workbench.html"
"""Where ``make serve`` has the view."""
_KEY: Final = "#m1="
_CALLED: Final = re.compile(r'(\w+)\.exports(?:\.([^.\[\]]+)|\["([^"\]]+)"\])')
_FLOATS: Final = {"$NaN": "nan", "$Infinity": "inf", "$-Infinity": "-inf", "$-0": "-0"}


class Link(NamedTuple):
    """A module of a case, and the calls that the case makes on its first instance."""

    module: str
    fragment: str
    calls: list[dict[str, Any]]
    """Each with ``export`` and ``arguments``, as they are typed."""


def fragment_of(name: str, data: bytes, calls: Sequence[Mapping[str, Any]]) -> str:
    """The fragment of a link, with its ``#``."""
    head = json.dumps({"name": name, "calls": list(calls)}).encode()
    packing = zlib.compressobj(9, wbits=-15)
    whole = packing.compress(struct.pack(">I", len(head)) + head + data) + packing.flush()
    return _KEY + base64.urlsafe_b64encode(whole).decode().rstrip("=")


def links_of(case: Mapping[str, Json]) -> list[Link]:
    """A link for each module of a case. Calls are among it whose arguments can be typed: what the case makes of other
    objects stands in its steps."""
    found = []
    for name, text in case["modules"].items():
        data = base64.b64decode(text)
        calls = list(_calls(case["steps"], name, _functions(data)))
        label = case["id"] if len(case["modules"]) == 1 else f"{case['id']}, {name}"
        found.append(Link(name, fragment_of(f"{label}.wasm", data, calls), calls))
    return found


def _functions(data: bytes) -> dict[str, tuple[ValType, ...]]:
    """The parameters of the functions that a module exports; none of what is not valid."""
    try:
        module = valid_module(data, DEFAULT_SETTINGS)
    except WasmError:
        return {}
    return {
        each.name: module.context.funcs[each.index].func.params
        for each in module.module.exports
        if each.kind == "func"
    }


def _calls(
    steps: Sequence[Mapping[str, Json]], module: str, functions: Mapping[str, tuple[ValType, ...]]
) -> Iterator[dict[str, Any]]:
    instance = None
    for step in steps:
        if instance is None and step.get("instance") == module:
            instance = step.get("as")
        called = _CALLED.fullmatch(step.get("call", ""))
        if instance is None or called is None or called[1] != instance:
            continue
        name = called[2] or called[3]
        types, given = functions.get(name), step.get("args", [])
        if types is None or len(types) != len(given):
            continue
        arguments = [typed(value, type_) for value, type_ in zip(given, types, strict=True)]
        if None not in arguments:
            yield {"export": name, "arguments": arguments}


def typed(value: Json, type_: ValType) -> str | None:
    """An argument of a case as it is typed in the workbench; ``None`` for what cannot be."""
    if type_ is I64 and isinstance(value, str) and re.fullmatch(r"\$-?\d+n", value):
        return _integer(int(value[1:-1]), 64)
    if type_ is I32 and isinstance(value, int) and not isinstance(value, bool):
        return _integer(value, 32)
    if type_ in (F32, F64):
        if isinstance(value, str):
            return _FLOATS.get(value)
        return (
            None if isinstance(value, bool) or not isinstance(value, (int, float)) else str(value)
        )
    if isinstance(type_, RefType):
        if value in (None, "$null"):
            return "null"
        if str(type_) == "externref" and isinstance(value, str) and not value.startswith("$"):
            return value if value.strip().lower() not in ("", "null") else None
    return None


def _integer(value: int, bits: int) -> str | None:
    return str(value) if -(1 << bits - 1) <= value < 1 << bits else None
