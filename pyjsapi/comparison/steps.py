"""What a file of cases says, step by step, as the steps that the drivers run (``web/cases/README.md`` of a checkout).

Each step of a file becomes one or more of the drivers': what an instantiation needs is made before it. `Translation`
has both, and which entries of a transcript are the outcomes of the file's own steps.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from pyjsapi.comparison.interface import Interface
from pyjsapi.comparison.values import VIEWS, CaseError, argument, integer, recorded, zero

Json = Any

_KEYS: Final = {
    "instantiate": {"imports", "as"},
    "invoke": {"args", "on"},
    "get": {"on"},
    "set": {"to", "on"},
    "read": {"at", "count", "type", "on"},
    "write": {"at", "values", "type", "on"},
    "grow": {"by", "on"},
    "size": {"on"},
}
_OUTCOMES: Final = {"expect", "trap", "error"}
_ERRORS: Final = (
    "CompileError",
    "LinkError",
    "RuntimeError",
    "RangeError",
    "TypeError",
    "Exception",
)


@dataclass
class Translation:
    """Steps of a case for the drivers."""

    interfaces: Mapping[str, Interface]
    """Of the modules, by the names that steps call them."""
    steps: list[dict[str, Json]] = field(default_factory=list)
    own: list[dict[str, Json]] = field(default_factory=list)
    """The file's steps with their types, for an engine that has a driver of its own."""
    shown: list[int] = field(default_factory=list)
    """Where in `steps` the outcome of each of them is."""
    expected: list[Json] = field(default_factory=list)
    """What each must come to, as an entry of a transcript, or None."""
    hosts: dict[str, str] = field(default_factory=dict)
    """What host functions are called in the file, by their names in `steps`."""
    _instances: dict[str, Interface] = field(default_factory=dict)
    _last: str | None = None

    def add(self, step: Mapping[str, Json], place: str) -> None:
        """Translate one step. Raises `CaseError`."""
        operation = _operation(step, place)
        what = f"{place}: {operation} {step[operation]!r}"
        added: Callable[..., str | list[str] | None] = getattr(self, f"_{operation}")
        types = added(step, what)
        self.shown.append(len(self.steps) - 1)
        self.expected.append(_expected(step, types, what))

    def _on(self, step: Mapping[str, Json], what: str) -> str:
        name = step.get("on", self._last)
        if name is None:
            raise CaseError(
                f"{what}: nothing is instantiated yet; the first step says {{ instantiate = … }}"
            )
        if name not in self._instances:
            raise CaseError(
                f"{what}: there is no instance {name!r}; there are {', '.join(self._instances)}"
            )
        return str(name)

    def _export(self, step: Mapping[str, Json], kind: str, what: str) -> tuple[str, str, Json]:
        """The instance, the path and the type of the export that a step is about."""
        operation = next(key for key in _KEYS if key in step)
        on, name = self._on(step, what), step[operation]
        exports = self._instances[on].exports
        if '"' in name:
            raise CaseError(f"{what}: names with quotation marks cannot be reached")
        found = exports.get(name)
        if found is None or found["kind"] != kind:
            there = [other for other, item in exports.items() if item["kind"] == kind]
            raise CaseError(
                f"{what}: {on!r} exports no {kind} of that name; it exports {', '.join(there) or 'none'}"
            )
        return on, f'{on}.exports["{name}"]', found["type"]

    def _instantiate(self, step: Mapping[str, Json], what: str) -> None:
        module, given = step["instantiate"], step.get("imports", {})
        if module not in self.interfaces:
            raise CaseError(f"{what}: there is no such module")
        interface = self.interfaces[module]
        name = step.get("as", f"instance{len(self._instances)}")
        if not name.isidentifier():
            raise CaseError(f"{what}: an instance is called by a word, not {name!r}")
        imports: dict[str, dict[str, str]] = {}
        own: list[dict[str, Json]] = []
        for position, item in enumerate(interface.imports):
            value = given.get(item["module"], {}).get(item["name"])
            stub = f"stub{len(self._instances)}_{position}"
            own.append({**item, "given": value, "stub": stub})
            source = self._import(item, value, stub, f"{what}: {item['module']}.{item['name']}")
            if source is not None:
                imports.setdefault(item["module"], {})[item["name"]] = source
        made: dict[str, Json] = {"instance": module, "as": name}
        if interface.imports:
            made["imports"] = imports
        self.steps.append(made)
        self.own.append({"op": "instantiate", "module": module, "as": name, "imports": own})
        self._instances[name] = interface
        self._last = name

    def _import(self, item: Mapping[str, Json], value: Json, stub: str, what: str) -> str | None:
        """The expression for an import: what is given for it, or a stub made by its type."""
        type_ = item["type"]
        if isinstance(value, dict) and "export" in value:
            of = value.get("of", self._last)
            if of not in self._instances:
                raise CaseError(f"{what}: there is no instance {of!r}")
            return f'${of}.exports["{value["export"]}"]'
        if item["kind"] == "function":
            self.hosts[stub] = f"{item['module']}.{item['name']}"
            self.steps.append(_host(stub, type_, value, what))
            return f"${stub}"
        made = _made(item["kind"], type_, value, what)
        if made is None:
            return None
        self.steps.append({**made, "as": stub, "quiet": True})
        return f"${stub}"

    def _invoke(self, step: Mapping[str, Json], what: str) -> list[str]:
        on, path, type_ = self._export(step, "function", what)
        args, params, results = step.get("args", []), type_["parameters"], type_["results"]
        if len(args) != len(params):
            raise CaseError(
                f"{what}: it takes {len(params)} arguments ({', '.join(params)}), not {len(args)}"
            )
        given = [
            argument(value, param, f"{what}: argument {k}")
            for k, (value, param) in enumerate(zip(args, params, strict=True))
        ]
        call: dict[str, Json] = {"call": path, "args": given}
        if results:
            call["type"] = results[0] if len(results) == 1 else results
        self.steps.append(call)
        self.own.append(
            {"op": "invoke", "on": on, "name": step["invoke"], "args": args, "type": type_}
        )
        return list(results)

    def _get(self, step: Mapping[str, Json], what: str) -> str:
        on, path, type_ = self._export(step, "global", what)
        self.steps.append({"get": f"{path}.value", "type": type_["value"]})
        self.own.append({"op": "get", "on": on, "name": step["get"], "type": type_})
        return str(type_["value"])

    def _set(self, step: Mapping[str, Json], what: str) -> None:
        on, path, type_ = self._export(step, "global", what)
        value = argument(_needed(step, "to", what), type_["value"], what)
        self.steps.append({"set": f"{path}.value", "to": value})
        self.own.append(
            {"op": "set", "on": on, "name": step["set"], "to": step["to"], "type": type_}
        )

    def _view(self, step: Mapping[str, Json], what: str) -> tuple[str, str]:
        name = step.get("type", "u8")
        if name not in VIEWS:
            raise CaseError(f"{what}: type is one of {', '.join(VIEWS)}, not {name!r}")
        return name, VIEWS[name][0]

    def _read(self, step: Mapping[str, Json], what: str) -> list[str]:
        on, path, _ = self._export(step, "memory", what)
        name, view = self._view(step, what)
        at = integer(step.get("at", 0), what)
        count = integer(_needed(step, "count", what), what)
        self.steps.append({"read": path, "view": view, "at": at, "count": count})
        self.own.append(
            {"op": "read", "on": on, "name": step["read"], "at": at, "count": count, "view": name}
        )
        return [name] * count

    def _write(self, step: Mapping[str, Json], what: str) -> None:
        on, path, _ = self._export(step, "memory", what)
        name, view = self._view(step, what)
        at, values = integer(step.get("at", 0), what), _needed(step, "values", what)
        given = [argument(value, name, what) for value in values]
        self.steps.append({"write": path, "view": view, "at": at, "values": given})
        self.own.append(
            {
                "op": "write",
                "on": on,
                "name": step["write"],
                "at": at,
                "values": values,
                "view": name,
            }
        )

    def _grow(self, step: Mapping[str, Json], what: str) -> str:
        on, path, type_ = self._export(step, "memory", what)
        by, address = integer(step.get("by", 1), what), type_["address"]
        self.steps.append(
            {"call": f"{path}.grow", "args": [argument(by, address, what)], "type": address}
        )
        self.own.append(
            {"op": "grow", "on": on, "name": step["grow"], "by": by, "address": address}
        )
        return str(address)

    def _size(self, step: Mapping[str, Json], what: str) -> str:
        on, path, _ = self._export(step, "memory", what)
        self.steps.append({"get": f"{path}.buffer.byteLength"})
        self.own.append({"op": "size", "on": on, "name": step["size"]})
        return "f64"


