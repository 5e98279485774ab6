"""What goes wrong in the debugger itself, told to people."""

from __future__ import annotations


class DebugError(Exception):
    """Something that cannot be done, and why: a breakpoint at what is not there, a step where nothing runs."""
