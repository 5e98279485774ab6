"""Runs a comparison case on pyjsapi, in CPython and in Pyodide.

The format of cases and transcripts is described in ``web/cases/README.md``. ``static/driver.mjs``
is the same program for a JavaScript engine; both must write the same transcript for the same
behaviour. This file is self-contained: the page loads it into Pyodide beside ``pyjsapi``.
"""

from __future__ import annotations

import base64
import inspect
import json
import math
import re
import time
from collections.abc import Callable, Mapping
from typing import Any

import pyjsapi
from pyjsapi import WebAssembly, null

Json = Any

_VIEW_NAMES = (
    "Int8Array Uint8Array Uint8ClampedArray Int16Array Uint16Array Int32Array Uint32Array BigInt64Array BigUint64Array "
    "Float16Array Float32Array Float64Array DataView ArrayBuffer"
).split()
_VIEWS: dict[str, Any] = {name: getattr(pyjsapi, name) for name in _VIEW_NAMES}
_INTERFACES = ("Module", "Instance", "Memory", "Table", "Global")
_LITERALS: dict[str, Any] = {
    "undefined": None,
    "null": null,
    "NaN": math.nan,
    "Infinity": math.inf,
    "-Infinity": -math.inf,
    "-0": -0.0,
}
_ROOT = re.compile(r"[A-Za-z_]\w*")
_PART = re.compile(r"\.([A-Za-z_$][\w$]*)|\[(\d+)\]|\[\"([^\"]*)\"\]")
_QUIET = ("instance", "module", "write", "set", "host", "response")
_WASM_INTEGERS = {"i32": False, "i64": True}
_MAX_SAFE_INTEGER = 2**53 - 1


class HostError(Exception):
    """What a host function with ``throws`` throws; both drivers have a class of this name."""


class Unset(Exception):
    """A step used a name that no earlier step has set."""


def _parse_path(text: str) -> tuple[str, list[str | int]]:
    root = _ROOT.match(text)
    if root is None:
        raise SyntaxError(f"bad path {text!r}")
    parts: list[str | int] = []
    position = root.end()
    while position < len(text):
        part = _PART.match(text, position)
        if part is None:
            raise SyntaxError(f"bad path {text!r}")
        name, index, quoted = part.groups()
        parts.append(int(index) if index is not None else name if name is not None else quoted)
        position = part.end()
    return root.group(), parts


def _get(owner: Any, key: str | int) -> Any:
    """``owner[key]`` of JavaScript: a missing property is undefined."""
    if isinstance(key, str) and key.isidentifier() and not isinstance(owner, Mapping):
        return getattr(owner, key, None)
    try:
        return owner[key]
    except KeyError:
        return None


def _same_value(first: Any, second: Any) -> bool:
    """``Object.is`` of JavaScript."""
    if isinstance(first, (int, float)) and isinstance(second, (int, float)):
        if isinstance(first, bool) is not isinstance(second, bool):
            return False
        if first != first or second != second:
            return first != first and second != second
        return first == second and math.copysign(1, first) == math.copysign(1, second)
    if isinstance(first, str):
        return bool(first == second)
    return first is second


class _Host:
    """A host function that records its calls; a plain callable for pyjsapi."""

    def __init__(self, run: _Run, step: Mapping[str, Json]) -> None:
        self._run = run
        self._step = step
        self.name = step["host"]

    def __call__(self, *args: Any) -> Any:
        run, step = self._run, self._step
        types = step.get("params", [None] * len(args))
        recorded = [
            run.describe(arg, types[k] if k < len(types) else None) for k, arg in enumerate(args)
        ]
        run.log.append({"host": self.name, "args": recorded})
        for inner in step.get("steps", ()):
            run.log.append(run.run_step(inner))
        if "throws" in step:
            raise HostError(step["throws"])
        return run.evaluate(step.get("returns", "$undefined"))


class _Response:
    """What fetch gives, as far as the API looks at it; the body can be read once."""

    def __init__(self, body: bytes, status: int, content_type: str | None) -> None:
        self.status = status
        self.ok = 200 <= status < 300
        self.headers = {} if content_type is None else {"Content-Type": content_type}
        self._body: bytes | None = body

    async def arrayBuffer(self) -> Any:
        body, self._body = self._body, None
        if body is None:
            raise TypeError("the body of the response has been read already")
        return pyjsapi.Uint8Array(body).buffer


