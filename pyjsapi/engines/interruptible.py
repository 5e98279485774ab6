"""Whether native code of this process can be ended while it runs: decided before a native engine is made."""

from __future__ import annotations

import os
import sys
from typing import Final

VARIABLE: Final = "PYJSAPI_INTERRUPTIBLE"
"""A variable of the environment: ``1`` asks for it from the beginning."""

_wanted = os.environ.get(VARIABLE, "") == "1"
_decided = False


def make_interruptible() -> None:
    """Let Wasmtime make code that Ctrl-C, `Worker.terminate`, `Limits.deadline` and `Instance.interrupt` end.

    Such code looks every now and then whether it is to end, which costs it a part of its speed, so that is how all of
    it is made in this process, or none. Raises `RuntimeError` where the engine has been made already, and in Pyodide,
    where the engine is that of JavaScript.
    """
    global _wanted
    if sys.platform == "emscripten":
        raise RuntimeError("nothing can end the code of JavaScript's engine")
    if _decided and not _wanted:
        raise RuntimeError("the engine 'wasmtime' has been made in this process already")
    _wanted = True


def decide() -> bool:
    """What holds from now on."""
    global _decided
    _decided = True
    return _wanted
