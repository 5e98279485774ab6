"""A debugger for WebAssembly on the Python engine: stop anywhere, look at everything, go on, go back.

`Debugger` debugs the calls of an instance; it has no terminal, and takes and gives plain data. ``pyjsapi debug`` is a
line debugger on it. `show_lines` is for Python's own tools.
"""

from pyjsapi.debugging.debugger import Debugger
from pyjsapi.debugging.errors import DebugError
from pyjsapi.debugging.lines import show_lines

__all__ = ["DebugError", "Debugger", "show_lines"]
