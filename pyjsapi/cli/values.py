"""Arguments of functions, as they are written on the command line."""

from __future__ import annotations

from typing import Any, Final

from pyjsapi.cli import exits
from pyjsapi.cli.exits import InputError
from pyjsapi.ecmascript.conversions import shown
from pyjsapi.syntax.digits import parse_decimal
from pyjsapi.syntax.spelling import on_one_line

_RANGES: Final = {"i32": 32, "i64": 64}


def signature(type_: dict[str, Any]) -> str:
    """How the type of a function is shown."""
    return f"({', '.join(type_['parameters'])}) -> ({', '.join(type_['results'])})"


def arguments_of(name: str, type_: dict[str, Any], texts: list[str]) -> list[int | float]:
    """The arguments for a function, by its type. Raises `InputError`."""
    parameters = type_["parameters"]
    if len(texts) != len(parameters):
        takes = "1 argument" if len(parameters) == 1 else f"{len(parameters)} arguments"
        were = "1 was" if len(texts) == 1 else f"{len(texts)} were"
        raise InputError(
            f"{on_one_line(name)}{signature(type_)} takes {takes}, {were} given", exits.USAGE
        )
    return [_argument(name, t, p) for t, p in zip(texts, parameters, strict=True)]


def _integer(text: str) -> int:
    digits = text.lstrip("+-")
    if not (digits.isascii() and digits.isdecimal() and len(text) - len(digits) < 2):
        return int(text, 0)
    return -parse_decimal(digits) if text[0] == "-" else parse_decimal(digits)


def _in_range(name: str, value: int, type_: str) -> int:
    """An integer, signed or unsigned."""
    bits = _RANGES[type_]
    if -(1 << bits - 1) <= value < 1 << bits:
        return value
    raise InputError(
        f"{on_one_line(name)}: {shown(value)} is out of range for {type_}: it must be -2^{bits - 1} to 2^{bits}-1",
        exits.USAGE,
    )


def _argument(name: str, text: str, type_: str) -> int | float:
    try:
        if type_ in _RANGES:
            return _in_range(name, _integer(text), type_)
        if type_ in ("f32", "f64"):
            return float(text)
    except ValueError:
        raise InputError(
            f"{on_one_line(name)}: {text!r} is not a value of type {type_}", exits.USAGE
        ) from None
    raise InputError(
        f"{on_one_line(name)}: an argument of type {type_} cannot be given on the command line",
        exits.USAGE,
    )
