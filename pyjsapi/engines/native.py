"""What engines that compile to machine code have in common: they validate functions' bodies by themselves.

Everything else of a module is decoded and validated here, so that what hosts see of it, and what is wrong with it, is
the same on every engine. That such an engine knows more than this package, or allows more, must not show either: what
is in a body beside valid code is looked at here.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import lru_cache
from typing import TYPE_CHECKING, Final, TypeVar

from pyjsapi.binary.body import BinaryCode
from pyjsapi.binary.scan import has_only, local_groups
from pyjsapi.embedding.valid_module import ValidModule, valid_module, validated
from pyjsapi.engines.errors import Refusal
from pyjsapi.syntax.errors import DecodeError, WasmError
from pyjsapi.syntax.features import Features
from pyjsapi.syntax.instructions import OPS, Op
from pyjsapi.syntax.types import FuncType
from pyjsapi.validation.requirements import has_feature

if TYPE_CHECKING:
    from pyjsapi.embedding.settings import Settings
    from pyjsapi.validation.limits import Limits

_Native = TypeVar("_Native", bound=ValidModule)
_STANDARD: Final = Features()
_NEEDED: Final = tuple(name for name in Features.__slots__ if getattr(_STANDARD, name))
RUN_TIME_LIMITS: Final = ("fuel", "max_host_calls", "deadline")
"""Fields of `Limits` that an engine keeps while code runs, or not at all."""


def compile_natively(
    data: bytes,
    settings: Settings,
    prepare: Callable[[ValidModule], _Native],
    lax: frozenset[Op] = frozenset(),
) -> _Native:
    """What `Engine.compile` does where ``prepare`` compiles a module, and validates bodies by that.

    ``prepare`` gets a module of which bodies may have faults, and raises `Refusal` for one that it does not compile,
    whatever the reason. If that is a fault in a body, the error is the one of any other engine: `ValidationError`,
    `FeatureError` or `DecodeError`, with its place. Else the `Refusal` has the module, for another engine. Bodies with
    one of the instructions ``lax``, of which the engine allows more than is valid, are validated here.
    """
    if not all(getattr(settings.features, name) for name in _NEEDED):
        return _prepared(valid_module(data, settings), prepare)
    try:
        module = valid_module(data, settings, bodies=False)
    except WasmError:
        valid_module(data, settings)  # whose error is about a body where one comes first
        raise
    if not _bodies_are_left(module, lax):
        return _prepared(_with_bodies(module), prepare)
    try:
        return prepare(module)
    except Refusal as refusal:
        refusal.module = _with_bodies(module)
        raise


def _prepared(module: ValidModule, prepare: Callable[[ValidModule], _Native]) -> _Native:
    try:
        return prepare(module)
    except Refusal as refusal:
        refusal.module = module
        raise


def _with_bodies(module: ValidModule) -> ValidModule:
    return validated(module.data, module.module, module.settings)


def _bodies_are_left(module: ValidModule, lax: frozenset[Op]) -> bool:
    """Whether all that only this package knows or limits is met by the bodies of a module."""
    limits = module.settings.limits
    ops = _known(module.settings.features) - lax
    most_left = _most_left(module)
    for deftype, func in zip(
        module.context.funcs[module.imported_funcs :], module.module.funcs, strict=True
    ):
        code = func.code
        if not isinstance(code, BinaryCode) or code.size > limits.body_size:
            return False
        # An instruction that leaves anything has two bytes at least.
        if code.size * most_left > limits.operands << 1:
            return False
        start = _after_locals(code, limits.locals - len(deftype.func.params))
        if start is None or not has_only(
            code.data, start, code.end, ops, limits.array_new_fixed_operands, module.context.refs
        ):
            return False
    return True


def _most_left(module: ValidModule) -> int:
    """What an instruction can leave on the stack of operands, the mark of a block counted."""
    funcs = [type_.func for type_ in module.context.types if isinstance(type_.comp, FuncType)]
    counts = (len(types) for func in funcs for types in (func.params, func.results))
    return max(counts, default=0) + 1


def _after_locals(code: BinaryCode, most: int) -> int | None:
    """Where the instructions begin; ``None`` if there are more locals than ``most``."""
    if code.size and code.data[code.start] == 0:
        return code.start + 1 if most >= 0 else None
    try:
        groups, start = local_groups(code)
    except DecodeError:
        return None
    return start if sum(count for count, _ in groups) <= most else None


@lru_cache(maxsize=64)
def _known(features: Features) -> frozenset[Op]:
    """Instructions that a module may have."""
    return frozenset(op for op in OPS if not op.feature or has_feature(features, op.feature))


def refuse_limits(name: str, limits: Limits, met: Collection[str] = ()) -> None:
    """Raise `Refusal` where a module has a limit while it runs that an engine does not keep; ``met`` are those that
    it does."""
    for field in RUN_TIME_LIMITS:
        if getattr(limits, field) is not None and field not in met:
            raise Refusal(
                f"the engine {name!r} does not keep Limits.{field}; the Python engine does"
            )
