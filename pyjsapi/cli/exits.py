"""Exit codes of the ``pyjsapi`` command; those from 64 on are of ``sysexits.h`` where that has one that fits."""

from __future__ import annotations

from typing import Final

FAILED: Final = 1
"""A script, a call or a test failed."""
USAGE: Final = 2
"""The command was called wrongly: options, or the number or types of a function's arguments."""
NOT_VALID: Final = 65
"""The file is no valid module or snapshot, or its text is none."""
NO_INPUT: Final = 66
"""A file cannot be read."""
COMPONENT: Final = 67
"""The file is a component."""
NO_IMPORTS: Final = 69
"""The module imports what is not there."""
NO_OUTPUT: Final = 73
"""A file cannot be written."""
OUT_OF_HOST_CALLS: Final = 121
"""What ran had called the host as often as it may."""
OUT_OF_FUEL: Final = 122
"""What ran had executed as many instructions as it may."""
MEMORY_LIMIT: Final = 123
"""What ran failed after a memory could not grow, or needs larger memories than it may have."""
TIMED_OUT: Final = 124
"""What ran took longer than it may; as of ``timeout`` in coreutils."""
INTERRUPTED: Final = 130
"""Ctrl-C."""

TEXT: Final = """\
Exit codes: 0 success, 1 a script, call or test failed, 2 wrong usage or arguments, 65 not a valid
module, 66 a file cannot be read, 67 a component, 69 imports are missing,
73 a file cannot be written, 121 out of host calls, 122 out of fuel, 123 memory limit, 124 time-out,
130 interrupted. A program of WASI that ends by itself has its own.
"""


class InputError(Exception):
    """Something is wrong with a file or an argument that the user gave; ``code`` is the exit code."""

    def __init__(self, message: str, code: int = FAILED) -> None:
        super().__init__(message)
        self.code = code
