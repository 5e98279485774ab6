"""Reads a folder of cases: modules, scripts, and TOML files that say what to do with the modules."""

from __future__ import annotations

import base64
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from pyjsapi.comparison.interface import Interface, interface_of
from pyjsapi.comparison.probes import needed
from pyjsapi.comparison.scripts import convert_script
from pyjsapi.comparison.steps import Translation
from pyjsapi.comparison.values import CaseError
from pyjsapi.lowering import LoweringError, lower
from pyjsapi.syntax.errors import ParseError, WasmError
from pyjsapi.syntax.types import MemType
from pyjsapi.text import wat2wasm
from pyjsapi.text.lexer import decode_source

Json = Any

MODULES: Final = (".wat", ".wasm")
_CASE_KEYS: Final = {"title", "steps"}
_FIRST_BYTES: Final = 256
"""How much of each memory is looked at where nobody said what to do with a module."""


@dataclass
class Case:
    """A case for every engine. `data` is what the drivers are told; the rest is for people and for judging."""

    id: str
    title: str
    group: str
    data: dict[str, Json]
    labels: list[str]
    """What each step does, for people."""
    shown: list[int]
    """Where in a transcript the outcomes of these steps are."""
    expected: list[Json]
    hosts: dict[str, str] = field(default_factory=dict)
    needs: dict[str, str] = field(default_factory=dict)
    """The features of the language that it uses, with their probes."""
    memories: int = 0
    """The most memories that a module of it has."""


def read(folder: Path) -> list[Case]:
    """All cases of a folder, in the order of the files' names. Raises `CaseError`."""
    if not folder.is_dir():
        raise CaseError(
            f"{folder} is no folder: name one with modules (.wat, .wasm), scripts (.wast) or cases (.toml)"
        )
    reader = _Reader(folder)
    cases = list(reader.cases())
    if not cases:
        raise CaseError(f"{folder} has no cases: no .toml, .wat, .wasm or .wast file")
    return cases


