"""What a program's module imports beside the functions of WASI."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from pyjsapi.jsapi.memory import Memory
from pyjsapi.jsapi.module import Module

THREADS: Final = "wasi"
SPAWN: Final = "thread-spawn"


def is_threaded(module: Module) -> bool:
    """Whether a module starts threads."""
    return any(
        each["module"] == THREADS and each["name"] == SPAWN for each in Module.imports(module)
    )


def with_memories(module: Module, imports: Mapping[str, Any]) -> dict[str, Any]:
    """Imports, with the shared memories that a module needs and that are not among them, within its limits."""
    found = dict(imports)
    for each in Module.imports(module):
        if each["kind"] != "memory" or not each["type"]["shared"]:
            continue
        given = found.get(each["module"], {})
        if isinstance(given, Mapping) and each["name"] not in given:
            memory = Memory(
                initial=each["type"]["minimum"],
                maximum=each["type"]["maximum"],
                shared=True,
                limits=module._compiled.settings.limits,
            )
            found[each["module"]] = {**given, each["name"]: memory}
    return found
