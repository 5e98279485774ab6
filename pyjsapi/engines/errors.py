"""What choosing an engine may come to, beside an engine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pyjsapi.embedding.valid_module import ValidModule


class EngineUnavailable(ImportError):
    """The engine that was asked for is not there; ``reason`` says what is missing, or what to install."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"the engine {name!r} is not available: {reason}", name=name)
        self.reason = reason

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.name, self.reason)


class EngineFallback(UserWarning):
    """A module runs on another engine of a list than the first; issued once for each such module."""


class Refusal(Exception):
    """An engine cannot run a valid module; ``feature`` is the one of `Features` that it lacks, where that is known.

    ``module`` is what was validated, bodies too, if anything was: another engine need not do that again.
    """

    def __init__(
        self, reason: str, feature: str | None = None, module: ValidModule | None = None
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.feature = feature
        self.module = module
