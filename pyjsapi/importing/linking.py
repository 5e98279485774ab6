"""Where the imports of a module come from: Python modules by their names, or what `install` was told.

As in the proposal modules are imported in the order in which they are named first, and then looked into: what changes
there later is not seen. A module that is not instantiated yet, in a circle, has no exports.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from types import ModuleType
from typing import Any, Final, NoReturn

from pyjsapi.importing.modules import WasmModule, state_of
from pyjsapi.jsapi.builtin_sets import is_provided
from pyjsapi.jsapi.errors import LinkError
from pyjsapi.jsapi.instance import Instance, instance_object, read_imports
from pyjsapi.jsapi.module import Module, in_short
from pyjsapi.runtime.instantiate import describe, import_place
from pyjsapi.syntax.errors import LinkError as CoreLinkError

Names = Mapping[str, Any]
"""What stands for module names: the name of another module, or what has the imports, a mapping or an object."""

RESERVED: Final = ("wasm:", "wasm-js:")
_WASI: Final = "wasi_"
_MISSING: Final = object()


class Place:
    """A module that is imported, for messages: its name, and its file."""

    __slots__ = ("name", "package", "path")

    def __init__(self, name: str, path: str, package: str) -> None:
        self.name = name
        self.path = path
        self.package = package
        """What relative names are relative to."""

    def __str__(self) -> str:
        return f"{self.name} ({self.path})"

    def error(self, text: str, cause: BaseException | None = None) -> ImportError:
        """An `ImportError` of the module."""
        error = ImportError(f"{self}: {text}", name=self.name, path=self.path)
        error.__cause__ = cause
        return error


def check_names(module: Module, place: Place) -> None:
    """Refuse what is reserved, as "parse a WebAssembly module" does. Raises `ImportError`."""
    inside = module._compiled.module
    for index, one in enumerate(inside.imports):
        for name in (one.module, one.name):
            if name.startswith(RESERVED) and not is_provided(module._options, one.module, one.name):
                rule = 'names that begin with "wasm:" or "wasm-js:" are reserved'
                _refuse(
                    place, f"{import_place(inside, index)}: {rule}, and no builtin is called so"
                )
    for export in inside.exports:
        if export.name.startswith(RESERVED):
            _refuse(place, f'Export "{export.name}": such names are reserved for builtins')


def _refuse(place: Place, text: str) -> NoReturn:
    raise place.error(text, LinkError(text))


def linked(module: Module, place: Place, names: Names) -> Instance:
    """Import what a module imports, and instantiate it.

    Raises `ImportError` where something is missing or of the wrong kind, and what importing and the start function
    raise.
    """
    compiled = module._compiled
    wanted = [
        (index, one.module, one.name)
        for index, one in enumerate(compiled.module.imports)
        if not is_provided(module._options, one.module, one.name)
    ]
    found: dict[str, Any] = {}
    for index, name, _ in wanted:
        if name not in found:
            found[name] = _module(name, place, names, import_place(compiled.module, index))
    values: dict[str, dict[str, Any]] = {}
    missing: list[tuple[int, str, str]] = []
    for index, name, member in wanted:
        value = _export(found[name], member, place, import_place(compiled.module, index))
        if value is _MISSING:
            missing.append((index, name, member))
        else:
            values.setdefault(name, {})[member] = value
    if missing:
        lines = [
            f"{import_place(compiled.module, index)}: {describe(compiled.context.imports[index])} is needed, "
            f"and {_named(name, found[name])} has no {member!r}{_why(found[name])}"
            for index, name, member in missing[:_MOST]
        ]
        if len(missing) > _MOST:
            lines.append(f"and {len(missing) - _MOST} more")
        raise place.error(
            "; missing too:\n  ".join([lines[0], "\n  ".join(lines[1:])] if lines[1:] else lines)
        )
    try:
        read = read_imports(module, values, str(place), {})
    except LinkError as error:
        raise ImportError(str(error), name=place.name, path=place.path) from error
    try:
        return instance_object(*read)
    except LinkError as error:
        if not isinstance(error.__cause__, CoreLinkError):
            raise  # from the start function
        raise ImportError(str(error), name=place.name, path=place.path) from error


_MOST: Final = 20


def _module(name: str, place: Place, names: Names, where: str) -> Any:
    """What the imports under a module name are looked for in."""
    given = names.get(name, name)
    if not isinstance(given, str):
        return given
    try:
        return import_module(given, place.package or None)
    except ModuleNotFoundError as error:
        if not _is_about(error.name, given, place.package):
            raise  # something else is missing, in a module that is there
        reason = str(error)
    except (TypeError, ValueError) as error:
        if not given.startswith(".") and given:
            raise
        reason = str(error).splitlines()[0] if given else "the name is empty"
    except ImportError as error:
        if not given.startswith(".") or "relative import" not in str(error):
            raise
        reason = str(error)
    hint = ""
    if given.startswith(_WASI):
        hint = "; programs of WASI are run with `pyjsapi run`, or give install(names=…) what they import"
    elif "/" in given:
        hint = f"; install(names={{{given!r}: …}}) says which Python module is meant"
    text = f"{place}: {where}: {reason}{hint}"
    raise ModuleNotFoundError(text, name=given, path=place.path) from None


def _is_about(missing: str | None, name: str, package: str) -> bool:
    """Whether the module that is missing is the one that was asked for, or a package that it is in."""
    if missing is None:
        return False
    whole = name
    if name.startswith("."):
        rest = name.lstrip(".")
        parts = package.split(".")
        base = parts[: len(parts) - (len(name) - len(rest) - 1)]
        whole = ".".join([*base, rest])
    return f"{whole}.".startswith(f"{missing}.")


def _export(found: Any, name: str, place: Place, where: str) -> Any:
    """The value of an import, or `_MISSING`."""
    if isinstance(found, WasmModule):
        instance = state_of(found).instance
        if instance is None:
            _refuse(
                place,
                f"{where}: {found.__name__!r} is not instantiated yet (most likely due to a circular import)",
            )
        exports = instance.exports
        return exports[name] if name in exports else _MISSING  # noqa: SIM401 - it has no `get`
    if isinstance(found, Mapping):
        return found.get(name, _MISSING)
    return getattr(found, name, _MISSING)


def _named(name: str, found: Any) -> str:
    if not isinstance(found, ModuleType):
        return f"what install() has for {name!r}"
    file = getattr(found, "__file__", None)
    return f"module {found.__name__!r}" + (f" ({file})" if file else "")


def _why(found: Any) -> str:
    if isinstance(found, WasmModule):
        instance = state_of(found).instance
        return "" if instance is None else f"; its exports are {in_short(instance.exports)}"
    spec = getattr(found, "__spec__", None)
    if getattr(spec, "_initializing", False):
        return " yet: it is still being imported (most likely due to a circular import)"
    return ""
