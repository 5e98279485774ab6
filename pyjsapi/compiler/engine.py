"""The way in: compile a module, instantiate it, call a function."""

from __future__ import annotations

import hashlib
import weakref
from collections.abc import Sequence
from functools import partial
from typing import Any, Final

from pyjsapi.binary.decoder import decode_module, item_offsets
from pyjsapi.compiler.cache import CodeCache, cache_at, cache_path, collector_off
from pyjsapi.compiler.environment import Environment
from pyjsapi.compiler.module import CompiledModule
from pyjsapi.compiler.options import DEFAULT_OPTIONS, Options
from pyjsapi.compiler.support.traps import raised_from_wasm, translate_exception
from pyjsapi.runtime.depth import call_deep
from pyjsapi.runtime.function import FuncInst
from pyjsapi.runtime.instance import ExternVal, ModuleInstance
from pyjsapi.runtime.instantiate import instantiate as instantiate_module
from pyjsapi.runtime.instantiate import start_function
from pyjsapi.runtime.memory import MakeMemory, new_memory
from pyjsapi.syntax.errors import ValidationError
from pyjsapi.syntax.features import Features
from pyjsapi.validation.limits import Limits, check_module_size
from pyjsapi.validation.module import validate_module

DEFAULT_FEATURES = Features()
DEFAULT_LIMITS = Limits()


def compile_module(
    data: bytes,
    features: Features = DEFAULT_FEATURES,
    limits: Limits = DEFAULT_LIMITS,
    *,
    options: Options = DEFAULT_OPTIONS,
    cache: CodeCache | None = None,
) -> CompiledModule:
    """Decode and validate a binary module.

    Raises `DecodeError`, `ValidationError` or `FeatureError`. Functions are translated when they are first called.
    What is compiled already, from the same bytes with the same features, limits and options, is shared, as long as
    anybody has it. ``cache`` keeps code for later processes, of this module alone; ``None`` for the user's default
    (see `cache.open_cache`).
    """
    check_module_size(len(data), limits)
    if cache is not None:
        return _compile(data, features, limits, options, cache)
    digest = hashlib.sha256(data)
    path = cache_path(data, digest, features, limits, options)
    key = f"{digest.hexdigest()} {features} {limits} {options} {path}"
    found = _shared_module(key)
    if found is None:
        opened = CodeCache() if path is None else cache_at(path, data)
        found = _share(key, _compile(data, features, limits, options, opened))
    return found


_modules: Final[dict[str, weakref.ref[CompiledModule]]] = {}
"""All modules that are in use, by all that their code depends on."""


def _shared_module(key: str) -> CompiledModule | None:
    reference = _modules.get(key)
    found = None if reference is None else reference()
    if found is not None:
        found.cache.known_valid = True
    return found


def _share(key: str, compiled: CompiledModule) -> CompiledModule:
    """Let others find a module; the one to use, which is another where a thread was faster."""
    found = _shared_module(key)
    if found is None:
        # Calls no function of Python when the module is let go of: a thread that is terminated in it would drop that.
        _modules[key] = weakref.ref(compiled, partial(_modules.pop, key))
        found = compiled
    return found


def _compile(
    data: bytes, features: Features, limits: Limits, options: Options, cache: CodeCache
) -> CompiledModule:
    with collector_off():
        module = decode_module(data, features)
        try:
            context = validate_module(module, features, limits, bodies=not cache.known_valid)
        except ValidationError as error:
            _locate(error, data, features)
            raise
    cache.validated()
    return CompiledModule(data, module, context, limits, options, cache)


def _locate(error: ValidationError, data: bytes, features: Features) -> None:
    """Find the byte offset of the item that an error outside of function bodies is about."""
    if error.offset is None and error.item is not None:
        section, position = error.item
        error.offset = item_offsets(data, features)[section][position]


def instantiate(
    compiled: CompiledModule,
    externvals: Sequence[ExternVal],
    *,
    start: bool = True,
    make_memory: MakeMemory = new_memory,
) -> ModuleInstance:
    """Instantiate a module with external values in the order of its imports, and call its start function.

    ``start=False`` leaves that call to the caller (`start_function`). ``make_memory`` makes the memories that the
    module defines. Raises `LinkError`, `Trap`, `Exhaustion`, or what a host function raised in the start function.
    """
    environment: Environment | None = None

    def bind(instance: ModuleInstance) -> None:
        nonlocal environment
        environment = Environment(compiled, instance)

    try:
        instance = instantiate_module(
            compiled.module, compiled.context, externvals, bind, compiled.limits, make_memory
        )
    finally:
        # Even if an active segment traps, functions may have become reachable through a table.
        if environment is not None:
            environment.bind_globals()
    if start:
        function = start_function(instance)
        if function is not None:
            invoke(function, ())
    return instance


def depth_of(func: FuncInst, *, at_once: bool = False) -> int:
    """The recursion limit that a call of a function from outside of WebAssembly needs; 0 for any. See `depth`.

    With ``at_once`` without decoding it, so that the answer is more rarely 0.
    """
    space: dict[str, Any] = getattr(func.call, "__globals__", {})
    environment = space.get("environment")
    if func.host is not None or func.index is None or not isinstance(environment, Environment):
        return 0
    return environment.depth_of(func.index, at_once=at_once)


def invoke(func: FuncInst, args: Sequence[Any]) -> Sequence[Any]:
    """Call a function with canonical values; its results.

    Raises `Trap`, `Exhaustion`, or what a host function raised.
    """
    try:
        result = call_deep(depth_of(func), func.call, *args)
    except BaseException as exception:
        error = raised_from_wasm(exception)
        if error is exception:
            raise
    else:
        count = len(func.type.func.results)
        if count == 1:
            return (result,)
        return result if count else ()
    raise error


__all__ = [
    "CompiledModule",
    "compile_module",
    "depth_of",
    "instantiate",
    "invoke",
    "start_function",
    "translate_exception",
]
