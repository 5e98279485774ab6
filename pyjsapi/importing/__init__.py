"""Modules of WebAssembly as Python modules: ``import counter`` finds a ``counter.wasm`` or ``counter.wat``.

It is the proposal "ESM integration" with Python's modules in place of ECMAScript's. `install` lets Python's ``import``
find them; `source` is the source phase, which gives the `WebAssembly.Module`; `namespace_instance` gives the
`WebAssembly.Instance` of a module that is imported.
"""

from __future__ import annotations

from pyjsapi.importing.hook import Installation, install
from pyjsapi.importing.modules import WasmModule, namespace_instance
from pyjsapi.importing.phases import source

__all__ = ["Installation", "WasmModule", "install", "namespace_instance", "source"]
