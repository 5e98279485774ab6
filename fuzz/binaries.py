"""What a binary module that others made needs to be run: imports, and calls of its exports."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from fuzz.program import NULL, Call, Import, Value
from fuzz.writer import Writer
from pyjsapi.binary.decoder import decode_module
from pyjsapi.syntax.deftypes import func_def_type
from pyjsapi.syntax.errors import WasmError
from pyjsapi.syntax.features import Features
from pyjsapi.syntax.types import (
    F32,
    F64,
    I32,
    I64,
    FuncExtern,
    FuncType,
    GlobalType,
    MemType,
    RefType,
    TableType,
    TagType,
    ValType,
)
from pyjsapi.validation.context import Context
from pyjsapi.validation.limits import Limits
from pyjsapi.validation.module import validate_module

MOST_EXPORTS: Final = 10
_NUMBERS: Final = {I32: "i32", I64: "i64", F32: "f32", F64: "f64"}
_REFERENCES: Final = {"funcref": "anyfunc", "externref": "externref"}
_PLAIN: Final = frozenset({*_NUMBERS.values(), *_REFERENCES.values()})


class Unsupported(Exception):
    """The module imports or exports what no harness can make."""


class Needs(NamedTuple):
    """What running a module needs."""

    calls: tuple[Call, ...]
    imports: tuple[Import, ...]
    features: frozenset[str]


def described(data: bytes, writer: Writer) -> Needs:
    """Calls of the exported functions with edge values, the imports, and the features of crossing the border.

    Raises `Unsupported`, and `WasmError` for a module that pyjsapi does not take for a valid one.
    """
    module = decode_module(data, Features())
    context = validate_module(module, Features(), Limits())
    imports = tuple(
        _import(import_.module, import_.name, type_)
        for import_, type_ in zip(module.imports, context.imports, strict=True)
    )
    calls: list[Call] = []
    for export in module.exports[: MOST_EXPORTS * 2]:
        if export.kind == "func":
            calls += _calls(context, export.name, export.index, writer)
    wide = any(
        name not in _PLAIN
        for import_ in imports
        if import_.kind in ("function", "tag")
        for name in (*import_.type["parameters"], *import_.type.get("results", ()))
    )
    features = {"wide-references"} if wide else set()
    if any(i.kind == "memory" and i.type.get("shared") for i in imports):
        features.add("shared-imports")
    return Needs(tuple(calls[: MOST_EXPORTS * 3]), imports, frozenset(features))


def _calls(context: Context, name: str, index: int, writer: Writer) -> list[Call]:
    type_: FuncType = context.funcs[index].func
    if any(_called(t) is None for t in (*type_.params, *type_.results)):
        return []
    found = []
    for _ in range(3):
        arguments = tuple(_argument(t, writer) for t in type_.params)
        found.append(Call(name, arguments))
    return found


def _called(type_: ValType) -> str | None:
    """The name of a type whose values every harness can pass; ``None`` for any other."""
    if type_ in _NUMBERS:
        return _NUMBERS[type_]
    return _REFERENCES.get(str(type_))


def _argument(type_: ValType, writer: Writer) -> Value:
    return writer.argument(_NUMBERS[type_]) if type_ in _NUMBERS else NULL


def _import(module: str, name: str, type_: Any) -> Import:
    if isinstance(type_, FuncExtern):
        closed = type_.type
        if isinstance(closed, int):
            raise Unsupported("an open type")
        func = closed.func
        if closed != func_def_type(func):
            raise Unsupported("a function type that is not final and alone")
        names = [[_named(t) for t in types] for types in (func.params, func.results)]
        return Import(module, name, "function", {"parameters": names[0], "results": names[1]})
    if isinstance(type_, MemType):
        return Import(module, name, "memory", _limits(type_))
    if isinstance(type_, TableType):
        element = _REFERENCES.get(str(type_.reftype))
        if element is None or type_.addrtype is I64:
            raise Unsupported(f"a table of {type_.reftype}")
        return Import(module, name, "table", {"element": element, **_limits(type_)})
    if isinstance(type_, GlobalType):
        value = _called(type_.valtype)
        if value is None:
            raise Unsupported(f"a global of {type_.valtype}")
        described = {"value": value, "mutable": type_.mutable, "init": _start(value)}
        return Import(module, name, "global", described)
    if isinstance(type_, TagType):
        closed = type_.type
        if isinstance(closed, int):
            raise Unsupported("an open type")
        return Import(module, name, "tag", {"parameters": [_named(t) for t in closed.func.params]})
    raise Unsupported(str(type_))


def _start(value: str) -> Value:
    if value in _REFERENCES.values():
        return NULL
    return (value, "0000000000000000") if value[0] == "f" else (value, "7")


def _named(type_: ValType) -> str:
    if type_ in _NUMBERS:
        return _NUMBERS[type_]
    if not isinstance(type_, RefType) or not type_.nullable or str(type_.heap) == "exn":
        raise Unsupported(f"a value of {type_}")
    return _REFERENCES.get(str(type_), str(type_))


def _limits(type_: MemType | TableType) -> dict[str, Any]:
    found: dict[str, Any] = {"initial": type_.minimum}
    if type_.maximum is not None:
        found["maximum"] = type_.maximum
    if type_.addrtype is I64:
        found["address"] = "i64"
    if isinstance(type_, MemType) and type_.shared:
        found["shared"] = True
    return found


__all__ = ["Unsupported", "WasmError", "described"]
