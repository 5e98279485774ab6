"""What a module imports and exports, as plain data that drivers in other processes and languages can be told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pyjsapi import WebAssembly

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
        module = WebAssembly.Module(data)
    except WebAssembly.CompileError:
        return NOTHING
    exports = {
        each["name"]: {"kind": each["kind"], "type": each["type"]}
        for each in WebAssembly.Module.exports(module)
    }
    return Interface(tuple(WebAssembly.Module.imports(module)), exports)
