"""What exceptions out of WebAssembly code stand for: engines whose code raises Python's own tell of theirs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

from pyjsapi.syntax.errors import WasmError

Translate: TypeAlias = Callable[[BaseException], "WasmError | None"]
"""From an exception to the error that it stands for; ``None`` if it is not the engine's. The exception itself is left
without a deep traceback."""

_translators: Final[list[Translate]] = []


def tell(translate: Translate) -> None:
    """Ask ``translate`` too, from now on."""
    if translate not in _translators:
        _translators.append(translate)


def error_of(exception: BaseException) -> WasmError | None:
    """The error that an exception from WebAssembly code stands for; ``None`` if it belongs to the host."""
    for translate in _translators:
        error = translate(exception)
        if error is not None:
            return error
    return exception if isinstance(exception, WasmError) else None
