"""Runs programs on pyjsapi's WebAssembly and tells what could be observed; ``harness.mjs`` does the same.

Runs inside the child processes, on every Python and in Pyodide: needs the standard library and pyjsapi only.
"""

from __future__ import annotations

import base64
import struct
import zlib
from collections.abc import Callable
from typing import Any

from fuzz.engines import telling
from fuzz.engines.telling import MOST_BYTES, MOST_ELEMENTS, MOST_LOGGED, MOST_PASSED, rows
from pyjsapi import RangeError, WebAssembly, null

Json = dict[str, Any]


def shown(value: Any) -> Any:
    """A value as text."""
    return telling.shown(None if value is null else value)


def argument(value: list[str]) -> Any:
    """The Python value of a typed argument."""
    type_, text = value
    if type_[0] == "f":
        return struct.unpack("<d", struct.pack("<Q", int(text, 16)))[0]
    return null if type_ == "ref" else int(text)


def _property_order(name: str) -> int:
    """Where JavaScript lists a property: what is an index comes first, in the order of numbers."""
    is_index = (
        name.isascii() and name.isdigit() and str(int(name)) == name and int(name) < 2**32 - 1
    )
    return int(name) if is_index else 2**32


class Stop(BaseException):
    """The time of a program is over. No handler in WebAssembly catches it."""


