"""The source phase: a module that is found as ``import`` finds it, and compiled, but not instantiated."""

from __future__ import annotations

import sys
from importlib.util import find_spec, resolve_name
from typing import Final

from pyjsapi.importing.loader import WasmLoader
from pyjsapi.importing.modules import WasmModule, state_of
from pyjsapi.jsapi.module import Module

_WHAT: Final = "importing.source()"


def source(name: str, package: str | None = None) -> Module:
    """The `WebAssembly.Module` that ``import`` would instantiate under a name, as ``import source`` gives it.

    ``package`` is what a relative name is relative to, as for `importlib.import_module`. It is the same object each
    time, and that of the imported module; packages that the name is in are imported. Raises `ImportError`.
    """
    absolute = resolve_name(name, package)
    imported = sys.modules.get(absolute)
    if isinstance(imported, WasmModule):
        known = state_of(imported).source
        if known is not None:
            return known
    spec = find_spec(absolute)
    if spec is None:
        raise ModuleNotFoundError(
            f"{_WHAT}: no module named {absolute!r}; importing.install() lets modules of WebAssembly be found",
            name=absolute,
        )
    if not isinstance(spec.loader, WasmLoader):
        raise ImportError(
            f"{_WHAT}: {absolute!r} is no module of WebAssembly: it is found as {spec.origin}",
            name=absolute,
            path=spec.origin,
        )
    return spec.loader.source()
