"""Runs a case on Wasmtime, by its Python package: the transcript has an entry for each step of the file of cases.

Memory sharing with JavaScript's views, references and exceptions are no part of that package's interface in the same
form; what it cannot carry is ``{"unable": why}``, which nothing is compared with.
"""

from __future__ import annotations

import base64
import struct
from collections.abc import Mapping
from typing import Any, Final

import wasmtime

from pyjsapi.comparison.driver import HostError, describe_number
from pyjsapi.comparison.values import signed

Json = Any

_TYPES: Final = {
    "i32": wasmtime.ValType.i32,
    "i64": wasmtime.ValType.i64,
    "f32": wasmtime.ValType.f32,
    "f64": wasmtime.ValType.f64,
    "externref": wasmtime.ValType.externref,
    "funcref": wasmtime.ValType.funcref,
}
_NUMBERS: Final = frozenset({"i32", "i64", "f32", "f64"})
_FORMATS: Final = {
    "i8": "b",
    "u8": "B",
    "i16": "h",
    "u16": "H",
    "i32": "i",
    "u32": "I",
    "i64": "q",
    "u64": "Q",
    "f32": "f",
    "f64": "d",
}
_FEATURES: Final = (
    "exceptions",
    "function_references",
    "gc",
    "memory64",
    "multi_memory",
    "relaxed_simd",
    "tail_call",
    "threads",
    "custom_page_sizes",
)
_EXHAUSTED: Final = {"STACK_OVERFLOW"}


class Unable(Exception):
    """The package's interface has no way to do it; the message says what."""


class Unset(Exception):
    """A step is about an instance that there is not."""


def _engine() -> wasmtime.Engine:
    config = wasmtime.Config()
    for feature in _FEATURES:
        setattr(config, f"wasm_{feature}", True)
    return wasmtime.Engine(config)


