"""Compiled modules. Those that are the same share what Wasmtime has compiled, in this process and with later ones."""

from __future__ import annotations

import weakref
from ctypes import addressof
from typing import TYPE_CHECKING, Any, Final

from pyjsapi.binary.decoder import decode_module
from pyjsapi.compiler.cache_file import collector_off
from pyjsapi.embedding.valid_module import ValidModule
from pyjsapi.engines.errors import Refusal
from pyjsapi.engines.wasmtime import artifacts, failures
from pyjsapi.engines.wasmtime.artifacts import Artifact
from pyjsapi.engines.wasmtime.factories import artifact_of, compiled, import_types, restored
from pyjsapi.engines.wasmtime.native_engine import native_engine
from pyjsapi.engines.wasmtime.rewritten import reachable_funcs, refuse_limits, rewritten
from pyjsapi.engines.wasmtime.waiting import Waits
from pyjsapi.engines.wasmtime.words import WasmtimeError, Words
from pyjsapi.validation.known import context_of

if TYPE_CHECKING:
    from pyjsapi.embedding.settings import Settings


class NativeModule:
    """A module that Wasmtime has compiled, ``pointer`` in the C API, called ``name`` in its traces."""

    def __init__(self, name: str, pointer: int, shift: int) -> None:
        lib = native_engine().lib
        self.name: Final = name
        self.pointer: Final = pointer
        self.shift: Final = shift
        """See `rewritten.Rewritten`."""
        imports, self.import_types = import_types(lib, pointer)
        """The native types of its imports; 0 for memories."""
        deleted = weakref.finalize(self, _delete, lib, pointer, imports)
        deleted.atexit = False


def _delete(lib: Any, module: int, imports: Words) -> None:
    lib.wasm_importtype_vec_delete(addressof(imports))
    lib.wasmtime_module_delete(module)


class WasmtimeModule(ValidModule):
    """A valid module with what Wasmtime made of it."""

    __slots__ = ("native", "reachable", "waits")

    def __init__(self, valid: ValidModule, native: NativeModule, waits: Waits) -> None:
        super().__init__(valid.data, valid.module, valid.context, valid.settings)
        self.native: Final = native
        self.waits: Final = waits
        self.reachable: Final = sorted(reachable_funcs(valid.module))
        """Functions that may come out of an instance."""
        failures.know(native.name, self, native.shift)


_natives: Final[weakref.WeakValueDictionary[str, NativeModule]] = weakref.WeakValueDictionary()
"""All that are in use, by their names, which are the keys of `artifacts`."""


def known_module(data: bytes, settings: Settings) -> WasmtimeModule | None:
    """The module, if it was compiled before, here or in an earlier process: then it is valid."""
    key = artifacts.key_of(data, settings)
    native = _natives.get(key) or _kept(key, data)
    if native is None:
        return None
    with collector_off():
        module = decode_module(data, settings.features)
        valid = ValidModule(data, module, context_of(module), settings)
    return WasmtimeModule(valid, native, Waits(valid))


def _kept(key: str, data: bytes) -> NativeModule | None:
    found = artifacts.read(key, data)
    if found is None:
        return None
    try:
        pointer = restored(native_engine(), found.code)
    except WasmtimeError:  # of another processor, for instance
        return None
    return _natives.setdefault(key, NativeModule(key, pointer, found.shift))


def compiled_module(valid: ValidModule) -> WasmtimeModule:
    """Compile a module, which is valid but for bodies. Raises `Refusal` where Wasmtime cannot run it."""
    refuse_limits(valid)
    key = artifacts.key_of(valid.data, valid.settings)
    waits = Waits(valid)
    return WasmtimeModule(valid, _natives.get(key) or _compiled(valid, key, waits), waits)


def compiled_twin(valid: ValidModule) -> WasmtimeModule:
    """Compile what goes on with instances of a valid module: see `twins`. Raises as `compiled_module`."""
    refuse_limits(valid)
    key = f"{artifacts.key_of(valid.data, valid.settings)}-twin"
    native, waits = _natives.get(key) or _kept(key, valid.data), Waits(valid)
    return WasmtimeModule(valid, native or _compiled(valid, key, waits, twin=True), waits)


def _compiled(valid: ValidModule, key: str, waits: Waits, *, twin: bool = False) -> NativeModule:
    engine = native_engine()
    data, shift = rewritten(valid, key, waits, twin=twin)
    try:
        pointer = compiled(engine, data)
    except WasmtimeError as error:
        raise Refusal(f"Wasmtime does not compile it: {_in_short(error)}") from error
    # Another thread may have been faster.
    native = _natives.setdefault(key, NativeModule(key, pointer, shift))
    artifacts.write(key, valid.data, Artifact(shift, artifact_of(engine, native.pointer)))
    return native


def _in_short(error: WasmtimeError) -> str:
    """The innermost cause."""
    return error.message.rstrip().rpartition("\n")[2].strip()
