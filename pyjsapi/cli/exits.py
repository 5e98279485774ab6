"""Exit codes of the ``pyjsapi`` command; those from 64 on are of ``sysexits.h`` where that has one that fits."""

from __future__ import annotations

from typing import Final

from pyjsapi.jsapi.endings import FAILED as FAILED
from pyjsapi.jsapi.endings import MEMORY_LIMIT as MEMORY_LIMIT
from pyjsapi.jsapi.endings import NO_OUTPUT as NO_OUTPUT
from pyjsapi.jsapi.endings import OUT_OF_FUEL as OUT_OF_FUEL
from pyjsapi.jsapi.endings import OUT_OF_HOST_CALLS as OUT_OF_HOST_CALLS
from pyjsapi.jsapi.endings import TIMED_OUT as TIMED_OUT

USAGE: Final = 2
"""The command was called wrongly: options, or the number or types of a function's arguments."""
DIFFERENT: Final = 3
"""``compare`` found that engines differ, or that a case comes to something else than it expects."""
NOT_VALID: Final = 65
"""The file is no valid module or snapshot, or its text is none."""
NO_INPUT: Final = 66
"""A file cannot be read."""
COMPONENT: Final = 67
"""The file is a component."""
NO_IMPORTS: Final = 69
"""The module imports what is not there."""
INTERRUPTED: Final = 130
"""Ctrl-C."""

TEXT: Final = """\
Exit codes: 0 success, 1 a script, call or test failed, 2 wrong usage or arguments, 3 engines differ, 65 not a
valid module, 66 a file cannot be read, 67 a component, 69 imports are missing,
73 a file cannot be written, 121 out of host calls, 122 out of fuel, 123 memory limit, 124 time-out,
130 interrupted. A program of WASI that ends by itself has its own.
"""


class InputError(Exception):
    """Something is wrong with a file or an argument that the user gave; ``code`` is the exit code."""

    def __init__(self, message: str, code: int = FAILED) -> None:
        super().__init__(message)
        self.code = code
