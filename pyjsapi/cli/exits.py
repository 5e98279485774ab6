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
INTERRUPTED: Final = 130
"""Ctrl-C."""

TEXT: Final = """\
Exit codes: 0 success, 1 a script, call or test failed, 2 wrong usage or arguments, 65 not a valid
module, 66 a file cannot be read, 67 a component, 69 imports are missing,
73 a file cannot be written, 130 interrupted.
"""
