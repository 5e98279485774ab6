"""The functions of the ``WebAssembly`` namespace (index.bs, "The WebAssembly Namespace").

What returns a promise in JavaScript is awaitable here: as there, arguments are read when the function is called, and
errors come out of the promise, never out of the call.
"""

from __future__ import annotations

import builtins
from collections.abc import Callable, Coroutine, Mapping
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeVar, Unpack, overload

from pyjsapi.embedding.settings import Restrictions, Settings, settings_of
from pyjsapi.engines.errors import Refusal
from pyjsapi.jsapi.errors import CompileError
from pyjsapi.jsapi.instance import Extras, Instance, instance_object, read_imports
from pyjsapi.jsapi.module import Module, compile_bytes, is_url, module_bytes, module_object
from pyjsapi.jsapi.options import CompileOptions, read_engine, read_options
from pyjsapi.jsapi.streaming import response_bytes, url_bytes

if TYPE_CHECKING:
    from pyjsapi.engines.choosing import Choice, Chosen
    from pyjsapi.jsapi.signatures import MemoryOverrides, ModuleSource

_Options: TypeAlias = "tuple[CompileOptions, Chosen]"
_T = TypeVar("_T")
_INSTANTIATE: Final = "WebAssembly.instantiate()"


class InstantiatedSource(dict[str, Any]):
    """What `instantiate` gives for bytes: ``module`` and ``instance``, as items and as attributes."""

    def __init__(self, module: Module, instance: Instance) -> None:
        super().__init__(module=module, instance=instance)

    @property
    def module(self) -> Module:
        """The compiled module."""
        module: Module = self["module"]
        return module

    @property
    def instance(self) -> Instance:
        """The instance."""
        instance: Instance = self["instance"]
        return instance


def validate(
    bytes: ModuleSource | None = None,
    options: Any = None,
    /,
    *,
    builtins: Any = None,
    importedStringConstants: Any = None,
    engine: Choice | None = None,
    **restrictions: Unpack[Restrictions],
) -> bool:
    """Whether the bytes of a buffer source are a valid module, with compile options as for `Module`.

    Raises `TypeError` for anything else.
    """
    what = "WebAssembly.validate()"
    data = module_bytes(bytes, what)
    read = read_options(
        options, what, builtins=builtins, importedStringConstants=importedStringConstants
    )
    chosen = read_engine(options, what, engine)
    settings = settings_of(restrictions, what)
    try:
        compile_bytes(data, what, read, settings, chosen)
    except CompileError as error:
        return isinstance(error.__cause__, Refusal)
    return True


def compile(
    bytes: ModuleSource | str | None = None,
    options: Any = None,
    /,
    *,
    builtins: Any = None,
    importedStringConstants: Any = None,
    engine: Choice | None = None,
    **restrictions: Unpack[Restrictions],
) -> Coroutine[Any, Any, Module]:
    """Promise of a `Module`; the bytes are copied at once. Options, rejections: as `Module` has and raises them.

    An extension: text that can be nothing but a URL (``https://``, ``http://``, ``file://`` or ``data:``) is fetched,
    whatever type the server says it is; see `fetch`. `compileStreaming` insists on the type.
    """
    what = "WebAssembly.compile()"
    members = {"builtins": builtins, "importedStringConstants": importedStringConstants}
    settings = settings_of(restrictions, what)
    read = _attempt(lambda: (_source(bytes, what), _read_all(options, what, members, engine)))

    async def compiled() -> Module:
        found, wanted = read()
        return _compile(await _read(found, what), wanted, what, settings)

    return compiled()


@overload
def instantiate(
    source: Module,
    /,
    imports: Any = None,
    options: Any = None,
    *,
    builtins: Any = None,
    importedStringConstants: Any = None,
    engine: Choice | None = None,
    resources: Mapping[str, Any] | None = None,
    memory_overrides: MemoryOverrides | None = None,
    **restrictions: Unpack[Restrictions],
) -> Coroutine[Any, Any, Instance]: ...


@overload
def instantiate(
    source: ModuleSource | str | None = None,
    /,
    imports: Any = None,
    options: Any = None,
    *,
    builtins: Any = None,
    importedStringConstants: Any = None,
    engine: Choice | None = None,
    resources: Mapping[str, Any] | None = None,
    memory_overrides: MemoryOverrides | None = None,
    **restrictions: Unpack[Restrictions],
) -> Coroutine[Any, Any, InstantiatedSource]: ...


