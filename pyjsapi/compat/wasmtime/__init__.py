"""The API of PyPI's ``wasmtime``, over the engines of this package.

Programs that say ``import wasmtime`` have it after ``pyjsapi.compat.install()``. What differs, and what is not there,
is in docs/guide/from-wasmtime.md.
"""

from __future__ import annotations

from pyjsapi.compat.wasmtime.config import Config
from pyjsapi.compat.wasmtime.engine import Engine
from pyjsapi.compat.wasmtime.errors import ExitTrap, WasmtimeError
from pyjsapi.compat.wasmtime.functions import Caller, Func
from pyjsapi.compat.wasmtime.globals import Global
from pyjsapi.compat.wasmtime.instances import Instance
from pyjsapi.compat.wasmtime.linker import InstancePre, Linker
from pyjsapi.compat.wasmtime.managed import Managed
from pyjsapi.compat.wasmtime.memories import Memory, SharedMemory
from pyjsapi.compat.wasmtime.modules import Module
from pyjsapi.compat.wasmtime.store import Store, StoreContext, Storelike
from pyjsapi.compat.wasmtime.tables import Table
from pyjsapi.compat.wasmtime.tags import Tag
from pyjsapi.compat.wasmtime.text import wat2wasm
from pyjsapi.compat.wasmtime.trap import Frame, Trap, TrapCode
from pyjsapi.compat.wasmtime.types import (
    ExportType,
    FuncType,
    GlobalType,
    ImportType,
    Limits,
    MemoryType,
    TableType,
    TagType,
    ValType,
)
from pyjsapi.compat.wasmtime.values import Val
from pyjsapi.compat.wasmtime.wasi_config import WasiConfig

__all__ = [
    "Caller",
    "Config",
    "Engine",
    "ExitTrap",
    "ExportType",
    "Frame",
    "Func",
    "FuncType",
    "Global",
    "GlobalType",
    "ImportType",
    "Instance",
    "InstancePre",
    "Limits",
    "Linker",
    "Managed",
    "Memory",
    "MemoryType",
    "Module",
    "SharedMemory",
    "Store",
    "StoreContext",
    "Storelike",
    "Table",
    "TableType",
    "Tag",
    "TagType",
    "Trap",
    "TrapCode",
    "Val",
    "ValType",
    "WasiConfig",
    "WasmtimeError",
    "wat2wasm",
]
