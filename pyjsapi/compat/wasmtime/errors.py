"""What goes wrong before WebAssembly runs, and the end of programs of WASI."""

from __future__ import annotations

from typing import Final

from pyjsapi.compat.wasmtime.managed import Managed

NO_COMPONENTS: Final = "pyjsapi runs modules; `jco transpile` makes modules of a component"
"""What to do instead of using components."""


class WasmtimeError(Exception, Managed):
    """A module is not valid, an import does not fit, or something else that is no trap."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self._message = message

    def __str__(self) -> str:
        return self._message


class ExitTrap(WasmtimeError):
    """A program of WASI called ``proc_exit``."""

    code: int
    """The exit code."""


def exit_trap(code: int, message: str) -> ExitTrap:
    """The error for an exit code."""
    made = ExitTrap.__new__(ExitTrap)
    made._message, made.code = message, code
    return made


def caused(what: str, cause: str) -> str:
    """A message with its cause, as Wasmtime writes it."""
    return f"{what}\n\nCaused by:\n    {cause}\n"


def refusal(what: str, instead: str) -> WasmtimeError:
    """The error for what Wasmtime has and this has not."""
    return WasmtimeError(f"pyjsapi.compat.wasmtime has no {what}: {instead}")