class _Reader:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._modules: dict[str, bytes] = {}
        self._interfaces: dict[str, Interface] = {}
        self._used: set[str] = set()

    def cases(self) -> Iterator[Case]:
        files = sorted(path for path in self.folder.rglob("*") if path.is_file())
        for path in files:
            if path.suffix == ".toml":
                yield from self._listed(path)
        for path in files:
            if path.suffix in MODULES and self._name(path) not in self._used:
                yield self._unlisted(path)
            elif path.suffix == ".wast":
                yield self._script(path)

    def _name(self, path: Path) -> str:
        return path.relative_to(self.folder).as_posix()

    def _listed(self, path: Path) -> Iterator[Case]:
        name = self._name(path)
        try:
            data = tomllib.loads(path.read_text("utf-8"))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise CaseError(f"{name}: {error}") from error
        cases = data.get("case")
        if not isinstance(cases, list) or data.keys() - {"title", "case"}:
            raise CaseError(
                f"{name}: it has a title, and cases that begin with [[case]]; nothing else"
            )
        for number, case in enumerate(cases, 1):
            yield self._case(path, data.get("title", name), case, f"{name}: case {number}")

    def _case(self, path: Path, group: str, case: Mapping[str, Json], place: str) -> Case:
        if not {"title", "steps"} <= case.keys() or case.keys() - _CASE_KEYS:
            raise CaseError(f"{place}: a case has a title and steps; nothing else")
        steps = case["steps"]
        if not isinstance(steps, list) or not all(isinstance(step, dict) for step in steps):
            raise CaseError(f"{place}: steps are a list of tables")
        names = [step["instantiate"] for step in steps if isinstance(step.get("instantiate"), str)]
        for name in names:
            self._load(path.parent / name, name, place)
        translation = Translation({name: self._interfaces[name] for name in names})
        for k, step in enumerate(steps):
            translation.add(step, f"{place}, step {k}")
        number = place.rpartition(" ")[2]
        return self._made(f"{self._name(path)}#{number}", case["title"], group, translation, steps)

    def _load(self, path: Path, name: str, place: str) -> None:
        """Have a module by the name that steps call it; all paths are relative to the file that names them."""
        if path.suffix not in MODULES:
            raise CaseError(f"{place}: {name} is neither .wat nor .wasm")
        try:
            data = path.read_bytes()
            if path.suffix == ".wat":
                data = wat2wasm(decode_source(data))
        except OSError as error:
            raise CaseError(f"{place}: cannot read {name}: {error.strerror}") from error
        except ParseError as error:
            raise CaseError(f"{path}:{error}") from error
        self._modules[name] = data
        self._interfaces[name] = interface_of(data)
        if path.resolve().is_relative_to(self.folder.resolve()):
            self._used.add(path.resolve().relative_to(self.folder.resolve()).as_posix())

    def _unlisted(self, path: Path) -> Case:
        """A module that no file of cases names: it is instantiated, and looked at."""
        name = self._name(path)
        self._load(path, name, name)
        translation = Translation({name: self._interfaces[name]})
        steps: list[dict[str, Json]] = [{"instantiate": name}]
        for export, item in self._interfaces[name].exports.items():
            if '"' in export:
                continue
            if item["kind"] == "global" and item["type"]["value"] in ("i32", "i64", "f32", "f64"):
                steps.append({"get": export})
            elif item["kind"] == "memory":
                steps.append({"size": export})
                if item["type"]["minimum"]:
                    steps.append({"read": export, "count": _FIRST_BYTES})
        for k, step in enumerate(steps):
            translation.add(step, f"{name}, step {k}")
        return self._made(name, name, "Modules without steps", translation, steps)

    def _made(
        self, id_: str, title: str, group: str, made: Translation, steps: list[dict[str, Json]]
    ) -> Case:
        modules = {name: self._modules[name] for name in made.interfaces}
        data = {
            "id": id_,
            "modules": {name: _base64(data) for name, data in modules.items()},
            "lowered": _lowered(modules.values()),
            "steps": made.steps,
            "own": made.own,
        }
        needs: dict[str, str] = {}
        for module in modules.values():
            needs |= needed(module)
        return Case(
            id_,
            title,
            group,
            data,
            [_label(step) for step in steps],
            made.shown,
            made.expected,
            made.hosts,
            needs,
            max((_memories(module) for module in modules.values()), default=0),
        )

    def _script(self, path: Path) -> Case:
        name = self._name(path)
        try:
            script = convert_script(path, name, lower).json()
        except (ParseError, NotImplementedError) as error:
            raise CaseError(f"{path}: {error}") from error
        modules = [base64.b64decode(one["bytes"]) for one in script["modules"]]
        needs: dict[str, str] = {}
        for module in modules:
            needs |= needed(module)
        data = {"id": name, "script": script, "text": decode_source(path.read_bytes())}
        expected: list[Json] = [{"value": []}]
        memories = max((_memories(module) for module in modules), default=0)
        return Case(
            name, name, "Scripts", data, ["lines that fail"], [0], expected, {}, needs, memories
        )


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _memories(data: bytes) -> int:
    from pyjsapi.binary.decoder import decode_module

    try:
        module = decode_module(data)
    except WasmError:
        return 0
    return len(module.mems) + sum(isinstance(one.type, MemType) for one in module.imports)


def _lowered(modules: Any) -> dict[str, dict[str, str]]:
    """What each module with several memories becomes when it is lowered, or why it cannot be; by its base64."""
    found: dict[str, dict[str, str]] = {}
    for data in modules:
        if _memories(data) > 1:
            try:
                found[_base64(data)] = {"lowered": _base64(lower(data))}
            except (LoweringError, WasmError) as error:
                found[_base64(data)] = {"refusal": str(error)}
    return found


def _label(step: Mapping[str, Json]) -> str:
    """A step as people write it."""
    on = f"{step['on']}." if "on" in step else ""
    match step:
        case {"instantiate": name}:
            return f"instantiate {name}" + (f" as {step['as']}" if "as" in step else "")
        case {"invoke": name}:
            return f"{on}{name}({', '.join(map(str, step.get('args', [])))})"
        case {"get": name}:
            return f"{on}{name}"
        case {"set": name}:
            return f"{on}{name} = {step['to']}"
        case {"read": name}:
            return f"{on}{name}[{step.get('at', 0)}:] as {step['count']} {step.get('type', 'u8')}"
        case {"write": name}:
            return (
                f"{on}{name}[{step.get('at', 0)}:] = {step['values']} as {step.get('type', 'u8')}"
            )
        case {"grow": name}:
            return f"{on}{name}.grow({step.get('by', 1)})"
        case _:
            return f"bytes of {on}{step['size']}"