class _Run:
    """One run of one case: its names, the identities it has seen, and the events of its host functions."""

    def __init__(self, case: Mapping[str, Json]) -> None:
        self.names: dict[str, Any] = {"WebAssembly": WebAssembly, **_VIEWS}
        for name, text in case.get("modules", {}).items():
            self.names[name] = base64.b64decode(text)
        self._seen: list[Any] = []
        self.log: list[Json] = []

    def resolve(self, text: str) -> Any:
        root, parts = _parse_path(text)
        if root not in self.names:
            raise Unset(root)
        value = self.names[root]
        for part in parts:
            value = _get(value, part)
        return value

    def evaluate(self, value: Json) -> Any:
        if isinstance(value, str):
            if not value.startswith("$"):
                return value
            text = value[1:]
            if text.startswith("$"):
                return text
            if text in _LITERALS:
                return _LITERALS[text]
            if re.fullmatch(r"-?\d+n", text):
                return int(text[:-1])
            return self.resolve(text)
        if isinstance(value, list):
            return [self.evaluate(item) for item in value]
        if isinstance(value, dict):
            return {key: self.evaluate(item) for key, item in value.items()}
        return value

    def _arguments(self, step: Mapping[str, Json]) -> list[Any]:
        return [self.evaluate(item) for item in step.get("args", ())]

    def _id(self, value: Any) -> int:
        for number, seen in enumerate(self._seen, 1):
            if seen is value:
                return number
        self._seen.append(value)
        return len(self._seen)

    def describe(self, value: Any, type_: Json = None, pick: list[str] | None = None) -> Json:
        if isinstance(value, (list, tuple)):
            types = type_ if isinstance(type_, list) else [type_] * len(value)
            return [self.describe(item, t, pick) for item, t in zip(value, types, strict=True)]
        if value is None:
            return {"undefined": True}
        if value is null:
            return None
        if isinstance(value, (bool, str)):
            return value
        if isinstance(value, (int, float)):
            return describe_number(value, type_)
        return self._describe_object(value, pick)

    def _describe_object(self, value: Any, pick: list[str] | None) -> Json:
        if isinstance(value, _Host):
            return {"host": value.name}
        for name in _INTERFACES:
            if isinstance(value, getattr(WebAssembly, name)):
                return {"object": name, "id": self._id(value)}
        for name, view in _VIEWS.items():
            if isinstance(value, view):
                return self._describe_view(name, value)
        if callable(value):
            return {"function": value.name, "length": value.length, "id": self._id(value)}
        if isinstance(value, BaseException):
            return {"object": _error_name(value), "message": _error_message(value)}
        names = list(value) if pick is None else pick
        return {"fields": [[name, self.describe(_get(value, name))] for name in names]}

    def _describe_view(self, name: str, value: Any) -> Json:
        result: dict[str, Json] = {"object": name, "id": self._id(value)}
        if name == "ArrayBuffer":
            for key in ("byteLength", "maxByteLength", "resizable", "detached"):
                result[key] = getattr(value, key)
        elif name != "DataView":
            result["length"] = value.length
            result["byteOffset"] = value.byteOffset
        return result

    def _view(self, step: Mapping[str, Json], target: str) -> Any:
        subject = self.resolve(target)
        buffer = subject.buffer if isinstance(subject, WebAssembly.Memory) else subject
        count = self.evaluate(step["count"]) if "count" in step else len(step["values"])
        return _VIEWS[step["view"]](buffer, self.evaluate(step.get("at", 0)), count)

    def _set(self, path: str, value: Any) -> None:
        root, parts = _parse_path(path)
        key = parts.pop()
        if root not in self.names:
            raise Unset(root)
        owner = self.names[root]
        for part in parts:
            owner = _get(owner, part)
        if isinstance(key, int) or isinstance(owner, Mapping):
            owner[key] = value
        else:
            setattr(owner, key, value)

    def _instance(self, step: Mapping[str, Json]) -> Any:
        module = self.names[step["instance"]]
        if not isinstance(module, WebAssembly.Module):
            module = WebAssembly.Module(module)
        imports = [self.evaluate(step["imports"])] if "imports" in step else []
        return WebAssembly.Instance(module, *imports)

    def perform(self, step: Mapping[str, Json]) -> Any:
        """Does what the step says and returns its result."""
        if "new" in step:
            return self.resolve(step["new"])(*self._arguments(step))
        if "call" in step:
            return self.resolve(step["call"])(*self._arguments(step))
        if "get" in step:
            return self.resolve(step["get"])
        if "set" in step:
            return self._set(step["set"], self.evaluate(step["to"]))
        if "instance" in step:
            return self._instance(step)
        if "module" in step:
            return WebAssembly.Module(self.names[step["module"]])
        if "validate" in step:
            return WebAssembly.validate(self.names[step["validate"]])
        if "read" in step:
            return list(self._view(step, step["read"]))
        if "write" in step:
            return self._view(step, step["write"]).set(self.evaluate(step["values"]))
        if "same" in step:
            first, second = (self.evaluate(item) for item in step["same"])
            return _same_value(first, second)
        if "keys" in step:
            return list(self.resolve(step["keys"]))
        if "host" in step:
            self.names[step["host"]] = _Host(self, step)
            return None
        if "response" in step:
            body = self.names[step["response"]]
            return _Response(body, step.get("status", 200), step.get("content_type"))
        raise SyntaxError(f"no operation in step {step!r}")

    def _record(self, step: Mapping[str, Json], value: Any) -> dict[str, Json]:
        if "as" in step:
            self.names[step["as"]] = value
        if step.get("quiet") or any(key in step for key in _QUIET):
            return {}
        return {"value": self.describe(value, _result_type(step, value), step.get("pick"))}

    def _failure(self, step: Mapping[str, Json], error: BaseException) -> dict[str, Json]:
        self.names.pop(step.get("as", ""), None)
        if isinstance(error, Unset):
            return {"error": "Unset", "message": f"{error} is not set"}
        return {"error": _error_name(error), "message": _error_message(error)}

    def run_step(self, step: Mapping[str, Json]) -> dict[str, Json]:
        """Runs a step inside a host function."""
        try:
            return self._record(step, self.perform(step))
        except Exception as error:
            return self._failure(step, error)

    async def run_top_step(self, step: Mapping[str, Json]) -> dict[str, Json]:
        try:
            result = self.perform(step)
            if step.get("await") and inspect.isawaitable(result):
                result = await result
            entry = self._record(step, result)
        except Exception as error:
            entry = self._failure(step, error)
        if self.log:
            entry["log"] = self.log
            self.log = []
        return entry