class _Run:
    def __init__(self, case: Mapping[str, Json]) -> None:
        self.engine = _engine()
        self.store = wasmtime.Store(self.engine)
        self.modules = {name: base64.b64decode(text) for name, text in case["modules"].items()}
        self.instances: dict[str, Any] = {}
        self.log: list[Json] = []
        self.thrown: HostError | None = None

    def step(self, step: Mapping[str, Json]) -> dict[str, Json]:
        """Carry out a step; its entry of the transcript."""
        entry: dict[str, Json]
        self.thrown = None
        try:
            entry = getattr(self, f"_{step['op']}")(step)
        except Unable as error:
            entry = {"unable": str(error)}
        except Unset as error:
            entry = {"error": "Unset", "message": str(error)}
        except wasmtime.Trap as error:
            code = error.trap_code
            exhausted = code is not None and code.name in _EXHAUSTED
            entry = {"error": "RangeError" if exhausted else "RuntimeError", "message": str(error)}
        except IndexError as error:
            entry = {"error": "RangeError", "message": str(error)}
        except HostError as error:
            entry = {"error": "HostError", "message": str(error)}
        if self.log:
            entry["log"], self.log = self.log, []
        return entry

    def _instantiate(self, step: Mapping[str, Json]) -> dict[str, Json]:
        self.instances.pop(step["as"], None)
        try:
            module = wasmtime.Module(self.engine, self.modules[step["module"]])
        except wasmtime.WasmtimeError as error:
            return {"error": "CompileError", "message": str(error)}
        values = [self._import(item) for item in step["imports"]]
        try:
            instance = wasmtime.Instance(self.store, module, values)
        except wasmtime.WasmtimeError as error:
            if isinstance(error, wasmtime.Trap):
                raise
            if self.thrown is not None:
                raise self.thrown from error
            return {"error": "LinkError", "message": str(error)}
        self.instances[step["as"]] = instance.exports(self.store)
        return {}

    def _import(self, item: Mapping[str, Json]) -> Any:
        given, type_ = item["given"], item["type"]
        if isinstance(given, dict) and "export" in given:
            if "of" in given:
                return self._exports(given["of"])[given["export"]]
            return list(self.instances.values())[-1][given["export"]]
        if item["kind"] == "function":
            return self._host(item["stub"], type_, given)
        if item["kind"] == "global":
            content = type_["value"]
            if content not in _NUMBERS:
                raise Unable(f"no global of type {content} is made for it")
            first = 0 if given is None else given
            value = float(first) if content[0] == "f" else signed(first, int(content[1:]))
            made = wasmtime.GlobalType(_TYPES[content](), type_["mutable"])
            return wasmtime.Global(self.store, made, value)
        if item["kind"] == "memory" and not type_.get("shared"):
            limits = wasmtime.Limits(type_["minimum"], type_.get("maximum"))
            wide = type_["address"] == "i64"
            return wasmtime.Memory(self.store, wasmtime.MemoryType(limits, is_64=wide))
        raise Unable(f"no {item['kind']} of that type is made for it")

    def _host(self, stub: str, type_: Mapping[str, Json], given: Json) -> Any:
        params, results = type_["parameters"], type_["results"]
        if not set(params) | set(results) <= _NUMBERS:
            raise Unable("its host functions take and give numbers alone")
        said = [] if given is None else given.get("returns", [])
        returned = said if isinstance(said, list) else [said]
        values = [
            float(v) if t[0] == "f" else signed(v, int(t[1:]))
            for v, t in zip(returned, results, strict=False)
        ]
        values += [0.0 if t[0] == "f" else 0 for t in results[len(values) :]]

        def host(*args: Any) -> Any:
            recorded = [describe_number(arg, t) for arg, t in zip(args, params, strict=True)]
            self.log.append({"host": stub, "args": recorded})
            if given is not None and "throws" in given:
                self.thrown = HostError(given["throws"])
                raise self.thrown
            return values[0] if len(values) == 1 else values or None

        made = wasmtime.FuncType([_TYPES[t]() for t in params], [_TYPES[t]() for t in results])
        return wasmtime.Func(self.store, made, host)

    def _exports(self, name: str) -> Any:
        if name not in self.instances:
            raise Unset(f"{name} is not set")
        return self.instances[name]

    def _export(self, step: Mapping[str, Json]) -> Any:
        return self._exports(step["on"])[step["name"]]

    def _invoke(self, step: Mapping[str, Json]) -> dict[str, Json]:
        params, results = step["type"]["parameters"], step["type"]["results"]
        if not set(params) | set(results) <= _NUMBERS:
            raise Unable("it is called with numbers alone")
        function = self._export(step)
        args = [
            float(v) if t[0] == "f" else signed(v, int(t[1:]))
            for v, t in zip(step["args"], params, strict=True)
        ]
        result = function(self.store, *args)
        if not results:
            return {"value": {"undefined": True}}
        if len(results) == 1:
            return {"value": describe_number(result, results[0])}
        return {"value": [describe_number(v, t) for v, t in zip(result, results, strict=True)]}

    def _get(self, step: Mapping[str, Json]) -> dict[str, Json]:
        type_ = step["type"]["value"]
        if type_ not in _NUMBERS:
            raise Unable("globals are read as numbers alone")
        return {"value": describe_number(self._export(step).value(self.store), type_)}

    def _set(self, step: Mapping[str, Json]) -> dict[str, Json]:
        type_, value = step["type"]["value"], step["to"]
        if type_ not in _NUMBERS:
            raise Unable("globals are set to numbers alone")
        exported = self._export(step)
        if not step["type"]["mutable"]:
            return {"error": "TypeError", "message": "the global is immutable"}
        number = float(value) if type_[0] == "f" else signed(value, int(type_[1:]))
        exported.set_value(self.store, number)
        return {}

    def _memory(self, step: Mapping[str, Json]) -> Any:
        memory = self._export(step)
        if not isinstance(memory, wasmtime.Memory):
            raise Unable("shared memories are not read")
        return memory

    def _read(self, step: Mapping[str, Json]) -> dict[str, Json]:
        memory, view, at = self._memory(step), step["view"], step["at"]
        size = struct.calcsize(_FORMATS[view]) * step["count"]
        _check(at, size, struct.calcsize(_FORMATS[view]), memory.data_len(self.store))
        data = bytes(memory.read(self.store, at, at + size))
        type_ = "i64" if view in ("i64", "u64") else None
        return {
            "value": [
                describe_number(v, type_)
                for v in struct.unpack(f"<{step['count']}{_FORMATS[view]}", data)
            ]
        }

    def _write(self, step: Mapping[str, Json]) -> dict[str, Json]:
        memory, view, at = self._memory(step), step["view"], step["at"]
        bits = struct.calcsize(_FORMATS[view]) * 8
        values = [
            float(v)
            if view[0] == "f"
            else v & (1 << bits) - 1
            if view[0] == "u"
            else signed(v, bits)
            for v in step["values"]
        ]
        data = struct.pack(f"<{len(values)}{_FORMATS[view]}", *values)
        _check(at, len(data), bits // 8, memory.data_len(self.store))
        memory.write(self.store, data, at)
        return {}

    def _grow(self, step: Mapping[str, Json]) -> dict[str, Json]:
        try:
            before = self._memory(step).grow(self.store, step["by"])
        except wasmtime.WasmtimeError as error:
            return {"error": "RangeError", "message": str(error)}
        return {"value": describe_number(before, step["address"])}

    def _size(self, step: Mapping[str, Json]) -> dict[str, Json]:
        return {"value": self._memory(step).data_len(self.store)}


def _check(at: int, size: int, alignment: int, length: int) -> None:
    """What a typed array says to an offset. Raises `IndexError`."""
    if at % alignment or at < 0 or at + size > length:
        raise IndexError(f"no view of {size} bytes at {at} in {length} bytes")


def run_case(case: Mapping[str, Json]) -> list[dict[str, Json]]:
    """The transcript of a case on Wasmtime, or ``[{"unable": …}]`` for a script."""
    if "script" in case:
        return [{"unable": "the package runs no scripts"}]
    lacks = [
        feature
        for feature, probe in case.get("needs", {}).items()
        if not _validates(base64.b64decode(probe))
    ]
    if lacks:
        return [{"unable": f"the engine lacks {', '.join(lacks)}"}] * len(case["own"])
    run = _Run(case)
    return [run.step(step) for step in case["own"]]


def _validates(data: bytes) -> bool:
    try:
        wasmtime.Module.validate(_engine(), data)
    except wasmtime.WasmtimeError:
        return False
    return True
