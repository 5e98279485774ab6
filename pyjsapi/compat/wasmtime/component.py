"""``wasmtime.component``: there is no component model here, and whatever is made or called says so."""

from __future__ import annotations

from typing import Any, Final, NoReturn

from pyjsapi.compat.wasmtime.errors import NO_COMPONENTS, refusal

NAMES: Final = (
    "Bool",
    "BorrowType",
    "Char",
    "Component",
    "ComponentInstanceType",
    "ComponentItem",
    "ComponentType",
    "EnumType",
    "ErrorContext",
    "ExportIndex",
    "F32",
    "F64",
    "FlagsType",
    "Func",
    "FuncType",
    "FutureType",
    "Instance",
    "Linker",
    "LinkerInstance",
    "ListType",
    "ModuleType",
    "OptionType",
    "OwnType",
    "Record",
    "RecordType",
    "ResourceAny",
    "ResourceHost",
    "ResourceType",
    "ResultType",
    "S16",
    "S32",
    "S64",
    "S8",
    "StreamType",
    "String",
    "TupleType",
    "U16",
    "U32",
    "U64",
    "U8",
    "ValType",
    "Variant",
    "VariantType",
)
"""What Wasmtime's has."""


class _Refusing(type):
    def __getattr__(cls, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        raise refusal(f"component.{cls.__name__}.{name}", NO_COMPONENTS)


class _Absent(metaclass=_Refusing):
    """A class of Wasmtime's component API. It can be named; making one raises `WasmtimeError`."""

    def __init__(self, *_: Any, **__: Any) -> NoReturn:
        raise refusal(f"component.{type(self).__name__}", NO_COMPONENTS)


def __getattr__(name: str) -> Any:
    if name not in NAMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = globals()[name] = _Refusing(name, (_Absent,), {"__module__": __name__})
    return found
