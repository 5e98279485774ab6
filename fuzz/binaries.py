"""What a binary module that others made needs to be run: imports, and calls of its exports."""

from __future__ import annotations

from typing import Any, Final

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


class Unsupported(Exception):
    """The module imports or exports what no harness can make."""


def described(data: bytes, writer: Writer) -> tuple[tuple[Call, ...], tuple[Import, ...]]:
    """Calls of the exported functions with edge values, and the imports of a valid module.

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
    return tuple(calls[: MOST_EXPORTS * 3]), imports


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
    return str(type_) if str(type_) in _REFERENCES else None


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
        if type_.valtype not in _NUMBERS:
            raise Unsupported(f"a global of {type_.valtype}")
        value = _NUMBERS[type_.valtype]
        described = {"value": value, "mutable": type_.mutable, "init": _start(value)}
        return Import(module, name, "global", described)
    if isinstance(type_, TagType):
        closed = type_.type
        if isinstance(closed, int):
            raise Unsupported("an open type")
        return Import(module, name, "tag", {"parameters": [_named(t) for t in closed.func.params]})
    raise Unsupported(str(type_))


def _start(value: str) -> Value:
    return (value, "0000000000000000") if value[0] == "f" else (value, "7")


def _named(type_: ValType) -> str:
    if type_ in _NUMBERS:
        return _NUMBERS[type_]
    name = _REFERENCES.get(str(type_))
    if name is None or (isinstance(type_, RefType) and not type_.nullable):
        raise Unsupported(f"a value of {type_}")
    return name


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