def instantiate(
    source: Any = None,
    /,
    imports: Any = None,
    options: Any = None,
    *,
    builtins: Any = None,
    importedStringConstants: Any = None,
    engine: Choice | None = None,
    resources: Mapping[str, Any] | None = None,
    memory_overrides: MemoryOverrides | None = None,
    **restrictions: Unpack[Restrictions],
) -> Coroutine[Any, Any, Any]:
    """Promise of an `Instance` for a `Module`, of an `InstantiatedSource` for whatever `compile` takes.

    Compile options and ``engine`` are for bytes alone: a `Module` has its own. ``resources`` and ``memory_overrides``
    as for `Instance`. Rejects with what the constructors of `Module` and `Instance` raise.
    """
    settings = settings_of(restrictions, _INSTANTIATE)
    extras: Extras = {"resources": resources, "memory_overrides": memory_overrides}
    if isinstance(source, Module):
        return _instantiate_module(source, imports, extras)
    members = {"builtins": builtins, "importedStringConstants": importedStringConstants}
    read = _attempt(
        lambda: (_source(source, _INSTANTIATE), _read_all(options, _INSTANTIATE, members, engine))
    )
    return _instantiate_bytes(read, imports, settings, extras)


def _instantiate_module(
    module: Module, imports: Any, extras: Extras
) -> Coroutine[Any, Any, Instance]:
    read = _attempt(lambda: read_imports(module, imports, _INSTANTIATE, extras))

    async def instantiated() -> Instance:
        return instance_object(*read())

    return instantiated()


def _instantiate_bytes(
    read: Callable[[], tuple[builtins.bytes | str, _Options]],
    imports: Any,
    settings: Settings,
    extras: Extras,
) -> Coroutine[Any, Any, InstantiatedSource]:
    async def instantiated() -> InstantiatedSource:
        found, wanted = read()
        module = _compile(await _read(found, _INSTANTIATE), wanted, _INSTANTIATE, settings)
        return _instantiate(module, imports, _INSTANTIATE, extras)

    return instantiated()


def _read_all(options: Any, what: str, members: dict[str, Any], engine: Choice | None) -> _Options:
    """Compile options, and the engines that are to compile: those that are used when a function is called."""
    return read_options(options, what, **members), read_engine(options, what, engine)


def _source(source: Any, what: str) -> builtins.bytes | str:
    """The bytes of a module, or the URL that they are at."""
    return source if is_url(source) else module_bytes(source, what)


async def _read(found: builtins.bytes | str, what: str) -> builtins.bytes:
    return await url_bytes(found, what) if isinstance(found, str) else found


def _compile(
    data: bytes,
    wanted: _Options,
    what: str,
    settings: Settings,
) -> Module:
    options, chosen = wanted
    compiled, engine = compile_bytes(data, what, options, settings, chosen)
    return module_object(compiled, options, engine)


def _instantiate(module: Module, imports: Any, what: str, extras: Extras) -> InstantiatedSource:
    instance = instance_object(*read_imports(module, imports, what, extras))
    return InstantiatedSource(module, instance)


def compileStreaming(
    source: Any = None,
    options: Any = None,
    /,
    *,
    builtins: Any = None,
    importedStringConstants: Any = None,
    engine: Choice | None = None,
    **restrictions: Unpack[Restrictions],
) -> Coroutine[Any, Any, Module]:
    """Promise of a `Module` from a fetch ``Response``, anything of its shape, or an awaitable of one.

    Options as for `Module`. Rejects with `TypeError` unless the response is successful and of type
    ``application/wasm``.
    """
    what = "WebAssembly.compileStreaming()"
    members = {"builtins": builtins, "importedStringConstants": importedStringConstants}
    settings = settings_of(restrictions, what)
    read = _attempt(lambda: _read_all(options, what, members, engine))

    async def compiled() -> Module:
        wanted = read()
        return _compile(await response_bytes(source, what), wanted, what, settings)

    return compiled()


def instantiateStreaming(
    source: Any = None,
    /,
    imports: Any = None,
    options: Any = None,
    *,
    builtins: Any = None,
    importedStringConstants: Any = None,
    engine: Choice | None = None,
    resources: Mapping[str, Any] | None = None,
    memory_overrides: MemoryOverrides | None = None,
    **restrictions: Unpack[Restrictions],
) -> Coroutine[Any, Any, InstantiatedSource]:
    """Like `compileStreaming`, and instantiated with the imports and keywords as for `Instance`."""
    what = "WebAssembly.instantiateStreaming()"
    extras: Extras = {"resources": resources, "memory_overrides": memory_overrides}
    members = {"builtins": builtins, "importedStringConstants": importedStringConstants}
    settings = settings_of(restrictions, what)
    read = _attempt(lambda: _read_all(options, what, members, engine))

    async def instantiated() -> InstantiatedSource:
        wanted = read()
        module = _compile(await response_bytes(source, what), wanted, what, settings)
        return _instantiate(module, imports, what, extras)

    return instantiated()


def _attempt(read: Callable[[], _T]) -> Callable[[], _T]:
    """Do it now; the result is given, or the exception raised, when the returned function is called."""
    try:
        value = read()
    except builtins.Exception as error:
        failure = error

        def fail() -> _T:
            raise failure

        return fail
    return lambda: value
