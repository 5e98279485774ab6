"""What a program's module imports."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from pyjsapi.jsapi.imported import WASI_MODULE
from pyjsapi.jsapi.memory import Memory
from pyjsapi.jsapi.module import Module

THREADS: Final = "wasi"
SPAWN: Final = "thread-spawn"


def provided(module: Module) -> dict[str, set[str]]:
    """Names that a program may import because it is one, by the modules that they are of."""
    from pyjsapi.wasi.calls.table import TABLE

    given = {WASI_MODULE: {row.name for row in TABLE}, THREADS: {SPAWN}}
    for each in Module.imports(module):
        if each["kind"] == "memory" and each["type"]["shared"]:
            given.setdefault(each["module"], set()).add(each["name"])
    return given


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
