"""What the Python engine does: functions are translated to Python when they are first called."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final

from pyjsapi.compiler.cache import CodeCache, cache_at, cache_path, digest_of
from pyjsapi.compiler.cache_file import collector_off
from pyjsapi.compiler.environment import Environment
from pyjsapi.compiler.module import CompiledModule
from pyjsapi.compiler.options import DEFAULT_OPTIONS, Options
from pyjsapi.compiler.support.traps import error_of, raised_from_wasm, trace, translate_exception
from pyjsapi.embedding import failures
from pyjsapi.embedding.facts import module_of
from pyjsapi.embedding.settings import DEFAULT_SETTINGS, Settings
from pyjsapi.embedding.valid_module import ValidModule, valid_module
from pyjsapi.runtime.depth import call_deep
from pyjsapi.runtime.function import FuncInst
from pyjsapi.runtime.instance import ExternVal, ModuleInstance
from pyjsapi.runtime.instantiate import Setup, start_function
from pyjsapi.runtime.instantiate import instantiate as instantiate_module
from pyjsapi.runtime.memory import MakeMemory, new_memory
from pyjsapi.syntax.errors import FeatureError
from pyjsapi.syntax.instructions_stack import FEATURE
from pyjsapi.syntax.types import ContType
from pyjsapi.validation.known import context_of
from pyjsapi.validation.limits import check_module_size


def compile_module(
    data: bytes,
    settings: Settings = DEFAULT_SETTINGS,
    *,
    options: Options = DEFAULT_OPTIONS,
    cache: CodeCache | None = None,
) -> CompiledModule:
    """Decode and validate a binary module.

    Raises `DecodeError`, `ValidationError` or `FeatureError`. Functions are translated when they are first called.
    What is compiled already, from the same bytes with the same settings and options, is shared, as long as anybody has
    it. ``cache`` keeps code for later processes, of this module alone; ``None`` for the user's default (see
    `cache.open_cache`).
    """
    check_module_size(len(data), settings.limits)
    if cache is not None:
        return _compile(data, settings, options, cache)
    return _found_or_made(
        data, settings, options, lambda opened: _compile(data, settings, options, opened)
    )


def compile_valid(valid: ValidModule) -> CompiledModule:
    """Make a module ready that was decoded and validated already; what is compiled is shared as `compile_module` does.

    Its code is kept in the user's default cache.
    """

    def make(cache: CodeCache) -> CompiledModule:
        if cache.facts is None:
            cache.validated(valid.module, valid.data)
        return CompiledModule(valid, DEFAULT_OPTIONS, cache)

    return _found_or_made(valid.data, valid.settings, DEFAULT_OPTIONS, make)


def _found_or_made(
    data: bytes, settings: Settings, options: Options, make: Callable[[CodeCache], CompiledModule]
) -> CompiledModule:
    digest = digest_of(data)
    path = cache_path(data, digest, settings, options)
    key = f"{digest.hexdigest()} {settings} {options} {path}"
    found = _shared_module(key)
    if found is None:
        found = _share(key, make(CodeCache() if path is None else cache_at(path, data)))
    return found


_modules: Final[dict[str, weakref.ref[CompiledModule]]] = {}
"""All modules that are in use, by all that their code depends on."""


def _shared_module(key: str) -> CompiledModule | None:
    reference = _modules.get(key)
    return None if reference is None else reference()


def _share(key: str, compiled: CompiledModule) -> CompiledModule:
    """Let others find a module; the one to use, which is another where a thread was faster."""
    found = _shared_module(key)
    if found is None:
        # Calls no function of Python when the module is let go of: a thread that is terminated in it would drop that.
        _modules[key] = weakref.ref(compiled, partial(_modules.pop, key))
        found = compiled
    return found


def _compile(data: bytes, settings: Settings, options: Options, cache: CodeCache) -> CompiledModule:
    with collector_off():
        facts = cache.facts
        if facts is None:
            valid = valid_module(data, settings)
            cache.validated(valid.module, data)
        else:
            module = module_of(facts, data)
            valid = ValidModule(data, module, context_of(module), settings)
    _check_stacks(valid)
    return CompiledModule(valid, options, cache)


def _check_stacks(valid: ValidModule) -> None:
    """Refuse a module with continuations where nothing can be suspended."""
    if not valid.settings.features.stack_switching:
        return
    for index, type_ in enumerate(valid.context.types):
        if isinstance(type_.comp, ContType):
            from pyjsapi.suspension import MissingMechanism, mechanism

            try:
                mechanism()
            except MissingMechanism as missing:
                error = FeatureError(
                    f"type {index}, which is a continuation type, needs the feature stack_switching, "
                    f"for which nothing can suspend calls here: {missing}"
                )
                error.feature = FEATURE
                raise error from None
            return


def instantiate(
    compiled: CompiledModule,
    externvals: Sequence[ExternVal],
    *,
    start: bool = True,
    make_memory: MakeMemory = new_memory,
    setup: Setup | None = None,
) -> ModuleInstance:
    """Instantiate a module with external values in the order of its imports, and call its start function.

    ``start=False`` leaves that call to the caller (`call_start`). ``make_memory`` makes the memories that the
    module defines; ``setup`` is asked and told while the instance is made, which is not started where it resumes.
    Raises `LinkError`, `Trap`, `Exhaustion`, or what a host function raised in the start function.
    """
    environment: Environment | None = None

    def bind(instance: ModuleInstance) -> None:
        nonlocal environment
        environment = Environment(compiled, instance)

    try:
        # Functions and stubs, thousands perhaps, stay: the collector would look at them several times, and at all else.
        with collector_off():
            instance = instantiate_module(
                compiled.module,
                compiled.context,
                externvals,
                bind,
                compiled.settings.limits,
                make_memory,
                setup,
            )
    finally:
        # Even if an active segment traps, functions may have become reachable through a table.
        if environment is not None:
            environment.bind_globals()
    if start and not (setup is not None and setup.resumes):
        call_start(instance)
    return instance


def call_start(instance: ModuleInstance) -> None:
    """Call the start function, if the module names one. Raises as `instantiate`."""
    function = start_function(instance)
    if function is None:
        return
    if function.host is not None and instance.host_calls is not None:
        instance.host_calls.take()
    invoke(function, ())


def invoke(func: FuncInst, args: Sequence[Any]) -> Sequence[Any]:
    """Call a function with canonical values; its results.

    Raises `Trap`, `Exhaustion`, or what a host function raised.
    """
    try:
        result = call_deep(func.depth(), func.entry(), *args)
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


failures.tell(error_of, trace)


__all__ = [
    "CompiledModule",
    "call_start",
    "compile_module",
    "compile_valid",
    "instantiate",
    "invoke",
    "start_function",
    "translate_exception",
]