class Run:
    """One program on one instance."""

    def __init__(self, program: Json, module_of: Callable[[bytes], Any]) -> None:
        self._program = program
        self._module_of = module_of
        self._log: list[list[Any]] = []
        self._exports: Any = {}
        self._named: Json = {}
        """Everything that is seen from outside, by name; imports as ``module.name``."""
        self._imported: Json = {}
        self._tags: dict[str, Any] = {}
        self.instance: Any = None
        """The instance, once it is there."""
        self.host_calls: dict[str, int] = {}
        """How often each host function was called."""

    def observe(self) -> Json:
        """Instantiate the module, make the calls; what was seen."""
        try:
            module = self._module_of(base64.b64decode(self._program["binary"]))
        except WebAssembly.CompileError as error:
            return {"end": "refused", "detail": str(error)}
        outcomes: list[Any] = []
        seen: Json = {"end": "ran", "calls": outcomes, "log": self._log}
        try:
            imports = self._imports()
            self.instance = self._instantiate(module, imports)
            self._exports = self.instance.exports
        except (WebAssembly.LinkError, TypeError) as error:
            return {"end": "unlinkable", "detail": str(error)}
        except BaseException as error:
            outcomes.append(self._failure(error))
            return seen
        outcomes.append(["returns"])
        self._imported = dict(self._named)
        self._named |= {name: self._exports[name] for name in self._exports}
        self._tags = {
            name: self._exports[name]
            for name in self._exports
            if isinstance(self._exports[name], WebAssembly.Tag)
        }
        for name, arguments in self._program["calls"]:
            outcomes.append(self._call(name, arguments))
        self._look(seen)
        return seen

    def _instantiate(self, module: Any, imports: Json) -> Any:
        return WebAssembly.Instance(module, imports)

    def _call(self, name: str, arguments: list[list[str]]) -> list[Any]:
        if name not in self._exports or not callable(self._exports[name]):
            return ["missing"]
        function = self._exports[name]
        try:
            result = function(*map(argument, arguments))
        except BaseException as error:
            return self._failure(error)
        if isinstance(result, (list, tuple)):
            return ["returns", *map(shown, result)]
        # None is JavaScript's undefined: no result.
        return ["returns"] if result is None else ["returns", shown(result)]

    def _failure(self, error: BaseException) -> list[Any]:
        if isinstance(error, Stop):
            raise error
        if isinstance(error, WebAssembly.RuntimeError):
            passed = [[frame.index, frame.offset] for frame in error.wasm_frames[:MOST_PASSED]]
            return ["traps", str(error), passed]
        if isinstance(error, WebAssembly.Exception):
            for name, tag in self._tags.items():
                if error.is_(tag):
                    count = len(tag.type()["parameters"])
                    return ["throws", name, *(shown(error.getArg(tag, k)) for k in range(count))]
            return ["throws", "?"]
        if isinstance(error, RangeError):
            return ["exhausts", str(error)]
        return ["raises", f"{type(error).__name__}: {error}"]

    def _look(self, seen: Json) -> None:
        # In their order; and which of them are imports, the same objects.
        seen["exports"] = sorted(self._exports, key=_property_order)
        seen["same"] = {
            name: other
            for name in self._exports
            for other, value in self._imported.items()
            if value is self._exports[name]
        }
        memories: dict[str, list[Any]] = {}
        globals_, tables = {}, {}
        for name, value in self._named.items():
            if isinstance(value, WebAssembly.Memory):
                memories[name] = self._memory(value)
            elif isinstance(value, WebAssembly.Global):
                try:
                    globals_[name] = shown(value.value)
                except TypeError:
                    globals_[name] = "hidden"
            elif isinstance(value, WebAssembly.Table):
                tables[name] = [value.length, self._elements(value)]
        seen["memories"], seen["globals"], seen["tables"] = memories, globals_, tables

    def _memory(self, memory: Any) -> list[Any]:
        """Size and checksum of a memory."""
        size = memory.buffer.byteLength
        if size > MOST_BYTES:
            return [size]
        data = memory.buffer.tobytes()
        found = [size, zlib.crc32(data)]
        return [*found, rows(data)] if self._program.get("detail") else found

    def _elements(self, table: Any) -> str:
        try:
            values = [table.get(k) for k in range(min(table.length, MOST_ELEMENTS))]
        except TypeError:
            return "hidden"
        return "".join("0" if value is None or value is null else "1" for value in values)

    # Imports

    def _imports(self) -> Json:
        found: Json = {}
        made: list[Any] = []
        for entry in self._program["imports"]:
            same = entry["sameAs"]
            value = self._import(entry) if same is None else made[same]
            made.append(value)
            found.setdefault(entry["module"], {})[entry["name"]] = value
            self._named[f"{entry['module']}.{entry['name']}"] = value
        return found

    def _import(self, entry: Json) -> Any:
        type_ = entry["type"]
        match entry["kind"]:
            case "function":
                return self._host(entry)
            case "memory":
                return WebAssembly.Memory(type_)
            case "table":
                return WebAssembly.Table(type_)
            case "global":
                descriptor = {"value": type_["value"], "mutable": type_["mutable"]}
                return WebAssembly.Global(descriptor, argument(type_["init"]))
            case _:
                return WebAssembly.Tag(type_)

    def _host(self, entry: Json) -> Callable[..., Any]:
        name, effects = entry["name"], entry["effects"]
        results = entry["type"]["results"]
        key = f"{entry['module']}.{name}"

        def host(*arguments: Any) -> Any:
            calls = self.host_calls[key] = self.host_calls.get(key, 0) + 1
            if len(self._log) < MOST_LOGGED:
                self._log.append([name, *map(shown, arguments)])
            hashed = calls
            for value in arguments:
                if isinstance(value, int):
                    hashed = (hashed * 31 + value) & 0xFFFF_FFFF
            for effect in effects[(calls - 1) % len(effects)] if effects else ():
                self._effect(effect)
            values = [_result(type_, hashed + k & 0xFFFF_FFFF) for k, type_ in enumerate(results)]
            return values[0] if len(values) == 1 else values or None

        return host

    def _effect(self, effect: list[Any]) -> None:
        kind, name, *rest = effect
        if name not in self._named:
            return
        target = self._named[name]
        match kind:
            case "look":
                self._log.append([kind, *self._memory(target)])
            case "grow" | "enlarge":
                try:
                    self._log.append([kind, target.grow(rest[0])])
                except RangeError:
                    self._log.append([kind, "fails"])
            case "write":
                with target.buffer.mv as view:
                    if rest[0] < len(view):
                        view[rest[0]] = rest[1]
            case "set":
                target.value = argument(rest[0])
            case "put":
                if rest[0] < target.length:
                    target.set(rest[0], null if rest[1] is None else self._named[rest[1]])
            case "call":
                target(*map(argument, rest))
            case _:
                raise WebAssembly.Exception(target, [argument(value) for value in rest])


def _result(type_: str, hashed: int) -> Any:
    if type_ in ("i32", "i64"):
        return hashed
    return float(hashed & 0xFFFF) if type_[0] == "f" else null