def _operation(step: Mapping[str, Json], place: str) -> str:
    found = [key for key in _KEYS if key in step]
    if len(found) != 1:
        raise CaseError(
            f"{place}: a step has exactly one of {', '.join(_KEYS)}, not {dict(step)!r}"
        )
    (operation,) = found
    if not isinstance(step[operation], str):
        raise CaseError(f"{place}: {operation} needs a name, not {step[operation]!r}")
    strange = step.keys() - _KEYS[operation] - _OUTCOMES - {operation}
    if strange:
        allowed = sorted(_KEYS[operation] | _OUTCOMES)
        raise CaseError(
            f"{place}: {operation} has no {', '.join(sorted(strange))}; it may have {', '.join(allowed)}"
        )
    return operation


def _needed(step: Mapping[str, Json], key: str, what: str) -> Json:
    if key not in step:
        raise CaseError(f"{what}: {key} is missing")
    return step[key]


def _expected(step: Mapping[str, Json], types: str | list[str] | None, what: str) -> Json:
    """What a step says that it must come to, as an entry of a transcript; None where it says nothing."""
    said = [key for key in _OUTCOMES if key in step]
    if not said:
        return None
    if len(said) > 1:
        raise CaseError(f"{what}: it expects a value, a trap or an error, not several of them")
    if "trap" in step:
        if step["trap"] is not True:
            raise CaseError(f"{what}: trap = true; engines word their traps differently")
        return {"error": "RuntimeError"}
    if "error" in step:
        if step["error"] not in _ERRORS:
            raise CaseError(f"{what}: error is one of {', '.join(_ERRORS)}, not {step['error']!r}")
        return {"error": step["error"]}
    if types is None or types == []:
        raise CaseError(f"{what}: it gives no value to expect")
    value = step["expect"]
    if isinstance(types, str):
        return {"value": recorded(value, types, what)}
    if len(types) == 1 and not isinstance(value, list):
        return {"value": recorded(value, types[0], what)}
    if not isinstance(value, list) or len(value) != len(types):
        raise CaseError(f"{what}: it gives {len(types)} values, not {value!r}")
    found = [recorded(one, type_, what) for one, type_ in zip(value, types, strict=True)]
    return {"value": found if "read" in step or len(found) != 1 else found[0]}


