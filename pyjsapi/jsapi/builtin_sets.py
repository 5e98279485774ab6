"""Builtin sets and imported string constants (index.bs, "Builtins" and "Read the imports").

The specification has one set, ``js-string``. Other sets are told from above (`offer`); their functions may belong to
the instance that imports them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MethodType
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from pyjsapi.jsapi.errors import CompileError
from pyjsapi.jsapi.options import NO_OPTIONS, CompileOptions
from pyjsapi.runtime import FuncInst
from pyjsapi.syntax.deftypes import DefType
from pyjsapi.syntax.types import EXTERN, ExternType, FuncExtern, GlobalType, ref_type
from pyjsapi.validation.matching import match_extern

if TYPE_CHECKING:
    from pyjsapi.embedding.valid_module import ValidModule
    from pyjsapi.jsapi.instantiation import Instantiation

_STRING_CONSTANT: Final = GlobalType(ref_type(False, EXTERN), False)


Prepare: TypeAlias = "Callable[[Instantiation], None]"
"""What builtins need to be done once when the memories of an instance stand, before anything is written to them."""


class Builtin:
    """A builtin function: its closed type and its steps over canonical values (see `FuncInst`).

    One ``of_instance`` has the `Instantiation` that imports it as its first argument, before those of its type.
    ``prepare`` is done once for each instance, however many builtins have it.
    """

    __slots__ = ("call", "of_instance", "prepare", "type")

    def __init__(
        self,
        type_: DefType,
        call: Callable[..., Any],
        *,
        of_instance: bool = False,
        prepare: Prepare | None = None,
    ) -> None:
        self.type = type_
        self.call = call
        self.of_instance = of_instance
        self.prepare = prepare


Builtins: TypeAlias = Mapping[str, Builtin]
"""The functions of a set by name."""
Load: TypeAlias = Callable[[], Builtins]
"""What imports a set when it is enabled: most programs never do."""


def _js_string() -> Builtins:
    from pyjsapi.jsapi.js_string import BUILTINS

    return BUILTINS


_SETS: Final[dict[str, list[tuple[str, Load]]]] = {"wasm:js-string": [("js-string", _js_string)]}
"""The sets by the module that they are imported from: the name that enables it, and what imports it."""


def offer(name: str, module: str, load: Load) -> None:
    """Let there be a builtin set: options that name it have imports from ``module`` satisfied by it, where it has
    functions of that name."""
    _SETS.setdefault(module, []).append((name, load))


def find_builtin(options: CompileOptions, module: str, name: str) -> Builtin | None:
    """ "Find a builtin" for an import among the enabled sets."""
    for set_name, load in _SETS.get(module, ()):
        if set_name in options.builtins:
            found = load().get(name)
            if found is not None:
                return found
    return None


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

    def __init__(self, options: CompileOptions, instantiation: Instantiation) -> None:
        self._options = options
        self._instantiation = instantiation
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
            found = self._funcs[module, name] = self._bound(builtin)
        return found

    def _bound(self, builtin: Builtin) -> FuncInst:
        call = builtin.call
        if builtin.of_instance:
            call = MethodType(call, self._instantiation)
            self._instantiation.is_needed = True
        if builtin.prepare is not None:
            self._instantiation.when_prepared(builtin.prepare)
        return FuncInst(builtin.type, call, host=call)