def _result_type(step: Mapping[str, Json], value: Any) -> Json:
    """The wasm type of a step's result, which tells a BigInt from a Number."""
    if "type" in step:
        return step["type"]
    if "read" in step and step["view"].startswith("Big"):
        return ["i64"] * len(value)
    if "call" in step and re.search(r"\.getBigU?[iI]nt64$", step["call"]):
        return "i64"
    return None


def describe_number(value: float, type_: Json) -> Json:
    """A number as transcripts have it; ``type_`` is its wasm type, where that is known."""
    if type_ in _WASM_INTEGERS and not isinstance(value, int):
        return {"python type": type(value).__name__, "value": repr(value)}
    if type_ in ("f32", "f64") and not isinstance(value, float):
        return {"python type": type(value).__name__, "value": repr(value)}
    if type_ == "i64" or (isinstance(value, int) and abs(value) > _MAX_SAFE_INTEGER):
        return {"bigint": str(value)}
    if isinstance(value, int):
        return value
    if math.isnan(value):
        return {"number": "NaN"}
    if math.isinf(value):
        return {"number": "Infinity" if value > 0 else "-Infinity"}
    if value == 0 and math.copysign(1, value) < 0:
        return {"number": "-0"}
    return int(value) if value.is_integer() and abs(value) <= _MAX_SAFE_INTEGER else value


def _error_name(error: BaseException) -> str:
    """The JavaScript class of an error; a Python class that JavaScript does not have is named as such."""
    if isinstance(error, (HostError, TypeError)):
        return type(error).__name__ if isinstance(error, HostError) else "TypeError"
    for name in ("CompileError", "LinkError", "RuntimeError", "Exception"):
        if isinstance(error, getattr(WebAssembly, name)):
            return name
    if isinstance(error, pyjsapi.RangeError):
        return "RangeError"
    return f"Python {type(error).__name__}"


def _error_message(error: BaseException) -> str:
    return str(getattr(error, "message", error))


async def run_case(case: Mapping[str, Json]) -> list[dict[str, Json]]:
    """Runs ``case`` (an entry of ``cases.json``) and returns its transcript: one plain-JSON entry per step."""
    run = _Run(case)
    return [await run.run_top_step(step) for step in case["steps"]]


async def run_case_json(text: str, clock: Callable[[], float] = time.perf_counter) -> str:
    """The same from JSON to JSON: ``{"transcript": [...], "ms": milliseconds}``; what the page calls."""
    case = json.loads(text)
    start = clock()
    transcript = await run_case(case)
    return json.dumps({"transcript": transcript, "ms": (clock() - start) * 1000})
