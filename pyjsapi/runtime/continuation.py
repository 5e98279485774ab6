"""Continuation instances (stack-switching proposal, "Store extensions")."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class ContInst:
    """A continuation in the store, to be used once: a function that has not begun, or what is suspended."""

    __slots__ = ("__weakref__", "bound", "computation", "function")

    def __init__(
        self,
        function: Callable[..., Any] | None,
        computation: Any,
        bound: tuple[Any, ...] = (),
    ) -> None:
        self.function = function
        """What is called when it is first resumed; ``None`` where it has begun, or is consumed."""
        self.computation = computation
        """What is suspended (see `suspension.continuations`); ``None`` where nothing has begun, or it is consumed."""
        self.bound = bound
        """Canonical values of the first parameters, by ``cont.bind``."""
