"""Modules that hand out a builtin set, for tests that call its functions one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import pytest

from pyjsapi import WebAssembly, wat2wasm
from pyjsapi.jsapi.builtin_sets import Builtin

PAGE = 65536


def imported(set_name: str, builtins: Mapping[str, Builtin], names: Iterable[str]) -> str:
    """Imports of functions of a set, each named as itself."""
    lines = []
    for name in names:
        type_ = builtins[name].type.func
        params, results = (" ".join(map(str, types)) for types in (type_.params, type_.results))
        signature = f"(param {params}) (result {results})"
        lines.append(f'(import "pyjsapi:{set_name}" "{name}" (func ${name} {signature}))')
    return "\n".join(lines)


def handing_out(set_name: str, builtins: Mapping[str, Builtin], fields: str) -> WebAssembly.Module:
    """A module that exports all functions of a set, and has ``fields``."""
    exports = " ".join(f'(export "{name}" (func ${name}))' for name in builtins)
    text = f"(module {imported(set_name, builtins, builtins)} {fields} {exports})"
    return WebAssembly.Module(wat2wasm(text), builtins=[set_name])


def traps(message: str, *calls: Callable[[], Any]) -> None:
    """Assert that every call traps with a message."""
    for call in calls:
        with pytest.raises(WebAssembly.RuntimeError, match=message):
            call()
