"""Tracebacks for whoever wrote a program: what called it, and what it called in here, is left out."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import Final

from pyjsapi.runtime.function import BOUNDARY, GENERATED
from pyjsapi.syntax.errors import WasmError

_PACKAGE: Final = f"{__name__.partition('.')[0]}."
_CALLERS: Final = (_PACKAGE, "asyncio.", "importlib.", "_frozen_importlib")
"""What stands above a program's first frame."""
_GENERATED: Final = (GENERATED, BOUNDARY)
"""How file names of code begin that is made here: a note says which calls of WebAssembly an exception passed."""


def show_own_frames(error: BaseException) -> None:
    """Take the frames that are not the program's from an exception that is about to be shown, and from its causes.

    An exception that is shown nowhere but inside of the package keeps them, and so do all in Python's development mode.
    """
    if sys.flags.dev_mode:
        return
    seen: set[int] = set()
    found: BaseException | None = error
    while found is not None and id(found) not in seen:
        seen.add(id(found))
        cause = found.__cause__ or (None if found.__suppress_context__ else found.__context__)
        found.__traceback__ = _own(found.__traceback__)
        if isinstance(cause, WasmError) and _own(cause.__traceback__) is None:
            # The engine's own reason: the exception says it.
            found.__cause__ = cause = None
        found = cause


def _own(traceback: TracebackType | None) -> TracebackType | None:
    frames: list[TracebackType] = []
    while traceback is not None:
        frame = traceback.tb_frame
        name = str(frame.f_globals.get("__name__", ""))
        generated = frame.f_code.co_filename.startswith(_GENERATED)
        if not generated and not name.startswith(_PACKAGE if frames else _CALLERS):
            frames.append(traceback)
        traceback = traceback.tb_next
    own: TracebackType | None = None
    for link in reversed(frames):
        own = TracebackType(own, link.tb_frame, link.tb_lasti, link.tb_lineno)
    return own
