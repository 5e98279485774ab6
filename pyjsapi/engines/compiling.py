"""Compiling a module by the first engine of a choice that is there and runs it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

from pyjsapi.engines.choosing import Chosen, none_available
from pyjsapi.engines.errors import EngineFallback, EngineUnavailable, Refusal
from pyjsapi.engines.registry import engine

if TYPE_CHECKING:
    from pyjsapi.embedding.interface import Engine
    from pyjsapi.embedding.settings import Settings
    from pyjsapi.embedding.valid_module import ValidModule

_PACKAGE: Final = f"{__name__.partition('.')[0]}."


def compile_by(engines: Chosen, data: bytes, settings: Settings) -> tuple[ValidModule, Engine]:
    """The module, and the engine that compiled it.

    Where that is not the first, an `EngineFallback` is issued. Raises what
    `Engine.compile` raises, `Refusal` where no engine of several that are there runs the module, and
    `EngineUnavailable` where none is there.
    """
    failures: list[EngineUnavailable | Refusal] = []
    valid: ValidModule | None = None
    for each in engines:
        try:
            found = engine(each) if isinstance(each, str) else each
            compiled = found.compile(data, settings) if valid is None else found.prepare(valid)
        except EngineUnavailable as error:
            failures.append(error)
        except Refusal as error:
            if len(engines) == 1:
                raise
            failures.append(error)
            valid = valid or error.module
        else:
            if failures:
                _warn(found, engines, failures)
            return compiled, found
    missing = [each for each in failures if isinstance(each, EngineUnavailable)]
    if len(missing) == len(failures):
        raise none_available(missing)
    raise Refusal(_reasons(engines, failures), module=valid)


def _warn(found: Engine, engines: Chosen, failures: list[EngineUnavailable | Refusal]) -> None:
    import warnings

    text = f"the module runs on the engine {found.name!r}: {_reasons(engines, failures)}"
    warnings.warn(text, EngineFallback, stacklevel=_outside())


def _outside() -> int:
    """How many calls above `_warn` the program is: the package's own are none of its business."""
    frame = sys._getframe(1)
    depth = 1
    while frame.f_back is not None and f"{frame.f_globals.get('__name__')}.".startswith(_PACKAGE):
        frame = frame.f_back
        depth += 1
    return depth


def _reasons(engines: Chosen, failures: list[EngineUnavailable | Refusal]) -> str:
    named = [each if isinstance(each, str) else each.name for each in engines]
    return "; ".join(
        f"{name!r} {'is not available' if isinstance(failure, EngineUnavailable) else 'refuses it'}: {failure.reason}"
        for name, failure in zip(named, failures, strict=False)
    )
