"""pyjsapi and, as an oracle, wasmtime behind the small interface `component_host.Engine`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any


def _results(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


class PyjsapiMemory:
    """A `WebAssembly.Memory` read and written through new typed arrays: growth detaches buffers."""

    def __init__(self, memory: Any) -> None:
        self.wrapped = memory

    @property
    def byte_length(self) -> int:
        """Its size in bytes."""
        length: int = self.wrapped.buffer.byteLength
        return length

    def read(self, at: int, count: int) -> bytes:
        from pyjsapi import Uint8Array

        data: bytes = Uint8Array(self.wrapped.buffer, at & 0xFFFFFFFF, count).tobytes()
        return data

    def write(self, at: int, data: bytes) -> None:
        from pyjsapi import Uint8Array

        Uint8Array(self.wrapped.buffer, at & 0xFFFFFFFF, len(data))[:] = data


class PyjsapiEngine:
    """The engine under test, through its JS API."""

    name = "pyjsapi"

    def instantiate(
        self, data: bytes, imports: Mapping[str, Mapping[str, Any]]
    ) -> Mapping[str, Any]:
        from pyjsapi import WebAssembly

        raw = {
            module: {name: getattr(value, "wrapped", value) for name, value in fields.items()}
            for module, fields in imports.items()
        }
        exports = WebAssembly.Instance(WebAssembly.Module(data), raw).exports
        return {name: self._wrap(exports[name]) for name in exports}

    @staticmethod
    def _wrap(value: Any) -> Any:
        from pyjsapi import WebAssembly

        if isinstance(value, WebAssembly.Memory):
            return PyjsapiMemory(value)
        if callable(value):
            return _Callable(value)
        return value

    def function(self, params: str, results: str, call: Callable[..., Any]) -> Any:
        if len(results.split()) > 1:
            # several results are an iterable in the JS API
            return lambda *arguments: list(call(*arguments))
        return call

    def mutable_i32(self, value: int) -> Any:
        from pyjsapi import WebAssembly

        return WebAssembly.Global({"value": "i32", "mutable": True}, value)


class _Callable:
    """An exported function of pyjsapi whose several results are a tuple."""

    def __init__(self, wrapped: Callable[..., Any]) -> None:
        self.wrapped = wrapped

    def __call__(self, *arguments: Any) -> Any:
        return _results(self.wrapped(*arguments))


class WasmtimeMemory:
    """A memory of wasmtime."""

    def __init__(self, store: Any, memory: Any) -> None:
        self._store = store
        self.wrapped = memory

    @property
    def byte_length(self) -> int:
        """Its size in bytes."""
        length: int = self.wrapped.data_len(self._store)
        return length

    def read(self, at: int, count: int) -> bytes:
        at &= 0xFFFFFFFF
        return bytes(self.wrapped.read(self._store, at, at + count))

    def write(self, at: int, data: bytes) -> None:
        self.wrapped.write(self._store, data, at & 0xFFFFFFFF)


class WasmtimeEngine:
    """The oracle: wasmtime with the features of WebAssembly 2.0 without SIMD, and several memories."""

    name = "wasmtime"

    def __init__(self) -> None:
        import wasmtime

        config = wasmtime.Config()
        config.wasm_simd = False
        config.wasm_relaxed_simd = False
        config.wasm_threads = False
        config.wasm_multi_memory = True
        # A Python engine is compared: compiling quickly matters more than running quickly.
        config.cranelift_opt_level = "none"
        self._wasmtime = wasmtime
        self._engine = wasmtime.Engine(config)
        self._store = wasmtime.Store(self._engine)

    def instantiate(
        self, data: bytes, imports: Mapping[str, Mapping[str, Any]]
    ) -> Mapping[str, Any]:
        module = self._wasmtime.Module(self._engine, data)
        externs = []
        for wanted in module.imports:
            value = imports[wanted.module][wanted.name or ""]
            externs.append(self._extern(value, wanted.type))
        exports = self._wasmtime.Instance(self._store, module, externs).exports(self._store)
        return {name: self._wrap(exports[name]) for name in exports}

    def _extern(self, value: Any, type_: Any) -> Any:
        value = getattr(value, "wrapped", value)
        if callable(value) and not isinstance(value, self._wasmtime.Func):
            return self._wasmtime.Func(self._store, type_, value)
        return value

    def _wrap(self, value: Any) -> Any:
        if isinstance(value, self._wasmtime.Memory):
            return WasmtimeMemory(self._store, value)
        if isinstance(value, self._wasmtime.Func):
            return _WasmtimeFunction(self._store, value)
        return value

    def function(self, params: str, results: str, call: Callable[..., Any]) -> Any:
        types = [
            [getattr(self._wasmtime.ValType, name)() for name in names.split()]
            for names in (params, results)
        ]
        return self._wasmtime.Func(self._store, self._wasmtime.FuncType(*types), call)

    def mutable_i32(self, value: int) -> Any:
        wasmtime = self._wasmtime
        type_ = wasmtime.GlobalType(wasmtime.ValType.i32(), True)
        return wasmtime.Global(self._store, type_, wasmtime.Val.i32(value))


class _WasmtimeFunction:
    def __init__(self, store: Any, function: Any) -> None:
        self._store = store
        self.wrapped = function

    def __call__(self, *arguments: Any) -> Any:
        types = self.wrapped.type(self._store).params
        # as in JavaScript, arguments too many are ignored and missing ones are zero
        given = [*arguments, *[0] * len(types)]
        converted = [_signed(value, str(type_)) for value, type_ in zip(given, types, strict=False)]
        return _results(self.wrapped(self._store, *converted))


def _signed(value: Any, type_: str) -> Any:
    """Integers in the signed range that wasmtime wants."""
    if type_ in ("i32", "i64"):
        bits = int(type_[1:])
        return (int(value) + (1 << bits - 1)) % (1 << bits) - (1 << bits - 1)
    return value
