"""Builtin sets and imported string constants (index.bs, "Builtins" and "Read the imports")."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from pyjsapi.jsapi.errors import CompileError
from pyjsapi.jsapi.options import NO_OPTIONS, CompileOptions
from pyjsapi.runtime import FuncInst
from pyjsapi.syntax.deftypes import DefType
from pyjsapi.syntax.types import EXTERN, ExternType, FuncExtern, GlobalType, ref_type
from pyjsapi.validation.matching import match_extern

if TYPE_CHECKING:
    from pyjsapi.embedding.valid_module import ValidModule

_PREFIX: Final = "wasm:"
_STRING_CONSTANT: Final = GlobalType(ref_type(False, EXTERN), False)


class Builtin:
    """A builtin function: its closed type and its steps over canonical values (see `FuncInst`)."""

    __slots__ = ("call", "type")

    def __init__(self, type_: DefType, call: Callable[..., Any]) -> None:
        self.type = type_
        self.call = call


def _js_string() -> Mapping[str, Builtin]:
    # Imported when it is enabled: most programs never do.
    from pyjsapi.jsapi.js_string import BUILTINS

    return BUILTINS


_SETS: Final[Mapping[str, Callable[[], Mapping[str, Builtin]]]] = {"js-string": _js_string}


def find_builtin(options: CompileOptions, module: str, name: str) -> Builtin | None:
    """ "Find a builtin" for an import among the enabled sets."""
    if not module.startswith(_PREFIX):
        return None
    set_name = module[len(_PREFIX) :]
    if set_name not in options.builtins or set_name not in _SETS:
        return None
    return _SETS[set_name]().get(name)


def check_builtins(compiled: ValidModule, options: CompileOptions, what: str) -> None:
    """ "Validate builtins and imported string for a WebAssembly module". Raises `CompileError`."""
    if options is NO_OPTIONS:
        return
    if len(set(options.builtins)) < len(options.builtins):
        raise CompileError(f"{what}: option 'builtins' names a builtin set twice")
    for index, import_ in enumerate(compiled.module.imports):
        expected: ExternType
        if import_.module == options.string_module:
            expected = _STRING_CONSTANT
            rule = "a string constant must be imported as an immutable global of type externref"
        else:
            builtin = find_builtin(options, import_.module, import_.name)
            if builtin is None:
                continue
            expected = FuncExtern(builtin.type)
            rule = f"the builtin must be imported as a function of type {builtin.type}"
        if not match_extern(expected, compiled.context.imports[index]):
            raise CompileError(
                f'{what}: Import #{index} "{import_.module}" "{import_.name}": {rule}'
            )


def is_provided(options: CompileOptions, module: str, name: str) -> bool:
    """Whether the options satisfy an import, so that the imports object need not."""
    return module == options.string_module or find_builtin(options, module, name) is not None


class BuiltinImports:
    """What the options of a module provide to one instantiation of it.

    Every instantiation has functions of its own; a builtin that is imported twice is the same function.
    """

    def __init__(self, options: CompileOptions) -> None:
        self._options = options
        self._funcs: dict[tuple[str, str], FuncInst] = {}

    def get(self, module: str, name: str) -> FuncInst | str | None:
        """The builtin function or string constant for an import; ``None`` to look into the imports object."""
        if self._options is NO_OPTIONS:
            return None
        if module == self._options.string_module:
            return name
        found = self._funcs.get((module, name))
        if found is None:
            builtin = find_builtin(self._options, module, name)
            if builtin is None:
                return None
            found = FuncInst(builtin.type, builtin.call, host=builtin.call)
            self._funcs[module, name] = found
        return found
