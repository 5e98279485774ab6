"""Which engine is used: an argument says it, else the block, the process, the environment, in this order."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from pyjsapi.engines.errors import EngineUnavailable
from pyjsapi.engines.registry import check_name, engine, names

if TYPE_CHECKING:
    from pyjsapi.embedding.interface import Engine

Named: TypeAlias = "str | Engine"
Choice: TypeAlias = "Named | Sequence[Named]"
"""An engine or its name, or several: each is for what those before it are not there for, or refuse."""
Chosen: TypeAlias = "tuple[Named, ...]"

VARIABLE: Final = "PYJSAPI_ENGINE"
_DEFAULT: Final[Chosen] = ("python",)
_using: Final[ContextVar[Chosen | None]] = ContextVar("pyjsapi.engines.using", default=None)
_of_process: Final[dict[str, Chosen]] = {}
"""What `use` was given, under ``"use"``; what the environment says, once it was read, under its variable's name."""


def use(choice: Choice | None) -> Choice | None:
    """Use an engine from now on, in all threads; what `use` was given before, to go back to.

    ``None`` is for what the environment says. Raises as `engine`; of several at least one must be available.
    """
    chosen = None if choice is None else _checked(choice)
    before = _of_process.pop("use", None)
    if chosen is not None:
        _of_process["use"] = chosen
    return before[0] if before is not None and len(before) == 1 else before


@contextmanager
def using(choice: Choice) -> Iterator[None]:
    """Use an engine in a block, whatever `use` was given. Tasks take it over when they are made, threads do not.

    Raises as `use`.
    """
    token = _using.set(_checked(choice))
    try:
        yield
    finally:
        _using.reset(token)


def chosen(choice: Choice | None = None) -> Chosen:
    """What is used now, unless an argument says something else.

    Raises `ValueError` for an unknown name, in the environment too, and `TypeError` for what is no choice.
    """
    if choice is not None:
        return _read(choice)
    return _using.get() or _of_process.get("use") or _environment()


def default() -> Engine:
    """The engine that is used now, the first of several that is available. Raises as `engine`."""
    return first_available(chosen())


def chosen_elsewhere(name: str | None) -> Chosen:
    """What a module is compiled by that comes from another process: the engine it had, where that is there too."""
    if name is not None and name in names():
        try:
            return (engine(name),)
        except EngineUnavailable:
            pass
    return chosen()


def first_available(engines: Chosen) -> Engine:
    """The first engine of a choice that is available. Raises `EngineUnavailable` where none is."""
    missing: list[EngineUnavailable] = []
    for each in engines:
        if not isinstance(each, str):
            return each
        try:
            return engine(each)
        except EngineUnavailable as error:
            missing.append(error)
    raise none_available(missing)


def none_available(missing: Sequence[EngineUnavailable]) -> EngineUnavailable:
    """The error for a choice of which nothing is available."""
    if len(missing) == 1:
        return missing[0]
    reasons = "; ".join(f"{each.name}: {each.reason}" for each in missing)
    return EngineUnavailable(" or ".join(str(each.name) for each in missing), reasons)


def _checked(choice: Choice) -> Chosen:
    found = _read(choice)
    first_available(found)
    return found


def _read(choice: Any) -> Chosen:
    several = list(choice) if isinstance(choice, (list, tuple)) else [choice]
    for each in several:
        if isinstance(each, str):
            check_name(each)
        elif not callable(getattr(each, "instantiate", None)):
            from pyjsapi.ecmascript.conversions import shown

            raise TypeError(f"an engine, its name, or a list of them is needed, not {shown(each)}")
    if not several:
        raise TypeError("an empty list names no engine")
    return tuple(several)


def _environment() -> Chosen:
    found = _of_process.get(VARIABLE)
    if found is None:
        found = _of_process[VARIABLE] = _named_by(os.environ.get(VARIABLE, ""))
    return found


def _named_by(text: str) -> Chosen:
    named = [name for part in text.split(",") if (name := part.strip())]
    # A copy of the package under another name, which a compiled module brings with it, has the Python engine alone.
    if not named or not __name__.startswith("pyjsapi."):
        return _DEFAULT
    try:
        return _read(named)
    except ValueError as error:
        raise ValueError(f"{VARIABLE}={text}: {error}") from None
