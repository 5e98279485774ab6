"""A net below the emitters: what is not proved is translated as a state machine, and reported.

`Options.proof` switches it on. State machines are written by other code, and are proved as well.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import replace
from typing import TypeAlias

from pyjsapi.compiler.control.statemachine import StateMachine
from pyjsapi.compiler.frame import Frame
from pyjsapi.compiler.proof import UnprovedWarning, prove
from pyjsapi.compiler.scope import ModuleScope
from pyjsapi.syntax.module import Code

Translate: TypeAlias = Callable[[ModuleScope, int, Code], Frame]


def warn_unproved(what: str) -> None:
    """Report a function that is not even tried."""
    warnings.warn(f"not proved: {what}", UnprovedWarning, stacklevel=2)


def proved(frame: Frame, code: Code, translate: Translate) -> Frame:
    """The frame, if its control flow is proved; else that of the function as a state machine, with a warning.

    ``code`` is what the frame was translated from; ``translate`` makes another one.
    """
    finding = prove(frame, code)
    if finding is None:
        return frame
    place = f"function {frame.funcidx}, {finding}"
    if isinstance(frame, StateMachine):
        warnings.warn(f"not proved as a state machine: {place}", UnprovedWarning, stacklevel=2)
        return frame
    scope = replace(frame.scope, options=frame.options._replace(state_machine=True))
    machine = translate(scope, frame.funcidx, code)
    warnings.warn(
        f"not proved, translated as a state machine: {place}", UnprovedWarning, stacklevel=2
    )
    finding = prove(machine, code)
    if finding is not None:
        place = f"function {frame.funcidx}, {finding}"
        warnings.warn(f"not proved as a state machine: {place}", UnprovedWarning, stacklevel=2)
    return machine
