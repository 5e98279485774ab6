"""Turns a script in the specification's format into data that ``static/wast.mjs`` runs on a JavaScript engine.

What JavaScript cannot carry exactly (vectors, the bits of NaNs) is judged by a *checker*: a small module that calls
the function with the arguments and compares the results. Modules of several memories come with their lowered form, or
with the reason why there is none, so that no lowerer is needed where the script is run.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from pyjsapi.binary.decoder import decode_module
from pyjsapi.syntax.errors import WasmError
from pyjsapi.syntax.instructions import Imm
from pyjsapi.syntax.module import Module
from pyjsapi.syntax.types import F32, F64, I32, I64, V128, FuncType, ValType
from pyjsapi.text import wat2wasm
from pyjsapi.text.lexer import decode_source
from pyjsapi.wast.script import (
    Action,
    AssertFails,
    AssertReturn,
    DefineModule,
    Form,
    Get,
    Ignored,
    InstantiateModule,
    Invoke,
    ModuleSource,
    Register,
    read_script,
)
from pyjsapi.wast.values import (
    Const,
    Either,
    HostPattern,
    NanPattern,
    NullPattern,
    Pattern,
    RefPattern,
    VectorPattern,
)

Json = Any
Lowerer = Callable[[bytes], bytes]

_NUMBERS: Final = {I32: "i32", I64: "i64", F32: "f32", F64: "f64", V128: "v128"}
_NAMES: Final = {Imm.I32: "i32", Imm.I64: "i64", Imm.F32: "f32", Imm.F64: "f64", Imm.V128: "v128"}
_INEXACT_IN_JS: Final = {F32, F64, V128}
_QUIET: Final = {32: 0x7FC00000, 64: 0x7FF8000000000000}
_LANE_SHAPES: Final = {8: "i8x16", 16: "i16x8", 32: "i32x4", 64: "i64x2"}


@dataclass
class ScriptData:
    """A script as data: its commands, and the modules that they name by index."""

    path: str
    commands: list[Json] = field(default_factory=list)
    modules: list[Json] = field(default_factory=list)

    def json(self) -> Json:
        """What ``runScript`` of ``pyjsapi/comparison/static/wast.mjs`` takes."""
        return {"path": self.path, "commands": self.commands, "modules": self.modules}


def convert_script(path: Path, name: str, lower: Lowerer | None = None) -> ScriptData:
    """The script in a file as data. Raises `ParseError` where its parentheses do not match."""
    converter = _Converter(ScriptData(name), lower)
    for form in read_script(decode_source(path.read_bytes())):
        converter.add(form)
    return converter.data


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


class _Converter:
    def __init__(self, data: ScriptData, lower: Lowerer | None) -> None:
        self.data = data
        self._lower = lower
        self._indices: dict[bytes, int] = {}
        self._defined: dict[str | None, Module | None] = {}
        self._instances: dict[str | None, Module | None] = {}

    def add(self, form: Form) -> None:
        """Append the command, unless it is one that only a text parser can judge."""
        command = form.parse()
        entry: Json = None
        match command:
            case DefineModule():
                entry = self._define(command)
            case InstantiateModule():
                self._remember(command.name, self._defined.get(command.module))
                entry = {"type": "instance", "name": command.name, "module": command.module}
            case Register():
                entry = {"type": "register", "as": command.module_name, "name": command.instance}
            case Invoke() | Get():
                entry = {"type": "action", "action": self._action(command, None)}
            case AssertReturn():
                action = self._action(command.action, command.patterns)
                entry = {"type": "assert_return", "action": action}
                if "checker" not in action:
                    entry["expected"] = [_pattern(pattern) for pattern in command.patterns]
            case AssertFails():
                entry = self._fails(command)
            case Ignored():
                pass
            case _:
                raise NotImplementedError(f"{self.data.path}:{form.line}: {form.keyword}")
        if entry is not None:
            self.data.commands.append({"line": form.line, "keyword": form.keyword, **entry})

    def _define(self, command: DefineModule) -> Json:
        encoded = command.module.encode()
        module = _decoded(encoded)
        self._defined[None] = self._defined[command.name] = module
        if command.instantiate:
            self._remember(command.name, module)
        return {
            "type": "module",
            "name": command.name,
            "module": self._index(encoded),
            "instantiate": command.instantiate,
        }

    def _remember(self, name: str | None, module: Module | None) -> None:
        self._instances[None] = self._instances[name] = module

    def _fails(self, command: AssertFails) -> Json:
        subject = command.subject
        entry: dict[str, Json] = {"type": command.keyword}
        if isinstance(subject, ModuleSource):
            if subject.kind == "quote" or command.keyword == "assert_malformed_custom":
                return None
            entry["module"] = self._index(subject.encode())
        elif isinstance(subject, InstantiateModule):
            entry["instance"] = subject.module
        else:
            entry["action"] = self._action(subject, None)
        return entry

    def _index(self, encoded: bytes) -> int:
        """The index of a module in the list, where it is put once."""
        if encoded not in self._indices:
            entry: dict[str, Json] = {"bytes": _base64(encoded)}
            if self._lower is not None:
                try:
                    entry["lowered"] = _base64(self._lower(encoded))
                except WasmError as error:
                    entry["refusal"] = f"{type(error).__name__}: {error}"
            self._indices[encoded] = len(self.data.modules)
            self.data.modules.append(entry)
        return self._indices[encoded]

    def _action(self, action: Action, patterns: Sequence[Pattern] | None) -> Json:
        if isinstance(action, Get):
            return {"type": "get", "instance": action.instance, "name": action.name}
        entry = {"type": "invoke", "instance": action.instance, "name": action.name}
        type_ = _function_type(self._instances.get(action.instance), action.name)
        if type_ is not None and _needs_checker(type_, action, patterns):
            wat = _checker(type_, action, patterns)
            return {**entry, "checker": self._index(wat2wasm(wat)), "args": []}
        return {**entry, "args": [_pattern(argument) for argument in action.arguments]}


def _decoded(encoded: bytes) -> Module | None:
    try:
        return decode_module(encoded)
    except WasmError:
        return None


def _function_type(module: Module | None, name: str) -> FuncType | None:
    if module is None:
        return None
    types = [sub.comp for group in module.types for sub in group.subtypes]
    for export in module.exports:
        if export.name == name and export.kind == "func":
            type_ = types[module.func_typeidxs[export.index]]
            return type_ if isinstance(type_, FuncType) else None
    return None


def _needs_checker(type_: FuncType, action: Invoke, patterns: Sequence[Pattern] | None) -> bool:
    types = (*type_.params, *type_.results)
    if not any(t in _INEXACT_IN_JS for t in types) or not all(t in _NUMBERS for t in types):
        return False
    counts_fit = len(action.arguments) == len(type_.params)
    return counts_fit and (patterns is None or len(patterns) == len(type_.results))


def _pattern(pattern: Pattern) -> Json:
    """A literal or a pattern as data: bits as decimal digits."""
    match pattern:
        case Const():
            return {"type": _NAMES[pattern.kind], "bits": str(pattern.bits)}
        case NanPattern():
            return {"type": _NAMES[pattern.kind], "nan": True}
        case NullPattern():
            return {"type": "null"}
        case HostPattern():
            return {"type": "host", "number": pattern.host.number}
        case RefPattern():
            return {"type": pattern.mnemonic}
        case Either():
            return {"type": "either", "patterns": [_pattern(p) for p in pattern.patterns]}
    raise NotImplementedError(f"{pattern} outside of a checker")


def _constant(type_: ValType, bits: int) -> str:
    if type_ is V128:
        return f"(v128.const i64x2 {bits & (1 << 64) - 1:#x} {bits >> 64:#x})"
    if type_ in (F32, F64):
        integer = "i32" if type_ is F32 else "i64"
        return f"({_NUMBERS[type_]}.reinterpret_{integer} ({integer}.const {bits:#x}))"
    return f"({_NUMBERS[type_]}.const {bits:#x})"


def _same_integer(type_: str, value: str, bits: int) -> str:
    return f"({type_}.eq {value} ({type_}.const {bits:#x}))"


def _is_nan(width: int, value: str, canonical: bool) -> str:
    type_ = f"i{width}"
    quiet = _QUIET[width]
    mask = (1 << width - 1) - 1 if canonical else quiet
    return _same_integer(type_, f"({type_}.and {value} ({type_}.const {mask:#x}))", quiet)


def _lane(bits: int, lane: int, value: str) -> str:
    suffix = "_u" if bits < 32 else ""
    return f"({_LANE_SHAPES[bits]}.extract_lane{suffix} {lane} {value})"


def _all(conditions: Sequence[str], operator: str = "and") -> str:
    result = conditions[0]
    for condition in conditions[1:]:
        result = f"(i32.{operator} {result} {condition})"
    return result


def _comparison(type_: ValType, value: str, pattern: Pattern) -> str:
    """An i32 expression: whether the value in a local matches."""
    if isinstance(pattern, Either):
        return _all([_comparison(type_, value, p) for p in pattern.patterns], "or")
    if type_ is V128:
        if isinstance(pattern, VectorPattern):
            bits, integer = pattern.lane_bits, "i64" if pattern.lane_bits == 64 else "i32"
            return _all([
                _same_integer(integer, _lane(bits, k, value), lane)
                if isinstance(lane, int)
                else _is_nan(bits, _lane(bits, k, value), lane.canonical)
                for k, lane in enumerate(pattern.lanes)
            ])  # fmt: skip
        bits = _constant_bits(pattern, type_)
        halves = (bits & (1 << 64) - 1, bits >> 64)
        return _all(
            [_same_integer("i64", _lane(64, k, value), half) for k, half in enumerate(halves)]
        )
    if type_ in (F32, F64):
        width = 32 if type_ is F32 else 64
        value = f"(i{width}.reinterpret_f{width} {value})"
        if isinstance(pattern, NanPattern):
            return _is_nan(width, value, pattern.canonical)
    else:
        width = 32 if type_ is I32 else 64
    return _same_integer(f"i{width}", value, _constant_bits(pattern, type_))


def _constant_bits(pattern: Pattern, type_: ValType) -> int:
    if not isinstance(pattern, Const):
        raise NotImplementedError(f"{pattern} for {_NUMBERS[type_]}")
    return pattern.bits


def _checker(type_: FuncType, action: Invoke, patterns: Sequence[Pattern] | None) -> str:
    """A module whose export "run" calls the import "f" and tells whether its results match; without patterns, 1."""
    params = " ".join(_NUMBERS[t] for t in type_.params)
    results = " ".join(_NUMBERS[t] for t in type_.results)
    arguments = [
        _constant(t, argument.bits)
        for t, argument in zip(type_.params, action.arguments, strict=True)
        if isinstance(argument, Const)
    ]
    names = [f"$r{k}" for k in range(len(type_.results))]
    conditions = ["(i32.const 1)"]
    if patterns is not None:
        conditions += [
            _comparison(t, f"(local.get {name})", pattern)
            for t, name, pattern in zip(type_.results, names, patterns, strict=True)
        ]
    return "\n".join([
        f'(module (import "" "f" (func $f (param {params}) (result {results})))',
        '(func (export "run") (result i32)',
        *(f"(local {name} {_NUMBERS[t]})" for name, t in zip(names, type_.results, strict=True)),
        f"(call $f {' '.join(arguments)})",
        *(f"(local.set {name})" for name in reversed(names)),
        _all(conditions) + "))",
    ])  # fmt: skip
