"""What a module imports and exports, as plain data that drivers in other processes and languages can be told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pyjsapi import WebAssembly
from pyjsapi.jsapi.module import kind_name, type_object

Json = Any


@dataclass(frozen=True)
class Interface:
    """Imports in their order, exports by name; each with its ``kind`` and ``type`` (type reflection's)."""

    imports: tuple[dict[str, Json], ...]
    exports: dict[str, dict[str, Json]]


NOTHING = Interface((), {})


def interface_of(data: bytes) -> Interface:
    """The interface of a module; an empty one if it is not valid, for whoever runs it to say so."""
    try:
        compiled = WebAssembly.Module(data)._compiled
    except WebAssembly.CompileError:
        return NOTHING
    named = zip(compiled.module.imports, compiled.context.imports, strict=True)
    return Interface(
        tuple(
            {
                "module": one.module,
                "name": one.name,
                "kind": kind_name(type_),
                "type": type_object(type_),
            }
            for one, type_ in named
        ),
        {
            one.name: {"kind": kind_name(type_), "type": type_object(type_)}
            for one, type_ in compiled.exports()
        },
    )