def _host(stub: str, type_: Json, value: Json, what: str) -> dict[str, Json]:
    """A host function that records its calls, and gives what is said or zeros."""
    results = type_["results"]
    host: dict[str, Json] = {"host": stub, "params": type_["parameters"]}
    if value is None:
        returned = [zero(result) for result in results]
    elif not isinstance(value, dict) or not (value.keys() <= {"returns", "throws"}):
        raise CaseError(
            f"{what}: a function is {{ returns = … }}, {{ throws = … }} or {{ export = … }}"
        )
    elif "throws" in value:
        return {**host, "throws": value["throws"]}
    else:
        said = value["returns"] if isinstance(value["returns"], list) else [value["returns"]]
        if len(said) != len(results):
            raise CaseError(f"{what}: it returns {len(results)} values ({', '.join(results)})")
        returned = [argument(one, result, what) for one, result in zip(said, results, strict=True)]
    if returned:
        host["returns"] = returned[0] if len(returned) == 1 else returned
    return host


def _made(kind: str, type_: Json, value: Json, what: str) -> dict[str, Json] | None:
    """A memory, table, global or tag for an import; None where JavaScript can make none of that type."""
    if kind == "global":
        content = type_["value"]
        if content not in ("i32", "i64", "f32", "f64", "externref", "funcref"):
            return None
        first = zero(content) if value is None else argument(value, content, what)
        described = {
            "value": "anyfunc" if content == "funcref" else content,
            "mutable": type_["mutable"],
        }
        return {"new": "WebAssembly.Global", "args": [described, first]}
    if value is not None:
        raise CaseError(f'{what}: a {kind} is made by its type, or is {{ export = "…", of = "…" }}')
    if kind == "tag":
        return {"new": "WebAssembly.Tag", "args": [{"parameters": type_["parameters"]}]}
    limits: dict[str, Json] = {}
    wide = type_.get("address") == "i64"
    for there, here in (("minimum", "initial"), ("maximum", "maximum")):
        if there in type_:
            limits[here] = f"${type_[there]}n" if wide else type_[there]
    if wide:
        limits["address"] = "i64"
    if kind == "memory":
        if type_.get("shared"):
            limits["shared"] = True
        return {"new": "WebAssembly.Memory", "args": [limits]}
    element = type_["element"]
    if element not in ("funcref", "externref", "anyfunc"):
        return None
    limits["element"] = "externref" if element == "externref" else "anyfunc"
    return {"new": "WebAssembly.Table", "args": [limits]}
