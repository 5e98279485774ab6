"""What ``import`` gives for a module of WebAssembly (index.bs of the proposal, "Integration with ECMAScript modules").

Functions, memories, tables, tags and the values of immutable globals are attributes like any others. A mutable global
is a live binding: reading the attribute reads the global, and setting it sets the global.
"""

from __future__ import annotations

from collections.abc import Iterable
from types import ModuleType
from typing import Any, Final

from pyjsapi.jsapi.functions import is_hidden
from pyjsapi.jsapi.global_ import Global
from pyjsapi.jsapi.instance import Instance
from pyjsapi.jsapi.module import Module, in_short
from pyjsapi.syntax.types import V128

_STATE: Final = "_WasmModule__state"


class WasmModule(ModuleType):
    """A module of WebAssembly, imported. `namespace_instance` has its instance."""

    # Mangled, so that no export is likely to be called so.
    __slots__ = ("__state",)

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.__state = State()

    def __getattr__(self, name: str) -> Any:
        if name == _STATE:  # a module that was made without a name
            raise AttributeError(name)
        state = self.__state
        found = state.live.get(name)
        if found is not None:
            return found.value
        raise AttributeError(state.missing(self.__name__, name), name=name, obj=self)

    def __setattr__(self, name: str, value: Any) -> None:
        # The state itself is set before there is one.
        live = self.__state.live if name != _STATE else {}
        if name in live:
            live[name].value = value
        else:
            super().__setattr__(name, value)

    def __delattr__(self, name: str) -> None:
        if name in self.__state.live:
            raise TypeError(f"{self.__name__}.{name} is a global: it cannot be deleted")
        super().__delattr__(name)

    def __dir__(self) -> Iterable[str]:
        return sorted({*super().__dir__(), *self.__state.live})


class State:
    """What a `WasmModule` knows of its instance."""

    __slots__ = ("exported", "given", "instance", "live", "source", "unreadable")

    def __init__(self) -> None:
        self.source: Module | None = None
        self.instance: Instance | None = None
        self.exported: frozenset[str] = frozenset()
        """The names of all exports, once the source is known."""
        self.given: dict[str, Any] = {}
        """Exports that are plain attributes."""
        self.live: dict[str, Global[Any]] = {}
        """Exports that are mutable globals."""
        self.unreadable: dict[str, str] = {}
        """Exports whose values Python cannot have, and their types."""

    def missing(self, module: str, name: str) -> str:
        """Why a module has no such attribute."""
        if self.instance is None:
            if name in self.exported:
                return (
                    f"cannot access export {name!r} of {module!r} before the module is instantiated "
                    "(most likely due to a circular import)"
                )
            return f"module {module!r} has no attribute {name!r}"
        if name in self.unreadable:
            return (
                f"module {module!r}: the export {name!r} is a global of type {self.unreadable[name]}, "
                "whose value Python cannot have; importing.namespace_instance(module).exports has the Global"
            )
        return (
            f"module {module!r} has no attribute {name!r}; its exports are "
            f"{in_short(self.instance.exports)}"
        )


def state_of(module: WasmModule) -> State:
    """The state of a module."""
    found: State = getattr(module, _STATE)
    return found


def begin(module: WasmModule, source: Module) -> None:
    """Say which module it is to be an instance of, before what that imports is imported."""
    state = state_of(module)
    state.source = source
    if state.instance is None:
        state.exported = frozenset(one.name for one in source._compiled.module.exports)


def bind(module: WasmModule, source: Module, instance: Instance) -> None:
    """Let the attributes of a module be the exports of an instance, in place of those that it had."""
    new = State()
    new.source, new.instance = source, instance
    exports = instance.exports
    new.exported = frozenset(exports)
    for name in exports:
        value = exports[name]
        if _is_special(name):
            continue
        if not isinstance(value, Global):
            if callable(value) and getattr(value, "__module__", "") is None:
                value.__module__ = module.__name__  # by which it is pickled
            new.given[name] = value
            continue
        type_ = value._global.type
        if type_.valtype is V128 or is_hidden(type_.valtype):
            new.unreadable[name] = str(type_.valtype)
        elif type_.mutable:
            new.live[name] = value
        else:
            new.given[name] = value.value
    attributes = module.__dict__
    for name, value in state_of(module).given.items():
        if attributes.get(name) is value:
            del attributes[name]
    for name in (*new.live, *new.unreadable):
        attributes.pop(name, None)
    attributes.update(new.given)
    attributes["__all__"] = [name for name in exports if _is_public(name, new)]
    setattr(module, _STATE, new)


def _is_special(name: str) -> bool:
    """Whether Python gives a meaning to the name: it stays Python's."""
    return name.startswith("__") and name.endswith("__")


def _is_public(name: str, state: State) -> bool:
    return name.isidentifier() and not name.startswith("_") and name not in state.unreadable


def namespace_instance(module: Any, /) -> Instance:
    """The instance of an imported module, as ``WebAssembly.namespaceInstance`` of the proposal.

    Its exports have globals as `WebAssembly.Global`, and names that are no attributes. Raises `TypeError` for
    anything but a `WasmModule` that is instantiated.
    """
    what = "importing.namespace_instance()"
    if not isinstance(module, WasmModule):
        given = f"module {module.__name__!r}" if isinstance(module, ModuleType) else repr(module)
        raise TypeError(f"{what}: {given} is no module of WebAssembly")
    instance = state_of(module).instance
    if instance is None:
        raise TypeError(f"{what}: module {module.__name__!r} is not instantiated yet")
    return instance
