"""What a module imports: what nobody gives it, for people, and whether it is a program of WASI."""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import Final

from pyjsapi.jsapi.builtin_sets import is_provided
from pyjsapi.jsapi.module import Module
from pyjsapi.runtime.instantiate import describe
from pyjsapi.syntax.spelling import on_one_line

WASI_MODULE: Final = "wasi_snapshot_preview1"
"""What programs of WASI import its functions from."""


def is_program(module: Module) -> bool:
    """Whether a module imports something of WASI."""
    return any(each["module"] == WASI_MODULE for each in Module.imports(module))


def missing_imports(
    module: Module, provided: Mapping[str, Container[str]] | None = None
) -> list[str]:
    """A line for each import that is not among the names that each module of ``provided`` has: its two names and
    its type."""
    given = provided or {}
    compiled = module._compiled
    return [
        f"{on_one_line(one.module)} {on_one_line(one.name)}: {describe(type_)}"
        for one, type_ in zip(compiled.module.imports, compiled.context.imports, strict=True)
        if one.name not in given.get(one.module, ())
        and not is_provided(module._options, one.module, one.name)
    ]
