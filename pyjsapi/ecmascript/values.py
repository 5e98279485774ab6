"""ECMAScript language values as Python values (ECMA-262 §6.1).

=============  =====================================================================
ECMAScript     Python
=============  =====================================================================
undefined      ``None``
null           :data:`null`
Boolean        ``bool``
Number         ``float``, or ``int`` where the number is integral
BigInt         ``int``
String         ``str``
Object         every other value
=============  =====================================================================

``int`` stands for both numeric types; what a place accepts is decided by the conversion used
there (see :mod:`pyjsapi.ecmascript.conversions`).
"""

from __future__ import annotations

from typing import Final, Literal, final

__all__ = ["Null", "is_nullish", "is_object", "null", "type_of"]


@final
class Null:
    """The type of :data:`null` (ECMA-262 §6.1.2). It has exactly one instance, which is falsy."""

    __slots__ = ()

    _instance: Null | None = None

    def __new__(cls) -> Null:
        if cls._instance is None:
            cls._instance = super().__new__(cls)
        return cls._instance

    def __repr__(self) -> str:
        return "null"

    def __bool__(self) -> Literal[False]:
        return False

    def __reduce__(self) -> str:
        return "null"


null: Final = Null()
"""ECMAScript's ``null``. ``None`` is ``undefined``."""


def is_nullish(value: object) -> bool:
    """Whether ``value`` is ``undefined`` (``None``) or ``null``."""
    return value is None or value is null


def is_object(value: object) -> bool:
    """Whether ``value`` stands for an ECMAScript Object: neither primitive nor nullish."""
    return not (value is None or value is null or isinstance(value, (bool, int, float, str)))


def type_of(value: object) -> str:
    """The result of ECMAScript's ``typeof`` for ``value`` (ECMA-262 §13.5.3).

    An ``int`` is reported as ``"number"``: nothing in the value tells a Number from a BigInt.
    """
    if value is None:
        return "undefined"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, (int, float)):
        return "number"
    if isinstance(value, str):
        return "string"
    if value is not null and callable(value):
        return "function"
    return "object"
