"""Modules."""

from __future__ import annotations

from os import PathLike
from typing import Final

from pyjsapi.compat.wasmtime.engine import Engine, open_engine
from pyjsapi.compat.wasmtime.errors import WasmtimeError, caused
from pyjsapi.compat.wasmtime.managed import Managed
from pyjsapi.compat.wasmtime.store import Store
from pyjsapi.compat.wasmtime.text import to_wasm
from pyjsapi.compat.wasmtime.types import ExportType, ImportType, export_type, import_type
from pyjsapi.ecmascript import RangeError
from pyjsapi.jsapi.errors import CompileError
from pyjsapi.jsapi.module import Module as JsModule
from pyjsapi.jsapi.module import is_component
from pyjsapi.validation.limits import Limits

_SERIALIZED: Final = b"pyjsapi module 1\n"
"""What a serialized module begins with; its bytes follow."""


class Module(Managed):
    """A compiled module, from the text or the binary format.

    Raises `TypeError` for what is neither, `WasmtimeError` for what is not valid.
    """

    _engine: Engine
    _js: JsModule

    @classmethod
    def from_file(cls, engine: Engine, path: str | bytes | PathLike[str]) -> Module:
        """The module in a file. Raises `OSError`, too."""
        with open(path, "rb") as file:
            return cls(engine, file.read())

    def __init__(self, engine: Engine, wasm: str | bytes) -> None:
        self._engine = open_engine(engine)
        self._js = _compile(engine, to_wasm(wasm), engine._settings.limits)

    @classmethod
    def deserialize(cls, engine: Engine, encoded: bytes | bytearray) -> Module:
        """The module that `serialize` was called on; not one of Wasmtime's. Raises `WasmtimeError`, `TypeError`."""
        if not isinstance(encoded, bytes | bytearray):
            raise TypeError("expected bytes")
        if not encoded.startswith(_SERIALIZED):
            raise WasmtimeError(
                "no module that pyjsapi.compat.wasmtime serialized: compile it from its bytes"
            )
        return cls(engine, bytes(encoded[len(_SERIALIZED) :]))

    @classmethod
    def deserialize_file(cls, engine: Engine, path: str) -> Module:
        """The same from a file. Raises `WasmtimeError` also where that cannot be read."""
        try:
            with open(path, "rb") as file:
                encoded = file.read()
        except OSError as error:
            cause = f"{error.strerror} (os error {error.errno})"
            raise WasmtimeError(caused("failed to open file", cause)) from error
        return cls.deserialize(engine, encoded)

    @classmethod
    def validate(cls, engine: Engine, wasm: bytes | bytearray) -> None:
        """Raise `WasmtimeError` for bytes that are no valid module."""
        if not isinstance(wasm, bytes | bytearray):
            raise TypeError("expected wasm bytes")
        _compile(open_engine(engine), bytes(wasm), engine._settings.limits)

    @property
    def imports(self) -> list[ImportType]:
        """What it imports, in its order."""
        self._check_open()
        compiled = self._js._compiled
        return [
            import_type(each.module, each.name, type_)
            for each, type_ in zip(compiled.module.imports, compiled.context.imports, strict=True)
        ]

    @property
    def exports(self) -> list[ExportType]:
        """What it exports, in its order."""
        self._check_open()
        return [export_type(each.name, type_) for each, type_ in self._js._compiled.exports()]

    def serialize(self) -> bytearray:
        """The module as bytes for `deserialize`: translated code is in the code cache, not here."""
        self._check_open()
        return bytearray(_SERIALIZED + self._js._compiled.data)

    def _for(self, store: Store) -> JsModule:
        """The module with the limits of a store. Raises `WasmtimeError` for one of another engine."""
        self._check_open()
        if self._engine is not store.engine:
            raise WasmtimeError("cross-`Engine` instantiation is not currently supported")
        limits = store.limits()
        if limits == self._js._compiled.settings.limits:
            return self._js
        return _compile(self._engine, self._js._compiled.data, limits)


def _compile(engine: Engine, data: bytes, limits: Limits) -> JsModule:
    what = "failed to parse WebAssembly module"
    if is_component(data):
        refused = "expected a WebAssembly module but was given a WebAssembly component"
        raise WasmtimeError(caused(what, refused))
    try:
        return JsModule(data, features=engine._settings.features, limits=limits)
    except CompileError as error:
        raise WasmtimeError(caused(what, str(error.__cause__ or error))) from None
    except RangeError as error:
        raise WasmtimeError(str(error)) from None
