"""``WebAssemblyCompileOptions``, given where a module is compiled (index.bs, "The WebAssembly Namespace")."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

from pyjsapi.ecmascript.conversions import shown, to_string
from pyjsapi.ecmascript.values import is_nullish, is_object
from pyjsapi.engines.choosing import Choice, chosen
from pyjsapi.jsapi.descriptors import get_property

if TYPE_CHECKING:
    from pyjsapi.engines.choosing import Chosen


class CompileOptions:
    """The options of a module: its slots [[BuiltinSets]] and [[ImportedStringModule]]."""

    __slots__ = ("builtins", "string_module")

    def __init__(self, builtins: tuple[str, ...] = (), string_module: str | None = None) -> None:
        self.builtins = builtins
        """Names of builtin sets; sets that are not known are ignored."""
        self.string_module = string_module
        """Module name under which every global import is the string of its own name."""


NO_OPTIONS: Final = CompileOptions()


def read_options(given: Any, what: str, **members: Any) -> CompileOptions:
    """Convert options from a mapping, an object with attributes, or ``None``.

    ``builtins`` is an iterable of names, ``importedStringConstants`` a name or null; ``members`` that are not
    ``None`` come before the ones of ``given``. Raises `TypeError`.
    """
    if given is None and all(value is None for value in members.values()):
        return NO_OPTIONS
    if not is_nullish(given) and not is_object(given):
        raise TypeError(f"{what}: the compile options must be an object, not {shown(given)}")

    def member(name: str) -> Any:
        if members.get(name) is not None:
            return members[name]
        return None if is_nullish(given) else get_property(given, name)

    names: tuple[str, ...] = ()
    builtins = member("builtins")
    if builtins is not None:
        names = tuple(_usv_string(name) for name in _sequence(builtins, what))
    constants = member("importedStringConstants")
    string_module = None if is_nullish(constants) else _usv_string(constants)
    return CompileOptions(names, string_module)


def read_engine(given: Any, what: str, engine: Choice | None = None) -> Chosen:
    """The engines that are to compile, in their order: the argument's, an extension, else the options' own, an
    extension too, else those that are used now.

    Raises `ValueError` for an unknown name, `TypeError` for what is no engine.
    """
    if engine is None and not is_nullish(given) and is_object(given):
        found = get_property(given, "engine")
        engine = None if is_nullish(found) else found
    try:
        return chosen(engine)
    except (TypeError, ValueError) as error:
        raise type(error)(f"{what}: {error}") from None


def _sequence(value: Any, what: str) -> Iterable[Any]:
    if isinstance(value, (str, bytes, Mapping)) or not isinstance(value, Iterable):
        raise TypeError(
            f"{what}: option 'builtins' must be an iterable of names, not {shown(value)}"
        )
    return value


def _usv_string(value: Any) -> str:
    """A USVString (Web IDL §3.2.12): the string with its lone surrogates replaced by U+FFFD."""
    text = to_string(value)
    if text.isascii():
        return text
    paired = text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
    return "".join("\ufffd" if "\ud800" <= c <= "\udfff" else c for c in paired)
