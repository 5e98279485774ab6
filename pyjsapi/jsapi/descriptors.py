"""Reading the descriptors and addresses that JavaScript passes as dictionaries (Web IDL; index.bs)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from typing import Any, Final

from pyjsapi.ecmascript.conversions import (
    enforce_range,
    shorten,
    shown,
    to_bigint,
    to_boolean,
    to_string,
)
from pyjsapi.ecmascript.properties import get
from pyjsapi.ecmascript.values import is_nullish, is_object
from pyjsapi.syntax.types import (
    EXTERNREF,
    F32,
    F64,
    FUNCREF,
    I32,
    I64,
    V128,
    AddrType,
    RefType,
    ValType,
)

VALUE_TYPES: Final[dict[str, ValType]] = {
    "i32": I32,
    "i64": I64,
    "f32": F32,
    "f64": F64,
    "v128": V128,
    "externref": EXTERNREF,
    "anyfunc": FUNCREF,
}
"""ToValueType. ``funcref``, which the type reflection proposal adds, is read as ``anyfunc``."""

_ALIASES: Final = {"funcref": "anyfunc"}


def get_property(target: Any, name: str) -> Any:
    """Get(target, name); ``None`` where there is no such property. The exports of an instance are properties."""
    if hasattr(type(target), "_get_export"):
        return target._get_export(name)
    return get(target, name)


class Descriptor:
    """A dictionary argument, read member by member in the order that the caller asks.

    ``given`` is a mapping, an object with attributes, or ``None``; ``keywords`` add to it, as Python's callers
    like to write ``Memory(initial=1)``. A member that is ``None`` (undefined) is missing. Other members than the
    ``known`` ones are ignored in ``given``, as in JavaScript; as keywords they raise `TypeError`.
    """

    def __init__(
        self, given: Any, keywords: Mapping[str, Any], what: str, known: Sequence[str]
    ) -> None:
        for name in keywords:
            if name not in known:
                from pyjsapi.syntax.spelling import advice

                raise TypeError(f"{what}: unexpected keyword {name!r}; {advice(name, known)}")
        if given is None and not keywords:
            raise TypeError(f"{what} needs a descriptor")
        if not is_nullish(given) and not is_object(given):
            raise TypeError(f"{what}: the descriptor must be an object, not {shown(given)}")
        self._given = given
        self._keywords = keywords
        self.what = what

    def get(self, name: str) -> Any:
        """A member, ``None`` when it is missing."""
        if name in self._keywords:
            return self._keywords[name]
        return None if is_nullish(self._given) else get_property(self._given, name)

    def has_any(self, names: Set[str]) -> bool:
        """Whether some of the members that the JS API does not know are there, found out without reading them."""
        if not names.isdisjoint(self._keywords):
            return True
        given = self._given
        if not isinstance(given, Mapping):
            given = getattr(given, "__dict__", ())
        return any(name in given for name in names)

    def enum(self, name: str, values: Mapping[str, Any], default: str | None = None) -> Any:
        """A member of an enumeration, mapped; `TypeError` when it is missing without a default or unknown."""
        value = self.get(name)
        if value is None:
            if default is None:
                raise TypeError(f"{self.what}: property '{name}' is required")
            return values[default]
        text = to_string(value)
        text = _ALIASES.get(text, text)
        if text not in values:
            raise TypeError(
                f"{self.what}: property '{name}' must be one of {', '.join(values)}, not {shown(value)}"
            )
        return values[text]

    def boolean(self, name: str) -> bool:
        """ToBoolean of a member."""
        return to_boolean(self.get(name))

    def address(self, name: str, addrtype: AddrType) -> int | None:
        """AddressValueToU64 of a member, ``None`` when it is missing."""
        value = self.get(name)
        return (
            None
            if value is None
            else address_value(value, addrtype, f"{self.what}: property '{name}'")
        )


ADDRESS_TYPES: Final = {"i32": I32, "i64": I64}


def address_value(value: Any, addrtype: AddrType, what: str) -> int:
    """AddressValueToU64. Raises `TypeError` for what is no such value or out of the type's range."""
    if addrtype is I32:
        return enforce_range(value, 32, what)
    number = to_bigint(value)
    if not 0 <= number < 1 << 64:
        raise TypeError(f"{what} {shorten(number)} is out of range: it must be 0 to 2^64-1")
    return number


def limits_of(
    descriptor: Descriptor, addrtype: AddrType, default: int | None = None
) -> tuple[int, int | None]:
    """The minimum and maximum of a memory or table descriptor, read in lexicographic order.

    ``default`` is the minimum of one that gives none.
    The type reflection proposal lets ``minimum`` stand for ``initial``; both or neither raise `TypeError`.
    """
    initial = descriptor.address("initial", addrtype)
    maximum = descriptor.address("maximum", addrtype)
    minimum = descriptor.address("minimum", addrtype)
    if initial is not None and minimum is not None:
        raise TypeError(f"{descriptor.what}: 'initial' and 'minimum' must not both be given")
    if initial is None:
        initial = default if minimum is None else minimum
    if initial is None:
        raise TypeError(f"{descriptor.what}: property 'initial' is required")
    return initial, maximum


def type_name(type_: ValType) -> str:
    """The name of a value type in a type object: "anyfunc" is called "funcref" there."""
    return repr(type_) if isinstance(type_, RefType) else type_.name
